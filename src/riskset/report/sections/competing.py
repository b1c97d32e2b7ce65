"""Competing events: cause-specific hazards and those of the subdistribution, of one model on the same rows."""

from __future__ import annotations

from riskset.report import cells
from riskset.report.document import Group, Line, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import levels
from riskset.report.phrases import counted, inside, listing, name, say
from riskset.study.counted_competing import competing_id
from riskset.study.ids import slug
from riskset.study.results import Results
from riskset.study.results_competing import Subdistribution
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates, VariantOutcome

READING = (
    "A cause-specific hazard is the rate of an event among those who have had none; a ratio of subdistribution hazards "
    "orders the cumulative incidences, and is no ratio of rates. They differ where what is compared goes with the "
    "competing event. Both are of the same model on the same rows here, with values as at entry: after a competing event a "
    "value that changes does not exist."
)


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
    return Section("competing", Text(("Competing events",)), (Paragraph(Text((READING,))), *blocks))


def _ends(
    variant: SensitivityVariant, outcome: VariantOutcome, own: VariantEstimates, about: Subdistribution
) -> Paragraph:
    first = own.exposure_in_modifier[0]
    told = say(
        "{}: {}, {} ({}), {} censored; {}.",
        name(variant.label),
        counted(own.basis.n_events, first.id, "event"),
        counted(about.n_competing, competing_id(variant, outcome, "competing"), "competing event"),
        listing(inside(c) for c in about.competing),
        counted(about.n_censored, competing_id(variant, outcome, "censored"), "person"),
        "entry and censoring weighted" if about.delayed_entry else "censoring weighted",
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
                cells.ratio(apart.get(key), "cause-specific HR"),
                cells.p_value(apart.get(key)),
                cells.ratio(e, "subdistribution HR"),
                cells.p_value(e),
            )
            for key, e in within.items()
            if key[1] == m
        ]
        groups.append(Rows(tuple(lines), heading=name(m)))
    ratios: list[Line] = [
        (
            cells.row(say("{}, {}", *(name(level) for level in levels(e))), indent=True),
            cells.ratio(c, "ratio of cause-specific HR"),
            cells.p_value(c),
            cells.ratio(e, "ratio of subdistribution HR"),
            cells.p_value(e),
        )
        for c, e in zip(about.cause_specific_interaction, own.interaction, strict=True)
    ]
    if ratios:
        groups.append(Rows(tuple(ratios), heading=Text(("Ratio of hazard ratios",))))
    shown = [*own.exposure_in_modifier, *about.cause_specific, *own.interaction]
    return Table(
        id=f"competing-{variant.slug}-{slug(outcome.outcome)}",
        caption=say(
            "{}, {}: hazard ratios of {}, cause-specific and of the subdistribution",
            name(outcome.label),
            name(variant.label),
            inside(results.exposure_label),
        ),
        head=(
            (
                cells.col(name(results.exposure_label), numeric=False),
                cells.col("Cause-specific HR (95% CI)"),
                cells.col("P"),
                cells.col("Subdistribution HR (95% CI)"),
                cells.col("P"),
            ),
        ),
        groups=tuple(groups),
        notes=(
            say(
                "{}, reference {}. {}.",
                name(variant.model),
                name(variant.exposure_levels[0]),
                Text((about.method,)),
            ),
            *cells.warnings_of(shown),
        ),
        sheet=f"Competing {outcome.outcome}"[:31],
    )
