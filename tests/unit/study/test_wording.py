"""Adjustment sets in words. Expected texts were written by hand from the formulas and the plan's labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskset.study import plan_from_toml, read_plan
from riskset.study.formulas import column_in_words, term_in_words
from riskset.study.wording import adjustment_in_words

PLAN = Path(__file__).resolve().parents[3] / "examples" / "haemodialysis" / "study.toml"


@pytest.mark.parametrize(
    ("adjust", "words"),
    [
        ("", "nothing"),
        ("age + sex", "age and sex (at index)"),
        ("age + log(baseline(crp)) + ppi", "age and log CRP (at index); proton-pump inhibitor (over time)"),
        # the same lab, once as it was and once as it changes
        ("baseline(albumin) + albumin", "albumin (at index); albumin (over time)"),
        ("rcs(age, 3) + log(crp)", "age as a restricted cubic spline (at index); log CRP (over time)"),
        ("bs(age, df=4) + log(crp)", "age as a B-spline (at index); log CRP (over time)"),
        # a product moves as soon as one of its factors does
        ("age:ppi", "age x proton-pump inhibitor (over time)"),
        ("age + strata(sex)", "age (at index); stratified by sex"),
        # what has no words is shown as it was written
        ("age + sqrt(bmi)", "age and sqrt(bmi) (at index)"),
    ],
)
def test_adjustment_says_what_stands_still_and_what_moves(adjust: str, words: str) -> None:
    assert adjustment_in_words(read_plan(PLAN), adjust) == words


def test_a_label_that_turns_the_direction_of_writing_turns_nothing_else() -> None:
    text = PLAN.read_text("utf-8").replace('label = "Albumin"', 'label = "\\u202eAlbumin"')
    words = adjustment_in_words(plan_from_toml(text), "albumin")
    assert words == "\u202eAlbumin\u202c (over time)"


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("mg_group", "magnesium group"),
        ("calcimimetic_use", "calcimimetic use"),
        ("crp_baseline", "CRP at index"),
        ("albumin", "albumin"),
        ("corrected_ca", "corrected calcium (Payne)"),
        ("nothing_baseline", "nothing_baseline"),
    ],
)
def test_columns_have_words(column: str, words: str) -> None:
    assert column_in_words(read_plan(PLAN), column) == words


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("mg_group[< 2.4 mg/dL]", "Magnesium < 2.4 mg/dL"),
        ("calcimimetic_use[user]", "Calcimimetic use: user"),
        ("mg_group[< 2.4 mg/dL]:calcimimetic_use[past]", "Magnesium < 2.4 mg/dL × Calcimimetic use: past"),
        ("diabetes[True]", "Diabetes"),
        ("sex[male]", "Sex: male"),
        ("ppi[current]", "Proton-pump inhibitor: current"),
        ("log(crp_baseline)", "log CRP (at index)"),
        ("albumin_baseline", "Albumin (at index)"),
        ("mg''", "Magnesium''"),
        ("rcs(age, 4)", "Age (restricted cubic spline)"),
        ("sqrt(bmi)", "sqrt(bmi)"),
        ("unheard[of]", "unheard: of"),
    ],
)
def test_terms_have_words(term: str, words: str) -> None:
    assert term_in_words(read_plan(PLAN), term) == words
