"""All diagnostics of a fitted Cox model in one call, each finding as data with its threshold and reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit, ProportionalHazards, cox_zph
from riskset.cox.zph import Transform
from riskset.effects.diagnose_findings import (
    MOVED,
    Finding,
    Kind,
    cell_findings,
    collinearity_findings,
    form_finding,
    hazards_findings,
    influence_findings,
    per_parameter_finding,
    said,
    separation_findings,
)
from riskset.effects.diagnose_form import FunctionalForm, functional_form
from riskset.effects.diagnose_influence import Influence, influence
from riskset.effects.diagnose_structure import Collinearity, cells, collinearity
from riskset.effects.profiles import require_fit
from riskset.errors import FitError, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
T = TypeVar("T")
Picture = Literal["proportional hazards", "functional form", "influence"]

FEWEST_EVENTS: Final = 2  # a test of a change over time, or along a covariate, needs more events than one


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Diagnosis:
    """Diagnostics of one fit.

    Attributes
    ----------
    findings : tuple of Finding
        Everything that was looked at, flagged or not.
    not_done : tuple of (str, str)
        Kinds that could not be looked at, and why.
    proportional_hazards : ProportionalHazards or None
    influence : Influence or None
        By person; it alone knows ids.
    forms : tuple of FunctionalForm
        One for each continuous covariate.
    collinearity : Collinearity
    cells : polars DataFrame
        Events per level of each category and per cell of each interaction; see
        `riskset.effects.diagnose_structure.cells`.
    events_per_parameter : float
    """

    findings: tuple[Finding, ...]
    not_done: tuple[tuple[Kind, str], ...]
    proportional_hazards: ProportionalHazards | None
    influence: Influence | None
    forms: tuple[FunctionalForm, ...]
    collinearity: Collinearity
    cells: pl.DataFrame
    events_per_parameter: float

    @property
    def flagged(self) -> tuple[Finding, ...]:
        """Findings beyond their threshold."""
        return tuple(f for f in self.findings if f.flagged)

    def summary(self) -> pl.DataFrame:
        """All findings: kind, term, measure, number, threshold, flagged, reading, reason."""
        columns = ("kind", "term", "measure", "number", "threshold", "flagged", "reading", "reason")
        schema = dict.fromkeys(columns, pl.String) | {
            "number": pl.Float64,
            "threshold": pl.Float64,
            "flagged": pl.Boolean,
        }
        rows = [tuple(getattr(f, name) for name in columns) for f in self.findings]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def plot(self, kind: Picture = "proportional hazards", *, width: float = 175.0) -> Figure:
        """Draw coefficients over time, observed over expected events along covariates, or influence.

        Parameters
        ----------
        kind : {"proportional hazards", "functional form", "influence"}
        width : float
            Printed width in millimetres.

        Raises
        ------
        FitError
            If this could not be looked at.
        """
        why = dict(self.not_done).get(kind)
        if why is not None:
            raise FitError(why, where=kind)
        if kind == "proportional hazards" and self.proportional_hazards is not None:
            return self.proportional_hazards.plot(width=width)
        plots: Any = import_module("riskset.plots.diagnostics")  # matplotlib takes a second to load
        if kind == "functional form" and self.forms:
            return plots.functional_form_figure(
                [plots.FormPanel(**panel) for panel in _panels(self.forms)], width=width
            )
        if kind == "influence" and self.influence is not None and self.influence.names:
            who = self.influence
            return plots.influence_figure(who.names, -who.dfbetas, threshold=MOVED, width=width)
        raise FitError("there is nothing to draw", where=kind)

    def __repr__(self) -> str:
        lines = [
            f"Diagnostics: {counted(len(self.flagged), 'finding')} of {len(self.findings)} beyond a threshold"
        ]
        lines += [f"  {f.kind}, {f.term}: {f.reading}" for f in self.flagged]
        lines += [f"  {kind}: not looked at, {why}" for kind, why in self.not_done]
        quiet = list(
            dict.fromkeys(f.kind for f in self.findings if f.kind not in {g.kind for g in self.flagged})
        )
        if quiet:
            lines.append(f"  nothing beyond a threshold: {', '.join(quiet)}")
        return "\n".join(lines)


def diagnose(fit: CoxFit, *, transform: Transform = "km", refits: int | Sequence[Any] = 0) -> Diagnosis:
    """Look at everything that a Cox model assumes or rests on.

    Proportional hazards by term (score tests and scaled Schoenfeld residuals), influential persons (dfbeta,
    likelihood displacement), functional form (martingale residuals, score tests of nonlinearity), collinearity
    (generalised variance inflation on the information), events per parameter and per cell, separation. A finding
    beyond its threshold is a question to look into, not a verdict; one within it does not prove the assumption.

    Parameters
    ----------
    fit : CoxFit
    transform : {"km", "rank", "identity", "log"} or callable
        Function of time in the tests of proportional hazards; see `riskset.cox_zph`.
    refits : int or sequence of ids
        How many of the most influential persons to leave out exactly, or whom, one fit each. All others are
        judged by their first-order change, which needs no fit.

    Returns
    -------
    Diagnosis

    References
    ----------
    Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, chapters 5 to 7.
    Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics 19, 15-18.
    Marquardt, D. W. (1970). Generalized inverses, ridge regression, biased linear estimation. Technometrics 12.
    Peduzzi, P. et al. (1995). Importance of events per independent variable. J Clin Epidemiol 48, 1503-1510.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [1, 2, 3, 4, 5, 6, 7, 8], "d": [1, 1, 1, 1, 1, 1, 1, 0], "x": [1, 1, 0, 1, 0, 0, 1, 0]}
    >>> diagnose(coxph("Surv(t, d) ~ x", rows))
    Diagnostics: 5 findings of 9 beyond a threshold
      influence, x: leaving one person out moves this log hazard ratio by up to 0.60 of its standard error
      influence, all: leaving one person out moves the coefficients to the edge of their joint 45% region
      events per parameter, all: 7 events for 1 coefficient are 7.0 per coefficient
      events per cell, x = 0: 3 events
      events per cell, x = 1: 4 events
      nothing beyond a threshold: proportional hazards, collinearity, separation
    """
    require_fit(fit)
    findings: list[Finding] = []
    not_done: list[tuple[Kind, str]] = []
    runs_off = "a coefficient has no finite estimate" if fit.matrix.runaway.any() else ""
    nothing = _no_ground(fit)

    def looked_at(kind: Kind, why_not: str, look: Callable[[], T]) -> T | None:
        """Look, unless there is a reason not to; a refusal is a reason as well."""
        if not why_not:
            try:
                return look()
            except FitError as error:
                if error.where in {"transform", "refits"}:  # what was asked, not what is there
                    raise
                why_not = error.rule
        not_done.append((kind, why_not))
        return None

    hazards = looked_at("proportional hazards", nothing or runs_off, lambda: cox_zph(fit, transform))
    who = looked_at("influence", nothing, lambda: influence(fit, refits))
    forms = looked_at("functional form", nothing or runs_off, lambda: functional_form(fit)) or ()
    findings += [] if hazards is None else hazards_findings(hazards)
    findings += [] if who is None else influence_findings(who)
    findings += [form_finding(form) for form in forms]
    inflation = collinearity(fit)
    findings += collinearity_findings(inflation)
    known = int(fit.matrix.independent.sum())
    per = fit.n_events / known if known else float("inf")
    if known:
        findings.append(per_parameter_finding(fit.n_events, known, per))
    counts = cells(fit)
    findings += cell_findings(counts)
    findings += separation_findings(fit)
    return Diagnosis(
        findings=tuple(findings),
        not_done=tuple(not_done),
        proportional_hazards=hazards,
        influence=who,
        forms=forms,
        collinearity=inflation,
        cells=counts,
        events_per_parameter=per,
    )


def _no_ground(fit: CoxFit) -> str:
    """Say why a fit cannot be looked into at all; empty if it can."""
    if not fit.names:
        return "the model has no coefficient"
    if fit.status == "not converged":
        return "the fit did not converge"
    return "" if fit.n_events >= FEWEST_EVENTS else "there are too few events"


def _panels(forms: Sequence[FunctionalForm]) -> list[dict[str, Any]]:
    return [
        {
            "label": f.covariate,
            "note": (
                f"Nonlinear: \u03c7\u00b2 = {f.test.chi2:.2f} on {f.test.df:g} df, {said(f.test.p)}"
                if f.test
                else f"No test: {f.reason}"
            ),
            "x": f.x,
            "departure": np.exp(f.departure),
            "lower": np.exp(f.lower),
            "upper": np.exp(f.upper),
            "middle": f.middle,
            "ratio": f.ratio,
            "ratio_lower": f.ratio_lower,
            "ratio_upper": f.ratio_upper,
        }
        for f in forms
    ]
