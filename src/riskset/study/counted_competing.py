"""Names for the counts behind a subdistribution hazard."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Counted
from riskset.study.results_competing import Subdistribution
from riskset.study.results_sensitivity import Sensitivity, SensitivityVariant, VariantOutcome


def competing_id(variant: SensitivityVariant, outcome: VariantOutcome, what: str) -> str:
    """Name how many follow-ups of a variant end in one way: "competing" or "censored"."""
    return estimate_id(outcome.outcome, f"sensitivity:{variant.slug}", f"ends_{what}")


def counted_competing(sensitivity: Sensitivity) -> Iterator[Counted]:
    """Name the counts of every outcome of a variant whose hazard is that of the subdistribution."""
    for variant in sensitivity.variants:
        for outcome in variant.outcomes:
            about = None if outcome.own is None else outcome.own.subdistribution
            if about is not None:
                yield from _ends(variant, outcome, about)


def _ends(variant: SensitivityVariant, outcome: VariantOutcome, about: Subdistribution) -> Iterator[Counted]:
    for what, n, words in (
        ("competing", about.n_competing, "a competing event"),
        ("censored", about.n_censored, "censoring"),
    ):
        yield Counted(
            id=competing_id(variant, outcome, what),
            estimand=f"persons whose follow-up for {about.cause} ends with {words}, {variant.label}",
            unit="persons",
            estimate=n,
            method="count",
        )
