"""The one door by which data frames of any library come in."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from math import isnan
from typing import Any

import narwhals.stable.v2 as nw
import polars as pl

from riskset.errors import DesignError
from riskset.tables.names import nearest as nearest_column


def to_polars(data: Any, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Take a polars, pandas or Arrow table, a mapping of columns, or anything with an Arrow stream.

    Float NaN is a missing value here, as in R and pandas, and becomes null. pandas categories, ordered or
    not, keep the order of their levels as a polars Enum.

    Parameters
    ----------
    data : frame-like
        Episodes, a polars DataFrame or LazyFrame, a pandas DataFrame, an Arrow table, a dict of columns.
    columns : sequence of str, optional
        Columns wanted; all by default.

    Raises
    ------
    DesignError
        If it is none of these, or a column is not there.

    Examples
    --------
    >>> to_polars({"x": [1.0, float("nan")]})["x"].to_list()
    [1.0, None]
    """
    frame = _frame(data)
    if columns is not None:
        for name in columns:
            if name not in frame.columns:
                raise DesignError(
                    f"there is no column {name!r}", where="data", remedy=nearest_column(name, frame.columns)
                )
        frame = frame.select(columns)
    floats = [name for name, dtype in frame.schema.items() if dtype.is_float()]
    # a sum with a NaN is NaN, and found in a tenth of the time; infinities can make one too
    if any(isnan(frame[name].sum()) and frame[name].is_nan().any() for name in floats):
        frame = frame.with_columns(pl.col(floats).fill_nan(None))
    return frame


def nearest(name: str, known: Sequence[str]) -> str:
    """Suggest the known name that is most like ``name``, or list what there is."""
    like = get_close_matches(name, known, n=1)
    return f"Did you mean {like[0]!r}?" if like else f"There are: {', '.join(known)}."


def _frame(data: Any) -> pl.DataFrame:
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, pl.LazyFrame):
        return data.collect()
    if isinstance(data, dict):
        return pl.DataFrame(data)
    if hasattr(data, "__arrow_c_stream__") and not nw.dependencies.is_pandas_dataframe(data):
        return pl.DataFrame(data)
    try:
        native = nw.from_native(data)
    except TypeError:
        native = None
    if isinstance(native, nw.LazyFrame):
        native = native.collect()
    if native is not None:
        return pl.DataFrame([_series(native[name]) for name in native.columns])
    raise DesignError(
        f"cannot read a table from a {type(data).__name__}",
        where="data",
        remedy="Give a polars or pandas DataFrame, an Arrow table, or a dict of columns.",
    )


def _series(column: nw.Series[Any]) -> pl.Series:
    """One column; categories go over as an Enum, because polars' Categorical has no order of its own."""
    if isinstance(column.dtype, nw.Categorical | nw.Enum):
        levels = [str(level) for level in column.cat.get_categories().to_list()]
        values = [None if value is None or value != value else str(value) for value in column.to_list()]  # noqa: PLR0124 (NaN)
        return pl.Series(column.name, values, dtype=pl.Enum(levels))
    return column.to_polars()
