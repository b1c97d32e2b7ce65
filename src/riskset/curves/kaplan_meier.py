"""Kaplan–Meier curves with delayed entry, weights and limits; where other events compete, Aalen–Johansen's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from riskset.curves.aalen_johansen import AalenJohansen, aalen_johansen
from riskset.curves.causes import has_causes
from riskset.curves.limits import ConfType, crossing, limits
from riskset.curves.rows import cells_of, listed, named_in, read_rows, require_groups
from riskset.curves.stays import Stays, scale_of, stays_of, weights_of
from riskset.curves.survival_curves import WRONG, Estimator, KaplanMeier, SurvivalEstimate
from riskset.errors import DesignError, EpisodeError
from riskset.kernel.product_limit import product_limit


def kaplan_meier(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: ConfType = "log",
    level: float = 0.95,
    weights: str | None = None,
    robust: bool | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
    wrong: Literal["censor_competing"] | None = None,
) -> KaplanMeier | AalenJohansen:
    """Estimate survival (the probability of no event yet) over time, by groups, with delayed entry.

    Parameters
    ----------
    data : Episodes or dataframe
        Rows at risk on ``(entry, exit]``.
    outcome : str, optional
        ``"Surv(entry, exit, event)"``, ``"Surv(time, event)"`` or the 0/1 column; that of the episodes by default.
    by : str or sequence of str, optional
        Grouping columns, one curve for each combination of levels.
    conf_type : {"log", "log-log", "plain", "logit", "arcsin"}
        Scale of the confidence limits, as R's ``conf.type``.
    level : float
        Confidence level.
    weights : str, optional
        Column of case weights; rows of weight 0 leave first.
    robust : bool, optional
        Variance by the infinitesimal jackknife over persons; by default where weights are not whole numbers.
    unit : str, optional
        Unit of the times returned; that of the data by default.
    id, entry, exit : str, optional
        Columns of a plain dataframe. With ``id``, rows that follow each other are one stay at risk.
    time_unit : str, optional
        Unit of the times of a plain dataframe, needed with ``unit``.
    wrong : "censor_competing", optional
        Draw the curve that censors competing events all the same. It is labelled as what it is.

    Returns
    -------
    KaplanMeier or AalenJohansen
        The Aalen–Johansen curves where the outcome has competing events: episodes that name some, or a column
        of several causes. 1 minus Kaplan–Meier is then not a risk: it overstates it.

    Raises
    ------
    DesignError
        A column or a unit is not there.
    EpisodeError
        Times, events, groups or weights are missing or impossible.

    References
    ----------
    Kaplan & Meier 1958; Simon & Makuch 1984 (groups that change over time); Putter et al. 2007 (competing risks).

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import kaplan_meier
    >>> rows = pl.DataFrame({"month": [1, 2, 2, 4, 5], "death": [1, 1, 0, 1, 0]})
    >>> curve = kaplan_meier(rows, "Surv(month, death)").groups[0]
    >>> curve.survival.round(3).tolist()
    [0.8, 0.6, 0.3, 0.3]
    >>> curve.median[0], curve.at_risk([0, 2, 4]).tolist()
    (4.0, [5.0, 4.0, 2.0])
    """
    competing = has_causes(data, outcome)
    if wrong is None and competing:
        return aalen_johansen(
            data, outcome, by, conf_type=conf_type, level=level, weights=weights, unit=unit, id=id,
            entry=entry, exit=exit, time_unit=time_unit,
        )  # fmt: skip
    if wrong not in (None, "censor_competing"):
        raise DesignError(
            f"there is no wrong={wrong!r}", remedy="Choose 'censor_competing', or leave it out."
        )
    return curves_of(
        data, outcome, by, conf_type=conf_type, level=level, weights=weights, robust=robust, unit=unit, id=id,
        entry=entry, exit=exit, time_unit=time_unit, estimator=None if wrong is None else WRONG,
    )  # fmt: skip


def curves_of(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: ConfType = "log",
    level: float = 0.95,
    weights: str | None = None,
    robust: bool | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
    estimator: Estimator | None = None,
    start: float = 0.0,
    reverse: bool = False,
) -> KaplanMeier:
    """Estimate Kaplan–Meier curves of a 0/1 event, whatever else may happen to people.

    What :func:`kaplan_meier` does once it knows that nothing competes; further arguments:

    Parameters
    ----------
    data, outcome, by, conf_type, level, weights, robust, unit, id, entry, exit, time_unit
        As in :func:`kaplan_meier`.
    estimator : str, optional
        Label; by default what the groups make it.
    start : float
        Only time after this (in the unit of the result) counts, and survival is 1 there.
    reverse : bool
        Let the end of follow-up be the event, and the event censor it.
    """
    entry, exit, event = named_in(outcome, entry, exit)
    columns = listed(by)
    also = [*columns, *([weights] if weights else [])]
    rows = read_rows(data, event=event, id=id, entry=entry, exit=exit, also=also, unit=time_unit)
    scale = scale_of(rows.unit, unit)
    w = weights_of(rows, weights)
    levels, cell = cells_of(rows.frame, columns)
    require_groups(levels, rows.frame, columns)
    if reverse:
        # joined by the event itself: a row that follows another is no end of follow-up
        stays = stays_of(rows, cell, w, rows.event.astype(np.intp), scale=scale)
        stays = Stays(
            stays.person, stays.cell, stays.entry, stays.exit, 1 - stays.ends, stays.state, stays.weight
        )
    else:
        stays = stays_of(rows, cell, w, rows.event.astype(np.intp), scale=scale)
    if reverse and groups_change(stays):
        raise EpisodeError(
            "a change of group is no end of follow-up",
            where=", ".join(columns),
            remedy="Use groups that do not change.",
        )
    if start > 0.0:
        stays = stays.after(start)
    by_jackknife = bool(np.any(w != np.rint(w))) if robust is None else robust
    persons = None if rows.id is None else stays.person
    sizes = np.bincount(cell, minlength=max(levels.height, 1))
    groups: list[SurvivalEstimate] = []
    for k in range(max(levels.height, 1)):
        s = stays.in_cell(k)
        if not s.exit.size:
            continue
        fit = product_limit(
            s.entry,
            s.exit,
            s.ends > 0,
            s.weight,
            jackknife=by_jackknife,
            person=None if persons is None else s.person,
        )
        se = np.sqrt(fit.variance)
        lower, upper = limits(fit.survival, se, level, conf_type)
        lower, upper = (np.where(fit.survival == 1.0, 1.0, v) for v in (lower, upper))
        level_of = levels.row(k, named=True) if columns else {}
        median, low, high = (crossing(fit.time, c) for c in (fit.survival, lower, upper))
        groups.append(
            SurvivalEstimate(
                label=", ".join(str(v) for v in level_of.values()) or "All",
                levels=level_of,
                time=fit.time,
                n_risk=fit.n_risk,
                n_event=fit.n_event,
                n_censor=fit.n_censor,
                survival=fit.survival,
                std_error=se,
                lower=lower,
                upper=upper,
                median=(median, low, high),
                n_persons=int((np.bincount(s.person) > 0).sum()),
                n_rows=int(sizes[k]),
                n_events=float(fit.n_event.sum()),
                person_time=float((s.exit - s.entered).sum()),
                hazard=fit.hazard,
                hazard_std_error=np.sqrt(fit.hazard_variance),
                stays=s,
            )
        )
    return KaplanMeier(
        groups=tuple(groups),
        by=tuple(columns),
        event=rows.event_name,
        unit=unit or rows.unit,
        conf_type=conf_type,
        level=level,
        variance="infinitesimal jackknife" if by_jackknife else "Greenwood",
        estimator=estimator or ("Simon-Makuch" if groups_change(stays) else "Kaplan-Meier"),
        start=start,
    )


def groups_change(stays: Stays) -> bool:
    """Whether anybody is in more than one group."""
    if not stays.cell.any():
        return False
    order = np.lexsort((stays.cell, stays.person))
    person, cell = stays.person[order], stays.cell[order]
    return bool(((person[1:] == person[:-1]) & (cell[1:] != cell[:-1])).any())
