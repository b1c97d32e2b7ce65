"""Table 1: the characteristics of the cohort at index, overall and by group.

Means and standard deviations, medians and quartiles (type 7), counts and shares, what is missing, and the
standardised mean difference, which unlike a p-value does not grow with the size of the cohort.

References
----------
Austin PC, Stat Med 2009;28:3083-3107 (standardised differences).
Yang D, Dalton JE, SAS Global Forum 2012, paper 335 (several categories, as a Mahalanobis distance).
STROBE 2007, items 14a and 14b (characteristics by exposure; number of participants with missing data).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.errors import CohortError
from riskset.study.results import CharacteristicRow, Count, Summary, Table1

NOT_KNOWN = "not known"
# The standard error of a standardised difference is about sqrt(1/n1 + 1/n2): over 0.3 with ten persons in a group,
# three times the 0.1 that counts as imbalance. Smaller groups are shown and not compared.
FEWEST_COMPARED = 10


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A column of Table 1 with its words."""

    column: str
    label: str
    unit: str | None = None


def describe(
    persons: pl.DataFrame,
    characteristics: Sequence[Characteristic],
    *,
    by: str,
    label: str,
    fewest_compared: int = FEWEST_COMPARED,
) -> Table1:
    """Describe a cohort: one line per number, one or more per category.

    Parameters
    ----------
    persons : polars.DataFrame
        One row per person at index; null is missing.
    characteristics : sequence of Characteristic
        Which columns, in order. Numbers are continuous; Booleans show their "yes" alone; text and Enum show
        each level, an Enum in its own order and with the levels that nobody has.
    by : str
        The grouping column, an Enum. People without a value form a last group.
    label : str
        The grouping in words.
    fewest_compared : int
        Groups of fewer persons are shown, and take no part in the standardised differences.

    Returns
    -------
    Table1

    Raises
    ------
    CohortError
        Where a column is missing.

    Examples
    --------
    >>> import polars as pl
    >>> persons = pl.DataFrame({"age": [60.0, 70.0, 65.0, 75.0] * 5, "use": ["no", "no", "yes", "yes"] * 5},
    ...                        schema_overrides={"use": pl.Enum(["no", "yes"])})
    >>> table = describe(persons, [Characteristic("age", "Age", "years")], by="use", label="Use")
    >>> row = table.rows[0]
    >>> row.overall.median, row.groups[1].mean, round(row.smd, 3)
    (67.5, 70.0, 0.949)
    """
    missing = [name for name in (*(c.column for c in characteristics), by) if name not in persons.columns]
    if missing:
        raise CohortError(f"Table 1 needs the column {missing[0]!r}", where="[baseline]")
    group = persons[by].cast(pl.String)
    masks = [(level, (group == level).fill_null(value=False)) for level in levels_of(persons[by])]
    if group.null_count():
        masks.append((NOT_KNOWN, group.is_null()))
    # people whose group is not known are shown, but they are no group to be compared
    compared = [name != NOT_KNOWN and mask.sum() >= fewest_compared for name, mask in masks]
    rows: list[CharacteristicRow] = []
    for item in characteristics:
        column = persons[item.column]
        split = [column.filter(mask) for _, mask in masks]
        rows.extend(_lines(item, column, split, compared))
    return Table1(
        by=label,
        groups=tuple(Count(label=name, n=int(mask.sum())) for name, mask in masks),
        total=persons.height,
        rows=tuple(rows),
    )


def levels_of(column: pl.Series) -> list[str]:
    """List the levels of a category: an Enum's own order, or sorted text.

    Examples
    --------
    >>> import polars as pl
    >>> levels_of(pl.Series(["b", "a", None, "b"]))
    ['a', 'b']
    """
    if isinstance(column.dtype, pl.Enum):
        return column.dtype.categories.to_list()
    return column.drop_nulls().unique().cast(pl.String).sort().to_list()


