"""Sensitivity analyses: a variant is the plan with its keys changed by hand, and nothing else."""

from __future__ import annotations

import re
from itertools import pairwise
from math import log
from pathlib import Path

import polars as pl
import pytest

from riskset.cox import coxph
from riskset.errors import CohortError
from riskset.simulate import simulate_haemodialysis, write_tables
from riskset.study import StudyPlan, read_plan
from riskset.study.assemble import assemble, outcome_episodes
from riskset.study.demo import shipped_plan
from riskset.study.formulas import formulas
from riskset.study.plan_read import variants
from riskset.study.preflight import preflight
from riskset.study.results_sensitivity import Sensitivity
from riskset.study.results_subgroups import Subgroups
from riskset.study.sensitivity import run_sensitivity
from riskset.study.subgroup_levels import groups_of
from riskset.study.subgroups import run_subgroups
from riskset.study.variants import Answer, Built, built_variants

ENTRIES = """[sensitivity]
"Lag" = { vary = "measures.mg.lag", over = ["30 days", "90 days"] }
"Carry forward" = { vary = "measures.mg.carry_forward", over = ["30 days"] }
"Cut" = { vary = "exposure.groups.below", over = [2.2] }
"Pooled" = { set = { modifier.levels = { naive = ["never", "former"], user = ["current"] } } }
"Older" = { require = "age >= 60" }
"Late" = { set = { cohort.exclude_first = "90 days" } }
"Age" = { set = { cohort.time_scale = "age" } }
"Outpatients" = { set = { tables.labs.where = "NOT inpatient" } }
"Nobody" = { require = "age > 150" }
"Immortal" = { wrong = "immortal_time" }

"""
# by label: the text of the plan and what stands in its place
BY_HAND = {
    "Lag: 90 days": ('unit = "mg/dL", carry_forward = "90 days", label = "Magnesium"', 'unit = "mg/dL", carry_forward = "90 days", lag = "90 days", label = "Magnesium"'),
    "Carry forward: 30 days": ('unit = "mg/dL", carry_forward = "90 days", label = "Magnesium"', 'unit = "mg/dL", carry_forward = "30 days", label = "Magnesium"'),
    "Cut: 2.2": ('below = 2.4, labels = ["< 2.4 mg/dL", ">= 2.4 mg/dL"], reference = ">= 2.4 mg/dL"', 'below = 2.2, labels = ["< 2.2 mg/dL", ">= 2.2 mg/dL"], reference = ">= 2.2 mg/dL"'),
    "Pooled": ('{ naive = ["never"], user = ["current"], past = ["former"] }', '{ naive = ["never", "former"], user = ["current"] }'),
    "Older": ('label = "Adult at index" },', 'label = "Adult at index" }, { keep = "age >= 60", label = "Older" },'),
    "Late": ('max_followup = "5 years"', 'max_followup = "5 years"\nexclude_first = "90 days"'),
    "Age": ('max_followup = "5 years"', 'max_followup = "5 years"\ntime_scale = "age"'),
    "Outpatients": ('below_limit = "limit" }', 'below_limit = "limit", where = "NOT inpatient" }'),
}  # fmt: skip


# variants that measure or carry a value otherwise, and follow the plan's persons all the same
SAME_PERSONS = {"Lag: 90 days", "Carry forward: 30 days", "Outpatients"}
HAS_VALUE = '{ keep = "mg IS NOT NULL", label = "Magnesium within 90 days before index" },'


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(simulate_haemodialysis(100, seed=5), folder)
    plan = shipped_plan().replace('folder   = "data"', f'folder = "{folder}"')
    return re.sub(r"\[sensitivity\].*?(?=\[subgroups\])", ENTRIES, plan, flags=re.DOTALL)


@pytest.fixture(scope="module")
def plan(text: str, tmp_path_factory: pytest.TempPathFactory) -> StudyPlan:
    path = tmp_path_factory.mktemp("plan") / "study.toml"
    path.write_text(text, "utf-8")
    return read_plan(path)


def build(plan: StudyPlan) -> Built:
    study = assemble(plan, preflight(plan).tables)
    return Built(study, {"death": outcome_episodes(study, "death")[0].frame})


