"""The output folder: everything is written beside it under another name and takes its place at the end.

A run that fails or is stopped leaves the previous output whole. A folder that holds anything but an earlier
output is never replaced.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from pydantic import JsonValue

from riskset.errors import OutputError
from riskset.study.results import Results

MANIFEST = "manifest.json"
RESULTS = "results.json"
# what the numbers rest on; the report's own libraries change its looks at most
_LIBRARIES = ("numpy", "polars", "scipy", "formulaic", "pint", "pydantic")


@contextmanager
def staged(out: Path) -> Generator[Path]:
    """Give an empty folder that becomes ``out`` when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    out : Path
        The folder to replace: absent, empty, or an earlier output (it holds a manifest).

    Yields
    ------
    Path
        The folder to write into, beside ``out`` so that the last step is a rename.

    Raises
    ------
    OutputError
        Where ``out`` is a file, holds something else, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     with staged(Path(home) / "out") as folder:
    ...         _ = (folder / "manifest.json").write_text("{}")
    ...     sorted(p.name for p in Path(home).iterdir())
    ['out']
    """
    out = Path(out)
    _refuse_what_is_not_ours(out)
    try:
        # the target first: inside a folder that was removed meanwhile, resolve() could not name it
        target = out.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be made ({error.strerror})", where=str(out), remedy="Choose another."
        ) from None
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp makes it private
        _swap(folder, target)
    except OSError as error:
        raise OutputError(f"the output cannot be written ({error.strerror})", where=str(out)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_what_is_not_ours(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError("is a file, not a folder", where=str(out), remedy="Choose another name.")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise OutputError(
            "the folder holds other files, and an output takes the place of the whole folder",
            where=str(out),
            remedy="Name a new folder, an empty one, or one with an earlier output.",
        )


def _swap(folder: Path, target: Path) -> None:
    if not target.exists():
        folder.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    old.rmdir()
    target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


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
    write_bytes(folder / RESULTS, data)
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
    write_bytes(folder / MANIFEST, stable_json(manifest))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under another name and rename it, so that it is there whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)
