"""The names of masked numbers: they stay, and say why there is no number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from riskset.study.results import Counted
from riskset.study.results_values import MASKED


def said_masked(numbers: Iterable[Counted]) -> Iterator[Counted]:
    """Say of numbers that are not there that they are masked.

    Parameters
    ----------
    numbers : iterable of Counted
        Of masked results.

    Yields
    ------
    Counted

    Examples
    --------
    >>> one = Counted(id="all/flow/excluded[1|Adult]", estimand="excluded", unit="persons", estimate=None)
    >>> next(said_masked([one])).warnings[0].partition(":")[0]
    'masked'
    """
    for n in numbers:
        yield n.model_copy(update={"warnings": (*n.warnings, MASKED)}) if n.estimate is None else n
