"""Words that figures set themselves, in English, in one place; what a caller names comes from the caller."""

from __future__ import annotations

from typing import Final

COEFFICIENTS_KEY: Final = (
    "Line and band: smooth of the scaled Schoenfeld residuals, pointwise 95% limits. Dashed: the model's constant. "
    "A term of several columns is shown by its linear predictor, whose constant is 1."
)
FORM_KEY: Final = (
    "Points: observed over expected events (martingale residuals) of groups along the covariate, with exact 95% "
    "limits. Line and band: a spline's departure from the model's straight line, as a hazard ratio, with pointwise "
    "95% limits. At 1 throughout, the straight line fits. An arrow marks limits that leave the axis."
)
INFLUENCE_KEY: Final = (
    "One stroke for each person: the change of the coefficient, in its standard errors, when the person leaves, to "
    "first order. Dotted: half a standard error."
)
AT_RISK: Final = "At risk"
EVENTS: Final = "Events"
OTHER_EVENTS: Final = "Other events"
CENSORED: Final = "Censored"
IN_THE_STATE: Final = "In the state"
CHANGE_OF_COEFFICIENT: Final = "Change of the coefficient, in standard errors"
TIME_AS_IN_THE_TEST: Final = "Time, spaced as in the test"
