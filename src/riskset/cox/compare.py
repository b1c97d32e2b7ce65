"""Nested models beside each other."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.cox.fit import CoxFit
from riskset.cox.hypotheses import Test
from riskset.cox.term_tests import in_span
from riskset.errors import FitError


def anova(*fits: CoxFit) -> pl.DataFrame:
    """Likelihood-ratio tests of each model against the one before it, as R's ``anova(fit1, fit2)``.

    Parameters
    ----------
    *fits : CoxFit
        Two or more nested models, fitted to the same rows, strata and weights.

    Returns
    -------
    polars DataFrame
        model, loglik, aic; and the test against the row above: df, chi2, p.

    Raises
    ------
    FitError
        If the models rest on different rows, are not nested, or have no likelihood to compare.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0], "z": [3, 2, 0, 1, 1, 2]}
    >>> table = anova(coxph("Surv(t, d) ~ x", rows), coxph("Surv(t, d) ~ x + z", rows))
    >>> table["df"].to_list()
    [None, 1]
    """
    if len(fits) < 2:
        raise FitError("two models or more are needed", where="anova", remedy="Use fit.anova() for one.")
    first = fits[0]
    for fit in fits:
        fit.require_likelihood("a comparison of likelihoods")
        if fit.matrix.penalty is not None:
            raise FitError(
                "penalised models of different size have no likelihood in common",
                where="anova",
                remedy="Use fit.anova() of the larger one, or likelihood_ratio(fit, L).",
            )
    for fit in fits[1:]:
        _require_same_rows(first, fit)
    rows: list[dict[str, object]] = []
    for k, fit in enumerate(fits):
        row: dict[str, object] = {"model": fit.formula, "loglik": fit.loglik, "aic": fit.aic}
        if k:
            before = fits[k - 1]
            small, large = sorted((before, fit), key=lambda f: f.df)
            _require_nested(small, large)
            test = Test.of(max(2 * (large.loglik - small.loglik), 0.0), large.df - small.df)
            row |= {"df": int(test.df), "chi2": test.chi2, "p": test.p}
        rows.append(row)
    schema = {"model": pl.String, "loglik": pl.Float64, "aic": pl.Float64}
    return pl.DataFrame(rows, schema=schema | {"df": pl.Int64, "chi2": pl.Float64, "p": pl.Float64})


def _require_same_rows(a: CoxFit, b: CoxFit) -> None:
    """Refuse models whose partial likelihoods are not of the same rows, strata, weights and ties."""

    def same(x: object, y: object) -> bool:
        return x is y or (x is not None and y is not None and np.array_equal(np.asarray(x), np.asarray(y)))

    i, j = a.matrix.rows.index, b.matrix.rows.index
    counts = (a.n_rows, a.n_events, a.n_dropped_rows) == (b.n_rows, b.n_events, b.n_dropped_rows)
    persons = a.id is None or b.id is None or (counts and a.data[a.id].equals(b.data[b.id]))
    times = counts and all(
        same(x, y) for x, y in ((i.kept, j.kept), (i.lo, j.lo), (i.hi, j.hi), (i.event_time, j.event_time))
    )
    if not (persons and times and same(i.death_row, j.death_row)):
        raise FitError(
            f"the models were not fitted to the same rows and strata ({a.n_rows:,} and {b.n_rows:,} rows)",
            where="anova",
            remedy="Leave rows with a missing value in any of the variables out before fitting either.",
        )
    if a.ties != b.ties or not same(i.weight, j.weight) or not same(*(f.matrix.rows.offset for f in (a, b))):
        raise FitError("the models differ in ties, weights or offset", where="anova")


def _require_nested(small: CoxFit, large: CoxFit) -> None:
    if small.df == large.df or not in_span(small.matrix.rows.X, large.matrix.rows.X):
        raise FitError(
            f"the models are not nested: {small.formula!r} is no special case of {large.formula!r}",
            where="anova",
            remedy="Compare their AIC.",
        )
