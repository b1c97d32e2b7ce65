"""Names for the numbers that are no estimates: who was screened, Table 1, numbers at risk, rows read.

The names follow the grammar of :mod:`riskset.study.ids`. They are made here for ``results.json`` and for the
report alike, so that what a report prints can be found by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import ceil, floor, log10

from riskset.study.counted_audit import counted_audit
from riskset.study.counted_competing import counted_competing
from riskset.study.counted_incidence import counted_incidence
from riskset.study.counted_masked import said_masked
from riskset.study.counted_subgroups import counted_subgroups
from riskset.study.counted_survival import counted_survival
from riskset.study.counted_survival import survival_id as survival_id  # noqa: PLC0414 (sections know it from here)
from riskset.study.counted_trend import counted_trend
from riskset.study.family import counted_family
from riskset.study.ids import estimate_id, slug
from riskset.study.results import (
    CharacteristicRow,
    Counted,
    Flow,
    ModelResult,
    Results,
    RowsLost,
    SplineCurve,
    Summary,
    Table1,
)
from riskset.study.scoped import Scope, as_main
from riskset.study.writing import data_checksum

LEAST_SHOWN = 3
"""Values at which levels stand side by side: each has this many at least."""


def finished(results: Results, inputs: Mapping[str, str]) -> Results:
    """Complete results: what the data are known by, and a name for every number that is no estimate.

    Parameters
    ----------
    results : Results
    inputs : mapping
        SHA-256 by file name.

    Returns
    -------
    Results
    """
    numbers = counted(results) if results.masked_below is None else said_masked(counted(results))
    named = {"counted": tuple(numbers), "data_sha256": data_checksum(inputs)}
    return results.model_copy(update=named)


def counted(results: Results) -> Iterator[Counted]:
    """Name every number of the results that is no estimate.

    Parameters
    ----------
    results : Results

    Yields
    ------
    Counted
        In the order of the report.
    """
    yield from _flow(results.flow)
    for table in results.table1:
        yield from _table1(table)
    yield from _answers(results)
    for curve in results.survival:
        yield from counted_survival(curve)
    for curve in results.incidence:
        yield from counted_incidence(curve)
    yield from counted_competing(results.sensitivity)
    yield from counted_subgroups(results.subgroups)
    yield from counted_family(results)
    for question in results.questions:
        scope = Scope(question.slug)
        yield from (scope.of(number) for number in _answers(as_main(results, question)))
    yield from counted_audit(results.audit)


def _answers(results: Results) -> Iterator[Counted]:
    """Name the numbers of one question."""
    for rates in results.rates:
        yield Counted(
            id=median_id(rates.outcome),
            estimand=f"median follow-up: {rates.label}",
            unit="years",
            estimate=rates.median_follow_up_years,
            method="median over persons",
        )
    for lost in results.rows_lost:
        yield from _lost(lost)
    for model in results.models:
        yield from _model(model)
    for curve in results.curves:
        yield from _curve(curve)
    for trend in results.trends:
        yield from counted_trend(trend)


# --- names -------------------------------------------------------------------------------------------------


def flow_id(what: str, *levels: str | int) -> str:
    """Name a number of the flow of patients.

    Examples
    --------
    >>> flow_id("persons", "screened"), flow_id("excluded", 1, "Adult")
    ('all/flow/persons[screened]', 'all/flow/excluded[1|Adult]')
    """
    return estimate_id("all", "flow", what, *map(str, levels))


def table1_id(what: str, by: str, *levels: str | None) -> str:
    """Name a number of a Table 1; without a group it belongs to all persons.

    Examples
    --------
    >>> table1_id("share", "Use at index", "sex", "male", None)
    'all/table-1/share[Use at index|sex|male]'
    """
    return estimate_id("all", "table-1", what, by, *(v for v in levels if v is not None))


def median_id(outcome: str) -> str:
    """Name an outcome's median follow-up."""
    return estimate_id(outcome, "rates", "median_follow_up")


def model_id(model: ModelResult, what: str, *levels: str) -> str:
    """Name what a model rests on: persons, rows, events, person_years, parameters, ..."""
    return estimate_id(model.outcome, model.slug, what, *levels)


def lost_id(lost: RowsLost, what: str, *levels: str) -> str:
    """Name what the models of an outcome leave out."""
    return estimate_id(lost.outcome, "rows-lost", what, *levels)


