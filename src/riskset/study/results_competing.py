"""What a variant on subdistribution hazards rests on, as it stands in the results."""

from __future__ import annotations

from riskset.study.results_values import Estimate, Frozen


class Subdistribution(Frozen):
    """A fit of Fine and Gray's model: persons with a competing event stay at risk, with weights."""

    cause: str  # the outcome in words
    competing: tuple[str, ...]  # the other causes in words
    n_competing: int | None  # persons whose follow-up ends with one of them
    n_censored: int | None
    delayed_entry: bool  # weights then have entry in them (Geskus 2011)
    method: str
    # the cause-specific hazards of the same model on the same rows, without which the ratios above cannot be read
    cause_specific: tuple[Estimate, ...]  # HR of each exposure level within each modifier level
    cause_specific_interaction: tuple[Estimate, ...]
