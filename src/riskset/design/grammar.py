"""The formula language: R's operators over names, numbers and a short list of functions.

A formula comes from a plan file, so it is never evaluated as code: it is read into the few frozen node types
below, and only those are ever computed with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from riskset.errors import DesignError

# Binding powers, as R's Syntax help page orders them; ** is R's ^.
BINDING = {
    "~": 1, "|": 2, "&": 3, "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7, "%in%": 8, ":": 9, "^": 11,
}  # fmt: skip
UNARY = 10
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[^\W\d][\w.]*)|`(?P<quoted>[^`]+)`"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<op>%in%|\*\*|==|!=|<=|>=|[-+*/:^~()\[\],=<>&|]))"
)
PLAIN_NAME = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of expressions, e.g. ``rcs(mg, 4)``."""

    function: str
    arguments: tuple[Expr, ...]
    keywords: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Items:
    """A list, ``[1, 2, 3]`` or R's ``c(1, 2, 3)``."""

    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Unary:
    """A signed expression."""

    operator: str
    argument: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and the operator between them."""

    operator: str
    left: Expr
    right: Expr


TRUTH = tuple(Name(word) for word in ("TRUE", "FALSE", "True", "False"))  # of a keyword, raw=TRUE, no columns

Expr = Number | Text | Name | Call | Items | Unary | Binary


@lru_cache(maxsize=256)  # what is read never changes, and a study reads the same formulas for each variant
def parse(text: str) -> Expr:
    """Read a formula or a part of one.

    Parameters
    ----------
    text : str
        E.g. ``"Surv(entry, exit, death) ~ age * sex"`` or ``"age + log(crp)"``.

    Raises
    ------
    DesignError
        Where the text stops being a formula.

    Examples
    --------
    >>> parse("age + log(crp)")
    Binary(operator='+', left=Name(name='age'), right=Call(function='log', arguments=(Name(name='crp'),), keywords=()))
    """
    if not text.strip():
        raise DesignError("a formula must not be empty", where="formula")
    parser = _Parser(text)
    tree = parser.expression(0)
    if parser.kind != "end":
        raise parser.unexpected()
    return tree


class _Parser:
    """Operator-precedence parser over the tokens of one formula."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.kind, self.symbol, self.start = "", "", 0
        self.advance()

    def advance(self) -> None:
        rest = self.text[self.position :]
        if not rest.strip():
            self.kind, self.symbol, self.start = "end", "", len(self.text)
            return
        match = TOKEN.match(rest)
        if match is None:
            raise DesignError(
                f"cannot read {rest.strip()[:20]!r} at position {self.position + 1} of {self.text.strip()!r}",
                where="formula",
                remedy="Names with other characters go between backticks: `my column`.",
            )
        kind = match.lastgroup or ""
        self.kind, self.symbol = kind, match[kind]
        self.start = self.position + match.start(kind)
        self.position += match.end()
        if self.symbol == "**":
            self.symbol = "^"

    def unexpected(self) -> DesignError:
        what = "the end" if self.kind == "end" else repr(self.symbol)
        return DesignError(
            f"unexpected {what} at position {self.start + 1} of {self.text.strip()!r}", where="formula"
        )

    def take(self, operator: str) -> None:
        if (self.kind, self.symbol) != ("op", operator):
            raise self.unexpected()
        self.advance()

    def expression(self, floor: int) -> Expr:
        left = self.prefix()
        while self.kind == "op" and (power := BINDING.get(self.symbol, -1)) > floor:
            operator = self.symbol
            self.advance()
            # R's ^ groups to the right, all else to the left.
            right = self.expression(power - 1 if operator == "^" else power)
            left = Binary(operator, left, right)
        return left

    def prefix(self) -> Expr:
        kind, symbol = self.kind, self.symbol
        if kind == "op" and symbol in {"+", "-", "~"}:
            self.advance()
            return Unary(symbol, self.expression(BINDING["~"] if symbol == "~" else UNARY))
        if kind == "op" and symbol == "(":
            self.advance()
            inner = self.expression(0)
            self.take(")")
            return inner
        if kind == "op" and symbol == "[":
            self.advance()
            return Items(tuple(self.sequence("]")))
        if kind not in {"number", "text", "name", "quoted"}:
            raise self.unexpected()
        self.advance()
        if kind == "number":
            return Number(float(symbol))
        if kind == "text":
            return Text(symbol[1:-1])
        if kind == "name" and self.kind == "op" and self.symbol == "(":
            self.advance()
            return self.call(symbol)
        return Name(symbol)

    def sequence(self, end: str) -> Iterator[Expr]:
        while (self.kind, self.symbol) != ("op", end):
            yield self.expression(0)
            if (self.kind, self.symbol) != ("op", end):
                self.take(",")
        self.take(end)

    def call(self, function: str) -> Expr:
        arguments: list[Expr] = []
        keywords: list[tuple[str, Expr]] = []
        while (self.kind, self.symbol) != ("op", ")"):
            argument = self.expression(0)
            if (self.kind, self.symbol) == ("op", "=") and isinstance(argument, Name):
                self.advance()
                keywords.append((argument.name, self.expression(0)))
            elif keywords:
                raise self.unexpected()
            else:
                arguments.append(argument)
            if (self.kind, self.symbol) != ("op", ")"):
                self.take(",")
        self.take(")")
        if function == "c":
            return Items(tuple(arguments))
        return Call(function, tuple(arguments), tuple(keywords))


