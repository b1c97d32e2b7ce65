"""Standardised risks as tables: estimates, their standard errors and limits, differences and ratios."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from riskset.cox import Bootstrap
from riskset.effects.standardise_bootstrap import Replicates
from riskset.effects.standardise_estimate import Standardised

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scale = Literal["plain", "log", "log-log"]

FEWEST: Final = 50  # defined replicates under which no percentile is read
NUMBERS: Final = ("estimate", "std_error", "lower", "upper")


@dataclass(frozen=True, slots=True)
class Sampled:
    """Risk and time lost (values, 2, T), and how they vary with the persons.

    Attributes
    ----------
    values : float array (values, 2, T)
    influence : float array (n, values, 2, T) or None
    replicates : float array (replicates, values, 2, T) or None
    """

    values: Floats
    influence: Floats | None
    replicates: Floats | None

    @classmethod
    def of(cls, found: Standardised, drawn: Replicates | None) -> Sampled:
        """Put estimates and what their limits come from together."""
        values = np.stack([found.risk, found.lost], axis=1)
        return cls(values, found.influence, None if drawn is None else drawn.values)

    def at(self, places: Ints) -> Sampled:
        """Choose some of the times."""
        return Sampled(self.values[..., places], _of(self.influence, places), _of(self.replicates, places))

    def level(self, v: int, kind: int) -> _Quantity:
        """Take risk (0) or time lost (1) under a value of the exposure."""
        one = (v, kind, slice(None))
        return _Quantity(self.values[one], _of(self.influence, one), _of(self.replicates, one))


def _of(x: Floats | None, where: Any) -> Floats | None:
    return None if x is None else x[(..., *where)] if isinstance(where, tuple) else x[..., where]


@dataclass(frozen=True, slots=True)
class _Quantity:
    """One quantity at T times, with influence (n, T) or replicates (replicates, T)."""

    estimate: Floats
    influence: Floats | None
    replicates: Floats | None

    def less(self, other: _Quantity) -> _Quantity:
        return _Quantity(
            self.estimate - other.estimate,
            None if self.influence is None or other.influence is None else self.influence - other.influence,
            None
            if self.replicates is None or other.replicates is None
            else self.replicates - other.replicates,
        )

    def over(self, other: _Quantity) -> _Quantity:
        """Ratio; the influence is that on its logarithm."""
        with np.errstate(divide="ignore", invalid="ignore"):
            influence = replicated = None
            if self.influence is not None and other.influence is not None:
                influence = self.influence / self.estimate - other.influence / other.estimate
            if self.replicates is not None and other.replicates is not None:
                replicated = self.replicates / other.replicates
            return _Quantity(self.estimate / other.estimate, influence, replicated)

    def taken_from(self, whole: Floats) -> _Quantity:
        return _Quantity(
            whole - self.estimate,
            None if self.influence is None else -self.influence,
            None if self.replicates is None else whole - self.replicates,
        )

    def limits(self, level: float, scale: Scale) -> tuple[Floats, Floats, Floats]:
        """Give standard error, lower and upper limit; NaN where they are not known."""
        x = self.estimate
        nothing = np.full(x.size, np.nan)
        if self.replicates is not None:
            boot = Bootstrap(x, self.replicates, ())
            defined = (~np.isnan(self.replicates)).sum(axis=0) >= min(FEWEST, self.replicates.shape[0])
            limits = np.where(defined[:, None], boot.interval(level), np.nan)
            with np.errstate(all="ignore"):
                spread = Bootstrap(x, np.log(self.replicates), ()) if scale == "log" else boot
            return np.where(defined, spread.std_error, np.nan), limits[:, 0], limits[:, 1]
        if self.influence is None:
            return nothing, nothing, nothing
        se = np.sqrt((self.influence**2).sum(axis=0))
        z = float(ndtri(0.5 + level / 2))
        with np.errstate(all="ignore"):
            if scale == "plain":
                lower, upper = x - z * se, x + z * se
            elif scale == "log":
                lower, upper = x * np.exp(-z * se), x * np.exp(z * se)
            else:
                spread = np.exp(z * se / ((1 - x) * np.abs(np.log1p(-x))))
                lower, upper = 1 - (1 - x) ** (1 / spread), 1 - (1 - x) ** spread
        return se, lower, upper


def levels_table(
    found: Sampled, labels: list[str], times: Floats, level: float, *, single: bool
) -> pl.DataFrame:
    """Risk, time lost and restricted mean survival time under each value of the exposure."""
    parts: list[pl.DataFrame] = []
    for v, label in enumerate(labels):
        lost = found.level(v, 1)
        quantities: list[tuple[str, _Quantity, Scale]] = [
            ("risk", found.level(v, 0), "log-log"),
            ("time lost", lost, "plain"),
        ]
        if single:
            quantities.append(("restricted mean survival time", lost.taken_from(times), "plain"))
        for name, quantity, scale in quantities:
            parts.append(_part({"value": label}, name, quantity, times, level, scale))
    # A time lost, or lived, lies between 0 and the time: so do its limits.
    most = pl.when(pl.col("quantity") == "risk").then(1.0).otherwise(pl.col("time"))
    return _tidy(parts).with_columns(pl.col("lower", "upper").clip(0.0, most))


def contrasts_table(
    found: Sampled, labels: list[str], times: Floats, level: float, *, single: bool
) -> pl.DataFrame:
    """Differences and ratios against the first value."""
    parts: list[pl.DataFrame] = []
    base = [found.level(0, kind) for kind in (0, 1)]
    for v, label in enumerate(labels[1:], start=1):
        risk, lost = (found.level(v, kind) for kind in (0, 1))
        time = lost.less(base[1])
        quantities: list[tuple[str, _Quantity, Scale]] = [
            ("risk difference", risk.less(base[0]), "plain"),
            ("risk ratio", risk.over(base[0]), "log"),
            ("difference in time lost", time, "plain"),
        ]
        if single:
            quantities.append(
                (
                    "difference in restricted mean survival time",
                    time.taken_from(np.zeros(times.size)),
                    "plain",
                )
            )
        for name, quantity, scale in quantities:
            parts.append(_part({"value": label, "reference": labels[0]}, name, quantity, times, level, scale))
    if not parts:
        empty = _part({"value": "", "reference": ""}, "", base[0], times, level, "plain")
        return _tidy([empty]).clear()
    return _tidy(parts)


def curves_table(found: Sampled, labels: list[str], times: Floats, level: float) -> pl.DataFrame:
    """Risk and risk difference over time with pointwise limits, to be drawn."""
    parts: list[pl.DataFrame] = []
    for v, label in enumerate(labels):
        risk = found.level(v, 0)
        difference = risk.less(found.level(0, 0))
        _, lower, upper = risk.limits(level, "log-log")
        _, below, above = difference.limits(level, "plain")
        parts.append(
            pl.DataFrame(
                {
                    "value": [label] * times.size,
                    "time": times,
                    "risk": risk.estimate,
                    "lower": lower,
                    "upper": upper,
                    "difference": difference.estimate,
                    "difference_lower": below,
                    "difference_upper": above,
                }
            )
        )
    return pl.concat(parts).fill_nan(None)


def _part(
    who: dict[str, Any], name: str, quantity: _Quantity, times: Floats, level: float, scale: Scale
) -> pl.DataFrame:
    se, lower, upper = quantity.limits(level, scale)
    return pl.DataFrame(
        {
            **{key: [value] * times.size for key, value in who.items()},
            "time": times,
            "quantity": [name] * times.size,
            "estimate": quantity.estimate,
            "std_error": se,
            "lower": lower,
            "upper": upper,
        }
    )


def _tidy(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """One table; what is infinite or not defined is missing."""
    table = pl.concat(parts)
    return table.with_columns(pl.when(pl.col(c).is_finite()).then(pl.col(c)).alias(c) for c in NUMBERS)
