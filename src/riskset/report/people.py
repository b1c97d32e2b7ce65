"""Who was followed: Table 1, follow-up, events and rates as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from statistics import median

from riskset.report import formats as fmt
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.table import Cell, Rows, Table, col, row, words
from riskset.study.results import CharacteristicRow, Estimate, OutcomeRates, Results, Summary, Table1
from riskset.study.wording import inside

OUTCOMES_ABREAST = 3
"""Outcomes set side by side in the table of cells: as many as fit a page of A4 with two columns each."""
MISSING = "not known"


def table1(value: Table1, number: int) -> Table:
    """Set one Table 1: a line per continuous variable, a line per level of a category.

    Parameters
    ----------
    value : Table1
        The counts and quartiles.
    number : int
        Its place among the tables of the page.
    """
    head = (
        col("Characteristic"),
        col(f"All (n{fmt.NBSP}={fmt.NBSP}{fmt.count(value.total)})"),
        *(col(f"{fmt.label(g.label)} (n{fmt.NBSP}={fmt.NBSP}{fmt.count(g.n)})") for g in value.groups),
        col("SMD"),
    )
    rows: list[tuple[Cell, ...]] = []
    for _, lines in groupby(value.rows, key=lambda r: r.variable):
        rows.extend(_variable(tuple(lines)))
    kinds = {r.kind for r in value.rows}
    notes = [
        "Continuous variables: median (first to third quartile)." if "continuous" in kinds else "",
        "Categories: number (percent of those with a value)." if "category" in kinds else "",
        "SMD: standardised mean difference, the largest between two groups of at least 10 persons.",
    ]
    return Table(
        id=f"table-{number}",
        caption=f"Characteristics at index, by {inside(value.by)}",
        head=(head,),
        groups=(Rows(tuple(rows)),),
        notes=(" ".join(n for n in notes if n),),
        number=number,
        wide=len(value.groups) > 2,
    )


def _variable(lines: tuple[CharacteristicRow, ...]) -> Iterator[tuple[Cell, ...]]:
    first = lines[0]
    name = first.label if first.unit is None else f"{first.label}, {fmt.unit(first.unit)}"
    summaries = (first.overall, *first.groups)
    smd = Cell(fmt.fixed(first.smd, 2))
    if first.kind == "continuous":
        spreads = [s.q3 - s.q1 for s in summaries if s.q1 is not None and s.q3 is not None]
        shown = [v for s in summaries for v in (s.median, s.q1, s.q3)]
        decimals = fmt.common_decimals(shown, median(spreads) if spreads else 0.0)
        yield row(name), *(Cell(_quartiles(s, decimals)) for s in summaries), smd
    elif len(lines) == 1:
        name = name if first.level in {None, "yes"} else f"{name}: {first.level}"
        yield row(name), *(Cell(_share(s)) for s in summaries), smd
    else:
        yield row(name), *(Cell("") for _ in summaries), smd
        for line in lines:
            shares = (Cell(_share(s)) for s in (line.overall, *line.groups))
            yield row(line.level or "", indent=True), *shares, Cell("")
    if any(s.missing for s in summaries):
        yield row("missing", indent=True), *(Cell(fmt.count(s.missing)) for s in summaries), Cell("")


def _quartiles(s: Summary, decimals: int) -> str:
    if s.median is None:
        if s.mean is None:
            return fmt.DASH
        return f"{fmt.fixed(s.mean, decimals)}{fmt.NBSP}(SD{fmt.NBSP}{fmt.fixed(s.sd, decimals)})"
    return fmt.with_interval(s.median, s.q1, s.q3, decimals)


def _share(s: Summary) -> str:
    if s.count is None:
        return fmt.DASH
    percent = "" if s.percent is None else f"{fmt.NBSP}({fmt.fixed(s.percent, 1)})"
    return f"{fmt.count(s.count)}{percent}"


def rate_text(estimate: Estimate, decimals: int) -> str:
    """Print a rate with its interval.

    Examples
    --------
    >>> from riskset.study.results import Basis
    >>> rate = Estimate(id="a/rates/rate", estimand="rate", unit="events per 1 person-year", estimate=0.0484,
    ...     lower=0.0377, upper=0.0613, method="exact",
    ...     basis=Basis(n_persons=1, n_rows=1, n_events=69, person_years=1425.0))
    >>> rate_text(rate, 4).replace(fmt.NBSP, " ")
    '0.0484 (0.0377–0.0613)'
    """
    return fmt.with_interval(estimate.estimate, estimate.lower, estimate.upper, decimals)


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


def follow_up(results: Results, number: int) -> Table:
    """Set persons, events, person-time and rate of each outcome in one line."""
    decimals, clock = rate_decimals(results.rates), follow_up_clock(results)
    head = (
        col("Outcome"),
        col("Persons"),
        col("Events"),
        col(clock.person.capitalize()),
        col(f"Median follow-up, {clock.unit.lower()}"),
        col(f"Rate {results.time_unit} (95% CI)"),
    )
    rows = tuple(
        (
            row(o.label),
            Cell(fmt.count(o.total.basis.n_persons), source=o.total.id),
            Cell(fmt.count(o.total.basis.n_events), source=o.total.id),
            Cell(_time(o.total.basis.person_years, o, clock), o.total.id),
            Cell(fmt.fixed(median_, 1 if median_ >= 1 else 2)),
            Cell(rate_text(o.total, decimals), source=o.total.id),
        )
        for o in results.rates
        for median_ in (clock.read(o.median_follow_up_years),)
    )
    note = (
        "Each outcome has its own follow-up: from index to the first event or the end of follow-up. "
        "Intervals of rates: exact Poisson (Garwood)."
    )
    return Table(
        id=f"table-{number}",
        caption="Follow-up, first events and rates",
        head=(head,),
        groups=(Rows(rows),),
        notes=(note,),
        number=number,
    )


def cells(results: Results, outcomes: Sequence[OutcomeRates], number: int) -> Table:
    """Set events, person-time and rates by cell of exposure and modifier, outcomes side by side."""
    decimals = rate_decimals(results.rates)
    clock = follow_up_clock(results)
    head = (
        (Cell("", head="col"), *(col(o.label, 2) for o in outcomes)),
        (
            Cell(
                f"{results.exposure_label} and {inside(results.modifier_label)}",
                head="col",
                numeric=False,
            ),
            *(c for _ in outcomes for c in (col(f"Events / {clock.person}"), col("Rate (95% CI)"))),
        ),
    )
    found = {(o.outcome, c.exposure, c.modifier): c.rate for o in outcomes for c in o.cells}
    keys = dict.fromkeys((c.exposure, c.modifier) for o in outcomes for c in o.cells)
    groups = [Rows((_cells_line("All follow-up", [o.total for o in outcomes], outcomes, clock, decimals),))]
    order = [e for e in (*results.exposure_levels, None) if any(k[0] == e for k in keys)]
    for exposure in order:
        lines = [
            _cells_line(
                modifier or MISSING,
                [found.get((o.outcome, exposure, modifier)) for o in outcomes],
                outcomes,
                clock,
                decimals,
                indent=True,
            )
            for e, modifier in keys
            if e == exposure
        ]
        heading = f"{results.exposure_label} {exposure if exposure is not None else MISSING}"
        groups.append(Rows(tuple(lines), heading=fmt.label(heading)))
    sparse = any(r.basis.n_events < 10 for r in found.values())
    notes = [
        f"Rates are {results.time_unit}. Both states change over time; person-time in which a value is not known "
        "is shown and enters no model.",
        "Cells with fewer than 10 events are sparse: their rates are uncertain." if sparse else "",
    ]
    return Table(
        id=f"table-{number}",
        caption=f"Events, {clock.person} and rates by {inside(results.exposure_label)} and "
        f"{inside(results.modifier_label)}",
        head=head,
        groups=tuple(groups),
        notes=tuple(n for n in notes if n),
        number=number,
        wide=True,
        dense=True,
    )


def _cells_line(
    name: str,
    rates: Sequence[Estimate | None],
    outcomes: Sequence[OutcomeRates],
    clock: Clock,
    decimals: int,
    *,
    indent: bool = False,
) -> tuple[Cell, ...]:
    line = [row(name, indent=indent)]
    for rate, outcome in zip(rates, outcomes, strict=True):
        if rate is None:
            line += [Cell(fmt.DASH), Cell(fmt.DASH)]
            continue
        time = _time(rate.basis.person_years, outcome, clock)
        line.append(Cell(f"{fmt.count(rate.basis.n_events)} / {time}", source=rate.id))
        line.append(Cell(rate_text(rate, decimals), source=rate.id))
    return tuple(line)


def _time(years: float, outcome: OutcomeRates, clock: Clock) -> str:
    """Print person-time with the decimals that the outcome's total asks for."""
    return fmt.fixed(clock.read(years), fmt.person_time(clock.read(outcome.total.basis.person_years)))


