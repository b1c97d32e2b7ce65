"""What the documents promise: links lead somewhere, code runs, plans are valid, pages agree with the program."""

from __future__ import annotations

import ast
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from riskset.cli import app
from riskset.errors import RisksetWarning

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, language: str) -> list[str]:
    return [text for kind, text in FENCED.findall(path.read_text(encoding="utf-8")) if kind == language]


def prose(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Anchors as the usual Markdown renderers make them from headings."""
    headings = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h).strip().lower().replace(" ", "-") for h in headings}


def with_blocks(language: str) -> list[Path]:
    return [path for path in DOCUMENTS if blocks(path, language)]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path):
    broken: list[str] = []
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue  # another site; nothing here may depend on the network
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


# Their lines of code say in a comment what they print, and all of them run in this process: a start costs a second.
SAYING = [*sorted((ROOT / "docs" / "how-to").glob("*.md")), ROOT / "docs" / "traps.md"]


@pytest.mark.parametrize("path", [p for p in SAYING if blocks(p, "python")], ids=name)
def test_python_blocks_run_in_order_and_print_what_they_say(path, tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks(path, "python"))
    lines, known, said, promised = code.splitlines(), {"__name__": path.stem}, {}, {}
    for statement in ast.parse(code).body:
        shown = io.StringIO()
        with redirect_stdout(shown), warnings.catch_warnings():
            warnings.simplefilter("ignore", RisksetWarning)  # notes to the reader of a table
            exec(compile(ast.Module([statement], []), path.name, "exec"), known)  # noqa: S102
        line = lines[statement.end_lineno - 1]
        if line.startswith("print(") and (comment := re.search(r"\)  # (.*)$", line)):
            said[line], promised[line] = shown.getvalue().strip(), comment[1]
    for line, words in promised.items():
        assert words == said[line] or words.startswith(f"{said[line]}: "), f"{line}\nprints: {said[line]}"
    assert promised


@pytest.mark.parametrize("path", [p for p in with_blocks("python") if p not in SAYING], ids=name)
def test_python_blocks_run_in_order(path, tmp_path):
    # riskset's own notes (rows left out, say) are for the reader; any other warning means a page is out of date.
    head = "import warnings\nfrom riskset.errors import RisksetWarning\nwarnings.simplefilter('error')\n"
    head += "warnings.simplefilter('default', RisksetWarning)\n"
    command = [sys.executable, "-c", head + "\n".join(blocks(path, "python"))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_readme_example_is_ten_lines_and_prints_what_the_page_shows(tmp_path):
    (example,) = blocks(ROOT / "README.md", "python")
    (shown,) = blocks(ROOT / "README.md", "text")
    lines = [line for line in example.splitlines() if line.strip()]
    assert len(lines) <= 10
    assert max(map(len, lines)) <= 100
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", example],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == shown


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_public_names_on_the_pages_exist(path):
    import riskset as rs  # noqa: PLC0415 (the other tests here need no riskset)

    named = set(re.findall(r"\brs\.([A-Za-z_]\w*)", path.read_text(encoding="utf-8")))
    assert named <= set(rs.__all__) | {"__version__"}


def test_every_public_name_has_its_place_in_the_reference():
    import riskset as rs  # noqa: PLC0415

    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\.\. auto(?:class|function):: riskset\.(\w+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(n for n in rs.__all__ if n != "__version__")


@pytest.mark.long  # half a minute; a link or a docstring that does not parse fails it
def test_the_site_builds_without_a_warning(tmp_path):
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-b",
        "html",
        "-q",
        "-W",
        "--keep-going",
        "-c",
        "docs",
        ".",
        tmp_path,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "docs" / "api.html").read_text(encoding="utf-8")
    assert 'id="riskset.coxph"' in page
    assert 'href="plan.html"' in page


HEAD = 'riskset = 1\ntitle = "T"\nquestion = "Q"\n'


def parts_of_plans(path: Path) -> list[str]:
    """TOML, and what a page shows as text because it is another way of saying something."""
    return blocks(path, "toml") + [t for t in blocks(path, "text") if re.match(r"\[\w+\]$", t, re.MULTILINE)]


@pytest.mark.parametrize("path", [p for p in DOCUMENTS if parts_of_plans(p)], ids=name)
def test_toml_blocks_are_parts_of_plans(path):
    from riskset.study import plan_schema  # noqa: PLC0415 (the other tests here need no riskset)

    reader = Draft202012Validator(plan_schema() | {"required": []})
    for text in parts_of_plans(path):
        assert not [(e.json_path, e.message) for e in reader.iter_errors(tomllib.loads(text))]


FITTING = (
    "commands",
    "compare",
    "competing",
    "lag",
    "privacy",
    "questions",
    "sensitivity",
    "subgroups",
    "units",
)


@pytest.mark.parametrize("page", FITTING)
def test_parts_of_plans_fit_into_the_plan_of_the_plan_page(page):
    """Those of the other pages speak of tables that it has not."""
    from riskset.study.plan_read import plan_from_keys  # noqa: PLC0415

    plan = tomllib.loads("\n".join([HEAD, *blocks(ROOT / "docs" / "plan.md", "toml")]))
    plan = {k: v for k, v in plan.items() if k not in {"questions", "subgroups", "sensitivity"}}
    added = ("measures", "tables", "outcomes")
    for text in blocks(ROOT / "docs" / "how-to" / f"{page}.md", "toml"):
        part = tomllib.loads(text)
        plan_from_keys(plan | {k: plan[k] | v if k in added else v for k, v in part.items()}, {})


def test_the_plan_of_the_page_on_days_is_the_one_that_is_shipped():
    (shown, *_) = blocks(ROOT / "docs" / "how-to" / "days.md", "toml")
    assert shown == (ROOT / "examples" / "pbc" / "study.toml").read_text("utf-8")


@pytest.mark.parametrize("path", with_blocks("console"), ids=name)
def test_commands_on_the_pages_are_commands(path):
    from riskset.completion import options_of  # noqa: PLC0415

    known = options_of(c.callback for c in app.registered_commands if c.callback is not None)
    for line in "\n".join(blocks(path, "console")).splitlines():
        if not line.startswith("$ riskset "):
            continue
        _, _, command, *arguments = shlex.split(line)
        assert command in known, line
        given = [a for a in arguments if a.startswith("--")]
        assert set(given) <= set(known[command].flags), line
        plain = [a for before, a in zip(["", *arguments], arguments, strict=False)
                 if not a.startswith("-") and not known[command].flags.get(before) and not a.startswith(">")]  # fmt: skip
        assert len(plain) <= len(known[command].arguments) or command in {"new", "schema"}, line


def test_the_plan_of_the_plan_page_is_valid():
    from riskset.study.plan_read import plan_from_toml  # noqa: PLC0415 (the other tests here need no riskset)

    plan = plan_from_toml("\n".join([HEAD, *blocks(ROOT / "docs" / "plan.md", "toml")]))
    assert plan.primary_model == "Model 2"


def test_the_page_of_keys_is_what_the_schema_says():
    spec = importlib.util.spec_from_file_location("write_plan_keys", ROOT / "docs" / "write_plan_keys.py")
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    assert writer.PAGE.read_text(encoding="utf-8") == writer.page(), "run: python docs/write_plan_keys.py"


@pytest.mark.long
def test_the_commands_of_getting_started_work(tmp_path):
    page = ROOT / "docs" / "getting-started.md"
    commands = [
        line[2:] for text in blocks(page, "console") for line in text.splitlines() if line.startswith("$ ")
    ]
    assert [command.split()[0] for command in commands] == ["riskset", "cp", "riskset", "riskset"]
    for command in commands:
        program, *arguments = command.split()
        if program == "cp":  # in the checkout, where the page says to stand
            shutil.copy(ROOT / arguments[0], tmp_path / arguments[1])
            continue
        code = "from riskset.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert (tmp_path / "study" / "results" / "report.html").is_file()
    assert not [
        p for p in (tmp_path / "study" / "results").rglob("*") if p.is_file() and p.stat().st_size == 0
    ]


@pytest.mark.long
def test_the_page_on_days_works_as_it_stands(tmp_path, monkeypatch):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    said = []
    for line in "\n".join(blocks(ROOT / "docs" / "how-to" / "days.md", "console")).splitlines():
        result = CliRunner().invoke(app, shlex.split(line)[2:])
        assert result.exit_code == 0, result.stderr
        said.append(result.stdout)
    assert "death/model-2/ratio_of_hr[>= 2 mg/dL|ascites]" in said[-1]


@pytest.mark.r
def test_the_rows_of_the_page_on_other_tools_are_read_by_r(tmp_path, monkeypatch):
    page = ROOT / "docs" / "how-to" / "other-tools.md"
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    known: dict[str, object] = {}
    exec("\n".join(blocks(page, "python")), known)  # noqa: S102
    (theirs,) = blocks(page, "r")
    command = [
        "Rscript",
        "-e",
        f"library(survival); f <- {theirs.strip()}; cat(format(coef(f), digits = 15))",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [float(t) for t in printed.split()] == pytest.approx(list(known["fit"].params), rel=1e-8)


@pytest.mark.long
def test_the_tutorial_works_as_it_stands(tmp_path):
    commands = [
        line[2:]
        for text in blocks(ROOT / "docs" / "tutorial.md", "console")
        for line in text.splitlines()
        if line.startswith("$ riskset ")
    ]
    said: list[str] = []
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "riskset"
        if arguments[-2:] == ["--out", "second"]:  # the reviewer's change
            plan = tmp_path / "study" / "study.toml"
            text = plan.read_text("utf-8")
            assert "below = 2.5," in text
            plan.write_text(text.replace("below = 2.5,", "below = 2.4,"), "utf-8")
        code = "from riskset.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert {p.name for p in (tmp_path / "first").iterdir()} >= {"report.html", "report.docx", "tables.xlsx"}
    assert "death/model-1/ratio_of_hr" in said[-3]
    assert "the plan differs" in said[-1]
