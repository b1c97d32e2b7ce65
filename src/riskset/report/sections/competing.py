"""Competing events: cause-specific hazards and those of the subdistribution, of one model on the same rows."""

from __future__ import annotations

from riskset.report import cells
from riskset.report.document import Group, Line, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import levels
from riskset.report.phrases import counted, inside, listing, name, say
from riskset.report.sections.notes import OVER_TIME
from riskset.report.texts import en_curves
from riskset.study.counted_competing import competing_id
from riskset.study.ids import slug
from riskset.study.results import Results
from riskset.study.results_competing import Subdistribution
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates, VariantOutcome


def section(results: Results) -> Section | None:
    """Set both hazards of every outcome with competing events, for each variant that asks for them."""
    found = [
        (variant, outcome, outcome.own, outcome.own.subdistribution)
        for variant in results.sensitivity.right
        for outcome in variant.outcomes
        if outcome.own is not None and outcome.own.subdistribution is not None
    ]
    if not found:
        return None
    blocks = tuple(
        Group(
            f"competing-of-{variant.slug}-{slug(outcome.outcome)}",
            name(outcome.label),
            (_ends(variant, outcome, own, about), _table(variant, outcome, own, about, results)),
        )
        for variant, outcome, own, about in found
    )
    return Section(
        "competing", Text((en_curves.COMPETING,)), (Paragraph(Text((en_curves.HAZARDS_READ,))), *blocks)
    )


def _ends(
    variant: SensitivityVariant, outcome: VariantOutcome, own: VariantEstimates, about: Subdistribution
) -> Paragraph:
    first = own.exposure_in_modifier[0]
    told = say(
        en_curves.COMPETING_ENDS,
        name(variant.label),
        counted(own.basis.n_events, first.id, "event"),
        counted(about.n_competing, competing_id(variant, outcome, "competing"), "competing event"),
        listing(inside(c) for c in about.competing),
        counted(about.n_censored, competing_id(variant, outcome, "censored"), "person"),
        en_curves.ENTRY_WEIGHTED if about.delayed_entry else en_curves.CENSORING_WEIGHTED,
    )
    return Paragraph(told, "basis")


def _table(
    variant: SensitivityVariant,
    outcome: VariantOutcome,
    own: VariantEstimates,
    about: Subdistribution,
    results: Results,
) -> Table:
    within = {levels(e): e for e in own.exposure_in_modifier}
    apart = {levels(e): e for e in about.cause_specific}
    groups: list[Rows] = []
    for m in dict.fromkeys(key[1] for key in within):
        lines: list[Line] = [
            (
                cells.labelled(key[0], indent=True),
                cells.ratio(apart.get(key), en_curves.CAUSE_SPECIFIC),
                cells.p_value(apart.get(key)),
                cells.ratio(e, en_curves.SUBDISTRIBUTION),
                cells.p_value(e),
            )
            for key, e in within.items()
            if key[1] == m
        ]
        groups.append(Rows(tuple(lines), heading=name(m)))
    ratios: list[Line] = [
        (
            cells.row(say("{}, {}", *(name(level) for level in levels(e))), indent=True),
            cells.ratio(c, en_curves.RATIO_CAUSE_SPECIFIC),
            cells.p_value(c),
            cells.ratio(e, en_curves.RATIO_SUBDISTRIBUTION),
            cells.p_value(e),
        )
        for c, e in zip(about.cause_specific_interaction, own.interaction, strict=True)
    ]
    if ratios:
        groups.append(Rows(tuple(ratios), heading=Text((en_curves.RATIOS,))))
    shown = [*own.exposure_in_modifier, *about.cause_specific, *own.interaction]
    return Table(
        id=f"competing-{variant.slug}-{slug(outcome.outcome)}",
        caption=say(
            en_curves.COMPETING_CAPTION,
            name(outcome.label),
            name(variant.label),
            inside(results.exposure_label),
        ),
        head=(
            (
                cells.col(name(results.exposure_label), numeric=False),
                cells.col(en_curves.CAUSE_SPECIFIC_HR),
                cells.col("P"),
                cells.col(en_curves.SUBDISTRIBUTION_HR),
                cells.col("P"),
            ),
        ),
        groups=tuple(groups),
        notes=(
            say(en_curves.COMPETING_NOTE, name(variant.exposure_levels[0]), _rows(own)),
            *_adjusted(results, outcome.outcome),
            say(
                en_curves.COMPETING_FITTED,
                _ties(results, outcome.outcome),
                Text((about.method,)),
            ),
            *cells.warnings_of(shown),
        ),
        sheet=f"Competing {outcome.outcome}"[:31],
    )


def _rows(own: VariantEstimates) -> Text:
    first, b = own.exposure_in_modifier[0].id, own.basis
    return say(
        en_curves.COMPETING_ROWS, counted(b.n_rows, first, "row"), counted(b.n_persons, first, "person"),
        counted(b.n_events, first, "event"),
    )  # fmt: skip


def _adjusted(results: Results, outcome: str) -> tuple[Text, ...]:
    found = (m for m in results.models if m.outcome == outcome and m.primary)
    return tuple(
        say(
            en_curves.COMPETING_ADJUSTED, name(m.model), name(m.adjustment.rstrip(".").replace(OVER_TIME, ""))
        )
        for m in found
    )


def _ties(results: Results, outcome: str) -> str:
    return next((m.ties.capitalize() for m in results.models if m.outcome == outcome), "")
