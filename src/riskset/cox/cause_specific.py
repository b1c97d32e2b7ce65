"""`cause_specific`: a Cox model for each of several competing causes, in one call and one table."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from riskset.cox.causes import status_of
from riskset.cox.coxph import fit_formula
from riskset.cox.fit import CoxFit
from riskset.cox.printing import left, p_value, ratio, wide
from riskset.errors import FitError, counted


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class CauseSpecific:
    """Cause-specific hazards: the rate of each cause among those who have had none.

    Attributes
    ----------
    formula : str
    status : str
        Column that holds censoring and causes.
    causes : tuple
        Values of that column, in their order.
    fits : tuple of CoxFit
        One per cause; ``model[cause]`` finds it.
    """

    formula: str
    status: str
    causes: tuple[Any, ...]
    fits: tuple[CoxFit, ...]

    def __getitem__(self, cause: Any) -> CoxFit:
        for known, fit in zip(self.causes, self.fits, strict=True):
            if known == cause:
                return fit
        listed = ", ".join(str(c) for c in self.causes)
        raise FitError(f"there is no model of cause {cause!r}", where="cause", remedy=f"Causes are {listed}.")

    def summary(self, level: float = 0.95) -> pl.DataFrame:
        """Tabulate all coefficients, one row each: cause, then the columns of `CoxFit.summary`."""
        return pl.concat(
            fit.summary(level).select(pl.lit(str(cause)).alias("cause"), pl.all())
            for cause, fit in zip(self.causes, self.fits, strict=True)
        )

    def side_by_side(self, level: float = 0.95) -> pl.DataFrame:
        """Tabulate terms in rows and causes in columns.

        Returns
        -------
        polars DataFrame
            term, then for each cause: hazard_ratio, lower, upper and p, each with the cause's name behind a space.
        """
        whole = pl.DataFrame({"term": list(dict.fromkeys(n for fit in self.fits for n in fit.names))})
        for cause, fit in zip(self.causes, self.fits, strict=True):
            part = fit.summary(level).select("term", "hazard_ratio", "lower", "upper", "p")
            renamed = part.rename({c: f"{c} {cause}" for c in part.columns if c != "term"})
            whole = whole.join(renamed, on="term", how="left", maintain_order="left")
        return whole

    def __repr__(self) -> str:
        first = self.fits[0]
        persons = "" if first.n_persons is None else f"{counted(first.n_persons, 'person')}, "
        lines = [
            f"Cause-specific Cox models: {self.formula}",
            f"{persons}{counted(first.n_rows, 'row')}, time at risk {first.person_time:,.6g}; ties: {first.ties}",
            "",
        ]
        head = [
            "",
            *(f"{c} ({counted(f.n_events, 'event')})" for c, f in zip(self.causes, self.fits, strict=True)),
        ]
        rows = [head, ["", *("HR (95% CI), p" for _ in self.causes)]]
        for row in self.side_by_side().iter_rows(named=True):
            cells = [row["term"]]
            for cause in self.causes:
                hr, low, high, p = (row[f"{k} {cause}"] for k in ("hazard_ratio", "lower", "upper", "p"))
                estimated = hr is not None
                cells.append(
                    f"{ratio(hr)} ({ratio(low)} to {ratio(high)}), {p_value(p)}"
                    if estimated
                    else "not estimated"
                )
            rows.append(cells)
        width = [max(wide(r[j]) for r in rows) for j in range(len(head))]
        lines += ["  ".join(left(c, w) for c, w in zip(r, width, strict=True)).rstrip() for r in rows]
        notes = [f"Note ({c}): {f.message}" for c, f in zip(self.causes, self.fits, strict=True) if f.message]
        return "\n".join([*lines, *notes])


def cause_specific(
    formula: str,
    data: Any,
    *,
    censored: Any = None,
    id: str | None = None,
    ties: str = "efron",
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
    missing: Literal["drop", "raise"] = "drop",
) -> CauseSpecific:
    """Estimate log hazard ratios of every cause, other causes ending a person's time at risk.

    Parameters
    ----------
    formula : str
        ``"Surv(exit, status) ~ ..."`` or ``"Surv(entry, exit, status) ~ ..."``, as for `riskset.coxph`; the status
        column holds censoring and all causes.
    data : frame-like
    censored : value, optional
        Value of the status column that means censoring: by default 0, false, or the first level of a category.
    id, ties, weights, cluster, robust, missing
        As for `riskset.coxph`.

    Returns
    -------
    CauseSpecific

    Raises
    ------
    FitError, DesignError
        As `riskset.coxph`.

    References
    ----------
    Prentice, R. L. et al. (1978). The analysis of failure times in the presence of competing risks. Biometrics 34,
    541-554.

    Examples
    --------
    >>> rows = {"t": [1, 2, 3, 4, 5, 6, 7, 8], "end": [1, 2, 1, 2, 1, 0, 1, 0], "x": [1, 0, 1, 1, 0, 0, 1, 0]}
    >>> model = cause_specific("Surv(t, end) ~ x", rows)
    >>> [round(float(model[cause].params[0]), 4) for cause in model.causes]
    [1.4261, 0.3466]
    """
    status = status_of(formula, data, censored)
    fits: list[CoxFit] = []
    for number, cause in enumerate(status.causes):
        with warnings.catch_warnings():
            if number:  # rows that are left out are the same for all causes
                warnings.filterwarnings("ignore", message=".* left out, with missing values.*")
            fits.append(
                fit_formula(
                    status.response_of(cause),
                    data,
                    id=id,
                    ties=ties,
                    weights=weights,
                    cluster=cluster,
                    robust=robust,
                    missing=missing,
                )
            )
    return CauseSpecific(formula=formula, status=status.column, causes=status.causes, fits=tuple(fits))
