"""The names that laboratories use for a substance, turned into the filter of the measures that ask for it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, cast

from riskset.study.plan import PlanKeys
from riskset.study.plan_problems import Problem, choose_from

_TO_FULL_WIDTH = {c: c + 0xFEE0 for c in range(0x21, 0x7F)} | {0x20: 0x3000}


def fill_filters(raw: Mapping[str, Any]) -> dict[str, Any]:
    r"""Plan in which measures of a named substance have a `where` over the table's column of names.

    Parameters
    ----------
    raw : mapping
        The plan as TOML gives it, tables filled in.

    Returns
    -------
    dict

    Examples
    --------
    >>> filled = fill_filters({"tables": {"labs": {"analyte": "item"}}, "analytes": {"magnesium": ["S-Mg"]},
    ...                        "measures": {"mg": {"table": "labs", "analyte": "magnesium"}}})
    >>> filled["measures"]["mg"]["where"]
    'LOWER(TRIM("item")) IN (\'magnesium\', \'ｍａｇｎｅｓｉｕｍ\', \'s-mg\', \'ｓ－ｍｇ\')'
    """
    tables, measures, names = (_section(raw, key) for key in ("tables", "measures", "analytes"))
    filled = {name: _filled(measure, tables, names) for name, measure in measures.items()}
    return {**raw, "measures": filled} if filled else dict(raw)


def analyte_problems(plan: PlanKeys) -> Iterator[Problem]:
    """Find names that stand for two substances, and substances that no measure asks for."""
    owner: dict[str, str] = {}
    asked = [m.analyte for m in plan.measures.values() if m.analyte is not None]
    for substance, names in plan.analytes.items():
        if substance not in asked:
            words = "no measure has this analyte"
            yield Problem(("analytes", substance), words, choose_from(substance, sorted(set(asked))))
        for name in dict.fromkeys(_folded(n) for n in (substance, *names)):
            if name in owner:
                words = f'"{name}" already stands for {owner[name]}'
                yield Problem(("analytes", substance), words, "Let each name stand for one substance")
            owner[name] = substance


def _filled(measure: Any, tables: Mapping[str, Any], names: Mapping[str, Any]) -> Any:
    if not isinstance(measure, Mapping):
        return measure
    entry: dict[str, Any] = dict(measure)
    table, substance = tables.get(str(entry.get("table"))), entry.get("analyte")
    column = table.get("analyte") if isinstance(table, Mapping) else None
    listed = names.get(str(substance), [])
    if "where" in entry or not isinstance(column, str) or not isinstance(substance, str):
        return entry
    if not isinstance(listed, list) or not all(isinstance(n, str) for n in listed):
        return entry
    forms = [f for n in (substance, *listed) for f in (_folded(n), _folded(n).translate(_TO_FULL_WIDTH))]
    quoted = ", ".join("'" + f.replace("'", "''") + "'" for f in dict.fromkeys(forms))
    doubled = column.replace('"', '""')
    entry["where"] = f'LOWER(TRIM("{doubled}")) IN ({quoted})'
    return entry


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().lower()


def _section(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
