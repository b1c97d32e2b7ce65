"""The interaction on both scales: joint cells against one reference, RERI, AP and S, and what chance alone shows."""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.clock import follow_up_clock
from riskset.report.document import Block, Cell, Group, Line, Paragraph, Part, Rows, Section, Table, Text
from riskset.report.outcomes import Outcome, exposure_level, levels, modifier_level, outcomes_of
from riskset.report.phrases import inside, listing, name, number, say
from riskset.report.sections.notes import model_notes, on_the_path
from riskset.report.sections.rates import rate_decimals
from riskset.report.texts import en_effects
from riskset.study.ids import slug
from riskset.study.results import Estimate, ModelResult, Results
from riskset.study.results_additive import AdditiveResult


def section(results: Results) -> Section | None:
    """Set both scales of every outcome's interaction."""
    outcomes = [o for o in outcomes_of(results) if o.primary.additive]
    if not outcomes:
        return None
    return Section(
        "additive",
        Text((en_effects.BOTH_SCALES,)),
        (Paragraph(Text((en_effects.SCALES_OF_INTERACTION,))), *(_outcome(o, results) for o in outcomes)),
        entry=en_effects.BOTH_SCALES_SHORT,
    )


def _outcome(outcome: Outcome, results: Results) -> Group:
    blocks: list[Block] = [joint_cells(outcome, results), scales(outcome, results)]
    blocks += [Paragraph(text, "caution") for text in _chances(outcome.primary, results)]
    return Group(f"additive-{slug(outcome.key)}", name(outcome.label), tuple(blocks))


def joint_cells(outcome: Outcome, results: Results) -> Table:
    """Set events, person-time and hazard ratios of the joint cells, as Knol and VanderWeele (2012) recommend."""
    model = outcome.primary
    clock = follow_up_clock(results)
    naive, reference = results.modifier_levels[0], results.exposure_levels[0]
    rates = {(c.exposure, c.modifier): c.rate for c in model.cells}
    alone = {a.exposure: a.joint[0] for a in model.additive}
    against = {(e, naive): r for e, r in alone.items()}
    against |= {(reference, a.modifier): a.joint[1] for a in model.additive}
    against |= {(a.exposure, a.modifier): a.joint[2] for a in model.additive}
    within = {_cell(e, results): e for e in model.exposure_in_modifier}
    beside = {_cell(e, results): e for e in model.modifier_in_exposure}
    one = cells.reference()
    groups: list[Rows] = []
    for m in results.modifier_levels:
        lines: list[Line] = []
        for e in results.exposure_levels:
            rate = rates.get((e, m))
            first = (e, m) == (reference, naive)
            lines.append(
                (
                    cells.labelled(e, indent=True),
                    cells.DASH if rate is None else cells.count(rate.basis.n_events, rate.id, "events"),
                    cells.DASH
                    if rate is None
                    else cells.fixed(clock.read(rate.basis.person_years), 0, rate.id, clock.person),
                    one if first else cells.ratio(against.get((e, m)), en_effects.HR_AGAINST_ONE),
                    one if e == reference else cells.ratio(within.get((e, m)), en_effects.HR_OF_EXPOSURE),
                    one if m == naive else cells.ratio(beside.get((e, m)), en_effects.HR_OF_MODIFIER),
                )
            )
        groups.append(Rows(tuple(lines), heading=name(m)))
    decimals = rate_decimals(results.rates)
    differences = tuple(
        (
            cells.row(say("{}, {}", name(a.exposure), name(_level(d)))),
            cells.estimate(d, decimals, "rate difference"),
        )
        for a in model.additive
        for d in a.rate_differences
    )
    told = listing(say("{} {}", row[0].content, row[1].content) for row in differences)
    notes = [
        say(en_effects.REFERENCE_OF_THE_FOURTH, name(reference), name(naive)),
        *model_notes([model]),
    ]
    path = on_the_path([model])
    notes += [path] if path else []
    if differences:
        unit = name(model.additive[0].rate_differences[0].unit)
        notes.append(say(en_effects.CRUDE_DIFFERENCES, unit, name(reference), told))
    shown = [*against.values(), *within.values(), *beside.values()]
    notes.append(
        say(en_effects.INTERVALS, listing(dict.fromkeys(e.method for e in shown if e.estimate is not None)))
    )
    return Table(
        id=f"joint-{slug(outcome.key)}",
        caption=say(
            en_effects.JOINT_CELLS,
            name(outcome.label),
            name(model.model),
            inside(results.exposure_label),
            inside(results.modifier_label),
        ),
        head=(
            (
                cells.col(name(results.exposure_label), numeric=False),
                cells.col(en_effects.EVENTS),
                cells.col(clock.person.capitalize()),
                cells.col(en_effects.ONE_REFERENCE),
                cells.col(say(en_effects.HR_OF, inside(results.exposure_label))),
                cells.col(say(en_effects.HR_OF, inside(results.modifier_label))),
            ),
        ),
        groups=tuple(groups),
        notes=(*notes, *cells.warnings_of(shown)),
        wide=True,
        sheet=f"Joint {outcome.key}",
    )


