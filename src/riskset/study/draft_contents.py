"""What the tables of measurements, prescriptions and events hold: each string with its rows and persons.

Strings of fewer than five persons could point at somebody: they are counted and never written down.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, cast

import polars as pl

from riskset.errors import UnitError
from riskset.study.draft_files import Column, RawFile
from riskset.study.draft_roles import Events, Lab, Prescriptions
from riskset.tables.matching import FEWEST_PERSONS
from riskset.units import known_analytes, lab_factor

_TIDY_DAYS = (7, 14, 30, 60, 90, 180, 200, 365, 730)


@dataclass(frozen=True)
class Held:
    """A string of a table: an analyte, a drug, a type of event."""

    text: str
    rows: int
    persons: int


@dataclass(frozen=True)
class Contents:
    """Strings of one column, the commonest first, and how many are withheld."""

    column: str
    strings: tuple[Held, ...]
    withheld: int


@dataclass(frozen=True)
class Measured:
    """One analyte and how it is recorded.

    Parameters
    ----------
    text : str
        As the table writes it; of a table with one measurement a column, the column.
    where : str, optional
        The filter that finds it.
    units : tuple of (unit, rows)
        The commonest first; empty where no unit is recorded.
    trouble : str
        Why it cannot be analysed as it is; empty if it can.
    """

    lab: Lab
    value: Column
    text: str
    where: str | None
    rows: int
    persons: int
    median: float
    carry_forward: str
    units: tuple[tuple[str, int], ...] = ()
    analyte: str | None = None
    trouble: str = ""


def literal(value: str) -> str:
    """Write a text as SQL does."""
    return "'" + value.replace("'", "''") + "'"


def name_in_sql(column: str) -> str:
    """Write a column's name as SQL does."""
    return column if column.isidentifier() and column.isascii() else '"' + column.replace('"', '""') + '"'


def contents(file: RawFile, column: Column, id: str) -> Contents:
    """Count the strings of a column.

    Parameters
    ----------
    file : RawFile
    column : Column
    id : str
        Column of persons.
    """
    frame = pl.DataFrame({"text": column.values.cast(pl.String), "id": file.ids(id)}).drop_nulls()
    counts = (
        frame.group_by("text")
        .agg(rows=pl.len(), persons=pl.col("id").n_unique())
        .sort("persons", "rows", "text", descending=[True, True, False])
    )
    shown = counts.filter(pl.col("persons") >= FEWEST_PERSONS)
    held = tuple(Held(str(t), int(r), int(p)) for t, r, p in shown.iter_rows())
    return Contents(column.name, held, counts.height - shown.height)


def drugs_in(table: Prescriptions, id: str) -> Contents:
    """Count the drugs of a table of prescriptions."""
    return contents(table.file, table.drug, id)


def events_in(table: Events, id: str) -> Contents | None:
    """Count the types of event, where a column tells them apart."""
    return None if table.type is None else contents(table.file, table.type, id)


def measured_in(lab: Lab, id: str) -> tuple[list[Measured], int]:
    """Describe every analyte of a table, the one of most persons first, and count those withheld."""
    if lab.analyte is None:
        every = [_measured(lab, value, value.name, None, _rows(lab, value, id)) for value in lab.values]
        return _shown(every, 0)
    names = contents(lab.file, lab.analyte, id)
    value = lab.values[0]
    frame = _rows(lab, value, id)
    parts = frame.partition_by("analyte", as_dict=True)
    number = lab.analyte.values.dtype.is_numeric()
    out: list[Measured] = []
    for held in names.strings:
        column = name_in_sql(lab.analyte.name)
        where = f"{column} = {held.text if number else literal(held.text)}"
        part = parts.get((held.text,))
        if part is not None:
            text = f"{lab.analyte.name} {held.text}" if number else held.text
            out.append(_measured(lab, value, text, where, part))
    return _shown(out, names.withheld)


def _shown(every: list[Measured], withheld: int) -> tuple[list[Measured], int]:
    """Leave out those of too few persons: some rows of an analyte may hold no number."""
    shown = [m for m in every if m.persons >= FEWEST_PERSONS]
    return shown, withheld + len(every) - len(shown)


def _rows(lab: Lab, value: Column, id: str) -> pl.DataFrame:
    none = pl.Series([None], dtype=pl.String).new_from_index(0, lab.file.n_rows)
    frame = pl.DataFrame(
        {
            "id": lab.file.ids(id),
            "time": lab.time.values.cast(pl.Datetime("us")),
            "value": value.values.cast(pl.Float64),
            "unit": none if lab.unit is None else lab.unit.values.cast(pl.String),
            "analyte": none if lab.analyte is None else lab.analyte.values.cast(pl.String),
        }
    )
    return frame.filter(pl.col("value").is_finite(), pl.col("id").is_not_null(), pl.col("time").is_not_null())


def _measured(lab: Lab, value: Column, text: str, where: str | None, rows: pl.DataFrame) -> Measured:
    gaps = rows.sort("id", "time").select(pl.col("time").diff().over("id").dt.total_hours() / 24).to_series()
    typical = cast("float | None", gaps.filter(gaps > 0.5).median())
    units: tuple[tuple[str, int], ...] = ()
    trouble = ""
    analyte = text.casefold() if text.casefold() in known_analytes() else None
    if lab.unit is not None:
        counted = rows["unit"].value_counts(sort=True)
        units = tuple((str(u), int(n)) for u, n in counted.drop_nulls().iter_rows())
        unknown = rows["unit"].null_count()
        if unknown and units:
            where = f"{where} AND {name_in_sql(lab.unit.name)} IS NOT NULL"
        trouble = _unit_trouble(units, analyte)
    return Measured(
        lab,
        value,
        text,
        where,
        rows=rows.height,
        persons=rows["id"].n_unique(),
        median=float(cast("Any", rows["value"].median() or 0.0)),
        carry_forward=_in_force(typical),
        units=units,
        analyte=analyte if len(units) > 1 else None,
        trouble=trouble,
    )


def _in_force(gap: float | None) -> str:
    """Guess how long a value stays in force: three usual gaps between two of them, in a round number of days."""
    wanted = 3 * (30.0 if gap is None else gap)
    return f"{min(_TIDY_DAYS, key=lambda days: abs(log(days / wanted)))} days"


def _unit_trouble(units: tuple[tuple[str, int], ...], analyte: str | None) -> str:
    if not units:
        return "no value has a unit"
    main = units[0][0]
    for unit, rows in units:
        try:
            lab_factor(unit, main, analyte=analyte)
        except UnitError:
            named = unit if rows >= FEWEST_PERSONS else "of a few rows"
            return f"the unit {named} " + (
                "is not known" if unit == main else f"cannot be converted into {main}"
            )
    return ""
