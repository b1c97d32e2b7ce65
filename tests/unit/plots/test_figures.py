"""Every figure at both journal widths: all text inside, nothing overlapping, 7 pt or more, the same bytes twice."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # the XML is our own
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from riskset.errors import DesignError
from riskset.plots import (
    CurvePanel,
    CurveStep,
    FlowEnd,
    FlowExclusion,
    ForestRow,
    StateBand,
    SurvivalLine,
    TimeCoefficientPanel,
    flow_figure,
    forest,
    forest_figure,
    hazard_ratio_curve_figure,
    states_figure,
    survival_figure,
    time_coefficient_figure,
    to_png_bytes,
    to_svg_text,
)
from riskset.plots.diagnostics import FormPanel, functional_form_figure, influence_figure
from riskset.plots.export import to_pdf_bytes
from riskset.plots.forest_panels import PanelRow, forest_panels_figure
from riskset.plots.standardised import StandardisedLine, standardised_figure
from riskset.plots.style import SERIES, series, text_width, wrap

WIDTHS = (85.0, 175.0)
BINS = np.arange(1.75, 3.66, 0.1)


def panel(label: str, slope: float, spread: float, note: str = "") -> CurvePanel:
    x = np.linspace(1.8, 3.6, 60)
    hr = np.exp(slope * (x - 2.5))
    wide = np.exp(spread * np.abs(x - 2.5))
    share = np.exp(-(((BINS[:-1] + 0.05 - 2.5) / 0.3) ** 2) / 2)
    return CurvePanel(label, x, hr, hr / wide, hr * wide, share / share.sum(), note)


PANELS = [
    panel(
        "Never used a calcimimetic",
        -1.1,
        0.8,
        "35 events, 700 person-years; overall P = 0.003, nonlinear P = 0.41",
    ),
    panel("Current use", -0.2, 0.7, "30 events, 690 person-years; overall P = 0.52, nonlinear P = 0.77"),
    panel("Former use", -0.4, 4.0, "4 events, 80 person-years"),
]


def curve(width: float, n: int, arrangement: str, reference: float = 2.5):
    return hazard_ratio_curve_figure(
        PANELS[:n],
        bins=BINS,
        reference=reference,
        x_label="Serum magnesium (mg/dL)",
        arrangement=arrangement,
        width=width,
    )


def wild(width: float):
    """A stratum whose curve falls to 10^-7, with limits to match, beside two that say something."""
    x = np.linspace(1.8, 3.6, 60)
    hr = np.exp(-16 * np.clip(x - 2.5, 0, None))
    limits = np.exp(20 * np.abs(x - 2.5))
    lost = CurvePanel("Former use", x, hr, hr / limits, hr * limits, PANELS[2].histogram)
    return hazard_ratio_curve_figure(
        [*PANELS[:2], lost], bins=BINS, reference=2.5, x_label="Mg (mg/dL)", width=width
    )


def bands(width: float, arrangement: str = "panels", steps: bool = False, n: int = 2):
    """Simultaneous bands around pointwise limits, and hazard ratios of groups over the curve."""
    groups = (
        CurveStep(-np.inf, 2.2, 1.6, 0.9, 2.8),
        CurveStep(2.2, 2.6, 1.0),
        CurveStep(2.6, np.inf, 0.6, 0.0, np.inf),
    )
    panels = [
        replace(
            p, band_lower=p.lower**1.3, band_upper=p.upper**1.3, steps=groups if steps else (), label=p.label
        )
        for p in PANELS[:n]
    ]
    return hazard_ratio_curve_figure(
        panels,
        bins=BINS,
        reference=2.5,
        x_label="Serum magnesium (mg/dL)",
        steps_label="groups of magnesium (95% CI)",
        arrangement=arrangement,
        width=width,
    )


def survival(width: float, labels: list[str], n: int = 138):
    time = np.linspace(0.05, 4.9, 60)
    lines = [
        SurvivalLine(label, time, np.exp(-time * rate), np.exp(-time * rate * 1.3), np.exp(-time * rate * 0.8),
                     [n, n // 2, n // 4, 35, 17, 7])
        for label, rate in zip(labels, (0.1, 0.11, 0.3, 0.7), strict=False)
    ]  # fmt: skip
    return survival_figure(lines, ticks=[0, 1, 2, 3, 4, 5], width=width)


def incidence(width: float, labels: list[str], *, shared: bool = False):
    """Rising curves with three or four rows of numbers, some of them shared by all."""
    time = np.linspace(0.05, 4.9, 60)
    lines = [
        SurvivalLine(
            label, time, 0.2 * k * (1 - np.exp(-time)), 0.15 * k * (1 - np.exp(-time)), 0.26 * k * (1 - np.exp(-time)),
            [1384, 773, 318, 89, 19, 3] if shared else [1384 - k, 773, 318, 89, 19, k],
            [0, 54, 92, 108, 112, 114 + k], () if shared else [0, 506, 760, 840, 857, 859 + k], [0, 57, 220, 349, 396, 408], 0.0,
        )
        for k, label in enumerate(labels, start=1)
    ]  # fmt: skip
    return survival_figure(
        lines, ticks=[0, 1, 2, 3, 4, 5], y_label="Cumulative incidence of fracture (%)", width=width
    )


def states(width: float):
    time = np.linspace(0.1, 4.9, 50)
    well, ill = 0.9 * np.exp(-time), 0.1 * np.exp(-time / 3)
    bands = [
        StateBand("Gammopathy of undetermined significance", well, [1360, 857, 418, 177, 56, 15], 0.9),
        StateBand("Plasma cell malignancy", ill, [24, 21, 14, 9, 4, 0], 0.1),
        StateBand("Death", 1 - well - ill, [], 0.0),
    ]
    return states_figure(time, bands, ticks=[0, 1, 2, 3, 4, 5], width=width)


FOREST = [
    ForestRow("Mg < 2.4 against ≥ 2.4 mg/dL", heading=True),
    ForestRow("naive", 2.21, 1.12, 4.36, ["19 / 172", "16 / 381"], "2.21 (1.12 to 4.36)"),
    ForestRow("past", 1.8, 0.0, float("inf"), ["2 / 20", "3 / 57"], "1.80 (0.00 to ∞)"),
    ForestRow("current use", 1.28, 0.71, 2.31, ["14 / 260", "15 / 430"], "1.28 (0.71 to 2.31)"),
    ForestRow("Calcimimetic use", heading=True),
    ForestRow("naive, Mg ≥ 2.4 mg/dL", reference=True, cells=["16 / 381"], text="1 (reference)"),
    ForestRow("past, Mg < 2.4 mg/dL", cells=["0 / 4"], text="not estimable"),
]


DIFFERENCES = [
    {"model": "Model 1, age and sex", "who": "naive", "rd": 0.031, "low": -0.012, "high": 0.074, "n": 1204, "w": 12.0},
    {"model": "Model 1, age and sex", "who": "user of a calcimimetic at any time", "rd": -0.4, "low": -0.9, "high": 0.1, "n": 35, "w": 3.0},
    {"model": "Model 2", "who": "reference", "rd": 0.0, "low": None, "high": None, "n": None, "w": None},
    {"model": "Model 2", "who": "past", "rd": None, "low": None, "high": None, "n": 2, "w": 0.1},
    {"model": "Model 2", "who": "unlimited", "rd": 0.2, "low": -40.0, "high": np.inf, "n": 4, "w": 0.1},
]  # fmt: skip


def differences(width: float):
    return forest(
        DIFFERENCES,
        label="who", estimate="rd", lower="low", upper="high", group="model", weight="w", columns=["n"],
        scale="linear", decimals=3, x_label="Difference in risk", width=width,
    )  # fmt: skip


def flow(width: float):
    return flow_figure(
        459,
        [FlowExclusion("Not an adult at index", 4), FlowExclusion("On haemodialysis for less than 3 months", 31),
         FlowExclusion("No magnesium within 90 days before index", 25)],
        399,
        [FlowEnd("Death", 159), FlowEnd("Kidney transplant or recovery of kidney function", 12), FlowEnd("End of the 5 years", 228)],
        screened_label="Adults on maintenance haemodialysis screened",
        width=width,
    )  # fmt: skip


def form(width: float):
    at, flat = np.linspace(2.2, 4.4, 30), np.ones(4)
    few = np.array([2.5, 3.0, 3.5, 4.0])
    bent = np.exp(-((at - 3.2) ** 2))
    panels = [
        FormPanel("Albumin at index (g/dL)", at, bent, bent / 5, bent * 5, few, flat, flat * 0.05, flat * 9, "Nonlinear: P = 0.04"),
        FormPanel("log(crp_baseline)", at[:0], at[:0], at[:0], at[:0], few * 1000, flat * 0, flat * 0, flat * 3, "No test: " + 12 * "words "),
    ]  # fmt: skip
    return functional_form_figure(panels, width=width)


def influence(width: float):
    names = [
        "age",
        "mg_group[< 2.4 mg/dL]:calcimimetic_use[another, longer level]",
        "sex[male]",
        "log(vintage)",
    ]
    return influence_figure(names, np.random.default_rng(1).normal(0, 0.1, (200, 4)), width=width)


def zph(width: float):
    at = np.linspace(0, 1, 40)
    panels = [
        TimeCoefficientPanel(name, at, np.sin(9 * at), 1800 * at, at, at, at - 1, at + 1, 0.1, "\u03c7\u00b2 = 0.04 on 1 df, P = 0.845")
        for name in ("age", "Magnesium group, a long label that goes on and on \u00d7 calcimimetic use")
    ]  # fmt: skip
    return time_coefficient_figure(panels, width=width)


def standardised(width: float, kind: str):
    at = np.linspace(20, 1800, 40)
    lines = [
        StandardisedLine(f"calcimimetic use: {name}", at, y, y - 0.1, y + at / 9000)
        for name, y in (("never", at / 3000), ("another, longer name of a level, to be broken into lines", at / 5000 - 0.2))
    ]  # fmt: skip
    return standardised_figure(lines, kind=kind, width=width)


GROUPS = [
    ForestRow("Magnesium < 2.4 mg/dL against \u2265 2.4 mg/dL, naive", heading=True),
    ForestRow("All persons", 1.19, 0.68, 2.11, ["121 / 395"], "1.19 (0.68\u20132.11)"),
    ForestRow("Age", text="P = 0.832", mark=1.19),
    ForestRow(
        "65 to < 75 years", 1.05, 0.42, 2.63, ["43 / 131"], "1.05 (0.42\u20132.63)", mark=1.19, depth=1
    ),
    ForestRow("\u2265 75 years", text="not estimable", cells=["43 / 123"], mark=1.19, depth=1),
]


def analyses(width):
    point = ForestRow("", 1.2, 0.7, 2.1)
    rows = [
        PanelRow("The plan itself", [point] * 5, main=True),
        PanelRow("Values at entry, and a name that needs two lines", [ForestRow("", 0.4, 0.01, 20.0), point, None, point, ForestRow("")]),
        PanelRow("Tertiles: Q1 (lowest)", [ForestRow("", None), *[point] * 4]),
    ]  # fmt: skip
    titles = ["HR, naive", "HR, user", "HR, past", "Ratio, user against naive", "Ratio, past against naive"]
    return forest_panels_figure(
        titles, rows, marks=[1.2, 0.9, None, 40.0, 0.5], label_header="Analysis", width=width
    )


FIGURES = {
    "curve-1": lambda w: curve(w, 1, "panels"),
    "curve-2": lambda w: curve(w, 2, "panels"),
    "curve-3": lambda w: curve(w, 3, "panels"),
    "curve-3-overlay": lambda w: curve(w, 3, "overlay"),
    "curve-reference-at-edge": lambda w: curve(w, 2, "panels", reference=1.8),
    "curve-wild": wild,
    "curve-bands": bands,
    "curve-bands-overlay": lambda w: bands(w, "overlay", n=3),
    "curve-bands-steps": lambda w: bands(w, steps=True),
    "survival-1": lambda w: survival(w, [""]),
    "survival-2": lambda w: survival(w, ["Men", "Women"]),
    "survival-4": lambda w: survival(w, ["naive", "past user of a calcimimetic", "user", "another, longer name of a group"], 12345),
    "incidence-1": lambda w: incidence(w, [""]),
    "incidence-3": lambda w: incidence(w, ["naive", "user", "past user of a calcimimetic"]),
    "incidence-causes": lambda w: incidence(w, ["New fracture", "Death"], shared=True),
    "states": states,
    "forest": lambda w: forest_figure(FOREST, columns=["Events / person-years low", "high"], label_header="New fracture", width=w),
    "forest-linear": differences,
    "forest-groups": lambda w: forest_figure(GROUPS, columns=["Events / persons"], label_header="Subgroup", text_header="HR (95% CI)\nP of heterogeneity", width=w),
    "forest-panels": analyses,
    "forest-plain": lambda w: forest_figure(FOREST, width=w),
    "flow": flow,
    "form": form,
    "influence": influence,
    "zph": zph,
    "standardised": lambda w: standardised(w, "difference"),
}  # fmt: skip


def not_drawn(axis) -> list[Text]:
    """Labels of ticks that matplotlib keeps ready beyond the ends of an axis and never draws."""
    low, high = sorted(axis.get_view_interval())
    return [t.label1 for t in axis.get_major_ticks() if not low - 1e-9 <= t.get_loc() <= high + 1e-9]


@pytest.fixture(
    scope="module", params=[(name, w) for name in FIGURES for w in WIDTHS], ids=lambda p: f"{p[0]}-{p[1]:g}mm"
)
def drawn(request):
    """A figure drawn at 200 dots per inch, and the boxes of its visible texts in millimetres."""
    name, width = request.param
    figure = FIGURES[name](width)
    figure.set_dpi(200)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = []
    beyond = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in not_drawn(axis)}
    for text in figure.findobj(Text):
        if text not in beyond and text.get_text().strip() and text.get_visible():
            box = text.get_window_extent(canvas.get_renderer())
            boxes.append((text.get_text(), np.array(box.extents) / 200 * 25.4, text.get_fontsize()))
    return figure, width, boxes


def test_every_text_is_inside_the_figure(drawn):
    figure, width, boxes = drawn
    height = figure.get_figheight() * 25.4
    assert figure.get_figwidth() * 25.4 == pytest.approx(width)
    outside = [t for t, (x0, y0, x1, y1), _ in boxes if x0 < 0 or y0 < 0 or x1 > width or y1 > height]
    assert not outside


def test_no_two_texts_overlap(drawn):
    _, _, boxes = drawn
    # a font's box reaches a little beyond its letters: 0.3 mm is a third of the gap between lines
    over = [
        (a, b)
        for (a, p, _), (b, q, _) in combinations(boxes, 2)
        if min(p[2], q[2]) - max(p[0], q[0]) > 0.3 and min(p[3], q[3]) - max(p[1], q[1]) > 0.3
    ]
    assert not over


def test_no_text_is_smaller_than_journals_print(drawn):
    assert min(size for _, _, size in drawn[2]) >= 7.0


def test_svg_keeps_text_as_text_and_stands_alone(drawn):
    svg = to_svg_text(drawn[0], name="fig-1", title="What it shows", description="In a sentence")
    ET.fromstring(svg)  # noqa: S314 (well-formed, and our own)
    assert svg == to_svg_text(drawn[0], name="fig-1", title="What it shows", description="In a sentence")
    assert "<text" in svg
    assert "DejaVu Sans', sans-serif" in svg  # after the fonts that browsers have
    assert all(i.startswith("fig-1-") for i in re.findall(r'\bid="([^"]+)"', svg))
    assert set(re.findall(r'(?:url\(|href=")#([^)"]+)', svg)) <= set(re.findall(r'\bid="([^"]+)"', svg))
    assert "http" not in re.sub(r'xmlns(:xlink)?="[^"]+"', "", svg)  # nothing is fetched
    assert "<title>What it shows</title><desc>In a sentence</desc>" in svg


def test_a_pdf_holds_its_letters_as_truetype(drawn):
    content = to_pdf_bytes(drawn[0])
    assert b"/CIDFontType2" in content
    assert b"/FontFile2" in content
    assert b"/Type3" not in content  # journals refuse it


@pytest.mark.parametrize("name", ["curve-2", "survival-2", "forest", "flow"])
def test_the_same_arguments_give_the_same_bytes(name):
    first, second = FIGURES[name](85.0), FIGURES[name](85.0)
    assert to_svg_text(first, name="x") == to_svg_text(second, name="x")
    assert to_png_bytes(first, dpi=100) == to_png_bytes(second, dpi=100)


def contrast(color: str) -> float:
    """Contrast with white, as WCAG 2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def test_inks_can_be_read_and_strata_told_apart_without_colour():
    assert all(contrast(s.text) >= 4.5 for s in SERIES)  # WCAG's level AA for small text
    assert len({s.dashes for s in SERIES}) == len(SERIES)
    assert series(7) == series(0)


