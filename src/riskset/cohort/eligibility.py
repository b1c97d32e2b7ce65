"""Who is in the study: rules in order, each with what it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from riskset.errors import CohortError
from riskset.tables import ROW, nearest, parse_filter, require_one_row_per_person, with_rows


@dataclass(frozen=True)
class Rule:
    """A condition that persons must meet.

    Parameters
    ----------
    keep : str
        SQL expression over the columns of the persons.
    label : str
        Box of the flow figure.
    """

    keep: str
    label: str


@dataclass(frozen=True)
class LedgerStep:
    """What one rule left.

    Parameters
    ----------
    label : str
    n_before, n_excluded, n_after : int
        Persons.
    n_undecided : int
        Of those excluded, the persons for whom a missing value leaves the rule undecided.
    """

    label: str
    n_before: int
    n_excluded: int
    n_after: int
    n_undecided: int = 0


@dataclass(frozen=True)
class Ledger:
    """Attrition: persons screened and what each rule left.

    Parameters
    ----------
    screened : int
    steps : tuple of LedgerStep

    Examples
    --------
    >>> Ledger(10).step("Adults", 8).step("With follow-up", 7).included
    7
    """

    screened: int
    steps: tuple[LedgerStep, ...] = ()

    @property
    def included(self) -> int:
        """Persons after the last rule."""
        return self.steps[-1].n_after if self.steps else self.screened

    def step(self, label: str, n_after: int, n_undecided: int = 0) -> Ledger:
        """Return this ledger with one more step.

        Parameters
        ----------
        label : str
        n_after : int
            Persons left.
        n_undecided : int
            Of those excluded, undecided for want of a value.

        Returns
        -------
        Ledger

        Raises
        ------
        CohortError
            If there are more persons after than before.
        """
        if n_after > self.included:
            raise CohortError(
                "a rule cannot add persons", where=label, remedy="Check that each person has one row."
            )
        step = LedgerStep(label, self.included, self.included - n_after, n_after, n_undecided)
        return Ledger(self.screened, (*self.steps, step))


def apply_rules(
    persons: pl.DataFrame, rules: Sequence[Rule], *, ledger: Ledger | None = None, where: str = "cohort"
) -> tuple[pl.DataFrame, Ledger]:
    """Apply rules of eligibility in order.

    Parameters
    ----------
    persons : pl.DataFrame
        One row per person, with the columns that the rules read.
    rules : sequence of Rule
    ledger : Ledger, optional
        To be continued; a new one starts with all persons.
    where : str
        Place, for messages.

    Returns
    -------
    kept : pl.DataFrame
    ledger : Ledger

    Raises
    ------
    TableError
        If a rule names a column that does not exist or is not true or false.
    CohortError
        If nobody is left.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": ["a", "b", "c"], "age": [17.0, 40.0, None]})
    >>> kept, ledger = apply_rules(persons, [Rule("age >= 18", "Adult at index")])
    >>> kept["id"].to_list(), ledger.steps[0].n_excluded, ledger.steps[0].n_undecided
    (['b'], 2, 1)
    """
    ledger = Ledger(persons.height) if ledger is None else ledger
    for rule in rules:
        kept = parse_filter(rule.keep, where=f"rule '{rule.label}'").rows(persons, where=where)
        undecided = kept.null_count()
        persons = persons.filter(kept)
        ledger = ledger.step(rule.label, persons.height, undecided)
        if persons.is_empty():
            raise CohortError(
                f"nobody is left after the rule '{rule.label}'",
                where=where,
                remedy="Check the rule, its units and the columns it reads.",
            )
    return persons, ledger


@dataclass(frozen=True)
class Chosen:
    """One row per person out of several.

    Parameters
    ----------
    frame : pl.DataFrame
        Sorted by id.
    n_rows, n_persons : int
        Given.
    n_rows_qualifying, n_persons_qualifying : int
        Whose `where` holds.
    n_rows_without_index : int
        Qualifying rows without an index date: they cannot be chosen.
    n_ties : int
        Persons with several qualifying rows at their first index: the one that stands first in the file is
        taken.
    """

    frame: pl.DataFrame
    n_rows: int
    n_persons: int
    n_rows_qualifying: int
    n_persons_qualifying: int
    n_rows_without_index: int
    n_ties: int


def first_per_person(
    frame: pl.DataFrame, *, id: str, index: str, where: str | None = None, table: str = "table"
) -> Chosen:
    """Take each person's first qualifying row by index date.

    Parameters
    ----------
    frame : pl.DataFrame
        Several rows per person (admissions).
    id, index : str
        Columns.
    where : str, optional
        Rows that qualify, as an SQL expression.
    table : str
        Name for messages.

    Returns
    -------
    Chosen

    Raises
    ------
    CohortError
        If a column does not exist or no row qualifies.

    Examples
    --------
    >>> stays = pl.DataFrame({"id": ["a", "a", "b"], "day": [5, 2, 9]})
    >>> first_per_person(stays, id="id", index="day").frame["day"].to_list()
    [2, 9]
    """
    for column in (id, index):
        if column not in frame.columns:
            raise CohortError(
                f"the column '{column}' does not exist", where=table, remedy=nearest(column, frame.columns)
            )
    numbered = with_rows(frame)
    chosen = numbered
    if where is not None:
        chosen = numbered.filter(parse_filter(where, where=table).rows(numbered, where=table))
    dated = chosen.filter(pl.col(index).is_not_null() & pl.col(id).is_not_null())
    if dated.is_empty():
        raise CohortError(
            "no row qualifies", where=table, remedy="Check the filter of the cohort and its index column."
        )
    ordered = dated.sort(id, index, ROW)
    first = ordered.group_by(id, maintain_order=True).first().select(numbered.columns)
    at_first = ordered.join(first.select(id, index), on=[id, index], how="semi")
    return Chosen(
        first,
        frame.height,
        frame[id].drop_nulls().n_unique(),
        chosen.height,
        chosen[id].drop_nulls().n_unique(),
        chosen.height - dated.height,
        int((at_first.group_by(id).len()["len"] > 1).sum()),
    )


def join_one_row(frame: pl.DataFrame, other: pl.DataFrame, *, id: str, table: str) -> pl.DataFrame:
    """Add the columns of a table with one row per person; it cannot multiply rows.

    Parameters
    ----------
    frame, other : pl.DataFrame
    id : str
        Column of both.
    table : str
        Name of `other`: a column that exists already is added as ``column_table``.

    Returns
    -------
    pl.DataFrame
        As many rows as `frame`, in its order; null where `other` has no row.

    Raises
    ------
    TableError
        If a person has two rows in `other`.

    Examples
    --------
    >>> join_one_row(pl.DataFrame({"id": ["a"]}), pl.DataFrame({"id": ["a"], "sex": ["f"]}), id="id", table="p").columns
    ['id', 'sex']
    """
    require_one_row_per_person(other, id, where=table)
    added = other.drop(ROW, strict=False)
    renamed = {c: f"{c}_{table}" for c in added.columns if c != id and c in frame.columns}
    return frame.join(added.rename(renamed), on=id, how="left", maintain_order="left")
