"""Cells of tables from records: printed for a reader, in full for a spreadsheet, named for a program."""

from __future__ import annotations

from collections.abc import Iterable

from riskset.report import formats as fmt
from riskset.report.document import Cell, Part, Text
from riskset.report.phrases import name, number, sentence
from riskset.study.results import Estimate
from riskset.study.results_values import MASKED

BLANK = Cell()
DASH = Cell(Text((fmt.DASH,)))


def col(text: Text | str = "", span: int = 1, *, numeric: bool = True) -> Cell:
    """Head a column, or several. A string is our own word; what the plan calls something is ``name(...)``.

    Examples
    --------
    >>> col("Model 3", 2).head
    'colgroup'
    """
    return Cell(_text(text), head="col" if span == 1 else "colgroup", span=span, numeric=numeric)


def row(text: Text | str, *, indent: bool = False, wide: bool = False) -> Cell:
    """Head a row; a wide one holds a sentence.

    Examples
    --------
    >>> row("Persons").head
    'row'
    """
    return Cell(_text(text), head="row", numeric=False, indent=indent, wide=wide)


def words(text: Text | str) -> Cell:
    """Fill a cell with text.

    Examples
    --------
    >>> words("converged").numeric
    False
    """
    return Cell(_text(text), numeric=False)


def reference(text: str = "1") -> Cell:
    """Fill the cell of what the others are compared with, in line with their numbers.

    Examples
    --------
    >>> reference().numeric
    True
    """
    return Cell(_text(text))


def count(n: int | None, source: str, what: str = "n") -> Cell:
    """Fill a cell with a count.

    Examples
    --------
    >>> count(1350, "all/flow/persons[screened]").text
    '1,350'
    """
    return figures(fmt.count(n), source, Part(what, n, fmt.count(n)))


def fixed(x: float | None, decimals: int, source: str, what: str = "value") -> Cell:
    """Fill a cell with a number of so many decimals.

    Examples
    --------
    >>> fixed(3.14159, 2, "a/b/c").text
    '3.14'
    """
    text = fmt.fixed(x, decimals)
    return figures(text, source, Part(what, x, text))


def known(x: float | None, decimals: int, source: str, what: str = "value") -> Cell:
    """Fill a cell with a number that every study has; where it is not there, it is masked.

    Examples
    --------
    >>> known(None, 1, "a/b/c").text
    'masked'
    """
    text = fmt.known(x, decimals)
    return figures(text, source, Part(what, x, text))


def figures(text: str, source: str, *parts: Part) -> Cell:
    """Fill a cell with one printed number and the figures in it."""
    return Cell(number(text, source, *parts))


def ratio(e: Estimate | None, what: str = "HR") -> Cell:
    """Fill a cell with a hazard ratio, or a ratio of them, and its interval.

    Examples
    --------
    >>> ratio(None).text
    '–'
    """
    if e is None:
        return DASH
    if kept_back(e):
        return figures(fmt.MASKED, e.id, Part(what, None, fmt.MASKED))
    text = fmt.ratio_with_interval(e.estimate, e.lower, e.upper)
    shown = (fmt.ratio(v) for v in (e.estimate, e.lower, e.upper))
    cell = figures(text, e.id, *_interval(e, what, shown))
    return Cell(cell.content, marked=bool(e.warnings))


def estimate(e: Estimate | None, decimals: int, what: str = "estimate", *, times: float = 1.0) -> Cell:
    """Fill a cell with any estimate and its interval, to so many decimals; 100 times it is a percentage.

    Examples
    --------
    >>> estimate(None, 2).text
    '–'
    """
    if e is None:
        return DASH
    if kept_back(e):
        return figures(fmt.MASKED, e.id, Part(what, None, fmt.MASKED))
    values = [None if v is None else v * times for v in (e.estimate, e.lower, e.upper)]
    text = fmt.with_interval(values[0], values[1], values[2], decimals)
    shown = [fmt.fixed(v, decimals) for v in values]
    parts = tuple(Part(n, v, t) for n, v, t in zip(_names(e, what), values, shown, strict=True))
    if e.lower is None and e.upper is None:
        parts = parts[:1]
    return Cell(number(text, e.id, *parts), marked=bool(e.warnings))


def p_value(e: Estimate | None) -> Cell:
    """Fill a cell with an estimate's P value.

    Examples
    --------
    >>> p_value(None).text
    '–'
    """
    if e is not None and kept_back(e):
        return figures(fmt.MASKED, e.id, Part("P", None, fmt.MASKED))
    return DASH if e is None else figures(fmt.p_value(e.p), e.id, Part("P", e.p, fmt.p_value(e.p)))


def chi_square(e: Estimate | None) -> Cell:
    """Fill a cell with a chi-square statistic and its degrees of freedom.

    Examples
    --------
    >>> chi_square(None).text
    '–'
    """
    if e is None or e.estimate is None:
        return DASH
    df = e.unit.removeprefix("chi-square on ")
    shown = fmt.fixed(e.estimate, 2)
    return figures(f"χ² {shown}, {df}", e.id, Part("chi-square", e.estimate, shown))


def kept_back(e: Estimate) -> bool:
    """Say whether an estimate is masked, which a cell says instead of "not estimable"."""
    return e.estimate is None and MASKED in e.warnings


def warnings_of(estimates: Iterable[Estimate | None]) -> tuple[Text, ...]:
    """Gather the warnings of estimates as notes, each once, in order; their cells carry the mark.

    Examples
    --------
    >>> warnings_of((None,))
    ()
    """
    found = dict.fromkeys(w for e in estimates if e is not None for w in e.warnings if w != MASKED)
    return tuple(Text(("* ",)) + sentence(w) for w in found)


def _interval(e: Estimate, what: str, shown: Iterable[str]) -> tuple[Part, ...]:
    if e.estimate is None:
        return ()
    values = (e.estimate, e.lower, e.upper)
    return tuple(Part(n, v, t) for n, v, t in zip(_names(e, what), values, shown, strict=True))


def _names(e: Estimate, what: str) -> tuple[str, str, str]:
    level = fmt.level_percent(e.level)
    return what, f"{level} CI from", f"{level} CI to"


def _text(text: Text | str) -> Text:
    return text if isinstance(text, Text) else Text((text,)) if text else Text()


def heading(text: Text | str) -> Text:
    """Head a group of rows."""
    return _text(text)


def labelled(text: str, *, indent: bool = False) -> Cell:
    """Head a row by what the plan calls it.

    Examples
    --------
    >>> labelled(">= 2.4 mg/dL").text
    '≥ 2.4 mg/dL'
    """
    return row(name(text), indent=indent)
