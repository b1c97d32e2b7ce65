"""No message holds a patient's value: every way to break a table is tried with values that must not be repeated."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from riskset.cohort import End, Rule, Source, apply_rules, end_of_follow_up, first_known, first_per_person
from riskset.episodes import Timeline
from riskset.errors import RisksetError
from riskset.tables import TableSpec, match_filter, read_table

# An id, a name, a date, a value and a unit that could each point at somebody.
SECRETS = ("78123", "Yamada", "1987-06-05", "05/06/1987", "7.77", "zz/dL", "secretdrug")

PERSONS = pl.DataFrame({"id": ["78123", "b"], "entry": ["2020-01-01"] * 2, "exit": ["2021-01-01"] * 2})


def persons(**columns: list[object]) -> pl.DataFrame:
    return PERSONS.with_columns([pl.Series(name, values) for name, values in columns.items()])


def people(frame: pl.DataFrame = PERSONS, **settings) -> Timeline:
    return Timeline(frame, id="id", entry="entry", exit="exit", **settings)


def labs(**columns: list[object]) -> pl.DataFrame:
    base = {
        "id": ["78123", "b"],
        "date": ["2020-02-01", "2020-02-02"],
        "value": ["7.77", "2"],
        "unit": ["mg/dL"] * 2,
    }
    return pl.DataFrame(base | columns)


def measure(frame: pl.DataFrame, timeline: Timeline | None = None, **settings) -> Timeline:
    found = {"time": "date", "value": "value", "unit": "unit", "to": "mg/dL"} | settings
    return (timeline or people()).measure("mg", frame, **found)


def drug(**columns: list[object]) -> Timeline:
    base = {"id": ["78123"], "name": ["secretdrug"], "start": ["2020-02-01"], "stop": ["2020-03-01"]}
    return people().drug("use", pl.DataFrame(base | columns), start="start", stop="stop")


def file(content: str, **settings) -> Callable[[Path], object]:
    def run(folder: Path) -> object:
        (folder / "t.csv").write_text(content)
        return read_table(
            TableSpec("t", "t.csv", **({"id": "id", "time": "date", "value": "value"} | settings)), folder
        )

    return run


BROKEN: dict[str, Callable[[Path], object]] = {
    "entry is no date": lambda _: people(persons(entry=["05/06/1987", "2020-01-01"])),
    "exit before entry": lambda _: people(persons(exit=["1987-06-05", "2021-01-01"])),
    "exit missing": lambda _: people(persons(exit=[None, "2021-01-01"])),
    "date not plausible": lambda _: people(persons(entry=["1787-06-05", "2020-01-01"])),
    "person twice": lambda _: people(pl.concat([PERSONS, PERSONS])),
    "lab date is no date": lambda _: measure(labs(date=["05/06/1987", "2020-02-02"])),
    "lab date missing": lambda _: measure(labs(date=[None, "2020-02-02"])),
    "value is no number": lambda _: measure(labs(value=["Yamada 7.77", "2"])),
    "value is endless": lambda _: measure(labs(value=["inf", "2"])),
    "value below a limit": lambda _: measure(labs(value=["<7.77", "2"])),
    "unit missing": lambda _: measure(labs(unit=[None, "mg/dL"])),
    "ids do not match": lambda _: measure(labs(id=["78123x", "Yamada"])),
    "value column of names": lambda _: measure(labs(value=["Yamada", "Yamada"])),
    "filter of the wrong type": lambda _: measure(labs(), where="value > 3"),
    "filter names no column": lambda _: measure(labs(), where="valeu = '2'"),
    "filter is text": lambda _: measure(labs(), where="value"),
    "derived of the wrong type": lambda _: drug().derive("x", "use > 3").at_entry(),
    "stop before start": lambda _: drug(stop=["1987-06-05"]),
    "stop missing": lambda _: drug(stop=[None]),
    "start missing": lambda _: drug(start=[None]),
    "event without a date": lambda _: people().event("e", labs(date=[None, "2020-02-02"]), time="date"),
    "event of numbers": lambda _: people().event("e", labs(date=[7.77, 3.0]), time="date"),
    "death before entry": lambda _: people(persons(died=["1987-06-05", None])).event(
        "d", at="died", ends_follow_up=True
    ),
    "nobody left": lambda _: apply_rules(PERSONS, [Rule("id = 'nobody'", "x")]),
    "rule of the wrong type": lambda _: apply_rules(PERSONS, [Rule("id > 3", "x")]),
    "index names no column": lambda _: first_per_person(PERSONS, id="id", index="inde"),
    "ends of two kinds": lambda _: end_of_follow_up(persons(died=[7.77, 1.0]), [End("died")], index="entry"),
    "end is no date": lambda _: end_of_follow_up(
        persons(died=["05/06/1987", "2020-02-02"]), [End("died")], index="entry"
    ),
    "source is no date": lambda _: first_known(
        [Source("s", labs(date=["05/06/1987", "2020-02-02"]), "date")], id="id"
    ),
    "file of ambiguous dates": file("id,date,value\n78123,05/06/1987,7.77\n"),
    "file with a long row": file("id,date,value\n78123,1987-06-05,7.77,Yamada\n"),
    "file with an open quote": file('id,date,value\n78123,1987-06-05,"7.77\n"Yamada",a"b,2\n'),
    "file without a column": file("id,date,vale\n78123,1987-06-05,7.77\n"),
    "file with a person twice": file(
        "id,date,value\n78123,1987-06-05,7.77\n78123,1987-06-05,7.77\n", one_row_per_person=True
    ),
    "file filter of the wrong type": file("id,date,value,n\n78123,1987-06-05,7.77,Yamada\n", where="n > 3"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_refusal_repeats_a_value(name, tmp_path):
    with pytest.raises(RisksetError) as caught:
        BROKEN[name](tmp_path)
    message = str(caught.value)
    # what the plan itself says may be repeated; these plans say none of the secrets
    assert not [secret for secret in SECRETS if secret in message], message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_unknown_units_of_rows_are_not_repeated_in_full_rows():
    timeline = measure(labs(unit=["zz/dL", "mg/dL"]), people(allowance=None))
    with pytest.raises(RisksetError) as caught:
        timeline.rejects.check(0)
    # the spelling of a unit says what to repair and points at nobody; the row's id, date and value stay out
    assert not [s for s in SECRETS if s in str(caught.value) and s != "zz/dL"]


def test_rejects_and_audit_hold_rows_and_rules_only():
    timeline = measure(
        labs(date=["05/06/1987", "2020-02-02"], value=["7.77", "<7.77"]), people(allowance=None)
    )
    timeline = timeline.event("death", at="exit")
    episodes = timeline.episodes("death")
    written = (
        timeline.rejects.frame.write_csv()
        + repr(timeline)
        + repr(episodes)
        + repr(episodes.audit)
        + repr(timeline.notes)
    )
    assert len(timeline.rejects) == 2
    assert not [secret for secret in SECRETS if secret in written]


def test_a_table_does_not_print_its_rows(tmp_path):
    table = file("id,date,value\n78123,1987-06-05,7.77\n")(tmp_path)
    assert not [secret for secret in SECRETS if secret in repr(table)]


def test_strings_of_few_persons_are_not_listed():
    frame = pl.DataFrame({"id": ["78123", "b"], "drug": ["secretdrug", "secretdrugs"]})
    assert "secretdrugs" not in repr(match_filter(frame, "drug ILIKE 'secret%' AND id = '78123'", id="id"))
    assert not match_filter(frame, "drug = 'secretdrug'", id="id").strings
