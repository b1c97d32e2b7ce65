"""The tables of a report as a workbook: one sheet each, numbers as numbers in full, with the decimals of print."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

import xlsxwriter

from riskset.report.document import Cell, Document, FlowChart, Line, Part, Table

NAMES: Final = "Names in results.json"
WRITTEN: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
LONGEST: Final = 31
NUMBER: Final = 13  # width of a column of numbers
SENTENCE: Final = 50  # and of the widest column of words
CELL: Final = 32_767  # signs that a cell holds


def to_xlsx(document: Document) -> bytes:
    """Set the tables of a report as a workbook.

    Parameters
    ----------
    document : Document
        The report.

    Returns
    -------
    bytes
        A .xlsx file without dates of its own. The last column of each sheet holds the names of the row's numbers.
    """
    buffer = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book: Any = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": document.title[:255], "author": "", "created": WRITTEN})
    looks = _Looks(book)
    tables = list(tables_of(document))
    names = sheet_names(["Contents", *(t.sheet or t.caption.plain for t in tables)])
    front = book.add_worksheet(names[0])
    front.write_string(0, 0, document.title[:CELL], looks.text(document.title, bold=True))
    front.set_column(0, 0, 34)
    front.set_column(1, 1, 90)
    front.set_landscape()
    front.fit_to_pages(1, 0)
    for k, (name, table) in enumerate(zip(names[1:], tables, strict=True), 2):
        inside = name.replace("'", "''")
        front.write_url(k, 0, f"internal:'{inside}'!A1", looks.link, name)
        title = _title(document, table)
        front.write_string(k, 1, title[:CELL], looks.text(title))
        _sheet(book.add_worksheet(name), table, title, looks, document)
    book.close()
    return buffer.getvalue()


def tables_of(document: Document) -> Iterator[Table]:
    """Give the tables that get a sheet: all of them, and the flow of patients in numbers."""
    for block in document.blocks():
        if isinstance(block, FlowChart):
            yield block.table
        elif isinstance(block, Table) and not block.bars:  # the cards repeat what the tables hold
            yield block


def sheet_names(wanted: Sequence[str]) -> list[str]:
    """Make names that every spreadsheet program takes: short, without forbidden signs, none twice.

    Examples
    --------
    >>> sheet_names(["Rates", "rates", "a/b:c", "x" * 40, "'=1"])[2:]
    ['a b c', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', '=1']
    >>> sheet_names(["Rates", "rates"])
    ['Rates', 'rates (2)']
    """
    taken = {"history"}  # Excel keeps it for itself
    out: list[str] = []
    for text in wanted:
        base = " ".join(_FORBIDDEN.sub(" ", text).split()).strip("' ") or "Table"
        name, n = base[:LONGEST].strip("' "), 1
        while name.casefold() in taken:
            n += 1
            mark = f" ({n})"
            name = f"{base[: LONGEST - len(mark)].strip()}{mark}"
        taken.add(name.casefold())
        out.append(name)
    return out


def number_format(text: str) -> str:
    """Read off a printed number the format in which a spreadsheet shows as many decimals.

    Examples
    --------
    >>> number_format("1,350"), number_format("0.59"), number_format("1.23e-07"), number_format("<0.001")
    ('#,##0', '#,##0.00', '0.00E+00', '[<0.001]"<0.001";0.000')
    """
    if text in {"<0.001", ">0.999"}:
        return '[<0.001]"<0.001";0.000'
    mantissa, _, power = text.partition("e")
    decimals = len(mantissa.partition(".")[2].rstrip("%"))
    zeros = f".{'0' * decimals}" if decimals else ""
    return f"0{zeros}E+00" if power else f"#,##0{zeros}"


class _Looks:
    """Formats, each made once."""

    def __init__(self, book: Any) -> None:
        self.book = book
        self.made: dict[tuple[object, ...], Any] = {}
        self.link = self._get(font_color="#0b5068", underline=1)

    def _get(self, **what: object) -> Any:
        key = tuple(sorted(what.items(), key=str))
        if key not in self.made:
            self.made[key] = self.book.add_format(
                {"font_name": "Arial", "font_size": 10, "valign": "top", **what}
            )
        return self.made[key]

    def text(
        self, text: str, *, bold: bool = False, indent: int = 0, wrap: bool = False, **more: object
    ) -> Any:
        """Text; what a spreadsheet would run if it were typed again is marked as text."""
        quoted = {"quote_prefix": True} if text.startswith(_RUNS) else {}
        return self._get(bold=bold, indent=indent, text_wrap=wrap, **quoted, **more)

    def number(self, text: str, *, bold: bool = False) -> Any:
        return self._get(bold=bold, num_format=number_format(text))


def _title(document: Document, table: Table) -> str:
    caption = document.plain(table.caption)
    return f"Table {document.numbers[table.id]}. {caption}" if table.id in document.numbers else caption


def columns_of(table: Table) -> list[list[str]]:
    """Name the columns of a sheet under each column of the table: one per figure of its fullest cells."""
    found: list[list[dict[str, None]]] = [[] for _ in range(table.columns)]
    for group in table.groups:
        for line in group.rows:
            k = 0
            for cell in line:
                for n, part in enumerate(_parts(cell)):
                    if n == len(found[k]):
                        found[k].append({})
                    found[k][n][part.name] = None
                k += cell.span
    return [[" or ".join(names) for names in column] or [""] for column in found]


def _parts(cell: Cell) -> tuple[Part, ...]:
    return tuple(part for number in cell.content.numbers for part in number.parts) if _is_number(cell) else ()


def _is_number(cell: Cell) -> bool:
    """Say whether a cell is one printed number; a sentence that holds some stays text."""
    return len(cell.content.numbers) == len(cell.content.runs) == 1


def _sheet(sheet: Any, table: Table, title: str, looks: _Looks, document: Document) -> None:
    columns = columns_of(table)
    starts = [sum(len(c) for c in columns[:k]) for k in range(len(columns) + 1)]
    sheet.write_string(0, 0, title[:CELL], looks.text(title, bold=True))
    row = 2
    for line in table.head:
        k = 0
        for cell in line:
            text = document.plain(cell.content)
            look = looks.text(text, bold=True, wrap=True, bottom=1, align="left" if k == 0 else "center")
            first, last = starts[k], starts[k + cell.span] - 1
            if text and last > first:
                sheet.merge_range(row, first, row, last, "", look)
            if text:
                sheet.write_string(row, first, text[:CELL], look)
            k += cell.span
        row += 1
    for k, names in enumerate(columns):
        for n, name in enumerate(names):
            sheet.write_string(
                row, starts[k] + n, name, looks.text(name, bold=True, bottom=1, align="center")
            )
    sheet.write_string(row, starts[-1], NAMES, looks.text(NAMES, bold=True, bottom=1, indent=1, align="left"))
    row += 1
    sheet.freeze_panes(row, 1)
    longest = 10
    for group in table.groups:
        if group.heading:
            text = document.plain(group.heading)
            sheet.write_string(row, 0, text[:CELL], looks.text(text, bold=True))
            row += 1
        for line in group.rows:
            longest = max(longest, len(line[0].text))
            _line(sheet, row, line, starts, looks, document, bold=group.strong)
            row += 1
    row += 1
    for note in (*(document.plain(n) for n in table.notes), *table.code):
        sheet.write_string(row, 0, note[:CELL], looks.text(note))
        row += 1
    sheet.set_column(0, 0, min(60, longest + 2))
    for at, width in enumerate(_text_widths(table, starts)):
        if at:
            sheet.set_column(at, at, width)
    sheet.set_column(starts[-1], starts[-1], 60)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _text_widths(table: Table, starts: list[int]) -> list[int]:
    """Measure the columns of a sheet: numbers have one width, sentences wrap in wider ones."""
    out = [NUMBER] * starts[-1]
    for group in table.groups:
        for line in group.rows:
            k = 0
            for cell in line:
                if not _parts(cell) and not cell.numeric and cell.span == 1:
                    out[starts[k]] = max(out[starts[k]], min(SENTENCE, len(cell.text) + 2))
                k += cell.span
    return out


def _line(
    sheet: Any, row: int, line: Line, starts: list[int], looks: _Looks, document: Document, *, bold: bool
) -> None:
    k = 0
    for cell in line:
        at = starts[k]
        parts = _parts(cell)
        if parts:
            for n, part in enumerate(parts):
                if part.value is None:
                    sheet.write_string(
                        row, at + n, part.text, looks.text(part.text, bold=bold, align="right")
                    )
                else:
                    sheet.write_number(row, at + n, part.value, looks.number(part.text, bold=bold))
        else:
            text = document.plain(cell.content)
            side = "right" if cell.numeric and not cell.head else "left"
            if text:
                wrap = k > 0 and len(text) > NUMBER
                look = looks.text(text, bold=bold, indent=int(cell.indent), align=side, wrap=wrap)
                sheet.write_string(row, at, text[:CELL], look)
        k += cell.span
    names = dict.fromkeys(number.source for cell in line for number in cell.content.numbers)
    if names:
        text = "; ".join(names)  # in one line: rows stay as high as their numbers
        sheet.write_string(row, starts[-1], text[:CELL], looks.text(text, indent=1, align="left"))