def scales(outcome: Outcome, results: Results) -> Table:
    """Set RERI, AP and S of every model, and against the joint reference that the data chose where they ask for it."""
    groups: list[Rows] = []
    shown: list[Estimate] = []
    for model in outcome.models:
        lines: list[Line] = []
        for a in model.additive:
            shown += [a.reri, a.ap, a.s]
            lines.append(
                (_pair(a, results), *(c for e in (a.reri, a.ap, a.s) for c in (_value(e), cells.p_value(e))))
            )
        groups.append(Rows(tuple(lines), heading=name(model.model)))
    notes = [
        say(en_effects.INTERVALS, listing(dict.fromkeys(e.method for e in shown if e.estimate is not None)))
    ]
    notes += [_recoded(a, results) for a in outcome.primary.additive if a.recoded]
    notes += model_notes(outcome.models)
    return Table(
        id=f"scales-{slug(outcome.key)}",
        caption=say(en_effects.ADDITIVE_SCALE, name(outcome.label)),
        head=(
            (
                cells.col(name(results.modifier_label), numeric=False),
                *(
                    c
                    for title in ("RERI", "AP", "S")
                    for c in (cells.col(f"{title} (95% CI)"), cells.col("P"))
                ),
            ),
        ),
        groups=tuple(groups),
        notes=(*notes, *cells.warnings_of(shown)),
        wide=True,
        sheet=f"Additive {outcome.key}",
    )


def _recoded(a: AdditiveResult, results: Results) -> Text:
    reri, ap, _ = a.recoded
    return say(
        en_effects.AGAINST_THE_LOWEST,
        name(a.modifier),
        name(a.exposure),
        name(reri.reference or ""),
        number(fmt.fixed(reri.estimate, 2), reri.id),
        number(fmt.fixed(ap.estimate, 2), ap.id),
    )


def _chances(model: ModelResult, results: Results) -> list[Text]:
    """Say how often one stratum alone would be significant though the hazard ratio is one."""
    out: list[Text] = []
    for a in model.additive:
        e = a.one_stratum_only
        if e is None or e.estimate is None:
            continue
        text = en_effects.CHANCE_OF_ONE_STRATUM
        shown = f"{fmt.fixed(e.estimate, 0)}%"
        several = say(" ({})", name(a.exposure)) if len(results.exposure_levels) > 2 else Text()
        part = Part("chance", e.estimate, shown)
        out.append(
            say(text, name(a.modifier_reference), name(a.modifier), number(shown, e.id, part), several)
        )
    return out


def _pair(a: AdditiveResult, results: Results) -> Cell:
    text = say("{} against {}", name(a.modifier), name(a.modifier_reference))
    if len(results.exposure_levels) > 2:
        text = say("{}: {}", name(a.exposure), text)
    return cells.row(text, indent=True)


def _value(e: Estimate) -> Cell:
    """Fill a cell with a measure; what is not defined says so under the table."""
    if e.estimate is None:
        return Cell(Text((en_effects.NOT_DEFINED,)), marked=bool(e.warnings))
    return cells.ratio(e, e.unit) if e.unit == "S" else cells.estimate(e, 2, e.unit)


def _cell(e: Estimate, results: Results) -> tuple[str, str]:
    return exposure_level(e, results), modifier_level(e, results)


def _level(e: Estimate) -> str:
    return levels(e)[-1]
