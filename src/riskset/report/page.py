"""The page: results and their figures in, one HTML text out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import count

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from riskset.report import curves, data, models, people, words
from riskset.report import formats as fmt
from riskset.report.bars import Axis, Bar
from riskset.report.drawings import Drawing, Drawings
from riskset.report.methods import methods
from riskset.report.models import Outcome
from riskset.report.table import Table
from riskset.study.ids import slug
from riskset.study.results import Estimate, Results, SplineCurve
from riskset.study.wording import inside


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the table of contents."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One estimate in the summary, with its bar."""

    label: str
    text: str
    source: str
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Card:
    """The answer for one outcome."""

    label: str
    basis: Markup
    caption: Markup
    modifier: str
    strata: tuple[Line, ...]
    ratios: tuple[Line, ...]
    reading: tuple[Markup, ...]
    cautions: tuple[Markup, ...]
    sparse: bool


@dataclass(frozen=True, slots=True)
class OutcomeModels:
    """Everything about the models of one outcome."""

    key: str
    label: str
    figure: Drawing
    tables: tuple[Table, ...]
    coefficients: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class OutcomeCurve:
    """The curve of one outcome, its tests, and itself in numbers."""

    key: str
    label: str
    reading: tuple[Markup, ...]
    figure: Drawing
    tests: Table
    numbers: Table


@dataclass(frozen=True, slots=True)
class OutcomeSurvival:
    """Survival of one outcome."""

    figure: Drawing
    at_risk: Table


def make_page(results: Results, figures: Drawings) -> str:
    """Set results as a page.

    Parameters
    ----------
    results : Results
        What a run found; every number on the page is one of its numbers, rounded.
    figures : Drawings
        The figures drawn from them.

    Returns
    -------
    str
        HTML that needs nothing beside it.
    """
    number = count(1)
    outcomes = models.outcomes_of(results)
    labels = models.labels_of(results)
    axis = Axis.around(e for o in outcomes for e in _shown(o))
    # in the order of the page, because tables are numbered as they are made
    context: dict[str, object] = {
        "results": results,
        "css": Markup(_text("report.css")),  # noqa: S704 (our own file)
        "lead": words.lead(results, outcomes),
        "cards": tuple(_card(o, results, axis) for o in outcomes),
        "ticks": axis.ticks,
        "terms": words.terms(results, outcomes),
        "flow": figures.flow,
        "table1": tuple(people.table1(t, next(number)) for t in results.table1),
        "rates": tuple(_rates(results, number)),
        "models": tuple(_models(results, o, figures.forests[o.key], number) for o in outcomes),
        "lost": (people.rows_lost(results, next(number)),) if results.rows_lost else (),
        "curves": tuple(
            _curve(results, c, labels.get(c.outcome, c.outcome), figures.curves[c.outcome], next(number))
            for c in results.curves
            if c.strata
        ),
        "survival": tuple(
            OutcomeSurvival(figures.survival[s.outcome, s.grouping], curves.at_risk(s, next(number)))
            for s in results.survival
            if s.groups
        ),
        "published": data.published(results, next(number)) if results.published else None,
        "audit": tuple(_audit(results, number)),
        "methods": methods(results),
        "count": fmt.count,
        "label": fmt.label,
        "inside": inside,
    }
    context["toc"] = tuple(_contents(context))
    return _environment().get_template("report.html.j2").render(context)


def breakable(text: str) -> Markup:
    """Let words of more than 20 signs break, so that one long name cannot push a table apart.

    Examples
    --------
    >>> str(breakable("short & " + "x" * 30 + " mg_group:calcimimetic_use"))
    'short &amp; xxxxxxxxxxxxxxxxxxxx<wbr>xxxxxxxxxx mg_<wbr>group:<wbr>calcimimetic_<wbr>use'
    """
    return Markup(" ").join(Markup("<wbr>").join(_pieces(word)) for word in text.split(" "))


def _pieces(word: str) -> list[str]:
    if len(word) <= 20:
        return [word]
    natural = re.findall(r"[^_:/,)\]]*[_:/,)\]]+|[^_:/,)\]]+", word)
    return [piece[k : k + 20] for piece in natural for k in range(0, len(piece), 20)]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("riskset.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = breakable
    return environment


def _text(name: str) -> str:
    return (files("riskset.report") / "templates" / name).read_text(encoding="utf-8")


def _contents(context: Mapping[str, object]) -> Iterator[Entry]:
    entries = (
        ("summary", "Summary", "cards"),
        ("patients", "Flow of patients", "flow"),
        ("characteristics", "Characteristics", "table1"),
        ("rates", "Events and rates", "rates"),
        ("models", "Models", "models"),
        ("curves", "Curves", "curves"),
        ("survival", "Survival", "survival"),
        ("published", "Beside the publication", "published"),
        ("data", "Data audit", ""),
        ("methods", "Methods", ""),
        ("provenance", "Provenance", ""),
    )
    for where, text, needs in entries:
        if not needs or context[needs] or where == "summary":
            yield Entry(where, text)


def _rates(results: Results, tables: Iterator[int]) -> Iterator[Table]:
    if not results.rates:
        return
    yield people.follow_up(results, next(tables))
    split = [o for o in results.rates if o.cells]
    for k in range(0, len(split), people.OUTCOMES_ABREAST):
        yield people.cells(results, split[k : k + people.OUTCOMES_ABREAST], next(tables))


def _models(results: Results, outcome: Outcome, figure: Drawing, number: Iterator[int]) -> OutcomeModels:
    return OutcomeModels(
        key=slug(outcome.key),
        label=outcome.label,
        figure=figure,
        tables=tuple(models.hazard_ratios(results, part, next(number)) for part in models.abreast(outcome)),
        coefficients=tuple(models.coefficients(m, outcome.label) for m in outcome.models),
    )


def _curve(results: Results, curve: SplineCurve, label: str, figure: Drawing, number: int) -> OutcomeCurve:
    return OutcomeCurve(
        key=slug(curve.outcome),
        label=label,
        reading=words.curve_reading(curve, results, label),
        figure=figure,
        tests=curves.curve_tests(curve, label, number),
        numbers=curves.curve_numbers(curve, label),
    )


def _audit(results: Results, tables: Iterator[int]) -> Iterator[Table]:
    if results.audit.lines:
        yield data.audit(results, next(tables))
    if results.audit.matched:
        yield data.matched(results, next(tables))
    if results.audit.tables:
        yield data.tables_read(results, next(tables))


def _shown(outcome: Outcome) -> tuple[Estimate, ...]:
    return (*outcome.primary.exposure_in_modifier, *outcome.primary.interaction)


def _card(outcome: Outcome, results: Results, axis: Axis) -> Card:
    model = outcome.primary
    several = len(results.exposure_levels) > 2

    def line(e: Estimate) -> Line:
        level = models.modifier_level(e, results)
        level = f"{level}: {models.exposure_level(e, results)}" if several else level
        text = fmt.ratio_with_interval(e.estimate, e.lower, e.upper)
        return Line(fmt.label(level), text, e.id, axis.bar(e))

    rates = next((r for r in results.rates if r.outcome == outcome.key), None)
    return Card(
        label=outcome.label,
        basis=words.basis(outcome, rates, results),
        caption=words.card_caption(outcome, results),
        modifier=results.modifier_label,
        strata=tuple(line(e) for e in model.exposure_in_modifier),
        ratios=tuple(line(e) for e in model.interaction),
        reading=words.reading(outcome, results),
        cautions=words.cautions(outcome, results),
        sparse=model.events_per_parameter < words.EVENTS_PER_COEFFICIENT,
    )