def test_numbers_at_risk_stand_under_their_ticks():
    figure = survival(175.0, ["Men", "Women"])
    (axes,) = figure.axes
    figure.set_dpi(72)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    for tick, number in zip([0, 1, 2, 3, 4, 5], ["138", "69", "34", "35", "17", "7"], strict=True):
        at = axes.transData.transform((tick, 0))[0]
        under = [t for t in figure.texts if t.get_text() == number]
        assert under
        for text in under:
            box = text.get_window_extent(canvas.get_renderer())
            assert (box.x0 + box.x1) / 2 == pytest.approx(at, abs=1.0)  # a point: half a digit


def test_wrap_never_exceeds_its_width_and_loses_no_letter():
    text = "Magnesiumstoffwechselstörungsregister of several centres, 2010 to 2024"
    lines = wrap(text, 20.0).split("\n")
    assert max(text_width(line) for line in lines) <= 20.0
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrap_keeps_comparisons_together():
    assert wrap("a nonlinear P = 0.041", text_width("a nonlinear P =") + 0.1) == "a nonlinear\nP = 0.041"


def test_wrap_parts_joined_words_before_it_breaks_one():
    assert wrap("19\u00a0/\u00a0172", text_width("19 /") + 0.1) == "19 /\n172"


def test_a_wild_stratum_does_not_flatten_the_others_and_its_exit_is_marked():
    figure = wild(175.0)
    low, high = figure.axes[0].get_ylim()
    alone = curve(175.0, 2, "panels").axes[0].get_ylim()
    assert (low, high) == pytest.approx(alone, rel=0.5)  # about the range that the others need
    arrows = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "v"]
    assert len(arrows) == 1


