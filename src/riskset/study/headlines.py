"""The headline of a primary model by Wald's method: what variants and subgroups are compared by."""

from __future__ import annotations

from riskset.cox import CoxFit
from riskset.effects import Interaction, interaction
from riskset.study.formulas import ModelFormula
from riskset.study.models import Headline, Question, basis_of
from riskset.study.results_sensitivity import VariantEstimates


def asked_of(fitted: CoxFit, question: Question) -> Interaction:
    """Ask a fit the question by Wald's method, on the scale of ratios alone: that is all that is compared."""
    cells = question.cells
    return interaction(fitted, cells.exposure, cells.modifier, profile=False, additive=False)


def headline(
    fitted: CoxFit, found: Interaction, said: tuple[str, ...], model: ModelFormula, question: Question
) -> VariantEstimates:
    """Put what a fit says of the question into a record.

    Parameters
    ----------
    fitted : CoxFit
    found : Interaction
        Of the fit, from :func:`asked_of`.
    said : tuple of str
        What the fit warned of.
    model : ModelFormula
        Whose slug stands in the names.
    question : Question

    Returns
    -------
    VariantEstimates
    """
    basis = basis_of(fitted)
    head = Headline(question, model, basis, fitted.robust)
    return VariantEstimates(
        basis=basis,
        status=fitted.status,
        variance="robust" if fitted.robust else "model-based",
        exposure_in_modifier=tuple(head.exposure(r) for r in found.exposure_in_modifier),
        modifier_in_exposure=tuple(head.modifier(r) for r in found.modifier_in_exposure),
        interaction=tuple(head.ratio(r) for r in found.ratio),
        interaction_joint=head.joint(found),
        warnings=said,
    )
