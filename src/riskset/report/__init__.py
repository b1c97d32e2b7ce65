"""Results to one document, and that to a page, a Word file, a workbook and figures.

Writing loads the libraries of all formats, so ``write_report`` is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskset.report.write import Written, write_report

__all__ = ["Written", "write_report"]


def __getattr__(name: str) -> object:
    """Load the writing of reports on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("riskset.report.write"), name)
