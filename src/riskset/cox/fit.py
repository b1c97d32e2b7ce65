"""The fitted Cox model: estimates, variances, tests and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from riskset.cox.arrays import MatrixFit
from riskset.cox.estimates import Contrast, GlobalTests
from riskset.cox.hypotheses import Test, profile_limit
from riskset.cox.penalties import Firth, Quadratic
from riskset.cox.printing import coefficient_table, count, p_value
from riskset.cox.term_tests import Kind, Method, term_tests
from riskset.design import Design
from riskset.errors import FitError
from riskset.linalg import quadratic_form

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CoxFit:
    """A Cox model fitted to rows ``(entry, exit]``.

    Attributes
    ----------
    formula : str
    names : tuple of str
        Names of the coefficients; see `riskset.design.Design`.
    params : float array (p,)
        Log hazard ratios; NaN where a column is a combination of earlier ones (R's NA).
    design : Design
        Levels and knots of the fitted rows.
    data : polars DataFrame
        The fitted rows: id, times, event (as boolean), and all variables of the formula.
    id, entry, exit, event, weights, cluster : str or None
        Column names in ``data``; ``entry`` is None for right-censored data, ``cluster`` unless the variance
        is robust.
    ties : {"efron", "breslow", "exact"}
    robust : bool
        Whether tests and intervals use the robust variance.
    n_persons : int or None
        None where rows have an entry time and no ``id`` tells whose they are.
    n_rows, n_events : int
    person_time : float
        In the unit of the times.
    n_dropped_rows, n_dropped_persons : int
        Rows left out for missing values, and persons who lost all their rows by it.
    matrix : MatrixFit
        The fit of the design's matrix.
    """

    formula: str
    names: tuple[str, ...]
    params: Floats
    design: Design
    data: pl.DataFrame
    id: str | None
    entry: str | None
    exit: str
    event: str
    weights: str | None
    cluster: str | None
    ties: str
    robust: bool
    n_persons: int | None
    n_rows: int
    n_events: int
    person_time: float
    n_dropped_rows: int
    n_dropped_persons: int
    matrix: MatrixFit = field(repr=False)

    @property
    def status(self) -> str:
        """``"converged"``, ``"not converged"`` or ``"monotone likelihood"``."""
        return self.matrix.status

    @property
    def message(self) -> str:
        """What the reader must know about the status and coefficients that could not be estimated; or ''."""
        parts: list[str] = []
        if self.status == "monotone likelihood":
            names = ", ".join(n for n, r in zip(self.names, self.matrix.runaway, strict=True) if r)
            parts.append(
                f"the likelihood has no maximum: it still rises as these coefficients go to infinity: {names}; "
                "usually a cell of them has no event. Merge levels or leave the term out"
            )
        elif self.status != "converged":
            parts.append(
                f"Newton's method did not converge in {len(self.matrix.record) - 1} steps; do not use the estimates"
            )
        aliased = [n for n, b in zip(self.names, self.params, strict=True) if np.isnan(b)]
        if aliased:
            parts.append(
                f"constant, or a combination of other columns, and not estimated: {', '.join(aliased)}"
            )
        return "; ".join(parts)

    @property
    def loglik(self) -> float:
        """Log partial likelihood at the estimate, without penalty."""
        return self.matrix.loglik

    @property
    def loglik_null(self) -> float:
        """Log partial likelihood at the starting values, zero by default."""
        return self.matrix.loglik_null

    @property
    def penalised_loglik(self) -> float:
        """Log partial likelihood at the estimate with its penalty; ``loglik`` if there is none."""
        return self.matrix.objective

    @property
    def df(self) -> float:
        """Number of coefficients that were estimated; under a ridge, the effective number.

        The effective number is the trace of information x variance, as R's ``coxph`` counts (Gray 1992).
        """
        if isinstance(self.matrix.penalty, Quadratic):
            return float(np.sum(self.matrix.information * self.matrix.covariance))
        return int(self.matrix.independent.sum())

    @property
    def iterations(self) -> pl.DataFrame:
        """The iteration record: one row for each point at which the likelihood was expanded.

        ``decrement`` is the squared length, in standard errors, of the step from there; ``halvings`` how
        often it had to be halved. ``loglik`` has its penalty, if any.
        """
        record = self.matrix.record
        return pl.DataFrame(
            {
                "iteration": range(len(record)),
                "loglik": [r.loglik for r in record],
                "decrement": [r.decrement for r in record],
                "halvings": [r.halvings for r in record],
            },
            schema={
                "iteration": pl.Int64,
                "loglik": pl.Float64,
                "decrement": pl.Float64,
                "halvings": pl.Int64,
            },
        )

    @property
    def aic(self) -> float:
        """Akaike's criterion; refused under a robust variance, whose rows are not independent."""
        if self.robust:
            raise FitError("AIC has no meaning beside a robust variance", where="aic")
        return -2 * self.loglik + 2 * self.df

    @property
    def bic(self) -> float:
        """Schwarz's criterion with the number of events, as R's; refused under a robust variance."""
        if self.robust:
            raise FitError("BIC has no meaning beside a robust variance", where="bic")
        return -2 * self.loglik + float(np.log(self.n_events)) * self.df

    def cov_params(self, robust: bool | None = None) -> Floats:
        """Variance of the coefficients, shape (p, p); zero at those not estimated.

        Parameters
        ----------
        robust : bool, optional
            Sandwich or inverse information; by default what the fit's tests use.
        """
        if robust is None:
            robust = self.robust
        if not robust:
            return self.matrix.covariance
        if self.matrix.robust_covariance is None:
            raise FitError(
                "the fit has no robust variance", remedy="Fit with robust=True, or name a cluster."
            )
        return self.matrix.robust_covariance

    @property
    def std_error(self) -> Floats:
        """Standard errors, shape (p,); NaN at coefficients not estimated."""
        return self._std_error(self.cov_params())

    def _std_error(self, V: Floats) -> Floats:
        return np.where(np.isnan(self.params), np.nan, np.sqrt(np.diag(V)))

    def confint(self, level: float = 0.95, method: Literal["wald", "profile"] = "wald") -> Floats:
        """Confidence limits of the log hazard ratios, shape (p, 2).

        Parameters
        ----------
        level : float
        method : {"wald", "profile"}
            Wald, or where the profile likelihood has fallen by half a chi-squared quantile.
        """
        if method == "profile":
            self.require_likelihood("a profile-likelihood interval")
            unit = np.eye(self.params.size)
            return np.array(
                [
                    [np.nan, np.nan]
                    if np.isnan(b)
                    else [profile_limit(self.matrix, c, level, side) for side in (-1, 1)]
                    for b, c in zip(self.params, unit, strict=True)
                ]
            ).reshape(-1, 2)
        z = ndtri(0.5 + level / 2)
        return self.params[:, None] + np.array([-z, z]) * self.std_error[:, None]

    def summary(self, level: float = 0.95) -> pl.DataFrame:
        """One row per coefficient: term, estimate, hazard_ratio, std_error, robust_se, z, p, lower, upper.

        ``estimate`` is the log hazard ratio, ``std_error`` from the information; z, p and the limits of the
        hazard ratio are Wald's, with the robust standard error where the fit is robust.
        """
        se = self.std_error
        z = self.params / se
        with np.errstate(over="ignore"):  # the limit of a coefficient that runs off is rightly infinite
            limits, hazard_ratio = np.exp(self.confint(level)), np.exp(self.params)
        columns = {
            "estimate": self.params,
            "hazard_ratio": hazard_ratio,
            "std_error": self._std_error(self.cov_params(robust=False)),
            "robust_se": se if self.robust else np.full(se.size, np.nan),
            "z": z,
            "p": 2 * ndtr(-np.abs(z)),
            "lower": limits[:, 0],
            "upper": limits[:, 1],
        }
        return pl.DataFrame(
            {"term": self.names} | columns, schema_overrides={"term": pl.String}
        ).with_columns(pl.col(*columns).fill_nan(None))

    def global_tests(self) -> GlobalTests:
        """Likelihood-ratio, Wald, score and robust score tests of all coefficients together.

        Under Firth's penalty the ratio is that of penalised likelihoods; under a ridge, as R prints it, that of
        the likelihoods on the effective number of coefficients.
        """
        b = np.nan_to_num(self.params - self.matrix.start)
        wald, rank = quadratic_form(b, self.cov_params())
        robust_score = self.matrix.robust_score_statistic
        m = self.matrix
        gain = m.objective - m.objective_null if isinstance(m.penalty, Firth) else m.loglik - m.loglik_null
        return GlobalTests(
            likelihood_ratio=None if self.robust else Test.of(2 * gain, self.df),
            wald=Test.of(wald, rank),
            score=Test.of(self.matrix.score_statistic, self.df),
            robust_score=None if robust_score is None else Test.of(robust_score, self.df),
        )

    def anova(self, method: Method = "drop1", test: Kind | None = None) -> pl.DataFrame:
        """Test the terms of the model, one row for each.

        Parameters
        ----------
        method : {"drop1", "sequential"}
            Drop one term at a time from the model, leaving those alone that stand in an interaction (as R's
            ``drop1``); or add one term at a time, in their order (as R's ``anova``).
        test : {"lr", "wald"}, optional
            Likelihood ratio by default; Wald, with the fit's own variance, where that is robust or a ridge's.

        Returns
        -------
        polars DataFrame
            term, df, chi2, p; for the likelihood ratio also loglik and aic of the model without the term, or,
            if sequential, with the terms up to it (R's AIC; its loglik has the penalty, if any).
        """
        if test is None:
            test = "wald" if self.robust or isinstance(self.matrix.penalty, Quadratic) else "lr"
        if test == "lr":
            self.require_likelihood("a likelihood-ratio test")
        return term_tests(self.matrix, self.design.terms, method, test, robust=self.robust)

    def contrast(
        self, a: Mapping[str, Any], b: Mapping[str, Any] | None = None, *, level: float = 0.95
    ) -> Contrast:
        """Compare the hazards of two profiles, named by variables and levels.

        Parameters
        ----------
        a, b : mapping of variable to value
            Variables not named are at their reference level or mean, in both.
        level : float
            Of the Wald limits.

        Examples
        --------
        >>> from riskset.cox import coxph
        >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
        >>> print(f'{coxph("Surv(t, d) ~ x", rows).contrast({"x": 1}, {"x": 0}).hazard_ratio:.4f}')
        5.3487
        """
        return self.combine(self.design.row(a) - self.design.row(b or {}), level=level)

    def combine(self, vector: Floats, *, level: float = 0.95) -> Contrast:
        """Estimate the combination ``vector' beta``, with Wald limits.

        Raises
        ------
        FitError
            If the combination has a part that could not be estimated.
        """
        vector = np.asarray(vector, dtype=np.float64)
        self.require_estimable(vector)
        estimate = float(vector @ np.nan_to_num(self.params))
        se = float(np.sqrt(vector @ self.cov_params() @ vector))
        z = estimate / se if se > 0 else np.nan
        q = float(ndtri(0.5 + level / 2)) * se
        with np.errstate(over="ignore"):
            hazard_ratio, lower, upper = np.exp([estimate, estimate - q, estimate + q]).tolist()
        return Contrast(
            estimate=estimate,
            std_error=se,
            hazard_ratio=hazard_ratio,
            lower=lower,
            upper=upper,
            z=z,
            p=float(2 * ndtr(-abs(z))),
            vector=vector,
            level=level,
        )

    def require_estimable(self, vectors: Floats) -> None:
        """Refuse combinations (p,) or (q, p) that touch a coefficient which was not estimated."""
        if vectors.shape[-1] != self.params.size:
            raise FitError(
                f"a combination has {self.params.size} weights, one for each coefficient", where="vector"
            )
        touched = np.isnan(self.params) & (np.atleast_2d(vectors) != 0).any(axis=0)
        if touched.any():
            names = ", ".join(n for n, t in zip(self.names, touched, strict=True) if t)
            raise FitError(f"the combination rests on coefficients that were not estimated: {names}")

    def require_likelihood(self, what: str) -> None:
        """Refuse likelihood methods under a robust variance, where rows are not independent."""
        if self.robust:
            raise FitError(
                f"{what} has no meaning beside a robust variance",
                remedy="Use the robust Wald test and limits, or fit with robust=False.",
            )
        if isinstance(self.matrix.penalty, Quadratic):
            raise FitError(
                f"{what} has no meaning under a ridge, which draws coefficients towards zero",
                remedy="Use Wald's, or fit without the ridge.",
            )

    def __repr__(self) -> str:
        persons = "" if self.n_persons is None else f"{count(self.n_persons, 'person')}, "
        lines = [
            f"Cox model: {self.formula}",
            f"{persons}{count(self.n_rows, 'row')}, {count(self.n_events, 'event')}, "
            f"time at risk {self.person_time:,.6g}; ties: {self.ties}",
        ]
        if self.n_dropped_rows:
            lines.append(f"{count(self.n_dropped_rows, 'row')} left out for missing values")
        lines.append("")
        if self.names:
            lines += [coefficient_table(self.summary(), robust=self.robust), ""]
        lines.append(f"log likelihood {self.loglik:.4f} (null {self.loglik_null:.4f})")
        if self.names:
            tests = self.global_tests()
            named = {
                "likelihood ratio": tests.likelihood_ratio,
                "Wald": tests.wald,
                "score": tests.score,
                "robust score": tests.robust_score,
            }
            lines += [
                f"{name} test {t.chi2:.2f} on {t.df} df, p {p_value(t.p)}"
                for name, t in named.items()
                if t is not None
            ]
        if self.message:
            lines.append(f"Note: {self.message}")
        return "\n".join(lines)
