"""The closed forms of docs/hand-algebra.md, one by one, at b = 0, after one Newton step and at the maximum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import acos, cos, exp, inf, log, sqrt

import numpy as np
import pytest

from riskset.cox import CoxFit, coxph, coxph_matrix
from riskset.errors import RisksetWarning
from riskset.kernel import evaluate, information, score

A = {"time": [1, 1, 6, 6, 8, 9], "death": [1, 0, 1, 1, 0, 1], "x": [1, 1, 1, 0, 0, 0]}
B = {
    "entry": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
    "time": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
    "death": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
}
C = {
    "time": [1, 1, 2, 2, 2, 2, 3, 4, 5],
    "death": [1, 0, 1, 1, 1, 0, 0, 1, 0],
    "x": [2, 0, 1, 1, 0, 1, 0, 1, 0],
    "w": [1, 2, 3, 4, 3, 2, 1, 2, 1],
}


@dataclass(frozen=True)
class ByHand:
    """One example under one treatment of ties; everything is a function of r = exp(b)."""

    data: dict[str, list[int]]
    ties: str
    loglik: Callable[[float], float]
    score: Callable[[float], float]
    information: Callable[[float], float]
    step: float  # where one Newton step from 0 leads
    maximum: float | None = None


def before_nine(r: float) -> tuple[float, float, float]:
    loglik = 2 * log(r) - log(r + 1) - log(r + 2) - log(3 * r + 2) - 2 * log(3 * r + 1)
    slope = 2 - r / (r + 1) - r / (r + 2) - 3 * r / (3 * r + 2) - 6 * r / (3 * r + 1)
    bend = r / (r + 1) ** 2 + 2 * r / (r + 2) ** 2 + 6 * r / (3 * r + 2) ** 2 + 6 * r / (3 * r + 1) ** 2
    return loglik, slope, bend


def first(r: float) -> tuple[float, float, float]:
    """Example C's part that all treatments share: times 1 and 4."""
    a = r**2 + 11 * r + 7
    mean = (2 * r**2 + 11 * r) / a
    return (
        11 * log(r) - log(a) - 2 * log(2 * r + 1),
        11 - mean - 4 * r / (2 * r + 1),
        (4 * r**2 + 11 * r) / a - mean**2 + 4 * r / (2 * r + 1) ** 2,
    )


EXAMPLES = {
    "A breslow": ByHand(
        A,
        "breslow",
        lambda r: 2 * log(r) - log(3 * r + 3) - 2 * log(r + 3),
        lambda r: (6 + 3 * r - r**2) / ((r + 1) * (r + 3)),
        lambda r: r / (r + 1) ** 2 + 6 * r / (r + 3) ** 2,
        step=8 / 5,
        maximum=log((3 + sqrt(33)) / 2),
    ),
    "A efron": ByHand(
        A,
        "efron",
        lambda r: 2 * log(r) - log(3 * r + 3) - log(r + 3) - log((r + 5) / 2),
        lambda r: 2 - r / (r + 1) - r / (r + 3) - r / (r + 5),
        lambda r: r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2,
        step=156 / 83,
        maximum=log(2 * sqrt(23 / 3) * cos(acos(45 / 23 * sqrt(3 / 23)) / 3)),
    ),
    "A exact": ByHand(
        A,
        "exact",
        lambda r: 2 * log(r) - 2 * log(3 * r + 3),
        lambda r: 2 / (r + 1),
        lambda r: 2 * r / (r + 1) ** 2,
        step=2.0,
        maximum=inf,
    ),
    "B breslow": ByHand(
        B,
        "breslow",
        lambda r: before_nine(r)[0] + 2 * log(r) - 2 * log(3 * r + 2),
        lambda r: before_nine(r)[1] + 2 - 6 * r / (3 * r + 2),
        lambda r: before_nine(r)[2] + 12 * r / (3 * r + 2) ** 2,
        step=-240 / 2821,
    ),
    "B efron": ByHand(
        B,
        "efron",
        lambda r: before_nine(r)[0] + 2 * log(r) - log(3 * r + 2) - log(2 * r + 2),
        lambda r: before_nine(r)[1] + 2 - 3 * r / (3 * r + 2) - r / (r + 1),
        lambda r: before_nine(r)[2] + 6 * r / (3 * r + 2) ** 2 + r / (r + 1) ** 2,
        step=-60 / 2839,
    ),
    "B exact": ByHand(
        B,
        "exact",
        lambda r: before_nine(r)[0] + 2 * log(r) - log(3 * r**2 + 6 * r + 1),
        lambda r: before_nine(r)[1] + 2 - (6 * r**2 + 6 * r) / (3 * r**2 + 6 * r + 1),
        lambda r: (
            before_nine(r)[2]
            + r
            * ((12 * r + 6) * (3 * r**2 + 6 * r + 1) - (6 * r**2 + 6 * r) * (6 * r + 6))
            / (3 * r**2 + 6 * r + 1) ** 2
        ),
        step=-48 / 521,
    ),
    "C breslow": ByHand(
        C,
        "breslow",
        lambda r: first(r)[0] - 10 * log(11 * r + 5),
        lambda r: first(r)[1] - 110 * r / (11 * r + 5),
        lambda r: first(r)[2] + 550 * r / (11 * r + 5) ** 2,
        step=(11 - 13 / 19 - 110 / 16 - 4 / 3) / (15 / 19 - (13 / 19) ** 2 + 550 / 256 + 4 / 9),
    ),
    "C efron": ByHand(
        C,
        "efron",
        lambda r: first(r)[0] - 10 / 3 * (log(11 * r + 5) + log((26 * r + 12) / 3) + log((19 * r + 9) / 3)),
        lambda r: (
            first(r)[1] - 10 / 3 * (11 * r / (11 * r + 5) + 26 * r / (26 * r + 12) + 19 * r / (19 * r + 9))
        ),
        lambda r: (
            first(r)[2]
            + 10
            / 3
            * (55 * r / (11 * r + 5) ** 2 + 312 * r / (26 * r + 12) ** 2 + 171 * r / (19 * r + 9) ** 2)
        ),
        step=(11 - 13 / 19 - 10 / 3 * (11 / 16 + 26 / 38 + 19 / 28) - 4 / 3)
        / (15 / 19 - (13 / 19) ** 2 + 10 / 3 * (55 / 256 + 312 / 38**2 + 171 / 28**2) + 4 / 9),
    ),
}
CLOSE = {"rel": 1e-12, "abs": 1e-12}  # a few roundings


