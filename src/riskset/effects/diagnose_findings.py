"""Findings: what a diagnosis says, as data: the number, its threshold with the reason, and the reading in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from scipy.special import gammainc

from riskset.cox import CoxFit, ProportionalHazards
from riskset.cox.printing import p_value
from riskset.effects.diagnose_form import FunctionalForm
from riskset.effects.diagnose_influence import Influence
from riskset.effects.diagnose_structure import Collinearity
from riskset.errors import counted

Kind = Literal[
    "proportional hazards",
    "influence",
    "functional form",
    "collinearity",
    "events per parameter",
    "events per cell",
    "separation",
]

P: Final = 0.05
P_REASON: Final = "where the assumption holds, one test in twenty is below; with many terms some will be"
MOVED: Final = 0.5
MOVED_REASON: Final = "half a standard error moves a 95% limit by a quarter of its distance from the estimate"
REGION: Final = 0.10
REGION_REASON: Final = (
    "one person's leaving should keep all coefficients within their joint 10% region (Cook 1977)"
)
INFLATED: Final = float(np.sqrt(10.0))
INFLATED_REASON: Final = (
    "a variance inflation of 10, that is a standard error 3.2 times what it would be (Marquardt 1970)"
)
PER_PARAMETER: Final = 10.0
PER_PARAMETER_REASON: Final = (
    "under 10, estimates may be far off and intervals too narrow (Peduzzi et al. 1995)"
)
PER_CELL: Final = 10
PER_CELL_REASON: Final = "what rests on fewer than 10 events is fragile (Peduzzi et al. 1995)"
SEPARATION_REASON: Final = (
    "an estimate is finite only where the likelihood has a maximum (Heinze & Schemper 2001)"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One number that a reader of the model should know.

    Attributes
    ----------
    kind : str
        What was looked at: "proportional hazards", "influence", ...
    term : str
        Term, coefficient or cell concerned; "GLOBAL" or "all" for all together.
    measure : str
        What the number is.
    number : float or None
        None where it is not defined; the reading then says why.
    threshold : float or None
    reason : str
        Why this threshold.
    flagged : bool
        Whether the number is beyond it.
    reading : str
        The finding as a sentence.
    """

    kind: Kind
    term: str
    measure: str
    number: float | None
    threshold: float | None
    reason: str
    flagged: bool
    reading: str


def said(p: float) -> str:
    """Write a p-value as a reading does, "P = 0.031"."""
    text = p_value(p)
    return f"P < {text[1:]}" if text.startswith("<") else f"P = {text}"


def hazards_findings(found: ProportionalHazards) -> list[Finding]:
    """Read the score tests of proportional hazards, term by term and together."""
    rows = found.table.iter_rows(named=True)
    return [
        Finding(
            "proportional hazards", r["term"], "P of the score test", r["p"], P, P_REASON, r["p"] < P,
            f"{said(r['p'])}: "
            + (
                "log hazard ratios seem to change with time; the model's are averages over the follow-up"
                if r["p"] < P and r["term"] == "GLOBAL"
                else "the log hazard ratio seems to change with time; the model's is an average over the follow-up"
                if r["p"] < P
                else "no change of the log hazard ratio with time was found"
            ),
        )
        for r in rows
    ]  # fmt: skip


def influence_findings(found: Influence) -> list[Finding]:
    """Say how far one person moves each coefficient, and all of them; never who."""
    largest = np.abs(found.dfbetas).max(axis=0, initial=0.0)
    out = [
        Finding(
            "influence", name, "largest change in standard errors", float(value), MOVED, MOVED_REASON,
            bool(value > MOVED),
            f"leaving one person out moves this log hazard ratio by up to {value:.2f} of its standard error",
        )
        for name, value in zip(found.names, largest, strict=True)
    ]  # fmt: skip
    top = float(found.displacement.max(initial=0.0))
    df = int((largest > 0).sum())
    region = float(gammainc(df / 2, top / 2)) if df else 0.0
    words = f"leaving one person out moves the coefficients to the edge of their joint {region:.0%} region"
    if region < 0.005:
        words = "leaving any one person out hardly moves the coefficients together"
    out.append(
        Finding(
            "influence", "all", "joint confidence region reached", region, REGION, REGION_REASON, region > REGION, words
        )
    )  # fmt: skip
    return out


def form_finding(form: FunctionalForm) -> Finding:
    """Read the test of one covariate's straight line."""
    if form.test is None:
        return Finding(
            "functional form", form.covariate, "P of the score test", None, P, P_REASON, False, form.reason
        )
    p = form.test.p
    words = (
        "a straight line seems not to fit; look at the figure, and at a spline"
        if p < P
        else "no curvature was found"
    )
    return Finding(
        "functional form", form.covariate, "P of the score test", p, P, P_REASON, p < P, f"{said(p)}: {words}"
    )  # fmt: skip


def collinearity_findings(found: Collinearity) -> list[Finding]:
    """Read the inflation of each block of terms."""
    return [
        Finding(
            "collinearity", r["block"], "GVIF^(1/(2 df))", r["scaled"], INFLATED, INFLATED_REASON,
            r["scaled"] > INFLATED,
            f"standard errors are {r['scaled']:.2f} times what they would be without the other terms",
        )
        for r in found.blocks.iter_rows(named=True)
    ]  # fmt: skip


def per_parameter_finding(events: int, known: int, per: float) -> Finding:
    """Say how many events there are for each coefficient."""
    words = f"{counted(events, 'event')} for {counted(known, 'coefficient')} are {per:.1f} per coefficient"
    return Finding(
        "events per parameter", "all", "events per coefficient", per, PER_PARAMETER, PER_PARAMETER_REASON,
        per < PER_PARAMETER, words,
    )  # fmt: skip


def cell_findings(found: pl.DataFrame) -> list[Finding]:
    """Say how many events each cell holds."""
    return [
        Finding(
            "events per cell", f"{r['term']} = {r['cell']}", "events", float(r["events"]), PER_CELL, PER_CELL_REASON,
            r["events"] < PER_CELL,
            counted(r["events"], "event") if r["rows"] else "nobody is in this cell",
        )
        for r in found.iter_rows(named=True)
    ]  # fmt: skip


def separation_findings(fit: CoxFit) -> list[Finding]:
    """Name the coefficients that ran off, or could not be estimated."""
    if fit.message and (fit.status != "converged" or np.isnan(fit.params).any()):
        names = [n for n, r in zip(fit.names, fit.matrix.runaway | np.isnan(fit.params), strict=True) if r]
        return [
            Finding(
                "separation", name, "coefficients without a finite estimate", 1.0, 0.0, SEPARATION_REASON, True, fit.message
            )
            for name in names or ("all",)
        ]  # fmt: skip
    words = "every coefficient has a finite estimate"
    return [
        Finding("separation", "all", "coefficients without a finite estimate", 0.0, 0.0, SEPARATION_REASON, False, words)
    ]  # fmt: skip
