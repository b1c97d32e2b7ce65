"""The plan's sensitivity analyses: named changes of the plan itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from riskset.study.plan_tables import Section, Text


class Sensitivity(Section):
    """The primary model once more, with some keys of the plan changed and nothing else; or an analysis that is wrong on purpose."""

    set_: Annotated[Mapping[str, Any], Field(alias="set")] = {}
    """Keys of this plan with other values, { measures.mg.use = "baseline", exposure.groups = { quantiles = 3 } }. Lists and levels are replaced whole; other cut-points drop the names of the groups."""
    vary: Text | None = None
    """One key, "measures.mg.lag", of which each value of `over` gives a variant."""
    over: tuple[Any, ...] = ()
    """The values of `vary`."""
    require: Text | None = None
    """One more rule of eligibility, after the plan's (an SQL condition)."""
    wrong: Literal["immortal_time"] | None = None
    """"immortal_time": whoever starts the modifier's drug at any time of the follow-up is called a user from day 0. It uses the future, and stands in the report as wrong."""
