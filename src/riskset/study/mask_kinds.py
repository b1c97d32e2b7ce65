"""What each number of the results is to a reader who would count persons: one line per field, none forgotten.

``masked`` refuses results with a field that is not named here, so that a new record is masked or stops the run.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from riskset.errors import OutputError
from riskset.study.results import Results

Kind = Literal["count", "of counts", "steps", "free"]
"""A count; a number that gives one back; a step function that does; anything else."""

KINDS: dict[str, Kind] = {
    "AuditLine.n": "count",
    "Basis.n_events": "count",
    "Basis.n_persons": "count",
    "Basis.n_rows": "count",
    "Basis.person_years": "of counts",
    "CharacteristicRow.smd": "of counts",
    "Claimed.alpha": "free",
    "Claimed.p": "free",
    "Coefficient.estimate": "free",
    "Coefficient.std_error": "free",
    "Count.n": "count",
    "Counted.estimate": "free",  # made of the masked records, after them
    "Counted.lower": "free",
    "Counted.of": "free",
    "Counted.percent": "free",
    "Counted.sd": "free",
    "Counted.upper": "free",
    "CurveStratum.band_lower": "free",
    "CurveStratum.band_upper": "free",
    "CurveStratum.critical": "free",
    "CurveStratum.hazard_ratio": "free",
    "CurveStratum.histogram": "free",  # shares of person-time, not of persons
    "CurveStratum.lower": "free",
    "CurveStratum.upper": "free",
    "CurveStratum.x": "free",
    "Estimate.estimate": "of counts",
    "Estimate.level": "free",
    "Estimate.lower": "of counts",
    "Estimate.p": "of counts",
    "Estimate.upper": "of counts",
    "ExposureTrend.cuts": "free",
    "ExposureTrend.medians": "free",
    "ExposureTrend.reference": "free",
    "Flow.included": "count",
    "Flow.screened": "count",
    "FlowStep.n_after": "count",
    "FlowStep.n_before": "count",
    "FlowStep.n_excluded": "count",
    "IncidenceCurve.not_drawn": "count",
    "IncidenceGroup.competing": "steps",
    "IncidenceGroup.incidence": "steps",
    "IncidenceGroup.lower": "steps",
    "IncidenceGroup.time_years": "steps",
    "IncidenceGroup.upper": "steps",
    "IncidenceTick.at_risk": "count",
    "IncidenceTick.censored": "count",
    "IncidenceTick.competing": "count",
    "IncidenceTick.events": "count",
    "IncidenceTick.years": "free",
    "Matched.persons": "count",
    "Matched.rows": "count",
    "Matched.strings_withheld": "count",
    "ModelResult.events_per_parameter": "of counts",
    "ModelResult.loglik": "free",
    "ModelResult.loglik_null": "free",
    "ModelResult.parameters": "free",
    "OutcomeRates.median_follow_up_years": "free",
    "OverTime.constant": "free",
    "OverTime.estimate": "free",
    "OverTime.groups_days": "free",
    "OverTime.groups_mean": "free",
    "OverTime.groups_place": "free",
    "OverTime.lower": "free",
    "OverTime.place": "free",
    "OverTime.upper": "free",
    "Printed.estimate": "free",  # the publication's own
    "Results.masked_below": "free",
    "Results.schema_version": "free",
    "Results.seed": "free",
    "RowsLost.events_lost": "count",
    "RowsLost.events_total": "count",
    "RowsLost.person_years_lost": "free",
    "RowsLost.person_years_total": "free",
    "RowsLost.persons_lost": "count",
    "RowsLost.persons_total": "count",
    "SensitivityVariant.included": "count",
    "SplineCurve.bins": "free",
    "SplineCurve.knots": "free",
    "SplineCurve.reference": "free",
    "SubgroupAnalysis.unknown": "count",
    "SubgroupLevel.included": "count",
    "Subdistribution.n_censored": "count",
    "Subdistribution.n_competing": "count",
    "Summary.count": "count",
    "Summary.mean": "of counts",
    "Summary.median": "of counts",
    "Summary.missing": "count",
    "Summary.n": "count",
    "Summary.percent": "of counts",
    "Summary.q1": "of counts",
    "Summary.q3": "of counts",
    "Summary.sd": "of counts",
    "SurvivalGroup.at_risk": "count",
    "SurvivalGroup.censored": "count",
    "SurvivalGroup.events": "count",
    "SurvivalGroup.lower": "steps",
    "SurvivalGroup.survival": "steps",
    "SurvivalGroup.ticks_years": "free",
    "SurvivalGroup.time_years": "steps",
    "SurvivalGroup.upper": "steps",
    "Table1.total": "count",
}


@cache
def check_kinds(of: type[BaseModel] = Results) -> None:
    """Refuse records with a number that masking does not know.

    Parameters
    ----------
    of : type
        A record; all that it is made of is looked at.

    Raises
    ------
    OutputError
        With the fields.
    """
    unknown = sorted({name for name in numbers_in(of, set()) if name not in KINDS})
    if unknown:
        raise OutputError(
            f"report.mask_below does not know what these numbers tell: {', '.join(unknown)}",
            where="results",
            remedy="Leave report.mask_below out, and publish no small counts, until riskset knows them.",
        )


def numbers_in(record: type[BaseModel], seen: set[type]) -> Iterator[str]:
    """Name the fields of a record, and of those within it, that hold numbers.

    Parameters
    ----------
    record : type
    seen : set
        Records already looked at; added to.
    """
    if record in seen:
        return
    seen.add(record)
    for name, field in record.model_fields.items():
        for kind in _leaves(field.annotation):
            if kind in {int, float}:
                yield f"{record.__name__}.{name}"
            elif isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from numbers_in(kind, seen)


def _leaves(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        yield from (type(value) for value in get_args(annotation))
    elif origin in {Union, types.UnionType, tuple, list, dict}:
        for part in get_args(annotation):
            yield from _leaves(part)
    elif origin is not None:
        yield from _leaves(origin)
    else:
        yield annotation
