"""Models: hazard ratios side by side, their ratios, all coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from riskset.report import cells, drawings
from riskset.report import formats as fmt
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.compared_figures import models_forest
from riskset.report.document import Block, Cell, Group, Line, Part, Rows, Section, Table, Text
from riskset.report.outcomes import (
    Outcome,
    contrast,
    exposure_level,
    levels,
    modifier_level,
    outcomes_of,
)
from riskset.report.phrases import inside, listing, name, say
from riskset.report.sections.notes import model_notes, on_the_path
from riskset.report.sections.rates import rows_lost
from riskset.report.texts import en
from riskset.study.counted import model_id
from riskset.study.ids import slug
from riskset.study.results import Estimate, ModelResult, Results

MODELS_ABREAST = 3
"""Models set side by side: as many as fit a page of A4 with two columns each."""


def section(results: Results) -> Section | None:
    """Set the models outcome by outcome, and what they leave out."""
    outcomes = outcomes_of(results)
    if not outcomes:
        return None
    blocks: list[Block] = [_outcome(o, results) for o in outcomes]
    if results.rows_lost:
        blocks.append(rows_lost(results))
    return Section("models", Text((en.MODELS,)), tuple(blocks))


def _outcome(outcome: Outcome, results: Results) -> Group:
    key = slug(outcome.key)
    tables = (hazard_ratios(results, part, k) for k, part in enumerate(_abreast(outcome), 1))
    folded = Group(
        f"coefficients-{key}",
        say(en.ALL_COEFFICIENTS_2, name(outcome.label)),
        tuple(_coefficients(m, outcome.label) for m in outcome.models),
        kind="folded",
    )
    drawn = (drawings.forest(outcome, results), models_forest(outcome, results))
    figures = (figure for figure in drawn if figure is not None)
    return Group(f"models-{key}", name(outcome.label), (*figures, *tables, folded))


def _abreast(outcome: Outcome) -> tuple[Outcome, ...]:
    """Part an outcome's models into as many as a page of paper holds side by side."""
    return tuple(
        replace(outcome, models=outcome.models[k : k + MODELS_ABREAST])
        for k in range(0, len(outcome.models), MODELS_ABREAST)
    )


def _aligned(models: Sequence[ModelResult], part: str) -> list[tuple[Estimate | None, ...]]:
    """Line up one part of all models by the levels in the names: [(model 1's, model 2's, ...), ...]."""
    by_model: list[dict[tuple[str, ...] | str, Estimate]] = []
    for m in models:
        estimates: tuple[Estimate, ...] = getattr(m, part)
        by_model.append({levels(e) or e.estimand: e for e in estimates})
    keys = dict.fromkeys(k for d in by_model for k in d)
    return [tuple(d.get(k) for d in by_model) for k in keys]


def hazard_ratios(results: Results, outcome: Outcome, k: int) -> Table:
    """Set the hazard ratios of one outcome: models side by side, strata and their ratio below each other."""
    models = outcome.models
    several = len(results.exposure_levels) > 2
    naive = results.modifier_levels[0]

    def lines(part: str, title: Callable[[str, str], Text], what: str) -> tuple[Line, ...]:
        out: list[Line] = []
        for line in _aligned(models, part):
            first = next(e for e in line if e is not None)
            modifier, exposure = modifier_level(first, results), exposure_level(first, results)
            values = (cell for e in line for cell in (cells.ratio(e, what), cells.p_value(e)))
            out.append((cells.row(title(modifier, exposure), indent=True), *values))
        return tuple(out)

    def of_modifier(modifier: str, exposure: str) -> Text:
        return say("{}: {}", name(modifier), name(exposure)) if several else name(modifier)

    def where(modifier: str, exposure: str) -> Text:
        return say(en.WHERE, name(modifier), name(exposure))

    groups = [
        Rows(
            lines("exposure_in_modifier", of_modifier, "HR"),
            heading=say(en.BY, name(contrast(results)), inside(results.modifier_label)),
        ),
        Rows(
            lines("modifier_in_exposure", where, "HR"),
            heading=say(
                en.AGAINST_BY,
                name(results.modifier_label),
                name(naive),
                inside(results.exposure_label),
            ),
        ),
    ]
    interaction = list(lines("interaction", of_modifier, en.RATIO_OF_HR))
    joint = [m.interaction_joint for m in models]
    if any(joint):
        tests = (c for j in joint for c in (cells.chi_square(j), cells.p_value(j)))
        interaction.append((cells.row(en.ALL_LEVELS_JOINTLY, indent=True), *tests))
    heading = say(en.RATIO_OF_THESE_HAZARD_RATIOS, inside(results.exposure_label), name(naive))
    groups.append(Rows(tuple(interaction), heading=heading, strong=True))
    groups.append(Rows(_behind(models, follow_up_clock(results)), heading=Text((en.BEHIND_THE_ESTIMATES,))))
    head = (
        (
            cells.col(numeric=False),
            *(cells.col(name(m.model) + (" (primary)" if m.primary else ""), 2) for m in models),
        ),
        (
            cells.col(numeric=False),
            *(c for _ in models for c in (cells.col(en.HR_95PERCENT_CI), cells.col(en.P))),
        ),
    )
    more = f"-{k}" if k > 1 else ""
    return Table(
        id=f"hazard-ratios-{slug(outcome.key)}{more}",
        caption=say(en.HAZARD_RATIOS_AND_THEIR_RATIOS, name(outcome.label)),
        head=head,
        groups=tuple(g for g in groups if g.rows),
        notes=_notes(outcome),
        wide=True,
        sheet=f"HR {outcome.key}{more}",
    )


