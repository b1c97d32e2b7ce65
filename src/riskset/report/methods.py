"""Methods in brief, from what the plan settled: the plan's facts, headed by who they led to."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from riskset.report import formats as fmt
from riskset.report.models import outcomes_of
from riskset.report.words import name, say
from riskset.study.results import Results
from riskset.study.wording import listing


@dataclass(frozen=True, slots=True)
class Topic:
    """A heading of the methods and its sentences."""

    heading: Markup
    sentences: tuple[Markup, ...]


def methods(results: Results) -> tuple[Topic, ...]:
    """Write the methods, a heading and its sentences at a time."""
    topics: dict[str, list[Markup]] = {}
    for line in results.methods:
        topics.setdefault(line.topic, []).append(_sentence(line.text))
    return (
        Topic(Markup("Participants"), (_participants(results),)),
        *(Topic(name(heading), tuple(sentences)) for heading, sentences in topics.items()),
        Topic(Markup("Reading"), _reading(results)),
    )


def _sentence(text: str) -> Markup:
    text = fmt.label(text.strip())
    closed = text if text.endswith((".", "?", "!")) else f"{text}."
    return say("<bdi>{}</bdi>", closed[:1].upper() + closed[1:])


def _participants(results: Results) -> Markup:
    flow = results.flow
    screened, included = fmt.count(flow.screened), fmt.count(flow.included)
    if not flow.steps:
        return say("{} screened, {} included.", screened, included)
    rules = listing(f"“{fmt.label(s.label)}”" for s in flow.steps)
    return say("{} screened, {} included by these rules, in this order: {}.", screened, included, rules)


def _reading(results: Results) -> tuple[Markup, ...]:
    primary = dict.fromkeys(o.primary.model for o in outcomes_of(results))
    out: list[Markup] = []
    if primary:
        out.append(say("The summary shows {}.", listing(primary)))
    out.append(
        Markup(
            "P values are two-sided. Sentences change at P = 0.05; the numbers stand beside each of them. Values "
            "that change after index may lie on the path from the exposure to the outcome: where a model holds "
            "them, its hazard ratios are conditional on them."
        )
    )
    if not results.exposure_rationale:
        out.append(Markup("The plan gives no rationale for the cut-point, so it is exploratory."))
    return tuple(out)
