"""Look-backs beside plain loops, and the law that what is dated after index decides nothing."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.cohort import covered_before, event_before, first_dates, observed_before

PERSONS = pl.DataFrame({"id": ["a", "b", "c"], "in": [50, 60, 70]})
days = st.integers(0, 120)
rows = st.lists(st.tuples(st.sampled_from("abcd"), days, st.integers(0, 40)), min_size=1, max_size=12)
reach = st.one_of(st.none(), st.integers(1, 60))


@settings(max_examples=15, deadline=None)
@given(rows, reach)
def test_beside_plain_loops(found: list[tuple[str, int, int]], within: int | None) -> None:
    table = pl.DataFrame(
        {"id": [r[0] for r in found], "start": [r[1] for r in found], "stop": [r[1] + r[2] for r in found]}
    )
    events = event_before(PERSONS, table, id="id", index="in", time="start", within=within)
    use = covered_before(PERSONS, table, id="id", index="in", start="start", stop="stop", within=within)
    for (person, index), event, used in zip(PERSONS.iter_rows(), events, use, strict=True):
        mine = [(start, start + length) for who, start, length in found if who == person]
        first = -1 if within is None else index - within
        assert event == any(first <= start <= index for start, _ in mine)
        assert used == any(start < index and stop >= first for start, stop in mine)
    earliest = {who: min(start for w, start, _ in found if w == who) for who, _, _ in found}
    assert dict(first_dates(table, id="id", time="start").iter_rows()) == earliest


@settings(max_examples=15, deadline=None)
@given(rows, rows, reach)
def test_what_is_dated_after_index_decides_nothing(
    found: list[tuple[str, int, int]], later: list[tuple[str, int, int]], within: int | None
) -> None:
    index = dict(PERSONS.iter_rows())
    past = [r for r in found if r[1] <= index.get(r[0], 0)] or [("d", 0, 0)]
    future = [(who, index.get(who, 0) + 1 + start, length) for who, start, length in later]

    def ask(records: list[tuple[str, int, int]]) -> list[list[bool]]:
        table = pl.DataFrame(
            {
                "id": [r[0] for r in records],
                "start": [r[1] for r in records],
                "stop": [r[1] + r[2] for r in records],
            }
        )
        event = event_before(PERSONS, table, id="id", index="in", time="start", within=within)
        used = covered_before(PERSONS, table, id="id", index="in", start="start", stop="stop", within=within)
        return [event.to_list(), used.to_list()]

    assert ask([*past, *future]) == ask(past)


def test_records_must_reach_back_to_the_day() -> None:
    persons = pl.DataFrame({"in": [100, 100, 100], "since": [70, 71, None]})
    assert observed_before(persons, index="in", within=30, since_column="since").to_list() == [
        True,
        False,
        False,
    ]
