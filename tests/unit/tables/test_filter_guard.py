"""A filter is data: nothing in it may open a file, and the parser opens the files of a sub-query as it reads."""

from __future__ import annotations

import polars as pl
import pytest

from riskset.errors import TableError
from riskset.tables import parse_filter


@pytest.mark.parametrize(
    "shape",
    [
        "x IN (SELECT x FROM read_csv('{file}'))",
        "x IN (select x from read_csv('{file}'))",
        "x IN (FROM read_csv('{file}'))",
        "x IN (\n FROM read_csv('{file}'))",
        "x IN (/* */ FROM read_csv('{file}'))",
        "x IN (FROM \"read_csv\"('{file}'))",
        "x = E'\\'' OR x IN (FROM read_csv('{file}')) OR x = ''",
        "x = U&'\\' OR x IN (FROM read_csv('{file}')) OR x = ''",
        "\"a'b\" = 1 OR x IN (FROM read_csv('{file}')) OR \"c'd\" = 2",
        "`a'b` = 1 OR x IN (FROM read_csv('{file}')) OR `c'd` = 2",
        "x = $$'$$ OR x IN (FROM read_csv('{file}')) OR x = $$'$$",
        "x = 1 -- ' \n OR x IN (FROM read_csv('{file}')) -- '",
        "x IN (VALUES (1))",
        "EXISTS (TABLE x)",
        "x = 1; SELECT 1",
    ],
)
def test_no_filter_reaches_a_file(shape, tmp_path):
    # A missing file answers with its own error and a present one with a plan: both mean that it was touched.
    for file in (tmp_path / "missing.csv", tmp_path / "present.csv"):
        (tmp_path / "present.csv").write_text("x\n1\n")
        with pytest.raises(TableError, match=r"may not use|not an SQL expression"):
            parse_filter(shape.replace("{file}", str(file)))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("name = 'select from (FROM x); -- $'", [True, False]),
        ("name = 'it''s'", [False, True]),
        ("\"the $ column\" = 1", [True, False]),
        ("name LIKE 'it%' OR \"the $ column\" - -1 = 2", [True, True]),
        ("EXTRACT(YEAR FROM day) = 2021", [True, False]),
    ],
)  # fmt: skip
def test_what_stands_in_quotes_is_text(sql, expected):
    frame = pl.DataFrame({"name": ["select from (FROM x); -- $", "it's"], "the $ column": [1, 2], "day": ["2021-05-06", "2022-01-01"]}).with_columns(pl.col("day").str.to_date())  # fmt: skip
    assert parse_filter(sql).rows(frame, where="t.csv").to_list() == expected
