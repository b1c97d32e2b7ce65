"""Cumulative incidence of outcomes that other events can forestall, with numbers at risk."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.figure import Figure as Drawing

from riskset.plots.survival import SurvivalLine, survival_figure
from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.clock import DAYS, Clock
from riskset.report.document import Block, Cell, Figure, Line, Paragraph, Part, Rows, Section, Table, Text
from riskset.report.phrases import established, inside, listing, name, number, p_phrase, say, sentence
from riskset.report.texts import en, en_curves, en_figures
from riskset.study.counted_incidence import incidence_id
from riskset.study.ids import slug
from riskset.study.results import Results
from riskset.study.results_incidence import IncidenceCurve, IncidenceGroup, IncidenceTick


def section(results: Results) -> Section | None:
    """Set each curve with its numbers."""
    seen: Counter[str] = Counter()
    blocks: list[Block] = []
    for curve in results.incidence:
        if not curve.groups:
            continue
        seen[curve.outcome] += 1
        nth = seen[curve.outcome]
        blocks += [*_reading(curve), _figure(curve, nth), _table(curve, nth)]
    return Section("incidence", Text((en_curves.INCIDENCE,)), tuple(blocks)) if blocks else None


def _reading(curve: IncidenceCurve) -> tuple[Paragraph, ...]:
    """Read Gray's test, which compares risks and adjusts for nothing."""
    if curve.test is None or curve.test.p is None or curve.grouping is None:
        return ()
    text = en_curves.RISKS_DIFFER if established(curve.test) else en_curves.RISKS_MAY_BE_THE_SAME
    return (Paragraph(say(text, name(curve.label), inside(curve.grouping), p_phrase(curve.test)), "reading"),)


def _clock(curve: IncidenceCurve) -> Clock:
    last = max(t.years for g in curve.groups for t in g.ticks)
    return Clock("Years", 1.0) if last >= 1.0 else Clock("Days", DAYS)


def _key(curve: IncidenceCurve, nth: int) -> str:
    return slug(curve.outcome) + ("" if nth == 1 else f"-{nth}")


def _figure(curve: IncidenceCurve, nth: int) -> Figure:
    clock = _clock(curve)
    ticks = max((g.ticks for g in curve.groups), key=len)
    lines = [
        SurvivalLine(
            label=fmt.label(g.label),
            time=np.array(g.time_years) * clock.per_year,
            survival=np.array(g.incidence),
            lower=np.array(g.lower),
            upper=np.array(g.upper),
            at_risk=_padded(g, ticks, "at_risk"),
            events=_padded(g, ticks, "events"),
            competing=_padded(g, ticks, "competing"),
            censored=_padded(g, ticks, "censored"),
            start=0.0,
        )
        for g in curve.groups
    ]
    at = [clock.read(t.years) for t in ticks]

    def draw(width: float) -> Drawing:
        x_label = en.SINCE_INDEX.format(clock.unit)
        return survival_figure(
            lines, ticks=at, x_label=x_label, y_label=en_curves.INCIDENCE_AXIS, width=width
        )

    by = Text() if curve.grouping is None else say(en_curves.BY, inside(curve.grouping))
    caption = say(
        en_curves.INCIDENCE_CAPTION,
        name(curve.label),
        by,
        listing(inside(c) for c in curve.competing),
    )
    if curve.not_drawn:
        small = listing(inside(label) for label, _ in curve.not_drawn)
        caption = caption + say(en_curves.NOT_DRAWN, small)
    ticks_of_all = [t for g in curve.groups for t in g.ticks]
    if any(n is None for t in ticks_of_all for n in (t.at_risk, t.events, t.competing, t.censored)):
        caption = caption + en_figures.DASH_IS_MASKED
    spoken = en_curves.INCIDENCE_TABLE_HOLDS
    return Figure(f"incidence-{_key(curve, nth)}", caption, spoken, draw)


def _padded(g: IncidenceGroup, ticks: tuple[IncidenceTick, ...], what: str) -> list[float | None]:
    values: list[float | None] = [getattr(t, what) for t in g.ticks]
    return values + [0.0 if what == "at_risk" else values[-1]] * (len(ticks) - len(values))


def _table(curve: IncidenceCurve, nth: int) -> Table:
    clock = _clock(curve)
    groups: list[Rows] = []
    for g in curve.groups:
        rows = tuple(_line(curve, g, t, clock) for t in g.ticks)
        groups.append(Rows(rows, heading=name(g.label)) if len(curve.groups) > 1 else Rows(rows))
    by = Text() if curve.grouping is None else say(en_curves.BY, inside(curve.grouping))
    return Table(
        id=f"incidence-at-risk-{_key(curve, nth)}",
        caption=say(en_curves.INCIDENCE_TABLE, name(curve.label), by),
        head=(
            (
                cells.col(clock.unit, numeric=False),
                cells.col(en_curves.AT_RISK),
                cells.col(en_curves.EVENTS),
                cells.col(en_curves.OTHER_EVENTS),
                cells.col(en_curves.CENSORED),
                cells.col(en_curves.RISK_PERCENT),
            ),
        ),
        groups=tuple(groups),
        notes=(
            say(
                en_curves.INCIDENCE_NOTE,
                listing(inside(c) for c in curve.competing),
            ),
            *(sentence(w) for w in (() if curve.test is None else curve.test.warnings)),
        ),
        sheet=f"Incidence {curve.outcome}{'' if nth == 1 else f'-{nth}'}",
    )


def _line(curve: IncidenceCurve, g: IncidenceGroup, tick: IncidenceTick, clock: Clock) -> Line:
    def counted(what: str, words: str) -> Cell:
        return cells.count(getattr(tick, what), incidence_id(curve, what, g.label, tick.years), words)

    at = fmt.plain(clock.read(tick.years))
    place = Part(clock.unit, clock.read(tick.years), at)
    return (
        cells.row(number(at, incidence_id(curve, "at_risk", g.label, tick.years), place)),
        counted("at_risk", "at risk"),
        counted("events", "events"),
        counted("competing", "other events"),
        counted("censored", "censored"),
        cells.estimate(tick.risk, 1, "risk, %", times=100.0),
    )
