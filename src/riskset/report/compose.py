"""Results to a report as one value."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.report.document import Document, Section
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
    return Document(
        title=results.title,
        question=results.question,
        notice=results.notice,
        version=results.riskset,
        sections=tuple(_sections(results)),
    )


def _sections(results: Results) -> Iterator[Section]:
    for section in SECTIONS:
        found = section(results)
        if isinstance(found, Section):
            yield found
        elif found is not None:
            yield from found
