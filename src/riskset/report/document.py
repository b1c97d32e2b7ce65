"""A report as one value, the same for every format: sections of blocks, and numbers that know their names.

A section is a pure function of the results. It says what stands in the report; how a page, a Word file or a
workbook shows it is the renderer's. Every number of the study is a :class:`Number` with the id of its record in
``results.json``; words of the plan are a :class:`Label`; everything else is our own text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure as Drawing


@dataclass(frozen=True, slots=True)
class Label:
    """Words of the plan or of the tables: set apart, so that they can neither end nor turn round a sentence."""

    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """One figure of a printed number, in full: what a spreadsheet gets.

    ``text`` is how it is printed beside the others; its decimals are those that the spreadsheet shows.
    """

    name: str
    value: float | int | None
    text: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the study as it is printed, with the id of the record that it is taken from."""

    text: str
    source: str
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A formula or a checksum, set as typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A section, table or figure of this report, named by its id; the renderer writes "Table 3"."""

    to: str


@dataclass(frozen=True, slots=True)
class Link:
    """A file beside the report."""

    text: str
    target: str


Run = str | Label | Number | Code | Reference | Link


@dataclass(frozen=True, slots=True)
class Text:
    """Words and numbers in a row.

    Examples
    --------
    >>> text = Text(("HR ", Number("0.59", "cve/model-1/hr[x]"))) + " in " + Text((Label("users"),))
    >>> text.plain
    'HR 0.59 in users'
    """

    runs: tuple[Run, ...] = ()

    def __add__(self, other: Text | str) -> Text:
        return Text((*self.runs, *(other.runs if isinstance(other, Text) else (other,))))

    def __bool__(self) -> bool:
        return any(not isinstance(run, str) or run for run in self.runs)

    @property
    def plain(self) -> str:
        """Its signs alone; a reference is its id."""
        return "".join(
            r if isinstance(r, str) else r.to if isinstance(r, Reference) else r.text for r in self.runs
        )

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Its numbers, in order."""
        return tuple(run for run in self.runs if isinstance(run, Number))


EMPTY = Text()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``kind`` is what it is for, not how it looks."""

    text: Text
    kind: Literal["", "lead", "basis", "reading", "caution", "sparse", "terms"] = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the reader must not miss, under its own heading."""

    heading: str
    lines: tuple[Text, ...]
    kind: Literal["note", "warning"] = "warning"


