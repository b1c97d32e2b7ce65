"""Tables of a report as WordprocessingML: header rows that repeat, rules above and below, widths that fit the page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from markupsafe import escape

from riskset.report.document import Cell, Line, Table, Text

UPRIGHT: Final = 17.0  # centimetres between the margins of an upright page
SIGN: Final = 0.165  # width of one sign of the tables' type, in centimetres
PAD: Final = 0.28  # between columns
SENTENCE: Final = 34  # signs after which a cell of text goes on in a second line
LONG: Final = 48  # the same, where the text is a paragraph
SIZE: Final = 16  # type of a table, in half points
SHORT: Final = 14  # lines of a table that is not parted
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Words = Callable[[Text], Iterable[tuple[str, str]]]


def clean(text: str) -> str:
    r"""Leave out the control signs that no XML file can hold.

    Examples
    --------
    >>> clean("a\x00b")
    'ab'
    """
    return _NOT_XML.sub("", text)


def is_right_to_left(text: str) -> bool:
    """Say whether words are written from right to left.

    Examples
    --------
    >>> is_right_to_left("\u0645\u063a"), is_right_to_left("Mg")
    (True, False)
    """
    first = next((unicodedata.bidirectional(c) for c in text if c.isalpha()), "L")
    return first in {"R", "AL"}


def widths(table: Table) -> list[float]:
    """Measure what each column needs, in centimetres."""
    needed = [4.0] * table.columns
    lines: list[tuple[Line, bool]] = [(line, True) for line in table.head]
    lines += [(line, False) for group in table.groups for line in group.rows]
    for line, head in lines:
        k = 0
        for cell in line:
            if cell.span == 1:
                needed[k] = max(needed[k], _signs(cell, head=head))
            k += cell.span
    return [n * SIGN + PAD for n in needed]


def _signs(cell: Cell, *, head: bool) -> float:
    text = cell.text
    if head or (not cell.numeric and not cell.head):
        longest = max(map(len, text.split()), default=0)
        if head:  # bold, and never broken within a word
            return min(SENTENCE, max(1.25 * longest, len(text) / 2.5))
        return min(SENTENCE if len(text) < 200 else LONG, max(longest, len(text)))
    if cell.head:  # of a row
        return min(SENTENCE * (2 if cell.wide else 1), len(text) + 2 * cell.indent)
    return min(SENTENCE, len(text) + cell.marked)


def needs_a_wide_page(table: Table) -> bool:
    """Say whether a table asks for a page on its side."""
    return sum(widths(table)) > UPRIGHT * 1.12


def table_element(table: Table, room: float, words: Words) -> Any:
    """Set a table, no wider than ``room`` centimetres.

    Parameters
    ----------
    table : Table
    room : float
        Centimetres between the margins.
    words : callable
        A text as pairs of words and kind.

    Returns
    -------
    lxml element
        ``<w:tbl>``.
    """
    needed = widths(table)
    scale = min(1.0, room / sum(needed))
    grid = [round(w * scale * 567) for w in needed]  # twentieths of a point
    parts = [
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblW w:w="{sum(grid)}" w:type="dxa"/>'
        '<w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="000000"/>'
        '<w:bottom w:val="single" w:sz="8" w:space="0" w:color="000000"/></w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="40" w:type="dxa"/><w:right w:w="60" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr><w:tblGrid>",
        *(f'<w:gridCol w:w="{w}"/>' for w in grid),
        "</w:tblGrid>",
    ]
    for k, line in enumerate(table.head):
        parts.append(_row(line, grid, words, head=True, rule=k == len(table.head) - 1))
    left = sum(len(group.rows) for group in table.groups)
    short = left <= SHORT
    for group in table.groups:
        if group.heading:
            title = Cell(group.heading, head="row", span=len(grid), numeric=False)
            parts.append(_row((title,), grid, words, bold=True, keep=True))
        for line in group.rows:
            left -= 1
            # a short table stays on one page, and the last line of any with its notes
            parts.append(_row(line, grid, words, bold=group.strong, keep=short or left == 0))
    parts.append("</w:tbl>")
    return parse_xml("".join(parts))


def _row(
    line: Line,
    grid: list[int],
    words: Words,
    *,
    head: bool = False,
    rule: bool = False,
    bold: bool = False,
    keep: bool = False,
) -> str:
    out = ["<w:tr><w:trPr><w:cantSplit/>", "<w:tblHeader/>" if head else "", "</w:trPr>"]
    k = 0
    for cell in line:
        width = sum(grid[k : k + cell.span])
        k += cell.span
        span = f'<w:gridSpan w:val="{cell.span}"/>' if cell.span > 1 else ""
        lined = rule or (head and cell.span > 1 and bool(cell.text))
        border = (
            '<w:tcBorders><w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tcBorders>'
            if lined
            else ""
        )
        bottom = '<w:vAlign w:val="bottom"/>' if head else ""
        out.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{border}{bottom}</w:tcPr>'
            f"{_paragraph(cell, words, head=head, bold=bold or head, keep=keep or head)}</w:tc>"
        )
    return "".join([*out, "</w:tr>"])


def _paragraph(cell: Cell, words: Words, *, head: bool, bold: bool, keep: bool) -> str:
    side = "center" if head and cell.span > 1 else "right" if cell.numeric else "left"
    indent = '<w:ind w:left="200"/>' if cell.indent else ""
    held = "<w:keepNext/>" if keep else ""
    runs = [_run(text, bold=bold, kind=kind) for text, kind in words(cell.content)]
    if cell.marked:
        runs.append(_run("*", bold=bold, kind=""))
    return (
        f'<w:p><w:pPr>{held}<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>{indent}'
        f'<w:jc w:val="{side}"/>{"" if runs else _look(False, False, False)}</w:pPr>{"".join(runs)}</w:p>'
    )


@cache
def _look(bold: bool, code: bool, right_to_left: bool) -> str:
    font = '<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New" w:cs="Courier New"/>' if code else ""
    return (
        f"<w:rPr>{font}{'<w:b/><w:bCs/>' if bold else ''}"
        f'<w:sz w:val="{SIZE}"/><w:szCs w:val="{SIZE}"/>{"<w:rtl/>" if right_to_left else ""}</w:rPr>'
    )


def _run(text: str, *, bold: bool, kind: str) -> str:
    look = _look(bold, kind == "code", is_right_to_left(text))
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(clean(text))}</w:t></w:r>'
