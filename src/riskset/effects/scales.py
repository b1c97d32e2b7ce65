"""Additive scales of an interaction: of every pair, over persons drawn again, against a reference that was named."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.effects.additive import HEADLINE, Additive, Method, additive
from riskset.effects.additive_bootstrap import Resampled, resample, with_resampled
from riskset.effects.profiles import Level, require_level
from riskset.effects.ratios import inestimable, no_hazard_ratio, runs_off, without_events
from riskset.errors import FitError

Floats = NDArray[np.float64]
Cell = tuple[Level, Level]
Compared = tuple[Level, Level, Level, Level]  # exposure, its reference, modifier, its reference


@dataclass(frozen=True, slots=True)
class Scales:
    """What all additive scales of one interaction share.

    Parameters
    ----------
    fit : CoxFit
    exposure, modifier : str
    row : mapping of cell to float array (p,)
        The design's row of each joint cell.
    events : mapping of cell to int
    level : float
    headline : {"delta", "MOVER", "bootstrap"}
    """

    fit: CoxFit
    exposure: str
    modifier: str
    row: Mapping[Cell, Floats]
    events: Mapping[Cell, int]
    level: float
    headline: Method

    def of(self, compared: Compared) -> Additive:
        """Put one pair of exposure levels and one of modifier levels on the additive scale."""
        e, e_ref, m, m_ref = compared
        vectors = self.vectors(compared)
        reason = (
            without_events(self.fit, self.events, [(e_ref, m_ref), (e, m_ref), (e_ref, m), (e, m)])
            or no_hazard_ratio(self.fit, self.exposure, self.modifier)
            or inestimable(self.fit, vectors)
            or runs_off(self.fit, vectors)
        )
        if reason:
            return additive(compared, None, None, reason=reason)
        logs = vectors @ np.nan_to_num(self.fit.params)
        covariance = vectors @ self.fit.cov_params() @ vectors.T
        return additive(compared, logs, covariance, level=self.level, headline=self.headline)

    def vectors(self, compared: Compared) -> Floats:
        """Combine coefficients to log HR10, log HR01 and log HR11, shape (3, p)."""
        e, e_ref, m, m_ref = compared
        return np.array(
            [self.row[cell] - self.row[e_ref, m_ref] for cell in ((e, m_ref), (e_ref, m), (e, m))]
        )

    def bootstrapped(
        self,
        plain: list[Additive],
        n: int,
        rng: np.random.Generator | None,
        progress: Callable[[int, int], None] | None,
    ) -> tuple[list[Additive], tuple[Resampled, ...]]:
        """Add the bootstrap's intervals to every scale that is defined."""
        if rng is None:
            raise FitError(
                "a bootstrap draws at random", where="rng", remedy="Give rng=np.random.default_rng(a seed)."
            )
        defined = [a for a in plain if a.log_hazard_ratios is not None]
        if not defined:
            return plain, ()
        vectors = np.array([self.vectors(a.compared) for a in defined])
        drawn = resample(self.fit, vectors, n, rng=rng, level=self.level, progress=progress)
        each = iter(drawn)
        first = self.headline == "bootstrap"
        return [
            a if a.log_hazard_ratios is None else with_resampled(a, next(each), headline=first) for a in plain
        ], drawn

    def recoded(
        self,
        asked: list[Compared],
        named: Cell,
        exposures: tuple[Level, ...],
        modifiers: tuple[Level, ...],
    ) -> tuple[Additive, ...]:
        """Give the scales once more, against a joint reference that was named beforehand."""
        reference = (
            require_level(self.exposure, named[0], exposures),
            require_level(self.modifier, named[1], modifiers),
        )
        shown: list[Additive] = []
        plain = Scales(
            self.fit, self.exposure, self.modifier, self.row, self.events, self.level,
            HEADLINE if self.headline == "bootstrap" else self.headline,
        )  # fmt: skip
        for e, e_ref, m, m_ref in asked:
            if reference[0] in {e, e_ref} and reference[1] in {m, m_ref}:
                sides = (e, e_ref) if reference[0] == e_ref else (e_ref, e)
                strata = (m, m_ref) if reference[1] == m_ref else (m_ref, m)
                shown.append(plain.of((*sides, *strata)))
        if not shown:
            raise FitError("the joint reference is none of the cells that are compared", where="recode")
        return tuple(shown)
