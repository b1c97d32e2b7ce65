"""Published margins beside the run's own, with the agreement stated."""

from __future__ import annotations

from riskset.errors import PlanError
from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Block, Cell, Note, Part, Rows, Section, Table, Text
from riskset.report.phrases import name, say
from riskset.report.sections.rates import rate, rate_decimals
from riskset.report.texts import en
from riskset.study.counted import flow_id
from riskset.study.ids import parse_id
from riskset.study.published import CONTRADICTION
from riskset.study.results import Printed, Results


def section(results: Results) -> Section | None:
    """Set what a publication prints beside what the run found."""
    if not results.published:
        return None
    rows = tuple(
        (
            cells.labelled(e.estimand),
            _printed(e),
            _of_the_run(e, results),
            cells.words(name(" ".join(e.warnings))),
        )
        for e in results.published
    )
    table = Table(
        id="published-margins",
        caption=Text((en.PUBLISHED_MARGINS_BESIDE_THIS_RUN,)),
        head=(
            (
                cells.col(en.MARGIN, numeric=False),
                cells.col(en.PUBLISHED),
                cells.col(en.THIS_RUN_2),
                cells.col(en.AGREEMENT, numeric=False),
            ),
        ),
        groups=(Rows(rows),),
        notes=(Text((en.PUBLISHED_AS_PRINTED_WHAT_IT,)),),
        wide=True,
        sheet="Published",
    )
    against = [w for e in results.published for w in e.warnings if w.startswith(CONTRADICTION)]
    blocks: list[Block] = [table]
    if against:
        labels = {o.outcome: o.label for o in results.rates}
        blocks.append(
            Note(
                en.PRINTED_FIGURES_THAT_CONTRADICT_EACH,
                tuple(
                    say("{}: {}", name(labels.get(parse_id(e.id).outcome, "")), name(w))
                    for e in results.published
                    for w in e.warnings
                    if w in against
                ),
            )
        )
    return Section("published", Text((en.BESIDE_THE_PUBLICATION,)), tuple(blocks))


def _printed(e: Printed) -> Cell:
    if e.unit in {"persons", "events"}:
        return cells.count(round(e.estimate), e.id, "published")
    # a rate is printed as published: two decimals where it has no more, so that 0.1 reads 0.10
    decimals = 2 if round(e.estimate, 2) == e.estimate else fmt.decimals_for(e.estimate)
    return cells.fixed(e.estimate, decimals, e.id, "published")


def _of_the_run(e: Printed, results: Results) -> Cell:
    try:
        what = parse_id(e.id)
    except PlanError:
        return cells.DASH
    if what.estimand == "persons":
        return cells.count(results.flow.included, flow_id("persons", "included"), en.THIS_RUN)
    total = next((o.total for o in results.rates if o.outcome == what.outcome), None)
    if total is None or what.estimand not in {"events", "rate"}:
        return cells.DASH
    if what.estimand == "events":
        return cells.count(total.basis.n_events, total.id, en.THIS_RUN)
    if total.unit != e.unit:
        return cells.DASH
    cell = rate(total, rate_decimals(results.rates))
    first, *rest = cell.content.numbers[0].parts
    return cells.figures(cell.text, total.id, Part("this run", first.value, first.text), *rest)
