"""Two runs beside each other: what they were made of, and which numbers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from riskset.report import formats as fmt
from riskset.report.shown import value_in_words
from riskset.study.numbers import FinishedRun, Number
from riskset.study.results import Counted, Estimate, Printed

ROUNDING = 1e-9
"""Numbers nearer to each other than this share of the larger are the same: other libraries and processors round
differently in the last digits, and no report prints so many."""


@dataclass(frozen=True)
class Changed:
    """A number that both runs have, and that differs."""

    id: str
    before: Number
    after: Number

    @property
    def moved(self) -> float:
        """How far it moved, as a share of its interval's width before where it has one, else of its size."""
        a, b = self.before, self.after
        if a.estimate is None or b.estimate is None:
            return float("inf")
        scale = abs(a.estimate)
        if isinstance(a, Estimate) and a.lower is not None and a.upper is not None and a.upper > a.lower:
            scale = a.upper - a.lower
        return abs(b.estimate - a.estimate) / scale if scale else float("inf")


@dataclass(frozen=True)
class RunComparison:
    """What changed between two runs.

    Parameters
    ----------
    made_of : tuple of str
        What differs of plan, tables, versions and seed, a sentence each.
    changed : tuple of Changed
        Numbers of both runs that differ, those that moved furthest first.
    same : int
        How many numbers are the same.
    only_before, only_after : tuple of str
        Names of numbers that one run has.
    """

    made_of: tuple[str, ...]
    changed: tuple[Changed, ...]
    same: int
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    def __str__(self) -> str:
        parts = [
            "Made of",
            *(f"  {line}" for line in self.made_of or ("the same plan, tables and versions",)),
        ]
        parts.append(
            f"Numbers: {fmt.count(self.same)} the same, {fmt.count(len(self.changed))} differ, "
            f"{fmt.count(len(self.only_before))} only before, {fmt.count(len(self.only_after))} only after"
        )
        for c in self.changed:
            parts += [c.id, f"  before  {_line(c.before)}", f"  after   {_line(c.after)}"]
        for title, names in (("Only before", self.only_before), ("Only after", self.only_after)):
            parts += [title, *(f"  {name}" for name in names)] if names else []
        return "\n".join(parts)


def compare_runs(before: FinishedRun, after: FinishedRun) -> RunComparison:
    """Compare two runs number by number.

    Parameters
    ----------
    before, after : FinishedRun

    Returns
    -------
    RunComparison
    """
    a, b = before.numbers, after.numbers
    both = [name for name in a if name in b]
    changed = [Changed(name, a[name], b[name]) for name in both if not _same(a[name], b[name])]
    return RunComparison(
        made_of=tuple(_made_of(before.manifest, after.manifest)),
        changed=tuple(sorted(changed, key=lambda c: -c.moved)),
        same=len(both) - len(changed),
        only_before=tuple(name for name in a if name not in b),
        only_after=tuple(name for name in b if name not in a),
    )


def _made_of(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    out = [f"{word} {a.get(key)} became {b.get(key)}" for key, word in _SINGLE if a.get(key) != b.get(key)]
    if a.get("plan_sha256") != b.get("plan_sha256"):
        out.insert(0, "the plan differs")
    for key, word in (("inputs_sha256", "table"), ("libraries", "library")):
        old, new = a.get(key, {}), b.get(key, {})
        for name in sorted({*old, *new}):
            if name not in new or name not in old:
                out.append(f"{word} {name} is only {'before' if name in old else 'after'}")
            elif old[name] != new[name]:
                out.append(
                    f"{word} {name} differs"
                    + (f": {old[name]}, then {new[name]}" if key == "libraries" else "")
                )
    return out


_SINGLE = (("riskset", "riskset"), ("seed", "seed"), ("python", "Python"), ("machine", "machine"))


def _values(number: Number) -> tuple[float | None, ...]:
    if isinstance(number, Printed):
        return (number.estimate,)
    if isinstance(number, Counted):
        return (number.estimate, number.lower, number.upper, number.of, number.sd)
    b = number.basis
    return (
        number.estimate,
        number.lower,
        number.upper,
        number.p,
        b.n_persons,
        b.n_rows,
        b.n_events,
        b.person_years,
    )


def _same(a: Number, b: Number) -> bool:
    x, y = _values(a), _values(b)
    return len(x) == len(y) and all(_near(p, q) for p, q in zip(x, y, strict=True))


def _near(x: float | None, y: float | None) -> bool:
    if x is None or y is None:
        return x is y
    return abs(x - y) <= ROUNDING * max(abs(x), abs(y))


def _line(number: Number) -> str:
    text = value_in_words(number)
    if isinstance(number, Estimate):
        b = number.basis
        text += f"; {fmt.plural(b.n_persons, 'person')}, {fmt.plural(b.n_events, 'event')}".replace(
            fmt.NBSP, " "
        )
    return text
