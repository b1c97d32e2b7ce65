"""Curves as tables: the tests of a hazard-ratio curve, the curve in numbers, survival at the ticks."""

from __future__ import annotations

from collections.abc import Collection
from math import floor, log10

from riskset.report import formats as fmt
from riskset.report.clock import clock_of
from riskset.report.models import levels
from riskset.report.table import Cell, Rows, Table, col, p_value, row
from riskset.study.results import CurveStratum, SplineCurve, SurvivalCurve, SurvivalGroup
from riskset.study.wording import inside, listing

LEAST_SHOWN = 5
"""A curve is told by this many points at least."""
_TESTS = {
    "overall": "overall: no association",
    "nonlinear": "nonlinearity: a straight line on the log scale",
    "interaction": "interaction: the same curve in all levels",
    "nonlinear interaction": "nonlinear interaction: curves that differ by a straight line at most",
}
"""The tests by name, each with its null hypothesis."""


def curve_tests(curve: SplineCurve, label: str, number: int) -> Table:
    """Set the tests of a curve, all levels of the modifier together first, then each by itself."""
    together: list[tuple[Cell, ...]] = []
    apart: dict[str, list[tuple[Cell, ...]]] = {}
    for t in curve.tests:
        what = levels(t) or (t.estimand,)
        df = t.unit.removeprefix("chi-square on ").removesuffix(" df")
        line = (
            row(_TESTS.get(what[0], what[0]), indent=True),
            Cell(fmt.fixed(t.estimate, 2), source=t.id),
            Cell(df, source=t.id),
            p_value(t),
        )
        if len(what) == 1:
            together.append(line)
        else:
            apart.setdefault(what[1], []).append(line)
    methods = listing(dict.fromkeys(t.method for t in curve.tests))
    knots = ", ".join(fmt.plain(k) for k in curve.knots)
    notes = [
        f"{curve.model} with {inside(curve.label)} as a restricted cubic spline (knots {knots} "
        f"{fmt.unit(curve.unit)}); {methods}.",
        *(f"{fmt.label(w.rstrip('.'))}." for w in curve.warnings),
    ]
    groups = [Rows(tuple(together), heading="All levels jointly")] if together else []
    groups += [Rows(tuple(lines), heading=fmt.label(level)) for level, lines in apart.items()]
    return Table(
        id=f"table-{number}",
        caption=f"{label}: tests of the curves",
        head=((Cell("Test", head="col", numeric=False), col("χ²"), col("df"), col("P")),),
        groups=tuple(groups),
        notes=tuple(notes),
        number=number,
    )


def curve_numbers(curve: SplineCurve, label: str) -> Table:
    """Set a curve in numbers, where the levels of the modifier know the same round values side by side."""
    at = [{_key(x): k for k, x in enumerate(s.x)} for s in curve.strata]
    shown = round_values({key for places in at for key in places})
    if any(len(places.keys() & shown) < LEAST_SHOWN for places in at):
        return _level_by_level(curve, label)
    decimals = fmt.common_decimals(shown, 0.0)
    rows: list[tuple[Cell, ...]] = []
    for x in shown:
        places = (places.get(x) for places in at)
        values = (
            Cell(fmt.DASH if k is None else _value(s, k)) for s, k in zip(curve.strata, places, strict=True)
        )
        rows.append((row(fmt.fixed(x, decimals)), *values))
    return _numbers(curve, label, tuple(s.level for s in curve.strata), (Rows(tuple(rows)),))


def _level_by_level(curve: SplineCurve, label: str) -> Table:
    """Set each level's own values below each other, for curves that were evaluated at different ones."""
    groups: list[Rows] = []
    for s in curve.strata:
        places = range(0, len(s.x), max(1, (len(s.x) - 1) // 8))
        # three digits of the range show which value is meant
        decimals = fmt.decimals_for(max(s.x) - min(s.x) or max(s.x))
        rows = tuple((row(fmt.fixed(s.x[k], decimals), indent=True), Cell(_value(s, k))) for k in places)
        groups.append(Rows(rows, heading=fmt.label(s.level)))
    return _numbers(curve, label, ("Hazard ratio (95% CI)",), tuple(groups))


def _value(s: CurveStratum, k: int) -> str:
    return fmt.ratio_with_interval(s.hazard_ratio[k], s.lower[k], s.upper[k])


def _numbers(curve: SplineCurve, label: str, columns: tuple[str, ...], groups: tuple[Rows, ...]) -> Table:
    unit = fmt.unit(curve.unit)
    return Table(
        id=f"curve-{curve.outcome}-numbers",
        caption=f"{label}: hazard ratio (95% CI) along {inside(curve.label)} against {fmt.plain(curve.reference)} {unit}",
        head=((Cell(f"{curve.label}, {unit}", head="col", numeric=False), *(col(c) for c in columns)),),
        groups=groups,
    )


def _key(x: float) -> float:
    """Read 1.8 and 1.7999999999999998 as one value."""
    return float(f"{x:.9g}")


def round_values(known: Collection[float], most: int = 12) -> list[float]:
    """Choose values that are round for a reader, evenly spaced, from those that are known.

    Examples
    --------
    >>> round_values({float(f"{1.5 + k / 100:.9g}") for k in range(191)})
    [1.6, 1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.4]
    >>> round_values({0.123, 0.456, 0.789})
    [0.123, 0.456, 0.789]
    """
    values = sorted(known)
    width = values[-1] - values[0]
    for power in range(floor(log10(width)) - 2, floor(log10(width)) + 2) if width > 0 else ():
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**power
            multiples = [v for v in values if abs(v / step - round(v / step)) < 1e-6]
            if 5 <= len(multiples) <= most and width / step <= most:
                return multiples
    return values[:: max(1, -(-len(values) // most))]


def at_risk(curve: SurvivalCurve, number: int) -> Table:
    """Set survival and numbers at risk at the ticks of the figure, read off the steps."""
    ticks = max((g.ticks_years for g in curve.groups), key=len)
    clock = clock_of(curve)
    rows: list[tuple[Cell, ...]] = []
    for k, tick in enumerate(ticks):
        line = [row(fmt.plain(clock.read(tick)))]
        for g in curve.groups:
            line.append(Cell(fmt.count(g.at_risk[k]) if k < len(g.at_risk) else fmt.DASH))
            line.append(Cell(_survival_at(g, tick)))
        rows.append(tuple(line))
    return Table(
        id=f"table-{number}",
        caption=f"{curve.label}: numbers at risk and survival, % (95% CI)",
        head=(
            (Cell("", head="col", numeric=False), *(col(g.label, 2) for g in curve.groups)),
            (
                Cell(clock.unit, head="col", numeric=False),
                *(c for _ in curve.groups for c in (col("At risk"), col("Survival, %"))),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        number=number,
        wide=len(curve.groups) > 2,
    )


def _survival_at(g: SurvivalGroup, tick: float) -> str:
    steps = [k for k, t in enumerate(g.time_years) if t <= tick]
    if not steps:
        return "100.0"
    k = steps[-1]
    return fmt.with_interval(100 * g.survival[k], 100 * g.lower[k], 100 * g.upper[k], 1)