@pytest.fixture(scope="module")
def base(plan: StudyPlan) -> Built:
    return build(plan)


@pytest.fixture(scope="module")
def answers(base: Built) -> dict[str, Answer]:
    return {a.variant.override.label: a for a in built_variants(base)}


@pytest.fixture(scope="module")
def found(base: Built) -> Sensitivity:
    return run_sensitivity(base)


@pytest.mark.parametrize(
    "label",
    [k if k in {"Lag: 90 days", "Pooled"} else pytest.param(k, marks=pytest.mark.long) for k in BY_HAND],
)
def test_a_variant_is_the_plan_with_its_key_changed_by_hand(
    label: str, base: Built, answers: dict[str, Answer], text: str, tmp_path: Path
) -> None:
    old, new = BY_HAND[label]
    assert old in text
    assert HAS_VALUE in text
    by_hand = tmp_path / "study.toml"
    written = text.replace(old, new, 1)
    # by hand: everybody whom the other rules keep, and then only the persons of the plan
    written = written.replace(HAS_VALUE, "") if label in SAME_PERSONS else written
    by_hand.write_text(written, "utf-8")
    expected = build(read_plan(by_hand))
    variant = next(v for v in variants(base.study.plan) if v.override.label == label)
    answer = answers[label]
    assert answer.built is not None
    rows = expected.frames["death"]
    if label in SAME_PERSONS:
        rows = rows.filter(pl.col("patient_id").is_in(base.study.persons["patient_id"].implode()))
    assert answer.built.frames["death"].equals(rows)
    assert answer.others == (label == "Older")
    assert formulas(variant.plan, "death") == formulas(expected.study.plan, "death")
    scales = [b.study.scale for b in (answer.built, expected)]
    assert (scales[0] is None and scales[1] is None) or scales[0].equals(scales[1])  # pyright: ignore


def test_how_a_value_is_carried_does_not_choose_the_persons(
    base: Built, answers: dict[str, Answer], found: Sensitivity
) -> None:
    persons = base.study.persons["patient_id"].to_list()
    for label in SAME_PERSONS:
        built = answers[label].built
        assert built is not None
        assert built.study.persons["patient_id"].to_list() == persons
        assert built.frames["death"]["patient_id"].unique().sort().to_list() == persons
    # no value is in force on day 0 of some whose last one lies within 90 but not within 30 days before it
    carried = answers["Carry forward: 30 days"].built
    assert carried is not None
    unknown = carried.study.persons.filter(pl.col("mg").is_null())
    assert unknown.height > 0
    assert base.study.persons["mg"].null_count() == 0
    other = {v.label for v in found.variants if v.other_persons}
    assert other == {"Older"}


def test_the_first_days_left_out_by_a_plain_loop(base: Built, answers: dict[str, Answer]) -> None:
    late = answers["Late"].built
    assert late is not None
    expected = [
        row | {"entry": max(row["entry"], 90.0)}
        for row in base.frames["death"].iter_rows(named=True)
        if row["exit"] > 90  # a death on day 90 belongs to the days left out
    ]
    rows = late.frames["death"]
    assert rows.equals(pl.DataFrame(expected, schema=rows.schema))
    # what is in force after day 90 may have begun before it: values go on from index
    assert base.frames["death"].filter(pl.col("entry") < 90, pl.col("exit") > 90).height > 0
    gone = set(base.frames["death"]["patient_id"]) - set(rows["patient_id"])
    ends = dict(base.frames["death"].group_by("patient_id").agg(pl.col("exit").max()).iter_rows())
    assert gone == {person for person, end in ends.items() if end <= 90}


def test_the_estimates_are_those_of_the_primary_model(base: Built, found: Sensitivity) -> None:
    assert found.plan is not None
    rows = base.frames["death"]
    models = formulas(base.study.plan, "death")
    model = next(m for m in models.models if m.primary)
    fit = coxph(model.formula, rows.drop_nulls(list(models.variables)), id="patient_id")
    own = found.plan.outcomes[0].own
    assert own is not None
    low = fit.summary().row(by_predicate=pl.col("term") == "mg_group[< 2.4 mg/dL]", named=True)
    # the same rows and formula: the same fit
    assert own.exposure_in_modifier[0].estimate == low["hazard_ratio"]
    assert own.exposure_in_modifier[0].lower == pytest.approx(low["lower"], rel=1e-12)
    assert own.basis.n_events == fit.n_events


