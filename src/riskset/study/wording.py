"""The plan's labels and formulas as parts of sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from riskset.design.formula import parse_formula
from riskset.design.grammar import Call, Expr, Name, names_in, render
from riskset.study.plan import Baseline, Drug, Measure, Split, State, StudyPlan

FORMS = {
    "rcs": "restricted cubic spline",
    "bs": "B-spline",
    "ns": "natural cubic spline",
    "poly": "polynomial",
}
"""Functions of a formula that give a variable several columns, in words."""


_OPENED = re.compile("[\u202a\u202b\u202d\u202e]")
_ISOLATED = re.compile("[\u2066\u2067\u2068]")


def closed(text: str) -> str:
    r"""Close signs that turn the direction of writing where the text ends, so that nothing behind it is turned.

    Examples
    --------
    >>> closed("\u202eabc").encode("ascii", "backslashreplace")
    b'\\u202eabc\\u202c'
    """
    open_runs = len(_OPENED.findall(text)) - text.count("\u202c")
    open_isolates = len(_ISOLATED.findall(text)) - text.count("\u2069")
    return text + "\u202c" * open_runs + "\u2069" * open_isolates


def inside(text: str) -> str:
    """Write a label inside a sentence: its first letter small, unless the first word may be a name or symbol.

    Mg, Kt/V and PTH stay as they are; so does every word of one or two letters.

    Examples
    --------
    >>> inside("New fracture"), inside("PTH"), inside("Mg < 2.4"), inside("Proton-pump inhibitor")
    ('new fracture', 'PTH', 'Mg < 2.4', 'proton-pump inhibitor')
    """
    text = closed(text)
    parts = text.partition(" ")[0].rstrip(",;:").split("-")
    if len(parts[0]) >= 3 and all(part.isalpha() for part in parts) and "".join(parts)[1:].islower():
        return text[0].lower() + text[1:]
    return text


def listing(words: Iterable[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listing(["death"]), listing(["CVE", "death", "fracture"])
    ('death', 'CVE, death and fracture')
    """
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def adjustment_in_words(plan: StudyPlan, adjust: str) -> str:
    """Say what an adjustment set holds, what of it at index and what as it changes.

    Parameters
    ----------
    plan : StudyPlan
        The plan, for the labels.
    adjust : str
        The set as a formula, ``age + log(baseline(crp)) + ppi``.

    Returns
    -------
    str
        "age and log CRP (at index); proton-pump inhibitor (over time)".
    """
    if not adjust.strip():
        return "nothing"
    formula = parse_formula(adjust)
    fixed: list[str] = []
    moving: list[str] = []
    for term in formula.terms:
        words = " x ".join(_words(plan, factor) for factor in term)
        (moving if any(_moves(plan, factor) for factor in term) else fixed).append(words)
    parts = [f"{listing(fixed)} (at index)"] if fixed else []
    parts += [f"{listing(moving)} (over time)"] if moving else []
    parts += [
        f"stratified by {listing(label_of(plan, n) for s in formula.strata for n in names_in(s))}"
    ] * bool(formula.strata)
    parts += [f"offset {render(o)}" for o in formula.offset]
    return "; ".join(parts)


def label_of(plan: StudyPlan, name: str) -> str:
    """Give the label of what a formula names, as it stands inside a sentence."""
    return inside(entry_of(plan, name).label) if name in names_of(plan) else name


def names_of(plan: StudyPlan) -> tuple[str, ...]:
    """List the names that formulas may use."""
    return (*plan.baseline, *at_index_names(plan), *plan.splits)


def at_index_names(plan: StudyPlan) -> tuple[str, ...]:
    """List what changes over time and has a value at index: measures, drugs, states."""
    return (*plan.measures, *plan.drugs, *plan.states)


def entry_of(plan: StudyPlan, name: str) -> Baseline | Measure | Drug | State | Split:
    """Find what the plan says of a name, in whichever section it stands."""
    for section in (plan.baseline, plan.measures, plan.drugs, plan.states):
        if name in section:
            return section[name]
    return plan.splits[name]


def _words(plan: StudyPlan, factor: Expr) -> str:
    if isinstance(factor, Name):
        return label_of(plan, factor.name)
    if isinstance(factor, Call) and factor.arguments:
        inner = _words(plan, factor.arguments[0])
        if factor.function == "baseline" and len(factor.arguments) == 1:
            return inner
        if factor.function == "log" and len(factor.arguments) == 1:
            return f"log {inner}"
        if factor.function in FORMS:
            return f"{inner} as a {FORMS[factor.function]}"
    return render(factor)


def _moves(plan: StudyPlan, factor: Expr) -> bool:
    """Say whether a factor reads anything as it changes: outside ``baseline(...)`` and not frozen at index."""
    frozen = {n for section in (plan.measures, plan.drugs) for n, e in section.items() if e.use == "baseline"}
    changing = {*at_index_names(plan), *plan.splits} - frozen
    return any(name in changing for name in _read_over_time(factor))


def _read_over_time(factor: Expr) -> Iterator[str]:
    if isinstance(factor, Call):
        if factor.function != "baseline":
            for argument in factor.arguments:
                yield from _read_over_time(argument)
    else:
        yield from names_in(factor)
