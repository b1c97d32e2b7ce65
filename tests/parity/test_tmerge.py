"""Episodes against R's ``tmerge``, row by row, on three more studies and on missing results: parity/r/tmerge.R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from agreement import agree, frozen

from riskset.episodes import Timeline

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("tmerge")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / name, infer_schema_length=None)


def agree_row_by_row(frame: pl.DataFrame, expected: dict[str, Any]) -> None:
    for name, values in expected.items():
        column = frame[name]
        if isinstance(column.dtype, pl.Enum):
            column = column == "yes"
        agree(column.cast(pl.Float64), values, 0.0)


def test_stanford_heart_transplants_to_half_days():
    persons = read("jasa.csv").with_columns(
        entry=0.0,
        futime=pl.col("futime").cast(pl.Float64).clip(lower_bound=0.5),
        transplant=pl.when(pl.col("transplant") == pl.col("futime"))
        .then(pl.col("transplant") - 0.5)
        .otherwise("transplant"),
    )
    built = Timeline(persons, id="id", entry="entry", exit="futime").state("transplanted", at="transplant")
    frame = built.event("death", at="futime", where="status = 1").episodes("death").frame
    agree_row_by_row(frame, EXPECTED["heart"])


def test_who_has_no_follow_up_leaves_by_design():
    # tmerge stops ("missing or invalid tstop") or wants half a day; here the person leaves, counted
    persons = read("jasa.csv").with_columns(entry=0)
    built = Timeline(persons, id="id", entry="entry", exit="futime").event(
        "death", at="futime", where="status = 1"
    )
    audit = built.episodes("death").audit
    gone = persons.filter(pl.col("futime") == 0)
    assert audit.persons_without_follow_up == gone.height == 1
    assert audit.events_history == gone["status"].sum()


def test_recurrent_infections_and_their_number_so_far():
    persons = read("cgd_persons.csv").with_columns(entry=0)
    built = Timeline(persons, id="id", entry="entry", exit="futime").event(
        "infection", read("cgd_infections.csv"), time="day", recurrent=True
    )
    frame = built.episodes("infection").frame
    agree_row_by_row(frame.rename({"infection_count": "before"}), EXPECTED["cgd"])


@pytest.mark.parametrize(("case", "delay"), [("now", 0), ("delay_60", 60)])
def test_three_states_of_one_person(case: str, delay: int):
    names = {"transplant": "txtime", "remission": "crtime", "relapse": "rltime"}
    # tmerge's delay leaves day 0 and before alone; nobody's state begins there
    persons = read("myeloid.csv").with_columns(pl.col(*names.values()) + delay, entry=0)
    built = Timeline(persons, id="id", entry="entry", exit="futime")
    for name, at in names.items():
        built = built.state(name, at=at)
    frame = built.event("death", at="futime", where="death = 1").episodes("death").frame
    agree_row_by_row(frame, EXPECTED["myeloid"][case])


def test_missing_results_displace_nothing_and_cut_nothing():
    persons, visits = read("pbcseq_persons.csv").with_columns(entry=0), read("pbcseq_visits.csv")
    gaps = visits.with_columns(bili=pl.when(pl.col("id") % 3 != 0).then("bili"))
    built = Timeline(persons, id="id", entry="entry", exit="time")
    for name in ("bili", "albumin"):
        built = built.measure(name, gaps, time="day", value=name)
    frame = built.event("death", at="time", where="status = 2").episodes("death").frame
    agree_row_by_row(frame, EXPECTED["missing"])
