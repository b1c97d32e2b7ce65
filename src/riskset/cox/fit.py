"""The fitted Cox model: estimates, variances, tests and what they rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from riskset.cox.arrays import MatrixFit, codes
from riskset.cox.baseline import baseline_hazard
from riskset.cox.concordance import Concordance, TimeWeight, concordance_of, sums
from riskset.cox.contrasts import combined, contrasts_of, estimable, normal_deviate
from riskset.cox.estimates import Contrast, Contrasts, GlobalTests
from riskset.cox.hypotheses import Test, profile_limit
from riskset.cox.penalties import Firth, Quadratic
from riskset.cox.predict import Kind as Prediction
from riskset.cox.predict import Reference, predict
from riskset.cox.printing import printed
from riskset.cox.residuals import Kind as Residual
from riskset.cox.residuals import residuals
from riskset.cox.term_tests import Kind, Method, term_tests
from riskset.cox.trouble import message
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
        return message(self.matrix, self.design, self.data, self.data[self.event].to_numpy())

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

    @property
    def model_matrix(self) -> Floats:
        """Covariates of the fitted rows as `params` multiply them, not centred, shape (n_rows, p).

        Made anew from ``data`` at each call: the fit holds no second copy of its rows.
        """
        return self.design.matrix(self.data)

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
        # A coefficient that ran off until no information was left has variance 0 in V: it is not known at all.
        se = np.where(np.diag(V) > 0, np.sqrt(np.diag(V)), np.inf)
        return np.where(np.isnan(self.params), np.nan, se)

    def confint(self, level: float = 0.95, method: Literal["wald", "profile"] = "wald") -> Floats:
        """Confidence limits of the log hazard ratios, shape (p, 2).

        Parameters
        ----------
        level : float
        method : {"wald", "profile"}
            Wald, or where the profile likelihood has fallen by half a chi-squared quantile.
        """
        z = normal_deviate(level)
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

    def residuals(
        self, type: Residual = "martingale", collapse: str | None = None, weighted: bool | None = None
    ) -> Floats:
        """Residuals by row, person or event; see `riskset.cox.residuals.residuals`."""
        return residuals(self, type, collapse, weighted)

    def baseline_hazard(self, *, centered: bool = True) -> pl.DataFrame:
        """Cumulative baseline hazard per stratum; see `riskset.cox.baseline.baseline_hazard`."""
        return baseline_hazard(self, centered=centered)

    def predict(
        self, type: Prediction = "lp", data: Any = None, *, reference: Reference | None = None
    ) -> tuple[Floats, Floats]:
        """Predictions of rows with standard errors; see `riskset.cox.predict.predict`."""
        return predict(self, type, data, reference=reference)

    def concordance(
        self, timewt: TimeWeight = "n", *, until: float | None = None, cluster: str | None = None
    ) -> Concordance:
        """Share of pairs in which the higher linear predictor has the earlier event, within strata.

        Parameters
        ----------
        timewt : {"n", "S", "S/G", "n/G2", "I"}
            Weight of the pairs at a time; see `riskset.cox.concordance.concordance`.
        until : float, optional
            Leave later events out.
        cluster : str, optional
            Column of ``data`` over which the standard error is summed; the fit's cluster or ``id`` by default.
        """
        m, column = self.matrix, cluster or self.cluster or self.id
        if m.rows.fading is not None:
            raise FitError("pairs of a subdistribution hazard are not counted", where="concordance")
        score = np.zeros(self.n_rows)
        eta = m.rows.X @ m.state.beta + (0.0 if m.rows.offset is None else m.rows.offset)
        score[slice(None) if m.rows.index.kept is None else m.rows.index.kept] = eta
        weight = np.ones(self.n_rows) if self.weights is None else self.data[self.weights].to_numpy()
        strata = self.design.strata
        stratum = codes(np.zeros(self.n_rows) if strata is None else strata.codes(self.data))
        return concordance_of(
            m.rows.index,
            score,
            self.n_rows,
            sums(stratum, weight),
            cluster=None if column is None else codes(self.data[column].rank("dense").to_numpy()),
            timewt=timewt,
            until=until,
        )

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
        >>> print(coxph("Surv(t, d) ~ x", rows).contrast({"x": 1}, {"x": 0}))
        5.35 (0.44 to 65.43), p = 0.189
        """
        return self.combine(self.design.row(a) - self.design.row(b or {}), level=level)

    def contrasts(
        self, a: Mapping[str, Any], b: Mapping[str, Any] | None = None, *, level: float = 0.95
    ) -> Contrasts:
        """Compare several pairs of profiles; see `riskset.cox.contrasts.contrasts_of`."""
        return contrasts_of(self, a, b, level=level)

    def combine(self, vector: Floats, *, level: float = 0.95) -> Contrast:
        """Estimate the combination ``vector' beta``, with Wald limits; refused where it is not estimable."""
        return combined(self, vector, level=level)

    def require_estimable(self, vectors: Floats) -> None:
        """Refuse combinations (p,) or (q, p) that the data do not determine."""
        if vectors.shape[-1] != self.params.size:
            raise FitError(
                f"a combination has {self.params.size} weights, one for each coefficient", where="vector"
            )
        if not estimable(self, np.atleast_2d(vectors)).all():
            names = ", ".join(n for n, b in zip(self.names, self.params, strict=True) if np.isnan(b))
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
        return printed(self)
