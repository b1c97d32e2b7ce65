"""Finished parts of runs, kept by the checksum of what they were made from, so that a run goes on where it stopped.

Kept are aggregates only, the records of :mod:`riskset.study.results`: no person's row. The folder is the user's own
(``RISKSET_CACHE``, else the usual place for caches) and may be removed at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from riskset.study.fingerprint import program
from riskset.study.plan import StudyPlan
from riskset.study.writing import stable_json, write_bytes

T = TypeVar("T", bound=BaseModel)
_DAYS_KEPT = 30
"""Parts that nobody asked for in a month are removed: the next run makes them again."""


@dataclass(frozen=True)
class Store:
    """A folder of finished parts.

    Parameters
    ----------
    folder : Path, optional
        Without one nothing is kept and everything is computed.
    """

    folder: Path | None

    def get(self, kind: type[T], made_of: JsonValue, compute: Callable[[], T]) -> T:
        """Give a part, computed if it was never made from this.

        Parameters
        ----------
        kind : type
            Of the record.
        made_of : JSON value
            Everything that the part depends on besides the program: keys of the plan, checksums of tables.
        compute : callable
            Makes the part.

        Returns
        -------
        record
            The same whether computed or kept.
        """
        if self.folder is None:
            return compute()
        key = hashlib.sha256(stable_json([program(), kind.__qualname__, made_of])).hexdigest()
        path = self.folder / f"{key}.json"
        try:
            held = kind.model_validate_json(path.read_bytes())
            os.utime(path)  # asked for today
        except (OSError, ValidationError):
            held = compute()
            self._keep(path, held)
        return held

    def _keep(self, path: Path, part: BaseModel) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_bytes(path, part.model_dump_json().encode())
        except OSError:  # a full or read-only disk costs time, not the run
            return

    def tidy(self) -> None:
        """Remove what nobody has asked for in a month."""
        if self.folder is None or not self.folder.is_dir():
            return
        oldest = time.time() - _DAYS_KEPT * 86_400
        for path in self.folder.glob("*.json"):
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except OSError:  # another run was quicker
                continue


@dataclass(frozen=True)
class Kept:
    """The finished parts of one plan on its tables.

    Parameters
    ----------
    store : Store
    made_of : mapping, optional
        Keys of the plan and checksums of its tables. Without them nothing is kept: what a part would be made of is
        not known.
    """

    store: Store = Store(None)
    made_of: Mapping[str, JsonValue] | None = None

    def part(self, kind: type[T], name: JsonValue, compute: Callable[[], T]) -> T:
        """Give a part of the run by its name, computed if it is not kept."""
        if self.made_of is None:
            return compute()
        return self.store.get(kind, [dict(self.made_of), name], compute)


_TOLD = ("title", "question", "notice", "sensitivity", "subgroups", "questions")
"""Keys that no estimate of the plan itself depends on."""


def kept_of(store: Store, plan: StudyPlan, inputs: Mapping[str, str]) -> Kept:
    """Say what the parts of a run are made of: the plan without what only tells, and its tables.

    Parameters
    ----------
    store : Store
    plan : StudyPlan
    inputs : mapping
        SHA-256 by table, as they were read.
    """
    if not plan.raw:
        return Kept()
    keys = {k: v for k, v in plan.raw.items() if k not in _TOLD}
    keys["report"] = {"rates": plan.raw.get("report", {}).get("rates")}
    made_of: JsonValue = json.loads(json.dumps({"plan": keys, "inputs": dict(inputs)}, default=str))
    return Kept(store, made_of if isinstance(made_of, dict) else None)


def user_store() -> Store:
    """Give the user's own store; an empty ``RISKSET_CACHE`` turns it off."""
    named = os.environ.get("RISKSET_CACHE")
    if named is not None:
        return Store(Path(named) if named else None)
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return Store(None)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", "") or home / ".cache")
    return Store(base / "riskset")
