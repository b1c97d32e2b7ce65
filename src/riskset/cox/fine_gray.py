"""`fine_gray`: the effect of covariates on the cumulative incidence of one of several competing causes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox.causes import status_of
from riskset.cox.coxph import Rows, fit_formula
from riskset.cox.estimates import Contrast
from riskset.cox.fine_gray_variance import with_censoring_term
from riskset.cox.fit import CoxFit
from riskset.cox.observation import Observation, observation
from riskset.cox.printing import coefficient_table, p_value
from riskset.cox.splitting import has_time_terms
from riskset.cox.survival import ConfType, cox_survival
from riskset.design import parse_formula
from riskset.errors import FitError, counted
from riskset.kernel import Staying

Floats = NDArray[np.float64]
Variance = Literal["robust", "crr"]


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FineGrayFit:
    """A proportional subdistribution hazards model.

    Hazard ratios here are of the subdistribution hazard of one cause: the rate of that event among those who have
    not had it, persons with a competing event included. They order the cumulative incidences of profiles; they are
    not rates among those alive and are not to be read as such.

    Attributes
    ----------
    cox : CoxFit
        The fit itself: what a fit of Cox's model can be asked that asks for nothing but its likelihood
        (`wald_test`, `cox_zph`, `interaction`, `hazard_ratio_curve`), asks this one of the subdistribution.
    cause : value
        The cause whose cumulative incidence is modelled.
    competing : tuple
        The other causes.
    n_competing, n_censored : int
        Rows that end with a competing event, and with no event where their person's time ends.
    delayed_entry : bool
        Whether weights have entry in them, as Geskus (2011).
    ties_censoring : {"after", "with"}
    variance : {"robust", "crr"}
    """

    cox: CoxFit
    cause: Any
    competing: tuple[Any, ...]
    n_competing: int
    n_censored: int
    delayed_entry: bool
    ties_censoring: str
    variance: str

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.cox.names

    @property
    def params(self) -> Floats:
        """Log subdistribution hazard ratios, shape (p,)."""
        return self.cox.params

    @property
    def std_error(self) -> Floats:
        """Standard errors, shape (p,)."""
        return self.cox.std_error

    @property
    def n_events(self) -> int:
        """Events of the cause."""
        return self.cox.n_events

    @property
    def loglik(self) -> float:
        """Log pseudo-likelihood at the estimate; differences of it have no chi-squared distribution."""
        return self.cox.loglik

    @property
    def loglik_null(self) -> float:
        """Log pseudo-likelihood at the starting values."""
        return self.cox.loglik_null

    @property
    def status(self) -> str:
        """``"converged"``, ``"not converged"`` or ``"monotone likelihood"``."""
        return self.cox.status

    @property
    def message(self) -> str:
        """What the reader must know, as `CoxFit.message`."""
        return self.cox.message

    def cov_params(self, robust: bool | None = None) -> Floats:
        """Variance of the coefficients, shape (p, p); without ``robust``, the inverse information."""
        return self.cox.cov_params(robust)

    def confint(self, level: float = 0.95) -> Floats:
        """Wald limits of the log subdistribution hazard ratios, shape (p, 2)."""
        return self.cox.confint(level)

    def summary(self, level: float = 0.95) -> pl.DataFrame:
        """One row per coefficient, as `CoxFit.summary`; ``hazard_ratio`` is of the subdistribution hazard."""
        return self.cox.summary(level)

    def contrast(
        self, a: Mapping[str, Any], b: Mapping[str, Any] | None = None, *, level: float = 0.95
    ) -> Contrast:
        """Compare the subdistribution hazards of two profiles, as `CoxFit.contrast`."""
        return self.cox.contrast(a, b, level=level)

    def combine(self, vector: Floats, *, level: float = 0.95) -> Contrast:
        """Estimate the combination ``vector' beta``, with Wald limits."""
        return self.cox.combine(vector, level=level)

    def anova(self) -> pl.DataFrame:
        """Wald test of each term that can be dropped: term, df, chi2, p."""
        return self.cox.anova()

    def cumulative_incidence(
        self,
        profile: Any,
        *,
        times: ArrayLike | None = None,
        level: float = 0.95,
        conf_type: ConfType = "log-log",
    ) -> pl.DataFrame:
        """Predict the probability that the event of the cause has happened by each time.

        Parameters
        ----------
        profile : mapping or frame-like
            Values of variables, as in `riskset.cox_survival`.
        times : array, optional
            Times to report; every distinct exit time by default.
        level : float
            Of the pointwise limits.
        conf_type : {"log-log", "log", "plain"}
            Scale, of 1 minus the probability, on which limits are symmetric.

        Returns
        -------
        polars DataFrame
            curve, stratum (if the model has strata), time, cumulative_incidence, std_error, lower, upper. Limits
            take the weights as known.
        """
        found = cox_survival(self.cox, profile, times=times, level=level, conf_type=conf_type).table
        kept = [c for c in ("curve", "stratum", "time") if c in found.columns]
        survival = pl.col("survival")
        return found.select(
            *kept,
            (1 - survival).alias("cumulative_incidence"),
            (survival * pl.col("std_error")).alias("std_error"),
            (1 - pl.col("upper")).alias("lower"),
            (1 - pl.col("lower")).alias("upper"),
        )

    def __repr__(self) -> str:
        fit = self.cox
        persons = "" if fit.n_persons is None else f"{counted(fit.n_persons, 'person')}, "
        others = ", ".join(str(c) for c in self.competing)
        entry = "; entry and censoring" if self.delayed_entry else "; censoring"
        lines = [
            f"Fine-Gray model of the subdistribution hazard of {self.cause}: {fit.formula}",
            f"{persons}{counted(fit.n_rows, 'row')}, {counted(fit.n_events, 'event')}, "
            f"{counted(self.n_competing, 'competing event')}{f' ({others})' if others else ''}, "
            f"{self.n_censored:,} censored",
            f"ties: {fit.ties}{entry} weighted, {self.ties_censoring} events at the same time; "
            f"variance: {'by person' if self.variance == 'robust' else 'by person, with the censoring term'}",
            "",
        ]
        if fit.names:
            table = coefficient_table(fit.summary(), robust=True)
            test = fit.global_tests().wald
            lines += [table.replace(" HR", "SHR", 1) if "SHR" not in table else table, ""]
            lines.append(f"Wald test {test.chi2:.2f} on {test.df:.4g} df, p {p_value(test.p)}")
        lines.append(
            "SHR: ratio of subdistribution hazards; it orders cumulative incidences and is no ratio of rates "
            "among those event-free."
        )
        if fit.message:
            lines.append(f"Note: {fit.message}")
        return "\n".join(lines)


