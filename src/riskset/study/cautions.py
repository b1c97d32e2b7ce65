"""What a reader must know before any number: of a question's models, and of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from riskset.study.models import EVENTS_PER_COEFFICIENT
from riskset.study.plan import StudyPlan
from riskset.study.rates import SPARSE
from riskset.study.results import AuditLine, ModelResult
from riskset.study.results_values import exact


def question_warnings(plan: StudyPlan, models: Sequence[ModelResult]) -> tuple[str, ...]:
    """Say what stands against a question's answer: a cut-point without reason, few events, models that do not settle."""
    out: list[str] = []
    if not plan.exposure.rationale:
        out.append(
            "The cut-point of the exposure has no stated reason: everything by exposure group is exploratory."
        )
    label = {name: outcome.label for name, outcome in plan.outcomes.items()}
    out += [f"{label[m.outcome]}, {m.model}: {m.status}." for m in models if m.status != "converged"]
    primary = [m for m in models if m.primary or len(plan.models) == 1]
    thin = [m for m in primary if (m.events_per_parameter or 0.0) < EVENTS_PER_COEFFICIENT]
    if thin:
        named = ", ".join(f"{label[m.outcome]} {m.events_per_parameter:.1f}" for m in thin)
        out.append(
            f"{plan.primary_model} has fewer than {EVENTS_PER_COEFFICIENT} events per coefficient ({named}): its "
            "estimates may be far off and its intervals too narrow."
        )
    sparse = {
        label[m.outcome]: [c for c in m.cells if exact(c.rate.basis.n_events) < SPARSE] for m in primary
    }
    if any(sparse.values()):
        named = "; ".join(
            f"{outcome}: {', '.join(f'{c.exposure} and {c.modifier} {c.rate.basis.n_events}' for c in cells)}"
            for outcome, cells in sparse.items()
            if cells
        )
        out.append(f"Cells with fewer than {SPARSE} events in the models ({named}).")
    return tuple(dict.fromkeys(out))


def audit_warnings(lines: Iterable[AuditLine]) -> tuple[str, ...]:
    """Gather what the audit of the tables warns of, each once."""
    return tuple(dict.fromkeys(f"{line.topic}: {line.text}." for line in lines if line.severity == "warning"))
