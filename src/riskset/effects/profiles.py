"""Variables and levels by name: what a fitted model can be asked, and refusals that say what to ask instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.errors import FitError

Level = bool | float | str


def levels_of(fit: CoxFit, variable: str) -> tuple[Level, ...]:
    """List the levels of a variable of the fit, its reference first.

    A number that takes two values in the fitted rows counts as two levels, the smaller one as reference.

    Raises
    ------
    FitError
        The model has no such variable, or it is continuous.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [1, 2, 3, 4, 5, 6], "d": [1, 1, 1, 0, 1, 0], "sex": ["m", "f", "m", "f", "m", "f"]}
    >>> levels_of(coxph("Surv(t, d) ~ sex", rows), "sex")
    ('f', 'm')
    """
    require_variable(fit, variable)
    if variable in fit.design.levels:
        return tuple(fit.design.levels[variable])
    values = fit.data[variable].unique().sort()
    if values.len() == 2 and values.dtype.is_numeric():
        return tuple(values.to_list())
    raise FitError(
        f"{variable!r} is continuous and has no levels",
        remedy="Use hazard_ratio_curve for it, or fit it in groups.",
    )


def require_fit(fit: object) -> None:
    """Refuse what is no fit of `coxph`, and say where such a fit is in what holds several."""
    if not isinstance(fit, CoxFit):
        raise FitError(
            f"this is asked of a fit of coxph, not of a {type(fit).__name__}",
            where="fit",
            remedy="Of cause_specific, ask one of its fits; of fine_gray, compare profiles by its contrast().",
        )


def require_variable(fit: CoxFit, variable: str) -> None:
    """Refuse a variable that the model does not have, with its nearest neighbour."""
    require_fit(fit)
    if not fit.design.variables:
        raise FitError(f"the model has no variable {variable!r}, and no other")
    if variable not in fit.design.variables:
        close = get_close_matches(variable, fit.design.variables, n=1)
        known = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(fit.design.variables)}."
        raise FitError(f"the model has no variable {variable!r}", remedy=known)


def require_level(variable: str, level: object, levels: Sequence[Level]) -> Level:
    """Refuse a level that the variable does not have, with its nearest neighbour."""
    for known in levels:
        if known == level and isinstance(known, str) == isinstance(level, str):
            return known
    names = [str(known) for known in levels]
    if str(level) in names:  # True written as text, or a number as text
        kind = type(levels[names.index(str(level))]).__name__
        raise FitError(
            f"{variable!r} has levels of the type {kind}, and {level!r} is {type(level).__name__}",
            remedy=f"Write one of {', '.join(repr(known) for known in levels)}.",
        )
    close = get_close_matches(str(level), names, n=1)
    remedy = f"Did you mean {close[0]!r}?" if close else f"It has: {', '.join(names)}."
    raise FitError(f"{variable!r} has no level {str(level)!r}", remedy=remedy)


def require_pair(values: Iterable[Level], where: str) -> tuple[Level, Level]:
    """Refuse what is not two levels or values."""
    listed = [] if isinstance(values, str) else list(values)
    if len(listed) != 2:
        raise FitError("two levels are compared", where=where, remedy=f"Write {where}=(reference, level).")
    return listed[0], listed[1]


def require_fixed(fit: CoxFit, free: Sequence[str], at: Mapping[str, object]) -> None:
    """Refuse a question whose answer depends on variables that are not named.

    Parameters
    ----------
    fit : CoxFit
        A fitted model.
    free : sequence of str
        Variables that the question is about.
    at : mapping
        Values at which further variables are held.
    """
    asked = free[0]
    for term in fit.design.terms:
        others = set(term.variables) - set(free) - set(at)
        if asked in term.variables and others:
            name = sorted(others)[0]
            raise FitError(
                f"the effect of {asked!r} depends on {name!r} in this model",
                remedy=f"Say at which value: at={{{name!r}: ...}}.",
            )


def require_held(fit: CoxFit, free: Sequence[str], at: Mapping[str, object]) -> dict[str, object]:
    """Refuse values for variables that are compared, and levels that are none; return the values as they are known.

    Parameters
    ----------
    fit : CoxFit
    free : sequence of str
        Variables that the question is about, which are not held.
    at : mapping
        Values at which further variables are held.
    """
    held = dict(at)
    for name, value in at.items():
        require_variable(fit, name)
        if name in free:
            raise FitError(f"{name!r} is compared and cannot be held at one value", where="at")
        if name in fit.design.levels:
            held[name] = require_level(name, value, fit.design.levels[name])
    return held


def counted_rows(fit: CoxFit) -> pl.DataFrame:
    """Rows of the fit that count: those of weight zero are in the table and in no risk set."""
    return fit.data if fit.weights is None else fit.data.filter(pl.col(fit.weights) > 0)


def person_time(fit: CoxFit) -> NDArray[np.float64]:
    """Time at risk of each fitted row, in the unit of the fit's times."""
    time = fit.data[fit.exit].cast(pl.Float64).to_numpy()
    return time if fit.entry is None else time - fit.data[fit.entry].cast(pl.Float64).to_numpy()


def label_of(level: object) -> str:
    """Write a level as people read it.

    Examples
    --------
    >>> [label_of(v) for v in (True, "never", 2.0)]
    ['yes', 'never', '2']
    """
    if isinstance(level, bool):
        return "yes" if level else "no"
    return f"{level:g}" if isinstance(level, float) else str(level)


def series_of(levels: Sequence[Level], column: pl.Series) -> pl.Series:
    """Make a column of levels with the type that they have in the data."""
    if column.dtype.is_numeric():
        return pl.Series(column.name, [float(v) for v in levels]).cast(column.dtype)
    return pl.Series(column.name, list(levels), dtype=column.dtype)