def fine_gray(
    formula: str,
    data: Any,
    *,
    cause: Any,
    censored: Any = None,
    id: str | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    ties_censoring: Literal["after", "with"] = "after",
    censoring_by: str | None = None,
    weights: str | None = None,
    variance: Variance = "robust",
    missing: Literal["drop", "raise"] = "drop",
    init: ArrayLike | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
) -> FineGrayFit:
    """Estimate log ratios of the subdistribution hazard of one cause, by Fine and Gray's weighted likelihood.

    Persons with a competing event stay at risk with the weight W(t-) / W(T-), where W is the chance of still being
    under observation; nothing is expanded. Without competing events this is Cox's model. With ``ties_censoring="after"``
    it is R's ``finegray`` with ``coxph``; with ``"with"``, Breslow's ties and ``variance="crr"`` it is ``cmprsk::crr``.

    Parameters
    ----------
    formula : str
        ``"Surv(exit, status) ~ ..."`` or ``"Surv(entry, exit, status) ~ ..."``, as for `riskset.coxph`; the status
        column holds censoring and all causes.
    data : frame-like
        One row per person, or rows that follow each other.
    cause : value
        Value of the status column.
    censored : value, optional
        Value that means censoring: by default 0, false, or the first level of a category.
    id : str, optional
        Column of persons; needed where rows have an entry.
    ties : {"efron", "breslow"}
    ties_censoring : {"after", "with"}
        Whether censoring at the time of an event happens after it (as ``finegray``) or with it (as ``crr``).
    censoring_by : str, optional
        Column of groups with weights of their own (``strata()`` of ``finegray``, ``cengroup`` of ``crr``).
        ``strata()`` in the formula is of the baseline alone.
    weights : str, optional
        Column of case weights; they do not enter W.
    variance : {"robust", "crr"}
        Sandwich over persons, which takes W as known; or with the term for its estimation, as ``crr`` has it (for
        rows without entry, strata and weights). By group, the term is within each group; that of ``crr`` with
        ``cengroup`` differs by about a percent of the variance.
    missing, init, tolerance, max_iterations
        As for `riskset.coxph`.

    Returns
    -------
    FineGrayFit

    Raises
    ------
    FitError
        If a covariate changes within a person: after a competing event it would have no value.

    References
    ----------
    Fine, J. P. & Gray, R. J. (1999). A proportional hazards model for the subdistribution of a competing risk.
    JASA 94, 496-509.
    Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and Gray model under both left
    truncation and right censoring. Biometrics 67, 39-49.
    Austin, P. C., Latouche, A. & Fine, J. P. (2020). A review of the use of time-varying covariates in the Fine-Gray
    subdistribution hazard competing risk regression model. Statistics in Medicine 39, 103-113.

    Examples
    --------
    >>> rows = {"t": [1, 2, 3, 4, 5, 6, 7, 8], "end": [1, 2, 1, 2, 1, 0, 1, 0], "x": [1, 0, 1, 1, 0, 0, 1, 0]}
    >>> fit = fine_gray("Surv(t, end) ~ x", rows, cause=1)
    >>> print(f"{fit.params[0]:.4f} ({fit.std_error[0]:.4f})")  # R: finegray, coxph(cluster = id)
    1.3636 (0.9870)
    """
    if variance not in {"robust", "crr"}:
        raise FitError("the variance is 'robust' or 'crr'", where="variance")
    if has_time_terms(parse_formula(formula)):
        raise FitError(
            "subdistribution hazards with coefficients that change with time are not available",
            where="formula",
            remedy="Use riskset.cause_specific, whose models take tt() terms.",
        )
    status = status_of(formula, data, censored)
    cause = status.known(cause)
    seen: list[Observation] = []

    def staying(rows: Rows) -> Staying:
        if id is not None and rows.entry is not None:
            _refuse_changes(rows, id)
        watched = observation(
            rows.frame,
            rows.entry,
            rows.exit,
            status,
            id=id,
            by=censoring_by,
            weight=rows.weight,
            ties_censoring=ties_censoring,
        )
        if variance == "crr":
            _refuse_what_crr_has_not(rows, watched)
        seen.append(watched)
        return watched.staying(watched.event & (rows.frame[status.column] != cause).to_numpy())

    cox = fit_formula(
        status.response_of(cause),
        data,
        id=id,
        ties=ties,
        weights=weights,
        robust=True,
        missing=missing,
        init=init,
        tolerance=tolerance,
        max_iterations=max_iterations,
        also=(status.column, *(() if censoring_by is None else (censoring_by,))),
        staying=staying,
    )
    watched = seen[0]
    competing = watched.event & (cox.data[status.column] != cause).to_numpy()
    if variance == "crr":
        cox = replace(cox, matrix=with_censoring_term(cox.matrix, watched))
    return FineGrayFit(
        cox=cox,
        cause=cause,
        competing=tuple(c for c in status.causes if c != cause),
        n_competing=int(competing.sum()),
        n_censored=int((watched.last & ~watched.event).sum()),
        delayed_entry=watched.delayed,
        ties_censoring=ties_censoring,
        variance=variance,
    )


