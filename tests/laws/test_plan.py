"""Whatever a plan holds, it is read or refused in words: no other error, no jargon."""

from __future__ import annotations

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskset.errors import PlanError
from riskset.study.plan import PlanKeys
from riskset.study.plan_problems import keys_at
from riskset.study.plan_read import plan_from_keys

ROOT = Path(__file__).parents[2]
PLANS = [
    tomllib.loads((ROOT / "examples" / name / "study.toml").read_text("utf-8"))
    for name in ("haemodialysis", "icu-magnesium")
]
WORDS = sorted(
    {
        key
        for section in ((), ("data",), ("cohort",), ("measures", "mg"))
        for key in keys_at(PlanKeys, section)
    }
)

scalars = st.one_of(
    st.none().map(lambda _: ""),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["never", "mg", "age", "age + ", "a = 'b'", "(SELECT 1)", "90 days", "2020-01-01", "labs", "baseline(mg)", *WORDS]),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def places(value: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [here, *(place for key, child in children for place in places(child, (*here, key)))]


@st.composite
def spoilt_plans(draw: st.DrawFn) -> dict[str, Any]:
    plan = copy.deepcopy(draw(st.sampled_from(PLANS)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.sampled_from(places(plan)[1:]))
        parent = plan
        for part in place[:-1]:
            parent = parent[part]
        deed = draw(st.sampled_from(["change", "remove", "add"]))
        if deed == "change":
            parent[place[-1]] = draw(values)
        elif deed == "remove":
            del parent[place[-1]]
        elif isinstance(parent, dict):
            parent[draw(st.sampled_from(WORDS) | st.text(max_size=8))] = draw(values)
        if not plan:
            break
    return plan


@given(spoilt_plans())
def test_a_spoilt_plan_is_read_or_refused_in_words(raw: dict[str, Any]) -> None:
    try:
        plan = plan_from_keys(raw, {})
    except PlanError as error:
        message = str(error)
        assert message.startswith("study.toml: ")
        assert not re.search(r"pydantic|input_value|validation error|NoneType|<class|Traceback", message)
    else:
        assert plan.exposure.measure in plan.measures
        assert plan.modifier.drug in plan.drugs
        assert plan.primary_model in plan.models


@pytest.mark.parametrize("raw", PLANS)
def test_the_plans_that_are_spoilt_are_plans(raw: dict[str, Any]) -> None:
    assert plan_from_keys(raw, {}).riskset == 1
