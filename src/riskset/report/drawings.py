"""Figures of a report: drawn for the page's width and again for a phone's, written as files, set inline.

The drawings come from :mod:`riskset.plots`; here they get their data from the results, their words, and
colours that follow the reader's light or dark theme.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from riskset.plots import style
from riskset.plots.export import to_png_bytes, to_svg_text
from riskset.plots.flow import FlowEnd, FlowExclusion, flow_figure
from riskset.plots.forest import ForestRow, forest_figure
from riskset.plots.hazard_ratio import CurvePanel, hazard_ratio_curve_figure
from riskset.plots.survival import SurvivalLine, survival_figure
from riskset.report import formats as fmt
from riskset.report.clock import Clock, clock_of, follow_up_clock
from riskset.report.models import Outcome, contrast, exposure_level, labels_of, modifier_level, outcomes_of
from riskset.study.ids import slug
from riskset.study.results import Estimate, RateCell, Results, SplineCurve, SurvivalCurve
from riskset.study.wording import inside, listing

# In a stack of single columns a phone shows type at its printed size.
PHONE = style.SINGLE_COLUMN


@dataclass(frozen=True, slots=True)
class Drawing:
    """One figure: the page's two inline forms of it, and itself for the files."""

    key: str
    number: int
    caption: str
    wide: Markup
    narrow: Markup
    svg: str
    figure: Figure

    @property
    def id(self) -> str:
        """Where it stands on the page."""
        return f"figure-{self.key}"

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, relative to the page."""
        return f"figures/{self.key}.svg", f"figures/{self.key}.png"

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Give its files with their bytes."""
        vector, raster = self.files
        yield vector, f'<?xml version="1.0" encoding="utf-8"?>\n{self.svg}'.encode()
        yield raster, to_png_bytes(self.figure)


@dataclass(frozen=True, slots=True)
class Drawings:
    """All figures of a report, numbered in the order of the page; by outcome where there is one each."""

    flow: Drawing
    forests: Mapping[str, Drawing]
    curves: Mapping[str, Drawing]
    survival: Mapping[tuple[str, str | None], Drawing]  # by outcome and grouping

    def __iter__(self) -> Iterator[Drawing]:
        yield self.flow
        yield from self.forests.values()
        yield from self.curves.values()
        yield from self.survival.values()


def draw(results: Results) -> Drawings:
    """Draw everything that the results hold."""
    number = count(1)
    outcomes = outcomes_of(results)
    labels = labels_of(results)
    return Drawings(
        flow=_flow(results, next(number)),
        forests={o.key: _forest(o, results, next(number)) for o in outcomes},
        curves={
            c.outcome: _curve(c, results, labels.get(c.outcome, c.outcome), next(number))
            for c in results.curves
            if c.strata
        },
        survival={
            (s.outcome, s.grouping): _survival(s, k, next(number))
            for k, s in _nth_of_outcome(results.survival)
        },
    )


def _inks() -> Mapping[str, str]:
    """Map the inks of the drawings to the page's variables, so that a dark theme can change them."""
    inks = {
        "#ffffff": "var(--paper)",
        style.INK: "var(--ink)",
        style.MUTED: "var(--fig-muted)",
        style.RULE: "var(--fig-rule)",
        style.SHADE: "var(--fig-shade)",
    }
    for k, look in enumerate(style.SERIES[:6], start=1):
        inks[look.color] = f"var(--s{k})"
        inks[look.text] = f"var(--s{k}t)"
    inks["#000000"] = "var(--ink)"
    return {hexa.lower(): variable for hexa, variable in inks.items()}


INKS = _inks()


def inline(svg: str, *, kind: str) -> Markup:
    """Make a drawing fit to stand in the page: theme colours, no rule that reaches beyond it, no fixed size.

    Examples
    --------
    >>> str(inline('<svg width="9pt" height="8pt" viewBox="0 0 9 8"><style>*{x: y}</style>'
    ...            '<path style="fill: #1a1a1a"/></svg>', kind="narrow"))
    '<svg class="narrow" viewBox="0 0 9 8"><path style="fill: var(--ink)"/></svg>'
    """
    head, body = svg.split(">", 1)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head).replace("<svg", f'<svg class="{kind}"', 1)
    body = re.sub(r"<style\b.*?</style>", "", body, flags=re.DOTALL)
    # only inside style attributes: a label of the plan may hold the same six digits
    body = re.sub(
        r'style="[^"]*"',
        lambda m: re.sub(r"#[0-9a-fA-F]{6}\b", lambda c: INKS.get(c[0].lower(), c[0]), m[0]),
        body,
    )
    body = re.sub(r"\n\s*", "\n", body)
    return Markup(f"{head}>{body.strip()}")  # noqa: S704 (matplotlib's SVG; its writer escapes every text)


def _drawing(
    key: str, number: int, caption: str, description: str, draw_at: Callable[[float], Figure]
) -> Drawing:
    wide, narrow = draw_at(style.DOUBLE_COLUMN), draw_at(PHONE)
    title = f"Figure {number}. {caption}"
    svg = to_svg_text(wide, name=key, title=title, description=description)
    small = to_svg_text(narrow, name=f"{key}-narrow", title=title, description=description)
    return Drawing(
        key=key,
        number=number,
        caption=caption,
        wide=inline(svg, kind="narrow-too"),
        narrow=inline(small, kind="narrow"),
        svg=svg,
        figure=wide,
    )


