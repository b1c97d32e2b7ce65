"""Numbers as a journal prints them: the only place where a number becomes text.

P values have three decimals, hazard ratios two, thousands are separated by commas (which spreadsheets read),
intervals by an en dash. A number that does not exist is an en dash; a limit that does not exist is said so.
Nothing here computes: a figure is rounded for the page and for nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import floor, isfinite, log10

from riskset.study.wording import closed

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
THIN = "\N{THIN SPACE}"
NBSP = "\N{NO-BREAK SPACE}"
MASKED = "masked"
"""What stands for a count that is kept back, and for what would give it away."""
UNBOUNDED = "no limit"
"""What stands for an interval's limit that the data do not set."""

_SIGNS = (
    (">=", "\N{GREATER-THAN OR EQUAL TO}"),
    ("<=", "\N{LESS-THAN OR EQUAL TO}"),
    ("95% CI", f"95%{NBSP}CI"),
)


def label(text: str) -> str:
    r"""Set a label in type: ``>=`` becomes one sign, "95% CI" keeps together.

    Signs that turn the direction of writing are closed where the label ends, so that a number behind it
    cannot be read backwards.

    Examples
    --------
    >>> label(">= 2.4 mg/dL")
    '≥ 2.4 mg/dL'
    >>> label("\u202eabc").encode("ascii", "backslashreplace")
    b'\\u202eabc\\u202c'
    """
    for typed, sign in _SIGNS:
        text = text.replace(typed, sign)
    return closed(text)


def unit(text: str) -> str:
    """Set a unit in type: powers of the metre become exponents.

    Examples
    --------
    >>> unit("kg/m2"), unit("mg/dL")
    ('kg/m²', 'mg/dL')
    """
    return re.sub(r"\b(c?m)([23])\b", lambda m: m[1] + "²³"[int(m[2]) - 2], text)


def count(n: int | None) -> str:
    """Print a number of persons, rows or events; one that is kept back is said to be.

    Examples
    --------
    >>> count(1350), count(None)
    ('1,350', 'masked')
    """
    return MASKED if n is None else f"{n:,}".replace("-", MINUS)


def fixed(x: float | None, decimals: int) -> str:
    """Print a number with so many decimals, with a true minus and never as a negative nought.

    Examples
    --------
    >>> fixed(-0.004, 2), fixed(-1.5, 1), fixed(1562.4, 0), fixed(None, 2)
    ('0.00', '−1.5', '1,562', '–')
    """
    if x is None:
        return DASH
    text = f"{x:,.{decimals}f}"
    if text.startswith("-"):
        text = text[1:] if not text.strip("-0.,") else MINUS + text[1:]
    return text


def known(x: float | None, decimals: int) -> str:
    """Print a number that every study has; where it is not there, it is masked.

    Examples
    --------
    >>> known(6.72, 1), known(None, 1)
    ('6.7', 'masked')
    """
    return MASKED if x is None else fixed(x, decimals)


def significant(x: float | None, digits: int = 4) -> str:
    """Print a number with so many significant digits, for coefficients whose scale is not known.

    Examples
    --------
    >>> significant(0.000123456), significant(-12.34567), significant(0.0), significant(123456.0)
    ('0.0001235', '−12.35', '0', '123,456')
    """
    if x is None:
        return DASH
    if x == 0:
        return "0"
    if not 1e-6 <= abs(x) < 1e9:
        mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
        power = exponent.lstrip("+0") if exponent.startswith("+") else "-" + exponent.lstrip("-0")
        return f"{mantissa}e{power}".replace("-", MINUS)
    return fixed(x, max(0, digits - 1 - floor(log10(abs(x)))))


def plain(x: float | None) -> str:
    """Print a number that was chosen, not estimated: a knot, a reference, a tick; no digits beyond its own.

    Examples
    --------
    >>> plain(2.5), plain(1.0), plain(0.125), plain(-3.0)
    ('2.5', '1', '0.125', '−3')
    """
    if x is None:
        return DASH
    text = fixed(x, max(0, 5 - max(0, floor(log10(abs(x)))))) if x else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def p_value(p: float | None) -> str:
    """Print a P value with three decimals.

    Examples
    --------
    >>> p_value(0.29), p_value(0.0004), p_value(0.99996), p_value(None)
    ('0.290', '<0.001', '>0.999', '–')
    """
    if p is None:
        return DASH
    if p < 0.001:
        return "<0.001"
    if p > 0.9994:
        return ">0.999"
    return f"{p:.3f}"


def p_phrase(p: float | None) -> str:
    """Print a P value with its letter, for a sentence.

    Examples
    --------
    >>> p_phrase(0.29).replace(THIN, " "), p_phrase(1e-9).replace(THIN, " ")
    ('P = 0.290', 'P < 0.001')
    """
    text = p_value(p)
    sign, digits = (text[0], text[1:]) if text[0] in "<>" else ("=", text)
    return f"P{THIN}{sign}{THIN}{digits}"


