"""The cohort that is standardised over: one row per person, its risks under each value of the exposure.

A person's survival is predicted from one set of covariates, so that these must not change while the person is
followed. Where they do, they are of two kinds (Kalbfleisch & Prentice 2002, section 6.3). An external one runs
without the person, such as the calendar; its values after the person's time are its own. An internal one is measured
on the person, so that it has no value once the person is dead, and its value tells that the person lives: survival
under "this exposure from now on" is then no function of the model's coefficients.
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
from riskset.cox.baseline import Baseline, baseline_of
from riskset.design import offset_of, parse_formula
from riskset.design.grammar import names_in
from riskset.effects.profiles import Level, levels_of, require_level
from riskset.errors import FitError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cause:
    """One fitted hazard, and what the cohort's persons make of it.

    Attributes
    ----------
    fit : CoxFit
    base : Baseline
    person : int array (rows,)
        Position in the cohort of whom each row of the fit's matrix belongs to.
    X : tuple of float arrays (n, p)
        Covariates of every person (piece) under each value of the exposure.
    offset : tuple of float arrays (n,)
    stratum : tuple of int arrays (n,)
    """

    fit: CoxFit
    base: Baseline
    person: Ints
    X: tuple[Floats, ...]
    offset: tuple[Floats, ...]
    stratum: tuple[Ints, ...]


@dataclass(frozen=True, slots=True)
class Paths:
    """Pieces of persons on which external covariates are constant, by person and time.

    Attributes
    ----------
    person : int array (pieces,)
    exit : float array (pieces,)
    """

    person: Ints
    exit: Floats

    def at(self, persons: Ints, grid: Floats) -> Ints:
        """Piece that each person is on at each time, (persons, times); the last one holds on after its end."""
        width = grid.size + 1
        ended = np.searchsorted(grid, self.exit, side="right")  # times at or before the piece's end
        keys = self.person * width + ended
        end = np.searchsorted(self.person, persons, side="right")
        found = np.searchsorted(keys, persons[:, None] * width + np.arange(grid.size), side="right")
        return np.minimum(found, end[:, None] - 1)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Persons, their weights, and the hazards of each cause; the first cause is the one of interest.

    Attributes
    ----------
    values : tuple of level
        Values of the exposure, the reference first.
    weight : float array (n,)
    causes : tuple of Cause
    last : float
        The time up to which somebody was followed, in every stratum.
    paths : Paths or None
        Where external covariates change within persons: which piece holds when. The causes then have one row of
        covariates for each piece.
    groups : tuple of tuples
        For each value, the strata of the causes that occur together, and who (or which pieces) is in them.
    """

    values: tuple[Level, ...]
    weight: Floats
    causes: tuple[Cause, ...]
    last: float
    paths: Paths | None
    groups: tuple[tuple[tuple[Ints, Ints], ...], ...]


def cohort_of(
    fits: Sequence[CoxFit], exposure: str, values: Sequence[Any] | None, external: Sequence[str]
) -> Cohort:
    """Set the exposure of every person of the fitted rows to each value.

    Raises
    ------
    FitError
        If a covariate changes within persons, or the fits are not of the same persons.
    """
    first, *others = fits
    person = persons_of(first)
    for other in others:
        if not persons_of(other).equals(person):
            raise FitError(
                "the fits of the causes are not of the same persons",
                where="competing",
                remedy="Fit all causes to the same rows, each with its own event.",
            )
    place = codes(person.rank("dense").to_numpy())
    one = np.unique(place, return_index=True)[1]
    exit = first.data[first.exit].cast(pl.Float64).to_numpy()
    pieces = one
    if changing := _changing(fits, person, exposure, external):
        pieces = np.lexsort((exit, place))
    chosen = _values(first, exposure, values)
    causes = tuple(_cause(fit, exposure, chosen, place, pieces) for fit in fits)
    weight = np.ones(one.size)
    if first.weights is not None:
        weight = first.data[first.weights].cast(pl.Float64).to_numpy()[one]
    paths = Paths(place[pieces], exit[pieces]) if changing else None
    groups = tuple(_groups(causes, v) for v in range(len(chosen)))
    return Cohort(chosen, weight, causes, _last(fits), paths, groups)


def _groups(causes: tuple[Cause, ...], v: int) -> tuple[tuple[Ints, Ints], ...]:
    strata = np.stack([c.stratum[v] for c in causes])
    if not strata.any():
        return ((strata[:, 0], np.arange(strata.shape[1])),)
    found, of = np.unique(strata, axis=1, return_inverse=True)
    return tuple((pattern, np.flatnonzero(of.ravel() == k)) for k, pattern in enumerate(found.T))


def persons_of(fit: CoxFit) -> pl.Series:
    """Whom each fitted row belongs to."""
    if fit.id is not None:
        return fit.data[fit.id].alias("person")
    if fit.entry is not None:
        raise FitError(
            "it is not known which rows are one person's", where="standardise", remedy="Fit with id=."
        )
    return pl.Series("person", range(fit.n_rows))


