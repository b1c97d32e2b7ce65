"""The Timeline: persons, what was measured, prescribed and suffered, and the episodes that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal

import polars as pl

from riskset.episodes.audit import AuditLine
from riskset.episodes.drugs import LEVELS, State, read_drug
from riskset.episodes.entering import enter_persons, since
from riskset.episodes.episodes import Episodes
from riskset.episodes.events import read_event
from riskset.episodes.measures import SAME_DAY, USES, SameDay, Use, read_measure, require_sense
from riskset.episodes.outputs import at_entry, episodes_of
from riskset.episodes.parts import Duration, Parts, first_parts, one_of, ticks_of
from riskset.tables import Clock, Rejects, parse_filter
from riskset.tables.values import BelowLimit
from riskset.units import parse_duration


class Timeline:
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

    __slots__ = ("_parts",)
    _parts: Parts

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
        object.__setattr__(self, "_parts", first_parts(entered, carry, observed, allowance))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Timeline never changes: each call returns a new one")

    def _with(self, parts: Parts) -> Timeline:
        new = object.__new__(Timeline)
        object.__setattr__(new, "_parts", parts)
        return new

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the covariates, in the order of their columns."""
        return self._parts.columns

    @property
    def rejects(self) -> Rejects:
        """Rows that broke a rule: file, row, column, rule."""
        return self._parts.rejects

    @property
    def notes(self) -> tuple[AuditLine, ...]:
        """What reading the tables found, for the audit."""
        return self._parts.notes

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """Per measure, drug and event: rows selected, of others, rejected and used."""
        parts = (*self._parts.measures, *self._parts.drugs, *self._parts.events)
        return {part.name: dict(part.counts) for part in parts}

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

    def measure(
        self,
        name: str,
        table: Any,
        *,
        time: str,
        value: str,
        unit: str | None = None,
        where: str | None = None,
        to: str | None = None,
        analyte: str | None = None,
        carry_forward: Duration | None = None,
        lag: Duration | None = None,
        use: Use = "last",
        window: Duration | None = None,
        same_day: SameDay = "mean",
        unit_is: str | None = None,
        below_limit: BelowLimit | None = None,
        date_only: str | None = None,
    ) -> Timeline:
        """Add a repeated measurement: the value in force is the last one drawn before.

        Parameters
        ----------
        name : str
            Of the column.
        table : data frame or Table
        time, value : str
            Columns of the date and of the number.
        unit : str, optional
            Column of units, per row.
        where : str, optional
            Rows that are this measure, as an SQL expression.
        to : str, optional
            Unit wanted; without it the values must be in one unit.
        analyte : str, optional
            Whose molar mass and valence convert; the name of the measure otherwise.
        carry_forward : str or float, optional
            How long a value may stand for the next one; for ever without it.
        lag : str or float, optional
            How much later a value comes into force.
        use : {"last", "baseline", "mean", "cumulative mean", "change from baseline"}
        window : str or float, optional
            Of the mean.
        same_day : {"mean", "first", "last", "min", "max"}
            Of several values at one time.
        unit_is : str, optional
            Unit of every value of the table, where it has no column of units.
        below_limit : {"limit", "half", "reject"}, optional
            What ``<0.05`` stands for.
        date_only : str, optional
            Column, true where the time is known by date only.
        """
        forward, over = ticks_of(carry_forward, name), ticks_of(window, name)
        one_of("use", use, USES, name)
        one_of("same_day", same_day, SAME_DAY, name)
        require_sense(name, use, over, forward)
        measure, rejects = read_measure(
            self._parts.persons,
            self._parts.new_name(name),
            table,
            time=time,
            value=value,
            unit=unit,
            unit_is=unit_is,
            where=where,
            to=to,
            analyte=analyte,
            carry_forward=forward,
            lag=ticks_of(lag, name) or 0,
            use=use,
            window=over,
            same_day=same_day,
            below_limit=below_limit,
            date_only=date_only,
        )
        return self._with(self._parts.add_measure(measure, rejects))

    def drug(
        self,
        name: str,
        table: Any,
        *,
        start: str,
        stop: str | None,
        where: str | None = None,
        grace: Duration | None = None,
        missing_stop: str = "reject",
        state: State = "state",
        use: Literal["last", "baseline"] = "last",
        date_only: bool = False,
    ) -> Timeline:
        """Add a drug: never, current or former use.

        Parameters
        ----------
        name : str
            Of the column.
        table : data frame or Table
            Of prescriptions; overlapping, touching and repeated ones are one use.
        start, stop : str
            Columns; `stop` is the last day covered (None: one day each).
        where : str, optional
            Rows that are this drug, as an SQL expression.
        grace : str or float, optional
            How long use is presumed to go on after any prescription, the last one included.
        missing_stop : str, default "reject"
            "ongoing", "same day", "30 days" or "reject".
        state : {"state", "ever", "current"}
            never/current/former; never/ever; not current/current.
        use : {"last", "baseline"}
            "baseline": the state on day 0, frozen.
        date_only : bool, default False
            The times of day in `start` and `stop` say nothing.
        """
        one_of("state", state, tuple(LEVELS), name)
        one_of("use", use, ("last", "baseline"), name)
        drug, rejects = read_drug(
            self._parts.persons,
            self._parts.new_name(name),
            table,
            start=start,
            stop=stop,
            where=where,
            grace=ticks_of(grace, name) or 0,
            missing_stop=missing_stop,
            state=state,
            baseline=use == "baseline",
            observed_from=self._parts.observed_from,
            date_only=date_only,
        )
        return self._with(self._parts.add_drug(drug, rejects))

    def event(
        self,
        name: str,
        table: Any = None,
        *,
        time: str | None = None,
        where: str | None = None,
        at: str | None = None,
        ends_follow_up: bool = False,
        date_only: str | None = None,
    ) -> Timeline:
        """Add an event, whose first occurrence after entry is an outcome.

        Parameters
        ----------
        name : str
            Of the outcome.
        table : data frame or Table, optional
            Of events; without it the event stands in the table of persons.
        time : str
            Column of the date in `table`.
        where : str, optional
            Rows (of `table`, or persons) that are this event, as an SQL expression.
        at : str
            Column of persons with the date of the event, empty without one.
        ends_follow_up : bool, default False
            It ends the follow-up for every outcome, as death does.
        date_only : str, optional
            Column, true where the time is known by date only.
        """
        event, rejects = read_event(
            self._parts.persons,
            self._parts.new_name(name),
            table,
            time=time,
            at=at,
            where=where,
            ends_follow_up=ends_follow_up,
            date_only=date_only,
        )
        return self._with(self._parts.add_event(event, rejects))

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

    def episodes(self, outcome: str) -> Episodes:
        """Cut each person's follow-up into (entry, exit] rows for one outcome.

        Parameters
        ----------
        outcome : str
            Name of an event.

        Returns
        -------
        Episodes
        """
        return episodes_of(self._parts, outcome)

    def __repr__(self) -> str:
        """Name the persons and the columns; no value."""
        persons = self._parts.persons
        return f"Timeline({persons.n:,} persons; columns: {', '.join(self.columns) or 'none'}; events: {', '.join(e.name for e in self._parts.events) or 'none'})"
