"""Risk-set moments where linear predictors are hundreds apart, beyond what one scale of exp() can hold.

Rows are sorted into bands of eta, each WIDTH deep, and each band has a scale of its own: r_i is
w exp(eta_i - top + WIDTH band_i), between exp(-WIDTH) and 1. Each event time is on the scale of the highest band
with a row at risk, its level. Bands far below a time's level add nothing to its sums that a number could show, and
a row is never in a band above the level of a time at which it is at risk, so that no product overflows: with
h_k on the scale of its time, the curvature of a row in band b is

    v_i = r_i sum over its times of h_k exp(-WIDTH (b - level_k)).

All else in the likelihood and its derivatives are ratios within one event time, which no scale changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from riskset.kernel.arrays import Bools, Floats, Ints
from riskset.kernel.index import EventTimeIndex

# exp(-300) squared, as the information has it, is still an ordinary number.
WIDTH = 300.0
# Each band is a pass over its rows and the event times. A model with more of them than this is on its way to
# nowhere; its likelihood is reported as none, and Newton's method takes a shorter step.
MOST = 64


@dataclass(frozen=True, slots=True)
class Bands:
    """Scales of rows and event times.

    Attributes
    ----------
    row : int array (n,)
        Band of each row, 0 the highest.
    level : int array (D,)
        Highest band at risk at each event time.
    risk : float array (n,)
        w exp(eta) of each row on the scale of its band.
    """

    row: Ints
    level: Ints
    risk: Floats

    def each(self) -> Iterator[tuple[int, Ints]]:
        """Bands that have rows, from the highest, with their rows."""
        for band in np.unique(self.row):
            yield int(band), np.flatnonzero(self.row == band)

    def seen_from(self, band: int | Ints, at: Ints | slice = slice(None)) -> Floats:
        """exp(-WIDTH (band - level)) at the event times; zero where the level is below the band."""
        below = band - self.level[at]
        return np.where(below < 0, 0.0, np.exp(-WIDTH * np.maximum(below, 0)))


def make_bands(
    index: EventTimeIndex,
    eta: Floats,
    sums: Callable[[Ints, Floats], tuple[Floats, Floats]],
    p: int,
) -> tuple[Bands, Floats, Floats] | None:
    """Sum risks over the risk sets by bands; None if there are too many of them.

    Parameters
    ----------
    index : EventTimeIndex
    eta : float array (n,)
        Minus their maximum.
    sums : callable
        Takes rows and their risks; returns the sums of risk and of risk x over those of them at risk at each
        event time, (D,) and (D, p), exactly zero where none is.
    p : int
        Number of covariates.

    Returns
    -------
    bands : Bands
    S0, S1 : float arrays (D,), (D, p)
        On the scale of each event time.
    """
    row = np.floor(-eta / WIDTH).astype(np.int64)
    if np.unique(row).size > MOST:
        return None
    risk = np.exp(eta + WIDTH * row)
    if index.weight is not None:
        risk *= index.weight
    unset = np.iinfo(np.int64).max
    level = np.full(index.event_slot.size, unset)
    S0, S1 = np.zeros(level.size), np.zeros((level.size, p))
    for band in np.unique(row):
        own = np.flatnonzero(row == band)
        s0, s1 = sums(own, risk[own])
        new: Bools = (level == unset) & (s0 > 0)
        level[new] = band
        share = np.where(s0 > 0, np.exp(-WIDTH * np.maximum(band - level, 0)), 0.0)
        S0 += share * s0
        S1 += share[:, None] * s1
    return Bands(row=row, level=level, risk=risk), S0, S1
