"""Follow-up, first events and rates: in all, and by cell of exposure and modifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.document import Cell, Line, Part, Rows, Section, Table, Text
from riskset.report.phrases import inside, join, name, say
from riskset.report.texts import en
from riskset.study.counted import lost_id, median_id
from riskset.study.results import Estimate, OutcomeRates, Results, RowsLost

OUTCOMES_ABREAST = 3
"""Outcomes set side by side in the table of cells: as many as fit a page of A4 with two columns each."""
MISSING = en.NOT_KNOWN
SPARSE = 10
"""Events in a cell below which its rate is called uncertain."""


def section(results: Results) -> Section | None:
    """Set follow-up and rates of all outcomes."""
    if not results.rates:
        return None
    split = [o for o in results.rates if o.cells]
    parts = [split[k : k + OUTCOMES_ABREAST] for k in range(0, len(split), OUTCOMES_ABREAST)]
    return Section(
        "rates",
        Text((en.FOLLOW_UP_EVENTS_AND_RATES,)),
        (follow_up(results), *(by_cell(results, part, k) for k, part in enumerate(parts, 1))),
        entry=en.EVENTS_AND_RATES,
    )


def rate_decimals(outcomes: Sequence[OutcomeRates]) -> int:
    """Count decimals that show two significant digits of the lowest total rate, three where it begins with 1.

    Examples
    --------
    >>> rate_decimals(())
    1
    """
    lowest = min((o.total.estimate for o in outcomes if o.total.estimate), default=0.0)
    begins_with_1 = f"{lowest:.1e}".startswith("1")
    return fmt.decimals_for(lowest, 3 if begins_with_1 else 2)


def rate(e: Estimate | None, decimals: int) -> Cell:
    """Fill a cell with a rate and its interval.

    Examples
    --------
    >>> from riskset.study.results import Basis
    >>> found = Estimate(id="a/rates/rate", estimand="rate", unit="events per 1 person-year", estimate=0.0484,
    ...     lower=0.0377, upper=0.0613, method="exact",
    ...     basis=Basis(n_persons=1, n_rows=1, n_events=69, person_years=1425.0))
    >>> rate(found, 4).text.replace(fmt.NBSP, " ")
    '0.0484 (0.0377–0.0613)'
    """
    cell = cells.estimate(e, decimals, "rate")
    return Cell(cell.content)  # a sparse cell is told in the note, not by a mark


def follow_up(results: Results) -> Table:
    """Set persons, events, person-time and rate of each outcome in one line."""
    decimals, clock = rate_decimals(results.rates), follow_up_clock(results)
    rows: list[Line] = []
    for o in results.rates:
        basis, total = o.total.basis, o.total.id
        median = clock.read(o.median_follow_up_years)
        rows.append(
            (
                cells.labelled(o.label),
                cells.count(basis.n_persons, total, "persons"),
                cells.count(basis.n_events, total, "events"),
                person_time(basis.person_years, o, clock, total),
                cells.fixed(median, 1 if median >= 1 else 2, median_id(o.outcome), clock.unit.lower()),
                rate(o.total, decimals),
            )
        )
    note = en.EACH_OUTCOME_HAS_ITS_OWN
    return Table(
        id="follow-up",
        caption=Text((en.FOLLOW_UP_FIRST_EVENTS_AND,)),
        head=(
            (
                cells.col(en.OUTCOME, numeric=False),
                cells.col(en.PERSONS),
                cells.col(en.EVENTS),
                cells.col(clock.person.capitalize()),
                cells.col(en.MEDIAN_FOLLOW_UP.format(clock.unit.lower())),
                cells.col(say(en.RATE_95PERCENT_CI_2, name(results.time_unit))),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=(Text((note,)),),
        sheet=en.FOLLOW_UP_AND_RATES,
    )


def by_cell(results: Results, outcomes: Sequence[OutcomeRates], k: int) -> Table:
    """Set events, person-time and rates by cell of exposure and modifier, outcomes side by side."""
    clock = follow_up_clock(results)
    head = (
        (cells.col(numeric=False), *(cells.col(name(o.label), 2) for o in outcomes)),
        (
            cells.col(
                say(en.AND, name(results.exposure_label), inside(results.modifier_label)), numeric=False
            ),
            *(
                c
                for _ in outcomes
                for c in (cells.col(f"Events / {clock.person}"), cells.col(en.RATE_95PERCENT_CI))
            ),
        ),
    )
    found = {(o.outcome, c.exposure, c.modifier): c.rate for o in outcomes for c in o.cells}
    keys = dict.fromkeys((c.exposure, c.modifier) for o in outcomes for c in o.cells)
    everything = _line(cells.row(en.ALL_FOLLOW_UP), [o.total for o in outcomes], outcomes, results)
    groups = [Rows((everything,))]
    for exposure in [e for e in (*results.exposure_levels, None) if any(key[0] == e for key in keys)]:
        lines = [
            _line(
                cells.row(MISSING, indent=True)
                if modifier is None
                else cells.labelled(modifier, indent=True),
                [found.get((o.outcome, exposure, modifier)) for o in outcomes],
                outcomes,
                results,
            )
            for e, modifier in keys
            if e == exposure
        ]
        level = Text((MISSING,)) if exposure is None else name(exposure)
        groups.append(Rows(tuple(lines), heading=join([name(results.exposure_label), level])))
    sparse = any(r.basis.n_events is not None and r.basis.n_events < SPARSE for r in found.values())
    notes = [
        say(
            en.RATES_ARE_BOTH_STATES_CHANGE,
            name(results.time_unit),
        )
    ]
    if sparse:
        notes.append(Text((en.CELLS_WITH_FEWER_THAN_10,)))
    return Table(
        id=f"rates-by-cell-{k}",
        caption=say(
            en.EVENTS_AND_RATES_BY_AND,
            clock.person,
            inside(results.exposure_label),
            inside(results.modifier_label),
        ),
        head=head,
        groups=tuple(groups),
        notes=tuple(notes),
        wide=True,
        dense=True,
        sheet=f"Rates by cell ({k})" if k > 1 else "Rates by cell",
    )


def _line(
    head: Cell, rates: Sequence[Estimate | None], outcomes: Sequence[OutcomeRates], results: Results
) -> Line:
    decimals, clock = rate_decimals(results.rates), follow_up_clock(results)

    def both(found: Estimate | None, outcome: OutcomeRates) -> Iterator[Cell]:
        if found is None:
            yield cells.DASH
            yield cells.DASH
            return
        if found.basis.n_events is None:
            yield cells.figures(fmt.MASKED, found.id, Part("events", None, fmt.MASKED))
            yield rate(found, decimals)
            return
        events = fmt.count(found.basis.n_events)
        time = person_time(found.basis.person_years, outcome, clock, found.id)
        yield cells.figures(
            f"{events} / {time.text}",
            found.id,
            Part("events", found.basis.n_events, events),
            *time.content.numbers[0].parts,
        )
        yield rate(found, decimals)

    return head, *(c for r, o in zip(rates, outcomes, strict=True) for c in both(r, o))


def person_time(years: float | None, outcome: OutcomeRates, clock: Clock, source: str) -> Cell:
    """Fill a cell with person-time, with the decimals that the outcome's total asks for."""
    decimals = fmt.person_time(clock.read(outcome.total.basis.person_years))
    value = clock.read(years)
    if value is None:
        return cells.figures(fmt.MASKED, source, Part(clock.person, None, fmt.MASKED))
    return cells.fixed(value, decimals, source, clock.person)


