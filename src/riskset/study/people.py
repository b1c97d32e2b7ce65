"""From the cohort's tables to one row per person: index, end of follow-up, and what is fixed at index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from riskset.cohort import Ledger, first_per_person, join_one_row
from riskset.errors import CohortError, PlanError
from riskset.study.plan import Baseline, StudyPlan
from riskset.tables import ROW, Table, nearest, parse_filter
from riskset.tables.matching import FEWEST_PERSONS

# A table of more lines than this is not read, and a column of so many texts holds names or free text, which must
# not reach a report.
MOST_LEVELS = 30


@dataclass(frozen=True)
class Candidates:
    """Everybody with a qualifying row, before eligibility.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per person: the columns of the cohort's table and of those joined.
    ledger : Ledger
        Persons screened, and who left because no row qualifies.
    tables : mapping
        Which table each column came from.
    notes : tuple of (str, int)
        What choosing the rows met with, for the audit.
    """

    frame: pl.DataFrame
    ledger: Ledger
    tables: Mapping[str, str]
    notes: tuple[tuple[str, int], ...]


def candidates(plan: StudyPlan, tables: Mapping[str, Table]) -> Candidates:
    """Take one row per person from the cohort's table and join what stands in tables of one row per person.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        The tables as read.

    Returns
    -------
    Candidates

    Raises
    ------
    CohortError
        Where nobody qualifies, or a person has two rows and the plan does not say which one counts.
    """
    cohort, key = plan.cohort, plan.data.id
    own = tables[cohort.from_]
    rows = own.frame.filter(pl.col(key).is_not_null())
    ledger = Ledger(rows[key].n_unique())
    origin = dict.fromkeys(rows.columns, cohort.from_)
    # joined before rows are chosen, so that the condition may speak of what is joined
    for name in cohort.join:
        rows = join_one_row(rows, tables[name].frame, id=key, table=name)
        origin |= {column: name for column in rows.columns if column not in origin}
    notes: list[tuple[str, int]] = []
    if cohort.take == "first":
        chosen = first_per_person(
            rows, id=key, index=str(cohort.index.column), where=cohort.where, table=own.source
        )
        rows = chosen.frame
        notes = [
            ("qualifying rows, of which the first of each person counts", chosen.n_rows_qualifying),
            ("qualifying rows without an index date, which cannot be chosen", chosen.n_rows_without_index),
            ("persons with several rows at their first index; the first in the file counts", chosen.n_ties),
        ]
    else:
        if cohort.where is not None:
            hit = parse_filter(cohort.where, where="cohort.where").rows(rows, where=own.source)
            rows = rows.filter(hit)
        twice = rows[key].is_duplicated()
        if twice.any():
            raise CohortError(
                "a person must have one qualifying row",
                where=own.source,
                rows=rows.filter(twice)[ROW].to_list(),
                remedy='Say which row counts: cohort.take = "first", or narrow cohort.where.',
            )
    if cohort.where is not None:
        ledger = ledger.step(f"Has a row where {cohort.where}", rows.height)
    if rows.is_empty():
        raise CohortError("nobody is left", where="cohort.where", remedy="Look at what the condition says.")
    return Candidates(rows.sort(ROW), ledger, origin, tuple(note for note in notes if note[1]))


def _require(rows: pl.DataFrame, columns: list[str], where: str) -> None:
    for column in columns:
        if column not in rows.columns:
            raise PlanError(
                f"no table of the cohort has a column '{column}'",
                where=where,
                remedy=nearest(column, rows.columns),
            )


def fixed_columns(
    plan: StudyPlan, frame: pl.DataFrame, names: Iterable[str]
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Add baseline values that are columns or expressions, where the frame has what they read.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    frame : polars.DataFrame
        One row per person.
    names : iterable of str
        Keys of the plan's baseline values.

    Returns
    -------
    frame : polars.DataFrame
        With the values added: text as an Enum with the reference level first, 0/1 as Boolean.
    pending : tuple of str
        Expressions that read what is only known at index: measures, drugs, times since a date.
    """
    pending: list[str] = []
    for name in names:
        value = plan.baseline[name]
        if value.column is not None:
            _require(frame, [value.column], f"baseline.{name}")
            frame = frame.with_columns(_as_value(frame[value.column], value, name))
        elif value.expression is not None:
            expression = parse_filter(value.expression, where=f"baseline.{name}")
            if set(expression.columns) <= set(frame.columns):
                column = expression.values(frame, where=f"baseline.{name}")
                frame = frame.with_columns(_as_value(column, value, name))
            else:
                pending.append(name)
    return frame, tuple(pending)


def _as_value(column: pl.Series, value: Baseline, name: str) -> pl.Series:
    if column.dtype.is_numeric():
        known = column.drop_nulls()
        if column.dtype.is_integer() and len(known) and known.is_between(0, 1).all():
            return column.cast(pl.Boolean).alias(name)
        numbers = column.cast(pl.Float64).fill_nan(None)
        if value.above is not None and value.becomes is not None:
            high = (numbers > value.above).fill_null(value=False)
            numbers = numbers.zip_with(~high, pl.Series([value.becomes]).new_from_index(0, len(numbers)))
        return numbers.alias(name)
    if column.dtype == pl.Boolean:
        return column.alias(name)
    if column.dtype.is_temporal():
        raise PlanError(
            "is a date, which is no value of a person at index",
            where=f"baseline.{name}",
            remedy='Write since = "column" with a unit for the time since then.',
        )
    text = column.cast(pl.String).str.strip_chars().replace("", None)
    levels = sorted(text.drop_nulls().unique().to_list())
    if len(levels) > MOST_LEVELS:
        raise PlanError(
            f"has {len(levels):,} different texts, which is no category",
            where=f"baseline.{name}",
            remedy="Name a column of few levels, or group them with an expression (CASE WHEN ...).",
        )
    if value.reference is not None:
        if value.reference not in levels:
            raise PlanError(
                f'nobody has the reference level "{value.reference}"',
                where=f"baseline.{name}",
                remedy=_common_levels(text, levels),
            )
        levels = [value.reference, *(level for level in levels if level != value.reference)]
    return text.cast(pl.Enum(levels)).alias(name)


def _common_levels(text: pl.Series, levels: list[str]) -> str:
    """List the levels that enough persons share to name nobody."""
    persons = dict(text.drop_nulls().value_counts().iter_rows())
    common = [level for level in levels if persons[level] >= FEWEST_PERSONS]
    rare = len(levels) - len(common)
    few = f"{rare} of fewer than {FEWEST_PERSONS} persons, not shown" if rare else ""
    return f"Levels: {', '.join([*common, *([few] if few else [])]) or 'none'}."
