"""The plan language: what reads, what is refused, and in which words."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from riskset.errors import PlanError
from riskset.study import plan_from_toml, plan_schema, read_plan

ROOT = Path(__file__).parents[3]
FENCED = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = ("haemodialysis", "icu-magnesium")
TEXT = (ROOT / "examples" / "haemodialysis" / "study.toml").read_text("utf-8")


def refusal(text: str) -> str:
    with pytest.raises(PlanError) as caught:
        plan_from_toml(text)
    return str(caught.value)


def changed(old: str, new: str) -> str:
    assert old in TEXT, old
    return TEXT.replace(old, new, 1)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_are_plans(example: str) -> None:
    path = ROOT / "examples" / example / "study.toml"
    plan = read_plan(path)
    assert plan.path == path
    assert plan.folder == (path.parent / plan.data.folder).resolve()
    assert plan.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert plan.title
    assert all(m.table == "labs" for m in plan.measures.values())
    assert all(d.table == "prescriptions" for d in plan.drugs.values())


def test_what_may_be_left_out_is_inferred_and_what_is_written_stays() -> None:
    plan = plan_from_toml(TEXT)
    assert plan.outcomes["cve"].table == "events"
    assert plan.outcomes["death"].table == ""  # it is a reason for the end of follow-up
    assert plan.measures["pth"].carry_forward == "200 days"
    assert plan.primary_model == "Model 3"
    assert list(plan.modifier.levels) == ["naive", "user", "past"]
    assert plan.modifier_states == ("never", "current", "former")


def test_a_plan_cannot_be_changed() -> None:
    plan = plan_from_toml(TEXT)
    with pytest.raises(ValidationError, match="frozen"):
        plan.measures["mg"].lag = "30 days"  # pyright: ignore[reportAttributeAccessIssue]


# Each: what is written in place of what, and the words that the refusal must hold.
WRONG = [
    ("carry_forward = \"90 days\"", "cary_forward = \"90 days\"", ["measures.mg.cary_forward", "no such key", "Did you mean carry_forward?", "lag"]),
    ('clock    = "day"', 'clock = "dya"', ["data.clock", '"dya"', "Did you mean day?", "day, time"]),
    ("seed     = 20260101", 'seed = "7"', ["seed", "whole number"]),
    ("seed     = 20260101", "seed = -1", ["seed", "at least 0"]),
    ("seed     = 20260101", "seed = true", ["seed", "whole number"]),
    ('id       = "patient_id"', "", ["data.id", "is missing"]),
    ("below = 2.4", 'below = "2.4"', ["exposure.groups.below", "number, without quotes"]),
    ("below = 2.4", "below = nan", ["exposure.groups.below", "finite number"]),
    ("primary = true", 'primary = "yes"', ['models."Model 3".primary', "true or false"]),
    ("primary = true", "primary = false", ["models", "exactly one model is primary", "none is"]),
    ('"Model 1" = { adjust = "age + sex" }', '"Model 1" = { primary = true }', ["exactly one model is primary", "2 are"]),
    ('"Model 1" =', '"model-2" =', ["Model 2", "too like"]),
    ('observed = ["2010-01-01", "2024-12-31"]', 'observed = ["2010-01-01", "yesterday"]', ["data.observed[2]", "date like 2024-12-31"]),
    ('observed = ["2010-01-01", "2024-12-31"]', 'observed = ["2024-12-31", "2010-01-01"]', ["data.observed", "must precede"]),
    ('carry_forward = "90 days"', 'carry_forward = "0 days"', ["measures.mg.carry_forward", "longer than nothing"]),
    ('observed = ["2010-01-01", "2024-12-31"]', 'observed = ["2010-01-01"]', ["data.observed"]),
    ('"Adult at index" }', '"Adult at index", keeep = "x" }', ["cohort.require[1].keeep", "Did you mean keep?"]),
    ('keep = "age >= 18", ', "", ["cohort.require[1].keep", "is missing"]),
    ('measure   = "mg"', 'measure = "mag"', ["exposure.measure", '"mag"', "Did you mean mg?"]),
    ('drug   = "calcimimetic"', 'drug = "calcimimetics"', ["modifier.drug", "Did you mean calcimimetic?"]),
    ('user = ["current"]', 'user = ["curent"]', ["modifier.levels.user", "Did you mean current?"]),
    ('user = ["current"]', 'user = ["current", "former"]', ['"former" belongs to 2 levels']),
    (', past = ["former"] }   #', " }   #", ['"former" belongs to no level']),
    ('reference = ">= 2.4 mg/dL"', 'reference = "> 2.4 mg/dL"', ["exposure.groups.reference", "Did you mean >= 2.4 mg/dL?"]),
    ('from         = "patients"', 'from = "patient"', ["cohort.from", "Did you mean patients?"]),
    ('mg      = { where', 'mg = { table = "lab", where', ["measures.mg.table", "Did you mean labs?"]),
    ('time = "date", value = "value"', 'value = "value"', ["measures.mg", "no table is named"]),
    ('start = "start", stop = "stop"', 'start = "start"', ["tables.prescriptions.stop", "must name a column"]),
    ('competing = ["death"]', 'competing = ["dead"]', ["outcomes.cve.competing[1]", "Did you mean death?"]),
    ("extra   = { fracture", "extra = { fractur", ['extra.fractur', "Did you mean fracture?"]),
    ("events = { cve = 122", "events = { cv = 122", ["report.published.events.cv", "Did you mean cve?"]),
    ('grace = "30 days"', 'grace = "30 dyas"', ["drugs.calcimimetic.grace", "Did you mean days"]),
    ('"5 years"', '"five years"', ["cohort.max_followup", "90 days"]),
    ('"5 years"', '"0 days"', ["cohort.max_followup", "longer than nothing"]),
    ('missing_stop = "ongoing"', 'missing_stop = "ongoin"', ["tables.prescriptions.missing_stop", "Did you mean ongoing?"]),
    ('unit = "months"', 'unit = "month"', ["baseline.vintage.unit", "Did you mean months?"]),
    ('unit = "g/dL"', 'unit = "g/dLL"', ["measures.albumin.unit", "g/dL"]),
    ('column = "sex",', 'column = "sex", since = "birth_date",', ["baseline.sex", "exactly one of"]),
    ("bmi              =", "mg =", ["measures.mg", "baseline.mg", "name"]),
    ("bmi              =", "mg_group =", ["baseline.mg_group", "derived column"]),
    ("bmi              =", "entry =", ["baseline.entry", "taken"]),
    ("bmi              =", '"body mass" =', ["body mass", "letters, digits and underscores"]),
    ("knots = 4", "knots = 9", ["exposure.curve.knots", "at most 7"]),
    ("riskset  = 1", "riskset = 2", ["riskset", "2 is not possible here"]),
    ('"labs.csv"', '"labs.sav"', ["tables.labs.file", "not read", ".parquet"]),
    ("analyte = 'magnesium'", "analyte = (SELECT 1)", ["measures.mg.where", "may not use"]),
    ("analyte = 'magnesium'", "analyte == ", ["measures.mg.where", "not an SQL expression"]),
    ("analyte = 'magnesium'", "analyte IN (SELECT a FROM read_csv('/etc/passwd'))", ["measures.mg.where"]),
    ("age >= 18", "agee >= 18", ["cohort.require[1].keep", "Did you mean age?"]),
    ('adjust = "age + sex" }', 'adjust = "age + sexx" }', ['models."Model 1".adjust', '"sexx"', "Did you mean sex?"]),
    ('adjust = "age + sex" }', 'adjust = "age + baseline(sex)" }', ["already", "Write sex instead of baseline(sex)"]),
    ('adjust = "age + sex" }', 'adjust = "age + baseline(agee)" }', ["baseline(agee) is not possible"]),
    ('adjust = "age + sex" }', 'adjust = "age +" }', ['models."Model 1".adjust', "unexpected the end"]),
    ('adjust = "age + sex" }', 'adjust = "age + mg" }', ["is the exposure, which every model holds already"]),
    ('adjust = "age + sex" }', 'adjust = "age + calcimimetic" }', ["is the modifier"]),
    ('adjust = "age + sex" }', 'adjust = "Surv(a, b) ~ age" }', ["only the adjustment set is wanted"]),
    ('adjust = "age + sex" }', 'adjust = "age + lgo(bmi)" }', ["unknown function", "log, log2"]),
    ('adjust = "age + sex" }', 'adjust = "age + exec(bmi)" }', ["unknown function"]),
    ('adjust = "age + sex" }', "adjust = \"__import__('os').system('x')\" }", ['models."Model 1".adjust', "annot read"]),
    ('adjust = "age + sex" }', 'adjust = "age + fracture" }', ['"fracture" is neither']),
    ("tables]  ", "tables.x]  ", ["tables.x"]),
    # --- sensitivity analyses: each is a plan that must be right itself
    ('"measures.mg.lag"', '"measures.mg.lagg"', ['sensitivity."Magnesium lag"', "measures.mg.lagg: no such key", "Did you mean lag?"]),
    ('"measures.mg.lag"', '"measures.mgg.lag"', ["the plan has no measures.mgg", "Did you mean mg?"]),
    ('over = ["30 days", "90', 'over = ["30 dyas", "90', ['"Magnesium lag: 30 dyas"', "Did you mean days"]),
    (', over = ["30 days", "180 days"] }', " }", ['sensitivity."Carry forward"', "vary and over go together"]),
    ("{ quantiles = 3 }", "{ quantiles = 1 }", ["sensitivity.Tertiles", "exposure.groups.quantiles", "at least 2"]),
    ("{ quantiles = 3 }", "{ quantils = 3 }", ["sensitivity.Tertiles", "exposure.groups.quantils", "Did you mean quantiles?"]),
    ("calcimimetic = 'never'", "calcimimetics = 'never'", ['sensitivity."New users only"', "Did you mean calcimimetic?"]),
    ('wrong = "immortal_time"', 'wrong = "imortal_time"', ["Did you mean immortal_time?"]),
    ('wrong = "immortal_time"', 'wrong = "immortal_time", require = "age > 60"', ["wrong stands alone"]),
    ('{ require = "calcimimetic = \'never\'" }', "{}", ['sensitivity."New users only"', "changes nothing"]),
    ('"Tertiles"  ', '"Other cut points: 2.2"  ', ["too like"]),
    ('"Attained age as time" = { set = { cohort.time_scale = "age" }', '"Attained age as time" = { set = { cohort.time_scale = "sex" }', ["cohort.time_scale", "age, vintage"]),
    # --- the question
    ("below = 2.4", "below = 2.4, quantiles = 3", ["exposure.groups", "exactly one of below, cuts and quantiles"]),
    ("below = 2.4, labels", "labels", ["exposure.groups", "exactly one of below"]),
    ("below = 2.4", "cuts = [2.2, 2.6]", ["exposure.groups.labels", "2 entries; 3 are needed"]),
    ("below = 2.4", "cuts = [2.6, 2.2]", ["exposure.groups.cuts", "must rise"]),
    ("below = 2.4", "quantiles = 1", ["exposure.groups.quantiles", "at least 2"]),
    ('drug   = "calcimimetic"', "", ["modifier", "exactly one of drug, state, baseline and measure"]),
    ('drug   = "calcimimetic"', 'drug = "calcimimetic"\nbaseline = "sex"', ["modifier", "exactly one of"]),
    ('drug   = "calcimimetic"', 'state = "cve_before"', ["modifier.state", 'no state "cve_before"']),
    ('drug   = "calcimimetic"', 'baseline = "sexx"', ["modifier.baseline", "Did you mean sex?"]),
    ('drug   = "calcimimetic"', 'baseline = "age"', ["modifier.baseline", "is a number"]),
    ('grace = "30 days", label = "Calcimimetic"', 'state = "cumulative days", label = "C"', ["modifier.drug", "is a number"]),
    # --- what changes over time
    ("carry_forward", 'use = "mean", carry_forward', ["measures.mg", "needs a window"]),
    ("carry_forward", 'window = "90 days", carry_forward', ["measures.mg.window", "Remove one of the two"]),
    ("carry_forward", 'use = "mean", window = "0 days", carry_forward', ["measures.mg.window", "longer than nothing"]),
    ("carry_forward", 'use = "avarage", carry_forward', ["measures.mg.use", "cumulative mean"]),
    ("carry_forward", "valence = 2, carry_forward", ["measures.mg.valence", "goes with molar_mass"]),
    ("carry_forward", "plausible = [9, 0.1], carry_forward", ["measures.mg.plausible", "below the highest"]),
    ('grace = "30 days"', 'by = "drug"', ["drugs.calcimimetic.by", 'goes with state = "drug"']),
    ('grace = "30 days"', 'state = "dose"', ["drugs.calcimimetic", 'Write dose = "column"']),
    ('grace = "30 days"', "stockpile = true", ["drugs.calcimimetic.stockpile", "days_supply"]),
    ('grace = "30 days"', 'step = "0 days"', ["drugs.calcimimetic.step", "longer than nothing"]),
    ("[outcomes]", '[states]\nx = { after = "deth", label = "X" }\n[outcomes]', ["states.x.after", "Did you mean death?"]),
    ("[outcomes]", '[states]\nx = { after = "death", label = "X" }\n[outcomes]', ["states.x.after", "not an outcome of event rows"]),
    ("[outcomes]", '[states]\nx = { after = "cve", where = "1 = 1", label = "X" }\n[outcomes]', ["states.x", "after and where"]),
    ("[outcomes]", '[states]\nx = { where = "type = 1", levels = ["a", "a"], label = "X" }\n[outcomes]', ["states.x.levels", "must differ"]),
    ("[outcomes]", '[splits]\nx = { label = "X" }\n[outcomes]', ["splits.x", "exactly one of at and every"]),
    ("[outcomes]", '[splits]\nx = { at = [9, 3], label = "X" }\n[outcomes]', ["splits.x.at", "must rise"]),
    ("[outcomes]", '[splits]\nx = { at = [9], since = "sex", label = "X" }\n[outcomes]', ["splits.x.since", "calendar, age, vintage"]),
    # --- outcomes
    ('competing = ["death"]', 'any_of = ["cve", "death"]', ["outcomes.cve", "where and any_of"]),
    ("[exposure]", 'x = { any_of = ["cve"], label = "X" }\n[exposure]', ["outcomes.x.any_of", "at least two components"]),
    ("[exposure]", 'x = { any_of = ["cve", "deth"], label = "X" }\n[exposure]', ["outcomes.x.any_of[2]", "Did you mean death?"]),
    ("[exposure]", 'x = { any_of = ["cve", "death"], competing = ["death"], label = "X" }\n[exposure]', ["outcomes.x.competing", "cannot compete with it"]),
    ('end_reason = "death"', 'recurrent = true, end_reason = "death"', ["outcomes.death.recurrent", "cannot recur"]),
    # --- the cohort
    ('index        = "index_date"', 'index = { date = "2015-02-30" }', ["cohort.index.date", "date like"]),
    ('index        = "index_date"', 'index = { column = "a", drug = "ppi" }', ["cohort.index", "exactly one of column, date, day, table and drug"]),
    ('index        = "index_date"', 'index = { drug = "pppi" }', ["cohort.index.drug", "Did you mean ppi?"]),
    ('index        = "index_date"', 'index = { table = "lab" }', ["cohort.index.table", "Did you mean labs?"]),
    ('index        = "index_date"', 'index = { table = "patients" }', ["tables.patients.time", "cohort.index reads this table"]),
    ('index        = "index_date"', 'index = { drug = "ppi", where = "1 = 1" }', ["cohort.index.where", "goes with table"]),
    ('index        = "index_date"', 'index = { drug = "ppi" }\ntake = "first"', ["cohort.take", "is found later"]),
    ('max_followup = "5 years"', 'max_followup = "5 years"\ntime_scale = "agee"', ["cohort.time_scale", "Did you mean age?"]),
    ('max_followup = "5 years"', 'max_followup = "5 years"\nhistory = [{ outcome = "death", label = "X" }]', ["cohort.history[1].outcome", "live on after"]),
    ('max_followup = "5 years"', 'max_followup = "5 years"\nhistory = [{ label = "X" }]', ["cohort.history[1]", "exactly one of drug, outcome and table"]),
    ('max_followup = "5 years"', 'max_followup = "5 years"\nwashout = [{ drug = "ppi", label = "X" }]', ["cohort.washout[1].within", "is missing"]),
    ('max_followup = "5 years"', 'max_followup = "5 years"\nwashout = [{ drug = "ppi", within = "1 yaer", label = "X" }]', ["cohort.washout[1].within", "Did you mean year"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), WRONG, ids=[w[1][:40] for w in WRONG])
def test_a_wrong_plan_is_refused_in_plain_words(old: str, new: str, words: list[str]) -> None:
    message = refusal(changed(old, new))
    assert "study.toml" in message
    for word in words:
        assert word in message
    # none of the library's own words
    assert not re.search(r"pydantic|type=|input_value|extra_forbidden|validation error|literal", message)


def test_everything_wrong_is_said_at_once() -> None:
    text = changed('clock    = "day"', 'clock = "dya"')
    text = text.replace("carry_forward", "cary_forward", 1).replace("seed     = 20260101", "seed = 1.5")
    message = refusal(text + "\n[imputation]\n")
    assert "4 problems" in message
    for word in ("data.clock", "cary_forward", "seed", "imputation"):
        assert word in message


def test_checks_across_sections_go_on_past_an_unknown_key() -> None:
    text = changed('measure   = "mg"', 'measure = "mag"').replace("carry_forward", "cary_forward", 1)
    message = refusal(text)
    assert "2 problems" in message
    assert "exposure.measure" in message


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("exposure.groups = { quantiles = 3 }", "msm = { stabilised = true }", "sensitivity.Tertiles"),
        ("[report]", "[imputation]\nm = 20\n[report]", "imputation"),
        ("[report]", "[msm]\n[report]", "msm"),
        ('index        = "index_date"', 'index = "index_date"\nlandmark = "1 year"', "cohort.landmark"),
    ],
)  # fmt: skip
def test_keys_of_later_work_are_refused_by_name(old: str, new: str, key: str) -> None:
    message = refusal(changed(old, new))
    assert key in message
    assert "planned, not yet available" in message
    assert "emove the key" in message


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ('{ by = "agee", cuts = [65] }', "neither a baseline value"),
        ('{ by = "age" }', "Say where to cut it"),
        ('{ by = "age", cuts = [75, 65] }', "the cuts must rise"),
        ('{ by = "ppi", cuts = [1] }', "has states and cannot be cut"),
        ('{ by = "age", cuts = [65], labels = ["young"] }', "2 are needed"),
        ('{ by = "sex", labels = ["f", "m"] }', "goes with cuts"),
        ('{ by = "sex", cut = 65 }', "Did you mean cuts?"),
    ],
)
def test_subgroups_that_cannot_be_formed(entry: str, said: str) -> None:
    message = refusal(changed('"Sex"      = { by = "sex" }', f'"Sex" = {entry}'))
    assert "subgroups.Sex" in message
    assert said in message


def test_the_days_left_out_leave_something() -> None:
    old = 'max_followup = "5 years"'
    assert "leaves nothing" in refusal(changed(old, f'{old}\nexclude_first = "5 years"'))
    assert "longer than nothing" in refusal(changed(old, f'{old}\nexclude_first = "0 days"'))


def test_broken_toml_names_the_line() -> None:
    number = TEXT[: TEXT.index("[cohort]")].count("\n") + 1
    message = refusal(changed("[cohort]", "[cohort"))
    assert f"line {number}" in message
    assert "[cohort" in message


def test_an_empty_file_says_what_a_plan_needs() -> None:
    message = refusal("")
    for key in ("riskset", "title", "data", "tables", "cohort", "outcomes", "exposure", "modifier", "models"):
        assert f"{key}: is missing" in message


def test_a_plan_that_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("riskset = 1")
    (tmp_path / "pyproject.toml").write_text("[project]")
    with pytest.raises(PlanError, match=r"no such plan file[\s\S]*Plans in that folder: study\.toml\."):
        read_plan(tmp_path / "stduy.toml")
    with pytest.raises(PlanError, match="is a folder"):
        read_plan(tmp_path)
    (tmp_path / "latin.toml").write_bytes('\n\ntitle = "Hä"'.encode("latin-1"))
    with pytest.raises(PlanError, match="line 3 is not UTF-8"):
        read_plan(tmp_path / "latin.toml")


def test_native_dates_are_dates_too() -> None:
    quoted, native = '["2010-01-01", "2024-12-31"]', "[2010-01-01, 2024-12-31]"
    assert plan_from_toml(changed(quoted, native)).data.observed == plan_from_toml(TEXT).data.observed


def test_the_schema_describes_every_key() -> None:
    schema = plan_schema()
    json.dumps(schema)
    undescribed = [
        f"{name}.{key}"
        for name, section in [("plan", schema), *schema["$defs"].items()]
        for key, value in section["properties"].items()
        if not value.get("description")
    ]
    assert not undescribed
    assert all(s["additionalProperties"] is False for s in [schema, *schema["$defs"].values()])
    assert schema["$defs"]["Cohort"]["properties"]["from"]["type"] == "string"  # as written, not as in Python


def test_an_editor_that_knows_the_schema_finds_nothing_in_the_plans_that_are_shipped() -> None:
    Draft202012Validator.check_schema(plan_schema())
    editor = Draft202012Validator(plan_schema())
    page = FENCED.findall((ROOT / "docs" / "plan.md").read_text("utf-8"))
    texts = [path.read_text("utf-8") for path in sorted(ROOT.glob("examples/*/study.toml"))]
    texts.append("\n".join(['riskset = 1\ntitle = "T"\nquestion = "Q"', *page]))
    assert len(texts) == 5
    for text in texts:
        assert not [(e.json_path, e.message) for e in editor.iter_errors(tomllib.loads(text))]


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("carry_forward", "carry_forwrd", "$.measures.mg"),
        ('max_followup = "5 years"', "max_followup = 5", "$.cohort.max_followup"),
        ("below = 2.4", 'below = "2.4"', "$.exposure.groups.below"),
    ],
)
def test_such_an_editor_finds_what_is_wrong(right: str, wrong: str, place: str) -> None:
    problems = [*Draft202012Validator(plan_schema()).iter_errors(tomllib.loads(changed(right, wrong)))]
    assert [p.json_path for p in problems] == [place]


def test_each_problem_names_its_line_and_they_come_in_order() -> None:
    text = changed('clock    = "day"', 'clock = "dya"').replace("primary = true", 'primary = "yes"', 1)
    text = text.replace("age >= 18", "agee >= 18", 1)
    message = refusal(text.replace("carry_forward", "cary_forward", 1))

    def line(words: str) -> int:
        return text[: text.index(words)].count("\n") + 1

    numbers = [int(n) for n in re.findall(r"\(line (\d+)\)", message)]
    # The rule stands in a list that begins where its key begins.
    assert numbers == [line('clock = "dya"'), line("mg      = {"), line('primary = "yes"')]
    assert numbers == sorted(numbers)


def test_a_problem_within_a_list_names_the_line_of_the_list() -> None:
    number = TEXT[: TEXT.index("require = [")].count("\n") + 1
    assert f"cohort.require[1].keep (line {number})" in refusal(changed("age >= 18", "agee >= 18"))


def test_what_a_terminal_would_obey_is_refused_and_not_repeated() -> None:
    said = refusal(changed('title    = "', 'title    = "\\u001b[2J'))
    assert "title (line" in said
    assert "control character" in said
    assert "\x1b" not in said
