"""Laws of drug numbers, recurrent and composite events, splits, scales and batches, with a plain twin that must agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.episodes import Episodes, Timeline, check_episodes

IDS = ("a", "b", "c")
DAYS = st.integers(-15, 30)
STEP = 7


@dataclass(frozen=True)
class Raw:
    """Raw tables as lists of rows, and the settings of the drug."""

    exits: dict[str, int]
    labs: list[tuple[str, int, float]]
    supplies: list[tuple[str, int, int, str, float]]
    strokes: list[tuple[str, int]]
    deaths: dict[str, int]
    stockpile: bool
    by: bool
    grace: int


@st.composite
def raw_tables(draw: st.DrawFn) -> Raw:
    who = st.sampled_from(IDS)
    supply = st.tuples(
        who, DAYS, st.integers(1, 12), st.sampled_from("xyz"), st.sampled_from([0.1, 2.5, 10.0])
    )
    return Raw(
        {i: draw(st.integers(1, 25)) for i in IDS},
        draw(st.lists(st.tuples(who, DAYS, st.sampled_from([1.0, 2.4, 3.5])), max_size=10)),
        draw(st.lists(supply, max_size=8)),
        draw(st.lists(st.tuples(who, DAYS), max_size=7)),
        draw(st.dictionaries(who, st.integers(0, 28), max_size=3)),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.integers(0, 4)),
    )


def frame(rows: list[tuple], names: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=names, orient="row")


STATES = ("state", "ever", "drug", "cumulative days", "days since start", "dose")


def timeline(raw: Raw, states: tuple[str, ...] = STATES) -> Timeline:
    persons = pl.DataFrame(
        {
            "id": list(raw.exits),
            "entry": 0,
            "exit": list(raw.exits.values()),
            "died": [raw.deaths.get(i) for i in raw.exits],
            "born": [-20_000 - 700 * k for k in range(len(raw.exits))],
        },
        schema_overrides={"died": pl.Int64},
    )
    supplies = frame(
        raw.supplies,
        {"id": pl.String, "day": pl.Int64, "days": pl.Int64, "drug": pl.String, "dose": pl.Float64},
    )
    labs = frame(raw.labs, {"id": pl.String, "day": pl.Int64, "mg": pl.Float64})
    strokes = frame(raw.strokes, {"id": pl.String, "day": pl.Int64})
    built = Timeline(persons, id="id", entry="entry", exit="exit", carry=["born"])
    for state in states:
        if state == "drug" and not raw.by:
            continue
        built = built.drug(
            state.replace(" ", "_"),
            supplies,
            start="day",
            days_supply="days",
            stockpile=raw.stockpile,
            by="drug" if raw.by else None,
            dose="dose" if state == "dose" else None,
            state=state,  # type: ignore[arg-type]
            grace=raw.grace,
            step=STEP,
        )
    return (
        built.measure("mg", labs, time="day", value="mg", carry_forward=9)
        .event("stroke", strokes, time="day", recurrent=True)
        .event("death", at="died", ends_follow_up=True)
        .composite("either", ["stroke", "death"])
        .composite("any", ["stroke", "death"], recurrent=True)
        .state("history", after="stroke")
        .event("exit_", at="exit")
    )


@dataclass(frozen=True)
class Cover:
    """What one supply covers: (begin, end] of a drug at a dose."""

    begin: int
    end: int
    drug: str
    dose: float


def covers(raw: Raw, person: str) -> list[Cover]:
    """Lay supplies end to end, one after the other, as a pharmacist would."""
    own = {
        (d, n, k if raw.by else "", dose if True else 0.0) for i, d, n, k, dose in raw.supplies if i == person
    }
    if raw.by:
        together: dict[int, set[str]] = {}
        for day, _, drug, _ in own:
            together.setdefault(day, set()).add(drug)
        # two drugs on one day are "several", which sorts after the letters
        own_rows = [(d, n, "~several" if len(together[d]) > 1 else k, dose) for d, n, k, dose in own]
        # what has become equal by that stays two prescriptions: they were written apart
        rows = sorted(own_rows, key=lambda row: (row[0], row[2], row[1], row[3]))
    else:
        rows = sorted(own, key=lambda row: (row[0], row[2], row[1], row[3]))
    laid: list[Cover] = []
    before, empty = None, -math.inf
    for day, length, drug, dose in rows:
        if drug != before:
            empty = -math.inf
        begin = int(max(day, empty)) if raw.stockpile else day
        empty, before = begin + length, drug
        laid.append(Cover(begin, begin + length + raw.grace, drug, dose))
    if not raw.by:
        return laid
    ended: list[Cover] = []
    for k, cover in enumerate(laid):
        switch = next((rows[j][0] for j in range(k, len(laid)) if laid[j].drug != cover.drug), math.inf)
        if cover.begin < (end := min(cover.end, switch)):
            ended.append(replace(cover, end=int(end)))
    return ended


def on_day(raw: Raw, person: str, day: int) -> dict[str, Any]:
    """Say what is in force just after a day, straight from the rules."""
    laid = covers(raw, person)
    begun = [c for c in laid if c.begin <= day]
    now = [c for c in begun if day < c.end]
    covered = {k for c in laid for k in range(c.begin, min(c.end, day))}
    said: dict[str, Any] = {
        "state": "never" if not begun else "current" if now else "former",
        "ever": "ever" if begun else "never",
        "cumulative_days": float(len(covered)),
        "days_since_start": float(day - min(c.begin for c in begun)) if begun else None,
        "dose": math.fsum(c.dose for c in now),
    }
    if raw.by:
        name = now[0].drug.removeprefix("~") if now else "former"
        said["drug"] = name if begun else "never"
    return said


@settings(max_examples=25)
@given(raw_tables())
def test_plain_twin_says_the_same_of_drugs(raw: Raw):
    if not with_people(raw):
        return
    rows = timeline(raw).episodes("exit_").frame
    for row in rows.iter_rows(named=True):
        expected = on_day(raw, row["id"], int(row["entry"]))
        found = {name: row[name] for name in expected}
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            if isinstance(value, float):
                assert math.isclose(found[name], value, rel_tol=1e-9, abs_tol=1e-9), name
            else:
                assert found[name] == value, name
        # on every later day of the row a state is still the same, and a number at most a step out of date
        for day in range(int(row["entry"]) + 1, int(row["exit"])):
            later = on_day(raw, row["id"], day)
            for name in ("state", "ever", *(["drug"] if raw.by else [])):
                assert later[name] == row[name]
            assert math.isclose(later["dose"], row["dose"], abs_tol=1e-9)
            assert later["cumulative_days"] - row["cumulative_days"] < STEP


@settings(max_examples=25)
@given(raw_tables())
def test_plain_twin_says_the_same_of_recurrent_and_composite_events(raw: Raw):
    if not with_people(raw):
        return
    built = timeline(raw)
    end = {i: min([x, *([raw.deaths[i]] if i in raw.deaths else [])]) for i, x in raw.exits.items()}
    strokes = {i: sorted({d for j, d in raw.strokes if i == j}) for i in IDS}
    deaths = {i: d for i, d in raw.deaths.items() if 0 < d <= end[i]}
    for outcome, kinds in (
        ("stroke", strokes),
        ("any", {i: sorted({*strokes[i], *([deaths[i]] if i in deaths else [])}) for i in IDS}),
    ):
        if not any(e > 0 for e in end.values()):
            continue
        episodes = built.episodes(outcome)
        rows = episodes.frame
        for i in IDS:
            own = rows.filter(pl.col("id") == i)
            expected = [d for d in kinds[i] if 0 < d <= end[i]]
            assert own.filter(pl.col(outcome))["exit"].to_list() == expected
            assert (own["exit"] - own["entry"]).sum() == max(end[i], 0)
            for row in own.iter_rows(named=True):
                assert row[f"{outcome}_count"] == sum(0 < d <= row["entry"] for d in kinds[i])
                assert row["history"] == ("yes" if any(d <= row["entry"] for d in strokes[i]) else "no")
        if outcome == "any":
            fatal = rows.filter(pl.col("any_component") == "death")
            assert dict(fatal.select("id", "exit").rows()) == {i: float(d) for i, d in deaths.items()}
    if any(e > 0 for e in end.values()):
        first = built.episodes("either").frame
        for i in IDS:
            own = first.filter(pl.col("id") == i)
            days = [d for d in {*strokes[i], *([deaths[i]] if i in deaths else [])} if 0 < d <= end[i]]
            assert own["exit"].to_list()[-1:] == ([min([*days, end[i]])] if end[i] > 0 else [])
            assert own["either"].sum() == (1 if days else 0)


def with_people(raw: Raw) -> bool:
    return any(min(x, raw.deaths.get(i, x)) > 0 for i, x in raw.exits.items())


@settings(max_examples=25)
@given(raw_tables(), st.integers(1, 20_000))
def test_batches_are_the_same_as_at_once(raw: Raw, size: int):
    if not with_people(raw):
        return
    built = timeline(raw)
    for outcome in ("stroke", "either", "any"):
        once = built.episodes(outcome, provenance=True, since="born", unit="years")
        limited = built.episodes(outcome, provenance=True, since="born", unit="years", memory_limit=size)
        assert limited.frame.equals(once.frame)
        assert limited.audit == once.audit
        parts = [e.frame for e in built.episode_batches(outcome, memory_limit=size)]
        assert pl.concat(parts).equals(built.episodes(outcome).frame)


@settings(max_examples=25)
@given(raw_tables(), st.lists(st.integers(1, 24), min_size=1, max_size=4, unique=True).map(sorted))
def test_splitting_twice_is_splitting_once(raw: Raw, at: list[int]):
    if not with_people(raw):
        return
    base = timeline(raw, states=("state", "dose"))
    once = base.split("band", at=at)
    twice = once.split("again", at=at)
    for outcome in ("stroke", "either"):
        a, b = once.episodes(outcome).frame, twice.episodes(outcome).frame
        assert b.drop("again").equals(a)
        assert (b["again"].cast(pl.String) == b["band"].cast(pl.String)).all()
        # nothing is gained or lost, and unsplit rows come back by joining what differs in the band alone
        whole = base.episodes(outcome).frame
        assert joined(a.drop("band")).equals(joined(whole))
        assert a[outcome].sum() == whole[outcome].sum()


def joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Join neighbouring rows of a person that say the same."""
    states = [c for c in rows.columns if c not in ("entry", "exit")]
    event = next(c for c in rows.columns if rows.schema[c] == pl.Boolean)
    same = [
        pl.col(c).eq_missing(pl.col(c).shift()) for c in states if c != event and not c.endswith("_component")
    ]
    new = ~pl.all_horizontal(*same, ~pl.col(event).shift().fill_null(value=True))
    return (
        rows.with_columns(new.cum_sum().alias("group"))
        .group_by("group", maintain_order=True)
        .agg(pl.col("entry").first(), pl.col("exit").last(), *(pl.col(c).last() for c in states))
        .drop("group")
    )


