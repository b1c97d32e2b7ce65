"""An interaction on the additive scale as results, beside the ratios of the same fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from riskset.effects import Additive, Interaction, Measure, OneStratumOnly, Ratio, may_say_differs
from riskset.effects.additive import Method
from riskset.effects.knol import RateDifference
from riskset.study.ids import estimate_id
from riskset.study.rates import Cells, RateUnit
from riskset.study.results_additive import AdditiveResult, Claimed
from riskset.study.results_values import Basis, Estimate
from riskset.units import person_time_divisor

WHAT = {
    "RERI": "relative excess risk due to interaction",
    "AP": "attributable proportion due to interaction",
    "S": "synergy index",
}
METHODS = {
    "delta": "delta method",
    "MOVER": "MOVER",
    "bootstrap": "percentiles over persons drawn with replacement",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What names and words of one model's additive scale need.

    Parameters
    ----------
    outcome, label : str
        Key of the outcome, and its words.
    slug : str
        Of the model.
    cells : Cells
    rate_unit : RateUnit
    basis : Basis
        What the fit rests on.
    """

    outcome: str
    label: str
    slug: str
    cells: Cells
    rate_unit: RateUnit
    basis: Basis


def additive_results(found: Interaction, asked: Asked) -> tuple[AdditiveResult, ...]:
    """Put every pair of an interaction on the additive scale, as results.

    Parameters
    ----------
    found : Interaction
    asked : Asked
    """
    chances = {(c.exposure, c.strata): c for c in found.one_stratum_only}
    return tuple(
        _one(found, a, chances.get((a.exposure, (a.modifier_reference, a.modifier))), asked)
        for a in found.additive
    )


def claimed(found: Interaction) -> Claimed:
    """Decide whether a text may say that the hazard ratio differs."""
    c = may_say_differs(found)
    return Claimed(allowed=c.allowed, p=_finite(c.p), test=c.test, alpha=c.alpha, reason=c.reason)


def _one(found: Interaction, a: Additive, chance: OneStratumOnly | None, asked: Asked) -> AdditiveResult:
    levels = (str(a.exposure), str(a.modifier))
    against = {(r.exposure, r.modifier): r for r in found.against_reference}
    cells = ((a.exposure, a.modifier_reference), (a.exposure_reference, a.modifier), (a.exposure, a.modifier))
    names = ("hr_of_exposure_alone", "hr_of_modifier_alone", "hr_of_both")
    joint = tuple(_ratio(name, levels, against[cell], asked) for name, cell in zip(names, cells, strict=True))
    others = [
        _measure(m, levels, asked, method=i.method)
        for m in a.measures
        for i in m.intervals
        if i.method != m.method
    ]
    # The reference of the modifier is told once, beside its first level.
    first = next(b for b in found.additive if b.exposure == a.exposure).modifier == a.modifier
    shown = {a.modifier, a.modifier_reference} if first else {a.modifier}
    differences = [
        d
        for d in found.rate_differences
        if (d.exposure, d.exposure_reference) == (a.exposure, a.exposure_reference)
    ]
    reri, ap, s = (_measure(m, levels, asked) for m in a.measures)
    return AdditiveResult(
        exposure=levels[0],
        exposure_reference=str(a.exposure_reference),
        modifier=levels[1],
        modifier_reference=str(a.modifier_reference),
        joint=joint,
        reri=reri,
        ap=ap,
        s=s,
        other_intervals=tuple(others),
        recoded=_recoded(a, levels, asked),
        rate_differences=tuple(_difference(d, levels, asked) for d in differences if d.modifier in shown),
        one_stratum_only=None if chance is None else _chance(chance, levels, asked),
    )


def _id(estimand: str, levels: tuple[str, ...], asked: Asked) -> str:
    return estimate_id(asked.outcome, asked.slug, estimand, *levels)


def _where(levels: tuple[str, str], asked: Asked) -> str:
    cells = asked.cells
    return f"{cells.exposure_label} {levels[0]} and {cells.modifier_label} {levels[1]} for {asked.label}"


