"""The timeline's own audit says what each filter took from its table, what it nearly took, and what became of it."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from riskset.cohort import Source
from riskset.episodes import EpisodeAudit, ReadingAudit, Timeline
from riskset.tables.matching import FEWEST_PERSONS

IDS = [f"p{k}" for k in range(8)]
PEOPLE = pl.DataFrame(
    {"id": IDS, "entry": 0, "exit": 100, "left": ["death"] * 6 + ["moved"] * 2}, strict=False
)
LABS = pl.DataFrame(
    [(i, 10, "magnesium", 2.0) for i in IDS]  # 8 rows of 8 persons
    + [("p0", 10, "magnesium", 2.4), ("p0", 30, "magnesium", None)]
    + [("stranger", 5, "magnesium", 2.2)]
    + [(i, 10, "magnesum", 2.0) for i in IDS[:5]]  # five persons: told
    + [(i, 10, "Magnesium ", 2.0) for i in IDS[:4]]  # four: counted
    + [("p0", 10, "calcium", 9.0)],
    schema=["id", "day", "analyte", "value"],
    orient="row",
)
DRUGS = pl.DataFrame(
    [(i, 5, 20, "cinacalcet") for i in IDS] + [("p0", 5, 20, "cinacalcet"), ("p1", 40, 60, "evocalcet")],
    schema=["id", "start", "stop", "drug"],
    orient="row",
)


def built() -> Timeline:
    return (
        Timeline(PEOPLE, id="id", entry="entry", exit="exit")
        .measure("mg", LABS, time="day", value="value", where="analyte = 'magnesium'")
        .drug("calcimimetic", DRUGS, start="start", stop="stop", where="drug IN ('cinacalcet', 'evocalcet')")
        .state("moved", LABS, time="day", where="analyte = 'calcium'")
        .event("death", at="exit", where="left = 'death'")
    )


def audit(timeline: Timeline, limit: str | None = None) -> EpisodeAudit:
    return timeline.episodes("death", memory_limit=limit).audit


def reading(found: EpisodeAudit, name: str) -> ReadingAudit:
    (read,) = [read for read in found.reading if read.name == name]
    return read


def test_every_call_says_what_it_matched_and_nearly_matched():
    found = audit(built())
    assert [(read.name, read.kind) for read in found.reading] == [
        ("mg", "measure"),
        ("calcimimetic", "drug"),
        ("moved", "state"),
        ("death", "event"),
    ]
    (mg,) = reading(found, "mg").matched
    assert (mg.where, mg.table, mg.rows, mg.persons) == (
        "analyte = 'magnesium'",
        "table of 'mg'",
        11,
        9,
    )
    assert [(s.text, s.rows, s.persons) for s in mg.strings] == [("magnesium", 11, 9)]
    assert [(s.text, s.persons) for s in mg.near_misses] == [("magnesum", FEWEST_PERSONS)]
    assert mg.near_misses_withheld == 1
    (drug,) = reading(found, "calcimimetic").matched
    assert [s.text for s in drug.strings] == ["cinacalcet"]  # evocalcet: one person
    assert drug.strings_withheld == 1
    (death,) = reading(found, "death").matched
    assert (death.rows, death.persons, death.where) == (6, 6, "left = 'death'")


def test_rows_in_are_rows_out_and_rows_explained():
    found = audit(built())
    mg = reading(found, "mg")
    assert (mg.rows_in, mg.rows_out) == (11, 8)
    assert mg.explained == {
        "of people outside the cohort": 1,
        "without a value": 1,
        "merged with another of the same time": 1,
    }
    assert mg.found == {"times at which they disagree": 1}
    assert reading(found, "calcimimetic").explained == {"written twice": 1}
    assert all(read.balances for read in found.reading)
    assert found.balances


def test_strings_of_few_persons_are_nowhere_in_the_audit():
    found = audit(built())
    assert "evocalcet" not in repr([read.matched[0].strings for read in found.reading])
    assert "Magnesium " not in str(found)
    assert "evocalcet (" not in str(found)


def test_the_audit_tells_near_misses_in_words():
    lines = [line.text for line in built().notes if line.topic == "mg"]
    assert "strings that look like a match and are not taken: magnesum (5 rows)" in lines


def test_without_a_filter_every_row_is_taken():
    timeline = Timeline(PEOPLE, id="id", entry="entry", exit="exit")
    found = audit(timeline.measure("all", LABS, time="day", value="value").event("death", at="exit"))
    (every,) = reading(found, "all").matched
    assert (every.where, every.rows, every.persons, every.strings) == ("every row", LABS.height, 9, ())


def test_each_source_of_an_event_is_told():
    ward = pl.DataFrame({"id": IDS, "died": [date(2024, 1, 9)] * 8, "how": ["died"] * 6 + ["left"] * 2})
    register = pl.DataFrame({"id": IDS[:7], "dod": [date(2024, 1, 9)] * 7})
    people = PEOPLE.with_columns(entry=pl.lit(date(2024, 1, 1)), exit=pl.lit(date(2024, 3, 1)))
    known = [Source("ward", ward, "died", "how = 'died'"), Source("register", register, "dod")]
    timeline = Timeline(people, id="id", entry="entry", exit="exit").event("death", known)
    death = reading(audit(timeline), "death")
    assert [(m.table, m.where, m.rows) for m in death.matched] == [
        ("ward", "how = 'died'", 6),
        ("register", "every row", 7),
    ]
    assert death.balances


def test_two_records_of_one_event_are_one_event_and_one_explained():
    deaths = pl.DataFrame({"id": IDS[:3], "day": [100] * 3})
    timeline = Timeline(PEOPLE, id="id", entry="entry", exit="exit").event(
        "death", deaths, time="day", at="exit", at_where="left = 'death'"
    )
    death = reading(audit(timeline), "death")
    assert (death.rows_in, death.rows_out) == (9, 6)
    assert death.explained == {"second records of the same event": 3}


def test_filters_are_told_in_every_batch_and_once_together():
    whole, batches = audit(built()), audit(built(), "1 KB")
    assert whole.reading == batches.reading
    first, *_ = built().episode_batches("death", memory_limit="1 KB")
    assert first.audit.reading == whole.reading


@pytest.mark.parametrize("where", ["value > 2.1", "day < 20 AND value > 2.1"])
def test_measurements_and_dates_are_no_code_list(where: str):
    timeline = Timeline(PEOPLE, id="id", entry="entry", exit="exit")
    found = audit(
        timeline.measure("mg", LABS, time="day", value="value", where=where).event("death", at="exit")
    )
    (mg,) = reading(found, "mg").matched
    assert "2.2" not in repr(mg.strings)
