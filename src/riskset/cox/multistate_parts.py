"""The likelihoods of a multi-state model: one for each set of transitions that share something.

A transition's partial likelihood is that of the rows in its state, stratified by transition. Transitions that share
nothing are fitted one by one; those with a common effect or a shared baseline are stacked. Either way the
information is block-diagonal over the parts, and the sandwich joins all parts by person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.arrays import MatrixFit, coxph_matrix
from riskset.cox.baseline import distinct_times
from riskset.cox.robust import cluster_scores
from riskset.cox.transitions import Moves, Transition
from riskset.design import Design

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StackedRows:
    """Rows with their states, before they are put under the transitions that they are at risk of."""

    frame: pl.DataFrame
    entry: Floats | None
    exit: Floats
    weight: Floats | None
    person: Ints
    moves: Moves
    designs: dict[Transition, Design]


@dataclass(frozen=True, slots=True)
class Part:
    """Transitions that were fitted together.

    Attributes
    ----------
    transitions : tuple of Transition
    names : tuple of str
        Of its coefficients.
    columns : tuple of int arrays
        For each transition, the places in ``names`` of its design's columns.
    ratio : tuple of int
        For each transition, the place of its ratio to the baseline that it shares; -1 where it has none.
    stratum : tuple of int
        For each transition, its first stratum.
    matrix : MatrixFit
    """

    transitions: tuple[Transition, ...]
    names: tuple[str, ...]
    columns: tuple[Ints, ...]
    ratio: tuple[int, ...]
    stratum: tuple[int, ...]
    matrix: MatrixFit


@dataclass(frozen=True, slots=True)
class Found:
    """All parts, with coefficients by transition and their variances."""

    names: tuple[str, ...]
    params: Floats
    covariance: Floats
    robust_covariance: Floats
    parts: tuple[Part, ...]


def fit_parts(
    rows: StackedRows, common: Sequence[str], shared: Sequence[Sequence[Transition]], ties: str
) -> Found:
    """Fit all transitions, stacked as far as they share terms or baselines."""
    everything = rows.moves.transitions
    parts = [_fit(rows, group, common, shared, ties) for group in _together(rows, common, shared)]
    wanted = {n: None for t in everything for n in _names(rows.designs[t], t, common, shared)}
    names = tuple(wanted)
    p = len(names)
    n_persons = int(rows.person.max(initial=-1)) + 1
    params, covariance, influence = np.empty(p), np.zeros((p, p)), np.zeros((n_persons, p))
    for part, cluster in parts:
        at = np.array([names.index(n) for n in part.names], dtype=np.int64)
        params[at] = part.matrix.params
        covariance[np.ix_(at, at)] = part.matrix.covariance
        scores = cluster_scores(part.matrix.rows, part.matrix.state, cluster)
        influence[: scores.shape[0], at] = scores @ part.matrix.covariance
    return Found(
        names=names,
        params=params,
        covariance=covariance,
        robust_covariance=influence.T @ influence,
        parts=tuple(part for part, _ in parts),
    )


def _fit(
    rows: StackedRows,
    group: Sequence[Transition],
    common: Sequence[str],
    shared: Sequence[Sequence[Transition]],
    ties: str,
) -> tuple[Part, Ints]:
    """Stack a group of transitions and fit them; also give the person of each row of the fit."""
    names = tuple(dict.fromkeys(n for t in group for n in _names(rows.designs[t], t, common, shared)))
    times, place = distinct_times(rows.exit, rows.entry)
    exit = times[place[: rows.exit.size]]
    entry = None if rows.entry is None else times[place[rows.exit.size :]]
    pieces: list[Ints] = []
    blocks: list[Floats] = []
    strata: list[Ints] = []
    columns: list[Ints] = []
    ratios: list[int] = []
    first: dict[Transition, int] = {}
    n_strata = 0
    for t in group:
        design = rows.designs[t]
        own = np.flatnonzero(rows.moves.at_risk(t))
        mine = rows.frame[own]
        block = np.zeros((own.size, len(names)))
        listed = _names(design, t, common, shared)
        at = np.array([names.index(n) for n in listed], dtype=np.int64)
        design_columns = at[: len(design.names)]
        block[:, design_columns] = design.matrix(mine)
        ratio = int(at[-1]) if len(listed) > len(design.names) else -1
        if ratio >= 0:
            block[:, ratio] = 1.0
        leader = _leader(t, shared)
        if leader not in first:
            first[leader] = n_strata
            n_strata += 1 if design.strata is None else len(design.strata.levels)
        pieces.append(own)
        blocks.append(block)
        strata.append(first[leader] + (0 if design.strata is None else design.strata.codes(mine)) + 0 * own)
        columns.append(design_columns)
        ratios.append(ratio)
    row = np.concatenate(pieces)
    event = np.concatenate([rows.moves.happens(t)[own] for t, own in zip(group, pieces, strict=True)])
    matrix = coxph_matrix(
        np.concatenate(blocks),
        None if entry is None else entry[row],
        exit[row],
        event,
        strata=np.concatenate(strata),
        weights=None if rows.weight is None else rows.weight[row],
        ties=ties,
        overwrite_X=True,
    )
    kept = matrix.rows.index.kept
    part = Part(
        transitions=tuple(group),
        names=names,
        columns=tuple(columns),
        ratio=tuple(ratios),
        stratum=tuple(first[_leader(t, shared)] for t in group),
        matrix=matrix,
    )
    return part, rows.person[row if kept is None else row[kept]]


def _names(
    design: Design, t: Transition, common: Sequence[str], shared: Sequence[Sequence[Transition]]
) -> list[str]:
    """Names of a transition's coefficients: of its design's columns, then of its ratio to a shared baseline."""
    together = {j for term in design.terms if term.label in common for j in term.columns}
    found = [n if j in together else f"{n}: {t}" for j, n in enumerate(design.names)]
    leader = _leader(t, shared)
    return found if leader == t else [*found, f"({t}) / ({leader})"]


def _leader(t: Transition, shared: Sequence[Sequence[Transition]]) -> Transition:
    for group in shared:
        if t in group:
            return group[0]
    return t


def _together(
    rows: StackedRows, common: Sequence[str], shared: Sequence[Sequence[Transition]]
) -> list[list[Transition]]:
    """Group the transitions that share a coefficient or a baseline."""
    groups: list[tuple[set[str], list[Transition]]] = []
    for t in rows.moves.transitions:
        keys = set(_names(rows.designs[t], t, common, shared)) | {f"baseline of {_leader(t, shared)}"}
        touching = [g for g in groups if g[0] & keys]
        merged = (keys.union(*(g[0] for g in touching)), [m for g in touching for m in g[1]] + [t])
        groups = [g for g in groups if g not in touching] + [merged]
    return [g[1] for g in groups]