def curve_id(curve: SplineCurve, what: str, *levels: str) -> str:
    """Name a setting or a point of a curve."""
    return estimate_id(curve.outcome, f"{slug(curve.model)}-curve", what, *levels)


# --- records -----------------------------------------------------------------------------------------------


def _flow(flow: Flow) -> Iterator[Counted]:
    def persons(name: str, words: str, n: int | None) -> Counted:
        return Counted(id=name, estimand=words, unit="persons", estimate=n)

    yield persons(flow_id("persons", "screened"), f"screened: {flow.screened_label}", flow.screened)
    for k, step in enumerate(flow.steps, 1):
        yield persons(flow_id("excluded", k, step.label), f"excluded: not {step.label}", step.n_excluded)
        yield persons(flow_id("remaining", k, step.label), f"remaining after: {step.label}", step.n_after)
    yield persons(flow_id("persons", "included"), "included", flow.included)
    for k, end in enumerate(flow.ends, 1):
        yield persons(flow_id("ended", k, end.label), f"follow-up ended by: {end.label}", end.n)


def _table1(table: Table1) -> Iterator[Counted]:
    by = table.by
    groups: list[str | None] = [None, *(g.label for g in table.groups)]
    for group, n in zip(groups, (table.total, *(g.n for g in table.groups)), strict=True):
        yield Counted(
            id=table1_id("persons", by, group),
            estimand=f"persons{_among(by, group)}",
            unit="persons",
            estimate=n,
        )
    seen: set[str] = set()
    for line in table.rows:
        for group, summary in zip(groups, (line.overall, *line.groups), strict=True):
            yield _summary(by, line, group, summary)
            if line.variable not in seen:
                yield Counted(
                    id=table1_id("missing", by, line.variable, group),
                    estimand=f"persons without a value of {line.label}{_among(by, group)}",
                    unit="persons",
                    estimate=summary.missing,
                )
        if line.variable not in seen:
            yield Counted(
                id=table1_id("smd", by, line.variable),
                estimand=f"largest standardised mean difference of {line.label} between groups by {by}",
                unit="standard deviations",
                estimate=line.smd,
                method="standardised mean difference",
            )
        seen.add(line.variable)


def _among(by: str, group: str | None) -> str:
    return "" if group is None else f", {by}: {group}"


def _summary(by: str, line: CharacteristicRow, group: str | None, s: Summary) -> Counted:
    among = _among(by, group)
    if line.kind == "category":
        return Counted(
            id=table1_id("share", by, line.variable, line.level or "", group),
            estimand=f"persons with {line.label}: {line.level}{among}",
            unit="persons",
            estimate=s.count,
            of=s.n,
            percent=s.percent,
        )
    mean = s.median is None
    return Counted(
        id=table1_id("quartiles", by, line.variable, group),
        estimand=f"{'mean' if mean else 'median'} of {line.label}{among}",
        unit=line.unit or "",
        estimate=s.mean if mean else s.median,
        lower=s.q1,
        upper=s.q3,
        sd=s.sd,
        of=s.n,
        method="mean and standard deviation" if mean else "median, first and third quartile",
    )


def _lost(lost: RowsLost) -> Iterator[Counted]:
    parts = (
        ("persons", lost.persons_lost, lost.persons_total),
        ("events", lost.events_lost, lost.events_total),
        ("person_years", lost.person_years_lost, lost.person_years_total),
    )
    for what, value, whole in parts:
        unit = what.replace("_", "-")
        yield Counted(
            id=lost_id(lost, what),
            estimand=f"{unit} left out of the models",
            unit=unit,
            estimate=value,
            of=whole,
        )
    for c in lost.by_variable:
        yield Counted(
            id=lost_id(lost, "rows", c.label), estimand=f"rows without {c.label}", unit="rows", estimate=c.n
        )


