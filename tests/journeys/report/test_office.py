"""The Word file and the workbook in LibreOffice: they open, every page is laid out, nothing is lost or run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from riskset.report import write_report
from riskset.report.compose import compose
from riskset.report.word import to_docx
from riskset.study.results import Results

pytestmark = pytest.mark.office
NEEDED = ("soffice", "pdftotext", "pdftoppm")


@pytest.fixture(scope="module")
def to_pdf(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Path]:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {missing[0]}: apt-get install libreoffice-writer-nogui poppler-utils")
    home = tmp_path_factory.mktemp("office")

    def convert(path: Path) -> Path:
        """Each call with a profile of its own: a running LibreOffice would take over the work."""
        command = [
            "soffice", f"-env:UserInstallation={(home / 'profile').as_uri()}", "--headless",
            "--convert-to", "pdf", "--outdir", str(home), str(path),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return home / f"{path.stem}.pdf"

    return convert


def text_of(pdf: Path) -> str:
    done = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, timeout=60
    )
    return re.sub(r"\s+", " ", done.stdout.decode())


def test_every_page_of_the_word_file_is_laid_out(
    to_pdf: Callable[[Path], Path], results: Results, tmp_path: Path
) -> None:
    written = write_report(results, tmp_path)
    pdf = to_pdf(written.word)
    text = text_of(pdf)
    document = compose(results)
    for section in document.sections:
        assert document.plain(section.title) in text
    for table in document.tables:
        if table.numbered:
            assert f"Table {document.numbers[table.id]}." in text
    for figure in document.figures:
        assert f"Figure {document.numbers[figure.id]}." in text
    sizes = subprocess.run(["pdfinfo", "-l", "999", str(pdf)], check=True, capture_output=True, timeout=60)
    pages = re.findall(r"Page +\d+ size: +([\d.]+) x ([\d.]+)", sizes.stdout.decode())
    assert {(float(w) > float(h)) for w, h in pages} == {True, False}  # upright, and on their side
    # nothing reaches into the margins: a page's ink ends where its text block does
    subprocess.run(["pdftoppm", "-r", "40", "-gray", str(pdf), str(tmp_path / "p")], check=True, timeout=120)
    for page in sorted(tmp_path.glob("p-*.pgm")):
        _, size, _, ink = page.read_bytes().split(b"\n", 3)
        width, height = map(int, size.split())
        edge = round(1.4 / 2.54 * 40)
        columns = [*range(edge), *range(width - edge, width)]
        assert all(ink[y * width + x] > 200 for y in range(height) for x in columns), page.name


def test_hostile_labels_are_laid_out_as_text(
    to_pdf: Callable[[Path], Path], results: Results, tmp_path: Path
) -> None:
    signs = '<script>alert(1)</script> =HYPERLINK("x") $\\frac{a}{b}$ & %_{}'
    value = results.model_copy(
        update={"title": signs, "question": "x" * 300, "notice": "مغنيسيوم المصل \u202eabc"}
    )
    path = tmp_path / "hostile.docx"
    path.write_bytes(to_docx(compose(value), {}))
    text = text_of(to_pdf(path))
    assert "<script>alert(1)</script>" in text
    assert "x" * 40 in text.replace(" ", "")
