"""Forest plots over analyses: the models of an outcome, or its sensitivity analyses, in panels by estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure as Drawing

from riskset.plots.forest import ForestRow
from riskset.plots.forest_panels import PanelRow, forest_panels_figure
from riskset.report import formats as fmt
from riskset.report.document import Figure
from riskset.report.outcomes import Outcome, levels
from riskset.report.phrases import inside, name, say
from riskset.report.texts import en_figures
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results
from riskset.study.results_sensitivity import SensitivityVariant, VariantOutcome

Column = tuple[str, bool]
"""A level of the modifier, and whether the ratio against its reference is meant."""


@dataclass(frozen=True)
class _Analysis:
    """What one row, or one for each level of the exposure, shows."""

    label: str
    hr: Sequence[Estimate]
    ratio: Sequence[Estimate]
    main: bool = False


def models_forest(outcome: Outcome, results: Results) -> Figure | None:
    """Draw the models of an outcome beside each other; nothing where there is but one.

    Parameters
    ----------
    outcome : Outcome
    results : Results
    """
    if len(outcome.models) < 2:
        return None
    shown = [
        _Analysis(m.model, m.exposure_in_modifier, m.interaction, m is outcome.primary)
        for m in outcome.models
    ]
    caption = say(
        en_figures.MODELS_CAPTION,
        name(outcome.label),
        inside(results.exposure_label),
        inside(results.modifier_label),
        name(outcome.primary.model),
    )
    return Figure(
        f"models-{slug(outcome.key)}",
        caption,
        en_figures.TABLE_BELOW,
        _drawing(shown, results, en_figures.MODEL),
    )


def sensitivity_forest(
    at: VariantOutcome, shown: Sequence[SensitivityVariant], results: Results
) -> Figure | None:
    """Draw the sensitivity analyses of an outcome below the plan itself.

    Parameters
    ----------
    at : VariantOutcome
        The outcome in the plan itself.
    shown : sequence of SensitivityVariant
        The plan itself first; none that is wrong on purpose, or of other hazards.
    results : Results
    """
    found = [
        _Analysis(v.label, o.own.exposure_in_modifier, o.own.interaction, main=k == 0)
        for k, v in enumerate(shown)
        for o in v.outcomes
        if o.outcome == at.outcome and o.own is not None
    ]
    if len(found) < 2 or not found[0].main:
        return None
    caption = say(
        en_figures.SENSITIVITY_CAPTION,
        name(at.label),
        inside(results.exposure_label),
        inside(results.modifier_label),
    )
    return Figure(
        f"sensitivity-{slug(at.outcome)}",
        caption,
        en_figures.TABLE_BELOW,
        _drawing(found, results, en_figures.ANALYSIS),
    )


def _drawing(shown: Sequence[_Analysis], results: Results, header: str) -> _Drawing:
    reference, *others = results.modifier_levels
    columns: list[Column] = [(v, False) for v in results.modifier_levels] + [(v, True) for v in others]
    titles = [
        (
            en_figures.RATIO_OF_TWO.format(fmt.label(v), fmt.label(reference))
            if ratio
            else f"HR, {fmt.label(v)}"
        )
        for v, ratio in columns
    ]
    rows = [row for one in shown for row in _rows(one, columns)]
    main = next(one for one in shown if one.main)
    first = next(iter(_by_level(main).values()), {})
    several = len(results.exposure_levels) > 2  # each level of the exposure has an estimate of its own
    marks = () if several else [e.estimate if (e := first.get(c)) is not None else None for c in columns]
    return _Drawing(tuple(titles), tuple(rows), tuple(marks), header)


@dataclass(frozen=True)
class _Drawing:
    titles: tuple[str, ...]
    rows: tuple[PanelRow, ...]
    marks: tuple[float | None, ...]
    header: str

    def __call__(self, width: float) -> Drawing:
        return forest_panels_figure(
            self.titles, self.rows, marks=self.marks, label_header=self.header, width=width
        )


def _rows(one: _Analysis, columns: Sequence[Column]) -> list[PanelRow]:
    by_level = _by_level(one)
    out: list[PanelRow] = []
    for exposure, found in by_level.items():
        points = [_point(found.get(c)) for c in columns]
        if any(p is not None for p in points):  # other levels of the modifier stand in the table alone
            label = one.label if len(by_level) == 1 else f"{one.label}: {exposure}"
            out.append(PanelRow(fmt.label(label), points, one.main))
    return out


def _by_level(one: _Analysis) -> dict[str, Mapping[Column, Estimate]]:
    out: dict[str, dict[Column, Estimate]] = {}
    for estimates, ratio in ((one.hr, False), (one.ratio, True)):
        for e in estimates:
            exposure, modifier = levels(e)
            out.setdefault(exposure, {})[modifier, ratio] = e
    return dict(out)


def _point(e: Estimate | None) -> ForestRow | None:
    return None if e is None else ForestRow("", e.estimate, e.lower, e.upper)
