"""The interaction: whether the association differs over the modifier, told by the ratio of hazard ratios alone.

The rules: an answer is the ratio with its interval and P value, never a comparison of one group's P value with
another's; an interval that holds 1 is no evidence of equality; sparse models carry their events per coefficient.
"""

from __future__ import annotations

from riskset.report import formats as fmt
from riskset.report.document import Text
from riskset.report.outcomes import Outcome, exposure_level, modifier_level
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
from riskset.study.counted import model_id
from riskset.study.results import Estimate, ModelResult, Results

EVENTS_PER_COEFFICIENT = 10
"""Below this, estimates and intervals of Cox models grow unreliable (Peduzzi 1995, J Clin Epidemiol 48:1503)."""


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
        out.append(say("Ratio of hazard ratios: {}.", told))
        out.extend(_claims(model, results))
    joint = model.interaction_joint
    if joint is not None and joint.estimate is not None:
        df = joint.unit.removeprefix("chi-square on ")
        shown = number(f"χ² {fmt.fixed(joint.estimate, 2)} on {df}, {fmt.p_phrase(joint.p)}", joint.id)
        text = "All levels of {} jointly: {}."
        single = any(established(e) for e in model.interaction)
        if single and not established(joint):
            text = "All levels of {} jointly: {}; together they do not establish a difference."
        elif established(joint) and not single:
            text = "All levels of {} jointly: {}; together they differ more than chance readily explains."
        out.append(say(text, inside(results.modifier_label), shown))
    if _tempting(model):
        text = (
            "An interval that leaves out 1 in one group and not in another is no evidence that the groups "
            "differ; the ratio is the test of that."
        )
        out.append(Text((text,)))
    return tuple(out)


def _pair(e: Estimate, results: Results) -> Text:
    """Name the two levels that a ratio compares, and the exposure's level where it has several."""
    several = len(results.exposure_levels) > 2
    at = Text()
    if several:
        at = say(" ({} {})", inside(results.exposure_label), name(exposure_level(e, results)))
    return say("{} against {}{}", name(modifier_level(e, results)), name(results.modifier_levels[0]), at)


def _told(e: Estimate, results: Results) -> Text:
    if e.estimate is None:
        why = "; ".join(w.rstrip(".").removeprefix("not estimable: ") for w in e.warnings)
        reason = say(" ({})", name(why)) if why else Text()
        return say("not estimable for {}{}", _pair(e, results), reason)
    return say("{} for {}", ratio_phrase(e), _pair(e, results))


def _claims(model: ModelResult, results: Results) -> list[Text]:
    """Claim a difference for each ratio that establishes one, and neither that nor its absence for the rest."""
    known = [e for e in model.interaction if e.estimate is not None and e.p is not None]
    naive = name(results.modifier_levels[0])
    out: list[Text] = []
    for e in known:
        if established(e):
            text = "The hazard ratio for {} is {} for {} than for {}, by more than chance readily explains."
            side = "lower" if e.estimate is not None and e.estimate < 1 else "higher"
            level = name(modifier_level(e, results))
            out.append(say(text, inside(results.exposure_label), side, level, naive))
    left = [e for e in known if not established(e)]
    if len(left) == 1:
        text = (
            "The data establish neither a difference between {} and {} nor its absence: they are compatible "
            "with {}."
        )
        out.append(say(text, name(modifier_level(left[0], results)), naive, _compatible(left[0])))
    elif left:
        text = (
            "For {}, the data establish neither a difference from {} nor its absence: they are compatible "
            "with any ratio inside these intervals."
        )
        levels = dict.fromkeys(modifier_level(e, results) for e in left)
        out.append(say(text, listing(inside(v) for v in levels), naive))
    return out


def _compatible(e: Estimate) -> Text:
    if e.lower is None and e.upper is None:
        return Text(("any ratio",))
    if e.lower is None:
        return say("any ratio up to {}", number(fmt.ratio(e.upper), e.id))
    if e.upper is None:
        return say("any ratio from {} upwards", number(fmt.ratio(e.lower), e.id))
    return say("any ratio from {} to {}", number(fmt.ratio(e.lower), e.id), number(fmt.ratio(e.upper), e.id))


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
        number(fmt.fixed(model.events_per_parameter, 1), model_id(model, "events_per_parameter")),
        counted(model.basis.n_events, model_id(model, "events"), "event"),
        counted(model.parameters, model_id(model, "parameters"), "coefficient"),
    )
    if model.events_per_parameter < EVENTS_PER_COEFFICIENT:
        text = (
            "Sparse: {} rests on {} events per coefficient ({}, {}); its estimates may be far off and its intervals "
            "too narrow."
        )
        out.append(say(text, *bare))
    else:
        out.append(say("{} rests on {} events per coefficient ({}, {}).", *bare))
    if model.detectable:
        spans = [
            say(
                "{} or {} ({})",
                number(f"below {fmt.ratio(below.estimate)}", below.id),
                number(f"above {fmt.ratio(above.estimate)}", above.id),
                name(modifier_level(below, results)),
            )
            for below, above in zip(model.detectable[::2], model.detectable[1::2], strict=True)
        ]
        text = "At this precision a difference would be found with a power of 80% if the true ratio were {}."
        out.append(say(text, join(spans, "; ")))
    if model.status != "converged":
        out.append(say("{}: {}.", name(model.model), model.status))
    return tuple(out)
