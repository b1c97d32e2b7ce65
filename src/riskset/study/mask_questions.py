"""Counts of one question that follow from those of another: tables of the same persons share their margins.

Two questions with one exposure part the same events by different modifiers: the row of an exposure group adds up to the
same number in both tables. A cell that is hidden in one would come out of the other, unless both are seen together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from riskset.study.mask_book import Book, Path
from riskset.study.mask_ledger import Key
from riskset.study.results import QuestionResult, RateCell, Results

_Scope = tuple[Hashable, ...]


def shared_margins(book: Book, results: Results) -> None:
    """Enter that the events of a group are as many in the tables of all questions that have the group.

    Parameters
    ----------
    book : Book
        With the cells of all tables; added to.
    results : Results
    """
    found: dict[_Scope, dict[tuple[Key, ...], None]] = {}
    for scope, one, cells, path in _tables(results):
        keys = [book.places.get((*path, k, "rate", "basis", "n_events")) for k in range(len(cells))]
        axes = (
            (one.exposure_label, [c.exposure for c in cells]),
            (one.modifier_label, [c.modifier for c in cells]),
        )
        for label, levels in axes:
            for level in dict.fromkeys(levels):
                line = [key for key, of in zip(keys, levels, strict=True) if of == level]
                parts = tuple(sorted((key for key in line if key is not None), key=repr))
                if parts and len(parts) == len(line):
                    n = sum(book.ledger.value[key] for key in parts)
                    # by their number: questions may call a group by other names
                    found.setdefault((*scope, label, n), {})[parts] = None
    for margins in found.values():
        first, *others = margins
        for other in others:
            book.ledger.sums.append((*((1, key) for key in first), *((-1, key) for key in other)))


def _tables(
    results: Results,
) -> Iterator[tuple[_Scope, Results | QuestionResult, tuple[RateCell, ...], Path]]:
    """Give every table of cells: what it is of, its question, its cells and their place."""
    questions: list[tuple[Results | QuestionResult, Path]] = [(results, ())]
    questions += [(q, ("questions", k)) for k, q in enumerate(results.questions)]
    for one, head in questions:
        for i, rates in enumerate(one.rates):
            yield (rates.outcome,), one, rates.cells, (*head, "rates", i, "cells")
        for i, model in enumerate(one.models):
            rows = (model.outcome, model.basis.n_rows, model.basis.n_events)
            yield rows, one, model.cells, (*head, "models", i, "cells")
