"""Subgroups in the report: sentences follow the tests of heterogeneity alone, and every number is the results'."""

from __future__ import annotations

import pytest
from walking import index, numbers_in, shows

from riskset.report.compose import compose
from riskset.report.document import Figure, Number, texts_of
from riskset.report.sections import subgroups as section
from riskset.study.counted import counted
from riskset.study.ids import estimate_id
from riskset.study.results import Basis, Estimate, Results
from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_subgroups import (
    SubgroupAnalysis,
    SubgroupEstimates,
    SubgroupLevel,
    SubgroupOutcome,
    Subgroups,
    SubgroupWhole,
)

LOW = "< 2.4 mg/dL"
BASIS = Basis(n_persons=200, n_rows=4321, n_events=47, person_years=812.5)


def one(model: str, values: dict[tuple[str, str], tuple[float, float] | None]) -> VariantEstimates:
    def estimate(kind: str, level: str) -> Estimate:
        found = values[kind, level]
        limits = (
            {} if found is None else {"lower": found[0] / found[1], "upper": found[0] * found[1], "p": 0.031}
        )
        return Estimate(
            id=estimate_id("cve", model, kind, LOW, level),
            estimand="x",
            unit="hazard ratio",
            estimate=None if found is None else found[0],
            method="Wald",
            basis=BASIS,
            warnings=() if found else ("No event in the cell.",),
            **limits,
        )

    return VariantEstimates(
        basis=BASIS,
        status="converged",
        variance="model-based",
        exposure_in_modifier=tuple(estimate("hr_of_exposure", v) for v in ("naive", "user", "past")),
        modifier_in_exposure=(),
        interaction=tuple(estimate("ratio_of_hr", v) for v in ("user", "past")),
        interaction_joint=None,
    )


def a_test(what: str, level: str | None, chi2: float, df: int, p: float) -> Estimate:
    return Estimate(
        id=estimate_id("cve", "subgroup:sex", what, *([] if level is None else [LOW, level])),
        estimand="x",
        unit=f"chi-square on {df} df",
        estimate=chi2,
        p=p,
        method="Cochran's Q",
        basis=BASIS,
    )


def with_subgroups(results: Results, *, joint: float, ratio: float, rationale: str = "") -> Results:
    names = [("hr_of_exposure", v) for v in ("naive", "user", "past")]
    names += [("ratio_of_hr", v) for v in ("user", "past")]
    values = {n: (0.31 + 0.17 * k, 1.9) for k, n in enumerate(names)}
    lacking = values | {("hr_of_exposure", "past"): None, ("ratio_of_hr", "past"): None}
    outcome = SubgroupOutcome(
        outcome="cve",
        label="Cardiovascular event",
        groups=(
            SubgroupEstimates(level="female", own=one("subgroup:sex:female", values), left_out=("sex",)),
            SubgroupEstimates(level="male", own=one("subgroup:sex:male", lacking), left_out=("sex",)),
            SubgroupEstimates(level="other", own=None, not_done="no event where every covariate is known."),
        ),
        of_hr=(a_test("heterogeneity_of_hr", "user", 6.31, 1, 0.012),),
        of_ratio=(a_test("heterogeneity_of_ratio", "user", 0.13, 1, 0.718),),
        joint_of_hr=a_test("joint_heterogeneity_of_hr", None, 6.57, 3, joint),
        joint_of_ratio=a_test("joint_heterogeneity_of_ratio", None, 2.83, 2, ratio),
    )
    levels = (("female", 141), ("male", 254), ("other", 3))
    analysis = SubgroupAnalysis(
        label="Sex",
        slug="sex",
        by="Sex",
        rationale=rationale,
        model="Model 3",
        levels=tuple(SubgroupLevel(label=v, slug=v, included=n) for v, n in levels),
        unknown=2,
        outcomes=(outcome,),
    )
    whole = SubgroupWhole(outcome="cve", label="Cardiovascular event", own=one("subgroup:all", values))
    found = results.model_copy(update={"subgroups": Subgroups(whole=(whole,), analyses=(analysis,))})
    return found.model_copy(update={"counted": tuple(counted(found))})


def told(results: Results) -> str:
    (analysis,) = results.subgroups.analyses
    return " ".join(t.plain for t in section.reading(analysis, analysis.outcomes[0], results))


@pytest.mark.parametrize(
    ("joint", "ratio", "said", "not_said"),
    [
        (0.087, 0.243, ["establish neither", "Nor do the data"], ["differ between the groups by more"]),
        (
            0.012,
            0.243,
            ["differ between the groups by more than chance", "neither that it is the same"],
            ["Nor do"],
        ),
        (0.087, 0.012, ["establish neither", "is not the same in all groups, by more"], ["Nor do"]),
    ],
)
def test_sentences_follow_the_joint_tests_alone(
    results: Results, joint: float, ratio: float, said: list[str], not_said: list[str]
) -> None:
    # within the groups each P is 0.031, and one single test of heterogeneity has 0.012: neither decides
    text = told(with_subgroups(results, joint=joint, ratio=ratio))
    assert all(words in text for words in said), text
    assert not any(words in text for words in not_said), text


def test_every_number_of_the_section_is_one_of_the_results(results: Results) -> None:
    found = with_subgroups(results, joint=0.087, ratio=0.243)
    known = index(found)
    document = compose(found)
    sources = set()
    for text in texts_of(document):
        for run in text.runs:
            if isinstance(run, Number) and "subgroup" in run.source:
                sources.add(run.source)
                assert all(shows(token, known[run.source]) for token in numbers_in(run.text)), run
    assert {
        "all/subgroups/analyses",
        "all/subgroup:sex/persons[male]",
        "all/subgroup:sex/persons[missing]",
    } <= sources
    assert "cve/subgroup:sex/joint_heterogeneity_of_hr" in sources
    text = " ".join(t.plain for t in texts_of(document))
    assert "Sex, other: no estimates. No event where every covariate is known." in text
    assert "Exploratory" in text
    assert "gives no rationale for it: Sex" in text


def test_a_stated_rationale_stands_in_the_table(results: Results) -> None:
    found = with_subgroups(results, joint=0.087, ratio=0.243, rationale="A trial saw one.")
    block = next(s for s in compose(found).sections if s.id == "subgroups")
    assert all("gives no rationale" not in t.plain for t in texts_of(compose(found)) if "Sex" in t.plain)
    assert any(getattr(b, "id", "") == "subgroups-groups" for b in block.blocks)


def test_the_forest_has_the_test_beside_each_block(results: Results) -> None:
    document = compose(with_subgroups(results, joint=0.087, ratio=0.243))
    found = {b.key: b for b in document.blocks() if isinstance(b, Figure) and b.key.startswith("subgroups")}
    assert list(found) == ["subgroups-cve", "subgroups-cve-2"]
    shown = [t.get_text() for t in found["subgroups-cve"].draw(175.0).texts]
    assert "P = 0.012" in " ".join(shown).replace("\u2009", " ")
    assert shown.count("Sex") == 3
    assert "not estimable" in shown
