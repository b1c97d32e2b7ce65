"""The exposure in groups beside its curve: hazard ratios by group, the slope over them, and both in one figure."""

from __future__ import annotations

from riskset.report import cells, drawings
from riskset.report import formats as fmt
from riskset.report.clock import Clock, follow_up_clock
from riskset.report.document import Cell, Group, Line, Paragraph, Part, Rows, Section, Table, Text
from riskset.report.outcomes import label_of
from riskset.report.phrases import established, inside, join, name, number, p_phrase, say, sentence
from riskset.report.sections.notes import model_notes
from riskset.report.texts import en, en_effects
from riskset.study.counted_trend import trend_id
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_trend import ExposureTrend, TrendLevel


def section(results: Results) -> Section | None:
    """Set each outcome's groups."""
    if not results.trends:
        return None
    return Section(
        "groups",
        say(en_effects.GROUPS_BESIDE_CURVES, inside(results.exposure_label)),
        tuple(_outcome(t, results) for t in results.trends),
        entry=en_effects.GROUPS,
    )


def _outcome(trend: ExposureTrend, results: Results) -> Group:
    label = label_of(results, trend.outcome)
    curve = next((c for c in results.curves if c.outcome == trend.outcome and c.strata), None)
    figure = () if curve is None else (drawings.groups(trend, curve, results, label),)
    return Group(
        f"groups-{slug(trend.outcome)}",
        name(label),
        (*(Paragraph(t, "reading") for t in _reading(trend)), *figure, _table(trend, results, label)),
    )


def _reading(trend: ExposureTrend) -> tuple[Text, ...]:
    """Tell the slopes with their intervals; whether they differ is said by the test of that alone."""
    known = [(v.level, v.slope) for v in trend.levels if v.slope is not None]
    if not known:
        return ()
    told = join(
        (
            say("{} ({})", number(fmt.ratio_with_interval(e.estimate, e.lower, e.upper), e.id), name(level))
            for level, e in known
        ),
        ", ",
    )
    read = say(en_effects.SLOPES, name(fmt.unit(trend.unit)), told)
    if trend.same is None or trend.same.p is None:
        return (read,)
    text = en_effects.SLOPES_DIFFER if established(trend.same) else en_effects.SLOPES_MAY_BE_THE_SAME
    return (read + say(text, p_phrase(trend.same)),)


def limits(trend: ExposureTrend, place: int) -> Text:
    """Name a group by its cut-points."""
    cut = [number(fmt.plain(c), trend_id(trend, "cut", k)) for k, c in enumerate(trend.cuts, 1)]
    if place == 1:
        return say("< {}", cut[0])
    return say("≥ {}", cut[-1]) if place > len(cut) else say("{} to < {}", cut[place - 2], cut[place - 1])


def _table(trend: ExposureTrend, results: Results, label: str) -> Table:
    clock = follow_up_clock(results)
    groups = [Rows(tuple(_lines(trend, level, clock)), heading=name(level.level)) for level in trend.levels]
    if trend.same is not None:
        line = (
            cells.row(en_effects.SAME_SLOPE, indent=True),
            cells.BLANK,
            cells.chi_square(trend.same),
            cells.p_value(trend.same),
        )
        groups.append(Rows((line,), heading=Text((en_effects.JOINTLY,))))
    unit = fmt.unit(trend.unit)
    share = en_effects.SHARES.get(len(trend.medians), en_effects.EQUAL_PARTS)
    medians = join(
        (number(fmt.plain(m), trend_id(trend, "median", k)) for k, m in enumerate(trend.medians, 1)), ", "
    )
    notes = (
        say(
            en_effects.GROUPS_NOTE,
            name(trend.model),
            inside(trend.label),
            share,
            medians,
            name(unit),
        ),
        *model_notes([m for m in results.models if (m.outcome, m.model) == (trend.outcome, trend.model)][:1]),
        *(sentence(w) for w in trend.warnings),
        *cells.warnings_of(e for v in trend.levels for e in v.groups),
    )
    return Table(
        id=f"groups-{slug(trend.outcome)}-table",
        caption=say(en_effects.HR_BY_GROUPS, name(label), inside(trend.label)),
        head=(
            (
                cells.col(say("{}, {}", name(trend.label), name(unit)), numeric=False),
                cells.col(f"{en.EVENTS} / {clock.person}"),
                cells.col(en.HR_95PERCENT_CI),
                cells.col("P"),
            ),
        ),
        groups=tuple(groups),
        notes=notes,
        sheet=f"Groups {trend.outcome}",
    )


def _lines(trend: ExposureTrend, level: TrendLevel, clock: Clock) -> list[Line]:
    out: list[Line] = []
    for place, e in enumerate(level.groups, 1):
        head = cells.row(limits(trend, place), indent=True)
        if place == trend.reference:
            out.append((head, _behind(e, clock), cells.reference(en_effects.IS_REFERENCE), cells.DASH))
        else:
            out.append((head, _behind(e, clock), cells.ratio(e), cells.p_value(e)))
    if level.slope is not None:
        per = say(en_effects.SLOPE_PER, name(fmt.unit(trend.unit)))
        out.append(
            (cells.row(per, indent=True), cells.BLANK, cells.ratio(level.slope), cells.p_value(level.slope))
        )
    if level.departure is not None:
        out.append(
            (
                cells.row(en_effects.DEPARTURE, indent=True),
                cells.BLANK,
                cells.chi_square(level.departure),
                cells.p_value(level.departure),
            )
        )
    return out


def _behind(e: Estimate, clock: Clock) -> Cell:
    years = clock.read(e.basis.person_years)
    if e.basis.n_events is None:
        return cells.figures(fmt.MASKED, e.id, Part("events", None, fmt.MASKED))
    events, time = fmt.count(e.basis.n_events), fmt.fixed(years, fmt.person_time(years))
    parts = (Part("events", e.basis.n_events, events), Part(clock.person, years, time))
    return cells.figures(f"{events} / {time}", e.id, *parts)
