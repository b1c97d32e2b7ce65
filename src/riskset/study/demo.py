"""The worked study without a checkout: simulated tables, the shipped plan, one folder."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from riskset.errors import OutputError
from riskset.simulate import simulate_haemodialysis, write_tables

PLAN = "study.toml"
_TABLES = {"patients", "labs", "prescriptions", "events"}


def shipped_plan() -> str:
    """Text of the worked study's plan: in the wheel beside this module, in a checkout under examples/.

    Examples
    --------
    >>> "calcimimetic" in shipped_plan()
    True
    """
    with as_file(files("riskset")) as package:
        places = (
            package / "study" / "haemodialysis.toml",
            package.parents[1] / "examples" / "haemodialysis" / PLAN,
        )
        for place in places:
            if place.is_file():
                return place.read_text("utf-8")
    raise OutputError("the worked study's plan is not in this installation", remedy="Install riskset again.")


def simulate_tables(
    out: Path,
    *,
    patients: int,
    seed: int | None,
    format: Literal["csv", "parquet"],  # noqa: A002
) -> tuple[str, ...]:
    """Write the simulated tables to a folder and name them.

    Parameters
    ----------
    out : Path
        Folder; tables of an earlier simulation in it are replaced, anything else is refused.
    patients : int
        Patients who remain after eligibility.
    seed : int, optional
        Without it, the shipped cohort.
    format : str
        "csv" or "parquet".
    """
    names: list[str] = []
    _refuse_other_files(out, allowed=lambda p: p.name.split(".")[0] in _TABLES)
    cohort = simulate_haemodialysis(patients) if seed is None else simulate_haemodialysis(patients, seed=seed)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".simulated-", dir=out) as staging:
            write_tables(cohort, Path(staging), format=format)
            for table in sorted(Path(staging).iterdir()):
                table.replace(out / table.name)
                names.append(table.name)
    except OSError as error:
        raise OutputError(
            f"the tables cannot be written ({error.strerror})", where=str(out), remedy="Choose another --out."
        ) from None
    return tuple(names)


def prepare_demo(out: Path) -> Path:
    """Simulate the shipped cohort into ``out/data`` and put the plan beside it.

    Raises
    ------
    OutputError
        If the folder holds other things, or a plan that was changed.
    """
    plan = out / PLAN
    text = shipped_plan()
    if plan.is_file() and plan.read_text("utf-8") != text:
        raise OutputError(
            "holds a plan that was changed; the demo would overwrite it",
            where=str(out),
            remedy=f"Run it with: riskset run {plan}, or choose another --out.",
        )
    _refuse_other_files(out, allowed=lambda p: p.name in {PLAN, "data", "results"})
    simulate_tables(out / "data", patients=399, seed=None, format="csv")
    plan.write_text(text, "utf-8")
    return plan


def _refuse_other_files(folder: Path, allowed: Callable[[Path], bool]) -> None:
    if folder.exists() and not folder.is_dir():
        raise OutputError("is a file, not a folder", where=str(folder), remedy="Choose another --out.")
    if folder.is_dir() and not all(allowed(p) for p in folder.iterdir()):
        raise OutputError(
            "the folder holds other files",
            where=str(folder),
            remedy="Name a new or an empty folder with --out.",
        )
