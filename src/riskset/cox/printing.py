"""The fit as a printed table: what was fitted, to what, and the estimates."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


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
    width = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if j == 0 else cell.rjust(w)
            for j, (cell, w) in enumerate(zip(row, width, strict=True))
        ).rstrip()
        for row in rows
    )


def count(n: int, what: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> count(1, "event"), count(1200, "row")
    ('1 event', '1,200 rows')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"
