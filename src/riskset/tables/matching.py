"""What a filter matched and what it nearly matched; which ids two tables share."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from weakref import ref

import polars as pl

from riskset.errors import TableError, counted
from riskset.tables.filters import Filter, parse_filter

FEWEST_PERSONS = 5  # strings of fewer persons could point at somebody: they are counted, not shown
_SIMILAR = 0.8  # share of matching letters: one typing error in a drug name of eight letters or more
EVERY_ROW = "every row"
_LAST: dict[tuple[object, ...], tuple[ref[pl.DataFrame], int, pl.DataFrame]] = {}
_MOST_COMPARED = 5_000  # distinct strings; a column of free text is not a code list


@dataclass(frozen=True)
class MatchedString:
    """One raw string with its rows and persons."""

    text: str
    rows: int
    persons: int


@dataclass(frozen=True)
class Matched:
    """What one `where` matched in its table.

    Parameters
    ----------
    where : str
        The filter; "every row" without one.
    rows, persons : int
        Matched in all.
    strings : tuple of MatchedString
        Raw strings matched, most frequent first, of at least 5 persons.
    strings_withheld : int
        Strings of fewer than 5 persons.
    near_misses : tuple of MatchedString
        Strings that look like a match and are not, of at least 5 persons.
    near_misses_withheld : int
        Those of fewer than 5 persons.
    table : str
        File or name of the table.
    """

    where: str
    rows: int
    persons: int
    strings: tuple[MatchedString, ...]
    strings_withheld: int
    near_misses: tuple[MatchedString, ...]
    near_misses_withheld: int
    table: str = ""


def match_filter(frame: pl.DataFrame, where: str | Filter, *, id: str, table: str = "table") -> Matched:
    """Tell what a filter matched, and what it nearly did.

    Parameters
    ----------
    frame : pl.DataFrame
        The table.
    where : str or Filter
    id : str
        Column of person ids.
    table : str
        Name for messages.

    Returns
    -------
    Matched

    Raises
    ------
    TableError
        If the filter does not go with the table.

    Examples
    --------
    >>> frame = pl.DataFrame({"id": list("abcdef"), "analyte": ["Mg"] * 5 + ["Ca"]})
    >>> match_filter(frame, "analyte = 'Mg'", id="id").strings
    (MatchedString(text='Mg', rows=5, persons=5),)
    """
    found = parse_filter(where) if isinstance(where, str) else where
    hit = found.rows(frame, where=table).fill_null(value=False)
    return matched_rows(frame, found, hit, id=id, table=table)


def matched_rows(
    frame: pl.DataFrame,
    found: Filter,
    hit: pl.Series,
    *,
    id: str,
    table: str = "",
    n_persons: int | None = None,
) -> Matched:
    """Tell what a filter matched, where it has been evaluated already.

    Parameters
    ----------
    frame : pl.DataFrame
        The table.
    found : Filter
    hit : pl.Series
        Of `frame`, true or false: the rows that it matches.
    id : str
    table : str
        File or name of the table.
    n_persons : int, optional
        Persons with such rows, where they have been counted already.

    Returns
    -------
    Matched
    """
    columns = code_columns(frame, found)
    rows = int(hit.sum())
    persons = _persons(frame[id].filter(hit)) if n_persons is None else n_persons
    strings = _matched_strings(frame, found, hit, columns, id, rows, persons)
    shown, withheld = _shown(strings)
    misses: list[MatchedString] = []
    texts = [c for c in columns if not frame.schema[c].is_integer() and frame.schema[c] != pl.Boolean]
    if texts:
        taken = {s.text for s in strings}
        if texts != columns:
            taken = set(_texts(_kinds(frame.select(texts).filter(hit), texts), texts))
        others = [t for t in _most_frequent(frame, texts) if t not in taken]
        alike = _alike(others, found, taken)
        if alike:
            misses = _strings(frame.filter(_text(texts).is_in(alike)), texts, id)
    near, near_withheld = _shown(misses)
    return Matched(found.sql, rows, persons, shown, withheld, near, near_withheld, table)


def _matched_strings(
    frame: pl.DataFrame, found: Filter, hit: pl.Series, columns: list[str], id: str, rows: int, persons: int
) -> list[MatchedString]:
    if not columns or not rows:
        return []
    if set(found.columns) == set(columns):  # what the filter says of a row, it says of the row's strings
        kinds = _kinds(frame, columns)
        kinds = kinds.filter(found.rows(kinds, where="").fill_null(value=False))
        if kinds.height == 1:  # as of one analyte: nothing to group
            return [MatchedString(_texts(kinds, columns)[0], rows, persons)]
    return _strings(frame.select(list(dict.fromkeys([id, *columns]))).filter(hit), columns, id)


def match_every(frame: pl.DataFrame, *, id: str, table: str = "") -> Matched:
    """Tell what is taken from a table without a filter.

    Parameters
    ----------
    frame : pl.DataFrame
    id : str
        Column of person ids.
    table : str
        File or name of the table.

    Returns
    -------
    Matched

    Examples
    --------
    >>> match_every(pl.DataFrame({"id": ["a", "a", "b"]}), id="id").persons
    2
    """
    return Matched(EVERY_ROW, frame.height, _persons(frame[id]), (), 0, (), 0, table)


def code_columns(frame: pl.DataFrame, found: Filter) -> list[str]:
    """List the columns of a filter that hold codes or names, not measurements or dates.

    Parameters
    ----------
    frame : pl.DataFrame
    found : Filter

    Returns
    -------
    list of str
    """
    return [c for c in found.columns if _is_code(frame.schema[c])]


def _is_code(dtype: pl.DataType) -> bool:
    return not (dtype.is_float() or dtype.is_temporal() or dtype.is_nested() or dtype.is_decimal())


def _persons(ids: pl.Series) -> int:
    return ids.n_unique() - bool(ids.null_count())


def _text(columns: list[str]) -> pl.Expr:
    if len(columns) == 1:
        return pl.col(columns[0]).cast(pl.String).fill_null("")
    return pl.concat_str([pl.col(c).cast(pl.String).fill_null("") for c in columns], separator=" | ")


def _kinds(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Give the distinct rows of some columns; those of the last table are kept, for it is asked for each analyte."""
    key = (id(frame), *columns)
    seen = _LAST.get(key)
    if seen is not None and seen[0]() is frame and seen[1] == frame.height:
        return seen[2]
    one = len(columns) == 1
    kinds = frame[columns[0]].unique().to_frame() if one else frame.select(columns).unique()
    _LAST.clear()
    _LAST[key] = (ref(frame), frame.height, kinds)
    return kinds


