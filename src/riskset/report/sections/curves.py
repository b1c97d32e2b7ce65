"""The hazard ratio along the exposure: what its tests support, the figure, the tests, the curve in numbers."""

from __future__ import annotations

from riskset.report import cells, drawings
from riskset.report import formats as fmt
from riskset.report.document import Cell, Group, Line, Paragraph, Part, Reference, Rows, Section, Table, Text
from riskset.report.outcomes import label_of, levels
from riskset.report.phrases import established, inside, join, listing, name, number, p_phrase, say, sentence
from riskset.report.sections.notes import model_notes
from riskset.report.texts import en
from riskset.study.counted import curve_id, key, point_id, shown_points
from riskset.study.ids import slug
from riskset.study.results import CurveStratum, Results, SplineCurve

_TESTS = {
    "overall": en.OVERALL_THE_SAME_HAZARD_AT,
    "nonlinear": en.NONLINEARITY_A_STRAIGHT_LINE_ON,
    "interaction": en.INTERACTION_THE_SAME_CURVE_IN,
    "nonlinear interaction": en.NONLINEAR_INTERACTION_CURVES_THAT_DIFFER,
}
"""The tests by name, each with its null hypothesis."""


def section(results: Results) -> Section | None:
    """Set each outcome's curve."""
    drawn = [c for c in results.curves if c.strata]
    if not drawn:
        return None
    return Section(
        "curves",
        say(en.HAZARD_RATIO_ALONG, inside(results.exposure_label)),
        tuple(_outcome(c, results) for c in drawn),
        entry=en.CURVES,
    )


def _outcome(curve: SplineCurve, results: Results) -> Group:
    label, k = label_of(results, curve.outcome), slug(curve.outcome)
    folded = Group(
        f"curve-{k}-more",
        say(en.THE_CURVE_IN_NUMBERS, name(label)),
        (_numbers(curve, label),),
        kind="folded",
    )
    return Group(
        f"curve-{k}",
        name(label),
        (
            *(Paragraph(s, "reading") for s in reading(curve, results, label)),
            drawings.curve(curve, results, label),
            _tests(curve, results, label),
            folded,
        ),
    )


def reading(curve: SplineCurve, results: Results, label: str) -> tuple[Text, ...]:
    """Read a curve by its tests: a shape needs the overall test, "linear" the nonlinearity test."""
    tests = {t.id.rpartition("[")[2].rstrip("]"): t for t in curve.tests}
    out: list[Text] = []
    overall, bend = tests.get("overall"), tests.get("nonlinear")
    exposure, what = inside(curve.label), inside(label)
    if overall is not None and overall.p is not None:
        if not established(overall):
            text = en.OVER_ITS_WHOLE_RANGE_THE
            out.append(say(text, exposure, what, p_phrase(overall)))
        else:
            text = en.IS_ASSOCIATED_WITH_OVER_ITS
            whole = say(text, name(curve.label), what, p_phrase(overall))
            if bend is not None and bend.p is not None:
                shape = en.THE_CURVE_DEPARTS_FROM_A if established(bend) else en.THE_DATA_DO_NOT_SPEAK
                whole = whole + say(shape, p_phrase(bend))
            out.append(whole + ".")
    differ = tests.get("interaction")
    if differ is not None and differ.p is not None:
        text = en.THE_CURVES_DIFFER_BY_MORE if established(differ) else en.THE_DATA_DO_NOT_ESTABLISH_THAT_THE
        out.append(say(text, inside(results.modifier_label), p_phrase(differ)))
    return tuple(out)


def _tests(curve: SplineCurve, results: Results, label: str) -> Table:
    """Set the tests of a curve, all levels of the modifier together first, then each by itself."""
    together: list[Line] = []
    apart: dict[str, list[Line]] = {}
    for t in curve.tests:
        what = levels(t) or (t.estimand,)
        df = t.unit.removeprefix("chi-square on ").removesuffix(" df")
        chi2 = fmt.fixed(t.estimate, 2)
        title = _TESTS.get(what[0])
        line = (
            cells.row(name(what[0]) if title is None else title, indent=True),
            cells.figures(chi2, t.id, Part("chi-square", t.estimate, chi2)),
            cells.figures(df, t.id, Part("df", int(df), df)) if df.isdigit() else cells.DASH,
            cells.p_value(t),
        )
        if len(what) == 1:
            together.append(line)
        else:
            apart.setdefault(what[1], []).append(line)
    knots = join(
        (number(fmt.plain(v), curve_id(curve, "knot", str(k))) for k, v in enumerate(curve.knots, 1)), ", "
    )
    notes = [
        say(
            en.WITH_AS_A_RESTRICTED_CUBIC,
            name(curve.model),
            inside(curve.label),
            knots,
            name(fmt.unit(curve.unit)),
            listing(dict.fromkeys(t.method for t in curve.tests)),
        ),
        *model_notes([m for m in results.models if (m.outcome, m.model) == (curve.outcome, curve.model)][:1]),
        *_bands(curve),
        *(sentence(w) for w in curve.warnings),
    ]
    groups = [Rows(tuple(together), heading=Text((en.ALL_LEVELS_JOINTLY_2,)))] if together else []
    groups += [Rows(tuple(lines), heading=name(level)) for level, lines in apart.items()]
    return Table(
        id=f"curve-tests-{slug(curve.outcome)}",
        caption=say(en.TESTS_OF_THE_CURVES, name(label)),
        head=((cells.col(en.TEST, numeric=False), cells.col("χ²"), cells.col(en.DF), cells.col(en.P)),),
        groups=tuple(groups),
        notes=tuple(notes),
        sheet=f"Curve tests {curve.outcome}",
    )


