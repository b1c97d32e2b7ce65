"""Results with small counts masked, and with whatever would give one away.

Everything that is written or printed comes from results, so this is the one place where masking is done: between
the run and every output. A masked number is None; where it is a named one, its ``warnings`` say so.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel

from riskset.study.ids import parse_id
from riskset.study.mask_audit import masked_audit
from riskset.study.mask_book import Book, Path
from riskset.study.mask_choice import hidden_of
from riskset.study.mask_curves import coarse_incidence, coarse_survival
from riskset.study.mask_kinds import check_kinds
from riskset.study.mask_ledger import Key
from riskset.study.mask_records import entered
from riskset.study.mask_texts import names_in, scrubbed
from riskset.study.results import (
    CharacteristicRow,
    Estimate,
    ModelResult,
    Printed,
    Results,
    Summary,
    SurvivalCurve,
    Table1,
)
from riskset.study.results_additive import AdditiveResult
from riskset.study.results_diagnostics import ModelDiagnostics
from riskset.study.results_incidence import ComparedRates, IncidenceCurve
from riskset.study.results_values import MASKED, Basis

_TEXTS = {"warnings", "not_done", "text"}


def masked(results: Results, least: int) -> Results:
    """Mask counts of persons and events from 1 to one less than ``least``, and what gives them away.

    Parameters
    ----------
    results : Results
        As they were computed.
    least : int
        The smallest count, other than nought, that may be shown.

    Returns
    -------
    Results
        The same records; hidden counts are None, as are rates, shares and comparisons that rest on them. Curves have
        steps of ``least`` events or more. Hazard ratios stay.
    """
    check_kinds()
    book = entered(results, least)
    hidden = hidden_of(book.ledger)
    places = frozenset(path for path, key in book.places.items() if key in hidden)
    work = _Masking(results, least, book, hidden, places)
    found = work.dressed(results, ())
    values = work.written(found)
    sizes = {key for keys in book.wholes.values() for key in keys if book.ledger.value[key]}
    audit = masked_audit(
        results.audit,
        least,
        frozenset(book.ledger.value[k] for k in sizes & hidden),
        sorted(book.ledger.value[k] for k in sizes - hidden),
        _excluded(results),
    )
    out = cast("Results", found).model_copy(update={"masked_below": least, "audit": audit})
    return cast("Results", _texts(out, "", least, values, sorted(set(names_in(results)), key=len)))


def _excluded(results: Results) -> list[int]:
    return [s.n_excluded for s in results.flow.steps if s.n_excluded]


class _Masking:
    """The second walk: what was chosen is taken out, and what rests on it."""

    def __init__(
        self, results: Results, least: int, book: Book, hidden: frozenset[Key], places: frozenset[Path]
    ) -> None:
        self.least, self.book, self.hidden, self.places = least, book, hidden, places
        self.touched = {p[:k] for p in places for k in range(len(p) + 1)}
        self.cells = {
            (outcome, e, m)
            for (outcome, e, m), found in book.cells.items()
            if any(key in hidden for sizes in found for key in sizes.values())
        }
        self.outcomes = {outcome for outcome, _, _ in self.cells}
        self.totals: dict[tuple[str, str], Key] = {
            (r.outcome, "events"): ("whole", r.outcome, "n_events", r.total.basis.n_events)
            for r in results.rates
        }
        self.totals["all", "persons"] = ("whole", "all", "n_persons", results.flow.included)
        self.gone: set[str] = set()

    def dressed(self, value: object, path: Path) -> object:
        """Give a record without its hidden counts, and without what follows from them."""
        if isinstance(value, tuple):
            items = cast("tuple[object, ...]", value)
            return tuple(
                None if (*path, k) in self.places else self.dressed(v, (*path, k))
                for k, v in enumerate(items)
            )
        if not isinstance(value, BaseModel):
            return value
        update: dict[str, Any] = {}
        for name in type(value).model_fields:
            child: object = getattr(value, name)
            if (*path, name) in self.places:
                update[name] = None
            elif isinstance(child, (BaseModel, tuple)) and name not in {"counted", "methods", "audit"}:
                new = self.dressed(cast("object", child), (*path, name))
                if new is not child:
                    update[name] = new
        found = value.model_copy(update=update) if update else value
        return self._follows(value, found)

    def _follows(self, before: BaseModel, found: BaseModel) -> BaseModel:
        match found:
            case Basis():
                line = found.n_events is None and found.n_persons is None
                return found.model_copy(update={"person_years": None, "n_rows": None}) if line else found
            case Estimate():
                return self._estimate(found)
            case Summary():
                return _summary(cast("Summary", before), found, self.least)
            case Table1():
                return found.model_copy(update={"rows": tuple(_smd(found))})
            case ModelResult():
                return self._model(cast("ModelResult", before), found)
            case ComparedRates():
                return self._compared(found)
            case ModelDiagnostics():
                return self._diagnostics(found)
            case SurvivalCurve():
                return found.model_copy(update={"groups": self._coarse(before, found, coarse_survival)})
            case IncidenceCurve():
                return found.model_copy(update={"groups": self._coarse(before, found, coarse_incidence)})
            case Printed():
                return self._printed(found)
            case _:
                return found

    def _printed(self, found: Printed) -> Printed:
        """Take out how a publication agrees with a number of the run that is masked."""
        outcome = found.id.partition("/")[0]
        n = self.totals.get((outcome, found.unit))
        return (
            found.model_copy(update={"warnings": (MASKED,)}) if n is not None and n in self.hidden else found
        )

    def _coarse(self, before: Any, found: Any, how: Any) -> tuple[Any, ...]:
        """Coarsen by the number of persons, which is known here though it may be hidden."""
        out: list[Any] = []
        for old, new in zip(before.groups, found.groups, strict=True):
            out.append(how(new.model_copy(update={"basis": old.basis}), self.least))
            out[-1] = out[-1].model_copy(update={"basis": new.basis})
        return tuple(out)

    def _estimate(self, e: Estimate) -> Estimate:
        counts = e.unit.startswith("events") and e.basis.n_events is None
        small = e.unit == "events" and e.estimate is not None and 0 < e.estimate < self.least
        return kept_back(e) if counts or small else e

    def _model(self, before: ModelResult, found: ModelResult) -> ModelResult:
        hidden = {
            (c.exposure, c.modifier)
            for c in found.cells
            if c.rate.basis.n_events is None or c.rate.basis.n_persons is None
        }
        update: dict[str, Any] = {}
        if found.basis.n_events is None:
            update["events_per_parameter"] = None
            self.gone |= {f"{before.events_per_parameter:.1f}"}
        if hidden:
            self.outcomes.add(found.outcome)
            update["additive"] = tuple(_differences(a, hidden) for a in found.additive)
        return found.model_copy(update=update) if update else found

    def _compared(self, found: ComparedRates) -> ComparedRates:
        """Keep back comparisons with a masked cell, and how many persons and events any of them rests on."""

        def pair(ratio: Estimate, gap: Estimate, *, of_exposure: bool) -> tuple[Estimate, Estimate]:
            levels = parse_id(ratio.id).levels
            exposure, modifier = levels[0], levels[-1]
            other = (ratio.reference, modifier) if of_exposure else (exposure, ratio.reference)
            touched = {(found.outcome, exposure, modifier), (found.outcome, *other)} & self.cells
            nothing = Basis(n_persons=None, n_rows=None, n_events=None, person_years=None)
            both = (e.model_copy(update={"basis": nothing}) for e in (ratio, gap))
            first, second = (kept_back(e) if touched else e for e in both)
            return first, second

        if found.outcome not in self.outcomes:
            return found
        return found.model_copy(
            update={
                "exposure_in_modifier": tuple(
                    pair(r, d, of_exposure=True) for r, d in found.exposure_in_modifier
                ),
                "modifier_in_exposure": tuple(
                    pair(r, d, of_exposure=False) for r, d in found.modifier_in_exposure
                ),
            }
        )

    def _diagnostics(self, found: ModelDiagnostics) -> ModelDiagnostics:
        """Keep back the sparse cells of an outcome of which any cell is masked: they are the same cells, or sums of them."""
        small = any(e.estimate is None for e in found.sparse) or found.outcome in self.outcomes
        if not small:
            return found
        return found.model_copy(update={"sparse": tuple(kept_back(e) for e in found.sparse)})

    def written(self, found: object) -> frozenset[str]:
        """Give the hidden numbers as sentences would write them."""
        del found
        counts = [n for k in self.hidden if (n := self.book.ledger.value[k])]
        return frozenset({str(n) for n in counts} | {f"{n:,}" for n in counts} | self.gone)


def kept_back(e: Estimate) -> Estimate:
    """Take the numbers out of an estimate and say why.

    Parameters
    ----------
    e : Estimate
    """
    return e.model_copy(
        update={"estimate": None, "lower": None, "upper": None, "p": None, "warnings": (MASKED,)}
    )


def _differences(a: AdditiveResult, hidden: set[tuple[str | None, str | None]]) -> AdditiveResult:
    def one(e: Estimate) -> Estimate:
        modifier = parse_id(e.id).levels[-1]
        return kept_back(e) if {(a.exposure, modifier), (a.exposure_reference, modifier)} & hidden else e

    return a.model_copy(update={"rate_differences": tuple(one(e) for e in a.rate_differences)})


def _summary(before: Summary, s: Summary, least: int) -> Summary:
    """Take out what gives a hidden count of a cell back, and what is of a few persons alone."""
    update: dict[str, Any] = {}
    if s.n is None or s.count is None:
        update["percent"] = None
    if s.n is None:
        update |= {"mean": None, "sd": None}  # of several groups and all persons, means tell the sizes
    if before.n is not None and before.n < least:
        update |= {"median": None, "q1": None, "q3": None, "mean": None, "sd": None}
    return s.model_copy(update=update) if update else s


def _smd(table: Table1) -> Iterable[CharacteristicRow]:
    """Take out the distances of variables with a masked cell: from the other shares they give it back."""
    touched = {
        row.variable
        for row in table.rows
        for s in (row.overall, *row.groups)
        if s.n is None or s.missing is None or (row.kind == "category" and s.count is None)
    }
    for row in table.rows:
        yield row.model_copy(update={"smd": None}) if row.variable in touched else row


def _texts(value: object, name: str, least: int, hidden: frozenset[str], names: list[str]) -> object:
    """Take numbers out of the sentences of a run."""
    if isinstance(value, str):
        return scrubbed(value, least, hidden, names) if name in _TEXTS and value != MASKED else value
    if isinstance(value, tuple):
        return tuple(_texts(v, name, least, hidden, names) for v in cast("tuple[object, ...]", value))
    if isinstance(value, BaseModel):
        update: dict[str, object] = {}
        for part in type(value).model_fields:
            child: object = getattr(value, part)
            if part in {"methods", "counted", "published"} or not isinstance(child, (str, tuple, BaseModel)):
                continue
            new = _texts(cast("object", child), part, least, hidden, names)
            if new != child:
                update[part] = new
        return value.model_copy(update=update) if update else value
    return value
