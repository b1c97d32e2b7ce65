"""Fields that break a rule: dates, numbers and ids."""

from __future__ import annotations

from datetime import date, datetime

from exhibit import DAY, GOOD, HEADER, ID, READ, ROW, VALUE, Exhibit, Read, Refused, SetAside, dated, valued

# ruff: noqa: DTZ001 (stamps in hospital tables carry no zone, and none is invented)

YEAR_FIRST = "a date must be written year first"
ERA = "a date of a Japanese era must lie within the era"
WINDOW = "a date must lie between"
NUMBER = "a value must be a number"
COMMA = "must be declared"
DECLARE = 'date_format = "day first" or "month first"'


def days(*found: date) -> tuple[tuple[str, date, float], ...]:
    return (*READ, *((ID, day, 7.77) for day in found))


def values(*found: float | None) -> tuple[tuple[str, date, float | None], ...]:
    return (*READ, *((ID, date(2024, 5, 17), value) for value in found))


def only(text: str) -> str:
    """A file of one row with this date."""
    return HEADER + ROW.replace(DAY, text)


DATES = (
    Exhibit("dates with slashes, dots or nothing between, year first", dated("2024/5/18", "2024.05.19", "20240520"), Read("year first is read in its usual forms", days(date(2024, 5, 18), date(2024, 5, 19), date(2024, 5, 20)))),
    Exhibit("dates with 年月日", dated("2024年5月18日"), Read("year first is read in its usual forms", days(date(2024, 5, 18)))),
    Exhibit("full-width digits in a date", dated("２０２４－０５－１８"), Read("full-width digits are digits", days(date(2024, 5, 18)))),
    Exhibit("dates of Japanese eras by letter", dated("R6.5.18", "H31/4/30", "S64-01-07", "r06.05.18"), Read("dates of Japanese eras are read", days(date(2024, 5, 18), date(2019, 4, 30), date(1989, 1, 7), date(2024, 5, 18)))),
    Exhibit("dates of Japanese eras by name", dated("令和6年5月18日", "平成元年1月8日", "㍻31年4月30日", "Ｒ６．５．１８"), Read("dates of Japanese eras are read", days(date(2024, 5, 18), date(1989, 1, 8), date(2019, 4, 30), date(2024, 5, 18)))),
    Exhibit("an era's date after the era has ended", dated("H31.5.1"), SetAside(ERA, column="date")),
    Exhibit("an era's date before the era began", dated("令和元年4月30日"), SetAside(ERA, column="date")),
    Exhibit("an era's 30 February", dated("R5.2.30"), SetAside(ERA, column="date")),
    Exhibit("an era's year 65 of Showa in every row", HEADER + ROW.replace(DAY, "S65.1.1"), Refused(ERA, "Heisei ended with H31.4.30", (2,))),
    Exhibit("slashes with the year last, not declared", only("17/05/2024"), Refused(YEAR_FIRST, DECLARE, (2,))),
    Exhibit("dots with the year last, not declared", only("17.5.2024"), Refused(YEAR_FIRST, DECLARE, (2,))),
    Exhibit("one date with the year last among dates with the year first", dated("05/18/2024"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("day first, declared", dated("18/05/2024", "19.5.2024", "20-05-2024"), Read("declared day first is read", days(date(2024, 5, 18), date(2024, 5, 19), date(2024, 5, 20))), {"date_format": "day first"}),
    Exhibit("month first, declared", dated("05/18/2024", "5/19/2024"), Read("declared month first is read", days(date(2024, 5, 18), date(2024, 5, 19))), {"date_format": "month first"}),
    Exhibit("day first declared, month first found", dated("05/18/2024"), SetAside("a date must be written day first", column="date"), {"date_format": "day first"}),
    Exhibit("day first with a time, declared", HEADER + ROW.replace(DAY, "18/05/2024 10:30"), Read("declared day first is read", ((ID, datetime(2024, 5, 18, 10, 30), 7.77),)), {"date_format": "day first"}),
    Exhibit("years of two digits", dated("24-05-18"), SetAside(WINDOW, column="date")),
    Exhibit("a spreadsheet's serial numbers, declared", only("45430"), Read("declared serial numbers are days since 1900", ((ID, date(2024, 5, 18), 7.77),)), {"date_format": "excel"}),
    Exhibit("a spreadsheet's serial numbers with a time, declared", only("45430.4375"), Read("declared serial numbers are days since 1900", ((ID, datetime(2024, 5, 18, 10, 30), 7.77),)), {"date_format": "excel"}),
    Exhibit("serial numbers since 1904, declared", only("43968"), Read("declared serial numbers are days since 1904", ((ID, date(2024, 5, 18), 7.77),)), {"date_format": "excel 1904"}),
    Exhibit("a serial number among dates, not declared", dated("45430"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("serial number 60, the 29 February 1900 that never was", dated("60"), SetAside("a date must be a spreadsheet's serial number", column="date"), {"date_format": "excel"}, settings={"plausible_dates": ("1850-01-01", "2100-01-01")}),
    Exhibit("the year 1899", dated("1899-12-30"), SetAside(WINDOW, column="date")),
    Exhibit("the year 2999, as some systems write 'for ever'", dated("2999-12-31"), SetAside(WINDOW, column="date")),
    Exhibit("the year 9999", dated("9999-12-31"), SetAside(WINDOW, column="date")),
    Exhibit("1900-01-01, as some systems write 'not known'", dated("1900-01-01"), Read("1900 is within the window of plausible dates; narrow it with plausible_dates", days(date(1900, 1, 1)))),
    Exhibit("shifted dates of a public database, declared", only("2164-10-23"), Read("plausible_dates widens the window", ((ID, date(2164, 10, 23), 7.77),)), settings={"plausible_dates": ("1800-01-01", "2300-01-01")}),
    Exhibit("30 February", dated("2024-02-30"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("29 February of no leap year", dated("2023-02-29"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("month 13 among dates without separators", "id,date,value,unit\n78123,20240517,7.77,mg/dL\n78123,20241301,7.77,mg/dL\n", SetAside(YEAR_FIRST, column="date")),
    Exhibit("zeros for a date", dated("0000-00-00"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("a month without a day", dated("2024-05"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("a word for a date", dated("yesterday"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("a formula for a date", dated("=TODAY()"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("25 o'clock", dated("2024-05-17 25:00"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("a time zone", dated("2024-05-17T10:00:00+09:00"), SetAside(YEAR_FIRST, column="date")),
    Exhibit("time stamps without separators", only("20240518103000"), Read("year first is read in its usual forms", ((ID, datetime(2024, 5, 18, 10, 30), 7.77),))),
    Exhibit("time stamps that are all midnights", only("2024-05-18 00:00:00"), Read("a column of midnights is one of dates", ((ID, date(2024, 5, 18), 7.77),))),
    Exhibit("dates and time stamps in one column, by the clock", dated("2024-05-17 10:30"), Refused("may not mix dates and time stamps", "date_only"), settings={"clock": "time"}),
    Exhibit("dates and time stamps in one column, by the day", dated("2024-05-17 10:30"), Read("under clock = \"day\" a time of day says nothing", ((ID, datetime(2024, 5, 17), 7.77), (ID, datetime(2024, 5, 17, 10, 30), 7.77)))),
)  # fmt: skip

NUMBERS = (
    Exhibit("full-width digits", valued("７．７７"), Read("full-width digits are digits", values(7.77))),
    Exhibit("a minus as typesetters write it", valued("−7.77"), Read("a sign is a sign", values(-7.77))),
    Exhibit("decimal commas, not declared", valued("7,77"), SetAside(COMMA)),
    Exhibit("separators of thousands, not declared", valued("1,234"), SetAside(COMMA)),
    Exhibit("decimal commas, declared", valued("7,78").replace("7.77", '"7,77"'), Read("declared signs are used", values(7.78)), {"decimal": ","}),
    Exhibit("a point in a file of decimal commas", valued("7,78"), SetAside(NUMBER, (2,)), {"decimal": ","}),
    Exhibit("separators of thousands, declared", valued("1,234.5", "12,345,678"), Read("declared signs are used", values(1234.5, 12345678.0)), {"thousands": ","}),
    Exhibit("a separator of thousands before two digits", valued("1,23"), SetAside(NUMBER), {"thousands": ","}),
    Exhibit("points for thousands and decimal commas, declared", valued("1.234,5").replace("7.77", '"7,77"'), Read("declared signs are used", values(1234.5)), {"decimal": ",", "thousands": "."}),
    Exhibit("blanks for thousands, declared", valued("1 234"), Read("declared signs are used", values(1234.0)), {"thousands": " "}),
    Exhibit("<0.05, not declared", valued("<0.05"), SetAside("below_limit")),
    Exhibit("<0.05, which counts as the limit", valued("<0.05", "≤ 0.05"), Read('below_limit = "limit" takes the limit', values(0.05, 0.05)), {"below_limit": "limit"}),
    Exhibit("<0.05, which counts as half of it", valued("<0.05", "＜0.05", ">100"), Read('below_limit = "half" takes half of a lower limit', values(0.025, 0.025, 100.0)), {"below_limit": "half"}),
    Exhibit("<0,05 with a decimal comma", valued("<0,05"), SetAside(COMMA), {"below_limit": "half"}),
    Exhibit("NaN", valued("NaN", "nan"), Read("NaN is a missing value", values(None, None))),
    Exhibit("an empty field and NA", valued("", "NA"), Read("an empty field and NA are missing values", values(None, None))),
    Exhibit("a point for a missing value, not declared", valued("."), SetAside(NUMBER)),
    Exhibit("a point for a missing value, declared", valued(".", "NULL"), Read("declared texts are missing values", values(None, None)), {"missing": (".", "NULL")}),
    Exhibit("-999 for a missing value, declared", valued("-999"), Read("declared texts are missing values", values(None)), {"missing": ("-999",)}),
    Exhibit("infinity", valued("inf", "-Infinity", "1e400"), SetAside("a value must be finite", (3, 4, 5))),
    Exhibit("a word for a value", valued("haemolysed"), SetAside(NUMBER)),
    Exhibit("a value with its unit", valued("7.77 mg/dL"), SetAside(NUMBER)),
    Exhibit("a value with a flag", valued("7.77 H", "7.77*"), SetAside(NUMBER, (3, 4))),
    Exhibit("a range for a value", valued("7-8"), SetAside(NUMBER)),
    Exhibit("a titre for a value", valued("1:40"), SetAside(NUMBER)),
    Exhibit("a formula for a value", valued("=7.77*1", '+7.77+1'), SetAside(NUMBER, (3, 4))),
    Exhibit("a spreadsheet's error, exported", valued("#N/A", "#DIV/0!"), SetAside(NUMBER, (3, 4))),
    Exhibit("the letter O for a zero", valued("7.O7"), SetAside(NUMBER)),
    Exhibit("two points", valued("7.7.7"), SetAside(NUMBER)),
    Exhibit("a number of a programming language", valued("0x1F", "1_000"), SetAside(NUMBER, (3, 4))),
    Exhibit("exponents", valued("7.78e0", "778E-2"), Read("exponents are read", values(7.78, 7.78))),
    Exhibit("a negative magnesium", valued("-7.77"), Read("a negative value is kept, and the audit counts it", values(-7.77))),
    Exhibit("a value of zero", valued("0"), Read("zero is a value", values(0.0))),
)  # fmt: skip

IDS = (
    Exhibit("ids with leading zeros", GOOD.replace(ID, "00123"), Read("ids are text: 00123 stays 00123", (("00123", date(2024, 5, 17), 7.77),))),
    Exhibit("ids in full width", GOOD.replace(ID, "７８１２３"), Read("full-width letters and digits of an id are half-width ones", READ)),
    Exhibit("ids with blanks around them", GOOD.replace(ID, f" {ID} "), Read("blanks around an id say nothing", READ)),
    Exhibit("ids with blanks that do not show", GOOD.replace(ID, f"{ID}\u00a0\u200b"), Read("blanks around an id say nothing", READ)),
    Exhibit("ids in two cases", GOOD.replace(ID, "a1") + ROW.replace(ID, "A1"), Read("a1 and A1 are two persons", (("a1", date(2024, 5, 17), 7.77), ("A1", date(2024, 5, 17), 7.77)))),
    Exhibit("a row without an id", GOOD + ROW.replace(ID, ""), SetAside("a row must have a person id", column="id")),
    Exhibit("a row whose id is a blank", GOOD + ROW.replace(ID, "  "), SetAside("a row must have a person id", column="id")),
    Exhibit("a person twice where one row is allowed", GOOD + ROW, Refused("a person must have one row", "Remove the duplicates", (2, 3)), {"one_row_per_person": True}),
    Exhibit("a filter that finds no column", GOOD, Refused("names a column 'valu'", "Did you mean 'value'?"), {"where": "valu > 3"}),
    Exhibit("a filter that compares text with a number", GOOD, Refused("does not go with its columns", "Compare text with quoted text"), {"where": "note > 3"}),
)  # fmt: skip

__all__ = ["DATES", "IDS", "NUMBERS", "VALUE"]
