"""How rows end: the column that holds censoring and several causes, and the formula of one of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from riskset.design import parse_formula, to_polars
from riskset.design.formula import Surv
from riskset.design.grammar import Binary, Call, Expr, Name, Number, Text, parse, render
from riskset.errors import DesignError, FitError


@dataclass(frozen=True, slots=True)
class Status:
    """The column that says how rows end.

    Attributes
    ----------
    formula : str
        The model's formula, its response ``Surv(entry, exit, status)``.
    column : str
    censored : value of the column that is no event
    causes : tuple
        The other values, in their order.
    """

    formula: str
    column: str
    censored: Any
    causes: tuple[Any, ...]

    def known(self, cause: Any) -> Any:
        """Return the cause as the column has it, or refuse one that is not there."""
        for value in self.causes:
            if value == cause:
                return value
        listed = ", ".join(str(c) for c in self.causes)
        raise FitError(
            f"no row ends with the cause {cause!r}", where=self.column, remedy=f"Causes are {listed}."
        )

    def response_of(self, cause: Any) -> str:
        """Write the formula in which only ``cause`` is an event."""
        tree = parse(self.formula)
        surv = parse_formula(self.formula).surv
        if not isinstance(tree, Binary) or surv is None:
            raise DesignError("the model needs a response", where="formula")
        value: Expr = Text(cause) if isinstance(cause, str) else Number(float(cause))
        event = Name(self.column) if cause is True else Binary("==", Name(self.column), value)
        times = (surv.exit,) if surv.entry is None else (surv.entry, surv.exit)
        return render(replace(tree, left=Call("Surv", (*times, event))))


def status_of(formula: str, data: Any, censored: Any = None) -> Status:
    """Read which values the third place of ``Surv(entry, exit, status)`` takes.

    Parameters
    ----------
    formula : str
    data : frame-like
    censored : value, optional
        What stands for censoring: by default 0, false, or the first level of a category.
    """
    column = _column(parse_formula(formula).surv)
    values = to_polars(data, (column,))[column]
    dtype = values.dtype
    if isinstance(dtype, pl.Enum):
        levels = dtype.categories.to_list()
        present = set(values.drop_nulls().cast(pl.String).unique().to_list())
        found: list[Any] = [v for v in levels if v in present]
        none: Any = levels[0] if censored is None and levels else censored
    else:
        found = sorted(values.drop_nulls().unique().to_list())
        none = (0 if dtype.is_numeric() else False) if censored is None else censored
        if isinstance(none, bool) and dtype == pl.String:
            raise DesignError(
                "it must be known which value means censoring",
                where=column,
                remedy=f"Name it with censored=; there are: {', '.join(found)}.",
            )
    causes = tuple(v for v in found if v != none)
    if not causes:
        raise FitError("no event: nothing can be estimated", where=column)
    return Status(formula=formula, column=column, censored=none, causes=causes)


def _column(surv: Surv | None) -> str:
    if surv is None:
        raise DesignError(
            "the model needs a response", where="formula", remedy="Begin with Surv(entry, exit, status) ~ ..."
        )
    if not isinstance(surv.event, Name):
        raise DesignError(
            "the third part of Surv() must be the column that holds censoring and all causes",
            where="formula",
            remedy="Name the cause with cause=, not in the formula.",
        )
    return surv.event.name
