"""The tables against the plan, before anything is built: all that is wrong, at once.

``check`` and ``run`` both begin here. What a `where` matched becomes the code list of the report; a `where` that
matches nothing is a mistake, and its near misses say which.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from riskset.errors import RisksetError, TableError, counted
from riskset.study.plan import StudyPlan
from riskset.study.reading import table_specs, used_tables
from riskset.study.wording import at_index_names
from riskset.tables import (
    ROW,
    Matched,
    MatchedString,
    Table,
    check_ids,
    kind,
    match_filter,
    nearest,
    parse_filter,
    read_table,
)
from riskset.tables.matching import FEWEST_PERSONS

_EVERY_ROW = "every row"


@dataclass(frozen=True)
class Preflight:
    """Tables that fit the plan, and what its filters found in them.

    Parameters
    ----------
    tables : mapping
        The tables as read, by the plan's names.
    matched : mapping
        By plan key ("measures.mg"): what its filter matched. Keys without a filter take every row.
    unknown_persons : mapping
        By table: persons who are nowhere in the table of the cohort, where the plan counts them.
    """

    tables: Mapping[str, Table]
    matched: Mapping[str, Matched]
    unknown_persons: Mapping[str, int]


def preflight(plan: StudyPlan) -> Preflight:
    """Read the tables and hold them to the plan.

    Parameters
    ----------
    plan : StudyPlan

    Returns
    -------
    Preflight

    Raises
    ------
    TableError
        With everything that is wrong.
    """
    if not plan.folder.is_dir():
        raise TableError(
            "the data folder does not exist",
            where=str(plan.folder),
            remedy="Correct data.folder; it is relative to the plan.",
        )
    tables, problems = _read(plan)
    found = {
        key: _match(plan, key, name, where, tables) for key, name, where in _filters(plan) if name in tables
    }
    problems += [e for e in found.values() if isinstance(e, RisksetError)]
    unknown: dict[str, int] = {}
    for name in used_tables(plan):
        if name in tables and plan.cohort.from_ in tables and name != plan.cohort.from_:
            unknown[name], wrong = _unknown(plan, tables[name], tables[plan.cohort.from_])
            problems += wrong
    problems += _columns(plan, tables)
    raise_all(problems)
    return Preflight(tables, {k: m for k, m in found.items() if isinstance(m, Matched)}, unknown)


def raise_all(problems: Sequence[RisksetError]) -> None:
    """Raise what is wrong: one problem as it is, several as one numbered error, each once.

    Examples
    --------
    >>> raise_all([])
    >>> raise_all([TableError("is empty", where="a.csv"), TableError("is empty", where="b.csv")])
    Traceback (most recent call last):
    ...
    riskset.errors.TableError: 2 problems
      1. a.csv: is empty
      2. b.csv: is empty
    """
    once = list({str(p): p for p in problems}.values())
    if len(once) == 1:
        raise once[0]
    if once:
        lines = "".join(f"\n  {i}. {str(p).replace(chr(10), chr(10) + '   ')}" for i, p in enumerate(once, 1))
        kind = type(once[0]) if len({type(p) for p in once}) == 1 else TableError
        raise kind(f"{len(once)} problems{lines}")


def _read(plan: StudyPlan) -> tuple[dict[str, Table], list[RisksetError]]:
    tables: dict[str, Table] = {}
    problems: list[RisksetError] = []
    for name, spec in table_specs(plan).items():
        try:
            tables[name] = read_table(
                spec, plan.folder, clock=plan.data.clock, plausible_dates=plan.data.plausible_dates
            )
        except RisksetError as problem:
            problems.append(problem)
    return tables, problems


def _filters(plan: StudyPlan) -> Iterator[tuple[str, str, str | None]]:
    """Key, table and filter of everything that selects rows."""
    for name, measure in plan.measures.items():
        yield f"measures.{name}", measure.table, measure.where
    for name, drug in plan.drugs.items():
        yield f"drugs.{name}", drug.table, drug.where
    for name, state in plan.states.items():
        if state.table:
            yield f"states.{name}", state.table, state.where
    cohort = plan.cohort
    if cohort.index.table is not None:
        yield "cohort.index", cohort.index.table, cohort.index.where
    for key, entries in (("washout", cohort.washout), ("history", cohort.history)):
        for i, entry in enumerate(entries, 1):
            if entry.table is not None:
                yield f"cohort.{key}[{i}]", entry.table, entry.where
    for name, outcome in plan.outcomes.items():
        if outcome.table:
            yield f"outcomes.{name}", outcome.table, outcome.where
        for i, source in enumerate(outcome.first_known, 1):
            yield f"outcomes.{name}.first_known[{i}]", source.table, source.where


def match_changed(plan: StudyPlan, base: StudyPlan, tables: Mapping[str, Table]) -> list[RisksetError]:
    """Hold the filters of a plan that another plan does not have to the tables.

    Parameters
    ----------
    plan, base : StudyPlan
        A variant, and the plan that was held to the tables already.
    tables : mapping
        As read for `plan`.

    Returns
    -------
    list of RisksetError
        Filters that match nothing.
    """
    known = set(_filters(base)) if plan.tables == base.tables else set[tuple[str, str, str | None]]()
    new = [one for one in _filters(plan) if one not in known]
    found = [_match(plan, key, name, where, tables) for key, name, where in new]
    return [problem for problem in found if isinstance(problem, RisksetError)]


def _match(
    plan: StudyPlan, key: str, name: str, where: str | None, tables: Mapping[str, Table]
) -> Matched | RisksetError:
    table = tables[name]
    frame = table.frame
    if where is None:
        matched = Matched(_EVERY_ROW, frame.height, frame[plan.data.id].n_unique(), (), 0, (), 0)
    else:
        try:
            matched = match_filter(frame, parse_filter(where), id=plan.data.id, table=table.source)
        except RisksetError as problem:
            return problem
    if matched.rows or ".first_known[" in key:  # a source may know nobody
        return matched
    rule = f'{key}: the filter "{matched.where}" matches no row'
    return TableError(rule, where=table.source, remedy=_instead(plan, table, where, matched))


def _instead(plan: StudyPlan, table: Table, where: str | None, matched: Matched) -> str:
    """Say what a filter that matched nothing may have meant: the near misses, else what the column holds."""
    if matched.near_misses:
        return f"There is: {_strings(matched.near_misses)}. Correct the filter."
    columns = parse_filter(where).columns if where else ()
    text = next((c for c in columns if kind(table.frame.schema[c]) == "text"), None)
    if text is None:
        return "Correct the filter or the table."
    counts = (
        table.frame.group_by(text)
        .agg(pl.col(plan.data.id).n_unique().alias("persons"), pl.len().alias("rows"))
        .filter((pl.col("persons") >= FEWEST_PERSONS) & pl.col(text).is_not_null())
        .sort("rows", text, descending=[True, False])
        .head(9)
    )
    shown = [f"'{v}'" for v in counts[text].to_list()]
    held = ", ".join(shown[:8]) + (", ..." if len(shown) > 8 else "")
    return (
        f"Column '{text}' holds {held}. Correct the filter." if held else "Correct the filter or the table."
    )


def _strings(strings: Sequence[MatchedString]) -> str:
    return ", ".join(f"'{s.text}' ({counted(s.rows, 'row')})" for s in strings[:8])


def _unknown(plan: StudyPlan, table: Table, people: Table) -> tuple[int, list[RisksetError]]:
    """Count persons of a table who are nowhere in the cohort's, or say what is wrong with its ids."""
    column = plan.data.id
    where = f"{table.source}, column '{column}'"
    known = people.frame[column].drop_nulls().unique()
    try:
        count = check_ids(table.frame[column], known, where=where)
    except RisksetError as problem:
        return 0, [problem]
    if plan.data.unknown_persons == "count":
        return count, []
    instead = 'or write data.unknown_persons = "count".'
    problems: list[RisksetError] = []
    nameless = table.frame.filter(pl.col(column).is_null())[ROW].to_list()
    if nameless:
        remedy = f"Complete the ids, {instead}"
        problems.append(TableError("a row must name a person", where=where, rows=nameless, remedy=remedy))
    strangers = table.frame.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known.implode()))[
        ROW
    ].to_list()
    if strangers:
        rule = f"{count:,} person{'s are' if count > 1 else ' is'} not in {people.source}"
        remedy = f"Correct the ids, add the persons to {people.source}, {instead}"
        problems.append(TableError(rule, where=where, rows=strangers, remedy=remedy))
    return count, problems


