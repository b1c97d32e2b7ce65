"""Rates of cells against a reference: ratios and differences, nothing adjusted for."""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Line, Rows, Section, Table, Text
from riskset.report.phrases import inside, name, say
from riskset.report.sections.rates import rate_decimals
from riskset.study.ids import parse_id, slug
from riskset.study.results import Estimate, Results
from riskset.study.results_incidence import ComparedRates


def section(results: Results) -> Section | None:
    """Set the comparisons of each outcome."""
    tables = tuple(_table(c, results) for c in results.compared_rates)
    return Section("compared-rates", Text(("Rates compared",)), tables) if tables else None


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
        caption=say("{}: ratios and differences of rates between cells", name(compared.label)),
        head=(
            (
                cells.col("Against the reference", numeric=False),
                cells.col("Among", numeric=False),
                cells.col(f"Rate ratio (95%{fmt.NBSP}CI)"),
                cells.col("P"),
                cells.col(f"Rate difference (95%{fmt.NBSP}CI)"),
            ),
        ),
        groups=tuple(groups),
        notes=(
            say(
                "All person-time in which both are known, states as they change; nothing is adjusted for. Ratios and P are "
                "exact given the number of events (Clopper and Pearson); differences, in {}, have limits recovered from "
                "the exact ones of each rate (MOVER).",
                said,
            ),
            *cells.warnings_of(
                e
                for pairs in (compared.exposure_in_modifier, compared.modifier_in_exposure)
                for e, _ in pairs
            ),
        ),
        sheet=f"Rates compared {compared.label}",
    )


def _line(ratio: Estimate, gap: Estimate, own: int, within: int, decimals: int) -> Line:
    levels = parse_id(ratio.id).levels
    return (
        cells.row(say("{} against {}", name(levels[own]), inside(ratio.reference or "")), indent=True),
        cells.words(name(levels[within])),
        cells.ratio(ratio, "rate ratio"),
        cells.p_value(ratio),
        cells.estimate(gap, decimals, "rate difference"),
    )
