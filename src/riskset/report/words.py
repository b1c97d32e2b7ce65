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
from riskset.report.models import Outcome, exposure_level, modifier_level
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
    joined = [name(i) for i in items]
    if len(joined) < 2:
        return Markup("").join(joined)
    return say("{} and {}", Markup(", ").join(joined[:-1]), joined[-1])


def contrast(results: Results) -> Markup:
    """Say what is compared: "Magnesium < 2.4 mg/dL against ≥ 2.4 mg/dL"."""
    reference, *others = results.exposure_levels
    what = others[0] if len(others) == 1 else "each level"
    return say("{} {} against {}", name(results.exposure_label), name(what), name(reference))


def established(estimate: Estimate) -> bool:
    """Say whether the data speak against a ratio of 1 at the two-sided 5% level."""
    return estimate.p is not None and estimate.p < ALPHA


def lead(results: Results, outcomes: tuple[Outcome, ...]) -> Markup:
    """Answer the question over all outcomes in one or two sentences."""
    if not outcomes:
        return Markup("No model was fitted, so the question has no answer here.")
    tested = [o for o in outcomes if any(e.estimate is not None for e in o.primary.interaction)]
    differs = [o.label for o in tested if any(established(e) for e in o.primary.interaction)]
    open_ones = [o.label for o in tested if o.label not in differs]
    without = [o.label for o in outcomes if o not in tested]
    modifier, exposure = name(results.modifier_label), name(results.exposure_label)
    parts: list[Markup] = []
    if differs:
        parts.append(
            say(
                "For {}, the association of {} with the outcome differs by {} more than chance readily explains.",
                _names(differs),
                exposure,
                modifier,
            )
        )
    if open_ones:
        text = (
            "These data do not establish that the association of {} with {} differs by {}; nor do they "
            "establish that it is the same."
        )
        parts.append(say(text, exposure, _names(open_ones), modifier))
    if without:
        parts.append(say("For {}, the ratio could not be estimated.", _names(without)))
    return Markup(" ").join(parts)


def basis(outcome: Outcome, rates: OutcomeRates | None, results: Results) -> Markup:
    """Say what an outcome rests on: events, persons, person-years, rate."""
    if rates is None:
        b = outcome.primary.basis
        return say("{} in {}.", fmt.plural(b.n_events, "event"), fmt.plural(b.n_persons, "person"))
    b, decimals = rates.total.basis, fmt.decimals_for(rates.total.estimate)
    text = fmt.with_interval(rates.total.estimate, rates.total.lower, rates.total.upper, decimals)
    kept = outcome.primary.basis.n_events
    entered = (
        Markup("") if kept == b.n_events else say("; {} of the events enter the models", fmt.count(kept))
    )
    return say(
        "{} in {} over {} person-years ({} {}){}.",
        fmt.plural(b.n_events, "event"),
        fmt.plural(b.n_persons, "person"),
        fmt.fixed(b.person_years, 0),
        number(text, rates.total.id),
        results.time_unit,
        entered,
    )


def ratio_phrase(e: Estimate) -> Markup:
    """Print a ratio in a sentence: "0.43 (95% CI 0.15–1.26; P = 0.124)"."""
    text = f"{fmt.ratio(e.estimate)} ({fmt.level_percent(e.level)} CI {fmt.ratio_limits(e.lower, e.upper)}; {fmt.p_phrase(e.p)})"
    return number(text, e.id)


def reading(outcome: Outcome, results: Results) -> tuple[Markup, ...]:
    """Read one outcome's interaction: a sentence per ratio, then what the reader must keep in mind."""
    model = outcome.primary
    naive = results.modifier_levels[0]
    out = [_ratio_sentence(e, modifier_level(e, results), naive, results) for e in model.interaction]
    joint = model.interaction_joint
    if joint is not None and joint.estimate is not None:
        text = f"χ² {fmt.fixed(joint.estimate, 2)} on {joint.unit.removeprefix('chi-square on ')}, {fmt.p_phrase(joint.p)}"
        out.append(say("All levels of {} jointly: {}.", name(results.modifier_label), number(text, joint.id)))
    if _tempting(model):
        out.append(
            Markup(
                "An interval that leaves out 1 in one group and not in another is no evidence that the groups "
                "differ; the ratio is the test of that."
            )
        )
    return tuple(out)


