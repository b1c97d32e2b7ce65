"""The one door by which data frames of any library come in."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from riskset.errors import TableError

ROW = "__row__"  # spreadsheet row number: the header is row 1


def as_frame(data: Any, *, where: str = "data") -> pl.DataFrame:
    """Turn a data frame of any library into a polars frame, without touching its values.

    Parameters
    ----------
    data : polars, pandas or Arrow data, or anything with ``__arrow_c_stream__`` or a ``frame`` of its own
    where : str
        Argument name, for the message.

    Returns
    -------
    pl.DataFrame

    Raises
    ------
    TableError
        If it is not tabular data.

    Examples
    --------
    >>> as_frame({"a": [1, 2]}).shape
    (2, 1)
    """
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, dict):
        return pl.DataFrame(data)
    frame = getattr(data, "frame", None)
    if isinstance(frame, pl.DataFrame):
        return frame
    if callable(getattr(data, "__arrow_c_stream__", None)):
        return pl.DataFrame(data)
    try:
        return nw.from_native(data, eager_only=True).to_polars()
    except (TypeError, ImportError):
        raise TableError(
            f"'{type(data).__name__}' is not a table",
            where=where,
            remedy="Give a polars, pandas or Arrow data frame.",
        ) from None


def with_rows(frame: pl.DataFrame, first: int = 2) -> pl.DataFrame:
    """Give rows the numbers of a spreadsheet, unless they have them.

    Parameters
    ----------
    frame : pl.DataFrame
    first : int, default 2
        Number of the first row of data.

    Returns
    -------
    pl.DataFrame
        With a column of row numbers.
    """
    if ROW in frame.columns:
        return frame
    return frame.with_columns((pl.int_range(pl.len(), dtype=pl.Int64) + first).alias(ROW))
