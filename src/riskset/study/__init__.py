"""Plan to run to results."""

from riskset.study.plan import StudyPlan
from riskset.study.plan_read import plan_from_toml, plan_schema, read_plan
from riskset.study.run import run_study

__all__ = ["StudyPlan", "plan_from_toml", "plan_schema", "read_plan", "run_study"]
