"""Tables from queries: a DuckDB file, and a PostgreSQL server that the test starts for itself."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest

from riskset.errors import TableError
from riskset.tables import TableSpec, columns_of, read_table

LABS = """
CREATE TABLE labs (patient VARCHAR, day DATE, value NUMERIC(8, 2), unit VARCHAR);
INSERT INTO labs VALUES ('00123', '2024-03-01', 2.30, 'mg/dL'), ('00045', '2024-03-02', NULL, 'mg/dL'),
  ('00123', '2024-03-03', 1.90, 'mg/dL');
"""
QUERY = "SELECT * FROM labs ORDER BY day"
ROWS = [
    ("00123", date(2024, 3, 1), 2.3, "mg/dL", 2),
    ("00045", date(2024, 3, 2), None, "mg/dL", 3),
    ("00123", date(2024, 3, 3), 1.9, "mg/dL", 4),
]
ROLES = {"id": "patient", "time": "day", "value": "value", "unit": "unit"}


def labs(query: str = QUERY, **source: str) -> TableSpec:
    return TableSpec("labs", source.pop("file", ""), query=query, **ROLES, **source)


# --- DuckDB ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clinic(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clinic")
    with duckdb.connect(str(folder / "clinic.duckdb")) as connection:
        connection.execute(LABS)
    (folder / "secret.csv").write_text("patient\n78123\n")
    return folder


def test_duckdb_gives_what_the_query_says(clinic):
    spec = labs(file="clinic.duckdb")
    table = read_table(spec, clinic)
    assert table.frame.rows() == ROWS
    assert table.source == "clinic.duckdb, query of 'labs'"
    assert columns_of(spec, clinic) == ("patient", "day", "value", "unit")
    assert table.sha256 == read_table(labs(QUERY + ";", file="clinic.duckdb"), clinic).sha256
    assert table.sha256 != read_table(labs(QUERY + " DESC", file="clinic.duckdb"), clinic).sha256


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM lbas", "lbas"),
        ("SELECT valeu FROM labs", "valeu"),
        ("SELEC 1", "SELEC"),
        ("DROP TABLE labs", "reading only"),
        ("SELECT * FROM read_csv('secret.csv')", "no other file"),
        ("COPY labs TO 'out.csv'", "no other file"),
        ("SELECT CAST(patient || 'Yamada' AS INTEGER) FROM labs", "cannot be run\n"),
        ("SELECT * FROM labs WHERE value > 99", "is empty"),
    ],
)
def test_duckdb_refuses_in_words_and_without_values(clinic, query, said):
    with pytest.raises(TableError) as caught:
        read_table(labs(query, file="clinic.duckdb"), clinic)
    assert said in str(caught.value) or "does not exist" in str(caught.value)
    assert "Yamada" not in str(caught.value)
    assert "78123" not in str(caught.value)
    assert sorted(p.name for p in clinic.iterdir()) == ["clinic.duckdb", "secret.csv"]


def test_duckdb_file_that_is_none(tmp_path):
    with pytest.raises(TableError, match="the file does not exist"):
        read_table(labs(file="clinic.duckdb"), tmp_path)
    (tmp_path / "clinic.duckdb").write_text("patient\n78123\n")
    with pytest.raises(TableError, match="not a DuckDB database"):
        read_table(labs(file="clinic.duckdb"), tmp_path)
    with pytest.raises(TableError, match="needs a query"):
        read_table(TableSpec("labs", "clinic.duckdb", **ROLES), tmp_path)
    with pytest.raises(TableError, match="asked of a DuckDB file or of a database"):
        read_table(labs(file="labs.csv"), tmp_path)


# --- PostgreSQL -----------------------------------------------------------------------------------------------


def programs() -> Path:
    """Folder of the server's programs, which Debian keeps out of the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        pytest.skip("no PostgreSQL server is installed")
    return folders[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server on a free loopback port with its data in ``folder``; PostgreSQL refuses to run as root."""
    folder_of, port = programs(), free_port()
    person = {"user": "postgres", "group": "postgres", "extra_groups": ()} if os.geteuid() == 0 else {}
    if person:
        entry = pwd.getpwnam("postgres")
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    making = [folder_of / "initdb", "-D", data, "-U", "reader", "--auth=trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(making, check=True, **quiet, **person)
    settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", f"port={port}"]
    running = [folder_of / "postgres", "-D", data, *(part for s in settings for part in ("-c", s))]
    process = subprocess.Popen(running, **quiet, **person)
    try:
        ready = [folder_of / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, check=False, **quiet).returncode != 0:
            assert process.poll() is None, "the server has stopped"
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.1)
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    from adbc_driver_postgresql import dbapi  # noqa: PLC0415 (only where there is a server)

    folder = Path(tempfile.mkdtemp(prefix="riskset-postgresql-"))
    try:
        with server(folder) as found:
            with dbapi.connect(found) as connection, connection.cursor() as cursor:
                for statement in filter(str.strip, LABS.split(";")):
                    cursor.execute(statement)
                connection.commit()
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
class TestPostgreSQL:
    def test_it_gives_what_the_query_says(self, address, tmp_path):
        spec = labs(database=address)
        table = read_table(spec, tmp_path)
        assert table.frame.rows() == ROWS
        assert table.source == "PostgreSQL, query of 'labs'"
        assert columns_of(spec, tmp_path) == ("patient", "day", "value", "unit")
        assert table.sha256 == read_table(spec, tmp_path).sha256

    @pytest.mark.parametrize(
        ("query", "said"),
        [
            ("SELECT * FROM lbas", 'relation "lbas" does not exist'),
            ("SELECT valeu FROM labs", "valeu"),
            ("SELEC 1", "syntax error"),
            ("DELETE FROM labs", "reading only"),
            ("SELECT CAST(patient || 'Yamada' AS INTEGER) FROM labs", "cannot be run\n"),
            ("SELECT * FROM labs WHERE value > 99", "is empty"),
        ],
    )
    def test_it_refuses_in_words_and_without_values(self, address, tmp_path, query, said):
        with pytest.raises(TableError) as caught:
            read_table(labs(query, database=address), tmp_path)
        assert said in str(caught.value)
        assert "Yamada" not in str(caught.value)
        assert read_table(labs(database=address), tmp_path).frame.height == 3

    def test_a_database_that_is_not_there(self, address, tmp_path):
        with pytest.raises(TableError, match="does not answer, or refuses the login"):
            read_table(labs(database=address.replace("/postgres", "/clinic")), tmp_path)


def test_an_address_with_a_password_is_refused(tmp_path):
    for address in ("postgresql://reader:geheim@localhost/clinic", "postgresql://h/clinic?password=geheim"):
        with pytest.raises(TableError, match="holds a password") as caught:
            read_table(labs(database=address), tmp_path)
        assert "geheim" not in str(caught.value)
    with pytest.raises(TableError, match="this kind of database is not read"):
        read_table(labs(database="mysql://localhost/clinic"), tmp_path)


def test_no_server_at_the_address(tmp_path):
    with pytest.raises(TableError, match="does not answer"):
        read_table(labs(database=f"postgresql://reader@127.0.0.1:{free_port()}/clinic"), tmp_path)


@pytest.mark.parametrize(
    ("library", "extra", "spec"),
    [
        ("duckdb", "duckdb", {"file": "clinic.duckdb", "query": QUERY}),
        ("fastexcel", "excel", {"file": "clinic.xlsx"}),
        (
            "adbc_driver_postgresql",
            "postgresql",
            {"file": "", "query": QUERY, "database": "postgresql://h/d"},
        ),
    ],
)
def test_a_library_that_is_not_installed_is_named_with_its_extra(tmp_path, library, extra, spec):
    (tmp_path / "clinic.xlsx").write_bytes(b"PK\x03\x04")
    # an interpreter of its own, which is told that it has no such library
    code = f"""
import sys
sys.modules[{library!r}] = None
from riskset.tables import TableSpec, read_table
read_table(TableSpec("labs", id="patient", **{spec!r}), ".")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert f"{library}, which is not installed" in done.stderr
    assert f'pip install "riskset[{extra}]"' in done.stderr
