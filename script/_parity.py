"""Frozen R, live R and riskset against each other; see script/parity."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARITY = ROOT / "tests" / "parity"
sys.path.insert(0, str(PARITY))

from agreement import FROZEN, Compared, said_again, versions_of  # noqa: E402 (found on the path added above)


def ask(name: str, folder: Path) -> None:
    """Run one script of R into a folder."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        sys.exit("Rscript is not installed")
    command = [rscript, str(PARITY / "r" / f"{name}.R"), str(folder / f"{name}.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"tests/parity/r/{name}.R stopped:\n{done.stderr}")


def compare(expected: Path, folder: Path) -> tuple[list[Compared], list[str]]:
    """Run the parity tests against a folder of R's numbers; return what was compared, and what failed."""
    record = folder / f"record-{expected.name}"
    variables = os.environ | {"RISKSET_PARITY_RECORD": str(record), "RISKSET_PARITY_EXPECTED": str(expected)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not r", "--tb=no"]
    command += [
        str(p) for p in sorted(PARITY.glob("test_*.py")) if p.stem not in {"test_page", "test_r_again"}
    ]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if not record.exists():
        sys.exit(done.stdout[-3000:])
    return [Compared(**json.loads(line)) for line in record.read_text(encoding="utf-8").splitlines()], failed


def worst(compared: list[Compared]) -> str:
    seen = [c.difference for c in compared if not c.apart]
    return f"{max(seen):.0e}" if seen else "-"


def main(names: list[str]) -> int:
    good = True
    apart: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        live = folder / "live"
        shutil.copytree(FROZEN, live)
        again: list[Compared] = []
        for name in names:
            print(f"Rscript tests/parity/r/{name}.R ...", flush=True)
            ask(name, live)
            again += said_again(name, live)
        with_frozen, failed_frozen = compare(FROZEN, folder)
        with_live, failed_live = compare(live, folder)
        print(f"\n{'file':<12}{'case':<34}{'numbers':>8}{'R again':>10}{'riskset':>10}{'riskset':>10}")
        print(f"{'':<12}{'':<34}{'':>8}{'- frozen':>10}{'- frozen':>10}{'- R here':>10}")
        for name in names:
            cases = list(dict.fromkeys(c.case for c in again if c.file == name))
            if all(case.isdigit() or case == "columns" for case in cases):
                cases = [""]
            for case in cases:
                three = [
                    [c for c in source if c.file == name and case in {"", c.case}]
                    for source in (again, with_frozen, with_live)
                ]
                count = sum(c.numbers for c in three[1])
                print(f"{name:<12}{case[:33]:<34}{count:>8,}" + "".join(f"{worst(c):>10}" for c in three))
                for c in (*three[0], *three[2]):
                    if c.apart:
                        apart[f"{name}/{c.case}: {c.apart}"] = 0
            versions = (versions_of(source, name) for source in (FROZEN, live))
            print(f"{'':<12}frozen: {' '.join('-'.join(v) for v in next(versions).items())}; ", end="")
            print(f"here: {' '.join('-'.join(v) for v in next(versions).items())}\n")
        moved = [
            f"{c.file}/{c.case} {c.what}: {c.difference:.0e}"
            for c in again
            if not c.apart and c.difference > c.tolerance
        ]
        for title, lines in (
            ("Known to differ between versions, set aside:", list(apart)),
            ("R says something else than it said before:", moved),
            ("riskset differs from the frozen numbers:", failed_frozen),
            ("riskset differs from R here:", failed_live),
        ):
            if lines:
                print(title, *lines, sep="\n  ")
        good = not (moved or failed_frozen or failed_live)
    print("All agree." if good else "Not all agree.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
