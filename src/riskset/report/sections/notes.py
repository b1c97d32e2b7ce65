"""What stands under every table of models: rows, adjustment and when its values are from, ties, variance."""

from __future__ import annotations

from collections.abc import Sequence

from riskset.report.document import Reference, Text
from riskset.report.phrases import counted, join, listing, name, say
from riskset.report.texts import en, en_sensitivity, en_subgroups
from riskset.study.counted import model_id
from riskset.study.results import ModelResult, Results

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
        en.COX_MODELS_WITH_TIME_DEPENDENT,
        ties,
        variance,
    )
    return tuple(n for n in (_rows(models, labels), _adjusted(models, labels), how) if n)


def variant_notes(results: Results, outcome: str) -> tuple[Text, ...]:
    """Say under a table of sensitivity analyses what they share with the primary model, and what they do not."""
    found = [m for m in results.models if m.outcome == outcome and m.primary]
    if not found:
        return ()
    model = found[0]
    changes = Text((Reference("sensitivity-changes"),))
    same = say(en_sensitivity.SAME_MODEL, name(model.model), name(model.adjustment.rstrip(".")), changes)
    analyses = [v for v in (results.sensitivity.plan, *results.sensitivity.variants) if v is not None]
    fitted = [
        e
        for v in analyses
        for o in v.outcomes
        if o.outcome == outcome
        for e in (o.own, o.common)
        if e and not e.subdistribution
    ]
    variance = listing(dict.fromkeys(e.variance for e in fitted))
    path = on_the_path(found)
    how = say(en_sensitivity.ROWS_TIES_VARIANCE, model.ties.capitalize(), variance)
    return (same + en.VALUES_AT_INDEX_ARE_FROZEN, how, *([path] if path else []))


def subgroup_notes(results: Results, outcome: str) -> tuple[Text, ...]:
    """Say under a table of subgroups what they share with the primary model."""
    found = [m for m in results.models if m.outcome == outcome and m.primary]
    if not found:
        return ()
    model, groups = found[0], Text((Reference("subgroups-groups"),))
    same = say(en_subgroups.SAME_MODEL, name(model.model), name(model.adjustment.rstrip(".")), groups)
    mine = [
        g.own
        for a in results.subgroups.analyses
        for o in a.outcomes
        for g in o.groups
        if o.outcome == outcome
    ]
    variance = listing(dict.fromkeys(e.variance for e in mine if e is not None))
    path = on_the_path(found)
    how = say(en_subgroups.ROWS_TIES_VARIANCE, model.ties.capitalize(), variance or model.variance)
    return (same + en.VALUES_AT_INDEX_ARE_FROZEN, how, *([path] if path else []))


def on_the_path(models: Sequence[ModelResult]) -> Text:
    """Mark values that change after index: they may lie on the path; empty where there are none."""
    found: dict[str, list[Text]] = {}
    for m in models:
        moving = [
            p.removesuffix(OVER_TIME) for p in m.adjustment.rstrip(".").split("; ") if p.endswith(OVER_TIME)
        ]
        for part in moving:
            found.setdefault(part, []).append(name(m.model))
    each = [say(en.IN_2, name(part), listing(dict.fromkeys(who))) for part, who in found.items()]
    if not each:
        return Text()
    return say(
        en.VALUES_AFTER_INDEX_MAY_LIE,
        join(each, "; "),
    )


def _rows(models: Sequence[ModelResult], labels: Sequence[str] | None) -> Text:
    if labels is None and len({(m.basis.n_rows, m.basis.n_events) for m in models}) == 1:
        who = en.THE_MODEL_RESTS_ON if len(models) == 1 else en.ALL_MODELS_REST_ON_THE
        return say(who + en.OF_WITH_2, *_rests_on(models[0]))
    names = [name(m.model) for m in models] if labels is None else [name(text) for text in labels]
    each = (say(en.OF_WITH, who, *_rests_on(m)) for who, m in zip(names, models, strict=True))
    return say(en.ROWS, join(each, "; "))


def _adjusted(models: Sequence[ModelResult], labels: Sequence[str] | None) -> Text:
    names = [name(m.model) for m in models]
    if labels is not None and len({m.adjustment for m in models}) > 1:
        names = [say("{}, {}", name(m.model), name(text)) for m, text in zip(models, labels, strict=True)]
    said: dict[str, Text] = {}
    for who, m in zip(names, models, strict=True):
        if m.adjustment:
            text = say(en.ADJUSTED_FOR_2, who, name(m.adjustment.rstrip(".")))
            said.setdefault(text.plain, text)
    adjusted = join(said.values())
    if adjusted:
        adjusted = adjusted + en.VALUES_AT_INDEX_ARE_FROZEN
    return adjusted


def _rests_on(m: ModelResult) -> tuple[Text, Text, Text]:
    b = m.basis
    return (
        counted(b.n_rows, model_id(m, "rows"), "row"),
        counted(b.n_persons, model_id(m, "persons"), "person"),
        counted(b.n_events, model_id(m, "events"), "event"),
    )
