"""What the plan settled, in words: the facts from which a methods section is written.

Each line says what was done, in the order of a methods section, and only what the plan or the software fixes;
nothing here depends on the data.
"""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.plan import Drug, Measure, Outcome, StudyPlan
from riskset.study.results import AuditLine
from riskset.study.wording import adjustment_in_words, inside

_SAME_DAY = {
    "mean": "several values at one time are averaged",
    "first": "of several values of one day the first by its time of day counts (the mean of those that share it)",
    "last": "of several values of one day the last by its time of day counts (the mean of those that share it)",
    "min": "of several values at one time the lowest counts",
    "max": "of several values at one time the highest counts",
}
_MISSING_STOP = {
    "reject": "a prescription without a last day is a reject",
    "ongoing": "a prescription without a last day goes on to the end of follow-up",
    "same day": "a prescription without a last day is one day of use",
}


def methods(plan: StudyPlan) -> tuple[AuditLine, ...]:
    """List the plan's facts, in reading order."""
    return tuple(AuditLine(topic=topic, text=f"{text[0].upper()}{text[1:]}.") for topic, text in _lines(plan))


def _lines(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    yield "Cohort", _cohort(plan)
    for rule in plan.cohort.require:
        yield "Eligibility", f"{rule.label} ({rule.keep})"
    yield "Follow-up", _follow_up(plan)
    yield "Time", _time(plan)
    for name, outcome in plan.outcomes.items():
        yield "Outcomes", _outcome(plan, name, outcome)
    exposure = plan.exposure
    measure = plan.measures[exposure.measure]
    yield "Exposure", f"{_measure(measure)}; {_groups(plan)}"
    modifier = plan.drugs[plan.modifier.drug]
    yield "Modifier", f"{_drug(plan, modifier)}; {_levels(plan)}"
    for name, other in plan.measures.items():
        if name != exposure.measure:
            yield "Other measures", _measure(other)
    for name, drug in plan.drugs.items():
        if name != plan.modifier.drug:
            yield "Other drugs", _drug(plan, drug)
    for name, model in plan.models.items():
        adjustment = adjustment_in_words(plan, model.adjust)
        more = "; ".join(
            f"for {inside(plan.outcomes[o].label)} also {adjustment_in_words(plan, terms)}"
            for o, terms in model.extra.items()
        )
        primary = ", the primary model" if name == plan.primary_model and len(plan.models) > 1 else ""
        yield "Models", f"{name}{primary}: adjusted for {adjustment}{'; ' + more if more else ''}"
    yield "Fitting", _fitting(plan)
    yield (
        "Missing values",
        (
            "person-time in which a value is not known stays in the rates, as rows of its own, and leaves the models; "
            "all models of an outcome use the rows that are complete for every one of them"
        ),
    )
    yield (
        "Interaction",
        (
            "each model holds exposure x modifier; hazard ratios are given within each level of the other, and the "
            "test of a difference is the ratio of hazard ratios, with its likelihood-ratio test and "
            "profile-likelihood interval"
        ),
    )
    yield (
        "Curves",
        (
            f"the exposure as a restricted cubic spline with {exposure.curve.knots} knots, in interaction with the "
            "modifier, in the primary model; knots at quantiles of one value per person, the first of the fitted rows"
        ),
    )
    yield "Rates", "events per person-time with exact Poisson limits (Garwood)"
    yield (
        "Not done",
        (
            "sensitivity analyses, multiple imputation, marginal structural models and cumulative incidence are not "
            "part of this version"
        ),
    )


def _cohort(plan: StudyPlan) -> str:
    cohort = plan.cohort
    text = f"persons of the table {cohort.from_}"
    if cohort.join:
        text += f", joined with {', '.join(cohort.join)}"
    if cohort.where:
        text += f", where {cohort.where}"
    if cohort.take == "first":
        text += f", the first row of each person by {cohort.index}"
    if plan.data.observed is not None:
        first, last = plan.data.observed
        text += f"; records exist from {first} to {last}"
    return text


def _follow_up(plan: StudyPlan) -> str:
    cohort = plan.cohort
    ends = [end.time for end in cohort.end]
    if cohort.max_followup is not None:
        ends.append(f"{cohort.max_followup} after index")
    text = f"from {cohort.index} (day 0) to {ends[0] if len(ends) == 1 else 'the earliest of ' + ', '.join(ends)}"
    return text + ", and for each outcome to its first event or a competing one"


def _time(plan: StudyPlan) -> str:
    if plan.data.clock == "day":
        return "in whole days from index; episodes are (entry, exit]; a year is 365.25 days"
    return (
        "in days from index, to the second; a date without a time means the end of that day; episodes are "
        "(entry, exit]; a year is 365.25 days"
    )


def _outcome(plan: StudyPlan, name: str, outcome: Outcome) -> str:
    if outcome.end_reason is not None:
        text = f"follow-up that ends by {outcome.end_reason}"
        if outcome.table:
            rows = f" where {outcome.where}" if outcome.where else ""
            text += f", or a row of {outcome.table}{rows}; where both are known they must agree"
    elif outcome.first_known:
        sources = [f"{s.table}.{s.time}" for s in outcome.first_known]
        text = f"the date of the first source that knows it, in the order {', '.join(sources)}"
    else:
        text = f"the first row of {outcome.table} after index{f' where {outcome.where}' if outcome.where else ''}"
    if outcome.competing:
        text += f"; competing: {', '.join(plan.outcomes[c].label for c in outcome.competing)}"
    return f"{outcome.label}: {text}"


def _measure(measure: Measure) -> str:
    unit = f" ({measure.unit})" if measure.unit else ""
    last = "value at index, frozen" if measure.use == "baseline" else "last value"
    held = (
        f"in force for at most {measure.carry_forward}"
        if measure.carry_forward
        else "in force until the next"
    )
    lag = "" if measure.lag.startswith("0 ") else f", from {measure.lag} after its date"
    return f"{measure.label}{unit}: {last}, {held}{lag}; {_SAME_DAY[measure.same_day]}"


def _groups(plan: StudyPlan) -> str:
    groups = plan.exposure.groups
    other = next(label for label in groups.labels if label != groups.reference)
    why = plan.exposure.rationale or "none given, so the cut-point is exploratory"
    return f"{other} against {groups.reference}; reason for the cut-point: {why}"


def _drug(plan: StudyPlan, drug: Drug) -> str:
    stop = plan.tables[drug.table].missing_stop
    grace = "" if drug.grace.startswith("0 ") else f" plus {drug.grace}, after any prescription"
    where = f"; use is recorded for {drug.observed}" if drug.observed else ""
    ends = _MISSING_STOP.get(stop, f"a prescription without a last day ends after {stop}")
    if drug.state == "ever":
        return f"{drug.label}: from the first prescription on; never used before that{where}"
    return f"{drug.label}: a prescription counts from its first day to its last{grace}; {ends}{where}"


def _levels(plan: StudyPlan) -> str:
    levels = [f"{name} = {' or '.join(states)}" for name, states in plan.modifier.levels.items()]
    return f"{', '.join(levels)}, as use changes over time; reference: {next(iter(plan.modifier.levels))}"


def _fitting(plan: StudyPlan) -> str:
    ties = {"efron": "Efron", "breslow": "Breslow"}[plan.analysis.ties]
    return (
        f"Cox models of the cause-specific hazard on (entry, exit] rows, tied events by {ties}'s approximation, "
        "model-based variance; time since index"
    )
