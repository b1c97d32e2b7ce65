"""Methods in brief, from what the plan settled: the plan's facts, headed by who they led to."""

from __future__ import annotations

from riskset.report.document import Definitions, Label, Section, Text
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import count, listing, name, say, sentence
from riskset.report.texts import en
from riskset.study.counted import flow_id
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Write the methods, a heading and its sentences at a time."""
    topics: dict[str, list[Text]] = {}
    for line in results.methods:
        topics.setdefault(line.topic, []).append(sentence(line.text))
    entries = (
        (Text((en.PARTICIPANTS,)), (_participants(results),)),
        *((name(heading), tuple(sentences)) for heading, sentences in topics.items()),
        (Text((en.READING,)), _reading(results)),
    )
    return Section("methods", Text((en.METHODS_IN_BRIEF,)), (Definitions(entries),), entry=en.METHODS)


def _participants(results: Results) -> Text:
    flow = results.flow
    screened = count(flow.screened, flow_id("persons", "screened"))
    included = count(flow.included, flow_id("persons", "included"))
    if not flow.steps:
        return say(en.SCREENED_INCLUDED, screened, included)
    rules = listing(say("“{}”", name(s.label)) for s in flow.steps)
    return say(en.SCREENED_INCLUDED_BY_THESE_RULES, screened, included, rules)


def masked_note(least: int) -> Text:
    """Say what is masked.

    Parameters
    ----------
    least : int
        The smallest count that is shown.

    Examples
    --------
    >>> masked_note(5).plain.partition(";")[0]
    'Counts of persons and events under 5 are masked'
    """
    return say(en.COUNTS_UNDER_ARE_MASKED, Text((Label(str(least)),)), Text((Label(str(least)),)))


def _reading(results: Results) -> tuple[Text, ...]:
    primary = dict.fromkeys(o.primary.model for o in outcomes_of(results))
    out: list[Text] = []
    if primary:
        out.append(say(en.THE_SUMMARY_SHOWS, listing(name(m) for m in primary)))
    out.append(Text((en.P_VALUES_ARE_TWO_SIDED,)))
    if results.masked_below is not None:
        out.append(masked_note(results.masked_below))
    if not results.exposure_rationale:
        out.append(Text((en.THE_PLAN_GIVES_NO_RATIONALE,)))
    return tuple(out)
