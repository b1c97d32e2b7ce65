"""The flow of patients: screened, excluded rule by rule, included, and how follow-up ended."""

from __future__ import annotations

from riskset.report import cells, drawings
from riskset.report import formats as fmt
from riskset.report.document import FlowChart, Line, Paragraph, Part, Rows, Section, Table, Text
from riskset.report.phrases import count, name, number, say
from riskset.report.sections.methods import masked_note
from riskset.report.texts import en
from riskset.study.counted import flow_id
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Set the flow of patients."""
    value = results.flow
    chart = FlowChart(
        figure=drawings.flow(results),
        screened=say("{} {}", name(value.screened_label), _n(value.screened, flow_id("persons", "screened"))),
        steps=tuple(
            (
                say(en.NOT, name(s.label), _n(s.n_excluded, flow_id("excluded", k, s.label))),
                say("{}", _n(s.n_after, flow_id("remaining", k, s.label))),
            )
            for k, s in enumerate(value.steps, 1)
        ),
        included=say(en.INCLUDED_2, _n(value.included, flow_id("persons", "included"))),
        ends_heading=en.HOW_FOLLOW_UP_ENDED,
        ends=tuple(
            say("{} {}", name(e.label), count(e.n, flow_id("ended", k, e.label)))
            for k, e in enumerate(value.ends, 1)
        ),
        table=_table(results),
    )
    # the first counts of the report: here a reader must know why some are not there
    note = () if results.masked_below is None else (Paragraph(masked_note(results.masked_below), "basis"),)
    return Section("patients", Text((en.FLOW_OF_PATIENTS,)), (*note, chart))


def _n(n: int | None, source: str) -> Text:
    shown = fmt.count(n)
    return number(f"n{fmt.NBSP}={fmt.NBSP}{shown}", source, Part("persons", n, shown))


def _table(results: Results) -> Table:
    """Set the same numbers in lines, for a workbook."""
    value = results.flow

    def line(text: Text, n: int | None, source: str) -> Line:
        return cells.row(text), cells.count(n, source, "persons")

    rows: list[Line] = [line(name(value.screened_label), value.screened, flow_id("persons", "screened"))]
    for k, s in enumerate(value.steps, 1):
        rows.append(line(say(en.EXCLUDED_NOT, name(s.label)), s.n_excluded, flow_id("excluded", k, s.label)))
        rows.append(line(Text((en.REMAINING,)), s.n_after, flow_id("remaining", k, s.label)))
    rows.append(line(Text((en.INCLUDED,)), value.included, flow_id("persons", "included")))
    ends = [
        line(say(en.FOLLOW_UP_ENDED_BY, name(e.label)), e.n, flow_id("ended", k, e.label))
        for k, e in enumerate(value.ends, 1)
    ]
    return Table(
        id="flow-in-numbers",
        caption=Text((en.FLOW_OF_PATIENTS,)),
        head=((cells.col(en.STEP, numeric=False), cells.col(en.PERSONS)),),
        groups=(Rows(tuple(rows)), *((Rows(tuple(ends)),) if ends else ())),
        numbered=False,
        sheet="Flow",
    )
