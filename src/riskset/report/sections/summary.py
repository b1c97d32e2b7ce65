"""The answer at a glance: one card per outcome, read by what its tests support."""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.clock import follow_up_clock
from riskset.report.document import Block, Group, Note, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import Outcome, contrast, exposure_level, modifier_level, outcomes_of
from riskset.report.phrases import counted, inside, listing, name, number, say
from riskset.report.sections import interaction
from riskset.report.sections.rates import rate, rate_decimals
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
        blocks.append(Note("To keep in mind", tuple(name(w) for w in results.warnings)))
    return Section("summary", Text(("Summary",)), tuple(blocks))


def lead(results: Results, outcomes: tuple[Outcome, ...]) -> Text:
    """Answer the question over all outcomes in one or two sentences."""
    if not outcomes:
        return Text(("No model was fitted, so the question has no answer here.",))
    tested = [o for o in outcomes if any(e.estimate is not None for e in o.primary.interaction)]
    different = [o.label for o in tested if interaction.differs(o.primary)]
    open_ones = [o.label for o in tested if not interaction.differs(o.primary)]
    without = [o.label for o in outcomes if o not in tested]
    modifier, exposure = inside(results.modifier_label), inside(results.exposure_label)
    parts: list[Text] = []
    if different:
        text = "For {}, the association with {} differs by {} more than chance readily explains."
        parts.append(say(text, _names(different), exposure, modifier))
    if open_ones:
        text = (
            "For {}, these data do not establish that the association with {} differs by {}; nor do they "
            "establish that it is the same."
        )
        parts.append(say(text, _names(open_ones), exposure, modifier))
    if without:
        parts.append(say("For {}, no ratio of hazard ratios could be estimated.", _names(without)))
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
    sparse = model.events_per_parameter < interaction.EVENTS_PER_COEFFICIENT
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
    ratios = tuple(line(e, "ratio of HR") for e in model.interaction)
    if ratios:
        groups.append(Rows(ratios, heading=Text(("Ratio of hazard ratios",)), strong=True))
    return Table(
        id=f"answer-{slug(outcome.key)}",
        caption=say(
            "Hazard ratio of {}, {}, by {}",
            inside(contrast(results)),
            name(model.model),
            inside(results.modifier_label),
        ),
        head=((cells.col(name(results.modifier_label), numeric=False), cells.col("HR (95% CI)")),),
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
            "{} in {}.",
            counted(b.n_events, model_id(model, "events"), "event"),
            counted(b.n_persons, model_id(model, "persons"), "person"),
        )
    b, total = rates.total.basis, rates.total.id
    clock, kept = follow_up_clock(results), model.basis.n_events
    entered = Text()
    if kept != b.n_events:
        entered = say(
            "; {} of the events enter the models", number(fmt.count(kept), model_id(model, "events"))
        )
    return say(
        "{} in {} over {} {}, {} {}{}.",
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
    out = [
        Text(
            (
                "HR: hazard ratio; CI: confidence interval. The ratio of hazard ratios is the test of whether the "
                "association differs between the levels; 1 means that it is the same in both.",
            )
        )
    ]
    methods = dict.fromkeys(
        e.method for o in outcomes for e in o.primary.interaction if e.estimate is not None
    )
    if methods:
        out.append(say("Intervals and P values of the ratios: {}.", listing(methods)))
    n = f"{len(outcomes)} outcomes are examined; " if len(outcomes) > 1 else ""
    out.append(
        say(
            "All are associations in observed patients, adjusted for what the plan names and for nothing else. "
            "{}P values are not adjusted for the number of comparisons.",
            n,
        )
    )
    if not results.exposure_rationale and not any("exploratory" in w for w in results.warnings):
        out.append(Text(("The cut-point is exploratory: the plan gives no rationale for it.",)))
    return tuple(out)
