"""Cox models of one outcome as results: headline estimates with profile likelihood, coefficients behind them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from riskset.cox import CoxFit, coxph
from riskset.effects import Interaction, JointTest, Ratio, interaction
from riskset.errors import RisksetWarning, counted
from riskset.study.additive import Asked, additive_results, claimed
from riskset.study.formulas import ModelFormula, factors_of
from riskset.study.ids import estimate_id
from riskset.study.rates import SPARSE, YEAR, Cells, RateUnit, rate_cells
from riskset.study.results import Basis, Coefficient, Estimate, ModelResult
from riskset.study.results_values import exact

# events per coefficient under which Cox estimates grow unreliable (Peduzzi et al., J Clin Epidemiol 1995;48:1503-10)
EVENTS_PER_COEFFICIENT = 10
PROFILE = "profile likelihood and likelihood-ratio test"
WALD = {False: "Wald, model-based variance", True: "Wald, robust variance"}


@dataclass(frozen=True, slots=True)
class Question:
    """What every model of one outcome shares.

    Parameters
    ----------
    outcome, label : str
        Key of the outcome, and its words.
    id : str
        Column of the person.
    cells : Cells
        Exposure and modifier.
    rate_unit : RateUnit
        Of the rates beside the models.
    ties : {"efron", "breslow"}
        Approximation for tied events.
    words : callable
        What a coefficient's term is called where people read it.
    """

    outcome: str
    label: str
    id: str
    cells: Cells
    rate_unit: RateUnit
    ties: Literal["efron", "breslow"]
    words: Callable[[str], str] = str


def fit(rows: pl.DataFrame, formula: str, question: Question) -> tuple[CoxFit, tuple[str, ...]]:
    """Fit a model to complete rows; what it warned of comes back in words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RisksetWarning)
        fitted = coxph(formula, rows, id=question.id, ties=question.ties)
    said = [str(w.message) for w in caught if issubclass(w.category, RisksetWarning)]
    return fitted, tuple(dict.fromkeys(said))


def model_result(rows: pl.DataFrame, model: ModelFormula, question: Question) -> ModelResult:
    """Fit one model and say everything that the report shows of it.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows complete for the fullest model of the outcome.
    model : ModelFormula
        The model.
    question : Question
        What all models of the outcome share.

    Returns
    -------
    ModelResult
    """
    fitted, said = fit(rows, model.formula, question)
    basis = basis_of(fitted)
    found = interaction(fitted, question.cells.exposure, question.cells.modifier)
    cells = rate_cells(
        rows,
        question.outcome,
        question.label,
        id=question.id,
        cells=question.cells,
        rate_unit=question.rate_unit,
        model=model.slug,
    )
    parameters = sum(not math.isnan(b) for b in fitted.params.tolist())
    per = exact(basis.n_events) / parameters if parameters else math.inf
    sparse = [c for c in cells if exact(c.rate.basis.n_events) < SPARSE]
    more: list[str] = [*said]
    if per < EVENTS_PER_COEFFICIENT:
        more.append(
            f"{counted(exact(basis.n_events), 'event')} for {counted(parameters, 'coefficient')} are {per:.1f} per coefficient; under "
            f"{EVENTS_PER_COEFFICIENT} estimates may be far off and intervals too narrow."
        )
    if sparse:
        names = ", ".join(f"{c.exposure} and {c.modifier} {c.rate.basis.n_events}" for c in sparse)
        more.append(f"Cells with fewer than {SPARSE} events: {names}.")
    head = Headline(question, model, basis, fitted.robust)
    asked = Asked(question.outcome, question.label, model.slug, question.cells, question.rate_unit, basis)
    return ModelResult(
        outcome=question.outcome,
        model=model.name,
        slug=model.slug,
        primary=model.primary,
        formula=model.formula,
        adjustment=model.adjustment or "nothing",
        ties=fitted.ties,
        variance="robust" if fitted.robust else "model-based",
        status=fitted.status,
        basis=basis,
        parameters=parameters,
        events_per_parameter=per,
        loglik=_finite(fitted.loglik),
        loglik_null=_finite(fitted.loglik_null),
        exposure_in_modifier=tuple(head.exposure(r) for r in found.exposure_in_modifier),
        modifier_in_exposure=tuple(head.modifier(r) for r in found.modifier_in_exposure),
        interaction=tuple(head.ratio(r) for r in found.ratio),
        interaction_joint=head.joint(found),
        coefficients=coefficients(fitted, model, question, basis),
        cells=cells,
        detectable=tuple(e for r in found.ratio for e in head.detectable(r)),
        additive=additive_results(found, asked),
        claim=claimed(found),
        warnings=tuple(more),
    )


def basis_of(fitted: CoxFit) -> Basis:
    """Count what a fit rests on; its times are days."""
    return Basis(
        n_persons=fitted.n_persons or 0,
        n_rows=fitted.n_rows,
        n_events=fitted.n_events,
        person_years=fitted.person_time / YEAR,
    )


def coefficients(
    fitted: CoxFit, model: ModelFormula, question: Question, basis: Basis
) -> tuple[Coefficient, ...]:
    """List a model's coefficients as R's summary prints them; a coefficient that is aliased has no numbers."""
    out: list[Coefficient] = []
    for row in fitted.summary().iter_rows(named=True):
        said = ()
        if row["estimate"] is None:
            said = ("Not estimable: its column is a combination of the others, or never varies.",)
        out.append(
            Coefficient(
                term=row["term"],
                label=question.words(row["term"]),
                estimate=_finite(row["estimate"]),
                std_error=_finite(row["robust_se"] if fitted.robust else row["std_error"]),
                hazard_ratio=Estimate(
                    id=estimate_id(question.outcome, model.slug, "coefficient", row["term"]),
                    estimand=f"hazard ratio of {question.words(row['term'])} for {question.label}, {model.name}",
                    unit="hazard ratio",
                    reference=_reference(fitted, row["term"]),
                    estimate=_finite(row["hazard_ratio"]),
                    lower=_finite(row["lower"]),
                    upper=_finite(row["upper"]),
                    p=_finite(row["p"]),
                    method=WALD[fitted.robust],
                    basis=basis,
                    warnings=said,
                ),
            )
        )
    return tuple(out)


