"""The data behind the numbers: what was checked, what each filter matched, which files were read."""

from __future__ import annotations

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import Block, Cell, Line, Rows, Section, Table, Text
from riskset.report.phrases import count, join, name, say
from riskset.report.texts import en
from riskset.study.counted_audit import audit_id, finding_ids
from riskset.study.results import Matched, Results

_PREFIX = {"fact": "", "note": en.NOTE_MARK, "warning": en.WARNING_MARK}


def section(results: Results) -> Section:
    """Set the data audit."""
    blocks: list[Block] = []
    if results.audit.lines:
        blocks.append(_findings(results))
    if results.audit.matched:
        blocks.append(_matched(results))
    if results.audit.tables:
        blocks.append(_tables(results))
    return Section("data", Text((en.DATA_AUDIT,)), tuple(blocks))


def _findings(results: Results) -> Table:
    """Set what was checked and what was found, topic by topic; what needs attention says so."""
    topics: dict[str, list[Line]] = {}
    lines = results.audit.lines
    for source, line in zip(finding_ids(a.topic for a in lines), lines, strict=True):
        text = (
            Text((_PREFIX[line.severity],)) + name(line.text) if _PREFIX[line.severity] else name(line.text)
        )
        n = cells.BLANK if line.n is None else cells.count(line.n, source)
        topics.setdefault(line.topic, []).append((cells.row(text, indent=True, wide=True), n))
    return Table(
        id="audit",
        caption=Text((en.FROM_RAW_TABLES_TO_EPISODES,)),
        head=((cells.col(en.FINDING, numeric=False), cells.col(en.N)),),
        groups=tuple(Rows(tuple(rows), heading=name(topic)) for topic, rows in topics.items()),
        wide=True,
        sheet="Audit",
    )


def _matched(results: Results) -> Table:
    """Set what each filter of the plan matched: the code list of the study."""
    return Table(
        id="matched",
        caption=Text((en.WHAT_EACH_FILTER_MATCHED,)),
        head=(
            (
                cells.col(en.PLAN_KEY, numeric=False),
                cells.col(en.ROWS_2),
                cells.col(en.PERSONS),
                cells.col(en.STRINGS_PERSONS, numeric=False),
                cells.col(en.FILTER, numeric=False),
            ),
        ),
        groups=(
            Rows(
                tuple(
                    (
                        cells.labelled(m.key),
                        cells.count(m.rows, audit_id("matched_rows", m.key), "rows"),
                        cells.count(m.persons, audit_id("matched_persons", m.key), "persons"),
                        _strings(m),
                        cells.words(name(m.where)),
                    )
                    for m in results.audit.matched
                )
            ),
        ),
        wide=True,
        sheet="Filters",
    )


def _strings(m: Matched) -> Cell:
    parts = [
        say("{} ({})", name(c.label), count(c.n, audit_id("string", m.key, c.label), "persons"))
        for c in m.strings
    ]
    if m.strings_withheld is None:
        parts.append(Text((en.OTHER_STRINGS_NOT_SHOWN,)))
    elif m.strings_withheld:
        withheld = count(m.strings_withheld, audit_id("withheld", m.key), "withheld")
        text = en.STRING_WITHHELD if m.strings_withheld == 1 else en.STRINGS_WITHHELD
        parts.append(say(text, withheld))
    return cells.words(join(parts, ", ") or fmt.DASH)


def _tables(results: Results) -> Table:
    """Set the files and their rows."""
    return Table(
        id="tables-read",
        caption=Text((en.TABLES_READ,)),
        head=((cells.col(en.FILE, numeric=False), cells.col(en.ROWS_2)),),
        groups=(
            Rows(
                tuple(
                    (cells.labelled(t.label), cells.count(t.n, audit_id("rows", t.label), "rows"))
                    for t in results.audit.tables
                )
            ),
        ),
        sheet="Tables read",
    )
