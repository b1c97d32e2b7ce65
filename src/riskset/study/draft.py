"""``riskset new``: from tables that nobody has described to a plan in which every guess is marked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl

from riskset.errors import OutputError, RisksetError, TableError, counted
from riskset.simulate import simulate_haemodialysis
from riskset.study.check import check_study
from riskset.study.demo import shipped_plan
from riskset.study.draft_contents import Contents, Held, Measured, drugs_in, events_in, measured_in
from riskset.study.draft_days import in_days
from riskset.study.draft_files import Column, RawFile, read_files
from riskset.study.draft_material import DraftedDrug, Material, described
from riskset.study.draft_plan import LEVELS, NO_YES, Choice, plan_text
from riskset.study.draft_roles import Events, Roles, roles_of
from riskset.study.plan_read import read_plan
from riskset.study.writing import write_bytes
from riskset.tables.matching import FEWEST_PERSONS

PLAN = "study.toml"
_TRIED = 8
"""Questions that are tried before the draft is given up as one that needs its author."""


def draft_study(folder: Path, files: Sequence[Path], progress: Callable[[str], None]) -> str:
    """Draft a study.

    Parameters
    ----------
    folder : Path
        Where the plan is written; made if absent.
    files : sequence of Path
        The tables; without any, empty tables and a plan with comments are written.
    progress : callable
        Told the name of each stage as it begins.

    Returns
    -------
    str
        What was found, and what to do next.

    Raises
    ------
    OutputError
        If the folder holds a plan already.
    TableError
        If a file cannot be read or the parts that a study needs are not found.
    """
    plan = folder / PLAN
    if plan.exists():
        raise OutputError(
            "holds a plan already", where=str(folder), remedy="Name another folder, or remove it."
        )
    if not files:
        return _templates(folder)
    progress("files")
    common = Path(os.path.commonpath([p.resolve().parent for p in files]))
    raw = in_days(read_files(list(files), common))
    roles = roles_of(raw)
    progress("contents")
    relative = Path(os.path.relpath(common, folder.resolve())).as_posix()
    material, listed = _material(tuple(raw), relative, roles)
    progress("draft")
    text, trouble = _passing(plan, material)
    return "\n".join([*listed, "", *_closing(plan, text.count("# confirm"), trouble)])


def _closing(plan: Path, guesses: int, trouble: str) -> Iterator[str]:
    yield f"Plan: {plan}, with {guesses} guesses to confirm."
    if trouble:
        yield "It does not pass riskset check yet:"
        yield trouble
    else:
        yield f"It passes riskset check. Read it, correct it, then: riskset check {plan}"


def _material(files: tuple[RawFile, ...], folder: str, roles: Roles) -> tuple[Material, list[str]]:
    measures: list[Measured] = []
    troubled: list[Measured] = []
    drugs: list[DraftedDrug] = []
    events: list[tuple[Events, Held | None]] = []
    withheld = 0
    listed = []
    if any(c.days for f in files for c in f.columns):
        listed.append("No table holds a date: times are taken for numbers of days since each person's day 0.")
    listed += [f"Persons: {roles.cohort.spec.source}, {roles.cohort.ids(roles.id).n_unique():,} of them"]
    for lab in roles.labs:
        found, hidden = measured_in(lab, roles.id)
        withheld += hidden
        measures += [m for m in found if not m.trouble]
        troubled += [m for m in found if m.trouble]
        listed.append(f"Measurements: {lab.file.spec.source}")
        for m in found:
            units = ", ".join(f"{u} {n:,}" for u, n in m.units if n >= 5)
            why = f"; not taken: {m.trouble}" if m.trouble else ""
            listed.append(
                f"  {m.text}: {counted(m.rows, 'row')}, {counted(m.persons, 'person')}"
                + (f"; {units}" if units else "")
                + why
            )
        listed += _withheld(hidden)
    for table in roles.prescriptions:
        held = drugs_in(table, roles.id)
        withheld += held.withheld
        drugs += [DraftedDrug(table, h) for h in held.strings]
        listed += _listed("Prescriptions", table.file.spec.source, held)
    for dated in roles.events:
        held = events_in(dated, roles.id)
        if held is None:
            events.append((dated, None))
            listed.append(f"Events: {dated.file.spec.source}, one kind")
            continue
        withheld += held.withheld
        events += [(dated, h) for h in held.strings]
        listed += _listed("Events", dated.file.spec.source, held)
    measures.sort(key=lambda m: (-m.persons, -m.rows))
    drugs.sort(key=lambda d: -d.held.persons)
    if not measures:
        raise TableError(
            "no table of measurements (person, date, value) is found in the files",
            remedy="Name such a file too; a plan needs an exposure that is measured.",
        )
    return (
        Material(
            files,
            folder,
            roles,
            tuple(measures),
            tuple(troubled),
            tuple(drugs),
            tuple(events),
            withheld,
        ),
        listed,
    )


def _listed(title: str, source: str, held: Contents) -> list[str]:
    lines = [
        f"  {h.text}: {counted(h.rows, 'row')}, {counted(h.persons, 'person')}" for h in held.strings[:50]
    ]
    more = len(held.strings) - 50
    lines += [f"  and {more:,} more"] if more > 0 else []
    return [f"{title}: {source}", *lines, *_withheld(held.withheld)]


def _withheld(n: int) -> list[str]:
    return [f"  {n:,} strings of fewer than 5 persons each are not listed"] if n else []


def _passing(plan: Path, material: Material) -> tuple[str, str]:
    """Write the first draft that passes the check; if none does, the first one and what is wrong with it."""
    first: tuple[str, str] | None = None
    before = ""
    plan.parent.mkdir(parents=True, exist_ok=True)
    for choice in _choices(material):
        text = plan_text(material, choice)
        write_bytes(plan, text.encode())
        try:
            check_study(read_plan(plan))
        except RisksetError as error:
            said = str(error)
            if said == before:  # another question does not help
                break
            first, before = first or (text, said), said
            continue
        return text, ""
    if first is None:
        raise TableError(
            "nothing is found that could modify the exposure: no prescriptions, no events, no category of persons",
            remedy="Name such a file too, or give the table of persons a column such as sex.",
        )
    write_bytes(plan, first[0].encode())
    return first


def _choices(material: Material) -> Iterator[Choice]:
    """Questions in the order in which they are tried: drugs, or events, nearest to half of the persons first."""
    persons = material.roles.cohort.ids(material.roles.id).n_unique()
    drugs = sorted(material.drugs, key=lambda d: abs(d.held.persons - persons / 2))[: _TRIED // 2]
    tried = 0
    for drug in drugs:
        for levels in LEVELS:
            if tried < _TRIED:
                tried += 1
                yield Choice(material.measures[0], drug, levels)
    if drugs:
        return
    kinds = sorted(material.events, key=lambda e: abs((e[1].persons if e[1] else 0) - persons / 2))
    for kind in kinds[: _TRIED // 2] if len(kinds) > 1 else []:  # one kind alone is the outcome
        yield Choice(material.measures[0], kind, NO_YES)
    for _, column in described(material):
        if (levels := _levels(column)) is not None:
            yield Choice(material.measures[0], column, levels)


def _levels(column: Column) -> dict[str, tuple[str, ...]] | None:
    """Give the levels of a column that can be a modifier: a few texts that nobody is known by, or a flag."""
    values = column.values.drop_nulls()
    counts = [int(n) for n in values.value_counts()["count"]]
    if len(counts) not in {2, 3} or min(counts) < FEWEST_PERSONS:
        return None
    if column.kind == "text":
        return {str(v): (str(v),) for v in values.unique().sort()}
    if column.kind == "flag" or set(values.cast(pl.Float64).unique()) == {0.0, 1.0}:
        return NO_YES
    return None


def _templates(folder: Path) -> str:
    """Write empty tables and the worked study's plan, whose comments say what each key means."""
    cohort = simulate_haemodialysis(1)  # for the columns that the worked study's plan names
    tables = {
        "patients.csv": cohort.patients,
        "labs.csv": cohort.labs,
        "prescriptions.csv": cohort.prescriptions,
        "events.csv": cohort.events,
    }
    data = folder / "data"
    if data.exists() and any(data.iterdir()):
        raise OutputError("the folder holds other files", where=str(data), remedy="Name a new folder.")
    try:
        data.mkdir(parents=True, exist_ok=True)
        for name, frame in tables.items():
            write_bytes(data / name, f"{','.join(frame.columns)}\n".encode())
        write_bytes(folder / PLAN, shipped_plan().encode())
    except OSError as error:
        raise OutputError(f"cannot be written ({error.strerror})", where=str(folder)) from None
    return (
        f"Plan: {folder / PLAN}, the worked study's, with a comment on each part.\n"
        f"Tables to fill: {', '.join(str(data / n) for n in tables)}\n"
        "Fill the tables, change the plan to your study, then: "
        f"riskset check {folder / PLAN}"
    )
