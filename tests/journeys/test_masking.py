"""A study with report.mask_below: no output shows a small count, and none lets one be worked out."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel
from scipy.optimize import Bounds, LinearConstraint, milp

from riskset.errors import OutputError, PlanError
from riskset.report.compose import compose
from riskset.study import read_plan
from riskset.study.counted import finished
from riskset.study.mask_kinds import KINDS, check_kinds, numbers_in
from riskset.study.masking import masked
from riskset.study.results import Results
from riskset.study.results_values import Frozen

LEAST = 5
# whole numbers that count no person and no event
SETTINGS = {"schema_version", "seed", "parameters", "reference", "masked_below"}
MANY = 10_000


@pytest.fixture(scope="module")
def both(ran) -> tuple[dict[str, Any], dict[str, Any], Results]:
    """The results of a small study as they are, masked, and the masked ones as a value."""
    plain = json.loads((ran[0].out / "results.json").read_bytes())
    hidden = finished(masked(Results.model_validate(plain | {"counted": []}), LEAST), {})
    return plain, json.loads(hidden.model_dump_json()), hidden


def walk(value: Any, path: tuple[str | int, ...] = ()):
    """Give every leaf of JSON with its place."""
    if isinstance(value, dict):
        for key, child in value.items():
            yield from walk(child, (*path, key))
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from walk(child, (*path, place))
    else:
        yield path, value


def test_no_small_count_is_left_in_the_results(both):
    plain, hidden, _ = both
    counts_of_outcomes = [i for i, a in enumerate(plain["audit"]["lines"]) if a["topic"] == "All outcomes"]
    small = []
    for path, value in walk(hidden):
        if path[:2] == ("audit", "lines") and path[2] in counts_of_outcomes:
            continue
        if path[0] == "counted":
            one = hidden["counted"][path[1]]
            if one["unit"] not in {"persons", "events", "rows"}:
                continue
        whole = isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        named = path[-1] in {"estimate", "of"} and path[0] != "counted"
        if whole and 0 < value < LEAST and isinstance(value, int) and path[-1] not in SETTINGS and not named:
            small.append((path, value))
    assert not small
    assert sum(isinstance(v, int) and 0 < v < LEAST for _, v in walk(plain)) > 100  # there was much to mask


def test_no_sentence_of_the_run_writes_a_small_count(both):
    _, hidden, _ = both
    number = re.compile(r"(?<![\w.,])(\d+)(?![\w]|[.,]\d)(?! (?:days?|hours?|months?|years?))")
    found = [
        (path, value)
        for path, value in walk(hidden)
        if isinstance(value, str)
        and ("warnings" in path or path[-1] in {"text", "not_done"})
        and path[0] not in {"methods", "published", "counted"}  # the plan's words; a publication's
        for m in number.finditer(re.sub(r"Model \d|\d+ (?:person-|events per)|p = \S+", "", value))
        if 0 < int(m[1]) < LEAST
    ]
    assert not found


def test_hazard_ratios_stay(both):
    plain, hidden, _ = both
    for before, after in zip(plain["models"], hidden["models"], strict=True):
        for part in ("exposure_in_modifier", "interaction", "coefficients"):
            for a, b in zip(before[part], after[part], strict=True):
                assert a["estimate"] == b["estimate"]


def test_every_named_number_keeps_its_name_and_says_that_it_is_masked(both):
    plain, hidden, _ = both
    before = {c["id"]: c for c in plain["counted"]}
    gone = [c for c in hidden["counted"] if c["estimate"] is None and before[c["id"]]["estimate"] is not None]
    assert gone
    assert all(any(w.startswith("masked") for w in c["warnings"]) for c in gone)
    rates = [c["rate"] for o in hidden["rates"] for c in o["cells"] if c["rate"]["basis"]["n_events"] is None]
    assert rates
    for rate in rates:
        assert rate["estimate"] is rate["lower"] is rate["upper"] is rate["basis"]["person_years"] is None


class Attacker:
    """Somebody who has results.json and knows what adds up to what; counts are whole and not negative."""

    def __init__(self, hidden: dict[str, Any], plain: dict[str, Any]) -> None:
        self.columns: dict[str, int] = {}
        self.shown: dict[str, int] = {}
        self.truth: dict[str, int] = {}
        self.rows: list[dict[str, int]] = []
        self._table1(hidden, plain)
        self._flow(hidden["flow"], plain["flow"])
        self._rates(hidden, plain)
        self._curves(hidden["survival"], plain["survival"])
        self._sizes(hidden, plain)

    def know(self, name: str, shown: int | None, true: int) -> str:
        self.columns.setdefault(name, len(self.columns))
        self.truth[name] = true
        if shown is not None:
            assert shown == true
            self.shown[name] = shown
        return name

    def adds_up(self, whole: str, parts: list[str], *, exactly: bool = True) -> None:
        row = {whole: 1} | dict.fromkeys(parts, -1)
        if not exactly:
            rest = self.know(
                f"rest {len(self.rows)}: {whole} less {', '.join(parts)}",
                None,
                self.truth[whole] - sum(self.truth[p] for p in parts),
            )
            row[rest] = -1
        self.rows.append(row)

    def _table1(self, hidden: dict[str, Any], plain: dict[str, Any]) -> None:
        for t, (h, p) in enumerate(zip(hidden["table1"], plain["table1"], strict=True)):
            total = self.know("included", h["total"], p["total"])
            groups = [
                self.know(f"{t} group {g}", a["n"], b["n"])
                for g, (a, b) in enumerate(zip(h["groups"], p["groups"], strict=True))
            ]
            self.adds_up(total, groups)
            by_variable: dict[str, list[int]] = {}
            for r, row in enumerate(p["rows"]):
                by_variable.setdefault(row["variable"], []).append(r)
            for variable, lines in by_variable.items():
                column_names = [total, *groups]
                names: dict[tuple[str, int], str] = {}
                for c, of in enumerate(column_names):
                    # all persons are the same in each table
                    head = f"all {variable}" if c == 0 else f"{t} {variable} {c}"
                    cell = lambda rows, r, c=c: rows[r]["overall"] if c == 0 else rows[r]["groups"][c - 1]  # noqa: E731
                    a, b = cell(h["rows"], lines[0]), cell(p["rows"], lines[0])
                    names["n", c] = self.know(f"{head} n", a["n"], b["n"])
                    names["missing", c] = self.know(f"{head} missing", a["missing"], b["missing"])
                    self.adds_up(of, [names["n", c], names["missing", c]])
                    if p["rows"][lines[0]]["kind"] != "category":
                        continue
                    levels = []
                    for r in lines:
                        a, b = cell(h["rows"], r), cell(p["rows"], r)
                        name = self.know(f"{head} level {p['rows'][r]['level']}", a["count"], b["count"])
                        if a["percent"] is not None:  # a share and its whole give the count
                            assert a["count"] is not None
                            assert a["n"] is not None
                        levels.append(name)
                        names[f"level {r}", c] = name
                    self.adds_up(names["n", c], levels, exactly=len(lines) > 1)
                for what in {k for k, _ in names}:
                    self.adds_up(names[what, 0], [names[what, c] for c in range(1, len(column_names))])

    def _flow(self, hidden: dict[str, Any], plain: dict[str, Any]) -> None:
        for k, (h, p) in enumerate(zip(hidden["steps"], plain["steps"], strict=True)):
            before = self.know(f"left {k}", h["n_before"], p["n_before"])
            after = self.know(f"left {k + 1}", h["n_after"], p["n_after"])
            self.adds_up(before, [after, self.know(f"out {k}", h["n_excluded"], p["n_excluded"])])
        last = f"left {len(plain['steps'])}"
        self.adds_up(last, [self.know("included", hidden["included"], plain["included"])])
        ends = [
            self.know(f"end {k}", h["n"], p["n"])
            for k, (h, p) in enumerate(zip(hidden["ends"], plain["ends"], strict=True))
        ]
        self.adds_up("included", ends)

    def _rates(self, hidden: dict[str, Any], plain: dict[str, Any]) -> None:
        for h, p in zip(hidden["rates"], plain["rates"], strict=True):
            o = p["outcome"]
            total = self.know(f"{o} events", h["total"]["basis"]["n_events"], p["total"]["basis"]["n_events"])
            cells = [
                self.know(
                    f"{o} {b['exposure']} {b['modifier']}",
                    a["rate"]["basis"]["n_events"],
                    b["rate"]["basis"]["n_events"],
                )
                for a, b in zip(h["cells"], p["cells"], strict=True)
            ]
            self.adds_up(total, cells)
        for h, p in zip(hidden["models"], plain["models"], strict=True):
            o, head = p["outcome"], f"{p['outcome']} model of {p['basis']['n_rows']}"
            model = self.know(f"{head} events", h["basis"]["n_events"], p["basis"]["n_events"])
            self.adds_up(f"{o} events", [model], exactly=False)
            cells = []
            for a, b in zip(h["cells"], p["cells"], strict=True):
                events = (x["rate"]["basis"]["n_events"] for x in (a, b))
                cells.append(self.know(f"{head} {b['exposure']} {b['modifier']}", *events))
                self.adds_up(f"{o} {b['exposure']} {b['modifier']}", [cells[-1]], exactly=False)
            self.adds_up(model, cells)

    def _curves(self, hidden: list[dict[str, Any]], plain: list[dict[str, Any]]) -> None:
        for h, p in zip(hidden, plain, strict=True):
            o = p["outcome"]
            for a, b in zip(h["groups"], p["groups"], strict=True):
                head = f"{o} {p['grouping']} {b['label']}"
                size = self.know(f"{head} persons", a["basis"]["n_persons"], b["basis"]["n_persons"])
                events = self.know(f"{head} events", a["basis"]["n_events"], b["basis"]["n_events"])
                for t in range(len(b["at_risk"])):
                    now = {
                        what: self.know(f"{head} {what} {t}", a[what][t], b[what][t])
                        for what in ("at_risk", "events", "censored")
                    }
                    self.adds_up(size, list(now.values()))
                    self.adds_up(events, [now["events"]], exactly=False)
                    self.adds_up(size, [now["at_risk"]], exactly=False)
                    for before in range(t):  # what happened between any two ticks
                        for what in ("events", "censored"):
                            self.adds_up(now[what], [f"{head} {what} {before}"], exactly=False)
                        self.adds_up(f"{head} at_risk {before}", [now["at_risk"]], exactly=False)
            if p["grouping"] is not None:  # beside the curve of all persons
                groups = [f"{o} {p['grouping']} {b['label']}" for b in p["groups"]]
                ticks = range(min(len(b["at_risk"]) for b in p["groups"]))
                numbers = [f"{w} {t}" for w in ("at_risk", "events", "censored") for t in ticks]
                for what in ("persons", "events", *numbers):
                    self.adds_up(f"{o} None All {what}", [f"{g} {what}" for g in groups], exactly=False)

    def _sizes(self, hidden: dict[str, Any], plain: dict[str, Any]) -> None:
        """Tell what the models of an outcome leave out."""
        for what in ("n_persons", "n_events"):
            for k, (h, p) in enumerate(zip(hidden["models"], plain["models"], strict=True)):
                model = self.know(f"{what} of model {k}", h["basis"][what], p["basis"][what])
                a, b = (
                    next(r for r in x["rates"] if r["outcome"] == p["outcome"])["total"]["basis"][what]
                    for x in (hidden, plain)
                )
                self.adds_up(self.know(f"{what} of {p['outcome']}", a, b), [model], exactly=False)

    def found(self) -> list[str]:
        """Every small count that only one value fits: a solution in whole numbers with another value clears it."""
        n = len(self.columns)
        matrix = np.zeros((len(self.rows), n))
        for i, row in enumerate(self.rows):
            for name, a in row.items():
                matrix[i, self.columns[name]] += a
        low, high, truth = np.zeros(n), np.full(n, float(MANY)), np.zeros(n)
        for name, j in self.columns.items():
            truth[j] = self.truth[name]
            if name in self.shown:
                low[j] = high[j] = self.shown[name]
        assert not (matrix @ truth).any()  # its sums are true
        small = [name for name in self.columns if 0 < self.truth[name] < LEAST]
        left = set(small)
        for name in small:
            for sign in (1, -1):
                if name not in left:
                    break
                goal = np.zeros(n)
                goal[self.columns[name]] = sign
                answer = milp(
                    goal,
                    constraints=LinearConstraint(matrix, 0, 0),
                    bounds=Bounds(low, high),
                    integrality=np.ones(n),
                )
                assert answer.success
                other = np.round(answer.x)
                left -= {k for k in left if other[self.columns[k]] != truth[self.columns[k]]}
        return sorted(left)


def test_an_attacker_with_a_solver_works_out_no_small_count(both):
    plain, hidden, _ = both
    assert Attacker(hidden, plain).found() == []
    # and it would find them, were the small counts alone left out
    naive = json.loads(json.dumps(plain))
    for path, value in list(walk(naive)):
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < LEAST:
            place: Any = naive
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = None
            if path[-1] in {"count", "n"} and "percent" in place:
                place["percent"] = None
    assert len(Attacker(naive, plain).found()) > 10


def test_the_report_composes_and_prints_no_small_count(both):
    _, _, hidden = both
    names = {"n", "persons", "events", "rows", "at risk", "other events", "censored", "withheld", "left out"}
    small = [
        (number.source, part)
        for number in numbers_of(compose(hidden))
        for part in number.parts
        if part.name in names and part.value is not None and 0 < part.value < LEAST
    ]
    assert not [s for s in small if "finding[All outcomes" not in s[0]]


def numbers_of(value: Any):
    """Give every printed number of a report."""
    if type(value).__name__ == "Number":
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from numbers_of(item)
    elif hasattr(type(value), "__dataclass_fields__"):
        for name in type(value).__dataclass_fields__:
            yield from numbers_of(getattr(value, name))


def test_a_record_that_masking_does_not_know_is_refused():
    check_kinds()
    assert set(numbers_in(Results, set())) == set(KINDS)

    class Fresh(Frozen):
        n_more: int

    class WithMore(BaseModel):
        fresh: tuple[Fresh, ...]

    with pytest.raises(OutputError, match=r"Fresh\.n_more"):
        check_kinds(WithMore)


@pytest.mark.parametrize("wrong", ["1", "0", "2.5", '"five"'])
def test_a_threshold_is_a_whole_number_of_two_or_more(study, wrong):
    study.edit_plan("[report]\n", f"[report]\nmask_below = {wrong}\n")
    with pytest.raises(PlanError, match=r"report\.mask_below"):
        read_plan(study.plan)


# --- from outside ----------------------------------------------------------------------------------------------


def contents(path: Path):
    """Give every file, and every file within an archive, with its bytes."""
    data = path.read_bytes()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield f"{path.name}!{name}", archive.read(name)
    else:
        yield path.name, data


@pytest.mark.long
def test_a_masked_run_from_outside_holds_no_id_no_rejects_and_no_small_count(study, commands):
    command, _ = commands
    for table in ("patients", "labs", "prescriptions", "events"):
        study.edit_table(table, lambda rows: [r | {"patient_id": f"ZQX{r['patient_id']}QZ"} for r in rows])
    number = study.edit_row("labs", lambda r: r["analyte"] == "albumin", value="see note")
    study.edit_plan("[report]\n", f"[report]\nmask_below = {LEAST}\n")
    text = study.plan.read_text("utf-8")
    text = re.sub(r"(?m)^(labs\s*=\s*\{)", r"\1 max_rejects = 1,", text)
    study.plan.write_text(text, "utf-8")
    assert number
    said = command("run", study.plan, "--out", study.out)
    assert said.code == 0, said.err
    assert "masking" in said.err
    files = {p.name for p in study.out.rglob("*")}
    assert "rejects.csv" not in files
    ids = re.compile(rb"ZQX\d+QZ")  # long enough not to occur by chance in a compressed picture
    files_of = (p for p in study.out.rglob("*") if p.is_file())
    holds = [name for p in files_of for name, data in contents(p) if ids.search(data)]
    assert holds == []
    assert "ZQX" not in said.all
    page = (study.out / "report.html").read_text("utf-8")
    assert f"Counts of persons and events under {LEAST} are masked" in re.sub(r"<[^>]+>", "", page)
    flow = (study.out / "figures" / "flow.svg").read_text("utf-8")
    assert not re.search(r"n = [1-4]\b", flow)
    shown = command("show", "--in", study.out, "excluded*")
    assert not re.search(r"\s[1-4]$", shown.out, flags=re.MULTILINE)
    again = command("compare", study.out, study.out)
    assert again.code == 0