@dataclass(frozen=True, slots=True)
class Definitions:
    """Terms, each with one or more sentences."""

    entries: tuple[tuple[Text, tuple[Text, ...]], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table.

    ``head`` is the scope of a header cell ("col", "colgroup", "row") or empty for data.
    """

    content: Text = EMPTY
    head: Literal["", "col", "colgroup", "row"] = ""
    span: int = 1
    numeric: bool = True
    indent: bool = False
    wide: bool = False  # holds a sentence
    marked: bool = False  # carries a warning that stands under the table

    @property
    def text(self) -> str:
        """Its signs alone."""
        return self.content.plain

    @property
    def source(self) -> str | None:
        """Id of its number, where it holds exactly one."""
        numbers = self.content.numbers
        return numbers[0].source if len(numbers) == 1 == len(self.content.runs) else None


Line = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows under one heading; without a heading they follow the head directly."""

    rows: tuple[Line, ...]
    heading: Text = EMPTY
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: header rows, groups of rows, and what its reader must know under it.

    ``id`` is unique in the report and stable over runs; the number is given where the report is put together.
    """

    id: str
    caption: Text
    head: tuple[Line, ...]
    groups: tuple[Rows, ...]
    notes: tuple[Text, ...] = ()
    code: tuple[str, ...] = ()  # formulas, set as typed under the notes
    numbered: bool = True
    wide: bool = False  # needs the whole width of the page, or a page on its side
    dense: bool = False  # and little room between its columns
    bars: bool = False  # a page draws each row's interval beside its number
    sheet: str = ""  # name of its sheet in a workbook; by default its caption

    @property
    def columns(self) -> int:
        """Number of columns, for headings that span the table."""
        line = next((line for group in self.groups for line in group.rows), self.head[-1])
        return sum(cell.span for cell in line)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that can be drawn at any width, in inches; ``key`` names its files."""

    key: str
    caption: Text
    alt: str
    draw: Callable[[float], Drawing]

    @property
    def id(self) -> str:
        """Where it stands."""
        return f"figure-{self.key}"


@dataclass(frozen=True, slots=True)
class FlowChart:
    """The flow of patients: a page sets its boxes as text, paper gets the figure."""

    figure: Figure
    screened: Text
    steps: tuple[tuple[Text, Text], ...]  # excluded, remaining
    included: Text
    ends_heading: str
    ends: tuple[Text, ...]
    table: Table  # the same numbers for a workbook


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks under a heading of their own within a section.

    ``kind`` "card" is an answer at a glance; "folded" opens on request and is always open on paper.
    """

    id: str
    title: Text
    blocks: tuple[Block, ...]
    kind: Literal["plain", "card", "folded"] = "plain"


Block = Paragraph | Note | Definitions | Table | Figure | FlowChart | Group


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report; ``entry`` is its line in the contents, by default its title."""

    id: str
    title: Text
    blocks: tuple[Block, ...]
    entry: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    question: str
    notice: str | None
    version: str
    sections: tuple[Section, ...]
    language: str = "en"
    numbers: Mapping[str, int] = field(init=False)  # of tables and figures, by id

    def __post_init__(self) -> None:
        tables = (b.id for b in self.blocks() if isinstance(b, Table) and b.numbered)
        figures = (b.id for b in self.blocks() if isinstance(b, Figure))
        found = {name: n for names in (tables, figures) for n, name in enumerate(names, 1)}
        object.__setattr__(self, "numbers", found)

    def blocks(self) -> Iterator[Block]:
        """Give every block in reading order, those inside a group after it."""
        for section in self.sections:
            yield from inside_of(section.blocks)

    def words_for(self, to: str) -> str:
        """Name what a reference refers to: "Table 3", "Figure 1", or a section by its title."""
        if to in self.numbers:
            kind = "Figure" if to.startswith("figure-") else "Table"
            return f"{kind} {self.numbers[to]}"
        return next((s.entry or s.title.plain for s in self.sections if s.id == to), to)

    def plain(self, text: Text) -> str:
        """Give a text's signs alone, references in words."""
        return "".join(
            self.words_for(run.to) if isinstance(run, Reference) else Text((run,)).plain for run in text.runs
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, in order."""
        return tuple(b for b in self.blocks() if isinstance(b, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures, in order."""
        return tuple(b for b in self.blocks() if isinstance(b, Figure))


def inside_of(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Give blocks and those inside them, in reading order."""
    for block in blocks:
        yield block
        if isinstance(block, Group):
            yield from inside_of(block.blocks)
        elif isinstance(block, FlowChart):
            yield block.figure


def texts_of(document: Document) -> Iterator[Text]:
    """Give every text of a report, cells and captions included, in reading order."""
    for section in document.sections:
        yield section.title
        for block in inside_of(section.blocks):
            yield from _texts(block)


def _texts(block: Block) -> Iterator[Text]:
    match block:
        case Paragraph(text=text):
            yield text
        case Note(lines=lines):
            yield from lines
        case Definitions(entries=entries):
            for term, texts in entries:
                yield term
                yield from texts
        case Figure(caption=caption):
            yield caption
        case FlowChart():
            yield block.screened
            for step in block.steps:
                yield from step
            yield block.included
            yield from block.ends
            yield from _texts(block.table)
        case Table():
            yield block.caption
            yield from (cell.content for line in block.head for cell in line)
            for group in block.groups:
                yield group.heading
                yield from (cell.content for line in group.rows for cell in line)
            yield from block.notes
        case Group(title=title):
            yield title
