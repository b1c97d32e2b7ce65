"""Figures of a report as values: what they show, from the results, in words and in a function that draws them.

The drawings themselves come from :mod:`riskset.plots`; how they are set in a page or written to files is the
renderers' matter (:mod:`riskset.report.figures`).
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
from matplotlib.figure import Figure as Drawing

from riskset.plots.flow import FlowEnd, FlowExclusion, flow_figure
from riskset.plots.forest import ForestRow, forest_figure
from riskset.plots.hazard_ratio import CurvePanel, CurveStep, hazard_ratio_curve_figure
from riskset.plots.survival import SurvivalLine, survival_figure
from riskset.report import formats as fmt
from riskset.report.clock import Clock, clock_of, follow_up_clock
from riskset.report.document import Figure, Text
from riskset.report.outcomes import Outcome, contrast, exposure_level, modifier_level
from riskset.report.phrases import inside, listing, name, number, say
from riskset.report.texts import en, en_figures
from riskset.study.counted import curve_id
from riskset.study.ids import slug
from riskset.study.results import Estimate, RateCell, Results, SplineCurve, SurvivalCurve
from riskset.study.results_trend import ExposureTrend
from riskset.study.wording import listing as words_listing


def flow(results: Results) -> Figure:
    """Draw the flow of patients. A page sets the same boxes as text; this is the file for a manuscript."""
    value = results.flow

    def draw(width: float) -> Drawing:
        return flow_figure(
            value.screened,
            [FlowExclusion(f"Not: {fmt.label(s.label)}", s.n_excluded) for s in value.steps],
            value.included,
            [FlowEnd(fmt.label(e.label), e.n) for e in value.ends],
            screened_label=fmt.label(value.screened_label),
            width=width,
        )

    caption = en_figures.FLOW_CAPTION
    return Figure("flow", Text((caption,)), en_figures.FLOW_ALT, draw)


def forest(outcome: Outcome, results: Results) -> Figure:
    """Draw the hazard ratios within each level of the modifier and their ratios, primary model."""
    model = outcome.primary
    reference, *others = results.exposure_levels
    clock = follow_up_clock(results)
    short = {"Days": "PD", "Years": "PY"}[clock.unit]
    cells = {(c.exposure, c.modifier): c for c in model.cells}
    several = len(others) > 1

    def line(e: Estimate, *, behind: bool) -> ForestRow:
        modifier, exposure = modifier_level(e, results), exposure_level(e, results)
        row = f"{modifier}: {exposure}" if several else modifier
        text = fmt.ratio_with_interval(e.estimate, e.lower, e.upper)
        both = (
            _behind(cells.get((exposure, modifier)), clock),
            _behind(cells.get((reference, modifier)), clock),
        )
        return ForestRow(
            fmt.label(row), e.estimate, e.lower, e.upper, cells=both if behind and cells else (), text=text
        )

    what = others[0] if not several else "level"
    rows = [
        ForestRow(contrast(results), heading=True),
        *(line(e, behind=True) for e in model.exposure_in_modifier),
        ForestRow(en_figures.RATIO_OF_THESE.format(fmt.label(results.modifier_levels[0])), heading=True),
        *(line(e, behind=False) for e in model.interaction),
    ]
    columns = (
        (f"{fmt.label(what)}: events / {short}", f"{fmt.label(reference)}: events / {short}") if cells else ()
    )

    def draw(width: float) -> Drawing:
        return forest_figure(rows, columns=columns, label_header=results.modifier_label, width=width)

    caption = say(
        en_figures.FOREST_CAPTION,
        name(outcome.label),
        inside(results.exposure_label),
        inside(results.modifier_label),
        name(model.model),
        short,
        clock.person,
    )
    alt = en_figures.TABLE_BELOW
    return Figure(f"forest-{slug(outcome.key)}", caption, alt, draw)


def _behind(cell: RateCell | None, clock: Clock) -> str:
    if cell is None:
        return fmt.DASH
    if cell.rate.basis.n_events is None:
        return fmt.MASKED
    return f"{fmt.count(cell.rate.basis.n_events)} / {fmt.fixed(clock.read(cell.rate.basis.person_years), 0)}"


def curve(value: SplineCurve, results: Results, label: str) -> Figure:
    """Draw the hazard ratio along the exposure, one panel per level of the modifier."""
    panels = _panels(value)

    def draw(width: float) -> Drawing:
        return hazard_ratio_curve_figure(
            panels,
            bins=np.array(value.bins),
            reference=value.reference,
            x_label=f"{value.label} ({value.unit})",
            width=width,
        )

    caption = say(
        en_figures.CURVE_CAPTION,
        name(label),
        inside(value.label),
        number(fmt.plain(value.reference), curve_id(value, "reference")),
        name(fmt.unit(value.unit)),
        inside(results.modifier_label),
        name(value.model),
        en_figures.WITH_BANDS if any(s.band_lower for s in value.strata) else "",
    )
    spoken = en_figures.CURVE_ALT.format(words_listing(fmt.label(s.level) for s in value.strata))
    return Figure(f"curve-{slug(value.outcome)}", caption, spoken, draw)


def _panels(value: SplineCurve) -> list[CurvePanel]:
    return [
        CurvePanel(
            label=fmt.label(s.level),
            x=np.array(s.x),
            hazard_ratio=np.array(s.hazard_ratio),
            lower=np.array(s.lower),
            upper=np.array(s.upper),
            histogram=np.array(s.histogram),
            band_lower=np.array(s.band_lower) if s.band_lower else None,
            band_upper=np.array(s.band_upper) if s.band_upper else None,
        )
        for s in value.strata
    ]


def groups(trend: ExposureTrend, value: SplineCurve, results: Results, label: str) -> Figure:
    """Draw the hazard ratios of groups of the exposure over its curve; the curve's reference lies in theirs."""
    edges = (-inf, *trend.cuts, inf)
    steps = {
        level.level: tuple(
            CurveStep(edges[k], edges[k + 1], e.estimate, e.lower, e.upper)
            for k, e in enumerate(level.groups)
            if e.estimate is not None
        )
        for level in trend.levels
    }
    panels = [
        replace(panel, steps=steps.get(s.level, ()), band_lower=None, band_upper=None)
        for panel, s in zip(_panels(value), value.strata, strict=True)
    ]

    def draw(width: float) -> Drawing:
        return hazard_ratio_curve_figure(
            panels,
            bins=np.array(value.bins),
            reference=value.reference,
            x_label=f"{value.label} ({value.unit})",
            steps_label=en_figures.GROUPS_KEY,
            width=width,
        )

    caption = say(
        en_figures.GROUPS_CAPTION,
        name(label),
        inside(value.label),
        inside(results.modifier_label),
        name(value.model),
        number(fmt.plain(value.reference), curve_id(value, "reference")),
        name(fmt.unit(value.unit)),
    )
    return Figure(f"groups-{slug(value.outcome)}", caption, en_figures.TABLE_BELOW, draw)


