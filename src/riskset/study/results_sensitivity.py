"""Sensitivity analyses as results: the primary model once for each variant of the plan, and what the variant changes.

Intervals and tests are Wald's throughout, for the plan itself as well: what is looked for is whether an estimate
moves. Variants that are wrong on purpose stand in the same list, marked; ``right`` and ``wrong`` keep them apart.
"""

from __future__ import annotations

from typing import Literal

from riskset.study.results_competing import Subdistribution
from riskset.study.results_values import Basis, Estimate, Frozen


class KeyChanged(Frozen):
    """One key of the plan that a variant changes; texts as in the plan, "not given" where it is left out."""

    key: str  # "measures.mg.lag"
    before: str
    after: str


class VariantEstimates(Frozen):
    """The headline of the primary model on one set of rows."""

    basis: Basis
    status: str
    variance: Literal["model-based", "robust"]
    exposure_in_modifier: tuple[Estimate, ...]  # HR of each exposure level within each modifier level
    modifier_in_exposure: tuple[Estimate, ...]
    interaction: tuple[Estimate, ...]  # ratios of HRs
    interaction_joint: Estimate | None
    subdistribution: Subdistribution | None = None  # where hazards are not cause-specific
    warnings: tuple[str, ...] = ()


class VariantOutcome(Frozen):
    """One outcome of a variant: on its own rows, and for a key that is varied on the person-time common to all."""

    outcome: str
    label: str
    own: VariantEstimates | None  # None: it cannot be answered, and why stands in `not_done`
    common: VariantEstimates | None = None
    not_done: str | None = None


class SensitivityVariant(Frozen):
    """One variant of the plan with the primary model's results."""

    entry: str  # name in [sensitivity]
    label: str  # "Magnesium lag: 30 days"
    slug: str
    model: str  # name of the primary model
    changed: tuple[KeyChanged, ...]
    wrong: Literal["immortal_time"] | None = None  # wrong on purpose; never shown among the others
    varied: str | None = None  # key that is varied; variants of one entry then share their `common` rows
    exposure_levels: tuple[str, ...]  # reference first
    modifier_levels: tuple[str, ...]
    included: int | None  # eligible persons; 0 where nobody could be chosen
    other_persons: bool = False  # it changes who is eligible; otherwise its persons are those of the plan
    outcomes: tuple[VariantOutcome, ...]
    not_done: str | None = None  # why the variant as a whole has no results


class SensitivityEntry(Frozen):
    """What one entry of [sensitivity] gave: its variants, and the plan itself on the time that they share."""

    variants: tuple[SensitivityVariant, ...]
    reference: SensitivityVariant | None = None


class Sensitivity(Frozen):
    """All variants of a plan, in its order, and the plan's own analysis beside grids of values."""

    plan: SensitivityVariant | None = (
        None  # the plan itself, by the method of the variants, to be set beside them
    )
    variants: tuple[SensitivityVariant, ...] = ()
    # by entry that varies a key: the plan itself on the person-time that is common to it and all values of the key
    reference: tuple[SensitivityVariant, ...] = ()

    @property
    def right(self) -> tuple[SensitivityVariant, ...]:
        """Variants that answer the question."""
        return tuple(v for v in self.variants if v.wrong is None)

    @property
    def wrong(self) -> tuple[SensitivityVariant, ...]:
        """Variants that are wrong on purpose."""
        return tuple(v for v in self.variants if v.wrong is not None)
