"""Formula to frozen design to matrix."""

from riskset.design.design import Design, Term, build_design, offset_of
from riskset.design.formula import Formula, parse_formula, substitute_calls, variables_of
from riskset.design.frames import nearest, to_polars
from riskset.design.grammar import parse, render

__all__ = [
    "Design",
    "Formula",
    "Term",
    "build_design",
    "nearest",
    "offset_of",
    "parse",
    "parse_formula",
    "render",
    "substitute_calls",
    "to_polars",
    "variables_of",
]