def _model(model: ModelResult) -> Iterator[Counted]:
    b = model.basis
    numbers = (
        ("persons", "persons", b.n_persons, "counted"),
        ("rows", "rows", b.n_rows, "counted"),
        ("events", "events", b.n_events, "counted"),
        ("person_years", "person-years", b.person_years, "counted"),
        ("parameters", "coefficients", model.parameters, "counted"),
        ("events_per_coefficient", "events per coefficient", model.events_per_parameter, "counted"),
        ("loglik", "log partial likelihood", model.loglik, "Cox model"),
        ("loglik_null", "log partial likelihood without covariates", model.loglik_null, "Cox model"),
    )
    for what, unit, value, method in numbers:
        yield Counted(
            id=model_id(model, what),
            estimand=f"{unit} of {model.model}",
            unit=unit,
            estimate=value,
            method=method,
        )
    for c in model.coefficients:
        words = c.label or c.term
        yield Counted(
            id=model_id(model, "log_hr", c.term),
            estimand=f"coefficient of {words}",
            unit="log hazard ratio",
            estimate=c.estimate,
            method="Cox model",
        )
        yield Counted(
            id=model_id(model, "std_error", c.term),
            estimand=f"standard error of the coefficient of {words}",
            unit="log hazard ratio",
            estimate=c.std_error,
            method=f"{model.variance} variance",
        )


def _curve(curve: SplineCurve) -> Iterator[Counted]:
    def setting(what: str, words: str, value: float, *levels: str) -> Counted:
        return Counted(
            id=curve_id(curve, what, *levels),
            estimand=words,
            unit=curve.unit,
            estimate=value,
            method="chosen",
        )

    yield setting("reference", f"reference of the curve along {curve.label}", curve.reference)
    for k, knot in enumerate(curve.knots, 1):
        yield setting("knot", f"knot {k} of the curve along {curve.label}", knot, str(k))
    for s, places in zip(curve.strata, shown_points(curve), strict=True):
        if s.critical is not None:
            yield Counted(
                id=curve_id(curve, "critical", s.level),
                estimand=f"standard errors to each side that the simultaneous 95% band takes in {s.level}",
                unit="standard errors",
                estimate=s.critical,
                method="sup-t, numerically",
            )
        for k in places:
            yield Counted(
                id=point_id(curve, s.level, s.x[k]),
                estimand=f"hazard ratio of {curve.label} {s.x[k]:.9g} against {curve.reference:.9g} in {s.level}",
                unit="hazard ratio",
                estimate=s.hazard_ratio[k],
                lower=s.lower[k],
                upper=s.upper[k],
                method="restricted cubic spline, pointwise 95% limits",
            )


# --- which points of a curve a reader gets in numbers --------------------------------------------------------


def point_id(curve: SplineCurve, level: str, x: float) -> str:
    """Name a point of a curve."""
    return curve_id(curve, "hr", level, f"{x:.9g}")


def shown_points(curve: SplineCurve) -> tuple[tuple[int, ...], ...]:
    """Choose, per level, the places of a curve that are given in numbers: round values, or a few of its own."""
    at = [{key(x): k for k, x in enumerate(s.x)} for s in curve.strata]
    shown = round_values(at) if at else []
    if shown:
        return tuple(tuple(places[x] for x in shown if x in places) for places in at)
    return tuple(tuple(range(0, len(s.x), max(1, (len(s.x) - 1) // 8))) for s in curve.strata)


def key(x: float) -> float:
    """Read 1.8 and 1.7999999999999998 as one value."""
    return float(f"{x:.9g}")


def round_values(known: Sequence[Collection[float]], most: int = 12) -> list[float]:
    """Choose values that are round for a reader, evenly spaced, that each level knows within its own range.

    Nothing is chosen where the levels were evaluated at different values, or one at hardly any round ones.

    Examples
    --------
    >>> low, high = {1.5, 1.6, 1.73, 1.8, 2.0, 2.2}, {1.8, 1.9, 2.0, 2.2, 2.31, 2.4, 2.6}
    >>> round_values([low, high])
    [1.6, 1.8, 2.0, 2.2, 2.4, 2.6]
    >>> round_values([{0.123, 0.456}, {0.2, 0.789}])
    []
    """
    least, greatest = min(min(k) for k in known), max(max(k) for k in known)
    width = greatest - least
    for power in range(floor(log10(width)) - 2, floor(log10(width)) + 1) if width > 0 else ():
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**power
            if width / step > most * (1 + 1e-9):
                continue
            counts = range(ceil(least / step - 1e-9), floor(greatest / step + 1e-9) + 1)
            values = [key(round(k * step, max(0, -power))) for k in counts]
            # at the very end of a range rounding decides on which side a value lies
            own = [[v for v in values if min(k) < v < max(k)] for k in known]
            if all(
                len(v) >= LEAST_SHOWN and k.issuperset(v) for v, k in zip(own, map(set, known), strict=True)
            ):
                return [v for v in values if any(v in k for k in known)]
    return []
