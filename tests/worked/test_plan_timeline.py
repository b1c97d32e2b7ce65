"""What a plan says of measures, drugs, states, bands and outcomes is what the same calls of a Timeline give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import riskset as rs
from riskset.errors import RisksetError
from riskset.study import read_plan, run_study
from riskset.study.assemble import Assembled, assemble, on_scale, outcome_episodes
from riskset.study.preflight import preflight
from riskset.units import Analyte

PLAN = """
riskset = 1
title = "T"
question = "Q"
[data]
id = "id"
unknown_persons = "count"
[tables]
persons = { file = "persons.csv", one_row_per_person = true }
labs = { file = "labs.csv", time = "date", value = "value", unit = "unit" }
rx = { file = "rx.csv", start = "start", stop = "stop" }
events = { file = "events.csv", time = "date" }
[cohort]
from = "persons"
index = "begin"
end = [{ time = "last", reason_column = "why" }]
SCALE
[baseline]
age = { since = "born", unit = "years", label = "Age" }
group = { column = "arm", label = "Arm" }
[measures]
mg = { unit = "ug/mL", carry_forward = "400 days", label = "Mg" }
more = { unit = "ug/mL", MEASURE label = "More" }
[drugs]
y = { label = "Y" }
x = { DRUG label = "X" }
[states]
ill = { after = "stroke", label = "Stroke" }
n = { table = "events", where = "type = 'stroke'", count = true, label = "Strokes" }
[splits]
year = { every = "calendar year", label = "Year" }
old = { at = [62.5, 64], since = "age", unit = "years", label = "Age band" }
[outcomes]
stroke = { where = "type = 'stroke'", OUTCOME label = "Stroke" }
fall = { where = "type = 'fall'", label = "Fall" }
either = { any_of = ["stroke", "fall"], label = "Either" }
[exposure]
measure = "mg"
groups = { GROUPS }
[modifier]
MODIFIER
[models]
"Model 1" = { adjust = "ADJUST" }
"""
PERSONS = """id,born,begin,last,why,arm
a,1950-01-01,2012-01-01,2014-07-01,end,left
b,1949-05-01,2012-06-01,2015-01-01,end,right
c,1948-01-01,2011-01-01,2014-01-01,death,left
"""
LABS = """id,date,value,unit,ward,kit
a,2011-12-01,1.8,ug/mL,false,new
a,2012-03-01,2.8,ug/mL,false,new
a,2012-09-01,2.1,ug/mL,true,old
b,2012-05-01,2.2,ug/mL,false,new
b,2013-05-01,8.56163,umol/L,false,new
c,2010-12-01,1.9,ug/mL,false,new
c,2011-04-01,1.1,ug/mL,true,old
c,2011-05-01,3.3,ug/mL,false,new
"""
RX = """id,drug,start,stop,days,dose
a,p,2012-03-01,2012-04-01,30,2
a,q,2012-03-20,2012-06-01,40,1
b,p,2011-10-01,2012-07-15,300,3
b,p,2012-12-01,2013-02-15,70,3
c,q,2011-02-01,2011-03-01,28,1
"""
EVENTS = """id,date,type
a,2012-05-01,stroke
a,2013-05-01,stroke
a,2012-05-02,fall
b,2012-01-01,stroke
b,2014-01-01,fall
c,2012-02-02,stroke
"""
WORDS = {
    "SCALE": "",
    "MEASURE": "molar_mass = 350.4,",
    "DRUG": "",
    "OUTCOME": "",
    "GROUPS": "below = 2",
    "MODIFIER": 'drug = "y"\nlevels = { no = ["never", "former"], yes = ["current"] }',
    "ADJUST": "more + x + ill + n + strata(year) + strata(old)",
}
Study = Callable[..., Assembled]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    def build(**words: str) -> Assembled:
        text = PLAN.replace('unit = "ug/mL", carry', 'unit = "ug/mL", molar_mass = 350.4, carry')
        for word, said in {**WORDS, **words}.items():
            text = text.replace(word, said)
        (tmp_path / "study.toml").write_text(text, "utf-8")
        for name, rows in {"persons": PERSONS, "labs": LABS, "rx": RX, "events": EVENTS}.items():
            (tmp_path / f"{name}.csv").write_text(rows, "utf-8")
        plan = read_plan(tmp_path / "study.toml")
        return assemble(plan, preflight(plan).tables)

    return build


def by_hand(
    *,
    measure: dict[str, object] | None = None,
    drug: dict[str, object] | None = None,
    recurrent: bool = False,
) -> rs.Timeline:
    tables = {
        name: pl.read_csv(rows.encode())
        for name, rows in (("p", PERSONS), ("l", LABS), ("r", RX), ("e", EVENTS))
    }
    lab = {"time": "date", "value": "value", "unit": "unit", "to": "ug/mL", "analyte": Analyte(350.4)}
    timeline = rs.Timeline(tables["p"], id="id", entry="begin", exit="last", carry=["arm"]).age("born")
    return (
        timeline.measure("mg", tables["l"], **lab, carry_forward="400 days")  # pyright: ignore
        .measure("more", tables["l"], **{**lab, **(measure or {})})  # pyright: ignore
        .drug("y", tables["r"], start="start", stop="stop")
        .drug("x", tables["r"], **{"start": "start", "stop": "stop", **(drug or {})})  # pyright: ignore
        .state("ill", tables["e"], time="date", where="type = 'stroke'")
        .state("n", tables["e"], time="date", where="type = 'stroke'", count=True)
        .split("year", every="calendar year")
        .split("old", at=[62.5, 64], since="born", unit="years")
        .event("stroke", tables["e"], time="date", where="type = 'stroke'", recurrent=recurrent)
    )


SHARED = ["id", "entry", "exit", "mg", "more", "y", "x", "ill", "n", "year", "old"]


def same(plan: pl.DataFrame, hand: pl.DataFrame, outcome: str) -> None:
    columns = [*SHARED, outcome]
    for column in columns:
        assert plan[column].cast(pl.String).to_list() == hand[column].cast(pl.String).to_list(), column


@pytest.mark.parametrize(
    ("said", "measure"),
    [
        ("molar_mass = 350.4,", {}),
        ('molar_mass = 350.4, use = "baseline",', {"use": "baseline"}),
        ('molar_mass = 350.4, use = "mean", window = "200 days",', {"use": "mean", "window": "200 days"}),
        ('molar_mass = 350.4, use = "cumulative mean",', {"use": "cumulative mean"}),
        ('molar_mass = 350.4, use = "change from baseline", lag = "10 days",', {"use": "change from baseline", "lag": "10 days"}),
        ("molar_mass = 350.4, plausible = [1, 3],", {"plausible": (1.0, 3.0)}),
        ('molar_mass = 350.4, exclude = "ward", method = "kit",', {"exclude": "ward", "method": "kit"}),
    ],
)  # fmt: skip
def test_measures(study: Study, said: str, measure: dict[str, object]) -> None:
    found = study(MEASURE=said)
    same(
        outcome_episodes(found, "stroke")[0].frame,
        by_hand(measure=measure).episodes("stroke").frame,
        "stroke",
    )


@pytest.mark.parametrize(
    ("said", "drug"),
    [
        ('state = "cumulative days", step = "50 days",', {"state": "cumulative days", "step": "50 days"}),
        ('state = "days since start",', {"state": "days since start"}),
        ('state = "dose", dose = "dose",', {"state": "dose", "dose": "dose"}),
        ('state = "drug", by = "drug",', {"state": "drug", "by": "drug"}),
        ('days_supply = "days", stockpile = true,', {"stop": None, "days_supply": "days", "stockpile": True}),
        ('state = "ever", use = "baseline",', {"state": "ever", "use": "baseline"}),
    ],
)
def test_drugs(study: Study, said: str, drug: dict[str, object]) -> None:
    found = study(DRUG=said)
    same(outcome_episodes(found, "stroke")[0].frame, by_hand(drug=drug).episodes("stroke").frame, "stroke")


def test_recurrent_events_and_composites(study: Study) -> None:
    rows = outcome_episodes(study(OUTCOME="recurrent = true,"), "stroke")[0].frame
    same(rows, by_hand(recurrent=True).episodes("stroke").frame, "stroke")
    assert rows["stroke"].sum() == 3  # two of a, one of c; that of b lies before entry
    either, timeline = outcome_episodes(study(), "either")
    # a: the stroke of 1 May comes before the fall of 2 May; b: the fall; c: the stroke
    assert either.frame.filter("either")["either_component"].to_list() == ["stroke", "fall", "stroke"]
    assert timeline.counts["either"]["on one day"] == 0


@pytest.mark.parametrize("scale", ["age", "calendar"])
def test_another_time_scale_moves_entry_and_exit(study: Study, scale: str) -> None:
    found = study(SCALE=f'time_scale = "{scale}"')
    rows = outcome_episodes(found, "stroke")[0].frame
    moved = on_scale(found, rows)
    hand = by_hand().episodes("stroke", since="born" if scale == "age" else "calendar").frame
    assert moved["entry"].to_list() == hand["entry"].to_list()
    assert moved["exit"].to_list() == hand["exit"].to_list()
    assert on_scale(study(), rows).equals(rows)  # time since index stays


def test_groups_by_several_cuts_and_by_quantiles(study: Study) -> None:
    rows = outcome_episodes(study(GROUPS="cuts = [1.9, 2.5]"), "stroke")[0].frame
    labels = ["< 1.9 ug/mL", "1.9 to < 2.5 ug/mL", ">= 2.5 ug/mL"]
    for value, group in rows.select("mg", "mg_group").iter_rows():
        expected = None if value is None else labels[(value >= 1.9) + (value >= 2.5)]
        assert group == expected
    assert rows.schema["mg_group"] == pl.Enum([labels[2], *labels[:2]])  # the highest is the reference
    # at index 1.8, 1.9 and 2.2: halves meet at their median, wherever the values go later
    found = study(GROUPS="quantiles = 2")
    assert found.cuts.exposure == (1.9,)
    assert found.persons.sort("id")["mg_group"].to_list() == ["Q1 (lowest)", "Q2 (highest)", "Q2 (highest)"]
    with pytest.raises(RisksetError, match="4 groups of equal size cannot be told apart"):
        study(
            GROUPS="quantiles = 4",
            MEASURE="molar_mass = 350.4,",
            SCALE='require = [{ keep = "mg = 1.8", label = "One" }]',
        )


def test_the_modifier_may_be_a_state_or_a_category(study: Study) -> None:
    state = study(MODIFIER='state = "ill"\nlevels = { before = ["no"], after = ["yes"] }', ADJUST="x")
    rows = outcome_episodes(state, "fall")[0].frame
    # a: stroke 121 days after index, fall 122 days; the state begins after the day of the stroke
    assert rows.filter(pl.col("id") == "a").select("entry", "exit", "ill_level", "fall").rows()[-1] == (
        121.0,
        122.0,
        "after",
        True,
    )
    assert rows.filter(pl.col("id") == "b")["ill_level"].unique().to_list() == [
        "after"
    ]  # ill since before index
    arms = study(MODIFIER='baseline = "group"\nlevels = { first = ["left"], second = ["right"] }', ADJUST="x")
    by_person = dict(arms.persons.select("id", "group_level").iter_rows())
    assert by_person == {"a": "first", "b": "second", "c": "first"}
    with pytest.raises(RisksetError, match="1 state of the modifier belongs to no level"):
        study(MODIFIER='baseline = "group"\nlevels = { first = ["left"], second = ["wrong"] }', ADJUST="x")


def test_a_drug_told_apart_shares_its_names_out(study: Study) -> None:
    without_q = study(
        DRUG='state = "drug", by = "drug",',
        MODIFIER='drug = "x"\nlevels = { no = ["never", "former"], p = ["p"] }',
        ADJUST="y",
    )
    with pytest.raises(RisksetError, match="1 state of the modifier belongs to no level"):
        outcome_episodes(without_q, "fall")
    found = study(
        DRUG='state = "drug", by = "drug",',
        MODIFIER='drug = "x"\nlevels = { no = ["never", "former"], p = ["p"], q = ["q"] }',
        ADJUST="y",
    )
    rows = outcome_episodes(found, "fall")[0].frame
    of_a = rows.filter(pl.col("id") == "a").select("entry", "x_use").rows()
    # p from 2012-03-01 (day 60), q from 2012-03-20 (day 79)
    assert [(t, u) for t, u in of_a if t in {0.0, 60.0, 79.0}] == [(0.0, "no"), (60.0, "p"), (79.0, "q")]


def test_a_state_modifier_runs_to_results(tmp_path: Path) -> None:
    from riskset.simulate import simulate_haemodialysis, write_tables  # noqa: PLC0415 (one test simulates)
    from riskset.study.demo import shipped_plan  # noqa: PLC0415

    write_tables(simulate_haemodialysis(100, seed=5), tmp_path / "data")
    text = shipped_plan()
    text = text[: text.index("[sensitivity]")] + text[text.index("[report]") :]
    text = text.replace(
        "[outcomes]",
        '[states]\ncve_before = { after = "cve", label = "Cardiovascular event" }\n\n[outcomes]',
        1,
    )
    text = text.replace('drug   = "calcimimetic"', 'state = "cve_before"', 1)
    old = 'levels = { naive = ["never"], user = ["current"], past = ["former"] }'
    text = text.replace(old, 'levels = { "none yet" = ["no"], after = ["yes"] }', 1)
    text = text.replace("[models]", '[models]\n"Model 0" = { primary = true }', 1).replace(
        "primary = true\nadjust", "adjust", 1
    )
    (tmp_path / "study.toml").write_text(text, "utf-8")
    results = run_study(read_plan(tmp_path / "study.toml"))
    assert results.modifier_levels == ("none yet", "after")
    assert results.modifier_label == "Cardiovascular event"
    deaths = next(r for r in results.rates if r.outcome == "death")
    assert sum(c.rate.basis.n_events for c in deaths.cells) == deaths.total.basis.n_events
