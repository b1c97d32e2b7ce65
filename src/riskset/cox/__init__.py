"""The Cox model: fit, variance, tests, profile likelihood."""

from riskset.cox.arrays import MatrixFit, coxph_matrix
from riskset.cox.bootstrap import Bootstrap, Refit, bootstrap
from riskset.cox.cause_specific import CauseSpecific, cause_specific
from riskset.cox.compare import anova
from riskset.cox.concordance import Concordance
from riskset.cox.coxph import coxph
from riskset.cox.estimates import Contrast, GlobalTests, ProfileInterval
from riskset.cox.fine_gray import FineGrayFit, fine_gray
from riskset.cox.fine_gray_expand import finegray_expand
from riskset.cox.fit import CoxFit
from riskset.cox.hypotheses import Test
from riskset.cox.inference import likelihood_ratio, profile_interval, wald_test
from riskset.cox.multistate import MultistateFit, multistate_cox
from riskset.cox.penalties import Firth, Ridge
from riskset.cox.recurrent import recurrent_cox, recurrent_rows
from riskset.cox.splitting import split_episodes
from riskset.cox.state_prediction import predict_states
from riskset.cox.survival import CoxSurvival, cox_survival
from riskset.cox.zph import ProportionalHazards, cox_zph

__all__ = [
    "Bootstrap",
    "CauseSpecific",
    "Concordance",
    "Contrast",
    "CoxFit",
    "CoxSurvival",
    "FineGrayFit",
    "Firth",
    "GlobalTests",
    "MatrixFit",
    "MultistateFit",
    "ProfileInterval",
    "ProportionalHazards",
    "Refit",
    "Ridge",
    "Test",
    "anova",
    "bootstrap",
    "cause_specific",
    "cox_survival",
    "cox_zph",
    "coxph",
    "coxph_matrix",
    "fine_gray",
    "finegray_expand",
    "likelihood_ratio",
    "multistate_cox",
    "predict_states",
    "profile_interval",
    "recurrent_cox",
    "recurrent_rows",
    "split_episodes",
    "wald_test",
]
