"""Recurrent events by Cox's likelihood: Andersen-Gill, Prentice-Williams-Peterson, Wei-Lin-Weissfeld."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal, get_args

import polars as pl

from riskset.cox.coxph import coxph
from riskset.cox.fit import CoxFit
from riskset.design import parse_formula, to_polars
from riskset.design.formula import Surv
from riskset.design.grammar import Binary, Call, Expr, Name, parse, render
from riskset.episodes import Episodes
from riskset.errors import DesignError, FitError

Model = Literal["andersen-gill", "pwp-total", "pwp-gap", "wlw"]
NUMBER, GAP_ENTRY, GAP_EXIT = "event_number", "gap_entry", "gap_exit"
_HAPPENED = "__happened__"


def recurrent_rows(
    data: Any,
    *,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    event: str | None = None,
    at_most: int | None = None,
    beyond: Literal["drop", "pool"] = "drop",
) -> pl.DataFrame:
    """Give rows the number of the event that they are at risk of, and count time from the last one.

    Parameters
    ----------
    data : Episodes or frame-like
        Rows ``(entry, exit]`` of persons who stay at risk after an event, as a timeline's episodes of a recurrent
        outcome.
    id, entry, exit, event : str, optional
        Columns; those of the episodes by default.
    at_most : int, optional
        Highest number of an event.
    beyond : {"drop", "pool"}
        Rows at risk of later events leave, or count as at risk of event number ``at_most``.

    Returns
    -------
    polars DataFrame
        The rows by person and time, with ``event_number`` (1 until the first event, 2 until the second, ...) and
        ``gap_entry``, ``gap_exit``: times since the person's last event, or first entry.

    Raises
    ------
    FitError
        If rows of a person overlap.

    Examples
    --------
    >>> rows = {"id": [1, 1, 1, 2], "a": [0, 3, 5, 0], "b": [3, 5, 9, 4], "fall": [1, 0, 1, 0]}
    >>> recurrent_rows(rows, id="id", entry="a", exit="b", event="fall").select(NUMBER, GAP_ENTRY, GAP_EXIT).rows()
    [(1, 0, 3), (2, 0, 2), (2, 2, 6), (1, 0, 4)]
    """
    frame, columns = _columns(data, id, entry, exit, event)
    who, start, stop, happened = columns
    taken = [c for c in (NUMBER, GAP_ENTRY, GAP_EXIT) if c in frame.columns]
    if taken:
        raise DesignError(f"there is a column {taken[0]!r}", where="data", remedy="Rename it.")
    ordered = frame.sort(who, start, stop, maintain_order=True)
    overlap = (pl.col(start) < pl.col(stop).shift()).over(who)
    if ordered.select(overlap.any()).item():
        raise FitError("rows of a person overlap", where=f"{start}, {stop}")
    event_now = _is_event(happened)
    before = (event_now.cast(pl.Int64).cum_sum() - event_now.cast(pl.Int64)).over(who)
    last = pl.when(event_now).then(pl.col(stop)).shift().forward_fill().over(who)
    since = pl.coalesce(last, pl.col(start).first().over(who))
    numbered = ordered.with_columns(
        (before + 1).alias(NUMBER),
        (pl.col(start) - since).alias(GAP_ENTRY),
        (pl.col(stop) - since).alias(GAP_EXIT),
    )
    if at_most is None:
        return numbered
    if beyond == "pool":
        return numbered.with_columns(pl.min_horizontal(NUMBER, pl.lit(at_most)).alias(NUMBER))
    return numbered.filter(pl.col(NUMBER) <= at_most)


def recurrent_cox(
    formula: str,
    data: Any,
    *,
    model: Model = "andersen-gill",
    id: str | None = None,
    at_most: int | None = None,
    beyond: Literal["drop", "pool"] = "drop",
    ties: str = "efron",
    weights: str | None = None,
    missing: Literal["drop", "raise"] = "drop",
) -> CoxFit:
    """Estimate log ratios of the hazard of recurrent events; variance robust by person.

    Parameters
    ----------
    formula : str
        ``"Surv(entry, exit, event) ~ ..."`` on rows of persons who stay at risk after an event. Effects by number
        of the event are written ``x:strata(event_number)``.
    data : Episodes or frame-like
    model : {"andersen-gill", "pwp-total", "pwp-gap", "wlw"}
        Andersen-Gill: one hazard for all events, the rate of an event whatever went before. Prentice-Williams-Peterson:
        the hazard of the k-th event among those who have had k - 1, with a baseline for each k, in total time or
        in time since the last event. Wei-Lin-Weissfeld: the k-th event from the start on, among all.
    id : str, optional
        Column of persons; that of the episodes by default.
    at_most, beyond
        As for `recurrent_rows`. Late strata hold few persons: ``at_most`` keeps them out of the estimate.
    ties, weights, missing
        As for `riskset.coxph`.

    Returns
    -------
    CoxFit

    References
    ----------
    Andersen, P. K. & Gill, R. D. (1982). Annals of Statistics 10, 1100-1120.
    Prentice, R. L., Williams, B. J. & Peterson, A. V. (1981). Biometrika 68, 373-379.
    Wei, L. J., Lin, D. Y. & Weissfeld, L. (1989). JASA 84, 1065-1073.

    Examples
    --------
    >>> rows = {"id": [1, 1, 2, 2, 3, 3, 4], "a": [0, 3, 0, 5, 0, 2, 0], "b": [3, 9, 5, 7, 2, 6, 8],
    ...         "fall": [1, 1, 1, 1, 1, 0, 1], "x": [1, 1, 0, 0, 0, 0, 1]}
    >>> fit = recurrent_cox("Surv(a, b, fall) ~ x", rows, id="id", model="pwp-total")
    >>> fit.robust, fit.n_events
    (True, 6)
    """
    if model not in get_args(Model):
        raise FitError(
            f"there is no model {model!r}", where="model", remedy=f"One of {', '.join(get_args(Model))}."
        )
    surv = parse_formula(formula).surv
    if surv is None or surv.entry is None:
        raise DesignError(
            "recurrent events need rows (entry, exit]",
            where="formula",
            remedy="Begin with Surv(entry, exit, event) ~ ...",
        )
    entry, exit, event = (_name(e) for e in (surv.entry, surv.exit, surv.event))
    who = data.id if id is None and isinstance(data, Episodes) else id
    rows = recurrent_rows(data, id=who, entry=entry, exit=exit, event=event, at_most=at_most, beyond=beyond)
    if model == "andersen-gill":
        return coxph(formula, rows, cluster=who, ties=ties, weights=weights, missing=missing, id=who)
    if model == "wlw":
        rows, event = _marginal(rows, event), _HAPPENED
    response = Surv(Name(entry), Name(exit), Name(event))
    if model == "pwp-gap":
        response = Surv(Name(GAP_ENTRY), Name(GAP_EXIT), Name(event))
    return coxph(
        _stratified(formula, response), rows, cluster=who, ties=ties, weights=weights, missing=missing, id=who
    )


def _marginal(rows: pl.DataFrame, event: str) -> pl.DataFrame:
    """Put each person at risk of every event from the start until it happens."""
    highest = rows.select(pl.col(NUMBER).filter(_is_event(event)).max()).item()
    parts = [
        rows.filter(pl.col(NUMBER) <= k).with_columns(
            (_is_event(event) & (pl.col(NUMBER) == k)).alias(_HAPPENED),
            pl.lit(k, dtype=pl.Int64).alias(NUMBER),
        )
        for k in range(1, (highest or 0) + 1)
    ]
    return pl.concat(parts) if parts else rows.with_columns(_is_event(event).alias(_HAPPENED))


def _stratified(formula: str, response: Surv) -> str:
    """Write a formula with another response and strata by number of the event."""
    tree = parse(formula)
    if not isinstance(tree, Binary) or response.entry is None:
        raise DesignError("the model needs a response", where="formula")
    left = Call("Surv", (response.entry, response.exit, response.event))
    strata = Call("strata", (Name(NUMBER),))
    return render(replace(tree, left=left, right=Binary("+", tree.right, strata)))


def _is_event(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64) == 1.0


def _name(expr: Expr) -> str:
    if not isinstance(expr, Name):
        raise DesignError("the parts of Surv() must be columns", where="formula")
    return expr.name


def _columns(
    data: Any, id: str | None, entry: str | None, exit: str | None, event: str | None
) -> tuple[pl.DataFrame, tuple[str, str, str, str]]:
    if isinstance(data, Episodes):
        id, entry, exit, event = id or data.id, entry or data.entry, exit or data.exit, event or data.event
        data = data.frame
    if id is None or entry is None or exit is None or event is None:
        raise DesignError(
            "a frame of recurrent events needs its id, entry, exit and event named", where="data"
        )
    frame = to_polars(data)
    to_polars(frame, (id, entry, exit, event))  # refuses columns that are not there
    return frame, (id, entry, exit, event)
