"""The plan's subgroup analyses: the primary model in persons of one kind at index, and in those of the others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from riskset.study.plan_tables import Name, Section, Text


class Subgroup(Section):
    """The primary model once in each group of persons, parted by what holds at index; all coefficients are free."""

    by: Name
    """A key of [baseline], [measures], [drugs] or [states]: its value at index."""
    cuts: Annotated[tuple[float, ...], Field(max_length=9)] = ()
    """Of a number: where to cut, rising. A value at a cut belongs to the group above it."""
    labels: tuple[Text, ...] = ()
    """With `cuts`: names of the groups from the lowest to the highest; by default what the cuts say."""
    rationale: str = ""
    """Why a difference was expected before the data were seen; without it the report calls it exploratory."""
