"""Hide small cells of a table, and enough others that no hidden one follows from a margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.errors import DesignError

SMALL, COMPLEMENTARY = "small", "complementary"


def suppress_small(
    table: pl.DataFrame, by: Sequence[str], least: int, counts: Sequence[str] = ("persons", "events")
) -> pl.DataFrame:
    """Hide every line with a count from 1 to ``least`` - 1, and others so that totals do not give it away.

    A single hidden line of a total, or of a margin over one of the ``by`` columns, could be found by subtraction.
    So wherever a margin has exactly one hidden line, its line of the fewest events that is not hidden is hidden
    too, until no margin has one.

    Parameters
    ----------
    table : polars.DataFrame
        One line per combination of the ``by`` columns, with counts and what follows from them.
    by : sequence of str
        Grouping columns, shown as they are.
    least : int
        The smallest count, other than 0, that may be shown.
    counts : sequence of str
        Columns of counts.

    Returns
    -------
    polars.DataFrame
        The table with hidden values null and a column ``suppressed``: "small", "complementary" or null.

    Examples
    --------
    >>> import polars as pl
    >>> t = pl.DataFrame({"use": ["a", "b", "c"], "persons": [9, 30, 40], "events": [2, 8, 12]})
    >>> suppress_small(t, ["use"], 5)["suppressed"].to_list()
    ['small', 'complementary', None]
    """
    if least < 2:
        raise DesignError("the smallest count that may be shown is 2 or more", where="suppress")
    n = table.height
    hidden = np.zeros(n, dtype=np.bool_)
    for column in counts:
        value = table[column].cast(pl.Float64).to_numpy()
        hidden |= (value > 0) & (value < least)
    small = hidden.copy()
    size = table[counts[-1]].cast(pl.Float64).to_numpy() + 1e-9 * table[counts[0]].cast(pl.Float64).to_numpy()
    margins = _margins(table, by)
    changed = True
    while changed:
        changed = False
        for lines in margins:
            open_ = lines[~hidden[lines]]
            if lines.size - open_.size == 1 and open_.size:
                filled = open_[size[open_] > 0]
                chosen = filled if filled.size else open_
                hidden[chosen[np.argmin(size[chosen])]] = True
                changed = True
    shown = pl.Series(~hidden)
    values = [c for c in table.columns if c not in by]
    mark = [SMALL if s else COMPLEMENTARY if h else None for s, h in zip(small, hidden, strict=True)]
    return table.with_columns(pl.when(shown).then(pl.col(c)).alias(c) for c in values).with_columns(
        pl.Series("suppressed", mark, dtype=pl.String)
    )


def _margins(table: pl.DataFrame, by: Sequence[str]) -> list[NDArray[np.intp]]:
    """Lines of each margin: all lines, and those that share all but one of the columns."""
    lines = [np.arange(table.height)]
    if len(by) > 1:
        numbered = table.select(by).with_row_index("__line__")
        for column in by:
            others = [c for c in by if c != column]
            groups = numbered.group_by(others, maintain_order=True).agg("__line__")["__line__"]
            lines += [np.array(g, dtype=np.intp) for g in groups.to_list()]
    return lines
