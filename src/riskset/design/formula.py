"""From the text of a formula to its response, terms, strata, offset and cluster, as R reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from riskset.design.grammar import Binary, Call, Expr, Name, Number, Unary, names_in, parse, render, rewrite
from riskset.errors import DesignError

TERM_OPERATORS = frozenset({"+", "-", "*", "/", ":", "%in%", "^"})
SPECIALS = frozenset({"strata", "offset", "cluster"})


@dataclass(frozen=True, slots=True)
class Surv:
    """The response: entry (None for right-censored data), exit and event, each an expression."""

    entry: Expr | None
    exit: Expr
    event: Expr


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in its parts.

    Attributes
    ----------
    text : str
        The formula, written out in one way.
    surv : Surv or None
        None for a right-hand side alone.
    terms : tuple of tuple of Expr
        Each term as its factors; main effects first, then interactions by order, as R arranges them.
        Strata appear in interactions only.
    strata : tuple of Call
        The ``strata(...)`` terms.
    offset : tuple of Expr
        What stands in the ``offset(...)`` terms.
    cluster : str or None
        The column named by ``cluster(...)``.
    """

    text: str
    surv: Surv | None
    terms: tuple[tuple[Expr, ...], ...]
    strata: tuple[Call, ...]
    offset: tuple[Expr, ...]
    cluster: str | None

    @property
    def variables(self) -> tuple[str, ...]:
        """Columns that the formula reads, each once."""
        surv = self.surv
        left = () if surv is None else tuple(e for e in (surv.entry, surv.exit, surv.event) if e is not None)
        right = (*(f for term in self.terms for f in term), *self.strata, *self.offset)
        names = dict.fromkeys(name for expr in (*left, *right) for name in names_in(expr))
        if self.cluster is not None:
            names[self.cluster] = None
        return tuple(names)


@lru_cache(maxsize=512)  # a study asks for the same few formulas hundreds of times; the parts are frozen
@lru_cache(maxsize=256)
def parse_formula(text: str) -> Formula:
    """Read a formula such as ``"Surv(entry, exit, event) ~ a * b + rcs(x, 3) + strata(s)"``.

    The operators are R's: ``+ - * : / ^ %in%`` (``**`` for ``^``). A Cox model has no intercept, so that 0
    and 1 are read over.

    Parameters
    ----------
    text : str
        A formula, or its right-hand side alone.

    Returns
    -------
    Formula

    Raises
    ------
    DesignError
        If the text is not a formula.

    Examples
    --------
    >>> formula = parse_formula("Surv(time, status) ~ age * sex + strata(site)")
    >>> [":".join(render(f) for f in term) for term in formula.terms]
    ['age', 'sex', 'age:sex']
    >>> formula.variables
    ('time', 'status', 'age', 'sex', 'site')
    """
    tree = parse(text)
    surv, right = None, tree
    if isinstance(tree, Binary) and tree.operator == "~":
        surv, right = _surv(tree.left), tree.right
    elif isinstance(tree, Unary) and tree.operator == "~":
        right = tree.argument
    strata: list[Call] = []
    offset: list[Expr] = []
    cluster: list[str] = []
    terms: list[tuple[Expr, ...]] = []
    # Within an interaction factors stand in the order in which the formula first names them.
    place = {f: i for i, f in enumerate(dict.fromkeys(_factors(right)))}
    for term in sorted((tuple(sorted(t, key=place.__getitem__)) for t in _terms(right)), key=len):
        special = [f for f in term if isinstance(f, Call) and f.function in SPECIALS]
        if len(term) > 1 and any(f.function != "strata" for f in special):
            raise DesignError(f"{special[0].function}() cannot stand in an interaction", where="formula")
        if len(term) == 1 and special:
            call = special[0]
            if call.function == "strata":
                strata.append(call)
            elif len(call.arguments) != 1:
                raise DesignError(f"{call.function}() takes one argument", where="formula")
            elif call.function == "offset":
                offset.append(call.arguments[0])
            elif isinstance(call.arguments[0], Name):
                cluster.append(call.arguments[0].name)
            else:
                raise DesignError("cluster() takes the name of a column", where="formula")
        else:
            terms.append(term)
    if len(cluster) > 1:
        raise DesignError("a formula has at most one cluster() term", where="formula")
    return Formula(
        text=render(tree),
        surv=surv,
        terms=tuple(terms),
        strata=tuple(strata),
        offset=tuple(offset),
        cluster=cluster[0] if cluster else None,
    )


