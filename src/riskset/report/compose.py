"""Results to a report as one value."""

from __future__ import annotations

from riskset.report.document import Document
from riskset.report.sections import SECTIONS
from riskset.study.results import Results


def compose(results: Results) -> Document:
    """Put the report together, without drawing or setting anything.

    Parameters
    ----------
    results : Results
        What a run found; every number of the report is one of its numbers, rounded.

    Returns
    -------
    Document
        The same for every format.
    """
    found = (section(results) for section in SECTIONS)
    return Document(
        title=results.title,
        question=results.question,
        notice=results.notice,
        version=results.riskset,
        sections=tuple(s for s in found if s is not None),
    )
