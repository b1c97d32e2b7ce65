"""What a run found of a model's assumptions: sizes and tests by term, never a person."""

from __future__ import annotations

from riskset.study.results_values import Estimate, Frozen


class TermDiagnostics(Frozen):
    """One term of a model."""

    term: str  # as in the formula
    label: str
    hazards: (
        Estimate | None
    )  # chi-square that its log hazard ratio does not change with time: "ph_test[term]"
    # largest change of a coefficient of the term when one person leaves, in standard errors: "influence[term]"
    influence: Estimate | None
    form: Estimate | None  # chi-square that it is a straight line, where it is a number: "form_test[term]"
    inflation: Estimate | None  # GVIF^(1/(2 df)), with the terms that share its variables: "inflation[term]"


class OverTime(Frozen):
    """A term's coefficient over time: the smooth of scaled Schoenfeld residuals, and means of groups of events.

    Single residuals are left out: each is of one person's event, and shows the person's covariates.
    """

    term: str
    label: str
    place: tuple[float, ...]  # of the smooth's points on the axis, which is the test's function of time
    estimate: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    constant: float
    groups_place: tuple[float, ...]
    groups_days: tuple[float, ...]
    groups_mean: tuple[float, ...]


class ModelDiagnostics(Frozen):
    """What was found of the primary model of one outcome."""

    outcome: str
    model: str
    terms: tuple[TermDiagnostics, ...]
    hazards: Estimate | None  # all terms together: "ph_test"
    influence: (
        Estimate | None
    )  # joint confidence region that one person's leaving reaches, percent: "influence"
    events_per_parameter: Estimate | None
    sparse: tuple[Estimate, ...]  # events of cells with few: "events_in_cell[term|cell]"
    sparse_labels: tuple[str, ...]  # of these cells
    over_time: tuple[OverTime, ...]
    not_done: tuple[str, ...]  # what could not be looked at, and why
    # labels of what changes within persons, so that no risk under a fixed exposure can be standardised; empty where it could
    changing: tuple[str, ...] = ()
