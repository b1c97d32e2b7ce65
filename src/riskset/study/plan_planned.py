"""Keys of the plan language that are designed but not built: refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem

_KEYS: Mapping[str, str] = {
    "imputation": "multiple imputation; the models use the complete rows and say what they lose",
    "missing": "the treatment of missing values; the models use the complete rows and say what they lose",
    "missing_data": "the treatment of missing values; the models use the complete rows and say what they lose",
    "msm": "marginal structural models",
    "weights": "weighted models",
    "diagnostics": "a choice of diagnostics",
    "cohort.landmark": "landmark analyses",
    "data.source": "one database for all tables; until then, name it as database in each of them",
    "measures.*.missing": "the treatment of missing values",
    "models.*.same_rows": "models on rows of their own",
    "models.*.penalty": "penalised models",
    "models.*.strata": "a key for strata; until then, write strata(x) in adjust",
    "report.formats": "Word and Excel output",
    "report.language": "reports in other languages",
}


def planned_problems(raw: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Plan without the keys of later work, and a refusal for each of them.

    Examples
    --------
    >>> rest, found = planned_problems({"title": "T", "cohort": {"landmark": "1 year"}})
    >>> rest
    {'title': 'T', 'cohort': {}}
    >>> print(found[0].said())
    cohort.landmark: planned, not yet available (landmark analyses)
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
        kept[name] = _without(child, here, problems)
    return kept


def _patterns(key: Key) -> Iterator[str]:
    parts = [str(part) for part in key]
    if parts[0] == "questions":  # further questions: sections of a plan under a name that the author chose
        parts = parts[2:]
    yield ".".join(parts)
    if len(parts) >= 3:  # the second part is a name that the author chose: measures.mg.use
        yield ".".join([parts[0], "*", *parts[2:]])
