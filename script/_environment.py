"""One Python environment per purpose, made from a hash-locked list and kept until that list changes.

Standard library only, no shell, nothing to activate: ``script/demo``, ``script/test`` and ``script/bench``
import this file from their own folder. An environment lives in ``.env/NAME`` inside the checkout; the
developer's own ``.venv`` is never touched.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ROOT / ".env"
STAMP = "made-from.json"

# Published as source alone: built by the locked setuptools once everything else is there. Only script/bench
# has one (lifelines needs it); what runs or tests riskset is installed from wheels.
SOURCE_ONLY = ("autograd-gamma==",)

# What pip and uv say when nothing answers. Only used to choose the kinder of two messages.
NO_ANSWER = (
    "name resolution",
    "dns error",
    "nodename nor servname",
    "getaddrinfo failed",
    "network is unreachable",
    "connection refused",
    "newconnectionerror",
    "connecttimeout",
    "timed out",
    "error sending request",
    "failed to fetch",
    "no route to host",
    "network connectivity is disabled",
    "(from versions: none)",
    "due to connection error",
    "proxyerror",
    "tunnel error",
)


def stop(message: str) -> None:
    """Leave with one plain message and no traceback."""
    sys.stdout.flush()
    sys.stderr.write(f"\n{message}\n")
    raise SystemExit(1)


def say(message: str) -> None:
    """Print at once, so that our lines and those of child processes stay in order."""
    print(message, flush=True)


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def child_environment(folder: Path) -> dict[str, str]:
    """Variables for a program of the environment: as if activated, and deaf to a foreign PYTHONPATH."""
    variables = {
        k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"}
    }
    variables["VIRTUAL_ENV"] = str(folder)
    variables["PATH"] = str(python_of(folder).parent) + os.pathsep + variables.get("PATH", os.defpath)
    variables["PYTHONUTF8"] = "1"  # the same text files everywhere, also on Windows
    return variables


def ensure(name: str, requirements: str) -> Path:
    """Return the folder of environment ``name``, making it first where its list of packages has changed.

    Parameters
    ----------
    name : str
        Folder under ``.env``.
    requirements : str
        Hash-locked list under ``requirements``; it includes the build backend of riskset.
    """
    folder = ENVIRONMENTS / name
    locked = ROOT / "requirements" / requirements
    made_from = _made_from(locked)
    if _is_ready(folder, made_from):
        return folder

    began = time.perf_counter()
    uv = shutil.which("uv")
    say(
        f"Making the environment .env/{name} (Python {platform.python_version()}, {'uv' if uv else 'pip'}) ..."
    )
    if folder.exists():
        shutil.rmtree(folder)
    ENVIRONMENTS.mkdir(exist_ok=True)

    if uv is None or not _make_with_uv(uv, folder, locked):
        if folder.exists():
            shutil.rmtree(folder)
        _make_with_pip(folder, locked)

    (folder / STAMP).write_text(json.dumps(made_from, indent=2) + "\n", encoding="utf-8")
    say(f"  ready in {time.perf_counter() - began:.0f} s; kept until requirements/{requirements} changes")
    return folder


def _made_from(locked: Path) -> dict[str, str]:
    # An editable install points to this checkout, and what it declares stands in pyproject.toml.
    project = (ROOT / "pyproject.toml").read_bytes()
    return {
        "requirements": hashlib.sha256(locked.read_bytes()).hexdigest(),
        "project": hashlib.sha256(project).hexdigest(),
        "python": f"{sys.implementation.cache_tag} {platform.python_version()} {platform.machine()}",
        "checkout": str(ROOT),
    }


def _is_ready(folder: Path, made_from: dict[str, str]) -> bool:
    stamp = folder / STAMP
    if not (stamp.is_file() and python_of(folder).exists()):
        return False
    try:
        return json.loads(stamp.read_text(encoding="utf-8")) == made_from
    except ValueError:
        return False


def _make_with_uv(uv: str, folder: Path, locked: Path) -> bool:
    """Make it with uv; False sends the caller to pip, which knows package mirrors that uv has not been told."""
    made = _quietly([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
    if made.returncode == 0:
        for arguments in _installs(folder, locked, offline="--offline"):
            made = _quietly([uv, "pip", "install", "--quiet", "--python", str(python_of(folder)), *arguments])
            if made.returncode != 0:
                break
    if made.returncode != 0:
        say(f"  uv did not manage it ({_last_line(made)}); trying pip")
    return made.returncode == 0


def _make_with_pip(folder: Path, locked: Path) -> None:
    if any(importlib.util.find_spec(module) is None for module in ("venv", "ensurepip")):
        stop(
            "This Python cannot make environments: its venv module is missing or incomplete.\n"
            "On Debian and Ubuntu: apt install python3-venv. Anywhere: install uv. Then run the same command again."
        )
    made = _quietly([sys.executable, "-m", "venv", str(folder)])
    if made.returncode != 0:
        stop(f"The environment could not be made in {folder}:\n{_tail(made)}")
    pip = [str(python_of(folder)), "-m", "pip", "--disable-pip-version-check", "--quiet", "--retries", "2"]
    for arguments in _installs(folder, locked, offline="--no-index"):
        installed = _quietly([*pip, "install", "--no-input", *arguments])
        if installed.returncode == 0:
            continue
        if any(sign in _output(installed).lower() for sign in NO_ANSWER):
            stop(
                "The Python packages could not be fetched: no package index answers from here.\n"
                "Check the network, or the mirror and proxy settings of pip, then run the same command again.\n"
                f"  (pip: {_last_line(installed)})"
            )
        stop(f"The Python packages of requirements/{locked.name} could not be installed:\n{_tail(installed)}")


def _installs(folder: Path, locked: Path, offline: str) -> Iterator[list[str]]:
    """Yield the arguments of each install in turn: wheels by hash, sources by hash, then riskset itself."""
    pins = [
        pin for pin in locked.read_text(encoding="utf-8").replace("\\\n", " ").splitlines() if pin.strip()
    ]
    wheels = [pin for pin in pins if not pin.startswith(SOURCE_ONLY)]
    sources = [pin for pin in pins if pin.startswith(SOURCE_ONLY)]
    here = ["--no-deps", "--no-build-isolation"]  # the list is complete, the build backend is in it
    for name, chosen, how in [
        ("wheels", wheels, ["--no-deps", "--only-binary", ":all:"]),
        ("sources", sources, here),
    ]:
        if chosen:
            listed = folder / f"{name}.txt"
            listed.write_text("\n".join(chosen) + "\n", encoding="utf-8")
            yield ["--require-hashes", *how, "--requirement", str(listed)]
    yield [*here, offline, "--editable", str(ROOT)]


def _quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    variables = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _output(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout}\n{done.stderr}"


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in _output(done).splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"exit code {done.returncode}"


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in _output(done).splitlines() if line.strip()]
    return "\n".join(f"  {line}" for line in lines[-15:])
