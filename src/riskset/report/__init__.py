"""Results to tables, figures and one page."""

from riskset.report.write import Written, write_report

__all__ = ["Written", "write_report"]
