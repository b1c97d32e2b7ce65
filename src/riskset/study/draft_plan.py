"""The draft of a plan as text, each guess marked ``# confirm``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from riskset.errors import counted
from riskset.study.draft_contents import Measured, literal, name_in_sql
from riskset.study.draft_files import Column, RawFile, span
from riskset.study.draft_material import DraftedDrug, KindOfEvent, Material, Names, described
from riskset.study.draft_roles import Roles
from riskset.study.draft_toml import toml_line, toml_text
from riskset.tables.matching import FEWEST_PERSONS

CONFIRM = "# confirm"
MOST_MEASURES, MOST_DRUGS, MOST_EVENTS, MOST_LISTED = 12, 8, 6, 40
_DEAD = ("death", "dead", "died", "deceased", "expired", "死亡", "décès", "tod")
LEVELS: tuple[Mapping[str, tuple[str, ...]], ...] = (
    {"naive": ("never",), "user": ("current",), "past": ("former",)},
    {"not current": ("never", "former"), "current": ("current",)},
)
"""How a drug's states may be shared out, the finest first; the draft takes the first that every cell has events for."""

NO_YES: dict[str, tuple[str, ...]] = {"no": ("no",), "yes": ("yes",)}


@dataclass(frozen=True)
class Choice:
    """The question of a draft: one measure, what may modify it, how the modifier's states are shared out.

    Parameters
    ----------
    exposure : Measured
    modifier : DraftedDrug, Kind of event, or Column
        A drug; without any, the state after an event, or a category at index.
    levels : mapping
    """

    exposure: Measured
    modifier: DraftedDrug | KindOfEvent | Column
    levels: Mapping[str, tuple[str, ...]]

    @property
    def text(self) -> str:
        """Name of the modifier as the tables write it."""
        if isinstance(self.modifier, DraftedDrug):
            return self.modifier.held.text
        if isinstance(self.modifier, Column):
            return self.modifier.name
        table, held = self.modifier
        return held.text if held else table.file.spec.name


def plan_text(material: Material, choice: Choice) -> str:
    """Write the draft of a plan.

    Parameters
    ----------
    material : Material
    choice : Choice

    Returns
    -------
    str
        TOML. What stands in the tables appears as filters and labels, in quotes.
    """
    names = Names(material)
    parts = [
        _head(choice, names),
        _data(material),
        _tables(material, names),
        _cohort(material),
        _baseline(material, names),
        _measures(material, names),
        *([_drugs(material, choice, names)] if material.drugs else []),
        *([_states(choice.modifier, names)] if isinstance(choice.modifier, tuple) else []),
        _outcomes(material, choice, names),
        _question(choice, names),
        _models(material, names),
    ]
    return "\n".join(line for part in parts for line in (*part, ""))


def _counts(rows: int, persons: int, more: str = "") -> str:
    return f"{CONFIRM}: {_of(rows, persons)}{more}"


def _of(rows: int, persons: int) -> str:
    return f"{counted(rows, 'row')} of {counted(persons, 'person')}"


def _not_taken(things: Iterable[str]) -> Iterator[str]:
    lines = [f"# not taken: {thing}" for thing in things]
    yield from lines[:MOST_LISTED]
    if len(lines) > MOST_LISTED:
        yield f"# and {len(lines) - MOST_LISTED:,} more"


# --- the sections -------------------------------------------------------------------------------------------


def _head(choice: Choice, names: Names) -> Iterator[str]:
    measure, modifier = choice.exposure.text, choice.text
    drug = isinstance(choice.modifier, DraftedDrug)
    del names
    yield "# Drafted from the tables. Every guess is marked: look at it, correct it, and remove the mark."
    yield "# Then: riskset check, and when it says what you mean, riskset run."
    yield toml_line("riskset", 1)
    yield toml_line("title", f"{measure}, {modifier} and outcomes", CONFIRM)
    yield toml_line(
        "question",
        f"Does {'use of ' if drug else ''}{modifier} change the association of {measure} with the outcomes?",
        CONFIRM,
    )
    yield toml_line("seed", 1)


