"""Plan to run to results.

Reading a plan is quick and running it loads every room, so ``run_study`` is loaded on first use: a plan with a
mistake is refused at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from riskset.study.plan import StudyPlan
from riskset.study.plan_read import plan_from_toml, plan_schema, read_plan

if TYPE_CHECKING:
    from riskset.study.run import run_study

__all__ = ["StudyPlan", "plan_from_toml", "plan_schema", "read_plan", "run_study"]


def __getattr__(name: str) -> object:
    """Load ``run_study`` on first use."""
    if name != "run_study":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module("riskset.study.run").run_study
