"""What stands under every table of models: rows, adjustment and when its values are from, ties, variance."""

from __future__ import annotations

from collections.abc import Sequence

from riskset.report.document import Text
from riskset.report.phrases import counted, join, listing, name, say
from riskset.study.counted import model_id
from riskset.study.results import ModelResult

OVER_TIME = " (over time)"
"""How an adjustment in words marks values that are those in force at each moment."""


def model_notes(models: Sequence[ModelResult], labels: Sequence[str] | None = None) -> tuple[Text, ...]:
    """Say what models rest on, what they are adjusted for and how they were fitted.

    Parameters
    ----------
    models : sequence of ModelResult
        Several models of one outcome, or with ``labels`` one model each of several outcomes.
    labels : sequence of str, optional
        The outcomes.

    Returns
    -------
    tuple of Text
        Rows, then adjustment, then ties and variance: always last.
    """
    if not models:
        return ()
    ties = listing(dict.fromkeys(m.ties.capitalize() for m in models))
    variance = listing(dict.fromkeys(m.variance for m in models))
    how = say(
        "Cox models with time-dependent covariates; HR: hazard ratio, CI: confidence interval. Ties: {}. Variance: {}.",
        ties,
        variance,
    )
    return tuple(n for n in (_rows(models, labels), _adjusted(models, labels), how) if n)


def on_the_path(models: Sequence[ModelResult]) -> Text:
    """Mark values that change after index: they may lie on the path; empty where there are none."""
    found: dict[str, list[Text]] = {}
    for m in models:
        moving = [
            p.removesuffix(OVER_TIME) for p in m.adjustment.rstrip(".").split("; ") if p.endswith(OVER_TIME)
        ]
        for part in moving:
            found.setdefault(part, []).append(name(m.model))
    each = [say("{} in {}", name(part), listing(dict.fromkeys(who))) for part, who in found.items()]
    if not each:
        return Text()
    return say(
        "Values after index ({}) may lie on the path from the exposure to the outcome; hazard ratios are conditional on them.",
        join(each, "; "),
    )


def _rows(models: Sequence[ModelResult], labels: Sequence[str] | None) -> Text:
    if labels is None and len({(m.basis.n_rows, m.basis.n_events) for m in models}) == 1:
        who = "The model rests on" if len(models) == 1 else "All models rest on the same"
        return say(who + " {} of {} with {}.", *_rests_on(models[0]))
    names = [name(m.model) for m in models] if labels is None else [name(text) for text in labels]
    each = (say("{} {} of {} with {}", who, *_rests_on(m)) for who, m in zip(names, models, strict=True))
    return say("Rows: {}.", join(each, "; "))


def _adjusted(models: Sequence[ModelResult], labels: Sequence[str] | None) -> Text:
    names = [name(m.model) for m in models]
    if labels is not None and len({m.adjustment for m in models}) > 1:
        names = [say("{}, {}", name(m.model), name(text)) for m, text in zip(models, labels, strict=True)]
    said: dict[str, Text] = {}
    for who, m in zip(names, models, strict=True):
        if m.adjustment:
            text = say("{}: adjusted for {}.", who, name(m.adjustment.rstrip(".")))
            said.setdefault(text.plain, text)
    adjusted = join(said.values())
    if adjusted:
        adjusted = (
            adjusted
            + " Values “at index” are frozen there; values “over time” are those in force at each moment."
        )
    return adjusted


def _rests_on(m: ModelResult) -> tuple[Text, Text, Text]:
    b = m.basis
    return (
        counted(b.n_rows, model_id(m, "rows"), "row"),
        counted(b.n_persons, model_id(m, "persons"), "person"),
        counted(b.n_events, model_id(m, "events"), "event"),
    )