def render(expr: Expr, floor: int = 0) -> str:
    """Write an expression as text that reads back to the same expression.

    Examples
    --------
    >>> render(parse("a*(b+c) - log( `odd name` )"))
    'a * (b + c) - log(`odd name`)'
    """
    match expr:
        case Number(value):
            return repr(value).removesuffix(".0")
        case Text(value):
            return f"'{value}'" if "'" not in value else f'"{value}"'
        case Name(name):
            return name if PLAIN_NAME.fullmatch(name) else f"`{name}`"
        case Items(items):
            return f"[{', '.join(render(i) for i in items)}]"
        case Call(function, arguments, keywords):
            inside = [render(a) for a in arguments] + [f"{k}={render(v)}" for k, v in keywords]
            return f"{function}({', '.join(inside)})"
        case Unary(operator, argument):
            text = f"{operator}{render(argument, UNARY)}" if operator != "~" else f"~ {render(argument)}"
            return text if floor < UNARY else f"({text})"
        case Binary(operator, left, right):
            power = BINDING[operator]
            to_right = operator == "^"
            gap = "" if operator in {":", "^", "/"} else " "  # as R writes them
            text = f"{render(left, power if to_right else power - 1)}{gap}{operator}{gap}{render(right, power - 1 if to_right else power)}"
            return text if power > floor else f"({text})"


def names_in(expr: Expr) -> Iterator[str]:
    """Columns that an expression reads, in order, with repeats."""
    match expr:
        case Name(name):
            yield name
        case Call(_, arguments, keywords):
            for argument in arguments:
                yield from names_in(argument)
            for _, value in keywords:
                if value not in TRUTH:
                    yield from names_in(value)
        case Items(items):
            for item in items:
                yield from names_in(item)
        case Unary(_, argument):
            yield from names_in(argument)
        case Binary(_, left, right):
            yield from names_in(left)
            yield from names_in(right)
        case _:
            pass


def rewrite(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """Replace every node for which ``change`` returns another, from the outside in."""
    new = change(expr)
    if new is not None:
        return new
    match expr:
        case Call(function, arguments, keywords):
            return Call(
                function,
                tuple(rewrite(a, change) for a in arguments),
                tuple((k, rewrite(v, change)) for k, v in keywords),
            )
        case Items(items):
            return Items(tuple(rewrite(i, change) for i in items))
        case Unary(operator, argument):
            return Unary(operator, rewrite(argument, change))
        case Binary(operator, left, right):
            return Binary(operator, rewrite(left, change), rewrite(right, change))
        case _:
            return expr
