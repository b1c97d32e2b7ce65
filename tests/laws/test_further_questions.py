"""Several questions in one plan: each is answered as if it were the only one, and none changes another.

On the real tables of the intensive-care example: 99 persons, 54 deaths.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pytest

from riskset.report.compose import compose
from riskset.report.document import Figure, Group, Number, Table, texts_of
from riskset.report.figures import draw_all
from riskset.report.html import to_html
from riskset.report.word import to_docx
from riskset.report.workbook import to_xlsx
from riskset.study import read_plan, run_study
from riskset.study.check import check_study
from riskset.study.masking import masked
from riskset.study.numbers import numbers_of
from riskset.study.results import QuestionResult, Results
from riskset.study.scoped import as_main
from riskset.study.writing import stable_json

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "examples" / "icu-magnesium" / "study.toml").read_text("utf-8")
SWAPPED = {  # other columns over time than the main question reads: episodes are cut anew
    "exposure": '{ measure = "creatinine", groups = { below = 1.2, reference = "< 1.2 mg/dL" }, curve = { knots = 3 } }',
    "modifier": '{ measure = "mg", groups = { below = 2.0 } }',
    "models": '{ "Model 1" = { adjust = "age + sex" } }',
}
FULLER = {"models": '{ "Model 4" = { adjust = "age + sex + emergency + log(creatinine)" } }'}
# a hostile name, which is text wherever it stands
NAME = "<script>alert(1)</script> " + "and a name of many words " * 11 + "=HYPERLINK(1) \u202e x/[y]|z"
ANSWERS = [f for f in QuestionResult.model_fields if f in Results.model_fields and f != "methods"]

Run = Callable[..., Results]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the example, with another main question or with further ones."""
    home = tmp_path_factory.mktemp("plans")
    made: dict[str, Results] = {}

    def with_questions(main: dict[str, str] | None = None, **further: dict[str, str]) -> Results:
        plan = home / "study.toml"
        plan.write_text(written(main or {}, further), "utf-8")
        key = plan.read_text("utf-8")
        if key not in made:
            made[key] = run_study(
                read_plan(plan)
            )  # nothing kept: a part that was kept would be equal to itself
        return made[key]

    return with_questions


def written(main: dict[str, str], further: dict[str, dict[str, str]]) -> str:
    text = TEXT.replace('folder          = "."', f'folder = "{ROOT / "examples" / "icu-magnesium"}"')
    text = re.sub(
        r"^\[(sensitivity|subgroups|questions)[\s\S]*?(?=^\[report\])", "", text, flags=re.MULTILINE
    )
    for section, value in main.items():
        rest = rf"^\[{section}[\s\S]*?(?=^\[(?!{section}))"
        text = re.sub(rest, "", text, flags=re.MULTILINE)
        text = text.replace("seed     = 1\n", f"seed     = 1\n{section} = {value}\n")
    for name, sections in further.items():
        keys = "".join(f"{section} = {value}\n" for section, value in sections.items())
        text += f"\n[questions.{toml(name)}]\n{keys}"
    return text


