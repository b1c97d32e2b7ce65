"""Influence of persons: what each one's leaving would change, to first order for all, exactly for a few.

With U_i the score residuals of person i, summed over their rows, and V the inverse information,

    dfbeta_i                 V U_i, the first-order change of the coefficients when the person leaves
    dfbetas_i                the same in standard errors
    likelihood displacement  2 [l(b) - l(b without i)] = U_i' V U_i to second order

References
----------
Cain, K. C. & Lange, N. T. (1984). Approximate case influence for the proportional hazards regression model.
Biometrics 40, 493-499.
Pettitt, A. N. & Bin Daud, I. (1989). Case-weighted measures of influence for proportional hazards regression.
Applied Statistics 38, 51-67.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.cox.arrays import codes
from riskset.cox.bootstrap import drawn_rows
from riskset.cox.penalised import maximum
from riskset.errors import FitError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Influence:
    """Change of the coefficients when one person leaves.

    It names persons, and so is for whoever holds the data: nothing of it but the sizes belongs in a report.

    Attributes
    ----------
    who : polars Series (n,)
        Ids of the persons, sorted; row numbers, counted from 0, where rows are persons.
    names : tuple of str
        The coefficients.
    dfbeta, dfbetas : float arrays (n, p)
        First-order change, and the same in (model-based) standard errors; 0 for coefficients not estimated. The
        estimate without the person is nearly the estimate minus dfbeta.
    displacement : float array (n,)
        Likelihood displacement.
    left_out : polars DataFrame
        Exact fits without one person, largest displacement first: person, coefficient, estimate, without,
        one_step (the first-order estimate without the person) and change (in standard errors, with without less
        estimate).
    """

    who: pl.Series
    names: tuple[str, ...]
    dfbeta: Floats
    dfbetas: Floats
    displacement: Floats
    left_out: pl.DataFrame

    def table(self, n: int | None = None) -> pl.DataFrame:
        """Persons by likelihood displacement, the largest first.

        Parameters
        ----------
        n : int, optional
            How many; all by default.

        Returns
        -------
        polars DataFrame
            person, displacement, coefficient (the one that moves furthest in standard errors), dfbeta, dfbetas.
        """
        order = np.argsort(-self.displacement, kind="stable")[:n]
        worst = np.abs(self.dfbetas).argmax(axis=1) if self.names else np.zeros(0, dtype=np.int64)
        at = worst[order]
        return pl.DataFrame(
            {
                "person": self.who.gather(order),
                "displacement": self.displacement[order],
                "coefficient": [self.names[int(j)] for j in at],
                "dfbeta": self.dfbeta[order, at],
                "dfbetas": self.dfbetas[order, at],
            }
        )

    def __repr__(self) -> str:
        top = float(self.displacement.max(initial=0.0))
        return f"Influence of {self.displacement.size:,} persons, largest likelihood displacement {top:.3g}"


def influence(fit: CoxFit, refits: int | Sequence[Any] = 0) -> Influence:
    """Influence of each person on the coefficients.

    Parameters
    ----------
    fit : CoxFit
    refits : int or sequence of ids
        How many of the most influential persons to leave out exactly, or whom.

    Raises
    ------
    FitError
        If it is not known which rows are one person's, or the fit has exact ties.
    """
    column = fit.id or fit.cluster
    if column is None and fit.entry is not None:
        raise FitError(
            "it is not known which rows are one person's", where="influence", remedy="Fit with id=."
        )
    dfbeta = fit.residuals("dfbeta", collapse=column)
    se = np.sqrt(np.diag(fit.cov_params(robust=False)))
    known = np.isfinite(fit.params) & ~fit.matrix.runaway & (se > 0)
    dfbeta = np.where(known, dfbeta, 0.0)
    dfbetas = dfbeta / np.where(known, se, 1.0)
    # U' V U = dfbeta' I dfbeta, where dfbeta = V U.
    displacement = ((dfbeta @ fit.matrix.information) * dfbeta).sum(axis=1)
    who = pl.Series(range(fit.n_rows)) if column is None else fit.data[column].unique().sort()
    return Influence(
        who=who.alias("person"),
        names=fit.names,
        dfbeta=dfbeta,
        dfbetas=dfbetas,
        displacement=displacement,
        left_out=_left_out(fit, column, who, dfbeta, displacement, refits),
    )


def _left_out(
    fit: CoxFit,
    column: str | None,
    who: pl.Series,
    dfbeta: Floats,
    displacement: Floats,
    refits: int | Sequence[Any],
) -> pl.DataFrame:
    """Fit again without each of the most influential persons, or of those named, from the estimate."""
    if isinstance(refits, int):
        if refits < 0:
            raise FitError("a number of persons is 0 or more", where="refits")
        leaving = np.argsort(-displacement, kind="stable")[:refits].tolist()
    else:
        place = {value: i for i, value in enumerate(who.to_list())}
        if not set(refits) <= set(place):
            raise FitError("a person to be left out is not in the fit", where="refits")
        leaving = [place[value] for value in refits]
    index = fit.matrix.rows.index
    person = np.arange(fit.n_rows) if column is None else codes(fit.data[column].rank("dense").to_numpy())
    person = person if index.kept is None else person[index.kept]
    se = np.where(fit.std_error > 0, fit.std_error, np.nan)
    parts: list[pl.DataFrame] = []
    for i in leaving:
        rows = drawn_rows(fit.matrix.rows, (person != i).astype(np.int64))
        if rows is None:
            continue
        top = maximum(rows, np.nan_to_num(fit.params), fit.matrix.penalty)
        without = np.where(top.cholesky.independent & ~top.runaway & top.converged, top.beta, np.nan)
        parts.append(
            pl.DataFrame(
                {
                    "person": [who[i]] * len(fit.names),
                    "coefficient": fit.names,
                    "estimate": fit.params,
                    "without": without,
                    "one_step": fit.params - dfbeta[i],
                    "change": (without - fit.params) / se,
                }
            )
        )
    if parts:
        return pl.concat(parts)
    numbers = ("estimate", "without", "one_step", "change")
    schema = {"person": who.dtype, "coefficient": pl.String(), **dict.fromkeys(numbers, pl.Float64())}
    return pl.DataFrame(schema=schema)