def _lines(
    item: Characteristic, column: pl.Series, split: Sequence[pl.Series], which: Sequence[bool]
) -> list[CharacteristicRow]:
    compared = [part for part, chosen in zip(split, which, strict=True) if chosen]
    if column.dtype.is_numeric():
        smd = _largest(_smd_numbers(_floats(a), _floats(b)) for a, b in combinations(compared, 2))
        summaries = [_of_numbers(part) for part in (column, *split)]
        return [_line(item, "continuous", None, summaries, smd)]
    if column.dtype == pl.Boolean:
        words = pl.col("v").replace_strict({True: "yes", False: "no"}, return_dtype=pl.Enum(["no", "yes"]))
        column, *rest = (pl.DataFrame({"v": part}).select(words)["v"] for part in (column, *split))
        split = rest
        shown = ["yes"]
    else:
        shown = levels_of(column)
    levels = levels_of(column)
    compared = [part for part, chosen in zip(split, which, strict=True) if chosen]
    smd = _largest(_smd_shares(a, b, levels) for a, b in combinations(compared, 2))
    lines: list[CharacteristicRow] = []
    for level in shown:
        summaries = [_of_level(part, level) for part in (column, *split)]
        lines.append(_line(item, "category", level, summaries, None if lines else smd))
    return lines


def _line(
    item: Characteristic, kind: str, level: str | None, summaries: Sequence[Summary], smd: float | None
) -> CharacteristicRow:
    return CharacteristicRow.model_validate(
        {
            "variable": item.column,
            "label": item.label,
            "unit": item.unit,
            "kind": kind,
            "level": level,
            "overall": summaries[0],
            "groups": tuple(summaries[1:]),
            "smd": smd,
        }
    )


def _floats(column: pl.Series) -> NDArray[np.float64]:
    return column.drop_nulls().cast(pl.Float64).to_numpy()


def _of_numbers(column: pl.Series) -> Summary:
    x = _floats(column)
    if x.size == 0:
        return Summary(n=0, missing=len(column))
    q1, median, q3 = (float(q) for q in np.quantile(x, [0.25, 0.5, 0.75]))
    return Summary(
        n=x.size,
        missing=len(column) - x.size,
        median=median,
        q1=q1,
        q3=q3,
        mean=float(x.mean()),
        sd=float(x.std(ddof=1)) if x.size > 1 else None,
    )


def _of_level(column: pl.Series, level: str) -> Summary:
    known = column.drop_nulls()
    count = int((known.cast(pl.String) == level).sum())
    return Summary(
        n=len(known),
        missing=len(column) - len(known),
        count=count,
        percent=100 * count / len(known) if len(known) else None,
    )


def _smd_numbers(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """(mean - mean) / sqrt of the average variance, in absolute value (Austin 2009, eq. 1)."""
    if a.size < 2 or b.size < 2:
        return None
    gap = abs(float(a.mean() - b.mean()))
    spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    if spread == 0.0:
        return 0.0 if gap == 0.0 else None  # constant and different: no finite distance
    return gap / spread


def _smd_shares(a: pl.Series, b: pl.Series, levels: Sequence[str]) -> float | None:
    """Mahalanobis distance of the shares of all levels but the first (Yang & Dalton 2012)."""
    shares: list[NDArray[np.float64]] = []
    for part in (a.drop_nulls().cast(pl.String), b.drop_nulls().cast(pl.String)):
        if len(part) == 0:
            return None
        shares.append(np.array([int((part == level).sum()) / len(part) for level in levels]))
    # a level that neither group has carries no information and would make the matrix singular
    used = [k for k in range(len(levels)) if shares[0][k] + shares[1][k] > 0][1:]
    if not used:
        return 0.0
    p, q = shares[0][used], shares[1][used]
    pooled = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    gap = p - q
    if not gap.any():
        return 0.0
    if np.linalg.matrix_rank(pooled) < len(used):
        return None  # groups that share no level: no finite distance
    return float(np.sqrt(gap @ np.linalg.solve(pooled, gap)))


def _largest(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return max(known, default=None)
