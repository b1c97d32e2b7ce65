"""Where the report comes from, and where its numbers are."""

from __future__ import annotations

from riskset.report.document import Code, Definitions, Label, Link, Section, Text
from riskset.report.phrases import name, say
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Name the plan, the data, the seed and the files beside the report."""
    numbers = say(
        "{}: each number with its name, unit, reference, method and what it rests on. Numbers in the report carry the "
        "same names.",
        Text((Link("results.json", "results.json"),)),
    )
    entries: list[tuple[str, Text]] = [
        ("riskset", name(results.riskset)),
        ("Plan (SHA-256)", Text((Code(results.plan_sha256),))),
        *([("Data (SHA-256)", Text((Code(results.data_sha256),)))] if results.data_sha256 else []),
        ("Seed", Text((Label(str(results.seed)),))),
        ("Numbers", numbers),
        ("Inputs and versions", Text((Link("manifest.json", "manifest.json"),))),
    ]
    return Section(
        "provenance",
        Text(("Provenance",)),
        (Definitions(tuple((Text((term,)), (text,)) for term, text in entries)),),
    )
