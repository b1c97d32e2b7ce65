"""The counts of Table 1 and the sums that tie them: over groups, over levels, and between tables of one cohort."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations

from riskset.study.mask_book import INCLUDED, PART, TOTAL, Book, Path
from riskset.study.mask_ledger import Key
from riskset.study.results import CharacteristicRow, Summary, Table1


def table1_counts(book: Book, table: Table1, path: Path) -> None:
    """Enter the counts of a table.

    Parameters
    ----------
    book : Book
    table : Table1
    path : tuple
        Its place in the results.
    """
    total = book.whole((*path, "total"), "all", "n_persons", table.total, INCLUDED)
    groups = [book.own((*path, "groups", k, "n"), g.n, TOTAL) for k, g in enumerate(table.groups)]
    sizes: list[Key | None] = [total, *groups]
    _add(book, total, groups)
    for g, key in zip(table.groups, groups, strict=True):
        if key is not None:
            book.groups.setdefault((table.by, g.label), []).append(key)
    lines: dict[str, list[tuple[int, CharacteristicRow]]] = defaultdict(list)
    for k, row in enumerate(table.rows):
        lines[row.variable].append((k, row))
    for of_variable in lines.values():
        _variable(book, of_variable, sizes, path)


def _variable(
    book: Book, lines: Sequence[tuple[int, CharacteristicRow]], sizes: Sequence[Key | None], path: Path
) -> None:
    """Enter a variable: those with a value, those without, and each level, overall and by group."""
    known: list[Key | None] = []
    missing: list[Key | None] = []
    levels: list[list[Key | None]] = [[] for _ in lines]
    first = lines[0][1]
    for column in range(len(first.groups) + 1):
        places = [_place(path, k, column) for k, _ in lines]
        cells = [_cell(row, column) for _, row in lines]
        # all persons are the same in every table, and a variable's lines share who has a value
        head: Key = (
            ("all", first.variable, sizes[0]) if column == 0 else ("group", *path, first.variable, column)
        )
        n = gone = None
        for place, cell in zip(places, cells, strict=True):
            whole = (
                sizes[column] if not cell.missing else None
            )  # where nobody lacks a value, the group itself
            n = book.at((*place, "n"), (*head, "n") if whole is None else whole, cell.n, TOTAL)
            gone = book.at((*place, "missing"), (*head, "missing"), cell.missing)
        known.append(n)
        missing.append(gone)
        counts = [
            book.at((*place, "count"), (*head, "count", row.level), cell.count, PART if column else TOTAL)
            for place, cell, (_, row) in zip(places, cells, lines, strict=True)
        ]
        for level, key in zip(levels, counts, strict=True):
            level.append(key)
        _add(book, sizes[column], [n, gone])
        if first.kind == "category":
            _add(book, n, counts)  # of a yes alone, the no is the rest
    for overall, *groups in (known, missing, *(levels if first.kind == "category" else ())):
        _add(book, overall, groups)


def _add(book: Book, whole: Key | None, parts: Sequence[Key | None]) -> None:
    given = [p for p in parts if p is not None]
    if whole is not None and len(given) == len(parts):
        book.ledger.total(whole, given)


def _place(path: Path, row: int, column: int) -> Path:
    return (*path, "rows", row, *(("overall",) if column == 0 else ("groups", column - 1)))


def _cell(row: CharacteristicRow, column: int) -> Summary:
    return row.overall if column == 0 else row.groups[column - 1]


def same_cells(book: Book, tables: Sequence[Table1]) -> None:
    """Tie what two tables show of one cross-table: the rows of one are the groups of the other.

    Parameters
    ----------
    book : Book
    tables : sequence of Table1
        As they stand in the results.
    """
    for i, j in permutations(range(len(tables)), 2):
        for k, row in enumerate(tables[i].rows):
            if row.kind != "category":
                continue
            own = {r.level for r in tables[i].rows if r.variable == row.variable}
            names = [g.label for g in tables[j].groups]
            if row.level not in names or not own <= set(names):
                continue
            column = names.index(row.level)
            _same(book, ("table1", i, "rows", k, "overall", "count"), ("table1", j, "groups", column, "n"))
            back = {r.level: n for n, r in enumerate(tables[j].rows) if r.level is not None}
            for g, group in enumerate(tables[i].groups):
                if group.label in back:
                    there: Path = ("table1", j, "rows", back[group.label], "groups", column, "count")
                    _same(book, ("table1", i, "rows", k, "groups", g, "count"), there)


def _same(book: Book, here: Path, there: Path) -> None:
    a, b = book.places.get(here), book.places.get(there)
    if a is not None and b is not None and a != b and book.ledger.value[a] == book.ledger.value[b]:
        book.ledger.total(a, [b])
