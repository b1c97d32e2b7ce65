"""Survival of outcomes that nothing can forestall."""

from __future__ import annotations

from collections import Counter

from riskset.report import cells, drawings
from riskset.report import formats as fmt
from riskset.report.clock import clock_of
from riskset.report.document import Block, Cell, Line, Part, Rows, Section, Table, Text
from riskset.report.phrases import name, number, say
from riskset.report.texts import en
from riskset.study.counted import survival_id
from riskset.study.ids import slug
from riskset.study.results import Results, SurvivalCurve, SurvivalGroup


def section(results: Results) -> Section | None:
    """Set each curve with its numbers at risk."""
    seen: Counter[str] = Counter()
    blocks: list[Block] = []
    for curve in results.survival:
        if not curve.groups:
            continue
        seen[curve.outcome] += 1
        blocks += [drawings.survival(curve, seen[curve.outcome]), _at_risk(curve, seen[curve.outcome])]
    return Section("survival", Text((en.SURVIVAL,)), tuple(blocks)) if blocks else None


def _at_risk(curve: SurvivalCurve, nth: int) -> Table:
    """Set survival and numbers at risk at the ticks of the figure, read off the steps."""
    ticks = max((g.ticks_years for g in curve.groups), key=len)
    clock = clock_of(curve)
    rows: list[Line] = []
    for k, tick in enumerate(ticks):
        at = fmt.plain(clock.read(tick))
        known = next(g for g in curve.groups if tick in g.ticks_years)
        place = Part(clock.unit, clock.read(tick), at)
        line = [cells.row(number(at, survival_id(curve, "at_risk", known.label, tick), place))]
        for g in curve.groups:
            line += _pair(curve, g, k, tick)
        rows.append(tuple(line))
    more = f"-{nth}" if nth > 1 else ""
    by = Text() if curve.grouping is None else say(en.BY_2, name(curve.grouping))
    return Table(
        id=f"at-risk-{slug(curve.outcome)}{more}",
        caption=say(en.NUMBERS_AT_RISK_AND_SURVIVAL, name(curve.label), by),
        head=(
            (cells.col(numeric=False), *(cells.col(name(g.label), 2) for g in curve.groups)),
            (
                cells.col(clock.unit, numeric=False),
                *(
                    c
                    for _ in curve.groups
                    for c in (cells.col(en.AT_RISK_2), cells.col(en.SURVIVAL_PERCENT_2))
                ),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=(Text((en.KAPLAN_MEIER_FROM_INDEX_GROUPS,)),),
        wide=len(curve.groups) > 2,
        sheet=f"Survival {curve.outcome}{more}",
    )


def _pair(curve: SurvivalCurve, g: SurvivalGroup, k: int, tick: float) -> tuple[Cell, Cell]:
    at_risk = (
        cells.count(g.at_risk[k], survival_id(curve, "at_risk", g.label, tick), en.AT_RISK)
        if k < len(g.at_risk)
        else cells.DASH
    )
    steps = [j for j, t in enumerate(g.time_years) if t <= tick]
    if not steps:
        return at_risk, cells.DASH
    j = steps[-1]
    values = tuple(100 * v for v in (g.survival[j], g.lower[j], g.upper[j]))
    parts = (
        Part(what, v, fmt.fixed(v, 1))
        for what, v in zip(
            (en.SURVIVAL_PERCENT, en.PERCENT_95_CI_FROM, en.PERCENT_95_CI_TO), values, strict=True
        )
    )
    text = fmt.with_interval(values[0], values[1], values[2], 1)
    return at_risk, cells.figures(text, survival_id(curve, "survival", g.label, tick), *parts)
