"""Every sentence of the report, chosen by what the tests support.

The rules: an answer is the ratio of hazard ratios with its interval and P value, never a comparison of one
group's P value with another's; no "significant"; no verb that claims a cause; an interval that holds 1 is no
evidence of equality; sparse models carry their events per coefficient. Texts stand here and in the templates
and nowhere else, so that another language can stand beside them.
"""

from __future__ import annotations

from typing import LiteralString

from markupsafe import Markup

from riskset.report import formats as fmt
from riskset.report.clock import follow_up_clock
from riskset.report.models import Outcome, contrast, exposure_level, modifier_level
from riskset.report.people import rate_decimals
from riskset.study import wording
from riskset.study.results import Estimate, ModelResult, OutcomeRates, Results, SplineCurve

ALPHA = 0.05
"""The two-sided level at which sentences change; the number itself is always printed."""
EVENTS_PER_COEFFICIENT = 10
"""Below this, estimates and intervals of Cox models grow unreliable (Peduzzi 1995, J Clin Epidemiol 48:1503)."""


def say(sentence: LiteralString, *values: object) -> Markup:
    """Fill a sentence of our own with values, each escaped unless it is set in type already.

    Examples
    --------
    >>> str(say("{} & {}", "<b>", Markup("<i>x</i>")))
    '&lt;b&gt; & <i>x</i>'
    """
    return Markup(sentence).format(*values)  # noqa: S704 (only sentences written in the source get here)


def name(text: str) -> Markup:
    """Set a label of the plan, isolated so that a right-to-left name cannot turn the sentence round.

    Examples
    --------
    >>> str(name("<b> >= 2"))
    '<bdi>&lt;b&gt; ≥ 2</bdi>'
    """
    return say("<bdi>{}</bdi>", fmt.label(text))


def number(text: str, source: str) -> Markup:
    """Set a number of an estimate, with the estimate's id.

    Examples
    --------
    >>> str(number("0.59", "a/b/c[d]"))
    '<span class="n" data-estimate="a/b/c[d]">0.59</span>'
    """
    return Markup('<span class="n" data-estimate="{}">{}</span>').format(source, text)


def _names(items: list[str]) -> Markup:
    joined = [inside(i) for i in items]
    if len(joined) < 2:
        return Markup("").join(joined)
    return say("{} and {}", Markup(", ").join(joined[:-1]), joined[-1])


def inside(text: str) -> Markup:
    """Set a label of the plan within a sentence.

    Examples
    --------
    >>> str(inside("Death from any cause"))
    '<bdi>death from any cause</bdi>'
    """
    return name(wording.inside(text))


def established(estimate: Estimate) -> bool:
    """Say whether the data speak against equality (a ratio of 1) at the two-sided 5% level."""
    return estimate.p is not None and estimate.p < ALPHA


def differs(model: ModelResult) -> bool:
    """Say whether the data establish that the association differs over the levels of the modifier.

    With more than two levels that is the joint test's question; a single ratio picked from several is not.
    """
    joint = model.interaction_joint
    if joint is not None and joint.p is not None:
        return established(joint)
    return any(established(e) for e in model.interaction)


def lead(results: Results, outcomes: tuple[Outcome, ...]) -> Markup:
    """Answer the question over all outcomes in one or two sentences."""
    if not outcomes:
        return Markup("No model was fitted, so the question has no answer here.")
    tested = [o for o in outcomes if any(e.estimate is not None for e in o.primary.interaction)]
    different = [o.label for o in tested if differs(o.primary)]
    open_ones = [o.label for o in tested if not differs(o.primary)]
    without = [o.label for o in outcomes if o not in tested]
    modifier, exposure = inside(results.modifier_label), inside(results.exposure_label)
    parts: list[Markup] = []
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
    return Markup(" ").join(parts)


