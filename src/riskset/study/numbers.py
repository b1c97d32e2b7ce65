"""The numbers of a finished run, by name: what ``riskset show`` and ``riskset compare`` read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from riskset.errors import OutputError
from riskset.study.output import MANIFEST
from riskset.study.results import Counted, Estimate, Printed, Results

RESULTS = "results.json"
Number = Counted | Estimate | Printed
"""A number with a name."""


@dataclass(frozen=True)
class FinishedRun:
    """A run as its folder holds it.

    Parameters
    ----------
    folder : Path
        Where it stands.
    results : Results
        What it found.
    manifest : mapping
        What it was made of: checksums of plan and tables, versions, seed.
    """

    folder: Path
    results: Results
    manifest: Mapping[str, Any]

    @property
    def numbers(self) -> dict[str, Number]:
        """Every number by its name, in the order of the report."""
        return {n.id: n for n in numbers_of(self.results)}


def numbers_of(value: object) -> Iterator[Number]:
    """Walk through a record of results and give every number in it.

    Parameters
    ----------
    value : object
        ``Results`` or any part of it.

    Yields
    ------
    Counted, Estimate or Printed
    """
    if isinstance(value, (Counted, Estimate, Printed)):
        yield value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from numbers_of(getattr(value, field))
    elif isinstance(value, Mapping):
        for item in cast("Mapping[str, object]", value).values():
            yield from numbers_of(item)
    elif isinstance(value, (tuple, list)):
        for item in cast("Iterable[object]", value):
            yield from numbers_of(item)


def read_run(folder: Path) -> FinishedRun:
    """Read a run's folder.

    Parameters
    ----------
    folder : Path
        With ``results.json`` and ``manifest.json``, as ``riskset run`` writes them.

    Returns
    -------
    FinishedRun

    Raises
    ------
    OutputError
        If it is no such folder, or was written by a version that this one cannot read.
    """
    try:
        manifest: Any = json.loads((folder / MANIFEST).read_bytes())
        data = (folder / RESULTS).read_bytes()
    except (OSError, ValueError):
        raise OutputError(
            "holds no results of riskset",
            where=str(folder),
            remedy="Name a folder that riskset run has written.",
        ) from None
    try:
        return FinishedRun(folder, Results.model_validate_json(data), manifest)
    except ValidationError:
        version = cast("Mapping[str, Any]", manifest).get("riskset", "another version")
        raise OutputError(
            f"the results were written by riskset {version} and cannot be read by this version",
            where=str(folder / RESULTS),
            remedy="Run the study again.",
        ) from None


def latest_run(here: Path) -> Path:
    """Find the folder of the latest run: ``here`` itself, or the newest of the folders in it.

    Raises
    ------
    OutputError
        If there is none.
    """
    places = [here, *sorted(p for p in here.iterdir() if p.is_dir() and not p.name.startswith("."))]
    places += [p / "results" for p in places[1:]]  # riskset demo keeps data, plan and results together
    runs = [p for p in places if (p / RESULTS).is_file() and (p / MANIFEST).is_file()]
    if not runs:
        raise OutputError(
            "no run is found here",
            where=str(here),
            remedy="Name its folder with --in, or run a study first: riskset run study.toml.",
        )
    return max(runs, key=lambda p: (p / RESULTS).stat().st_mtime_ns)


def matching(names: Iterable[str], asked: str) -> list[str]:
    """Choose the names that are meant: the very name, a pattern with ``*``, or all that hold every word.

    Parameters
    ----------
    names : iterable of str
    asked : str

    Returns
    -------
    list of str
        In the order given; empty if nothing fits.

    Examples
    --------
    >>> names = ["death/model-1/ratio_of_hr[low|user]", "death/model-2/ratio_of_hr[low|user]", "death/rates/rate"]
    >>> matching(names, "death/rates/rate")
    ['death/rates/rate']
    >>> matching(names, "model-2 ratio")
    ['death/model-2/ratio_of_hr[low|user]']
    >>> matching(names, "death/*/ratio_of_hr*")[0]
    'death/model-1/ratio_of_hr[low|user]'
    """
    held = list(names)
    if asked in held:
        return [asked]
    if "*" in asked:
        # brackets are part of the names here, not of the pattern
        pattern = asked.replace("[", "[[]").casefold()
        return [n for n in held if fnmatchcase(n.casefold(), pattern)]
    words = asked.casefold().split()
    return [n for n in held if words and all(w in n.casefold() for w in words)]


def nearest_names(names: Iterable[str], asked: str) -> list[str]:
    """Name what a mistyped name may have meant."""
    return get_close_matches(asked, list(names), n=3, cutoff=0.5)
