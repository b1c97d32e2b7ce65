"""The intensive-care study: counted by plain loops over the raw tables, and run from its plan.

The counts in the first half use no line of riskset; they are the origin of every number that the second half
expects of the run. Time is in days from the first admission. A column of dates without times means the end of
that day.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from riskset.study import read_plan, run_study
from riskset.study.ids import parse_id
from riskset.study.results import Results

TABLES = Path(__file__).parents[2] / "examples" / "icu-magnesium"
DAY = timedelta(days=1)
FOLLOW_UP = 90.0
CARRY = 30.0
CUT = 2.0

Row = dict[str, str]


def rows(name: str) -> list[Row]:
    with gzip.open(TABLES / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def stamp(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 (stored without zone)


def is_ppi(drug: str) -> bool:
    return "prazole" in drug.lower() and "aripiprazole" not in drug.lower()


class Twin:
    """Everybody's index, age, death and end of follow-up."""

    def __init__(self) -> None:
        self.patients = {r["subject_id"]: r for r in rows("patients")}
        self.admissions = rows("admissions")
        self.labs = rows("labevents")
        self.prescriptions = rows("prescriptions")
        self.first: dict[str, Row] = {}
        for r in sorted(self.admissions, key=lambda r: stamp(r["admittime"])):
            if r["admission_type"] != "NEWBORN":
                self.first.setdefault(r["subject_id"], r)
        self.index = {person: stamp(r["admittime"]) for person, r in self.first.items()}
        self.age = {
            person: (t0 - stamp(self.patients[person]["dob"])) / DAY / 365.25
            for person, t0 in self.index.items()
        }
        self.adults = [person for person in self.first if self.age[person] >= 18]
        self.death: dict[str, float] = {}
        self.source: dict[str, str] = {}
        for person in self.first:
            timed = [
                stamp(r["deathtime"]) for r in self.admissions if r["subject_id"] == person and r["deathtime"]
            ]
            by_date = stamp(self.patients[person]["dod"]) + DAY  # the end of that day
            self.death[person] = self.days(person, min(timed) if timed else by_date)
            if not timed:
                self.source[person] = "by date only"
            else:
                self.source[person] = "that stay" if self.first[person]["deathtime"] else "a later stay"
        self.died = {p: self.death[p] <= FOLLOW_UP for p in self.adults}
        self.end = {p: min(self.death[p], FOLLOW_UP) for p in self.adults}

    def days(self, person: str, when: datetime) -> float:
        return (when - self.index[person]) / DAY

    def values(self, person: str, itemid: str = "50960") -> list[tuple[float, float]]:
        """Times and values (by default of serum magnesium), several at one time averaged."""
        at: dict[float, list[float]] = defaultdict(list)
        for r in self.labs:
            if r["subject_id"] == person and r["itemid"] == itemid and r["valuenum"]:
                at[self.days(person, stamp(r["charttime"]))].append(float(r["valuenum"]))
        return sorted((t, sum(v) / len(v)) for t, v in at.items())

    def ppi_from(self, person: str) -> float:
        """When use is first known: the end of the first day of the first prescription."""
        starts = [
            self.days(person, stamp(r["startdate"]) + DAY)
            for r in self.prescriptions
            if r["subject_id"] == person and is_ppi(r["drug"])
        ]
        return min(starts, default=float("inf"))

    def cells(self) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], int], set[str]]:
        """Person-days and deaths by magnesium group and use, and the persons ever with a value in force."""
        time: dict[tuple[str, str], float] = defaultdict(float)
        deaths: dict[tuple[str, str], int] = defaultdict(int)
        measured: set[str] = set()
        for person in self.adults:
            end, use = self.end[person], self.ppi_from(person)
            values = self.values(person)
            cuts = {0.0, end, use}
            for t, _ in values:
                cuts |= {t, t + CARRY}
            inside = sorted(t for t in cuts if 0 <= t <= end)
            for a, b in pairwise(inside):
                known = [(t, v) for t, v in values if t < b <= t + CARRY]
                group = "missing" if not known else ("low" if max(known)[1] < CUT else "high")
                cell = (group, "since admission" if use < b else "not yet")
                time[cell] += b - a
                if group != "missing":
                    measured.add(person)
                if b == end and self.died[person]:
                    deaths[cell] += 1
        return dict(time), dict(deaths), measured

    def days_with_both(self) -> float:
        """Person-days on which a magnesium and a creatinine are in force."""
        total = 0.0
        for person in self.adults:
            lists = [[t for t, _ in self.values(person, item)] for item in ("50960", "50912")]
            cuts = {0.0, self.end[person], *(t + d for ts in lists for t in ts for d in (0.0, CARRY))}
            for a, b in pairwise(sorted(t for t in cuts if 0 <= t <= self.end[person])):
                if all(any(t < b <= t + CARRY for t in times) for times in lists):
                    total += b - a
        return total


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin()


