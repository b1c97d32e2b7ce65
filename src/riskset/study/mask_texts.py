"""Numbers in the sentences of a run: small counts and hidden ones are taken out, names and settings stay."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from pydantic import BaseModel

_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\w]|[.,]\d)")
# thresholds and settings of ours, which are the same in every study, and ends of p-values, ages, times
_FIXED = re.compile(
    r"(?:[Ff]ewer than|[Uu]nder|[Oo]lder than|[Bb]elow|at least|at most|more than|[Pp] =|level of) \d[\d,.]*"
    r"|\d[\d,.]*(?:%| (?:hours?|days?|months?|years?|person-|measurements?|per ))"
)
_NAMES = frozenset(
    {"label", "level", "levels", "topic", "model", "variable", "term", "exposure", "modifier", "unit", "slug"}
    | {"exposure_label", "exposure_levels", "modifier_label", "modifier_levels", "outcome", "entry", "key"}
    | {"reference", "by", "grouping", "screened_label", "sparse_labels", "adjustment", "title", "name"}
)
MASKED_WORD = "[masked]"


def names_in(value: object, name: str = "") -> Iterator[str]:
    """Give every name of the plan in a record that has a digit in it.

    Parameters
    ----------
    value : object
        A record or a part of one.
    name : str
        The field that it is.
    """
    if isinstance(value, str):
        if name in _NAMES and any(c.isdigit() for c in value) and any(c.isalpha() for c in value):
            yield value
    elif isinstance(value, BaseModel):
        for part in type(value).model_fields:
            yield from names_in(getattr(value, part), part)
    elif isinstance(value, (tuple, list)):
        for item in value:  # pyright: ignore[reportUnknownVariableType] (any record's)
            yield from names_in(item, name)  # pyright: ignore[reportUnknownArgumentType]


def scrubbed(text: str, least: int, hidden: Collection[str], names: Iterable[str]) -> str:
    """Take the numbers out of a sentence that has a small or a hidden one in it.

    All of its numbers go then, since one may follow from the others; names of the plan and thresholds stay.

    Parameters
    ----------
    text : str
    least : int
        Counts from 1 to one less than this are small.
    hidden : collection of str
        Hidden numbers, as they are written.
    names : iterable of str
        Names of the plan.

    Returns
    -------
    str

    Examples
    --------
    >>> scrubbed("Cells with fewer than 10 events: Mg 2 low and past 3.", 5, (), ["Mg 2 low"])
    'Cells with fewer than 10 events: Mg 2 low and past [masked].'
    >>> scrubbed("121 events for 18 coefficients are 6.7 per coefficient", 5, {"121"}, ())
    '[masked] events for [masked] coefficients are [masked] per coefficient'
    >>> scrubbed("values older than 3 days: 120 rows", 5, (), ())
    'values older than 3 days: 120 rows'
    """
    spared = [m.span() for m in _FIXED.finditer(text)]
    spared = [s for s in spared if not re.search(r"\d per ", text[s[0] : s[1]])]
    for name in names:
        spared += [m.span() for m in re.finditer(re.escape(name), text)]
    found = [m for m in _NUMBER.finditer(text) if not any(a < m.end() and m.start() < b for a, b in spared)]
    if not any(_tells(m.group(), least, hidden) for m in found):
        return text
    for m in reversed(found):
        text = text[: m.start()] + MASKED_WORD + text[m.end() :]
    return text


def _tells(number: str, least: int, hidden: Collection[str]) -> bool:
    plain = number.replace(",", "")
    return number in hidden or plain in hidden or (plain.isdigit() and 0 < int(plain) < least)