def _refuse_changes(rows: Rows, id: str) -> None:
    """Refuse covariates, or strata, that change within a person."""
    person = rows.frame[id].rank("dense").cast(pl.Int64).to_numpy()
    order = np.argsort(person, kind="stable")
    same = person[order][1:] == person[order][:-1]
    values = rows.X if rows.stratum is None else np.column_stack((rows.X, rows.stratum))
    changed = (values[order][1:] != values[order][:-1]).any(axis=1) & same
    if changed.any():
        raise FitError(
            "a covariate changes while a person is followed; after a competing event, when the person stays at risk "
            "for the subdistribution hazard, it has no value (Austin 2020)",
            where="formula",
            rows=(np.sort(order[1:][changed]) + 2).tolist(),
            remedy="Use values at entry, or a landmark; or cause-specific hazards (riskset.cause_specific), which "
            "take covariates that change.",
        )


def _refuse_what_crr_has_not(rows: Rows, watched: Observation) -> None:
    for there, what in (
        (watched.delayed, "delayed entry"),
        (rows.stratum is not None, "strata"),
        (rows.weight is not None, "case weights"),
    ):
        if there:
            raise FitError(
                f"the variance with the censoring term is not available with {what}",
                where="variance",
                remedy="Use variance='robust'.",
            )
