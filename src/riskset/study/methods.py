"""What the plan settled, in words: the facts from which a methods section is written.

Each line says what was done, in the order of a methods section, and only what the plan or the software fixes;
nothing here depends on the data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from riskset.study.plan import Drug, Measure, Outcome, Split, State, StudyPlan
from riskset.study.plan_cohort import History, Washout
from riskset.study.plan_question import Groups
from riskset.study.plan_read import variants
from riskset.study.results import AuditLine
from riskset.study.wording import adjustment_in_words, entry_of, inside, listing

_SAME_DAY = {
    "mean": "several values at one time are averaged",
    "first": "of several values of one day the first by its time of day counts (the mean of those that share it)",
    "last": "of several values of one day the last by its time of day counts (the mean of those that share it)",
    "min": "of several values at one time the lowest counts",
    "max": "of several values at one time the highest counts",
}
_USES = {
    "last": "last value",
    "baseline": "value at index, frozen",
    "cumulative mean": "mean of all values so far",
    "change from baseline": "change of the last value from that at index",
}
_SUMMARIES = {
    "drug": "the drug of the class that is used, ",
    "cumulative days": "days of use so far, ",
    "days since start": "days since the first use, ",
    "dose": "dose in force, ",
}
_MISSING_STOP = {
    "reject": "a prescription without a last day is a reject",
    "ongoing": "a prescription without a last day goes on to the end of follow-up",
    "same day": "a prescription without a last day is one day of use",
}


def methods(plan: StudyPlan) -> tuple[AuditLine, ...]:
    """List the plan's facts, in reading order."""
    return _said(_lines(plan))


def question_methods(plan: StudyPlan) -> tuple[AuditLine, ...]:
    """List what a plan settles of its question alone: exposure, modifier, models, curves."""
    return _said((*_asked(plan), *_models(plan), ("Curves", _curve(plan))))


def _said(lines: Iterable[tuple[str, str]]) -> tuple[AuditLine, ...]:
    return tuple(AuditLine(topic=topic, text=f"{text[0].upper()}{text[1:]}.") for topic, text in lines)


def _lines(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    yield "Cohort", _cohort(plan)
    for washout in plan.cohort.washout:
        covered = f"; records must cover the {washout.within} before index"
        yield "Eligibility", f"{washout.label} (no {_lookback(plan, washout)}{covered})"
    for entry in plan.cohort.history:
        yield "Eligibility", f"{entry.label} ({'a' if entry.present else 'no'} {_lookback(plan, entry)})"
    for rule in plan.cohort.require:
        yield "Eligibility", f"{rule.label} ({rule.keep})"
    yield "Follow-up", _follow_up(plan)
    yield "Time", _time(plan)
    for name, outcome in plan.outcomes.items():
        yield "Outcomes", _outcome(plan, name, outcome)
    exposure = plan.exposure
    yield from _asked(plan)
    for name, other in plan.measures.items():
        if name not in (exposure.measure, plan.modifier.name):
            yield "Other measures", _measure(other)
    for name, drug in plan.drugs.items():
        if name != plan.modifier.name:
            yield "Other drugs", _drug(plan, drug)
    for name, state in plan.states.items():
        if name != plan.modifier.name:
            yield "Other states", _state(plan, state)
    for split in plan.splits.values():
        yield "Bands of time", _split(plan, split)
    yield from _models(plan)
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
            "each model holds exposure × modifier; hazard ratios are given within each level of the other, and the "
            "test of a difference is the ratio of hazard ratios, with its likelihood-ratio test and "
            "profile-likelihood interval; RERI, AP and S, of the primary model and the others, from the hazard ratios of "
            "the joint cells"
        ),
    )
    yield "Curves", _curve(plan)
    yield "Rates", "events per person-time with exact Poisson limits (Garwood)"
    yield from _probabilities(plan)
    yield from _subgroups(plan)
    yield (
        "Diagnostics",
        (
            "score test of proportional hazards from scaled Schoenfeld residuals, a spline in place of each straight "
            "line, and the change of the coefficients when one person leaves, all of the primary model"
        ),
    )
    for name, entry in plan.questions.items():
        parts = [key for key in ("exposure", "modifier", "models") if getattr(entry, key) is not None]
        whom = listing(inside(plan.outcomes[o].label) for o in entry.outcomes or plan.outcomes)
        yield "Further questions", f"{name}: with {listing(parts)} of its own, for {whom}"
    if plan.questions:
        yield (
            "Family of tests",
            (
                "the test of interaction of the primary model, for each outcome of each question; its P is also given "
                "adjusted by Holm over all of them"
            ),
        )
    for override in (v.override for v in variants(plan)):
        if override.wrong is not None:
            text = "wrong on purpose, to be set beside the right one: use fixed at index from the whole follow-up"
        else:
            text = "; ".join(f"{c.key} = {c.after}" for c in override.changes)
        yield "Sensitivity analyses", f"{override.label} ({text})"
    yield "Not done", "multiple imputation and marginal structural models are not part of this version"


