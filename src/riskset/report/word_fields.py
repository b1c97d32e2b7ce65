"""Fields of a Word file: numbers that follow their tables and figures, references to them, and the contents list.

A field holds an instruction and the words that it last gave. The words written here are right as they stand, except
the page numbers of the contents, which only the program that lays the pages out can know; they are left open until
it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from markupsafe import escape

CONTENTS_LINE: Final = "TOC1"  # style of a line of the contents list


class Bookmarks:
    """Names of the places that fields refer to: short, legal, and each with a number of its own."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._opened = 0

    def name_of(self, where: str) -> str:
        """Give the bookmark of a section, table or figure; Word keeps names that begin with ``_`` out of sight.

        Examples
        --------
        >>> marks = Bookmarks()
        >>> marks.name_of("summary"), marks.name_of("figure-flow"), marks.name_of("summary")
        ('_Ref00001', '_Ref00002', '_Ref00001')
        """
        return self._names.setdefault(where, f"_Ref{len(self._names) + 1:05d}")

    def around(self, paragraph: Any, where: str, first: int) -> None:
        """Mark what a paragraph holds from its run ``first`` on."""
        self._opened += 1
        begin, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
        for mark in (begin, end):
            mark.set(qn("w:id"), str(self._opened))
        begin.set(qn("w:name"), self.name_of(where))
        runs = paragraph._p.r_lst
        runs[first].addprevious(begin)
        runs[-1].addnext(end)


def field_xml(instruction: str, shown: str, look: str = "") -> str:
    """Write a field as runs: what it asks for, and what it shows.

    Examples
    --------
    >>> field_xml("PAGE", "1").count("w:fldChar ")
    3
    """
    mark = f'<w:r>{look}<w:fldChar w:fldCharType="{{}}"/></w:r>'
    code = f'<w:r>{look}<w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText></w:r>'
    text = f'<w:r>{look}<w:t xml:space="preserve">{escape(shown)}</w:t></w:r>' if shown else ""
    return f"{mark.format('begin')}{code}{mark.format('separate')}{text}{mark.format('end')}"


def append(paragraph: Any, xml: str) -> None:
    """Set runs written as XML at the end of a paragraph."""
    holder = parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>")
    for run in list(holder):
        paragraph._p.append(run)


def number_caption(paragraph: Any, kind: str, n: int) -> None:
    """Write "Table 3. " with a field that Word renumbers when tables are added or moved."""
    bold = "<w:rPr><w:b/></w:rPr>"
    append(paragraph, f'<w:r>{bold}<w:t xml:space="preserve">{kind} </w:t></w:r>')
    append(paragraph, field_xml(f"SEQ {kind} \\* ARABIC", str(n), bold))


def reference_xml(bookmark: str, shown: str, look: str = "") -> str:
    """Refer to a place; what is shown leads there, and follows the number of a table or figure."""
    return field_xml(f"REF {bookmark} \\h \\* MERGEFORMAT", shown, look)


def contents_xml(title: str, entries: Iterable[tuple[str, str]]) -> str:
    """Write the contents list of the headings of the first order.

    Parameters
    ----------
    title : str
        Its heading.
    entries : iterable of (bookmark, title)
        In order; the list shows them before any program has brought it up to date.

    Returns
    -------
    str
        ``<w:sdt>``, which Word shows with a button that updates it.
    """
    listed = list(entries)
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    code = '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-1" \\h \\z \\u </w:instrText></w:r>'
    lines = [f'<w:p><w:pPr><w:pStyle w:val="Contents"/></w:pPr><w:r><w:t>{escape(title)}</w:t></w:r></w:p>']
    for k, (bookmark, text) in enumerate(listed):
        before = f"{mark.format('begin')}{code}{mark.format('separate')}" if k == 0 else ""
        after = mark.format("end") if k == len(listed) - 1 else ""
        page = "<w:r><w:tab/></w:r>" + field_xml(f"PAGEREF {bookmark} \\h", "")
        lines.append(
            f'<w:p><w:pPr><w:pStyle w:val="{CONTENTS_LINE}"/></w:pPr>{before}'
            f'<w:hyperlink w:anchor="{bookmark}" w:history="1"><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
            f"{page}</w:hyperlink>{after}</w:p>"
        )
    return (
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/>'
        f"</w:docPartObj></w:sdtPr><w:sdtContent>{''.join(lines)}</w:sdtContent></w:sdt>"
    )
