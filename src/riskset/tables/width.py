"""Full-width letters, digits and signs, as East Asian keyboards write them among half-width ones."""

from __future__ import annotations

import polars as pl

_FORMS = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {
    "\u3000": " ",  # the ideographic space
    "\u00a0": " ",  # the blank that does not break
    "\u2212": "-",  # the minus of typesetting
    "\u200b": "",  # a space of no width, left over from web pages
    "\ufeff": "",  # a byte order mark within the text
}


def as_text(column: pl.Series) -> pl.Series:
    """Give a column as half-width text without blanks around it; nothing where nothing stands.

    Parameters
    ----------
    column : pl.Series
        Of any type. Lists and structures are no text: they become a sign that nothing can be read from.

    Returns
    -------
    pl.Series

    Examples
    --------
    >>> as_text(pl.Series([" ２．３\u00a0", "", None])).to_list()
    ['2.3', None, None]
    >>> as_text(pl.Series([[2.3], None])).to_list()
    ['[...]', None]
    """
    if column.dtype.is_nested():
        opaque = pl.Series(column.name, ["[...]"]).new_from_index(0, column.len())
        return opaque.zip_with(column.is_not_null(), opaque.clear(column.len()))
    return half_width(column.cast(pl.String, strict=False)).str.strip_chars().replace("", None)


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
