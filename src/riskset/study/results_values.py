"""What every record of a run is made of: frozen values, what a number rests on, and one number with its interval."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, computed_field, model_validator

from riskset.errors import OutputError

MASKED = "masked: a small number of persons or events, or one that would give such a number away"
"""The reason in ``warnings`` where ``report.mask_below`` keeps a number back."""


class Frozen(BaseModel):
    """A value that refuses unknown fields and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def exact(n: int | None) -> int:
    """Give a count of records that are not masked: those of a run before anything is written.

    Examples
    --------
    >>> exact(3)
    3
    """
    if n is None:
        raise OutputError(
            "the count is masked", where="results", remedy="Compute from the run, not from its output."
        )
    return n


class Basis(Frozen):
    """What a number rests on: rows, persons, events and person-years that entered it; None where it is masked."""

    n_persons: int | None
    n_rows: int | None
    n_events: int | None
    person_years: float | None


class Estimate(Frozen):
    """One number with its interval and its origin.

    ``id`` follows one grammar, ``outcome/model/estimand[level|level]``, and is stable over runs, e.g.
    ``fracture/model-3/ratio_of_hr[< 2.4 mg/dL|user]``. A number that is not defined is ``None`` and its
    reason stands in ``warnings``.
    """

    id: str
    estimand: str  # in words: "hazard ratio of Mg < 2.4 mg/dL against >= 2.4 mg/dL among the naive"
    unit: str  # "hazard ratio", "events per 1 person-year", ...
    reference: str | None = None
    estimate: float | None
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95
    p: float | None = None
    method: str  # "Wald, model-based variance"; "profile likelihood and likelihood-ratio test"; "exact Poisson (Garwood)"
    basis: Basis
    warnings: tuple[str, ...] = ()

    @computed_field  # so that results.json says it beside the number
    @property
    def model(self) -> str:
        """The slug of the model that it comes from, or "rates", "survival": the middle of its name."""
        return self.id.split("/", 2)[1] if self.id.count("/") >= 2 else ""

    @model_validator(mode="before")
    @classmethod
    def _reads_its_own_json(cls, data: Any) -> Any:
        """Leave out the model, which follows from the name."""
        if isinstance(data, dict):
            return {k: v for k, v in cast("dict[str, Any]", data).items() if k != "model"}
        return data
