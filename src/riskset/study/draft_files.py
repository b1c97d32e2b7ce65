"""What stands in files that nobody has described yet: columns, what kind each is, how the file is written.

Nothing here decides; ambiguous dates stay ambiguous, and a file that cannot be read as text, sheet or Parquet is
refused by the readers' own message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import polars as pl

from riskset.errors import TableError
from riskset.tables import TableSpec, id_text, parse_times, parse_values
from riskset.tables.raw import TEXT_FILES, read_raw
from riskset.tables.text import Encoding
from riskset.tables.times import DateFormat
from riskset.tables.workbook import sheet_names

Kind = Literal["date", "number", "flag", "text", "empty"]

_DELIMITERS = (",", ";", "\t", "|")
# of the encodings without a mark, those whose wrong bytes fail: the others would read anything
_ENCODINGS: tuple[Encoding | None, ...] = (None, "cp932", "euc-jp")
_ENOUGH = 0.98
"""Share of a column's entries that must be dates or numbers for the column to be one: a few are mistyped."""
_TIME_OF_DAY = re.compile(r"\d[T ]\d{1,2}:\d\d")


@dataclass(frozen=True, eq=False)  # one column is itself, whatever stands in another
class Column:
    """A column of a file and the kind of thing in it."""

    name: str
    kind: Kind
    values: pl.Series = field(repr=False)  # parsed; text as text
    date_format: DateFormat | None = None  # None: the dates could be read in two ways
    stamps: bool = False  # dates with a time of day
    limits: int = 0  # entries such as <0.05
    unread: int = 0  # entries that are not of the kind
    days: bool = False  # numbers of days rather than dates

    @cached_property
    def n_distinct(self) -> int:
        """Distinct entries, nothing apart."""
        return self.values.drop_nulls().n_unique()

    @property
    def missing(self) -> int:
        """Rows where nothing stands."""
        return self.values.null_count()

    def named(self, *words: str) -> bool:
        """Say whether the column's name holds one of these words."""
        name = self.name.casefold()
        return any(re.search(word, name) is not None for word in words)


@dataclass(frozen=True, eq=False)  # one column is itself, whatever stands in another
class RawFile:
    """A file, or a sheet of one, and its columns."""

    spec: TableSpec
    frame: pl.DataFrame = field(repr=False)
    columns: tuple[Column, ...]

    @property
    def n_rows(self) -> int:
        """Rows."""
        return self.frame.height

    def of_kind(self, *kinds: Kind) -> list[Column]:
        """Give the columns of some kinds."""
        return [c for c in self.columns if c.kind in kinds]

    def ids(self, column: str) -> pl.Series:
        """Give a column as ids of persons."""
        return id_text(self.frame[column])


def read_files(files: list[Path], folder: Path) -> list[RawFile]:
    """Read files that nobody has described.

    Parameters
    ----------
    files : list of Path
    folder : Path
        That they lie in, at whatever depth.

    Returns
    -------
    list of RawFile
        One for each file, or for each sheet of a workbook.

    Raises
    ------
    TableError
        For the first file that cannot be read, and where two would have one name.
    """
    read = [r for path in files for r in _read(path, folder)]
    names = [r.spec.name for r in read]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise TableError(
            f"two files would both be the table {twice[0]}",
            where=", ".join(r.spec.source for r in read if r.spec.name == twice[0]),
            remedy="Rename one of them.",
        )
    return read


def _read(path: Path, folder: Path) -> Iterator[RawFile]:
    file = path.resolve().relative_to(folder.resolve()).as_posix()
    base = TableSpec(identifier(path.name.split(".")[0]), file, id="")
    if file.lower().endswith(".xlsx"):
        sheets = sheet_names(path.read_bytes(), base)
        for sheet in sheets:
            named = replace(base, sheet=sheet, name=identifier(sheet)) if len(sheets) > 1 else base
            yield _with_columns(named, read_raw(named, folder).frame)
    elif file.lower().endswith(TEXT_FILES):
        yield _text_file(base, folder)
    else:
        yield _with_columns(base, read_raw(base, folder).frame)


