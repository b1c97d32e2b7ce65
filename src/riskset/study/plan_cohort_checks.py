"""Checks of the cohort: one index, a covered look-back, an end of follow-up; of states and of bands of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from riskset.errors import UnitError
from riskset.study.plan import PlanKeys
from riskset.study.plan_cohort import History, Washout
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from
from riskset.units import parse_duration

STUDY, CALENDAR, CALENDAR_YEAR = "study", "calendar", "calendar year"
_INDEX_KINDS = ("column", "date", "day", "table", "drug")


def cohort_problems(plan: PlanKeys) -> list[Problem]:
    """Find what the cohort leaves open or says twice."""
    return [*_end(plan), *_index(plan), *_lookbacks(plan), *_scale(plan), *_states(plan), *_splits(plan)]


def _end(plan: PlanKeys) -> Iterator[Problem]:
    for i, end in enumerate(plan.cohort.end):
        if (end.reason is None) == (end.reason_column is None):
            yield Problem(("cohort", "end", i), "needs exactly one of reason_column and reason")
    if not plan.cohort.end and plan.cohort.max_followup is None:
        yield Problem(("cohort",), "follow-up has no end", "Give end, max_followup, or both")
    first, last = plan.cohort.exclude_first, plan.cohort.max_followup
    try:
        nothing = first is not None and last is not None and parse_duration(first) >= parse_duration(last)
    except UnitError:  # said of the key itself
        return
    if nothing:
        yield Problem(
            ("cohort", "exclude_first"), f"leaves nothing of max_followup = {last}", "Leave out less"
        )


def _index(plan: PlanKeys) -> Iterator[Problem]:
    index, here = plan.cohort.index, ("cohort", "index")
    given = [key for key in _INDEX_KINDS if getattr(index, key) is not None]
    if len(given) != 1:
        remedy = 'Write index = "column", { date = "2015-04-01" }, { day = 0 }, { table = "labs" } or { drug = "name" }'
        yield Problem(here, "needs exactly one of column, date, day, table and drug", remedy)
        return
    (kind,) = given
    if kind == "drug" and index.drug not in plan.drugs:
        rule = f'there is no drug "{index.drug}"'
        yield Problem((*here, "drug"), rule, choose_from(str(index.drug), list(plan.drugs)))
    if index.where is not None and kind != "table":
        yield Problem((*here, "where"), "goes with table", "Remove the key")
    if index.between is not None and kind not in {"table", "drug"}:
        yield Problem((*here, "between"), "goes with table or drug", "Remove the key")
    if index.between is not None and index.between[0] >= index.between[1]:
        yield Problem((*here, "between"), "the first date must precede the second")
    if index.date is not None and not _is_date(index.date):
        yield Problem((*here, "date"), "must be a date like 2024-12-31")
    if index.label is not None and not index.derived:
        yield Problem((*here, "label"), "goes with an index that riskset finds", "Remove the key")
    if index.derived and plan.cohort.take == "first":
        words = "the first row by index needs a column of index dates, and the index is found later"
        yield Problem(("cohort", "take"), words, 'Use index = "column", or a table of one row per person')


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _lookbacks(plan: PlanKeys) -> Iterator[Problem]:
    cohort = plan.cohort
    for i, entry in enumerate(cohort.washout):
        yield from _lookback(plan, ("cohort", "washout", i), entry)
    for i, entry in enumerate(cohort.history):
        yield from _lookback(plan, ("cohort", "history", i), entry)
    if cohort.washout and plan.data.observed is None and cohort.observed_from is None:
        words = "needs to know since when records exist: nothing recorded is no proof that nothing happened"
        yield Problem(("cohort", "washout"), words, "Give data.observed or cohort.observed_from")


def _lookback(plan: PlanKeys, here: Key, entry: History | Washout) -> Iterator[Problem]:
    if len(entry.names) != 1:
        yield Problem(here, "needs exactly one of drug, outcome and table")
        return
    if entry.drug is not None and entry.drug not in plan.drugs:
        rule = f'there is no drug "{entry.drug}"'
        yield Problem((*here, "drug"), rule, choose_from(entry.drug, list(plan.drugs)))
    if entry.outcome is not None:
        yield from _of_rows(plan, (*here, "outcome"), entry.outcome)
    if entry.where is not None and entry.table is None:
        yield Problem((*here, "where"), "goes with table", "Remove the key")
    if entry.within is not None:
        try:
            if parse_duration(entry.within) == 0:
                yield Problem((*here, "within"), "must be longer than nothing")
        except UnitError as error:
            yield Problem((*here, "within"), error.rule, (error.remedy or "").rstrip(".") or None)


def _of_rows(plan: PlanKeys, here: Key, outcome: str) -> Iterator[Problem]:
    """Refuse an outcome whose events before index cannot be looked up in the rows of a table."""
    if outcome not in plan.outcomes:
        rule = f'there is no outcome "{outcome}"'
        yield Problem(here, rule, choose_from(outcome, list(plan.outcomes)))
    elif not plan.outcomes[outcome].table or plan.outcomes[outcome].end_reason is not None:
        words = f'"{outcome}" is not an outcome of event rows that people live on after'
        yield Problem(here, words, "Name table and where instead")


def _scale(plan: PlanKeys) -> Iterator[Problem]:
    scale = plan.cohort.time_scale
    if scale not in {STUDY, CALENDAR}:
        yield from _since(plan, ("cohort", "time_scale"), scale, [STUDY, CALENDAR])


def _since(plan: PlanKeys, here: Key, name: str, others: list[str]) -> Iterator[Problem]:
    dated = [n for n, value in plan.baseline.items() if value.since is not None]
    if name not in dated:
        rule = f'"{name}" is not possible here: time is counted from the date of a baseline value with since'
        yield Problem(here, rule, choose_from(name, [*others, *dated]))


def _states(plan: PlanKeys) -> Iterator[Problem]:
    for name, state in plan.states.items():
        here = ("states", name)
        if state.after is not None and (state.where is not None or state.table):
            yield Problem(here, "has after and where; one of them says which event", "Remove the other")
        elif state.after is not None:
            yield from _of_rows(plan, (*here, "after"), state.after)
        if state.count and "levels" in state.model_fields_set:
            yield Problem((*here, "levels"), "means nothing here: count = true gives a number", "Remove it")
        if state.levels[0] == state.levels[1]:
            yield Problem((*here, "levels"), "the two levels must differ")


def _splits(plan: PlanKeys) -> Iterator[Problem]:
    for name, split in plan.splits.items():
        here = ("splits", name)
        if bool(split.at) == (split.every is not None):
            yield Problem(here, "needs exactly one of at and every", "Write at = [90, 365]")
        if any(low >= high for low, high in pairwise(split.at)):
            yield Problem((*here, "at"), "the limits must rise", "Write them in order, each once")
        if split.every is not None and split.every != CALENDAR_YEAR:
            try:
                if parse_duration(split.every) == 0:
                    yield Problem((*here, "every"), "must be longer than nothing")
            except UnitError as error:
                yield Problem(
                    (*here, "every"), error.rule, f'Write "{CALENDAR_YEAR}" or a duration like "1 year"'
                )
        if split.since is not None and split.every == CALENDAR_YEAR:
            yield Problem((*here, "since"), f'means nothing with every = "{CALENDAR_YEAR}"', "Remove the key")
        elif split.since is not None and split.since != CALENDAR:
            yield from _since(plan, (*here, "since"), split.since, [CALENDAR])
