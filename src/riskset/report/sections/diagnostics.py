"""What the primary models assume and rest on: tests by term, coefficients over time, and why no risks are given."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure as Drawing

from riskset.plots.zph import TimeCoefficientPanel, time_coefficient_figure
from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import (
    Block,
    Cell,
    Figure,
    Group,
    Line,
    Paragraph,
    Part,
    Rows,
    Section,
    Table,
    Text,
)
from riskset.report.outcomes import label_of
from riskset.report.phrases import count, established, inside, listing, name, number, p_phrase, say
from riskset.report.sections.notes import model_notes
from riskset.report.texts import en_diagnostics
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_diagnostics import ModelDiagnostics, OverTime, TermDiagnostics

HARDLY = 1.0  # percent


def section(results: Results) -> Section | None:
    """Set the diagnostics of every outcome's primary model."""
    if not results.diagnostics:
        return None
    blocks = [
        Paragraph(Text((en_diagnostics.DIAGNOSTICS_ARE_QUESTIONS,))),
        *(_outcome(d, results) for d in results.diagnostics),
        *_absolute(results),
    ]
    return Section("diagnostics", Text((en_diagnostics.DIAGNOSTICS,)), tuple(blocks))


def _outcome(found: ModelDiagnostics, results: Results) -> Group:
    label = label_of(results, found.outcome)
    blocks: list[Block] = [Paragraph(text, "reading") for text in reading(found)]
    blocks.append(_table(found, label, results))
    if found.over_time:
        blocks.append(_figure(found, label))
    return Group(f"diagnostics-{slug(found.outcome)}", name(label), tuple(blocks))


def reading(found: ModelDiagnostics) -> tuple[Text, ...]:
    """Read the diagnostics of one model, each sentence by its test."""
    out: list[Text] = []
    changing = [t for t in found.terms if t.hazards is not None and established(t.hazards)]
    if found.hazards is not None:
        whole = say(en_diagnostics.ALL_TERMS_PROPORTIONAL, p_phrase(found.hazards))
        if changing:
            named = listing(say(en_diagnostics.TERM_WITH_P, inside(t.label), _p(t)) for t in changing)
            more = (
                en_diagnostics.HAZARD_RATIO_MAY_CHANGE
                if len(changing) == 1
                else en_diagnostics.HAZARD_RATIOS_MAY_CHANGE
            )
            whole = whole + say(more, named)
        out.append(whole + ".")
    bent = [(t.label, t.form) for t in found.terms if t.form is not None and established(t.form)]
    if bent:
        named = listing(
            say(en_diagnostics.TERM_WITH_P, inside(label), p_phrase(form)) for label, form in bent
        )
        out.append(say(en_diagnostics.STRAIGHT_LINE_MAY_NOT_DO, named))
    if found.influence is not None and found.influence.estimate is not None:
        e = found.influence
        shown = f"{fmt.fixed(e.estimate, 1)}%"
        text = (
            en_diagnostics.ONE_PERSON_HARDLY_MOVES
            if found.influence.estimate < HARDLY
            else en_diagnostics.ONE_PERSON_MOVES_ALL
        )
        out.append(say(text, number(shown, e.id, Part("region", e.estimate, shown))))
    if found.sparse:
        few = listing(
            say(en_diagnostics.TERM_WITH_P, name(text), count(int(e.estimate or 0), e.id, "events"))
            for e, text in zip(found.sparse, found.sparse_labels, strict=True)
        )
        out.append(say(en_diagnostics.CELLS_WITH_FEW_EVENTS, few))
    out += [say(en_diagnostics.NOT_LOOKED_AT, name(why)) for why in found.not_done]
    return tuple(out)


def _p(term: TermDiagnostics) -> Text:
    return Text() if term.hazards is None else p_phrase(term.hazards)


def _table(found: ModelDiagnostics, label: str, results: Results) -> Table:
    rows: list[Line] = [
        (
            cells.labelled(t.label),
            cells.chi_square(t.hazards),
            cells.p_value(t.hazards),
            _fixed(t.influence),
            cells.p_value(t.form),
            _fixed(t.inflation),
        )
        for t in found.terms
    ]
    methods = dict.fromkeys(e.method for t in found.terms for e in (t.hazards, t.form) if e is not None)
    notes = [
        say(en_diagnostics.DIAGNOSTICS_BY, name(found.model), listing(name(m) for m in methods)),
        Text((en_diagnostics.ONE_PERSON_AND_INFLATION,)),
        Text((en_diagnostics.THRESHOLDS_OF_DIAGNOSTICS,)),
    ]
    if found.events_per_parameter is not None and found.events_per_parameter.estimate is not None:
        e = found.events_per_parameter
        notes.append(say(en_diagnostics.EVENTS_PER_COEFFICIENT_ARE, number(fmt.fixed(e.estimate, 1), e.id)))
    notes += model_notes(
        [m for m in results.models if (m.outcome, m.model) == (found.outcome, found.model)][:1]
    )
    return Table(
        id=f"diagnostics-{slug(found.outcome)}-terms",
        caption=say(en_diagnostics.DIAGNOSTICS_BY_TERM, name(label), name(found.model)),
        head=(
            (
                cells.col(numeric=False),
                cells.col(en_diagnostics.PROPORTIONAL_HAZARDS),
                cells.col("P"),
                cells.col(en_diagnostics.ONE_PERSON),
                cells.col(en_diagnostics.STRAIGHT_LINE_P),
                cells.col(en_diagnostics.INFLATION),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=tuple(notes),
        wide=True,
        sheet=f"{en_diagnostics.DIAGNOSTICS} {found.outcome}",
    )


def _fixed(e: Estimate | None) -> Cell:
    return cells.DASH if e is None else cells.fixed(e.estimate, 2, e.id, e.unit)


def _figure(found: ModelDiagnostics, label: str) -> Figure:
    tests = {t.term: t.hazards for t in found.terms}
    panels = [_panel(o, tests.get(o.term)) for o in found.over_time]

    def draw(width: float) -> Drawing:
        return time_coefficient_figure(panels, x_label=en_diagnostics.DAYS_AS_IN_THE_TEST, width=width)

    caption = say(en_diagnostics.OVER_TIME_CAPTION, name(label), name(found.model))
    return Figure(
        f"over-time-{slug(found.outcome)}", caption, en_diagnostics.THE_TABLE_ABOVE_HOLDS_TESTS, draw
    )


def _panel(value: OverTime, test: Estimate | None) -> TimeCoefficientPanel:
    return TimeCoefficientPanel(
        label=fmt.label(value.label),
        x=np.array(value.groups_place),
        y=np.array(value.groups_mean),
        time=np.array(value.groups_days),
        smooth_x=np.array(value.place),
        estimate=np.array(value.estimate),
        lower=np.array(value.lower),
        upper=np.array(value.upper),
        constant=value.constant,
        note="" if test is None else fmt.p_phrase(test.p),
    )


def _absolute(results: Results) -> list[Block]:
    """Say why no risks are given where covariates change within persons."""
    changing = list(dict.fromkeys(c for d in results.diagnostics for c in d.changing))
    if not changing:
        return []
    text = (
        en_diagnostics.NO_RISKS_ONE_CHANGES if len(changing) == 1 else en_diagnostics.NO_RISKS_SEVERAL_CHANGE
    )
    who = listing(inside(c) for c in changing)
    return [Paragraph(say(text, inside(results.exposure_label), who), "caution")]
