"""Rows that a flag takes out: laboratory values drawn in hospital, results marked as contaminated."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from riskset.episodes.persons import Selection
from riskset.errors import EpisodeError
from riskset.tables import ROW, Rejects

NEEDS_FLAG = "a flag must say whether the row is used: true or false"
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def without_flagged(selection: Selection, column: str | None) -> tuple[Selection, int]:
    """Take out the rows that a flag excludes, whatever else is wrong with them.

    Parameters
    ----------
    selection : Selection
    column : str or None
        True and false, 1 and 0, or these as text.

    Returns
    -------
    Selection
        Without these rows and their problems. A row without a flag is a reject: nobody knows whether it counts.
    n_excluded : int

    Raises
    ------
    EpisodeError
        If the column holds something else.
    """
    if column is None:
        return selection, 0
    flags = _flags(selection, column)
    frame = selection.frame.filter(~flags.fill_null(value=False))
    known = selection.rejects.frame.join(frame.select(pl.col(ROW).alias("row")), on="row", how="semi")
    rejects = Rejects().extend(known)
    rejects = rejects.add(selection.source, selection.frame[ROW].filter(flags.is_null()), column, NEEDS_FLAG)
    return replace(selection, frame=frame, rejects=rejects), selection.frame.height - frame.height


def _flags(selection: Selection, column: str) -> pl.Series:
    values = selection.frame[column]
    if values.dtype == pl.Boolean:
        return values
    strange = pl.Series([True]).new_from_index(0, values.len())
    if values.dtype.is_integer() or isinstance(values.dtype, pl.String | pl.Null):
        text = values.cast(pl.String).str.strip_chars().str.to_lowercase().replace("", None)
        flags = text.replace_strict(_WORDS, default=None, return_dtype=pl.Boolean)
        strange = flags.is_null() & text.is_not_null()
        if not strange.any():
            return flags
    raise EpisodeError(
        "a flag must be true or false",
        where=f"{selection.source}, column '{column}'",
        rows=selection.frame[ROW].filter(strange).to_list(),
        remedy="Write true and false (or 1 and 0, yes and no) in every row, or select rows by a filter.",
    )
