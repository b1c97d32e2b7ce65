"""A complete set of results in the shape of the haemodialysis study, for the page that shows it.

The numbers are invented but hang together: cells add up to totals, intervals and P values come from one
normal approximation, rates have their exact limits, the same persons stand behind every line. They are no
expectation of any computation; the tests compare the page with these results, never with a study.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt
from pathlib import Path

import pytest
from scipy.special import gammaincinv, ndtr

from riskset import study
from riskset.study.demo import prepare_demo
from riskset.study.ids import estimate_id
from riskset.study.results import (
    Audit,
    AuditLine,
    Basis,
    CharacteristicRow,
    Coefficient,
    Count,
    CurveStratum,
    Estimate,
    Flow,
    FlowStep,
    Matched,
    ModelResult,
    OutcomeRates,
    Printed,
    RateCell,
    Results,
    RowsLost,
    SplineCurve,
    Summary,
    SurvivalCurve,
    SurvivalGroup,
    Table1,
)
from riskset.study.results_trend import ExposureTrend, TrendLevel

HIGH, LOW = ">= 2.4 mg/dL", "< 2.4 mg/dL"
LEVELS = ("naive", "user", "past")
Z = 1.959963984540054
ADJUSTMENT = {
    "Model 1": "age, sex",
    "Model 2": "age, sex, log of dialysis vintage, diabetes, cardiovascular disease, body mass index (all at index)",
    "Model 3": (
        "Model 2 and proton-pump inhibitor use as it changes; albumin, log CRP, haemoglobin, corrected calcium, "
        "phosphate and log intact PTH at index"
    ),
}
# outcome: label, events in (high, low, missing) x (naive, user, past), person-years likewise
CELLS: dict[str, tuple[str, list[list[int]], list[list[float]]]] = {
    "cve": (
        "Cardiovascular event",
        [[34, 43, 8], [16, 14, 4], [2, 1, 0]],
        [[391.2, 433.5, 84.1], [166.3, 189.7, 41.0], [11.4, 9.8, 2.0]],
    ),
    "death": (
        "Death from any cause",
        [[45, 50, 12], [26, 17, 5], [3, 1, 0]],
        [[452.9, 508.7, 101.4], [201.6, 221.3, 47.5], [14.1, 11.9, 2.6]],
    ),
    "fracture": (
        "New fracture",
        [[14, 22, 5], [17, 9, 1], [1, 0, 0]],
        [[420.7, 471.2, 91.3], [178.8, 199.4, 43.6], [10.7, 9.2, 0.4]],
    ),
}
# log HR and SE of low magnesium within naive, user, past; of use within high magnesium
EFFECTS = {
    "cve": ([(0.08, 0.31), (-0.24, 0.32), (0.19, 0.61)], [(-0.05, 0.23), (0.11, 0.40)]),
    "death": ([(0.27, 0.25), (-0.18, 0.29), (0.03, 0.55)], [(-0.10, 0.21), (0.16, 0.33)]),
    "fracture": ([(0.91, 0.37), (0.06, 0.41), (None, None)], [(0.14, 0.35), (0.21, 0.53)]),
}
TERMS = {
    "Model 1": ["age", "sex[male]"],
    "Model 2": ["age", "sex[male]", "log(vintage)", "diabetes", "cvd_history", "bmi"],
    "Model 3": [
        "age",
        "sex[male]",
        "log(vintage)",
        "diabetes",
        "cvd_history",
        "bmi",
        "ppi",
        "albumin_baseline",
        "log(crp_baseline)",
        "hb_baseline",
        "ca_baseline",
        "p_baseline",
        "log(pth_baseline)",
    ],
}


def hazard_ratio(
    name: str, words: str, b: float | None, se: float | None, basis: Basis, reference: str | None = None
) -> Estimate:
    """A hazard ratio from its logarithm and standard error."""
    if b is None or se is None:
        return Estimate(
            id=name, estimand=words, unit="hazard ratio", reference=reference, estimate=None, basis=basis,
            method="profile likelihood and likelihood-ratio test",
            warnings=("not estimable: no event in the cell < 2.4 mg/dL, past",),
        )  # fmt: skip
    return Estimate(
        id=name, estimand=words, unit="hazard ratio", reference=reference, estimate=exp(b),
        lower=exp(b - Z * se), upper=exp(b + Z * se), p=float(2 * ndtr(-abs(b / se))), basis=basis,
        method="profile likelihood and likelihood-ratio test",
    )  # fmt: skip


def rate(name: str, words: str, events: int, years: float, persons: int) -> Estimate:
    """Events over person-time with exact Poisson limits."""
    return Estimate(
        id=name, estimand=words, unit="events per 1 person-year", estimate=events / years,
        lower=float(gammaincinv(events, 0.025)) / years if events else 0.0,
        upper=float(gammaincinv(events + 1, 0.975)) / years,
        method="exact Poisson (Garwood)",
        basis=Basis(n_persons=persons, n_rows=persons * 11, n_events=events, person_years=years),
        warnings=("fewer than 10 events",) if events < 10 else (),
    )  # fmt: skip


def chi_square(name: str, words: str, value: float, df: int, p: float, basis: Basis) -> Estimate:
    """A test."""
    return Estimate(id=name, estimand=words, unit=f"chi-square on {df} df", estimate=value, p=p,
                    method="likelihood-ratio test", basis=basis)  # fmt: skip


def rates_of(key: str) -> OutcomeRates:
    """An outcome's total and cells."""
    words, events, years = CELLS[key]
    persons = [[96, 121, 44], [71, 83, 30], [12, 11, 5]]
    cells = tuple(
        RateCell(
            exposure=e, modifier=m,
            rate=rate(estimate_id(key, "rates", "rate", e, m), f"rate of {words}", events[i][j], years[i][j],
                      persons[i][j]),
        )
        for i, e in enumerate((HIGH, LOW, None)) for j, m in enumerate(LEVELS)
    )  # fmt: skip
    total = rate(estimate_id(key, "rates", "rate"), f"rate of {words}, all follow-up",
                 sum(map(sum, events)), round(sum(map(sum, years)), 6), 399)  # fmt: skip
    return OutcomeRates(outcome=key, label=words, total=total, median_follow_up_years=3.6, cells=cells)


