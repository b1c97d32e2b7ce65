"""Rates of groups against a reference: ratios and differences, over all rows or within strata."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl

from riskset.curves.bands import TimeBands
from riskset.curves.poisson import Comparison, exact_rate_ratio, mover_rate_difference
from riskset.curves.rates import incidence_rate
from riskset.curves.rows import listed
from riskset.errors import DesignError


def rate_ratio(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    reference: object = None,
    within: str | Sequence[str] | None = None,
    bands: TimeBands | Sequence[TimeBands] = (),
    level: float = 0.95,
    method: Literal["exact", "mid-p"] = "exact",
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str = "days",
) -> pl.DataFrame:
    """Ratio of each group's incidence rate to that of a reference, exact given the number of events.

    Parameters
    ----------
    data, event, bands, id, entry, exit, time_unit
        As in :func:`incidence_rate`; states may change over time.
    by : str or sequence of str
        Columns whose combinations are compared.
    reference : value or tuple of values, optional
        The combination that the others are compared with; the first by default.
    within : str or sequence of str, optional
        Columns (or names of bands) within whose combinations groups are compared.
    level : float
        Confidence level.
    method : {"exact", "mid-p"}
        Limits given the total number of events: Clopper and Pearson's, or mid-P.

    Returns
    -------
    polars.DataFrame
        The columns of ``within`` and ``by``, events, person_time (in ``time_unit``), ratio, lower, upper, p_value;
        the reference has ratio 1 and no limits.

    Raises
    ------
    DesignError
        A column or the reference is not there.

    References
    ----------
    Breslow & Day 1987, section 3.4.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import rate_ratio
    >>> rows = pl.DataFrame({"exit": [500.0, 500.0, 1000.0], "event": [1, 1, 1], "use": ["yes", "yes", "no"]})
    >>> table = rate_ratio(rows, "event", "use", reference="no", exit="exit")
    >>> table["ratio"].to_list()
    [1.0, 2.0]
    """

    def compare(d: int, t: float, d_ref: int, t_ref: float) -> Comparison:
        return exact_rate_ratio(d, t, d_ref, t_ref, level, method=method)

    if method not in ("exact", "mid-p"):
        raise DesignError(f"there is no method {method!r}", remedy="Choose 'exact' or 'mid-p'.")
    return _against_reference(
        data,
        event,
        by,
        reference,
        within,
        bands,
        id,
        entry,
        exit,
        time_unit,
        time_unit,
        1.0,
        "ratio",
        1.0,
        compare,
    )


def rate_difference(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    reference: object = None,
    within: str | Sequence[str] | None = None,
    bands: TimeBands | Sequence[TimeBands] = (),
    per: float = 100.0,
    unit: str = "years",
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str = "days",
) -> pl.DataFrame:
    """Difference of each group's incidence rate from that of a reference, limits recovered from Garwood's (MOVER).

    Parameters
    ----------
    data, event, by, reference, within, bands, level, id, entry, exit, time_unit
        As in :func:`rate_ratio`.
    per, unit : float, str
        Differences are per this many units of person-time.

    Returns
    -------
    polars.DataFrame
        The columns of ``within`` and ``by``, events, person_time (in ``unit``), difference, lower, upper; the
        reference has difference 0 and no limits.

    Raises
    ------
    DesignError
        A column or the reference is not there.

    References
    ----------
    Zou & Donner 2008.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import rate_difference
    >>> rows = pl.DataFrame({"exit": [500.0, 500.0, 1000.0], "event": [1, 1, 1], "use": ["yes", "yes", "no"]})
    >>> table = rate_difference(rows, "event", "use", reference="no", exit="exit", per=1000, unit="days")
    >>> table["difference"].to_list()
    [0.0, 1.0]
    """

    def compare(d: int, t: float, d_ref: int, t_ref: float) -> Comparison:
        return mover_rate_difference(d, t, d_ref, t_ref, level)

    return _against_reference(
        data,
        event,
        by,
        reference,
        within,
        bands,
        id,
        entry,
        exit,
        time_unit,
        unit,
        per,
        "difference",
        0.0,
        compare,
    )


def _against_reference(
    data: object,
    event: str | None,
    by: str | Sequence[str] | None,
    reference: object,
    within: str | Sequence[str] | None,
    bands: TimeBands | Sequence[TimeBands],
    id: str | None,
    entry: str | None,
    exit: str | None,
    time_unit: str,
    unit: str,
    per: float,
    what: str,
    nothing: float,
    compare: Callable[[int, float, int, float], Comparison],
) -> pl.DataFrame:
    groups, strata = listed(by), listed(within)
    if not groups:
        raise DesignError("a comparison needs groups", where="by", remedy="Give by='...'.")
    scales = [bands] if isinstance(bands, TimeBands) else list(bands)
    banded = {b.name for b in scales}
    if not banded <= {*groups, *strata}:
        raise DesignError(
            "bands are compared, or compared within", where="bands", remedy="Name them in by or within."
        )
    table = incidence_rate(
        data,
        event,
        [c for c in [*strata, *groups] if c not in banded],
        bands=scales,
        per=1.0,
        unit=unit,
        id=id,
        entry=entry,
        exit=exit,
        time_unit=time_unit,
    ).sort([*strata, *groups], nulls_last=True, maintain_order=True)
    keys = table.select(groups).rows()
    first = next((k for k in keys if None not in k), keys[0])
    wanted = first if reference is None else reference if isinstance(reference, tuple) else (reference,)
    if wanted not in keys:
        raise DesignError(
            "the reference is not among the groups", where="reference", remedy="Give one of them."
        )
    places = table.select(strata).rows() if strata else [()] * table.height
    found = {(s, k): r for s, k, r in zip(places, keys, table.iter_rows(named=True), strict=True)}
    estimates: list[tuple[float | None, float | None, float | None, float | None]] = []
    for place, key in zip(places, keys, strict=True):
        own, ref = found[place, key], found.get((place, wanted))
        if key == wanted:
            estimates.append((nothing, None, None, None))
        elif ref is None or not (own["person_time"] > 0 and ref["person_time"] > 0):
            estimates.append((None, None, None, None))
        else:
            c = compare(own["events"], own["person_time"], ref["events"], ref["person_time"])
            size = per if what == "difference" else 1.0
            estimates.append((c.estimate * size, c.lower * size, c.upper * size, c.p_value))
    made = pl.DataFrame(
        estimates, schema=dict.fromkeys([what, "lower", "upper", "p_value"], pl.Float64), orient="row"
    ).with_columns(pl.all().fill_nan(None))
    made = made.drop("p_value") if what == "difference" else made
    return table.select(*strata, *groups, "events", "person_time").hstack(made)
