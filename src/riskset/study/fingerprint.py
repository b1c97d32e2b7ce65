"""What a run was made of, as checksums: so that one of which nothing has changed need not be made again.

A checksum of the program stands beside those of plan and tables, over riskset's own files and the versions of the
libraries under it: a new version of any of them makes every earlier result a thing to be computed again.
"""

from __future__ import annotations

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, cast

from pydantic import JsonValue

from riskset.study.output import MANIFEST
from riskset.study.plan import StudyPlan
from riskset.study.reading import spec_of, used_tables
from riskset.study.writing import stable_json, write_bytes

_UNDER_IT = (
    "numpy",
    "scipy",
    "polars",
    "pydantic",
    "matplotlib",
    "jinja2",
    "python-docx",
    "xlsxwriter",
    "pint",
)
_OURS = {".py", ".j2", ".css", ".js", ".toml", ".html"}
OUTPUTS, PROGRAM = "outputs_sha256", "program_sha256"


@cache
def program() -> str:
    """Give the checksum of riskset and of what it computes with."""
    digest = hashlib.sha256(f"{platform.python_version()} {platform.machine()}".encode())
    with as_file(files("riskset")) as package:
        for path in sorted(p for p in package.rglob("*") if p.suffix in _OURS):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    for name in _UNDER_IT:
        try:
            digest.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:  # an extra that is not installed
            digest.update(name.encode())
    return digest.hexdigest()


def inputs(plan: StudyPlan) -> dict[str, str] | None:
    """Give the checksums of the plan's tables as they stand now.

    Returns
    -------
    dict, optional
        By file, as a run's manifest has them. None where a table is the answer of a database, which only asking
        can tell, or a file cannot be read.
    """
    out: dict[str, str] = {}
    for name in used_tables(plan):
        spec = spec_of(plan, name)
        if spec.query is not None or spec.database is not None:
            return None
        try:
            out[spec.source] = hashlib.sha256((plan.folder / spec.file).read_bytes()).hexdigest()
        except OSError:
            return None
    return out


def seal(folder: Path) -> None:
    """Add the checksums of all outputs and of the program to a run's manifest: the last step of a run.

    Parameters
    ----------
    folder : Path
        With everything that the run wrote.
    """
    manifest: dict[str, JsonValue] = json.loads((folder / MANIFEST).read_bytes())
    manifest[OUTPUTS] = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != MANIFEST
    }
    manifest[PROGRAM] = program()
    write_bytes(folder / MANIFEST, stable_json(manifest))


def nothing_changed(plan: StudyPlan, out: Path) -> bool:
    """Say whether a folder holds this very run: same plan, tables and program, and every output as it was written.

    Parameters
    ----------
    plan : StudyPlan
    out : Path

    Returns
    -------
    bool
        False whenever that is not certain.
    """
    try:
        manifest = cast("dict[str, Any]", json.loads((out / MANIFEST).read_bytes()))
        if manifest["plan_sha256"] != plan.sha256 or manifest[PROGRAM] != program():
            return False
        for name, digest in cast("dict[str, str]", manifest[OUTPUTS]).items():
            if hashlib.sha256((out / name).read_bytes()).hexdigest() != digest:
                return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return inputs(plan) == manifest.get("inputs_sha256")
