"""Time several ways of doing a thing in rounds, so that a busy moment of the machine hits all of them alike."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

ROUNDS = 5


def rounds(ways: Mapping[str, Callable[[], float]], times: int = ROUNDS) -> dict[str, list[float]]:
    """Return the seconds of each way in each round; every way reports its own time."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(times):
        for name, way in ways.items():
            seconds[name].append(way())
            print(f"  round {number + 1}: {name}: {seconds[name][-1]:.3f} s", file=sys.stderr, flush=True)
    return seconds


def command_seconds(command: list[str]) -> float:
    """Return the wall seconds of a command that must succeed."""
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def tell(title: str, reference: str, seconds: Mapping[str, list[float]], notes: list[str]) -> None:
    """Hand the figures to script/bench, as one line of JSON."""
    print(json.dumps({"title": title, "reference": reference, "seconds": seconds, "notes": notes}))


def tell_rows(title: str, columns: list[str], rows: list[list[str]], notes: list[str]) -> None:
    """Hand a table of anything else to script/bench."""
    print(json.dumps({"title": title, "columns": columns, "rows": rows, "notes": notes}))


def between(seconds: Mapping[str, list[float]], what: str, reference: str) -> str:
    """Return a ratio of two ways, taken within each round: median (least to most)."""
    each = [a / b for a, b in zip(seconds[what], seconds[reference], strict=False)]
    middle = f"{statistics.median(each):.3g}"
    return middle if len(each) == 1 else f"{middle} ({min(each):.3g} to {max(each):.3g})"
