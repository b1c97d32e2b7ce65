"""The declared family of tests: one test of interaction for each outcome of each question, adjusted by Holm."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.effects import holm
from riskset.study.ids import estimate_id
from riskset.study.results import Counted, Estimate, FamilyTest, ModelResult, QuestionResult, Results
from riskset.study.scoped import Scope, as_main

METHOD = "Holm (1979) over the {} tests of interaction that the plan declares"


def with_family(results: Results) -> Results:
    """Complete results that answer several questions by the family of their tests.

    Parameters
    ----------
    results : Results

    Returns
    -------
    Results
        The same where the plan asks one question.
    """
    if not results.questions:
        return results
    tests = [(None, results, m) for m in _primary(results)]
    for question in results.questions:
        view = as_main(results, question)
        tests += [(question, view, m) for m in _primary(view)]
    adjusted = holm([None if m.claim is None else m.claim.p for _, _, m in tests])["p_holm"].to_list()
    family = tuple(
        _test(question, view, model, p, len(tests))
        for (question, view, model), p in zip(tests, adjusted, strict=True)
    )
    return results.model_copy(update={"family": family})


def family_id(what: str) -> str:
    """Name how many "questions" a plan asks, or how many "tests" its family holds.

    Examples
    --------
    >>> family_id("tests")
    'all/family/tests'
    """
    return estimate_id("all", "family", what)


def counted_family(results: Results) -> Iterator[Counted]:
    """Name the size of the family; nothing where the plan asks one question."""
    if results.questions:
        numbers = (("questions", 1 + len(results.questions)), ("tests", len(results.family)))
        for what, n in numbers:
            words = (
                f"{what} of the plan, the main one among them"
                if what == "questions"
                else "tests of interaction"
            )
            yield Counted(id=family_id(what), estimand=words, unit=what, estimate=n)


def _primary(results: Results) -> Iterator[ModelResult]:
    alone = len({m.model for m in results.models}) == 1
    yield from (m for m in results.models if m.primary or alone)


def _test(
    question: QuestionResult | None, view: Results, model: ModelResult, p: float | None, n: int
) -> FamilyTest:
    label = next((o.label for o in view.rates if o.outcome == model.outcome), model.outcome)
    claim = model.claim
    adjusted = Estimate(
        id=estimate_id(model.outcome, model.slug, "p_holm"),
        estimand=f"P of the test that the hazard ratio of {view.exposure_label} for {label} is the same at every level of "
        f"{view.modifier_label}, {model.model}, adjusted for all such tests of the plan",
        unit="P value",
        estimate=p,
        p=None if claim is None else claim.p,
        method=METHOD.format(n),
        basis=model.basis,
        warnings=()
        if p is not None
        else ("The test could not be done; it counts in the size of the family.",),
    )
    return FamilyTest(
        question=None if question is None else question.name,
        exposure_label=view.exposure_label,
        modifier_label=view.modifier_label,
        outcome=model.outcome,
        label=label,
        model=model.model,
        adjusted=adjusted if question is None else Scope(question.slug).of(adjusted),
    )
