"""What an exhibit of the museum is: one broken input, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from riskset.tables import Table, TableSpec, read_table

# The one patient of most exhibits. None of this may ever stand in a message.
ID, DAY, VALUE, NAME = "78123", "2024-05-17", "7.77", "Yamada"
SECRETS = (ID, DAY, VALUE, NAME, "17/05/2024", "17.5.2024")
HEADER = "id,date,value,unit,note\n"
ROW = f"{ID},{DAY},{VALUE},mg/dL,{NAME}\n"
GOOD = HEADER + ROW
READ = ((ID, date(2024, 5, 17), 7.77),)


@dataclass(frozen=True)
class Read:
    """It is read, by a rule that the documents state; ``rows`` are id, date and value."""

    rule: str
    rows: tuple[tuple[Any, ...], ...] = READ
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetAside:
    """It is read, and some rows become rejects of a column, by a rule that names itself."""

    rule: str
    rows: tuple[int, ...] = (3,)
    column: str = "value"


@dataclass(frozen=True)
class Refused:
    """It is refused; the message holds these parts, and lists these rows."""

    rule: str
    remedy: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What came out: the rows in use, the rejects (file, row, column, rule), and what a reader is told."""

    rows: list[tuple[Any, ...]]
    rejects: pl.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exhibit:
    """One broken input.

    Parameters
    ----------
    title : str
        What is wrong with it.
    content : bytes, str or callable
        Of the file, or a function that writes it into a folder, or (without a file) one that gives what is seen.
    outcome : Read, SetAside or Refused
    declared : mapping
        What the plan says of the table.
    file : str
    settings : mapping
        Of the reader: clock, plausible_dates.
    long : bool
        Large; runs with the long tests.
    """

    title: str
    content: bytes | str | Callable[[Path], Any]
    outcome: Read | SetAside | Refused
    declared: Mapping[str, Any] = field(default_factory=dict[str, Any])
    file: str = "labs.csv"
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    long: bool = False

    def see(self, folder: Path) -> Seen:
        """Put it into a folder and read it."""
        if callable(self.content):
            seen = self.content(folder)
            if isinstance(seen, Seen):
                return seen
        else:
            data = self.content.encode() if isinstance(self.content, str) else self.content
            (folder / self.file).write_bytes(data)
        roles = {"id": "id", "time": "date", "value": "value", "unit": "unit"}
        spec = TableSpec("labs", self.file, **{**roles, **self.declared})
        return seen_of(read_table(spec, folder, **self.settings), spec)


def seen_of(table: Table, spec: TableSpec) -> Seen:
    """Rows, rejects and notes of a table."""
    shown = [c for c in ("id", "date", "value") if c in table.frame.columns]
    rejects = table.rejects(table.frame, spec.columns).frame
    return Seen(table.frame.select(shown).rows(), rejects, table.notes)


def dated(*texts: str) -> str:
    """A file with these dates in rows 3 and on."""
    return GOOD + "".join(f"{ID},{text},{VALUE},mg/dL,{NAME}\n" for text in texts)


def valued(*texts: str) -> str:
    """A file with these values in rows 3 and on."""
    return GOOD + "".join(f'{ID},{DAY},"{text}",mg/dL,{NAME}\n' for text in texts)
