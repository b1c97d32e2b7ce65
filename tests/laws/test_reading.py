"""Whatever the bytes of a file, reading gives a table or a refusal that can be read; never anything else."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskset.episodes import Timeline
from riskset.errors import RisksetError
from riskset.tables import TableSpec, parse_filter, parse_times, parse_values, read_table

GOOD = 'id,date,value,unit,note\n001,2024-03-01,2.3,mg/dL,"a, b"\n002,2024-03-02 10:00,<0.5,mmol/L,\n,,,,\n'
ODD = st.sampled_from(
    [
        b"\x00",
        b'"',
        b"\n",
        b"\r\n",
        b"\r",
        b",",
        b";",
        b"\t",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\x82\xa0",
        b"'",
        b"-",
        b"9" * 30,
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    content = GOOD.encode()
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.integers(0, 6))
        content = content[:at] + draw(ODD) + content[at + cut :]
    return content


@settings(max_examples=150)
@given(st.one_of(damaged(), st.binary(max_size=60)))
@example(b"")
@example(b"\x1f\x8b")
@example(b'id,date,value,unit\n"')
@example(b"id,date,value,unit\n" + b"\x00" * 9)
@example(GOOD.encode("utf-16"))
def test_any_bytes_are_read_or_refused(content: bytes):
    for suffix in (".csv", ".csv.gz", ".parquet"):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / f"t{suffix}").write_bytes(content)
            spec = TableSpec("t", f"t{suffix}", id="id", time="date", value="value", unit="unit")
            with suppress(RisksetError):
                _use(read_table(spec, folder).frame)


def _use(frame: pl.DataFrame) -> None:
    persons = pl.DataFrame({"id": ["001"], "entry": ["2024-01-01"], "exit": ["2025-01-01"]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", allowance=None)
    with suppress(RisksetError):
        built = timeline.measure(
            "mg", frame, time="date", value="value", unit="unit", to="mg/dL", analyte="magnesium"
        )
        assert built.event("death", at="exit").episodes("death").audit.balances


@given(
    st.lists(
        st.one_of(
            st.none(), st.text(max_size=12), st.sampled_from(["2024-03-01", "2024-03-01 10:00", "20240301"])
        )
    )
)
def test_any_text_is_a_time_or_marked_bad(texts: list[str | None]):
    column = pl.Series(texts, dtype=pl.String)
    parsed = parse_times(column)
    blank = column.is_null() | (column.str.strip_chars() == "")
    known = parsed.values.is_not_null()
    assert (known | parsed.bad | blank | (column.str.to_lowercase().str.strip_chars() == "nan")).all()
    assert not (known & parsed.bad).any()


@given(
    st.lists(
        st.one_of(
            st.none(), st.text(max_size=8), st.floats().map(repr), st.floats(0, 99).map(lambda x: f"<{x}")
        )
    )
)
def test_any_text_is_a_number_or_a_problem(texts: list[str | None]):
    column = pl.Series(texts, dtype=pl.String)
    parsed = parse_values(column, below_limit="half")
    broken = pl.Series([False] * len(texts), dtype=pl.Boolean)
    for _, rows in parsed.problems:
        broken = broken | rows
    assert parsed.values.is_not_nan().fill_null(value=True).all()
    assert not parsed.values.is_infinite().any()
    assert not (parsed.values.is_not_null() & broken).any()


@given(st.text(alphabet="abn'\"()=<>,. 123%_-+*/;ORNDTILIKESWHCAv\n", max_size=30))
def test_any_text_is_a_filter_or_refused(sql: str):
    frame = pl.DataFrame({"a": [1, None], "b": ["x", "y"]})
    with suppress(RisksetError):
        assert parse_filter(sql).rows(frame, where="t.csv").len() == 2
