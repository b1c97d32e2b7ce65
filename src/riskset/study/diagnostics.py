"""Diagnostics of a study's primary models as results."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from riskset.cox import CoxFit, ProportionalHazards
from riskset.effects import Diagnosis, Finding, diagnose
from riskset.effects.standardise_cohort import changing_variables
from riskset.errors import RisksetWarning
from riskset.study.formulas import ModelFormula, factors_of
from riskset.study.ids import estimate_id
from riskset.study.models import Question, basis_of, fit
from riskset.study.results_diagnostics import ModelDiagnostics, OverTime, TermDiagnostics
from riskset.study.results_values import Basis, Estimate

PANELS: Final = 6  # terms drawn over time: the question's, then those whose test is furthest out
POINTS: Final = 40
GROUPS: Final = 10
LEAST: Final = 5  # events behind one mean that is drawn
FEWEST: Final = 20  # events under which nothing is drawn over time
MODEL_BASED: Final = "score test, model-based variance"


def model_diagnostics(
    rows: pl.DataFrame, models: Iterable[ModelFormula], question: Question
) -> ModelDiagnostics | None:
    """Diagnose the primary model of one outcome; the last one where the plan names none.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows complete for the fullest model of the outcome.
    models : iterable of ModelFormula
    question : Question
    """
    given = tuple(models)
    if not given:
        return None
    model = next((m for m in given if m.primary), given[-1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)
        fitted, _ = fit(rows, model.formula, question)
        found = diagnose(fitted)
    return _Told(question, model, fitted, found, basis_of(fitted)).result()


class _Told:
    """One diagnosis with the names and words that its results get."""

    def __init__(
        self, question: Question, model: ModelFormula, fitted: CoxFit, found: Diagnosis, basis: Basis
    ) -> None:
        self.question, self.model, self.fitted, self.found, self.basis = question, model, fitted, found, basis

    def result(self) -> ModelDiagnostics:
        """Put it all together."""
        found = self.found
        flagged = [
            (f, r) for f, r in zip(self._cells(), found.cells.iter_rows(named=True), strict=True) if f.flagged
        ]
        return ModelDiagnostics(
            outcome=self.question.outcome,
            model=self.model.name,
            terms=tuple(self._term(t.label, t.columns) for t in self.fitted.design.terms),
            hazards=self._hazards("GLOBAL"),
            influence=self._joint(),
            events_per_parameter=self._estimate(
                "events_per_parameter", (), "events per coefficient", "events", found.events_per_parameter, "count"
            ),
            sparse=tuple(
                self._estimate(
                    "events_in_cell", (r["term"], r["cell"]), f"events where {self.words(r['term'])} is {r['cell']}",
                    "events", float(r["events"]), "count",
                )
                for _, r in flagged
            ),
            sparse_labels=tuple(f"{self.words(r['term'])}: {r['cell']}" for _, r in flagged),
            over_time=self._over_time(),
            not_done=tuple(f"{kind}: {why}" for kind, why in found.not_done),
            changing=tuple(dict.fromkeys(self.words(v) for v in changing_variables(self.fitted))),
        )  # fmt: skip

    def _cells(self) -> list[Finding]:
        return [f for f in self.found.findings if f.kind == "events per cell"]

    def words(self, term: str) -> str:
        """Call a term what the plan calls it."""
        cells = self.question.cells
        own = {cells.exposure: cells.exposure_label, cells.modifier: cells.modifier_label}
        return " × ".join(own.get(f, self.question.words(f)) for f in factors_of(term))

    def _estimate(
        self, what: str, levels: tuple[str, ...], words: str, unit: str, value: float | None, method: str,
        p: float | None = None,
    ) -> Estimate:  # fmt: skip
        return Estimate(
            id=estimate_id(self.question.outcome, self.model.slug, what, *levels),
            estimand=f"{words}, {self.question.label}, {self.model.name}",
            unit=unit,
            estimate=value if value is not None and math.isfinite(value) else None,
            p=p if p is not None and math.isfinite(p) else None,
            method=method,
            basis=self.basis,
        )

    def _term(self, term: str, columns: tuple[int, ...]) -> TermDiagnostics:
        found = self.found
        label = self.words(term)
        influence = None
        if found.influence is not None:
            largest = float(np.abs(found.influence.dfbetas[:, list(columns)]).max(initial=0.0))
            influence = self._estimate(
                "influence", (term,), f"largest change of a coefficient of {label} when one person leaves",
                "standard errors", largest, "first-order change (dfbeta) by person",
            )  # fmt: skip
        form = next((f for f in found.forms if f.covariate == term and f.test is not None), None)
        tested = None
        if form is not None and form.test is not None:
            tested = self._estimate(
                "form_test", (term,), f"test that {label} is a straight line", f"chi-square on {form.test.df:g} df",
                form.test.chi2, "score test of a restricted cubic spline with 4 knots", form.test.p,
            )  # fmt: skip
        blocks = [
            r for r in found.collinearity.blocks.iter_rows(named=True) if term in r["block"].split(" + ")
        ]
        inflation = None
        if blocks:
            inflation = self._estimate(
                "inflation", (term,), f"inflation of the standard errors of {blocks[0]['block']}", "ratio of standard errors",
                blocks[0]["scaled"], "GVIF^(1/(2 df)) on the information",
            )  # fmt: skip
        return TermDiagnostics(
            term=term, label=label, hazards=self._hazards(term), influence=influence, form=tested, inflation=inflation
        )  # fmt: skip

    def _hazards(self, term: str) -> Estimate | None:
        hazards = self.found.proportional_hazards
        if hazards is None:
            return None
        rows = hazards.table.filter(pl.col("term") == term)
        if rows.is_empty():
            return None
        r = rows.row(0, named=True)
        whole = term == "GLOBAL"
        what = "all log hazard ratios do" if whole else f"the log hazard ratio of {self.words(term)} does"
        return self._estimate(
            "ph_test", () if whole else (term,), f"test that {what} not change with time",
            f"chi-square on {r['df']} df", r["chi2"], f"{MODEL_BASED}, time as its Kaplan-Meier transform", r["p"],
        )  # fmt: skip

    def _joint(self) -> Estimate | None:
        finding = next((f for f in self.found.findings if f.kind == "influence" and f.term == "all"), None)
        if finding is None or finding.number is None:
            return None
        return self._estimate(
            "influence", (), "joint confidence region of all coefficients whose edge one person's leaving reaches",
            "percent", 100 * finding.number, "likelihood displacement",
        )  # fmt: skip

    def _over_time(self) -> tuple[OverTime, ...]:
        hazards = self.found.proportional_hazards
        if hazards is None or self.fitted.n_events < FEWEST:
            return ()
        cells = self.question.cells
        asked = [t for t in hazards.terms if set(factors_of(t)) & {cells.exposure, cells.modifier}]
        p = dict(hazards.table.select("term", "p").iter_rows())
        others = sorted((t for t in hazards.terms if t not in asked), key=lambda t: p[t])
        panels = (self._panel(hazards, term) for term in (*asked, *others)[:PANELS])
        return tuple(
            p for p in panels if all(map(math.isfinite, (*p.estimate, *p.lower, *p.upper, *p.groups_mean)))
        )

    def _panel(self, hazards: ProportionalHazards, term: str) -> OverTime:
        smooth = hazards.smooth(term, points=POINTS)
        i = hazards.terms.index(term)
        seen = np.flatnonzero(~np.isnan(hazards.y[:, i]))
        order = seen[np.argsort(hazards.time[seen], kind="stable")]
        groups = np.array_split(order, max(min(GROUPS, order.size // LEAST), 1))
        x = hazards.x[seen]
        return OverTime(
            term=term,
            label=self.words(term),
            place=_rounded(np.linspace(x.min(), x.max(), POINTS)),
            estimate=_rounded(smooth.estimate),
            lower=_rounded(smooth.lower),
            upper=_rounded(smooth.upper),
            constant=float(hazards.level[i]),
            groups_place=_rounded([hazards.x[g].mean() for g in groups]),
            groups_days=_rounded([hazards.time[g].mean() for g in groups]),
            groups_mean=_rounded([hazards.y[g, i].mean() for g in groups]),
        )


def _rounded(values: Iterable[float]) -> tuple[float, ...]:
    """Six digits, which no figure shows."""
    return tuple(float(f"{v:.6g}") for v in values)
