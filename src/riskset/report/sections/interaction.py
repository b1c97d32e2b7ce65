"""The interaction: whether the association differs over the modifier, told by the ratio of hazard ratios alone.

The rules: an answer is the ratio with its interval and P value, never a comparison of one group's P value with
another's; an interval that holds 1 is no evidence of equality; sparse models carry their events per coefficient.
"""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Block, Cell, Group, Line, Paragraph, Rows, Section, Table, Text
from riskset.report.outcomes import (
    Outcome,
    contrast,
    exposure_level,
    levels,
    modifier_level,
    outcomes_of,
)
from riskset.report.phrases import (
    counted,
    established,
    inside,
    join,
    listing,
    name,
    number,
    ratio_phrase,
    say,
)
from riskset.report.sections.notes import model_notes, on_the_path
from riskset.report.texts import en
from riskset.study.counted import model_id
from riskset.study.results import Estimate, ModelResult, Results

EVENTS_PER_COEFFICIENT = 10
"""Below this, estimates and intervals of Cox models grow unreliable (Peduzzi 1995, J Clin Epidemiol 48:1503)."""


def section(results: Results) -> Section | None:
    """Set the ratios of all outcomes beside what could have been found, and what an abstract could say of them."""
    outcomes = tuple(o for o in outcomes_of(results) if o.primary.interaction)
    if not outcomes:
        return None
    blocks: list[Block] = [_table(outcomes, results)]
    said = Group(
        "interaction-abstract",
        Text((en.WHAT_AN_ABSTRACT_OF_THESE,)),
        tuple(Paragraph(abstract(o, results)) for o in outcomes),
    )
    blocks.append(said)
    if results.published:
        text = en.AN_ABSTRACT_THAT_NAMES_AN
        blocks.append(Paragraph(Text((text,))))
    return Section("interaction", Text((en.INTERACTION,)), tuple(blocks))


def _table(outcomes: tuple[Outcome, ...], results: Results) -> Table:
    groups: list[Rows] = []
    for o in outcomes:
        model = o.primary
        bounds = {(side, levels(d)): d for d in model.detectable for side in _sides(d)}
        lines = [_line(e, bounds, results) for e in model.interaction]
        joint = model.interaction_joint
        if joint is not None:
            lines.append(
                (
                    cells.row(en.ALL_LEVELS_JOINTLY, indent=True),
                    cells.chi_square(joint),
                    cells.p_value(joint),
                    cells.DASH,
                    cells.DASH,
                )
            )
        groups.append(Rows(tuple(lines), heading=say("{}, {}", name(o.label), name(model.model))))
    methods = dict.fromkeys(
        e.method for o in outcomes for e in o.primary.interaction if e.estimate is not None
    )
    notes = [
        say(
            en.RATIO_OF_THE_HAZARD_RATIOS,
            inside(contrast(results)),
            inside(results.modifier_label),
            name(results.modifier_levels[0]),
        ),
        *model_notes([o.primary for o in outcomes], [o.label for o in outcomes]),
    ]
    if methods:
        notes.append(say(en.INTERVALS_AND_P, listing(methods)))
    notes += cells.warnings_of(e for o in outcomes for e in o.primary.interaction)
    return Table(
        id="interaction-ratios",
        caption=say(
            en.DOES_THE_ASSOCIATION_WITH_DIFFER,
            inside(results.exposure_label),
            inside(results.modifier_label),
        ),
        head=(
            (
                cells.col(name(results.modifier_label), numeric=False),
                cells.col(en.RATIO_OF_HR_95PERCENT_CI),
                cells.col(en.P),
                cells.col(en.FOUND_IF_BELOW),
                cells.col(en.OR_ABOVE),
            ),
        ),
        groups=tuple(groups),
        notes=tuple(notes),
        sheet="Interaction",
    )


def _sides(e: Estimate) -> tuple[str, ...]:
    return tuple(side for side in ("below", "above") if f"/detectable_ratio_{side}" in e.id)


