"""Rows that came from elsewhere: each kind of defect is named, with the rows as they were given."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import riskset as rs
from riskset.errors import EpisodeError

NAMES = {"id": "id", "entry": "t0", "exit": "t1", "event": "dead"}


def rows(*given: tuple) -> pl.DataFrame:
    return pl.DataFrame(
        given, schema={"id": pl.Int64, "t0": pl.Float64, "t1": pl.Float64, "dead": pl.Int64}, orient="row"
    )


def kinds(report: rs.episodes.EpisodeCheck) -> dict[str, tuple[int, ...]]:
    return {defect.kind: defect.rows for defect in report.defects}


def test_good_rows_have_no_defect():
    report = rs.check_episodes(rows((2, 0, 9, 1), (1, 5, 9, 0), (1, 0, 5, 0)), **NAMES)
    assert report.ok
    assert (report.n_persons, report.n_rows, report.n_events, report.person_time) == (2, 3, 1, 18.0)
    assert repr(report).endswith("no defect")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(1, 0, 5, 0), (1, 4, 9, 0)], {"overlap": (3,)}),
        ([(1, 4, 9, 0), (1, 0, 5, 0)], {"overlap": (2,)}),  # in any order
        ([(1, 0, 20, 0), (1, 4, 9, 0), (1, 10, 12, 0)], {"overlap": (3, 4)}),  # within a long one
        ([(1, 0, 5, 0), (1, 7, 9, 0)], {"gap": (3,)}),
        ([(1, 0, 0, 0)], {"zero length": (2,)}),
        ([(1, 5, 4, 0)], {"negative length": (2,)}),
        ([(1, 0, 5, 0), (1, 0, 5, 0)], {"duplicate": (3,)}),
        ([(1, 0, 5, 1), (1, 5, 9, 0)], {"event before the end": (3,)}),
        ([(1, 0, 5, None), (None, 0, 5, 0), (2, 0, None, 0)], {"missing": (2, 3, 4)}),
        ([(1, 0, 5, 2)], {"missing": (2,)}),
        ([(1, 0, float("inf"), 0)], {"missing": (2,)}),
    ],
)
def test_defect(given: list[tuple], expected: dict):
    report = rs.check_episodes(rows(*given), **NAMES)
    assert kinds(report) == expected
    assert report.ok == (set(expected) == {"gap"})
    assert report.table()["kind"].to_list() == list(expected)


def test_a_recurrent_event_may_come_again():
    given = rows((1, 0, 5, 1), (1, 5, 9, 1))
    assert rs.check_episodes(given, **NAMES, recurrent=True).ok
    assert not rs.check_episodes(given, **NAMES).ok


def test_delayed_entry_is_counted_and_no_defect():
    report = rs.check_episodes(rows((1, 50, 60, 0), (2, 55, 60, 1)), **NAMES)
    assert report.ok
    assert report.n_late == 1


def test_dates_and_pandas_come_in():
    frame = pl.DataFrame(
        {"id": ["a"], "t0": [date(2024, 1, 1)], "t1": [date(2024, 1, 11)], "dead": [True]}
    ).to_pandas()
    assert rs.check_episodes(frame, **NAMES).n_events == 1


def test_what_cannot_be_read_is_refused():
    with pytest.raises(EpisodeError, match="'t9' does not exist"):
        rs.check_episodes(rows((1, 0, 5, 0)), **(NAMES | {"exit": "t9"}))
    with pytest.raises(EpisodeError, match="must hold numbers"):
        rs.check_episodes(rows((1, 0, 5, 0)).with_columns(pl.lit("x").alias("dead")), **NAMES)


def test_no_id_and_no_time_is_shown():
    report = rs.check_episodes(rows((987654, 123456, 123456, 0)), **NAMES)
    assert "987654" not in repr(report)
    assert "123456" not in repr(report)


def test_episodes_know_their_event_and_other_rows_must_say_it():
    people = pl.DataFrame({"id": [1, 2], "entry": 0, "exit": [5, 9]})
    built = (
        rs.Timeline(people, id="id", entry="entry", exit="exit").event("death", at="exit").episodes("death")
    )
    assert rs.check_episodes(built, id="id").n_events == 2
    with pytest.raises(EpisodeError, match="nothing says which column is the event"):
        rs.check_episodes(built.frame, id="id")
