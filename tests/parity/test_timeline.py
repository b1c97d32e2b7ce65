"""Episodes against R's ``tmerge``, row by row: parity/r/timeline.R made the expected values.

One difference is by design: ``tmerge`` lets the value of day 0 in at once whatever the delay, whereas a lag here is
the same as later dates, so that what was drawn on day 0 is not known before the lag has passed.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest

from riskset.episodes import Timeline

HERE = Path(__file__).parent
EXPECTED = HERE / "expected" / "timeline.json"
LABS = ("ascites", "bili", "albumin")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(HERE.parent / "data" / name, infer_schema_length=None)


def of_r(build: str) -> list[tuple]:
    columns = json.loads(EXPECTED.read_text(encoding="utf-8"))[build]
    frame = pl.DataFrame(columns, strict=False).with_columns(pl.col("death").cast(pl.Boolean))
    return frame.select("id", "entry", "exit", "death", *LABS).rows()


def ours(visits: pl.DataFrame, lag: int = 0) -> list[tuple]:
    persons = read("pbcseq_persons.csv").with_columns(entry=pl.lit(0))
    timeline = Timeline(persons, id="id", entry="entry", exit="time")
    for name in LABS:
        timeline = timeline.measure(name, visits, time="day", value=name, lag=lag)
    return timeline.event("death", at="time", where="status = 2").episodes("death").frame.rows()


def test_rows_are_those_of_tmerge():
    rows = ours(read("pbcseq_visits.csv"))
    assert len(rows) == 1_807
    assert rows == of_r("now")


def test_delayed_rows_are_those_of_tmerge():
    visits = read("pbcseq_visits.csv")
    late = pl.when(pl.col("day") > 0).then(pl.col("day") + 30).otherwise(pl.col("day"))
    assert ours(visits.with_columns(late.alias("day"))) == of_r("delay_30")
    # a lag delays day 0 as well, which cuts at day 30; what begins later is the same
    lagged = [row for row in ours(visits, lag=30) if row[1] > 30]
    assert lagged == [row for row in of_r("delay_30") if row[1] > 30]


@pytest.mark.r
def test_r_still_says_so(tmp_path):
    again = tmp_path / "timeline.json"
    script = HERE / "r" / "timeline.R"
    subprocess.run(["Rscript", str(script), str(again)], check=True, cwd=HERE.parents[1])
    fresh, frozen = (json.loads(p.read_text(encoding="utf-8")) for p in (again, EXPECTED))
    assert fresh["now"] == frozen["now"]
    assert fresh["delay_30"] == frozen["delay_30"]
