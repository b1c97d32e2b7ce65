"""What a row ends with: nothing, or one of several causes or states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.curves.rows import Rows, named_in, read_rows
from riskset.design import to_polars
from riskset.episodes import Episodes
from riskset.errors import DesignError, EpisodeError

_HAPPENS = "__happens__"


@dataclass(frozen=True, eq=False)
class CauseRows:
    """Rows, and what each ends with: 0 for nothing, k for ``names[k - 1]``."""

    rows: Rows
    codes: NDArray[np.intp]
    names: tuple[str, ...]


def status_column(data: object, outcome: str | None) -> str | None:
    """Name the column that tells causes apart in episodes with competing events; None where there is none."""
    if not isinstance(data, Episodes):
        return None
    event = named_in(outcome, None, None)[2] or data.event
    column = f"{event}_status"
    return column if column in data.frame.columns else None


def has_causes(data: object, outcome: str | None) -> bool:
    """Whether the outcome has competing events: episodes that name some, or a column of several causes.

    Examples
    --------
    >>> has_causes({"t": [1, 2, 3], "cause": [0, 1, 2]}, "Surv(t, cause)")
    True
    >>> has_causes({"t": [1, 2, 3], "death": [0, 1, 1]}, "Surv(t, death)")
    False
    >>> has_causes({"t": [1, 2, 3], "status": [1, 2, 2]}, "Surv(t, status)")
    False
    """
    if status_column(data, outcome) is not None:
        return True
    frame = data.frame if isinstance(data, Episodes) else to_polars(data)
    event = named_in(outcome, None, None)[2]
    if event is None or event not in frame.columns:
        return False
    values = frame[event]
    if isinstance(values.dtype, (pl.Enum, pl.Categorical)):
        return True
    if not values.dtype.is_integer() or values.null_count():
        return False
    # 0 for none and two causes or more; a single event coded 1 and 2, as in some R data, is not read as two causes
    low, high = values.min(), values.max()
    return low == 0 and isinstance(high, int) and high > 1 and values.n_unique() > 2


def read_causes(
    data: object,
    outcome: str | None,
    *,
    censored: str | int | None,
    id: str | None,
    entry: str | None,
    exit: str | None,
    also: Sequence[str],
    time_unit: str | None,
) -> CauseRows:
    """Take rows of follow-up with their causes from episodes or a dataframe.

    Parameters
    ----------
    data, outcome, id, entry, exit, time_unit
        As in :func:`riskset.curves.aalen_johansen`.
    censored : str or int or None
        Level that means no event; by default 0, false, or the first level of an Enum.
    also : sequence of str
        Further columns that must exist.

    Raises
    ------
    DesignError
        A column does not exist, or the level that means no event is not known.
    EpisodeError
        A time or a cause is missing.
    """
    column = status_column(data, outcome)
    start, stop, event = named_in(outcome, entry, exit)
    if isinstance(data, Episodes):
        column = column or event or data.event
        id, start, stop = id or data.id, start or data.entry, stop or data.exit
        frame, time_unit = data.frame, data.unit
    else:
        frame, column = to_polars(data), event
    if column is None:
        raise DesignError(
            "a dataframe needs its outcome named", where="outcome", remedy="Give 'Surv(entry, exit, cause)'."
        )
    if column not in frame.columns:
        read_rows(frame, event=column, id=id, entry=start, exit=stop)  # refuses, with the nearest name
    codes, names = codes_of(frame[column], censored)
    frame = frame.with_columns(pl.Series(_HAPPENS, codes > 0))
    rows = read_rows(frame, event=_HAPPENS, id=id, entry=start, exit=stop, also=also, unit=time_unit)
    return CauseRows(replace(rows, frame=frame.drop(_HAPPENS), event_name=column), codes, names)


def codes_of(values: pl.Series, censored: str | int | None) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Code causes as 0 for none, 1 for the first, and so on, in the order of their levels.

    Examples
    --------
    >>> import polars as pl
    >>> codes, names = codes_of(pl.Series("end", ["alive", "relapse", "death"]), "alive")
    >>> codes.tolist(), names
    ([0, 2, 1], ('death', 'relapse'))
    """
    where = values.name
    if values.null_count():
        raise EpisodeError("every row needs its outcome", where=where, n_rows=values.null_count())
    if values.dtype == pl.Boolean:
        return values.to_numpy().astype(np.intp), (where,)
    if values.dtype.is_float():
        if not (values == values.round()).all():
            raise EpisodeError("causes must be whole numbers or words", where=where)
        values = values.cast(pl.Int64)
    levels: list[object]
    if isinstance(values.dtype, pl.Enum):
        levels = values.dtype.categories.to_list()
        none = levels[0] if censored is None else censored
    else:
        values = values.cast(pl.String) if isinstance(values.dtype, pl.Categorical) else values
        levels = values.unique().sort().to_list()
        whole = values.dtype.is_integer()
        none = 0 if censored is None and whole else censored
        if none is None:
            raise DesignError(
                "the level that means no event is not known",
                where=where,
                remedy="Give censored='...', or make it the first level of an Enum.",
            )
        if whole and none == 0 and levels == [0, 1]:
            return values.to_numpy().astype(np.intp), (where,)
    if none not in levels and not (values.dtype.is_integer() and none == 0):
        raise DesignError(f"there is no level {none!r}", where=where, remedy="Give one of its levels.")
    names = [level for level in levels if level != none]
    if not names:
        return np.zeros(values.len(), dtype=np.intp), (where,)
    order = {none: 0} | {name: k + 1 for k, name in enumerate(names)}
    codes = values.replace_strict(list(order), list(order.values()), return_dtype=pl.Int64)
    return codes.to_numpy().astype(np.intp), tuple(str(name) for name in names)
