"""Which counts must be hidden so that no small one is shown or follows from the others.

A ledger holds counts and the sums that tie them. Small counts are hidden first. Then an attacker is played: from all
that is shown, and from knowing that counts are whole and not negative, bounds of every hidden count are narrowed as
far as they go, and what linear algebra determines is found. Where a small count, or a sum of hidden ones that is
small itself, comes out, the smallest shown count of that sum is hidden as well, and the attack begins anew.

References
----------
Hundepool A et al., Statistical Disclosure Control, Wiley 2012, chapter 4 (secondary suppression, protection by bounds).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

import numpy as np

Key = tuple[Hashable, ...]
Term = tuple[int, Key]
SPARED = 3
"""From this rank on a count is hidden only where no other would do."""
_DETERMINED = 1e-7  # of a unit vector: below it a hidden count does not move in any solution of the sums


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


def hidden_of(ledger: Ledger) -> frozenset[Key]:
    """Choose what to hide.

    Parameters
    ----------
    ledger : Ledger

    Returns
    -------
    frozenset of keys
        Those that are not to be shown; what nothing shows in any case is not among them.

    Examples
    --------
    >>> ledger = Ledger(5)
    >>> keys = [ledger.put((name,), n) for name, n in (("a", 3), ("b", 20), ("c", 30))]
    >>> ledger.total(ledger.put(("all",), 53, rank=2), keys)
    >>> sorted(key[0] for key in hidden_of(ledger))
    ['a', 'b']
    """
    head = _heads(ledger)
    whole, ledger = ledger, _merged(ledger, head)
    hidden: set[Key] = set()
    for key in ledger.value:
        if key not in ledger.never_shown and ledger.small(key):
            _hide(ledger, hidden, key)
    by_key: dict[Key, list[int]] = {}
    for place, terms in enumerate(ledger.sums):
        for _, key in terms:
            by_key.setdefault(key, []).append(place)
    while True:
        chosen = _chosen(ledger, hidden, by_key)
        if not chosen:
            hidden = _released(ledger, hidden, by_key)
            return frozenset(k for k in whole.value if head[k] in hidden)
        for key in chosen:
            _hide(ledger, hidden, key)


def _released(ledger: Ledger, hidden: set[Key], by_key: dict[Key, list[int]]) -> set[Key]:
    """Show again what need not be hidden, the most important first: one choice can make an earlier one idle."""
    for key in sorted(hidden, key=lambda k: (-ledger.rank[k], -ledger.value[k], repr(k))):
        fewer = hidden - {key}
        bound = any(key in ledger.together.get(k, ()) for k in fewer)
        if not ledger.small(key) and not bound and not _chosen(ledger, fewer, by_key):
            hidden = fewer
    return hidden


def _heads(ledger: Ledger) -> dict[Key, Key]:
    """Choose one key of all that name the same count."""
    head: dict[Key, Key] = {key: key for key in ledger.value}

    def first(key: Key) -> Key:
        while head[key] != key:
            key = head[key]
        return key

    for a, b in ledger.equal:
        head[first(b)] = first(a)
    return {key: first(key) for key in head}


def _merged(ledger: Ledger, head: dict[Key, Key]) -> Ledger:
    """Write the ledger with one key for each count, and each sum once."""
    out = Ledger(ledger.least)
    for key, n in ledger.value.items():
        if key in ledger.never_shown:
            out.value[key] = n
            out.never_shown.add(key)
        else:
            out.put(head[key], n, ledger.rank[key])
    for key, others in ledger.together.items():
        out.together.setdefault(head[key], []).extend(head[k] for k in others)
    found: dict[frozenset[tuple[Key, int]], tuple[Term, ...]] = {}
    for terms in ledger.sums:
        added: dict[Key, int] = {}
        for a, key in terms:
            added[head[key]] = added.get(head[key], 0) + a
        kept = tuple((a, key) for key, a in added.items() if a)
        named = frozenset((key, a) for a, key in kept if key not in out.never_shown)
        if kept and named not in found:
            found[named] = kept
    out.sums = list(found.values())
    return out


def _hide(ledger: Ledger, hidden: set[Key], key: Key) -> None:
    waiting = [key]
    while waiting:
        one = waiting.pop()
        if one not in hidden and one not in ledger.never_shown:
            hidden.add(one)
            waiting += ledger.together.get(one, [])


def _chosen(ledger: Ledger, hidden: set[Key], by_key: dict[Key, list[int]]) -> list[Key]:
    """Choose one more count to hide for each that comes out, if any does."""
    bounds = narrowed(ledger, hidden)
    chosen: dict[Key, None] = {}

    def hide_one_of(found: Iterable[tuple[int, Key]]) -> None:
        """Hide the count nearest to what comes out, of lowest rank, smallest; one already chosen may do for both."""
        shown = {key: (ledger.rank[key], far, ledger.value[key], repr(key)) for far, key in found}
        if shown and not shown.keys() & chosen.keys():
            chosen[min(shown, key=shown.__getitem__)] = None

    for terms in ledger.sums:
        if _gives_away(ledger, terms, bounds):
            hide_one_of((0, key) for _, key in terms if _shown(ledger, key, bounds))
    for key, (low, high) in bounds.items():
        if low == high and ledger.small(key):
            hide_one_of(_behind(ledger, bounds, by_key, key))
    if not chosen:
        fixed = frozenset(_determined(ledger, bounds))
        known = bounds | {key: (ledger.value[key], ledger.value[key]) for key in fixed}
        for key in fixed:
            if ledger.small(key):
                hide_one_of(_behind(ledger, known, by_key, key))
    return list(chosen)


def _shown(ledger: Ledger, key: Key, bounds: dict[Key, tuple[float, float]]) -> bool:
    return key not in bounds and ledger.value[key] > 0


def _behind(
    ledger: Ledger, bounds: dict[Key, tuple[float, float]], by_key: dict[Key, list[int]], key: Key
) -> Iterator[tuple[int, Key]]:
    """Find the shown counts from which a hidden one comes out, each with the number of sums between."""
    seen: set[int] = set()
    front, far = {key}, 0
    while front:
        around: set[Key] = set()
        for place in sorted({p for k in front for p in by_key.get(k, [])} - seen):
            seen.add(place)
            keys = [k for _, k in ledger.sums[place]]
            if all(k not in bounds or bounds[k][0] == bounds[k][1] for k in keys):
                yield from ((far, k) for k in keys if _shown(ledger, k, bounds))
                around |= {k for k in keys if k in bounds}
        front, far = around, far + 1


def _gives_away(ledger: Ledger, terms: tuple[Term, ...], bounds: dict[Key, tuple[float, float]]) -> bool:
    """Say whether counts that are hidden one by one are small together, and their sum is known."""
    unknown = [(a, k) for a, k in terms if k in bounds and bounds[k][0] != bounds[k][1]]
    if not unknown or len({a for a, _ in unknown}) > 1:
        return False
    together = sum(ledger.value[k] for _, k in unknown)
    return 0 < together < ledger.least


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


def _determined(ledger: Ledger, bounds: dict[Key, tuple[float, float]]) -> Iterator[Key]:
    """Find what several sums together determine, though none does alone."""
    open_ = {k for k, (low, high) in bounds.items() if low != high}
    groups: list[tuple[set[Key], list[tuple[Term, ...]]]] = []
    for terms in ledger.sums:
        keys = {k for _, k in terms if k in open_}
        if not keys:
            continue
        joined, apart = [g for g in groups if g[0] & keys], [g for g in groups if not g[0] & keys]
        one = (keys.union(*(g[0] for g in joined)), [*(t for g in joined for t in g[1]), terms])
        groups = [*apart, one]
    for keys, sums in groups:
        order = {k: j for j, k in enumerate(sorted(keys, key=repr))}
        matrix = np.zeros((len(sums), len(order)))
        for i, terms in enumerate(sums):
            for a, key in terms:
                if key in order:
                    matrix[i, order[key]] += a
        _, sizes, rows = np.linalg.svd(matrix, full_matrices=False)
        spanned = rows[sizes > 1e-9 * max(sizes.max(), 1.0)]
        # a unit vector that lies in the span of the sums is a count that they fix
        fixed = (spanned**2).sum(axis=0) > 1 - _DETERMINED
        yield from (k for k, j in order.items() if fixed[j])