def _flow(results: Results, number: int) -> Drawing:
    """Draw the flow of patients. The page sets the same boxes as text; this is the file for a manuscript."""
    value = results.flow

    def draw_at(width: float) -> Figure:
        return flow_figure(
            value.screened,
            [FlowExclusion(f"Not: {fmt.label(s.label)}", s.n_excluded) for s in value.steps],
            value.included,
            [FlowEnd(fmt.label(e.label), e.n) for e in value.ends],
            screened_label=fmt.label(value.screened_label),
            width=width,
        )

    return _drawing("flow", number, "Flow of patients.", "", draw_at)


def _forest(outcome: Outcome, results: Results, number: int) -> Drawing:
    """Draw the hazard ratios within each level of the modifier and their ratios, primary model."""
    model = outcome.primary
    reference, *others = results.exposure_levels
    clock = follow_up_clock(results)
    short = {"Days": "PD", "Years": "PY"}[clock.unit]
    cells = {(c.exposure, c.modifier): c for c in model.cells}
    several = len(others) > 1

    def line(e: Estimate, *, behind: bool) -> ForestRow:
        modifier, exposure = modifier_level(e, results), exposure_level(e, results)
        name = f"{modifier}: {exposure}" if several else modifier
        text = fmt.ratio_with_interval(e.estimate, e.lower, e.upper)
        both = (
            _behind(cells.get((exposure, modifier)), clock),
            _behind(cells.get((reference, modifier)), clock),
        )
        return ForestRow(
            fmt.label(name), e.estimate, e.lower, e.upper, cells=both if behind and cells else (), text=text
        )

    what = others[0] if not several else "level"
    rows = [
        ForestRow(contrast(results), heading=True),
        *(line(e, behind=True) for e in model.exposure_in_modifier),
        ForestRow(f"Ratio of these, against {fmt.label(results.modifier_levels[0])}", heading=True),
        *(line(e, behind=False) for e in model.interaction),
    ]
    columns = (
        (f"{fmt.label(what)}: events / {short}", f"{fmt.label(reference)}: events / {short}") if cells else ()
    )

    def draw_at(width: float) -> Figure:
        return forest_figure(rows, columns=columns, label_header=results.modifier_label, width=width)

    caption = (
        f"{outcome.label}: hazard ratios for {inside(results.exposure_label)} by {inside(results.modifier_label)}, and their "
        f"ratios ({model.model}), with 95% confidence intervals. {short}: {clock.person} of the fitted rows."
    )
    return _drawing(
        f"forest-{slug(outcome.key)}",
        number,
        fmt.label(caption),
        "The table below holds every number of it.",
        draw_at,
    )


def _behind(cell: RateCell | None, clock: Clock) -> str:
    if cell is None:
        return fmt.DASH
    return f"{fmt.count(cell.rate.basis.n_events)} / {fmt.fixed(clock.read(cell.rate.basis.person_years), 0)}"


def _curve(value: SplineCurve, results: Results, label: str, number: int) -> Drawing:
    """Draw the hazard ratio along the exposure, one panel per level of the modifier."""
    panels = [
        CurvePanel(
            label=fmt.label(s.level),
            x=np.array(s.x),
            hazard_ratio=np.array(s.hazard_ratio),
            lower=np.array(s.lower),
            upper=np.array(s.upper),
            histogram=np.array(s.histogram),
        )
        for s in value.strata
    ]
    reference = f"{fmt.plain(value.reference)} {value.unit}"

    def draw_at(width: float) -> Figure:
        return hazard_ratio_curve_figure(
            panels,
            bins=np.array(value.bins),
            reference=value.reference,
            x_label=f"{value.label} ({value.unit})",
            width=width,
        )

    caption = (
        f"{label}: hazard ratio along {inside(value.label)} against {reference}, by {inside(results.modifier_label)} "
        f"({value.model}). Bands: pointwise 95% confidence intervals. Below: share of person-time."
    )
    spoken = (
        f"Curves for {listing(fmt.label(s.level) for s in value.strata)}. "
        "The table of the curve in numbers holds their values, the table of tests what can be said of them."
    )
    return _drawing(f"curve-{slug(value.outcome)}", number, caption, spoken, draw_at)


def _nth_of_outcome(curves: Iterable[SurvivalCurve]) -> Iterator[tuple[int, SurvivalCurve]]:
    """Count the curves that have groups within their outcome, for the names of their files."""
    seen: Counter[str] = Counter()
    for curve in curves:
        if curve.groups:
            seen[curve.outcome] += 1
            yield seen[curve.outcome], curve


def _survival(value: SurvivalCurve, nth: int, number: int) -> Drawing:
    """Draw Kaplan-Meier curves with numbers at risk."""
    clock = clock_of(value)
    lines = [
        SurvivalLine(
            label=fmt.label(g.label),
            time=np.array(g.time_years) * clock.per_year,
            survival=np.array(g.survival),
            lower=np.array(g.lower),
            upper=np.array(g.upper),
            at_risk=g.at_risk,
        )
        for g in value.groups
    ]
    ticks = [clock.read(t) for t in max((g.ticks_years for g in value.groups), key=len)]

    def draw_at(width: float) -> Figure:
        return survival_figure(lines, ticks=ticks, x_label=f"{clock.unit} since index", width=width)

    by = "" if value.grouping is None else f", by {inside(value.grouping)}"
    caption = f"{value.label}: Kaplan–Meier survival{by}, with 95% confidence intervals and numbers at risk."
    if value.not_drawn:
        small = ", ".join(inside(group.label) for group in value.not_drawn)
        caption += f" Not drawn, with fewer than 10 persons: {small}."
    spoken = "The table below holds the numbers at risk and the survival at each tick."
    key = f"survival-{slug(value.outcome)}" + ("" if nth == 1 else f"-{nth}")
    return _drawing(key, number, caption, spoken, draw_at)