def _texts(kinds: pl.DataFrame, columns: list[str]) -> list[str]:
    return sorted(kinds.select(_text(columns)).to_series().to_list())


def _most_frequent(frame: pl.DataFrame, columns: list[str]) -> list[str]:
    """Give the distinct strings of some columns; the most frequent ones, where they are too many for codes."""
    kinds = _kinds(frame, columns)
    if kinds.height <= _MOST_COMPARED:
        return _texts(kinds, columns)
    counts = frame.group_by(_text(columns).alias("__text__")).len("__rows__")
    return counts.sort(["__rows__", "__text__"], descending=[True, False])["__text__"].to_list()


def _strings(frame: pl.DataFrame, columns: list[str], id: str) -> list[MatchedString]:
    counts = (
        frame.group_by(_text(columns).alias("__text__"))
        .agg(pl.len().alias("__rows__"), pl.col(id).drop_nulls().n_unique().alias("__persons__"))
        .sort(["__rows__", "__text__"], descending=[True, False])
    )
    return [
        MatchedString(t, int(r), int(p))
        for t, r, p in counts.select("__text__", "__rows__", "__persons__").iter_rows()
    ]


def _shown(strings: list[MatchedString]) -> tuple[tuple[MatchedString, ...], int]:
    shown = tuple(s for s in strings if s.persons >= FEWEST_PERSONS)
    return shown, len(strings) - len(shown)


def _alike(texts: list[str], found: Filter, matched: set[str]) -> list[str]:
    """Choose the strings that resemble what was matched or asked for."""
    targets = sorted({t.casefold().strip() for t in (*found.literals, *matched) if t})
    compared = [(text, text.casefold().strip()) for text in texts[:_MOST_COMPARED]]
    alike: set[str] = set()
    for target in targets:
        matcher = SequenceMatcher(None, "", target, autojunk=False)  # learns its second string once
        for text, folded in compared:
            if text not in alike and folded and _resembles(matcher, folded, target):
                alike.add(text)
    return sorted(alike)


def _resembles(matcher: SequenceMatcher[str], folded: str, target: str) -> bool:
    if folded == target or (len(target) >= 4 and target in folded):
        return True
    short, long = sorted((len(folded), len(target)))
    if 2 * short < _SIMILAR * (short + long):  # cannot share enough letters, whatever they are
        return False
    matcher.set_seq1(folded)
    return matcher.quick_ratio() >= _SIMILAR and matcher.ratio() >= _SIMILAR


def id_form(ids: pl.Series) -> str:
    """Describe what ids look like without showing one.

    Parameters
    ----------
    ids : pl.Series
        As text.

    Returns
    -------
    str

    Examples
    --------
    >>> id_form(pl.Series(["00123", "00045"]))
    '5 characters, digits only, leading zeros'
    """
    present = ids.drop_nulls().cast(pl.String)
    if present.is_empty():
        return "empty"
    lengths = present.str.len_chars()
    short, long = int(lengths.to_numpy().min()), int(lengths.to_numpy().max())
    parts = [counted(short, "character") if short == long else f"{short} to {long} characters"]
    digits = bool(present.str.contains(r"^\d+$").all())
    parts.append("digits only" if digits else "letters or other signs")
    if digits:
        parts.append("leading zeros" if bool(present.str.starts_with("0").any()) else "no leading zeros")
    return ", ".join(parts)


def check_ids(ids: pl.Series, known: pl.Series, *, where: str) -> int:
    """Count ids of a table that are not known; stop if fewer than half are.

    Parameters
    ----------
    ids : pl.Series
        Ids of the table.
    known : pl.Series
        Ids of all persons of the data, eligible or not.
    where : str
        Table, for the message.

    Returns
    -------
    int
        Distinct ids that are not known.

    Raises
    ------
    TableError
        If fewer than half of the table's distinct ids are known; the two forms of id are named, not the ids.
    """
    distinct = ids.drop_nulls().unique()
    matched = int(distinct.is_in(known.drop_nulls().unique().implode()).sum())
    if 2 * matched < distinct.len():
        here, there = id_form(distinct), id_form(known)
        forms = f"Here: {here}; persons: {there}."
        alike = f"They look alike ({here}), so the tables may be of different extracts."
        raise TableError(
            f"fewer than half of the ids are ids of persons ({matched:,} of {distinct.len():,})",
            where=where,
            remedy=alike if here == there else f"Write ids alike in all tables. {forms}",
        )
    return distinct.len() - matched
