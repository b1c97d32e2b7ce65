"""Counts, the sums that tie them, and the bounds that these set to what is hidden."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import inf

Key = tuple[Hashable, ...]
Term = tuple[int, Key]


@dataclass
class Ledger:
    """Counts by key, and sums of them that are nought.

    Parameters
    ----------
    least : int
        Counts from 1 to one less than this are small.
    """

    least: int
    value: dict[Key, int] = field(default_factory=dict[Key, int])
    rank: dict[Key, int] = field(default_factory=dict[Key, int])
    together: dict[Key, list[Key]] = field(
        default_factory=dict[Key, "list[Key]"]
    )  # what is hidden with a count
    never_shown: set[Key] = field(default_factory=set[Key])
    sums: list[tuple[Term, ...]] = field(default_factory=list["tuple[Term, ...]"])
    equal: list[tuple[Key, Key]] = field(default_factory=list[tuple[Key, Key]])

    def put(self, key: Key, n: int, rank: int = 1) -> Key:
        """Enter a count that is shown unless it must be hidden; of two that would do, that of lower rank goes."""
        self.value[key] = n
        self.rank[key] = max(rank, self.rank.get(key, 0))
        return key

    def total(self, whole: Key, parts: Iterable[Key]) -> None:
        """Say that parts make up a whole, but for a rest that nothing shows; parts that overlap say nothing."""
        listed = list(parts)
        rest = self.value[whole] - sum(self.value[p] for p in listed)
        if rest < 0 or not listed or listed == [whole]:
            return
        if not rest and len(listed) == 1:
            self.equal.append((whole, listed[0]))
            return
        terms = [(1, whole), *((-1, p) for p in listed)]
        if rest:
            key: Key = ("rest", len(self.sums))
            self.value[key] = rest
            self.never_shown.add(key)
            terms.append((-1, key))
        self.sums.append(tuple(terms))

    def near(self, keys: Iterable[Key]) -> None:
        """Say that the difference of any two of these counts may be a number of persons or events."""
        listed = sorted(dict.fromkeys(keys), key=lambda k: (self.value[k], repr(k)))
        for k, low in enumerate(listed):
            for high in listed[k + 1 :]:
                gap = self.value[high] - self.value[low]
                if gap >= self.least:
                    break
                if gap:
                    self.total(high, [low])

    def small(self, key: Key) -> bool:
        """Say whether a count is one that must not be known."""
        return 0 < self.value[key] < self.least


def narrowed(ledger: Ledger, hidden: Iterable[Key]) -> dict[Key, tuple[float, float]]:
    """Narrow the bounds of what is hidden by every sum, until nothing moves.

    Parameters
    ----------
    ledger : Ledger
    hidden : iterable of keys

    Returns
    -------
    dict
        Least and greatest value by key, of what is hidden and what nothing shows.
    """
    # a count that is hidden alone is not nought, since a nought need not be
    bounds: dict[Key, tuple[float, float]] = {
        k: (0.0 if k in ledger.together or not ledger.value[k] else 1.0, inf) for k in hidden
    }
    bounds |= dict.fromkeys(ledger.never_shown, (0.0, inf))
    tied = [terms for terms in ledger.sums if any(k in bounds for _, k in terms)]
    moved = True
    while moved:
        moved = False
        for terms in tied:
            moved |= _narrow(ledger, terms, bounds)
    return bounds


def _narrow(ledger: Ledger, terms: tuple[Term, ...], bounds: dict[Key, tuple[float, float]]) -> bool:
    """Narrow the bounds within one sum."""
    ranges: list[tuple[int, Key, float, float]] = []
    for a, key in terms:
        low, high = bounds.get(key, (ledger.value[key], ledger.value[key]))
        ranges.append((a, key, min(a * low, a * high), max(a * low, a * high)))
    moved = False
    for k, (a, key, _, _) in enumerate(ranges):
        if key not in bounds:
            continue
        least = -sum(r[3] for j, r in enumerate(ranges) if j != k)
        most = -sum(r[2] for j, r in enumerate(ranges) if j != k)
        low, high = (least, most) if a > 0 else (-most, -least)
        old = bounds[key]
        new = (max(old[0], low), min(old[1], high))
        if new != old:
            bounds[key] = new
            ranges[k] = (a, key, min(a * new[0], a * new[1]), max(a * new[0], a * new[1]))
            moved = True
    return moved


def components(ledger: Ledger, unknown: frozenset[Key]) -> list[tuple[set[Key], list[tuple[Term, ...]]]]:
    """Part the unknown counts into those that hang together, each with its sums.

    Parameters
    ----------
    ledger : Ledger
    unknown : frozenset of keys

    Returns
    -------
    list of (keys, sums)
    """
    groups: list[tuple[set[Key], list[tuple[Term, ...]]]] = []
    for terms in ledger.sums:
        keys = {k for _, k in terms if k in unknown}
        if not keys:
            continue
        joined, apart = [g for g in groups if g[0] & keys], [g for g in groups if not g[0] & keys]
        one = (keys.union(*(g[0] for g in joined)), [*(t for g in joined for t in g[1]), terms])
        groups = [*apart, one]
    return groups
