"""The report in a real browser: no request, no error, no sideways scrolling, nothing that axe objects to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from riskset.report import write_report
from riskset.study.results import Results

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
CHROMIUM = Path("/usr/bin/chromium")
NARROW, PHONE, TABLET, DESK = 360, 390, 820, 1280

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(results, tmp_path_factory.mktemp("report")).page


@pytest.fixture(scope="module")
def hostile(make: Callable[[], Results], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every name as long as a name can get, in one word."""
    results = make()
    word = "<b>Verylongword" * 20
    swap = {v: f"{word}{v}" for v in results.modifier_levels}
    results = results.model_copy(
        update={
            "title": word, "question": word, "notice": word, "warnings": (word,), "exposure_label": word,
            "modifier_label": word, "modifier_levels": tuple(swap.values()), "curves": (), "survival": (),
            "models": tuple(
                m.model_copy(update={"model": word, "adjustment": word, "formula": word})
                for m in results.models if m.primary and m.outcome == "death"
            ),
            "rates": tuple(r.model_copy(update={"label": word}) for r in results.rates),
        }
    )  # fmt: skip
    return write_report(results, tmp_path_factory.mktemp("hostile")).page


class Visit:
    """A page opened at one width, with everything that it asked for and complained of."""

    def __init__(self, browser, path: Path, width: int, scheme: str = "light") -> None:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.goto(path.as_uri())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, PHONE, TABLET, DESK])
def test_page_fits_and_asks_for_nothing(browser, report: Path, width: int, scheme: str) -> None:
    visit = Visit(browser, report, width, scheme)
    assert visit.requests == [report.as_uri()]
    assert visit.complaints == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate(OUTSIDE) == []


# Elements that stick out of the page on the right without standing in a box that scrolls.
OUTSIDE = """() => [...document.querySelectorAll('main *, header *, footer *')]
  .filter(e => e.getBoundingClientRect().width > 0
    && e.getBoundingClientRect().right > document.documentElement.clientWidth + 1
    && !e.closest('.scroll') && !e.closest('.skip') && !e.closest('svg'))
  .map(e => e.tagName + '.' + e.className)"""


@pytest.mark.parametrize("width", [NARROW, DESK])
def test_endless_names_stay_on_the_page(browser, hostile: Path, width: int) -> None:
    visit = Visit(browser, hostile, width)
    assert visit.complaints == []
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    assert visit.page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "light"), (DESK, "dark")])
def test_axe_finds_nothing(browser, report: Path, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_core_python.sync_playwright", reason="axe-core-python is not installed")
    visit = Visit(browser, report, width, scheme)
    visit.page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    found = axe.Axe().run(visit.page)
    assert [
        (v["id"], v["impact"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found["violations"]
    ] == []
    assert len(found["passes"]) > 20


def test_every_section_is_reached_by_its_link(browser, report: Path) -> None:
    page = Visit(browser, report, DESK).page
    links = page.locator("nav.toc a")
    assert links.count() == page.locator("main > section").count() >= 11
    for k in range(links.count()):
        target = links.nth(k).get_attribute("href")
        links.nth(k).click()
        assert page.evaluate("location.hash") == target
        section = page.locator(target)
        assert section.is_visible()
        assert section.locator("h2").first.is_visible()


def test_keyboard_reaches_the_content_and_the_tables(browser, report: Path) -> None:
    page = Visit(browser, report, DESK).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    boxes = page.locator(".scroll")
    assert all(boxes.nth(k).get_attribute("tabindex") == "0" for k in range(boxes.count()))


def test_details_open_by_keyboard(browser, report: Path) -> None:
    page = Visit(browser, report, DESK).page
    summary = page.locator("summary").first
    table = page.locator("details table").first
    assert not table.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert table.is_visible()


def test_a_phone_gets_the_narrow_drawings_and_a_desk_the_wide(browser, report: Path) -> None:
    for width, shown, hidden in (
        (NARROW, "svg.narrow", "svg.narrow-too"),
        (DESK, "svg.narrow-too", "svg.narrow"),
    ):
        page = Visit(browser, report, width).page
        assert page.locator(f".drawing > {shown}").first.is_visible()
        assert not page.locator(f".drawing > {hidden}").first.is_visible()


SMALLEST = """() => Math.min(...[...document.querySelectorAll('.drawing svg text')]
  .filter(t => t.getBoundingClientRect().width > 0)
  .map(t => parseFloat(getComputedStyle(t).fontSize) * t.ownerSVGElement.getScreenCTM().a))"""


@pytest.mark.parametrize("width", [NARROW, DESK])
def test_type_in_drawings_can_be_read(browser, report: Path, width: int) -> None:
    assert Visit(browser, report, width).page.evaluate(SMALLEST) >= 8.5


def test_paper_shows_all_and_cuts_nothing(browser, report: Path) -> None:
    page = Visit(browser, report, DESK).page
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size({"width": 680, "height": 960})  # A4 less its margins, in CSS pixels
    assert not page.locator("nav.toc").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    wide = """() => [...document.querySelectorAll('.scroll')]
      .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.innerText.slice(0, 60))"""
    assert page.evaluate(wide) == []
    assert len(page.pdf(format="A4")) > 50_000


def test_a_table_copies_as_a_table(browser, report: Path) -> None:
    """What a spreadsheet gets: one line per row, cells parted by tabs, numbers as they stand."""
    page = Visit(browser, report, DESK).page
    text = page.locator("#characteristics table").first.inner_text()
    line = next(v for v in text.splitlines() if v.startswith("Age, years"))
    cells = [c.strip() for c in line.split("\t")]
    assert cells[0] == "Age, years"
    assert len(cells) == 6
    heads = page.locator("#models figure.table table").first.inner_text().splitlines()
    spanning = next(v for v in heads if v.strip().startswith("Model 1"))  # as one line, though each spans two
    assert [c.strip() for c in spanning.split("\t") if c.strip()] == [
        "Model 1",
        "Model 2",
        "Model 3 (primary)",
    ]