def _ratio_sentence(e: Estimate, level: str, naive: str, results: Results) -> Markup:
    exposure = name(results.exposure_label)
    several = (
        say(" ({} {})", exposure, name(exposure_level(e, results)))
        if len(results.exposure_levels) > 2
        else Markup("")
    )
    if e.estimate is None:
        why = "; ".join(w.rstrip(".") for w in e.warnings) or "no reason recorded"
        return say(
            "{} against {}{}: the ratio is not estimable ({}).", name(level), name(naive), several, why
        )
    told = say(
        "{} against {}{}: ratio of hazard ratios {}. ", name(level), name(naive), several, ratio_phrase(e)
    )
    if e.p is None:
        return told + Markup("Without a P value no statement on a difference is made.")
    if established(e):
        side = "lower" if e.estimate < 1 else "higher"
        return told + say(
            "The hazard ratio for {} is {} for {} than for {} by more than chance readily explains.",
            exposure,
            side,
            name(level),
            name(naive),
        )
    return told + say(
        "The data are compatible with ratios from {}; they establish neither a difference nor its absence.",
        _range(e),
    )


def _range(e: Estimate) -> str:
    low = "any value below" if e.lower is None else fmt.ratio(e.lower)
    return f"{low} to {'any higher value' if e.upper is None else fmt.ratio(e.upper)}"


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
                "Sparse: {} rests on {} events per coefficient ({}); its estimates may be far off and its intervals too narrow.",
                name(model.model),
                per,
                counts,
            )
        )
    else:
        out.append(say("{} rests on {} events per coefficient ({}).", name(model.model), per, counts))
    for d in model.detectable:
        level = modifier_level(d, results)
        text = f"{fmt.ratio(d.lower)} or above {fmt.ratio(d.upper)}"
        out.append(
            say(
                "{}: with this precision, a true ratio below {} would be detected with a power of 80%.",
                name(level),
                number(text, d.id),
            )
        )
    if model.status != "converged":
        out.append(say("{}: {}.", name(model.model), model.status))
    return tuple(out)


def curve_reading(curve: SplineCurve, results: Results, label: str) -> tuple[Markup, ...]:
    """Read a curve by its tests: "trend" needs the overall test, "linear" the nonlinearity test."""
    tests = {t.id.rpartition("[")[2].rstrip("]"): t for t in curve.tests}
    out: list[Markup] = []
    overall, bend = tests.get("overall"), tests.get("nonlinear")
    exposure, what = name(curve.label), name(label)
    if overall is not None and overall.p is not None:
        shown = number(fmt.p_phrase(overall.p), overall.id)
        if not established(overall):
            text = (
                "Over its whole range, the data do not establish an association of {} with {} (overall {})."
            )
            out.append(say(text, exposure, what, shown))
        else:
            text = "{} is associated with {} over its range (overall {})"
            sentence = say(text, exposure, what, shown)
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
        out.append(say(text, name(results.modifier_label), number(fmt.p_phrase(differ.p), differ.id)))
    return tuple(out)


def card_caption(outcome: Outcome, results: Results) -> Markup:
    """Say what the bars of a card show."""
    return say(
        "Hazard ratio of {}, {}, by {}",
        contrast(results),
        name(outcome.primary.model),
        name(results.modifier_label),
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
    n = f"{len(outcomes)} outcomes are examined; " if len(outcomes) > 1 else ""
    text = (
        "All are associations in observed patients, adjusted for what the plan names and for nothing else. "
        "{}P values are not adjusted for the number of comparisons."
    )
    out.append(say(text, n))
    if not results.exposure_rationale:
        out.append(Markup("The cut-point is exploratory: the plan gives no rationale for it."))
    return tuple(out)
