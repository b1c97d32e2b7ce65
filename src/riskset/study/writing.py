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


def data_checksum(inputs: Mapping[str, str]) -> str:
    """Give one checksum for all tables: of their names and checksums, one line each, sorted.

    Examples
    --------
    >>> data_checksum({"a.csv": "1"}) == data_checksum({"a.csv": "2"})
    False
    """
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(inputs.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def results_schema() -> dict[str, JsonValue]:
    """Give the JSON Schema of ``results.json``."""
    schema: dict[str, JsonValue] = Results.model_json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "results.json of riskset"
    schema["description"] = (
        "Everything that a run found. Each number has a name, outcome/model/estimand[level|level], that is unique in "
        "the file and the same in every run of the plan; the report shows these names as data-id."
    )
    return schema


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
