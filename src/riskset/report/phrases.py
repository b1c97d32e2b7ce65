"""Parts of sentences: our own words, the plan's words, and numbers with their names.

A sentence is a template of ours, ``"{} in {}."``, filled with :func:`name` for what the plan calls something and
:func:`number` for what the study found. Plain strings are our own words.
"""

from __future__ import annotations

from collections.abc import Iterable

from riskset.report import formats as fmt
from riskset.report.document import Label, Number, Part, Run, Text
from riskset.study import wording
from riskset.study.results import Estimate
from riskset.study.results_values import MASKED

ALPHA = 0.05
"""The two-sided level at which sentences change; the number itself is always printed."""


def say(template: str, *values: Text | str) -> Text:
    """Fill a sentence of our own.

    Examples
    --------
    >>> say("{} of {}.", number("3", "a/b/c"), name("users")).runs
    (Number(text='3', source='a/b/c', parts=()), ' of ', Label(text='users'), '.')
    """
    pieces = template.split("{}")
    runs: list[Run] = [pieces[0]]
    for piece, value in zip(pieces[1:], values, strict=True):
        runs += [*(value.runs if isinstance(value, Text) else (value,)), piece]
    return Text(tuple(run for run in runs if run != ""))


def join(parts: Iterable[Text | str], between: str = " ") -> Text:
    """Set parts in a row.

    Examples
    --------
    >>> join(["a", name("b")], ", ").plain
    'a, b'
    """
    whole = Text()
    for k, part in enumerate(parts):
        whole = whole + (between if k else "") + part
    return Text(tuple(run for run in whole.runs if run != ""))


def listing(parts: Iterable[Text | str], last: str = "and") -> Text:
    """Join as a sentence does.

    Examples
    --------
    >>> listing(["a", "b", "c"]).plain
    'a, b and c'
    """
    items = list(parts)
    if len(items) < 2:
        return join(items)
    return join([join(items[:-1], ", "), items[-1]], f" {last} ")


def name(text: str) -> Text:
    """Set a label of the plan.

    Examples
    --------
    >>> name("<b> >= 2").plain
    '<b> ≥ 2'
    """
    return Text((Label(fmt.label(text)),)) if text else Text()


def inside(text: str) -> Text:
    """Set a label of the plan within a sentence.

    Examples
    --------
    >>> inside("Death from any cause").plain
    'death from any cause'
    """
    return name(wording.inside(text))


def sentence(text: str) -> Text:
    """Set a sentence that the plan or the run wrote: capital first, full stop last.

    Examples
    --------
    >>> sentence("no value").plain
    'No value.'
    """
    text = text.strip()
    closed = text if text.endswith((".", "?", "!")) else f"{text}."
    return name(closed[:1].upper() + closed[1:])


def number(text: str, source: str, *parts: Part) -> Text:
    """Set a number of the study with the id of its record.

    Examples
    --------
    >>> number("0.59", "a/b/c[d]").plain
    '0.59'
    """
    return Text((Number(text, source, parts),))


def count(n: int | None, source: str, what: str = "n") -> Text:
    """Set a count.

    Examples
    --------
    >>> count(1350, "all/flow/persons[screened]").plain
    '1,350'
    """
    return number(fmt.count(n), source, Part(what, n, fmt.count(n)))


def counted(n: int | None, source: str, one: str, many: str | None = None) -> Text:
    """Set a count with its noun.

    Examples
    --------
    >>> counted(1, "a/b/c", "event").plain.replace(fmt.NBSP, " ")
    '1 event'
    """
    return say("{}" + fmt.NBSP + "{}", count(n, source), one if n == 1 else many or f"{one}s")


def established(estimate: Estimate) -> bool:
    """Say whether the data speak against equality at the two-sided 5% level."""
    return estimate.p is not None and estimate.p < ALPHA


def p_phrase(estimate: Estimate) -> Text:
    """Print an estimate's P value in a sentence, "P = 0.290"."""
    return number(fmt.p_phrase(estimate.p), estimate.id)


def ratio_phrase(e: Estimate) -> Text:
    """Print a ratio in a sentence, "0.43 (95% CI 0.15-1.26; P = 0.124)", that breaks before P if at all."""
    interval = (
        f"{fmt.ratio(e.estimate)} ({fmt.level_percent(e.level)} CI {fmt.ratio_limits(e.lower, e.upper)}"
    )
    return _phrase(e, interval)


def estimate_phrase(e: Estimate, decimals: int = 2) -> Text:
    """Print any estimate in a sentence with its interval and P value, to so many decimals."""
    if e.estimate is None:
        return Text((fmt.MASKED if MASKED in e.warnings else "not estimable",))
    if e.lower is None and e.upper is None:
        return number(fmt.fixed(e.estimate, decimals), e.id)
    low, high = (fmt.UNBOUNDED if v is None else fmt.fixed(v, decimals) for v in (e.lower, e.upper))
    return _phrase(e, f"{fmt.fixed(e.estimate, decimals)} ({fmt.level_percent(e.level)} CI {low} to {high}")


def _phrase(e: Estimate, interval: str) -> Text:
    if e.p is None:
        return number(f"{interval})", e.id)
    return say("{} {}", number(f"{interval};", e.id), number(f"{fmt.p_phrase(e.p)})", e.id))