def _reference(fitted: CoxFit, term: str) -> str:
    """Say what a coefficient's hazard ratio is against: the reference level of each category, else a unit less."""
    known = fitted.design.levels
    names = [factor.partition("[")[0] for factor in factors_of(term) if "[" in factor]
    levels = [str(known[name][0]) for name in names if name in known]
    return "; ".join(levels) if levels else "per 1 unit"


@dataclass(frozen=True, slots=True)
class Headline:
    """Words and names of one model's headline estimates."""

    question: Question
    model: ModelFormula
    basis: Basis
    robust: bool

    def exposure(self, r: Ratio) -> Estimate:
        """Say what a hazard ratio of the exposure within a level of the modifier is."""
        cells = self.question.cells
        words = (
            f"hazard ratio of {cells.exposure_label} {r.exposure} against {r.exposure_reference} for "
            f"{self.question.label}, among {cells.modifier_label} {r.modifier}"
        )
        return self._estimate("hr_of_exposure", r, words, "hazard ratio", str(r.exposure_reference))

    def modifier(self, r: Ratio) -> Estimate:
        """Say what a hazard ratio of the modifier within a level of the exposure is."""
        cells = self.question.cells
        words = (
            f"hazard ratio of {cells.modifier_label} {r.modifier} against {r.modifier_reference} for "
            f"{self.question.label}, where {cells.exposure_label} {r.exposure}"
        )
        return self._estimate("hr_of_modifier", r, words, "hazard ratio", str(r.modifier_reference))

    def ratio(self, r: Ratio) -> Estimate:
        """Say what a ratio of hazard ratios is."""
        cells = self.question.cells
        words = (
            f"ratio of the hazard ratios of {cells.exposure_label} {r.exposure} against {r.exposure_reference} for "
            f"{self.question.label}: among {cells.modifier_label} {r.modifier} over among {r.modifier_reference}"
        )
        return self._estimate("ratio_of_hr", r, words, "ratio of hazard ratios", str(r.modifier_reference))

    def detectable(self, r: Ratio) -> tuple[Estimate, ...]:
        """Say which ratios this precision would find."""
        if r.detectable is None:
            return ()
        words = (
            "ratio of hazard ratios {} which this precision finds a true one with 80% power (two-sided 5% test), "
            f"{self.question.cells.modifier_label} {r.modifier}"
        )
        return tuple(
            Estimate(
                id=self._id(f"detectable_ratio_{side}", r),
                estimand=words.format(side),
                unit="ratio of hazard ratios",
                reference="1",
                estimate=_finite(value),
                method=f"exp({sign}2.80 standard errors of the log ratio)",
                basis=self.basis,
            )
            for side, sign, value in zip(("below", "above"), "-+", r.detectable, strict=True)
        )

    def joint(self, found: Interaction) -> Estimate | None:
        """Say what the joint test of all ratios is."""
        if found.joint is None:
            return None
        cells = self.question.cells
        test, method, said = _joint_test(found.joint)
        return Estimate(
            id=estimate_id(self.question.outcome, self.model.slug, "joint_test_of_ratios"),
            estimand=f"test that the hazard ratio of {cells.exposure_label} for {self.question.label} is the same at "
            f"every level of {cells.modifier_label}",
            unit="chi-square" if test is None else f"chi-square on {test[1]} df",
            estimate=None if test is None else _finite(test[0]),
            p=None if test is None else _finite(test[2]),
            method=method,
            basis=self.basis,
            warnings=said,
        )

    def _id(self, estimand: str, r: Ratio) -> str:
        return estimate_id(self.question.outcome, self.model.slug, estimand, str(r.exposure), str(r.modifier))

    def _estimate(self, estimand: str, r: Ratio, words: str, unit: str, reference: str) -> Estimate:
        said = [f"{r.reason[0].upper()}{r.reason[1:]}."] if r.reason else []
        lower, upper = r.lower, r.upper
        if lower is not None and (lower <= 0 or not math.isfinite(lower)):
            lower = None
            said.append("The likelihood never falls far enough to give a lower limit.")
        if upper is not None and not math.isfinite(upper):
            upper = None
            said.append("The likelihood never falls far enough to give an upper limit.")
        methods = {"Wald": WALD[self.robust], PROFILE: PROFILE}
        return Estimate(
            id=self._id(estimand, r),
            estimand=words,
            unit=unit,
            reference=reference,
            estimate=_finite(r.hazard_ratio),
            lower=_finite(lower),
            upper=_finite(upper),
            p=_finite(r.p),
            method=methods.get(r.method, r.method),
            basis=self.basis,
            warnings=tuple(said),
        )


def _joint_test(joint: JointTest) -> tuple[Sequence[float] | None, str, tuple[str, ...]]:
    if joint.likelihood_ratio is not None:
        return joint.likelihood_ratio, "likelihood-ratio test", ()
    said = (f"{joint.reason[0].upper()}{joint.reason[1:]}.",) if joint.reason else ()
    return joint.wald, "Wald test", said


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
