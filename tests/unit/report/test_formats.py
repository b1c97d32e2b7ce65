"""Numbers as text: what is printed is the rounding of what is known, and never says more."""

from __future__ import annotations

from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskset.effects.exposure_range import round_values as grid_of_effects
from riskset.report import formats as fmt
from riskset.report.bars import REACHES, Axis
from riskset.study.counted import round_values
from riskset.study.results import Basis

NOTHING = Basis(n_persons=0, n_rows=0, n_events=0, person_years=0.0)


def read(text: str) -> float:
    return float(text.replace(",", "").replace(fmt.MINUS, "-"))


@given(st.floats(min_value=0, max_value=1))
def test_p_has_three_decimals_and_is_never_0_or_1(p: float) -> None:
    text = fmt.p_value(p)
    if p < 0.001:
        assert text == "<0.001"  # the journal's form
    elif p > 0.9994:
        assert text == ">0.999"
    else:
        assert len(text) == 5
        # half a unit of the last decimal, and the error of writing a binary number in decimals
        assert abs(float(text) - p) <= 0.0005 + 1e-12
        assert 0 < float(text) < 1


@given(st.floats(min_value=-1e12, max_value=1e12), st.integers(min_value=0, max_value=6))
def test_fixed_rounds_and_reads_back(x: float, decimals: int) -> None:
    text = fmt.fixed(x, decimals)
    assert "-" not in text  # a true minus or none
    assert not text.startswith(fmt.MINUS + "0" * 1) or read(text) != 0  # no negative nought
    assert abs(read(text) - x) <= 0.5 * 10.0**-decimals * (1 + 1e-9) + 1e-15 * abs(x)


@given(st.floats(min_value=1e-300, max_value=1e300), st.integers(min_value=1, max_value=8))
def test_significant_keeps_so_many_digits(x: float, digits: int) -> None:
    text = fmt.significant(x, digits)
    # one digit may be lost where rounding reaches the next power of ten
    assert abs(read(text) - x) <= 0.5 * 10.0 ** (1 - digits) * x * (1 + 1e-9)


@given(st.floats(min_value=1e-12, max_value=1e12))
def test_a_ratio_is_rounded_or_bounded(x: float) -> None:
    text = fmt.ratio(x)
    if text == "<0.01":
        assert x < 0.005
    elif text.startswith(">"):
        assert x >= 9999.5
    else:
        assert abs(read(text) - x) <= (0.005 if x < 99.995 else 0.5) + 1e-9


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=12), st.floats(0.001, 1e6))
def test_common_decimals_lose_next_to_nothing(values: list[float], spread: float) -> None:
    decimals = fmt.common_decimals(values, spread)
    lost = sum(abs(round(v, decimals) - v) for v in values) / len(values)
    assert decimals == 6 or lost <= fmt.ROUNDING * spread
    if decimals:
        less = sum(abs(round(v, decimals - 1) - v) for v in values) / len(values)
        assert less > fmt.ROUNDING * spread  # and no more decimals than that takes


@pytest.mark.parametrize(
    ("lower", "upper", "text"),
    [
        (0.2, 1.62, "0.20–1.62"),
        (None, 1.62, "no limit to 1.62"),
        (0.2, None, "0.20 to no limit"),
        (None, None, "not estimable"),
        (1e-9, 1e9, "<0.01–>9,999"),
    ],
)
def test_limits_that_do_not_exist_are_said(lower: float | None, upper: float | None, text: str) -> None:
    assert fmt.ratio_limits(lower, upper) == text


@given(
    st.floats(min_value=1e-6, max_value=1e6),
    st.floats(min_value=1.0, max_value=1e4),
    st.floats(min_value=1.0, max_value=1e4),
)
def test_bars_stay_on_their_axis_and_in_order(value: float, down: float, up: float) -> None:
    limits = (value, value / down, value * up)
    axis = Axis.around([[limits]])
    bar = axis.bar(*limits)
    assert bar is not None
    assert 0 <= bar.low <= bar.point <= bar.high <= 100
    reached = max(abs(log10(v)) for v in (value / down, value, value * up))
    if reached <= log10(REACHES[-1]):
        assert not bar.open_low
        assert not bar.open_high


def test_a_bar_without_a_limit_is_open() -> None:
    axis = Axis(4.0)
    bar = axis.bar(1.0, None, None)
    assert bar is not None
    assert (bar.low, bar.point, bar.high) == (0.0, 50.0, 100.0)
    assert bar.open_low
    assert bar.open_high
    assert axis.bar(None, None, None) is None


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(1, 400)), min_size=1, max_size=4))
def test_round_values_are_known_to_every_level_within_its_range(ranges: list[tuple[int, int]]) -> None:
    """Levels on grids of their own that share the round values: a dash can only mean out of range."""
    low, high = min(a for a, _ in ranges) / 100, max(a + n for a, n in ranges) / 100
    shared = [float(f"{v:.9g}") for v in grid_of_effects(low, high)]
    known = [
        {float(f"{v:.9g}") for v in (a / 100, (a + n / 3) / 100, (a + n) / 100)}
        | {v for v in shared if a / 100 <= v <= (a + n) / 100}
        for a, n in ranges
    ]
    shown = round_values(known)
    assert len(shown) <= 13
    assert shown == sorted(shown)
    for v in shown:
        for k in known:
            assert v in k or not min(k) < v < max(k)
    if all(sum(min(k) < v < max(k) for v in shared) >= 3 for k in known):
        assert shown


def test_levels_without_shared_values_are_not_set_side_by_side() -> None:
    assert round_values([{1.0, 1.31, 1.62, 2.0}, {1.0, 1.17, 1.42, 2.0}]) == []


@pytest.mark.parametrize("text", ["\u202eabc", "\u2067\u202bx", "\u202ea\u202c", "plain", "مغنيسيوم"])
def test_a_label_closes_what_it_opens(text: str) -> None:
    """Text behind a label that turns the direction of writing must not be turned with it."""
    shown = fmt.label(text)
    assert shown.startswith(text)
    assert sum(shown.count(c) for c in "\u202a\u202b\u202d\u202e") == shown.count("\u202c")
    assert sum(shown.count(c) for c in "\u2066\u2067\u2068") == shown.count("\u2069")
