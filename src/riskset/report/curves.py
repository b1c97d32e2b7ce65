"""Curves as tables: the tests of a hazard-ratio curve, the curve in numbers, survival at the ticks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import ceil, floor, log10

from riskset.report import formats as fmt
from riskset.report.clock import clock_of
from riskset.report.models import levels
from riskset.report.table import Cell, Rows, Table, col, p_value, row
from riskset.study.results import CurveStratum, SplineCurve, SurvivalCurve, SurvivalGroup
from riskset.study.wording import inside, listing

LEAST_SHOWN = 3
"""Values at which levels stand side by side: each has this many at least."""
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
    shown = round_values(at)
    if not shown:
        return _level_by_level(curve, label)
    decimals = fmt.common_decimals(shown, 0.0)
    rows: list[tuple[Cell, ...]] = []
    for x in shown:
        places = (places.get(x) for places in at)
        values = (
            Cell(fmt.DASH if k is None else _value(s, k)) for s, k in zip(curve.strata, places, strict=True)
        )
        rows.append((row(fmt.fixed(x, decimals)), *values))
    outside = any(x not in places for places in at for x in shown)
    notes = (
        f"{fmt.DASH}: outside the values over which this level's curve is drawn, the 1st to the 99th percentile "
        "of its person-time.",
    )
    levels_ = tuple(s.level for s in curve.strata)
    return _numbers(curve, label, levels_, (Rows(tuple(rows)),), notes if outside else ())


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


def _numbers(
    curve: SplineCurve,
    label: str,
    columns: tuple[str, ...],
    groups: tuple[Rows, ...],
    notes: tuple[str, ...] = (),
) -> Table:
    unit = fmt.unit(curve.unit)
    return Table(
        id=f"curve-{curve.outcome}-numbers",
        caption=f"{label}: hazard ratio (95% CI) along {inside(curve.label)} against {fmt.plain(curve.reference)} {unit}",
        head=((Cell(f"{curve.label}, {unit}", head="col", numeric=False), *(col(c) for c in columns)),),
        groups=groups,
        notes=notes,
    )


def _key(x: float) -> float:
    """Read 1.8 and 1.7999999999999998 as one value."""
    return float(f"{x:.9g}")


def round_values(known: Sequence[Collection[float]], most: int = 12) -> list[float]:
    """Choose values that are round for a reader, evenly spaced, that each level knows within its own range.

    Nothing is chosen where the levels were evaluated at different values, or one at hardly any round ones.

    Examples
    --------
    >>> low, high = {1.5, 1.6, 1.73, 1.8, 2.0, 2.2}, {1.8, 1.9, 2.0, 2.2, 2.31, 2.4, 2.6}
    >>> round_values([low, high])
    [1.6, 1.8, 2.0, 2.2, 2.4, 2.6]
    >>> round_values([{0.123, 0.456}, {0.2, 0.789}])
    []
    """
    least, greatest = min(min(k) for k in known), max(max(k) for k in known)
    width = greatest - least
    for power in range(floor(log10(width)) - 2, floor(log10(width)) + 1) if width > 0 else ():
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**power
            if width / step > most * (1 + 1e-9):
                continue
            counts = range(ceil(least / step - 1e-9), floor(greatest / step + 1e-9) + 1)
            values = [_key(round(k * step, max(0, -power))) for k in counts]
            # at the very end of a range rounding decides on which side a value lies
            own = [[v for v in values if min(k) < v < max(k)] for k in known]
            if all(
                len(v) >= LEAST_SHOWN and k.issuperset(v) for v, k in zip(own, map(set, known), strict=True)
            ):
                return [v for v in values if any(v in k for k in known)]
    return []


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
