"""Forest plots of subgroup analyses: a block for each estimate, its groups below all persons, its test beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from matplotlib.figure import Figure as Drawing

from riskset.plots.forest import ForestRow, forest_figure
from riskset.report import formats as fmt
from riskset.report.document import Figure
from riskset.report.outcomes import levels
from riskset.report.phrases import inside, name, say
from riskset.report.texts import en_subgroups as en
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_subgroups import SubgroupAnalysis, SubgroupOutcome, SubgroupWhole

MOST_ROWS = 40
"""More rows than a page of paper holds at the printed size of their type."""


@dataclass(frozen=True)
class _Block:
    rows: tuple[ForestRow, ...]
    of_ratio: bool


def figures(
    results: Results, whole: SubgroupWhole, own: Sequence[tuple[SubgroupAnalysis, SubgroupOutcome]]
) -> tuple[Figure, ...]:
    """Draw the hazard ratios of one outcome in all subgroups, then their ratios; no figure is longer than a page.

    Parameters
    ----------
    results : Results
    whole : SubgroupWhole
        The outcome in all persons.
    own : sequence of (SubgroupAnalysis, SubgroupOutcome)
        Its analyses.
    """
    pages: list[list[_Block]] = []
    for block in _blocks(results, whole, own):
        last = pages[-1] if pages else []
        fits = sum(len(b.rows) for b in last) + len(block.rows) <= MOST_ROWS
        if last and fits and last[-1].of_ratio == block.of_ratio:
            last.append(block)
        else:
            pages.append([block])
    return tuple(_figure(results, whole, k, page) for k, page in enumerate(pages, 1))


def _figure(results: Results, whole: SubgroupWhole, nth: int, page: Sequence[_Block]) -> Figure:
    of_ratio = page[0].of_ratio
    rows = [row for block in page for row in block.rows]
    caption = say(
        en.FOREST_CAPTION_RATIO if of_ratio else en.FOREST_CAPTION,
        name(whole.label),
        inside(results.exposure_label),
        inside(results.modifier_label),
    )

    def draw(width: float) -> Drawing:
        return forest_figure(
            rows,
            columns=(en.EVENTS_OF_PERSONS,),
            label_header=en.SUBGROUP,
            text_header=f"{en.RATIO_95 if of_ratio else en.HR_95}\n{en.P_HETEROGENEITY}",
            x_label=en.RATIO_OF_HR if of_ratio else en.HAZARD_RATIO,
            width=width,
        )

    key = f"subgroups-{slug(whole.outcome)}" + ("" if nth == 1 else f"-{nth}")
    return Figure(key, caption, en.FOREST_ALT, draw)


def _blocks(
    results: Results, whole: SubgroupWhole, own: Sequence[tuple[SubgroupAnalysis, SubgroupOutcome]]
) -> Iterator[_Block]:
    reference, *_ = results.modifier_levels
    several = len(results.exposure_levels) > 2
    for of_ratio in (False, True):
        for e in _estimates(whole.own, of_ratio=of_ratio):
            exposure, modifier = levels(e)
            against = results.exposure_levels[0]
            title = fmt.label(f"{results.exposure_label} {exposure} against {against}, {modifier}")
            if of_ratio:
                title = en.FOREST_RATIO.format(fmt.label(modifier), fmt.label(reference))
                title += f" ({fmt.label(exposure)})" if several else ""
            yield _Block(tuple(_rows(title, e, whole, own, of_ratio=of_ratio)), of_ratio)


def _rows(
    title: str,
    e: Estimate,
    whole: SubgroupWhole,
    own: Sequence[tuple[SubgroupAnalysis, SubgroupOutcome]],
    *,
    of_ratio: bool,
) -> Iterator[ForestRow]:
    yield ForestRow(title, heading=True)
    yield _row(en.ALL_PERSONS, e, whole.own, None)
    for analysis, outcome in own:
        tests = outcome.of_ratio if of_ratio else outcome.of_hr
        test = next((t for t in tests if levels(t) == levels(e)), None)
        said = en.NO_TEST_SHORT
        if test is not None and test.p is not None:
            said = fmt.p_phrase(test.p)
        yield ForestRow(fmt.label(analysis.label), text=said, mark=e.estimate)
        for group in outcome.groups:
            label = fmt.label(group.level)
            if group.own is None:
                yield ForestRow(
                    label, text=fmt.ratio_with_interval(None, None, None), mark=e.estimate, depth=1
                )
                continue
            mine = next(x for x in _estimates(group.own, of_ratio=of_ratio) if levels(x) == levels(e))
            yield replace(_row(label, mine, group.own, e.estimate), depth=1)


def _row(label: str, e: Estimate, one: VariantEstimates, mark: float | None) -> ForestRow:
    behind = f"{fmt.count(one.basis.n_events)} / {fmt.count(one.basis.n_persons)}"
    text = fmt.ratio_with_interval(e.estimate, e.lower, e.upper)
    return ForestRow(label, e.estimate, e.lower, e.upper, cells=(behind,), text=text, mark=mark)


def _estimates(one: VariantEstimates, *, of_ratio: bool) -> tuple[Estimate, ...]:
    return one.interaction if of_ratio else one.exposure_in_modifier
