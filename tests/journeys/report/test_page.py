"""The report's page as text: every number leads back to the results, every sentence keeps to the tests."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import docx
import openpyxl
import pytest
from walking import index, numbers_in, shows, strings_of

from riskset.report import formats as fmt
from riskset.report import write_report
from riskset.report.beside import helpers
from riskset.report.compose import compose
from riskset.report.document import (
    Code,
    Document,
    Label,
    Link,
    Number,
    Paragraph,
    Reference,
    Section,
    Text,
    texts_of,
)
from riskset.report.figures import Drawings, draw_all
from riskset.report.html import to_html
from riskset.report.word import to_docx
from riskset.report.workbook import to_xlsx
from riskset.study.ids import parse_id
from riskset.study.results import Estimate, ModelResult, Results

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}


class Node:
    def __init__(self, tag: str, attrs: dict[str, str], parent: Node | None) -> None:
        self.tag, self.attrs, self.parent = tag, attrs, parent
        self.children: list[Node | str] = []

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def find(self, *tags: str) -> list[Node]:
        return [n for n in self.walk() if n.tag in tags]

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)


class Tree(HTMLParser):
    """A page as a tree; a tag closed out of order is an error."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Node("root", {}, None)
        self.feed(html)
        self.close()
        assert self.here is self.root, f"<{self.here.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {k: v or "" for k, v in attrs}, self.here)
        self.here.children.append(node)
        if tag not in VOID:
            self.here = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Node(tag, {k: v or "" for k, v in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.here.tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)


@pytest.fixture(scope="module")
def any_figures(any_results: Results) -> Drawings:
    return draw_all(compose(any_results))


@pytest.fixture(scope="module")
def any_page(any_results: Results, any_figures: Drawings) -> Node:
    return Tree(to_html(compose(any_results), any_figures)).root


@pytest.fixture(scope="module")
def page(results: Results) -> Node:
    """Without figures: most tests here are about words and numbers."""
    return Tree(to_html(compose(results))).root


def test_every_number_has_one_name(any_results: Results) -> None:
    names = index(any_results)
    assert len(names) > 100
    assert all(str(parse_id(name)) == name for name in names)


def test_marked_numbers_are_those_of_their_records(any_page: Node, any_results: Results) -> None:
    known = index(any_results)
    marked = [n for n in any_page.walk() if "data-id" in n.attrs]
    assert len(marked) > 60
    for node in marked:
        name = node.attrs["data-id"]
        for token in numbers_in(node.text):
            assert shows(token, known[name]), f"{token} in {node.text!r} is no number of {name}"


OURS = {
    "0",
    "-256",
    "95",
    "80",
    "10",
    "1",
    "5",
    "0.05",
    "100",
    "99",
    "1st",
    "3",
}  # "95% CI", "P = 0.05", "the 1st to the 99th percentile"


def test_every_number_of_the_report_has_a_name_or_is_the_plans_word(any_results: Results) -> None:
    """Walk all text of the document: numbers lead to their record, labels to the results, and ours are few."""
    known = index(any_results)
    words = set(numbers_in(" ".join(fmt.label(str(v)) for v in strings_of(any_results.model_dump()))))
    words |= {str(any_results.seed)}
    seen = 0
    whole = compose(any_results)
    items = [
        s for s in whole.sections if s.id in {"strobe", "record"}
    ]  # numbers of their items are the checklist's
    rest = Document("", "", None, "", tuple(s for s in whole.sections if s not in items))
    texts = [*texts_of(rest), *(t for t in texts_of(Document("", "", None, "", tuple(items))) if t.numbers)]
    for text in texts:
        for run in text.runs:
            if isinstance(run, Number):
                for token in numbers_in(run.text):
                    assert shows(token, known[run.source]), (
                        f"{token} in {run.text!r} is no number of {run.source}"
                    )
                    seen += 1
                for part in run.parts:
                    assert part.value is None or shows_part(part.text, part.value), part
            elif isinstance(run, Label):
                assert set(numbers_in(run.text)) <= words, run.text
            elif isinstance(run, str):
                assert set(numbers_in(run)) <= OURS, run
    assert seen > 300


def shows_part(text: str, value: float) -> bool:
    return not numbers_in(text) or shows(numbers_in(text)[0], [value])


def test_every_headline_estimate_is_shown(any_page: Node, any_results: Results) -> None:
    shown = {n.attrs["data-id"] for n in any_page.walk() if "data-id" in n.attrs}
    wanted = {
        e.id
        for m in any_results.models
        for e in (*m.exposure_in_modifier, *m.modifier_in_exposure, *m.interaction)
    }
    wanted |= {c.hazard_ratio.id for m in any_results.models for c in m.coefficients}
    wanted |= {c.rate.id for r in any_results.rates for c in r.cells} | {
        r.total.id for r in any_results.rates
    }
    wanted |= {t.id for c in any_results.curves for t in c.tests} | {e.id for e in any_results.published}
    assert wanted <= shown


def test_ids_are_unique_and_links_resolve(any_page: Node, any_figures: Drawings) -> None:
    files = {name for drawn in any_figures.values() for name in drawn.files}
    files |= {"results.json", "manifest.json"}  # the run writes these two
    ids = [n.attrs["id"] for n in any_page.walk() if "id" in n.attrs]
    assert len(ids) == len(set(ids))
    pointers = [n.attrs[a] for n in any_page.walk() for a in ("href", "xlink:href") if a in n.attrs]
    pointers += ["#" + i for n in any_page.walk() for i in n.attrs.get("aria-labelledby", "").split()]
    assert len(pointers) > 20
    for target in pointers:
        assert target[1:] in ids if target.startswith("#") else target in files
    styles = " ".join(v for n in any_page.walk() for v in n.attrs.values())
    for url in re.findall(r"url\(#([^)]*)\)", styles):
        assert url in ids


def test_page_stands_alone(any_results: Results, any_figures: Drawings) -> None:
    html = to_html(compose(any_results), any_figures)
    root = Tree(html).root
    assert not root.find("script", "link", "img", "iframe", "object")
    assert not re.search(r"@import|url\((?!#)", html)
    assert set(re.findall(r"https?://[^\"<\s]*", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    # a rule of a drawing must not reach the page
    assert len(root.find("style")) == 1


def test_tables_are_tables(any_page: Node) -> None:
    tables = any_page.find("table")
    assert len(tables) > 10
    for table in tables:
        assert table.find("caption")[0].text.strip()
        assert all(h.attrs["scope"] in {"col", "colgroup", "row", "rowgroup"} for h in table.find("th"))
        widths = {
            sum(int(c.attrs.get("colspan", "1")) for c in line.children if isinstance(c, Node))
            for line in table.find("tr")
        }
        assert len(widths) == 1, table.find("caption")[0].text


def test_sections_stand_in_a_journals_order(page: Node) -> None:
    main = page.find("main")[0]
    got = [n.attrs["id"] for n in main.children if isinstance(n, Node) and n.tag == "section"]
    order = [
        "summary", "plan", "patients", "characteristics", "rates", "models", "interaction", "additive", "curves", "survival",
        "sensitivity", "diagnostics", "published", "data", "methods", "text", "strobe", "record", "provenance",
    ]  # fmt: skip
    assert [i for i in got if i in order] == [i for i in order if i in got]
    assert {"summary", "plan", "interaction", "published", "methods", "text", "provenance"} <= set(got)
    contents = [a.attrs["href"] for a in page.find("nav")[0].find("a")]
    assert contents == [f"#{i}" for i in got]


def test_headings_do_not_skip_a_level(any_page: Node) -> None:
    levels = [int(n.tag[1]) for n in any_page.find("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_drawings_say_what_they_show(any_page: Node, any_results: Results) -> None:
    drawings = [n for n in any_page.find("svg") if n.attrs.get("role") == "img"]
    # wide and narrow; the flow of patients is set as text
    assert len(drawings) == 2 * (len(compose(any_results).figures) - 1)
    for svg in drawings:
        assert svg.find("title")[0].text.startswith("Figure ")
        assert svg.find("desc")[0].text
    assert all(n.attrs.get("aria-hidden") == "true" for n in any_page.find("svg") if n not in drawings)


FORBIDDEN = (
    r"\bsignifican", r"\bonly in\b", r"\bno effect\b", r"\bcaus(e|es|ed|ing)\b(?! death)", r"\breduc", r"\bprevent",
    r"\bprotect", r"\brisk factor", r"\bleads? to\b", r"\btrend", r"\bproves?\b", r"\bno association\b",
)  # fmt: skip


def our_words(results: Results) -> str:
    """What the report says apart from the plan's own words."""
    texts = texts_of(compose(results))
    return " ".join("".join(r if isinstance(r, str) else " … " for r in t.runs) for t in texts).lower()


def variants(results: Results) -> Iterator[Results]:
    """Results in which the ratio is established, or not, or not estimable, with and without the joint test."""

    def changed(m: ModelResult, p: float | None, joint: float | None) -> ModelResult:
        ratios = tuple(
            e.model_copy(update={"p": p, "estimate": 0.4 if p is not None else None}) for e in m.interaction
        )
        test = m.interaction_joint
        if test is not None:
            test = None if joint is None else test.model_copy(update={"p": joint})
        return m.model_copy(update={"interaction": ratios, "interaction_joint": test})

    for p in (0.5, 0.01, None):
        for joint in (0.5, 0.01, None):
            yield results.model_copy(update={"models": tuple(changed(m, p, joint) for m in results.models)})


def test_no_sentence_claims_more_than_the_tests(results: Results) -> None:
    for variant in (results, *variants(results)):
        text = our_words(variant)
        for pattern in FORBIDDEN:
            found = re.search(pattern, text)
            assert found is None, text[max(0, found.start() - 60) : found.end() + 60]


def lead_of(results: Results) -> str:
    root = Tree(to_html(compose(results))).root
    return next(n.text for n in root.walk() if n.attrs.get("class") == "lead")


def with_ratio(results: Results, p: float, joint: float | None = None) -> Results:
    """One outcome, one model, two modifier levels or a joint test."""
    m = next(m for m in results.models if m.primary)
    ratio = m.interaction[0].model_copy(update={"estimate": 0.4, "lower": 0.2, "upper": 0.8, "p": p})
    test = m.interaction_joint
    assert test is not None
    m = m.model_copy(
        update={
            "interaction": (ratio,),
            "interaction_joint": None if joint is None else test.model_copy(update={"p": joint}),
        }
    )
    return results.model_copy(update={"models": (m,), "curves": (), "survival": ()})


def test_the_answer_follows_the_test_of_the_ratio(results: Results) -> None:
    assert "do not establish" in lead_of(with_ratio(results, 0.2))
    assert "nor do they establish that it is the same" in lead_of(with_ratio(results, 0.2))
    assert "differs by calcimimetic use more than chance" in lead_of(with_ratio(results, 0.02))
    # with several levels, one ratio picked from several is not the answer
    assert "do not establish" in lead_of(with_ratio(results, 0.02, joint=0.3))
    assert "differs by" in lead_of(with_ratio(results, 0.2, joint=0.02))


def test_the_joint_test_and_the_ratios_are_told_apart(results: Results) -> None:
    name = "Cardiovascular event"
    some = card_of(with_ratio(results, 0.02, joint=0.3), name)
    assert "is lower for user than for naive, by more than chance readily explains" in some
    assert "together they do not establish a difference" in some
    every = card_of(with_ratio(results, 0.2, joint=0.02), name)
    assert "establish neither a difference between user and naive nor its absence" in every
    assert "together they differ more than chance readily explains" in every


def test_a_ratio_without_p_is_told_and_not_judged(results: Results) -> None:
    variant = with_ratio(results, 0.2)
    ratio = variant.models[0].interaction[0].model_copy(update={"p": None})
    model = variant.models[0].model_copy(update={"interaction": (ratio,)})
    card = card_of(variant.model_copy(update={"models": (model,)}), "Cardiovascular event")
    assert "0.40 (95% CI 0.20–0.80) for user against naive." in card
    assert "establish" not in card


def card_of(results: Results, outcome: str) -> str:
    root = Tree(to_html(compose(results))).root
    cards = [n for n in root.walk() if n.attrs.get("class") == "card"]
    text = next(c for c in cards if outcome in c.find("h3")[0].text).text
    return re.sub(r"\s+", " ", text)


def test_one_interval_that_leaves_out_1_is_no_difference(results: Results) -> None:
    card = card_of(results, "New fracture")
    assert "An interval that leaves out 1 in one group and not in another is no evidence" in card
    assert "establish neither a difference between user and naive nor its absence" in card
    assert "any ratio from 0.14 to 1.26" in card
    assert "not estimable for past against naive" in card
    assert "An interval that leaves out 1" not in card_of(results, "Cardiovascular event")


def test_sparse_results_carry_their_events_per_coefficient(results: Results) -> None:
    assert "Sparse: Model 3 rests on 3.7 events per coefficient (66 events, 18 coefficients)" in card_of(
        results, "New fracture"
    )
    assert "below 0.21 or above 4.69" in card_of(results, "New fracture")


def test_a_cut_point_without_a_reason_is_exploratory(results: Results) -> None:
    assert "exploratory" not in our_words(results)
    assert "exploratory" in our_words(results.model_copy(update={"exposure_rationale": ""}))


def test_open_intervals_are_said_to_be_open(results: Results) -> None:
    variant = with_ratio(results, 0.2)
    ratio = variant.models[0].interaction[0].model_copy(update={"upper": None})
    model = variant.models[0].model_copy(update={"interaction": (ratio,)})
    card = card_of(variant.model_copy(update={"models": (model,)}), "Cardiovascular event")
    assert "0.40 (0.20 to no limit)" in card.replace("\N{NO-BREAK SPACE}", " ")
    assert "any ratio from 0.20 upwards" in card


def test_the_rows_where_the_exposure_is_missing_are_shown(page: Node) -> None:
    table = next(t for t in page.find("table") if "Events, person-years and rates" in t.text)
    headings = [h.text for h in table.find("th") if h.attrs["scope"] == "rowgroup"]
    assert headings == ["Magnesium ≥ 2.4 mg/dL", "Magnesium < 2.4 mg/dL", "Magnesium not known"]


def test_same_results_same_bytes_and_nothing_left_behind(results: Results, tmp_path: Path) -> None:
    small = one_outcome(results).model_copy(update={"curves": (), "survival": ()})
    first, second = write_report(small, tmp_path / "a"), write_report(small, tmp_path / "b")
    names = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path / "b") for p in (tmp_path / "b").rglob("*") if p.is_file())
    assert {p.suffix for p in names} == {".html", ".docx", ".xlsx", ".svg", ".pdf", ".png"}
    assert len(names) == 3 + len(first.figures) == 3 + len(second.figures)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.long
def test_helpers_draw_the_same_figures(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = one_outcome(results).model_copy(update={"curves": (), "survival": ()})
    write_report(small, tmp_path / "alone")
    monkeypatch.setenv("RISKSET_PROCESSES", "2")
    with helpers() as drawing:
        assert drawing.pool is not None
        drawn = [f.result() for f in drawing.ask(small, compose(small)).values()]  # all of them by the helper
        write_report(small, tmp_path / "helped", drawing)
    assert [d.png for d in drawn] == [d.png for d in draw_all(compose(small)).values()]
    for path in (p for p in (tmp_path / "alone").rglob("*") if p.is_file()):
        assert path.read_bytes() == (tmp_path / "helped" / path.relative_to(tmp_path / "alone")).read_bytes()


def test_a_report_without_models_still_stands(results: Results) -> None:
    bare = results.model_copy(
        update={
            "models": (), "curves": (), "survival": (), "table1": (), "rates": (), "rows_lost": (), "published": (),
            "methods": (), "notice": None, "warnings": (),
        }
    )  # fmt: skip
    root = Tree(to_html(compose(bare))).root
    assert "No model was fitted" in root.text
    found = {a.attrs["href"] for a in root.find("nav")[0].find("a")}
    assert {"#summary", "#plan", "#patients", "#data", "#methods", "#provenance"} <= found
    assert not found & {"#models", "#interaction", "#curves", "#rates", "#published"}


def test_references_lead_to_what_is_there(any_results: Results) -> None:
    document = compose(any_results)
    there = {s.id for s in document.sections} | {b.id for b in (*document.tables, *document.figures)}
    wanted = {r.to for t in texts_of(document) for r in t.runs if isinstance(r, Reference)}
    assert len(wanted) > 3
    assert wanted <= there


SIGNS = " ".join(
    [
        '=HYPERLINK("http://x", "y")',
        "<script>alert(1)</script>",
        "\"' onmouseover=alert(1) x='",
        "&lt;b&gt; & &#x41;",
        r"$x_1^2$ \frac{a}{b} %_{} $ 100% \alpha",
        "--> ]]> <!-- {{ 7*7 }} {% raw %}",
    ]
)


def test_three_levels_of_exposure_are_told_apart(results: Results) -> None:
    """A plan of tertiles: each line says which level it compares."""
    low, high = results.exposure_levels[1], "> 2.8 mg/dL"

    def doubled(part: tuple[Estimate, ...]) -> tuple[Estimate, ...]:
        more = tuple(e.model_copy(update={"id": e.id.replace(low, high)}) for e in part)
        return (*part, *(e for e in more if e.id not in {x.id for x in part}))

    model = next(m for m in results.models if m.primary and m.outcome == "cve")
    model = model.model_copy(
        update={
            k: doubled(getattr(model, k))
            for k in ("exposure_in_modifier", "modifier_in_exposure", "interaction")
        }
    )
    variant = results.model_copy(
        update={"models": (model,), "exposure_levels": (*results.exposure_levels, high), "curves": ()}
    )
    root = Tree(to_html(compose(variant))).root
    table = next(
        t for t in root.find("table") if "hazard ratios and their ratios" in t.find("caption")[0].text
    )
    rows = [h.text for h in table.find("th") if h.attrs["scope"] == "row"]
    assert rows[:6] == [f"{m}: {e}" for e in (low, high) for m in ("naive", "user", "past")]
    assert "user, where > 2.8 mg/dL" in rows
    card = card_of(variant, "Cardiovascular event")
    assert "for user against naive (magnesium > 2.8 mg/dL)" in card
    assert "Hazard ratio of magnesium, each level, against ≥ 2.4 mg/dL" in card


def test_more_models_than_fit_a_page_stand_in_two_tables(results: Results) -> None:
    models = [m for m in results.models if m.outcome == "cve"]
    more = [
        m.model_copy(update={"model": f"Model {k}", "slug": f"model-{k}", "primary": False})
        for k, m in enumerate(models, 4)
    ]
    variant = results.model_copy(update={"models": (*models, *more), "curves": ()})
    root = Tree(to_html(compose(variant))).root
    tables = [t for t in root.find("table") if "hazard ratios and their ratios" in t.find("caption")[0].text]
    heads = [[h.text for h in t.find("th") if h.attrs["scope"] == "colgroup"] for t in tables]
    assert heads == [["Model 1", "Model 2", "Model 3 (primary)"], ["Model 4", "Model 5", "Model 6"]]


def test_a_single_model_is_not_called_all(results: Results) -> None:
    model = next(m for m in results.models if m.primary and m.outcome == "cve")
    variant = results.model_copy(update={"models": (model,), "curves": ()})
    text = Tree(to_html(compose(variant))).root.text
    assert "The model rests on 14,382" in text
    assert "All models rest" not in text


def test_curves_known_at_different_values_stand_below_each_other(results: Results) -> None:
    curve = results.curves[0]
    first = curve.strata[0]
    moved = first.model_copy(update={"x": tuple(v + 0.0037 for v in first.x)})
    uneven = curve.model_copy(update={"strata": (moved, *curve.strata[1:])})
    for value, head in ((curve, ["Magnesium, mg/dL", "naive", "user", "past"]),
                        (uneven, ["Magnesium, mg/dL", "HR (95% CI)"])):  # fmt: skip
        variant = results.model_copy(update={"curves": (value,)})
        root = Tree(to_html(compose(variant))).root
        table = next(t for t in root.find("table") if "along magnesium against" in t.find("caption")[0].text)
        assert [h.text for h in table.find("thead")[0].find("th")] == head
        cells = [c.text for c in table.find("td")]
        assert len(cells) > 20
        assert sum("(" in c for c in cells) > 20


HOSTILE = {
    "signs": SIGNS,
    "right to left": "مغنيسيوم المصل \u202eabc",
    "one long word": "Verylongword" * 25,
    "a long sentence": "a name of many words " * 15,
}


def test_words_of_ours_are_text_too() -> None:
    """A sentence may hold < and &, and what a user wrote may one day stand in one without being called a label."""
    words = "<b>5 < 6</b> & 'seven'"
    section = Section(
        "one", Text((words,)), (Paragraph(Text((words, Code(words), Link(words, "#" + words)))),)
    )
    html = to_html(Document(words, words, words, "1", (section,)))
    assert "<b>" not in html
    assert [p for p in Tree(html).root.find("p") if p.text.count(words) == 3]


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=pytest.mark.long) if "long" in k else k for k in HOSTILE]
)
def test_labels_are_text_and_nothing_else(kind: str, make: Callable[[], Results]) -> None:
    label = HOSTILE[kind].strip()
    document = compose(renamed(one_outcome(make()), label))
    drawings = draw_all(document)
    root = Tree(to_html(document, drawings)).root
    assert not root.find("script")
    assert not [a for n in root.walk() for a in n.attrs if a.startswith("on")]
    assert re.sub(r"\s+", " ", label) in re.sub(r"\s+", " ", root.text)
    assert root.find("h1")[0].text == label
    for key, drawn in drawings.items():
        drawing = ET.fromstring(drawn.svg)  # noqa: S314 (our own file)
        assert "<script" not in drawn.svg
        if key == "survival-death":
            continue  # one curve needs no name
        texts = drawing.iter("{http://www.w3.org/2000/svg}text")
        shown = "".join("".join(t.itertext()) for t in texts)
        # long names are broken into lines; every sign of them is drawn
        assert re.sub(r"\s", "", label) in re.sub(r"\s", "", shown), key
    word = docx.Document(BytesIO(to_docx(document, {})))
    assert any(label in p.text for p in word.paragraphs)
    book = openpyxl.load_workbook(BytesIO(to_xlsx(document)))
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
    assert any(label in str(c.value) for c in cells)
    assert all(c.data_type != "f" for c in cells)
    texts = [c for c in cells if isinstance(c.value, str)]
    assert all(c.quotePrefix for c in texts if c.value.startswith(("=", "+", "-", "@")))


def one_outcome(results: Results) -> Results:
    """The fracture alone, with the primary model: enough for what depends on labels."""
    return results.model_copy(
        update={
            "models": tuple(m for m in results.models if m.outcome == "fracture" and m.primary),
            "rates": tuple(r for r in results.rates if r.outcome == "fracture"),
            "curves": tuple(c for c in results.curves if c.outcome == "fracture"),
            "rows_lost": (),
        }
    )


def renamed(results: Results, label: str) -> Results:
    """The same results with one label in every place where a plan's text can come."""
    text = results.model_dump_json()
    value = Results.model_validate_json(text)
    levels = (f"{label} a", f"{label} b", f"{label} c")
    swap = dict(zip(results.modifier_levels, levels, strict=True))
    flow = value.flow.model_copy(
        update={
            "screened_label": label,
            "steps": tuple(s.model_copy(update={"label": label}) for s in value.flow.steps),
            "ends": tuple(e.model_copy(update={"label": label}) for e in value.flow.ends),
        }
    )
    return value.model_copy(
        update={
            "title": label, "question": label, "notice": label, "exposure_label": label, "modifier_label": label,
            "warnings": (label,), "flow": flow, "modifier_levels": levels, "exposure_rationale": label,
            "table1": tuple(
                t.model_copy(update={
                    "by": label, "groups": tuple(g.model_copy(update={"label": label}) for g in t.groups),
                    "rows": tuple(r.model_copy(update={"label": label, "unit": label}) for r in t.rows)})
                for t in value.table1
            ),
            "rates": tuple(
                r.model_copy(update={"label": label, "cells": tuple(
                    c.model_copy(update={"modifier": swap[c.modifier or "naive"]}) for c in r.cells)})
                for r in value.rates
            ),
            "curves": tuple(
                c.model_copy(update={"label": label, "strata": tuple(
                    s.model_copy(update={"level": swap[s.level]}) for s in c.strata)})
                for c in value.curves
            ),
            "survival": tuple(
                s.model_copy(update={"label": label, "grouping": s.grouping and label, "groups": tuple(
                    g.model_copy(update={"label": swap.get(g.label, g.label)}) for g in s.groups)})
                for s in value.survival
            ),
            "models": tuple(
                m.model_copy(update={"model": label, "adjustment": label, "formula": label, "warnings": (label,)})
                for m in value.models
            ),
            "audit": value.audit.model_copy(update={
                "lines": tuple(a.model_copy(update={"topic": label, "text": label}) for a in value.audit.lines)}),
            "methods": tuple(a.model_copy(update={"topic": label, "text": label}) for a in value.methods),
        }
    )  # fmt: skip


def forty_outcomes(results: Results) -> Results:
    """Forty outcomes, one of them with two hundred covariates."""
    one = next(m for m in results.models if m.outcome == "death" and m.primary)
    first = one.coefficients[0]
    many = tuple(
        first.model_copy(
            update={
                "term": f"x{k}",
                "hazard_ratio": first.hazard_ratio.model_copy(update={"id": f"x/x/hr[{k}]"}),
            }
        )
        for k in range(200)
    )
    keys = [f"o{k}" for k in range(40)]
    total = results.rates[1]
    return results.model_copy(
        update={
            "models": tuple(
                one.model_copy(update={"outcome": k, "coefficients": many if k == "o0" else ()}) for k in keys
            ),
            "rates": tuple(total.model_copy(update={"outcome": k, "label": f"Outcome {k}"}) for k in keys),
            "curves": (), "survival": (), "rows_lost": (),
        }
    )  # fmt: skip


def test_forty_outcomes_and_two_hundred_coefficients(results: Results) -> None:
    wide = forty_outcomes(results)
    root = Tree(to_html(compose(wide))).root
    assert len([n for n in root.walk() if n.attrs.get("class") == "card"]) == 40
    ids = [n.attrs["id"] for n in root.walk() if "id" in n.attrs]
    assert len(ids) == len(set(ids))
    split = [t for t in root.find("caption") if "Events, person-years and rates" in t.text]
    assert len(split) == math.ceil(40 / 3)
    assert len([h for h in root.find("th") if re.fullmatch(r"x\d+", h.text)]) == 200


@pytest.mark.long
def test_forty_outcomes_in_a_word_file_and_a_workbook(results: Results) -> None:
    document = compose(forty_outcomes(results))
    word = docx.Document(BytesIO(to_docx(document, {})))
    assert len(word.tables) == len([t for t in document.tables if any(g.rows for g in t.groups)])
    book = openpyxl.load_workbook(BytesIO(to_xlsx(document)), read_only=True)
    assert len(book.sheetnames) > 80
    assert len({n.casefold() for n in book.sheetnames}) == len(book.sheetnames)


def test_rates_per_day_stand_beside_person_days_and_days(make: Callable[[], Results]) -> None:
    """Person-years in results.json, on the page the unit of the rates."""
    results = make()
    total = results.rates[0].total
    page = Tree(to_html(compose(results.model_copy(update={"time_unit": "per 100 person-days"})))).root
    text = page.text
    assert "Median follow-up, days" in text
    assert f"{365.25 * total.basis.person_years:,.0f} person-days" in text


def test_coefficients_are_read_by_their_labels(make: Callable[[], Results]) -> None:
    results = make()
    first = results.models[0]
    labelled = first.coefficients[0].model_copy(update={"label": "Magnesium < 2.4 mg/dL"})
    models = (
        first.model_copy(update={"coefficients": (labelled, *first.coefficients[1:])}),
        *results.models[1:],
    )
    page = Tree(to_html(compose(results.model_copy(update={"models": models})))).root
    heads = [t.text for t in page.find("th")]
    assert "Magnesium < 2.4 mg/dL" in heads
