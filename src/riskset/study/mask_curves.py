"""The counts under curves, and curves so coarse that none of their steps is of a few persons."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from riskset.study.mask_book import SIZES, TOTAL, Book, Path, Sizes
from riskset.study.mask_ledger import Key
from riskset.study.results import SurvivalCurve, SurvivalGroup
from riskset.study.results_incidence import IncidenceCurve, IncidenceGroup, IncidenceTick

_STANDS = ("at_risk", "events", "competing", "censored")


def survival_counts(book: Book, curve: SurvivalCurve, path: Path, outcome: str) -> None:
    """Enter the counts of Kaplan-Meier curves: by group, and at each tick.

    Parameters
    ----------
    book : Book
    curve : SurvivalCurve
    path : tuple
        Its place in the results.
    outcome : str
    """
    columns: list[tuple[Sizes, list[tuple[float, Sizes]]]] = []
    for k, g in enumerate(curve.groups):
        here = (*path, "groups", k)
        sizes = _group(book, here, g, curve.grouping, outcome)
        ticks: list[tuple[float, Sizes]] = []
        for t, years in enumerate(g.ticks_years):
            found: Sizes = {}
            for what in ("at_risk", "events", "censored"):
                values: tuple[int | None, ...] = getattr(g, what)
                key = book.own((*here, what, t), values[t] if t < len(values) else None)
                if key is not None:
                    found[what] = key
            ticks.append((years, found))
        columns.append((sizes, ticks))
    few = [((*path, "not_drawn", k, "n"), c.label, c.n) for k, c in enumerate(curve.not_drawn)]
    rest = _not_drawn(book, curve.grouping, few)
    _together(book, ("survival", outcome), curve.grouping, columns, rest)


def incidence_counts(book: Book, curve: IncidenceCurve, path: Path, outcome: str) -> None:
    """Enter the counts of curves of cumulative incidence: by group, and at each tick.

    Parameters
    ----------
    book : Book
    curve : IncidenceCurve
    path : tuple
        Its place in the results.
    outcome : str
    """
    columns: list[tuple[Sizes, list[tuple[float, Sizes]]]] = []
    for k, g in enumerate(curve.groups):
        here = (*path, "groups", k)
        sizes = _group(book, here, g, curve.grouping, outcome)
        ticks: list[tuple[float, Sizes]] = []
        for t, tick in enumerate(g.ticks):
            spot = (*here, "ticks", t)
            given = ((what, book.own((*spot, what), getattr(tick, what))) for what in _STANDS)
            ticks.append((tick.years, {what: key for what, key in given if key is not None}))
            if tick.risk is not None:
                for what in SIZES:
                    n = getattr(tick.risk.basis, what)
                    book.at((*spot, "risk", "basis", what), sizes.get(what, ("at", *spot, what)), n)
        columns.append((sizes, ticks))
    few = [((*path, "not_drawn", k, 1), label, n) for k, (label, n) in enumerate(curve.not_drawn)]
    rest = _not_drawn(book, curve.grouping, few)
    _together(book, ("incidence", outcome), curve.grouping, columns, rest)


def _group(
    book: Book, here: Path, g: SurvivalGroup | IncidenceGroup, grouping: str | None, outcome: str
) -> Sizes:
    """Enter what a curve rests on: all persons, or a group at index, which Table 1 knows too."""
    if grouping is None:
        return book.basis((*here, "basis"), outcome, g.basis)
    sizes = book.part((*here, "basis"), g.basis, ("curve", outcome, grouping, g.label), line=False)
    if "n_persons" in sizes:
        book.groups.setdefault((grouping, g.label), []).append(sizes["n_persons"])
    return sizes


def _not_drawn(
    book: Book, grouping: str | None, few: Sequence[tuple[Path, str, int | None]]
) -> list[Key | None]:
    """Enter the persons of groups at index that are too small for a curve; Table 1 knows these groups too."""
    keys = [book.own(place, n, TOTAL) for place, _, n in few]
    for (_, label, _), key in zip(few, keys, strict=True):
        if key is not None and grouping is not None:
            book.groups.setdefault((grouping, label), []).append(key)
    return keys


def _together(
    book: Book,
    curve: tuple[str, str],
    grouping: str | None,
    columns: Sequence[tuple[Sizes, list[tuple[float, Sizes]]]],
    not_drawn: Sequence[Key | None],
) -> None:
    """Tie numbers at a tick to each other, to those of the tick before, and to those of all persons."""
    for sizes, ticks in columns:
        _in_order(book, sizes, ticks)
    if grouping is None and len(columns) == 1:
        sizes, ticks = columns[0]
        book.undivided[(*curve, -1.0)] = sizes
        book.undivided |= {(*curve, years): found for years, found in ticks}
        return
    parts = [c[0] for c in columns]
    whole = book.undivided.get((*curve, -1.0), {})
    if "n_persons" in whole and all("n_persons" in p for p in parts):
        given = [key for key in not_drawn if key is not None]
        book.ledger.total(whole["n_persons"], [*(p["n_persons"] for p in parts), *given])
    if "n_events" in whole and all("n_events" in p for p in parts):
        book.ledger.total(whole["n_events"], [p["n_events"] for p in parts])
    for t, (years, _) in enumerate(columns[0][1] if columns else ()):
        here = [c[1][t][1] for c in columns if t < len(c[1])]
        for what, key in book.undivided.get((*curve, years), {}).items():
            if len(here) == len(columns) and all(what in p for p in here):
                book.ledger.total(key, [p[what] for p in here])


def _in_order(book: Book, sizes: Sizes, ticks: Sequence[tuple[float, Sizes]]) -> None:
    """Tie the numbers of a curve: what happened between any two ticks, and what became of everybody by each."""
    ends = {"at_risk": sizes.get("n_persons"), "events": sizes.get("n_events")}
    for what in _STANDS:
        end = ends.get(what)
        keys = [found[what] for _, found in ticks if what in found]
        book.ledger.near([*keys, *([] if end is None or not keys else [end])])
    for _, found in ticks:
        parts = list(found.values())
        n = sum(book.ledger.value[p] for p in parts)
        if "n_persons" in sizes and len(parts) > 1 and book.ledger.value[sizes["n_persons"]] == n:
            book.ledger.total(sizes["n_persons"], parts)
    last = ticks[-1][1].get("events") if ticks else None
    if last is not None and "n_events" in sizes:
        book.ledger.total(sizes["n_events"], [last])


# --- steps -------------------------------------------------------------------------------------------------


def coarse_survival(g: SurvivalGroup, least: int) -> SurvivalGroup:
    """Coarsen a curve: each step is of so many events at least, and a multiple of their share of all persons.

    Parameters
    ----------
    g : SurvivalGroup
    least : int
        Fewest events in a step.

    Returns
    -------
    SurvivalGroup
        Its value at a time is known to half a step, so that no number of persons follows from it.
    """
    persons = g.basis.n_persons or 0
    keep = _kept(len(g.time_years), least)
    grid = least / max(persons, least)
    down, up = _rounded(g.lower, keep, grid, floor), _rounded(g.upper, keep, grid, ceil)
    return g.model_copy(
        update={
            "time_years": tuple(g.time_years[k] for k in keep),
            "survival": _rounded(g.survival, keep, grid, round),
            "lower": down,
            "upper": up,
        }
    )


def coarse_incidence(g: IncidenceGroup, least: int) -> IncidenceGroup:
    """Coarsen a curve of cumulative incidence as :func:`coarse_survival` does, its risks at the ticks as well.

    Parameters
    ----------
    g : IncidenceGroup
    least : int

    Returns
    -------
    IncidenceGroup
    """
    persons = g.basis.n_persons or 0
    keep = _kept(len(g.time_years), least)
    grid = least / max(persons, least)
    return g.model_copy(
        update={
            "time_years": tuple(g.time_years[k] for k in keep),
            "incidence": _rounded(g.incidence, keep, grid, round),
            "lower": _rounded(g.lower, keep, grid, floor),
            "upper": _rounded(g.upper, keep, grid, ceil),
            "competing": _rounded(g.competing, keep, grid, round),
            "ticks": tuple(_coarse_tick(t, grid) for t in g.ticks),
        }
    )


def _coarse_tick(tick: IncidenceTick, grid: float) -> IncidenceTick:
    if tick.risk is None or tick.risk.estimate is None:
        return tick
    e = tick.risk
    limits = [None if v is None else _one(v, grid, r) for v, r in ((e.lower, floor), (e.upper, ceil))]
    value = _one(e.estimate or 0.0, grid, round)
    rounded = {"estimate": value, "lower": limits[0], "upper": limits[1]}
    return tick.model_copy(update={"risk": e.model_copy(update=rounded)})


def _kept(n: int, least: int) -> list[int]:
    """Keep the beginning, every so manieth step, and the end, which is where the axis ends."""
    places = list(range(0, n, least))
    if n - 1 not in places:
        places = [*places[:-1], n - 1] if len(places) > 1 else [*places, n - 1]
    return places


def _rounded(values: Sequence[float], keep: Sequence[int], grid: float, how: object) -> tuple[float, ...]:
    return tuple(_one(values[k], grid, how) for k in keep)


def _one(value: float, grid: float, how: object) -> float:
    return float(min(1.0, max(0.0, how(round(value / grid, 9)) * grid)))  # type: ignore[operator]
