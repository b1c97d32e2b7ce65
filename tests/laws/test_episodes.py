"""Laws of the Timeline under Hypothesis, and a plain per-patient, per-day twin that must say the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.episodes import Episodes, Timeline

IDS = ("a", "b", "c")
DAYS = st.integers(-15, 30)
VALUES = st.one_of(st.none(), st.sampled_from([1.0, 2.0, 2.4, 3.5]))


@dataclass(frozen=True)
class Raw:
    """Raw tables as lists of rows."""

    exits: dict[str, int]
    labs: list[tuple[str, int, float | None]]
    prescriptions: list[tuple[str, int, int]]
    events: list[tuple[str, int]]
    carry_forward: int | None
    lag: int
    grace: int


@st.composite
def raw_tables(draw: st.DrawFn) -> Raw:
    who = st.sampled_from(IDS)
    exits = {i: draw(st.integers(1, 25)) for i in IDS}
    labs = draw(st.lists(st.tuples(who, DAYS, VALUES), max_size=14))
    lengths = st.integers(0, 12)
    spans = draw(st.lists(st.tuples(who, DAYS, lengths), max_size=8))
    events = draw(st.lists(st.tuples(who, DAYS), max_size=5))
    return Raw(
        exits,
        labs,
        [(i, d, d + n) for i, d, n in spans],
        events,
        draw(st.one_of(st.none(), st.integers(1, 20))),
        draw(st.integers(0, 6)),
        draw(st.integers(0, 5)),
    )


def frame(rows: list[tuple], names: dict[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=names, orient="row")


def labs_of(raw: Raw) -> pl.DataFrame:
    return frame(raw.labs, {"id": pl.String(), "day": pl.Int64(), "mg": pl.Float64()})


def timeline(
    raw: Raw,
    *,
    order: tuple[str, ...] = ("mg", "use"),
    labs: pl.DataFrame | None = None,
    lag: int | None = None,
) -> Timeline:
    persons = pl.DataFrame({"id": list(raw.exits), "entry": 0, "exit": list(raw.exits.values())})
    built = Timeline(persons, id="id", entry="entry", exit="exit")
    prescriptions = frame(raw.prescriptions, {"id": pl.String(), "start": pl.Int64(), "stop": pl.Int64()})
    for name in order:
        if name == "mg":
            built = built.measure(
                "mg",
                labs_of(raw) if labs is None else labs,
                time="day",
                value="mg",
                carry_forward=raw.carry_forward,
                lag=raw.lag if lag is None else lag,
            )
        else:
            built = built.drug("use", prescriptions, start="start", stop="stop", grace=raw.grace)
    return built.event("cve", frame(raw.events, {"id": pl.String(), "day": pl.Int64()}), time="day").event(
        "death", at="exit"
    )


def by_day(episodes: Episodes) -> dict[tuple[str, int], tuple[object, ...]]:
    """Write (entry, exit] rows of whole days as one state per person and day."""
    days: dict[tuple[str, int], tuple[object, ...]] = {}
    for row in episodes.frame.iter_rows(named=True):
        for day in range(int(row["entry"]) + 1, int(row["exit"]) + 1):
            assert (row["id"], day) not in days, "episodes overlap"
            event = row[episodes.event] and day == row["exit"]
            days[row["id"], day] = (row["mg"], row["use"], event)
    return days


def twin(raw: Raw, outcome: str) -> dict[tuple[str, int], tuple[object, ...]]:
    """Say for every person and day what is in force on it, straight from the rules, slowly."""
    days: dict[tuple[str, int], tuple[object, ...]] = {}
    for person, exit_ in raw.exits.items():
        after = [d for i, d in raw.events if i == person and d > 0] if outcome == "cve" else [exit_]
        end = min([exit_, *after])
        for day in range(1, end + 1):
            event = day == end and end in after
            days[person, day] = (value_on(raw, person, day), state_on(raw, person, day), event)
    return days


def value_on(raw: Raw, person: str, day: int) -> float | None:
    drawn: dict[int, list[float]] = {}
    for i, d, v in raw.labs:
        if i == person and v is not None:
            drawn.setdefault(d, []).append(v)
    # a value of day m is in force on days m + lag + 1 and later; on day 1 also if that day lies in the past
    usable = [m for m in drawn if m + raw.lag < day]
    if not usable:
        return None
    last = max(usable)
    if raw.carry_forward is not None and day > last + raw.lag + raw.carry_forward:
        return None
    return float(f"{math.fsum(drawn[last]) / len(drawn[last]):.9g}")


def state_on(raw: Raw, person: str, day: int) -> str:
    begun = [(a, b) for i, a, b in raw.prescriptions if i == person and a < day]
    if not begun:
        return "never"
    covered = any(day <= max(b, a + 1) + raw.grace for a, b in begun)
    return "current" if covered else "former"


@settings(max_examples=60)
@given(raw_tables())
def test_plain_twin_says_the_same(raw: Raw):
    built = timeline(raw)
    for outcome in ("cve", "death"):
        assert by_day(built.episodes(outcome)) == twin(raw, outcome)


@settings(max_examples=60)
@given(raw_tables())
def test_person_time_and_events_are_conserved(raw: Raw):
    built = timeline(raw)
    for outcome in ("cve", "death"):
        episodes = built.episodes(outcome)
        assert episodes.audit.balances
        rows = episodes.frame
        assert (rows["exit"] > rows["entry"]).all()
        for person, exit_ in raw.exits.items():
            own = rows.filter(pl.col("id") == person)
            # the first begins at 0, each begins where the last ended, and the last ends the clock
            assert own["entry"].to_list() == [0.0, *own["exit"].to_list()[:-1]]
            after = [d for i, d in raw.events if i == person and 0 < d <= exit_]
            happened = outcome == "death" or bool(after)
            assert own["exit"].to_list()[-1] == (min([exit_, *after]) if outcome == "cve" else exit_)
            assert own[outcome].to_list() == [False] * (own.height - 1) + [happened]


@settings(max_examples=60)
@given(raw_tables(), st.integers(0, 25), st.randoms(use_true_random=False))
def test_what_is_dated_later_leaves_what_is_earlier_untouched(raw: Raw, day: int, chance):
    def disturbed(rows: list[tuple]) -> list[tuple]:
        kept = [row for row in rows if row[1] <= day]
        return kept + [
            (row[0], day + 1 + chance.randrange(8), *row[2:])
            for row in rows
            if row[1] > day
            if chance.random() < 0.7
        ]

    later = Raw(
        raw.exits,
        disturbed(raw.labs),
        # a stop after the day belongs to the future too, as long as it stays after the day
        [
            (i, a, b if b <= day else max(a, day + chance.randrange(9)))
            for i, a, b in ((i, a, max(a, b)) for i, a, b in disturbed(raw.prescriptions))
        ],
        disturbed(raw.events),
        raw.carry_forward,
        raw.lag,
        raw.grace,
    )
    built = [timeline(r) for r in (raw, later)]
    for outcome in ("cve", "death"):
        before, after = (by_day(b.episodes(outcome)) for b in built)
        early = {k: v for k, v in before.items() if k[1] <= day}
        assert early == {k: v for k, v in after.items() if k[1] <= day}


@settings(max_examples=60)
@given(raw_tables(), st.randoms(use_true_random=False))
def test_order_of_rows_and_of_calls_plays_no_part(raw: Raw, chance):
    def shuffled(rows: list[tuple]) -> list[tuple]:
        return chance.sample(rows, len(rows))

    people = dict(chance.sample(list(raw.exits.items()), len(raw.exits)))
    other = Raw(
        people,
        shuffled(raw.labs),
        shuffled(raw.prescriptions),
        shuffled(raw.events),
        raw.carry_forward,
        raw.lag,
        raw.grace,
    )
    first, shuffled_rows, swapped_calls = timeline(raw), timeline(other), timeline(other, order=("use", "mg"))
    for outcome in ("cve", "death"):
        expected = first.episodes(outcome).frame
        assert shuffled_rows.episodes(outcome).frame.equals(expected)
        swapped = swapped_calls.episodes(outcome).frame
        assert swapped.select(expected.columns).equals(expected)


@settings(max_examples=60)
@given(raw_tables())
def test_lag_is_the_same_as_later_dates(raw: Raw):
    lagged = timeline(raw).episodes("death").frame
    shifted = labs_of(raw).with_columns(pl.col("day") + raw.lag)
    assert timeline(raw, labs=shifted, lag=0).episodes("death").frame.equals(lagged)


@settings(max_examples=60)
@given(raw_tables())
def test_persons_apart_are_persons_together(raw: Raw):
    together = timeline(raw).episodes("cve").frame
    apart = []
    for person, exit_ in raw.exits.items():
        own = Raw(
            {person: exit_},
            [r for r in raw.labs if r[0] == person],
            [r for r in raw.prescriptions if r[0] == person],
            [r for r in raw.events if r[0] == person],
            raw.carry_forward,
            raw.lag,
            raw.grace,
        )
        apart.append(timeline(own).episodes("cve").frame)
    assert pl.concat(apart).equals(together)


@settings(max_examples=60)
@given(raw_tables())
def test_at_entry_is_the_first_episode(raw: Raw):
    built = timeline(raw)
    first = built.episodes("death").frame.filter(pl.col("entry") == 0).select("id", "mg", "use")
    assert built.at_entry().equals(first)
    # fixed at entry, nothing after day 0 may speak
    past = Raw(
        raw.exits,
        [r for r in raw.labs if r[1] <= 0],
        [r for r in raw.prescriptions if r[1] <= 0],
        raw.events,
        raw.carry_forward,
        raw.lag,
        raw.grace,
    )
    assert timeline(past).at_entry().equals(built.at_entry())


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(IDS), st.integers(-20, 260), st.sampled_from([1.0, 2.0, 2.4])), max_size=14
    ),
    st.lists(st.tuples(st.sampled_from(IDS), st.integers(-20, 260)), max_size=8),
    st.dictionaries(st.sampled_from(IDS), st.integers(0, 9), max_size=3),
    st.integers(0, 30),
)
def test_nothing_of_the_day_of_an_event_known_by_date_explains_it(labs, starts, deaths, lag):
    # Hours since 2024-03-01 00:00, entry at 05:00; deaths by the number of their day.
    origin = pl.datetime(2024, 3, 1)
    persons = pl.DataFrame(
        {"id": IDS, "died": [deaths.get(i) for i in IDS]}, schema={"id": pl.String, "died": pl.Int64}
    )
    persons = persons.select(
        "id",
        (origin + pl.duration(hours=5)).alias("entry"),
        (origin + pl.duration(days=20, hours=3)).alias("exit"),
        (pl.date(2024, 3, 1) + pl.duration(days=pl.col("died"))).alias("died"),
    )

    def stamped(rows: list[tuple], names: dict[str, pl.DataType]) -> pl.DataFrame:
        return frame(rows, names).with_columns(
            (origin + pl.duration(hours=pl.col("hour"), minutes=7)).alias("hour")
        )

    def build(labs: list[tuple], starts: list[tuple]) -> pl.DataFrame:
        return (
            Timeline(persons, id="id", entry="entry", exit="exit", clock="time")
            .measure(
                "mg",
                stamped(labs, {"id": pl.String(), "hour": pl.Int64(), "mg": pl.Float64()}),
                time="hour",
                value="mg",
                lag=f"{lag} hours",
                carry_forward="2 days",
            )
            .drug("use", stamped(starts, {"id": pl.String(), "hour": pl.Int64()}), start="hour", stop=None)
            .event("death", at="died", ends_follow_up=True)
            .episodes("death")
            .frame
        )

    def earlier(rows: list[tuple]) -> list[tuple]:
        return [r for r in rows if r[0] not in deaths or r[1] < 24 * deaths[r[0]]]

    assert build(labs, starts).equals(build(earlier(labs), earlier(starts)))
