"""Tables larger than memory: persons in batches, each with its own rows of every table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from riskset.episodes.batches import limit_bytes
from riskset.episodes.episodes import Episodes
from riskset.episodes.timeline import Timeline
from riskset.errors import EpisodeError, counted
from riskset.tables import nearest

Build = Callable[[pl.DataFrame, dict[str, pl.DataFrame]], Timeline]
COPIES = 4  # of a table while its measures are read: itself, the rows of one measure, their values and what sorts them
TEXT_BYTES = 24  # a string of a table: its place, and a few letters


def episodes_in_batches(
    build: Build,
    persons: pl.DataFrame | pl.LazyFrame,
    tables: Mapping[str, pl.LazyFrame],
    *,
    id: str,
    outcome: str,
    memory_limit: str | float,
    competing: str | Sequence[str] = (),
    since: str | None = None,
    unit: str = "days",
    provenance: bool = False,
) -> Iterator[Episodes]:
    """Build the episodes of tables that need not fit into memory, some persons at a time.

    Parameters
    ----------
    build : callable
        From the persons of a batch and their rows of each table to a ``Timeline``.
    persons : data frame or lazy frame
        One row per person.
    tables : mapping of str to lazy frame
        By name; ``polars.scan_parquet`` reads only what a batch needs where the file is sorted by `id`.
    id : str
        Column of ids, in every table.
    outcome, competing, since, unit, provenance
        As ``Timeline.episodes`` takes them.
    memory_limit : str or float
        "2 GiB": what tables, reading and building of one batch may need, besides persons and the rows handed out.

    Yields
    ------
    Episodes
        Of some persons each, in the order of their ids, with the accounts of these. Rules that look at a whole table
        (do the ids match, which units are there, steps of level) look at the batch; name the unit wanted.

    Raises
    ------
    EpisodeError
        If a table has no such column, or one person's rows alone exceed the limit.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": [1, 2], "entry": 0, "exit": 100})
    >>> labs = pl.LazyFrame({"id": [1, 2, 2], "day": [0, 10, 20], "mg": [2.3, 2.2, 2.1]})
    >>> def build(persons, tables):
    ...     timeline = Timeline(persons, id="id", entry="entry", exit="exit").event("death", at="exit")
    ...     return timeline.measure("mg", tables["labs"], time="day", value="mg")
    >>> batches = episodes_in_batches(build, persons, {"labs": labs}, id="id", outcome="death", memory_limit="1 GiB")
    >>> [len(batch) for batch in batches]
    [4]
    """
    limit = limit_bytes(memory_limit)
    people = persons.lazy().sort(id).collect()
    need = _need(people[id], tables, id)
    for first, last in _batches(need, limit / 2):
        some = people[first:last]
        low, high = some[id].first(), some[id].last()
        own = {
            name: table.filter(pl.col(id).is_between(pl.lit(low), pl.lit(high))).collect()
            for name, table in tables.items()
        }
        timeline = build(some, own)
        del own
        yield from timeline.episode_batches(
            outcome,
            memory_limit=limit / 2,
            competing=competing,
            since=since,
            unit=unit,
            provenance=provenance,
        )


def _need(ids: pl.Series, tables: Mapping[str, pl.LazyFrame], id: str) -> np.ndarray:
    """Bytes that the rows of each person need while they are read."""
    need = np.zeros(ids.len())
    for name, table in tables.items():
        schema = table.collect_schema()
        if id not in schema:
            raise EpisodeError(
                f"the column '{id}' does not exist",
                where=f"table '{name}'",
                remedy=nearest(id, list(schema)),
            )
        rows = table.group_by(id).agg(pl.len().alias("__rows__")).collect(engine="streaming")
        own = ids.alias(id).to_frame().join(rows, on=id, how="left", maintain_order="left")
        need += COPIES * sum(map(_width, schema.values())) * own["__rows__"].fill_null(0).to_numpy()
    return need


def _width(dtype: pl.DataType) -> float:
    """Bytes of one value."""
    if isinstance(dtype, pl.String):
        return TEXT_BYTES
    return pl.Series([None] * 1024, dtype=dtype).estimated_size() / 1024


def _batches(need: np.ndarray, limit: float) -> Iterator[tuple[int, int]]:
    """Divide the persons so that the rows of each part stay below a limit."""
    if need.size and need.max() > limit:
        n = int((need > limit).sum())
        raise EpisodeError(
            f"the rows of {counted(n, 'person')} need more than the memory limit allows",
            where="memory_limit",
            remedy=f"Allow at least {2 * need.max() / 2**20:,.0f} MiB.",
        )
    total = np.cumsum(need)
    first = 0
    while first < need.size:
        used = total[first - 1] if first else 0.0
        last = max(first + 1, int(np.searchsorted(total, used + limit, side="right")))
        yield first, last
        first = last
