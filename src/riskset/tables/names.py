"""Which names of columns a message may tell.

A file without a header hands the first person's row to its reader as the names of the columns. A name that the
study has not declared is therefore told only if it looks like a name and stands among names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

NO_HEADER = "the first row does not look like a header"
_NAME = re.compile(r"[^\W\d]|_")  # a letter of any script, or an underscore
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}(?:\D|$)")
# What a cell of data says, and no column is called.
_CELL = frozenset({"", "true", "false", "yes", "no", "male", "female", "na", "n/a", "nan", "null", "none"})
_COPY = re.compile(r"_duplicated_\d+$")  # how the reader of text files tells two columns of one name apart


def looks_like_a_name(text: str) -> bool:
    """Tell whether a column may be called this, or whether it looks like a date, a number or another value.

    Parameters
    ----------
    text : str

    Returns
    -------
    bool

    Examples
    --------
    >>> [looks_like_a_name(t) for t in ("birth_date", "_id", "年齢", "1947-01-02", "000026", "true")]
    [True, True, True, False, False, False]
    """
    text = _COPY.sub("", text.strip())
    return _NAME.match(text) is not None and text.casefold() not in _CELL and not _DATE.search(text)


def looks_like_a_header(names: Sequence[str]) -> bool:
    """Tell whether names are those of columns: three in four look like it, and none is a date.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    bool

    Examples
    --------
    >>> looks_like_a_header(["id", "sex", "2019", "note"])
    True
    >>> looks_like_a_header(["000026", "male", "1947-01-02"])
    False
    """
    alike = sum(looks_like_a_name(name) for name in names)
    return 4 * alike >= 3 * len(names) and not any(_DATE.match(name.strip()) for name in names)


def nearest(name: str, known: Sequence[str]) -> str:
    """Say which known name comes nearest, or list them; names that may be a person's data are not told.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : sequence of str
        Names that exist.

    Returns
    -------
    str
        A remedy for an error message.

    Examples
    --------
    >>> nearest("analite", ["analyte", "date"])
    "Did you mean 'analyte'? There are: analyte, date."
    >>> nearest("analyte", ["000026", "male", "1947-01-02"])
    'The first row does not look like a header: it must hold the names of the columns.'
    """
    named = [k for k in known if not k.startswith("__")]
    if not looks_like_a_header(named):
        return f"{NO_HEADER[0].upper()}{NO_HEADER[1:]}: it must hold the names of the columns."
    shown = [k for k in named if looks_like_a_name(k)]
    close = get_close_matches(name, shown, n=1, cutoff=0.6)
    if not close:
        folded = {k.lower(): k for k in shown}
        close = [folded[k] for k in get_close_matches(name.lower(), list(folded), n=1, cutoff=0.6)]
    hint = f"Did you mean '{close[0]}'? " if close else ""
    others = len(named) - len(shown)
    if others:
        more = f"{others:,} other{'' if others == 1 else 's'} that look{'s' if others == 1 else ''} like data"
        return f"{hint}There are: {', '.join([*shown, more])}."
    return f"{hint}There are: {', '.join(shown)}."


def twice_in_header(name: str, names: Sequence[str], declared: Sequence[str]) -> tuple[str, str]:
    """Say that a name stands twice in the header, and which one only if it cannot be a person's data.

    Parameters
    ----------
    name : str
    names : sequence of str
        All of the header.
    declared : sequence of str
        Names that the study has said itself.

    Returns
    -------
    rule, remedy : str

    Examples
    --------
    >>> twice_in_header("dose", ["id", "dose", "dose"], [])
    ("the column 'dose' stands twice in the header", 'Rename one of them.')
    >>> twice_in_header("true", ["000026", "true", "true", "1947-01-02"], ["id"])[0]
    'a name stands twice in the header, and the first row does not look like a header'
    """
    if name in declared or (looks_like_a_header(names) and looks_like_a_name(name)):
        return f"the column '{name}' stands twice in the header", "Rename one of them."
    if looks_like_a_header(names):
        return "a name stands twice in the header", "Rename one of them."
    return (
        f"a name stands twice in the header, and {NO_HEADER}",
        "It must hold the names of the columns; declare header_row if another row does.",
    )
