"""Dates in the Japanese calendar and spreadsheet serial numbers, written as dates of the common calendar.

An era's date must lie within the era: Heisei ended with 30 April of its year 31, so H31.5.1 is refused rather than
read as the day after. Before Meiji 6 (1873) Japan counted by the moon, and such dates are refused too.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

# Name, letter, sign of one character, year before the era's first, first and last day. On the day of a change of
# 1912 and 1926 both eras were in use.
_ERAS = (
    ("明治", "M", "㍾", 1867, date(1873, 1, 1), date(1912, 7, 30)),
    ("大正", "T", "㍽", 1911, date(1912, 7, 30), date(1926, 12, 25)),
    ("昭和", "S", "㍼", 1925, date(1926, 12, 25), date(1989, 1, 7)),
    ("平成", "H", "㍻", 1988, date(1989, 1, 8), date(2019, 4, 30)),
    ("令和", "R", "㋿", 2018, date(2019, 5, 1), date(9999, 12, 31)),
)
_ERA_DATE = (
    r"^(M|T|S|H|R)\s*(\d{1,2}|元)\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*日?"
    r"(?:[\sT]+(\d.*)|(\d{1,2}時.*))?$"
)
_NAMES = [name for name, _, sign, *_ in _ERAS for name in (name, sign)]
_LETTERS = [letter for _, letter, *_ in _ERAS for _ in range(2)]
_KANJI = {"年": "-", "月": "-", "日": " ", "時": ":", "分": ":", "秒": ""}
_NO_SUCH_DAY = 60  # spreadsheets count 29 February 1900, which never was
_LAST_SERIAL = 2_958_465  # 31 December 9999


def common_calendar(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Write dates of Japanese eras, and dates with 年月日, as ``YYYY-MM-DD``.

    Parameters
    ----------
    text : pl.Series
        Half-width text.

    Returns
    -------
    pl.Series
        The text, rewritten where it is such a date.
    pl.Series
        True where an era has no such date.

    Examples
    --------
    >>> written, impossible = common_calendar(pl.Series(["R5.4.1", "平成31年4月30日", "H31/5/1", "2024年3月1日"]))
    >>> written.to_list(), impossible.to_list()
    (['2023-04-01', '2019-04-30', 'H31/5/1', '2024-3-1'], [False, False, True, False])
    """
    lettered = text.str.to_uppercase().str.replace_many(_NAMES, _LETTERS)
    parts = lettered.str.extract_groups(_ERA_DATE).struct.unnest()
    era, year, month, day, rest, kanji_time = (parts.to_series(i) for i in range(6))
    of_era = era.is_not_null()
    if of_era.any():
        frame = pl.DataFrame({"era": era, "year": year, "month": month, "day": day}).with_columns(
            pl.col("year").replace("元", "1").cast(pl.Int32)
            + pl.col("era").replace_strict({e[1]: e[3] for e in _ERAS}, return_dtype=pl.Int32),
            pl.col("era").replace_strict({e[1]: e[4] for e in _ERAS}, return_dtype=pl.Date).alias("first"),
            pl.col("era").replace_strict({e[1]: e[5] for e in _ERAS}, return_dtype=pl.Date).alias("last"),
        )
        written = frame.select(
            pl.format("{}-{}-{}", "year", "month", "day").str.to_date("%Y-%m-%d", strict=False).alias("date"),
            "first",
            "last",
        )
        possible = written.select(
            pl.col("date").is_between("first", "last").fill_null(value=False)
        ).to_series()
        impossible = of_era & ~possible
        time = rest.fill_null(kanji_time)
        iso = written["date"].dt.to_string("%Y-%m-%d")
        iso = iso.zip_with(time.is_null(), iso + " " + time.fill_null(""))
        text = iso.zip_with(of_era & possible, text)
    else:
        impossible = of_era
    if text.str.contains(r"\d年|\d時").any():
        kanji = text.str.replace_many(list(_KANJI), list(_KANJI.values())).str.strip_chars(" :-")
        text = kanji.zip_with(text.str.contains(r"^\d").fill_null(value=False), text)
    return text, impossible


def from_serials(numbers: pl.Series, *, since_1904: bool = False) -> pl.Series:
    """Turn spreadsheet serial numbers into dates, or into time stamps if any has a fraction.

    Parameters
    ----------
    numbers : pl.Series
        Float64.
    since_1904 : bool, default False
        Counted from 1904, as old Macintosh workbooks do, not from 1900.

    Returns
    -------
    pl.Series
        Date or Datetime in microseconds; null where no day has the number.

    Examples
    --------
    >>> from_serials(pl.Series([45352.0, 1.0, 60.0])).to_list()
    [datetime.date(2024, 3, 1), datetime.date(1900, 1, 1), None]
    """
    days = numbers.fill_nan(None).clip(-1, _LAST_SERIAL + 1)
    whole = days.floor()
    if since_1904:
        zero, possible = date(1904, 1, 1), whole.is_between(0, _LAST_SERIAL - 1462)
    else:
        zero, possible = date(1899, 12, 30), whole.is_between(1, _LAST_SERIAL) & (whole != _NO_SUCH_DAY)
        days = days + ((whole > 0) & (whole < _NO_SUCH_DAY)).cast(pl.Float64)
    epoch = (zero - date(1970, 1, 1)) / timedelta(days=1)
    seconds = ((days + epoch) * 86_400).round()  # a spreadsheet's seconds are exact to about a microsecond
    stamps = (seconds.cast(pl.Int64, strict=False) * 1_000_000).cast(pl.Datetime("us"))
    stamps = stamps.zip_with(possible.fill_null(value=False), stamps.clear(stamps.len()))
    dates = stamps.dt.date()
    return dates if (dates.cast(pl.Datetime("us")) == stamps).all() else stamps
