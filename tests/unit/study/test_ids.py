"""The grammar of names: what is written is read back, and nothing else is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskset.errors import PlanError
from riskset.study.ids import EstimateId, estimate_id, parse_id, slug

part = st.text(st.characters(blacklist_characters="/[]|\\", blacklist_categories=("Cs",)), min_size=1)
label = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1)


@given(part, part, part, st.lists(label, max_size=3).map(tuple))
def test_any_labels_survive_the_round_trip(
    outcome: str, model: str, estimand: str, levels: tuple[str, ...]
) -> None:
    name = EstimateId(outcome, model, estimand, levels)
    assert parse_id(str(name)) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "death",
        "death/rates",
        "death/rates/rate[",
        "death/rates/rate[]",
        "death/rates/rate]",
        "a/b/c[d]e",
        "a/b/c[d[e]",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        parse_id(text)


def test_the_documented_name() -> None:
    assert estimate_id("fracture", "model-3", "ratio_of_hr", "< 2.4 mg/dL", "user") == (
        "fracture/model-3/ratio_of_hr[< 2.4 mg/dL|user]"
    )


def test_a_slug_needs_something_to_hold_on_to() -> None:
    with pytest.raises(PlanError):
        slug("---")
