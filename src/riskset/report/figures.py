"""Figures drawn: for the page's width and again for a phone's, set inline, and as files for a manuscript.

Colours of the inline forms follow the reader's light or dark theme; the files have the colours of paper.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from markupsafe import Markup

from riskset.plots import style
from riskset.plots.export import to_pdf_bytes, to_png_bytes, to_svg_text
from riskset.report.document import Document, Figure

# In a stack of single columns a phone shows type at its printed size.
PHONE = style.SINGLE_COLUMN
SUFFIXES = ("svg", "pdf", "png")


@dataclass(frozen=True)
class Drawn:
    """One figure, drawn: the page's two inline forms of it, and its files.

    Parameters
    ----------
    key : str
    wide, narrow : Markup
        Inline, for a page and for a phone.
    svg : str
    pdf, png : bytes
        The raster at 300 dots per inch of the printed size.
    inches : pair of float
        Printed width and height.
    """

    key: str
    wide: Markup
    narrow: Markup
    svg: str
    pdf: bytes
    png: bytes
    inches: tuple[float, float]

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, relative to the page."""
        return tuple(f"figures/{self.key}.{suffix}" for suffix in SUFFIXES)

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Give its files with their bytes."""
        vector, paper, raster = self.files
        yield vector, f'<?xml version="1.0" encoding="utf-8"?>\n{self.svg}'.encode()
        yield paper, self.pdf
        yield raster, self.png


Drawings = Mapping[str, Drawn]
"""Drawn figures by key."""


def draw_all(document: Document, asked: Mapping[str, Future[Drawn]] | None = None) -> dict[str, Drawn]:
    """Draw every figure of a report.

    Parameters
    ----------
    document : Document
    asked : mapping, optional
        Figures that other processes draw, by key. From the last one on, this process draws what they have not begun.

    Returns
    -------
    dict
        By key, in the order of the report; the same whoever drew.
    """
    asked, found = asked or {}, dict[str, Drawn]()
    with uncollected():
        for f in reversed(document.figures):
            drawn = _of_others(asked.get(f.key))
            found[f.key] = drawn or draw_one(f, document.numbers[f.id])
    return {f.key: found[f.key] for f in document.figures}


def _of_others(asked: Future[Drawn] | None) -> Drawn | None:
    """Take a figure that another process draws; None where none has begun it, or its process is gone."""
    if asked is None or asked.cancel():
        return None
    try:
        return asked.result()
    except BrokenProcessPool:
        return None


@contextmanager
def uncollected() -> Generator[None]:
    """Let no garbage be looked for meanwhile: among the many small objects of drawings that takes a third of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def draw_one(figure: Figure, number: int) -> Drawn:
    """Draw one figure.

    Parameters
    ----------
    figure : Figure
    number : int
        Which it is in the report.

    Returns
    -------
    Drawn
    """
    title = f"Figure {number}. {figure.caption.plain}"
    wide = figure.draw(style.DOUBLE_COLUMN)
    svg = to_svg_text(wide, name=figure.key, title=title, description=figure.alt)
    if figure.key == "flow":  # its page form is text
        small = ""
    else:
        narrow = figure.draw(PHONE)
        small = to_svg_text(narrow, name=f"{figure.key}-narrow", title=title, description=figure.alt)
    width, height = wide.get_size_inches()
    return Drawn(
        key=figure.key,
        wide=inline(svg, kind="narrow-too"),
        narrow=inline(small, kind="narrow") if small else Markup(""),
        svg=svg,
        pdf=to_pdf_bytes(wide),
        png=to_png_bytes(wide),
        inches=(float(width), float(height)),
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
