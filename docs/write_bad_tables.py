"""Write docs/bad-tables.md from the museum: every broken input is read once more, and the page says what happened.

python docs/write_bad_tables.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from riskset.errors import RisksetError

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "museum"))

from catalogue import ROOMS  # noqa: E402 (its folder is known only now)
from exhibit import Exhibit, Read, Refused, SetAside  # noqa: E402

PAGE = Path(__file__).parent / "bad-tables.md"
HEAD = """# Bad tables

Written by `python docs/write_bad_tables.py` from `tests/museum`, where each of these is a test.

What hospital systems export is rarely a clean table. This page lists {n} ways in which a table can be broken, and what
riskset does with each: it **reads** it by a rule that does not depend on the data, **sets aside** the rows that break a
rule (they go to the file of rejects with row and column, and the run stops if there are more than the plan allows), or
**refuses** the table and says what to do. Nothing is guessed, no row vanishes uncounted, and no message holds a
patient's value. Row numbers are those of the file as a spreadsheet shows it: the header is row 1 unless `header_row` says
otherwise, and blank rows count.
"""


def page() -> str:
    """Return the page as text."""
    parts = [HEAD.format(n=sum(len(exhibits) for exhibits in ROOMS.values()))]
    for room, exhibits in ROOMS.items():
        lines = [f"## {room}\n", "| what is wrong | what happens | what is said |", "| --- | --- | --- |"]
        parts.append("\n".join([*lines, *(_line(exhibit) for exhibit in exhibits)]) + "\n")
    return "\n".join(parts)


def _line(exhibit: Exhibit) -> str:
    declared = ", ".join(f"`{k} = {_toml(v)}`" for k, v in exhibit.declared.items() if _is_shown(k))
    title = exhibit.title + (f" ({declared})" if declared else "")
    match exhibit.outcome:
        case Read():
            happens, said = "read", exhibit.outcome.rule
        case SetAside():
            happens, said = f"set aside, column {exhibit.outcome.column}", _rule(exhibit, exhibit.outcome)
        case Refused():
            happens, said = "refused", _message(exhibit, exhibit.outcome)
    return f"| {_cell(title)} | {happens} | {_cell(said)} |"


def _rule(exhibit: Exhibit, outcome: SetAside) -> str:
    """The rule in full, except for what today makes of it."""
    with TemporaryDirectory() as folder:
        rejects = exhibit.see(Path(folder)).rejects
    (rule,) = set(rejects.filter(column=outcome.column)["rule"])
    return outcome.rule + " 1900-01-01 and tomorrow" if outcome.rule == "a date must lie between" else rule


def _message(exhibit: Exhibit, outcome: Refused) -> str:
    if exhibit.long:
        return f"{outcome.rule}. *{outcome.remedy} ...*"
    try:
        with TemporaryDirectory() as folder:
            exhibit.see(Path(folder))
    except RisksetError as refusal:
        return f"{refusal.rule}. *{refusal.remedy}*"
    raise AssertionError(exhibit.title)


def _is_shown(key: str) -> bool:
    return key not in {"time", "value", "unit", "database"}


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return str(value) if isinstance(value, int) else '"' + str(value).replace("\t", "\\t") + '"'


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
