"""The table that an interaction is reported with: joint cells, effects within strata of each, both scales.

References
----------
Knol, M. J. & VanderWeele, T. J. (2012). Recommendations for presenting analyses of effect modification and
interaction. International Journal of Epidemiology 41, 514-520.
von Elm, E. et al. (2007). The STROBE statement. PLoS Medicine 4, e296 (item 17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from riskset.cox.printing import left, wide
from riskset.curves import garwood
from riskset.effects.additive import Additive, Measure
from riskset.effects.profiles import Level, label_of
from riskset.effects.ratios import Ratio
from riskset.units import person_time_divisor

if TYPE_CHECKING:
    from riskset.effects.interaction import Interaction


MANY: Final = 100.0  # from here on a limit tells nothing by its decimals


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
    lines = [f"Effect modification of {found.exposure} by {found.modifier} (HR: hazard ratio, {ci})"]
    lines.append(_table(found))
    first = label_of(found.exposure_levels[0])
    for e in found.exposure_levels[1:]:
        lines.append(f"HR of {found.exposure}, {label_of(e)} against {first}")
        lines += [
            f"  {found.modifier} {label_of(r.modifier)}: {full(r)}"
            for r in found.exposure_in_modifier
            if r.exposure == e
        ]
    lines.append(f"HR of {found.modifier}")
    lines += [
        f"  {found.exposure} {label_of(r.exposure)}, {_sides(r.modifier, r.modifier_reference)}: {full(r)}"
        for r in found.modifier_in_exposure
    ]
    lines.append("Multiplicative scale: ratio of HRs")
    lines += [f"  {_both(r)}: {full(r)}" for r in found.ratio]
    lines += _joint(found)
    lines.append("Additive scale")
    for scales, note in ((found.additive, ""), (found.recoded, ", against the named reference")):
        for a in scales:
            lines += [f"  {_both(a)}{note}", *(f"    {_measure(m)}" for m in a.measures)]
            if not note:
                lines += _recoded(found, a)
    return "\n".join([*lines, *_rates(found), *_notes(found)])


def _table(found: Interaction) -> str:
    """Lay out one line per joint cell: what the fitted rows hold, and its HR against one reference."""
    units = _Units.of(found.time_unit)
    base, e0 = found.modifier_base, found.exposure_levels[0]
    counts = found.cells.select(found.exposure, found.modifier, "events", "person_time").iter_rows()
    held = {(e, m): "" if n is None else f"{n:,} / {t / units.divisor:,.0f}" for e, m, n, t in counts}
    cells = {(r.exposure, r.modifier): short(r) for r in found.against_reference}
    cells[e0, base] = "1"
    years = "person-years" if found.time_unit else "person-time"
    lines = [[found.exposure, found.modifier, f"events / {years}", "HR"]]
    lines += [
        [label_of(e), label_of(m), held[e, m], cells[e, m]]
        for m in (base, *(m for m in found.modifier_levels if m != base))
        for e in found.exposure_levels
    ]
    return aligned([[*line[:2], line[3]] for line in lines] if found.continuous else lines)


def _joint(found: Interaction) -> list[str]:
    if found.joint is None:
        return []
    test = found.joint.likelihood_ratio or found.joint.wald
    kind = "likelihood-ratio test" if found.joint.likelihood_ratio else "Wald's test"
    if test is None:
        return [f"  Joint test: {found.joint.reason}"]
    return [f"  Joint {kind}: chi-square {test.chi2:.2f} on {test.df:g} df, p {p_of(test.p)}"]


def _recoded(found: Interaction, a: Additive) -> list[str]:
    if a.recoded is None:
        return []
    r = a.recoded
    s = "S not defined" if r.s is None else f"S {r.s:.2f}"
    cell = f"{found.exposure} {label_of(r.exposure)}, {found.modifier} {label_of(r.modifier)}"
    return [
        f"    Against {cell}: RERI {r.reri:.2f}, AP {r.ap:.2f}, {s}",
        "      (reference chosen by the data: a description, without limits)",
    ]


def _rates(found: Interaction) -> list[str]:
    """Write the crude differences of rates of the exposure, one line for each level of the modifier."""
    units = _Units.of(found.time_unit)
    lines = [
        f"    {_both(d)}: {_difference(d, units)}"
        for d in found.rate_differences
        if d.exposure != d.exposure_reference
    ]
    return [f"  Difference of crude rates of {found.exposure}, per {units.label}", *lines] if lines else []


def _notes(found: Interaction) -> list[str]:
    """Say below the table: what the data could have shown, methods, adjustment."""
    lines = ["Reading"]
    for r in found.ratio:
        if r.detectable is not None:
            low, high = r.detectable
            lines.append(f"  {_both(r)}: 80% power at < {low:.2f} or > {high:.2f}")
    lines += [f"  {chance}" for chance in found.one_stratum_only]
    lines += [
        f"  Bootstrap over persons: {drawn.n} replicates, {drawn.n_empty} with an empty cell (kept), "
        f"{drawn.n_failed} that could not be fitted"
        for drawn in found.resampled
    ]
    reasons = {
        r.reason for r in (*found.exposure_in_modifier, *found.modifier_in_exposure, *found.ratio) if r.reason
    }
    lines += [f"  {text[0].upper()}{text[1:]}" for text in (*sorted(reasons), *found.warnings)]
    methods = {r.method for r in (*found.exposure_in_modifier, *found.ratio) if r.hazard_ratio is not None}
    lines += [f"Ratios: {method}." for method in sorted(methods)]
    return [*lines, f"Adjusted for {', '.join(found.adjustment)}." if found.adjustment else "Not adjusted."]


def _difference(d: RateDifference, units: _Units) -> str:
    if d.estimate is None or d.lower is None or d.upper is None:
        return "no person-time"
    low, middle, high = (f"{v * units.divisor * units.per:.3g}" for v in (d.lower, d.estimate, d.upper))
    return f"{middle} ({low} to {high})"


def _measure(m: Measure) -> str:
    if m.estimate is None:
        return f"{m.name} not defined: {m.reason}"
    if m.p is None:
        return f"{m.name} {m.estimate:.2f} ({m.reason})"
    return f"{m.name} {m.estimate:.2f} ({limit(m.lower)} to {limit(m.upper)}), p {p_of(m.p)} ({m.method})"


def _both(r: Ratio | Additive | RateDifference) -> str:
    return f"{_sides(r.exposure, r.exposure_reference)}, {_sides(r.modifier, r.modifier_reference)}"


def _sides(level: Level, reference: Level) -> str:
    return label_of(level) if level == reference else f"{label_of(level)} against {label_of(reference)}"


def aligned(lines: list[list[str]]) -> str:
    """Lay rows of cells out in columns, a rule below the first."""
    width = [max(wide(line[k]) for line in lines) for k in range(len(lines[0]))]
    out = ["  ".join(left(cell, w) for cell, w in zip(line, width, strict=True)).rstrip() for line in lines]
    rule = "-" * max(wide(line) for line in out)
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
    if np.isinf(value):
        return "inf" if value > 0 else "-inf"
    return f"{value:.2f}" if abs(value) < MANY else f"{value:,.0f}"


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
