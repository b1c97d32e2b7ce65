"""From the bytes of a text file to UTF-8, without a guess.

A byte order mark says what a file is, and so may the plan. Between encodings of eight bits nothing in a file tells
(the same bytes are katakana in one and accents in another), so an undeclared file that is not UTF-8 is refused.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Sequence
from typing import Literal

from riskset.errors import TableError

Encoding = Literal[
    "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp932", "euc-jp", "cp949", "gb18030", "big5",
    "cp1250", "cp1251", "cp1252", "latin-1", "iso-8859-2", "iso-8859-15",
]  # fmt: skip
_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In these every byte, or nearly every one, is a letter: text of UTF-8 would be read without complaint, and wrongly.
_TAKE_ANYTHING = {"cp1250", "cp1251", "cp1252", "latin-1", "iso-8859-2", "iso-8859-15"}
_PIECE = 2**24  # bytes looked at together
_DECLARE = (
    'declare how it was saved, e.g. encoding = "cp932" (Japanese Windows) or "cp1252" (Western Windows)'
)


def unzipped(content: bytes, *, where: str) -> bytes:
    """Unzip the content of a ``.gz`` file.

    Parameters
    ----------
    content : bytes
    where : str
        File, for the message.

    Returns
    -------
    bytes

    Raises
    ------
    TableError
        If it is not gzip, or cut short.
    """
    try:
        return gzip.decompress(content)
    except EOFError:
        rule = "the zipped file is cut short"
    except (OSError, zlib.error):
        rule = "the file is not a gzip file that can be read"
    raise TableError(rule, where=where, remedy="Copy or export it again.")


def as_utf8(content: bytes, encoding: Encoding | None, *, where: str) -> bytes:
    """Turn a text file into UTF-8 with line feeds, and refuse what is not text.

    Parameters
    ----------
    content : bytes
    encoding : str, optional
        As the plan declares it. A byte order mark is enough without.
    where : str
        File, for the message.

    Returns
    -------
    bytes
        Without a byte order mark.

    Raises
    ------
    TableError
        If the encoding is not the file's, or NUL bytes stand in the text.

    Examples
    --------
    >>> as_utf8("患者,値".encode("cp932"), "cp932", where="labs.csv").decode()
    '患者,値'
    >>> as_utf8("id,value".encode("utf-16"), None, where="labs.csv")
    b'id,value'
    """
    mark, marked = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", None))
    if marked is not None and encoding is not None and not encoding.startswith(marked):
        raise TableError(
            f"the file's byte order mark says {marked} and the plan says {encoding}",
            where=where,
            remedy="Correct or remove encoding.",
        )
    if encoding == "utf-16" and marked is None:
        raise TableError(
            "a file of utf-16 needs a byte order mark",
            where=where,
            remedy='Declare encoding = "utf-16-le" or "utf-16-be".',
        )
    used = marked or encoding
    if used in {None, "utf-8"}:
        text = content[len(mark) :] if mark else content
        wrong = _first_not_utf8(text)
        if wrong is not None:
            raise TableError(
                "the file is not UTF-8 text",
                where=where,
                rows=[text.count(b"\n", 0, wrong) + 1],
                remedy=f"Save it as CSV UTF-8, or {_DECLARE}.",
            )
    else:
        if used in _TAKE_ANYTHING and not content.isascii() and _is_utf8(content):
            raise TableError(
                f"the file is UTF-8 text and the plan says {used}", where=where, remedy="Remove encoding."
            )
        text = _decoded(content, str(used), where).encode("utf-8")
    if b"\x00" in text:
        raise TableError(
            "the file holds NUL bytes, which no text has",
            where=where,
            rows=_lines_with(text, b"\x00"),
            remedy='Export it again; if it is UTF-16 without a mark, declare encoding = "utf-16-le".',
        )
    # lines of old Macintosh exports end in a lone carriage return
    return text.replace(b"\r", b"\n") if b"\r" in text and b"\n" not in text else text


def _is_utf8(content: bytes) -> bool:
    return _first_not_utf8(content) is None


def _first_not_utf8(content: bytes) -> int | None:
    """Give the place of the first byte that is not UTF-8; piece by piece, so that no second copy is held."""
    if content.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), _PIECE):
        held = len(decoder.getstate()[0])
        piece = content[start : start + _PIECE]
        try:
            decoder.decode(piece, final=start + _PIECE >= len(content))
        except UnicodeDecodeError as problem:
            return start - held + problem.start
    return None


def _decoded(content: bytes, encoding: str, where: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        before = content[: problem.start].decode(encoding, errors="replace")
        raise TableError(
            f"the file is not {encoding} text",
            where=where,
            rows=[before.count("\n") + 1],
            remedy="Save it as CSV UTF-8, or correct encoding.",
        ) from None


def _lines_with(text: bytes, mark: bytes) -> Sequence[int]:
    return [number for number, line in enumerate(text.split(b"\n"), 1) if mark in line]
