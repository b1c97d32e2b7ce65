"""The answer at a glance: one card per outcome, read by what its tests support."""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.clock import follow_up_clock
from riskset.report.document import Block, Group, Note, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import Outcome, contrast, exposure_level, modifier_level, outcomes_of
from riskset.report.phrases import counted, inside, listing, name, number, say
from riskset.report.scoped import beside
from riskset.report.sections import interaction
from riskset.report.sections.rates import rate, rate_decimals
from riskset.report.texts import en
from riskset.study.counted import model_id
from riskset.study.ids import slug
from riskset.study.results import Estimate, OutcomeRates, Results


def section(results: Results) -> Section:
    """Answer the question, outcome by outcome."""
    outcomes = outcomes_of(results)
    blocks: list[Block] = [Paragraph(lead(results, outcomes), "lead")]
    blocks += [_card(o, results) for o in outcomes]
    blocks += [Paragraph(t, "terms") for t in terms(results, outcomes)]
    if results.warnings:
        blocks.append(Note(en.TO_KEEP_IN_MIND, tuple(name(w) for w in results.warnings)))
    return Section("summary", Text((en.SUMMARY,)), tuple(blocks))


def lead(results: Results, outcomes: tuple[Outcome, ...]) -> Text:
    """Answer the question over all outcomes in one or two sentences."""
    if not outcomes:
        return Text((en.NO_MODEL_WAS_FITTED_SO,))
    tested = [o for o in outcomes if any(e.estimate is not None for e in o.primary.interaction)]
    different = [o.label for o in tested if interaction.differs(o.primary)]
    open_ones = [o.label for o in tested if not interaction.differs(o.primary)]
    without = [o.label for o in outcomes if o not in tested]
    modifier, exposure = inside(results.modifier_label), inside(results.exposure_label)
    parts: list[Text] = []
    if different:
        text = en.FOR_THE_ASSOCIATION_WITH_DIFFERS
        parts.append(say(text, _names(different), exposure, modifier))
    if open_ones:
        text = en.FOR_THESE_DATA_DO_NOT
        parts.append(say(text, _names(open_ones), exposure, modifier))
    if without:
        parts.append(say(en.FOR_NO_RATIO_OF_HAZARD, _names(without)))
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + " " + part
    return whole


def _names(items: list[str]) -> Text:
    return listing(inside(i) for i in items)


def _card(outcome: Outcome, results: Results) -> Group:
    model, key = outcome.primary, slug(outcome.key)
    rates = next((r for r in results.rates if r.outcome == outcome.key), None)
    blocks: list[Block] = [Paragraph(basis(outcome, rates, results), "basis"), _bars(outcome, results)]
    blocks += [Paragraph(s, "reading") for s in interaction.reading(outcome, results)]
    sparse = (
        model.events_per_parameter is not None
        and model.events_per_parameter < interaction.EVENTS_PER_COEFFICIENT
    )
    for k, text in enumerate(interaction.cautions(outcome, results)):
        blocks.append(Paragraph(text, "sparse" if sparse and k == 0 else "caution"))
    return Group(f"card-{key}", name(outcome.label), tuple(blocks), kind="card")


def _bars(outcome: Outcome, results: Results) -> Table:
    model = outcome.primary
    several = len(results.exposure_levels) > 2

    def line(e: Estimate, what: str):
        level = name(modifier_level(e, results))
        level = say("{}: {}", level, name(exposure_level(e, results))) if several else level
        return cells.row(level), cells.ratio(e, what)

    groups = [Rows(tuple(line(e, "HR") for e in model.exposure_in_modifier))]
    ratios = tuple(line(e, en.RATIO_OF_HR) for e in model.interaction)
    if ratios:
        groups.append(Rows(ratios, heading=Text((en.RATIO_OF_HAZARD_RATIOS,)), strong=True))
    return Table(
        id=f"answer-{slug(outcome.key)}",
        caption=say(
            en.HAZARD_RATIO_OF_BY,
            inside(contrast(results)),
            name(model.model),
            inside(results.modifier_label),
        ),
        head=((cells.col(name(results.modifier_label), numeric=False), cells.col(en.HR_95PERCENT_CI)),),
        groups=tuple(groups),
        numbered=False,
        bars=True,
    )


def basis(outcome: Outcome, rates: OutcomeRates | None, results: Results) -> Text:
    """Say what an outcome rests on: events, persons, person-years, rate."""
    model = outcome.primary
    if rates is None:
        b = model.basis
        return say(
            en.IN,
            counted(b.n_events, model_id(model, "events"), "event"),
            counted(b.n_persons, model_id(model, "persons"), "person"),
        )
    b, total = rates.total.basis, rates.total.id
    clock, kept = follow_up_clock(results), model.basis.n_events
    entered = Text()
    if kept != b.n_events:
        entered = say(en.OF_THE_EVENTS_ENTER_THE, number(fmt.count(kept), model_id(model, "events")))
    return say(
        en.IN_OVER,
        counted(b.n_events, total, "event"),
        counted(b.n_persons, total, "person"),
        number(fmt.fixed(clock.read(b.person_years), 0), total),
        clock.person,
        rate(rates.total, rate_decimals(results.rates)).content,
        name(results.time_unit),
        entered,
    )


def terms(results: Results, outcomes: tuple[Outcome, ...]) -> tuple[Text, ...]:
    """Say, once for all outcomes, how the numbers of the summary are to be read."""
    if not outcomes:
        return ()
    out = [Text((en.HR_HAZARD_RATIO_CI_CONFIDENCE,))]
    methods = dict.fromkeys(
        e.method for o in outcomes for e in o.primary.interaction if e.estimate is not None
    )
    if methods:
        out.append(say(en.INTERVALS_AND_P_VALUES_OF, listing(methods)))
    out.append(Text((en.ALL_ARE_ASSOCIATIONS_IN_OBSERVED,)))
    if len(outcomes) > 1:
        out.append(say(en.P_VALUES_OF_OUTCOMES, fmt.count(len(outcomes))))
    else:
        out.append(Text((en.P_VALUES_UNADJUSTED,)))
    if results.questions:
        out.append(beside(results))
    if not results.exposure_rationale and not any("exploratory" in w for w in results.warnings):
        out.append(Text((en.THE_CUT_POINT_IS_EXPLORATORY,)))
    return tuple(out)
