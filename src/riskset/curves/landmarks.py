"""Curves from a landmark on, for groups that change over time, and of follow-up itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from riskset.curves.aalen_johansen import AalenJohansen, aalen_johansen
from riskset.curves.causes import has_causes, read_causes
from riskset.curves.kaplan_meier import curves_of
from riskset.curves.limits import ConfType
from riskset.curves.rows import listed, named_in, read_rows
from riskset.curves.survival_curves import KaplanMeier
from riskset.design import to_polars
from riskset.episodes import Episodes
from riskset.errors import DesignError, EpisodeError


def landmark(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    at: float,
    conf_type: ConfType = "log",
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> KaplanMeier | AalenJohansen:
    """Estimate survival after a landmark, by the group that people are in then, among those at risk then.

    What a person becomes after the landmark plays no part, so nobody owes his group to having survived.

    Parameters
    ----------
    data, outcome, conf_type, level, id, entry, exit, time_unit
        As in :func:`kaplan_meier`; with competing events, the Aalen–Johansen curves.
    by : str or sequence of str
        Grouping columns, which may change over time.
    at : float
        The landmark, in the unit of the rows. A row in force just after it, (entry, exit] with entry <= at < exit,
        tells the group; a person without one is not at risk at the landmark and is left out.

    Returns
    -------
    KaplanMeier or AalenJohansen
        Times go on counting from 0; survival is 1 at the landmark.

    Raises
    ------
    EpisodeError
        Nobody is at risk at the landmark.

    References
    ----------
    Anderson, Cain & Gelber 1983; van Houwelingen 2007.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import landmark
    >>> rows = pl.DataFrame({"id": [1, 1, 2, 3], "entry": [0, 2, 0, 0], "exit": [2, 6, 5, 1], "death": [0, 1, 1, 1],
    ...                      "user": ["no", "yes", "no", "no"]})
    >>> curves = landmark(rows, "Surv(entry, exit, death)", "user", at=3, id="id")
    >>> [(g.label, g.n_persons) for g in curves.groups]
    [('no', 1), ('yes', 1)]
    """
    start, stop, _ = named_in(outcome, entry, exit)
    columns = listed(by)
    if isinstance(data, Episodes):
        frame = data.frame
        id, start, stop = id or data.id, start or data.entry, stop or data.exit
        time_unit = data.unit
    else:
        frame = to_polars(data)
    if stop is None:
        raise DesignError("a dataframe needs its exit column named", where="exit", remedy="Give exit='...'.")
    key = "__person__" if id is None else id
    if id is None:
        frame = frame.with_row_index(key)
    begins = pl.lit(float("-inf")) if start is None else pl.col(start)
    now = frame.filter((begins <= at) & (pl.col(stop) > at)).select(key, *columns)
    if now.is_empty():
        raise EpisodeError("nobody is at risk at the landmark", where="at", remedy="Choose an earlier one.")
    kept = frame.filter(pl.col(stop) > at).drop(columns).join(now, on=key, how="inner", maintain_order="left")
    later: object = replace(data, frame=kept) if isinstance(data, Episodes) else kept
    if has_causes(data, outcome):
        return aalen_johansen(
            later, outcome, by, start=at, conf_type=conf_type, level=level, id=key, entry=start, exit=stop,
            time_unit=time_unit,
        )  # fmt: skip
    return curves_of(
        later, outcome, by, start=at, conf_type=conf_type, level=level, id=key, entry=start, exit=stop,
        time_unit=time_unit, estimator="landmark Kaplan-Meier",
    )  # fmt: skip


def simon_makuch(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    start: float = 0.0,
    conf_type: ConfType = "log",
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> KaplanMeier:
    """Draw survival by groups that change over time: people leave one curve and enter another as they change.

    A curve is that of a hypothetical cohort that stays in its group from the start on, if people who change are
    like those who do not. It is not the survival of anybody who was ever in the group.

    Parameters
    ----------
    data, outcome, by, conf_type, level, id, entry, exit, time_unit
        As in :func:`kaplan_meier`; rows carry the group in force.
    start : float
        Time from which on the curves run, at which they are 1.

    Returns
    -------
    KaplanMeier
        With ``estimator="Simon-Makuch"``.

    Raises
    ------
    DesignError
        The outcome has competing events, no person is named, or there are no groups.

    References
    ----------
    Simon & Makuch 1984.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import simon_makuch
    >>> rows = pl.DataFrame({"id": [1, 1, 2], "entry": [0, 2, 0], "exit": [2, 6, 5], "death": [0, 1, 1],
    ...                      "user": ["no", "yes", "no"]})
    >>> curves = simon_makuch(rows, "Surv(entry, exit, death)", "user", id="id")
    >>> curves.estimator, curves.groups[1].n_risk.tolist()
    ('Simon-Makuch', [1.0])
    """
    if has_causes(data, outcome):
        raise DesignError(
            "with competing events, survival in a group that changes over time is not a risk",
            where="outcome",
            remedy="Use landmark(), which gives cumulative incidences, or cause-specific hazards.",
        )
    if by is None:
        raise DesignError("curves of changing groups need the groups", where="by", remedy="Give by='...'.")
    if id is None and not isinstance(data, Episodes):
        raise DesignError(
            "groups that change need the column of the person", where="id", remedy="Give id='...'."
        )
    return curves_of(
        data, outcome, by, conf_type=conf_type, level=level, id=id, entry=entry, exit=exit, time_unit=time_unit,
        start=start, estimator="Simon-Makuch",
    )  # fmt: skip


def reverse_kaplan_meier(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: ConfType = "log",
    level: float = 0.95,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> KaplanMeier:
    """Estimate how long people would be followed if nothing happened to them: the end of follow-up is the event.

    Its median is the median follow-up time of a report. Any event, competing ones included, censors.

    Parameters
    ----------
    data, outcome, by, conf_type, level, unit, id, entry, exit, time_unit
        As in :func:`kaplan_meier`. Groups do not change.

    Returns
    -------
    KaplanMeier
        With ``estimator="reverse Kaplan-Meier"``.

    Raises
    ------
    EpisodeError
        Groups change over time: a change is not an end of follow-up.

    References
    ----------
    Schemper & Smith 1996.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import reverse_kaplan_meier
    >>> rows = pl.DataFrame({"month": [1, 2, 6, 8], "death": [1, 0, 0, 0]})
    >>> reverse_kaplan_meier(rows, "Surv(month, death)").groups[0].median[0]
    6.0
    """
    if has_causes(data, outcome):
        whole = read_causes(
            data, outcome, censored=None, id=id, entry=entry, exit=exit, also=listed(by), time_unit=time_unit
        )
        rows, happens = whole.rows, whole.codes > 0
    else:
        start, stop, event = named_in(outcome, entry, exit)
        rows = read_rows(data, event=event, id=id, entry=start, exit=stop, also=listed(by), unit=time_unit)
        happens = rows.event
    times = [] if rows.entry is None else [pl.Series("__entry__", rows.entry)]
    times += [pl.Series("__exit__", rows.exit), pl.Series("__event__", happens)]
    curves = curves_of(
        rows.frame.with_columns(times),
        f"Surv({'' if rows.entry is None else '__entry__, '}__exit__, __event__)",
        by, conf_type=conf_type, level=level, unit=unit, id=rows.id, time_unit=rows.unit, reverse=True,
        estimator="reverse Kaplan-Meier",
    )  # fmt: skip
    return replace(curves, event=f"end of follow-up ({rows.event_name})")
