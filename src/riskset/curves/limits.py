"""Pointwise confidence limits of probabilities, and where a curve crosses a level: R's conventions."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from riskset.errors import DesignError

Floats = NDArray[np.float64]
ConfType = Literal["log", "log-log", "plain", "logit", "arcsin"]
# A probability is a product of ratios; a flat step that should be exactly at a level may miss it by rounding.
LEVEL_TOLERANCE = 1e-9


def normal_quantile(level: float) -> float:
    """Return the normal deviate of a two-sided confidence level."""
    if not 0.0 < level < 1.0:
        raise DesignError("a confidence level lies between 0 and 1", where="level")
    return float(ndtri((1.0 + level) / 2.0))


def limits(p: Floats, se: Floats, level: float, conf_type: ConfType) -> tuple[Floats, Floats]:
    """Limits of probabilities, symmetric on the scale of ``conf_type``, kept within 0 and 1.

    Parameters
    ----------
    p, se : ndarray
        Probabilities and their standard errors.
    level : float
        Confidence level.
    conf_type : {"log", "log-log", "plain", "logit", "arcsin"}
        Scale, as R's ``conf.type``.

    Returns
    -------
    lower, upper : ndarray
        NaN where the scale is not defined at ``p`` (0, or 1, for some).

    Examples
    --------
    >>> import numpy as np
    >>> lower, upper = limits(np.array([0.5]), np.array([0.1]), 0.95, "log-log")
    >>> print(f"{lower[0]:.4f} {upper[0]:.4f}")
    0.2952 0.6745
    """
    z = normal_quantile(level)
    if conf_type not in get_args(ConfType):
        raise DesignError(
            f"there is no conf_type {conf_type!r}",
            remedy="Choose 'log', 'log-log', 'plain', 'logit' or 'arcsin'.",
        )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if conf_type == "plain":
            lower, upper = p - z * se, p + z * se
        elif conf_type == "log":
            width = np.exp(z * se / p)
            lower, upper = p / width, p * width
        elif conf_type == "log-log":
            log_p = np.log(p)
            width = np.exp(z * se / (p * -log_p))
            lower, upper = np.exp(log_p * width), np.exp(log_p / width)
        elif conf_type == "logit":
            odds, width = p / (1.0 - p), np.exp(z * se / (p * (1.0 - p)))
            lower, upper = odds / (odds + width), odds * width / (1.0 + odds * width)
        else:
            angle, width = np.arcsin(np.sqrt(p)), 0.5 * z * se / np.sqrt(p * (1.0 - p))
            lower = np.sin(np.maximum(angle - width, 0.0)) ** 2
            upper = np.sin(np.minimum(angle + width, np.pi / 2)) ** 2
    return np.maximum(lower, 0.0), np.minimum(upper, 1.0)


def crossing(time: Floats, curve: Floats, p: float = 0.5) -> float:
    """First time at which a falling step function is at or below 1 - p; the middle of a step at that level.

    The convention of R's ``quantile.survfit``; infinity where the curve stays above.

    Examples
    --------
    >>> import numpy as np
    >>> crossing(np.array([1.0, 2.0, 4.0]), np.array([0.75, 0.5, 0.25])), crossing(np.array([1.0]), np.array([0.8]))
    (3.0, inf)
    """
    target = 1.0 - p
    reached = np.flatnonzero(curve <= target + LEVEL_TOLERANCE)
    if reached.size == 0:
        return float("inf")
    first = reached[0]
    below = np.flatnonzero(curve < target - LEVEL_TOLERANCE)
    if curve[first] >= target - LEVEL_TOLERANCE and below.size:
        return float((time[first] + time[below[0]]) / 2.0)
    return float(time[first])