@settings(max_examples=25)
@given(raw_tables(), st.integers(0, 25), st.randoms(use_true_random=False))
def test_what_is_dated_later_leaves_drug_numbers_and_counts_untouched(raw: Raw, day: int, chance):
    def disturbed(rows: list[tuple]) -> list[tuple]:
        later = [
            (r[0], day + 1 + chance.randrange(8), *r[2:])
            for r in rows
            if r[1] > day and chance.random() < 0.7
        ]
        return [r for r in rows if r[1] <= day] + later

    other = replace(
        raw,
        labs=disturbed(raw.labs),
        supplies=disturbed(raw.supplies),
        strokes=disturbed(raw.strokes),
        deaths={i: (d if d <= day else day + 1 + chance.randrange(8)) for i, d in raw.deaths.items()},
        exits={i: (x if x <= day else day + 1 + chance.randrange(8)) for i, x in raw.exits.items()},
    )
    if not (with_people(raw) and with_people(other)):
        return
    built = [timeline(r) for r in (raw, other)]
    for outcome in ("stroke", "either"):
        before, after = (by_day(b.episodes(outcome)) for b in built)
        early = {k: v for k, v in before.items() if k[1] <= day}
        assert early == {k: v for k, v in after.items() if k[1] <= day}


def by_day(episodes: Episodes) -> dict[tuple[str, int], tuple[object, ...]]:
    """Write rows of whole days as what they say of each person and day."""
    days: dict[tuple[str, int], tuple[object, ...]] = {}
    for row in episodes.frame.drop("born").iter_rows(named=True):
        who, entry, exit_, event = (row.pop(k) for k in ("id", "entry", "exit", episodes.event))
        row.pop(f"{episodes.event}_component", None)
        said = tuple(round(v, 9) if isinstance(v, float) else v for v in row.values())
        for day in range(int(entry) + 1, int(exit_) + 1):
            days[who, day] = (*said, event and day == exit_)
    return days


@settings(max_examples=25)
@given(raw_tables(), st.permutations(STATES))
def test_order_of_calls_plays_no_part(raw: Raw, order: list[str]):
    if not with_people(raw):
        return
    expected = timeline(raw).episodes("either").frame
    found = timeline(raw, states=tuple(order)).episodes("either").frame
    assert found.select(expected.columns).equals(expected)


@settings(max_examples=25)
@given(raw_tables())
def test_what_is_built_here_passes_the_check(raw: Raw):
    if not with_people(raw):
        return
    built = timeline(raw).split("band", at=[5, 12])
    for outcome, again in (("stroke", True), ("either", False)):
        episodes = built.episodes(outcome)
        report = check_episodes(episodes, "id", "entry", "exit", outcome, recurrent=again)
        assert not report.defects
        assert report.n_events == episodes.audit.events_out
        assert report.person_time == episodes.audit.person_days_out
