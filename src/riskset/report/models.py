"""Models as tables: hazard ratios side by side, all coefficients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from riskset.errors import PlanError
from riskset.report import formats as fmt
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.table import Cell, Rows, Table, col, p_value, ratio, row, warnings_of
from riskset.study.ids import parse_id
from riskset.study.results import Estimate, ModelResult, Results
from riskset.study.wording import inside, listing

MODELS_ABREAST = 3
"""Models set side by side: as many as fit a page of A4 with two columns each."""


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


def _aligned(models: Sequence[ModelResult], part: str) -> list[tuple[Estimate | None, ...]]:
    """Line up one part of all models by the levels in the names: [(model 1's, model 2's, ...), ...]."""
    by_model: list[dict[tuple[str, ...] | str, Estimate]] = []
    for m in models:
        estimates: tuple[Estimate, ...] = getattr(m, part)
        by_model.append({levels(e) or e.estimand: e for e in estimates})
    keys = dict.fromkeys(k for d in by_model for k in d)
    return [tuple(d.get(k) for d in by_model) for k in keys]


def _first(line: Iterable[Estimate | None]) -> Estimate:
    return next(e for e in line if e is not None)


def contrast(results: Results) -> str:
    """Say what is compared: "Magnesium < 2.4 mg/dL against ≥ 2.4 mg/dL"."""
    reference, *others = results.exposure_levels
    what = f" {others[0]}" if len(others) == 1 else ", each level,"
    return fmt.label(f"{results.exposure_label}{what} against {reference}")


def abreast(outcome: Outcome) -> tuple[Outcome, ...]:
    """Part an outcome's models into as many as a page of paper holds side by side."""
    return tuple(
        replace(outcome, models=outcome.models[k : k + MODELS_ABREAST])
        for k in range(0, len(outcome.models), MODELS_ABREAST)
    )


def hazard_ratios(results: Results, outcome: Outcome, number: int) -> Table:
    """Set the hazard ratios of one outcome: models side by side, strata and their ratio below each other."""
    models = outcome.models
    several = len(results.exposure_levels) > 2
    naive = results.modifier_levels[0]

    def lines(part: str, name: str) -> tuple[tuple[Cell, ...], ...]:
        out: list[tuple[Cell, ...]] = []
        for line in _aligned(models, part):
            first = _first(line)
            modifier, exposure = modifier_level(first, results), exposure_level(first, results)
            text = {
                "exposure": f"{modifier}: {exposure}" if several else modifier,
                "modifier": f"{modifier}, where {exposure}",
                "ratio": f"{modifier}: {exposure}" if several else modifier,
            }[name]
            values = (cell for e in line for cell in (ratio(e), p_value(e)))
            out.append((row(text, indent=True), *values))
        return tuple(out)

    groups = [
        Rows(
            lines("exposure_in_modifier", "exposure"),
            heading=f"{contrast(results)}, by {inside(results.modifier_label)}",
        ),
        Rows(
            lines("modifier_in_exposure", "modifier"),
            heading=fmt.label(
                f"{results.modifier_label} against {naive}, by {inside(results.exposure_label)}"
            ),
        ),
    ]
    interaction = list(lines("interaction", "ratio"))
    joint = [m.interaction_joint for m in models]
    if any(joint):
        cells = (c for j in joint for c in (_chi_square(j), p_value(j)))
        interaction.append((row("all levels jointly", indent=True), *cells))
    heading = fmt.label(f"Ratio of these hazard ratios for {inside(results.exposure_label)}, against {naive}")
    groups.append(Rows(tuple(interaction), heading=heading, strong=True))
    groups.append(Rows(_behind(models, follow_up_clock(results)), heading="Behind the estimates"))
    head = (
        (
            Cell("", head="col", numeric=False),
            *(col(m.model + (" (primary)" if m.primary else ""), 2) for m in models),
        ),
        (Cell("", head="col", numeric=False), *(c for _ in models for c in (col("HR (95% CI)"), col("P")))),
    )
    return Table(
        id=f"table-{number}",
        caption=f"{outcome.label}: hazard ratios and their ratios",
        head=head,
        groups=tuple(g for g in groups if g.rows),
        notes=_notes(outcome),
        number=number,
        wide=True,
    )


def _chi_square(test: Estimate | None) -> Cell:
    if test is None or test.estimate is None:
        return Cell(fmt.DASH)
    df = test.unit.removeprefix("chi-square on ")
    return Cell(f"χ² {fmt.fixed(test.estimate, 2)}, {df}", source=test.id)


