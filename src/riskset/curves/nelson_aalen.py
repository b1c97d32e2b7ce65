"""Nelson–Aalen: the cumulative hazard over time, by groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskset.curves.kaplan_meier import curves_of
from riskset.curves.limits import normal_quantile
from riskset.errors import DesignError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CumulativeHazard:
    """Nelson–Aalen estimate of one group.

    Attributes
    ----------
    label : str
        Name of the group.
    time : ndarray (T,)
        Distinct times at which a row ends.
    n_risk, n_event : ndarray (T,)
        At risk just before, and events at each time (summed weights).
    hazard, std_error, lower, upper : ndarray (T,)
        Cumulative hazard by each time, its standard error and pointwise limits (0 before the first event).
    """

    label: str
    time: Floats
    n_risk: Floats
    n_event: Floats
    hazard: Floats
    std_error: Floats
    lower: Floats
    upper: Floats


def nelson_aalen(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: Literal["log", "plain"] = "log",
    level: float = 0.95,
    weights: str | None = None,
    robust: bool | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> tuple[CumulativeHazard, ...]:
    """Estimate the cumulative hazard of an event, by groups, with delayed entry.

    With competing events it is the cause-specific one, which is what it says and not a risk.

    Parameters
    ----------
    data, outcome, by, level, weights, robust, unit, id, entry, exit, time_unit
        As in :func:`kaplan_meier`, for the 0/1 column of one event.
    conf_type : {"log", "plain"}
        Scale of the limits.

    Returns
    -------
    tuple of CumulativeHazard
        One for each group.

    References
    ----------
    Nelson 1972; Aalen 1978.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import nelson_aalen
    >>> rows = pl.DataFrame({"month": [1, 2, 2, 4, 5], "death": [1, 1, 0, 1, 0]})
    >>> nelson_aalen(rows, "Surv(month, death)")[0].hazard.round(3).tolist()
    [0.2, 0.45, 0.95, 0.95]
    """
    if conf_type not in ("log", "plain"):
        raise DesignError(
            f"there is no conf_type {conf_type!r} of a hazard", remedy="Choose 'log' or 'plain'."
        )
    curves = curves_of(
        data, outcome, by, level=level, weights=weights, robust=robust, unit=unit, id=id, entry=entry, exit=exit,
        time_unit=time_unit,
    )  # fmt: skip
    z = normal_quantile(level)
    out: list[CumulativeHazard] = []
    for g in curves.groups:
        h, se = g.hazard, g.hazard_std_error
        with np.errstate(divide="ignore", invalid="ignore"):
            width = np.where(h > 0, np.exp(z * se / h), 1.0)
        lower, upper = (
            (h / width, h * width) if conf_type == "log" else (np.maximum(h - z * se, 0.0), h + z * se)
        )
        out.append(CumulativeHazard(g.label, g.time, g.n_risk, g.n_event, h, se, lower, upper))
    return tuple(out)
