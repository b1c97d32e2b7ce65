"""The figures of the examples at both journal widths: every label whole, no two on each other."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from riskset.report.compose import compose
from riskset.study import read_plan, run_study
from riskset.study.demo import prepare_demo

EXAMPLES = Path(__file__).parents[2] / "examples"
DPI = 200
LETTERS = 0.3  # mm by which a font's box reaches beyond its letters


def boxes(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """Texts that are drawn, and where, in millimetres."""
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    beyond = {
        tick.label1
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) - 1e-9 <= tick.get_loc() <= max(axis.get_view_interval()) + 1e-9
    }
    return [
        (text.get_text(), np.array(text.get_window_extent(canvas.get_renderer()).extents) / DPI * 25.4)
        for text in figure.findobj(Text)
        if isinstance(text, Text) and text not in beyond and text.get_text().strip() and text.get_visible()
    ]


@pytest.mark.long
@pytest.mark.parametrize("example", ["haemodialysis", "icu-magnesium"])
def test_no_label_is_clipped_or_overlaps_at_either_width(example: str, tmp_path: Path) -> None:
    path = EXAMPLES / example / "study.toml"
    if example == "haemodialysis":
        path = prepare_demo(tmp_path / "study")
        # sensitivity analyses have no figure of their own kind
        text = re.sub(r"\[sensitivity\].*?(?=\[report\])", "", path.read_text("utf-8"), flags=re.DOTALL)
        path.write_text(text, "utf-8")
    document = compose(run_study(read_plan(path)))
    kinds = {f.key.partition("-")[0] for f in document.figures}
    assert {"flow", "forest", "curve", "groups", "survival"} <= kinds
    for figure in document.figures:
        for width in (85.0, 175.0):
            drawn = figure.draw(width)
            height = drawn.get_figheight() * 25.4
            found = boxes(drawn)
            where = f"{figure.key} at {width:g} mm"
            outside = [t for t, (x0, y0, x1, y1) in found if x0 < 0 or y0 < 0 or x1 > width or y1 > height]
            assert not outside, where
            over = [
                (a, b)
                for (a, p), (b, q) in combinations(found, 2)
                if min(p[2], q[2]) - max(p[0], q[0]) > LETTERS and min(p[3], q[3]) - max(p[1], q[1]) > LETTERS
            ]
            assert not over, where
