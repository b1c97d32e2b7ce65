"""The person-time that all values of a key share: only there is the key all that differs."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskset.study.formulas import formulas
from riskset.study.subdistribution import asks_subdistribution, primary_variables
from riskset.study.variants import Answer, Built


def shared_time(base: Built, answers: Sequence[Answer]) -> dict[str, pl.DataFrame]:
    """Find, for an entry that varies a key and by outcome, the time in which all of its variants are complete.

    Parameters
    ----------
    base : Built
        The plan itself.
    answers : sequence of Answer
        The variants of one entry.

    Returns
    -------
    dict
        By outcome: id, from, to in days since index. Empty where the entry varies no key over several values, or
        where all share their time already.
    """
    own = [a.built for a in answers if a.variant.override.varied and a.built is not None]
    if not own:
        return {}
    times = {name: _common([base, *own], name) for name in base.frames}
    # where a key leaves the time as it is, as a cut-point does, the rows of each are the common ones already
    differ = any(not _spans_of(one, name).equals(times[name]) for one in (base, *own) for name in times)
    return times if differ else {}


def _common(built: Sequence[Built], outcome: str) -> pl.DataFrame:
    """Intersect the complete time of several plans: id, from, to in days since index."""
    found: pl.DataFrame | None = None
    for one in built:
        key = one.study.plan.data.id
        spans = _spans_of(one, outcome)
        if found is None:
            found = spans
            continue
        both = found.join(spans, on=key, suffix="_other")
        found = both.select(
            key,
            pl.max_horizontal("from", "from_other").alias("from"),
            pl.min_horizontal("to", "to_other").alias("to"),
        ).filter(pl.col("from") < pl.col("to"))
    assert found is not None  # noqa: S101 (the plan itself is always there)
    return found


def _spans_of(built: Built, outcome: str) -> pl.DataFrame:
    """Give the time of each person in which a plan knows every covariate of its models."""
    return _spans(complete_rows(built, outcome), built.study.plan.data.id)


def _spans(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Join the rows of a person that touch."""
    ordered = rows.select(key, "entry", "exit").sort(key, "entry")
    new = (pl.col("entry") != pl.col("exit").shift(1)) | (pl.col(key) != pl.col(key).shift(1))
    numbered = ordered.with_columns(new.fill_null(value=True).cum_sum().alias("__span__"))
    spans = numbered.group_by("__span__", maintain_order=True).agg(
        pl.col(key).first(), pl.col("entry").first().alias("from"), pl.col("exit").last().alias("to")
    )
    return spans.drop("__span__")


def rows_within(rows: pl.DataFrame, times: pl.DataFrame, key: str, outcome: str) -> pl.DataFrame:
    """Keep the part of each row that lies within given times; the event stays with the end of its row.

    Parameters
    ----------
    rows : polars.DataFrame
        Episodes: id, entry, exit in days since index, covariates, event.
    times : polars.DataFrame
        Id, from, to in days since index.
    key : str
        Column of the id.
    outcome : str
        Column of the event.

    Returns
    -------
    polars.DataFrame
        Rows in their order.
    """
    both = rows.join(times, on=key, how="inner", maintain_order="left")
    end = pl.min_horizontal("exit", "to")
    return (
        both.with_columns(
            pl.max_horizontal("entry", "from").alias("entry"),
            end.alias("exit"),
            (pl.col(outcome) & (end == pl.col("exit"))).alias(outcome),
        )
        .filter(pl.col("entry") < pl.col("exit"))
        .drop("from", "to")
    )


def complete_rows(built: Built, outcome: str) -> pl.DataFrame:
    """Keep the rows in which every covariate of the outcome's models is known.

    Parameters
    ----------
    built : Built
    outcome : str

    Returns
    -------
    polars.DataFrame
        Rows in their order.
    """
    plan = built.study.plan
    needed = formulas(plan, outcome).variables
    if asks_subdistribution(plan, outcome):  # persons whole: rows that another model lacks would leave gaps
        needed = primary_variables(plan, outcome)
    return built.frames[outcome].drop_nulls(list(needed))