def test_an_interval_beyond_the_axis_ends_in_an_arrow():
    figure = forest_figure(
        [ForestRow("a", 1.0, 0.9, 1.1, text="1"), ForestRow("b", 2.0, 0.001, 900.0, text="2")]
    )
    markers = [line.get_marker() for line in figure.axes[0].lines]
    assert {"<", ">"} <= set(markers)


def test_a_dollar_sign_is_a_dollar_sign():
    # of the second label matplotlib's formulas could make nothing at all, and the report would end there
    labels = (r"$\alpha_{x}$ at $5", r"$\frac{$ of 100 %")
    figure = forest_figure([ForestRow(text, 1.0, 0.9, 1.1, text="1") for text in labels])
    svg = to_svg_text(figure, name="f", title="", description="")
    assert all(text in svg for text in labels)


def test_a_forest_of_differences_has_its_null_at_zero_and_squares_by_weight():
    (axes,) = differences(175.0).axes
    assert axes.get_xscale() == "linear"
    low, high = axes.get_xlim()
    assert low < -0.4
    assert 0.2 < high < 5  # the endless interval does not flatten the others
    squares = {
        round(float(line.get_xdata()[0]), 3): line.get_markersize()
        for line in axes.lines
        if line.get_marker() == "s"
    }
    assert squares[0.031] == pytest.approx(2 * squares[-0.4])  # areas as 12 to 3
    assert next(line for line in axes.lines if line.get_marker() == "o").get_xdata()[0] == 0.0
    arrows = {line.get_marker() for line in axes.lines}
    assert {"<", ">"} <= arrows
    texts = [t.get_text() for t in axes.figure.texts]
    assert "\u22120.400 (\u22120.900 to 0.100)" in texts
    assert "0 (reference)" in texts
    assert "not estimable" in texts
    assert texts.count("Model 2") == 1


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"label": "a", "estimate": -1.0, "lower": -2.0, "upper": 0.0}], "not above 0"),
        ([{"label": None, "estimate": 1.0, "lower": 0.5, "upper": 2.0}], "label is missing"),
        ([{"label": "a", "estimat": 1.0, "lower": 0.5, "upper": 2.0}], "no column 'estimate'"),
        ({"label": [], "estimate": [], "lower": [], "upper": []}, "no estimate"),
    ],
)
def test_forests_that_cannot_be_drawn_are_refused(rows, words):
    with pytest.raises(DesignError, match=words):
        forest(rows)