def at(data: dict[str, list[int]], ties: str, b: float) -> CoxFit:
    """Evaluate the model at b, without a step."""
    entry = "entry, " if "entry" in data else ""
    return coxph(
        f"Surv({entry}time, death) ~ x",
        data,
        ties=ties,
        weights="w" if "w" in data else None,
        init=[b],
        max_iterations=0,
    )


def matrix(example: ByHand, **options: int):
    data = example.data
    return coxph_matrix(
        np.array(data["x"], dtype=float)[:, None],
        data.get("entry"),
        data["time"],
        data["death"],
        weights=data.get("w"),
        ties=example.ties,
        **options,
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_newton_step(name: str):
    example = EXAMPLES[name]
    assert matrix(example, max_iterations=1).params[0] == pytest.approx(example.step, **CLOSE)


@pytest.mark.parametrize("name", [n for n, e in EXAMPLES.items() if e.maximum != inf])
def test_at_the_maximum(name: str):
    example = EXAMPLES[name]
    fit = matrix(example)
    r = exp(fit.params[0])
    if example.maximum is not None:
        assert fit.params[0] == pytest.approx(example.maximum, **CLOSE)
    assert example.score(r) == pytest.approx(0, abs=1e-12)
    assert fit.loglik == pytest.approx(example.loglik(r), **CLOSE)
    # the variance belongs to the last step's beginning, 1e-8 standard errors away
    assert 1 / fit.covariance[0, 0] == pytest.approx(example.information(r), rel=1e-8)


def test_where_there_is_no_maximum():
    with pytest.warns(RisksetWarning, match="no maximum"):
        fit = coxph("Surv(time, death) ~ x", A, ties="exact")
    assert fit.status == "monotone likelihood"


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("where", ["zero", "step", "beyond"])
def test_likelihood_score_and_information(name: str, where: str):
    example = EXAMPLES[name]
    b = {"zero": 0.0, "step": example.step, "beyond": 1.3}[where]
    rows = matrix(example, max_iterations=0).rows
    state = evaluate(rows, np.array([b]))
    r = exp(b)
    assert state.loglik == pytest.approx(example.loglik(r), **CLOSE)
    assert score(rows, state)[0] == pytest.approx(example.score(r), **CLOSE)
    assert information(rows, state)[0][0, 0] == pytest.approx(example.information(r), **CLOSE)


@pytest.mark.parametrize("b", [0.0, 8 / 5, log((3 + sqrt(33)) / 2)])
@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_residuals_and_baseline_of_a(ties: str, b: float):
    r, fit = exp(b), at(A, ties, b)
    h1, m1 = 1 / (3 * r + 3), r / (r + 1)
    if ties == "efron":
        f, s, mf, ms, part = 1 / (r + 3), 2 / (r + 5), r / (r + 3), r / (r + 5), 0.5
    else:
        f, s, mf, ms, part = 1 / (r + 3), 1 / (r + 3), r / (r + 3), r / (r + 3), 1.0
    h6, q = f + s, f + part * s
    martingale = [1 - r * h1, -r * h1, 1 - r * (h1 + q), 1 - (h1 + q), -(h1 + h6), -(h1 + h6)]
    np.testing.assert_allclose(fit.residuals("martingale"), martingale, rtol=1e-12, atol=1e-14)
    mean = (mf + ms) / 2
    schoenfeld = [1 - m1, 1 - mean, -mean, 0]
    np.testing.assert_allclose(fit.residuals("schoenfeld")[:, 0], schoenfeld, rtol=1e-12, atol=1e-14)
    of_six = m1 * h1 + mf * f
    scores = [
        (1 - m1) * (1 - r * h1),
        -(1 - m1) * r * h1,
        1 - mean - r * ((1 - m1) * h1 + (1 - mf) * f + (1 - ms) * part * s),
        -mean + of_six + ms * part * s,
        of_six + ms * s,
        of_six + ms * s,
    ]
    np.testing.assert_allclose(fit.residuals("score")[:, 0], scores, rtol=1e-12, atol=1e-14)
    variance = 1 / EXAMPLES[f"A {ties}"].information(r)
    np.testing.assert_allclose(
        fit.residuals("dfbeta")[:, 0], np.array(scores) * variance, rtol=1e-12, atol=1e-14
    )
    M, d = np.array(martingale), np.array(A["death"])
    deviance = np.sign(M) * np.sqrt(-2 * (M + d * np.log(np.where(d == 1, d - M, 1))))
    np.testing.assert_allclose(fit.residuals("deviance"), deviance, rtol=1e-12, atol=1e-14)
    hazard = fit.baseline_hazard(centered=False)
    assert hazard["time"].to_list() == [1, 6, 8, 9]
    np.testing.assert_allclose(hazard["hazard"], [h1, h1 + h6, h1 + h6, h1 + h6 + 1], rtol=1e-12)


@pytest.mark.parametrize("b", [0.0, -240 / 2821, 0.7])
def test_a_row_of_b_bears_the_hazard_between_its_entry_and_its_exit(b: float):
    r, fit = exp(b), at(B, "breslow", b)
    at_time = {
        2: 1 / (r + 1),
        3: 1 / (r + 2),
        6: 1 / (3 * r + 2),
        7: 1 / (3 * r + 1),
        8: 1 / (3 * r + 1),
        9: 2 / (3 * r + 2),
    }
    expected = [
        d - r**x * sum(h for t, h in at_time.items() if start < t <= stop)
        for start, stop, d, x in zip(*(B[k] for k in ("entry", "time", "death", "x")), strict=True)
    ]
    assert expected[5] == pytest.approx(1 - r * (1 / (3 * r + 1) + 2 / (3 * r + 2)))
    np.testing.assert_allclose(fit.residuals("martingale"), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("b", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_weights_in_numerator_and_denominator_of_the_hazard(ties: str, b: float):
    r, fit = exp(b), at(C, ties, b)
    h1, h4 = 1 / (r**2 + 11 * r + 7), 2 / (2 * r + 1)
    h2 = q = 10 / (11 * r + 5)
    if ties == "efron":
        h2 = 10 / 3 * (1 / (11 * r + 5) + 3 / (26 * r + 12) + 3 / (19 * r + 9))
        q = 10 / 3 * (1 / (11 * r + 5) + 2 / (26 * r + 12) + 1 / (19 * r + 9))
    hazard = fit.baseline_hazard(centered=False)["hazard"]
    np.testing.assert_allclose(hazard, [h1, h1 + h2, h1 + h2, h1 + h2 + h4, h1 + h2 + h4], rtol=1e-12)
    martingale = [
        1 - r**2 * h1,
        -h1,
        1 - r * (h1 + q),
        1 - r * (h1 + q),
        1 - (h1 + q),
        -r * (h1 + h2),
        -(h1 + h2),
        1 - r * (h1 + h2 + h4),
        -(h1 + h2 + h4),
    ]
    np.testing.assert_allclose(fit.residuals("martingale"), martingale, rtol=1e-12, atol=1e-14)
    assert fit.residuals("martingale", weighted=True).sum() == pytest.approx(0, abs=1e-12)
