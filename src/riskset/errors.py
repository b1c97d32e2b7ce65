"""The error tree: the rule that was broken, where, by how many rows, which ones, and the remedy.

Every refusal in riskset is one of these. A message never holds a patient's value: it names files, columns,
row numbers and rules, so that it can be pasted into a mail. The command line prints the message alone and
leaves with exit code 2.
"""

from __future__ import annotations

from collections.abc import Sequence

ROWS_SHOWN = 10  # enough to find the pattern in a spreadsheet, few enough to read


def counted(n: float, one: str, digits: str = ",") -> str:
    """Count things in a message, one of them in the singular.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row"), counted(0, "person"), counted(1.5, "day", "g")
    ('1 row', '1,200 rows', '0 persons', '1.5 days')
    """
    said = f"{n:{digits}}"
    return f"{said} {one}{'' if said == '1' else 's'}"


class RisksetError(Exception):
    """A refusal with its rule, its place and its remedy.

    Parameters
    ----------
    rule : str
        What must hold and does not, as one sentence.
    where : str, optional
        The file, column, plan key or argument concerned.
    rows : sequence of int, optional
        Row numbers of the offending rows, counted as in a spreadsheet (the header is row 1).
    n_rows : int, optional
        How many rows break the rule, if not all are listed.
    remedy : str, optional
        What to do about it.

    Examples
    --------
    >>> from riskset.errors import RisksetError
    >>> print(RisksetError("exit must not precede entry", where="patients.csv", rows=[4, 9],
    ...                    remedy="Correct the dates."))
    patients.csv: exit must not precede entry (2 rows: 4, 9)
      Remedy: Correct the dates.
    """

    def __init__(
        self,
        rule: str,
        *,
        where: str | None = None,
        rows: Sequence[int] = (),
        n_rows: int | None = None,
        remedy: str | None = None,
    ) -> None:
        self.rule = rule
        self.where = where
        self.rows = tuple(int(r) for r in rows[:ROWS_SHOWN])
        self.n_rows = len(rows) if n_rows is None else n_rows
        self.remedy = remedy
        super().__init__(self._message())

    def _message(self) -> str:
        text = self.rule if self.where is None else f"{self.where}: {self.rule}"
        if self.n_rows:
            count = counted(self.n_rows, "row")
            shown = ", ".join(str(r) for r in self.rows)
            more = ", ..." if self.n_rows > len(self.rows) and shown else ""
            text += f" ({count}{': ' + shown + more if shown else ''})"
        if self.remedy:
            text += f"\n  Remedy: {self.remedy}"
        return text


class PlanError(RisksetError):
    """The plan file asks for something that does not exist or cannot be."""


class TableError(RisksetError):
    """A raw table breaks its schema."""


class CohortError(RisksetError):
    """Eligibility, index date or end of follow-up cannot be settled."""


class EpisodeError(RisksetError):
    """Episodes cannot be built, or would use the future."""


class DesignError(RisksetError):
    """A formula cannot be read or does not fit the data."""


class FitError(RisksetError):
    """A model cannot be fitted, or a question cannot be put to the fit."""


class UnitError(RisksetError):
    """A unit is unknown, missing or of another kind."""


class OutputError(RisksetError):
    """A result cannot be written where it was asked for."""


class RisksetWarning(UserWarning):
    """Something the reader of a result must know; collected into reports by the study."""