def _data(material: Material) -> Iterator[str]:
    roles = material.roles
    dates = [m.lab.time for m in material.measures] + [d.table.start for d in material.drugs]
    every = [c for f in material.files for c in f.of_kind("date")]
    yield "[data]"
    yield toml_line("folder", material.folder)
    yield toml_line("id", roles.id, CONFIRM)
    yield toml_line("clock", "time" if roles.stamps else "day", CONFIRM)
    seen = span(dates)
    if seen is not None and not _in_days(material):
        years = [f"{seen[0].year}-01-01", f"{seen[1].year}-12-31"]
        yield toml_line(
            "observed", years, f"{CONFIRM}: records exist between; never used means never since the first"
        )
    whole = span(every)
    if (
        whole is not None
        and not _in_days(material)
        and (whole[0].year < 1900 or whole[1] > datetime.now(UTC).date())
    ):
        wide = [f"{whole[0].year}-01-01", f"{whole[1].year}-12-31"]
        yield toml_line(
            "plausible_dates", wide, f"{CONFIRM}: dates lie outside 1900 to today; are they shifted?"
        )


def _tables(material: Material, names: Names) -> Iterator[str]:
    roles = material.roles
    yield "[tables]"
    for file in (roles.cohort, *roles.join):
        single = roles.one_row or file is not roles.cohort
        dates = [
            *(c for f, c in roles.deaths if f is file),
            *([roles.end] if roles.end in file.columns else []),
        ]
        if file is roles.cohort:
            dates += [] if roles.index is None else [roles.index]
        yield _table(file.spec.name, file, material, {"one_row_per_person": single or None}, dates)
    for lab in dict.fromkeys(m.lab for m in (*material.measures, *material.troubled)):
        parts = {"time": lab.time.name, "unit": lab.unit.name if lab.unit else None}
        mine = [m for m in material.measures if m.lab is lab]
        if lab.analyte is None:
            for m in mine:
                yield _table(
                    names.table_of(m), lab.file, material, {**parts, "value": m.value.name}, [lab.time]
                )
        else:
            value = lab.values[0]
            parts |= {"value": value.name, "below_limit": "limit" if value.limits else None}
            yield _table(lab.file.spec.name, lab.file, material, parts, [lab.time])
    for table in dict.fromkeys(d.table for d in material.drugs):
        stop = table.stop
        missing = "ongoing" if stop is not None and stop.missing else ("same day" if stop is None else None)
        parts = {"start": table.start.name, "stop": stop.name if stop else None, "missing_stop": missing}
        yield _table(
            table.file.spec.name, table.file, material, parts, [table.start, *([stop] if stop else [])]
        )
    for dated in dict.fromkeys(e for e, _ in material.events):
        yield _table(dated.file.spec.name, dated.file, material, {"time": dated.time.name}, [dated.time])
    for file in roles.unused:
        yield f"# not used: {toml_text(file.spec.source)}"


def _table(
    name: str, file: RawFile, material: Material, parts: Mapping[str, object], dates: Iterable[Column]
) -> str:
    spec = file.spec
    written: dict[str, object] = {
        "file": spec.file,
        "sheet": spec.sheet,
        "encoding": spec.encoding,
        "delimiter": None if spec.delimiter == "," else spec.delimiter,
        "decimal": None if spec.decimal == "." else spec.decimal,
    }
    held = list(dates)
    formats = {c.date_format for c in held} - {"year first"}
    comment = CONFIRM
    if formats == {None}:
        comment += ': day first or month first? Add date_format = "day first" or "month first"'
    elif formats:
        written["date_format"] = next(iter(f for f in formats if f is not None))
    unread = sum(c.unread for c in held) + sum(c.unread for c in file.columns if c.name == parts.get("value"))
    unread += _backwards(file, parts)
    if unread:
        written["max_rejects"] = unread
        comment += (
            f": {counted(unread, 'row')} cannot be used as written (riskset check --rejects FILE lists them)"
        )
    by_day = [c.name for c in held if material.roles.stamps and not c.stamps]
    return toml_line(name, {**written, **parts, "date_only": by_day or None}, comment)


