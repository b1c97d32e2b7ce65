"""How long a user waits for the first line: `import riskset` and `riskset --help`, each in a new process."""

from __future__ import annotations

import sys
from pathlib import Path

from _rounds import command_seconds, rounds, tell

RISKSET = str(Path(sys.executable).with_name("riskset"))
WAYS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import riskset'": [sys.executable, "-c", "import riskset"],
    "riskset --help": [RISKSET, "--help"],
    "python -c 'import numpy'": [sys.executable, "-c", "import numpy"],
    "python -c 'import polars'": [sys.executable, "-c", "import polars"],
    "python -c 'from riskset import coxph'": [sys.executable, "-c", "from riskset import coxph"],
}

for command in WAYS.values():
    command_seconds(command)  # once unmeasured: byte-code and the file cache
tell(
    "Start",
    "python -c pass",
    rounds({name: lambda c=command: command_seconds(c) for name, command in WAYS.items()}),
    ["Each in a new process, warm file cache. Budget: `import riskset` and `riskset --help` under 0.5 s."],
)
