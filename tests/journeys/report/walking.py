"""Every number of results by its name, and whether a printed number is one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from riskset.report.clock import DAYS
from riskset.study.counted import counted
from riskset.study.ids import parse_id
from riskset.study.numbers import numbers_of
from riskset.study.results import Counted, Estimate, Results

NUMBER = re.compile(r"[<>]?[−-]?\d[\d,]*(?:\.\d+)?(?:e[−-]?\d+)?")


def numbers_in(text: str) -> list[str]:
    return NUMBER.findall(text)


def shows(token: str, values: list[float]) -> bool:
    """Say whether a printed number is the rounding of one of the values, to the decimals that it has."""
    bound, plain = token[0], token.lstrip("<>").replace(",", "").replace("−", "-")
    x = float(plain)
    if bound == "<":
        return any(v < x for v in values)
    if bound == ">":
        return any(v > x for v in values)
    mantissa, _, power = plain.partition("e")
    unit = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    return any(abs(v - x) <= 0.5 * unit * (1 + 1e-9) + 1e-12 for v in values)


def index(results: Results) -> dict[str, list[float]]:
    """Every number of the results by name: what may be printed under it."""
    found: dict[str, list[float]] = {}
    plain = results.model_copy(update={"counted": ()})
    for e in (*numbers_of(plain), *counted(results)):
        assert e.id not in found, e.id
        values: list[float | None] = [e.estimate]
        if isinstance(e, Estimate):
            values += [e.lower, e.upper]
            if e.unit == "probability":  # printed as a percentage
                values += [None if v is None else 100 * v for v in values]
            values += [e.p, 100 * e.level]
            values += [float(v) for v in e.basis.model_dump().values()]
            values += [DAYS * e.basis.person_years]  # where rates are per day
            values += [float(df) for df in re.findall(r"on (\d+) df", e.unit)]
        elif isinstance(e, Counted):
            values += [e.lower, e.upper, e.of, e.percent, e.sd]
            if e.unit == "probability":
                values += [None if v is None else 100 * v for v in values]
            if "years" in e.unit:
                values += [None if v is None else DAYS * v for v in values]
            # a point of a curve, a tick: where it lies is a level of its name
            places = [float(v) for v in parse_id(e.id).levels if re.fullmatch(r"-?[\d.]+", v)]
            values += [*places, *(DAYS * v for v in places)]
        found[e.id] = [v for v in values if v is not None]
    return found


def strings_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_of(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from strings_of(item)