def basis(outcome: Outcome, rates: OutcomeRates | None, results: Results) -> Markup:
    """Say what an outcome rests on: events, persons, person-years, rate."""
    if rates is None:
        b = outcome.primary.basis
        return say("{} in {}.", fmt.plural(b.n_events, "event"), fmt.plural(b.n_persons, "person"))
    b, decimals = rates.total.basis, rate_decimals(results.rates)
    text = fmt.with_interval(rates.total.estimate, rates.total.lower, rates.total.upper, decimals)
    clock, kept = follow_up_clock(results), outcome.primary.basis.n_events
    entered = (
        Markup("") if kept == b.n_events else say("; {} of the events enter the models", fmt.count(kept))
    )
    return say(
        "{} in {} over {} {}, {} {}{}.",
        fmt.plural(b.n_events, "event"),
        fmt.plural(b.n_persons, "person"),
        fmt.fixed(clock.read(b.person_years), 0),
        clock.person,
        number(text, rates.total.id),
        results.time_unit,
        entered,
    )


def ratio_phrase(e: Estimate) -> Markup:
    """Print a ratio in a sentence, "0.43 (95% CI 0.15–1.26; P = 0.124)", that breaks before P if at all."""
    interval = (
        f"{fmt.ratio(e.estimate)} ({fmt.level_percent(e.level)} CI {fmt.ratio_limits(e.lower, e.upper)}"
    )
    if e.p is None:
        return number(f"{interval})", e.id)
    return say(
        '<span data-estimate="{}"><span class="n">{};</span> <span class="n">{})</span></span>',
        e.id,
        interval,
        fmt.p_phrase(e.p),
    )


def reading(outcome: Outcome, results: Results) -> tuple[Markup, ...]:
    """Read one outcome's interaction: the ratios, what they establish, and what they do not."""
    model = outcome.primary
    out: list[Markup] = []
    if model.interaction:
        told = Markup("; ").join(_told(e, results) for e in model.interaction)
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
        out.append(say(text))
    return tuple(out)


def _pair(e: Estimate, results: Results) -> Markup:
    """Name the two levels that a ratio compares, and the exposure's level where it has several."""
    several = len(results.exposure_levels) > 2
    at = say(" ({} {})", inside(results.exposure_label), name(exposure_level(e, results))) if several else ""
    return say("{} against {}{}", name(modifier_level(e, results)), name(results.modifier_levels[0]), at)


def _told(e: Estimate, results: Results) -> Markup:
    if e.estimate is None:
        why = "; ".join(w.rstrip(".").removeprefix("not estimable: ") for w in e.warnings)
        return say("not estimable for {}{}", _pair(e, results), f" ({fmt.label(why)})" if why else "")
    return say("{} for {}", ratio_phrase(e), _pair(e, results))


def _claims(model: ModelResult, results: Results) -> list[Markup]:
    """Claim a difference for each ratio that establishes one, and neither that nor its absence for the rest."""
    known = [e for e in model.interaction if e.estimate is not None and e.p is not None]
    naive = name(results.modifier_levels[0])
    out: list[Markup] = []
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
        out.append(say(text, _names(list(levels)), naive))
    return out


def _compatible(e: Estimate) -> str:
    if e.lower is None and e.upper is None:
        return "any ratio"
    if e.lower is None:
        return f"any ratio up to {fmt.ratio(e.upper)}"
    if e.upper is None:
        return f"any ratio from {fmt.ratio(e.lower)} upwards"
    return f"any ratio from {fmt.ratio(e.lower)} to {fmt.ratio(e.upper)}"


def _tempting(model: ModelResult) -> bool:
    """Say whether the strata invite the fallacy: some intervals exclude 1, others not, the ratio does not."""
    strata = [established(e) for e in model.exposure_in_modifier if e.p is not None]
    return any(strata) and not all(strata) and not any(established(e) for e in model.interaction)


