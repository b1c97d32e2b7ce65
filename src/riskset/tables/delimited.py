"""Tables of delimited text: every field as it stands, and every row as long as the header."""

from __future__ import annotations

import csv
import io
import sys

import polars as pl

from riskset.errors import TableError
from riskset.tables.names import twice_in_header
from riskset.tables.table import TableSpec
from riskset.tables.values import plain_numbers

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MISSING = ("", "NA")
_SNIFFED = 1_000  # a column whose first thousand entries are no numbers is not one of numbers


def read_delimited(content: bytes, spec: TableSpec) -> pl.DataFrame:
    """Read delimited UTF-8 text; the columns that the study names stay text, others are given a type.

    Parameters
    ----------
    content : bytes
    spec : TableSpec

    Returns
    -------
    pl.DataFrame
        One row per record, blank ones included.

    Raises
    ------
    TableError
        If there is no header, or a row has more or fewer fields than it, or a quotation mark is out of place.
    """
    content = _from_header(content, spec)
    try:
        frame = _as_text(content, spec)
    except pl.exceptions.NoDataError:
        raise TableError("the file is empty", where=spec.source, remedy="Export it again.") from None
    except (pl.exceptions.PolarsError, OSError):
        # The library's own text may quote a value; the file is looked through instead.
        raise _defect(content, spec) from None
    twice = [c.partition("_duplicated_")[0] for c in frame.columns if "_duplicated_" in c]
    if twice:
        rule, remedy = twice_in_header(twice[0], frame.columns, spec.columns)
        raise TableError(rule, where=spec.source, remedy=remedy)
    if not _rectangular(content, frame, spec):
        raise _defect(content, spec, quoted_well=True)
    own = set(spec.columns)
    return frame.with_columns([_typed(frame[c], spec) for c in frame.columns if c not in own])


def delimited_columns(content: bytes, spec: TableSpec) -> tuple[str, ...]:
    """Read the header alone.

    Parameters
    ----------
    content : bytes
        UTF-8 text.
    spec : TableSpec

    Returns
    -------
    tuple of str
    """
    return tuple(_as_text(_from_header(content, spec), spec, n_rows=0).columns)


def _as_text(content: bytes, spec: TableSpec, n_rows: int | None = None) -> pl.DataFrame:
    # Not the reader's own types: to infer them from all rows costs six times the reading.
    return pl.read_csv(
        content,
        separator=spec.delimiter,
        infer_schema_length=0,
        null_values=list(dict.fromkeys([*_MISSING, *spec.missing])),
        n_rows=n_rows,
    )


def _from_header(content: bytes, spec: TableSpec) -> bytes:
    """Leave out the lines above the header, so that row numbers stay those of the file."""
    at = 0
    for _ in range(spec.header_row - 1):
        at = content.find(b"\n", at) + 1
        if not at:
            raise TableError(
                f"the file has no row {spec.header_row}, where the header is said to be",
                where=spec.source,
                remedy="Correct header_row.",
            )
    content = content[at:] if at else content
    header = content[:65_536].partition(b"\n")[0]
    if not content or content.isspace():
        raise TableError("the file is empty", where=spec.source, remedy="Export it again.")
    if not header.strip():
        raise TableError(
            f"row {spec.header_row} is blank, and the header must stand there",
            where=spec.source,
            remedy="Declare header_row, the row of the column names.",
        )
    own, others = spec.delimiter.encode(), [d for d in DELIMITERS if d != spec.delimiter]
    other = next((d for d in others if d.encode() in header), None)
    if own not in header and other is not None:
        shown = "\\t" if other == "\t" else other
        raise TableError(
            f"the columns are not separated by {DELIMITERS[spec.delimiter]} but by {DELIMITERS[other]}",
            where=spec.source,
            remedy=f'Declare delimiter = "{shown}" for the table.',
        )
    return content


def _rectangular(content: bytes, frame: pl.DataFrame, spec: TableSpec) -> bool:
    """Tell whether every record has the fields of the header. The reader refuses more, and fills up fewer."""
    if frame.width == 1:
        return True
    between = (frame.width - 1) * (frame.height + 1)
    if b'"' in content:  # delimiters within quoted fields separate nothing
        mark = spec.delimiter
        within = frame.select(pl.all().str.count_matches(mark, literal=True).sum())
        between += sum(within.row(0)) + sum(name.count(mark) for name in frame.columns)
    if content.count(spec.delimiter.encode()) == between:
        return True
    return not _uneven(content, spec, frame.width)[0]


