"""Checks of where the plan's tables come from: one source each, and only keys that mean something for it."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.plan import PlanKeys
from riskset.study.plan_problems import Problem
from riskset.study.plan_tables import Table
from riskset.tables.database import address_problem
from riskset.tables.raw import FILES, READABLE, TEXT_FILES

_OF_TEXT = ("encoding", "delimiter", "decimal", "thousands")
_SHEETS = (".xlsx",)
_QUERIED = (".duckdb",)


def source_problems(plan: PlanKeys) -> list[Problem]:
    """Find tables without a file or database, files that are not read, and keys that do not go with the source."""
    return [problem for name, table in plan.tables.items() for problem in _source(name, table)]


def _source(name: str, table: Table) -> Iterator[Problem]:
    here, file = ("tables", name), table.file.lower()
    if not table.file and table.database is None:
        yield Problem(here, "needs a file or a database", 'Add file = "labs.csv"')
        return
    if table.file and table.database is not None:
        yield Problem(here, "has a file and a database; one of them gives the table", "Remove the other")
        return
    if table.file and not file.endswith(FILES):
        yield Problem((*here, "file"), "this kind of file is not read", f"Save it as {READABLE}")
        return
    if table.database is not None and (wrong := address_problem(table.database)):
        yield Problem((*here, "database"), wrong[0], wrong[1].rstrip("."))
    asked = table.database is not None or file.endswith(_QUERIED)
    if asked and not table.query:
        remedy = 'Add query = "SELECT * FROM the_table ORDER BY ..."'
        yield Problem((*here, "query"), "is missing: a database does not say which table", remedy)
    yield from _strangers(here, table, asked)
    if table.thousands == table.decimal:
        yield Problem((*here, "thousands"), "must differ from decimal")


def _strangers(here: tuple[str, ...], table: Table, asked: bool) -> Iterator[Problem]:
    """Keys that would be ignored, because the source has no such thing."""
    file = table.file.lower()
    text, sheet = file.endswith(TEXT_FILES), file.endswith(_SHEETS)
    fit = {"query": asked, "sheet": sheet, "header_row": text or sheet, "missing": text or sheet}
    fit |= dict.fromkeys(_OF_TEXT, text)
    meant = {"query": "a .duckdb file or a database", "sheet": "a workbook"}
    meant |= {"header_row": "a text file or a workbook", "missing": "a text file or a workbook"}
    for key, fits in fit.items():
        if not fits and key in table.model_fields_set:
            words = f"means nothing here: it is for {meant.get(key, 'a text file')}"
            yield Problem((*here, key), words, "Remove the key")