def _columns(plan: StudyPlan, tables: Mapping[str, Table]) -> Iterator[RisksetError]:
    """Columns that the cohort and the baseline read, and the reasons that outcomes wait for."""
    places = [plan.cohort.from_, *plan.cohort.join]
    if any(name not in tables for name in places):
        return
    held = [c for name in places for c in tables[name].frame.columns]
    source = tables[plan.cohort.from_].source
    wanted = {f"baseline.{n}": v.column for n, v in plan.baseline.items() if v.column is not None}
    wanted |= {
        f"cohort.end[{i}]": e.reason_column for i, e in enumerate(plan.cohort.end, 1) if e.reason_column
    }
    missing = {key: column for key, column in wanted.items() if column not in held}
    for key, column in missing.items():
        rule = f"{key}: the column '{column}' does not exist"
        yield TableError(rule, where=source, remedy=nearest(column, list(dict.fromkeys(held))))
    names = list(dict.fromkeys([*plan.baseline, *at_index_names(plan), *held]))
    for name, value in plan.baseline.items():
        for column in parse_filter(value.expression).columns if value.expression else ():
            if column not in names:
                rule = f"baseline.{name}: the expression names '{column}', which does not exist"
                yield TableError(rule, where=source, remedy=nearest(column, names))
    if not any(key.startswith("cohort.end") for key in missing):
        yield from _reasons(plan, tables, places)


def _reasons(plan: StudyPlan, tables: Mapping[str, Table], places: Sequence[str]) -> Iterator[RisksetError]:
    persons = {end.reason: FEWEST_PERSONS for end in plan.cohort.end if end.reason is not None}
    for end in plan.cohort.end:
        for frame in (tables[name].frame for name in places):
            if end.reason_column in frame.columns:
                counts = frame.group_by(pl.col(end.reason_column).cast(pl.String)).agg(
                    pl.col(plan.data.id).n_unique()
                )
                persons |= {reason: n for reason, n in counts.iter_rows() if reason is not None}
    for name, outcome in plan.outcomes.items():
        if outcome.end_reason is not None and outcome.end_reason not in persons:
            shown = sorted(r for r, n in persons.items() if n >= FEWEST_PERSONS)
            yield TableError(
                f'outcomes.{name}: nobody\'s follow-up ends by "{outcome.end_reason}"',
                where=tables[places[0]].source,
                remedy=_reason_instead(outcome.end_reason, shown),
            )


def _reason_instead(reason: str, shown: Sequence[str]) -> str:
    if not shown:
        return "Look at the column of reasons."
    near = get_close_matches(reason, shown, n=1, cutoff=0.6)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    return f"{hint}There are: {', '.join(shown)}."
