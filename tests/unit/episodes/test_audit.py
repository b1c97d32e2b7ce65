"""What the audit sees: steps of level, informative measurement, changes of state, conflicts; and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.errors import EpisodeError
from riskset.tables.ticks import significant


def calendar(factor: float, persons: int = 40) -> Timeline:
    """ALP every month from 2019 to 2021; from April 2020 it is `factor` of what it was."""
    ids = [f"p{k}" for k in range(persons)]
    entry = date(2019, 1, 1)
    labs = [
        (i, day, (200 + 5 * k) * (factor if day >= date(2020, 4, 1) else 1.0))
        for k, i in enumerate(ids)
        for day in (entry + timedelta(days=30 * m + k % 7) for m in range(36))
    ]
    frame = pl.DataFrame(labs, schema=["id", "day", "alp"], orient="row")
    people = pl.DataFrame({"id": ids, "entry": entry, "exit": date(2021, 12, 31)})
    return Timeline(people, id="id", entry="entry", exit="exit").measure(
        "alp", frame, time="day", value="alp"
    )


def warned(timeline: Timeline) -> list[str]:
    return [line.text for line in timeline.notes if line.severity == "warning"]


def test_a_change_of_method_is_warned_of_with_its_month():
    # JSCC to IFCC: x 0.35 from April 2020
    (text,) = warned(calendar(0.35))
    assert "from about 2020-04" in text
    assert "0.35 times" in text


@pytest.mark.parametrize(("factor", "persons"), [(1.0, 40), (0.9, 40), (0.35, 19)])
def test_a_small_change_or_few_persons_are_no_step(factor: float, persons: int):
    assert not warned(calendar(factor, persons))


def test_a_trend_over_years_is_no_step():
    entry = date(2015, 1, 1)
    days = [entry + timedelta(days=30 * m) for m in range(72)]
    labs = pl.DataFrame(
        {
            "id": np.repeat([f"p{k}" for k in range(40)], 72),
            "day": days * 40,
            "pth": np.tile(100 * 1.1 ** (np.arange(72) / 12), 40),  # a tenth more every year
        }
    )
    people = pl.DataFrame({"id": labs["id"].unique(), "entry": entry, "exit": date(2021, 1, 1)})
    assert not warned(
        Timeline(people, id="id", entry="entry", exit="exit").measure("pth", labs, time="day", value="pth")
    )


def test_units_are_told_with_their_months():
    people = pl.DataFrame({"id": ["P"], "entry": ["2020-01-01"], "exit": ["2021-01-01"]})
    labs = pl.DataFrame(
        {
            "id": ["P"] * 3,
            "day": ["2020-02-03", "2020-05-06", "2020-07-08"],
            "mg": [1.0, 1.1, 2.4],
            "unit": ["mmol/L", "mmol/L", "mg/dL"],
        }
    )
    built = Timeline(people, id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL", analyte="magnesium"
    )
    told = {line.text: line.n for line in built.notes if "from 2020" in line.text}
    assert told == {
        "mg: values in mmol/L from 2020-02 to 2020-05": 2,
        "mg: values in mg/dL from 2020-07 to 2020-07": 1,
    }


def test_who_is_measured_more_often_is_told_by_outcome():
    people = pl.DataFrame({"id": ["sick", "well"], "entry": 0, "exit": 365.25, "died": [365.25, None]})
    labs = pl.DataFrame(
        {"id": ["sick"] * 12 + ["well"] * 4, "day": [*range(10, 130, 10), 10, 20, 30, 40], "mg": 2.3}
    )
    built = Timeline(people, id="id", entry="entry", exit="exit").measure("mg", labs, time="day", value="mg")
    audit = built.event("death", at="died").episodes("death").audit
    (mg,) = audit.measures
    assert (mg.values_with_event, mg.values_without_event) == (12, 4)
    assert (mg.person_days_with_event, mg.person_days_without_event) == (365.25, 365.25)
    (line,) = [line for line in audit.lines if "per person-year" in line.text]
    assert line.text.startswith(
        "mg: 12.00 measurements per person-year in persons with death, 4.00 in the others"
    )
    assert line.severity == "note"


def test_changes_of_state_conflicts_and_person_time_by_age():
    people = pl.DataFrame({"id": ["P"], "entry": 0, "exit": 200})
    drug = pl.DataFrame({"id": ["P", "P"], "start": [10, 50], "stop": [20, 60]})
    labs = pl.DataFrame({"id": ["P"] * 5, "day": [0, 0, 100, 100, 100], "mg": [2.3, 2.4, 2.0, 2.0, 2.0]})
    built = Timeline(people, id="id", entry="entry", exit="exit").drug(
        "use", drug, start="start", stop="stop"
    )
    built = built.measure("mg", labs, time="day", value="mg").event("death", at="exit")
    audit = built.episodes("death").audit
    (use,) = audit.states
    assert use.changes == {("current", "former"): 2, ("former", "current"): 1, ("never", "current"): 1}
    assert built.counts["mg"]["at a time with several"] == 5
    assert built.counts["mg"]["times that disagree"] == 1
    (mg,) = audit.measures
    assert mg.person_days_older == {30: 140.0, 90: 20.0, 180: 0.0}  # 70 + 70, 10 + 10 of twice 100 days
    assert (audit.overlaps, audit.gaps, audit.zero_lengths) == (0, 0, 0)


def test_negative_values_are_kept_and_flagged():
    people = pl.DataFrame({"id": ["P"], "entry": 0, "exit": 200})
    labs = pl.DataFrame({"id": ["P"], "day": [0], "mg": [-2.3]})
    built = Timeline(people, id="id", entry="entry", exit="exit").measure("mg", labs, time="day", value="mg")
    assert built.at_entry()["mg"].to_list() == [-2.3]
    assert warned(built) == ["values below 0 (kept)"]


PEOPLE = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100], "died": [50]})
SUPPLIES = pl.DataFrame({"id": ["P"], "day": [1], "days": [30], "drug": ["x"], "dose": [1.0]})


def refused(match: str, **settings) -> None:
    with pytest.raises(EpisodeError, match=match):
        Timeline(PEOPLE, id="id", entry="entry", exit="exit").drug("use", SUPPLIES, start="day", **settings)


def test_settings_of_a_drug_that_contradict_each_other_are_refused():
    refused("not by both", stop="day", days_supply="days")
    refused("stock can be carried only", stop="day", stockpile=True)
    refused("needs the column that tells the drugs apart", days_supply="days", state="drug")
    refused("go together", days_supply="days", state="dose")
    refused("go together", days_supply="days", dose="dose")
    refused("the step must be above 0", days_supply="days", step=0)
    refused("wrong = 'immortal' is not known", days_supply="days", wrong="immortal")


def test_events_that_cannot_be_are_refused():
    base = Timeline(PEOPLE, id="id", entry="entry", exit="exit").event(
        "death", at="died", ends_follow_up=True
    )
    with pytest.raises(EpisodeError, match="cannot recur"):
        base.event("other", at="exit", ends_follow_up=True, recurrent=True)
    with pytest.raises(EpisodeError, match="at least two components"):
        base.composite("both", ["death"])
    with pytest.raises(EpisodeError, match="cannot compete with it"):
        base.episodes("death", competing="death")
    with pytest.raises(EpisodeError, match="no event 'stroke'"):
        base.episodes("death", competing="stroke")
    with pytest.raises(EpisodeError, match="memory limit is not understood"):
        base.episodes("death", memory_limit="much")


def test_splits_that_say_nothing_are_refused():
    base = Timeline(PEOPLE, id="id", entry="entry", exit="exit")
    for settings, match in (
        ({}, "either at or every"),
        ({"at": [1], "every": "30 days"}, "either at or every"),
        ({"at": [30, 30]}, "must rise"),
        ({"every": "calendar year"}, "needs dates"),
        ({"at": [1], "since": "exitt"}, "'exitt' does not exist"),
    ):
        with pytest.raises(EpisodeError, match=match):
            base.split("band", **settings)


def test_hundreds_of_bands_and_of_drugs_keep_their_names():
    people = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [400]})
    drugs = pl.DataFrame(
        {
            "id": ["P"] * 300,
            "day": range(300),
            "end": range(1, 301),
            "drug": [f"drug {k:03d}" for k in range(300)],
        }
    )
    base = Timeline(people, id="id", entry="entry", exit="exit").event("death", at="exit")
    frame = base.split("day", every="1 day").episodes("death").frame
    assert frame["day"].cast(pl.String).to_list() == ["<1", *(f"{k}-{k + 1}" for k in range(1, 400))]
    used = base.drug("used", drugs, start="day", stop="end", by="drug", state="drug").episodes("death").frame
    assert used["used"].cast(pl.String).to_list() == [*(f"drug {k:03d}" for k in range(300)), "former"]


def test_the_wrong_column_stays_out_of_eligibility_and_expressions():
    built = Timeline(PEOPLE, id="id", entry="entry", exit="exit").drug(
        "use", SUPPLIES, start="day", days_supply="days", wrong="immortal_time"
    )
    assert built.at_entry().columns == ["id", "use"]
    with pytest.raises(Exception, match="use_wrong_immortal_time"):
        built.derive("x", "use_wrong_immortal_time = 'ever'")


def test_a_recurrent_event_of_a_clock_of_seconds_needs_its_time():
    people = pl.DataFrame({"id": ["P"], "entry": ["2024-03-01 12:00"], "exit": ["2024-03-11 12:00"]})
    strokes = pl.DataFrame({"id": ["P"], "day": ["2024-03-05"]})
    built = Timeline(people, id="id", entry="entry", exit="exit", clock="time")
    with pytest.raises(EpisodeError, match="must be known to the time of day"):
        built.event("stroke", strokes, time="day", recurrent=True).episodes("stroke")


def test_numbers_that_need_no_rounding_come_out_as_those_that_do():
    chance = np.random.default_rng(5)
    plain, long = np.round(chance.normal(100, 50, 500), 6), chance.normal(100, 50, 500)
    mixed = np.concatenate([plain, long, [0.0, -2.5, 999.9999999, 1e300, np.inf, np.nan]])
    expected = [float(f"{v:.9g}") for v in mixed]
    np.testing.assert_array_equal(significant(mixed), expected)
    np.testing.assert_array_equal(significant(plain), plain)
