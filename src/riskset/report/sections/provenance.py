"""Where the report comes from, and where its numbers are."""

from __future__ import annotations

from riskset.report.document import Code, Definitions, Label, Link, Section, Text
from riskset.report.phrases import name, say
from riskset.report.texts import en
from riskset.study.results import Results


def section(results: Results) -> Section:
    """Name the plan, the data, the seed and the files beside the report."""
    numbers = say(
        en.EACH_NUMBER_WITH_ITS_NAME,
        Text((Link("results.json", "results.json"),)),
    )
    entries: list[tuple[str, Text]] = [
        ("riskset", name(results.riskset)),
        (en.PLAN_SHA_256, Text((Code(results.plan_sha256),))),
        *([(en.DATA_SHA_256, Text((Code(results.data_sha256),)))] if results.data_sha256 else []),
        ("Seed", Text((Label(str(results.seed)),))),
        ("Numbers", numbers),
        (en.INPUTS_AND_VERSIONS, Text((Link("manifest.json", "manifest.json"),))),
    ]
    return Section(
        "provenance",
        Text((en.PROVENANCE,)),
        (Definitions(tuple((Text((term,)), (text,)) for term, text in entries)),),
    )
