"""The report as one page of HTML that needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from riskset.report.bars import Axis, Bar
from riskset.report.document import (
    Block,
    Cell,
    Code,
    Document,
    Group,
    Label,
    Link,
    Note,
    Number,
    Paragraph,
    Reference,
    Table,
    Text,
)
from riskset.report.figures import Drawings


@dataclass(frozen=True, slots=True)
class Cluster:
    """Blocks that stand in one frame on the page: cards beside each other, terms in small print."""

    frame: str
    blocks: tuple[Block, ...]


def to_html(document: Document, drawings: Drawings | None = None) -> str:
    """Set a report as a page.

    Parameters
    ----------
    document : Document
        The report.
    drawings : mapping, optional
        Its figures, drawn; without them their places stay empty.

    Returns
    -------
    str
        HTML without scripts or outside resources; each number carries its name as ``data-id``.
    """
    environment = Environment(
        loader=PackageLoader("riskset.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    setter = Setter(document)
    environment.filters["breakable"] = breakable
    environment.filters["set"] = setter.text
    environment.filters["kind"] = _kind
    axis = Axis.around(_parts(t) for t in document.tables if t.bars)

    def bar_of(line: Sequence[Cell]) -> Bar | None:
        limits = _limits(line[-1])
        return None if limits is None else axis.bar(*limits)

    css = (files("riskset.report") / "templates" / "report.css").read_text(encoding="utf-8")
    context: dict[str, object] = {
        "document": document,
        "drawings": drawings or {},
        "ticks": axis.ticks,
        "bar_of": bar_of,
        "clusters": clusters,
        "css": Markup(css),  # noqa: S704 (our own file)
    }
    return environment.get_template("report.html.j2").render(context)


@dataclass(frozen=True)
class Setter:
    """Sets text of a document; knows what its references refer to."""

    document: Document

    def text(self, text: Text) -> Markup:
        """Set words, labels and numbers, everything escaped."""
        return Markup("").join(self._run(run) for run in text.runs)

    def _run(self, run: object) -> Markup:
        match run:
            case Label(text):
                return Markup("<bdi>{}</bdi>").format(breakable(text))
            case Number(text, source):
                return Markup('<span class="n" data-id="{}">{}</span>').format(source, text)
            case Code(text):
                return Markup("<code>{}</code>").format(text)
            case Link(text, target):
                return Markup('<a href="{}">{}</a>').format(target, text)
            case Reference(to):
                return Markup('<a href="#{}">{}</a>').format(to, self.document.words_for(to))
            case _:
                return Markup.escape(run)


_BETWEEN = re.compile(r"(?<=[_:/,)\]])(?![_:/,)\]])|(?<=[^\W\d]\.)(?=[^\W\d])")
"""Where a long word may break: after a sign that joins, and after the full stop between two parts of a key."""


def breakable(text: str) -> Markup:
    """Let words of more than 20 signs break, so that one long name cannot push a table apart.

    Examples
    --------
    >>> str(breakable("short & " + "x" * 30 + " mg_group:calcimimetic_use"))
    'short &amp; xxxxxxxxxxxxxxxxxxxx<wbr>xxxxxxxxxx mg_<wbr>group:<wbr>calcimimetic_<wbr>use'
    >>> str(breakable("drugs.calcimimetic.use"))
    'drugs.<wbr>calcimimetic.<wbr>use'
    """
    return Markup(" ").join(Markup("<wbr>").join(_pieces(word)) for word in text.split(" "))


def _pieces(word: str) -> list[str]:
    if len(word) <= 20:
        return [word]
    natural = _BETWEEN.split(word)
    return [piece[k : k + 20] for piece in natural for k in range(0, len(piece), 20)]


def _kind(block: Block) -> str:
    return type(block).__name__.lower()


def clusters(blocks: Sequence[Block]) -> Iterator[Cluster]:
    """Gather neighbours that stand in one frame."""
    for frame, found in groupby(blocks, key=_frame):
        if frame:
            yield Cluster(frame, tuple(found))
        else:
            for block in found:
                yield Cluster("", (block,))


def _frame(block: Block) -> str:
    if isinstance(block, Group) and block.kind == "card":
        return "cards"
    if isinstance(block, Paragraph):
        return {"terms": "terms", "reading": "reading", "caution": "cautions", "sparse": "cautions"}.get(
            block.kind, ""
        )
    if isinstance(block, Note):
        return ""
    return "strata" if isinstance(block, Table) and block.bars else ""


Limits = tuple[float | None, float | None, float | None]


def _limits(cell: Cell) -> Limits | None:
    """Read a number with its interval from a cell."""
    parts = [p.value for n in cell.content.numbers for p in n.parts]
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _parts(table: Table) -> list[Limits]:
    cells = (cell for group in table.groups for line in group.rows for cell in line[1:])
    return [found for found in map(_limits, cells) if found is not None]
