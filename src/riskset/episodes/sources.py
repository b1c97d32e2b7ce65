"""What a Timeline reads from tables: measures, drugs, events and the states that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from riskset.episodes.audit import AuditLine
from riskset.episodes.drugs import IMMORTAL, STATES, State, require_columns, require_known_then
from riskset.episodes.events import composite, read_event
from riskset.episodes.measures import USES, Use, read_measure, require_sense
from riskset.episodes.parts import Duration, Parts, one_of, ticks_of
from riskset.episodes.prescriptions import PrescriptionColumns, read_drug
from riskset.episodes.read_before import Read
from riskset.episodes.same_time import SAME_DAY, SameDay
from riskset.episodes.states import after_event
from riskset.errors import EpisodeError
from riskset.tables import Rejects
from riskset.tables.values import BelowLimit
from riskset.units import Analyte


class Sources:
    """The calls of a ``Timeline`` that read tables; each returns a new one."""

    __slots__ = ("_parts",)
    _parts: Parts

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Timeline never changes: each call returns a new one")

    def _with(self, parts: Parts) -> Self:
        new = object.__new__(type(self))
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
        analyte: str | Analyte | None = None,
        carry_forward: Duration | None = None,
        lag: Duration | None = None,
        use: Use = "last",
        window: Duration | None = None,
        same_day: SameDay = "mean",
        unit_is: str | None = None,
        below_limit: BelowLimit | None = None,
        date_only: str | None = None,
        plausible: tuple[float, float] | None = None,
        exclude: str | None = None,
        method: str | None = None,
    ) -> Self:
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
        analyte : str or Analyte, optional
            Whose molar mass and valence convert: its name, or the two numbers; the name of the measure otherwise.
        carry_forward : str or float, optional
            How long a value may stand for the next one; for ever without it.
        lag : str or float, optional
            How much later a value comes into force.
        use : {"last", "baseline", "mean", "cumulative mean", "change from baseline"}
        window : str or float, optional
            Of the mean.
        same_day : {"mean", "first", "last", "min", "max"}
            Of several values at one time. The first and the last go by the time of day: without any they are
            refused, and values that share it are averaged and counted.
        unit_is : str, optional
            Unit of every value of the table, where it has no column of units.
        below_limit : {"limit", "half", "reject"}, optional
            What ``<0.05`` stands for.
        date_only : str, optional
            Column, true where the time is known by date only.
        plausible : pair of float, optional
            Lowest and highest value that can be true, in the unit wanted; others are kept and counted.
        exclude : str, optional
            Column, true in rows that must not be used: values drawn in hospital. They are counted; an empty flag is
            a reject.
        method : str, optional
            Column of methods or instruments: the audit says from when to when each was in use.
        """
        forward, over = ticks_of(carry_forward, name), ticks_of(window, name)
        one_of("use", use, USES, name)
        one_of("same_day", same_day, SAME_DAY, name)
        require_sense(name, use, over, forward)
        name = self._parts.new_name(name)
        made_of = (name, time, value, unit, unit_is, where, to, analyte, same_day, below_limit)
        made_of += (date_only, plausible, exclude, method)
        use_of = {"lag": ticks_of(lag, name) or 0, "carry_forward": forward, "use": use, "window": over}
        for read in self._parts.reads:
            if read.serves(table, made_of):
                return self._with(self._parts.add_measure(replace(read.measure, **use_of), read))
        measure, rejects = read_measure(
            self._parts.persons,
            name,
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
            plausible=plausible,
            exclude=exclude,
            method=method,
        )
        read = Read(table, made_of, measure, rejects)
        return self._with(self._parts.add_measure(measure, read))

    def drug(
        self,
        name: str,
        table: Any,
        *,
        start: str,
        stop: str | None = None,
        days_supply: str | None = None,
        stockpile: bool = False,
        where: str | None = None,
        grace: Duration | None = None,
        missing_stop: str = "reject",
        state: State = "state",
        use: Literal["last", "baseline"] = "last",
        by: str | None = None,
        dose: str | None = None,
        step: Duration = "30 days",
        wrong: Literal["immortal_time"] | None = None,
        date_only: bool = False,
    ) -> Self:
        """Add a drug: never, current or former use, or how much of it.

        Parameters
        ----------
        name : str
            Of the column.
        table : data frame or Table
            Of prescriptions; overlapping, touching and repeated ones are one use.
        start, stop : str
            Columns; `stop` is the last day covered (without it and `days_supply`: one day each).
        days_supply : str, optional
            Column of days that a prescription lasts, instead of `stop`.
        stockpile : bool, default False
            A supply begins when the one before it is used up; otherwise overlaps are lost.
        where : str, optional
            Rows that are this drug, as an SQL expression.
        grace : str or float, optional
            How long use is presumed to go on after any prescription, the last one included.
        missing_stop : str, default "reject"
            "ongoing", "same day", "30 days" or "reject".
        state : str
            "state": never/current/former; "ever": never/ever; "current": not current/current; "drug": the one of
            `by` now used; "cumulative days" of use; "days since start" of the first use, missing before it;
            "dose" in force, 0 without.
        use : {"last", "baseline"}
            "baseline": as on day 0, frozen.
        by : str, optional
            Column that tells the drugs of a class apart: starting another one ends the one before.
        dose : str, optional
            Column of doses; those of prescriptions in force at once add up.
        step : str or float, default "30 days"
            Where a number grows, episodes are cut at its multiples since entry. A row has the value at its entry.
        wrong : {"immortal_time"}, optional
            Adds ``<name>_wrong_immortal_time`` beside the right column: ever-user from day 0 of whoever starts
            during follow-up. Wrong, and labelled so in the audit; for reviewers who ask.
        date_only : bool, default False
            The times of day in `start` and `stop` say nothing.
        """
        require_known_then(name, use)
        one_of("state", state, STATES, name)
        one_of("use", use, ("last", "baseline"), name)
        if wrong is not None:
            one_of("wrong", wrong, (IMMORTAL,), name)
        require_columns(
            name, state, stop=stop, days_supply=days_supply, stockpile=stockpile, by=by, dose=dose
        )
        every = ticks_of(step, name) or 0
        if every <= 0:
            raise EpisodeError("the step must be above 0", where=f"'{name}'", remedy='Write "30 days".')
        drug, rejects = read_drug(
            self._parts.persons,
            self._parts.new_name(name),
            table,
            PrescriptionColumns(start, stop, days_supply, dose, by, date_only),
            where=where,
            grace=ticks_of(grace, name) or 0,
            stockpile=stockpile,
            missing_stop=missing_stop,
            state=state,
            step=every,
            baseline=use == "baseline",
            immortal=wrong is not None,
            observed_from=self._parts.observed_from,
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
        at_where: str | None = None,
        ends_follow_up: bool = False,
        recurrent: bool = False,
        date_only: str | None = None,
        at_date_only: str | None = None,
    ) -> Self:
        """Add an event, whose first occurrence after entry is an outcome.

        Parameters
        ----------
        name : str
            Of the outcome.
        table : data frame, Table, FirstKnown or sequence of Source, optional
            Of events; or its sources in order of trust; without it the event stands in the table of persons.
        time : str
            Column of the date in `table`.
        where : str, optional
            Rows (of `table`, or of persons without one) that are this event, as an SQL expression.
        at : str
            Column of persons with the date of the event, empty without one. With a table besides: a second record
            of the same event; persons in whom the two disagree are rejects.
        at_where : str, optional
            Persons whose `at` is this event, where there is a table besides: ``"reason = 'death'"``.
        ends_follow_up : bool, default False
            It ends the follow-up for every outcome, as death does.
        recurrent : bool, default False
            Every day with the event counts and follow-up goes on after it (Andersen-Gill).
        date_only : str, optional
            Column, true where the time is known by date only.
        at_date_only : str, optional
            Column of persons, true where `at` is known by date only, where there is a table besides.
        """
        if recurrent and ends_follow_up:
            raise EpisodeError(
                "an event that ends follow-up cannot recur",
                where=f"'{name}'",
                remedy="Remove one of the two.",
            )
        event, rejects = read_event(
            self._parts.persons,
            self._parts.new_name(name),
            table,
            time=time,
            at=at,
            where=where,
            at_where=at_where,
            ends_follow_up=ends_follow_up,
            date_only=date_only,
            recurrent=recurrent,
            at_date_only=at_date_only,
        )
        return self._with(self._parts.add_event(event, rejects))

    def composite(self, name: str, components: Sequence[str], *, recurrent: bool = False) -> Self:
        """Add an outcome made of several events: the first of them, whose kind stays countable.

        Parameters
        ----------
        name : str
        components : sequence of str
            Names of events. One day counts once, for the component that ends follow-up if there is one, else for
            the one named first.
        recurrent : bool, default False
            Every day with a component counts.
        """
        named = {event.name: event for event in self._parts.events}
        for component in components:
            one_of("component", component, tuple(named), name)
        if len(set(components)) < 2:
            raise EpisodeError(
                "a composite has at least two components", where=f"'{name}'", remedy="Name them."
            )
        parts = [named[component] for component in dict.fromkeys(components)]
        event = composite(self._parts.new_name(name), parts, self._parts.persons, recurrent=recurrent)
        return self._with(self._parts.add_event(event, Rejects()))

    def state(
        self,
        name: str,
        table: Any = None,
        *,
        after: str | None = None,
        time: str | None = None,
        where: str | None = None,
        at: str | None = None,
        levels: tuple[str, str] = ("no", "yes"),
        count: bool = False,
        date_only: str | None = None,
    ) -> Self:
        """Add the state after an event: a history of stroke from the day after it, earlier strokes included.

        Parameters
        ----------
        name : str
            Of the column.
        table, time, where, at, date_only
            Where the events are, as ``event`` takes them; or
        after : str, optional
            the name of an event of this timeline.
        levels : pair of str, default ("no", "yes")
            Before and after.
        count : bool, default False
            The number of days with the event so far, instead.
        """
        rejects = Rejects()
        if after is not None and table is None and at is None:
            named = {event.name: event for event in self._parts.events}
            one_of("after", after, tuple(named), name)
            event = named[after]
        else:
            event, rejects = read_event(
                self._parts.persons,
                name,
                table,
                time=time,
                at=at,
                where=where,
                at_where=None,
                ends_follow_up=False,
                date_only=date_only,
                recurrent=True,
            )
        state = after_event(
            self._parts.new_name(name), event, self._parts.persons, () if count else tuple(levels)
        )
        return self._with(self._parts.add_state(state, event, rejects))
