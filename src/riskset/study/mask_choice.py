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

from collections.abc import Iterable, Iterator

import numpy as np

from riskset.study.mask_attack import pinned
from riskset.study.mask_ledger import Key, Ledger, Term, components, narrowed

_DETERMINED = 1e-7  # of a unit vector: below it a hidden count does not move in any solution of the sums


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
            break
        for key in chosen:
            _hide(ledger, hidden, key)
    hidden = _released(ledger, hidden, by_key)
    while more := [
        *_chosen(ledger, hidden, by_key),
        *_against(ledger, hidden, by_key, pinned(ledger, hidden)),
    ]:
        for key in more:
            _hide(ledger, hidden, key)
    return frozenset(k for k in whole.value if head[k] in hidden)


def _against(
    ledger: Ledger, hidden: set[Key], by_key: dict[Key, list[int]], found: Iterable[Key]
) -> Iterator[Key]:
    """Choose what else to hide for counts that only one value fits: the nearest that is shown."""
    unknown = dict.fromkeys([*hidden, *ledger.never_shown], (0.0, 0.0))
    for key in found:
        shown = {
            k: (ledger.rank[k], far, ledger.value[k], repr(k))
            for far, k in _behind(ledger, unknown, by_key, key)
        }
        if shown:
            yield min(shown, key=shown.__getitem__)


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


def _determined(ledger: Ledger, bounds: dict[Key, tuple[float, float]]) -> Iterator[Key]:
    """Find what several sums together determine, though none does alone."""
    open_ = frozenset(k for k, (low, high) in bounds.items() if low != high)
    for keys, sums in components(ledger, open_):
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
