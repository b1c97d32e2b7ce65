"""Figures of curves: which lines, which ticks, which numbers under them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from riskset.curves.stays import Stays
from riskset.errors import DesignError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from riskset.curves.aalen_johansen import AalenJohansen
    from riskset.curves.survival_curves import KaplanMeier

# steps between ticks that a reader knows, in any unit of time; the smallest that gives at most six of them
_STEPS = (
    0.05,
    0.1,
    0.2,
    0.25,
    0.5,
    1.0,
    2.0,
    5.0,
    6.0,
    10.0,
    12.0,
    20.0,
    24.0,
    30.0,
    60.0,
    90.0,
    180.0,
    365.25,
)
_TICKS = 6


def ticks_of(last: float, start: float = 0.0) -> list[float]:
    """Ticks from the start in the smallest known step that gives at most six.

    Examples
    --------
    >>> ticks_of(5.2), ticks_of(1022.0)[:3]
    ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 180.0, 360.0])
    """
    span = last - start
    step = next((s for s in _STEPS if span / s < _TICKS), span / (_TICKS - 1))
    return (start + np.arange(0.0, span * (1 + 1e-9), step)).tolist()


def counts_by(stays: Stays, ends: Sequence[int], ticks: Sequence[float]) -> list[float]:
    """Sum the weights of the stays that have ended in one of these ways before each tick.

    Before, as those at risk are counted: with them they make up everybody, where all enter at the beginning.
    """
    chosen = np.isin(stays.ends, ends)
    order = np.argsort(stays.exit[chosen])
    total = np.concatenate([[0.0], np.cumsum(stays.weight[chosen][order])])
    return total[np.searchsorted(stays.exit[chosen][order], ticks, side="left")].tolist()


def plot_survival(
    curves: KaplanMeier, ticks: Sequence[float] | None, x_label: str | None, width: float, *, numbers: bool
) -> Figure:
    """Draw Kaplan–Meier curves; the vertical axis says what kind of curve it is."""
    plots: Any = import_module("riskset.plots")  # matplotlib takes a second to load: only who draws waits
    wanted = ticks_of(max(float(g.time[-1]) for g in curves.groups), curves.start) if ticks is None else ticks
    y_label = {
        "Kaplan-Meier": "Survival (%)",
        "landmark Kaplan-Meier": "Survival from the landmark (%)",
        "Simon-Makuch": "Simon–Makuch survival (%)",
        "reverse Kaplan-Meier": "Still under follow-up (%)",
    }.get(curves.estimator, "NOT 1 – risk (%)")
    lines = [
        plots.SurvivalLine(
            g.label if len(curves.groups) > 1 else "",
            g.time,
            g.survival,
            g.lower,
            g.upper,
            g.at_risk(wanted).tolist(),
            counts_by(g.stays, [1], wanted) if numbers else (),
            (),
            counts_by(g.stays, [0], wanted) if numbers else (),
        )
        for g in curves.groups
    ]
    return plots.survival_figure(
        lines, ticks=wanted, x_label=_time(x_label, curves.unit), y_label=y_label, width=width
    )


def plot_incidence(
    curves: AalenJohansen,
    state: str | None,
    ticks: Sequence[float] | None,
    x_label: str | None,
    width: float,
    *,
    numbers: bool,
) -> Figure:
    """Draw the cumulative incidence of one cause, one line for each group, or of all causes of a single group."""
    plots: Any = import_module("riskset.plots")
    if state is not None and state not in curves.states:
        raise DesignError(f"there is no state {state!r}", remedy=f"States: {', '.join(curves.states)}.")
    last = max(float(g.time[-1]) for g in curves.groups)
    wanted = ticks_of(last, curves.origin) if ticks is None else ticks
    if state is None and len(curves.groups) > 1:
        state = curves.states[1]
    chosen = list(curves.states[1:]) if state is None else [state]
    lines: list[Any] = []
    for g in curves.groups:
        for name in chosen:
            s = curves.states.index(name)
            others = [k + 1 for k in range(1, len(curves.states)) if k != s]
            label = g.label if len(curves.groups) > 1 else name if len(chosen) > 1 else ""
            lines.append(
                plots.SurvivalLine(
                    label,
                    g.time,
                    g.probability[:, s],
                    g.lower[:, s],
                    g.upper[:, s],
                    g.at_risk(wanted).tolist(),
                    counts_by(g.stays, [s + 1], wanted) if numbers else (),
                    counts_by(g.stays, others, wanted) if numbers and len(chosen) == 1 and others else (),
                    counts_by(g.stays, [0], wanted) if numbers else (),
                    0.0,
                )
            )
    y_label = "Cumulative incidence (%)" if state is None else f"Cumulative incidence of {state} (%)"
    return plots.survival_figure(
        lines, ticks=wanted, x_label=_time(x_label, curves.unit), y_label=y_label, width=width
    )


def plot_states(
    curves: AalenJohansen, group: str | None, ticks: Sequence[float] | None, x_label: str | None, width: float
) -> Figure:
    """Draw the probabilities of all states of one group as a stack."""
    plots: Any = import_module("riskset.plots")
    found = [g for g in curves.groups if group is None or g.label == group]
    if not found:
        raise DesignError("there is no such group", where="group")
    if len(found) > 1:
        raise DesignError("a stack shows one group", where="group", remedy="Name one of them.")
    g = found[0]
    wanted = ticks_of(float(g.time[-1]), curves.origin) if ticks is None else ticks
    left = set(g.stays.state.tolist())
    bands = [
        plots.StateBand(
            name, g.probability[:, s], g.at_risk(wanted, s).tolist() if s in left else [], float(g.start[s])
        )
        for s, name in enumerate(curves.states)
    ]
    return plots.states_figure(g.time, bands, ticks=wanted, x_label=_time(x_label, curves.unit), width=width)


def _time(x_label: str | None, unit: str | None) -> str:
    return x_label or ("Time" if unit is None else f"Time ({unit})")
