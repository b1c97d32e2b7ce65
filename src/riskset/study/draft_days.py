"""Tables without a single date: their times are numbers of days, counted from each person's own day 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from riskset.study.draft_files import Column, RawFile

_TIMES = re.compile(
    r"(^|[_. ])(days?|time|start|stop|begin|end|exit|entry|index|when)($|[_. ])|fu.?time|follow|last_",
    re.IGNORECASE,
)
_MICROSECONDS = 86_400_000_000


def in_days(files: Sequence[RawFile]) -> list[RawFile]:
    """Take numbers in columns of times for times, where no file holds a date.

    Parameters
    ----------
    files : sequence of RawFile

    Returns
    -------
    list of RawFile
        The same files if one of them has dates. The days stand in columns as time stamps since 1970, so that gaps and
        stops before starts are found as among dates; nothing else of them is used.
    """
    if any(f.of_kind("date") for f in files):
        return list(files)
    return [replace(f, columns=tuple(_as_days(c) for c in f.columns)) for f in files]


def _as_days(column: Column) -> Column:
    if column.kind != "number" or _TIMES.search(column.name) is None:
        return column
    ticks = (column.values.cast(pl.Float64) * _MICROSECONDS).cast(pl.Int64)
    return Column(column.name, "date", ticks.cast(pl.Datetime("us")), "year first", days=True)
