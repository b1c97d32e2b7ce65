"""Shell completion: what may stand at the cursor, and the script by which each shell asks for it.

Our own rather than the library's, whose scripts change the user's start-up files, detect the shell by its parent
process, and break at names with blanks and brackets. Here a shell hands over the words of the line and gets
candidates back, one a line; quoting is the shell's part, in its script.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import EnumType
from itertools import pairwise
from pathlib import Path
from typing import Any, cast, get_args, get_type_hints

RESULTS = "results.json"
TABLES = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet", ".duckdb")

BASH = r"""
_riskset_completion() {
    local line IFS=$'\n'
    local words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    words=("${words[@]//\\/}")
    words=("${words[@]#[\'\"]}")
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in */) compopt -o nospace 2>/dev/null ;; esac
        case "${COMP_WORDS[COMP_CWORD]}" in
            [\'\"]*) ;;
            *) line=$(printf '%q' "$line"); line=${line//:/\\:} ;;
        esac
        COMPREPLY+=("$line")
    done < <("$1" complete -- "${words[@]}" 2>/dev/null)
}
complete -F _riskset_completion riskset
"""

ZSH = r"""
#compdef riskset
_riskset() {
    local -a found open
    found=("${(@f)$(riskset complete -- "${(@Q)${(@)words[2,CURRENT]}#[\'\"]}" 2>/dev/null)}")
    open=(${(M)found:#*/})
    found=(${found:#*/})
    (( $#open )) && compadd -S '' -- $open
    (( $#found )) && compadd -- $found
}
compdef _riskset riskset
"""

FISH = r"""
function __riskset_complete
    set -l words (commandline -opc) (commandline -ct)
    riskset complete -- (string unescape -- $words[2..-1]) 2>/dev/null
end
complete --command riskset --no-files --arguments '(__riskset_complete)'
"""

POWERSHELL = r"""
Register-ArgumentCompleter -Native -CommandName riskset -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.ToString().Trim("'", '"') })
    if ($wordToComplete -eq '') { $words += '' }
    riskset complete '--' $words 2>$null | ForEach-Object {
        $text = $_
        if ($text -match '[^\w\-./:\\]') { $text = "'" + $text.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $_, 'ParameterValue', $_)
    }
}
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}


@dataclass(frozen=True)
class Options:
    """What a command takes.

    Parameters
    ----------
    flags : mapping
        Each option, and what its value is: "" for none, else a kind of value.
    arguments : tuple of str
        The kind of value at each place; the last one may repeat.
    choices : mapping
        The values of a kind that has few.
    """

    flags: Mapping[str, str]
    arguments: tuple[str, ...]
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


_KINDS = {
    "PLAN": "plan",
    "DIR": "folder",
    "[FILES]...": "table",
    "[NAME]": "name",
    "BEFORE": "run",
    "AFTER": "run",
    "--in": "run",
    "--rejects": "table",
    "--out": "folder",
}
"""What may stand there, by the names of arguments and options in the help."""


def options_of(functions: Iterable[Callable[..., object]]) -> dict[str, Options]:
    """Read from the signatures of the command line's functions what each command takes."""
    return {f.__name__: _takes(f) for f in functions}


def _takes(function: Callable[..., object]) -> Options:
    flags: dict[str, str] = {"--help": ""}
    arguments: list[str] = []
    choices: dict[str, tuple[str, ...]] = {}
    for name, hint in get_type_hints(function, include_extras=True).items():
        if name == "return":
            continue
        plain, declared = get_args(hint)[:2]
        held = tuple(str(c) for c in plain) if isinstance(plain, EnumType) else ()  # of texts, all of them
        if held:
            choices[name] = held
        if type(declared).__name__ == "ArgumentInfo":
            arguments.append(name if held else _KINDS.get(declared.metavar or "", ""))
        else:
            given = (
                declared.default,
                *(declared.param_decls or ()),
            )  # in Annotated the first lies in the default
            flag = next((d for d in given if isinstance(d, str) and d.startswith("--")), f"--{name}")
            flags[flag] = "" if plain is bool else (name if held else _KINDS.get(flag, "text"))
    return Options(flags, tuple(arguments), choices)


def candidates(commands: Mapping[str, Options], words: Sequence[str], here: Path) -> list[str]:
    """Say what may stand at the cursor.

    Parameters
    ----------
    commands : mapping of str to Options
    words : sequence of str
        The line up to the cursor without the program's name; the last is the word begun, perhaps empty.
    here : Path
        Folder in which the line is typed.

    Returns
    -------
    list of str
        Whole words; what ends with a slash goes on.

    Examples
    --------
    >>> commands = {"run": Options({"--out": "folder"}, ("plan",)), "schema": Options({}, ("of",), {"of": ("plan", "results")})}
    >>> candidates(commands, ["r"], Path())
    ['run']
    >>> candidates(commands, ["schema", "p"], Path())
    ['plan']
    >>> candidates(commands, ["run", "--"], Path())
    ['--out']
    """
    *before, begun = words or [""]
    name = next((w for w in before if not w.startswith("-")), None)
    if name is None:
        return [c for c in commands if c.startswith(begun)]
    if name not in commands:
        return []
    takes = commands[name]
    after = before[before.index(name) + 1 :]
    if begun.startswith("-"):
        return [flag for flag in takes.flags if flag.startswith(begun)]
    if after and takes.flags.get(after[-1]):
        kind = takes.flags[after[-1]]
    else:
        given = len(_arguments(after, takes.flags))
        if given >= len(takes.arguments) and "table" not in takes.arguments:  # of tables there may be more
            return []
        kind = takes.arguments[min(given, len(takes.arguments) - 1)]
    if kind in takes.choices:
        return [c for c in takes.choices[kind] if c.startswith(begun)]
    if kind == "name":
        return in_steps(names_of(_value_of(after, "--in"), here), begun)
    return list(_paths(begun, kind, here))


def _arguments(words: Sequence[str], flags: Mapping[str, str]) -> list[str]:
    """Leave out options and their values."""
    return [
        w
        for before, w in zip(["", *words], words, strict=False)
        if not w.startswith("-") and not flags.get(before)
    ]


def _value_of(words: Sequence[str], flag: str) -> str | None:
    return next((b for a, b in pairwise(words) if a == flag), None)


def _paths(begun: str, kind: str, here: Path) -> Iterator[str]:
    """Give the folders and the files of a kind that begin so."""
    folder, slash, start = begun.replace("\\", "/").rpartition("/")
    place = here / (folder + slash)
    try:
        entries = sorted(place.iterdir())
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(start) or (entry.name.startswith(".") and not start):
            continue
        if entry.is_dir():
            run = (entry / RESULTS).is_file()
            if not (run and kind in {"plan", "table"}):
                yield f"{folder}{slash}{entry.name}" + ("" if run and kind == "run" else "/")
        elif (kind == "plan" and entry.suffix == ".toml") or (
            kind == "table" and entry.name.lower().endswith(TABLES)
        ):
            yield f"{folder}{slash}{entry.name}"


def in_steps(names: Iterable[str], begun: str) -> list[str]:
    """Offer names part by part, as folders are, for there are hundreds.

    Examples
    --------
    >>> names = ["death/model-1/ratio_of_hr[low|user]", "death/rates/rate", "cve/rates/rate"]
    >>> in_steps(names, "d"), in_steps(names, "death/m")
    (['death/'], ['death/model-1/ratio_of_hr[low|user]'])
    """
    held = [n for n in names if n.startswith(begun)]
    parts = list(dict.fromkeys(_up_to_slash(n, len(begun)) for n in held))
    return held if len(held) == 1 else parts


def _up_to_slash(name: str, start: int) -> str:
    """Cut a name after its next slash; those inside brackets belong to the text of a level."""
    bracket = name.find("[")
    slash = name.find("/", start)
    return name if slash < 0 or 0 <= bracket < slash else name[: slash + 1]


def names_of(run: str | None, here: Path) -> list[str]:
    """Give the names of a run's numbers; of the latest one, if none is given, and none if there is none.

    The file is read as it is, without the rooms that check it: an answer must be there before the next key.
    """
    places = [here, *(p for p in here.iterdir() if p.is_dir())] if run is None else [here / run]
    places += [p / "results" for p in places[1:]]
    files = [f for p in places if (f := p / RESULTS).is_file()]
    if not files:
        return []
    try:
        held: Any = json.loads(max(files, key=lambda f: f.stat().st_mtime_ns).read_bytes())
    except (OSError, ValueError):
        return []
    return [n for n in dict.fromkeys(_ids(held)) if n.isprintable()]


def _ids(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        entry = cast("dict[str, object]", value)
        if "estimand" in entry and isinstance(entry.get("id"), str):
            yield cast("str", entry["id"])
        else:
            for item in entry.values():
                yield from _ids(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _ids(item)
