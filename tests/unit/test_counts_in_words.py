"""One row is a row and one character a character, wherever a message counts."""

from __future__ import annotations

import polars as pl
import pytest

import riskset as rs
from riskset.errors import TableError, counted
from riskset.tables import Rejects, check_ids, id_form


@pytest.mark.parametrize(
    ("n", "digits", "said"),
    [
        (0, ",", "0 days"),
        (1, ",", "1 day"),
        (2000, ",", "2,000 days"),
        (1.0, "g", "1 day"),
        (0.97, ".0f", "1 day"),
    ],
)
def test_counted(n, digits, said):
    assert counted(n, "day", digits) == said


def test_ids_of_one_character():
    assert id_form(pl.Series(["7"])).startswith("1 character,")
    with pytest.raises(TableError, match="persons: 1 character, letters"):
        check_ids(pl.Series(["78123"]), pl.Series(["a"]), where="labs.csv")


def test_one_more_row():
    rejects = Rejects()
    for rows, rule in (([2, 3], "a value must be a number"), ([4], "a date must be a date")):
        rejects = rejects.add("labs.csv", pl.Series(rows), "value", rule)
    with pytest.raises(TableError, match=r"1 more row breaks other rules"):
        rejects.check(0)


def test_one_person_with_one_row():
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [10]})
    timeline = rs.Timeline(persons, id="id", entry="entry", exit="exit").event("death", at="exit")
    assert "1 person;" in repr(timeline)
    assert "1 person, 1 row, 1 event" in repr(timeline.episodes("death"))
