"""Keys and values of the plan language that are designed but not built: refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem

_KEYS: Mapping[str, str] = {
    "sensitivity": "a grid of sensitivity analyses; until then, copy the plan, change the key there and run both",
    "subgroups": "subgroup analyses; until then, copy the plan and add the subgroup to cohort.require",
    "competing": "models for the cumulative incidence of competing events (Fine-Gray)",
    "imputation": "multiple imputation; the models use the complete rows and say what they lose",
    "missing": "the treatment of missing values; the models use the complete rows and say what they lose",
    "missing_data": "the treatment of missing values; the models use the complete rows and say what they lose",
    "msm": "marginal structural models",
    "weights": "weighted models",
    "diagnostics": "a choice of diagnostics",
    "cohort.time_scale": "time scales other than time since index",
    "cohort.landmark": "landmark analyses",
    "cohort.exclude_first": "leaving out the first days of follow-up",
    "data.source": "one database for all tables; until then, name it as database in each of them",
    "measures.*.window": "averages over a window",
    "measures.*.missing": "the treatment of missing values",
    "drugs.*.use": "drug use fixed at entry",
    "drugs.*.days_supply": "use from days of supply",
    "drugs.*.stockpile": "use from days of supply",
    "drugs.*.dose": "cumulative dose",
    "drugs.*.step": "drug summaries that change within an episode",
    "outcomes.*.any_of": 'composite outcomes of named parts; until then, one where may hold several types, e.g. "type IN (...)"',
    "outcomes.*.recurrent": "recurrent events",
    "exposure.groups.quantiles": "groups by quantiles",
    "exposure.groups.cuts": "more than two groups",
    "modifier.baseline": "modifiers other than a drug",
    "modifier.measure": "modifiers other than a drug",
    "models.*.same_rows": "models on rows of their own",
    "models.*.penalty": "penalised models",
    "models.*.strata": "a key for strata; until then, write strata(x) in adjust",
    "report.mask": "masking of small cells",
    "report.formats": "Word and Excel output",
    "report.language": "reports in other languages",
}

_VALUES: Mapping[tuple[str, str], str] = {
    ("measures.*.use", "mean"): "averages over a window",
    ("measures.*.use", "cumulative mean"): "averages of all values so far",
    ("measures.*.use", "change from baseline"): "changes from baseline",
    ("drugs.*.state", "dose"): "dose as a state",
    ("drugs.*.state", "days since start"): "days since start as a state",
    ("drugs.*.state", "cumulative days"): "cumulative days as a state",
    ("modifier.levels", "dose"): "dose as a state",
}


def planned_problems(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Plan without the keys of later work, and a refusal for each of them.

    Examples
    --------
    >>> rest, found = planned_problems({"title": "T", "cohort": {"time_scale": "age"}})
    >>> rest
    {'title': 'T', 'cohort': {}}
    >>> print(found[0].said())
    cohort.time_scale: planned, not yet available (time scales other than time since index)
    """
    problems: list[Problem] = []
    return cast("dict[str, Any]", _without(raw, (), problems)), problems


def _without(value: Any, key: Key, problems: list[Problem]) -> Any:
    if not isinstance(value, Mapping):
        return value
    kept: dict[str, Any] = {}
    for name, child in cast("Mapping[str, Any]", value).items():
        here = (*key, name)
        what = next((_KEYS[p] for p in _patterns(here) if p in _KEYS), None)
        if what is not None:
            problems.append(Problem(here, f"planned, not yet available ({what})", "Remove the key"))
            continue
        what = next((_VALUES[p, str(child)] for p in _patterns(here) if (p, str(child)) in _VALUES), None)
        if what is not None:
            rule = f'"{child}" is planned, not yet available ({what})'
            problems.append(Problem(here, rule, "Choose another value or remove the key"))
            continue
        kept[name] = _without(child, here, problems)
    return kept


def _patterns(key: Key) -> Iterator[str]:
    parts = [str(part) for part in key]
    yield ".".join(parts)
    if len(parts) >= 3:  # the second part is a name that the author chose: measures.mg.use
        yield ".".join([parts[0], "*", *parts[2:]])
