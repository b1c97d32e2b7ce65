r"""The names of numbers: ``outcome/model/estimand[level|level]``.

One grammar for every :class:`~riskset.study.results.Estimate`, so that a reader, a test or a program can ask
for one number and be sure which one it got. The names depend on the plan alone, never on the data, and are
therefore stable over runs.

    id        = outcome "/" model "/" estimand [ "[" level { "|" level } "]" ]
    outcome   = the plan's key, or "all" for what belongs to no single outcome
    model     = the slug of the plan's model, or "rates", "survival", "published"
                of a further question, with the slug of its name before it: "low-albumin:model-3"

Levels are the plan's own labels. The three signs that structure the brackets, and the backslash itself, are
written with a backslash before them inside a level.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from riskset.errors import PlanError

_HEAD = re.compile(r"(?P<outcome>[^/\[\]|\\]+)/(?P<model>[^/\[\]|\\]+)/(?P<estimand>[^/\[\]|\\]+)")
_LEVEL_SIGN = re.compile(r"([\\\[\]|])")


@dataclass(frozen=True, slots=True)
class EstimateId:
    """The parts of an estimate's name.

    Examples
    --------
    >>> name = EstimateId("fracture", "model-3", "ratio_of_hr", ("< 2.4 mg/dL", "user"))
    >>> str(name)
    'fracture/model-3/ratio_of_hr[< 2.4 mg/dL|user]'
    >>> parse_id(str(name)) == name
    True
    """

    outcome: str
    model: str
    estimand: str
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        head = f"{self.outcome}/{self.model}/{self.estimand}"
        if _HEAD.fullmatch(head) is None:
            raise PlanError(
                "the parts of an estimate's name hold none of the signs / [ ] | \\ and are not empty",
                where=head,
                remedy="Rename the outcome or the model in the plan.",
            )

    def __str__(self) -> str:
        head = f"{self.outcome}/{self.model}/{self.estimand}"
        if not self.levels:
            return head
        levels = "|".join(_LEVEL_SIGN.sub(r"\\\1", level) for level in self.levels)
        return f"{head}[{levels}]"


def estimate_id(outcome: str, model: str, estimand: str, *levels: str | None) -> str:
    """Name an estimate; a level of ``None`` is person-time in which the value is missing.

    Examples
    --------
    >>> estimate_id("death", "rates", "rate", None, "naive")
    'death/rates/rate[missing|naive]'
    """
    return str(EstimateId(outcome, model, estimand, tuple("missing" if v is None else v for v in levels)))


def parse_id(text: str) -> EstimateId:
    r"""Take an estimate's name apart.

    Raises
    ------
    PlanError
        Where the text does not follow the grammar.

    Examples
    --------
    >>> parse_id(r"cve/model-1/hr_of_exposure[a \| b|naive]").levels
    ('a | b', 'naive')
    """
    head = _HEAD.match(text)
    rest = "" if head is None else text[head.end() :]
    if head is None or (rest and not (rest.startswith("[") and rest.endswith("]") and len(rest) > 2)):
        raise PlanError("a name reads outcome/model/estimand[level|level]", where=text)
    levels: list[str] = []
    if rest:
        current, escaped = "", False
        for sign in rest[1:-1]:
            if escaped:
                current, escaped = current + sign, False
            elif sign == "\\":
                escaped = True
            elif sign == "|":
                levels.append(current)
                current = ""
            elif sign in "[]":
                raise PlanError("brackets within a level are written with a backslash", where=text)
            else:
                current += sign
        if escaped:
            raise PlanError("a name does not end within an escape", where=text)
        levels.append(current)
    return EstimateId(head["outcome"], head["model"], head["estimand"], tuple(levels))


def slug(name: str) -> str:
    """Make a short lower-case name for ids and file names out of the plan's own.

    Letters of any script stay; everything else becomes a hyphen.

    Examples
    --------
    >>> slug("Model 3"), slug("Fully adjusted (+ CRP)"), slug("Modèle 2")
    ('model-3', 'fully-adjusted-crp', 'modèle-2')
    """
    text = unicodedata.normalize("NFC", name).lower()
    short = re.sub(r"[^\w]+|_+", "-", text).strip("-")
    if not short:
        raise PlanError("a name needs at least one letter or digit", where=name)
    return short
