"""Episodes from several tables against R's ``tmerge``, ``survSplit`` and Epi's ``splitLexis``: parity/r/splitting.R.

One difference is by design: ``tmerge`` lets what is dated day 0 or before in at once whatever the delay, whereas a lag
here is the same as later dates. Two are choices of the scripts: several results of a day are averaged before R sees
them (``tmerge`` keeps the last row), and nothing expires (``carry_forward`` left out), for R carries for ever.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from agreement import agree, frozen, numbers

from riskset.episodes import Timeline

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("splitting")
CONDITIONS = ("nafld", "diabetes", "htn")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / name, infer_schema_length=None)


def labs() -> pl.DataFrame:
    """Every seventh result is missing, as in the script."""
    rows = read("nafld_hdl.csv.gz").with_row_index("n", offset=1)
    return rows.with_columns(pl.when(pl.col("n") % 7 == 0).then(None).otherwise("hdl").alias("hdl"))


def timeline(hdl: pl.DataFrame, lag: int = 0) -> Timeline:
    persons = read("nafld_persons.csv.gz").with_columns(entry=0)
    events = read("nafld_events.csv.gz")
    built = Timeline(persons, id="id", entry="entry", exit="futime")
    for name in CONDITIONS:
        built = built.state(name, events, time="days", where=f"event = '{name}'")
    built = built.measure("hdl", hdl, time="days", value="hdl", lag=lag)
    return built.event("death", at="futime", where="status = 1")


def summed(frame: pl.DataFrame) -> dict[str, float]:
    length = pl.col("exit") - pl.col("entry")
    days = [length.filter(pl.col(c) == "yes").sum().alias(f"days_{c}") for c in CONDITIONS]
    row = frame.select(
        pl.len().alias("rows"),
        length.sum().alias("person_days"),
        pl.col("death").sum().alias("deaths"),
        pl.col("hdl").is_null().sum().alias("rows_without_hdl"),
        *days,
        (length * pl.col("hdl")).sum().alias("days_hdl"),
        pl.col("death").filter(pl.col("nafld") == "yes").sum().alias("deaths_nafld"),
        (pl.col("entry") ** 2).sum().alias("starts_squared"),
    )
    return row.row(0, named=True)


@pytest.mark.parametrize(("case", "delay"), [("now", 0), ("delay_90", 90)])
def test_nafld(case: str, delay: int):
    # tmerge's delay leaves day 0 and before alone: a lag would not
    late = pl.when(pl.col("days") > 0).then(pl.col("days") + delay).otherwise("days")
    frame = timeline(labs().with_columns(late.alias("days"))).episodes("death").frame
    expected = EXPECTED["nafld"][case]
    ours = summed(frame)
    agree([ours[k] for k in expected], list(expected.values()), of=expected)
    some = frame.filter(pl.col("id") % 50 == 0)
    theirs = EXPECTED["nafld"][f"rows_{case}"]
    for name, values in theirs.items():
        column = some[name]
        agree((column == "yes") if name in CONDITIONS else column.cast(pl.Float64), values)


def test_recurrent_events_and_their_number_so_far():
    persons = read("nafld_persons.csv.gz").with_columns(entry=0)
    events = read("nafld_events.csv.gz").filter(pl.col("event") == "heart failure")
    persons = persons.filter(pl.col("id").is_in(events["id"].implode()))
    built = Timeline(persons, id="id", entry="entry", exit="futime")
    built = built.event("hf", events, time="days", recurrent=True).state("so_far", after="hf", count=True)
    frame = built.episodes("hf").frame
    theirs = EXPECTED["recurrent"]
    agree(frame["id"], theirs["id"])
    agree(frame["entry"], theirs["entry"])
    agree(frame["exit"], theirs["exit"])
    agree(frame["hf"], theirs["event"])
    agree(frame["so_far"], theirs["so_far"])


def test_split_at_fixed_times_and_by_age_is_survsplit():
    persons = read("nafld_persons.csv.gz").with_columns(entry=0, born=-pl.col("age") * 365.25)
    base = Timeline(persons, id="id", entry="entry", exit="futime").event(
        "death", at="futime", where="status = 1"
    )
    theirs = EXPECTED["survsplit"]
    cut = base.split("period", at=[365, 1000, 2500]).episodes("death").frame
    by_period = cut.group_by("period").agg(
        pl.len().alias("rows"), pl.col("death").sum(), (pl.col("exit") - pl.col("entry")).sum().alias("days")
    )
    by_period = by_period.sort("period")
    agree([cut.height], [theirs["rows"]], of=theirs)
    agree(by_period["rows"], theirs["period"])
    agree(by_period["death"], theirs["deaths"])
    agree(by_period["days"], theirs["days"])
    aged = base.split("band", at=[40, 50, 60, 70, 80], since="born", unit="years")
    frame = aged.episodes("death", since="born", unit="years").frame
    by_band = frame.group_by("band").agg(
        (pl.col("exit") - pl.col("entry")).sum().alias("years"), pl.col("death").sum()
    )
    by_band = by_band.sort("band")
    agree([frame.height], [theirs["age_rows"]], of=theirs)
    agree(by_band["years"], theirs["age_years"])
    agree(by_band["death"], theirs["age_deaths"])


def test_bands_of_age_and_time_are_a_lexis_diagram():
    persons = read("mgus2_rates.csv").with_columns(
        entry=0, exit=pl.col("fu") * 365.25, born=-pl.col("age") * 365.25
    )
    base = Timeline(persons, id="id", entry="entry", exit="exit").event("death", at="exit", where="death = 1")
    ages = [float(a) for a in range(20, 110, 5)]
    built = base.split("age_band", at=ages, since="born", unit="years").split(
        "time_band", at=[1, 2, 5, 10, 20], unit="years"
    )
    frame = built.episodes("death", since="born", unit="years").frame
    left = pl.col("age_band").cast(pl.String).str.extract(r"^(\d+)").cast(pl.Float64)
    first = pl.col("time_band").cast(pl.String)
    first = pl.when(first == "<1").then(0.0).otherwise(first.str.extract(r"^(\d+)").cast(pl.Float64))
    frame = frame.with_columns(left.alias("a"), first.alias("t"))
    theirs = EXPECTED["lexis"]
    length = pl.col("exit") - pl.col("entry")
    agree([frame.height, frame.select(length.sum()).item()], [theirs["rows"], theirs["years"]], of=theirs)
    cells = frame.group_by("a", "t").agg(length.sum().alias("years"), pl.col("death").sum()).sort("t", "a")
    agree(cells["a"], theirs["age_band"])
    agree(cells["t"], theirs["time_band"])
    agree(cells["years"], theirs["cell_years"])
    agree(cells["death"], theirs["cell_deaths"])
    some = frame.filter(pl.col("id") % 20 == 0)
    for ours, name in (
        ("id", "id"),
        ("entry", "entry"),
        ("exit", "exit"),
        ("death", "dead"),
        ("a", "age_band"),
        ("t", "time_band"),
    ):
        agree(some[ours].cast(pl.Float64), theirs[f"some_{name}"])


def test_a_lag_delays_day_0_too_by_design():
    frame = timeline(labs().filter(pl.col("id") % 50 == 0), lag=90).episodes("death").frame
    some = frame.filter(pl.col("id") % 50 == 0)
    theirs = EXPECTED["nafld"]["rows_delay_90"]
    assert some.height > len(theirs["id"])  # what is in force from the start in R, is so from day 90 here
    later = numbers(theirs["entry"]) > 90
    rest = some.filter(pl.col("entry") > 90)
    for name in ("id", "entry", "exit", "death", "hdl"):
        agree(rest[name].cast(pl.Float64), numbers(theirs[name])[later], of=theirs[name])
