"""What a draft is made of, and one name of the plan for each thing in it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from riskset.study.draft_contents import Held, Measured
from riskset.study.draft_files import Column, RawFile, identifier
from riskset.study.draft_roles import Events, Prescriptions, Roles

MOST_BASELINE = 15
KindOfEvent = tuple[Events, Held | None]
"""A table of events and a kind of them, or all of it."""


@dataclass(frozen=True)
class DraftedDrug:
    """A drug and the table that it stands in."""

    table: Prescriptions
    held: Held


@dataclass(frozen=True)
class Material:
    """Everything that a draft is made of.

    Parameters
    ----------
    files : tuple of RawFile
    folder : str
        Of the data, relative to the plan.
    roles : Roles
    measures : tuple of Measured
        Those that can be analysed, the one of most persons first.
    troubled : tuple of Measured
        Those that cannot, and why.
    drugs : tuple of DraftedDrug
    events : tuple of (Events, Held or None)
    withheld : int
        Strings of fewer than five persons.
    """

    files: tuple[RawFile, ...]
    folder: str
    roles: Roles
    measures: tuple[Measured, ...]
    troubled: tuple[Measured, ...]
    drugs: tuple[DraftedDrug, ...]
    events: tuple[KindOfEvent, ...]
    withheld: int


_KNOWN_LATER = (
    "expire",
    "death",
    "died",
    "deceas",
    "outcome",
    "surviv",
    "exit",
    "discharge",
    "follow",
    "last_",
    "reason",
)
"""Words of columns that are filled in when follow-up is over: no value at index."""
_MOST_LEVELS = 6
"""Distinct texts up to which a column is a category."""


class Names:
    """One name of the plan for each thing, none twice."""

    def __init__(self, material: Material) -> None:
        taken = {
            "death",
            "entry",
            "exit",
            "event",
            "time",
            "id",
            "published",
            "baseline",
            "rcs",
            "log",
            "strata",
        }
        taken |= {"offset"} | ({"age"} if material.roles.birth is not None else set[str]())
        self.tables: dict[tuple[int, str], str] = {}
        for measured in (*material.measures, *material.troubled):
            if measured.lab.analyte is None:  # a table of its own for each column of values
                key = (id(measured.lab), measured.value.name)
                name = f"{measured.lab.file.spec.name}_{identifier(measured.text)}"
                self.tables[key] = _unused(name, set(self.tables.values()))
        self.measures = {id(m): _taking(identifier(m.text), taken) for m in material.measures}
        self.drugs = {id(d): _taking(identifier(d.held.text), taken) for d in material.drugs}
        self.events = {
            id(pair): _taking(identifier(pair[1].text if pair[1] else pair[0].file.spec.name), taken)
            for pair in material.events
        }
        self.baseline = {id(c): _taking(identifier(c.name), taken) for _, c in described(material)}

    def table_of(self, measured: Measured) -> str:
        """Name the table that a measure is read from."""
        key = (id(measured.lab), measured.value.name)
        return self.tables.get(key, measured.lab.file.spec.name)


def _unused(name: str, taken: set[str]) -> str:
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, 10_000))) if n not in taken)


def _taking(name: str, taken: set[str]) -> str:
    free = _unused(name, taken)
    taken.add(free)
    return free


def described(material: Material) -> list[tuple[RawFile, Column]]:
    """Choose the columns that may describe a person at index: sex first, then flags, levels and numbers."""
    roles = material.roles
    no = {roles.id, *(c.name for c in (roles.reason, roles.end, roles.index) if c is not None)}
    out: list[tuple[RawFile, Column]] = []
    seen: set[str] = set(no)
    for file in roles.people:
        for c in file.columns:
            dtype = file.frame.schema[c.name]  # of the readers: numbers written as text are text to a plan
            numeric = dtype.is_numeric() or dtype == pl.Boolean
            levels = c.n_distinct >= 2 and (numeric or c.n_distinct <= _MOST_LEVELS)
            if (
                c.kind in {"flag", "number", "text"}
                and levels
                and c.name not in seen
                and not c.named(r"id$", "^row", *_KNOWN_LATER)
            ):
                seen.add(c.name)
                out.append((file, c))
    out.sort(key=lambda pair: pair[1] is not roles.sex)
    return out[:MOST_BASELINE]
