"""Blocks of the main question's sections, said of a further question: ids of their own, and the names of its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from riskset.report.document import (
    Block,
    Definitions,
    Figure,
    Group,
    Line,
    Note,
    Number,
    Paragraph,
    Reference,
    Run,
    Table,
    Text,
    inside_of,
)
from riskset.report.phrases import listing, name, say
from riskset.report.texts import en_further
from riskset.study.results import QuestionResult, Results
from riskset.study.scoped import Scope

FAMILY = "family-of-tests"
"""Table of the tests of interaction of all questions."""
LONGEST_KEY, LONGEST_TITLE = 40, 60


@dataclass(frozen=True)
class Place:
    """Where a further question stands in the report.

    Parameters
    ----------
    key : str
        Begins the ids of its tables and figures, and the names of their files.
    title : Text
        Begins their captions.
    sheet : str
        Begins the names of their sheets.
    scope : Scope
        Of the names of its numbers.
    """

    key: str
    title: Text
    sheet: str
    scope: Scope

    def of(self, blocks: Iterable[Block]) -> tuple[Block, ...]:
        """Set blocks in this place.

        Parameters
        ----------
        blocks : iterable of Block
            As they were made from the results of the question as a main one.

        Returns
        -------
        tuple of Block
        """
        given = tuple(blocks)
        ids = {b.id for b in inside_of(given) if isinstance(b, (Table, Figure, Group))}
        return tuple(self._block(block, ids) for block in given)

    def text(self, text: Text, ids: Iterable[str] = ()) -> Text:
        """Name the numbers of a text as those of the question; references lead to ids that are in this place."""
        return Text(tuple(self._run(run, ids) for run in text.runs))

    def _run(self, run: Run, ids: Iterable[str]) -> Run:
        if isinstance(run, Number):
            return run if run.source.startswith("all/") else replace(run, source=self.scope.put(run.source))
        if isinstance(run, Reference) and run.to in ids:
            return Reference(self._moved(run.to))
        return run

    def _moved(self, id: str) -> str:
        drawn = "figure-" if id.startswith("figure-") else ""
        return f"{drawn}{self.key}-{id.removeprefix(drawn)}"

    def _block(self, block: Block, ids: set[str]) -> Block:
        def here(text: Text) -> Text:
            return self.text(text, ids)

        match block:
            case Paragraph():
                return replace(block, text=here(block.text))
            case Note():
                return replace(block, lines=tuple(map(here, block.lines)))
            case Definitions():
                entries = ((here(term), tuple(map(here, texts))) for term, texts in block.entries)
                return Definitions(tuple(entries))
            case Group():
                inner = tuple(self._block(b, ids) for b in block.blocks)
                return replace(block, id=self._moved(block.id), title=here(block.title), blocks=inner)
            case Figure():
                caption = self.title + ". " + here(block.caption)
                return replace(block, key=f"{self.key}-{block.key}", caption=caption)
            case Table():
                return self._table(block, ids)
            case _:  # the flow of patients is that of the main question
                return block

    def _table(self, table: Table, ids: set[str]) -> Table:
        def line(cells: Line) -> Line:
            return tuple(
                replace(c, content=self.text(c.content, ids)) if c.content.runs else c for c in cells
            )

        rows = (
            replace(g, rows=tuple(map(line, g.rows)), heading=self.text(g.heading, ids)) for g in table.groups
        )
        return replace(
            table,
            id=self._moved(table.id),
            caption=self.title + ". " + self.text(table.caption, ids),
            head=tuple(map(line, table.head)),
            groups=tuple(rows),
            notes=tuple(self.text(n, ids) for n in table.notes),
            sheet=f"{self.sheet} {table.sheet or table.caption.plain}",
        )


def place_of(question: QuestionResult, nth: int) -> Place:
    """Say where a question stands in the report; ``nth`` counts the main question as the first."""
    return Place(key_of(question), title_of(question), f"Q{nth}", Scope(question.slug))


def key_of(question: QuestionResult) -> str:
    """Name a question's section, which begins the names of its files: those have an end where a plan's have none."""
    short = question.slug
    if len(short) > LONGEST_KEY:
        short = f"{short[:LONGEST_KEY]}-{hashlib.sha256(short.encode()).hexdigest()[:8]}"
    return f"question-{short}"


def title_of(question: QuestionResult) -> Text:
    """Name a question in captions, where a long name is cut."""
    text = question.name
    return name(text if len(text) <= LONGEST_TITLE else f"{text[: LONGEST_TITLE - 1].rstrip()}…")


def beside(results: Results) -> Text:
    """Say of the main question that it is not the only one; empty where it is."""
    if not results.questions:
        return Text()
    asked = listing(say("“{}”", title_of(q)) for q in results.questions)
    return say(en_further.THE_PLAN_ASKS_MORE, asked, Text((Reference(FAMILY),)))
