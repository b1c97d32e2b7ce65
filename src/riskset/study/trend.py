"""The exposure in groups of about equal person-time, beside its curve, as a result."""

from __future__ import annotations

import warnings
from typing import Final

import polars as pl

from riskset.cox import CoxFit
from riskset.cox.hypotheses import Test
from riskset.effects import DoseCategory, Trend, TrendStratum, trend
from riskset.errors import FitError, RisksetWarning
from riskset.study.formulas import ModelFormula
from riskset.study.ids import estimate_id
from riskset.study.models import WALD, Question, basis_of, fit
from riskset.study.rates import YEAR
from riskset.study.results import SplineCurve
from riskset.study.results_trend import ExposureTrend, TrendLevel
from riskset.study.results_values import Basis, Estimate

GROUPS: Final = (4, 3)  # quarters; thirds where tied values leave no quarters
LARGEST: Final = 1e300  # a limit beyond this is none; JSON has no infinity


def exposure_trend(
    rows: pl.DataFrame, model: ModelFormula, question: Question, curve: SplineCurve
) -> ExposureTrend | None:
    """Put the exposure in groups of about equal person-time and test their trend in each level of the modifier.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows complete for the fullest model of the outcome.
    model : ModelFormula
        The primary model with the exposure as a spline, which the groups replace.
    question : Question
        What all models of the outcome share.
    curve : SplineCurve
        The curve that they stand beside; its reference value lies in the reference group.

    Returns
    -------
    ExposureTrend or None
        None where values are too few for groups, or the model cannot be fitted to them.
    """
    fitted, _ = fit(rows, model.formula, question)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RisksetWarning)
        found = _grouped(fitted, question, curve)
    if found is None:
        return None
    said = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, RisksetWarning))
    maker = _Maker(found, question, curve, f"{model.slug}-groups", fitted.robust)
    first = found.strata[0].categories
    return ExposureTrend(
        outcome=question.outcome,
        model=model.name,
        slug=maker.slug,
        variable=curve.variable,
        label=curve.label,
        unit=curve.unit,
        cuts=tuple(c.high for c in first[:-1]),
        medians=found.scores,
        reference=1 + next(k for k, c in enumerate(first) if c.reference),
        levels=tuple(maker.level(s) for s in found.strata),
        same=maker.test("same", found.interaction, "the same trend in all levels", basis_of(fitted)),
        basis=basis_of(fitted),
        warnings=tuple(said),
    )


def _grouped(fitted: CoxFit, question: Question, curve: SplineCurve) -> Trend | None:
    for groups in GROUPS:
        try:
            return trend(
                fitted, curve.variable, by=question.cells.modifier, cuts=groups, reference=curve.reference
            )
        except FitError:
            continue
    return None


class _Maker:
    """Makes estimates of what was found, each with its name."""

    def __init__(self, found: Trend, question: Question, curve: SplineCurve, slug: str, robust: bool) -> None:
        self.found, self.question, self.curve, self.slug = found, question, curve, slug
        self.wald = WALD[robust]

    def name(self, what: str, *levels: str) -> str:
        return estimate_id(self.question.outcome, self.slug, what, *levels)

    def level(self, s: TrendStratum) -> TrendLevel:
        level, basis = str(s.level), _basis(s)
        slope = None
        # without an event in a group or in the reference its coefficient has run off: there is nothing to print
        compared = all(c.n_events for c in s.categories if c.reference)
        every = all(c.n_events for c in s.categories)
        if s.slope is not None:
            slope = Estimate(
                id=self.name("slope", level),
                estimand=f"hazard ratio per {self.curve.unit or 'unit'} of {self.curve.label}, through medians of groups, in {level}",
                unit="hazard ratio",
                estimate=_bounded(s.slope.hazard_ratio),
                lower=_bounded(s.slope.lower),
                upper=_bounded(s.slope.upper),
                p=s.p,
                method=self.wald,
                basis=basis,
            )
        return TrendLevel(
            level=level,
            groups=tuple(
                self.group(k, c, level, known=compared and c.n_events > 0)
                for k, c in enumerate(s.categories, 1)
            ),
            slope=slope,
            departure=self.test(
                "departure",
                s.departure if every else None,
                f"departure from a straight line in {level}",
                basis,
                level,
            ),
        )

    def group(self, place: int, c: DoseCategory, level: str, *, known: bool) -> Estimate:
        known = known or c.reference
        lost = "not estimable: the data do not determine it" if c.hazard_ratio is None else ""
        lost = "" if c.reference else lost if known else "no event in this group or in the reference"
        return Estimate(
            id=self.name("hr", str(place), level),
            estimand=f"hazard ratio of {self.curve.label} {c.label} against {self.found.reference} in {level}",
            unit="hazard ratio",
            reference=self.found.reference,
            estimate=_bounded(c.hazard_ratio) if known else None,
            lower=_bounded(c.lower) if known else None,
            upper=_bounded(c.upper) if known else None,
            p=c.p if known else None,
            method="reference" if c.reference else self.wald,
            basis=Basis(
                n_persons=c.n_persons or 0,
                n_rows=c.n_rows,
                n_events=c.n_events,
                person_years=c.person_time / YEAR,
            ),
            warnings=(lost,) if lost else (),
        )

    def test(self, what: str, test: Test | None, words: str, basis: Basis, *levels: str) -> Estimate | None:
        if test is None:
            return None
        return Estimate(
            id=self.name(what, *levels),
            estimand=f"Test of groups of {self.curve.label}: {words}",
            unit=f"chi-square on {int(test.df)} df",
            estimate=test.chi2,
            p=test.p,
            method=self.wald,
            basis=basis,
        )


def _basis(s: TrendStratum) -> Basis:
    return Basis(
        n_persons=s.n_persons or 0,
        n_rows=sum(c.n_rows for c in s.categories),
        n_events=sum(c.n_events for c in s.categories),
        person_years=sum(c.person_time for c in s.categories) / YEAR,
    )


def _bounded(value: float | None) -> float | None:
    return None if value is None else min(value, LARGEST)
