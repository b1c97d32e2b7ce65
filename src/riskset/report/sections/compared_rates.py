"""Rates of cells against a reference: ratios and differences, nothing adjusted for."""

from __future__ import annotations

from riskset.report import cells
from riskset.report.document import Line, Rows, Section, Table, Text
from riskset.report.phrases import inside, name, say
from riskset.report.sections.rates import rate_decimals
from riskset.report.texts import en_effects
from riskset.study.ids import parse_id, slug
from riskset.study.results import Estimate, Results
from riskset.study.results_incidence import ComparedRates


def section(results: Results) -> Section | None:
    """Set the comparisons of each outcome."""
    tables = tuple(_table(c, results) for c in results.compared_rates)
    return Section("compared-rates", Text((en_effects.RATES_COMPARED,)), tables) if tables else None


def _table(compared: ComparedRates, results: Results) -> Table:
    decimals = rate_decimals(results.rates)
    groups: list[Rows] = []
    for heading, pairs, own, within in (
        (results.exposure_label, compared.exposure_in_modifier, 0, 1),
        (results.modifier_label, compared.modifier_in_exposure, 1, 0),
    ):
        rows = tuple(_line(ratio, gap, own, within, decimals) for ratio, gap in pairs)
        if rows:
            groups.append(Rows(rows, heading=name(heading)))
    unit = compared.exposure_in_modifier or compared.modifier_in_exposure
    said = inside(unit[0][1].unit) if unit else Text()
    return Table(
        id=f"compared-rates-{slug(compared.outcome)}",
        caption=say(en_effects.RATIOS_AND_DIFFERENCES_OF_RATES, name(compared.label)),
        head=(
            (
                cells.col(en_effects.AGAINST_THE_REFERENCE, numeric=False),
                cells.col(en_effects.AMONG, numeric=False),
                cells.col(en_effects.RATE_RATIO),
                cells.col("P"),
                cells.col(en_effects.RATE_DIFFERENCE),
            ),
        ),
        groups=tuple(groups),
        notes=(
            say(
                en_effects.COMPARED_RATES_NOTE,
                said,
            ),
            *cells.warnings_of(
                e
                for pairs in (compared.exposure_in_modifier, compared.modifier_in_exposure)
                for e, _ in pairs
            ),
        ),
        sheet=f"Rates compared {compared.outcome}",
    )


def _line(ratio: Estimate, gap: Estimate, own: int, within: int, decimals: int) -> Line:
    levels = parse_id(ratio.id).levels
    return (
        cells.row(say(en_effects.AGAINST, name(levels[own]), inside(ratio.reference or "")), indent=True),
        cells.words(name(levels[within])),
        cells.ratio(ratio, "rate ratio"),
        cells.p_value(ratio),
        cells.estimate(gap, decimals, "rate difference"),
    )