def test_what_differs_on_common_time_is_the_key_alone(base: Built, found: Sensitivity) -> None:
    lags = [v for v in found.variants if v.entry == "Lag"]
    (plan,) = [v for v in found.reference if v.entry == "Lag"]
    common = [v.outcomes[0].common for v in (*lags, plan)]
    assert all(c is not None for c in common)
    bases = {(c.basis.n_persons, c.basis.n_events, round(c.basis.person_years, 9)) for c in common if c}
    assert len(bases) == 1
    own = [v.outcomes[0].own for v in lags]
    assert all(
        o is not None and o.basis.person_years >= c.basis.person_years
        for o, c in zip(own, common, strict=False)
        if c
    )
    # a value that is in force under both limits is the same value
    (forward,) = [v for v in found.variants if v.entry == "Carry forward"]
    (reference,) = [v for v in found.reference if v.entry == "Carry forward"]
    a, b = forward.outcomes[0].common, reference.outcomes[0].common
    assert a is not None
    assert b is not None
    assert [e.estimate for e in a.interaction] == pytest.approx([e.estimate for e in b.interaction], rel=1e-9)
    # a cut-point leaves the time as it is: nothing to be shared
    assert all(v.outcomes[0].common is None for v in found.variants if v.entry == "Cut")


def test_common_time_by_a_plain_loop(base: Built, answers: dict[str, Answer], found: Sensitivity) -> None:
    lags = [a.built for label, a in answers.items() if label.startswith("Lag")]
    days = 0.0
    complete = []
    for built in (base, *lags):
        assert built is not None
        names = list(formulas(built.study.plan, "death").variables)
        by_person: dict[str, list[tuple[float, float]]] = {}
        for row in built.frames["death"].drop_nulls(names).iter_rows(named=True):
            by_person.setdefault(row["patient_id"], []).append((row["entry"], row["exit"]))
        complete.append(by_person)
    for person in complete[0]:
        cuts = sorted({t for one in complete for span in one.get(person, []) for t in span})
        for a, b in pairwise(cuts):
            middle = (a + b) / 2
            if all(any(s < middle < e for s, e in one.get(person, [])) for one in complete):
                days += b - a
    lag = next(v for v in found.variants if v.entry == "Lag").outcomes[0].common
    assert lag is not None
    assert lag.basis.person_years * 365.25 == pytest.approx(days, rel=1e-11)  # sums in another order


def test_wrong_stands_apart(base: Built, answers: dict[str, Answer], found: Sensitivity) -> None:
    (wrong,) = found.wrong
    assert wrong.label == "Immortal"
    assert wrong not in found.right
    assert len(found.right) + 1 == len(found.variants)
    ids = [e.id for v in found.right for o in v.outcomes if o.own for e in o.own.exposure_in_modifier]
    assert not any("/wrong:" in i for i in ids)
    built = answers["Immortal"].built
    assert built is not None
    # by hand: everybody with a prescription that starts before the end of follow-up is an ever-user from day 0
    right, false = base.frames["death"], built.frames["death"]
    users = set(right.filter(pl.col("calcimimetic_use") != "naive")["patient_id"])
    ever = set(false.filter(pl.col("calcimimetic_use") == "ever during follow-up")["patient_id"])
    assert users == ever
    assert (
        false.group_by("patient_id").agg(pl.col("calcimimetic_use").n_unique())["calcimimetic_use"].max() == 1
    )
    late = right.filter((pl.col("entry") == 0) & (pl.col("calcimimetic_use") == "naive"))["patient_id"]
    assert len(set(late) & ever) > 0  # they cannot die before they start, and count as users then


def test_what_cannot_be_done_says_why(found: Sensitivity) -> None:
    nobody = next(v for v in found.variants if v.label == "Nobody")
    assert nobody.outcomes == ()
    assert nobody.not_done is not None
    assert "nobody is left after the rule 'Nobody'" in nobody.not_done


