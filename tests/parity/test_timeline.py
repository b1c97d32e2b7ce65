"""Episodes against R's ``tmerge``, row by row: parity/r/timeline.R made the expected values.

One difference is by design: ``tmerge`` lets the value of day 0 in at once whatever the delay, whereas a lag here is
the same as later dates, so that what was drawn on day 0 is not known before the lag has passed.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from agreement import agree, frozen, numbers

from riskset.episodes import Timeline

HERE = Path(__file__).parent
EXPECTED = frozen("timeline")
LABS = ("ascites", "bili", "albumin")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(HERE.parent / "data" / name, infer_schema_length=None)


COLUMNS = ("id", "entry", "exit", "death", *LABS)


def of_r(build: str) -> list[tuple]:
    columns = (numbers(EXPECTED[build][name]) for name in COLUMNS)
    frame = pl.DataFrame(dict(zip(COLUMNS, columns, strict=True)), nan_to_null=True)
    return frame.with_columns(pl.col("id").cast(pl.Int64), pl.col("death").cast(pl.Boolean)).rows()


def agree_with(build: str, rows: list[tuple]) -> None:
    for name, column in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        agree(column, EXPECTED[build][name], 0.0)


def ours(visits: pl.DataFrame, lag: int = 0) -> list[tuple]:
    persons = read("pbcseq_persons.csv").with_columns(entry=pl.lit(0))
    timeline = Timeline(persons, id="id", entry="entry", exit="time")
    for name in LABS:
        timeline = timeline.measure(name, visits, time="day", value=name, lag=lag)
    return timeline.event("death", at="time", where="status = 2").episodes("death").frame.rows()


def test_rows_are_those_of_tmerge():
    rows = ours(read("pbcseq_visits.csv"))
    assert len(rows) == 1_807
    agree_with("now", rows)


def test_delayed_rows_are_those_of_tmerge():
    visits = read("pbcseq_visits.csv")
    late = pl.when(pl.col("day") > 0).then(pl.col("day") + 30).otherwise(pl.col("day"))
    agree_with("delay_30", ours(visits.with_columns(late.alias("day"))))
    # a lag delays day 0 as well, which cuts at day 30; what begins later is the same
    lagged = [row for row in ours(visits, lag=30) if row[1] > 30]
    assert lagged == [row for row in of_r("delay_30") if row[1] > 30]