def test_who(twin: Twin) -> None:
    assert (len(twin.patients), len(twin.admissions)) == (100, 129)
    assert len(twin.adults) == 99
    assert [round(a, 1) for a in twin.age.values() if a < 18] == [17.2]
    assert sum(a > 120 for a in twin.age.values()) == 8


def test_deaths_and_person_time(twin: Twin) -> None:
    kinds = Counter(twin.source[p] for p in twin.adults if twin.died[p])
    assert kinds == {"that stay": 33, "a later stay": 4, "by date only": 17}
    assert sum(twin.died.values()) == 54
    assert round(sum(twin.end.values()), 1) == 5136.7


def test_one_discharge_precedes_the_death_it_records(twin: Twin) -> None:
    gaps = Counter(
        (stamp(twin.first[p]["deathtime"]) - stamp(twin.first[p]["dischtime"])) / DAY
        for p in twin.adults
        if twin.died[p] and twin.first[p]["deathtime"]
    )
    assert gaps == {0.0: 32, 1.0: 1}


def test_sources_of_death_agree_on_the_day(twin: Twin) -> None:
    for r in twin.admissions:
        if r["deathtime"]:
            assert stamp(twin.patients[r["subject_id"]]["dod"]).date() == stamp(r["deathtime"]).date()


def test_prescriptions(twin: Twin) -> None:
    ppi = [r for r in twin.prescriptions if is_ppi(r["drug"])]
    assert (len(ppi), len({r["subject_id"] for r in ppi})) == (187, 73)
    assert sum(r["startdate"] == r["enddate"] for r in ppi) == 34
    assert all(stamp(r["startdate"]).date() >= twin.index[r["subject_id"]].date() for r in ppi)
    backwards = [
        r for r in twin.prescriptions if r["enddate"] and stamp(r["enddate"]) < stamp(r["startdate"])
    ]
    assert len(backwards) == 39
    assert not [r for r in backwards if is_ppi(r["drug"])]


def test_laboratory(twin: Twin) -> None:
    assert len(twin.labs) == 76_074
    assert sum(not r["valueuom"] for r in twin.labs) == 9_706
    magnesium = [r for r in twin.labs if r["itemid"] == "50960"]
    assert (len(magnesium), len({r["subject_id"] for r in magnesium})) == (1_918, 99)
    assert {r["valueuom"] for r in magnesium} == {"mg/dL"}
    assert sum(not r["hadm_id"] for r in magnesium) == 340


def test_no_value_of_the_day_of_a_death_known_by_date(twin: Twin) -> None:
    # such a value could not be said to precede the death; there is none, so nothing hangs on that rule here
    for p in twin.adults:
        if twin.source[p] == "by date only":
            last_midnight = twin.death[p] - 1
            assert not [t for t, _ in twin.values(p) if last_midnight <= t]
            assert twin.ppi_from(p) < last_midnight or twin.ppi_from(p) >= twin.death[p]


def test_with_magnesium_in_force(twin: Twin) -> None:
    time, deaths, measured = twin.cells()
    assert sum(time.values()) == pytest.approx(5136.7, abs=0.05)
    assert sum(deaths.values()) == 54
    known = [cell for cell in time if cell[0] != "missing"]
    assert len(measured) == 98
    assert sum(deaths.get(cell, 0) for cell in known) == 46
    assert sum(time[cell] for cell in known) == pytest.approx(3004, abs=0.5)


# --- the same from the plan ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> Results:
    return run_study(read_plan(TABLES / "study.toml"))


def said(results: Results, text: str) -> list[int | None]:
    return [line.n for line in results.audit.lines if text in line.text]


def test_the_run_reads_what_is_there(results: Results) -> None:
    assert {c.label: c.n for c in results.audit.tables} == {
        "patients.csv.gz": 100,
        "admissions.csv.gz": 129,
        "labevents.csv.gz": 76_074,
        "prescriptions.csv.gz": 10_398,
    }
    matched = {m.key: (m.rows, m.persons) for m in results.audit.matched}
    assert matched["drugs.ppi"] == (187, 73)
    assert matched["measures.mg"] == (1_918, 99)
    assert said(results, "prescriptions of one day") == [34]
    assert not said(results, "rows rejected")  # neither the 39 nor the 9,706 are rows of the study


