"""What the models of an outcome leave out because a value is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from riskset.study.rates import YEAR
from riskset.study.results import Count, RowsLost


def rows_lost(
    rows: pl.DataFrame,
    outcome: str,
    variables: Sequence[str],
    *,
    id: str,
    words: Callable[[str], str] = str,
    derived: Sequence[str] = (),
) -> RowsLost:
    """Count persons, events and person-time of rows in which a variable of any model is missing.

    Parameters
    ----------
    rows : polars.DataFrame
        All episodes of the outcome, times in days.
    outcome : str
        Column of the event.
    variables : sequence of str
        What the fullest model needs.
    id : str
        Column of the person.
    words : callable, optional
        What a column is called where people read it.
    derived : sequence of str, optional
        Variables made of another one, which lack a value where that one does: not counted again.

    Returns
    -------
    RowsLost
        A person is lost who has no complete row; ``by_variable`` counts rows, which may miss several.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"id": ["a", "a", "b"], "entry": [0.0, 365.25, 0.0], "exit": [365.25, 730.5, 365.25],
    ...                      "death": [False, True, True], "mg": [2.3, None, None]})
    >>> lost = rows_lost(rows, "death", ["mg"], id="id")
    >>> lost.persons_lost, lost.events_lost, lost.person_years_lost, lost.by_variable[0].n
    (1, 2, 2.0, 2)
    """
    complete = rows.drop_nulls(list(variables))
    missing = [(v, rows[v].null_count()) for v in variables if v not in derived]
    return RowsLost(
        outcome=outcome,
        persons_total=rows[id].n_unique(),
        persons_lost=rows[id].n_unique() - complete[id].n_unique(),
        events_total=_events(rows, outcome),
        events_lost=_events(rows, outcome) - _events(complete, outcome),
        person_years_total=_years(rows),
        person_years_lost=_years(rows) - _years(complete),
        by_variable=tuple(Count(label=words(v), n=n) for v, n in missing if n),
    )


def _events(rows: pl.DataFrame, outcome: str) -> int:
    return int(rows[outcome].sum())


def _years(rows: pl.DataFrame) -> float:
    # NumPy adds in the order of the rows; a threaded sum may not
    return float((rows["exit"] - rows["entry"]).to_numpy().sum()) / YEAR
