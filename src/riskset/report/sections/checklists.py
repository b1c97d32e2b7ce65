"""STROBE and RECORD: each item with its text and place in this report, or left for the author."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from riskset.report import cells
from riskset.report.document import Line, Reference, Rows, Section, Table, Text
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import count, inside, join, listing, name, say, sentence
from riskset.report.texts import en, en_checklists
from riskset.report.texts.checklists import RECORD as RECORD_ITEMS
from riskset.report.texts.checklists import STROBE as STROBE_ITEMS
from riskset.study.counted import flow_id
from riskset.study.results import Results

AUTHOR = en_checklists.FOR_THE_AUTHOR
Filled = tuple[Text, tuple[str, ...]]
"""What this report says of an item, and where: ids of sections, tables or figures."""


def strobe(results: Results) -> Section:
    """Set the STROBE items for cohort studies."""
    filled = _filled(results)
    return _section("strobe", en_checklists.STROBE_CHECKLIST, STROBE_ITEMS, filled)


def record(results: Results) -> Section:
    """Set the RECORD items, for data that were collected for other reasons."""
    return _section("record", en_checklists.RECORD_CHECKLIST, RECORD_ITEMS, _filled(results))


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
    note = en_checklists.ITEM_NUMBERS_ARE_THOSE_OF
    table = Table(
        id=f"checklist-{key}",
        caption=Text((en_checklists.ITEMS_OF_THE.format(title),)),
        head=(
            (
                cells.col(en_checklists.ITEM, numeric=False),
                cells.col(en_checklists.ASKS_FOR, numeric=False),
                cells.col(en_checklists.IN_THIS_REPORT, numeric=False),
                cells.col(en_checklists.WHERE_2, numeric=False),
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
    rules = listing(say("“{}”", name(s.label)) for s in results.flow.steps) or Text((en_checklists.NO_RULES,))
    fitted = _table(results.models, "sensitivity")
    groups = listing(name(v) for v in results.exposure_levels)
    found: dict[str, Filled] = {
        "3": (name(results.question), ("plan",)),
        "4": (
            say(en_checklists.COHORT_OF_PERSONS_WITH_VALUES, included),
            ("plan",),
        ),
        "6a": (say(en_checklists.CHOSEN_BY_RULES, rules, facts("Follow-up")), ("methods", "patients")),
        "6b": (Text((en_checklists.NO_MATCHING,)), ()),
        "10": (
            say(en_checklists.ALL_ELIGIBLE_PERSONS_OF_SCREENED, included, screened),
            ("patients",),
        ),
        "9": (
            Text((en_checklists.AGAINST_BIAS,)),
            ("data", *_table(results.diagnostics, "diagnostics"), *fitted),
        ),
        "11": (
            say(en_checklists.QUANTITATIVE, name(results.exposure_label), groups),
            ("methods", *_table(results.curves, "curves")),
        ),
        "13a": (say(en.SCREENED_INCLUDED, screened, included), ("figure-flow",)),
        "13b": (_reasons(results), ("figure-flow",)),
        "13c": (Text((en_checklists.FLOW_OF_PATIENTS_2,)), ("figure-flow",)),
        "6.1": (say(en_checklists.RULES_ARE, rules), ("methods", *_table(results.audit.matched, "matched"))),
        "12.2": (
            Text((en_checklists.EACH_CHECK_OF_THE_RAW,)),
            ("data",),
        ),
        "13.1": (_reasons(results), ("figure-flow", *_table(results.audit.matched, "matched"))),
        "22.1": (
            Text((en_checklists.CHECKSUMS_OF_PLAN_AND_DATA,)),
            ("provenance",),
        ),
    }
    if results.methods:
        found["7"] = (
            say(
                en_checklists.VARIABLES,
                labels,
                inside(results.exposure_label),
                inside(results.modifier_label),
            ),
            ("plan", "methods"),
        )
        found["12a"] = (facts("Fitting"), ("methods", *_table(results.models, "models")))
        by = listing(name(a.label) for a in results.subgroups.analyses)
        subgroups = (say(en_checklists.SUBGROUPS_BY, by),) if by else ()
        found["12b"] = (
            join((facts("Interaction"), *subgroups)),
            ("methods", *_table(subgroups, "subgroups")),
        )
        found["12c"] = (facts("Missing values"), ("methods", *_table(results.rows_lost, "rows-lost")))
        found["12d"] = (Text((en_checklists.FOLLOW_UP_ENDS_WHERE_IT,)), ("methods", "patients"))
    if results.audit.matched:
        found["7.1"] = (Text((en_checklists.EVERY_FILTER_WITH_THE_STRINGS,)), ("matched",))
        found["8"] = (
            Text((en_checklists.EVERY_VARIABLE_WITH_THE_RULE,)),
            ("matched", "methods"),
        )
    if results.table1:
        found["14a"] = (Text((en_checklists.CHARACTERISTICS_AT_INDEX_2,)), ("characteristics",))
        found["14b"] = (Text((en_checklists.MISSING_VALUES_IN_THE_LINES,)), ("characteristics",))
    if results.rates:
        found["14c"] = (Text((en_checklists.PERSON_TIME_AND_MEDIAN_FOLLOW,)), ("follow-up",))
        found["15"] = (say(en_checklists.EVENTS_AND_RATES_OF, labels), ("follow-up", "rates"))
        found["16c"] = (Text((en_checklists.RATES_BY_GROUP_WITH_EXACT,)), ("rates",))
    outcomes = outcomes_of(results)
    if outcomes:
        names = listing(dict.fromkeys(name(m.model) for o in outcomes for m in o.models))
        found["16a"] = (say(en_checklists.EACH_WITH_ITS_ADJUSTMENT_INTERVALS, names), ("models",))
        found["16b"] = (listing(name(v) for v in results.exposure_levels), ("plan",))
        found["18"] = (Text((en_checklists.WHAT_THE_TESTS_SUPPORT_OUTCOME,)), ("summary", "text"))
    if any(o.primary.interaction for o in outcomes):
        by = listing(name(a.label) for a in results.subgroups.analyses)
        subgroups = (say(en_checklists.SUBGROUPS_ARE, by),) if by else ()
        variants = _table(results.sensitivity.variants, "sensitivity")
        found["17"] = (
            join((Text((en_checklists.INTERACTION_WITH_ITS_DETECTABLE_RATIO,)), *subgroups)),
            (
                "interaction",
                *fitted,
                *_table(results.questions, "questions"),
                *_table(subgroups, "subgroups"),
                *variants,
            ),
        )
    if results.sensitivity.variants:
        found["12e"] = (
            Text((en_checklists.VARIANTS_OF_THE_PLAN,)),
            ("sensitivity",),
        )
    return found


def _table(there: tuple[object, ...], where: str) -> tuple[str, ...]:
    return (where,) if there else ()


def _facts(results: Results, *topics: str) -> Text:
    """Gather what the plan settled of these topics."""
    said = [sentence(line.text) for topic in topics for line in results.methods if line.topic == topic]
    return join(said) or Text((en_checklists.NOTHING_IS_SET_IN_THE,))


def _reasons(results: Results) -> Text:
    steps = results.flow.steps
    if not steps:
        return Text((en_checklists.NOBODY_WAS_EXCLUDED,))
    each = (
        say(en.NOT, name(s.label), count(s.n_excluded, flow_id("excluded", k, s.label)))
        for k, s in enumerate(steps, 1)
    )
    return say(en_checklists.EXCLUDED, join(each, "; "))