def ratio(x: float | None) -> str:
    """Print a hazard ratio with two decimals; beyond what two decimals can show, a bound.

    Examples
    --------
    >>> ratio(0.594), ratio(0.0009), ratio(124.6), ratio(5e6)
    ('0.59', '<0.01', '125', '>9,999')
    """
    if x is None:
        return DASH
    if 0 < x < 0.005:
        return "<0.01"
    if x >= 9999.5:
        return ">9,999"
    return fixed(x, 0 if x >= 99.995 else 2)


def ratio_limits(lower: float | None, upper: float | None) -> str:
    """Print the limits of a ratio; a side that the data leave open is said to be open.

    Examples
    --------
    >>> ratio_limits(0.2, 1.62), ratio_limits(0.31, None), ratio_limits(None, None)
    ('0.20–1.62', '0.31 to no limit', 'not estimable')
    """
    if lower is None and upper is None:
        return "not estimable"
    if lower is None:
        return f"no limit to {ratio(upper)}"
    if upper is None:
        return f"{ratio(lower)} to {UNBOUNDED}"
    return f"{ratio(lower)}{DASH}{ratio(upper)}"


def ratio_with_interval(estimate: float | None, lower: float | None, upper: float | None) -> str:
    """Print a ratio and its interval, as in a table cell.

    Examples
    --------
    >>> ratio_with_interval(0.59, 0.2, 1.62).replace(NBSP, " ")
    '0.59 (0.20–1.62)'
    >>> ratio_with_interval(None, None, None)
    'not estimable'
    """
    if estimate is None:
        return "not estimable"
    return f"{ratio(estimate)}{NBSP}({ratio_limits(lower, upper)})"


def decimals_for(x: float | None, digits: int = 3) -> int:
    """Count the decimals that show a number with so many significant digits.

    Examples
    --------
    >>> decimals_for(0.0484), decimals_for(4.84), decimals_for(118.0), decimals_for(0.0)
    (4, 2, 0, 2)
    """
    if x is None or x == 0 or not isfinite(x):
        return digits - 1
    return max(0, digits - 1 - floor(log10(abs(x))))


ROUNDING = 0.02
"""How much of the spread between persons the rounding of a summary may cost, on average over a line."""


def common_decimals(values: Iterable[float | None], spread: float) -> int:
    """Count the decimals for one line of a table: the fewest that lose next to nothing.

    A lab value on a 0.1 grid is printed on that grid although a quartile may fall between two of its marks;
    a ratio that varies by 0.4 between persons gets its second decimal.

    Examples
    --------
    >>> common_decimals([2.5, 2.3, 2.8, 2.5, 2.3, 2.75], 0.5), common_decimals([1.58, 1.37, 1.81], 0.4)
    (1, 2)
    >>> common_decimals([21.23, 18.94, 23.51], 4.6), common_decimals([102.4, 45.2, 211.3], 166.0)
    (1, 0)
    """
    known = [v for v in values if v is not None]
    if not known:
        return 0
    allowed = ROUNDING * spread if spread > 0 else 1e-9
    for decimals in range(6):
        if sum(abs(round(v, decimals) - v) for v in known) / len(known) <= allowed:
            return decimals
    return 6


def with_interval(estimate: float | None, lower: float | None, upper: float | None, decimals: int) -> str:
    """Print any estimate and its interval with so many decimals.

    Examples
    --------
    >>> with_interval(0.0484, 0.0377, 0.0613, 4).replace(NBSP, " ")
    '0.0484 (0.0377–0.0613)'
    >>> with_interval(-0.9, -2.1, 0.3, 2).replace(NBSP, " ")
    '−0.90 (−2.10 to 0.30)'
    """
    if estimate is None:
        return "not estimable"
    if lower is None and upper is None:
        return fixed(estimate, decimals)
    joint = " to " if (lower is not None and lower < 0) or lower is None or upper is None else DASH
    low, high = (UNBOUNDED if v is None else fixed(v, decimals) for v in (lower, upper))
    return f"{fixed(estimate, decimals)}{NBSP}({low}{joint}{high})"


def person_time(total: float | None) -> int:
    """Count the decimals of person-years in a table with this total: more where there are few.

    Examples
    --------
    >>> person_time(1425.3), person_time(14.06)
    (1, 2)
    """
    return 1 if total is None or total >= 100 else 2


def level_percent(level: float) -> str:
    """Print a confidence level.

    Examples
    --------
    >>> level_percent(0.95), level_percent(0.995)
    ('95%', '99.5%')
    """
    return f"{100 * level:.6g}%"


def plural(n: int | None, one: str, many: str | None = None) -> str:
    """Print a count with its noun.

    Examples
    --------
    >>> plural(1, "event").replace(NBSP, " "), plural(1200, "event").replace(NBSP, " ")
    ('1 event', '1,200 events')
    """
    return f"{count(n)}{NBSP}{one if n == 1 else many or one + 's'}"
