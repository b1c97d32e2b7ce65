"""The Word file and the workbook: the same tables and numbers as the document, and files that programs accept."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Any

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from walking import index, shows

from riskset.report.compose import compose
from riskset.report.document import Document, texts_of
from riskset.report.figures import Drawings, draw_all
from riskset.report.word import to_docx
from riskset.report.word_tables import clean
from riskset.report.workbook import NAMES, sheet_names, tables_of, to_xlsx
from riskset.study.results import Results


@pytest.fixture(scope="module")
def document(results: Results) -> Document:
    return compose(results)


@pytest.fixture(scope="module")
def drawings(document: Document) -> Drawings:
    """One figure is enough for what is asked of all."""
    return draw_all(compose_few(document))


def compose_few(document: Document) -> Document:
    keep = [s for s in document.sections if s.id == "patients"]
    return Document(document.title, document.question, None, document.version, tuple(keep))


@pytest.fixture(scope="module")
def data(document: Document, drawings: Drawings) -> bytes:
    return to_docx(document, drawings)


@pytest.fixture(scope="module")
def word(data: bytes) -> Any:
    return docx.Document(BytesIO(data))


def test_the_same_report_gives_the_same_word_file(
    document: Document, drawings: Drawings, data: bytes
) -> None:
    assert to_docx(document, drawings) == data
    with zipfile.ZipFile(BytesIO(data)) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = parts.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\d", core)) == {"2000-01-01"}


def test_word_tables_are_those_of_the_document(document: Document, word: Any) -> None:
    wanted = [t for t in document.tables if any(g.rows for g in t.groups)]
    assert len(word.tables) == len(wanted)
    for found, table in zip(word.tables, wanted, strict=True):
        lines = [*table.head]
        for group in table.groups:
            lines += [None] * bool(group.heading)
            lines += group.rows
        rows = found._tbl.tr_lst
        assert len(rows) == len(lines)
        for row, line in zip(rows, lines, strict=True):
            texts = ["".join(t.text or "" for t in c.iter(qn("w:t"))) for c in row.tc_lst]
            if line is not None:
                assert texts == [clean(document.plain(c.content)) + "*" * c.marked for c in line]
        repeated = [bool(row.xpath("./w:trPr/w:tblHeader")) for row in rows]
        assert repeated == [k < len(table.head) for k in range(len(rows))]


def test_word_captions_are_numbered_by_fields(document: Document, word: Any) -> None:
    captions = [p.text for p in word.paragraphs if p.style.name == "Caption"]
    numbered = [t for t in document.tables if t.numbered]
    for table in numbered:
        assert f"Table {document.numbers[table.id]}. {document.plain(table.caption)}" in captions
    for figure in document.figures:
        assert f"Figure {document.numbers[figure.id]}. {document.plain(figure.caption)}" in captions
    fields = [t.text for t in word.element.iter(qn("w:instrText"))]
    assert sum(" SEQ " in f for f in fields) == len(numbered) + len(document.figures)


def test_the_contents_list_is_a_field_that_holds_its_entries(document: Document, word: Any) -> None:
    (lines,) = word.element.iter(qn("w:sdtContent"))
    shown = ["".join(t.text or "" for t in p.iter(qn("w:t"))) for p in lines.iter(qn("w:p"))]
    assert shown == ["Contents", *(document.plain(s.title) for s in document.sections)]
    fields = [t.text for t in word.element.iter(qn("w:instrText"))]
    assert sum(f.startswith(' TOC \\o "1-1"') for f in fields) == 1
    marks = [m.get(qn("w:name")) for m in word.element.iter(qn("w:bookmarkStart"))]
    assert len(set(marks)) == len(marks)
    asked = {f.split()[1] for f in fields if f.split()[0] in {"PAGEREF", "REF"}}
    assert asked <= set(marks)  # each reference leads to a place that exists
    assert any(f.startswith(" REF ") for f in fields)


def test_word_shows_no_number_that_the_document_does_not_hold(document: Document, word: Any) -> None:
    """Numbers of the document lead to their records (test_page.py); the file holds these texts and no others."""
    held = {clean(document.plain(t)) for t in texts_of(document)}
    extra = {document.title, document.question, f"Please note. {document.notice}"}
    headings = {"To keep in mind"}
    for p in word.paragraphs:
        text = re.sub(r"^(Table|Figure) \d+\. ", "", p.text)
        known = text in held | extra | headings or p.style.name == "Formula" or not re.search(r"\d", text)
        assert known or text.startswith("Written by riskset"), p.text


def test_word_figures_have_300_dots_per_inch_and_words(word: Any) -> None:
    shapes = list(word.inline_shapes)
    assert len(shapes) == 1
    part = word.part.related_parts[shapes[0]._inline.graphic.graphicData.pic.blipFill.blip.embed]
    assert part.image.px_width / (shapes[0].width / 914400) >= 299
    assert "Flow of patients" in shapes[0]._inline.docPr.get("descr")


def test_wide_tables_stand_on_pages_on_their_side(word: Any) -> None:
    sizes = {(s.page_width > s.page_height) for s in word.sections}
    assert sizes == {True, False}


@pytest.fixture(scope="module")
def book(document: Document) -> Any:
    data = to_xlsx(document)
    assert to_xlsx(document) == data
    return openpyxl.load_workbook(BytesIO(data))


def test_each_table_has_a_sheet_with_a_legal_name(document: Document, book: Any) -> None:
    names = book.sheetnames
    assert len(names) == 1 + len(list(tables_of(document)))
    assert len({n.casefold() for n in names}) == len(names)
    assert all(0 < len(n) <= 31 and not re.search(r"[\[\]:*?/\\]", n) for n in names)
    assert names[0] == "Contents"


def test_every_number_of_the_workbook_is_one_of_the_results(book: Any, results: Results) -> None:
    known = index(results)
    seen = 0
    for sheet in book.worksheets[1:]:
        head = next(r for r in sheet.iter_rows() if any(c.value == NAMES for c in r))
        last = next(c.column for c in head if c.value == NAMES)
        for row in sheet.iter_rows(min_row=head[0].row + 1):
            numbers = [c for c in row if isinstance(c.value, (int, float)) and not isinstance(c.value, bool)]
            if not numbers:
                continue
            names = str(row[last - 1].value).split("; ")
            values = [v for n in names for v in known[n]]
            for cell in numbers:
                assert any(abs(cell.value - v) <= 1e-9 * max(1.0, abs(v)) for v in values), (
                    sheet.title,
                    cell,
                )
                assert cell.number_format != "General"
                seen += 1
    assert seen > 500


def test_nothing_in_the_workbook_is_run(book: Any) -> None:
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert all(c.data_type != "f" for c in row)


def test_names_of_sheets_are_told_apart() -> None:
    names = sheet_names(["x" * 40, "x" * 40, "X" * 40, "History", "a[b]c", "", "'quoted'"])
    assert len({n.casefold() for n in names}) == 7
    assert all(len(n) <= 31 for n in names)
    assert names[3] == "History (2)"


def test_a_printed_number_is_its_figure_in_full(document: Document) -> None:
    for table in tables_of(document):
        for cell in (c for g in table.groups for line in g.rows for c in line):
            for part in (p for n in cell.content.numbers for p in n.parts):
                tokens = re.findall(r"[<>]?[−-]?\d[\d,]*(?:\.\d+)?(?:e[−-]?\d+)?", part.text)
                assert part.value is None or not tokens or shows(tokens[0], [float(part.value)])