def _line(e: Estimate, bounds: dict[tuple[str, tuple[str, ...]], Estimate], results: Results) -> Line:
    several = len(results.exposure_levels) > 2
    level = name(modifier_level(e, results))
    title = say("{}: {}", level, name(exposure_level(e, results))) if several else level
    found = (bounds.get((side, levels(e))) for side in ("below", "above"))
    return (
        cells.row(title, indent=True),
        cells.ratio(e, en.RATIO_OF_HR),
        cells.p_value(e),
        *(_bound(b) for b in found),
    )


def _bound(e: Estimate | None) -> Cell:
    return cells.DASH if e is None else cells.fixed(e.estimate, 2, e.id, en.DETECTABLE_RATIO)


def abstract(outcome: Outcome, results: Results) -> Text:
    """Say of one outcome what its test supports, as an abstract could: every ratio with interval and P value."""
    model = outcome.primary
    strata = [
        say(en.FOR, ratio_phrase(e), name(_where(e, results)))
        for e in model.exposure_in_modifier
        if e.estimate is not None
    ]
    ratios = [
        say(en.FOR, ratio_phrase(e), _pair(e, results)) for e in model.interaction if e.estimate is not None
    ]
    if not ratios:
        return say(en.NO_RATIO_OF_HAZARD_RATIOS, name(outcome.label))
    text = say(
        en.THE_HAZARD_RATIO_OF_WAS,
        name(outcome.label),
        inside(contrast(results)),
        listing(strata),
        listing(ratios),
    )
    verdict = en.THE_ASSOCIATION_DIFFERS_BY_MORE if differs(model) else en.THE_DATA_DO_NOT_ESTABLISH
    text = text + say(verdict, inside(results.modifier_label))
    detectable = detectable_phrase(model, results)
    if detectable:
        text = text + say(
            en.WITH_A_DIFFERENCE_WOULD_BE,
            counted(model.basis.n_events, model_id(model, "events"), "event"),
            detectable,
        )
    return text


def _where(e: Estimate, results: Results) -> str:
    level = modifier_level(e, results)
    return f"{level} ({exposure_level(e, results)})" if len(results.exposure_levels) > 2 else level


def detectable_phrase(model: ModelResult, results: Results) -> Text:
    """Say which true ratios would be found with 80% power."""
    return join(
        (
            say(
                en.OR,
                number(f"below {fmt.ratio(below.estimate)}", below.id),
                number(f"above {fmt.ratio(above.estimate)}", above.id),
                name(modifier_level(below, results)),
            )
            for below, above in zip(model.detectable[::2], model.detectable[1::2], strict=True)
        ),
        "; ",
    )


def differs(model: ModelResult) -> bool:
    """Say whether the data establish that the association differs over the levels of the modifier.

    With more than two levels that is the joint test's question; a single ratio picked from several is not.
    """
    if model.claim is not None:
        return model.claim.allowed
    joint = model.interaction_joint
    if joint is not None and joint.p is not None:
        return established(joint)
    return any(established(e) for e in model.interaction)


def reading(outcome: Outcome, results: Results) -> tuple[Text, ...]:
    """Read one outcome's interaction: the ratios, what they establish, and what they do not."""
    model = outcome.primary
    out: list[Text] = []
    if model.interaction:
        told = join((_told(e, results) for e in model.interaction), "; ")
        out.append(say(en.RATIO_OF_HAZARD_RATIOS_2, told))
        out.extend(_claims(model, results))
    joint = model.interaction_joint
    if joint is not None and joint.estimate is not None:
        df = joint.unit.removeprefix("chi-square on ")
        shown = number(f"χ² {fmt.fixed(joint.estimate, 2)} on {df}, {fmt.p_phrase(joint.p)}", joint.id)
        text = en.ALL_LEVELS_OF_JOINTLY
        single = any(established(e) for e in model.interaction)
        if single and not established(joint):
            text = en.ALL_LEVELS_OF_JOINTLY_TOGETHER_THEY_DO
        elif established(joint) and not single:
            text = en.ALL_LEVELS_OF_JOINTLY_TOGETHER
        out.append(say(text, inside(results.modifier_label), shown))
    if _tempting(model):
        text = en.AN_INTERVAL_THAT_LEAVES_OUT
        out.append(Text((text,)))
    return tuple(out)


