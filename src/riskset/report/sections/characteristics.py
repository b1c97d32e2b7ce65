"""Table 1: who the persons were at index."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from statistics import median

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Cell, Line, Part, Rows, Section, Table, Text
from riskset.report.phrases import count, inside, join, name, say
from riskset.report.texts import en
from riskset.study.counted import table1_id
from riskset.study.results import CharacteristicRow, Results, Summary, Table1


def section(results: Results) -> Section | None:
    """Set one Table 1 per grouping."""
    if not results.table1:
        return None
    tables = tuple(_table(t, k) for k, t in enumerate(results.table1, 1))
    return Section("characteristics", Text((en.CHARACTERISTICS_AT_INDEX,)), tables, entry=en.CHARACTERISTICS)


def _table(value: Table1, k: int) -> Table:
    """Set a line per continuous variable, a line per level of a category."""
    by = value.by

    def head(words: Text | str, n: int | None, group: str | None) -> Cell:
        size = count(n, table1_id("persons", by, group))
        return cells.col(say(f"{{}} (n{fmt.NBSP}={fmt.NBSP}{{}})", words, size))

    rows: list[Line] = []
    groups: list[str | None] = [None, *(g.label for g in value.groups)]
    for _, lines in groupby(value.rows, key=lambda r: r.variable):
        rows.extend(_variable(by, groups, tuple(lines)))
    kinds = {r.kind for r in value.rows}
    notes = [
        en.CONTINUOUS_VARIABLES_MEDIAN_FIRST_TO if "continuous" in kinds else "",
        en.CATEGORIES_NUMBER_PERCENT_OF_THOSE if "category" in kinds else "",
        en.SMD_STANDARDISED_MEAN_DIFFERENCE_THE,
        en.ALL_ARE_VALUES_AT_INDEX,
    ]
    return Table(
        id=f"characteristics-{k}",
        caption=say(en.CHARACTERISTICS_AT_INDEX_BY, inside(by)),
        head=(
            (
                cells.col(en.CHARACTERISTIC, numeric=False),
                head("All", value.total, None),
                *(head(name(g.label), g.n, g.label) for g in value.groups),
                cells.col(en.SMD),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=(Text((" ".join(n for n in notes if n),)),),
        wide=len(value.groups) > 2,
        sheet=f"Table 1 ({k})" if k > 1 else "Table 1",
    )


def _variable(by: str, groups: list[str | None], lines: tuple[CharacteristicRow, ...]) -> Iterator[Line]:
    first = lines[0]
    title = name(first.label) if first.unit is None else name(f"{first.label}, {fmt.unit(first.unit)}")
    summaries = (first.overall, *first.groups)
    smd = cells.fixed(first.smd, 2, table1_id("smd", by, first.variable), "SMD")
    if first.kind == "continuous":
        spreads = [s.q3 - s.q1 for s in summaries if s.q1 is not None and s.q3 is not None]
        shown = [v for s in summaries for v in (s.median, s.q1, s.q3)]
        decimals = fmt.common_decimals(shown, median(spreads) if spreads else 0.0)
        ids = (table1_id("quartiles", by, first.variable, g) for g in groups)
        yield (
            cells.row(title),
            *(_quartiles(s, decimals, i) for s, i in zip(summaries, ids, strict=True)),
            smd,
        )
    elif len(lines) == 1:
        title = title if first.level in {None, "yes"} else join([title, name(first.level or "")], ": ")
        yield cells.row(title), *_shares(by, groups, first), smd
    else:
        yield cells.row(title), *(cells.BLANK for _ in summaries), smd
        for line in lines:
            yield (
                cells.labelled(line.level or "", indent=True),
                *_shares(by, groups, line),
                cells.BLANK,
            )
    if any(s.missing for s in summaries):
        ids = (table1_id("missing", by, first.variable, g) for g in groups)
        missing = (cells.count(s.missing, i) for s, i in zip(summaries, ids, strict=True))
        yield cells.row(en.MISSING, indent=True), *missing, cells.BLANK


def _shares(by: str, groups: list[str | None], line: CharacteristicRow) -> Iterator[Cell]:
    for group, summary in zip(groups, (line.overall, *line.groups), strict=True):
        yield _share(summary, table1_id("share", by, line.variable, line.level or "", group))


def _quartiles(s: Summary, decimals: int, source: str) -> Cell:
    if s.median is None:
        if s.mean is None:
            return cells.count(None, source) if s.n != 0 else cells.DASH
        mean, sd = fmt.fixed(s.mean, decimals), fmt.fixed(s.sd, decimals)
        text = f"{mean}{fmt.NBSP}(SD{fmt.NBSP}{sd})"
        return cells.figures(text, source, Part("mean", s.mean, mean), Part("SD", s.sd, sd))
    parts = (
        Part(what, v, fmt.fixed(v, decimals))
        for what, v in (("median", s.median), (en.AT_1ST_QUARTILE, s.q1), (en.AT_3RD_QUARTILE, s.q3))
    )
    return cells.figures(fmt.with_interval(s.median, s.q1, s.q3, decimals), source, *parts)


def _share(s: Summary, source: str) -> Cell:
    if s.count is None:
        return cells.count(None, source)
    n = fmt.count(s.count)
    if s.percent is None:
        return cells.figures(n, source, Part("n", s.count, n))
    percent = fmt.fixed(s.percent, 1)
    return cells.figures(
        f"{n}{fmt.NBSP}({percent})", source, Part("n", s.count, n), Part("%", s.percent, percent)
    )
