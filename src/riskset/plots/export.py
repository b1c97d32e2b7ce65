"""Figures as SVG text, PDF and PNG bytes, the same bytes every time.

SVG keeps its text as text: it can be searched, selected, read aloud and edited before submission, and it is a
third of the size of outlines. That is safe because every text is anchored where it stands (start, middle, end)
and was measured with DejaVu Sans, wider than every font of the stack below, so nothing can outgrow its place.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from html import escape
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from fontTools import subset
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from riskset.plots.style import FONT

BROWSER_FONTS: Final = "Arial, Helvetica, 'Liberation Sans', Roboto, 'DejaVu Sans', sans-serif"
PNG_DPI: Final = 300
_DROPPED: Final = "_drop_tables_default"
_SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "riskset",
    "path.simplify": True,
}  # keys as rcParams


def to_svg_text(figure: Figure, *, name: str, title: str = "", description: str = "") -> str:
    """Write a figure as an ``<svg>`` element for a page, or a file.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure.
    name : str
        Prefix of every id in it, so that several figures can stand on one page.
    title, description : str
        What it shows, for readers who hear the page.

    Returns
    -------
    str
        SVG without XML declaration, date or machine-dependent parts.
    """
    buffer = StringIO()
    with mpl.rc_context(_SETTINGS):
        FigureCanvasSVG(figure).print_svg(
            buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r" <metadata>.*?</metadata>\n", "", text, flags=re.DOTALL)
    text = text.replace(f"'{FONT}'", BROWSER_FONTS).replace(f'"{FONT}"', BROWSER_FONTS)
    slug = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    text = re.sub(r'\bid="', f'id="{slug}-', text)
    text = re.sub(r"url\(#", f"url(#{slug}-", text)
    text = re.sub(r'href="#', f'href="#{slug}-', text)
    spoken = "".join(
        f"<{tag}>{escape(words)}</{tag}>" for tag, words in (("title", title), ("desc", description)) if words
    )
    head, rest = text.split(">", 1)
    return f'{head} role="img">{spoken}{rest}'


def to_png_bytes(figure: Figure, *, dpi: int = PNG_DPI) -> bytes:
    """Write a figure as PNG, ``dpi`` dots per inch of its printed size."""
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_figure(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def save_svg(figure: Figure, path: Path, *, title: str = "", description: str = "") -> None:
    """Write a figure to an SVG file."""
    svg = to_svg_text(figure, name=path.stem, title=title, description=description)
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{svg}', encoding="utf-8")


def save_png(figure: Figure, path: Path, *, dpi: int = PNG_DPI) -> None:
    """Write a figure to a PNG file."""
    path.write_bytes(to_png_bytes(figure, dpi=dpi))


def to_pdf_bytes(figure: Figure) -> bytes:
    """Write a figure as PDF without a date, with the letters that occur in it as TrueType: journals refuse Type 3."""
    buffer = BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}), _letters_alone():
        FigureCanvasPdf(figure).print_pdf(
            buffer, metadata={"Creator": None, "Producer": None, "CreationDate": None}
        )
    return buffer.getvalue()


@contextmanager
def _letters_alone() -> Generator[None]:
    """Leave ligatures and kerning out of the fonts embedded meanwhile.

    A PDF says itself where each letter stands and never asks for them, but cutting them to the letters that occur
    takes two thirds of the time. matplotlib has no option for it, so fontTools' own default is lengthened; without
    that default the fonts are embedded whole and only slower.
    """
    before: list[str] = getattr(subset.Options, _DROPPED, [])
    setattr(subset.Options, _DROPPED, [*before, "GDEF", "GPOS", "GSUB", "kern"])
    try:
        yield
    finally:
        setattr(subset.Options, _DROPPED, before)


def save_pdf(figure: Figure, path: Path) -> None:
    """Write a figure to a PDF file."""
    path.write_bytes(to_pdf_bytes(figure))