def _asked(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    measure, groups = plan.measures[plan.exposure.measure], _groups(plan.exposure.groups)
    yield "Exposure", f"{_measure(measure)}; {groups}; reason for the cut-point: {_reason(plan)}"
    yield "Modifier", _modifier(plan)


def _models(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    for name, model in plan.models.items():
        adjustment = adjustment_in_words(plan, model.adjust)
        more = "; ".join(
            f"for {inside(plan.outcomes[o].label)} also {adjustment_in_words(plan, terms)}"
            for o, terms in model.extra.items()
        )
        primary = ", the primary model" if name == plan.primary_model and len(plan.models) > 1 else ""
        yield "Models", f"{name}{primary}: adjusted for {adjustment}{'; ' + more if more else ''}"


def _curve(plan: StudyPlan) -> str:
    return (
        f"the exposure as a restricted cubic spline with {plan.exposure.curve.knots} knots, in interaction with the "
        "modifier, in the primary model; knots at quantiles of one value per person, the first of the fitted rows; "
        "pointwise limits and simultaneous bands"
    )


def _probabilities(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    alone = [inside(o.label) for o in plan.outcomes.values() if not o.competing and not o.recurrent]
    competing = [inside(o.label) for o in plan.outcomes.values() if o.competing and not o.recurrent]
    if alone:
        yield (
            "Survival",
            f"Kaplan–Meier for {listing(alone)}, from index, overall and by the modifier at index",
        )
    if competing:
        text = (
            f"Aalen–Johansen for {listing(competing)}, from index, overall and by the modifier at index, whose levels "
            "are compared by Gray's test"
        )
        yield "Cumulative incidence", text


def _subgroups(plan: StudyPlan) -> Iterator[tuple[str, str]]:
    for name, entry in plan.subgroups.items():
        cut = f", cut at {listing(f'{x:g}' for x in entry.cuts)}" if entry.cuts else ""
        why = f"reason: {entry.rationale}" if entry.rationale else "no reason given, so exploratory"
        by = inside(entry_of(plan, entry.by).label)
        yield "Subgroup analyses", f"{name}: the primary model in groups by {by} at index{cut}; {why}"
    if plan.subgroups:
        yield (
            "Subgroup analyses",
            (
                "all coefficients are free in each group, and a term that does not vary there is left out; whether groups "
                "differ is tested by Cochran's Q of their log hazard ratios, of all levels together by its Wald form"
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
        text += f", the first row of each person by {cohort.index.column}"
    if plan.data.observed is not None:
        first, last = plan.data.observed
        text += f"; records exist from {first} to {last}"
    return text


def _follow_up(plan: StudyPlan) -> str:
    cohort = plan.cohort
    ends = [end.time for end in cohort.end]
    if cohort.max_followup is not None:
        ends.append(f"{cohort.max_followup} after index")
    text = (
        f"from {_index(plan)} (day 0) to {ends[0] if len(ends) == 1 else f'the earliest of {listing(ends)}'}"
    )
    text += ", and for each outcome to its first event or a competing one"
    if cohort.exclude_first is not None:
        text += (
            f"; the first {cohort.exclude_first} count for nothing: who leaves or has the event in that time is not at "
            "risk, while values and states go on from index"
        )
    return text


def _index(plan: StudyPlan) -> str:
    index = plan.cohort.index
    if index.column is not None:
        return index.column
    if index.date is not None:
        return index.date
    if index.day is not None:
        return f"{index.day:g} days, as the tables count them"
    between = f" between {index.between[0]} and {index.between[1]}" if index.between is not None else ""
    if index.drug is not None:
        return f"the first prescription of {inside(plan.drugs[index.drug].label)}{between}"
    where = f" where {index.where}" if index.where else ""
    return f"the date of the first row of {index.table}{where}{between}"


def _lookback(plan: StudyPlan, entry: History | Washout) -> str:
    reach = f"in the {entry.within} before index" if entry.within else "at any time before index"
    if entry.drug is not None:
        what = f"prescription of {inside(plan.drugs[entry.drug].label)} that covers a day"
        return f"{what} {reach}"
    if entry.outcome is not None:
        return f"{inside(plan.outcomes[entry.outcome].label)} {reach}, the day of index included"
    where = f" where {entry.where}" if entry.where else ""
    return f"row of {entry.table}{where} {reach}, the day of index included"


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
    elif outcome.any_of:
        parts = listing((inside(plan.outcomes[part].label) for part in outcome.any_of), "or")
        text = f"the {'occurrence' if outcome.recurrent else 'first'} of {parts}"
    elif outcome.first_known:
        sources = [f"{s.table}.{s.time}" for s in outcome.first_known]
        text = f"the date of the first source that knows it, in the order {', '.join(sources)}"
    else:
        which = "every day with a row" if outcome.recurrent else "the first row"
        text = f"{which} of {outcome.table} after index{f' where {outcome.where}' if outcome.where else ''}"
    if outcome.recurrent:
        text += "; follow-up goes on after an event, and the variance is robust (Andersen-Gill)"
    if outcome.competing:
        text += f"; competing: {', '.join(plan.outcomes[c].label for c in outcome.competing)}"
    return f"{outcome.label}: {text}"


def _measure(measure: Measure) -> str:
    unit = f" ({measure.unit})" if measure.unit else ""
    last = _USES.get(measure.use, f"mean of the values of {measure.window}")
    held = (
        f"in force for at most {measure.carry_forward}"
        if measure.carry_forward
        else "in force until the next"
    )
    lag = "" if measure.lag.startswith("0 ") else f", from {measure.lag} after its date"
    return f"{measure.label}{unit}: {last}, {held}{lag}; {_SAME_DAY[measure.same_day]}"


def _groups(groups: Groups) -> str:
    other = listing((label for label in groups.labels if label != groups.reference), "or")
    if groups.quantiles is not None:
        other += f" (cut at {groups.quantiles - 1} quantiles of the values at index)"
    return f"{other} against {groups.reference}"


def _reason(plan: StudyPlan) -> str:
    return plan.exposure.rationale or "none given, so the cut-point is exploratory"


def _drug(plan: StudyPlan, drug: Drug) -> str:
    stop = plan.tables[drug.table].missing_stop
    grace = "" if drug.grace.startswith("0 ") else f" plus {drug.grace}, after any prescription"
    where = f"; use is recorded for {drug.observed}" if drug.observed else ""
    ends = _MISSING_STOP.get(stop, f"a prescription without a last day ends after {stop}")
    frozen = "; as at index, frozen" if drug.use == "baseline" else ""
    if drug.state == "ever":
        return f"{drug.label}: from the first prescription on; never used before that{where}{frozen}"
    last = "its last"
    if drug.days_supply is not None:
        last = f"the end of its supply ({drug.days_supply})"
        last += ", a supply beginning when the one before is used up" if drug.stockpile else ""
    kind = _SUMMARIES.get(drug.state, "")
    return f"{drug.label}: {kind}a prescription counts from its first day to {last}{grace}; {ends}{where}{frozen}"


def _state(plan: StudyPlan, state: State) -> str:
    if state.after is not None:
        event = inside(plan.outcomes[state.after].label)
    else:
        event = f"the first row of {state.table}{f' where {state.where}' if state.where else ''}"
    if state.count:
        return f"{state.label}: number of days with {event} so far, before index included"
    return (
        f"{state.label}: {state.levels[1]} after {event}, before index included; {state.levels[0]} until then"
    )


def _split(plan: StudyPlan, split: Split) -> str:
    scale = "time since index"
    if split.since is not None:
        scale = split.since if split.since == "calendar" else inside(plan.baseline[split.since].label)
    if split.every is not None:
        return f"{split.label}: follow-up is cut every {split.every}, by {scale}"
    return (
        f"{split.label}: follow-up is cut at {listing(f'{x:g}' for x in split.at)} {split.unit}, by {scale}"
    )


def _modifier(plan: StudyPlan) -> str:
    name = plan.modifier.name
    if plan.modifier.groups is not None:
        moving = "" if plan.measures[name].use == "baseline" else ", as it changes over time"
        return f"{_measure(plan.measures[name])}; {_groups(plan.modifier.groups)}{moving}"
    if plan.modifier.drug is not None:
        said = _drug(plan, plan.drugs[name])
    elif plan.modifier.state is not None:
        said = _state(plan, plan.states[name])
    else:
        said = f"{plan.baseline[name].label}, fixed at index"
    return f"{said}; {_levels(plan)}"


def _levels(plan: StudyPlan) -> str:
    levels = [f"{name} = {' or '.join(states)}" for name, states in plan.modifier.levels.items()]
    moving = {"drug": ", as use changes over time", "state": ", as the state changes over time"}
    kind = "drug" if plan.modifier.drug is not None else "state" if plan.modifier.state is not None else ""
    if kind == "drug" and plan.drugs[plan.modifier.name].use == "baseline":
        kind = ""
    return f"{', '.join(levels)}{moving.get(kind, '')}; reference: {next(iter(plan.modifier.levels))}"


def _fitting(plan: StudyPlan) -> str:
    ties = {"efron": "Efron", "breslow": "Breslow"}[plan.analysis.ties]
    return (
        f"Cox models of the cause-specific hazard on (entry, exit] rows, tied events by {ties}'s approximation, "
        f"model-based variance; {_time_scale(plan)}"
    )


def _time_scale(plan: StudyPlan) -> str:
    scale = plan.cohort.time_scale
    if scale == "study":
        return "time since index"
    what = "calendar time" if scale == "calendar" else inside(plan.baseline[scale].label)
    return f"the time scale is {what}, with delayed entry at index"