def _behind(models: Sequence[ModelResult], clock: Clock) -> tuple[Line, ...]:
    def line(title: str, values: Iterable[Cell]) -> Line:
        return cells.row(title, indent=True), *(c for v in values for c in (v, cells.BLANK))

    def counts(what: str, of: Callable[[ModelResult], int | None]) -> Iterable[Cell]:
        return (cells.count(of(m), model_id(m, what), what) for m in models)

    return (
        line("Persons", counts("persons", lambda m: m.basis.n_persons)),
        line("Rows", counts("rows", lambda m: m.basis.n_rows)),
        line("Events", counts("events", lambda m: m.basis.n_events)),
        line(
            clock.person.capitalize(),
            (
                cells.fixed(clock.read(m.basis.person_years), 1, model_id(m, "person_years"), clock.person)
                for m in models
            ),
        ),
        line("Coefficients", counts("parameters", lambda m: m.parameters)),
        line(
            en.EVENTS_PER_COEFFICIENT,
            (cells.known(m.events_per_parameter, 1, model_id(m, "events_per_coefficient")) for m in models),
        ),
    )


def _notes(outcome: Outcome) -> tuple[Text, ...]:
    models = outcome.models
    estimates = [
        e for m in models for e in (*m.exposure_in_modifier, *m.modifier_in_exposure, *m.interaction)
    ]
    *before, how = model_notes(models)
    methods = listing(dict.fromkeys(e.method for e in estimates if e.estimate is not None))
    if methods:
        how = say(en.INTERVALS_AND_P_2, how, methods)
    bad = [say("{}: {}.", name(m.model), m.status) for m in models if m.status != "converged"]
    warned: list[Text] = []
    for text in dict.fromkeys(w for m in models for w in m.warnings):
        said = [m.model for m in models if text in m.warnings]
        who = Text((en.ALL_MODELS,)) if len(said) == len(models) > 1 else listing(name(m) for m in said)
        warned.append(say("{}: {}.", who, name(text.rstrip("."))))
    path = on_the_path(models)
    return (*before, how, *([path] if path else []), *bad, *warned, *cells.warnings_of(estimates))


def _coefficients(model: ModelResult, label: str) -> Table:
    """Set every coefficient of one model, as R's summary does."""
    rows = tuple(
        (
            cells.labelled(c.label or c.term),
            cells.figures(
                fmt.significant(c.estimate),
                model_id(model, "log_hr", c.term),
                *_exact("coefficient", c.estimate),
            ),
            cells.figures(
                fmt.significant(c.std_error), model_id(model, "std_error", c.term), *_exact("SE", c.std_error)
            ),
            cells.ratio(c.hazard_ratio),
            cells.p_value(c.hazard_ratio),
        )
        for c in model.coefficients
    )
    likelihood = say(
        en.LOG_PARTIAL_LIKELIHOOD_WITHOUT_COVARIATES,
        cells.fixed(model.loglik, 4, model_id(model, "loglik")).content,
        cells.fixed(model.loglik_null, 4, model_id(model, "loglik_null")).content,
        model.status.capitalize(),
    )
    methods = listing(dict.fromkeys(c.hazard_ratio.method for c in model.coefficients))
    return Table(
        id=f"coefficients-{slug(model.outcome)}-{model.slug}",
        caption=say(en.ALL_COEFFICIENTS, name(label), name(model.model)),
        head=(
            (
                cells.col(en.TERM, numeric=False),
                cells.col(en.COEFFICIENT),
                cells.col(en.STANDARD_ERROR),
                cells.col(en.HR_95PERCENT_CI),
                cells.col(en.P),
            ),
        ),
        groups=(Rows(rows),) if rows else (),
        notes=(
            likelihood,
            say(en.INTERVALS_AND_P, methods),
            *model_notes([model]),
            *cells.warnings_of(c.hazard_ratio for c in model.coefficients),
        ),
        code=(model.formula,),
        numbered=False,
        sheet=f"Coef {model.outcome} {model.slug}",
    )


def _exact(what: str, value: float | None) -> tuple[Part, ...]:
    return () if value is None else (Part(what, value, fmt.significant(value)),)
