"""A forest plot of any table of estimates: one row each, headings where the group changes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from matplotlib.figure import Figure

from riskset.design import to_polars
from riskset.errors import DesignError
from riskset.plots.forest import ForestRow, Scale, forest_figure
from riskset.plots.style import DOUBLE_COLUMN

MOST = 99_999.0
"""Larger numbers are written as larger than this."""


def forest(
    data: Any,
    *,
    label: str = "label",
    estimate: str = "estimate",
    lower: str = "lower",
    upper: str = "upper",
    group: str | None = None,
    weight: str | None = None,
    columns: Sequence[str] = (),
    scale: Scale = "log",
    decimals: int = 2,
    label_header: str = "",
    text_header: str = "",
    x_label: str = "",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw any set of estimates with their intervals.

    Parameters
    ----------
    data : frame-like or sequence of mappings
        One row for each estimate, from top to bottom; a table of `CoxFit.summary`, `Contrasts.frame`, or your own.
    label, estimate, lower, upper : str
        Its columns. An estimate without limits that is 1 (0 on a linear axis) is drawn as the reference; a missing
        one is written as "not estimable".
    group : str, optional
        Column of headings: one is set wherever it changes.
    weight : str, optional
        Column of weights, drawn as the area of the square.
    columns : sequence of str
        Further columns to print, e.g. events; their names are the headers.
    scale : {"log", "linear"}
        Ratios on a log axis, or differences on a linear one.
    decimals : int
        Of the estimates in words.
    label_header, text_header, x_label : str
        Headers, and the name of the axis; by default those of hazard ratios on a log axis.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DesignError
        A column is not there, a label is missing, or a ratio is not above 0.

    Examples
    --------
    >>> rows = [{"model": "Model 1", "who": "naive", "hr": 2.2, "low": 1.3, "high": 3.7},
    ...         {"model": "Model 2", "who": "naive", "hr": 2.0, "low": 1.1, "high": 3.6}]
    >>> figure = forest(rows, label="who", estimate="hr", lower="low", upper="high", group="model")
    >>> [t.get_text() for t in figure.texts if "(" in t.get_text()]
    ['HR (95% CI)', '2.20 (1.30 to 3.70)', '2.00 (1.10 to 3.60)']
    """
    if isinstance(data, Sequence) and not isinstance(data, str):
        given: list[dict[str, Any]] = [dict(row) for row in data]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] (checked below, as a frame)
        data = {name: [row.get(name) for row in given] for name in dict.fromkeys(k for r in given for k in r)}
    wanted = [label, estimate, lower, upper, *columns, *(c for c in (group, weight) if c is not None)]
    frame = to_polars(data, list(dict.fromkeys(wanted)))
    null = 1.0 if scale == "log" else 0.0
    rows: list[ForestRow] = []
    heading: object = None
    for line in frame.iter_rows(named=True):
        if line[label] is None:
            raise DesignError("a label is missing", where=label)
        if group is not None and line[group] != heading:
            heading = line[group]
            rows.append(ForestRow(str(heading), heading=True))
        value, low, high = line[estimate], line[lower], line[upper]
        if scale == "log" and value is not None and value <= 0:
            raise DesignError(
                "a ratio is not above 0", where=estimate, remedy="Draw differences with scale='linear'."
            )
        cells = tuple("" if line[c] is None else _cell(line[c]) for c in columns)
        name, share = str(line[label]), None if weight is None else line[weight]
        if value == null and low is None and high is None:
            rows.append(ForestRow(name, cells=cells, text=f"{null:g} (reference)", reference=True))
        elif value is None or not isfinite(value) or low is None or high is None:
            rows.append(ForestRow(name, cells=cells, text="not estimable"))
        else:
            text = _words(value, low, high, decimals)
            rows.append(ForestRow(name, value, low, high, cells=cells, text=text, weight=share))
    if not rows:
        raise DesignError("there is no estimate to draw", where="data")
    ratio = scale == "log"
    return forest_figure(
        rows,
        columns=columns,
        label_header=label_header,
        text_header=text_header or ("HR (95% CI)" if ratio else "Estimate (95% CI)"),
        x_label=x_label or ("Hazard ratio" if ratio else "Difference"),
        scale=scale,
        width=width,
    )


def _words(value: float, low: float, high: float, decimals: int) -> str:
    return f"{_number(value, decimals)} ({_number(low, decimals)} to {_number(high, decimals)})"


def _number(value: float, decimals: int) -> str:
    if not isfinite(value):
        return "∞" if value > 0 else "−∞"
    if abs(value) > MOST:  # of an estimate that ran off the digits say nothing
        return f"{'>' if value > 0 else '<'} {_number(MOST if value > 0 else -MOST, 0)}"
    text = f"{value:,.{decimals}f}"
    return f"−{text[1:]}" if text.startswith("-") and float(text.replace(",", "")) else text.lstrip("-")


def _cell(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:g}" if isinstance(value, float) else str(value)
