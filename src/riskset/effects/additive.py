"""The additive scale of an interaction: RERI, AP and S from three log hazard ratios and their covariance.

With HR10, HR01 and HR11 the hazards of the exposed alone, of those with the modifier alone and of those with both,
against neither::

    RERI = HR11 - HR10 - HR01 + 1        relative excess risk due to interaction; 0 where effects add
    AP   = RERI / HR11                   share of the risk of both that is due to their being together; 0
    S    = (HR11 - 1) / (HR10 + HR01 - 2)   synergy index; 1. Not defined unless HR11 > 1 and HR10 + HR01 > 2

References
----------
Hosmer, D. W. & Lemeshow, S. (1992). Confidence interval estimation of interaction. Epidemiology 3, 452-456.
Zou, G. Y. (2008), see `riskset.effects.mover`.
Nie, L., Chu, H., Li, F. & Cole, S. R. (2010). Relative excess risk due to interaction: resampling-based confidence
intervals. Epidemiology 21, 552-556.
Rothman, K. J. (1976). The estimation of synergy or antagonism. American Journal of Epidemiology 103, 506-511.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from riskset.effects.mover import mover_limits, mover_p
from riskset.effects.profiles import Level

Floats = NDArray[np.float64]
Name = Literal["RERI", "AP", "S"]
Method = Literal["delta", "MOVER", "bootstrap"]

HEADLINE: Final[Method] = "MOVER"
NAMES: Final[tuple[Name, ...]] = ("RERI", "AP", "S")
NULL: Final[dict[str, float]] = {"RERI": 0.0, "AP": 0.0, "S": 1.0}
S_UNDEFINED: Final = "S is defined only where HR11 > 1 and HR10 + HR01 > 2"
# Each measure as constant + sum of signs x exp(rows @ (log HR10, log HR01, log HR11)), which MOVER needs.
PARTS: Final[dict[str, tuple[Floats, Floats, float]]] = {
    "RERI": (np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]), np.array([1.0, -1, -1]), 1.0),
    "AP": (np.array([[0.0, 0, -1], [1, 0, -1], [0, 1, -1]]), np.array([1.0, -1, -1]), 1.0),
}


@dataclass(frozen=True, slots=True)
class MeasureInterval:
    """An interval of a measure with the test of the same method: the null is left out exactly if p < 1 - level.

    Attributes
    ----------
    method : {"delta", "MOVER", "bootstrap"}
    lower, upper : float or None
        A bootstrap limit may be infinite. None where the method gives none, for ``reason``.
    p : float or None
    reason : str
    """

    method: Method
    lower: float | None
    upper: float | None
    p: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """RERI, AP or S of one pair of exposure levels and one pair of modifier levels.

    Attributes
    ----------
    name : {"RERI", "AP", "S"}
    estimate : float or None
        None where it is not defined, for ``reason``.
    std_error : float or None
        By the delta method; of ln S for S.
    lower, upper, p : float or None
        By the method of the headline.
    method : str or None
        Of the headline.
    intervals : tuple of MeasureInterval
        All methods that were asked for.
    null : float
        Value at which effects add: 0, or 1 for S.
    reason : str
    """

    name: Name
    estimate: float | None
    std_error: float | None
    lower: float | None
    upper: float | None
    p: float | None
    method: Method | None
    intervals: tuple[MeasureInterval, ...]
    null: float
    reason: str = ""

    def interval(self, method: Method) -> MeasureInterval | None:
        """Look up the interval of a method; None if it was not computed."""
        return next((i for i in self.intervals if i.method == method), None)

    def __str__(self) -> str:
        if self.estimate is None:
            return f"not defined: {self.reason}"
        if self.lower is None or self.upper is None or self.p is None:
            return f"{self.estimate:.2f}" + (f" ({self.reason})" if self.reason else "")
        return f"{self.estimate:.2f} ({self.lower:.2f} to {self.upper:.2f}), p = {self.p:.3g} [{self.method}]"


@dataclass(frozen=True, slots=True)
class Recoded:
    """Measures against the joint cell of lowest risk, which the data chose: a description without intervals.

    Attributes
    ----------
    exposure, modifier : level
        The joint cell that is the reference.
    reri, ap, s : float or None
        S is None where it is not defined.
    note : str
        What a reader must be told beside them.
    """

    exposure: Level
    modifier: Level
    reri: float
    ap: float
    s: float | None
    note: str = "Reference chosen by the data (the joint cell of lowest risk): a description, without confidence limits."


@dataclass(frozen=True, slots=True)
class Additive:
    """The additive scale of one pair of exposure levels and one pair of modifier levels.

    Attributes
    ----------
    exposure, exposure_reference, modifier, modifier_reference : level
    log_hazard_ratios : float array (3,) or None
        Of exposure alone, modifier alone and both, against neither; None where one of them is not estimable.
    covariance : float array (3, 3) or None
    reri, ap, s : Measure
    recoded : Recoded or None
        Where a hazard ratio is below 1, so that measures made for risks above 1 read badly.
    """

    exposure: Level
    exposure_reference: Level
    modifier: Level
    modifier_reference: Level
    log_hazard_ratios: Floats | None
    covariance: Floats | None
    reri: Measure
    ap: Measure
    s: Measure
    recoded: Recoded | None = None

    @property
    def compared(self) -> tuple[Level, Level, Level, Level]:
        """Exposure, its reference, modifier, its reference."""
        return self.exposure, self.exposure_reference, self.modifier, self.modifier_reference

    @property
    def measures(self) -> tuple[Measure, Measure, Measure]:
        """RERI, AP and S."""
        return self.reri, self.ap, self.s


def additive(
    compared: tuple[Level, Level, Level, Level],
    log_hazard_ratios: Floats | None,
    covariance: Floats | None,
    *,
    reason: str = "",
    level: float = 0.95,
    headline: Method = HEADLINE,
) -> Additive:
    """Put one pair of exposure levels and one of modifier levels on the additive scale.

    Parameters
    ----------
    compared : tuple of level
        Exposure, its reference, modifier, its reference.
    log_hazard_ratios : float array (3,) or None
        None where a hazard ratio is not estimable, for `reason`.
    covariance : float array (3, 3) or None
    reason : str
    level : float
    headline : {"delta", "MOVER", "bootstrap"}
    """
    if log_hazard_ratios is None or covariance is None:
        none = [undefined(name, reason) for name in NAMES]
        return Additive(*compared, None, None, none[0], none[1], none[2])
    three = measures(log_hazard_ratios, covariance, level, headline)
    return Additive(
        *compared, log_hazard_ratios, covariance, *three, recoded_by_data(compared, log_hazard_ratios)
    )


def recoded_by_data(compared: tuple[Level, Level, Level, Level], log_hazard_ratios: Floats) -> Recoded | None:
    """Measures against the joint cell of lowest risk, where that is not the reference already (Knol 2011).

    References
    ----------
    Knol, M. J. et al. (2011). Estimating measures of interaction on an additive scale for preventive exposures.
    European Journal of Epidemiology 26, 433-438.
    """
    if (log_hazard_ratios >= 0).all():
        return None
    l10, l01, l11 = log_hazard_ratios.tolist()
    risk = {(0, 0): 0.0, (1, 0): l10, (0, 1): l01, (1, 1): l11}
    e, m = min(risk, key=lambda cell: risk[cell])
    around = [risk[cell] - risk[e, m] for cell in ((1 - e, m), (e, 1 - m), (1 - e, 1 - m))]
    reri, ap, s = point(np.array(around))
    exposure, exposure_reference, modifier, modifier_reference = compared
    return Recoded(
        exposure=exposure if e else exposure_reference,
        modifier=modifier if m else modifier_reference,
        reri=reri,
        ap=ap,
        s=s,
    )


def measures(
    log_hazard_ratios: Floats, covariance: Floats, level: float = 0.95, headline: Method = HEADLINE
) -> tuple[Measure, Measure, Measure]:
    """RERI, AP and S with delta and MOVER intervals.

    Parameters
    ----------
    log_hazard_ratios : float array (3,)
        log HR10, log HR01, log HR11.
    covariance : float array (3, 3)
    level : float
    headline : {"delta", "MOVER"}
        Method of the headline; S has only the delta method's, on ln S.

    Examples
    --------
    >>> import numpy as np
    >>> reri, ap, s = measures(np.log([2.0, 3.0, 6.0]), 0.01 * np.eye(3))
    >>> print(reri)
    2.00 (0.68 to 3.45), p = 0.00273 [MOVER]
    >>> print(s)
    1.67 (1.19 to 2.32), p = 0.00263 [delta]
    """
    gradients = _gradients(log_hazard_ratios)
    z = float(ndtri(0.5 + level / 2))
    found: list[Measure] = []
    for name, value in zip(NAMES, point(log_hazard_ratios), strict=True):
        if value is None:
            found.append(undefined(name, S_UNDEFINED))
            continue
        gradient = gradients[name]
        se = float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
        centre = float(np.log(value)) if name == "S" else value
        low, high = centre - z * se, centre + z * se
        if name == "S":
            with np.errstate(over="ignore"):
                low, high = float(np.exp(low)), float(np.exp(high))
        p = float(2 * ndtr(-abs(centre) / se)) if se > 0 else float(centre == 0)
        intervals = [MeasureInterval("delta", low, high, p)]
        if name in PARTS:
            rows, signs, constant = PARTS[name]
            parts = (rows @ log_hazard_ratios, rows @ covariance @ rows.T, signs, constant)
            intervals.append(MeasureInterval("MOVER", *mover_limits(*parts, z), mover_p(*parts, level=level)))
        measure = Measure(name, value, se, None, None, None, None, tuple(intervals), NULL[name])
        found.append(with_headline(measure, "delta" if name == "S" and headline == "MOVER" else headline))
    return found[0], found[1], found[2]


def point(log_hazard_ratios: Floats) -> tuple[float, float, float | None]:
    """RERI, AP and S of three log hazard ratios; S is None where it is not defined."""
    h10, h01, h11 = np.exp(log_hazard_ratios).tolist()
    reri = h11 - h10 - h01 + 1.0
    defined = h11 > 1.0 and h10 + h01 > 2.0
    return reri, reri / h11, (h11 - 1.0) / (h10 + h01 - 2.0) if defined else None


def undefined(name: Name, reason: str) -> Measure:
    """Make a measure that is not defined."""
    return Measure(name, None, None, None, None, None, None, (), NULL[name], reason)


def with_headline(measure: Measure, method: Method) -> Measure:
    """Let a measure's limits and p be those of a method."""
    found = measure.interval(method)
    if found is None:
        return measure
    return replace(
        measure, lower=found.lower, upper=found.upper, p=found.p, method=method, reason=found.reason
    )


def _gradients(log_hazard_ratios: Floats) -> dict[str, Floats]:
    """Differentiate by the log hazard ratios; ln S for S."""
    h10, h01, h11 = np.exp(log_hazard_ratios)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "RERI": np.array([-h10, -h01, h11]),
            "AP": np.array([-h10, -h01, h10 + h01 - 1.0]) / h11,
            "S": np.array([-h10, -h01, 0.0]) / (h10 + h01 - 2.0)
            + np.array([0.0, 0.0, h11 / (h11 - 1.0) if h11 != 1.0 else np.nan]),
        }
