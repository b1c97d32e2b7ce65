"""Filters: the whitelist, what they matched, and what they nearly matched."""

import polars as pl
import pytest

from riskset.errors import TableError
from riskset.tables import check_ids, match_filter, parse_filter

FRAME = pl.DataFrame(
    {
        "drug": ["cinacalcet", "Cinacalcet ", "aspirin", None],
        "dose": [25, 50, 100, None],
        "level": [2.4, 2.3, 2.5, None],
        "inpatient": [True, False, False, None],
    }
)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("drug = 'cinacalcet'", [True, False, False, None]),
        ("LOWER(TRIM(drug)) = 'cinacalcet'", [True, True, False, None]),
        ("drug ILIKE '%CALCET%' AND NOT inpatient", [False, True, False, None]),
        ("drug IN ('cinacalcet', 'aspirin') OR dose IS NULL", [True, False, True, True]),
        ("NOT (dose - 25)", [True, False, False, None]),  # numbers as flags: 0 is false
        ("dose BETWEEN 50 AND 100", [False, True, True, None]),
        ("level < 2.4", [False, True, False, None]),
        ("level * 2 + 1 > 5.9 AND dose % 2 = 0", [False, False, True, None]),
        ("CASE WHEN inpatient THEN dose > 10 ELSE dose > 60 END", [True, False, True, None]),
        ("COALESCE(level, 0) = 0", [False, False, False, True]),
        ("drug LIKE 'cina_alcet'", [True, False, False, None]),
        ("drug NOT IN ('aspirin')", [True, True, False, None]),
        ("ROUND(ABS(level)) >= 2 AND LENGTH(drug) > 7", [True, True, False, None]),
    ],
)
def test_what_a_filter_may_say(sql, expected):
    assert parse_filter(sql).rows(FRAME, where="t.csv").to_list() == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SUM(dose) > 1",
        "ROW_NUMBER() OVER (ORDER BY dose) = 1",
        "MAX(dose) = dose",
        "UNNEST(drug)",
        "drug =",
        "dose AS x",
        "STRPTIME(drug, '%Y') > 1",
        "*",
    ],
)
def test_what_a_filter_may_not_say(sql):
    with pytest.raises(TableError, match=r"may not use|not an SQL expression"):
        parse_filter(sql)


def test_misspelt_column_names_the_nearest():
    with pytest.raises(TableError, match="'drg'") as caught:
        parse_filter("drg = 'x'").rows(FRAME, where="t.csv")
    assert "Did you mean 'drug'?" in str(caught.value)


@pytest.mark.parametrize("sql", ["dose = '25'", "drug > 3", "dose + 1"])
def test_types_that_do_not_go_together_are_named(sql):
    with pytest.raises(TableError, match=r"holds|not true or false") as caught:
        parse_filter(sql).rows(FRAME, where="t.csv")
    assert "cinacalcet" not in str(caught.value)


def test_what_matched_and_what_nearly_did():
    frame = pl.DataFrame(
        {
            "id": [f"p{i}" for i in range(23)],
            "drug": ["cinacalcet"] * 8
            + ["CINACALCET"] * 6
            + ["cinacalset"] * 2
            + ["etelcalcetide"]
            + ["aspirin"] * 6,
        }
    )
    matched = match_filter(frame, "drug IN ('cinacalcet', 'etelcalcetide')", id="id")
    assert (matched.rows, matched.persons) == (9, 9)
    assert [(s.text, s.rows, s.persons) for s in matched.strings] == [("cinacalcet", 8, 8)]
    assert matched.strings_withheld == 1  # etelcalcetide: one person
    assert [s.text for s in matched.near_misses] == ["CINACALCET"]
    assert matched.near_misses_withheld == 1  # the misspelt one: two persons


def test_numeric_codes_are_shown_too():
    frame = pl.DataFrame({"id": list("abcdefg"), "itemid": [50960] * 5 + [1, 2]})
    matched = match_filter(frame, "itemid = 50960", id="id")
    assert [(s.text, s.rows) for s in matched.strings] == [("50960", 5)]
    assert matched.near_misses == ()


def test_unknown_ids_are_counted_and_foreign_tables_refused():
    known = pl.Series(["a", "b", "c"])
    assert check_ids(pl.Series(["a", "b", "x"]), known, where="t.csv") == 1
    with pytest.raises(TableError, match=r"fewer than half of the ids are ids of persons \(0 of 2\)"):
        check_ids(pl.Series(["1", "2"]), known, where="t.csv")
