"""The Timeline: persons, what was measured, prescribed and suffered, and the episodes that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import polars as pl

from riskset.episodes.entering import enter_persons, since
from riskset.episodes.episodes import Episodes, at_entry
from riskset.episodes.outputs import batches_of, episodes_of, wanted_of
from riskset.episodes.parts import Duration, first_parts
from riskset.episodes.scales import read_split
from riskset.episodes.sources import Sources
from riskset.errors import counted
from riskset.tables import Clock, Rejects, parse_filter
from riskset.units import parse_duration


class Timeline(Sources):
    """Persons under observation, and what is known of them when.

    Every call returns a new timeline, and raises the errors below as soon as a table breaks a rule. ``episodes(outcome)`` cuts each person's follow-up wherever something
    changes; ``at_entry()`` gives what is in force on day 0.

    Parameters
    ----------
    persons : data frame or Table
        One row per person.
    id, entry : str
        Columns of ids and of entry: dates, time stamps or day numbers. Entry is day 0.
    exit : str, optional
        Column of the end of follow-up. Without it, follow-up ends by `max_followup` and by events that end it.
    max_followup : str or float, optional
        Longest follow-up, "5 years".
    carry : sequence of str
        Columns of the persons that are carried into the episodes, fixed at entry.
    clock : {"day", "time"}, default "day"
        Whole days; or time stamps, a date without a time then meaning the end of that day.
    observed : pair of dates, optional
        Records exist from and to; "never used" means never within them.
    plausible_dates : pair of dates, optional
        First and last date that can be true; 1900 to today.
    exit_date_only : str, optional
        Column of persons, true where the exit is known by date only.
    population : data frame or Series, optional
        Ids of everybody in the data, where the persons are only some of them: ids of other tables are compared
        with these.
    allowance : int or None, default 0
        Rows that may break a rule before the build stops; None leaves the decision to the caller, who reads
        `rejects`.
    like : Timeline, optional
        Another timeline. Where its persons are the same, a measure that it has read from the same table by the same
        rules is not read again; lag, carrying forward and use may differ.

    Raises
    ------
    EpisodeError, TableError
        If a column does not exist, a person has two rows, or rows break a rule beyond the allowance.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [200]})
    >>> labs = pl.DataFrame({"id": ["P"] * 3, "day": [-5, 30, 47], "mg": [2.3, 2.6, 2.2]})
    >>> events = pl.DataFrame({"id": ["P"], "day": [47]})
    >>> timeline = (
    ...     Timeline(persons, id="id", entry="entry", exit="exit")
    ...     .measure("mg", labs, time="day", value="mg", carry_forward="90 days")
    ...     .event("fracture", events, time="day")
    ... )
    >>> timeline.episodes("fracture").frame.rows()
    [('P', 0.0, 30.0, False, 2.3), ('P', 30.0, 47.0, True, 2.6)]
    """

    __slots__ = ()

    def __init__(
        self,
        persons: Any,
        *,
        id: str,
        entry: str,
        exit: str | None = None,
        max_followup: Duration | None = None,
        carry: Sequence[str] = (),
        clock: Clock = "day",
        observed: tuple[Any, Any] | None = None,
        plausible_dates: tuple[date | str, date | str] | None = None,
        exit_date_only: str | None = None,
        population: Any = None,
        allowance: int | None = 0,
        like: Timeline | None = None,
    ) -> None:
        entered = enter_persons(
            persons,
            id=id,
            entry=entry,
            exit=exit,
            max_followup=None if max_followup is None else parse_duration(max_followup, where="max_followup"),
            clock=clock,
            exit_date_only=exit_date_only,
            plausible_dates=plausible_dates,
            population=population,
        )
        object.__setattr__(
            self,
            "_parts",
            first_parts(entered, carry, observed, allowance, None if like is None else like._parts),
        )

    def age(
        self, column: str, name: str = "age", *, above: float | None = None, becomes: float | None = None
    ) -> Timeline:
        """Age at entry in years.

        Parameters
        ----------
        column : str
            Of birth dates.
        name : str, default "age"
        above, becomes : float, optional
            Ages above the first become the second, where the owner of the data has hidden them.
        """
        return self.since(column, name, "years", above=above, becomes=becomes)

    def since(
        self,
        column: str,
        name: str,
        unit: str = "months",
        *,
        above: float | None = None,
        becomes: float | None = None,
    ) -> Timeline:
        """Time from a date of the person to entry, fixed at entry.

        Parameters
        ----------
        column : str
            Of dates in the table of persons.
        name : str
            Of the result.
        unit : str, default "months"
        above, becomes : float, optional
            Values above the first become the second.
        """
        values, rejects = since(self._parts.persons, column, self._parts.new_name(name), unit, above, becomes)
        carried = pl.DataFrame([*self._parts.carried.iter_columns(), values])
        return self._with(self._parts.but(rejects, carried=carried))

    def split(
        self,
        name: str,
        *,
        at: Sequence[float] | None = None,
        every: Duration | None = None,
        since: str | None = None,
        unit: str = "days",
    ) -> Timeline:
        """Cut the follow-up along a time scale, and say in which band each piece lies (a Lexis diagram).

        Parameters
        ----------
        name : str
            Of the column of bands: "<50", "50-60", "60+".
        at : sequence of float, optional
            Where to cut, in `unit`.
        every : str or float, optional
            "calendar year", or a duration.
        since : str, optional
            Column of persons with the date at which the scale is zero, or "calendar"; time on study without it.
        unit : str, default "days"
            Of `at`: "years" for bands of age.
        """
        split = read_split(
            self._parts.persons, self._parts.new_name(name), at=at, every=every, since=since, unit=unit
        )
        return self._with(self._parts.add_split(split))

    def derive(self, name: str, sql: str) -> Timeline:
        """Add a column computed from the columns in force, row by row.

        Parameters
        ----------
        name : str
        sql : str
            An SQL expression over the covariates: ``"mg < 2.4"``. Missing stays missing.
        """
        expression = parse_filter(sql, where=f"'{name}'")
        expression.require(list(self.columns), where=f"'{self._parts.new_name(name)}'")
        return self._with(self._parts.but(Rejects(), derived=(*self._parts.derived, (name, expression))))

    def at_entry(self) -> pl.DataFrame:
        """Everything in force on day 0, one row per person.

        What is drawn or prescribed on day 0 itself is in force from then on and counts; nothing later does.

        Returns
        -------
        pl.DataFrame
            Sorted by id: id, carried columns, measures, drug states, derived columns.
        """
        return at_entry(self._parts)

    def episodes(
        self,
        outcome: str,
        *,
        competing: str | Sequence[str] = (),
        since: str | None = None,
        unit: str = "days",
        provenance: bool = False,
        memory_limit: str | float | None = None,
    ) -> Episodes:
        """Cut each person's follow-up into (entry, exit] rows for one outcome.

        Parameters
        ----------
        outcome : str
            Name of an event. A recurrent one adds ``<outcome>_count``, the events so far; a composite adds
            ``<outcome>_component`` on the rows of its events.
        competing : str or sequence of str
            Events that stop the clock too; adds ``<outcome>_status``: "censored", the outcome or their names.
        since : str, optional
            Time scale: a column of persons with the date at which it is zero (a birth date: attained age), or
            "calendar"; persons then enter late. Time on study without it.
        unit : str, default "days"
            Of entry and exit. Calendar time in years reads 2020.5 in the middle of 2020.
        provenance : bool, default False
            Adds to every measure its raw row, its date and its age in days at entry of the row.
        memory_limit : str or float, optional
            "2 GiB": what building may need besides the tables and the result; persons are built in batches,
            with the same rows as at once.

        Returns
        -------
        Episodes
        """
        wanted = wanted_of(self._parts, outcome, competing, since, unit, provenance=provenance)
        return episodes_of(self._parts, wanted, memory_limit)

    def episode_batches(
        self,
        outcome: str,
        *,
        memory_limit: str | float,
        competing: str | Sequence[str] = (),
        since: str | None = None,
        unit: str = "days",
        provenance: bool = False,
    ) -> Iterator[Episodes]:
        """Build the episodes of one outcome batch by batch, where they need not be in memory together.

        Parameters
        ----------
        outcome, competing, since, unit, provenance
            As ``episodes`` takes them.
        memory_limit : str or float
            What building one batch may need.

        Returns
        -------
        iterator of Episodes
            Each of some persons, in order, with the accounts of these.
        """
        wanted = wanted_of(self._parts, outcome, competing, since, unit, provenance=provenance)
        return batches_of(self._parts, wanted, memory_limit)

    def __repr__(self) -> str:
        """Name the persons and the columns; no value."""
        persons = self._parts.persons
        return f"Timeline({counted(persons.n, 'person')}; columns: {', '.join(self.columns) or 'none'}; events: {', '.join(e.name for e in self._parts.events) or 'none'})"
