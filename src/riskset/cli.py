"""The commands: simulate, new, check, run, show, compare, demo, schema, completion.

Imports stand inside the commands here and nowhere else: this is the edge of the program, and `riskset --help`
must answer at once, without loading polars, matplotlib and the rest.

Exit codes: 0 done, 2 refused with a message that says what to correct, 1 an error of riskset itself, 130
interrupted.
"""

# ruff: noqa: PLC0415 (imports inside the commands; a command has as many options as it has)

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from time import perf_counter
from traceback import extract_tb
from typing import Annotated, TextIO

import typer

from riskset import __version__
from riskset.errors import RisksetError, RisksetWarning

app = typer.Typer(
    help="From raw hospital tables to a publishable time-to-event result.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time that --help takes
    pretty_exceptions_enable=False,
)


class CohortName(StrEnum):
    """Cohorts that can be simulated; both spellings are the field's."""

    haemodialysis = "haemodialysis"
    hemodialysis = "hemodialysis"


class SchemaName(StrEnum):
    """Files whose form is published."""

    plan = "plan"
    results = "results"


class Shell(StrEnum):
    """Shells for which there is a script of completion."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"
    powershell = "powershell"


class TableFormat(StrEnum):
    """File formats of the simulated tables."""

    csv = "csv"
    parquet = "parquet"


Plan = Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file, study.toml.")]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of an error. It can hold patients' values.")
]


def _print_version(asked: bool) -> None:
    if asked:
        print(f"riskset {__version__}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction] (typer calls it)
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and leave."
        ),
    ] = False,
) -> None:
    del version  # its callback has printed it


@app.command()
def simulate(
    cohort: Annotated[CohortName, typer.Argument(help="haemodialysis or hemodialysis.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("data"),
    patients: Annotated[int, typer.Option(min=1, help="Patients who remain after eligibility.")] = 399,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed; without it the shipped cohort.")] = None,
    format: Annotated[TableFormat, typer.Option(help="File format.")] = TableFormat.csv,  # noqa: A002 (the option's name)
    debug: Debug = False,
) -> None:
    """Write the raw tables of a simulated cohort with known truth."""
    with _refusals(debug):
        from riskset.study.demo import simulate_tables

        del cohort  # there is one so far
        files = simulate_tables(out, patients=patients, seed=seed, format=format.value)
        print(f"{len(files)} tables in {out}: {', '.join(files)}")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the plan is written.")],
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILES]...", help="The tables; without any, empty ones are made.", show_default=False
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Draft a plan from tables: what they hold, and a guess at each key, marked to be confirmed."""
    with _refusals(debug):
        from riskset.study.draft import draft_study

        with stages() as progress:
            text = draft_study(folder, files or [], progress)
        print(text)


