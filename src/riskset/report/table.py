"""A table as a value: caption, head, groups of rows, notes; the template only sets it in type.

A cell that shows an estimate carries that estimate's id, so that every number on the page leads back to
``results.json``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from riskset.report import formats as fmt
from riskset.study.results import Estimate


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, where the number comes from, and how it is read out.

    ``head`` is the scope of a header cell ("col", "colgroup", "row", "rowgroup") or empty for data.
    """

    text: str
    source: str | None = None
    head: str = ""
    span: int = 1
    numeric: bool = True
    indent: bool = False
    wide: bool = False  # holds a sentence
    marked: bool = False  # carries a warning that stands under the table


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows under one heading; without a heading they follow the head directly."""

    rows: tuple[tuple[Cell, ...], ...]
    heading: str | None = None
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be set."""

    id: str
    caption: str
    head: tuple[tuple[Cell, ...], ...]
    groups: tuple[Rows, ...]
    notes: tuple[str, ...] = ()
    number: int | None = None
    wide: bool = False  # needs the whole width of the page
    dense: bool = False  # and little room between its columns
    plain: tuple[str, ...] = field(default=())  # formulas and the like, set as code under the notes

    @property
    def columns(self) -> int:
        """Number of columns, for headings that span the table."""
        return sum(cell.span for cell in self.groups[0].rows[0])

    @property
    def title(self) -> str:
        """Caption with its number."""
        return self.caption if self.number is None else f"Table {self.number}. {self.caption}"


def col(text: str, span: int = 1) -> Cell:
    """Head a column, or several.

    Examples
    --------
    >>> col("Model 3", 2).head
    'colgroup'
    """
    return Cell(fmt.label(text), head="col" if span == 1 else "colgroup", span=span)


def row(text: str, *, indent: bool = False, marked: bool = False, text_cell: bool = False) -> Cell:
    """Head a row; a text cell holds a sentence and takes the width that a sentence needs.

    Examples
    --------
    >>> row(">= 2.4 mg/dL").text
    '≥ 2.4 mg/dL'
    """
    return Cell(fmt.label(text), head="row", numeric=False, indent=indent, marked=marked, wide=text_cell)


def words(text: str) -> Cell:
    """Fill a cell with text.

    Examples
    --------
    >>> words("converged").numeric
    False
    """
    return Cell(text, numeric=False)


def ratio(estimate: Estimate | None) -> Cell:
    """Fill a cell with a hazard ratio, or a ratio of them, and its interval.

    Examples
    --------
    >>> ratio(None).text
    '–'
    """
    if estimate is None:
        return Cell(fmt.DASH)
    text = fmt.ratio_with_interval(estimate.estimate, estimate.lower, estimate.upper)
    return Cell(text, source=estimate.id, marked=bool(estimate.warnings))


def p_value(estimate: Estimate | None) -> Cell:
    """Fill a cell with an estimate's P value.

    Examples
    --------
    >>> p_value(None).text
    '–'
    """
    if estimate is None:
        return Cell(fmt.DASH)
    return Cell(fmt.p_value(estimate.p), source=estimate.id)


def warnings_of(estimates: tuple[Estimate | None, ...]) -> tuple[str, ...]:
    """Gather the warnings of estimates, each once, in order.

    Examples
    --------
    >>> warnings_of((None,))
    ()
    """
    found = (w for e in estimates if e is not None for w in e.warnings)
    return tuple(dict.fromkeys(found))
