"""The formula language: what it reads, what it refuses, and that it never runs anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskset.design import parse, parse_formula, render, substitute_calls, variables_of
from riskset.design.grammar import Binary, Call, Name, Number, Unary
from riskset.errors import DesignError


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a * b * c - a:b:c", ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("(a + b + c)^2", ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("(a + b + c)**2", ["a", "b", "c", "a:b", "a:c", "b:c"]),
        ("a / b", ["a", "a:b"]),
        ("(a + b) / c", ["a", "b", "a:b:c"]),
        ("a %in% b", ["a:b"]),
        ("b:a + a + b:a", ["a", "b:a"]),
        ("~ 1", []),
        ("a + 0", ["a"]),
        ("a - 1", ["a"]),
        ("rcs(mg, 4) * drug", ["rcs(mg, 4)", "drug", "rcs(mg, 4):drug"]),
        ("log(a/b) + I(x^2)", ["log(a/b)", "I(x^2)"]),
        ("`odd name` * ph.ecog", ["`odd name`", "ph.ecog", "`odd name`:ph.ecog"]),
    ],
)
def test_terms(text, labels):
    assert [":".join(render(f) for f in term) for term in parse_formula(text).terms] == labels


def test_parts_of_a_formula():
    f = parse_formula(
        "Surv(entry, exit, status == 2) ~ age + strata(site) + offset(log(t)) + cluster(id) + age:strata(s)"
    )
    assert [":".join(render(x) for x in t) for t in f.terms] == ["age", "age:strata(s)"]
    assert [render(s) for s in f.strata] == ["strata(site)"]
    assert [render(o) for o in f.offset] == ["log(t)"]
    assert f.cluster == "id"
    assert f.variables == ("entry", "exit", "status", "age", "s", "site", "t", "id")


def test_variables_need_no_data():
    assert variables_of("Surv(time, event) ~ log(crp) + rcs(mg, knots=[1, 2, 3]) * drug") == (
        "time", "event", "crp", "mg", "drug",
    )  # fmt: skip


def test_substitute_calls():
    def at_baseline(name: str) -> str:
        return f"{name}_baseline"

    assert (
        substitute_calls("log(baseline(crp)) * drug", "baseline", at_baseline) == "log(crp_baseline) * drug"
    )
    assert substitute_calls("baseline(`ph 7`)", "baseline", lambda x: f"`{x} at 0`") == "`ph 7 at 0`"
    # the replacement stands as a whole
    assert substitute_calls("a * sum(b)", "sum", lambda x: f"{x} + 1") == "a * (b + 1)"


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a +", "a b", "a ++* b", "f(", "a, b", "a = b", "'text'", "[1, 2]", "a $ b", "a; b", "2 + a",
        "a.b.c(1).d", "__import__('os').system('x')", "lambda: 0", "x[0]", "a if b else c", "f(k=1, 2)", "a^b",
        "a^0.5", "offset(x):a", "cluster(x):a", "cluster(a) + cluster(b)", "cluster(a + b)", "offset(a, b)",
        "y ~ x", "Surv(a) ~ x", "Surv(a, b, c, d) ~ x", "Surv(t, d) ~ a ~ b",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(DesignError):
        parse_formula(text)


def test_a_refusal_points_at_the_place():
    with pytest.raises(DesignError, match=r"unexpected '\*' at position 7"):
        parse_formula("age + * sex")


def test_arithmetic_outside_a_function_is_refused_with_the_remedy():
    with pytest.raises(DesignError, match=r"write I\(age/10\)"):
        parse_formula("age / 10")


NAMES = st.sampled_from(["a", "b", "ph.ecog", "odd name", "_x", "é"])


def expressions():
    leaves = NAMES.map(Name) | st.floats(0, 1e6).map(Number)
    operators = st.sampled_from(["+", "-", "*", "/", ":", "^", "<", "==", "%in%", "&", "|"])
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Binary, operators, inner, inner)
            | st.builds(Unary, st.sampled_from(["-", "+"]), inner)
            | st.builds(lambda x: Call("log", (x,)), inner)
        ),
        max_leaves=8,
    )


@given(expressions())
def test_what_is_written_reads_back(tree):
    assert parse(render(tree)) == tree
