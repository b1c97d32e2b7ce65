"""Further questions of the plan: their tests as one family, and for each a section like those of the main question."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from riskset.report import cells
from riskset.report import formats as fmt
from riskset.report.document import (
    Block,
    Cell,
    Definitions,
    Group,
    Line,
    Note,
    Paragraph,
    Part,
    Reference,
    Rows,
    Section,
    Table,
    Text,
)
from riskset.report.outcomes import outcomes_of
from riskset.report.phrases import ALPHA, count, inside, join, listing, name, say, sentence
from riskset.report.scoped import FAMILY, key_of, place_of
from riskset.report.sections import (
    additive,
    compared_rates,
    curves,
    diagnostics,
    groups,
    interaction,
    models,
    plan,
    rates,
    summary,
)
from riskset.report.texts import en, en_further
from riskset.study.family import family_id
from riskset.study.results import FamilyTest, QuestionResult, Results
from riskset.study.scoped import as_main

_LIKE_THE_MAIN: Final[tuple[Callable[[Results], Section | None], ...]] = (
    rates.section,
    compared_rates.section,
    models.section,
    interaction.section,
    additive.section,
    curves.section,
    groups.section,
    diagnostics.section,
)


def sections(results: Results) -> tuple[Section, ...]:
    """Set the family of tests, then each question."""
    if not results.questions:
        return ()
    return (_overview(results), *(_question(q, k, results) for k, q in enumerate(results.questions, 2)))


# --- all questions ---------------------------------------------------------------------------------------------


def _overview(results: Results) -> Section:
    asked = results.questions
    named = listing(say("“{}”", Text((Reference(key_of(q)),))) for q in asked)
    if len(asked) == 1:
        first = say(en_further.ONE_FURTHER_QUESTION, named)
    else:
        first = say(en_further.FURTHER_QUESTIONS_ARE, _number_of("questions", results), named)
    family = results.family
    blocks: tuple[Block, ...] = (
        Paragraph(first + en_further.EACH_IS_ANSWERED),
        Paragraph(say("{} {}", en_further.WHOEVER_LOOKS_LONGER, _what_stands(results))),
        _table(family),
    )
    return Section("questions", Text((en_further.FURTHER_QUESTIONS,)), blocks)


def _number_of(what: str, results: Results) -> Text:
    n = 1 + len(results.questions) if what == "questions" else len(results.family)
    return count(n, family_id(what), what)


def _what_stands(results: Results) -> Text:
    tests = _number_of("tests", results)
    known = [t for t in results.family if t.adjusted.estimate is not None and t.adjusted.estimate < ALPHA]
    if not known:
        return say(en_further.NONE_STANDS, tests)
    which = listing(
        say("{} ({})", inside(t.label), inside(t.question or en_further.MAIN_QUESTION)) for t in known
    )
    return say(en_further.ONE_STANDS if len(known) == 1 else en_further.THESE_STAND, tests, which)


def _table(family: tuple[FamilyTest, ...]) -> Table:
    found: dict[str | None, list[Line]] = {}
    for t in family:
        by = say(en_further.BY, name(t.exposure_label), inside(t.modifier_label))
        line = (cells.row(name(t.label), indent=True), cells.words(by), cells.p_value(t.adjusted), _holm(t))
        found.setdefault(t.question, []).append(line)
    return Table(
        id=FAMILY,
        caption=Text((en_further.TESTS_OF_INTERACTION,)),
        head=(
            (
                cells.col(en.OUTCOME, numeric=False),
                cells.col(en.INTERACTION, numeric=False),
                cells.col(en.P),
                cells.col(en_further.P_HOLM),
            ),
        ),
        groups=tuple(
            Rows(tuple(lines), heading=name(question) if question else Text((en_further.MAIN_QUESTION,)))
            for question, lines in found.items()
        ),
        notes=(
            say(en_further.NOT_ADJUSTED, name(family[0].adjusted.method) if family else ""),
            *cells.warnings_of(t.adjusted for t in family),
        ),
        sheet="Family of tests",
    )


def _holm(test: FamilyTest) -> Cell:
    e = test.adjusted
    text = fmt.p_value(e.estimate)
    cell = cells.figures(text, e.id, Part(en_further.P_HOLM, e.estimate, text))
    return Cell(cell.content, marked=bool(e.warnings))


# --- one question ----------------------------------------------------------------------------------------------


def _question(question: QuestionResult, nth: int, results: Results) -> Section:
    view, place = as_main(results, question), place_of(question, nth)
    blocks = place.of((*_answer(question, view), *_like_the_main(view), _methods(question)))
    one_of = say(
        en_further.THIS_QUESTION_IS_ONE, _number_of("questions", results), Text((Reference(FAMILY),))
    )
    return Section(place.key, name(question.name), (*blocks, Paragraph(one_of, "caution")))


def _answer(question: QuestionResult, view: Results) -> Iterator[Block]:
    """Say what is asked, and what the tests answer, before any table."""
    outcomes = outcomes_of(view)
    yield Paragraph(summary.lead(view, outcomes), "lead")
    for outcome in outcomes:
        yield Paragraph(
            join([say("{}.", name(outcome.label)), *interaction.reading(outcome, view)]), "reading"
        )
    if question.warnings:
        yield Note(en.TO_KEEP_IN_MIND, tuple(name(w) for w in question.warnings))
    yield Definitions(tuple(plan.asked(view)))


def _like_the_main(view: Results) -> Iterator[Block]:
    for section in _LIKE_THE_MAIN:
        found = section(view)
        if found is not None:
            title = Text((found.entry,)) if found.entry else found.title
            yield Group(found.id, title, found.blocks)


def _methods(question: QuestionResult) -> Group:
    topics: dict[str, list[Text]] = {}
    for line in question.methods:
        topics.setdefault(line.topic, []).append(sentence(line.text))
    entries = tuple((name(topic), tuple(texts)) for topic, texts in topics.items())
    return Group("methods", Text((en_further.MODELS_METHODS,)), (Definitions(entries),))