def _bands(curve: SplineCurve) -> list[Text]:
    """Say how far the simultaneous bands reach, and what they are for."""
    wide = [(s.level, s.critical) for s in curve.strata if s.critical is not None]
    if not wide:
        return []
    reach = join(
        (
            say("{} ({})", number(fmt.fixed(value, 2), curve_id(curve, "critical", level)), name(level))
            for level, value in wide
        ),
        ", ",
    )
    text = en.POINTWISE_INTERVALS_HOLD_FOR_ONE
    return [say(text, reach)]


def _numbers(curve: SplineCurve, label: str) -> Table:
    """Set a curve in numbers, where the levels of the modifier know the same round values side by side."""
    shown = shown_points(curve)
    known = [{key(s.x[k]): k for k in places} for s, places in zip(curve.strata, shown, strict=True)]
    values = sorted({x for places in known for x in places})
    # values that several levels share stand side by side; where each has its own, below each other
    if len(curve.strata) > 1 and not any(x in places for x in known[0] for places in known[1:]):
        return _level_by_level(curve, label, shown)
    decimals = fmt.common_decimals(values, 0.0)
    rows: list[Line] = []
    for x in values:
        found = (places.get(x) for places in known)
        points = (
            cells.DASH if k is None else _point(curve, s, k) for s, k in zip(curve.strata, found, strict=True)
        )
        rows.append((_at(curve, x, decimals, known), *points))
    outside = any(x not in places for places in known for x in values)
    notes = (f"{fmt.DASH}: {en.OUTSIDE_THE_CURVE}",)
    heads = tuple(name(s.level) for s in curve.strata)
    return _table(curve, label, heads, (Rows(tuple(rows)),), notes if outside else ())


def _at(curve: SplineCurve, x: float, decimals: int, known: list[dict[float, int]]) -> Cell:
    """Head a row by its value, which is the place of a point."""
    s = next(s for s, places in zip(curve.strata, known, strict=True) if x in places)
    return _place(curve, s, known[curve.strata.index(s)][x], decimals)


def _place(curve: SplineCurve, s: CurveStratum, k: int, decimals: int, *, indent: bool = False) -> Cell:
    text = fmt.fixed(s.x[k], decimals)
    place = number(text, point_id(curve, s.level, s.x[k]), Part(curve.label, s.x[k], text))
    return cells.row(place, indent=indent)


def _level_by_level(curve: SplineCurve, label: str, shown: tuple[tuple[int, ...], ...]) -> Table:
    """Set each level's own values below each other, for curves that were evaluated at different ones."""
    groups: list[Rows] = []
    for s, places in zip(curve.strata, shown, strict=True):
        # three digits of the range show which value is meant
        decimals = fmt.decimals_for(max(s.x) - min(s.x) or max(s.x))
        rows = tuple((_place(curve, s, k, decimals, indent=True), _point(curve, s, k)) for k in places)
        groups.append(Rows(rows, heading=name(s.level)))
    return _table(curve, label, (Text((en.HR_95PERCENT_CI,)),), tuple(groups))


def _point(curve: SplineCurve, s: CurveStratum, k: int) -> Cell:
    values = (s.hazard_ratio[k], s.lower[k], s.upper[k])
    parts = (
        Part(what, v, fmt.ratio(v))
        for what, v in zip(("HR", en.PERCENT_95_CI_FROM, en.PERCENT_95_CI_TO), values, strict=True)
    )
    return cells.figures(fmt.ratio_with_interval(*values), point_id(curve, s.level, s.x[k]), *parts)


def _table(
    curve: SplineCurve,
    label: str,
    columns: tuple[Text, ...],
    groups: tuple[Rows, ...],
    notes: tuple[str, ...] = (),
) -> Table:
    unit = name(fmt.unit(curve.unit))
    return Table(
        id=f"curve-{slug(curve.outcome)}-numbers",
        caption=say(
            en.HAZARD_RATIO_95PERCENT_CI_ALONG,
            name(label),
            inside(curve.label),
            number(fmt.plain(curve.reference), curve_id(curve, "reference")),
            unit,
        ),
        head=(
            (
                cells.col(say("{}, {}", name(curve.label), unit), numeric=False),
                *(cells.col(c) for c in columns),
            ),
        ),
        groups=groups,
        notes=(
            *(Text((n,)) for n in notes),
            say(en.CURVE_IN_NUMBERS_RESTS_ON, Text((Reference(f"curve-tests-{slug(curve.outcome)}"),))),
        ),
        numbered=False,
        sheet=f"Curve {curve.outcome}",
    )