def ends(results: Results, number: int) -> Table:
    """Set how follow-up ended."""
    rows = tuple((row(e.label), Cell(fmt.count(e.n))) for e in results.flow.ends)
    return Table(
        id=f"table-{number}",
        caption="How follow-up ended",
        head=((col("End of follow-up"), col("Persons")),),
        groups=(Rows(rows),),
        number=number,
    )


def rows_lost(results: Results, number: int) -> Table:
    """Set what the models leave out because a covariate is missing."""
    label = {o.outcome: o.label for o in results.rates}
    clock = follow_up_clock(results)
    rows = tuple(
        (
            row(label.get(lost.outcome, lost.outcome)),
            Cell(f"{fmt.count(lost.persons_lost)} of {fmt.count(lost.persons_total)}"),
            Cell(f"{fmt.count(lost.events_lost)} of {fmt.count(lost.events_total)}"),
            Cell(
                f"{fmt.fixed(clock.read(lost.person_years_lost), 1)} of "
                f"{fmt.fixed(clock.read(lost.person_years_total), 1)}"
            ),
            words(", ".join(f"{c.label}: {fmt.plural(c.n, 'row')}" for c in lost.by_variable) or fmt.DASH),
        )
        for lost in results.rows_lost
    )
    head = (
        col("Outcome"),
        col("Persons left out"),
        col("Events left out"),
        col(f"{clock.person.capitalize()} left out"),
        Cell("Missing, by variable", head="col", numeric=False),
    )
    return Table(
        id=f"table-{number}",
        caption="What the models leave out because a value is missing",
        head=(head,),
        groups=(Rows(rows),),
        notes=(
            "All models of an outcome use the rows that are complete for the fullest of them. A row may lack "
            "several values.",
        ),
        number=number,
    )