def survival(value: SurvivalCurve, nth: int) -> Figure:
    """Draw Kaplan-Meier curves with numbers at risk; ``nth`` counts the curves of an outcome."""
    clock = clock_of(value)
    lines = [
        SurvivalLine(
            label=fmt.label(g.label),
            time=np.array(g.time_years) * clock.per_year,
            survival=np.array(g.survival),
            lower=np.array(g.lower),
            upper=np.array(g.upper),
            at_risk=g.at_risk,
            events=g.events,
            censored=g.censored,
        )
        for g in value.groups
    ]
    ticks = [clock.read(t) for t in max((g.ticks_years for g in value.groups), key=len)]

    def draw(width: float) -> Drawing:
        return survival_figure(lines, ticks=ticks, x_label=en.SINCE_INDEX.format(clock.unit), width=width)

    by = Text() if value.grouping is None else say(en_figures.BY, inside(value.grouping))
    caption = say(
        en_figures.SURVIVAL_CAPTION,
        name(value.label),
        by,
    )
    if value.not_drawn:
        small = listing(inside(group.label) for group in value.not_drawn)
        caption = caption + say(en_figures.NOT_DRAWN, small)
    if any(n is None for g in value.groups for n in (*g.at_risk, *g.events, *g.censored)):
        caption = caption + en_figures.DASH_IS_MASKED
    spoken = en_figures.SURVIVAL_TABLE_BELOW
    key = f"survival-{slug(value.outcome)}" + ("" if nth == 1 else f"-{nth}")
    return Figure(key, caption, spoken, draw)
