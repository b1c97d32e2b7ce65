"""Eligibility, index date, end of follow-up, attrition ledger."""

from riskset.cohort.eligibility import Chosen as Chosen
from riskset.cohort.eligibility import Ledger as Ledger
from riskset.cohort.eligibility import LedgerStep as LedgerStep
from riskset.cohort.eligibility import Rule as Rule
from riskset.cohort.eligibility import apply_rules as apply_rules
from riskset.cohort.eligibility import first_per_person as first_per_person
from riskset.cohort.eligibility import join_one_row as join_one_row
from riskset.cohort.followup import MAX_FOLLOWUP as MAX_FOLLOWUP
from riskset.cohort.followup import Comparison as Comparison
from riskset.cohort.followup import End as End
from riskset.cohort.followup import FirstKnown as FirstKnown
from riskset.cohort.followup import Source as Source
from riskset.cohort.followup import end_of_follow_up as end_of_follow_up
from riskset.cohort.followup import first_known as first_known
from riskset.cohort.lookback import covered_before as covered_before
from riskset.cohort.lookback import event_before as event_before
from riskset.cohort.lookback import first_dates as first_dates
from riskset.cohort.lookback import observed_before as observed_before
