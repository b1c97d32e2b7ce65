"""The tables against the plan: all that is wrong at once, few persons never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskset.errors import RisksetError
from riskset.study import read_plan
from riskset.study.preflight import preflight

PLAN = """
riskset = 1
title = "T"
question = "Q?"
[data]
id = "id"
{data}
[tables]
people = {{ file = "people.csv", one_row_per_person = true }}
labs = {{ file = "labs.csv", time = "day", value = "v", unit = "u" }}
pills = {{ file = "pills.csv", start = "a", stop = "b" }}
events = {{ file = "events.csv", time = "day" }}
[cohort]
from = "people"
index = "start"
end = [ {{ time = "end", reason_column = "why" }} ]
[baseline]
sex = {{ column = "sex", label = "Sex" }}
[measures]
mg = {{ {mg}unit = "mg/dL", label = "Mg" }}
[drugs]
drug = {{ where = "pill = 'cinacalcet'", label = "Drug" }}
[outcomes]
break_ = {{ where = "kind = 'fracture'", label = "Fracture" }}
death = {{ end_reason = "{reason}", label = "Death" }}
[exposure]
measure = "mg"
groups = {{ below = 2.4, labels = ["low", "high"], reference = "high" }}
[modifier]
drug = "drug"
levels = {{ no = ["never", "former"], yes = ["current"] }}
[models]
"Model 1" = {{ adjust = "sex" }}
"""
WHERE = "where = \"analyte = 'mg'\", "


@pytest.fixture
def study(tmp_path: Path):
    """Six persons, of whom one left for a reason of his own."""
    ids = [f"{i:03d}" for i in range(1, 7)]
    write = lambda name, header, rows: (tmp_path / name).write_text("\n".join([header, *rows]) + "\n")  # noqa: E731
    write(
        "people.csv",
        "id,sex,start,end,why",
        [f"{i},f,2020-01-01,2021-01-01,{'death' if i != '006' else 'emigration'}" for i in ids],
    )
    write("labs.csv", "id,day,analyte,v,u", [f"{i},2020-02-01,mg,2.{i[-1]},mg/dL" for i in ids])
    write("pills.csv", "id,pill,a,b", [f"{i},cinacalcet,2020-03-01,2020-04-01" for i in ids])
    write("events.csv", "id,day,kind", [f"{i},2020-06-01,fracture" for i in ids])

    class Study:
        folder = tmp_path

        def preflight(self, *, mg: str = WHERE, data: str = "", reason: str = "death"):
            (tmp_path / "study.toml").write_text(PLAN.format(mg=mg, data=data, reason=reason))
            return preflight(read_plan(tmp_path / "study.toml"))

        def edit(self, name: str, old: str, new: str) -> None:
            text = (tmp_path / name).read_text()
            assert old in text
            (tmp_path / name).write_text(text.replace(old, new))

    return Study()


def refusal(study, **changes: str) -> str:
    with pytest.raises(RisksetError) as caught:
        study.preflight(**changes)
    return str(caught.value)


def test_what_each_filter_matched(study):
    found = study.preflight()
    assert set(found.tables) == {"people", "labs", "pills", "events"}
    assert {k: (m.rows, m.persons) for k, m in found.matched.items()} == {
        "measures.mg": (6, 6),
        "drugs.drug": (6, 6),
        "outcomes.break_": (6, 6),
    }
    assert found.unknown_persons == {"labs": 0, "pills": 0, "events": 0}


def test_without_a_filter_every_row_counts(study):
    assert study.preflight(mg="").matched["measures.mg"].where == "every row"


def test_all_problems_at_once(study):
    study.edit("labs.csv", ",u\n", ",unit\n")
    study.edit("pills.csv", "cinacalcet", "Cinacalcet")
    study.edit("people.csv", ",sex,", ",gender,")
    (study.folder / "events.csv").unlink()
    message = refusal(study, reason="dead")
    assert "5 problems" in message
    for words in (
        "labs.csv: the column 'u' does not exist",
        "events.csv: the file does not exist",
        "drugs.drug: the filter \"pill = 'cinacalcet'\" matches no row",
        "There is: 'Cinacalcet' (6 rows)",
        "baseline.sex: the column 'sex' does not exist",
        'nobody\'s follow-up ends by "dead"',
        "Did you mean 'death'?",
    ):
        assert words in message


def test_words_of_fewer_than_five_persons_are_not_shown(study):
    message = refusal(study, reason="dying")
    assert "death" in message  # five persons
    assert "emigration" not in message  # one
    study.edit("events.csv", "006,2020-06-01,fracture", "006,2020-06-01,fall in the bath")
    study.edit("events.csv", "fracture", "broken bone")
    message = refusal(study)
    assert "Column 'kind' holds 'broken bone'." in message
    assert "bath" not in message


def test_unknown_persons_are_refused_or_counted(study):
    study.edit("labs.csv", "006,2020-02-01", "777,2020-02-01")
    message = refusal(study)
    assert "labs.csv, column 'id': 1 person is not in people.csv (1 row: 7)" in message
    assert 'data.unknown_persons = "count"' in message
    assert "777" not in message
    counted = study.preflight(data='unknown_persons = "count"').unknown_persons
    assert counted == {"labs": 1, "pills": 0, "events": 0}


def test_ids_of_two_forms_are_an_error_even_where_strangers_are_counted(study):
    for i in range(1, 7):
        study.edit("labs.csv", f"00{i},", f"{i},")
    message = refusal(study, data='unknown_persons = "count"')
    assert "fewer than half of the ids" in message
    assert "leading zeros" in message


def test_rows_without_a_person_are_refused_or_counted(study):
    study.edit("labs.csv", "006,2020-02-01", ",2020-02-01")
    assert "labs.csv, column 'id': a row must name a person (1 row: 7)" in refusal(study)
    study.preflight(data='unknown_persons = "count"')


def test_a_missing_data_folder_is_one_problem(study):
    assert "the data folder does not exist" in refusal(study, data='folder = "elsewhere"')
