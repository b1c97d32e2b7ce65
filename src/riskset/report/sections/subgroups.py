"""Subgroup analyses: the primary model in each group, and whether the groups differ, told by that test alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Block, Cell, Group, Line, Paragraph, Part, Rows, Section, Table, Text
from riskset.report.outcomes import levels
from riskset.report.phrases import (
    count,
    counted,
    established,
    inside,
    join,
    listing,
    name,
    number,
    say,
    sentence,
)
from riskset.report.sections.notes import subgroup_notes
from riskset.report.subgroup_figures import figures
from riskset.report.texts import en_subgroups as en
from riskset.study.counted_subgroups import members_id, subgroups_id, tests_in
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_subgroups import SubgroupAnalysis, SubgroupOutcome, Subgroups


def section(results: Results) -> Section | None:
    """Set the groups, and outcome by outcome what the tests say, the figures and the table."""
    found = results.subgroups
    if not found.analyses:
        return None
    blocks: list[Block] = [Paragraph(Text((en.READING,))), Paragraph(_how_many(found))]
    open_ = [a for a in found.analyses if not a.rationale]
    if open_:
        text = en.EXPLORATORY if len(open_) == 1 else en.EXPLORATORY_SEVERAL
        blocks.append(Paragraph(say(text, listing(name(a.label) for a in open_)), "caution"))
    blocks.append(_groups(found))
    for whole in found.whole:
        own = _of(found, whole.outcome)
        inner: list[Block] = [Paragraph(text, "reading") for a, o in own for text in reading(a, o, results)]
        inner += [Paragraph(text, "caution") for a, o in own for text in _not_done(a, o)]
        inner += [*figures(results, whole, own), _table(results, whole.outcome)]
        blocks.append(Group(f"subgroups-of-{slug(whole.outcome)}", name(whole.label), tuple(inner)))
    return Section("subgroups", Text((en.SUBGROUP_ANALYSES,)), tuple(blocks))


def _of(found: Subgroups, outcome: str) -> list[tuple[SubgroupAnalysis, SubgroupOutcome]]:
    return [(a, o) for a in found.analyses for o in a.outcomes if o.outcome == outcome]


def _how_many(found: Subgroups) -> Text:
    n = len(found.analyses)
    return say(
        en.HOW_MANY_ONE if n == 1 else en.HOW_MANY,
        count(n, subgroups_id("analyses"), "analyses"),
        counted(len(found.whole), subgroups_id("outcomes"), en.OUTCOME, en.OUTCOMES),
        count(tests_in(found), subgroups_id("tests"), "tests"),
    )


def reading(analysis: SubgroupAnalysis, outcome: SubgroupOutcome, results: Results) -> tuple[Text, ...]:
    """Say of one analysis what its tests of heterogeneity support, and nothing from within a group."""
    hr = outcome.joint_of_hr or next(iter(outcome.of_hr), None)
    ratio = outcome.joint_of_ratio or next(iter(outcome.of_ratio), None)
    if hr is None or hr.p is None:
        return (say(en.NO_TEST, name(analysis.label)),)
    differ = established(hr)
    text = en.HR_DIFFER if differ else en.HR_NOT_ESTABLISHED
    told = say(text, name(analysis.label), inside(results.exposure_label), _tested(hr))
    modifier = inside(results.modifier_label)
    if ratio is None:
        return (told,)
    if ratio.p is None:
        return (told + " " + say(en.NO_TEST_OF_RATIO, modifier),)
    text = en.RATIO_NOT_ESTABLISHED_ALONE if differ else en.RATIO_NOT_ESTABLISHED
    text = en.RATIO_DIFFER if established(ratio) else text
    return (told + " " + say(text, modifier, _tested(ratio)),)


def in_words(results: Results) -> tuple[Text, ...]:
    """Tell all analyses, one paragraph for each outcome, and how many there are."""
    found = results.subgroups
    if not found.analyses:
        return ()
    each = (
        join([say(en.OUTCOME_FIRST, name(w.label)), *(t for a, o in own for t in reading(a, o, results))])
        for w in found.whole
        for own in [_of(found, w.outcome)]
    )
    return _how_many(found), *each


def _tested(e: Estimate) -> Text:
    df = e.unit.removeprefix("chi-square on ")
    return number(f"χ² {fmt.fixed(e.estimate, 2)} on {df}, {fmt.p_phrase(e.p)}", e.id)


def _not_done(analysis: SubgroupAnalysis, outcome: SubgroupOutcome) -> Iterator[Text]:
    for group in outcome.groups:
        if group.not_done is not None:
            yield say(en.NOT_FITTED, name(analysis.label), inside(group.level), sentence(group.not_done))


def _groups(found: Subgroups) -> Table:
    rows: list[Line] = []
    for analysis in found.analyses:
        out = {
            level.label: dict.fromkeys(
                term
                for o in analysis.outcomes
                for g in o.groups
                if g.level == level.label
                for term in g.left_out
            )
            for level in analysis.levels
        }
        for i, level in enumerate(analysis.levels):
            rows.append(
                (
                    cells.row(name(analysis.label) if i == 0 else Text()),
                    cells.words(name(level.label)),
                    cells.count(level.included, members_id(analysis, level.label), "persons"),
                    cells.words(listing(name(t) for t in out[level.label])),
                    cells.words((name(analysis.rationale) or en.NONE_GIVEN) if i == 0 else ""),
                )
            )
        if analysis.unknown:
            unknown = cells.count(analysis.unknown, members_id(analysis, None), "persons")
            rows.append((cells.row(""), cells.words(en.NOT_KNOWN), unknown, cells.words(""), cells.words("")))
    head = (
        cells.col(en.ANALYSIS, numeric=False),
        cells.col(en.GROUP, numeric=False),
        cells.col(en.PERSONS),
        cells.col(en.LEFT_OUT, numeric=False),
        cells.col(en.RATIONALE, numeric=False),
    )
    return Table(
        id="subgroups-groups",
        caption=Text((en.GROUPS_CAPTION,)),
        head=(head,),
        groups=(Rows(tuple(rows)),),
        sheet="Subgroups",
    )


def _table(results: Results, outcome: str) -> Table:
    found = results.subgroups
    whole = next(w for w in found.whole if w.outcome == outcome)
    several = len(results.exposure_levels) > 2
    groups = [Rows(tuple(_lines(whole.own, several=several)), heading=Text((en.ALL_PERSONS,)), strong=True)]
    shown: list[Estimate] = [*whole.own.exposure_in_modifier, *whole.own.interaction]
    for analysis, mine in _of(found, outcome):
        for g in mine.groups:
            if g.own is not None:
                heading = say(en.OF_GROUP, name(analysis.label), name(g.level))
                groups.append(Rows(tuple(_lines(g.own, several=several)), heading=heading))
                shown += [*g.own.exposure_in_modifier, *g.own.interaction]
        tests = _tests(mine, several=several)
        if tests:
            groups.append(Rows(tests, heading=say(en.HETEROGENEITY, name(analysis.label)), strong=True))
            joint = (mine.joint_of_hr, mine.joint_of_ratio)
            shown += [*mine.of_hr, *mine.of_ratio, *(e for e in joint if e is not None)]
    header = name(results.modifier_label)
    if several:
        header = say(en.HEADER, header, inside(results.exposure_label))
    single = next((e.method for _, o in _of(found, outcome) for e in o.of_hr), "")
    joint = next((o.joint_of_hr.method for _, o in _of(found, outcome) if o.joint_of_hr is not None), single)
    return Table(
        id=f"subgroups-{slug(outcome)}",
        caption=say(en.TABLE_CAPTION, name(whole.label), inside(results.exposure_label)),
        head=(
            (
                cells.col(header, numeric=False),
                cells.col(en.PERSONS),
                cells.col(en.EVENTS),
                cells.col(en.PERSON_YEARS),
                cells.col(en.HR_95),
                cells.col(en.RATIO_95),
            ),
        ),
        groups=tuple(groups),
        notes=(
            *subgroup_notes(results, outcome),
            say(en.WALD_AND_LEVEL, name(found.analyses[0].model), name(single), name(joint)),
            *cells.warnings_of(shown),
        ),
        sheet=f"Subgroups {outcome}"[:31],
    )


def _pair(e: Estimate, *, several: bool) -> Text:
    exposure, modifier = levels(e)
    return say(en.PAIR, name(modifier), name(exposure)) if several else name(modifier)


def _lines(one: VariantEstimates, *, several: bool) -> Iterator[Line]:
    ratios = {levels(e): e for e in one.interaction}
    b = one.basis
    for i, e in enumerate(one.exposure_in_modifier):
        behind: Sequence[Cell] = (cells.BLANK, cells.BLANK, cells.BLANK)
        if i == 0:
            behind = (
                cells.count(b.n_persons, e.id, "persons"),
                cells.count(b.n_events, e.id, "events"),
                cells.fixed(b.person_years, fmt.person_time(b.person_years), e.id, "person-years"),
            )
        mine = ratios.get(levels(e))
        ratio = cells.BLANK if mine is None else cells.ratio(mine, "ratio of HR")
        yield cells.row(_pair(e, several=several), indent=True), *behind, cells.ratio(e), ratio


def _tests(outcome: SubgroupOutcome, *, several: bool) -> tuple[Line, ...]:
    ratios = {levels(e): e for e in outcome.of_ratio}
    none = (cells.BLANK, cells.BLANK, cells.BLANK)
    lines: list[Line] = [
        (cells.row(_pair(e, several=several), indent=True), *none, _test(e), _test(ratios.get(levels(e))))
        for e in outcome.of_hr
    ]
    if outcome.joint_of_hr is not None or outcome.joint_of_ratio is not None:
        both = (_test(outcome.joint_of_hr), _test(outcome.joint_of_ratio))
        lines.append((cells.row(en.ALL_LEVELS, indent=True), *none, *both))
    return tuple(lines)


def _test(e: Estimate | None) -> Cell:
    """Fill a cell with a test: statistic, degrees of freedom, P."""
    if e is None:
        return cells.BLANK
    if e.estimate is None:
        return Cell(cells.DASH.content, marked=True)
    df = e.unit.removeprefix("chi-square on ")
    shown, p = fmt.fixed(e.estimate, 2), fmt.p_phrase(e.p)
    cell = cells.figures(
        f"χ² {shown}, {df}; {p}",
        e.id,
        Part("chi-square", e.estimate, shown),
        Part("P", e.p, fmt.p_value(e.p)),
    )
    return Cell(cell.content, marked=bool(e.warnings))