def _changing(fits: Sequence[CoxFit], person: pl.Series, exposure: str, external: Sequence[str]) -> bool:
    """Whether a covariate changes within persons; refuse it unless it is declared external."""
    changing: dict[str, None] = {}
    known: set[str] = set()
    for fit in fits:
        known |= set(_variables(fit))
        if fit.exit in known:
            raise FitError(
                "a coefficient changes with time (tt), so that a person's risk is not one number",
                where="standardise",
                remedy="Fit without tt(), or read survival of paths from cox_survival.",
            )
        changing |= dict.fromkeys(changing_variables(fit, person))
    unknown = [n for n in external if n not in known]
    if unknown:
        raise FitError(f"the model has no variable {unknown[0]!r}", where="external")
    internal = [n for n in changing if n not in external]
    if internal:
        raise FitError(
            f"{', '.join(internal)} {'changes' if len(internal) == 1 else 'change'} within persons. What is measured on "
            "a person has no value after death, and its value tells that the person lives: the risk under a fixed "
            f"{exposure} is not defined by this model (internal time-dependent covariates)",
            where="standardise",
            remedy="Standardise a model of covariates at entry. Name in external= what runs without the person, such as "
            "the calendar.",
        )
    return bool(changing)


def changing_variables(fit: CoxFit, person: pl.Series | None = None) -> tuple[str, ...]:
    """Variables of a model (covariates, offset, strata, weights) that take several values in one person's rows."""
    person = persons_of(fit) if person is None else person
    weights = () if fit.weights is None else (fit.weights,)
    columns = list(dict.fromkeys((*_variables(fit), *weights)))
    if person.len() == person.n_unique() or not columns:
        return ()
    counts = fit.data.select(columns).with_columns(person).group_by("person").n_unique()
    return tuple(n for n in columns if bool((counts[n] > 1).any()))


def _variables(fit: CoxFit) -> tuple[str, ...]:
    """Columns that covariates, offset and strata read."""
    formula = parse_formula(fit.formula)
    offset = [n for e in formula.offset for n in names_in(e)]
    strata = [n for e in (() if fit.design.strata is None else fit.design.strata.values) for n in names_in(e)]
    return tuple(dict.fromkeys((*fit.design.variables, *offset, *strata)))


def _values(fit: CoxFit, exposure: str, values: Sequence[Any] | None) -> tuple[Level, ...]:
    if exposure not in _variables(fit):
        levels_of(fit, exposure)  # says what the model has instead
    column = fit.data[exposure]
    measured = column.dtype.is_numeric() and exposure not in fit.design.levels
    if values is None:
        if exposure in fit.design.variables:
            return levels_of(fit, exposure)
        return tuple(column.unique().sort().to_list())
    if isinstance(values, str) or len(values) == 0:
        raise FitError("values is a sequence of values of the exposure, the reference first", where="values")
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    if len(set(values)) < len(values):
        raise FitError("a value of the exposure is named twice", where="values")
    if not measured:
        known = tuple(column.unique().sort().to_list())
        return tuple(require_level(exposure, v, fit.design.levels.get(exposure, known)) for v in values)
    low, high = float(column.cast(pl.Float64).min()), float(column.cast(pl.Float64).max())  # pyright: ignore[reportArgumentType]
    if any(not isinstance(v, int | float) or not low <= v <= high for v in values):
        raise FitError(
            "a value of the exposure lies outside what was observed", where="values", remedy="Nobody's risk is known there."
        )  # fmt: skip
    return tuple(float(v) for v in values)


def _cause(fit: CoxFit, exposure: str, values: tuple[Level, ...], place: Ints, pieces: Ints) -> Cause:
    frame = fit.data[pieces]
    index = fit.matrix.rows.index
    formula = parse_formula(fit.formula)
    X: list[Floats] = []
    offsets: list[Floats] = []
    strata: list[Ints] = []
    for value in values:
        moved = frame
        if exposure in frame.columns:
            dtype = frame.schema[exposure]
            dtype = pl.Float64() if dtype.is_numeric() and isinstance(value, float) else dtype
            moved = frame.with_columns(pl.lit(value).cast(dtype).alias(exposure))
        X.append(fit.design.matrix(moved))
        offset = offset_of(formula, moved)
        offsets.append(np.zeros(pieces.size) if offset is None else offset)
        factor = fit.design.strata
        strata.append(np.zeros(pieces.size, dtype=np.int64) if factor is None else factor.codes(moved))
    return Cause(
        fit=fit,
        base=baseline_of(fit),
        person=place if index.kept is None else place[index.kept],
        X=tuple(X),
        offset=tuple(offsets),
        stratum=tuple(strata),
    )


def _last(fits: Sequence[CoxFit]) -> float:
    """Find until when somebody was followed in every stratum of every fit."""
    ends: list[float] = []
    for fit in fits:
        exit = fit.data[fit.exit].cast(pl.Float64).to_numpy()
        strata = fit.design.strata
        code = np.zeros(exit.size, dtype=np.int64) if strata is None else strata.codes(fit.data)
        latest = np.full(int(code.max(initial=0)) + 1, -np.inf)
        np.maximum.at(latest, code, exit)
        ends.append(float(latest.min()))
    return min(ends)
