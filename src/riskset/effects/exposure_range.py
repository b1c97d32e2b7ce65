"""Where the person-time lies along a continuous exposure: percentiles, a shared histogram, the baseline median."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW_VALUES: Final = 45  # a laboratory's reporting grid: each value has its own bin
BINS: Final = 24  # otherwise about so many, with round edges
DECIMALS: Final = 6
ON_GRID: Final = 0.9  # the rest are means of results of one day, or come from another laboratory
MULTIPLES: Final = (100, 50, 25, 20, 10, 5, 4, 3, 2, 1)  # of the last digit, that laboratories report in
ROUND_VALUES: Final = 12  # of a curve told in numbers: at most so many steps
ROUND_WIDTHS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


def weighted_percentile(values: Floats, weights: Floats, percent: float) -> float:
    """Find the smallest value at or below which ``percent`` of the weight lies.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_percentile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 50.0)
    2.0
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # A share that rounding puts a hair above the sum still belongs to the value that reaches it.
    k = int(np.searchsorted(reached, percent / 100.0 * reached[-1] * (1.0 - 1e-12)))
    return float(values[order][min(k, values.size - 1)])


def histogram_bins(values: Floats, low: float, high: float) -> Floats:
    """Choose edges of equal bins from ``low`` to ``high`` that no recorded value falls on.

    Values on a grid (a laboratory that reports 2.3, 2.4, ...) get a bin each where there are few, even if some lie
    between, as means of two results of one day do. Otherwise edges are round numbers, half a recorded digit lower,
    so that a value never wavers between two bins.

    Examples
    --------
    >>> import numpy as np
    >>> histogram_bins(np.array([2.2, 2.3, 2.3, 2.5]), 2.2, 2.5).round(3).tolist()
    [2.15, 2.25, 2.35, 2.45, 2.55]
    """
    shown = values[(values >= low) & (values <= high)]
    digit = _recorded_digit(shown)
    step = _grid(shown, digit)
    if step and (high - low) / step < FEW_VALUES:
        between = digit / 2.0 if step > digit else 0.0  # values between two grid points go to the upper one
        first, last = np.floor(low / step + 0.5 + 1e-9), np.floor(high / step + 0.5 + 1e-9)
        return step * (np.arange(first, last + 2.0) - 0.5) - between
    if not high > low:
        return np.array([low - 0.5, low + 0.5])
    raw = (high - low) / BINS
    scale = float(10.0 ** np.floor(np.log10(raw)))
    width = next(w for w in ROUND_WIDTHS if w * scale >= raw * (1.0 - 1e-9)) * scale
    if digit:
        width = max(round(width / digit), 1) * digit
    first, last = np.floor(low / width), np.ceil(high / width)
    edges = width * np.arange(first, last + 1.0) - digit / 2.0
    return edges if edges[-1] >= high else np.append(edges, edges[-1] + width)


def round_values(low: float, high: float) -> Floats:
    """Choose round values from ``low`` to ``high``, evenly spaced and few enough for a table.

    Examples
    --------
    >>> round_values(1.8, 3.07).tolist()
    [1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0]
    >>> round_values(2.0, 2.0).tolist()
    [2.0]
    """
    if not high > low:
        return np.array([low])
    power = int(np.floor(np.log10((high - low) / ROUND_VALUES)))
    candidates = ((m, p) for p in (power, power + 1) for m in (1, 2, 5))
    mantissa, power = next(
        (m, p) for m, p in candidates if (high - low) / (m * 10.0**p) <= ROUND_VALUES * (1 + 1e-9)
    )
    step = mantissa * 10.0**power
    counts = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1.0)
    return np.round(counts * step, max(0, -power))


def _grid(values: Floats, digit: float) -> float:
    """Find the coarsest grid that holds nearly all values; 0 where they are not recorded to a digit or all equal."""
    if not digit or np.unique(values).size < 2:
        return 0.0
    counted = np.round(values / digit).astype(np.int64)
    return digit * next(m for m in MULTIPLES if np.mean(counted % m == 0) >= ON_GRID)


def _recorded_digit(values: Floats) -> float:
    """Find the last digit to which all values are recorded; 0 where there is none."""
    for decimals in range(DECIMALS + 1):
        # a value that was converted, 3 x 0.1, may miss its decimal by rounding
        if np.allclose(np.round(values, decimals), values, rtol=1e-12, atol=1e-12):
            return 10.0**-decimals
    return 0.0


def baseline_median(data: pl.DataFrame, variable: str, id: str | None, entry: str | None) -> float:
    """Median over persons of the value in each one's first row; over rows, if persons are not known.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"id": [1, 1, 1, 2], "entry": [9, 0, 4, 0], "mg": [9.0, 2.0, 9.0, 3.0]})
    >>> baseline_median(rows, "mg", "id", "entry")
    2.5
    """
    if id is not None:
        first = data if entry is None else data.sort(entry, maintain_order=True)
        data = first.unique(id, keep="first", maintain_order=True)
    return float(np.median(data[variable].cast(pl.Float64).to_numpy()))
