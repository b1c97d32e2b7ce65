"""What is true in the simulated haemodialysis cohort: hazards, rates of starting and stopping, variants.

The hazard of outcome k, per year, for a person in force of recorded albumin ``alb`` (g/dL), CRP ``crp``
(mg/dL) and magnesium ``mg`` (mg/dL), ``user`` when a calcimimetic is in current use (``never`` and
``former`` alike are not users), is ::

    h = h0 * exp( age_10y * (age at index - 68) / 10 + male * [male]
                + diabetes * [diabetes] + cvd_history * [CVD history]
                + fracture_history * [fracture history] + steroid * [steroid use]
                + vintage_5y * clip((vintage at index in months - 75) / 60, -1, 4)
                + albumin * (alb - 3.6) + ln_crp * (ln crp - ln 0.14)
                + after_cve * [a CVE since index] + after_fracture * [a fracture since index]
                + calcimimetic * [user]
                + mg_naive * (mg - 2.5) * [not user] + mg_user * (mg - 2.5) * [user]
                + low_mg_naive * [mg < 2.4] * [not user] + low_mg_user * [mg < 2.4] * [user] )

Age and vintage are those at index and stay fixed; albumin, CRP and magnesium are the recorded values as they
change. So the model that is exactly specified for fracture is ::

    Surv(entry, exit, fracture) ~ low_mg * user + age + sex + albumin + fracture_history + steroid + vintage_term

with ``vintage_term`` the clipped term above: its coefficient of ``low_mg`` is ``low_mg_naive`` and the
interaction is ``low_mg_user - low_mg_naive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log
from types import MappingProxyType

# Settings under which recorded values and drug states are in force, the same as in the worked study's plan.
# The hazards read the tables as the analysis will: another setting would make the truth unrecoverable.
CARRY_FORWARD_DAYS = 90
GRACE_DAYS = 30
LOW_MG = 2.4
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = 30.4375
MAX_FOLLOWUP_DAYS = 5 * DAYS_PER_YEAR

AGE_CENTRE = 68.0
ALBUMIN_CENTRE = 3.6
CRP_CENTRE = 0.14
MG_CENTRE = 2.5
VINTAGE_CENTRE = 75.0

OUTCOMES = ("death", "cve", "fracture")


@dataclass(frozen=True)
class HazardTruth:
    """Log hazard ratios of one outcome and its baseline hazard per year, at the centres of the module."""

    h0: float
    age_10y: float = 0.0
    male: float = 0.0
    diabetes: float = 0.0
    cvd_history: float = 0.0
    fracture_history: float = 0.0
    steroid: float = 0.0
    vintage_5y: float = 0.0
    albumin: float = 0.0
    ln_crp: float = 0.0
    after_cve: float = 0.0
    after_fracture: float = 0.0
    calcimimetic: float = 0.0
    mg_naive: float = 0.0
    mg_user: float = 0.0
    low_mg_naive: float = 0.0
    low_mg_user: float = 0.0


@dataclass(frozen=True)
class Truth:
    """All that a variant can change.

    Attributes
    ----------
    death, cve, fracture : HazardTruth
    start_per_year, stop_per_year : float
        Rates at which a calcimimetic is started (again) by non-users and stopped by users.
    mg_fall_before_death : float
        mg/dL by which magnesium recorded in the last two months before death is lower (reverse causation).
    albumin_after_low_mg : float
        g/dL added to the albumin of a visit when the magnesium in force before it is below 2.4 (time-varying
        confounding: what low magnesium does comes through albumin, too).
    illness_per_year, illness_hazard : float
        Rate of 30-day illnesses with extra inpatient labs before any event, and the log hazard ratio of all
        outcomes while one lasts.
    alp_step : bool
        The laboratory moves from JSCC to IFCC on 1 April 2020.
    meq_share : float
        Share of magnesium results reported in mEq/L.
    pth_missing : float
        Share of patients without any PTH, more often the older ones.
    """

    death: HazardTruth
    cve: HazardTruth
    fracture: HazardTruth
    start_per_year: float = 0.09
    stop_per_year: float = 0.07
    mg_fall_before_death: float = 0.0
    albumin_after_low_mg: float = 0.0
    illness_per_year: float = 0.0
    illness_hazard: float = 0.0
    alp_step: bool = False
    meq_share: float = 0.0
    pth_missing: float = 0.0

    def hazards(self) -> tuple[HazardTruth, HazardTruth, HazardTruth]:
        """Return the hazards in the order of ``OUTCOMES``."""
        return self.death, self.cve, self.fracture


# Two baseline hazards differ from those of the monthly form in which the truth was first run (death 0.0457, CVE
# 0.0532): here hazards read recorded values, acute ones included, between recorded days. With the old ones the
# mean over 200 cohorts of 399 was 160.9 deaths and 119.9 CVEs, the latter 3.3 standard errors below 122; with
# these, 15 cohorts of 20,000 give 159 deaths and 122 CVEs per 399. See docs/validation/margins.csv.
STANDARD = Truth(
    death=HazardTruth(
        h0=0.0451,
        age_10y=0.45,
        male=0.15,
        diabetes=0.25,
        cvd_history=0.35,
        albumin=-0.70,
        ln_crp=0.10,
        after_cve=log(2.5),
        after_fracture=log(1.8),
        calcimimetic=-0.10,
        mg_naive=-0.45,
    ),
    cve=HazardTruth(
        h0=0.0540,
        age_10y=0.28,
        male=0.18,
        diabetes=0.40,
        cvd_history=0.60,
        albumin=-0.30,
        calcimimetic=-0.05,
    ),
    fracture=HazardTruth(
        h0=0.0402,
        age_10y=0.40,
        male=-0.50,
        fracture_history=0.70,
        steroid=0.5,
        vintage_5y=0.12,
        albumin=-0.50,
        low_mg_naive=log(2.2),
        low_mg_user=log(1.3),
    ),
)


def _no_interaction() -> Truth:
    # 1.72 in both is the pooled fracture hazard ratio of the standard truth; for death the mean slope.
    return replace(
        STANDARD,
        death=replace(STANDARD.death, mg_naive=-0.225, mg_user=-0.225),
        fracture=replace(STANDARD.fracture, low_mg_naive=log(1.72), low_mg_user=log(1.72)),
    )


def _null_drug() -> Truth:
    # The drug changes nothing at all, and many start late: whoever calls them users from day 0 gives their
    # waiting time, which they had to survive, to the drug.
    death, cve, fracture = STANDARD.hazards()
    return replace(
        STANDARD,
        death=replace(death, calcimimetic=0.0, mg_user=death.mg_naive),
        cve=replace(cve, calcimimetic=0.0),
        fracture=replace(fracture, low_mg_user=fracture.low_mg_naive),
        start_per_year=0.30,
    )


def _reverse_causation() -> Truth:
    # Magnesium does nothing, but falls in those who are about to die.
    death, cve, fracture = STANDARD.hazards()
    return replace(
        STANDARD,
        death=replace(death, mg_naive=0.0, mg_user=0.0),
        cve=cve,
        fracture=replace(fracture, low_mg_naive=0.0, low_mg_user=0.0),
        mg_fall_before_death=0.3,
    )


def _empty_cell() -> Truth:
    # exp(-50) per year over any cohort is no event: no fracture in users with low magnesium.
    return replace(STANDARD, fracture=replace(STANDARD.fracture, low_mg_user=-50.0))


VARIANTS: Mapping[str, Truth] = MappingProxyType(
    {
        "no_interaction": _no_interaction(),
        "null_drug": _null_drug(),
        "reverse_causation": _reverse_causation(),
        "mg_lowers_albumin": replace(STANDARD, albumin_after_low_mg=-0.15),
        "ill": replace(STANDARD, illness_per_year=0.5, illness_hazard=log(4.0)),
        "alp_step": replace(STANDARD, alp_step=True),
        "meq_contamination": replace(STANDARD, meq_share=0.05),
        "empty_cell": _empty_cell(),
        "pth_missing": replace(STANDARD, pth_missing=0.15),
    }
)
