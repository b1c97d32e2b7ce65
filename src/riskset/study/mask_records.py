"""The counts of results entered in a book: each with its place, and with every sum that a reader could take.

The walk goes by type of record, not by section, so that a section made of known records is covered. A basis that
belongs to no table is a whole: the number of persons or events of an analysis. Any two wholes may be nested, so that
their difference may be a number of persons; one of them is hidden rather than a small difference shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from pydantic import BaseModel

from riskset.study.mask_book import INCLUDED, SCREENED, TOTAL, Book, Path, Sizes
from riskset.study.mask_curves import incidence_counts, survival_counts
from riskset.study.mask_ledger import Ledger
from riskset.study.mask_questions import shared_margins
from riskset.study.mask_table1 import same_cells, table1_counts
from riskset.study.results import (
    Audit,
    Estimate,
    Flow,
    ModelResult,
    OutcomeRates,
    RateCell,
    Results,
    RowsLost,
    SplineCurve,
    SurvivalCurve,
    Table1,
)
from riskset.study.results_competing import Subdistribution
from riskset.study.results_incidence import ComparedRates, IncidenceCurve
from riskset.study.results_sensitivity import SensitivityVariant, VariantEstimates
from riskset.study.results_subgroups import SubgroupAnalysis
from riskset.study.results_trend import ExposureTrend
from riskset.study.results_values import Basis

_NOT_WALKED = {("counted",), ("methods",), ("published",)}  # made afterwards; the plan's; a publication's


def entered(results: Results, least: int) -> Book:
    """Enter every count of the results.

    Parameters
    ----------
    results : Results
    least : int
        Counts from 1 to one less than this are small.

    Returns
    -------
    Book
    """
    book = Book(Ledger(least))
    _walk(book, results, (), "all")
    same_cells(book, results.table1)
    _ends(book, results)
    if results.questions:
        shared_margins(book, results)
    for keys in book.groups.values():
        book.ledger.near(keys)
    for (_, what), keys in book.wholes.items():
        if what in {"n_persons", "n_events"}:
            book.ledger.near(keys)
    return book


def _walk(book: Book, value: object, path: Path, outcome: str) -> None:
    if isinstance(value, (tuple, list)):
        for k, item in enumerate(cast("tuple[object, ...]", value)):
            _walk(book, item, (*path, k), outcome)
        return
    if not isinstance(value, BaseModel):
        return
    named = getattr(value, "outcome", outcome)
    outcome = named if isinstance(named, str) else outcome
    done: frozenset[str] = frozenset()
    enter = _ENTER.get(type(value))
    if enter is not None:
        done = frozenset(enter(book, value, path, outcome))
    elif isinstance(value, Basis):
        book.basis(path, outcome, value)
        return
    elif isinstance(value, Estimate):
        outcome = value.id.partition("/")[0]
    for name in type(value).model_fields:
        child = getattr(value, name)
        if name in done or (*path, name) in _NOT_WALKED:
            continue
        if isinstance(child, int) and not isinstance(child, bool) and _counts(value, name):
            book.own((*path, name), child)
        else:
            _walk(book, child, (*path, name), outcome)


def _counts(record: BaseModel, name: str) -> bool:
    from riskset.study.mask_kinds import KINDS  # noqa: PLC0415 (which knows all records)

    return KINDS.get(f"{type(record).__name__}.{name}") == "count"


# --- who ---------------------------------------------------------------------------------------------------


def _flow(book: Book, flow: Flow, path: Path, _outcome: str) -> set[str]:
    included = book.whole((*path, "included"), "all", "n_persons", flow.included, INCLUDED)
    book.whole((*path, "screened"), "all", "n_persons", flow.screened, SCREENED)
    for k, step in enumerate(flow.steps):
        here = (*path, "steps", k)
        before = book.whole((*here, "n_before"), "all", "n_persons", step.n_before)
        after = book.whole((*here, "n_after"), "all", "n_persons", step.n_after)
        out = book.own((*here, "n_excluded"), step.n_excluded)
        if before is not None and after is not None and out is not None and before != after:
            book.ledger.total(before, [after, out])
    ends = [book.own((*path, "ends", k, "n"), end.n) for k, end in enumerate(flow.ends)]
    if included is not None:
        book.ledger.total(included, [e for e in ends if e is not None])
    return set(Flow.model_fields)


def _ends(book: Book, results: Results) -> None:
    """Tie an end of follow-up to the outcome of the same name."""
    for k, end in enumerate(results.flow.ends):
        for rates in results.rates:
            if rates.label == end.label and end.n is not None and rates.total.basis.n_events is not None:
                n = rates.total.basis.n_events
                pair = [("at", "flow", "ends", k, "n"), ("whole", rates.outcome, "n_events", n)]
                low, high = sorted(pair, key=lambda key: book.ledger.value[key])
                book.ledger.total(high, [low])


# --- cells -------------------------------------------------------------------------------------------------


def _rates(book: Book, rates: OutcomeRates, path: Path, outcome: str) -> set[str]:
    whole = book.basis((*path, "total", "basis"), outcome, rates.total.basis, TOTAL)
    parts = _cells(book, rates.cells, (*path, "cells"), outcome, ("cell", outcome, "rates"))
    book.add_up(whole, parts)
    for cell, sizes in zip(rates.cells, parts, strict=True):
        book.cells.setdefault((outcome, cell.exposure, cell.modifier), []).append(sizes)
    return {"total", "cells"}


def _cells(
    book: Book, cells: tuple[RateCell, ...], path: Path, outcome: str, head: tuple[str | int | None, ...]
) -> list[Sizes]:
    del outcome
    return [
        book.part((*path, k, "rate", "basis"), c.rate.basis, (*head, c.exposure, c.modifier))
        for k, c in enumerate(cells)
    ]


def _model(book: Book, model: ModelResult, path: Path, outcome: str) -> set[str]:
    b = model.basis
    whole = book.basis((*path, "basis"), outcome, b)
    # models of the same rows have the same cells
    head = ("cell", outcome, b.n_rows, b.n_events)
    parts = _cells(book, model.cells, (*path, "cells"), outcome, head)
    book.add_up(whole, parts)
    for cell, sizes in zip(model.cells, parts, strict=True):
        for all_rows in book.cells.get((outcome, cell.exposure, cell.modifier), ()):
            book.add_up(all_rows, [sizes])
    return {"basis", "cells"}


def _lost(book: Book, lost: RowsLost, path: Path, outcome: str) -> set[str]:
    for what, scope, whole, left in (
        ("persons", "all", lost.persons_total, lost.persons_lost),
        ("events", outcome, lost.events_total, lost.events_lost),
    ):
        if whole is None or left is None:
            continue
        total = book.whole((*path, f"{what}_total"), scope, f"n_{what}", whole, TOTAL)
        out = book.at((*path, f"{what}_lost"), ("lost", outcome, what, left, whole), left)
        kept = ("whole", scope, f"n_{what}", whole - left)
        if total is not None and out is not None and left:
            known = [kept] if kept in book.ledger.value else []
            book.ledger.total(total, [*known, out])
    return {"persons_total", "persons_lost", "events_total", "events_lost"}


def _curve(book: Book, curve: SplineCurve, path: Path, outcome: str) -> set[str]:
    whole = book.basis((*path, "basis"), outcome, curve.basis)
    strata = [
        book.part((*path, "strata", k, "basis"), s.basis, ("stratum", outcome, s.level), line=False)
        for k, s in enumerate(curve.strata)
    ]
    book.add_up(whole, strata)
    return {"basis", "strata"}


def _trend(book: Book, trend: ExposureTrend, path: Path, outcome: str) -> set[str]:
    whole = book.basis((*path, "basis"), outcome, trend.basis)
    levels: list[Sizes] = []
    for k, level in enumerate(trend.levels):
        here = (*path, "levels", k)
        groups = [book.part((*here, "groups", j, "basis"), g.basis) for j, g in enumerate(level.groups)]
        for name in ("slope", "departure"):
            test = getattr(level, name)
            if test is not None:
                size = book.part(
                    (*here, name, "basis"), test.basis, ("stratum", outcome, level.level), line=False
                )
                book.add_up(size, groups)
                levels.append(size)
        book.add_up(whole, groups)
    book.add_up(whole, [g for g in levels[::2] if len(levels) == 2 * len(trend.levels)])
    return {"basis", "levels"}


# --- analyses beside the main one ----------------------------------------------------------------------------


def _variant(book: Book, variant: SensitivityVariant, path: Path, _outcome: str) -> set[str]:
    book.whole((*path, "included"), "all", "n_persons", variant.included)
    return {"included"}


def _estimates(book: Book, own: VariantEstimates, path: Path, outcome: str) -> set[str]:
    whole = book.basis((*path, "basis"), outcome, own.basis)
    _subdistribution(book, own.subdistribution, (*path, "subdistribution"), whole)
    return {"basis"}


def _subdistribution(book: Book, about: Subdistribution | None, path: Path, whole: Sizes) -> None:
    if about is None or len(whole) < 2:
        return
    competing = book.own((*path, "n_competing"), about.n_competing)
    censored = book.own((*path, "n_censored"), about.n_censored)
    if competing is not None and censored is not None:
        book.ledger.total(whole["n_persons"], [whole["n_events"], competing, censored])


def _subgroups(book: Book, analysis: SubgroupAnalysis, path: Path, _outcome: str) -> set[str]:
    levels = {
        s.label: book.own((*path, "levels", k, "included"), s.included) for k, s in enumerate(analysis.levels)
    }
    unknown = book.own((*path, "unknown"), analysis.unknown)
    sizes = [key for key in (*levels.values(), unknown) if key is not None]
    n = sum(book.ledger.value[key] for key in sizes)
    for whole in [key for key in book.wholes.get(("all", "n_persons"), {}) if book.ledger.value[key] >= n]:
        if book.ledger.value[whole] - n < book.ledger.least:
            book.ledger.total(whole, sizes)
    for k, found in enumerate(analysis.outcomes):
        parts: list[Sizes] = []
        for j, group in enumerate(found.groups):
            if group.own is None:
                continue
            here: Path = (*path, "outcomes", k, "groups", j, "own")
            head = ("group", analysis.slug, group.level, found.outcome)
            part = book.part((*here, "basis"), group.own.basis, head, line=False)
            parts.append(part)
            _bases(book, group.own, here, head)
            of_level = levels.get(group.level)
            if of_level is not None and "n_persons" in part:
                book.ledger.total(of_level, [part["n_persons"]])
        for what, scope in (("n_persons", "all"), ("n_events", found.outcome)):
            for whole in list(book.wholes.get((scope, what), {})):
                keys = [p[what] for p in parts if what in p]
                if keys and len(keys) == len(parts):
                    rest = book.ledger.value[whole] - sum(book.ledger.value[key] for key in keys)
                    if 0 <= rest < book.ledger.least or len(keys) < len(analysis.levels):
                        book.ledger.total(whole, keys)
        for name in ("of_hr", "of_ratio", "joint_of_hr", "joint_of_ratio"):
            _walk(book, getattr(found, name), (*path, "outcomes", k, name), found.outcome)
    return {"levels", "unknown", "outcomes"}


def _bases(book: Book, value: object, path: Path, head: tuple[str, ...]) -> None:
    """Enter the bases of a group's estimates: they are the group's own."""
    if isinstance(value, Basis):
        book.part(path, value, head, line=False)
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            _bases(book, getattr(value, name), (*path, name), head)
    elif isinstance(value, tuple):
        for k, item in enumerate(cast("tuple[object, ...]", value)):
            _bases(book, item, (*path, k), head)


def _table1(book: Book, table: Table1, path: Path, _outcome: str) -> set[str]:
    table1_counts(book, table, path)
    return set(Table1.model_fields)


def _survival(book: Book, curve: SurvivalCurve, path: Path, outcome: str) -> set[str]:
    survival_counts(book, curve, path, outcome)
    return set(SurvivalCurve.model_fields)


def _incidence(book: Book, curve: IncidenceCurve, path: Path, outcome: str) -> set[str]:
    incidence_counts(book, curve, path, outcome)
    return {"groups", "not_drawn"}


def _elsewhere(_book: Book, record: BaseModel, _path: Path, _outcome: str) -> set[str]:
    """Leave a record to rules of its own."""
    return set(type(record).model_fields)


_ENTER: Mapping[type[BaseModel], Callable[[Book, Any, Path, str], set[str]]] = {
    Audit: _elsewhere,
    ComparedRates: _elsewhere,
    ExposureTrend: _trend,
    Flow: _flow,
    IncidenceCurve: _incidence,
    ModelResult: _model,
    OutcomeRates: _rates,
    RowsLost: _lost,
    SensitivityVariant: _variant,
    SplineCurve: _curve,
    SubgroupAnalysis: _subgroups,
    SurvivalCurve: _survival,
    Table1: _table1,
    VariantEstimates: _estimates,
}