def _pair(e: Estimate, results: Results) -> Text:
    """Name the two levels that a ratio compares, and the exposure's level where it has several."""
    several = len(results.exposure_levels) > 2
    at = Text()
    if several:
        at = say(" ({} {})", inside(results.exposure_label), name(exposure_level(e, results)))
    return say(en.AGAINST_2, name(modifier_level(e, results)), name(results.modifier_levels[0]), at)


def _told(e: Estimate, results: Results) -> Text:
    if e.estimate is None:
        why = "; ".join(w.rstrip(".").removeprefix("not estimable: ") for w in e.warnings)
        reason = say(" ({})", name(why)) if why else Text()
        return say(en.NOT_ESTIMABLE_FOR, _pair(e, results), reason)
    return say(en.FOR, ratio_phrase(e), _pair(e, results))


def _claims(model: ModelResult, results: Results) -> list[Text]:
    """Claim a difference for each ratio that establishes one, and neither that nor its absence for the rest."""
    known = [e for e in model.interaction if e.estimate is not None and e.p is not None]
    naive = name(results.modifier_levels[0])
    out: list[Text] = []
    for e in known:
        if established(e):
            text = en.THE_HAZARD_RATIO_FOR_IS
            side = "lower" if e.estimate is not None and e.estimate < 1 else "higher"
            level = name(modifier_level(e, results))
            out.append(say(text, inside(results.exposure_label), side, level, naive))
    left = [e for e in known if not established(e)]
    if len(left) == 1:
        text = en.THE_DATA_ESTABLISH_NEITHER_A
        out.append(say(text, name(modifier_level(left[0], results)), naive, _compatible(left[0])))
    elif left:
        text = en.FOR_THE_DATA_ESTABLISH_NEITHER
        levels = dict.fromkeys(modifier_level(e, results) for e in left)
        out.append(say(text, listing(inside(v) for v in levels), naive))
    return out


def _compatible(e: Estimate) -> Text:
    if e.lower is None and e.upper is None:
        return Text((en.ANY_RATIO,))
    if e.lower is None:
        return say(en.ANY_RATIO_UP_TO, number(fmt.ratio(e.upper), e.id))
    if e.upper is None:
        return say(en.ANY_RATIO_FROM_UPWARDS, number(fmt.ratio(e.lower), e.id))
    return say(en.ANY_RATIO_FROM_TO, number(fmt.ratio(e.lower), e.id), number(fmt.ratio(e.upper), e.id))


def _tempting(model: ModelResult) -> bool:
    """Say whether the strata invite the fallacy: some intervals exclude 1, others not, the ratio does not."""
    strata = [established(e) for e in model.exposure_in_modifier if e.p is not None]
    return any(strata) and not all(strata) and not any(established(e) for e in model.interaction)


def cautions(outcome: Outcome, results: Results) -> tuple[Text, ...]:
    """Say how much the model can bear: events per coefficient, detectable ratio, its own warnings."""
    model = outcome.primary
    out: list[Text] = []
    bare = (
        name(model.model),
        number(fmt.known(model.events_per_parameter, 1), model_id(model, "events_per_coefficient")),
        counted(model.basis.n_events, model_id(model, "events"), "event"),
        counted(model.parameters, model_id(model, "parameters"), "coefficient"),
    )
    if model.events_per_parameter is not None and model.events_per_parameter < EVENTS_PER_COEFFICIENT:
        text = en.SPARSE_RESTS_ON_EVENTS_PER
        out.append(say(text, *bare))
    else:
        out.append(say(en.RESTS_ON_EVENTS_PER_COEFFICIENT, *bare))
    if model.detectable:
        text = en.AT_THIS_PRECISION_A_DIFFERENCE
        out.append(say(text, detectable_phrase(model, results)))
    path = on_the_path([model])
    if path:
        out.append(path)
    if model.status != "converged":
        out.append(say("{}: {}.", name(model.model), model.status))
    return tuple(out)
