"""Linear recurrences over many times: products of small matrices, without inverses and without a loop over times.

``X_e = X_{e-1} M_e + B_e`` runs through times in blocks of about the square root of their number: all blocks take
a step together, then each block's result is carried into the next. A matrix that cannot be inverted, which is
what a state that empties gives, does no harm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def accumulate(steps: Floats, added: Floats, start: Floats, *, both_sides: bool = False) -> Floats:
    """Run ``X_e = X_{e-1} M_e + B_e``, or ``X_e = M_e' X_{e-1} M_e + B_e`` from both sides.

    Parameters
    ----------
    steps : ndarray (E, D, D)
        M_e.
    added : ndarray (E, R, D)
        B_e; R = D from both sides.
    start : ndarray (R, D)
        X before the first step.
    both_sides : bool
        Whether M_e' multiplies from the left too, as for a covariance.

    Returns
    -------
    ndarray (E, R, D)

    Examples
    --------
    >>> import numpy as np
    >>> half = np.full((3, 1, 1), 0.5)
    >>> accumulate(half, np.ones((3, 1, 1)), np.zeros((1, 1))).ravel()
    array([1.  , 1.5 , 1.75])
    """
    n, size = steps.shape[:2]
    if n == 0:
        return np.zeros((0, *start.shape))
    length = max(1, int(np.sqrt(n)))
    blocks = -(-n // length)
    padding = blocks * length - n
    identity = np.broadcast_to(np.eye(size), (padding, size, size))
    M = np.concatenate([steps, identity]).reshape(blocks, length, size, size)
    B = np.concatenate([added, np.zeros((padding, *start.shape))]).reshape(blocks, length, *start.shape)
    inner = np.empty_like(B)
    products = np.empty_like(M)
    X, P = np.zeros((blocks, *start.shape)), np.broadcast_to(np.eye(size), (blocks, size, size))
    for k in range(length):
        step = M[:, k]
        X = X @ step
        if both_sides:
            X = step.transpose(0, 2, 1) @ X
        X = X + B[:, k]
        P = P @ step
        inner[:, k], products[:, k] = X, P
    carried = np.empty((blocks, *start.shape))
    now = start
    for b in range(blocks):
        carried[b] = now
        last = products[b, -1]
        now = (last.T @ now @ last if both_sides else now @ last) + inner[b, -1]
    whole = carried[:, None] @ products
    if both_sides:
        whole = products.transpose(0, 1, 3, 2) @ whole
    return (whole + inner).reshape(blocks * length, *start.shape)[:n]


class Products:
    """Products of consecutive matrices between any two times, each from about 2 log2(E) of them.

    Parameters
    ----------
    steps : ndarray (E, D, D)
        M_0, ..., M_{E-1}.
    """

    def __init__(self, steps: Floats) -> None:
        size = steps.shape[1]
        self.levels = [steps]
        while self.levels[-1].shape[0] > 1:
            below = self.levels[-1]
            if below.shape[0] % 2:
                below = np.concatenate([below, np.eye(size)[None]])
                self.levels[-1] = below
            self.levels.append(below[0::2] @ below[1::2])

    def apply(self, vectors: Floats, begin: Ints, end: Ints) -> Floats:
        """Multiply each row vector by M_begin ... M_{end-1}; by nothing where ``end <= begin``.

        Examples
        --------
        >>> import numpy as np
        >>> doubling = Products(np.full((5, 1, 1), 2.0))
        >>> doubling.apply(np.ones((3, 1)), np.array([0, 1, 4]), np.array([5, 3, 4])).ravel()
        array([32.,  4.,  1.])
        """
        out = vectors.copy()
        low, high = begin.copy(), np.maximum(end, begin)
        later: list[tuple[Ints, Ints, Floats]] = []
        for level in self.levels:
            open_ = low < high
            if not open_.any():
                break
            here = np.flatnonzero(open_ & (low % 2 == 1))
            out[here] = _times(out[here], level[low[here]])
            low[here] += 1
            there = np.flatnonzero(open_ & (high % 2 == 1) & (high > low))
            high[there] -= 1
            later.append((there, high[there], level))
            low, high = low // 2, high // 2
        for rows, node, level in reversed(later):
            out[rows] = _times(out[rows], level[node])
        return out


def _times(vectors: Floats, matrices: Floats) -> Floats:
    return np.einsum("ns,nst->nt", vectors, matrices)
