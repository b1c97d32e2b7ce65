"""Absolute effects by standardisation: what share of the cohort would have the event, were all exposed alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox import CoxFit
from riskset.cox.contrasts import normal_deviate
from riskset.effects.additive_bootstrap import require_replicates
from riskset.effects.profiles import Level, label_of, require_fit
from riskset.effects.standardise_bootstrap import replicates
from riskset.effects.standardise_cohort import Cohort, cohort_of
from riskset.effects.standardise_estimate import grid_of, standardised
from riskset.effects.standardise_tables import Sampled, contrasts_table, curves_table, levels_table
from riskset.errors import FitError, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Intervals = Literal["delta", "bootstrap"]

POINTS: Final = 120  # of the curves that are drawn


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StandardisedRisk:
    """Standardised risks, their differences and ratios.

    Attributes
    ----------
    exposure : str
    values : tuple of level
        Values that everybody's exposure is set to, the reference first.
    table : polars DataFrame
        value, time, quantity ("risk", "time lost", and where no event competes "restricted mean survival time"),
        estimate, std_error, lower, upper.
    contrasts : polars DataFrame
        value, reference, time, quantity ("risk difference", "risk ratio", "difference in time lost", and where no
        event competes "difference in restricted mean survival time"), estimate, std_error (of the logarithm for
        the ratio), lower, upper. Value less, or over, reference.
    curves : polars DataFrame
        value, time, risk, lower, upper, difference, difference_lower, difference_upper: to be drawn, pointwise.
    level : float
    intervals : str
        Where the limits come from.
    n_persons : int
    competing : int
        Number of competing causes.
    replicates : dict of str to int
        Status of the bootstrap's replicates; empty without one.
    """

    exposure: str
    values: tuple[Level, ...]
    table: pl.DataFrame
    contrasts: pl.DataFrame
    curves: pl.DataFrame
    level: float
    intervals: str
    n_persons: int
    competing: int
    replicates: dict[str, int]

    def number_needed(self) -> pl.DataFrame:
        """Persons per event more, or fewer, of those exposed as ``value`` instead of the reference.

        It is the inverse of the risk difference, and there only where the difference's interval excludes 0: else it
        would run through infinity (Altman 1998). It belongs to its time and its cohort; "needed to treat" it may
        be called only where the exposure is a treatment and nothing else differs.

        Returns
        -------
        polars DataFrame
            value, reference, time, number, lower, upper, direction ("more events" or "fewer events"), reason.
        """
        rows: list[dict[str, Any]] = []
        for r in self.contrasts.filter(pl.col("quantity") == "risk difference").iter_rows(named=True):
            estimate, lower, upper = r["estimate"], r["lower"], r["upper"]
            ends: list[float | None] = [None, None]
            clear = lower is not None and upper is not None and lower * upper > 0
            if clear and lower is not None and upper is not None:
                ends = sorted(1 / abs(limit) for limit in (lower, upper))
            rows.append(
                {
                    "value": r["value"],
                    "reference": r["reference"],
                    "time": r["time"],
                    "number": 1 / abs(estimate) if clear else None,
                    "lower": ends[0],
                    "upper": ends[1],
                    "direction": ("more events" if estimate > 0 else "fewer events") if clear else None,
                    "reason": ""
                    if clear
                    else "the interval of the risk difference includes 0, or is not known",
                }
            )
        numbers = dict.fromkeys(("number", "lower", "upper"), pl.Float64)
        return pl.DataFrame(rows, schema_overrides={**numbers, "direction": pl.String})

    def plot(self, kind: Literal["risk", "difference"] = "risk", *, width: float = 175.0) -> Figure:
        """Draw standardised risks over time, or their differences from the reference, with pointwise bands.

        Parameters
        ----------
        kind : {"risk", "difference"}
        width : float
            Printed width in millimetres.
        """
        plots: Any = import_module("riskset.plots.standardised")  # matplotlib takes a second to load
        shown = self.values if kind == "risk" else self.values[1:]
        names = {
            "risk": ("risk", "lower", "upper"),
            "difference": ("difference", "difference_lower", "difference_upper"),
        }
        lines: list[Any] = []
        for value in shown:
            rows = self.curves.filter(pl.col("value") == label_of(value))
            y, lower, upper = (rows[name].cast(pl.Float64).to_numpy() for name in names[kind])
            words = f"{self.exposure}: {label_of(value)}"
            if kind == "difference":
                words += f" less {label_of(self.values[0])}"
            lines.append(plots.StandardisedLine(words, rows["time"].to_numpy(), y, lower, upper))
        return plots.standardised_figure(
            lines, kind=kind, level=self.level, first=self.values.index(shown[0]), width=width
        )

    def __repr__(self) -> str:
        lines = [
            f"Standardised over {counted(self.n_persons, 'person')}: everybody's {self.exposure} set to "
            f"{', '.join(label_of(v) for v in self.values)} ({self.level:.0%} CI: {self.intervals})"
        ]
        for r in (*self.table.iter_rows(named=True), *self.contrasts.iter_rows(named=True)):
            against = f" against {r['reference']}" if "reference" in r else ""
            lines.append(f"  {r['quantity']} at {r['time']:g}, {r['value']}{against}: {_interval(r)}")
        return "\n".join(lines)


def _interval(row: dict[str, Any]) -> str:
    if row["estimate"] is None:
        return "not defined"
    digits = ".4g" if "time" in row["quantity"] else ".3f"
    if row["lower"] is None:
        return f"{row['estimate']:{digits}}"
    return f"{row['estimate']:{digits}} ({row['lower']:{digits}} to {row['upper']:{digits}})"


def standardise(
    fit: CoxFit,
    exposure: str,
    values: Sequence[Any] | None = None,
    *,
    times: ArrayLike,
    competing: CoxFit | Sequence[CoxFit] = (),
    external: Sequence[str] = (),
    intervals: Intervals = "delta",
    n: int = 1000,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> StandardisedRisk:
    """Risk of the cohort were everybody's exposure the same, by standardisation (the g-formula).

    The mean over the fitted persons, with all their other covariates as they are, of the risk that the model
    predicts under each value of the exposure; with it the difference and ratio of risks, and restricted mean times.
    It answers "what if" only as far as the model holds, nothing unmeasured differs between the exposed and the
    others, and everybody could have had each exposure. With competing events the risk is the cumulative incidence,
    from the cause-specific hazards of all causes.

    Parameters
    ----------
    fit : CoxFit
        Model of the event of interest; covariates fixed while persons are followed. Late entry is allowed: risks are
        counted from time 0, under the hazards of those at risk.
    exposure : str
        A variable of the model, or of its strata.
    values : sequence, optional
        Values that everybody's exposure is set to, the reference first; by default the levels of a category.
    times : float or array (T,)
        Times of the risks, and up to which restricted mean times are taken; not beyond the follow-up.
    competing : CoxFit or sequence of CoxFit, optional
        Cause-specific models of all competing events, fitted to the same rows.
    external : sequence of str, optional
        Variables that change within persons but run without them, such as the calendar. They follow their recorded
        course, and stay at their last value after it; limits are then the bootstrap's.
    intervals : {"delta", "bootstrap"}
        Infinitesimal jackknife over persons, whatever cluster the fit has (which covers the covariates of the cohort
        as a sample too), with limits
        symmetric for log(-log(1 - risk)), for the difference, the logarithm of the ratio and the mean times; or
        percentiles of replicates in which persons are drawn and all models fitted again.
    n : int
        Number of replicates; enough that the limits lie among them.
    rng : numpy Generator
        Source of the draws, needed by the bootstrap.
    level : float
    progress : callable, optional
        Called with the number of replicates done and n.
    threads : int, optional

    Returns
    -------
    StandardisedRisk

    Raises
    ------
    FitError
        If a covariate changes within persons and is not external: what is measured on persons has no value after
        their death, so that a risk under a fixed course of it is not defined by the model.

    References
    ----------
    Makuch, R. W. (1982). Adjusted survival curve estimation using covariates. J Chronic Diseases 35, 437-443.
    Hernán, M. A. & Robins, J. M. (2020). Causal Inference: What If, chapter 13.
    Altman, D. G. (1998). Confidence intervals for the number needed to treat. BMJ 317, 1309-1312.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8, 4, 7], "d": [1, 1, 0, 1, 1, 0, 1, 1], "arm": [0, 1, 1, 1, 0, 0, 1, 0],
    ...         "age": [50, 61, 45, 58, 66, 49, 52, 63]}
    >>> print(standardise(coxph("Surv(t, d) ~ arm + age", rows), "arm", times=6, level=0.9))
    Standardised over 8 persons: everybody's arm set to 0, 1 (90% CI: infinitesimal jackknife over persons)
      risk at 6, 0: 0.157 (0.048 to 0.451)
    ...
    """
    normal_deviate(level)  # refuses what is no level
    others = (competing,) if isinstance(competing, CoxFit) else tuple(competing)
    fits = (fit, *others)
    _require_estimates(fits)
    cohort = cohort_of(fits, exposure, values, external)
    asked = _times(times, cohort)
    grid = grid_of(cohort, asked)
    shown = np.unique(np.append(grid[np.linspace(0, grid.size - 1, POINTS).astype(np.int64)], asked))
    drawn = None
    if intervals == "bootstrap":
        if rng is None:
            raise FitError(
                "the bootstrap draws persons", where="rng", remedy="Give rng=np.random.default_rng(SEED)."
            )
        require_replicates(n, level, where="n")
        drawn = replicates(cohort, shown, n, rng, progress=progress, threads=threads)
    elif intervals != "delta":
        raise FitError(f"intervals must be 'delta' or 'bootstrap', not {intervals!r}", where="intervals")
    elif cohort.paths is not None:
        raise FitError(
            "with covariates that change, limits are the bootstrap's",
            where="intervals",
            remedy="Use 'bootstrap' and rng=.",
        )
    found = standardised(cohort, shown, influence=drawn is None)
    at = np.searchsorted(shown, asked)
    labels = [label_of(v) for v in cohort.values]
    single = not others
    words = "infinitesimal jackknife over persons"
    if drawn is not None:
        words = f"percentiles of {counted(n, 'bootstrap replicate')} of the persons"
    several = Sampled.of(found, drawn)
    return StandardisedRisk(
        exposure=exposure,
        values=cohort.values,
        table=levels_table(several.at(at), labels, asked, level, single=single),
        contrasts=contrasts_table(several.at(at), labels, asked, level, single=single),
        curves=curves_table(several, labels, shown, level),
        level=level,
        intervals=words,
        n_persons=cohort.weight.size,
        competing=len(others),
        replicates={} if drawn is None else drawn.counts,
    )


def _require_estimates(fits: Sequence[CoxFit]) -> None:
    for fit in fits:
        require_fit(fit)
        if fit.ties == "exact":
            raise FitError(
                "under exact ties there is no baseline hazard to predict from", where="standardise"
            )
        if fit.status == "not converged":
            raise FitError("the fit did not converge", where="standardise")


def _times(times: ArrayLike, cohort: Cohort) -> Floats:
    asked = np.unique(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    if asked.size == 0 or not np.isfinite(asked).all() or asked[0] <= 0:
        raise FitError("times are positive numbers", where="times")
    if asked[-1] > cohort.last:
        raise FitError(
            "a time lies beyond the follow-up, where nothing is known", where="times",
            remedy=f"In every stratum somebody was followed up to {cohort.last:g}.",
        )  # fmt: skip
    return asked
