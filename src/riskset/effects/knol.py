"""The table that an interaction is reported with: joint cells, effects within strata of each, both scales.

References
----------
Knol, M. J. & VanderWeele, T. J. (2012). Recommendations for presenting analyses of effect modification and
interaction. International Journal of Epidemiology 41, 514-520.
von Elm, E. et al. (2007). The STROBE statement. PLoS Medicine 4, e296 (item 17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from riskset.curves import garwood
from riskset.effects.additive import Additive, Measure
from riskset.effects.profiles import Level, label_of
from riskset.effects.ratios import Ratio
from riskset.units import person_time_divisor

if TYPE_CHECKING:
    from riskset.effects.interaction import Interaction


@dataclass(frozen=True, slots=True)
class RateDifference:
    """Difference of two crude rates, with limits from the exact (Garwood) limits of both (MOVER).

    Attributes
    ----------
    exposure, exposure_reference, modifier, modifier_reference : level
        The cells that are compared, as in `Ratio`.
    estimate, lower, upper : float or None
        Per unit of the fit's time; None where a cell has no person-time.
    """

    exposure: Level
    exposure_reference: Level
    modifier: Level
    modifier_reference: Level
    estimate: float | None
    lower: float | None
    upper: float | None


def rate_differences(
    cells: pl.DataFrame,
    exposure: str,
    modifier: str,
    pairs: list[tuple[Level, Level, Level, Level]],
    level: float,
) -> tuple[RateDifference, ...]:
    """Compare crude rates of cells.

    Parameters
    ----------
    cells : polars.DataFrame
        One row per cell, with events and person_time.
    exposure, modifier : str
    pairs : list of (exposure, its reference, modifier, its reference)
    level : float
    """
    lower, upper = garwood(cells["events"].to_numpy(), cells["person_time"].to_numpy(), level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = cells["events"].to_numpy() / cells["person_time"].to_numpy()
    place = {cell: k for k, cell in enumerate(zip(cells[exposure], cells[modifier], strict=True))}
    found: list[RateDifference] = []
    for e, e_ref, m, m_ref in pairs:
        a, b = place[e, m], place[e_ref, m_ref]
        if not np.isfinite([rate[a], rate[b]]).all():
            found.append(RateDifference(e, e_ref, m, m_ref, None, None, None))
            continue
        difference = float(rate[a] - rate[b])
        down = float(np.hypot(rate[a] - lower[a], upper[b] - rate[b]))
        up = float(np.hypot(upper[a] - rate[a], rate[b] - lower[b]))
        found.append(RateDifference(e, e_ref, m, m_ref, difference, difference - down, difference + up))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Units:
    """How the printed table writes person-time and rates."""

    divisor: float  # of the fit's person-time
    per: float  # person-time of a rate
    label: str

    @classmethod
    def of(cls, time_unit: str | None) -> _Units:
        """Person-years and rates per 100 of them where the unit of time is known."""
        if time_unit is None:
            return cls(1.0, 1.0, "unit of time")
        return cls(person_time_divisor("years") / person_time_divisor(time_unit), 100.0, "100 person-years")


def printed(found: Interaction) -> str:
    """Write an interaction as it can be published: STROBE's and Knol and VanderWeele's presentation."""
    ci = f"{found.level:.0%} CI"
    title = f"Effect modification of {found.exposure} by {found.modifier} (HR: hazard ratio; {ci})"
    lines = [title, _table(found), "Multiplicative scale"]
    lines += [f"  Ratio of HRs, {_compared(found, r)}: {full(r)}" for r in found.ratio]
    if found.joint is not None:
        test = found.joint.likelihood_ratio or found.joint.wald
        kind = "likelihood ratio" if found.joint.likelihood_ratio else "Wald"
        if test is not None:
            lines.append(
                f"  Joint test ({kind}): chi-square {test.chi2:.2f} on {test.df:g} df, p {p_of(test.p)}"
            )
    lines.append("Additive scale")
    for scales, note in ((found.additive, ""), (found.recoded, ", against the named reference")):
        for a in scales:
            lines.append(f"  {_compared(found, a)}{note}: {'; '.join(_measure(m) for m in a.measures)}")
            if a.recoded is not None and not note:
                r = a.recoded
                s = "S not defined" if r.s is None else f"S {r.s:.2f}"
                cell = f"{found.exposure} {label_of(r.exposure)}, {found.modifier} {label_of(r.modifier)}"
                lines.append(f"    against {cell}: RERI {r.reri:.2f}; AP {r.ap:.2f}; {s}. {r.note}")
    lines += _notes(found)
    return "\n".join(lines)


def _notes(found: Interaction) -> list[str]:
    """Say below the table: methods, adjustment, what the data could have shown."""
    methods = sorted(
        {r.method for r in (*found.exposure_in_modifier, *found.ratio) if r.hazard_ratio is not None}
    )
    lines = [f"Limits and p of ratios: {', '.join(methods)}."] if methods else []
    lines.append(f"Adjusted for {', '.join(found.adjustment)}." if found.adjustment else "Not adjusted.")
    for r, chance in zip(found.ratio, found.one_stratum_only, strict=False):
        if r.detectable is not None:
            low, high = r.detectable
            lines.append(f"Detectable with 80% power: a ratio of HRs below {low:.2f} or above {high:.2f}.")
        lines.append(f"By chance: {chance}.")
    lines += [
        f"Bootstrap over persons: {drawn.n} replicates, {drawn.n_empty} with an empty cell (kept), "
        f"{drawn.n_failed} that could not be fitted."
        for drawn in found.resampled
    ]
    reasons = {
        r.reason for r in (*found.exposure_in_modifier, *found.modifier_in_exposure, *found.ratio) if r.reason
    }
    return [*lines, *(f"Note: {text}." for text in (*sorted(reasons), *found.warnings))]


def _table(found: Interaction) -> str:
    """Lay out joint cells, effects within levels of the modifier below, within those of the exposure beside."""
    units = _Units.of(found.time_unit)
    base = found.modifier_base
    columns = [base, *(m for m in found.modifier_levels if m != base)]
    within_exposure = {(r.exposure, r.modifier, r.modifier_reference): r for r in found.modifier_in_exposure}
    others = [m for m in columns[1:] if (found.exposure_levels[0], m, base) in within_exposure]
    blank = [""] * len(others)
    lines = [
        [
            "",
            *(f"{found.modifier}: {label_of(m)}" for m in columns),
            *(f"HR, {label_of(m)} against {label_of(base)}" for m in others),
        ]
    ]
    shown = found.cells.select(found.exposure, found.modifier, "events", "person_time")
    cells = {(e, m): (n, t) for e, m, n, t in shown.iter_rows()}
    against = {(r.exposure, r.modifier): r for r in found.against_reference}
    years = "person-years" if found.time_unit else "person-time"
    for e in found.exposure_levels:
        line = [f"{found.exposure}: {label_of(e)}"]
        for m in columns:
            first = (e, m) == (found.exposure_levels[0], base)
            line.append("1 (reference)" if first else short(against[e, m]))
        lines.append([*line, *(full(within_exposure[e, m, base]) for m in others)])
        if not found.continuous:
            counts = [f"{cells[e, m][0]:,} / {cells[e, m][1] / units.divisor:,.0f}" for m in columns]
            lines.append([f"  events / {years}", *counts, *blank])
    within = {(r.exposure, r.modifier): r for r in found.exposure_in_modifier}
    difference = {
        (d.exposure, d.modifier): d for d in found.rate_differences if d.exposure != d.exposure_reference
    }
    for e in found.exposure_levels[1:]:
        lines.append(
            [
                f"HR, {label_of(e)} against {label_of(found.exposure_levels[0])}",
                *(full(within[e, m]) for m in columns),
                *blank,
            ]
        )
        if not found.continuous:
            per = [_difference(difference.get((e, m)), units) for m in columns]
            lines.append([f"  difference of rates per {units.label}", *per, *blank])
    return aligned(lines)


def _difference(d: RateDifference | None, units: _Units) -> str:
    if d is None or d.estimate is None or d.lower is None or d.upper is None:
        return "no person-time"
    low, middle, high = (f"{v * units.divisor * units.per:+.3g}" for v in (d.lower, d.estimate, d.upper))
    return f"{middle} ({low} to {high})"


def _measure(m: Measure) -> str:
    if m.estimate is None:
        return f"{m.name} not defined ({m.reason})"
    if m.p is None:
        return f"{m.name} {m.estimate:.2f} ({m.reason})"
    return f"{m.name} {m.estimate:.2f} ({limit(m.lower)} to {limit(m.upper)}), p {p_of(m.p)} [{m.method}]"


def _compared(found: Interaction, r: Ratio | Additive) -> str:
    return (
        f"{found.exposure} {label_of(r.exposure)} against {label_of(r.exposure_reference)}, "
        f"{found.modifier} {label_of(r.modifier)} against {label_of(r.modifier_reference)}"
    )


def aligned(lines: list[list[str]]) -> str:
    """Lay rows of cells out in columns, a rule below the first."""
    width = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    out = ["  ".join(cell.ljust(w) for cell, w in zip(line, width, strict=True)).rstrip() for line in lines]
    rule = "-" * max(len(line) for line in out)
    return "\n".join([rule, out[0], rule, *out[1:], rule])


def short(r: Ratio) -> str:
    """Write a ratio with its limits."""
    if r.hazard_ratio is None:
        return "not estimable"
    return f"{r.hazard_ratio:.2f} ({limit(r.lower)} to {limit(r.upper)})"


def full(r: Ratio) -> str:
    """Write a ratio with its limits and p."""
    return short(r) if r.hazard_ratio is None else f"{short(r)}, p {p_of(r.p)}"


def limit(value: float | None) -> str:
    """Write a limit; one that does not exist is endless."""
    if value is None:
        return "?"
    return "inf" if value == np.inf else "-inf" if value == -np.inf else f"{value:.2f}"


def p_of(p: float | None) -> str:
    """Write a p-value: three decimals, or that it is below 0.001.

    Examples
    --------
    >>> p_of(0.0432), p_of(0.00002)
    ('= 0.043', '< 0.001')
    """
    if p is None:
        return "= ?"
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