def _backwards(file: RawFile, parts: Mapping[str, object]) -> int:
    """Count the prescriptions that stop before they start."""
    start, stop = (next((c for c in file.columns if c.name == parts.get(p)), None) for p in ("start", "stop"))
    return 0 if start is None or stop is None else int((stop.values < start.values).sum())


def _cohort(material: Material) -> Iterator[str]:
    roles = material.roles
    yield "[cohort]"
    yield toml_line("from", roles.cohort.spec.name, CONFIRM)
    if roles.join:
        yield toml_line("join", [f.spec.name for f in roles.join])
    if not roles.one_row:
        yield toml_line("take", "first", f"{CONFIRM}: a person has several rows; the earliest counts")
    if roles.index is None:
        yield toml_line(
            "index",
            {"day": 0},
            f"{CONFIRM}: no table has a date, so times are days since each person's day 0",
        )
    else:
        yield toml_line("index", roles.index.name, f"{CONFIRM}: day 0")
    if roles.end is not None:
        why = {"reason_column": roles.reason.name} if roles.reason else {"reason": "end of records"}
        yield toml_line("end", [{"time": roles.end.name, **why}], CONFIRM)
    yield toml_line("max_followup", "5 years", CONFIRM)
    yield 'require = []   # e.g. { keep = "age >= 18", label = "Adult at index" }'


def _baseline(material: Material, names: Names) -> Iterator[str]:
    roles = material.roles
    yield f"[baseline]   {CONFIRM}: values fixed at index; nothing that was learnt later may stand here"
    if roles.birth is not None:
        yield toml_line("age", {"since": roles.birth.name, "unit": "years", "label": "Age"})
    for _, c in described(material):
        label = _label(c.name)
        yield toml_line(names.baseline[id(c)], {"column": c.name, "label": label})


def _label(text: str) -> str:
    words = text.replace("_", " ").strip() or text
    return words[0].upper() + words[1:]


def _measures(material: Material, names: Names) -> Iterator[str]:
    yield "[measures]"
    for m in material.measures[:MOST_MEASURES]:
        unit = m.units[0][0] if m.units else None
        written = {
            "table": names.table_of(m),
            "where": m.where,
            "unit": unit,
            "analyte": m.analyte,
            "carry_forward": m.carry_forward,
            "label": _label(m.text),
        }
        units = "; " + ", ".join(f"{u} {n:,}" for u, n in m.units if n >= 5) if len(m.units) > 1 else ""
        units = units or ("" if m.units else "; without a unit: add recorded_unit and unit")
        yield toml_line(names.measures[id(m)], written, _counts(m.rows, m.persons, units))
    left = [*material.measures[MOST_MEASURES:], *material.troubled]
    why = [f": {m.trouble}" if m.trouble else "" for m in left]
    yield from _not_taken(
        f"{toml_text(m.text)}, {_of(m.rows, m.persons)}{w}" for m, w in zip(left, why, strict=True)
    )


def _drugs(material: Material, choice: Choice, names: Names) -> Iterator[str]:
    yield f"[drugs]   {CONFIRM}: one entry may hold several drugs of a class, e.g. \"drug IN ('a', 'b')\""
    drugs = sorted(material.drugs, key=lambda d: d is not choice.modifier)  # the chosen one first
    for d in drugs[:MOST_DRUGS]:
        where = f"{name_in_sql(d.table.drug.name)} = {literal(d.held.text)}"
        written = {
            "table": d.table.file.spec.name,
            "where": where,
            "grace": "30 days",
            "label": _label(d.held.text),
        }
        yield toml_line(names.drugs[id(d)], written, _counts(d.held.rows, d.held.persons))
    yield from _not_taken(
        f"{toml_text(d.held.text)}, {_of(d.held.rows, d.held.persons)}" for d in drugs[MOST_DRUGS:]
    )


def _rows_of(kind: KindOfEvent) -> dict[str, object]:
    table, held = kind
    where = f"{name_in_sql(table.type.name)} = {literal(held.text)}" if held and table.type else None
    return {"table": table.file.spec.name, "where": where}


