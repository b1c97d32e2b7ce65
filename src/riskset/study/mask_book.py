"""A ledger that knows where its counts stand in the results, and which of them mean the same."""

from __future__ import annotations

from dataclasses import dataclass, field

from riskset.study.mask_ledger import Key, Ledger
from riskset.study.results_values import Basis

Path = tuple[str | int, ...]
Sizes = dict[str, Key]
"""Keys of the counts of a basis, by field."""
# of two counts that would do, the one of lower rank is hidden
PART, WHOLE, TOTAL, SCREENED, INCLUDED = 1, 2, 3, 4, 5
SIZES = ("n_persons", "n_events")


@dataclass
class Book:
    """Counts by their place in the results.

    Parameters
    ----------
    ledger : Ledger
    """

    ledger: Ledger
    places: dict[Path, Key] = field(default_factory=dict["Path", "Key"])
    wholes: dict[tuple[str, str], dict[Key, None]] = field(
        default_factory=dict[tuple[str, str], "dict[Key, None]"]
    )
    cells: dict[tuple[str, str | None, str | None], list[Sizes]] = field(
        default_factory=dict[tuple[str, "str | None", "str | None"], "list[Sizes]"]
    )
    groups: dict[tuple[str, str], list[Key]] = field(default_factory=dict[tuple[str, str], "list[Key]"])
    """Persons of a group at index, by grouping and group."""
    undivided: dict[tuple[str, str, float], Sizes] = field(
        default_factory=dict[tuple[str, str, float], "Sizes"]
    )
    """Numbers at a tick of a curve of all persons."""

    def at(self, path: Path, key: Key, n: int | None, rank: int = PART) -> Key | None:
        """Enter a count that stands somewhere; what is not given is not entered."""
        if n is None:
            return None
        self.places[path] = key
        return self.ledger.put(key, n, rank)

    def own(self, path: Path, n: int | None, rank: int = PART) -> Key | None:
        """Enter a count that stands nowhere else."""
        return self.at(path, ("at", *path), n, rank)

    def whole(self, path: Path, scope: str, what: str, n: int | None, rank: int = WHOLE) -> Key | None:
        """Enter the size of an analysis; equal ones are one count, shown everywhere or nowhere."""
        key = self.at(path, ("whole", scope, what, n), n, rank)
        if key is not None:
            self.wholes.setdefault((scope, what), {})[key] = None
        return key

    def basis(self, path: Path, outcome: str, basis: Basis, rank: int = WHOLE) -> Sizes:
        """Enter what an analysis rests on."""
        self.own((*path, "n_rows"), basis.n_rows)
        persons = self.whole((*path, "n_persons"), "all", "n_persons", basis.n_persons, rank)
        events = self.whole((*path, "n_events"), outcome, "n_events", basis.n_events, rank)
        return {k: v for k, v in zip(SIZES, (persons, events), strict=True) if v is not None}

    def part(self, path: Path, basis: Basis, named: Key | None = None, *, line: bool = True) -> Sizes:
        """Enter what a part of an analysis rests on; the line of a table is hidden as a whole."""
        head = ("at", *path) if named is None else named
        kept: Sizes = {}
        for what in ("n_rows", *SIZES):
            n = getattr(basis, what)
            key = self.at((*path, what), (*head, what, n), n)
            if key is not None:
                kept[what] = key
        if line:
            self._line(kept)
        return {k: v for k, v in kept.items() if k in SIZES}

    def _line(self, kept: Sizes) -> None:
        """Hide a line whose events are hidden, or whose persons are few; to hide persons for others' sake is enough."""
        leading = [k for what, k in kept.items() if what == "n_events" or self.ledger.small(k)]
        for key in leading:
            self.ledger.together.setdefault(key, []).extend(k for k in kept.values() if k != key)

    def add_up(self, whole: Sizes, parts: list[Sizes]) -> None:
        """Say that parts make up a whole in persons and in events, where they do not overlap."""
        for what in SIZES:
            if what in whole and all(what in p for p in parts):
                self.ledger.total(whole[what], dict.fromkeys(p[what] for p in parts))
