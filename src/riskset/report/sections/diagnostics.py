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
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_diagnostics import ModelDiagnostics, OverTime, TermDiagnostics

LEAD = (
    "A test beyond its threshold is a question to look into, and one within it does not prove what it tests: with many "
    "terms some tests are beyond by chance, and with few events large departures go unseen."
)

HARDLY = 1.0  # percent
THRESHOLDS = (
    "What is told above the table: P below 0.05, which one true assumption in twenty shows by chance; cells of fewer than "
    "10 events, on which estimates are fragile (Peduzzi et al. 1995). In the table, a change by one person of half a "
    "standard error, or an inflation above three, would ask for a look at the data."
)


def section(results: Results) -> Section | None:
    """Set the diagnostics of every outcome's primary model."""
    if not results.diagnostics:
        return None
    blocks = [
        Paragraph(Text((LEAD,))),
        *(_outcome(d, results) for d in results.diagnostics),
        *_absolute(results),
    ]
    return Section("diagnostics", Text(("Diagnostics",)), tuple(blocks))


def _outcome(found: ModelDiagnostics, results: Results) -> Group:
    label = label_of(results, found.outcome)
    blocks: list[Block] = [Paragraph(text, "reading") for text in reading(found)]
    blocks.append(_table(found, label))
    if found.over_time:
        blocks.append(_figure(found, label))
    return Group(f"diagnostics-{slug(found.outcome)}", name(label), tuple(blocks))


def reading(found: ModelDiagnostics) -> tuple[Text, ...]:
    """Read the diagnostics of one model, each sentence by its test."""
    out: list[Text] = []
    changing = [t for t in found.terms if t.hazards is not None and established(t.hazards)]
    if found.hazards is not None:
        whole = say("All terms together: {} for proportional hazards", p_phrase(found.hazards))
        if changing:
            named = listing(say("{} ({})", inside(t.label), _p(t)) for t in changing)
            verb = "the hazard ratio of" if len(changing) == 1 else "the hazard ratios of"
            whole = whole + say(
                "; {} {} may change with time, and what is given is an average over it", verb, named
            )
        out.append(whole + ".")
    bent = [t for t in found.terms if t.form is not None and established(t.form)]
    if bent:
        named = listing(say("{} ({})", inside(t.label), p_phrase(t.form)) for t in bent if t.form is not None)
        out.append(say("A straight line may not do for {}.", named))
    if found.influence is not None and found.influence.estimate is not None:
        e = found.influence
        text = "Leaving out the one person who moves the coefficients most takes them to the edge of their joint {} confidence region."
        if found.influence.estimate < HARDLY:
            text = "Leaving out any one person hardly moves the coefficients together ({} of their joint confidence region at most)."
        shown = f"{fmt.fixed(e.estimate, 1)}%"
        out.append(say(text, number(shown, e.id, Part("region", e.estimate, shown))))
    if found.sparse:
        few = listing(
            say("{} ({})", name(text), count(int(e.estimate or 0), e.id, "events"))
            for e, text in zip(found.sparse, found.sparse_labels, strict=True)
        )
        out.append(say("Levels and cells with few events: {}.", few))
    out += [say("Not looked at: {}.", name(why)) for why in found.not_done]
    return tuple(out)


def _p(term: TermDiagnostics) -> Text:
    return Text() if term.hazards is None else p_phrase(term.hazards)


def _table(found: ModelDiagnostics, label: str) -> Table:
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
        say(
            "{}; proportional hazards and straight lines: {}.",
            name(found.model),
            listing(name(m) for m in methods),
        ),
        Text(
            (
                "One person: the largest change of a coefficient of the term, in its standard errors, when one person "
                "leaves (first order). Inflation: of standard errors by the other terms, the terms that share a variable "
                "taken together.",
            )
        ),
    ]
    notes.append(Text((THRESHOLDS,)))
    if found.events_per_parameter is not None and found.events_per_parameter.estimate is not None:
        e = found.events_per_parameter
        notes.append(say("Events per coefficient: {}.", number(fmt.fixed(e.estimate, 1), e.id)))
    return Table(
        id=f"diagnostics-{slug(found.outcome)}-terms",
        caption=say("{}, {}: diagnostics by term", name(label), name(found.model)),
        head=(
            (
                cells.col(numeric=False),
                cells.col("Proportional hazards"),
                cells.col("P"),
                cells.col("One person"),
                cells.col("Straight line, P"),
                cells.col("Inflation"),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=tuple(notes),
        wide=True,
        sheet=f"Diagnostics {label}",
    )


def _fixed(e: Estimate | None) -> Cell:
    return cells.DASH if e is None else cells.fixed(e.estimate, 2, e.id, e.unit)


def _figure(found: ModelDiagnostics, label: str) -> Figure:
    tests = {t.term: t.hazards for t in found.terms}
    panels = [_panel(o, tests.get(o.term)) for o in found.over_time]

    def draw(width: float) -> Drawing:
        return time_coefficient_figure(
            panels, x_label="Days on the model's time scale, spaced as in the test", width=width
        )

    caption = say(
        "{}: log hazard ratios over time ({}): smooth of scaled Schoenfeld residuals with pointwise 95% limits, means "
        "of groups of events, and the constant of the model. The question's terms, and those whose tests are furthest out.",
        name(label),
        name(found.model),
    )
    return Figure(f"over-time-{slug(found.outcome)}", caption, "The table above holds the tests.", draw)


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
        "Risks under a fixed level of {} are not given: {} {} within persons, and what is measured on a person has no "
        "value after death and tells that the person lives, so that these models do not define such a risk."
    )
    return [
        Paragraph(
            say(
                text,
                inside(results.exposure_label),
                listing(inside(c) for c in changing),
                "changes" if len(changing) == 1 else "change",
            ),
            "caution",
        )
    ]