def test_the_flow(results: Results) -> None:
    flow = results.flow
    assert (flow.screened, flow.included) == (100, 99)
    assert [(s.n_excluded, s.n_after) for s in flow.steps] == [(0, 100), (1, 99)]
    assert {c.label: c.n for c in flow.ends} == {"Death": 54, "Followed for the whole of 90 days": 45}
    assert results.table1[0].total == 99
    assert sum(c.n for c in results.table1[0].groups) == 99


def test_hidden_ages_take_the_plan_s_value(twin: Twin, results: Results) -> None:
    age = next(r for r in results.table1[0].rows if r.variable == "age")
    days = [twin.index[p].date() - stamp(twin.patients[p]["dob"]).date() for p in twin.adults]
    years = [d.days / 365.25 for d in days]
    expected = sum(91.4 if a > 120 else a for a in years) / 99
    assert age.overall.mean == pytest.approx(expected, rel=1e-8)  # ages keep nine significant digits


def test_every_cell_has_the_twin_s_deaths_and_days(twin: Twin, results: Results) -> None:
    time, deaths, _ = twin.cells()
    names = {"< 2.0 mg/dL": "low", ">= 2.0 mg/dL": "high", None: "missing"}
    (rates,) = results.rates
    assert rates.total.basis.n_events == 54
    # both count whole seconds; sums of doubles differ in the last digits
    assert rates.total.basis.person_years * 365.25 == pytest.approx(sum(twin.end.values()), rel=1e-12)
    for cell in rates.cells:
        key = (names[cell.exposure], str(cell.modifier))
        assert cell.rate.basis.person_years * 365.25 == pytest.approx(time[key], rel=1e-12)
        assert cell.rate.basis.n_events == deaths.get(key, 0)


def test_the_models_stand_on_who_has_magnesium_and_creatinine(twin: Twin, results: Results) -> None:
    (lost,) = results.rows_lost
    days = twin.days_with_both()
    assert days == pytest.approx(3003.3, abs=0.05)  # of the 3,004.3 with a magnesium
    for model in results.models:
        assert (model.basis.n_persons, model.basis.n_events) == (98, 46)
        assert model.basis.person_years * 365.25 == pytest.approx(days, rel=1e-12)
    assert (lost.persons_lost, lost.events_lost) == (1, 8)
    assert lost.person_years_total - lost.person_years_lost == pytest.approx(
        results.models[0].basis.person_years, rel=1e-12
    )


def test_immortal_time_makes_use_look_better_than_it_is(twin: Twin, results: Results) -> None:
    # Whoever starts a proton-pump inhibitor later must first live to start it. Called a user from day 0, they give
    # the users days on which nobody of them could die.
    late = [p for p in twin.adults if 0 < twin.ppi_from(p) < twin.end[p]]
    assert len(late) > 20
    assert results.sensitivity.plan is not None
    (wrong,) = results.sensitivity.wrong
    assert wrong.wrong == "immortal_time"
    assert wrong.modifier_levels == ("never during follow-up", "ever during follow-up")
    right = results.sensitivity.plan.outcomes[0].own
    biased = wrong.outcomes[0].own
    assert right is not None
    assert biased is not None
    assert right.basis.n_persons == biased.basis.n_persons
    for true, false in zip(right.modifier_in_exposure, biased.modifier_in_exposure, strict=True):
        assert true.estimate is not None
        assert false.estimate is not None
        assert false.estimate < 0.6 * true.estimate
    assert all(v.wrong is None for v in results.sensitivity.right)
    assert not any(e.id.startswith("death/wrong") for e in right.modifier_in_exposure)


def test_the_audit_names_the_contradictions(results: Results) -> None:
    assert said(results, "dated by admissions.deathtime") == [33 + 4]
    assert said(results, "dated by patients.dod") == [17]
    text = "admissions.dischtime lies before admissions.deathtime for 1 of the 40 persons"
    (line,) = (line for line in results.audit.lines if text in line.text)
    assert line.text.endswith("by 24 hours")
    assert line.severity == "warning"


def test_the_reader_is_told(results: Results) -> None:
    assert results.notice is not None
    assert "chosen because they died" in results.notice
    assert any("exploratory" in w for w in results.warnings)
    assert any("use is recorded for inpatient stays only" in m.text for m in results.methods)


def test_no_identifier_leaves_the_hospital(twin: Twin, results: Results) -> None:
    text = results.model_dump_json()
    for person in twin.patients:
        assert f'"{person}"' not in text


def test_every_name_follows_the_grammar(results: Results) -> None:
    ids = [e.id for m in results.models for e in (*m.exposure_in_modifier, *m.interaction)]
    assert "death/model-1/ratio_of_hr[< 2.0 mg/dL|since admission]" in ids
    assert all(str(parse_id(i)) == i for i in ids)
