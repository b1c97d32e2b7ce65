"""Restricted mean survival time by group, and its difference between groups that share nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import ndtr

from riskset.curves.limits import normal_quantile
from riskset.errors import DesignError
from riskset.kernel.restricted_mean import restricted_mean

if TYPE_CHECKING:
    from riskset.curves.survival_curves import KaplanMeier, SurvivalEstimate


def mean_table(curves: KaplanMeier, horizon: float | None) -> pl.DataFrame:
    """Tabulate the restricted mean of each group with normal limits.

    Parameters
    ----------
    curves : KaplanMeier
    horizon : float or None
        End of the time that counts; None takes the earliest of the groups' last times.

    Raises
    ------
    DesignError
        The horizon lies beyond a group's last time, where its curve does not exist, or before the start.
    """
    end = _horizon(curves, horizon)
    z = normal_quantile(curves.level)
    rows: list[tuple[object, ...]] = []
    for group in curves.groups:
        mean, se = _mean(curves, group, end)
        rows.append((group.label, end, mean, se, mean - z * se, mean + z * se))
    return pl.DataFrame(
        rows, schema=["group", "horizon", "rmst", "std_error", "lower", "upper"], orient="row"
    )


def difference_table(curves: KaplanMeier, horizon: float | None, reference: str | None) -> pl.DataFrame:
    """Tabulate differences of restricted means against one group, with normal limits and p-values.

    Parameters
    ----------
    curves : KaplanMeier
    horizon : float or None
        As in :func:`mean_table`.
    reference : str or None
        Label of the group to compare with; the first by default.

    Raises
    ------
    DesignError
        There is no second group, no such reference, or people are in several groups: their means are not
        independent, and the variance of a difference would be wrong.
    """
    if curves.estimator == "Simon-Makuch":
        raise DesignError(
            "means of groups that share persons are not independent",
            where=", ".join(curves.by),
            remedy="Use groups that are fixed, at entry or at a landmark.",
        )
    labels = [g.label for g in curves.groups]
    if len(labels) < 2 or (reference is not None and reference not in labels):
        raise DesignError(
            "a difference needs two groups, one of them the reference",
            where="reference",
            remedy=f"Groups: {', '.join(labels)}.",
        )
    end = _horizon(curves, horizon)
    z = normal_quantile(curves.level)
    first = labels[0] if reference is None else reference
    found = {g.label: _mean(curves, g, end) for g in curves.groups}
    rows: list[tuple[object, ...]] = []
    for label in labels:
        if label == first:
            continue
        gap = found[label][0] - found[first][0]
        se = float(np.hypot(found[label][1], found[first][1]))
        p = 2.0 * float(ndtr(-abs(gap) / se)) if se > 0 else float("nan")
        rows.append((label, first, end, gap, se, gap - z * se, gap + z * se, p))
    schema = ["group", "reference", "horizon", "difference", "std_error", "lower", "upper", "p_value"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _horizon(curves: KaplanMeier, wanted: float | None) -> float:
    last = min(_end(g) for g in curves.groups)
    if not np.isfinite(last):  # every curve has come down to 0
        last = max(float(g.time[-1]) for g in curves.groups)
        end = last if wanted is None else wanted
    else:
        end = last if wanted is None else wanted
        if end > last:
            raise DesignError(
                "the horizon lies beyond the last time at which a group is observed",
                where="horizon",
                remedy="Choose an earlier one: a curve does not exist where nobody is left.",
            )
    if not end > curves.start:
        raise DesignError("the horizon must lie after the start", where="horizon")
    return end


def _end(group: SurvivalEstimate) -> float:
    return float("inf") if group.survival[-1] == 0 else float(group.time[-1])


def _mean(curves: KaplanMeier, group: SurvivalEstimate, horizon: float) -> tuple[float, float]:
    s = group.stays
    mean, variance = restricted_mean(
        s.entry, s.exit, s.ends > 0, s.weight, horizon,
        origin=curves.start, jackknife=curves.variance != "Greenwood", person=s.person,
    )  # fmt: skip
    return mean, float(np.sqrt(variance))