def variables_of(formula: str) -> tuple[str, ...]:
    """Columns that a formula needs, without data.

    Examples
    --------
    >>> variables_of("log(crp) + rcs(mg, 3) * drug")
    ('crp', 'mg', 'drug')
    """
    return parse_formula(formula).variables


def substitute_calls(formula: str, name: str, fn: Callable[[str], str]) -> str:
    """Replace each call ``name(argument)`` in a formula by the text that ``fn`` makes of its argument.

    Parameters
    ----------
    formula : str
    name : str
        Function to replace.
    fn : callable
        Takes the argument as text (a column name is given as it is, without backticks) and returns the
        replacement, read as a formula.

    Examples
    --------
    >>> substitute_calls("age + log(baseline(crp))", "baseline", lambda x: f"{x}_baseline")
    'age + log(crp_baseline)'
    """

    def change(expr: Expr) -> Expr | None:
        if not (isinstance(expr, Call) and expr.function == name):
            return None
        if len(expr.arguments) != 1 or expr.keywords:
            raise DesignError(f"{name}() takes one argument", where="formula")
        argument = expr.arguments[0]
        return parse(fn(argument.name if isinstance(argument, Name) else render(argument)))

    return render(rewrite(parse(formula), change))


def _surv(expr: Expr) -> Surv:
    if not (isinstance(expr, Call) and expr.function == "Surv" and not expr.keywords):
        raise DesignError(
            "the left-hand side must be Surv(time, event) or Surv(entry, exit, event)", where="formula"
        )
    match expr.arguments:
        case (exit, event):
            return Surv(None, exit, event)
        case (entry, exit, event):
            return Surv(entry, exit, event)
        case _:
            raise DesignError("Surv() takes (time, event) or (entry, exit, event)", where="formula")


Term = tuple[Expr, ...]


def _terms(expr: Expr) -> list[Term]:
    """Expand R's formula operators into distinct terms; the empty term is the intercept and drops out."""
    match expr:
        case Binary("+", left, right):
            return _distinct([*_terms(left), *_terms(right)])
        case Binary("-", left, right):
            gone = {frozenset(t) for t in _terms(right)}
            return [t for t in _terms(left) if frozenset(t) not in gone]
        case Binary(":" | "%in%" | "*" | "/", Number(), _) | Binary(":" | "%in%" | "*" | "/", _, Number()):
            raise DesignError(
                f"{render(expr)!r} is no term of a formula",
                where="formula",
                remedy=f"To compute with the column, write I({render(expr)}).",
            )
        case Binary(":" | "%in%", left, right):
            return _distinct([_join(a, b) for a in _terms(left) for b in _terms(right)])
        case Binary("*", left, right):
            a, b = _terms(left), _terms(right)
            return _distinct([*a, *b, *(_join(s, t) for s in a for t in b)])
        case Binary("/", left, right):
            a = _terms(left)
            nest = _join(*a)
            return _distinct([*a, *(_join(nest, t) for t in _terms(right))])
        case Binary("^", left, Number(power)) if power >= 1 and power == int(power):
            base = _terms(left)
            sets = (c for size in range(1, int(power) + 1) for c in combinations(base, min(size, len(base))))
            return _distinct([_join(*c) for c in sets])
        case Binary("^" | "~", _, _):
            raise DesignError(f"{render(expr)!r} is no term of a formula", where="formula")
        case Unary("-", argument):
            _terms(argument)
            return []
        case Unary("+", argument):
            return _terms(argument)
        case Number(value) if value in {0.0, 1.0}:
            return []
        case Name() | Call() | Binary():
            return [(expr,)]
        case _:
            raise DesignError(f"{render(expr)!r} is no term of a formula", where="formula")


def _factors(expr: Expr) -> Iterator[Expr]:
    """Factors in the order in which they are written, those of removed terms too."""
    if isinstance(expr, Binary) and expr.operator in TERM_OPERATORS:
        yield from _factors(expr.left)
        yield from _factors(expr.right)
    elif isinstance(expr, Unary):
        yield from _factors(expr.argument)
    else:
        yield expr


def _join(*terms: Term) -> Term:
    return tuple(dict.fromkeys(f for term in terms for f in term))


def _distinct(terms: Iterable[Term]) -> list[Term]:
    first: dict[frozenset[Expr], Term] = {}
    for term in terms:
        first.setdefault(frozenset(term), term)
    return [t for t in first.values() if t]
