"""Trends over ordered categories as values: what was found, its table and its figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from riskset.cox import CoxFit
from riskset.cox.estimates import Contrast
from riskset.cox.hypotheses import Test
from riskset.effects.curve_result import HazardRatioCurve
from riskset.effects.profiles import Level, label_of
from riskset.errors import FitError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class DoseCategory:
    """One category of the exposure against the reference category, within a stratum.

    Attributes
    ----------
    label : str
    low, high : float
        Ends of the group, the lower one in it; NaN for a category of names.
    score : float
    reference : bool
    hazard_ratio, lower, upper, p : float or None
        With Wald limits and p; no limits for the reference; None where it is not estimable.
    n_persons, n_rows, n_events : int
        Behind it; persons are None where they are not known.
    person_time : float
        In the unit of the fit's times.
    """

    label: str
    low: float
    high: float
    score: float
    reference: bool
    hazard_ratio: float | None
    lower: float | None
    upper: float | None
    p: float | None
    n_persons: int | None
    n_rows: int
    n_events: int
    person_time: float


@dataclass(frozen=True, slots=True)
class TrendStratum:
    """Categories and trend within one level of the modifier.

    Attributes
    ----------
    level : level or None
        None where there is no modifier.
    categories : tuple of DoseCategory
        From the lowest to the highest.
    slope : Contrast or None
        Log hazard ratio for one unit of the score; None where it is not estimable.
    wald, likelihood_ratio : Test or None
        Of the slope, on one degree of freedom; no likelihood ratio beside a robust variance.
    departure : Test or None
        Wald's test that the categories lie on a straight line over their scores; None with two categories.
    n_persons : int or None
        Behind the stratum.
    """

    level: Level | None
    categories: tuple[DoseCategory, ...]
    slope: Contrast | None
    wald: Test | None
    likelihood_ratio: Test | None
    departure: Test | None
    n_persons: int | None = None

    @property
    def p(self) -> float | None:
        """P of the trend: Wald's, as the limits of the slope."""
        return None if self.wald is None else self.wald.p


@dataclass(frozen=True, eq=False)
class Trend:
    """Hazard ratios by ordered categories of an exposure, with the trend over their scores.

    Attributes
    ----------
    variable, by : str
        Exposure, and modifier or None.
    scores : tuple of float
        Of the categories, in order; the same in all strata.
    reference : str
        Label of the reference category.
    reference_score : float
        Its score: the value at which a curve beside the categories should be 1.
    strata : tuple of TrendStratum
    interaction : Test or None
        Wald's test that the slopes are the same in all strata.
    level : float
    variance : {"model-based", "robust"}
    grouped, scored : CoxFit
        The two models behind it.
    """

    variable: str
    by: str | None
    scores: tuple[float, ...]
    reference: str
    reference_score: float
    strata: tuple[TrendStratum, ...]
    interaction: Test | None
    level: float
    variance: Literal["model-based", "robust"]
    grouped: CoxFit = field(repr=False)
    scored: CoxFit = field(repr=False)

    def frame(self) -> pl.DataFrame:
        """Tabulate the categories: level, category, score, events, person_time, hazard_ratio, lower, upper, p."""
        return pl.DataFrame(
            [
                {
                    "level": "all" if s.level is None else label_of(s.level),
                    "category": c.label,
                    "score": c.score,
                    "events": c.n_events,
                    "person_time": c.person_time,
                    "hazard_ratio": c.hazard_ratio,
                    "lower": c.lower,
                    "upper": c.upper,
                    "p": c.p,
                }
                for s in self.strata
                for c in s.categories
            ],
            schema_overrides=dict.fromkeys(("hazard_ratio", "lower", "upper", "p"), pl.Float64),
        )

    def plot(
        self, curve: HazardRatioCurve | None = None, *, x_label: str | None = None, width: float = 175.0
    ) -> Figure:
        """Draw the categories: as a forest plot, or over a curve of the same exposure.

        Parameters
        ----------
        curve : HazardRatioCurve, optional
            Of the same exposure and modifier, with a reference in the reference category, best its score.
        x_label : str, optional
            Name and unit of the exposure; the variable's name by default.
        width : float
            Printed width in millimetres.
        """
        plots: Any = import_module("riskset.plots")
        if curve is None:
            return self._forest(plots, x_label or self.variable, width)
        if (curve.variable, curve.by) != (self.variable, self.by):
            raise FitError("the curve is of another exposure or modifier", where="curve")
        (home,) = [c for c in self.strata[0].categories if c.reference]
        if not home.low <= curve.reference < home.high:
            raise FitError(
                "the curve's reference is not in the reference category, so that the two cannot be compared",
                where="curve",
                remedy=f"Make the curve with reference={self.reference_score:g}.",
            )
        steps = {
            s.level: tuple(
                plots.CurveStep(c.low, c.high, c.hazard_ratio, c.lower, c.upper)
                for c in s.categories
                if c.hazard_ratio is not None
            )
            for s in self.strata
        }
        return curve.plot(
            x_label=x_label, width=width, steps=steps, steps_label=f"groups ({self.level:.0%} CI)"
        )

    def _forest(self, plots: Any, name: str, width: float) -> Figure:
        rows: list[Any] = []
        for s in self.strata:
            p = s.p
            said = "" if p is None else "P\u00a0<\u00a00.001" if p < 0.001 else f"P\u00a0=\u00a0{p:.3f}"
            head = name if s.level is None else f"{self.by}: {label_of(s.level)}"
            rows.append(plots.ForestRow(f"{head}, trend {said}" if said else head, heading=True))
            for c in s.categories:
                cells = (f"{c.n_events:,}",)
                if c.reference:
                    rows.append(plots.ForestRow(c.label, cells=cells, text="1 (reference)", reference=True))
                elif c.hazard_ratio is None or c.lower is None or c.upper is None:
                    rows.append(plots.ForestRow(c.label, cells=cells, text="not estimable"))
                else:
                    text = f"{c.hazard_ratio:.2f} ({c.lower:.2f} to {c.upper:.2f})"
                    rows.append(
                        plots.ForestRow(c.label, c.hazard_ratio, c.lower, c.upper, cells=cells, text=text)
                    )
        return plots.forest_figure(
            rows, columns=["Events"], text_header=f"HR ({self.level:.0%} CI)", width=width
        )

    def __repr__(self) -> str:
        head = f"Trend over {len(self.scores)} categories of {self.variable}, reference {self.reference}"
        lines = [f"{head}{f', by {self.by}' if self.by else ''} ({self.variance} variance)"]
        for s in self.strata:
            where = "all" if s.level is None else label_of(s.level)
            for c in s.categories:
                value = "not estimable" if c.hazard_ratio is None else f"HR {c.hazard_ratio:.2f}"
                if c.lower is not None and c.upper is not None:
                    value += f" ({c.lower:.2f} to {c.upper:.2f})"
                lines.append(f"  {where}, {c.label} (score {c.score:g}): {value}, {c.n_events} events")
            if s.slope is not None and s.p is not None:
                lines.append(
                    f"  {where}: HR per unit of the score {s.slope.hazard_ratio:.3g}, trend p = {s.p:.3g}"
                )
            if s.departure is not None:
                lines.append(f"  {where}: departure from the line, p = {s.departure.p:.3g}")
        if self.interaction is not None:
            lines.append(f"  same trend in all: p = {self.interaction.p:.3g}")
        return "\n".join(lines)
