"""Which models, levels and labels belong to an outcome: what several sections ask of the results."""

from __future__ import annotations

from dataclasses import dataclass

from riskset.errors import PlanError
from riskset.report import formats as fmt
from riskset.study.ids import parse_id
from riskset.study.results import Estimate, ModelResult, Results


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome with its models, fullest last, and the one that carries the answer."""

    key: str
    label: str
    models: tuple[ModelResult, ...]

    @property
    def primary(self) -> ModelResult:
        """The plan's primary model; without one, the last."""
        return next((m for m in self.models if m.primary), self.models[-1])


def labels_of(results: Results) -> dict[str, str]:
    """Give each outcome's words."""
    return {o.outcome: fmt.label(o.label) for o in results.rates}


def label_of(results: Results, outcome: str) -> str:
    """Give one outcome's words, or its key where the plan has none."""
    return labels_of(results).get(outcome, outcome)


def outcomes_of(results: Results) -> tuple[Outcome, ...]:
    """Gather the models by outcome, in the order of the plan."""
    labels = labels_of(results)
    keys = dict.fromkeys(m.outcome for m in results.models)
    return tuple(
        Outcome(key, labels.get(key, key), tuple(m for m in results.models if m.outcome == key))
        for key in keys
    )


def levels(estimate: Estimate) -> tuple[str, ...]:
    """Read the levels that an estimate's name holds; none where the name follows another grammar.

    Examples
    --------
    >>> from riskset.study.results import Basis
    >>> nothing = Basis(n_persons=0, n_rows=0, n_events=0, person_years=0.0)
    >>> levels(Estimate(id="cve/model-1/ratio_of_hr[< 2.4|user]", estimand="", unit="", estimate=None,
    ...                 method="", basis=nothing))
    ('< 2.4', 'user')
    """
    try:
        return parse_id(estimate.id).levels
    except PlanError:
        return ()


def modifier_level(estimate: Estimate, results: Results) -> str:
    """Say in which level of the modifier an estimate holds, or the estimand where its name does not say."""
    found = [v for v in levels(estimate) if v in results.modifier_levels]
    return found[-1] if found else estimate.estimand


def exposure_level(estimate: Estimate, results: Results) -> str:
    """Say at which level of the exposure an estimate holds, or the estimand where its name does not say."""
    found = [v for v in levels(estimate) if v in results.exposure_levels]
    return found[0] if found else estimate.estimand


def contrast(results: Results) -> str:
    """Say what is compared: "Magnesium < 2.4 mg/dL against ≥ 2.4 mg/dL"."""
    reference, *others = results.exposure_levels
    what = f" {others[0]}" if len(others) == 1 else ", each level,"
    return fmt.label(f"{results.exposure_label}{what} against {reference}")