def _text_file(base: TableSpec, folder: Path) -> RawFile:
    """Read a text file with the encoding and the delimiter that give most columns."""
    refusal: TableError | None = None
    for encoding in _ENCODINGS:
        best: tuple[int, TableSpec, pl.DataFrame] | None = None
        for delimiter in _DELIMITERS:
            spec = replace(base, encoding=encoding, delimiter=delimiter)
            try:
                frame = read_raw(spec, folder).frame
            except TableError as error:
                refusal = refusal or error
                continue
            if best is None or frame.width > best[0]:
                best = (frame.width, spec, frame)
        if best is not None:
            _, spec, frame = best
            if spec.delimiter != "," and _has_decimal_commas(frame):
                spec = replace(spec, decimal=",")
                frame = read_raw(spec, folder).frame
            return _with_columns(spec, frame)
    raise cast("TableError", refusal)


def _has_decimal_commas(frame: pl.DataFrame) -> bool:
    texts = [frame[c].drop_nulls() for c in frame.columns if frame.schema[c] == pl.String]
    return any(
        t.len() and float(cast("float", t.str.contains(r"^-?\d+,\d+$").mean())) > _ENOUGH for t in texts
    )


def _with_columns(spec: TableSpec, frame: pl.DataFrame) -> RawFile:
    return RawFile(spec, frame, tuple(_column(frame[name], spec) for name in frame.columns))


def _column(values: pl.Series, spec: TableSpec) -> Column:
    present = values.drop_nulls()
    if present.is_empty():
        return Column(values.name, "empty", values)
    if values.dtype == pl.Boolean:
        return Column(values.name, "flag", values)
    if values.dtype.is_temporal():
        parsed = parse_times(values)
        return Column(values.name, "date", parsed.values, "year first", stamps=parsed.values.dtype != pl.Date)
    if values.dtype.is_numeric():
        compact = parse_times(values)  # 20240301
        if compact.values.dtype.is_temporal():
            return Column(
                values.name, "date", compact.values, "year first", stamps=compact.values.dtype != pl.Date
            )
        return Column(values.name, "number", values)
    text = values.cast(pl.String)
    numbers = parse_values(text, below_limit="limit", decimal=spec.decimal, thousands=spec.thousands)
    if numbers.values.drop_nulls().len() >= _ENOUGH * present.len():
        unread = present.len() - numbers.values.drop_nulls().len()
        return Column(
            values.name, "number", numbers.values, limits=int(numbers.behind_limit.sum()), unread=unread
        )
    return _dates(text, present.len()) or Column(values.name, "text", text)


def _dates(text: pl.Series, present: int) -> Column | None:
    """Read texts as dates: year first, or in the one other way in which all of them are dates."""
    ways: tuple[DateFormat, ...] = ("year first", "day first", "month first")
    read = {way: parse_times(text, date_format=way) for way in ways}
    good: list[DateFormat] = [w for w in ways if present - int(read[w].bad.sum()) >= _ENOUGH * present]
    if not good:
        return None
    values = read[good[0]].values
    stamps = values.dtype != pl.Date and bool(text.str.contains(_TIME_OF_DAY.pattern).any())
    sure: DateFormat | None = good[0]
    if len(good) > 1 and sure != "year first":
        sure = None
    return Column(text.name, "date", values, sure, stamps=stamps, unread=int(read[good[0]].bad.sum()))


def identifier(text: str) -> str:
    """Make a name of the plan out of any text: letters, digits, underscores.

    Examples
    --------
    >>> identifier("Serum-Mg (total)"), identifier("25-OH vitamin D"), identifier("マグネシウム")
    ('serum_mg_total', 'x25_oh_vitamin_d', 'x')
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:40].strip("_")
    return name if name[:1].isalpha() else f"x{name}"


def span(columns: list[Column]) -> tuple[date, date] | None:
    """Find the first and the last date of some columns."""
    values = [v for c in columns for v in (c.values.min(), c.values.max()) if isinstance(v, (date, datetime))]
    days = [v.date() if isinstance(v, datetime) else v for v in values]
    return (min(days), max(days)) if days else None
