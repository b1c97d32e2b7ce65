"""Write docs/semantics.md from the worked cases that the tests run, so that the page cannot drift from the code.

python docs/write_semantics.py
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parents[1] / "tests" / "worked" / "semantics.txt"
sys.path.insert(0, str(CASES.parent))

from text_tables import cells  # noqa: E402 (found on the path added above)

PAGE = Path(__file__).parent / "semantics.md"
HEAD = """# What time, a value, a state and an event mean

Written by `python docs/write_semantics.py` from `tests/worked/semantics.txt`. Every table here is a test: raw tables in,
episodes out. Numbers in `entry` and `exit` are days; a dash is missing; 1 and 0 are true and false. Where an example
begins with `timeline`, it is

    timeline = Timeline(persons, id="id", entry="entry", exit="exit")
"""
TAIL = """## Beside R

R's `tmerge`, `survSplit` and Epi's `splitLexis` make the same rows from the same tables, delays and missing results
included; `tests/parity` holds that row by row on repeated visits (`pbcseq`), several tables (`nafld`), transplants to half
days (`jasa`), recurrent infections (`cgd`), several states of one person (`myeloid`) and bands of age and time (`mgus2`).
These differ by design:

| here | in R | why |
| --- | --- | --- |
| a lag delays what is dated day 0 or before too | `tmerge(delay=)` lets that in at once | a lag is the time until a value is known, and that of day 0 is no exception |
| values expire after `carry_forward`; left out, they never do | values are carried for ever | a value of years ago says little about today |
| several values at one time become their mean, or what the plan says | the last row wins | the order of the rows of a table means nothing |
| a person with follow-up of no length leaves with an entry in the audit | a row of no length, or an error | it cannot enter a partial likelihood |
| events outside the follow-up are counted by reason | attributes of the result (`tcount`) | the report shows them |
| a split by calendar year puts the first of January into the new year | a cut at the number given | in whole days the first of January is (31 December, 1 January] |
| rows of people outside the cohort are counted, and ids of which fewer than half match are refused | rows without a match are left out in silence | an id with a lost zero looks like a person without results |
| a recurrent event counts once a day | each row is a row | a stroke in two tables is one stroke |
"""
PERSONS = 'Timeline(persons, id="id", entry="entry", exit="exit")'


@dataclass(frozen=True)
class Block:
    """A part of a case: a table by name, code, what it gives, what refuses it, its audit, or text."""

    kind: str
    text: str


@dataclass(frozen=True)
class Case:
    """One rule with its blocks."""

    section: str
    title: str
    blocks: tuple[Block, ...]


def cases() -> tuple[list[Case], dict[str, str]]:
    """Read the cases, and the introduction of each section."""
    found: list[Case] = []
    introductions: dict[str, str] = {}
    for part in re.split(r"^# ", CASES.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, *rules = re.split(r"^## ", part, flags=re.MULTILINE)
        section, _, introduction = head.partition("\n")
        introductions[section.strip()] = introduction.strip()
        for rule in rules:
            title, _, body = rule.partition("\n")
            first, *rest = re.split(r"^\[(.+)\]\n", body, flags=re.MULTILINE)
            blocks = [Block("text", first.strip())] if first.strip() else []
            blocks += [Block(k, t.strip()) for k, t in zip(rest[::2], rest[1::2], strict=True)]
            found.append(Case(section.strip(), title.strip(), tuple(blocks)))
    return found, introductions


def page() -> str:
    """Return the page as text."""
    found, introductions = cases()
    lines = [HEAD]
    section = ""
    for case in found:
        if case.section != section:
            section = case.section
            lines += [f"## {section}", introductions[section]]
        lines.append(f"### {case.title}")
        lines += [_block(block) for block in case.blocks]
    return "\n\n".join(line.strip("\n") for line in [*lines, TAIL] if line) + "\n"


def code(text: str) -> str:
    """Return the code of a block as one expression."""
    return f"({text})"


def _block(block: Block) -> str:
    if block.kind == "text":
        return block.text
    if block.kind == "code":
        return f"```text\n{_pretty(block.text)}\n```"
    if block.kind == "refused":
        return f"is refused: *{block.text.partition(': ')[2]}*"
    if block.kind == "prints":
        return f"Its audit prints as\n\n```text\n{block.text}\n```"
    if block.kind == "says":
        return f'The audit says: "{block.text}".'
    if block.kind == "audit":
        return f"In the audit: {', '.join(f'`{line}`' for line in block.text.splitlines())}."
    title = "gives" if block.kind == "gives" else f"`{block.kind}`"
    header, *rows = cells(block.text)
    lines = [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]
    return title + "\n\n" + "\n".join(lines)


def _pretty(text: str) -> str:
    """Break a long chain at its calls."""
    if "\n" in text:
        first, *rest = text.splitlines()
        return "\n".join([first, *(f"    {line}" for line in rest)])
    return re.sub(r"\)\.(?=\w+\()", ")\n    .", text) if len(text) > 90 else text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