def model_of(key: str, name: str) -> ModelResult:
    """One of three models of an outcome; adjustment moves its estimates a little."""
    _, events, years = CELLS[key]
    slug = name.lower().replace(" ", "-")
    step = {"Model 1": 0.12, "Model 2": 0.05, "Model 3": 0.0}[name]
    kept = sum(events[i][j] for i in range(2) for j in range(3)) - 2
    basis = Basis(n_persons=391, n_rows=14_382, n_events=kept,
                  person_years=round(sum(map(sum, years[:2])) - 9.3, 6))  # fmt: skip
    low, use = EFFECTS[key]

    def moved(pair: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
        return (None, None) if pair[0] is None or pair[1] is None else (pair[0] + step, pair[1] * (1 - step))

    exposure = tuple(
        hazard_ratio(estimate_id(key, slug, "hr_of_exposure", LOW, m),
                     f"hazard ratio of Magnesium {LOW} against {HIGH} in {m}", *moved(pair), basis, HIGH)
        for m, pair in zip(LEVELS, low, strict=True)
    )  # fmt: skip
    modifier = tuple(
        hazard_ratio(estimate_id(key, slug, "hr_of_modifier", e, m),
                     f"hazard ratio of {m} against naive where Magnesium is {e}",
                     *(moved(pair) if e == HIGH else _shifted(pair, low[LEVELS.index(m)], low[0])), basis, "naive")
        for m, pair in zip(LEVELS[1:], use, strict=True) for e in (HIGH, LOW)
    )  # fmt: skip
    ratios = tuple(
        hazard_ratio(estimate_id(key, slug, "ratio_of_hr", LOW, m),
                     f"ratio of the hazard ratios of Magnesium {LOW}, {m} against naive",
                     *_difference(moved(pair), moved(low[0])), basis, "naive")
        for m, pair in zip(LEVELS[1:], low[1:], strict=True)
    )  # fmt: skip
    coefficients = tuple(
        Coefficient(
            term=term, estimate=b, std_error=se,
            hazard_ratio=hazard_ratio(estimate_id(key, slug, "hr", term), f"hazard ratio of {term}", b, se, basis),
        )
        for term, b, se in [
            (f"mg_group[{LOW}]", low[0][0], low[0][1]),
            ("calcimimetic_use[user]", use[0][0], use[0][1]),
            ("calcimimetic_use[past]", use[1][0], use[1][1]),
            (f"mg_group[{LOW}]:calcimimetic_use[user]", *_difference(low[1], low[0])),
            (f"mg_group[{LOW}]:calcimimetic_use[past]", *_difference(low[2], low[0])),
            *((t, 0.31 / (k + 1) * (-1) ** k, 0.12 / (k + 1)) for k, t in enumerate(TERMS[name])),
        ]
    )  # fmt: skip
    cells = tuple(
        RateCell(exposure=c.exposure, modifier=c.modifier, rate=c.rate.model_copy(update={
            "id": estimate_id(key, slug, "rate", c.exposure, c.modifier)}))
        for c in rates_of(key).cells if c.exposure is not None
    )  # fmt: skip
    detectable = tuple(
        Estimate(id=estimate_id(key, slug, f"detectable_ratio_{side}", LOW, r.id.rsplit("|", 1)[1].rstrip("]")),
                 estimand=f"ratio of hazard ratios {side} which one is found with 80% power at a two-sided level of 5%",
                 unit="ratio of hazard ratios", estimate=exp(z * _se(r)), method=f"exp({z} SE)", basis=basis)
        for r in ratios if r.estimate is not None for side, z in (("below", -2.8), ("above", 2.8))
    )  # fmt: skip
    n = len(coefficients)
    joint = None if key == "fracture" else chi_square(
        estimate_id(key, slug, "interaction"), "interaction over all levels", 1.43, 2, 0.489, basis)  # fmt: skip
    return ModelResult(
        outcome=key, model=name, slug=slug, primary=name == "Model 3",
        formula=f"Surv(entry, exit, {key}) ~ mg_group * calcimimetic_use + " + " + ".join(TERMS[name]),
        adjustment=ADJUSTMENT[name], ties="efron", variance="model-based", status="converged", basis=basis,
        parameters=n, events_per_parameter=kept / n, loglik=-612.4418, loglik_null=-640.1177,
        exposure_in_modifier=exposure, modifier_in_exposure=modifier, interaction=ratios,
        interaction_joint=joint, coefficients=coefficients, cells=cells, detectable=detectable,
        warnings=("fewer than 10 events per coefficient",) if kept / n < 10 else (),
    )  # fmt: skip


def _se(r: Estimate) -> float:
    assert r.lower is not None
    assert r.upper is not None
    return log(r.upper / r.lower) / (2 * Z)


def _difference(
    a: tuple[float | None, float | None], b: tuple[float | None, float | None]
) -> tuple[float | None, float | None]:
    if a[0] is None or b[0] is None or a[1] is None or b[1] is None:
        return None, None
    return a[0] - b[0], sqrt(a[1] ** 2 + b[1] ** 2)


def _shifted(
    use: tuple[float, float], low: tuple[float | None, float | None], naive: tuple[float | None, float | None]
) -> tuple[float | None, float | None]:
    change = _difference(low, naive)
    return (None, None) if change[0] is None or change[1] is None else (use[0] + change[0], change[1])


def curve_of(key: str) -> SplineCurve:
    """A curve that is 1 at its reference, steeper in the naive."""
    basis = model_of(key, "Model 3").basis
    x = tuple(round(1.7 + 0.02 * k, 10) for k in range(86))
    edges = tuple(round(1.7 + 0.1 * k, 10) for k in range(18))
    shares = [
        0.01,
        0.02,
        0.03,
        0.05,
        0.07,
        0.09,
        0.11,
        0.13,
        0.13,
        0.11,
        0.09,
        0.06,
        0.04,
        0.03,
        0.02,
        0.01,
        0.0,
    ]
    slope = {"cve": -0.1, "death": -0.6, "fracture": -1.3}[key]

    def stratum(level: str, b: float) -> CurveStratum:
        log_hr = [b * (v - 2.5) + 0.15 * (v - 2.5) ** 2 for v in x]
        width = [0.9 * abs(v - 2.5) for v in x]
        return CurveStratum(
            level=level, x=x, hazard_ratio=tuple(exp(v) for v in log_hr),
            lower=tuple(exp(v - w) for v, w in zip(log_hr, width, strict=True)),
            upper=tuple(exp(v + w) for v, w in zip(log_hr, width, strict=True)),
            histogram=tuple(shares), basis=basis, critical=2.5 + b / 100,
            band_lower=tuple(exp(v - 1.3 * w) for v, w in zip(log_hr, width, strict=True)),
            band_upper=tuple(exp(v + 1.3 * w) for v, w in zip(log_hr, width, strict=True)),
        )  # fmt: skip

    tests = (("overall", 7.9, 9, 0.544), ("nonlinear", 3.1, 6, 0.796), ("interaction", 4.2, 6, 0.650),
             ("nonlinear interaction", 1.9, 4, 0.754))  # fmt: skip
    return SplineCurve(
        outcome=key, model="Model 3", variable="mg", label="Magnesium", unit="mg/dL", reference=2.5,
        knots=(2.1, 2.4, 2.6, 3.0), bins=edges,
        strata=(stratum("naive", slope), stratum("user", slope / 5), stratum("past", slope / 2)),
        tests=tuple(chi_square(estimate_id(key, "spline", "test", t), f"{t} test of Magnesium", v, df, p, basis)
                    for t, v, df, p in tests),
        basis=basis, warnings=(),
    )  # fmt: skip


def trend_of(key: str) -> ExposureTrend:
    """Magnesium in thirds, the middle one as reference; in past users the upper third has no event."""
    label, events, years = CELLS[key]
    slug = "model-3-groups"

    def level(k: int, name: str) -> TrendLevel:
        total = Basis(
            n_persons=40 + k,
            n_rows=90,
            n_events=sum(c[k] for c in events),
            person_years=sum(c[k] for c in years),
        )
        third = total.model_copy(
            update={"n_events": total.n_events // 3, "person_years": total.person_years / 3}
        )
        ratios = [(0.31 * (k + 1), 0.2), (0.0, 0.1), (None, None) if k == 2 else (-0.27, 0.24)]
        return TrendLevel(
            level=name,
            groups=tuple(
                hazard_ratio(estimate_id(key, slug, "hr", str(g), name), f"group {g} of Magnesium, {label}", b, se, third)
                for g, (b, se) in enumerate(ratios, 1)
            ),
            slope=None if k == 2 else hazard_ratio(estimate_id(key, slug, "slope", name), "slope", -0.6 - 0.1 * k, 0.27, total),
            departure=chi_square(estimate_id(key, slug, "departure", name), "departure", 1.3 + k, 1, 0.25 - 0.1 * k, total),
        )  # fmt: skip

    basis = Basis(n_persons=398, n_rows=9000, n_events=107, person_years=1130.4)
    return ExposureTrend(
        outcome=key, model="Model 3", slug=slug, variable="mg", label="Magnesium", unit="mg/dL", cuts=(2.35, 2.7),
        medians=(2.2, 2.5, 2.9), reference=2, levels=tuple(level(k, n) for k, n in enumerate(("naive", "user", "past"))),
        same=chi_square(estimate_id(key, slug, "same"), "same trend", 2.2, 2, 0.333, basis), basis=basis,
        warnings=("there is no event where mg (groups) = \u2265 2.7 and use = past",) if key == "fracture" else (),
    )  # fmt: skip


def characteristics(split: tuple[int, ...]) -> tuple[CharacteristicRow, ...]:
    """Table 1: continuous variables, a category of two levels, one of three, one with missing values."""

    def numbers(median: float, q1: float, q3: float, missing: int = 0) -> tuple[Summary, ...]:
        return tuple(
            Summary(n=n - (missing if k == 0 else 0), missing=missing if k == 0 else 0, median=median + 0.1 * k,
                    q1=q1, q3=q3 + 0.1 * k, mean=median, sd=(q3 - q1) / 1.35)
            for k, n in enumerate((399, *split))
        )  # fmt: skip

    def shares(percent: float) -> tuple[Summary, ...]:
        return tuple(Summary(n=n, missing=0, count=round(n * percent / 100), percent=100 * round(n * percent / 100) / n)
                     for n in (399, *split))  # fmt: skip

    lines: list[tuple[str, str, str | None, str | None, tuple[Summary, ...], float | None]] = [
        ("age", "Age", "years", None, numbers(68.4, 60.2, 76.9), 0.31),
        ("sex", "Sex", None, "female", shares(35), 0.06),
        ("sex", "Sex", None, "male", shares(65), None),
        ("vintage", "Dialysis vintage", "months", None, numbers(75.0, 32.0, 151.0), 0.48),
        ("diabetes", "Diabetes", None, "yes", shares(40), 0.11),
        ("bmi", "Body mass index", "kg/m2", None, numbers(21.3, 19.1, 23.5, 3), 0.02),
        ("mg", "Magnesium", "mg/dL", None, numbers(2.5, 2.3, 2.8), 0.09),
        ("crp", "CRP", "mg/dL", None, numbers(0.13, 0.05, 0.26), 0.04),
        ("pth", "Intact PTH", "pg/mL", None, numbers(102.0, 45.0, 211.0, 11), 0.57),
        ("access", "Vascular access", None, "fistula", shares(88), 0.12),
        ("access", "Vascular access", None, "graft", shares(9), None),
        ("access", "Vascular access", None, "catheter", shares(3), None),
    ]
    return tuple(
        CharacteristicRow(variable=v, label=lab, unit=u, kind="continuous" if level is None else "category",
                          level=level, overall=s[0], groups=s[1:], smd=smd)
        for v, lab, u, level, s, smd in lines
    )  # fmt: skip


def survival_of() -> tuple[SurvivalCurve, SurvivalCurve]:
    """All persons, and by what was true at index."""
    ticks = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)

    def group(name: str, n: int, hazard: float, at_risk: tuple[int, ...]) -> SurvivalGroup:
        t = tuple(round(0.05 * k, 10) for k in range(101))
        s = [exp(-hazard * v) for v in t]
        return SurvivalGroup(
            label=name, time_years=t, survival=tuple(s), lower=tuple(v * (1 - 0.012 * u) for v, u in zip(s, t, strict=True)),
            upper=tuple(min(1.0, v * (1 + 0.012 * u)) for v, u in zip(s, t, strict=True)), ticks_years=ticks,
            at_risk=at_risk, basis=Basis(n_persons=n, n_rows=n, n_events=round(n * (1 - s[-1])), person_years=n * 3.9),
        )  # fmt: skip

    everyone = SurvivalCurve(
        outcome="death",
        label="Death from any cause",
        grouping=None,
        groups=(group("All", 399, 0.103, (399, 349, 300, 259, 225, 185)),),
    )
    return everyone, SurvivalCurve(
        outcome="death", label="Death from any cause", grouping="Calcimimetic use at index",
        groups=(group("naive", 178, 0.109, (178, 155, 131, 112, 97, 80)),
                group("user", 206, 0.098, (206, 181, 158, 138, 120, 99)),
                group("past", 15, 0.12, (15, 13, 11, 9, 8, 6))),
    )  # fmt: skip


def make_results() -> Results:
    """Everything that a run of the haemodialysis study hands over."""

    def published(outcome: str, what: str, words: str, unit: str, value: float) -> Printed:
        return Printed(id=estimate_id(outcome, "published", what), estimand=words, unit=unit, estimate=value,
                       method="as published")  # fmt: skip

    lost = [("cve", 7, 3, 24.1), ("death", 7, 4, 27.9), ("fracture", 7, 1, 13.6)]
    return Results(
        riskset="0.1.0", plan_sha256="4f1c" * 16, seed=20260101,
        title="Serum magnesium, calcimimetics and outcomes in maintenance haemodialysis",
        question=("Does calcimimetic use change what low serum magnesium does to cardiovascular events, death and "
                  "fracture?"),
        notice="Simulated patients: the numbers show what the software does and say nothing about medicine.",
        time_unit="per 1 person-year", exposure_label="Magnesium", exposure_levels=(HIGH, LOW),
        exposure_rationale="cut-point of the published abstract", modifier_label="Calcimimetic use",
        modifier_levels=LEVELS,
        flow=Flow(
            screened=459, screened_label="Patients in the table patients",
            steps=(FlowStep(label="Adult at index", n_before=459, n_excluded=11, n_after=448),
                   FlowStep(label="On haemodialysis for at least 3 months", n_before=448, n_excluded=27, n_after=421),
                   FlowStep(label="Magnesium within 90 days before index", n_before=421, n_excluded=22, n_after=399)),
            included=399,
            ends=(Count(label="death", n=159), Count(label="end of study", n=201), Count(label="transplant", n=12),
                  Count(label="transfer", n=21), Count(label="lost to follow-up", n=6)),
        ),
        table1=(
            Table1(by="Calcimimetic use at index", total=399, rows=characteristics((178, 206, 15)),
                   groups=(Count(label="naive", n=178), Count(label="user", n=206), Count(label="past", n=15))),
            Table1(by="Magnesium at index", total=399, rows=characteristics((275, 124)),
                   groups=(Count(label=HIGH, n=275), Count(label=LOW, n=124))),
        ),
        rates=tuple(rates_of(k) for k in CELLS),
        rows_lost=tuple(
            RowsLost(outcome=k, persons_total=399, persons_lost=p, events_total=sum(map(sum, CELLS[k][1])),
                     events_lost=e, person_years_total=round(sum(map(sum, CELLS[k][2])), 6), person_years_lost=y,
                     by_variable=(Count(label="mg_group", n=171), Count(label="pth_baseline", n=402)))
            for k, p, e, y in lost
        ),
        models=tuple(model_of(k, m) for k in CELLS for m in ADJUSTMENT),
        curves=tuple(curve_of(k) for k in CELLS), trends=tuple(trend_of(k) for k in CELLS), survival=survival_of(),
        published=(published("all", "persons", "patients", "persons", 399),
                   *(published(k, "events", f"{CELLS[k][0]}: persons with an event", "events", float(n))
                     for k, n in (("cve", 122), ("death", 159), ("fracture", 69))),
                   *(published(k, "rate", f"{CELLS[k][0]}: rate", "events per 1 person-year", r)
                     for k, r in (("cve", 0.09), ("death", 0.10), ("fracture", 0.05)))),
        audit=Audit(
            tables=(Count(label="patients.csv", n=459), Count(label="labs.csv", n=131_204),
                    Count(label="prescriptions.csv", n=4_318), Count(label="events.csv", n=322)),
            matched=(
                Matched(key="measures.mg", where="analyte = 'magnesium'", rows=17_901, persons=451,
                        strings=(Count(label="magnesium", n=451),), strings_withheld=0),
                Matched(key="drugs.calcimimetic", where="drug IN ('cinacalcet', 'etelcalcetide', 'evocalcet')",
                        rows=902, persons=247, strings=(Count(label="cinacalcet", n=160),
                        Count(label="etelcalcetide", n=118)), strings_withheld=1),
            ),
            lines=(
                AuditLine(topic="Episodes", text="fracture: person-time in equals person-time out", n=14_553),
                AuditLine(topic="Labs", text="days with several values of one analyte, averaged", n=612,
                          severity="note"),
                AuditLine(topic="Prescriptions", text="prescriptions that stop before they start", n=3,
                          severity="warning"),
            ),
        ),
        methods=(
            AuditLine(topic="Magnesium", text="the last value is in force for at most 90 days; values of one day are "
                                              "averaged"),
            AuditLine(topic="Calcimimetic", text="current use lasts until 30 days after the last day covered"),
            AuditLine(topic="Follow-up", text="from index to the outcome, the end of the records or 5 years"),
        ),
        warnings=("Intact PTH is measured every three months: its values are carried for up to 200 days.",),
    )  # fmt: skip


@pytest.fixture(scope="session")
def results() -> Results:
    return make_results()


@pytest.fixture(scope="session")
def make() -> Callable[[], Results]:
    return make_results


ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(
    scope="session",
    params=[
        "invented",
        *(pytest.param(v, marks=pytest.mark.long) for v in ("haemodialysis", "icu-magnesium")),
    ],
)
def any_results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The invented results, and those of both studies that are shipped."""
    if request.param == "invented":
        return request.getfixturevalue("results")
    if request.param == "haemodialysis":
        return study.run_study(study.read_plan(prepare_demo(tmp_path_factory.mktemp("study") / "demo")))
    return study.run_study(study.read_plan(ROOT / "examples" / "icu-magnesium" / "study.toml"))
