"""Writing a report into a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from riskset.report.beside import Helpers
from riskset.report.compose import compose
from riskset.report.figures import draw_all
from riskset.report.html import to_html
from riskset.report.word import to_docx
from riskset.report.workbook import to_xlsx
from riskset.study.results import Results
from riskset.study.writing import write_bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the page, the Word file, the workbook, and the files of the figures."""

    page: Path
    word: Path
    tables: Path
    figures: tuple[Path, ...]


def write_report(results: Results, out: Path, helpers: Helpers | None = None) -> Written:
    """Write ``report.html``, ``report.docx``, ``tables.xlsx`` and ``figures/`` from results alone.

    Each file is written under another name and renamed. The same results and versions give the same bytes.

    Parameters
    ----------
    results : Results
        What a run found.
    out : Path
        The folder; made if absent.
    helpers : Helpers, optional
        Processes that draw figures beside this one.

    Returns
    -------
    Written
    """
    document = compose(results)
    asked = (helpers or Helpers()).ask(results, document)
    workbook = to_xlsx(document)  # while others draw
    drawings = draw_all(document, asked)
    html = to_html(document, drawings)
    out = Path(out)
    (out / "figures").mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for drawing in drawings.values():
        for name, content in drawing.contents():
            write_bytes(out / name, content)
            paths.append(out / name)
    write_bytes(out / "report.docx", to_docx(document, drawings))
    write_bytes(out / "tables.xlsx", workbook)
    # the page last: where it is, its figures are
    write_bytes(out / "report.html", html.encode())
    return Written(
        page=out / "report.html", word=out / "report.docx", tables=out / "tables.xlsx", figures=tuple(paths)
    )
