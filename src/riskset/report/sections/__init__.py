"""The sections of a report, in the order in which they stand.

Each is a pure function ``section(results)`` that gives its :class:`~riskset.report.document.Section`, or ``None``
where the results hold nothing for it, or several of its kind. A new one is a module here and a line below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from riskset.report.document import Section
from riskset.report.sections import (
    additive,
    audit,
    characteristics,
    checklists,
    compared_rates,
    competing,
    curves,
    diagnostics,
    flow,
    further,
    groups,
    incidence,
    interaction,
    manuscript,
    methods,
    models,
    plan,
    provenance,
    published,
    rates,
    sensitivity,
    subgroups,
    summary,
    survival,
)
from riskset.study.results import Results

SECTIONS: Final[tuple[Callable[[Results], Section | tuple[Section, ...] | None], ...]] = (
    summary.section,
    plan.section,
    flow.section,
    characteristics.section,
    rates.section,
    compared_rates.section,
    models.section,
    interaction.section,
    additive.section,
    curves.section,
    groups.section,
    survival.section,
    incidence.section,
    competing.section,
    subgroups.section,
    sensitivity.section,
    diagnostics.section,
    further.sections,
    published.section,
    audit.section,
    methods.section,
    manuscript.section,
    checklists.strobe,
    checklists.record,
    provenance.section,
)
