"""Results in words, sentence by sentence from what the tests support, to be taken over into a manuscript."""

from __future__ import annotations

from collections.abc import Sequence

from riskset.report import formats as fmt
from riskset.report.clock import follow_up_clock
from riskset.report.document import Block, Group, Paragraph, Reference, Section, Text
from riskset.report.outcomes import Outcome, label_of, outcomes_of
from riskset.report.phrases import count, counted, inside, join, listing, name, number, say
from riskset.report.sections import curves, interaction, subgroups
from riskset.report.sections.rates import person_time, rate, rate_decimals
from riskset.report.texts import en, en_subgroups
from riskset.study.counted import flow_id, lost_id, median_id, model_id
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Write the results as paragraphs."""
    blocks: list[Block] = [_group("participants", "Participants", _participants(results))]
    if results.rates:
        blocks.append(_group("follow-up", en.FOLLOW_UP_AND_EVENTS, _follow_up(results)))
    outcomes = [o for o in outcomes_of(results) if o.primary.interaction]
    if outcomes:
        texts = [interaction.abstract(o, results) for o in outcomes]
        texts.append(_events_per_coefficient(outcomes))
        blocks.append(
            Group(
                "text-estimates",
                Text((en.MAIN_ESTIMATES,)),
                tuple(Paragraph(t) for t in (*texts, *_left_out(results))),
            )
        )
    read = [
        Paragraph(join([say("{}.", name(label_of(results, c.outcome))), *told]))
        for c in results.curves
        if c.strata
        for told in [curves.reading(c, results, label_of(results, c.outcome))]
        if told
    ]
    if read:
        blocks.append(Group("text-curves", say(en.ALONG, inside(results.exposure_label)), tuple(read)))
    told = subgroups.in_words(results)
    if told:
        title = Text((en_subgroups.SUBGROUP_ANALYSES,))
        blocks.append(Group("text-subgroups", title, tuple(Paragraph(t) for t in told)))
    return Section("text", Text((en.RESULTS_IN_WORDS,)), tuple(blocks))


def _group(key: str, title: str, text: Text) -> Group:
    return Group(f"text-{key}", Text((title,)), (Paragraph(text),))


def _participants(results: Results) -> Text:
    flow = results.flow
    screened = count(flow.screened, flow_id("persons", "screened"))
    included = count(flow.included, flow_id("persons", "included"))
    parts = [say(en.OF_PERSONS_SCREENED_WERE_INCLUDED, screened, included)]
    out = [
        say(en.NOT_MEETING, name(s.label), count(s.n_excluded, flow_id("excluded", k, s.label)))
        for k, s in enumerate(flow.steps, 1)
        if s.n_excluded
    ]
    if out:
        parts.append(say(en.EXCLUDED_WERE, listing(out)))
    figure = say(" ({}).", Text((Reference("figure-flow"),)))
    text = join(parts, "") + figure
    if flow.ends:
        ends = listing(
            say("{} ({})", inside(e.label), count(e.n, flow_id("ended", k, e.label)))
            for k, e in enumerate(flow.ends, 1)
        )
        text = text + say(en.FOLLOW_UP_ENDED_AS_FOLLOWS, ends)
    if results.table1:
        text = text + say(en.CHARACTERISTICS_AT_INDEX_ARE_IN, Text((Reference("characteristics-1"),)))
    return text


def _follow_up(results: Results) -> Text:
    clock, decimals = follow_up_clock(results), rate_decimals(results.rates)
    each: list[Text] = []
    for o in results.rates:
        median = clock.read(o.median_follow_up_years)
        each.append(
            say(
                en.EVENTS_IN_MEDIAN_FOLLOW_UP,
                name(o.label),
                number(fmt.count(o.total.basis.n_events), o.total.id),
                person_time(o.total.basis.person_years, o, clock, o.total.id).content,
                clock.person,
                number(fmt.fixed(median, 1 if median >= 1 else 2), median_id(o.outcome)),
                clock.unit.lower(),
                rate(o.total, decimals).content,
                name(results.time_unit),
            )
        )
    return join(each) + say(en.RATES_HAVE_EXACT_95PERCENT_INTERVALS, Text((Reference("follow-up"),)))


def _events_per_coefficient(outcomes: Sequence[Outcome]) -> Text:
    """Say once for all outcomes what their primary models can bear."""
    each = listing(
        say(
            en.PER_COEFFICIENT_FOR,
            number(fmt.known(m.events_per_parameter, 1), model_id(m, "events_per_coefficient")),
            inside(o.label),
            counted(m.basis.n_events, model_id(m, "events"), "event"),
            counted(m.parameters, model_id(m, "parameters"), "coefficient"),
        )
        for o in outcomes
        for m in (o.primary,)
    )
    few = any(
        (o.primary.events_per_parameter or interaction.EVENTS_PER_COEFFICIENT)
        < interaction.EVENTS_PER_COEFFICIENT
        for o in outcomes
    )
    return say(en.EVENTS_PER_COEFFICIENT_WERE, each) + (en.FEW_EVENTS if few else "")


def _left_out(results: Results) -> tuple[Text, ...]:
    lost = [r for r in results.rows_lost if r.persons_lost != 0 or r.events_lost != 0]
    if not lost:
        return ()
    each = listing(
        say(
            en.OF_EVENTS_FOR,
            number(fmt.count(r.events_lost), lost_id(r, "events")),
            number(fmt.count(r.events_total), lost_id(r, "events")),
            inside(label_of(results, r.outcome)),
        )
        for r in lost
    )
    return (
        say(
            en.THE_MODELS_LEAVE_OUT_PERSON,
            each,
            Text((Reference("rows-lost"),)),
        ),
    )