def _behind(models: Sequence[ModelResult], clock: Clock) -> tuple[tuple[Cell, ...], ...]:
    def line(name: str, values: Iterable[str]) -> tuple[Cell, ...]:
        return row(name, indent=True), *(c for v in values for c in (Cell(v), Cell("")))

    return (
        line("Persons", (fmt.count(m.basis.n_persons) for m in models)),
        line("Events", (fmt.count(m.basis.n_events) for m in models)),
        line(clock.person.capitalize(), (fmt.fixed(clock.read(m.basis.person_years), 1) for m in models)),
        line("Coefficients", (fmt.count(m.parameters) for m in models)),
        line("Events per coefficient", (fmt.fixed(m.events_per_parameter, 1) for m in models)),
    )


def _notes(outcome: Outcome) -> tuple[str, ...]:
    models = outcome.models
    same = len({(m.basis.n_rows, m.basis.n_events) for m in models}) == 1
    first = models[0].basis
    who = "The model rests on" if len(models) == 1 else "All models rest on the same"
    basis = (
        f"{who} {fmt.plural(first.n_rows, 'row')} of {fmt.plural(first.n_persons, 'person')} "
        f"with {fmt.plural(first.n_events, 'event')}."
        if same
        else "Rows differ between the models: "
        + "; ".join(
            f"{m.model} {fmt.plural(m.basis.n_rows, 'row')}, {fmt.plural(m.basis.n_events, 'event')}"
            for m in models
        )
        + "."
    )
    adjusted = " ".join(
        f"{m.model}: adjusted for {m.adjustment.rstrip('.')}." for m in models if m.adjustment
    )
    estimates = [
        e for m in models for e in (*m.exposure_in_modifier, *m.modifier_in_exposure, *m.interaction)
    ]
    methods = listing(dict.fromkeys(e.method for e in estimates if e.estimate is not None))
    ties = listing(dict.fromkeys(m.ties.capitalize() for m in models))
    variance = listing(dict.fromkeys(m.variance for m in models))
    how = (
        "Cox models with time-dependent covariates; HR: hazard ratio, CI: confidence interval. "
        f"Ties: {ties}. Variance: {variance}." + (f" Intervals and P: {methods}." if methods else "")
    )
    bad = [f"{m.model}: {m.status}." for m in models if m.status != "converged"]
    warned: list[str] = []
    for text in dict.fromkeys(w for m in models for w in m.warnings):
        said = [m.model for m in models if text in m.warnings]
        who = "All models" if len(said) == len(models) > 1 else listing(said)
        warned.append(f"{who}: {fmt.label(text.rstrip('.'))}.")
    marked = [f"* {fmt.label(w.rstrip('.'))}." for w in warnings_of(tuple(estimates))]
    return tuple(n for n in (basis, adjusted, how, *bad, *warned, *marked) if n)


def coefficients(model: ModelResult, label: str) -> Table:
    """Set every coefficient of one model, as R's summary does."""
    rows = tuple(
        (
            row(c.label or c.term),
            Cell(fmt.significant(c.estimate), source=c.hazard_ratio.id),
            Cell(fmt.significant(c.std_error), source=c.hazard_ratio.id),
            ratio(c.hazard_ratio),
            p_value(c.hazard_ratio),
        )
        for c in model.coefficients
    )
    marked = [
        f"* {fmt.label(w.rstrip('.'))}."
        for w in warnings_of(tuple(c.hazard_ratio for c in model.coefficients))
    ]
    likelihood = (
        f"Log partial likelihood {fmt.fixed(model.loglik, 4)}, without covariates {fmt.fixed(model.loglik_null, 4)}. "
        f"{model.status.capitalize()}."
    )
    methods = listing(dict.fromkeys(c.hazard_ratio.method for c in model.coefficients))
    notes = [likelihood, f"Intervals and P: {methods}."]
    notes += marked
    return Table(
        id=f"coefficients-{model.outcome}-{model.slug}",
        caption=f"{label}, {model.model}: all coefficients",
        head=(
            (
                Cell("Term", head="col", numeric=False),
                col("Coefficient"),
                col("Standard error"),
                col("HR (95% CI)"),
                col("P"),
            ),
        ),
        groups=(Rows(rows),),
        notes=tuple(notes),
        plain=(model.formula,),
    )
