"""What a timeline has read from tables, so that another one of the same persons need not read it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskset.episodes.measures import Measure
from riskset.episodes.persons import Persons
from riskset.tables import Rejects


@dataclass(frozen=True, eq=False)
class Read:
    """The values of one measure, with everything that reading them depends on besides the persons.

    Parameters
    ----------
    table : data frame or Table
        The very one: a table that only looks the same is read again.
    made_of : tuple
        Columns, filter, units and rules by which its rows were read; not what becomes of the values later.
    measure : Measure
    rejects : Rejects
    """

    table: Any
    made_of: tuple[object, ...]
    measure: Measure
    rejects: Rejects

    def serves(self, table: Any, made_of: tuple[object, ...]) -> bool:
        """Whether reading this table in this way would give the same.

        Parameters
        ----------
        table : data frame or Table
        made_of : tuple

        Returns
        -------
        bool
        """
        return self.table is table and self.made_of == made_of


def same_persons(first: Persons, second: Persons) -> bool:
    """Say whether rows of a table mean the same to two groups of persons: the same ids with the same day 0.

    Parameters
    ----------
    first, second : Persons

    Returns
    -------
    bool
    """
    rules = [(p.id, p.clock, p.plausible, p.calendar) for p in (first, second)]
    return (
        rules[0] == rules[1]
        and first.frame[first.id].equals(second.frame[second.id])
        and np.array_equal(first.origin, second.origin)
        and first.population.equals(second.population)
    )
