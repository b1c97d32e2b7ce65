"""The question and the plan that was made for it, before any answer's details."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.report.document import Definitions, Section, Text
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import listing, name, say
from riskset.report.texts import en
from riskset.study.results import ModelResult, Results


def section(results: Results) -> Section:
    """Set the question, and what stands against what."""
    return Section(
        "plan",
        Text((en.QUESTION_AND_PLAN,)),
        (Definitions(((Text((en.QUESTION,)), (name(results.question),)), *asked(results))),),
        entry=en.QUESTION_AND_PLAN,
    )


def asked(results: Results) -> Iterator[tuple[Text, tuple[Text, ...]]]:
    """Say what stands against what, in which outcomes and models."""
    reference, *others = results.exposure_levels
    why = (
        say(en.REASON_FOR_THE_CUT_POINT, name(results.exposure_rationale.rstrip(".")))
        if results.exposure_rationale
        else Text((en.NO_REASON_IS_GIVEN_FOR,))
    )
    exposure = say(
        en.AGAINST, name(results.exposure_label), listing(name(v) for v in others), name(reference)
    )
    yield Text((en.EXPOSURE,)), (exposure, why)
    first, *more = results.modifier_levels
    yield (
        Text((en.MODIFIER,)),
        (
            say(
                en.AGAINST,
                name(results.modifier_label),
                listing(name(v) for v in more),
                name(first),
            ),
        ),
    )
    if results.rates:
        yield Text((en.OUTCOMES,)), (say("{}.", listing(name(o.label) for o in results.rates)),)
    outcomes = outcomes_of(results)
    first_of: dict[str, ModelResult] = {}
    for m in (m for o in outcomes for m in o.models):
        first_of.setdefault(m.model, m)
    for model in first_of.values():
        primary = name(model.model)
        if model.primary and len(first_of) > 1:
            primary = say(en.PRIMARY, primary)
        more_for = [
            say(en.ADJUSTED_FOR_2, name(o.label), name(m.adjustment.rstrip(".")))
            for o in outcomes
            for m in o.models
            if m.model == model.model and m.adjustment != model.adjustment
        ]
        yield primary, (say(en.ADJUSTED_FOR, name(model.adjustment.rstrip(".") or "nothing")), *more_for)
