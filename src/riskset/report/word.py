"""The report as a Word file: native tables with captions, figures at 300 dots per inch, the same bytes every time."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

import docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm, Inches, Pt, RGBColor

from riskset.report.document import (
    Block,
    Code,
    Definitions,
    Document,
    Figure,
    FlowChart,
    Group,
    Label,
    Note,
    Number,
    Paragraph,
    Reference,
    Table,
    Text,
)
from riskset.report.figures import Drawings
from riskset.report.texts import en
from riskset.report.word_fields import (
    CONTENTS_LINE,
    Bookmarks,
    append,
    contents_xml,
    field_xml,
    number_caption,
    reference_xml,
)
from riskset.report.word_tables import SIZE, clean, is_right_to_left, needs_a_wide_page, table_element

FONT: Final = "Arial"
PAGE: Final = (21.0, 29.7)  # A4, in centimetres
MARGIN: Final = 2.0
WRITTEN: Final = datetime(2000, 1, 1, tzinfo=UTC)  # a date of its own would make every run's bytes differ
STYLES: Final = {"lead": "Lead", "basis": "Small", "caution": "Small", "sparse": "Sparse", "terms": "Small"}


def to_docx(document: Document, drawings: Drawings) -> bytes:
    """Set a report as a Word file.

    Parameters
    ----------
    document : Document
        The report.
    drawings : mapping
        Its figures, drawn.

    Returns
    -------
    bytes
        A .docx file without dates or machine-dependent parts.
    """
    writer = _Writer(document, drawings)
    writer.write()
    buffer = BytesIO()
    writer.file.save(buffer)
    return _without_dates(buffer.getvalue())


class _Writer:
    """Appends blocks to a Word file; knows whether the page stands on its side."""

    def __init__(self, document: Document, drawings: Drawings) -> None:
        self.document = document
        self.drawings = drawings
        self.file: Any = docx.Document()
        self.wide = False
        self.marks = Bookmarks()
        _lay_out(self.file)

    def write(self) -> None:
        d = self.document
        about = self.file.core_properties
        about.title, about.author, about.comments = clean(d.title)[:255], "", ""
        about.created = about.modified = WRITTEN
        about.language, about.last_modified_by, about.revision = d.language, "", 1
        self._text(self.file.add_paragraph(style="Title"), Text((Label(d.title),)))
        self._text(self.file.add_paragraph(style="Subtitle"), Text((Label(d.question),)))
        if d.notice:
            self._text(self.file.add_paragraph(style="Notice"), Text((f"{en.PLEASE_NOTE} ", Label(d.notice))))
        self._contents()
        for k, section in enumerate(d.sections):
            self._turn(wide=_begins_wide(section.blocks))
            heading = self.file.add_heading(level=1)
            heading.paragraph_format.page_break_before = k == 0  # the contents stand before it
            self._text(heading, section.title)
            self.marks.around(heading, section.id, 0)
            self._blocks(section.blocks, 2)
        self._turn(wide=False)
        footer = en.WRITTEN_BY.format(d.version)
        self.file.add_paragraph(footer, style="Small")

    def _contents(self) -> None:
        entries = (
            (self.marks.name_of(s.id), clean(self.document.plain(s.title))) for s in self.document.sections
        )
        listed = parse_xml(contents_xml(en.CONTENTS, entries))
        self.file.element.body.insert_element_before(listed, "w:sectPr")

    def _blocks(self, blocks: Sequence[Block], level: int) -> None:
        for block in blocks:
            self._block(block, level)

    def _block(self, block: Block, level: int) -> None:
        match block:
            case Table():
                self._table(block)
            case Figure():
                self._turn(wide=False)
                self._figure(block)
            case FlowChart(figure=figure):
                self._turn(wide=False)
                self._figure(figure)
            case Group():
                self._turn(wide=_begins_wide(block.blocks))
                self._text(self.file.add_heading(level=min(level, 4)), block.title)
                self._blocks(block.blocks, level + 1)
            case Note():
                self._turn(wide=False)
                self.file.add_paragraph(block.heading, style="Term")
                for line in block.lines:
                    self._text(self.file.add_paragraph(style="List Bullet"), line)
            case Definitions():
                self._turn(wide=False)
                for term, texts in block.entries:
                    self._text(self.file.add_paragraph(style="Term"), term)
                    for text in texts:
                        self._text(self.file.add_paragraph(style="Definition"), text)
            case Paragraph():
                self._turn(wide=False)
                self._text(self.file.add_paragraph(style=STYLES.get(block.kind, "Normal")), block.text)

    def _table(self, table: Table) -> None:
        if not any(group.rows for group in table.groups):
            return
        self._turn(wide=needs_a_wide_page(table))
        caption = self.file.add_paragraph(style="Caption")
        if table.numbered:
            self._number(caption, table.id)
        self._text(caption, table.caption)
        caption.paragraph_format.keep_with_next = True
        room = (PAGE[1] if self.wide else PAGE[0]) - 2 * MARGIN
        self.file.element.body.insert_element_before(table_element(table, room, self._words), "w:sectPr")
        for note in table.notes:
            self._text(self.file.add_paragraph(style="Note"), note)
        for code in table.code:
            self.file.add_paragraph(clean(code), style="Formula")
        if not table.notes and not table.code:
            self.file.add_paragraph(style="Note")

    def _figure(self, figure: Figure) -> None:
        drawn = self.drawings.get(figure.key)
        if drawn is not None:
            holder = self.file.add_paragraph(style="Figure")
            width, height = drawn.inches
            shrink = min(1.0, (PAGE[0] - 2 * MARGIN) / 2.54 / width, 22.0 / 2.54 / height)
            picture = holder.add_run().add_picture(BytesIO(drawn.png), width=Inches(width * shrink))
            about = picture._inline.docPr
            about.set("descr", clean(f"{figure.caption.plain} {figure.alt}"))
            about.set("name", figure.key)
        caption = self.file.add_paragraph(style="Caption")
        self._number(caption, figure.id)
        self._text(caption, figure.caption)

    def _number(self, caption: Any, id: str) -> None:
        """Begin a caption with "Table 3. "; what refers to it follows its number."""
        kind, n = self.document.words_for(id).split(" ")
        number_caption(caption, kind, int(n))
        self.marks.around(caption, id, 0)
        caption.add_run(". ").bold = True

    def _turn(self, *, wide: bool) -> None:
        """Begin a page on its side, or upright again, where it is not."""
        if wide == self.wide:
            return
        self.wide = wide
        section = self.file.add_section(WD_SECTION.NEW_PAGE)
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        width, height = (PAGE[1], PAGE[0]) if wide else PAGE
        section.page_width, section.page_height = Cm(width), Cm(height)

    def _text(self, paragraph: Any, text: Text) -> None:
        for words, kind in self._words(text):
            if kind.startswith("to "):
                append(paragraph, reference_xml(kind.removeprefix("to "), words))
                continue
            run = paragraph.add_run(words)
            if kind == "code":
                run.font.name = "Courier New"
            elif is_right_to_left(words):
                run._element.get_or_add_rPr().append(OxmlElement("w:rtl"))

    def _words(self, text: Text) -> Iterable[tuple[str, str]]:
        """Give the runs of a text as words and their kind."""
        for run in text.runs:
            match run:
                case Reference(to):
                    yield clean(self.document.words_for(to)), f"to {self.marks.name_of(to)}"
                case Code(words):
                    yield clean(words), "code"
                case Number(words):
                    yield words, ""
                case str():
                    yield run, ""
                case _:
                    yield clean(run.text), ""


def _begins_wide(blocks: Sequence[Block]) -> bool:
    """Say whether a heading stands before a table on a page on its side: it then stands on that page."""
    first = blocks[0] if blocks else None
    if isinstance(first, Group):
        return _begins_wide(first.blocks)
    return isinstance(first, Table) and needs_a_wide_page(first)


def _lay_out(file: Any) -> None:
    """Set page, margins, fonts and the styles that the report uses."""
    section = file.sections[0]
    section.page_width, section.page_height = Cm(PAGE[0]), Cm(PAGE[1])
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(MARGIN)
    _page_numbers(section)
    styles = file.styles
    _font(styles["Normal"], 10.5)
    styles["Normal"].paragraph_format.space_after = Pt(6)
    for name, size in (
        ("Title", 20),
        ("Heading 1", 15),
        ("Heading 2", 12.5),
        ("Heading 3", 11),
        ("Heading 4", 10.5),
    ):
        _font(styles[name], size, bold=True)
        styles[name].paragraph_format.keep_with_next = True
    _font(styles["Subtitle"], 11.5, italic=True)
    for name in ("Title", "Subtitle"):  # the template's rule under a title, and its letters set apart
        for inner in ("w:pPr/w:pBdr", "w:rPr/w:spacing", "w:rPr/w:kern"):
            for found in styles[name].element.xpath(inner):
                found.getparent().remove(found)
    _font(styles["Caption"], 9.5)
    styles["Caption"].font.bold = False
    styles["Caption"].paragraph_format.space_before = Pt(8)
    for name, size, after in (
        ("Lead", 12, 8), ("Small", 9, 4), ("Sparse", 9, 4), ("Notice", 10, 8), ("Note", 8, 2), ("Formula", 7.5, 8),
        ("Term", 10.5, 1), ("Definition", 10, 4), ("Figure", 10, 2), ("Contents", 12.5, 6), ("Table Text", SIZE / 2, 1),
    ):  # fmt: skip
        style = styles.add_style(name, 1)
        style.base_style = styles["Normal"]
        _font(style, size, bold=name in {"Term", "Contents"})
        style.paragraph_format.space_after = Pt(after)
    contents = styles.add_style("toc 1", 1)
    contents.element.set(qn("w:styleId"), CONTENTS_LINE)
    contents.base_style = styles["Normal"]
    contents.paragraph_format.space_after = Pt(3)
    contents.paragraph_format.tab_stops.add_tab_stop(Cm(PAGE[0] - 2 * MARGIN), WD_TAB_ALIGNMENT.RIGHT)
    styles["Note"].paragraph_format.space_before = Pt(2)
    styles["Term"].paragraph_format.keep_with_next = True
    styles["Figure"].paragraph_format.keep_with_next = True
    styles["Sparse"].font.color.rgb = RGBColor(0x8A, 0x43, 0x00)
    styles["Formula"].font.name = "Courier New"


def _font(style: Any, size: float, *, bold: bool = False, italic: bool = False) -> None:
    style.font.name, style.font.size = FONT, Pt(size)
    style.font.bold, style.font.italic = bold, italic
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), FONT)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)


def _page_numbers(section: Any) -> None:
    paragraph = section.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    append(paragraph, field_xml("PAGE", "1"))


def _without_dates(data: bytes) -> bytes:
    """Write the same archive with one date for all its parts."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"<cp:revision>\d+</cp:revision>", b"<cp:revision>1</cp:revision>", content)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()
