"""Sensitivity analyses: the primary model once for each variant of the plan, and what is wrong on purpose apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.report import cells
from riskset.report.document import Block, Group, Line, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import levels
from riskset.report.phrases import inside, name, say, sentence
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates, VariantOutcome

READING = (
    "Each analysis is the primary model again with some keys of the plan changed and nothing else. Intervals and tests "
    "are Wald's here, for the plan itself too. What counts is how far an estimate moves against the width of its "
    "interval; that a P value crosses a line says nothing. Where one key takes several values, the last columns compare "
    "them, and the plan itself, on the persons and the time in which all of them know every covariate."
)
IMMORTAL = (
    "These numbers are wrong on purpose. Whoever starts the drug at any time of the follow-up is called a user from the "
    "day of index, and cannot have had the event before the start: this time without risk is given to the users, and "
    "makes use look better than it is. They are shown because this is often done and asked for; they answer no question."
)


def section(results: Results) -> Section | None:
    """Set what each variant changes, the estimates of each outcome, and what is wrong on purpose."""
    found = results.sensitivity
    if not found.variants or found.plan is None:
        return None
    blocks: list[Block] = [Paragraph(Text((READING,))), _changes(found.right)]
    blocks += [Paragraph(text, "caution") for text in _not_done(found.variants)]
    for at in found.plan.outcomes:
        table = _outcome(at, results)
        blocks.append(Group(f"sensitivity-{slug(at.outcome)}", name(at.label), (table,)))
    if found.wrong:
        tables = [t for at in found.plan.outcomes for t in _wrong(at, results)]
        blocks.append(
            Group(
                "sensitivity-wrong",
                Text(("Wrong on purpose: immortal time",)),
                (Paragraph(Text((IMMORTAL,)), "caution"), *tables),
            )
        )
    return Section("sensitivity", Text(("Sensitivity analyses",)), tuple(blocks))


def _changes(variants: Sequence[SensitivityVariant]) -> Table:
    rows: list[Line] = [
        (
            cells.row(name(variant.label) if i == 0 else Text(), wide=True),
            cells.words(name(change.key)),
            cells.words(name(change.before)),
            cells.words(name(change.after)),
        )
        for variant in variants
        for i, change in enumerate(variant.changed)
    ]
    return Table(
        id="sensitivity-changes",
        caption=Text(("What each sensitivity analysis changes",)),
        head=(
            tuple(
                cells.col(t, numeric=False) for t in ("Analysis", "Key of the plan", "In the plan", "Here")
            ),
        ),
        groups=(Rows(tuple(rows)),),
        wide=True,
        sheet="Sensitivity changes",
    )


def _not_done(variants: Sequence[SensitivityVariant]) -> Iterator[Text]:
    for variant in variants:
        if variant.not_done is not None:
            yield say("{} could not be done. {}", name(variant.label), sentence(variant.not_done))
        for at in variant.outcomes:
            if at.not_done is not None:
                yield say(
                    "{}, {}: could not be done. {}",
                    name(variant.label),
                    inside(at.label),
                    sentence(at.not_done),
                )


def _shown(results: Results) -> list[SensitivityVariant]:
    """List the plan itself and the variants of the same model, with the plan on common time before each grid."""
    found = results.sensitivity
    assert found.plan is not None  # noqa: S101 (the section asks first)
    variants = [v for v in found.right if not any(o.own and o.own.subdistribution for o in v.outcomes)]
    shown: list[SensitivityVariant] = [found.plan]
    for variant in variants:
        grid = next((r for r in found.reference if r.entry == variant.entry), None)
        if grid is not None and grid not in shown:
            shown.append(grid)
        shown.append(variant)
    return shown


def _outcome(at: VariantOutcome, results: Results) -> Table:
    groups: list[Rows] = []
    estimates: list[Estimate] = []
    shared = False
    for variant in _shown(results):
        mine = next((o for o in variant.outcomes if o.outcome == at.outcome), None)
        if mine is None or (mine.own is None and mine.common is None):
            continue
        grid = mine.own is None
        title = say("{}: {}", name(variant.entry), inside(variant.label)) if grid else name(variant.label)
        lines = list(_lines(mine))
        groups.append(Rows(tuple(lines), heading=title))
        shared = shared or mine.common is not None
        for one in (mine.own, mine.common):
            estimates += [] if one is None else [*one.exposure_in_modifier, *one.interaction]
    head = [
        cells.col(say("{}, {}", name(results.modifier_label), inside(results.exposure_label)), numeric=False),
        cells.col("Persons"),
        cells.col("Events"),
        cells.col("HR (95% CI)"),
        cells.col("Ratio of HR (95% CI)"),
        cells.col("Events, common time"),
        cells.col("HR, common time"),
        cells.col("Ratio of HR, common time"),
    ]
    width = len(head) if shared else 5
    cut = [Rows(tuple(line[:width] for line in g.rows), heading=g.heading) for g in groups]
    model = results.sensitivity.variants[0].model
    return Table(
        id=f"sensitivity-{slug(at.outcome)}",
        caption=say(
            "{}: hazard ratios of {} in sensitivity analyses", name(at.label), inside(results.exposure_label)
        ),
        head=(tuple(head[:width]),),
        groups=tuple(cut),
        notes=(
            say(
                "{}; Wald limits. A ratio of hazard ratios is against the first level of the modifier.",
                name(model),
            ),
            *cells.warnings_of(estimates),
        ),
        wide=True,
        dense=shared,
        sheet=f"Sensitivity {at.outcome}"[:31],
    )


def _lines(at: VariantOutcome) -> Iterator[Line]:
    first = at.own or at.common
    assert first is not None  # noqa: S101 (the caller asks first)
    for i, e in enumerate(first.exposure_in_modifier):
        exposure, modifier = levels(e)
        own, common = (_of(one, exposure, modifier) for one in (at.own, at.common))
        persons = events = cells.words("")
        if at.own is not None and i == 0:
            persons = cells.count(at.own.basis.n_persons, e.id, "persons")
            events = cells.count(at.own.basis.n_events, e.id, "events")
        there = cells.words("")
        if at.common is not None and i == 0 and common[0] is not None:
            there = cells.count(at.common.basis.n_events, common[0].id, "events")
        yield (
            cells.row(say("{}, {}", name(modifier), name(exposure)), indent=True),
            persons,
            events,
            cells.ratio(own[0]),
            cells.ratio(own[1], "ratio of HR"),
            there,
            cells.ratio(common[0]),
            cells.ratio(common[1], "ratio of HR"),
        )


def _of(
    one: VariantEstimates | None, exposure: str, modifier: str
) -> tuple[Estimate | None, Estimate | None]:
    if one is None:
        return None, None
    hazard = {levels(e): e for e in one.exposure_in_modifier}
    ratio = {levels(e): e for e in one.interaction}
    return hazard.get((exposure, modifier)), ratio.get((exposure, modifier))


def _wrong(at: VariantOutcome, results: Results) -> Iterator[Table]:
    """Set the effect of use as it changes over time beside that of use fixed at index from what comes later."""
    if at.own is None:
        return
    sides = [(Text(("As use changes over time (right)",)), at.own)]
    for variant in results.sensitivity.wrong:
        mine = next((o for o in variant.outcomes if o.outcome == at.outcome), None)
        if mine is not None and mine.own is not None:
            sides.append((Text(("WRONG: fixed at index from the whole follow-up",)), mine.own))
    groups = tuple(
        Rows(
            tuple(
                (
                    cells.row(say("{}, {}", *(name(level) for level in reversed(levels(e)))), indent=True),
                    cells.ratio(e, "HR of modifier"),
                    cells.p_value(e),
                )
                for e in own.modifier_in_exposure
            ),
            heading=title,
        )
        for title, own in sides
    )
    shown = [e for _, own in sides for e in own.modifier_in_exposure]
    yield Table(
        id=f"sensitivity-wrong-{slug(at.outcome)}",
        caption=say(
            "{}: hazard ratios of {}, right and wrong", name(at.label), inside(results.modifier_label)
        ),
        head=(
            (
                cells.col(
                    say("{}, {}", name(results.modifier_label), inside(results.exposure_label)), numeric=False
                ),
                cells.col("HR (95% CI)"),
                cells.col("P"),
            ),
        ),
        groups=groups,
        notes=(
            say("{}; Wald limits.", name(results.sensitivity.variants[0].model)),
            *cells.warnings_of(shown),
        ),
        sheet=f"Wrong {at.outcome}"[:31],
    )
