"""``results.json`` and ``manifest.json``: the same bytes for the same plan, data and versions."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from riskset.study.results import Results

# what the numbers rest on; the report's own libraries change its looks at most
_LIBRARIES = ("numpy", "polars", "scipy", "pydantic")


def stable_json(value: JsonValue) -> bytes:
    """Write JSON with sorted keys, every digit of a number (the shortest text that reads back) and one newline.

    Examples
    --------
    >>> print(stable_json({"b": 0.1, "a": "é"}).decode(), end="")
    {
     "a": "é",
     "b": 0.1
    }
    """
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def write_results(results: Results, folder: Path, inputs: Mapping[str, str]) -> None:
    """Write ``results.json`` and ``manifest.json``.

    Parameters
    ----------
    results : Results
        What the run found.
    folder : Path
        Where to.
    inputs : mapping
        SHA-256 by file name, as the tables were read.
    """
    data = stable_json(results.model_dump(mode="json"))
    write_bytes(folder / "results.json", data)
    manifest: dict[str, JsonValue] = {
        "riskset": results.riskset,
        "plan_sha256": results.plan_sha256,
        "results_sha256": hashlib.sha256(data).hexdigest(),
        "inputs_sha256": dict(inputs),
        "seed": results.seed,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    write_bytes(folder / "manifest.json", stable_json(manifest))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under another name and rename it, so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
