"""The last attack on what is hidden: integer programming over all sums at once.

The true counts solve the sums. A hidden count is safe where another solution in whole numbers, of what a reader can
know, gives it another value; each solution that is found shows this of many counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from riskset.study.mask_ledger import Key, Ledger, Term, components, narrowed

_SECONDS = 20.0
"""For one program: these take milliseconds, and one that did not end has shown nothing."""


def pinned(ledger: Ledger, hidden: Iterable[Key]) -> list[Key]:
    """Find the small counts that only one value fits.

    Parameters
    ----------
    ledger : Ledger
    hidden : iterable of keys
        What is not shown.

    Returns
    -------
    list of keys
        In no case a count of which another value was not looked for.
    """
    bounds = narrowed(ledger, hidden)
    found: list[Key] = []
    for keys, sums in components(ledger, frozenset(bounds)):
        small = [k for k in sorted(keys, key=repr) if ledger.small(k)]
        if small:
            found += _of_component(ledger, sorted(keys, key=repr), sums, bounds, small)
    return found


def _of_component(
    ledger: Ledger,
    keys: list[Key],
    sums: list[tuple[Term, ...]],
    bounds: dict[Key, tuple[float, float]],
    small: list[Key],
) -> Iterator[Key]:
    place = {k: j for j, k in enumerate(keys)}
    rows, columns, values, known = [], [], [], np.zeros(len(sums))
    for i, terms in enumerate(sums):
        for a, key in terms:
            if key in place:
                rows.append(i)
                columns.append(place[key])
                values.append(float(a))
            else:
                known[i] -= a * ledger.value[key]
    matrix = csr_array((values, (rows, columns)), shape=(len(sums), len(keys)))
    low = np.array([bounds[k][0] for k in keys])
    high = np.array([bounds[k][1] for k in keys])
    truth = np.array([ledger.value[k] for k in keys], dtype=float)
    open_ = set(small)
    for key in small:
        for sign in (-1.0, 1.0):
            if key not in open_:
                break
            goal = np.zeros(len(keys))
            goal[place[key]] = sign
            other = _solution(goal, matrix, known, low, high)
            if other is not None:
                open_ -= {k for k in open_ if abs(other[place[k]] - truth[place[k]]) > 0.5}
    yield from (k for k in small if k in open_)


def _solution(
    goal: NDArray[np.float64],
    matrix: csr_array,
    known: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    # without an upper end a program has no greatest value; far above every count there is another value anyway
    high = np.minimum(high, low + 1e6)
    answer = milp(
        goal,
        constraints=LinearConstraint(matrix, known, known),  # pyright: ignore[reportArgumentType] (arrays are what it is for)
        bounds=Bounds(low, high),  # pyright: ignore[reportArgumentType]
        integrality=np.ones(goal.size),
        options={"time_limit": _SECONDS},
    )
    return None if answer.x is None else np.asarray(answer.x, dtype=float)
