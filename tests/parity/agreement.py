"""What R said, number by number, and whether ours agree: shared by the parity tests, script/parity and docs/parity.md.

`frozen` reads expected/NAME.json into lists and dicts that know their place in the file. `agree` compares an array
with one of them and writes down what was compared, in NOTED and, where RISKSET_PARITY_RECORD names one, in a file. Where
RISKSET_PARITY_EXPECTED names a folder, the numbers in it, from another version of R, take the place of the
frozen ones; what is known to differ between versions (version_differences.json) is then set aside.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
FROZEN = HERE / "expected"
EXPECTED = Path(os.environ.get("RISKSET_PARITY_EXPECTED", FROZEN))
RECORD = os.environ.get("RISKSET_PARITY_RECORD")
AGREEMENT = 1e-8
# Two versions of R, each iterated to 1e-11 of the log likelihood; rms iterates its own figures to less.
AGAIN, AGAIN_RMS = 1e-7, 1e-5


class Table(dict[str, Any]):
    """A JSON object that knows its place in the file of expected numbers."""

    place: tuple[str, ...] = ()


class Values(list[Any]):
    """A JSON array, likewise."""

    place: tuple[str, ...] = ()


class Number(float):
    """A JSON number, likewise."""

    place: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of an array with R's."""

    file: str
    case: str
    what: str
    numbers: int
    difference: float
    tolerance: float
    reason: str
    apart: str = ""  # why it was set aside, if it was


def placed(value: Any, place: tuple[str, ...]) -> Any:
    """Let a JSON value and all in it know their place."""
    if isinstance(value, dict):
        known: Any = Table({k: placed(v, (*place, k)) for k, v in value.items()})
    elif isinstance(value, list):
        known = Values(placed(v, (*place, str(k))) for k, v in enumerate(value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if isinstance(value, int):
            return value  # counts stay counts; those that are compared with a tolerance stand in arrays
        known = Number(value)
    else:
        return value
    known.place = place
    return known


@cache
def frozen(name: str) -> Any:
    """Read what R said: expected/NAME.json."""
    said = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    if EXPECTED != FROZEN:  # cases that an older version cannot answer are there, to be set aside by `agree`
        said = json.loads((FROZEN / f"{name}.json").read_text(encoding="utf-8")) | said
    return placed(said, (name,))


def difference(ours: Any, theirs: Any) -> tuple[int, float]:
    """Return how many numbers are compared, and the largest |a - b| / max |b| of the array.

    Missing values must be missing in both, infinite ones the same in both; else the difference is infinite.
    """
    a, b = numbers(ours), numbers(theirs)
    assert a.shape == b.shape, f"{a.shape} here, {b.shape} in R"
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return a.size, np.inf
    size = np.abs(b[finite]).max(initial=0.0)
    apart = np.abs(a[finite] - b[finite]).max(initial=0.0)
    return a.size, float(apart / size) if size > 0 else (0.0 if apart == 0 else np.inf)


def numbers(values: Any) -> np.ndarray:
    """R writes NA as null, and NaN, Inf and -Inf as text."""
    array = np.asarray(values, dtype=object)
    special = {None: np.nan, "NA": np.nan, "NaN": np.nan, "Inf": np.inf, "-Inf": -np.inf}
    flat = [special[v] if v is None or isinstance(v, str) else float(v) for v in array.ravel()]
    return np.array(flat, dtype=float).reshape(array.shape)


def agree(ours: Any, theirs: Any, tolerance: float = AGREEMENT, reason: str = "", *, of: Any = None) -> None:
    """Assert that |a - b| <= tolerance x the largest |b| of the array; a wider tolerance has its reason.

    ``of`` is the frozen value whose place is recorded where ``theirs`` was derived from it.
    """
    assert tolerance <= AGREEMENT or reason, "a wider tolerance needs its reason"
    place: tuple[str, ...] = getattr(theirs if of is None else of, "place", ())
    if apart := differs_between_versions(place):
        note(Compared(*titled(place), np.size(ours), np.nan, tolerance, reason, apart))
        return
    count, worst = difference(ours, theirs)
    note(Compared(*titled(place), count, worst, tolerance, reason))
    assert worst <= tolerance, f"{'/'.join(place)}: {worst:.1e} of the largest value, allowed {tolerance:.0e}"


NOTED: list[Compared] = []


def note(compared: Compared) -> None:
    """Write a comparison down for the page."""
    if compared.file:
        NOTED.append(compared)
    if RECORD and compared.file:
        with Path(RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(asdict(compared)) + "\n")


def titled(place: tuple[str, ...]) -> tuple[str, str, str]:
    """File, case and quantity of a place; positions in arrays are left out."""
    file, case, *inner = (*place, "", "")[: max(len(place), 2)]
    return file, case, " ".join(part for part in inner if part and not part.isdigit())


@cache
def version_differences() -> list[dict[str, str]]:
    """Read what versions of R's packages are known to differ in: place, package, since and why."""
    return json.loads((HERE / "version_differences.json").read_text(encoding="utf-8"))


@cache
def versions_of(folder: Path, name: str) -> dict[str, str]:
    """Return the versions behind a file of expected numbers."""
    said = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return said.get("versions", {}) if isinstance(said, dict) else {}


def differs_between_versions(place: tuple[str, ...], folder: Path = EXPECTED) -> str:
    """Say why the numbers of a folder differ at this place from those of newer versions, if they are known to."""
    path = "/".join(place)
    for known in version_differences():
        if re.match(known["place"], path):
            found = versions_of(folder, place[0]).get(known["package"], "")
            if found and release(found) < release(known["since"]):
                return known["why"]
    return ""


def release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def said_again(name: str, folder: Path) -> Iterator[Compared]:
    """Compare the frozen numbers of a file with those that R wrote anew into a folder, array by array."""
    before, now = (
        placed(json.loads((f / f"{name}.json").read_text(encoding="utf-8")), (name,))
        for f in (FROZEN, folder)
    )
    yield from _again(now, before, (name,), folder)


def _again(now: Any, before: Any, place: tuple[str, ...], folder: Path) -> Iterator[Compared]:
    if place[1:2] == ("versions",):
        return
    if apart := differs_between_versions(place, folder):
        yield Compared(*titled(place), np.size(before), np.nan, AGAIN, "", apart)
        return
    nested = isinstance(before, list) and any(isinstance(v, dict) for v in before)
    if isinstance(before, dict) or nested:
        assert type(now) is type(before), "/".join(place)
        pairs = before.items() if isinstance(before, dict) else enumerate(before)
        if isinstance(before, dict):
            missing = [
                k for k in before.keys() ^ now.keys() if not differs_between_versions((*place, k), folder)
            ]
            assert not missing, f"{'/'.join(place)}: {missing}"
        else:
            assert len(now) == len(before), "/".join(place)
        for key, value in pairs:
            there = key in now if isinstance(now, dict) else True
            yield from _again(now[key] if there else None, value, (*place, str(key)), folder)
        return
    try:
        numbers(before)
    except (KeyError, TypeError, ValueError):  # words
        worst, size = (0.0 if now == before else np.inf), np.size(np.asarray(before, dtype=object))
    else:
        size, worst = difference(now, before)
    allowed, why = (AGAIN_RMS, "rms iterates to less") if "rms" in place[-1] else (AGAIN, "")
    yield Compared(*titled(place), size, worst, allowed, why)
