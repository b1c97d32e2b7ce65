"""Raw tables to files: each under a temporary name first, so that a half-written one never bears the real name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from riskset.errors import OutputError
from riskset.simulate.haemodialysis import SimulatedCohort


def write_tables(
    cohort: SimulatedCohort,
    out: str | Path,
    format: Literal["csv", "parquet"] = "csv",  # noqa: A002 (the word a caller looks for)
) -> tuple[Path, ...]:
    """Write patients, labs, prescriptions and events into the folder `out` and return their paths.

    Dates are ISO (2019-03-07), booleans true and false, a missing value is an empty field.

    Raises
    ------
    OutputError
        When the format is unknown or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from riskset.simulate import simulate_haemodialysis, write_tables
    >>> cohort = simulate_haemodialysis(patients=5, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in write_tables(cohort, folder)]
    ['patients.csv', 'labs.csv', 'prescriptions.csv', 'events.csv']
    """
    if format not in ("csv", "parquet"):
        raise OutputError("the format of tables must be 'csv' or 'parquet'", where="format")
    folder = Path(out)
    paths: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in cohort.tables().items():
            path = folder / f"{name}.{format}"
            unfinished = folder / f".{name}.{os.getpid()}.tmp"
            try:
                if format == "csv":
                    frame.write_csv(unfinished)
                else:
                    frame.write_parquet(unfinished)
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
            paths.append(path)
    except OSError as error:
        raise OutputError(
            "the tables could not be written",
            where=folder.name,
            remedy="Choose a folder that can be written to.",
        ) from error
    return tuple(paths)
