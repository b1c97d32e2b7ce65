"""The exposure as a spline in interaction with the modifier, as a result."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.effects import CurveStratum as Stratum
from riskset.effects import CurveTest, hazard_ratio_curve
from riskset.study.formulas import ModelFormula
from riskset.study.ids import estimate_id
from riskset.study.models import WALD, Question, basis_of, fit
from riskset.study.rates import YEAR
from riskset.study.results import Basis, CurveStratum, Estimate, SplineCurve

LARGEST = 1e300  # a limit beyond this is none; JSON has no infinity


def spline_curve(
    rows: pl.DataFrame,
    model: ModelFormula,
    question: Question,
    *,
    variable: str,
    label: str,
    unit: str,
    reference: float | None,
) -> SplineCurve:
    """Fit the spline model and trace the hazard ratio in each level of the modifier.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows complete for the fullest model of the outcome.
    model : ModelFormula
        The primary model with the exposure as a spline.
    question : Question
        What all models of the outcome share.
    variable, label, unit : str
        The exposure: column, words, unit.
    reference : float, optional
        Value at which the hazard ratio is 1; the median at index by default.

    Returns
    -------
    SplineCurve
    """
    fitted, said = fit(rows, model.formula, question)
    curve = hazard_ratio_curve(
        fitted, variable, by=question.cells.modifier, reference=reference, band="simultaneous"
    )
    basis = basis_of(fitted)
    slug = f"{model.slug}-curve"

    def tested(test: CurveTest) -> Estimate:
        levels = (test.name,) if test.level is None else (test.name, str(test.level))
        among = "all levels together" if test.level is None else str(test.level)
        return Estimate(
            id=estimate_id(question.outcome, slug, "test", *levels),
            estimand=f"{test.name.capitalize()} test of the curve: {among}",
            unit=f"chi-square on {test.df} df",
            estimate=test.chi2,
            p=test.p,
            method=WALD[fitted.robust],
            basis=basis,
        )

    return SplineCurve(
        outcome=question.outcome,
        model=model.name,
        variable=variable,
        label=label,
        unit=unit,
        reference=curve.reference,
        knots=curve.knots,
        bins=tuple(curve.bins.tolist()),
        strata=tuple(_stratum(s) for s in curve.strata),
        tests=tuple(tested(t) for t in curve.tests),
        basis=basis,
        warnings=(*said, *(f"No curve for {level}: {reason}." for level, reason in curve.omitted)),
    )


def _stratum(s: Stratum) -> CurveStratum:
    return CurveStratum(
        level=str(s.level),
        x=tuple(s.x.tolist()),
        hazard_ratio=_bounded(s.hazard_ratio),
        lower=_bounded(s.lower),
        upper=_bounded(s.upper),
        histogram=tuple(s.histogram.tolist()),
        band_lower=() if s.band_lower is None else _bounded(s.band_lower),
        band_upper=() if s.band_upper is None else _bounded(s.band_upper),
        critical=s.critical,
        basis=Basis(
            n_persons=s.n_persons or 0,
            n_rows=s.n_rows,
            n_events=s.n_events,
            person_years=s.person_time / YEAR,
        ),
    )


def _bounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(np.minimum(values, LARGEST).tolist())
