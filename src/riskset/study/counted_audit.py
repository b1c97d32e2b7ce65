"""Names for what the audit of the tables counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Audit, Counted


def audit_id(what: str, *levels: str | int) -> str:
    """Name a count of the data audit."""
    return estimate_id("all", "audit", what, *map(str, levels))


def counted_audit(audit: Audit) -> Iterator[Counted]:
    """Name the rows read, matched and found."""

    def rows(name: str, words: str, n: int | None, unit: str = "rows") -> Counted:
        return Counted(id=name, estimand=words, unit=unit, estimate=n)

    for table in audit.tables:
        yield rows(audit_id("rows", table.label), f"rows of {table.label}", table.n)
    for m in audit.matched:
        yield rows(audit_id("matched_rows", m.key), f"rows matched by {m.key}", m.rows)
        yield rows(audit_id("matched_persons", m.key), f"persons matched by {m.key}", m.persons, "persons")
        yield rows(
            audit_id("withheld", m.key), f"strings of {m.key} not shown", m.strings_withheld, "strings"
        )
        for s in m.strings:
            yield rows(audit_id("string", m.key, s.label), f"persons with {s.label}", s.n, "persons")
    for name, line in zip(finding_ids(line.topic for line in audit.lines), audit.lines, strict=True):
        if line.n is not None:
            yield rows(name, f"{line.topic}: {line.text}", line.n, "n")


def finding_ids(topics: Iterable[str]) -> list[str]:
    """Name the findings of an audit by their topic and their place in it.

    Examples
    --------
    >>> finding_ids(["Labs", "Labs", "Drugs"])
    ['all/audit/finding[Labs|1]', 'all/audit/finding[Labs|2]', 'all/audit/finding[Drugs|1]']
    """
    seen: dict[str, int] = {}
    out: list[str] = []
    for topic in topics:
        seen[topic] = seen.get(topic, 0) + 1
        out.append(audit_id("finding", topic, seen[topic]))
    return out
