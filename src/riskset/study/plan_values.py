"""Checks of what the plan writes inside quotes: durations and units."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.errors import UnitError
from riskset.study.plan import PlanKeys
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_sources import source_problems
from riskset.study.plan_tables import DateWindow
from riskset.units import Analyte, lab_factor, parse_duration

_AGE_UNITS = ("years", "months", "weeks", "days")
_MISSING_STOP = ("ongoing", "same day", "reject")


def value_problems(plan: PlanKeys) -> list[Problem]:
    """Tables that come from nowhere, durations that are none, and units that are not known or not of one kind."""
    return [
        *source_problems(plan),
        *_durations(plan),
        *_units(plan),
        *_measures(plan),
        *_drugs(plan),
    ]


def _durations(plan: PlanKeys) -> Iterator[Problem]:
    durations: list[tuple[Key, str | None]] = [
        (("cohort", "max_followup"), plan.cohort.max_followup),
        (("cohort", "exclude_first"), plan.cohort.exclude_first),
        (("report", "published", "mean_follow_up"), plan.report.published.mean_follow_up),
        *((("drugs", name, "grace"), drug.grace) for name, drug in plan.drugs.items()),
        *((("drugs", name, "step"), drug.step) for name, drug in plan.drugs.items()),
        *((("measures", n, "window"), m.window) for n, m in plan.measures.items()),
        *((("measures", n, "carry_forward"), m.carry_forward) for n, m in plan.measures.items()),
        *((("measures", n, "lag"), m.lag) for n, m in plan.measures.items()),
    ]
    for key, text in durations:
        yield from _duration(key, text)
    for key, text in durations:
        lasting = key[-1] in {
            "max_followup",
            "exclude_first",
            "carry_forward",
            "mean_follow_up",
            "step",
            "window",
        }
        if lasting and text is not None and not list(_duration(key, text)) and parse_duration(text) == 0:
            yield Problem(key, "must be longer than nothing")
    for name in ("observed", "plausible_dates"):
        window: DateWindow | None = getattr(plan.data, name)
        if window is not None and window[0] >= window[1]:
            yield Problem(("data", name), "the first date must precede the second")
    for name, table in plan.tables.items():
        if table.missing_stop not in _MISSING_STOP and list(_duration((), table.missing_stop)):
            key = ("tables", name, "missing_stop")
            rule = f'"{table.missing_stop}" is not possible here'
            yield Problem(key, rule, choose_from(table.missing_stop, [*_MISSING_STOP, '"30 days"']))


def _duration(key: Key, text: str | None) -> Iterator[Problem]:
    try:
        if text is not None:
            parse_duration(text)
    except UnitError as error:
        yield Problem(key, error.rule, (error.remedy or "").rstrip(".") or None)


def _units(plan: PlanKeys) -> Iterator[Problem]:
    for name, value in plan.baseline.items():
        key = ("baseline", name, "unit")
        if value.since is not None and value.unit is None:
            yield Problem(key, "is missing", f"With since, choose from {', '.join(_AGE_UNITS)}")
        elif value.since is not None and value.unit not in _AGE_UNITS:
            yield Problem(
                key, f'"{value.unit}" is not possible with since', choose_from(str(value.unit), _AGE_UNITS)
            )
    for name, measure in plan.measures.items():
        has_column = measure.table in plan.tables and plan.tables[measure.table].unit is not None
        if measure.unit is None:
            if has_column or measure.recorded_unit is not None:
                yield Problem(
                    ("measures", name, "unit"), "is missing", "Say in which unit the analysis counts"
                )
            continue
        key = ("measures", name, "unit")
        if measure.recorded_unit is None and not has_column:
            rule = "the recorded values have no unit"
            remedy = f"Name the unit column: tables.{measure.table}.unit, or give recorded_unit"
            yield Problem(("measures", name), rule, remedy)
        try:
            lab_factor(measure.recorded_unit or measure.unit, measure.unit, substance_of(plan, name))
        except UnitError as error:
            yield Problem(key, error.rule, (error.remedy or "").rstrip(".") or None)


def substance_of(plan: PlanKeys, name: str) -> str | Analyte:
    """Say what a measure is a measure of: a substance by its name, or by its molar mass."""
    measure = plan.measures[name]
    if measure.molar_mass is not None:
        return Analyte(measure.molar_mass, measure.valence or 0)
    return measure.analyte or name


def _measures(plan: PlanKeys) -> Iterator[Problem]:
    for name, measure in plan.measures.items():
        here = ("measures", name)
        if measure.use == "mean" and measure.window is None:
            yield Problem(here, 'use = "mean" needs a window', 'Say over how long: window = "90 days"')
        if measure.use != "mean" and measure.window is not None:
            yield Problem(
                (*here, "window"),
                f'goes with use = "mean", not with "{measure.use}"',
                "Remove one of the two",
            )
        if measure.valence is not None and measure.molar_mass is None:
            yield Problem((*here, "valence"), "goes with molar_mass", "Give both, or name the analyte")
        if measure.plausible is not None and measure.plausible[0] >= measure.plausible[1]:
            yield Problem((*here, "plausible"), "the lowest value must lie below the highest")


def _drugs(plan: PlanKeys) -> Iterator[Problem]:
    for name, drug in plan.drugs.items():
        here = ("drugs", name)
        for key in ("by", "dose"):
            wanted = "drug" if key == "by" else key
            if getattr(drug, key) is not None and drug.state != wanted:
                words = f'goes with state = "{wanted}", not with "{drug.state}"'
                yield Problem((*here, key), words, "Remove one of the two")
            elif getattr(drug, key) is None and drug.state == wanted:
                yield Problem(here, f'state = "{wanted}" needs a column', f'Write {key} = "column"')
        if drug.stockpile and drug.days_supply is None:
            words = "stock can be carried only where the days of supply are known"
            yield Problem((*here, "stockpile"), words, 'Write days_supply = "column"')
