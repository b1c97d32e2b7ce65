"""Figures for print and screen: plain arrays and frozen values in, matplotlib figures out.

Nothing here touches matplotlib's global state, and the same arguments give the same bytes.
"""

from riskset.plots.export import save_pdf, save_png, save_svg, to_pdf_bytes, to_png_bytes, to_svg_text
from riskset.plots.flow import FlowEnd, FlowExclusion, flow_figure
from riskset.plots.forest import ForestRow, forest_figure
from riskset.plots.forest_table import forest
from riskset.plots.hazard_ratio import CurvePanel, CurveStep, hazard_ratio_curve_figure
from riskset.plots.states import StateBand, states_figure
from riskset.plots.style import DOUBLE_COLUMN, SINGLE_COLUMN
from riskset.plots.survival import SurvivalLine, survival_figure
from riskset.plots.zph import TimeCoefficientPanel, time_coefficient_figure

__all__ = [
    "DOUBLE_COLUMN",
    "SINGLE_COLUMN",
    "CurvePanel",
    "CurveStep",
    "FlowEnd",
    "FlowExclusion",
    "ForestRow",
    "StateBand",
    "SurvivalLine",
    "TimeCoefficientPanel",
    "flow_figure",
    "forest",
    "forest_figure",
    "hazard_ratio_curve_figure",
    "save_pdf",
    "save_png",
    "save_svg",
    "states_figure",
    "survival_figure",
    "time_coefficient_figure",
    "to_pdf_bytes",
    "to_png_bytes",
    "to_svg_text",
]
