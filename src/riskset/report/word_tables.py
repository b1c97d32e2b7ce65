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
from riskset.report.word_fields import reference_xml

UPRIGHT: Final = 17.0  # centimetres between the margins of an upright page
SIGN: Final = 0.165  # width of one sign of the tables' type, in centimetres
PAD: Final = 0.28  # between columns
CLOSER: Final = 1.08  # how much closer than measured columns may stand
SENTENCE: Final = 34  # signs after which a cell of text goes on in a second line
LONG: Final = 48  # the same, where the text is a paragraph
SIZE: Final = 16  # type of a table, in half points
STYLE: Final = "TableText"  # of the paragraphs in its cells
SHORT: Final = 24  # lines of a table that is not parted
TOGETHER: Final = 3  # lines at either end of a longer one that are not left alone
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


def widths(table: Table, room: float) -> list[float]:
    """Measure what each column takes, in centimetres; where that is more than ``room``, columns of words give way."""
    ask, need = _asked(table)
    if sum(ask) <= room * CLOSER:  # signs and pads are measured amply
        return [a * min(1.0, room / sum(ask)) for a in ask]
    share = min(1.0, (sum(ask) - room) / max(sum(ask) - sum(need), 1e-9))
    given = [a - share * (a - n) for a, n in zip(ask, need, strict=True)]
    scale = min(1.0, room / sum(given))
    return [w * scale for w in given]


def _asked(table: Table) -> tuple[list[float], list[float]]:
    """Measure what each column asks for, and what it needs at the least."""
    wanted, least = [4.0] * table.columns, [4.0] * table.columns
    lines: list[tuple[Line, bool]] = [(line, True) for line in table.head]
    lines += [(line, False) for group in table.groups for line in group.rows]
    for line, head in lines:
        k = 0
        for cell in line:
            if cell.span == 1:
                signs = _signs(cell, head=head)
                wanted[k] = max(wanted[k], signs)
                least[k] = max(least[k], signs if cell.numeric or head else min(signs, _narrow(cell)))
            k += cell.span
    return [n * SIGN + PAD for n in wanted], [n * SIGN + PAD for n in least]


def _signs(cell: Cell, *, head: bool) -> float:
    text = cell.text
    if head or (not cell.numeric and not cell.head):
        longest = max(map(len, text.split()), default=0)
        if head:  # bold, and never broken within a word
            return min(SENTENCE, max(1.25 * longest, len(text) / 2.5))
        return min(SENTENCE if len(text) < 200 else LONG, max(longest, len(text)))
    if cell.head:  # of a row
        return min(LONG * (1.5 if cell.wide else 1), len(text) + 2 * cell.indent)
    return min(SENTENCE, len(text) + cell.marked)


def _narrow(cell: Cell) -> float:
    """Count the signs to which a cell of words can be set: its longest word, and three lines of the rest."""
    text = cell.text
    longest = max(map(len, text.split()), default=0)
    return max(min(longest, SENTENCE / 2), min(SENTENCE, len(text)) / 3) + 2 * cell.indent


def needs_a_wide_page(table: Table) -> bool:
    """Say whether a table asks for a page on its side."""
    return sum(_asked(table)[1]) > UPRIGHT * 1.12


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
    grid = [round(w * 567) for w in widths(table, room)]  # twentieths of a point
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
    rows = left = sum(len(group.rows) for group in table.groups)
    short = rows + len(table.groups) <= SHORT
    for group in table.groups:
        if group.heading:
            title = Cell(group.heading, head="row", span=len(grid), numeric=False)
            parts.append(_row((title,), grid, words, bold=True, keep=True))
        for line in group.rows:
            left -= 1
            # a short table stays on one page, the last lines of any with its notes, the first with its caption
            keep = short or left < TOGETHER or rows - left < TOGETHER
            parts.append(_row(line, grid, words, bold=group.strong, keep=keep))
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
        f'<w:p><w:pPr><w:pStyle w:val="{STYLE}"/>{held}<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>{indent}'
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
    if kind.startswith("to "):
        return reference_xml(kind.removeprefix("to "), text, look)
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(clean(text))}</w:t></w:r>'