@app.command()
def check(
    plan: Plan,
    rejects: Annotated[
        Path | None, typer.Option(help="List every row that breaks a rule in this CSV file.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Check a plan and its tables: what matched, who stays, how many events; no estimates."""
    with _refusals(debug):
        from riskset.study import read_plan

        with stages() as progress:
            progress("plan")
            study = read_plan(plan)

            from riskset.study.check import check_study

            text = check_study(study, progress, rejects)
        print(text)


@app.command()
def run(
    plan: Plan,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results; by default PLAN-results, here.", show_default=False),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="Compute everything, even if nothing has changed since the last run."),
    ] = False,
    debug: Debug = False,
) -> None:
    """Run a study: report.html, figures, results.json, manifest.json."""
    with _refusals(debug):
        _run_into(plan, Path(f"{plan.stem}-results") if out is None else out, fresh=fresh)


Run = Annotated[
    Path | None,
    typer.Option("--in", help="Folder of the run; by default the latest one here.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON with every digit.")]


@app.command()
def show(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]", help="Name of a number, words of it, or a pattern with *; without it, all."
        ),
    ] = None,
    run: Run = None,
    json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Show numbers of a run by name, with interval and origin."""
    with _refusals(debug):
        from riskset.report.shown import as_json, shown
        from riskset.study.numbers import latest_run, read_run

        finished = read_run(latest_run(Path()) if run is None else run)
        print(_json(as_json(finished, name)) if json else shown(finished, name))


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="Folder of one run.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Folder of another.")],
    debug: Debug = False,
) -> None:
    """Compare two runs: what they were made of, and which numbers differ."""
    with _refusals(debug):
        from riskset.report.compared import compare_runs
        from riskset.study.numbers import read_run

        print(compare_runs(read_run(before), read_run(after)))


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for data, plan and results.")] = Path("riskset-demo"),
    debug: Debug = False,
) -> None:
    """Simulate the worked haemodialysis study and run it; nothing else is needed."""
    with _refusals(debug):
        from riskset.study.demo import prepare_demo

        plan = prepare_demo(out)
        print(f"Data: {out / 'data'}\nPlan: {plan}")
        _run_into(plan, out / "results")


@app.command()
def schema(
    of: Annotated[SchemaName, typer.Argument(help="plan or results.")] = SchemaName.plan,
) -> None:
    """Print the JSON Schema of the plan, for editors, or of results.json, for programs."""
    if of is SchemaName.results:
        from riskset.study.writing import results_schema

        print(_json(results_schema()))
        return
    from riskset.study import plan_schema

    print(_json(plan_schema()))


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh, fish or powershell.")]) -> None:
    """Print the script that lets a shell complete commands, plans and names of numbers."""
    from riskset.completion import SCRIPTS

    print(SCRIPTS[shell.value].strip())


@app.command(hidden=True)
def complete(words: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Say what may stand at the cursor; the scripts of `completion` ask."""
    from riskset.completion import candidates, options_of

    known = [c.callback for c in app.registered_commands if c.callback is not None and not c.hidden]
    for candidate in candidates(options_of(known), words or [], Path()):
        print(candidate)


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _run_into(plan: Path, out: Path, *, fresh: bool = False) -> None:
    from riskset.study import read_plan

    with stages() as progress:
        progress("plan")
        study = read_plan(plan)  # first: a plan with mistakes is refused before the heavy rooms load

        from riskset.study.fingerprint import nothing_changed, seal

        if not fresh and nothing_changed(study, out):
            print(
                f"Nothing has changed since this run; --fresh computes it again.\nReport: {out / 'report.html'}"
            )
            return

        from riskset.report import write_report
        from riskset.report.beside import helpers
        from riskset.study import run_study
        from riskset.study.output import staged
        from riskset.study.store import Store, user_store

        store = user_store()
        store.tidy()
        with staged(out) as staging, helpers() as drawing:
            results = run_study(study, out=staging, progress=progress, store=Store(None) if fresh else store)
            progress("report")
            write_report(results, staging, drawing)
            seal(staging)
    print(f"Report: {out / 'report.html'}")


LONGEST = 60
"""Letters of a stage's name that the terminal shows: names of outcomes may be endless."""


@contextmanager
def stages() -> Generator[Callable[[str], None]]:
    """Name each stage on the terminal as it begins, and its time as it ends; stdout stays for results."""
    began = whole = perf_counter()
    current: str | None = None
    live = sys.stderr.isatty()

    def close() -> None:
        if current is not None:
            seconds = f"{perf_counter() - began:6.1f} s"
            end = "\r" if live else ""
            print(f"{end}  {current:<40}{seconds}", file=sys.stderr, flush=True)

    def begin(stage: str) -> None:
        nonlocal began, current
        close()
        began, current = perf_counter(), stage if len(stage) <= LONGEST else f"{stage[: LONGEST - 1]}…"
        if live:
            print(f"  {current} ...", end="", file=sys.stderr, flush=True)

    try:
        yield begin
    except BaseException:
        if live and current is not None:
            print(file=sys.stderr)  # leave the unfinished stage on its own line
        raise
    close()
    print(f"  {'all':<40}{perf_counter() - whole:6.1f} s", file=sys.stderr)


@contextmanager
def _refusals(debug: bool) -> Generator[None]:
    """Turn errors into one message without values and the exit code of their kind."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    except RisksetError as error:
        if debug:
            raise
        kind = type(error).__name__.removesuffix("Error")
        print(f"Error: {error}" if kind == "Riskset" else f"{kind} error: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print("\nInterrupted. Earlier output is as it was.", file=sys.stderr)
        raise typer.Exit(130) from None
    except BrokenPipeError:
        raise
    except Exception as error:
        if debug:
            raise
        # Its text may quote a patient's value, so only its kind and place are shown.
        place = _place(error)
        print(
            f"riskset failed ({type(error).__name__}{place}). This is an error of riskset, not of your study.\n"
            "  Remedy: Run the command again with --debug and report the traceback; it can hold patients' values.",
            file=sys.stderr,
        )
        raise typer.Exit(1) from None


def _place(error: Exception) -> str:
    here = Path(__file__).parent
    frames = [f for f in extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(here)]
    return f" at {Path(frames[-1].filename).relative_to(here)}:{frames[-1].lineno}" if frames else ""


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print riskset's own warnings as sentences; those of libraries may quote values and say nothing to users."""
    del filename, lineno, file, line
    if issubclass(category, RisksetWarning):
        print(f"Note: {message}", file=sys.stderr)


def main() -> None:
    """Start the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter of a label
    app()