def _states(kind: KindOfEvent, names: Names) -> Iterator[str]:
    table, held = kind
    yield f"[states]   {CONFIRM}: what begins with an event and stays; it may come before index or during follow-up"
    text = _label(held.text if held else table.file.spec.name)
    counted = _counts(held.rows, held.persons) if held else CONFIRM
    yield toml_line(names.events[id(kind)], {**_rows_of(kind), "label": text}, counted)


def _outcomes(material: Material, choice: Choice, names: Names) -> Iterator[str]:
    yield "[outcomes]"
    death = _death(material.roles)
    competing = ["death"] if death else None
    for pair in [e for e in material.events if e is not choice.modifier][:MOST_EVENTS]:
        table, held = pair
        text = _label(held.text if held else table.file.spec.name)
        written = {**_rows_of(pair), "competing": competing, "label": text}
        counted = _counts(held.rows, held.persons) if held else CONFIRM
        yield toml_line(names.events[id(pair)], written, counted)
    if death:
        yield toml_line("death", {**death, "label": "Death"}, CONFIRM + _codes_of(material.roles))


def _death(roles: Roles) -> dict[str, object] | None:
    """Find how the tables say that somebody died: a reason for the end of follow-up, or a date of death."""
    if roles.reason is not None:
        for text in roles.reason.values.drop_nulls().unique().sort().to_list():
            if str(text).casefold() in _DEAD:
                return {"end_reason": str(text)}
        codes = roles.reason.values.drop_nulls()
        if roles.reason.kind == "number" and bool((codes > 0).any()):
            commonest = codes.filter(codes > 0).mode().sort()[-1]
            return {"end_reason": f"{commonest:g}"}
    if roles.deaths:
        return {"first_known": [{"table": f.spec.name, "time": c.name} for f, c in roles.deaths]}
    return None


def _codes_of(roles: Roles) -> str:
    """Say how often each number stands where a number tells why follow-up ended, for one of them is death."""
    if roles.reason is None or roles.reason.kind != "number":
        return ""
    counts = roles.reason.values.drop_nulls().value_counts().sort(roles.reason.name)
    shown = ", ".join(f"{value:g}: {n:,}" for value, n in counts.iter_rows() if n >= FEWEST_PERSONS)
    return f": which of the numbers of {roles.reason.name} means death? Rows by number: {shown}"


def _in_days(material: Material) -> bool:
    return any(c.days for f in material.files for c in f.columns)


def _question(choice: Choice, names: Names) -> Iterator[str]:
    m = choice.exposure
    cut = float(f"{m.median:.2g}")
    unit = f" {m.units[0][0]}" if m.units else ""
    below, above = f"< {cut:g}{unit}", f">= {cut:g}{unit}"
    yield "[exposure]"
    yield toml_line("measure", names.measures[id(m)], CONFIRM)
    groups = {"below": cut, "labels": [below, above], "reference": above}
    yield toml_line("groups", groups, f"{CONFIRM}: the median of all values, for want of a reason")
    yield toml_line("rationale", "", f"{CONFIRM}: without one the cut-point is reported as exploratory")
    yield toml_line("curve", {"knots": 4})
    yield ""
    yield "[modifier]"
    if isinstance(choice.modifier, DraftedDrug):
        yield toml_line("drug", names.drugs[id(choice.modifier)], CONFIRM)
    elif isinstance(choice.modifier, Column):
        yield toml_line("baseline", names.baseline[id(choice.modifier)], CONFIRM)
    else:
        yield toml_line("state", names.events[id(choice.modifier)], CONFIRM)
    yield toml_line("levels", choice.levels, f"{CONFIRM}: the reference first")


def _models(material: Material, names: Names) -> Iterator[str]:
    sex = [names.baseline[id(c)] for _, c in described(material) if c is material.roles.sex]
    ages = [names.baseline[id(c)] for _, c in described(material) if c.name.casefold() == "age"]
    terms = (["age"] if material.roles.birth is not None else ages[:1]) + sex
    yield "[models]"
    yield toml_line(
        "Model 1", {"adjust": " + ".join(terms), "primary": True}, f"{CONFIRM}: add what confounds"
    )
    yield ""
    yield "[report]"
    yield toml_line("rates", {"per": 100, "unit": "years"}, CONFIRM)
    yield toml_line("table1", {"by": ["modifier", "exposure"]})
