"""What a timeline gives for an outcome: its episodes at once, or batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from riskset.episodes.batches import batches, event_of, limit_bytes, part_of
from riskset.episodes.episodes import Episodes, Wanted, build_episodes, joined
from riskset.episodes.events import Event
from riskset.episodes.parts import Parts
from riskset.episodes.words import audit_lines
from riskset.errors import EpisodeError
from riskset.tables import nearest

# Without a limit: arrays of this size are made again from the same memory, at half the time of fresh ones.
NEAR = "256 MiB"


def wanted_of(
    parts: Parts, outcome: str, competing: Sequence[str], since: str | None, unit: str, *, provenance: bool
) -> Wanted:
    """Look up the events asked for.

    Parameters
    ----------
    parts : Parts
    outcome : str
    competing : sequence of str
    since : str or None
    unit : str
    provenance : bool

    Returns
    -------
    Wanted

    Raises
    ------
    EpisodeError
        If there is no such event, or an event would compete with itself.
    """
    names = [competing] if isinstance(competing, str) else list(competing)
    event = _named(parts, outcome)
    for name in names:
        if name == outcome or name in event.components:
            raise EpisodeError(
                f"'{name}' is part of the outcome and cannot compete with it",
                where=f"episodes('{outcome}')",
                remedy="Name other events as competing.",
            )
    return Wanted(event, tuple(_named(parts, name) for name in names), since, unit, provenance)


def _named(parts: Parts, name: str) -> Event:
    named = {event.name: event for event in parts.events}
    if name not in named:
        remedy = nearest(name, list(named)) if named else "Add it with event(...)."
        raise EpisodeError(f"there is no event '{name}'", where="episodes", remedy=remedy)
    return named[name]


def episodes_of(parts: Parts, wanted: Wanted, memory_limit: str | float | None) -> Episodes:
    """Cut each person's follow-up into (entry, exit] rows for one outcome.

    Parameters
    ----------
    parts : Parts
    wanted : Wanted
    memory_limit : str or float, optional

    Returns
    -------
    Episodes
    """
    built = [build_episodes(*some) for some in _pieces(parts, wanted, memory_limit or NEAR)]
    return joined(built, parts.notes)


def batches_of(parts: Parts, wanted: Wanted, memory_limit: str | float) -> Iterator[Episodes]:
    """Build batch by batch, for rows that need not be in memory together.

    Parameters
    ----------
    parts : Parts
    wanted : Wanted
    memory_limit : str or float

    Yields
    ------
    Episodes
        Of some persons each, with the accounts of these.
    """
    for some, want in _pieces(parts, wanted, memory_limit):
        built = build_episodes(some, want)
        yield replace(built, audit=replace(built.audit, lines=audit_lines(built.audit)))


def _pieces(parts: Parts, wanted: Wanted, memory_limit: str | float) -> Iterator[tuple[Parts, Wanted]]:
    for first, last in batches(parts, limit_bytes(memory_limit)):
        some = part_of(parts, first, last)
        whole = (first, last) == (0, parts.persons.n)
        competing = tuple(e if whole else event_of(e, first, last) for e in wanted.competing)
        outcome = wanted.outcome if whole else event_of(wanted.outcome, first, last)
        yield some, replace(wanted, outcome=outcome, competing=competing)
