"""Numbers of further questions: made like those of the main question, and named ``outcome/QUESTION:model/estimand``.

A further question is answered as if its plan had no other; then every name of its numbers is set under the slug of the
question. The report takes that away again to say the same things about them, and puts it back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from riskset.study.results import QuestionResult, Results
from riskset.study.results_sensitivity import Sensitivity
from riskset.study.results_subgroups import Subgroups

T = TypeVar("T")
_ANSWERS = tuple(name for name in QuestionResult.model_fields if name in Results.model_fields)
"""What a question has of its own."""


@dataclass(frozen=True)
class Scope:
    """Sets names under a question, and takes them out of it.

    Parameters
    ----------
    slug : str
        Of the question.

    Examples
    --------
    >>> inside = Scope("low-albumin")
    >>> name = inside.put("death/model-1/ratio_of_hr[low|user]")
    >>> name
    'death/low-albumin:model-1/ratio_of_hr[low|user]'
    >>> inside.taken(name)
    'death/model-1/ratio_of_hr[low|user]'
    """

    slug: str

    def put(self, name: str) -> str:
        """Set a number's name under the question."""
        outcome, rest = name.split("/", 1)
        return f"{outcome}/{self.slug}:{rest}"

    def taken(self, name: str) -> str:
        """Give the name that the number has as the main question's."""
        outcome, rest = name.split("/", 1)
        return f"{outcome}/{rest.removeprefix(f'{self.slug}:')}"

    def of(self, record: T) -> T:
        """Set every name of a record under the question."""
        return _renamed(record, self.put, lambda slug: f"{self.slug}:{slug}")

    def out_of(self, record: T) -> T:
        """Give a record the names that it has as the main question's."""
        return _renamed(record, self.taken, lambda slug: slug.removeprefix(f"{self.slug}:"))


def _renamed(value: T, of_number: Callable[[str], str], of_model: Callable[[str], str]) -> T:
    """Rename what has a name: numbers by ``id``, models and trends by ``slug``."""
    if isinstance(value, BaseModel):
        changed: dict[str, Any] = {}
        for field in type(value).model_fields:
            old = getattr(value, field)
            if field == "id":
                new: Any = of_number(old)
            elif field == "slug":
                new = of_model(old)
            elif isinstance(old, (BaseModel, tuple)):
                new = _renamed(cast("Any", old), of_number, of_model)
            else:
                continue
            if new is not old:
                changed[field] = new
        return cast("T", value.model_copy(update=changed)) if changed else value
    if isinstance(value, tuple) and value and isinstance(value[0], (BaseModel, tuple)):
        return cast(
            "T", tuple(_renamed(item, of_number, of_model) for item in cast("tuple[Any, ...]", value))
        )
    return value


def as_main(results: Results, question: QuestionResult) -> Results:
    """Give the results that a plan has whose main question this is, as far as they are the question's own.

    Parameters
    ----------
    results : Results
    question : QuestionResult
        One of its further questions.

    Returns
    -------
    Results
        With the names of a main question.
    """
    scope = Scope(question.slug)
    own = {name: scope.out_of(getattr(question, name)) for name in _ANSWERS}
    none: dict[str, Any] = {
        "questions": (),
        "family": (),
        "counted": (),
        "sensitivity": Sensitivity(),
        "subgroups": Subgroups(),
        "published": (),
        "table1": (),
    }
    return results.model_copy(update={**own, **none, "question": question.name})
