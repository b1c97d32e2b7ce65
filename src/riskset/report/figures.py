"""Figures drawn: for the page's width and again for a phone's, set inline, and as files for a manuscript.

Colours of the inline forms follow the reader's light or dark theme; the files have the colours of paper.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from markupsafe import Markup
from matplotlib.figure import Figure as Drawing

from riskset.plots import style
from riskset.plots.export import to_pdf_bytes, to_png_bytes, to_svg_text
from riskset.report.document import Document, Figure

# In a stack of single columns a phone shows type at its printed size.
PHONE = style.SINGLE_COLUMN
SUFFIXES = ("svg", "pdf", "png")


@dataclass(frozen=True)
class Drawn:
    """One figure, drawn: the page's two inline forms of it, and itself for the files."""

    key: str
    wide: Markup
    narrow: Markup
    svg: str
    drawing: Drawing

    @cached_property
    def png(self) -> bytes:
        """At 300 dots per inch of its printed size."""
        return to_png_bytes(self.drawing)

    @property
    def inches(self) -> tuple[float, float]:
        """Printed width and height."""
        width, height = self.drawing.get_size_inches()
        return float(width), float(height)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, relative to the page."""
        return tuple(f"figures/{self.key}.{suffix}" for suffix in SUFFIXES)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Give its files with their bytes."""
        vector, paper, raster = self.files
        yield vector, f'<?xml version="1.0" encoding="utf-8"?>\n{self.svg}'.encode()
        yield paper, to_pdf_bytes(self.drawing)
        yield raster, self.png


Drawings = Mapping[str, Drawn]
"""Drawn figures by key."""


def draw_all(document: Document) -> dict[str, Drawn]:
    """Draw every figure of a report."""
    with _uncollected():
        return {f.key: _drawn(f, document.numbers[f.id]) for f in document.figures}


@contextmanager
def _uncollected() -> Generator[None]:
    """Let no garbage be looked for meanwhile: among the many small objects of drawings that takes a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _drawn(figure: Figure, number: int) -> Drawn:
    title = f"Figure {number}. {figure.caption.plain}"
    wide = figure.draw(style.DOUBLE_COLUMN)
    svg = to_svg_text(wide, name=figure.key, title=title, description=figure.alt)
    if figure.key == "flow":  # its page form is text
        small = ""
    else:
        narrow = figure.draw(PHONE)
        small = to_svg_text(narrow, name=f"{figure.key}-narrow", title=title, description=figure.alt)
    return Drawn(
        key=figure.key,
        wide=inline(svg, kind="narrow-too"),
        narrow=inline(small, kind="narrow") if small else Markup(""),
        svg=svg,
        drawing=wide,
    )


def _inks() -> Mapping[str, str]:
    """Map the inks of the drawings to the page's variables, so that a dark theme can change them."""
    inks = {
        "#ffffff": "var(--paper)",
        style.INK: "var(--ink)",
        style.MUTED: "var(--fig-muted)",
        style.RULE: "var(--fig-rule)",
        style.SHADE: "var(--fig-shade)",
    }
    for k, look in enumerate(style.SERIES[:6], start=1):
        inks[look.color] = f"var(--s{k})"
        inks[look.text] = f"var(--s{k}t)"
    inks["#000000"] = "var(--ink)"
    return {hexa.lower(): variable for hexa, variable in inks.items()}


INKS = _inks()


def inline(svg: str, *, kind: str) -> Markup:
    """Make a drawing fit to stand in the page: theme colours, no rule that reaches beyond it, no fixed size.

    Examples
    --------
    >>> str(inline('<svg width="9pt" height="8pt" viewBox="0 0 9 8"><style>*{x: y}</style>'
    ...            '<path style="fill: #1a1a1a"/></svg>', kind="narrow"))
    '<svg class="narrow" viewBox="0 0 9 8"><path style="fill: var(--ink)"/></svg>'
    """
    head, body = svg.split(">", 1)
    head = re.sub(r' (?:width|height)="[^"]*"', "", head).replace("<svg", f'<svg class="{kind}"', 1)
    body = re.sub(r"<style\b.*?</style>", "", body, flags=re.DOTALL)
    # only inside style attributes: a label of the plan may hold the same six digits
    body = re.sub(
        r'style="[^"]*"',
        lambda m: re.sub(r"#[0-9a-fA-F]{6}\b", lambda c: INKS.get(c[0].lower(), c[0]), m[0]),
        body,
    )
    body = re.sub(r"\n\s*", "\n", body)
    return Markup(f"{head}>{body.strip()}")  # noqa: S704 (matplotlib's SVG; its writer escapes every text)
