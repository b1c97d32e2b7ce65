"""Sensitivity analyses: the primary model once for each variant of the plan, and what is wrong on purpose apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.report import cells
from riskset.report.document import Block, Group, Line, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import levels
from riskset.report.phrases import inside, name, say, sentence
from riskset.study.ids import slug
from riskset.study.results import Results
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates, VariantOutcome

READING = (
    "Each analysis is the primary model again with some keys of the plan changed and nothing else. Intervals and tests "
    "are Wald's here, for the plan itself too. What counts is how far an estimate moves against the width of its "
    "interval; that a P value crosses a line says nothing. Where one key takes several values, a second table compares "
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
        both = tuple(t for t in (_own(at, results), _common(at, results)) if t is not None)
        blocks.append(Group(f"sensitivity-of-{slug(at.outcome)}", name(at.label), both))
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


def _hazards(results: Results) -> list[SensitivityVariant]:
    """List the variants whose estimates are of the hazards of the plan's models."""
    right = results.sensitivity.right
    return [v for v in right if not any(o.own and o.own.subdistribution for o in v.outcomes)]


def _own(at: VariantOutcome, results: Results) -> Table:
    """Set every variant on rows of its own, below the plan itself."""
    found = results.sensitivity
    shown = [v for v in (found.plan, *_hazards(results)) if v is not None]
    lines = [(name(v.label), o.own) for v in shown for o in v.outcomes if o.outcome == at.outcome]
    return _table(
        lines,
        results,
        id=f"sensitivity-{slug(at.outcome)}",
        caption=say(
            "{}: hazard ratios of {} in sensitivity analyses",
            name(at.label),
            inside(results.exposure_label),
        ),
        sheet=f"Sensitivity {at.outcome}"[:31],
    )


def _common(at: VariantOutcome, results: Results) -> Table | None:
    """Set the values of one key on the time that they share, below the plan itself on that time."""
    found, lines = results.sensitivity, list[tuple[Text, VariantEstimates | None]]()
    for grid in found.reference:
        mine = [grid, *(v for v in _hazards(results) if v.entry == grid.entry)]
        for variant in mine:
            label = (
                say("{}: {}", name(grid.entry), inside(grid.label))
                if variant is grid
                else name(variant.label)
            )
            lines += [(label, o.common) for o in variant.outcomes if o.outcome == at.outcome]
    if not any(common for _, common in lines):
        return None
    return _table(
        lines,
        results,
        id=f"sensitivity-common-{slug(at.outcome)}",
        caption=say(
            "{}: hazard ratios of {}, values of one key on the time that they share",
            name(at.label),
            inside(results.exposure_label),
        ),
        sheet=f"Common time {at.outcome}"[:31],
    )


def _table(
    lines: Sequence[tuple[Text, VariantEstimates | None]],
    results: Results,
    *,
    id: str,
    caption: Text,
    sheet: str,
) -> Table:
    known = [(label, one) for label, one in lines if one is not None]
    shown = [e for _, one in known for e in (*one.exposure_in_modifier, *one.interaction)]
    return Table(
        id=id,
        caption=caption,
        head=(
            (
                cells.col(
                    say("{}, {}", name(results.modifier_label), inside(results.exposure_label)), numeric=False
                ),
                cells.col("Persons"),
                cells.col("Events"),
                cells.col("HR (95% CI)"),
                cells.col("Ratio of HR (95% CI)"),
            ),
        ),
        groups=tuple(Rows(tuple(_lines(one)), heading=label) for label, one in known),
        notes=(
            say(
                "{}; Wald limits. A ratio of hazard ratios is against the first level of the modifier.",
                name(results.sensitivity.variants[0].model),
            ),
            *cells.warnings_of(shown),
        ),
        sheet=sheet,
    )


def _lines(one: VariantEstimates) -> Iterator[Line]:
    ratios = {levels(e): e for e in one.interaction}
    for i, e in enumerate(one.exposure_in_modifier):
        exposure, modifier = levels(e)
        yield (
            cells.row(say("{}, {}", name(modifier), name(exposure)), indent=True),
            cells.count(one.basis.n_persons, e.id, "persons") if i == 0 else cells.words(""),
            cells.count(one.basis.n_events, e.id, "events") if i == 0 else cells.words(""),
            cells.ratio(e),
            cells.ratio(ratios[exposure, modifier], "ratio of HR")
            if (exposure, modifier) in ratios
            else cells.words(""),
        )


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