def test_numbers_of_an_estimate_that_ran_off_are_not_spelt_out():
    figure = forest(
        {"label": ["a", "b"], "estimate": [2e-9, 4e30], "lower": [0.0, 0.5], "upper": [7e44, np.inf]}
    )
    texts = [t.get_text() for t in figure.texts]
    assert {"0.00 (0.00 to > 99,999)", "> 99,999 (0.50 to \u221e)"} <= set(texts)


def test_panels_share_one_axis_and_go_on_below_each_other_where_it_is_narrow():
    wide, narrow = analyses(175.0), analyses(85.0)
    assert len(wide.axes) == len(narrow.axes) == 5
    for figure, bands in ((wide, 1), (narrow, 3)):
        assert len({round(a.get_position().y0, 6) for a in figure.axes}) == bands
        assert len({a.get_xlim() for a in figure.axes}) == 1
    # the estimate to compare with runs beside all rows, where it lies on the axis
    dashed = [sum(line.get_linestyle() == "--" for line in a.lines) for a in wide.axes]
    assert dashed == [1, 1, 0, 0, 1]
    assert sum(t.get_text() == "\u2013" for t in wide.texts) == 2


def test_groups_are_drawn_no_further_than_the_data_of_their_stratum():
    axes = bands(175.0, steps=True).axes[0]
    ends = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 1.6]
    assert [round(float(v), 6) for v in (ends[0][0], ends[-1][1])] == [1.8, 3.6]  # its curve's, not the axis'