def toml(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def of_the_main(results: Results) -> bytes:
    """What a further question must leave as it is, byte by byte."""
    apart = {"plan_sha256", "methods", "questions", "family"}
    found = {k: v for k, v in results.model_dump(mode="json").items() if k not in apart}
    slugs = ["all/family/", *(f"/{q.slug}:" for q in results.questions)]
    found["counted"] = [c for c in found["counted"] if not any(s in c["id"] for s in slugs)]
    return stable_json(found)


@pytest.fixture(scope="module")
def both(run: Run) -> Results:
    return run(**{NAME: SWAPPED, "Fuller models": FULLER})


def test_a_further_question_is_the_same_plan_with_it_as_the_main_one(run: Run, both: Results) -> None:
    alone, view = run(SWAPPED), as_main(both, both.questions[0])
    assert alone.models
    for field in ANSWERS:
        if field != "warnings":  # of the plan alone: also those of its tables
            assert getattr(view, field) == getattr(alone, field), field
    assert set(view.warnings) <= set(alone.warnings)


@pytest.mark.long
def test_so_is_one_on_the_very_same_rows(run: Run, both: Results) -> None:
    alone, view = run(FULLER), as_main(both, both.questions[1])
    assert [m.model for m in view.models] == ["Model 4"]
    for field in ANSWERS:
        if field != "warnings":
            assert getattr(view, field) == getattr(alone, field), field


def test_further_questions_leave_the_first_as_it_is(run: Run, both: Results) -> None:
    assert of_the_main(run()) == of_the_main(both)


@pytest.mark.long
def test_exposure_and_modifier_in_each_others_place_have_one_interaction(both: Results, run: Run) -> None:
    # the same model twice: mg by creatinine is creatinine by mg, so that one likelihood-ratio test must agree
    turned = {
        "exposure": '{ measure = "mg", groups = { below = 2 } }',
        "modifier": '{ measure = "creatinine", groups = { below = 1.2 } }',
        "models": SWAPPED["models"],
    }
    a, b = (r.questions[0].models[0].claim for r in (both, run(Turned=turned)))
    assert a is not None
    assert b is not None
    # each fit stops where a step changes the log likelihood by 1e-9 of itself at most, and P is smooth in it
    assert a.p == pytest.approx(b.p, rel=1e-6)


def test_every_name_is_unique_and_the_family_counts_all_tests(both: Results) -> None:
    names = [n.id for n in numbers_of(both)]
    assert len(names) == len(set(names))
    assert [t.question for t in both.family] == [None, NAME, "Fuller models"]
    p = [t.adjusted.p for t in both.family]
    # Holm (1979) by hand: the smallest of three times 3, the next times 2, the last as it is, never falling, at most 1
    low, middle, high = sorted(v for v in p if v is not None)
    steps = [min(1.0, 3 * low), min(1.0, 2 * middle), high]
    byhand = dict(zip((low, middle, high), (max(steps[: k + 1]) for k in range(3)), strict=True))
    assert [t.adjusted.estimate for t in both.family] == [byhand[v] for v in p if v is not None]


def test_every_number_of_its_sections_is_its_own(both: Results) -> None:
    document = compose(both)
    known = {n.id for n in numbers_of(both)}
    assert all(n.source in known for t in texts_of(document) for n in t.numbers)
    mine = next(s for s in document.sections if s.title.plain.startswith("<script>"))
    inside = type(document)("", "", None, "", (mine,))
    sources = {run.source for t in texts_of(inside) for run in t.runs if isinstance(run, Number)}
    assert len(sources) > 50
    assert {s for s in sources if f"/{both.questions[0].slug}:" not in s} == {"all/family/questions"}
    parts = {b.title.plain for b in mine.blocks if isinstance(b, Group)}
    assert {"Models", "Interaction", "Both scales", "Curves"} <= parts
    ids = [b.id for b in document.blocks() if isinstance(b, (Table, Figure))]
    assert len(ids) == len(set(ids))
    assert max(len(f"{f.key}.svg".encode()) for f in document.figures) < 255  # a name that every disk takes


@pytest.mark.long
def test_check_counts_what_each_question_rests_on(tmp_path: Path) -> None:
    plan = tmp_path / "study.toml"
    plan.write_text(written({}, {"Turned": SWAPPED}), "utf-8")
    said = check_study(read_plan(plan))
    whole = said.split("Further question: Turned")[1]
    assert re.search(r"< 1\.2 mg/dL +\d+ / [\d,.]+", whole)
    assert "Model 1: 5 parameters" in whole


@pytest.mark.long
def test_a_hostile_name_is_text_in_every_format(both: Results) -> None:
    document = compose(both)
    drawings = draw_all(document)
    page = to_html(document, drawings)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    word = docx.Document(BytesIO(to_docx(document, drawings)))
    headings = [p.text for p in word.paragraphs if str(p.style and p.style.name).startswith("Heading")]
    assert any("<script>alert(1)</script>" in h and "=HYPERLINK(1)" in h for h in headings)
    assert headings.count("Both scales") == 2
    book = openpyxl.load_workbook(BytesIO(to_xlsx(document)))
    assert all(c.data_type != "f" for sheet in book for row in sheet.iter_rows() for c in row)
    own = [n for n in book.sheetnames if n.startswith("Q2 ")]
    assert {"Q2 HR death", "Q2 Interaction", "Q2 Rates by cell"} <= set(own), own
    assert "Q3 HR death" in book.sheetnames


@pytest.mark.parametrize("least", [2, 5])
def test_a_masked_count_does_not_follow_from_another_question(both: Results, least: int) -> None:
    # magnesium is the exposure of the main question and the modifier of the first further one: its groups have as many
    # events in both tables, so that a count which is hidden alone among a group's cells in both would follow
    found = masked(both, least)
    assert found.masked_below == least
    names = {"< 2.0 mg/dL": "< 2 mg/dL", ">= 2.0 mg/dL": ">= 2 mg/dL", None: None}
    for level, name in names.items():
        hidden = [
            n
            for n, seen in zip(line(both, level, name), line(found, level, name), strict=True)
            if seen is None
        ]
        assert len(hidden) != 1 or not 0 < (hidden[0] or 0) < least, level


def line(results: Results, exposure: str | None, modifier: str | None) -> list[int | None]:
    """Events in the cells of a group of magnesium, first of the main question and then of the first further one."""
    cells = [c for c in results.rates[0].cells if c.exposure == exposure]
    cells += [c for c in results.questions[0].rates[0].cells if c.modifier == modifier]
    return [c.rate.basis.n_events for c in cells]
