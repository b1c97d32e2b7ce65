"""STROBE and RECORD: each item with its text and place in this report, or left for the author."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from riskset.report import cells
from riskset.report.document import Line, Reference, Rows, Section, Table, Text
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import count, inside, join, listing, name, say, sentence
from riskset.report.texts.checklists import RECORD as RECORD_ITEMS
from riskset.report.texts.checklists import STROBE as STROBE_ITEMS
from riskset.study.counted import flow_id
from riskset.study.results import Results

AUTHOR = "for the author"
Filled = tuple[Text, tuple[str, ...]]
"""What this report says of an item, and where: ids of sections, tables or figures."""


def strobe(results: Results) -> Section:
    """Set the STROBE items for cohort studies."""
    filled = _filled(results)
    return _section("strobe", "STROBE checklist", STROBE_ITEMS, filled)


def record(results: Results) -> Section:
    """Set the RECORD items, for data that were collected for other reasons."""
    return _section("record", "RECORD checklist", RECORD_ITEMS, _filled(results))


def _section(
    key: str, title: str, items: tuple[tuple[str, str], ...], filled: Mapping[str, Filled]
) -> Section:
    rows: list[Line] = []
    left = 0
    for number, topic in items:
        found = filled.get(number)
        left += found is None
        text, places = (Text((AUTHOR,)), ()) if found is None else found
        where = join((Text((Reference(p),)) for p in places), ", ") or Text(("–",))
        rows.append((cells.row(number), cells.words(topic), cells.words(text), cells.words(where)))
    note = (
        "Item numbers are those of the published checklist; what each asks is told in our words. Texts here are what "
        "this report can say; the author decides what the manuscript says."
    )
    table = Table(
        id=f"checklist-{key}",
        caption=Text((f"Items of the {title}, by their published numbers",)),
        head=(
            (
                cells.col("Item", numeric=False),
                cells.col("Asks for", numeric=False),
                cells.col("In this report", numeric=False),
                cells.col("Where", numeric=False),
            ),
        ),
        groups=(Rows(tuple(rows)),),
        notes=(Text((note,)),),
        numbered=False,
        wide=True,
        sheet=title,
    )
    return Section(key, Text((title,)), (table,))


def _filled(results: Results) -> Mapping[str, Filled]:
    facts = partial(_facts, results)
    labels = listing(inside(o.label) for o in results.rates)
    screened = count(results.flow.screened, flow_id("persons", "screened"))
    included = count(results.flow.included, flow_id("persons", "included"))
    found: dict[str, Filled] = {
        "3": (name(results.question), ("plan",)),
        "4": (
            say("Cohort of {} persons with values, drug use and outcomes that change over time.", included),
            ("plan",),
        ),
        "6a": (facts("Cohort", "Eligibility", "Follow-up"), ("methods", "patients")),
        "6b": (Text(("No matching.",)), ()),
        "10": (
            say("All {} eligible persons of {} screened; no sample size was planned.", included, screened),
            ("patients",),
        ),
        "11": (facts("Exposure", "Other measures"), ("methods",)),
        "13a": (say("{} screened, {} included.", screened, included), ("figure-flow",)),
        "13b": (_reasons(results), ("figure-flow",)),
        "13c": (Text(("Flow of patients.",)), ("figure-flow",)),
        "6.1": (facts("Cohort", "Eligibility"), ("methods", *_table(results.audit.matched, "matched"))),
        "12.2": (
            Text(("Each check of the raw tables, with what it found and how many rows.",)),
            ("data",),
        ),
        "13.1": (_reasons(results), ("figure-flow", *_table(results.audit.matched, "matched"))),
        "22.1": (
            Text(
                (
                    "Checksums of plan and data, and the version of the software; where they can be had is for the author.",
                )
            ),
            ("provenance",),
        ),
    }
    if results.methods:
        found["7"] = (facts("Outcomes", "Exposure", "Modifier", "Other drugs"), ("plan", "methods"))
        found["12a"] = (facts("Models", "Fitting"), ("methods",))
        found["12b"] = (facts("Interaction"), ("methods",))
        found["12c"] = (facts("Missing values"), ("methods", *_table(results.rows_lost, "rows-lost")))
        found["12d"] = (
            say("Follow-up ends where it is last known; nobody is imputed. {}", facts("Follow-up")),
            ("methods", "patients"),
        )
    if results.audit.matched:
        found["7.1"] = (Text(("Every filter with the strings that it matched.",)), ("matched",))
        found["8"] = (
            Text(
                (
                    "Every variable with the rule by which it is read from the tables; how it was measured is for the author.",
                )
            ),
            ("matched", "methods"),
        )
    if results.table1:
        found["14a"] = (Text(("Characteristics at index.",)), ("characteristics",))
        found["14b"] = (Text(("Missing values, in the lines of each variable.",)), ("characteristics",))
    if results.rates:
        found["14c"] = (Text(("Person-time and median follow-up of each outcome.",)), ("follow-up",))
        found["15"] = (say("Events and rates of {}.", labels), ("follow-up", "rates"))
        found["16c"] = (Text(("Rates by group, with exact intervals.",)), ("rates",))
    outcomes = outcomes_of(results)
    if outcomes:
        names = listing(dict.fromkeys(name(m.model) for o in outcomes for m in o.models))
        found["16a"] = (say("{}, each with its adjustment, intervals and P values.", names), ("models",))
        found["16b"] = (listing(name(v) for v in results.exposure_levels), ("plan",))
        found["18"] = (Text(("What the tests support, outcome by outcome.",)), ("summary", "text"))
    if any(o.primary.interaction for o in outcomes):
        found["17"] = (
            Text(("Interaction with its detectable ratio; curves where they were fitted.",)),
            ("interaction",),
        )
    if results.sensitivity.variants:
        found["12e"] = (
            say("{} variants of the plan.", listing(name(v.label) for v in results.sensitivity.variants)),
            ("sensitivity",),
        )
    return found


def _table(there: tuple[object, ...], where: str) -> tuple[str, ...]:
    return (where,) if there else ()


def _facts(results: Results, *topics: str) -> Text:
    """Gather what the plan settled of these topics."""
    said = [sentence(line.text) for topic in topics for line in results.methods if line.topic == topic]
    return join(said) or Text(("Nothing is set in the plan.",))


def _reasons(results: Results) -> Text:
    steps = results.flow.steps
    if not steps:
        return Text(("Nobody was excluded.",))
    each = (
        say("not “{}” {}", name(s.label), count(s.n_excluded, flow_id("excluded", k, s.label)))
        for k, s in enumerate(steps, 1)
    )
    return say("Excluded: {}.", join(each, "; "))
