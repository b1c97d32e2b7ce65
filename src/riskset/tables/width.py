"""Full-width letters, digits and signs, as East Asian keyboards write them among half-width ones."""

from __future__ import annotations

import polars as pl

_FORMS = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {
    "\u3000": " ",  # the ideographic space
    "\u2212": "-",  # the minus of typesetting
    "\u200b": "",  # a space of no width, left over from web pages
    "\ufeff": "",  # a byte order mark within the text
}


def half_width(text: pl.Series) -> pl.Series:
    """Write full-width letters, digits and signs as half-width ones.

    Parameters
    ----------
    text : pl.Series

    Returns
    -------
    pl.Series

    Examples
    --------
    >>> half_width(pl.Series(["２．３", "2.3", None])).to_list()
    ['2.3', '2.3', None]
    """
    if not (text.str.len_bytes() != text.str.len_chars()).any():
        return text
    return text.str.replace_many(list(_FORMS), list(_FORMS.values()))