def _measure(m: Measure, levels: tuple[str, str], asked: Asked, method: Method | None = None) -> Estimate:
    """Turn a measure into an estimate with its headline interval, or with that of another method."""
    used = method or m.method
    i = None if used is None else m.interval(used)
    name = m.name.lower() if method is None else f"{m.name.lower()}_{method.lower()}"
    said = [f"{m.name} is not defined: {m.reason}."] if m.estimate is None else []
    lower, upper, p = (None, None, None) if i is None else (_finite(i.lower), _finite(i.upper), _finite(i.p))
    if i is not None and i.reason:
        said.append(f"{i.reason[0].upper()}{i.reason[1:]}.")
    elif i is not None and (lower is None or upper is None):
        said.append("A limit is endless, because replicates have a cell without an event.")
    return Estimate(
        id=_id(name, levels, asked),
        estimand=f"{WHAT[m.name]} ({m.name}) of {_where(levels, asked)}",
        unit=m.name,
        reference=f"{m.null:g}",
        estimate=_finite(m.estimate),
        lower=lower,
        upper=upper,
        p=p,
        method="not defined" if used is None else METHODS[used],
        basis=asked.basis,
        warnings=tuple(said),
    )


def _ratio(name: str, levels: tuple[str, str], r: Ratio, asked: Asked) -> Estimate:
    words = {
        "hr_of_exposure_alone": f"{asked.cells.exposure_label} {levels[0]} alone",
        "hr_of_modifier_alone": f"{asked.cells.modifier_label} {levels[1]} alone",
        "hr_of_both": f"{asked.cells.exposure_label} {levels[0]} with {asked.cells.modifier_label} {levels[1]}",
    }
    return Estimate(
        id=_id(name, levels, asked),
        estimand=f"hazard ratio of {words[name]}, against neither, for {asked.label}",
        unit="hazard ratio",
        reference="neither",
        estimate=_finite(r.hazard_ratio),
        lower=None if r.lower == 0 else _finite(r.lower),
        upper=_finite(r.upper),
        p=_finite(r.p),
        method=r.method,
        basis=asked.basis,
        warnings=(f"{r.reason[0].upper()}{r.reason[1:]}.",) if r.reason else (),
    )


def _recoded(a: Additive, levels: tuple[str, str], asked: Asked) -> tuple[Estimate, ...]:
    if a.recoded is None:
        return ()
    r = a.recoded
    reference = f"{asked.cells.exposure_label} {r.exposure}, {asked.cells.modifier_label} {r.modifier}"
    return tuple(
        Estimate(
            id=_id(f"{name.lower()}_recoded", levels, asked),
            estimand=f"{WHAT[name]} ({name}) against {reference}, for {asked.label}",
            unit=name,
            reference=reference,
            estimate=_finite(value),
            method="reference chosen by the data: a description without limits",
            basis=asked.basis,
            warnings=(r.note,),
        )
        for name, value in (("RERI", r.reri), ("AP", r.ap), ("S", r.s))
    )


def _difference(d: RateDifference, levels: tuple[str, str], asked: Asked) -> Estimate:
    scale = person_time_divisor(asked.rate_unit.unit) * asked.rate_unit.per  # rates of a fit are per day
    values = [None if v is None else v * scale for v in (d.estimate, d.lower, d.upper)]
    cells = asked.cells
    return Estimate(
        id=_id("rate_difference", (levels[0], str(d.modifier)), asked),
        estimand=f"difference of crude rates, {cells.exposure_label} {d.exposure} less {d.exposure_reference}, "
        f"{cells.modifier_label} {d.modifier}, for {asked.label}",
        unit=str(asked.rate_unit),
        reference=str(d.exposure_reference),
        estimate=values[0],
        lower=values[1],
        upper=values[2],
        method="MOVER from exact Poisson limits (Garwood) of both rates",
        basis=asked.basis,
        warnings=("A cell has no person-time.",) if d.estimate is None else (),
    )


def _chance(c: OneStratumOnly, levels: tuple[str, str], asked: Asked) -> Estimate:
    cells = asked.cells
    return Estimate(
        id=_id("one_stratum_only", levels, asked),
        estimand=f"share of studies like this in which {cells.exposure_label} {levels[0]} has p < {c.alpha:g} in just one of "
        f"{cells.modifier_label} {c.strata[0]} and {c.strata[1]}, if its hazard ratio for {asked.label} is "
        f"{c.pooled_hazard_ratio:.2f} in both",
        unit="% of studies",
        estimate=100 * c.chance,
        method="p1 (1 - p2) + p2 (1 - p1), power of Wald's tests at the inverse-variance mean of both log hazard ratios",
        basis=asked.basis,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
