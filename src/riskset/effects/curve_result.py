"""Hazard-ratio curves as values: what was found, its table and its figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.effects.curve_tests import CurveTest
from riskset.effects.profiles import Level, label_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from riskset.plots import CurveStep

Floats = NDArray[np.float64]
Band = Literal["pointwise", "simultaneous"]


@dataclass(frozen=True, eq=False)
class CurveStratum:
    """One curve: the hazard at x against the hazard at the reference, within one level of the modifier.

    Attributes
    ----------
    level : level or None
        The level; None where there is no modifier.
    x : ndarray (n,)
        Values of the exposure, between the stratum's 1st and 99th percentile of person-time.
    log_hazard_ratio, std_error : ndarray (n,)
        On the log scale; both exactly 0 at the reference.
    hazard_ratio, lower, upper : ndarray (n,)
        With pointwise Wald limits.
    histogram : ndarray (bins,)
        Share of the stratum's person-time in each bin.
    n_persons, n_rows, n_events : int
        Behind the stratum; persons are None where they are not known.
    person_time : float
        In the unit of the fit's times.
    critical : float or None
        Standard errors to each side of the curve that its simultaneous band takes; None where none was asked for.
    band_lower, band_upper : ndarray (n,) or None
        Simultaneous (sup-t) band: it covers the whole of this curve, between the ends of ``x``, with the probability
        of the level. It always holds the pointwise limits.
    """

    level: Level | None
    x: Floats
    log_hazard_ratio: Floats
    std_error: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    histogram: Floats
    n_persons: int | None
    n_rows: int
    n_events: int
    person_time: float
    critical: float | None = None
    band_lower: Floats | None = None
    band_upper: Floats | None = None


@dataclass(frozen=True, eq=False)
class HazardRatioCurve:
    """Hazard ratios along an exposure, per stratum of a modifier.

    Attributes
    ----------
    variable, by : str
        Exposure, and modifier or None.
    reference : float
        Value of the exposure at which every curve is 1.
    strata : tuple of CurveStratum
        One per level, in the order of the levels.
    omitted : tuple of (level, reason)
        Levels without a curve.
    tests : tuple of CurveTest
        Overall and nonlinear per stratum, then overall, nonlinear, interaction and nonlinear interaction for all.
        A claim of "linear" rests on the nonlinear test, of a "trend" on the overall one.
    straight : str
        Expression on whose scale the nonlinear tests ask whether the curve is straight, as "mg" or "log(mg)"; empty
        where there is no such test.
    no_nonlinear : str
        Why there is none; empty where there is one.
    knots : tuple of float
        Of the spline, on the scale of its argument; the interior ones of ``bs`` and ``ns``; empty where there is no
        spline.
    bins : ndarray (bins + 1,)
        Edges of the histograms, the same for all strata.
    level : float
        Confidence level.
    variance : {"model-based", "robust"}
        What limits and tests rest on.
    band : {"pointwise", "simultaneous"}
        Whether the strata have simultaneous bands beside their pointwise limits.
    """

    variable: str
    by: str | None
    reference: float
    strata: tuple[CurveStratum, ...]
    omitted: tuple[tuple[Level, str], ...]
    tests: tuple[CurveTest, ...]
    knots: tuple[float, ...]
    bins: Floats
    level: float
    variance: Literal["model-based", "robust"]
    band: Band = "pointwise"
    straight: str = ""
    no_nonlinear: str = ""

    def test(self, name: str, level: Level | None = None) -> CurveTest | None:
        """Look up a test; None where it does not apply, as the nonlinear test of a linear term."""
        found = [t for t in self.tests if t.name == name and t.level == level]
        return found[0] if found else None

    def frame(self) -> pl.DataFrame:
        """Tabulate the curves: level, x, hazard_ratio, lower, upper, log_hazard_ratio, std_error.

        With simultaneous bands also band_lower and band_upper.
        """
        columns = ("hazard_ratio", "lower", "upper", "log_hazard_ratio", "std_error")
        if self.band == "simultaneous":
            columns = (*columns, "band_lower", "band_upper")
        return pl.concat(
            pl.DataFrame(
                {"level": ["all" if s.level is None else label_of(s.level)] * s.x.size, "x": s.x}
                | {c: getattr(s, c) for c in columns}
            )
            for s in self.strata
        )

    def plot(
        self,
        *,
        x_label: str | None = None,
        arrangement: Literal["panels", "overlay"] = "panels",
        width: float = 175.0,
        steps: Mapping[Level | None, Sequence[CurveStep]] | None = None,
        steps_label: str = "groups",
    ) -> Figure:
        """Draw the curves with the person-time below them.

        Parameters
        ----------
        x_label : str, optional
            Name and unit of the exposure; the variable's name by default.
        arrangement : {"panels", "overlay"}
            One panel per stratum, or all curves in one.
        width : float
            Printed width in millimetres.
        steps : mapping of level to CurveSteps, optional
            Hazard ratios of groups to draw over the curves; see `Trend.plot`.
        steps_label : str
            What the key calls them.
        """
        plots: Any = import_module("riskset.plots")  # matplotlib takes a second to load: only who draws waits
        panels = [
            plots.CurvePanel(
                label=self._label(s, short=arrangement == "overlay"),
                x=s.x,
                hazard_ratio=s.hazard_ratio,
                lower=s.lower,
                upper=s.upper,
                histogram=s.histogram,
                note=self._note(s),
                band_lower=s.band_lower,
                band_upper=s.band_upper,
                steps=(steps or {}).get(s.level, ()),
            )
            for s in self.strata
        ]
        return plots.hazard_ratio_curve_figure(
            panels,
            bins=self.bins,
            reference=self.reference,
            x_label=x_label or self.variable,
            level=self.level,
            steps_label=steps_label,
            arrangement=arrangement,
            width=width,
        )

    def _label(self, stratum: CurveStratum, *, short: bool) -> str:
        if stratum.level is None:
            return ""
        name = label_of(stratum.level)
        return name if short and isinstance(stratum.level, str) else f"{self.by}: {name}"

    def _note(self, stratum: CurveStratum) -> str:
        parts = [f"{stratum.n_events:,}\u00a0events"]
        for name in ("overall", "nonlinear"):
            test = self.test(name, stratum.level)
            if test is not None:
                p = "<\u00a00.001" if test.p < 0.001 else f"=\u00a0{test.p:.3f}"
                parts.append(f"{name}\u00a0P\u00a0{p}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        head = f"Hazard ratio along {self.variable}, reference {self.reference:g}"
        head += f", by {self.by}" if self.by else ""
        lines = [f"{head} ({self.variance} variance)"]
        for t in self.tests:
            where = "all" if t.level is None else label_of(t.level)
            lines.append(f"  {t.name} ({where}): chi-square {t.chi2:.2f} on {t.df} df, p = {t.p:.3g}")
        if self.straight:
            lines.append(f"  nonlinear: departures from a straight line in {self.straight}")
        elif self.no_nonlinear:
            lines.append(f"  no nonlinear test: {self.no_nonlinear}")
        lines += [f"  no curve for {label_of(level)}: {reason}" for level, reason in self.omitted]
        return "\n".join(lines)
