"""What is asked of an interaction: which levels are compared, and refusals that say what to ask instead."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Literal, get_args

from riskset.cox import CoxFit
from riskset.cox.contrasts import normal_deviate
from riskset.effects.additive import Method
from riskset.effects.profiles import (
    Level,
    levels_of,
    require_fixed,
    require_held,
    require_level,
    require_pair,
    require_variable,
)
from riskset.errors import FitError


def require_question(
    fit: CoxFit, exposure: str, modifier: str, at: Mapping[str, object], *, level: float, interval: str
) -> dict[str, object]:
    """Refuse what the model cannot be asked; else return the values at which other variables are held.

    Parameters
    ----------
    fit : CoxFit
    exposure, modifier : str
    at : mapping
        Values of further variables, as the caller writes them.
    level : float
        Confidence level.
    interval : str
        Method of the additive scale's headline.
    """
    normal_deviate(level)  # refuses what is no level
    if interval not in get_args(Method):
        raise FitError(
            f"interval must be one of {', '.join(get_args(Method))}, not {interval!r}", where="interval"
        )
    for variable in (exposure, modifier):
        require_variable(fit, variable)
    if exposure == modifier:
        raise FitError("exposure and modifier are one variable", where="modifier")
    levels_of(fit, modifier)  # refuses a continuous one
    held = require_held(fit, (exposure, modifier), at)
    if not any({exposure, modifier} <= set(t.variables) for t in fit.design.terms):
        raise FitError(
            f"the model holds no interaction of {exposure!r} and {modifier!r}",
            remedy=f"Fit it with {exposure} * {modifier}.",
        )
    require_fixed(fit, (exposure, modifier), held)
    require_fixed(fit, (modifier, exposure), held)
    return held


def pairs_of(
    modifier: str, modifiers: tuple[Level, ...], levels: tuple[Level, Level] | Literal["all"] | None
) -> list[tuple[Level, Level]]:
    """Pairs of modifier levels, the reference of each first."""
    if levels == "all":
        return list(combinations(modifiers, 2))
    if levels is None:
        return [(modifiers[0], m) for m in modifiers[1:]]
    first, second = (require_level(modifier, m, modifiers) for m in require_pair(levels, "levels"))
    if first == second:
        raise FitError("the two levels are the same", where="levels")
    return [(first, second)]


def levels_shown(
    pairs: list[tuple[Level, Level]], modifiers: tuple[Level, ...], base: Level, levels: object
) -> list[tuple[Level, Level]]:
    """Pairs of levels whose hazard ratios within the exposure are shown: all against the base, or every pair."""
    return pairs if levels == "all" else [(base, m) for m in modifiers if m != base]
