"""Running sums over the event times of each stratum, and sums over risk sets without subtraction."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from riskset.kernel.arrays import Floats, Ints, Slots


def runs(base: Ints) -> Iterator[tuple[slice, int] | tuple[Ints, int]]:
    """Strata with the same number L of slots, as an index of shape (strata x L) in running order.

    Strata of one length are summed together, so that thousands of small strata (matched sets) cost no more
    than the number of their distinct lengths.
    """
    length = np.diff(base)
    if length.size == 1:
        yield slice(0, int(length[0])), int(length[0])
        return
    order = np.argsort(length, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(length[order])) + 1):
        size = int(length[group[0]])
        if size > 1:
            yield (base[group][:, None] + np.arange(size)).ravel(), size


def backward_sums(increments: Floats, base: Ints) -> None:
    """Replace each slot by the sum over it and the later slots of its stratum, in place."""
    for place, size in runs(base):
        rows = increments[place]
        block = rows.reshape(len(rows) // size, size, *rows.shape[1:])[:, ::-1]
        increments[place] = np.cumsum(block, axis=1)[:, ::-1].reshape(rows.shape)


def forward_sums(increments: Floats, base: Ints) -> None:
    """Replace each slot by the sum over it and the earlier slots of its stratum, in place."""
    for place, size in runs(base):
        rows = increments[place]
        block = rows.reshape(len(rows) // size, size, *rows.shape[1:])
        increments[place] = np.cumsum(block, axis=1).reshape(rows.shape)


def backward_maximum(values: Floats, base: Ints) -> Floats:
    """Largest absolute value over each slot and the later slots of its stratum."""
    result = np.abs(values)
    for place, size in runs(base):
        block = result[place].reshape(-1, size)[:, ::-1]
        result[place] = np.maximum.accumulate(block, axis=1)[:, ::-1].ravel()
    return result


def direct_sums(
    slots: Ints, lo: Slots, hi: Slots, risk: Floats, X: Floats, centre: Floats | None = None
) -> tuple[Floats, Floats]:
    """Sum risk and risk-weighted covariates over the rows at risk at the given slots, by additions alone.

    Each row's run of slots is cut into O(log n) dyadic intervals; a row adds to each interval once, and
    sums pass from an interval down to its halves. No large number is ever subtracted.

    Parameters
    ----------
    slots : int array (F,)
        Slots wanted, increasing.
    lo, hi : int32 arrays (n,)
        The index of the rows.
    risk : float array (n,)
    X : float array (n, p)
    centre : float array (p,), optional
        To be subtracted from X.

    Returns
    -------
    S0 : float array (F,)
    S1 : float array (F, p)
    """
    left = np.searchsorted(slots, lo, side="right")
    right = np.searchsorted(slots, hi, side="right")
    rows = np.flatnonzero(right > left)
    levels = max(int(np.ceil(np.log2(max(slots.size, 1)))), 0)
    leaves = 1 << levels
    left, right, risk, X = left[rows] + leaves, right[rows] + leaves, risk[rows], X[rows]
    if centre is not None:
        X = X - centre
    s0 = np.zeros(2 * leaves)
    s1 = np.zeros((2 * leaves, X.shape[1]))

    def add(node: Ints, chosen: Ints) -> None:
        if chosen.size:
            scatter = sparse.csr_array((risk[chosen], (node, chosen)), shape=(2 * leaves, rows.size))
            s0[:] += scatter.sum(axis=1)
            s1[:] += scatter @ X

    # The usual walk of a segment tree from the leaves up, for all rows at once.
    while rows.size and (left < right).any():
        odd = np.flatnonzero((left < right) & (left % 2 == 1))
        add(left[odd], odd)
        left[odd] += 1
        odd = np.flatnonzero((left < right) & (right % 2 == 1))
        right[odd] -= 1
        add(right[odd], odd)
        left //= 2
        right //= 2
    for level in range(levels):
        parent = np.arange(1 << level, 2 << level)
        for child in (2 * parent, 2 * parent + 1):
            s0[child] += s0[parent]
            s1[child] += s1[parent]
    return s0[leaves : leaves + slots.size], s1[leaves : leaves + slots.size]


def interval_sums(increments: Floats, lo: Slots | Ints, hi: Slots | Ints) -> Floats:
    """Sum increments (n_slots,) or (n_slots, p) over the slots lo < k <= hi, by additions alone.

    The counterpart of `direct_sums`: there rows add to slots, here slots add to rows, over the same dyadic
    intervals.

    Examples
    --------
    >>> import numpy as np
    >>> interval_sums(np.array([0.0, 1e300, 1.0, 2.0]), np.array([1, 0]), np.array([3, 1]))
    array([3.e+000, 1.e+300])
    """
    leaves = 1 << max(increments.shape[0] - 1, 0).bit_length()
    tree = np.zeros((2 * leaves, *increments.shape[1:]))
    tree[leaves : leaves + increments.shape[0]] = increments
    size = leaves
    while size > 1:
        size //= 2
        tree[size : 2 * size] = tree[2 * size : 4 * size : 2] + tree[2 * size + 1 : 4 * size : 2]
    left, right = lo.astype(np.int64) + 1 + leaves, hi.astype(np.int64) + 1 + leaves
    total = np.zeros((left.size, *increments.shape[1:]))
    while (left < right).any():
        odd = np.flatnonzero((left < right) & (left % 2 == 1))
        total[odd] += tree[left[odd]]
        left[odd] += 1
        odd = np.flatnonzero((left < right) & (right % 2 == 1))
        right[odd] -= 1
        total[odd] += tree[right[odd]]
        left //= 2
        right //= 2
    return total
