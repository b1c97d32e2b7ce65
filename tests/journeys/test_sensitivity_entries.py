"""``[sensitivity]`` as a user meets it: refused where it is wrong, counted by check, set in the report, wrong ones apart."""

from __future__ import annotations

import json

import pytest

SMALL = """[sensitivity]
"Younger cut" = { set = { exposure.groups.below = 2.5 } }
"Nobody" = { require = "age > 150" }
"Ever (WRONG)" = { wrong = "immortal_time" }

[report]
"""


@pytest.mark.parametrize("name", ["run", "check"])
def test_a_wrong_entry_is_refused_before_any_table_is_read(study, name):
    study.edit_plan(
        "[report]\n", '[sensitivity]\n"Lag" = { vary = "measures.mg.lagg", over = ["30 days"] }\n[report]\n'
    )
    study.table("labs").write_text("nonsense")
    message = study.refusal(name)
    assert "sensitivity.Lag" in message
    assert "Did you mean lag?" in message
    assert "labs.csv" not in message


@pytest.mark.long
def test_check_counts_each_and_run_sets_them_apart(study, commands):
    study.edit_plan("[report]\n", SMALL)
    # one model of one outcome: the rest is none of this test's business
    text = study.plan.read_text("utf-8")
    begin, end = text.index("[models]"), text.index("[sensitivity]")
    text = text[:begin] + '[models]\n"Model 1" = { adjust = "age" }\n\n' + text[end:]
    begin, end = text.index("[outcomes]"), text.index("[exposure]")
    text = text[:begin] + '[outcomes]\ndeath = { end_reason = "death", label = "Death" }\n\n' + text[end:]
    text = text.replace('levels = { naive = ["never"], user = ["current"], past = ["former"] }', 'levels = { naive = ["never", "former"], user = ["current"] }')  # fmt: skip
    text = text[: text.index("published =")]
    study.plan.write_text(text, "utf-8")
    said = commands[0]("check", study.plan)
    assert said.code == 0, said.err
    assert "exposure.groups.below: 2.5" in said.out
    assert "WARNING cannot be done: cohort.require: nobody is left after the rule 'Nobody'" in said.out
    assert "WRONG on purpose" in said.out
    said = commands[0]("run", study.plan, "--out", study.out)
    assert said.code == 0, said.err
    found = json.loads((study.out / "results.json").read_bytes())["sensitivity"]
    assert [v["label"] for v in found["variants"]] == ["Younger cut", "Nobody", "Ever (WRONG)"]
    assert found["variants"][0]["exposure_levels"] == [">= 2.5 mg/dL", "< 2.5 mg/dL"]
    assert found["variants"][1]["outcomes"] == []
    page = (study.out / "report.html").read_text("utf-8")
    section = page[page.index('id="sensitivity"') :]
    assert section.index("Younger cut") < section.index("Wrong on purpose: immortal time")
    assert "could not be done" in section