def _records(content: bytes) -> pl.Series:
    """Give the lines of a file as text, quoted parts emptied."""
    lines = pl.read_csv(
        content,
        has_header=False,
        separator="\x01",
        quote_char=None,
        infer_schema_length=0,
        new_columns=["_"],
    )["_"]
    return lines.str.strip_chars_end("\r").str.replace_all(r'"[^"]*"', '""').fill_null("")


def _uneven(content: bytes, spec: TableSpec, width: int) -> tuple[list[int], list[int]]:
    """Rows with fewer and rows with more fields than the header, blank ones aside."""
    lines = _records(content)
    if lines.str.contains('""', literal=True).any() or lines.str.contains('"', literal=True).any():
        odd = lines.str.count_matches('"', literal=True) % 2 == 1
        if odd.any():  # a quoted field goes over several lines
            return _uneven_records(content, spec, width)
    fields = lines.str.count_matches(spec.delimiter, literal=True) + 1
    blank = lines.str.strip_chars() == ""
    rows = pl.int_range(lines.len(), dtype=pl.Int64, eager=True) + spec.header_row
    return rows.filter((fields < width) & ~blank).to_list(), rows.filter((fields > width) & ~blank).to_list()


def _uneven_records(content: bytes, spec: TableSpec, width: int) -> tuple[list[int], list[int]]:
    few: list[int] = []
    many: list[int] = []
    csv.field_size_limit(sys.maxsize)
    records = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=spec.delimiter)
    for row, record in enumerate(records, spec.header_row):
        if record and len(record) != width:
            (few if len(record) < width else many).append(row)
    return few, many


def _defect(content: bytes, spec: TableSpec, *, quoted_well: bool = False) -> TableError:
    """Find what keeps a file from being read: its text, its quotation marks, or the length of its rows."""
    where = spec.source
    lines = _records(content)
    rows = pl.int_range(lines.len(), dtype=pl.Int64, eager=True) + spec.header_row
    # after the emptying a mark is left where none closes it, or where text stands beside a quoted part
    mark = pl.escape_regex(spec.delimiter)
    stray = lines.str.contains(rf'(^|{mark})"[^"]*$|[^"{mark}]"|""[^"{mark}]')
    width = lines[0].count(spec.delimiter) + 1
    few, many = _uneven(content, spec, width)
    stray = stray & (not quoted_well)
    if many and not stray.any():
        delimiters = DELIMITERS[spec.delimiter]
        remedy = f"Quote fields that hold {delimiters}, or export it again."
        return TableError("a row has more fields than the header", where=where, rows=many, remedy=remedy)
    if stray.any():
        return TableError(
            "a quotation mark is not closed, or stands within a field",
            where=where,
            rows=rows.filter(stray).to_list(),
            remedy='Quote the whole field and double the marks in it: "5"" tube".',
        )
    if few:
        remedy = "Complete the rows; if they are the last, the file was cut short: export it again."
        return TableError("a row has fewer fields than the header", where=where, rows=few, remedy=remedy)
    return TableError(
        f"the file is not a table separated by {DELIMITERS[spec.delimiter]} that can be read",
        where=where,
        remedy="Export it again as CSV UTF-8.",
    )


def _typed(column: pl.Series, spec: TableSpec) -> pl.Series:
    """Numbers and true/false where all entries are; codes with leading zeros stay text."""
    head = column.drop_nulls().head(_SNIFFED)
    if head.is_empty():
        return column
    if _is_boolean(head) and _is_boolean(column.drop_nulls()):
        return column.str.to_lowercase() == "true"
    for kind in (pl.Int64, pl.Float64):
        if _as_numbers(head, kind, spec).null_count() == 0:
            numbers = _as_numbers(column, kind, spec)
            if numbers.null_count() == column.null_count():
                coded = column.str.contains(r"^\s*[+-]?0\d").any()
                return column if coded else numbers
    return column


def _is_boolean(texts: pl.Series) -> bool:
    return bool(texts.is_in(["true", "false", "True", "False", "TRUE", "FALSE"]).all())


def _as_numbers(texts: pl.Series, kind: type[pl.DataType], spec: TableSpec) -> pl.Series:
    if kind == pl.Float64:
        texts = plain_numbers(texts, spec.decimal, spec.thousands)
    return texts.cast(kind, strict=False)
