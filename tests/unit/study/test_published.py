"""Printed margins: the worked study's own (J Bone Miner Metab 2026, abstract), and the arithmetic between them."""

from __future__ import annotations

import pytest

from riskset.study.published import PrintedMargins, compare, person_time_behind
from riskset.study.results import Basis, Estimate, OutcomeRates

ABSTRACT = PrintedMargins(
    persons=399,
    events={"cve": 122, "death": 159, "fracture": 69},
    rates={"cve": 0.09, "death": 0.10, "fracture": 0.05},
    mean_follow_up=40.6 / 12,
)


def rates(outcome: str, events: int, years: float) -> OutcomeRates:
    basis = Basis(n_persons=399, n_rows=1, n_events=events, person_years=years)
    total = Estimate(
        id=f"{outcome}/rates/rate",
        estimand="rate",
        unit="events per 1 person-year",
        estimate=events / years,
        lower=0.8 * events / years,
        upper=1.2 * events / years,
        method="exact Poisson (Garwood)",
        basis=basis,
    )
    return OutcomeRates(outcome=outcome, label=outcome, total=total, median_follow_up_years=3.0, cells=())


def test_the_abstract_contradicts_itself_on_death_alone() -> None:
    run = [rates("cve", 122, 1329.0), rates("death", 159, 1562.0), rates("fracture", 69, 1425.0)]
    found = {e.id: e for e in compare(ABSTRACT, run, persons=399, per=1, unit="years")}
    # 399 x 40.6 / 12 = 1349.95 person-years: 0.0904, 0.1178, 0.0511
    assert found["cve/published/implied_rate"].estimate == pytest.approx(122 / 1349.95, rel=1e-12)
    assert "do not fit" not in found["cve/published/implied_rate"].warnings[0]
    assert "do not fit" not in found["fracture/published/implied_rate"].warnings[0]
    (said,) = found["death/published/implied_rate"].warnings
    assert "do not fit" in said
    assert "0.118, but 0.10 is printed" in said
    assert "1,514 to 1,674 person-years" in said
    assert found["all/published/persons"].estimate == 399
    assert found["all/published/persons"].warnings == ("The run has the printed 399.",)
    assert "rounds to 0.10" in found["death/published/rate"].warnings[0]


def test_a_gap_is_stated_with_sign_and_share() -> None:
    run = [rates("cve", 120, 1329.0), rates("death", 162, 900.0), rates("fracture", 69, 1425.0)]
    found = {e.id: e for e in compare(ABSTRACT, run, persons=401, per=1, unit="years")}
    assert found["cve/published/events"].warnings == ("The run has 120, 2 fewer (-1.6%).",)
    assert found["all/published/persons"].warnings == ("The run has 401, 2 more (+0.5%).",)
    assert "does not round to 0.10" in found["death/published/rate"].warnings[0]
    assert "excludes the printed rate" in found["death/published/rate"].warnings[0]


def test_without_a_mean_observation_nothing_is_implied() -> None:
    few = PrintedMargins(events={"death": 159}, rates={"death": 0.10})
    assert [e.id for e in compare(few, [rates("death", 159, 1562.0)], persons=399, per=1, unit="years")] == [
        "death/published/events",
        "death/published/rate",
    ]


def test_rates_per_hundred_shift_the_decimals() -> None:
    # 10.2 per 100 years, printed to one decimal, is 0.102 to three
    assert person_time_behind(159, 10.2 / 100, 3) == pytest.approx((159 / 0.1025, 159 / 0.1015))
    per100 = PrintedMargins(persons=100, events={"death": 51}, rates={"death": 10.2}, mean_follow_up=5.0)
    last = compare(per100, [rates("death", 51, 500.0)], persons=100, per=100, unit="years")[-1]
    assert last.estimate == pytest.approx(10.2)
    assert "fit each other" in last.warnings[0]
    assert "do not" not in last.warnings[0]
