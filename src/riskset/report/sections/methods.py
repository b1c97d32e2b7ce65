"""Methods in brief, from what the plan settled: the plan's facts, headed by who they led to."""

from __future__ import annotations

from riskset.report.document import Definitions, Section, Text
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import count, listing, name, say, sentence
from riskset.study.counted import flow_id
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Write the methods, a heading and its sentences at a time."""
    topics: dict[str, list[Text]] = {}
    for line in results.methods:
        topics.setdefault(line.topic, []).append(sentence(line.text))
    entries = (
        (Text(("Participants",)), (_participants(results),)),
        *((name(heading), tuple(sentences)) for heading, sentences in topics.items()),
        (Text(("Reading",)), _reading(results)),
    )
    return Section("methods", Text(("Methods in brief",)), (Definitions(entries),), entry="Methods")


def _participants(results: Results) -> Text:
    flow = results.flow
    screened = count(flow.screened, flow_id("persons", "screened"))
    included = count(flow.included, flow_id("persons", "included"))
    if not flow.steps:
        return say("{} screened, {} included.", screened, included)
    rules = listing(say("“{}”", name(s.label)) for s in flow.steps)
    return say("{} screened, {} included by these rules, in this order: {}.", screened, included, rules)


def _reading(results: Results) -> tuple[Text, ...]:
    primary = dict.fromkeys(o.primary.model for o in outcomes_of(results))
    out: list[Text] = []
    if primary:
        out.append(say("The summary shows {}.", listing(name(m) for m in primary)))
    out.append(
        Text(
            (
                "P values are two-sided. Sentences change at P = 0.05; the numbers stand beside each of them. Values "
                "that change after index may lie on the path from the exposure to the outcome: where a model holds "
                "them, its hazard ratios are conditional on them.",
            )
        )
    )
    if not results.exposure_rationale:
        out.append(Text(("The plan gives no rationale for the cut-point, so it is exploratory.",)))
    return tuple(out)
