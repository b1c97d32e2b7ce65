"""Further questions of a plan, and a measure that modifies: what is refused, where, and in which words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from riskset.errors import PlanError
from riskset.study import plan_from_toml

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "examples" / "haemodialysis" / "study.toml").read_text("utf-8")
TEXT = re.sub(r"^\[sensitivity\][\s\S]*?(?=^\[report\])", "", TEXT, flags=re.MULTILINE)
LEAN = 'models."Model 1" = { adjust = "age + sex" }'


def asked(keys: str, name: str = "Albumin") -> str:
    return TEXT.replace("[report]", f'[questions."{name}"]\n{keys}\n\n[report]', 1)


def measure(groups: str = "groups = { below = 3.5 }", of: str = "albumin") -> str:
    return f'{LEAN}\nmodifier = {{ measure = "{of}", {groups} }}'


def refusal(text: str) -> str:
    with pytest.raises(PlanError) as caught:
        plan_from_toml(text)
    return str(caught.value)


# Each: the keys of a further question, and the words that its refusal must hold.
WRONG = [
    ("", ["asks nothing that the plan does not", "Give exposure, modifier or models"]),
    ('outcomes = ["death"]', ["asks nothing"]),
    (f'{LEAN}\noutcomes = ["deth"]', ["outcomes[1]", "Did you mean death?"]),
    (f"{LEAN}\noutcomes = []", ["outcomes"]),
    (f'{LEAN}\noutcomes = ["death", "death"]', ["outcomes[2]", "named twice"]),
    (f"{LEAN}\nsubgroups = 1", ["subgroups", "no such key"]),
    ('models."A" = { adjust = "age + sexx" }', ["models.A.adjust", '"sexx"', "Did you mean sex?"]),
    ('models."A" = {}\nmodels."B" = {}', ["models", "exactly one model is primary"]),
    ('models."A" = { penalty = 1 }', ["models.A.penalty", "planned, not yet available"]),
    (f'{LEAN}\nexposure = {{ measure = "mag", groups = {{ below = 2 }} }}', ["exposure.measure", "Did you mean mg?"]),
    (f'{LEAN}\nexposure = {{ measure = "mg", groups = {{ belo = 2 }} }}', ["exposure.groups.belo", "Did you mean below?"]),
    # what it takes from the main question can be wrong for this one alone
    ('exposure = { measure = "p", groups = { below = 5 } }\nmodels."A" = { adjust = "p" }', ["is the exposure, which every model holds"]),
    ('modifier = { baseline = "sex", levels = { w = ["female"], m = ["male"] } }', ['models."Model 1".adjust', "is the modifier", "models of its own"]),
    (measure(of="mg"), ["modifier.measure", "is the exposure, which cannot modify itself"]),
    (measure(of="albumine"), ["modifier.measure", "Did you mean albumin?"]),
    (measure("groups = {}"), ["modifier.groups", "exactly one of below, cuts and quantiles"]),
    (measure("groups = { cuts = [4, 3] }"), ["modifier.groups.cuts", "must rise"]),
    (measure('groups = { below = 3.5, labels = ["a", "a"] }'), ["modifier.groups.labels", "must differ"]),
    (measure('groups = { below = 3.5 }, levels = { low = ["a"] }'), ["modifier.levels", "groups.labels"]),
    (f'{LEAN}\nmodifier = {{ measure = "albumin" }}', ["modifier", "groups = { below = 3.5 }"]),
    (f'{LEAN}\nmodifier = {{ drug = "ppi", groups = {{ below = 3.5 }}, levels = {{ no = ["not current"], yes = ["current"] }} }}', ["modifier.groups", "goes with measure"]),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "words"), WRONG)
def test_a_wrong_question_is_refused_at_its_line(keys: str, words: list[str]) -> None:
    text = asked(keys)
    first = text[: text.index("[questions")].count("\n") + 1
    message = refusal(text)
    lines = [int(n) for n in re.findall(r"line (\d+)", message)]
    assert lines, message
    assert all(first <= n <= first + 1 + keys.count("\n") for n in lines), message
    for word in (*words, "questions.Albumin"):
        assert word in message, message


@pytest.mark.parametrize("name", ["sensitivity", "Wrong", "SUBGROUP", "---"])
def test_names_of_questions_are_told_apart_from_other_numbers(name: str) -> None:
    assert "Rename it" in refusal(asked(LEAN, name))


def test_questions_have_names_of_their_own() -> None:
    two = asked(LEAN, "Low albumin").replace("[report]", f'[questions."low ALBUMIN!"]\n{LEAN}\n\n[report]', 1)
    assert 'the name is too like "Low albumin"' in refusal(two)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "ein Name " * 40, "x/[y]|z", "مغنيسيوم"])
def test_a_question_may_be_called_anything(name: str) -> None:
    assert list(plan_from_toml(asked(measure(), name)).questions) == [name]


def test_all_is_refused_at_once() -> None:
    wrong = asked('models."A" = { adjust = "agee" }').replace('measure   = "mg"', 'measure = "mag"', 1)
    message = refusal(wrong)
    assert "2 problems" in message
    assert "exposure.measure" in message
    assert "questions.Albumin.models.A.adjust" in message


def test_the_groups_of_a_measure_are_the_levels_of_the_modifier() -> None:
    main = re.sub(r"^\[modifier\][\s\S]*?(?=^\[models\])", "", TEXT, flags=re.MULTILINE)
    text = main.replace("[models]", "[modifier]\nmeasure = 'ca'\ngroups = { cuts = [8.4, 9.5] }\n[models]", 1)
    plan = plan_from_toml(text)
    assert plan.modifier.levels == {
        ">= 9.5 mg/dL": (">= 9.5 mg/dL",),
        "< 8.4 mg/dL": ("< 8.4 mg/dL",),
        "8.4 to < 9.5 mg/dL": ("8.4 to < 9.5 mg/dL",),
    }
    assert plan.modifier_states == ("< 8.4 mg/dL", "8.4 to < 9.5 mg/dL", ">= 9.5 mg/dL")
