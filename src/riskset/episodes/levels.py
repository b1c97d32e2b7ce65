"""Steps in the level of a measure over calendar time: a new method or another unit rather than other patients.

ALP in Japan fell to about 0.35 of itself when laboratories moved from JSCC to IFCC in 2020; in a curve over years
that looks like a treatment that works.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.episodes.audit import AuditLine
from riskset.tables.ticks import DAY, Ticks

HALF_WINDOW = 6  # months on each side: long enough for quarterly values, short enough not to see a trend
STEP = 1.25  # a quarter: more than laboratories differ in an analyte that is standardised
PERSONS = 20  # with values on both sides; the median of fewer is chance
SAMPLE = 2_000  # persons looked at: a step is everybody's


def unit_notes(name: str, units: pl.Series, ticks: Ticks, how: str = "in") -> tuple[AuditLine, ...]:
    """Tell from when to when each unit or method was written, where there are several.

    Parameters
    ----------
    name : str
    units : pl.Series
        As written, one per row.
    ticks : int64 array
        Calendar time.
    how : str
        "in" a unit, "by" a method.

    Returns
    -------
    tuple of AuditLine
        One per unit, with its rows; months only, for a date of a single row is a patient's.
    """
    day = pl.Series("day", (ticks // DAY).astype(np.int32)).cast(pl.Date)
    frame = pl.DataFrame(
        {"unit": units.cast(pl.String).str.strip_chars().fill_null("nothing written"), "day": day}
    )
    found = frame.group_by("unit").agg(
        pl.len(), pl.col("day").min().alias("first"), pl.col("day").max().alias("last")
    )
    if found.height < 2:
        return ()
    return tuple(
        AuditLine(name, f"{name}: values {how} {unit} from {first:%Y-%m} to {last:%Y-%m}", n, "note")
        for unit, n, first, last in found.sort("first", "unit").iter_rows()
    )


def level_notes(
    name: str, person: np.ndarray, ticks: Ticks | None, values: np.ndarray
) -> tuple[AuditLine, ...]:
    """Look for the month at which the values of the same persons step up or down.

    Parameters
    ----------
    name : str
    person : int64 array
    ticks : int64 array or None
        Calendar time; None where times are numbers of days.
    values : float64 array

    Returns
    -------
    tuple of AuditLine
        At most one: the largest step, with its month and size.
    """
    if ticks is None or person.size == 0:
        return ()
    every = max(1, (int(person.max()) + 1) // SAMPLE)
    some = (person % every == 0) & (values > 0)
    if not some.any():
        return ()
    frame = pl.DataFrame(
        {
            "person": person[some] // every,
            "day": (ticks[some] // DAY).astype(np.int32),
            "log": np.log(values[some]),
        }
    ).with_columns(pl.col("day").cast(pl.Date))
    month = frame["day"].dt.year().cast(pl.Int64) * 12 + frame["day"].dt.month().cast(pl.Int64) - 1
    index = month.to_numpy()
    low = int(index.min())
    index = index - low
    people, k = int(frame["person"].to_numpy().max()) + 1, int(index.max()) + 1
    if k < 2 * HALF_WINDOW:
        return ()
    cell = frame["person"].to_numpy() * k + index
    total = np.bincount(cell, frame["log"].to_numpy(), minlength=people * k).reshape(people, k)
    count = np.bincount(cell, minlength=people * k).reshape(people, k)
    total, count = (
        np.concatenate([np.zeros((people, 1)), np.cumsum(x, axis=1)], axis=1) for x in (total, count)
    )
    best, where = 0.0, 0
    for turn in range(HALF_WINDOW, k - HALF_WINDOW + 1):
        n_before = count[:, turn] - count[:, turn - HALF_WINDOW]
        n_after = count[:, turn + HALF_WINDOW] - count[:, turn]
        both = (n_before > 0) & (n_after > 0)
        if both.sum() < PERSONS:
            continue
        before = (total[:, turn] - total[:, turn - HALF_WINDOW])[both] / n_before[both]
        after = (total[:, turn + HALF_WINDOW] - total[:, turn])[both] / n_after[both]
        change = float(np.median(after - before))
        if abs(change) > abs(best):
            best, where = change, turn
    if abs(best) < np.log(STEP):
        return ()
    year, number = divmod(low + where, 12)
    text = (
        f"{name}: from about {year}-{number + 1:02d} the values of the same persons are "
        f"{np.exp(best):.2f} times those before: a new method or another unit?"
    )
    return (AuditLine(name, text, None, "warning"),)
