"""Sensitivity analyses: the primary model once for each variant of the plan, and what is wrong on purpose apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.report import cells
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.compared_figures import sensitivity_forest
from riskset.report.document import Block, Group, Line, Note, Paragraph, Rows, Section, Table, Text
from riskset.report.formats import DASH
from riskset.report.outcomes import levels
from riskset.report.phrases import inside, name, say, sentence
from riskset.report.sections.notes import variant_notes
from riskset.report.texts import en_effects, en_sensitivity
from riskset.study.ids import slug
from riskset.study.results import Results
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates, VariantOutcome


def section(results: Results) -> Section | None:
    """Set what each variant changes, the estimates of each outcome, and what is wrong on purpose."""
    found = results.sensitivity
    if not results.models:
        return None
    undone = Note(en_sensitivity.NOT_YET_DONE, tuple(Text((t,)) for t in en_sensitivity.UNDONE), kind="note")
    title = Text((en_sensitivity.SENSITIVITY_ANALYSES,))
    if not found.variants or found.plan is None:
        return Section("sensitivity", title, (Paragraph(Text((en_sensitivity.NONE_ASKED,))), undone))
    blocks: list[Block] = [Paragraph(Text((en_sensitivity.READING,))), _changes(found.right), undone]
    blocks += [Paragraph(text, "caution") for text in _not_done(found.variants)]
    for at in found.plan.outcomes:
        drawn = sensitivity_forest(at, [found.plan, *_hazards(results)], results)
        both = tuple(t for t in (drawn, _own(at, results), _common(at, results)) if t is not None)
        blocks.append(Group(f"sensitivity-of-{slug(at.outcome)}", name(at.label), both))
    if found.wrong:
        tables = [t for at in found.plan.outcomes for t in _wrong(at, results)]
        blocks.append(
            Group(
                "sensitivity-wrong",
                Text((en_sensitivity.WRONG_ON_PURPOSE,)),
                (Paragraph(Text((en_sensitivity.IMMORTAL,)), "caution"), *tables),
            )
        )
    return Section("sensitivity", title, tuple(blocks))


def _changes(variants: Sequence[SensitivityVariant]) -> Table:
    rows: list[Line] = [
        (
            cells.row(name(variant.label) if i == 0 else Text(), wide=True),
            cells.words(name(change.key)),
            cells.words(name(change.before)),
            cells.words(name(change.after)),
            cells.words(_persons(variant) if i == 0 else ""),
        )
        for variant in variants
        for i, change in enumerate(variant.changed)
    ]
    return Table(
        id="sensitivity-changes",
        caption=Text((en_sensitivity.WHAT_EACH_CHANGES,)),
        head=(
            tuple(
                cells.col(t, numeric=False)
                for t in (
                    en_sensitivity.ANALYSIS,
                    en_sensitivity.KEY_OF_THE_PLAN,
                    en_sensitivity.IN_THE_PLAN,
                    en_sensitivity.HERE,
                    en_sensitivity.PERSONS_OF_IT,
                )
            ),
        ),
        groups=(Rows(tuple(rows)),),
        wide=True,
        sheet="Sensitivity changes",
    )


def _persons(variant: SensitivityVariant) -> str:
    if variant.not_done is not None:
        return DASH
    return en_sensitivity.CHOSEN_ANEW if variant.other_persons else en_sensitivity.THOSE_OF_THE_PLAN


def _not_done(variants: Sequence[SensitivityVariant]) -> Iterator[Text]:
    for variant in variants:
        if variant.not_done is not None:
            yield say(en_sensitivity.NOT_DONE, name(variant.label), sentence(variant.not_done))
        for at in variant.outcomes:
            if at.not_done is not None:
                yield say(
                    en_sensitivity.NOT_DONE_FOR,
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
        outcome=at.outcome,
        id=f"sensitivity-{slug(at.outcome)}",
        caption=say(
            en_sensitivity.IN_SENSITIVITY_ANALYSES,
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
        outcome=at.outcome,
        id=f"sensitivity-common-{slug(at.outcome)}",
        caption=say(
            en_sensitivity.ON_COMMON_TIME,
            name(at.label),
            inside(results.exposure_label),
        ),
        sheet=f"Common time {at.outcome}"[:31],
    )


def _table(
    lines: Sequence[tuple[Text, VariantEstimates | None]],
    results: Results,
    *,
    outcome: str,
    id: str,
    caption: Text,
    sheet: str,
) -> Table:
    known = [(label, one) for label, one in lines if one is not None]
    clock = follow_up_clock(results)
    shown = [e for _, one in known for e in (*one.exposure_in_modifier, *one.interaction)]
    return Table(
        id=id,
        caption=caption,
        head=(
            (
                cells.col(
                    say("{}, {}", name(results.modifier_label), inside(results.exposure_label)), numeric=False
                ),
                cells.col(en_sensitivity.PERSONS),
                cells.col(en_sensitivity.ROWS),
                cells.col(en_sensitivity.EVENTS),
                cells.col(clock.person.capitalize()),
                cells.col(en_sensitivity.HR_95),
                cells.col(en_sensitivity.RATIO_OF_HR_95),
            ),
        ),
        groups=tuple(Rows(tuple(_lines(one, clock)), heading=label) for label, one in known),
        notes=(
            Text((en_sensitivity.WALD_AND_LEVEL,)),
            *variant_notes(results, outcome),
            *cells.warnings_of(shown),
        ),
        sheet=sheet,
    )


def _lines(one: VariantEstimates, clock: Clock) -> Iterator[Line]:
    ratios = {levels(e): e for e in one.interaction}
    for i, e in enumerate(one.exposure_in_modifier):
        exposure, modifier = levels(e)
        yield (
            cells.row(say("{}, {}", name(modifier), name(exposure)), indent=True),
            cells.count(one.basis.n_persons, e.id, "persons") if i == 0 else cells.words(""),
            cells.count(one.basis.n_rows, e.id, "rows") if i == 0 else cells.words(""),
            cells.count(one.basis.n_events, e.id, "events") if i == 0 else cells.words(""),
            cells.fixed(clock.read(one.basis.person_years), 0, e.id, clock.person)
            if i == 0
            else cells.words(""),
            cells.ratio(e),
            cells.ratio(ratios[exposure, modifier], "ratio of HR")
            if (exposure, modifier) in ratios
            else cells.words(""),
        )


def _wrong(at: VariantOutcome, results: Results) -> Iterator[Table]:
    """Set the effect of use as it changes over time beside that of use fixed at index from what comes later."""
    if at.own is None:
        return
    sides = [(Text((en_sensitivity.AS_USE_CHANGES,)), at.own)]
    for variant in results.sensitivity.wrong:
        mine = next((o for o in variant.outcomes if o.outcome == at.outcome), None)
        if mine is not None and mine.own is not None:
            sides.append((Text((en_sensitivity.FIXED_AT_INDEX,)), mine.own))
    groups = tuple(
        Rows(
            tuple(
                (
                    cells.row(say("{}, {}", *(name(level) for level in reversed(levels(e)))), indent=True),
                    cells.ratio(e, en_effects.HR_OF_MODIFIER),
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
        caption=say(en_sensitivity.RIGHT_AND_WRONG, name(at.label), inside(results.modifier_label)),
        head=(
            (
                cells.col(
                    say("{}, {}", name(results.modifier_label), inside(results.exposure_label)), numeric=False
                ),
                cells.col(en_sensitivity.HR_95),
                cells.col("P"),
            ),
        ),
        groups=groups,
        notes=(
            Text((en_sensitivity.WALD,)),
            *variant_notes(results, at.outcome),
            *cells.warnings_of(shown),
        ),
        sheet=f"Wrong {at.outcome}"[:31],
    )
