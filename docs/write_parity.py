"""Write docs/parity.md: run the parity tests, collect what they compared with R, and lay it out as a table.

python docs/write_parity.py
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "parity.md"
PARITY = ROOT / "tests" / "parity"
sys.path.insert(0, str(PARITY))

from agreement import AGREEMENT, FROZEN, Compared, versions_of  # noqa: E402 (found on the path added above)

TITLES = {
    "anova": "Tests of terms and of nested models",
    "concordance": "Concordance",
    "recurrent": "Recurrent events",
    "competing": "Competing risks, several states, mean cumulative functions",
    "ridge": "Ridge",
    "firth": "Firth's penalised likelihood",
    "cox": "Cox models, restricted cubic splines",
    "residuals": "Residuals and exact ties",
    "hazards": "Proportional hazards, coefficients that change with time, baseline hazards, survival, predictions",
    "curves": "Kaplan-Meier curves and rates",
    "incidence": "Cumulative incidence, states, tests of groups, compared and standardised rates",
    "design": "Columns of formulas",
    "bases": "B-splines, natural splines, polynomials",
    "contrasts": "Hazard ratios between profiles by name",
    "trend": "Trends over ordered categories",
    "diagnostics": "Collinearity, influence, functional form",
    "standardise": "Standardised risks, restricted mean times, cumulative incidence",
    "additive": "RERI, AP and S, rate differences",
    "effects": "Interactions, profile likelihood, hazard-ratio curves",
    "heterogeneity": "Heterogeneity over subgroups",
    "timeline": "Episodes by tmerge",
    "tmerge": "Episodes by tmerge: states, recurrent events, missing results",
    "nafld_study": "A study of fatty liver from its raw tables",
    "pbc_study": "A study of biliary cirrhosis from its raw tables",
    "splitting": "Episodes of several tables by tmerge, splits by survSplit and splitLexis",
}
# The data set of a case, by the first pattern that its FILE/CASE matches; see tests/data/README.md.
DATA_SETS = {
    r"(anova|concordance)/(lung|compare3)": "lung",
    r"anova/pbc": "pbc",
    r"concordance/heart": "heart",
    r"recurrent/|competing/mean": "bladder",
    r"competing/": "mgus2",
    r"incidence/(logrank_late|hazard_persons)": "heart",
    r"incidence/(logrank|trend|quantiles|rmst|hazard|follow_up|landmark)": "lung",
    r"incidence/aml": "aml",
    r"incidence/(ratio_few|mid_p)": "hand-made",
    r"incidence/": "mgus2",
    r"ridge/": "lung",
    r"firth/lung": "lung",
    r"firth/heart": "heart",
    r"firth/": "pbc",
    r"cox/(lung|strata_inst|strata_interaction|two_strata|weights|offset)": "lung",
    r"cox/heart": "heart",
    r"cox/rats": "rats",
    r"cox/age": "mgus2",
    r"cox/(pbc|knots|basis|rcs)": "pbc",
    r"bases/": "pbc",
    r"contrasts/visits": "pbcseq",
    r"(contrasts|trend)/": "pbc",
    r"cox/test": "hand-made, 6 and 10 rows",
    r"(hazards|residuals)/\w*heart": "heart",
    r"residuals/rats": "rats",
    r"residuals/test": "hand-made, 6 and 10 rows",
    r"residuals/": "lung",
    r"hazards/(zph_pbc|tt_|survsplit)": "pbc",
    r"hazards/zph_age": "mgus2",
    r"hazards/(path|delayed)": "pbcseq",
    r"hazards/": "lung",
    r"curves/aml": "aml",
    r"curves/lung": "lung",
    r"curves/heart": "heart",
    r"curves/rates": "mgus2",
    r"curves/(half|poisson)": "hand-made",
    r"design/": "pbc",
    r"additive/lung": "lung",
    r"additive/": "pbc",
    r"effects/robust": "heart",
    r"effects/visits": "pbcseq",
    r"effects/": "pbc",
    r"heterogeneity/episodes": "heart",
    r"heterogeneity/": "pbc",
    r"standardise/lung": "lung",
    r"standardise/pbc": "pbc",
    r"diagnostics/lung": "lung",
    r"diagnostics/heart": "heart",
    r"timeline/": "pbcseq",
    r"tmerge/heart": "jasa (heart)",
    r"tmerge/cgd": "cgd",
    r"tmerge/myeloid": "myeloid",
    r"tmerge/missing": "pbcseq",
    r"splitting/lexis": "mgus2",
    r"splitting/": "nafld",
    r"nafld_study/": "nafld",
    r"pbc_study/": "pbcseq",
}
NOT_COVERED = [
    "`pspline()` (penalised splines) and `frailty()`: riskset has neither. Its splines are restricted cubic.",
    "`survreg` (parametric models) and `aareg` (Aalen's additive model): riskset has neither.",
    "`cmprsk::crr`: covariates times functions of time (`cov2`), and its variance where censoring is by groups (`cengroup`).",
    "Elastic net: the ridge is there, the lasso is not; adelie, which takes rows (start, stop], needs an older NumPy.",
    "rms's restricted interaction `%ia%`, `fastbw`, `validate` and the rest of rms beyond splines, `anova` and `contrast`.",
    "Multiple imputation (`mice`).",
    "`survfit` with `stype`/`ctype` other than the default, and the lower limits `peto` and `modified`.",
]


def collect() -> list[Compared]:
    """Run the parity tests and return what they compared."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record"
        variables = os.environ | {"RISKSET_PARITY_RECORD": str(record)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not r"]
        command += [str(p) for p in sorted(PARITY.glob("test_*.py")) if p.stem != "test_page"]
        done = subprocess.run(  # noqa: S603 (our own tests)
            command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SystemExit(done.stdout[-3000:])
        return [Compared(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()]


def page(compared: Iterable[Compared]) -> str:
    """Return the page as Markdown."""
    by_file: dict[str, dict[str, list[Compared]]] = {}
    for c in compared:
        by_file.setdefault(c.file, {}).setdefault(c.case, []).append(c)
    notes: dict[str, int] = {}
    total = sum(c.numbers for cases in by_file.values() for case in cases.values() for c in case)
    parts = [
        "# Parity with R",
        f"""Every number below was computed by R, frozen with 17 digits in `tests/parity/expected`, and is compared with
riskset's in each run of the tests: {total:,} numbers. Two arrays agree if |a - b| <= {power(AGREEMENT)} max |b|, the largest of R's
array; a wider one has its reason, by number, below the tables; a difference of 0 means bit for bit. This page is written by
`python docs/write_parity.py` from what the tests compared.

    script/parity

runs R's scripts (`tests/parity/r`) again with the R installed here and compares its numbers with the frozen ones, then
riskset with both. What is known to differ between versions of R's packages is in
`tests/parity/version_differences.json`, each with its reason.""",
    ]
    for file in sorted(by_file):
        versions = ", ".join(f"{name} {version}" for name, version in versions_of(FROZEN, file).items())
        parts.append(f"## {TITLES.get(file, file.capitalize())}\n\n`tests/parity/r/{file}.R`; {versions}.")
        head = "| case | data | compared | numbers | largest difference | tolerance |\n| --- | --- | --- | ---: | ---: | --- |"
        parts.append(
            "\n".join(
                [head, *(row(file, case, found, notes) for case, found in cases_of(by_file[file]).items())]
            )
        )
    reasons = "\n".join(f"{number}. {reason}." for reason, number in notes.items())
    parts.append(f"## Why some tolerances are wider\n\n{reasons}")
    parts.append("## Not covered\n\n" + "\n".join(f"- {line}" for line in NOT_COVERED))
    return "\n\n".join(parts) + "\n"


def cases_of(cases: dict[str, list[Compared]]) -> dict[str, list[Compared]]:
    """Cases that are but numbered (formulas) become one line."""
    if all(case.isdigit() for case in cases):
        return {f"{len(cases)} formulas": [c for found in cases.values() for c in found]}
    return cases


def row(file: str, case: str, found: list[Compared], notes: dict[str, int]) -> str:
    """Return one line of the table; ``notes`` numbers the reasons of wider tolerances."""
    known = [data for pattern, data in DATA_SETS.items() if re.match(pattern, f"{file}/{case}")]
    if not known:
        raise SystemExit(f"docs/write_parity.py: name the data set of {file}/{case}")
    widest = max((upwards(c.tolerance) for c in found if c.tolerance <= AGREEMENT), default=0.0)
    tolerances = [power(widest)] if any(c.tolerance <= AGREEMENT for c in found) else []
    wider: dict[tuple[float, str], list[str]] = {}
    for c in found:
        if c.tolerance > AGREEMENT:
            wider.setdefault((upwards(c.tolerance), c.reason), []).append(c.what)
    for (tolerance, reason), what in sorted(wider.items()):
        note = notes.setdefault(reason, len(notes) + 1)
        tolerances.append(f"{listed(what)}: {power(tolerance)} ({note})")
    worst = max(c.difference for c in found)
    cells = [
        case,
        known[0],
        listed(c.what for c in found),
        f"{sum(c.numbers for c in found):,}",
        shown(worst),
    ]
    return f"| {' | '.join([*cells, '; '.join(tolerances)])} |"


def listed(what: Iterable[str]) -> str:
    """Return quantities as text; of nested ones the first level and the last, which say enough."""
    names = dict.fromkeys(
        " ".join(dict.fromkeys((w.split() or ["values"])[:: max(len(w.split()) - 1, 1)])) for w in what
    )
    return ", ".join(name.replace("_", " ") for name in names)


def upwards(x: float) -> float:
    """Round up to one digit."""
    if x == 0:
        return 0.0
    unit = 10.0 ** math.floor(math.log10(x) + 1e-9)
    return math.ceil(x / unit - 1e-6) * unit


def power(x: float) -> str:
    return f"{x:.0e}".replace("e-0", "e-") if x else "0"


def shown(x: float) -> str:
    """Return the power of ten above a difference: its digits are rounding, and differ between machines."""
    return "0" if x == 0 else f"< {power(10.0 ** math.ceil(math.log10(x) + 1e-9))}"


def structure(text: str) -> dict[str, str]:
    """Return the page by headings, without its column of differences, which rounding moves, and with reasons for notes."""
    notes = dict(re.findall(r"^(\d+)\. (.+)\.$", text, flags=re.MULTILINE))
    text = re.sub(r"\| (?:0|< \de-\d+) \|", "| |", text)
    text = re.sub(r"(\de-\d+) \((\d+)\)", lambda m: f"{m[1]} ({notes[m[2]]})", text)
    parts = text.split("\n\n## ")
    return {part.partition("\n")[0]: part for part in parts if not part.startswith("Why some")}


def numbers_in(section: str) -> int:
    """Return how many numbers a section of the page compares."""
    cells = [
        line.split("|")[4].strip().replace(",", "") for line in section.splitlines() if line.startswith("| ")
    ]
    return sum(int(cell) for cell in cells if cell.isdigit())


if __name__ == "__main__":
    PAGE.write_text(page(collect()), encoding="utf-8")
