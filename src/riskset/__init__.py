"""riskset: from raw hospital tables to a publishable time-to-event result.

The public face. Names load on first use, so that ``import riskset`` stays quick; see ``_FACE`` for where
each one lives.

Examples
--------
>>> import riskset as rs
>>> rs.__version__
'0.1.0'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from riskset.cox import CoxFit as CoxFit
    from riskset.cox import Firth as Firth
    from riskset.cox import Ridge as Ridge
    from riskset.cox import anova as anova
    from riskset.cox import bootstrap as bootstrap
    from riskset.cox import cause_specific as cause_specific
    from riskset.cox import cox_survival as cox_survival
    from riskset.cox import cox_zph as cox_zph
    from riskset.cox import coxph as coxph
    from riskset.cox import fine_gray as fine_gray
    from riskset.cox import finegray_expand as finegray_expand
    from riskset.cox import multistate_cox as multistate_cox
    from riskset.cox import predict_states as predict_states
    from riskset.cox import recurrent_cox as recurrent_cox
    from riskset.cox import recurrent_rows as recurrent_rows
    from riskset.cox import split_episodes as split_episodes
    from riskset.curves import TimeBands as TimeBands
    from riskset.curves import aalen_johansen as aalen_johansen
    from riskset.curves import gray_test as gray_test
    from riskset.curves import incidence_rate as incidence_rate
    from riskset.curves import kaplan_meier as kaplan_meier
    from riskset.curves import landmark as landmark
    from riskset.curves import logrank as logrank
    from riskset.curves import mean_cumulative_function as mean_cumulative_function
    from riskset.curves import nelson_aalen as nelson_aalen
    from riskset.curves import rate_difference as rate_difference
    from riskset.curves import rate_ratio as rate_ratio
    from riskset.curves import reverse_kaplan_meier as reverse_kaplan_meier
    from riskset.curves import simon_makuch as simon_makuch
    from riskset.curves import standardised_rate as standardised_rate
    from riskset.curves import standardised_ratio as standardised_ratio
    from riskset.effects import diagnose as diagnose
    from riskset.effects import e_value as e_value
    from riskset.effects import hazard_ratio_curve as hazard_ratio_curve
    from riskset.effects import heterogeneity as heterogeneity
    from riskset.effects import holm as holm
    from riskset.effects import interaction as interaction
    from riskset.effects import standardise as standardise
    from riskset.effects import trend as trend
    from riskset.episodes import Episodes as Episodes
    from riskset.episodes import Timeline as Timeline
    from riskset.episodes import check_episodes as check_episodes
    from riskset.episodes import episodes_in_batches as episodes_in_batches
    from riskset.errors import RisksetError as RisksetError
    from riskset.plots import forest as forest
    from riskset.simulate import simulate_haemodialysis as simulate_haemodialysis
    from riskset.study import StudyPlan as StudyPlan
    from riskset.study import read_plan as read_plan
    from riskset.study import run_study as run_study

_FACE = {
    "CoxFit": "riskset.cox",
    "Firth": "riskset.cox",
    "Ridge": "riskset.cox",
    "anova": "riskset.cox",
    "bootstrap": "riskset.cox",
    "cox_survival": "riskset.cox",
    "cox_zph": "riskset.cox",
    "coxph": "riskset.cox",
    "cause_specific": "riskset.cox",
    "fine_gray": "riskset.cox",
    "finegray_expand": "riskset.cox",
    "multistate_cox": "riskset.cox",
    "predict_states": "riskset.cox",
    "recurrent_cox": "riskset.cox",
    "recurrent_rows": "riskset.cox",
    "mean_cumulative_function": "riskset.curves",
    "incidence_rate": "riskset.curves",
    "kaplan_meier": "riskset.curves",
    "standardised_ratio": "riskset.curves",
    "standardised_rate": "riskset.curves",
    "rate_ratio": "riskset.curves",
    "rate_difference": "riskset.curves",
    "TimeBands": "riskset.curves",
    "simon_makuch": "riskset.curves",
    "reverse_kaplan_meier": "riskset.curves",
    "nelson_aalen": "riskset.curves",
    "logrank": "riskset.curves",
    "landmark": "riskset.curves",
    "gray_test": "riskset.curves",
    "aalen_johansen": "riskset.curves",
    "diagnose": "riskset.effects",
    "e_value": "riskset.effects",
    "hazard_ratio_curve": "riskset.effects",
    "heterogeneity": "riskset.effects",
    "holm": "riskset.effects",
    "interaction": "riskset.effects",
    "trend": "riskset.effects",
    "standardise": "riskset.effects",
    "Episodes": "riskset.episodes",
    "Timeline": "riskset.episodes",
    "check_episodes": "riskset.episodes",
    "episodes_in_batches": "riskset.episodes",
    "RisksetError": "riskset.errors",
    "forest": "riskset.plots",
    "simulate_haemodialysis": "riskset.simulate",
    "split_episodes": "riskset.cox",
    "StudyPlan": "riskset.study",
    "read_plan": "riskset.study",
    "run_study": "riskset.study",
}

__all__ = [  # a literal list, for type checkers; tests hold it against _FACE
    "CoxFit",
    "Episodes",
    "Firth",
    "Ridge",
    "RisksetError",
    "StudyPlan",
    "TimeBands",
    "Timeline",
    "__version__",
    "aalen_johansen",
    "anova",
    "bootstrap",
    "cause_specific",
    "check_episodes",
    "cox_survival",
    "cox_zph",
    "coxph",
    "diagnose",
    "e_value",
    "episodes_in_batches",
    "fine_gray",
    "finegray_expand",
    "forest",
    "gray_test",
    "hazard_ratio_curve",
    "heterogeneity",
    "holm",
    "incidence_rate",
    "interaction",
    "kaplan_meier",
    "landmark",
    "logrank",
    "mean_cumulative_function",
    "multistate_cox",
    "nelson_aalen",
    "predict_states",
    "rate_difference",
    "rate_ratio",
    "read_plan",
    "recurrent_cox",
    "recurrent_rows",
    "reverse_kaplan_meier",
    "run_study",
    "simon_makuch",
    "simulate_haemodialysis",
    "split_episodes",
    "standardise",
    "standardised_rate",
    "standardised_ratio",
    "trend",
]


def __getattr__(name: str) -> object:
    """Load a public name from its room on first use."""
    if name not in _FACE:
        raise AttributeError(f"module 'riskset' has no attribute {name!r}")
    value = getattr(import_module(_FACE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
