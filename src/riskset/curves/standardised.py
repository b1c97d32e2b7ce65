"""Standardised rates: direct, to a given population; and indirect, against a table of external rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import gammaincinv

from riskset.curves.bands import TimeBands
from riskset.curves.poisson import garwood
from riskset.curves.rates import incidence_rate
from riskset.curves.rows import listed
from riskset.design import to_polars
from riskset.errors import DesignError, EpisodeError
from riskset.units import person_time_divisor


def standardised_rate(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    strata: str | Sequence[str],
    standard: object,
    weight: str = "weight",
    bands: TimeBands | Sequence[TimeBands] = (),
    per: float = 100.0,
    unit: str = "years",
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str = "days",
) -> pl.DataFrame:
    """Directly standardised rate: that of a standard population if it had the groups' rates in every stratum.

    Parameters
    ----------
    data, event, bands, per, unit, id, entry, exit, time_unit
        As in :func:`incidence_rate`.
    by : str or sequence of str, optional
        Grouping columns, one rate for each combination.
    strata : str or sequence of str
        Columns, or names of bands, that the standard is given by.
    standard : dataframe
        The strata and their ``weight``: persons, person-time or shares of the standard population.
    weight : str
        Its column.
    level : float
        Level of the confidence interval, by the gamma method of Fay and Feuer, which holds for few events.

    Returns
    -------
    polars.DataFrame
        The ``by`` columns, events, person_time, crude, rate, std_error, lower, upper.

    Raises
    ------
    DesignError
        A column is not there, or weights are missing or negative.
    EpisodeError
        A group has no person-time in a stratum of the standard, or has some outside all of them: the
        standardised rate does not exist.

    References
    ----------
    Fay & Feuer 1997.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import standardised_rate
    >>> rows = pl.DataFrame({"exit": [100.0, 300.0], "event": [1, 0], "age": ["old", "young"]})
    >>> standard = pl.DataFrame({"age": ["old", "young"], "weight": [1, 1]})
    >>> table = standardised_rate(rows, "event", strata="age", standard=standard, exit="exit", per=1, unit="days")
    >>> table["crude"][0], table["rate"][0]
    (0.0025, 0.005)
    """
    groups, layers = listed(by), listed(strata)
    population = _reference(standard, layers, weight)
    cells = _cells(data, event, groups, layers, bands, unit, id, entry, exit, time_unit)
    rows: list[tuple[object, ...]] = []
    tail = (1.0 - level) / 2.0
    kinds = cells.select(groups).unique(maintain_order=True).rows() if groups else [()]
    for kind in kinds:
        own = cells.filter(*(pl.col(c).eq_missing(v) for c, v in zip(groups, kind, strict=True)))
        joined = population.join(own, on=layers, how="left", nulls_equal=True, maintain_order="left")
        outside = own.join(population, on=layers, how="anti", nulls_equal=True)["person_time"].sum()
        T = joined["person_time"].fill_null(0.0).to_numpy()
        if outside > 0 or (T <= 0).any():
            raise EpisodeError(
                "a group has no person-time in a stratum of the standard, or some outside all of them",
                where=", ".join(layers),
                remedy="Join strata, or leave out what the standard does not hold.",
            )
        d = joined["events"].cast(pl.Float64).to_numpy()
        share = joined[weight].to_numpy()
        w = share / share.sum() / T
        rate, variance, largest = float(w @ d), float(w**2 @ d), float(w.max())
        lower = _gamma(rate, variance, tail)
        upper = _gamma(rate + largest, variance + largest**2, 1.0 - tail)
        figures = np.array([d.sum() / T.sum(), rate, np.sqrt(variance), lower, upper]) * per
        rows.append((*kind, int(d.sum()), float(T.sum()), *figures.tolist()))
    schema = [*groups, "events", "person_time", "crude", "rate", "std_error", "lower", "upper"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def standardised_ratio(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    strata: str | Sequence[str],
    rates: object,
    rate: str = "rate",
    per: float = 1.0,
    unit: str = "years",
    bands: TimeBands | Sequence[TimeBands] = (),
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str = "days",
) -> pl.DataFrame:
    """Events over those expected at external rates: the SMR of deaths, the SIR of diseases (indirect).

    Parameters
    ----------
    data, event, bands, id, entry, exit, time_unit
        As in :func:`incidence_rate`.
    by : str or sequence of str, optional
        Grouping columns, one ratio for each combination. Ratios of groups with different strata are not comparable
        with each other, only each with 1.
    strata : str or sequence of str
        Columns, or names of bands, that the external rates are given by: age, sex, calendar period.
    rates : dataframe
        The strata and the ``rate`` of the reference population, per ``per`` ``unit`` of person-time.
    rate, per, unit : str, float, str
        Its column, and what it counts.
    level : float
        Level of the exact (Garwood) interval; the external rates are taken as known.

    Returns
    -------
    polars.DataFrame
        The ``by`` columns, observed, expected, ratio, lower, upper.

    Raises
    ------
    DesignError
        A column is not there, or a rate is missing or negative.
    EpisodeError
        There is person-time in a stratum for which there is no rate.

    References
    ----------
    Breslow & Day 1987, chapter 2.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import standardised_ratio
    >>> rows = pl.DataFrame({"exit": [100.0, 300.0], "event": [1, 0], "age": ["old", "young"]})
    >>> table = pl.DataFrame({"age": ["old", "young"], "rate": [0.002, 0.001]})
    >>> out = standardised_ratio(rows, "event", strata="age", rates=table, unit="days", exit="exit")
    >>> out["observed"][0], out["expected"][0], out["ratio"][0]
    (1, 0.5, 2.0)
    """
    groups, layers = listed(by), listed(strata)
    external = _reference(rates, layers, rate)
    cells = _cells(data, event, groups, layers, bands, unit, id, entry, exit, time_unit)
    joined = cells.join(
        external.rename({rate: "__rate__"}), on=layers, how="left", nulls_equal=True, maintain_order="left"
    )
    unknown = joined.filter(pl.col("__rate__").is_null() & (pl.col("person_time") > 0)).height
    if unknown:
        raise EpisodeError(
            "there is person-time in strata for which there is no rate",
            where=", ".join(layers),
            n_rows=unknown,
            remedy="Complete the table of rates, or leave that time out.",
        )
    joined = joined.with_columns(expected=pl.col("person_time") * pl.col("__rate__").fill_null(0.0) / per)
    total = (
        joined.group_by(groups, maintain_order=True)
        if groups
        else joined.group_by(pl.lit(1).alias("__all__"))
    ).agg(observed=pl.col("events").sum(), expected=pl.col("expected").sum())
    total = total.select(*groups, "observed", "expected")
    observed, expected = total["observed"].to_numpy(), total["expected"].to_numpy()
    lower, upper = garwood(observed, expected, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, observed / expected, np.nan)
    return total.with_columns(ratio=ratio, lower=lower, upper=upper)


def _cells(
    data: object,
    event: str | None,
    groups: list[str],
    layers: list[str],
    bands: TimeBands | Sequence[TimeBands],
    unit: str,
    id: str | None,
    entry: str | None,
    exit: str | None,
    time_unit: str,
) -> pl.DataFrame:
    scales = [bands] if isinstance(bands, TimeBands) else list(bands)
    banded = {b.name for b in scales}
    if not banded <= {*groups, *layers}:
        raise DesignError("bands are strata or groups", where="bands", remedy="Name them in strata or by.")
    person_time_divisor(unit)
    table = incidence_rate(
        data, event, [c for c in [*groups, *layers] if c not in banded],
        bands=scales, per=1.0, unit=unit, id=id, entry=entry, exit=exit, time_unit=time_unit,
    )  # fmt: skip
    table = table.sort(groups, nulls_last=True, maintain_order=True) if groups else table
    return table.with_columns(_as_text(table, layers))


def _reference(given: object, layers: list[str], column: str) -> pl.DataFrame:
    """Take the standard's table: its strata once each, its figures numbers, zero or more."""
    table = to_polars(given)
    for name in (*layers, column):
        if name not in table.columns:
            raise DesignError(f"the table has no column {name!r}", where=name)
    table = table.select(*layers, pl.col(column).cast(pl.Float64))
    values = table[column]
    if values.null_count() or not values.is_finite().all() or bool((values < 0).any()):
        raise DesignError("weights and rates are numbers, zero or more", where=column)
    if table.select(layers).is_duplicated().any():
        raise DesignError("each stratum stands in the table once", where=", ".join(layers))
    return table.with_columns(_as_text(table, layers))


def _as_text(table: pl.DataFrame, layers: list[str]) -> list[pl.Expr]:
    """Levels as text, so that an Enum of bands meets the names in a table."""
    return [pl.col(c).cast(pl.String) for c in layers if not table[c].dtype.is_numeric()]


def _gamma(mean: float, variance: float, p: float) -> float:
    """Quantile of the gamma distribution with this mean and variance; 0 where both are."""
    if variance == 0.0:
        return 0.0
    return float(gammaincinv(mean**2 / variance, p)) * variance / mean
