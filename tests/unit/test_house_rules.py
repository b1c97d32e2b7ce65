"""Rules of the house that a linter does not know. Each names the file that breaks it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEBIBYTE = 2**20

# Real data cannot be made smaller without being made up; see the licence note beside it.
LARGE_BY_NATURE: frozenset[str] = frozenset()


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git would carry: tracked, or new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str | None:
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = zlib.decompress(raw, wbits=31)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def test_source_files_are_short_enough_to_read():
    # 400 lines is what a reader holds in mind; a longer file is two things.
    long = {
        name(p): n
        for p in tracked("src/*.py")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long


def test_no_file_is_called_utils():
    assert not [name(p) for p in tracked("*.py") if p.stem in {"utils", "util", "helpers", "misc", "common"}]


def test_nothing_large_or_generated_is_carried():
    large = {name(p): p.stat().st_size for p in tracked() if p.stat().st_size > MEBIBYTE}
    assert set(large) <= LARGE_BY_NATURE
    generated = re.compile(r"(\.pyc|\.egg-info|\.log|\.tmp|~|\.ipynb_checkpoints|\.DS_Store)$")
    assert not [name(p) for p in tracked() if generated.search(p.name)]


def test_no_address_of_this_or_any_machine():
    # Built from parts, so that this file obeys its own rule.
    machine = re.compile(
        "|".join([r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt)/\w", r"\b[A-Z]:\\Users\\"])
    )
    index = re.compile(
        "|".join([r"pypi\.(?:org|python)", r"pythonhosted", r"\bregistry\.npmjs", r"--(?:extra-)?index-url"])
    )
    broken: list[str] = []
    for path in tracked():
        text = text_of(path)
        if text is None or path == Path(__file__).resolve():
            continue
        broken += [
            f"{name(path)}: {match.group(0)}" for rule in (machine, index) if (match := rule.search(text))
        ]
    assert not broken


def test_source_evaluates_no_text_as_code():
    broken: list[str] = []
    for path in tracked("src/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
            if called in {"eval", "exec", "compile"}:
                broken.append(f"{name(path)}:{node.lineno}: {called}")
    assert not broken


def test_source_never_imports_scipy_stats():
    # 1.5 s of import for what scipy.special has.
    broken: list[str] = []
    for path in tracked("src/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
            broken += [
                f"{name(path)}:{node.lineno}"
                for m in modules
                if m == "scipy.stats" or m.startswith("scipy.stats.")
            ]
    assert not broken


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after ``code``."""
    program = f"{code}\nimport sys; print('LOADED', *sorted({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


def test_the_public_names_are_those_that_load():
    import riskset  # noqa: PLC0415 (the import is what is tested)

    assert set(riskset.__all__) == {*riskset._FACE, "__version__"}
    for public in riskset.__all__:
        assert getattr(riskset, public) is not None


HEAVY = {"polars", "numpy", "scipy", "matplotlib", "pandas", "pyarrow", "formulaic", "pint", "jinja2"}


def test_import_riskset_loads_nothing_heavy():
    assert not loaded_by("import riskset") & HEAVY


@pytest.mark.parametrize("command", ["", "run", "check", "simulate", "schema"])
def test_help_loads_nothing_heavy(command):
    arguments = [*command.split(), "--help"]
    code = (
        "import sys\n"
        f"sys.argv = ['riskset', *{arguments!r}]\n"
        "from riskset.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as leaving:\n    assert not leaving.code, leaving.code\n"
    )
    assert not loaded_by(code) & HEAVY


@pytest.mark.parametrize("script", ["demo", "test", "bench", "lock", "validate", "parity"])
def test_scripts_say_what_they_do_and_can_be_run(script):
    path = ROOT / "script" / script
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "#!/usr/bin/env python3"
    listed = subprocess.run(
        ["git", "ls-files", "-s", f"script/{script}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.startswith("100755"), "git update-index --chmod=+x"
    help_text = subprocess.run(
        [sys.executable, str(path), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert f"script/{script}" in help_text


def test_requirements_are_locked_by_hash():
    for path in tracked("requirements/*.txt"):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        pins = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        assert pins
        assert not [pin[:60] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin]


def _sentences(path: Path) -> list[str]:
    """Literals of four words and more in a module, docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = (b for n in ast.walk(tree) if isinstance(b := getattr(n, "body", None), list))
    told = {id(e.value) for body in bodies for e in body if isinstance(e, ast.Expr)}
    texts = (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [
        f"{name(path)}:{n.lineno}: {n.value[:60]}"
        for n in texts
        if id(n) not in told and len(re.findall(r"\b[A-Za-z]{2,}\b", n.value.replace("_", ""))) >= 4
    ]


def test_sentences_of_the_report_stand_with_its_texts():
    # another language is a folder of texts, not a search through the code that chooses among them
    figures = [
        f"src/riskset/plots/{n}.py" for n in ("zph", "diagnostics", "survival", "states", "mean_cumulative")
    ]
    modules = tracked("src/riskset/report/sections/*.py", "src/riskset/report/drawings.py", *figures)
    assert not [found for p in modules for found in _sentences(p)]