def test_every_variant_says_what_it_changes(found: Sensitivity) -> None:
    said = {v.label: [(c.key, c.before, c.after) for c in v.changed] for v in found.variants}
    assert said["Lag: 30 days"] == [("measures.mg.lag", "0 days", "30 days")]
    assert said["Cut: 2.2"] == [("exposure.groups.below", "2.4", "2.2")]
    assert said["Older"] == [("cohort.require", "3 rules", "and age >= 60")]
    assert said["Outpatients"] == [("tables.labs.where", "not given", "NOT inpatient")]
    slugs = [v.slug for v in found.variants]
    assert len(set(slugs)) == len(slugs)


# --- subgroups ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subgroups(base: Built) -> Subgroups:
    return run_subgroups(base)


def test_a_subgroup_is_the_primary_model_of_its_persons(base: Built, subgroups: Subgroups) -> None:
    sex = next(a for a in subgroups.analyses if a.label == "Sex")
    models = formulas(base.study.plan, "death")
    model = next(m for m in models.models if m.primary)
    rows = base.frames["death"].drop_nulls(list(models.variables))
    (outcome,) = sex.outcomes
    for group in outcome.groups:
        fit = coxph(
            model.formula.replace("+ sex ", ""), rows.filter(pl.col("sex") == group.level), id="patient_id"
        )
        assert "sex" not in fit.formula
        low = fit.summary().row(by_predicate=pl.col("term") == "mg_group[< 2.4 mg/dL]", named=True)
        assert group.left_out == ("sex",)
        assert group.own is not None
        # the same rows and terms in another order of columns
        assert group.own.exposure_in_modifier[0].estimate == pytest.approx(low["hazard_ratio"], rel=1e-8)
        assert group.own.basis.n_events == fit.n_events
    assert sum(g.own.basis.n_events for g in outcome.groups if g.own) == rows["death"].sum()


def test_heterogeneity_is_q_of_what_is_printed(subgroups: Subgroups) -> None:
    tested = 0
    for analysis in subgroups.analyses:
        (outcome,) = analysis.outcomes
        for what, tests in (("exposure_in_modifier", outcome.of_hr), ("interaction", outcome.of_ratio)):
            for k, test in enumerate(tests):
                own = [getattr(g.own, what)[k] for g in outcome.groups if g.own]
                known = [
                    (log(e.estimate), log(e.upper / e.lower) / (2 * 1.959963984540054))
                    for e in own
                    if e.lower
                ]
                if len(known) < 2:
                    assert test.estimate is None
                    continue
                weights = [1 / se**2 for _, se in known]
                mean = sum(w * b for w, (b, _) in zip(weights, known, strict=True)) / sum(weights)
                q = sum(w * (b - mean) ** 2 for w, (b, _) in zip(weights, known, strict=True))
                # limits that are wide on the log scale keep the standard error to fewer digits
                assert test.estimate == pytest.approx(q, rel=1e-6, abs=1e-9)
                assert test.unit == f"chi-square on {len(known) - 1} df"
                tested += 1
    assert tested > 6


def test_a_value_at_a_cut_belongs_to_the_group_above_it(base: Built) -> None:
    plan = base.study.plan
    persons = pl.DataFrame({"patient_id": ["a", "b", "c", "d"], "age": [64.9, 65.0, 75.0, None]})
    found = groups_of(plan, persons, "Age")
    assert found.level.to_list() == ["< 65 years", "65 to < 75 years", ">= 75 years", None]
    assert [level.included for level in found.levels] == [1, 1, 1]


def test_subgroups_that_the_persons_cannot_form(base: Built) -> None:
    plan = base.study.plan
    one = pl.DataFrame({"patient_id": ["a", "b"], "age": [50.0, 51.0], "sex": ["f", "f"]})
    for name in ("Age", "Sex"):
        with pytest.raises(CohortError, match="one group"):
            groups_of(plan, one, name)
    with pytest.raises(CohortError, match="is a number"):
        groups_of(plan, one.with_columns(sex=pl.lit(1.5)), "Sex")
    with pytest.raises(CohortError, match="no number"):
        groups_of(plan, one.with_columns(age=pl.lit("old")), "Age")
