"""From the cohort's tables to one row per person: index, end of follow-up, and what is fixed at index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from riskset.errors import CohortError, PlanError
from riskset.study.plan import Baseline, StudyPlan
from riskset.study.results import FlowStep
from riskset.tables import ROW, Table, nearest, parse_filter

END, REASON = "__end__", "__reason__"


@dataclass(frozen=True)
class Candidates:
    """Everybody with a qualifying row, before eligibility.

    Parameters
    ----------
    frame : polars.DataFrame
        One row per person: the columns of the cohort's table and of those joined, and the end of follow-up with
        its reason where the plan names one.
    screened : int
        Persons of the cohort's table.
    steps : tuple of FlowStep
        Who left because no row qualifies.
    tables : dict
        Which table each column came from.
    """

    frame: pl.DataFrame
    screened: int
    steps: tuple[FlowStep, ...]
    tables: Mapping[str, str]


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
    table = tables[cohort.from_]
    rows = table.frame.filter(pl.col(key).is_not_null())
    screened = rows[key].n_unique()
    steps: tuple[FlowStep, ...] = ()
    # joined before `where` and `take`, so that both may speak of what is joined
    origin = dict.fromkeys(rows.columns, cohort.from_)
    for name in cohort.join:
        other = tables[name].frame
        new = [c for c in other.columns if c not in origin]
        origin |= dict.fromkeys(new, name)
        rows = rows.join(other.select(key, *new), on=key, how="left", validate="m:1", maintain_order="left")
    if cohort.where is not None:
        chosen = parse_filter(cohort.where, where="cohort.where").rows(rows, where=table.source)
        rows = rows.filter(chosen.fill_null(value=False))
        left = rows[key].n_unique()
        steps = (
            FlowStep(
                label=f"Has a row where {cohort.where}",
                n_before=screened,
                n_excluded=screened - left,
                n_after=left,
            ),
        )
    if rows.is_empty():
        raise CohortError(
            "nobody is left", where="cohort.where", remedy="Look at what the condition says of the table."
        )
    if cohort.take == "first":
        # of two rows with one index date the first in the file counts
        rows = rows.sort(cohort.index, ROW, nulls_last=True, maintain_order=True).unique(
            key, keep="first", maintain_order=True
        )
    elif rows[key].is_duplicated().any():
        raise CohortError(
            "a person must have one qualifying row",
            where=table.source,
            rows=rows.filter(pl.col(key).is_duplicated())[ROW].to_list(),
            remedy='Say which row counts: cohort.take = "first", or narrow cohort.where.',
        )
    rows = rows.sort(ROW)
    return Candidates(_with_end(plan, rows), screened, steps, origin)


def _with_end(plan: StudyPlan, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the earliest end of follow-up and its reason; of ends at one time the plan's first counts."""
    ends = plan.cohort.end
    if not ends:
        return rows
    _require(rows, [c for end in ends for c in (end.time, end.reason_column) if c is not None], "cohort.end")
    stamped = any(isinstance(rows.schema[end.time], pl.Datetime) for end in ends)
    time: pl.Expr = pl.lit(None)
    reason: pl.Expr = pl.lit(None, pl.String)
    for end in reversed(ends):
        this = pl.col(end.time).cast(pl.Datetime("us")) if stamped else pl.col(end.time)
        why = pl.lit(end.reason) if end.reason_column is None else pl.col(end.reason_column).cast(pl.String)
        first = (this <= time).fill_null(value=True) & this.is_not_null()
        reason = pl.when(first).then(why).otherwise(reason)
        time = pl.when(first).then(this).otherwise(time)
    return rows.with_columns(time.alias(END), reason.alias(REASON))


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
    text = column.cast(pl.String).str.strip_chars().replace("", None)
    levels = sorted(text.drop_nulls().unique().to_list())
    if value.reference is not None:
        if value.reference not in levels:
            raise PlanError(
                f'nobody has the reference level "{value.reference}"',
                where=f"baseline.{name}",
                remedy=f"Levels: {', '.join(levels)}.",
            )
        levels = [value.reference, *(level for level in levels if level != value.reference)]
    return text.cast(pl.Enum(levels)).alias(name)
