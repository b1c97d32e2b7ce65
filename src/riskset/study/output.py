"""The output folder: everything is written beside it under another name and takes its place at the end.

A run that fails or is stopped leaves the previous output whole. A folder that is not an output is never touched,
and files that somebody laid beside an earlier output stay there.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from riskset.errors import OutputError

MANIFEST = "manifest.json"
# what a run writes; anything else in an output folder is its owner's and stays
OURS = frozenset(
    {MANIFEST, "results.json", "report.html", "report.docx", "tables.xlsx", "figures", "rejects.csv"}
)


@contextmanager
def staged(out: Path) -> Generator[Path]:
    """Give an empty folder that becomes ``out`` when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    out : Path
        The folder to replace: absent, empty, or an earlier output (it holds a manifest of a run).

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
    ...         _ = (folder / "manifest.json").write_text('{"riskset": "1.0"}')
    ...     sorted(p.name for p in Path(home).iterdir())
    ['out']
    """
    out = Path(out)
    _refuse_what_is_not_ours(out)
    folder: Path | None = None
    try:
        try:
            # the target first: inside a folder that was removed meanwhile, resolve() could not name it
            target = out.resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            folder = target.parent / f".{target.name}-{secrets.token_hex(8)}"
            folder.mkdir(
                mode=0o700
            )  # named before it is there, so that Ctrl-C at any moment leaves none behind
        except OSError as error:
            raise OutputError(
                f"the output folder cannot be made ({error.strerror})",
                where=str(out),
                remedy="Choose another.",
            ) from None
        yield folder
        folder.chmod(0o755)  # private until it is whole
        with uninterrupted():
            _swap(folder, target)
    except OSError as error:
        raise OutputError(f"the output cannot be written ({error.strerror})", where=str(out)) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def uninterrupted() -> Generator[None]:
    """Let Ctrl-C pass over the few renames that end a run: between them neither output would be whole."""
    if threading.current_thread() is not threading.main_thread():  # where Python delivers no signals
        yield
        return
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _refuse_what_is_not_ours(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise OutputError("is a file, not a folder", where=str(out), remedy="Choose another name.")
    if out.is_dir() and any(out.iterdir()) and not _is_a_run(out / MANIFEST):
        raise OutputError(
            "the folder holds other files and is no earlier output",
            where=str(out),
            remedy="Name a new folder, an empty one, or one with an earlier output.",
        )


def _is_a_run(manifest: Path) -> bool:
    """Tell a manifest of ours from other programs' files of that common name, whose folder is not ours to replace."""
    try:
        held: Any = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(held, dict) and "riskset" in held


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
    for kept in [p for p in old.iterdir() if p.name not in OURS]:
        kept.rename(target / kept.name)
    shutil.rmtree(old, ignore_errors=True)