def cautions(outcome: Outcome, results: Results) -> tuple[Markup, ...]:
    """Say how much the model can bear: events per coefficient, detectable ratio, its own warnings."""
    model = outcome.primary
    out: list[Markup] = []
    per = fmt.fixed(model.events_per_parameter, 1)
    counts = f"{fmt.plural(model.basis.n_events, 'event')}, {fmt.plural(model.parameters, 'coefficient')}"
    if model.events_per_parameter < EVENTS_PER_COEFFICIENT:
        out.append(
            say(
                "Sparse: {} rests on {} events per coefficient ({}); its estimates may be far off and its intervals "
                "too narrow.",
                name(model.model),
                per,
                counts,
            )
        )
    else:
        out.append(say("{} rests on {} events per coefficient ({}).", name(model.model), per, counts))
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
        out.append(say(text, Markup("; ").join(spans)))
    if model.status != "converged":
        out.append(say("{}: {}.", name(model.model), model.status))
    return tuple(out)


def curve_reading(curve: SplineCurve, results: Results, label: str) -> tuple[Markup, ...]:
    """Read a curve by its tests: "trend" needs the overall test, "linear" the nonlinearity test."""
    tests = {t.id.rpartition("[")[2].rstrip("]"): t for t in curve.tests}
    out: list[Markup] = []
    overall, bend = tests.get("overall"), tests.get("nonlinear")
    exposure, what = inside(curve.label), inside(label)
    if overall is not None and overall.p is not None:
        shown = number(fmt.p_phrase(overall.p), overall.id)
        if not established(overall):
            text = (
                "Over its whole range, the data do not establish an association of {} with {} (overall {})."
            )
            out.append(say(text, exposure, what, shown))
        else:
            text = "{} is associated with {} over its range (overall {})"
            sentence = say(text, name(curve.label), what, shown)
            if bend is not None and bend.p is not None:
                shape = (
                    "; the curve departs from a straight line on the log scale ({})"
                    if established(bend)
                    else "; the data do not speak against a straight line on the log scale (nonlinearity {})"
                )
                sentence += say(shape, number(fmt.p_phrase(bend.p), bend.id))
            out.append(sentence + ".")
    differ = tests.get("interaction")
    if differ is not None and differ.p is not None:
        text = (
            "The curves differ by {} more than chance readily explains (interaction {})."
            if established(differ)
            else "The data do not establish that the curves differ by {} (interaction {})."
        )
        out.append(say(text, inside(results.modifier_label), number(fmt.p_phrase(differ.p), differ.id)))
    return tuple(out)


def card_caption(outcome: Outcome, results: Results) -> Markup:
    """Say what the bars of a card show."""
    return say(
        "Hazard ratio of {}, {}, by {}",
        inside(contrast(results)),
        name(outcome.primary.model),
        inside(results.modifier_label),
    )


def terms(results: Results, outcomes: tuple[Outcome, ...]) -> tuple[Markup, ...]:
    """Say, once for all outcomes, how the numbers of the summary are to be read."""
    if not outcomes:
        return ()
    out = [
        Markup(
            "HR: hazard ratio; CI: confidence interval. The ratio of hazard ratios is the test of whether the "
            "association differs between the levels; 1 means that it is the same in both."
        )
    ]
    methods = dict.fromkeys(
        e.method for o in outcomes for e in o.primary.interaction if e.estimate is not None
    )
    if methods:
        out.append(say("Intervals and P values of the ratios: {}.", wording.listing(methods)))
    n = f"{len(outcomes)} outcomes are examined; " if len(outcomes) > 1 else ""
    text = (
        "All are associations in observed patients, adjusted for what the plan names and for nothing else. "
        "{}P values are not adjusted for the number of comparisons."
    )
    out.append(say(text, n))
    if not results.exposure_rationale and not any("exploratory" in w for w in results.warnings):
        out.append(Markup("The cut-point is exploratory: the plan gives no rationale for it."))
    return tuple(out)
