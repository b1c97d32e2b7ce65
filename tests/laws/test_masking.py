"""Masked counts cannot be worked out: an attacker with integer programming finds two values for each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from riskset.study.mask_choice import hidden_of
from riskset.study.mask_curves import coarse_survival
from riskset.study.mask_ledger import Key, Ledger
from riskset.study.results import SurvivalGroup
from riskset.study.results_values import Basis

LEAST = 5


def span(rows: list[dict[str, int]], shown: dict[str, int], name: str) -> tuple[int, int]:
    """The least and the greatest whole number that a count can be, given sums that are nought and what is shown."""
    names = sorted({n for row in rows for n in row})
    matrix = np.array([[row.get(n, 0) for n in names] for row in rows], dtype=float)
    low = np.array([shown.get(n, 0) for n in names], dtype=float)
    high = np.array([shown.get(n, 10_000) for n in names], dtype=float)
    found: list[int] = []
    for sign in (1, -1):
        goal = np.array([float(sign * (n == name)) for n in names])
        answer = milp(
            goal,
            constraints=LinearConstraint(matrix, 0, 0),
            bounds=Bounds(low, high),
            integrality=np.ones(len(names)),
        )
        assert answer.success
        found.append(round(sign * answer.fun))
    return found[0], found[1]


@settings(max_examples=20)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=2, max_size=4))
def test_no_small_cell_of_a_table_follows_from_its_margins(cells):
    ledger, rows, value = Ledger(LEAST), [], {}
    across, down, corner = "whole", [f"column {j}" for j in range(3)], []

    def put(name: str, n: int, rank: int) -> Key:
        value[name] = n
        return ledger.put((name,), n, rank)

    for i, line in enumerate(cells):
        keys = [put(f"{i} {j}", n, 1) for j, n in enumerate(line)]
        ledger.total(put(f"row {i}", sum(line), 2), keys)
        rows.append({f"row {i}": 1} | {f"{i} {j}": -1 for j in range(3)})
        corner.append(f"row {i}")
    for j, name in enumerate(down):
        ledger.total(put(name, sum(line[j] for line in cells), 2), [(f"{i} {j}",) for i in range(len(cells))])
        rows.append({name: 1} | {f"{i} {j}": -1 for i in range(len(cells))})
    ledger.total(put(across, sum(map(sum, cells)), 3), [(name,) for name in down])
    rows.append({across: 1} | dict.fromkeys(down, -1))
    rows.append({across: 1} | dict.fromkeys(corner, -1))

    hidden = {key[0] for key in hidden_of(ledger)}
    shown = {name: n for name, n in value.items() if name not in hidden}
    assert not [n for n in shown.values() if 0 < n < LEAST]
    for name, n in value.items():
        if 0 < n < LEAST:
            least, most = span(rows, shown, name)
            assert least < most, (name, n)


def test_the_attacker_finds_what_a_table_masked_by_its_small_cells_alone_gives_away():
    rows = [{"all": 1, "a": -1, "b": -1, "c": -1}]
    assert span(rows, {"all": 53, "b": 20, "c": 30}, "a") == (3, 3)
    assert span(rows, {"all": 53, "c": 30}, "a") == (0, 23)


def test_a_sum_of_hidden_counts_that_is_small_is_hidden_too():
    ledger = Ledger(LEAST)
    parts = [ledger.put((k,), n) for k, n in enumerate((1, 2, 30, 40))]
    ledger.total(ledger.put(("all",), 73, 2), parts)
    assert hidden_of(ledger) == {(0,), (1,), (2,)}  # 1 and 2 alone would tell that they are 3 together


def test_sizes_of_two_analyses_that_differ_by_a_few_persons_are_not_both_shown():
    ledger = Ledger(LEAST)
    whole = ledger.put(("whole",), 399, 5)
    model, variant = ledger.put(("model",), 396, 2), ledger.put(("variant",), 350, 2)
    ledger.near([whole, model, variant])
    assert hidden_of(ledger) == {("model",)}


def test_what_three_sums_give_away_together_is_found_by_linear_algebra():
    # x + y = 17, y + z = 22 and z + x = 25 fix all three, though each of them leaves two open; x = 10, y = 7, z = 15
    ledger = Ledger(LEAST)
    x, y, z, s = (ledger.put((k,), n) for k, n in (("x", 10), ("y", 7), ("z", 15), ("s", 3)))
    for k, (parts, n) in enumerate((([x, y], 17), ([y, z], 22), ([z, x], 25))):
        ledger.total(ledger.put(("sum", k), n, 3), parts)
    ledger.total(ledger.put(("more",), 13, 3), [x, s])
    hidden = hidden_of(ledger)
    assert s in hidden
    assert x in hidden or ("more",) in hidden


@given(st.integers(60, 400), st.integers(2, 20))
@settings(max_examples=20)
def test_a_step_of_a_coarse_curve_is_of_so_many_events(persons, least):
    # nobody is censored: one event at a time, until a third has had it
    events = persons // 3
    height = tuple(1 - k / persons for k in range(events + 1))
    curve = SurvivalGroup(
        label="all",
        time_years=tuple(float(k) for k in range(events + 1)),
        survival=height,
        lower=height,
        upper=height,
        ticks_years=(0.0,),
        at_risk=(persons,),
        basis=Basis(n_persons=persons, n_rows=persons, n_events=events, person_years=1.0),
    )
    coarse = coarse_survival(curve, least)
    places = [curve.time_years.index(t) for t in coarse.time_years]
    assert all(b - a >= least for a, b in pairwise(places)) or len(places) == 2
    grid = least / persons
    for k, s in zip(places, coarse.survival, strict=True):
        assert s == 1.0 or s / grid == pytest.approx(
            round(s / grid)
        )  # a multiple of the share of `least` persons
        assert abs(s - height[k]) <= grid / 2 + 1e-9
