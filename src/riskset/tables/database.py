"""Tables that a query gives: from a DuckDB file, or from PostgreSQL.

Both are opened for reading only. The rows are numbered in the order in which the query gives them, so a query should
have an ORDER BY; the first row is 2, as below the header of a spreadsheet.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from riskset.errors import TableError
from riskset.tables.table import TableSpec

# What these classes of SQL states say is about the query and the login, never about a row.
_SAFE_STATES = {"42": "the query is refused", "28": "the login is refused", "3D": "there is no such database"}
_ABOUT_THE_QUERY = ("ParserException", "BinderException", "CatalogException")
_EXTRAS = {"duckdb": "duckdb", "adbc_driver_postgresql.dbapi": "postgresql"}


def read_query(spec: TableSpec, folder: Path) -> pl.DataFrame:
    """Run the query of a table.

    Parameters
    ----------
    spec : TableSpec
    folder : Path
        Of the data, for a DuckDB file.

    Returns
    -------
    pl.DataFrame

    Raises
    ------
    TableError
        If the database cannot be opened, the query is refused, or the library is not installed.
    """
    if not spec.query:
        raise TableError(
            "a database needs a query",
            where=spec.source,
            remedy='Add query = "SELECT * FROM the_table ORDER BY ...".',
        )
    if spec.database is not None:
        return _postgresql(spec, spec.query)
    return _duckdb(spec, spec.query, folder)


def query_columns(spec: TableSpec, folder: Path) -> tuple[str, ...]:
    """Read the names of the columns that a query gives, and no row.

    Parameters
    ----------
    spec : TableSpec
    folder : Path
        Of the data, for a DuckDB file.

    Returns
    -------
    tuple of str
    """
    bare = (spec.query or "").strip().rstrip(";")
    nothing = f"SELECT * FROM (\n{bare}\n) AS t LIMIT 0"  # noqa: S608 (the study's own query, run anyway)
    if spec.database is not None:
        return tuple(_postgresql(spec, nothing).columns)
    return tuple(_duckdb(spec, nothing, folder).columns)


def address_problem(address: str) -> tuple[str, str] | None:
    """Say what is wrong with the address of a database: rule and remedy, or None.

    Parameters
    ----------
    address : str

    Returns
    -------
    tuple of str or None

    Examples
    --------
    >>> address_problem("postgresql://reader@localhost/clinic")
    >>> address_problem("mysql://localhost/clinic")[0]
    'this kind of database is not read'
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"postgresql", "postgres"}:
        return "this kind of database is not read", 'Write database = "postgresql://reader@host/name".'
    if parts.password is not None or "password=" in parts.query:
        return (
            "the address holds a password, which a plan must not",
            "Remove it; set PGPASSWORD or write a .pgpass file.",
        )
    return None


def _library(name: str, spec: TableSpec) -> Any:
    try:
        return import_module(name)
    except ImportError:
        extra = _EXTRAS[name]
        raise TableError(
            f"this table needs {name.partition('.')[0]}, which is not installed",
            where=spec.source,
            remedy=f'python -m pip install "riskset[{extra}]", or export the table as CSV or Parquet.',
        ) from None


def _duckdb(spec: TableSpec, query: str, folder: Path) -> pl.DataFrame:
    if not spec.file.lower().endswith(".duckdb"):
        raise TableError(
            "a query is asked of a DuckDB file or of a database",
            where=spec.source,
            remedy="Name a .duckdb file, or database, or remove query.",
        )
    library = _library("duckdb", spec)
    path = folder / spec.file
    if not path.is_file():
        raise TableError(
            "the file does not exist",
            where=spec.source,
            remedy=f"Put it into the data folder, or correct the file of table '{spec.name}'.",
        )
    try:
        connection = library.connect(str(path), read_only=True, config={"enable_external_access": "false"})
    except library.Error:
        raise TableError(
            "the file is not a DuckDB database that can be opened",
            where=spec.source,
            remedy="Close other programs that write to it; check the version of DuckDB.",
        ) from None
    try:
        answer = connection.sql(query)
        if answer is None:
            raise TableError("the query gives no table", where=spec.source, remedy="Begin it with SELECT.")
        return pl.DataFrame(_Stream(answer))
    except pl.exceptions.PolarsError:  # the stream broke off at a row, which its text quotes
        raise _refused(spec, "", "Look at the casts of the query.") from None
    except library.Error as problem:
        kind = type(problem).__name__
        said = _first_line(problem) if kind in _ABOUT_THE_QUERY else ""
        raise _refused(spec, said, "The file is opened for reading only, and no other file.") from None
    finally:
        connection.close()


def _postgresql(spec: TableSpec, query: str) -> pl.DataFrame:
    wrong = address_problem(str(spec.database))
    if wrong is not None:
        raise TableError(wrong[0], where=spec.source, remedy=wrong[1])
    library = _library("adbc_driver_postgresql.dbapi", spec)
    try:
        connection = library.connect(str(spec.database))
    except library.Error:
        raise TableError(
            "the database does not answer, or refuses the login",
            where=spec.source,
            remedy="Check host, port, name and user; the password belongs into PGPASSWORD or a .pgpass file.",
        ) from None
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(query)
            return _plain(pl.DataFrame(cursor.fetch_arrow()))
    except pl.exceptions.PolarsError:  # the stream broke off at a row, which its text quotes
        raise _refused(spec, "", "Look at the casts of the query.") from None
    except library.Error as problem:
        state = str(problem.sqlstate or "")
        said = _first_line(problem) if state[:2] in _SAFE_STATES else ""
        raise _refused(spec, said, "The database is opened for reading only.") from None
    finally:
        connection.close()


class _Stream:
    """An answer of DuckDB as a stream of Arrow data and nothing else.

    A relation answers every other question with a look at its columns, and the interpreter leaves with complaints.
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._answer.__arrow_c_stream__(requested_schema)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Give types that PostgreSQL has and Arrow has not, such as NUMERIC, as the text that they come in."""
    named: tuple[type[pl.DataType], ...] = tuple(t for t in (getattr(pl, "BaseExtension", None),) if t)
    return frame.with_columns(c.ext.storage() for c in frame if isinstance(c.dtype, named))


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0].rstrip(".")


def _refused(spec: TableSpec, said: str, remedy: str) -> TableError:
    return TableError(
        "the query cannot be run" + (f": {said}" if said else ""),
        where=spec.source,
        remedy=f"Correct the query. {remedy}",
    )
