"""The fit as a printed table: what was fitted, to what, and the estimates."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from riskset.cox.penalties import Firth
from riskset.errors import counted

if TYPE_CHECKING:
    from riskset.cox.fit import CoxFit


def p_value(p: float | None) -> str:
    """Three decimals, or <0.001.

    Examples
    --------
    >>> p_value(0.04999), p_value(0.00012)
    ('0.050', '<0.001')
    """
    if p is None or p != p:  # noqa: PLR0124 (NaN)
        return ""
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def wide(text: str) -> int:
    """Count the columns that a text takes on a screen: two for each Chinese, Japanese or Korean character.

    Examples
    --------
    >>> wide("never"), wide("日本 語")
    (5, 7)
    """
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def left(text: str, width: int) -> str:
    """Set a text at the left of a column of a table."""
    return text + " " * (width - wide(text))


def ratio(x: float) -> str:
    """Three decimals within what a table holds, three digits beyond it.

    Examples
    --------
    >>> ratio(1.0467), ratio(2.5e-7), ratio(float("inf"))
    ('1.047', '2.5e-07', 'inf')
    """
    return f"{x:.3f}" if x == 0 or 0.0005 <= x < 1000 else f"{x:.3g}"


def coefficient_table(summary: pl.DataFrame, *, robust: bool) -> str:
    """Lines of term, hazard ratio with limits, log hazard ratio, standard error, z and p."""
    rows: list[Sequence[str]] = [("", "HR", "95% CI", "coef", "robust SE" if robust else "SE", "z", "p")]
    for r in summary.iter_rows(named=True):
        if r["estimate"] is None:
            rows.append((r["term"], "not estimated", "", "", "", "", ""))
            continue
        se = r["robust_se"] if robust else r["std_error"]
        limits = f"{ratio(r['lower'])} to {ratio(r['upper'])}"
        z = "" if r["z"] is None else f"{r['z']:.2f}"
        rows.append(
            (
                r["term"],
                ratio(r["hazard_ratio"]),
                limits,
                f"{r['estimate']:.4f}",
                f"{se:.4f}",
                z,
                p_value(r["p"]),
            )
        )
    width = [max(wide(row[j]) for row in rows) for j in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            left(cell, w) if j == 0 else cell.rjust(w)
            for j, (cell, w) in enumerate(zip(row, width, strict=True))
        ).rstrip()
        for row in rows
    )


def printed(fit: CoxFit) -> str:
    """Write a fit out: what was fitted to what, the estimates, the tests, and what the reader must know."""
    persons = "" if fit.n_persons is None else f"{counted(fit.n_persons, 'person')}, "
    lines = [
        f"Cox model: {fit.formula}",
        f"{persons}{counted(fit.n_rows, 'row')}, {counted(fit.n_events, 'event')}, "
        f"time at risk {fit.person_time:,.6g}; ties: {fit.ties}",
    ]
    if fit.n_dropped_rows:
        lines.append(f"{counted(fit.n_dropped_rows, 'row')} left out for missing values")
    penalised = fit.matrix.penalty is not None
    if penalised:
        lines.append(
            "Firth's penalty: for limits of small samples use confint(method='profile')"
            if isinstance(fit.matrix.penalty, Firth)
            else f"ridge: {fit.df:.2f} coefficients' worth of {len(fit.names)}"
        )
    lines.append("")
    if fit.names:
        lines += [coefficient_table(fit.summary(), robust=fit.robust), ""]
    null = f"null {fit.loglik_null:.4f}" + (f"; penalised {fit.penalised_loglik:.4f}" if penalised else "")
    lines.append(f"log likelihood {fit.loglik:.4f} ({null})")
    if fit.names:
        tests = fit.global_tests()
        named = {
            "likelihood ratio": tests.likelihood_ratio,
            "Wald": tests.wald,
            "score": tests.score,
            "robust score": tests.robust_score,
        }
        lines += [
            f"{name} test {t.chi2:.2f} on {t.df:.4g} df, p {p_value(t.p)}"
            for name, t in named.items()
            if t is not None
        ]
    if fit.message:
        lines.append(f"Note: {fit.message}")
    return "\n".join(lines)