def rows_lost(results: Results) -> Table:
    """Set what the models leave out because a covariate is missing."""
    label = {o.outcome: o.label for o in results.rates}
    clock = follow_up_clock(results)

    def part(value: float | None, whole: float | None, decimals: int, lost: RowsLost, what: str) -> Cell:
        some, all_ = (fmt.MASKED if v is None else fmt.fixed(v, decimals) for v in (value, whole))
        return cells.figures(
            f"{some} of {all_}", lost_id(lost, what), Part("left out", value, some), Part("of", whole, all_)
        )

    def line(lost: RowsLost) -> Line:
        missing = [
            say("{}: {}", name(c.label), cells_count(c.n, lost_id(lost, "rows", c.label)))
            for c in lost.by_variable
        ]
        return (
            cells.labelled(label.get(lost.outcome, lost.outcome)),
            part(lost.persons_lost, lost.persons_total, 0, lost, "persons"),
            part(lost.events_lost, lost.events_total, 0, lost, "events"),
            part(
                clock.read(lost.person_years_lost),
                clock.read(lost.person_years_total),
                1,
                lost,
                "person_years",
            ),
            cells.words(join(missing, ", ") or fmt.DASH),
        )

    note = en.ALL_MODELS_OF_AN_OUTCOME
    return Table(
        id="rows-lost",
        caption=Text((en.WHAT_THE_MODELS_LEAVE_OUT,)),
        head=(
            (
                cells.col(en.OUTCOME, numeric=False),
                cells.col(en.PERSONS_LEFT_OUT),
                cells.col(en.EVENTS_LEFT_OUT),
                cells.col(en.TIME_LEFT_OUT.format(clock.person.capitalize())),
                cells.col(en.MISSING_BY_VARIABLE, numeric=False),
            ),
        ),
        groups=(Rows(tuple(line(lost) for lost in results.rows_lost)),),
        notes=(Text((note,)),),
        sheet="Rows left out",
    )


def cells_count(n: int | None, source: str) -> Text:
    """Set a number of rows with its noun."""
    return say(f"{{}}{fmt.NBSP}{'row' if n == 1 else 'rows'}", cells.count(n, source, "rows").content)
