"""The data behind the numbers as tables: what matched, what was checked, what was printed elsewhere."""

from __future__ import annotations

from riskset.errors import PlanError
from riskset.report import formats as fmt
from riskset.report.people import rate_decimals
from riskset.report.table import Cell, Rows, Table, col, row, words
from riskset.study.ids import EstimateId, parse_id
from riskset.study.results import Printed, Results

_PREFIX = {"fact": "", "note": "Note: ", "warning": "Warning: "}


def tables_read(results: Results, number: int) -> Table:
    """Set the files and their rows."""
    rows = tuple((row(t.label), Cell(fmt.count(t.n))) for t in results.audit.tables)
    return Table(
        id=f"table-{number}",
        caption="Tables read",
        head=((Cell("File", head="col", numeric=False), col("Rows")),),
        groups=(Rows(rows),),
        number=number,
    )


def matched(results: Results, number: int) -> Table:
    """Set what each filter of the plan matched: the code list of the study."""
    rows: list[tuple[Cell, ...]] = []
    for m in results.audit.matched:
        strings = [f"{c.label} ({fmt.count(c.n)})" for c in m.strings]
        if m.strings_withheld:
            strings.append(f"{fmt.plural(m.strings_withheld, 'string')} of fewer than 5 persons not shown")
        rows.append(
            (
                row(m.key),
                Cell(fmt.count(m.rows)),
                Cell(fmt.count(m.persons)),
                words(", ".join(strings) or fmt.DASH),
                words(m.where),
            )
        )
    return Table(
        id=f"table-{number}",
        caption="What each filter matched",
        head=(
            (
                Cell("Plan key", head="col", numeric=False),
                col("Rows"),
                col("Persons"),
                Cell("Strings (persons)", head="col", numeric=False),
                Cell("Filter", head="col", numeric=False),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        number=number,
        wide=True,
    )


def audit(results: Results, number: int) -> Table:
    """Set what was checked and what was found, topic by topic; what needs attention says so."""
    topics: dict[str, list[tuple[Cell, ...]]] = {}
    for line in results.audit.lines:
        n = "" if line.n is None else fmt.count(line.n)
        topics.setdefault(line.topic, []).append(
            (row(_PREFIX[line.severity] + line.text, indent=True, text_cell=True), Cell(n))
        )
    return Table(
        id=f"table-{number}",
        caption="From raw tables to episodes: checks and counts",
        head=((Cell("Finding", head="col", numeric=False), col("n")),),
        groups=tuple(Rows(tuple(rows), heading=topic) for topic, rows in topics.items()),
        number=number,
        wide=True,
    )


def published(results: Results, number: int) -> Table:
    """Set published margins beside the run's own, with the agreement in words."""
    rows = tuple(
        (
            row(e.estimand),
            Cell(_printed(e), source=e.id),
            _of_the_run(e, results),
            words(" ".join(e.warnings)),
        )
        for e in results.published
    )
    return Table(
        id=f"table-{number}",
        caption="Published margins beside this run",
        head=(
            (
                Cell("Margin", head="col", numeric=False),
                col("Published"),
                col("This run"),
                Cell("Agreement", head="col", numeric=False),
            ),
        ),
        groups=(Rows(rows),),
        number=number,
        wide=True,
    )


def _printed(e: Printed) -> str:
    if e.unit in {"persons", "events"}:
        return fmt.count(round(e.estimate))
    # a rate is printed as published: two decimals where it has no more, so that 0.1 reads 0.10
    return fmt.fixed(e.estimate, 2 if round(e.estimate, 2) == e.estimate else fmt.decimals_for(e.estimate))


def _of_the_run(e: Printed, results: Results) -> Cell:
    try:
        name: EstimateId = parse_id(e.id)
    except PlanError:
        return Cell(fmt.DASH)
    if name.estimand == "persons":
        return Cell(fmt.count(results.flow.included))
    total = next((o.total for o in results.rates if o.outcome == name.outcome), None)
    if total is None or name.estimand not in {"events", "rate"}:
        return Cell(fmt.DASH)
    if name.estimand == "events":
        return Cell(fmt.count(total.basis.n_events), source=total.id)
    if total.unit != e.unit:
        return Cell(fmt.DASH)
    decimals = rate_decimals(results.rates)
    return Cell(fmt.with_interval(total.estimate, total.lower, total.upper, decimals), source=total.id)
