"""A small study on disk: simulated tables, the worked plan, and the command line to try them with."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from riskset.cli import app
from riskset.simulate import simulate_haemodialysis, write_tables
from riskset.tables.times import NOT_A_DATE, REMEDY

ROOT = Path(__file__).parents[2]
Row = dict[str, str]


@dataclass(frozen=True)
class Said:
    """What a command said and how it left."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def command(*arguments: object) -> Said:
    """Run a command in this process."""
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def process(*arguments: object) -> Said:
    """Run a command as a user does."""
    done = subprocess.run(
        [sys.executable, "-m", "riskset", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return Said(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Study:
    """A plan and its tables in a folder of their own."""

    folder: Path

    @property
    def plan(self) -> Path:
        return self.folder / "study.toml"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def table(self, name: str) -> Path:
        return self.folder / "data" / f"{name}.csv"

    def edit_plan(self, old: str, new: str) -> None:
        text = self.plan.read_text("utf-8")
        assert old in text, old
        self.plan.write_text(text.replace(old, new, 1), "utf-8")

    def rows(self, table: str) -> list[Row]:
        with self.table(table).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def edit_table(self, table: str, change: Callable[[list[Row]], list[Row]]) -> None:
        before = self.rows(table)
        header = list(before[0])
        after = change(before)
        with self.table(table).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(after[0]) if after else header, lineterminator="\n")
            writer.writeheader()
            writer.writerows(after)

    def edit_row(self, table: str, which: Callable[[Row], bool], **cells: str) -> int:
        """Change the first row for which it holds; say its number as a spreadsheet counts."""
        numbers: list[int] = []

        def change(rows: list[Row]) -> list[Row]:
            number = next(i for i, row in enumerate(rows) if which(row))
            numbers.append(number + 2)
            return [row | cells if i == number else row for i, row in enumerate(rows)]

        self.edit_table(table, change)
        return numbers[0]

    def private(self) -> set[str]:
        """Every id and every date of the tables that the plan does not hold itself."""
        shown = self.plan.read_text("utf-8") if self.plan.exists() else ""
        text = "".join(
            p.read_text("utf-8", errors="replace") for p in sorted((self.folder / "data").glob("*.csv"))
        )
        found = re.findall(r"\b(?:\d{4}-\d\d-\d\d|\d{6})\b", text)
        return {
            v for v in found if v not in shown and v not in NOT_A_DATE + REMEDY
        }  # which show how a date is written

    def refusal(self, name: str = "run", how: Callable[..., Said] = command) -> str:
        """Try a study that must be refused, and see that it is refused well; return what was said."""
        self.out.mkdir(exist_ok=True)
        (self.out / "manifest.json").write_text('{"riskset": "an earlier run"}')
        (self.out / "report.html").write_text("an earlier report")
        before = self.tree()
        said = how(name, self.plan, *(["--out", self.out] if name == "run" else []))
        assert said.code == 2, said.all
        assert said.out == ""
        assert "Traceback" not in said.err
        assert said.err.count(" error: ") == 1, said.err
        leaked = sorted(v for v in self.private() if v in said.all)
        assert not leaked
        assert self.tree() == before  # nothing half-written, nothing lost, nothing left behind
        return said.err

    def tree(self) -> dict[str, bytes]:
        files = (p for p in sorted(self.folder.rglob("*")) if p.is_file())
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in files}


@pytest.fixture(scope="session")
def _tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_tables(simulate_haemodialysis(60, seed=11), folder)
    return folder


def new_study(folder: Path, tables: Path) -> Study:
    shutil.copytree(tables, folder / "data")
    text = (ROOT / "examples" / "haemodialysis" / "study.toml").read_text("utf-8")
    # its sensitivity analyses take longer than all the rest of 60 patients; test_sensitivity_entries.py has some of its own
    text = re.sub(r"^\[sensitivity\].*?(?=^\[report\])", "", text, flags=re.DOTALL | re.MULTILINE)
    (folder / "study.toml").write_text(text, "utf-8")
    return Study(folder)


@pytest.fixture
def study(tmp_path: Path, _tables: Path) -> Study:
    """A study of its own for each test, to be spoilt."""
    return new_study(tmp_path, _tables)


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory, _tables: Path) -> tuple[Study, Said]:
    """One study that was run, to be looked at, and what was said."""
    study = new_study(tmp_path_factory.mktemp("ran"), _tables)
    # two outcomes, one of them with a competing event, show what three would; the plan's other lines stay
    two = re.sub(r"^(?:cve|published) .*\n", "", study.plan.read_text("utf-8"), flags=re.MULTILINE)
    study.plan.write_text(two, "utf-8")
    said = command("run", study.plan, "--out", study.out)
    assert said.code == 0, said.err
    return study, said


@pytest.fixture
def run_before(ran: tuple[Study, Said], tmp_path: Path) -> Study:
    """A study with the output of an earlier run."""
    shutil.copytree(ran[0].folder, tmp_path / "study")
    return Study(tmp_path / "study")


@pytest.fixture
def commands() -> tuple[Callable[..., Said], Callable[..., Said]]:
    """A command in this process and one as a user starts it."""
    return command, process
