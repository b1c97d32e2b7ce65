"""What every record of a run is made of: frozen values, what a number rests on, and one number with its interval."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, computed_field, model_validator


class Frozen(BaseModel):
    """A value that refuses unknown fields and never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Basis(Frozen):
    """What a number rests on: rows, persons, events and person-years that entered it."""

    n_persons: int
    n_rows: int
    n_events: int
    person_years: float


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
