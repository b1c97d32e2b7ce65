"""Numbers of a run on the terminal: one with everything that belongs to it, several as lines."""

from __future__ import annotations

from pydantic import JsonValue

from riskset.errors import OutputError
from riskset.report import formats as fmt
from riskset.study.numbers import FinishedRun, Number, matching, nearest_names
from riskset.study.results import Counted, Estimate, Printed
from riskset.study.results_values import MASKED


def shown(run: FinishedRun, asked: str | None) -> str:
    """Show what a run found under a name.

    Parameters
    ----------
    run : FinishedRun
    asked : str, optional
        A name, a pattern with ``*``, or words that the name or what it estimates holds; without it every number.

    Returns
    -------
    str
        One number with its interval, what it rests on and where it comes from; several as one line each.

    Raises
    ------
    OutputError
        If no number has such a name.
    """
    found = chosen(run, asked)
    if len(found) == 1:
        return _whole(run, found[0])
    width = max(len(n.id) for n in found)
    lines = [f"{n.id:<{width}}  {value_in_words(n)}" for n in found]
    return "\n".join(
        [*lines, f"{len(found)} numbers of {run.folder}. Give a whole name to see one with its origin."]
    )


def chosen(run: FinishedRun, asked: str | None) -> list[Number]:
    """Choose the numbers that a name means."""
    numbers = run.numbers
    names = list(numbers) if asked is None else matching(numbers, asked) or _described(run, asked)
    if not names:
        near = nearest_names(numbers, asked or "")
        raise OutputError(
            f"no number is called {asked}" if numbers else "the run holds no number",
            where=str(run.folder),
            remedy=f"Did you mean: {'; '.join(near)}?" if near else "List all of them: riskset show.",
        )
    return [numbers[name] for name in names]


def _described(run: FinishedRun, asked: str) -> list[str]:
    """Find numbers by words of what they estimate, where their names do not hold them: "death hazard ratio"."""
    words = asked.casefold().replace("_", " ").split()
    texts = {name: f"{name} {n.estimand}".casefold().replace("_", " ") for name, n in run.numbers.items()}
    return [name for name, text in texts.items() if words and all(w in text for w in words)]


def as_json(run: FinishedRun, asked: str | None) -> dict[str, JsonValue]:
    """Give numbers with the checksums of the run that they belong to, for programs."""
    return {
        "riskset": run.results.riskset,
        "plan_sha256": run.results.plan_sha256,
        "inputs_sha256": run.manifest.get("inputs_sha256", {}),
        "numbers": [n.model_dump(mode="json") for n in chosen(run, asked)],
    }


def value_in_words(number: Number) -> str:
    """Print a number as the report does: estimate, interval, P value.

    Examples
    --------
    >>> value_in_words(Printed(id="a/b/c", estimand="rate", unit="events", estimate=0.09, method="printed"))
    '0.09'
    """
    if number.estimate is None and MASKED in number.warnings:
        return fmt.MASKED
    if isinstance(number, Printed):
        return fmt.plain(number.estimate)
    if isinstance(number, Counted):
        return _counted_in_words(number)
    if "ratio" in number.unit:
        text = fmt.ratio(number.estimate) if number.estimate is not None else "not defined"
        limits = fmt.ratio_limits(number.lower, number.upper)
    else:
        decimals = fmt.decimals_for(number.estimate)
        text = fmt.fixed(number.estimate, decimals) if number.estimate is not None else "not defined"
        low, high = (
            fmt.UNBOUNDED if v is None else fmt.fixed(v, decimals) for v in (number.lower, number.upper)
        )
        limits = f"{low} to {high}"
    if number.lower is not None or number.upper is not None:
        text += f" ({fmt.level_percent(number.level)} CI {limits})"
    if number.p is not None:
        text += f", {fmt.p_phrase(number.p).replace(fmt.THIN, ' ')}"
    return text


def _counted_in_words(number: Counted) -> str:
    if isinstance(number.estimate, int):
        text = fmt.count(number.estimate)
    else:
        text = fmt.fixed(number.estimate, fmt.decimals_for(number.estimate))
    if number.lower is not None and number.upper is not None:
        decimals = fmt.decimals_for(number.estimate)
        text += f" ({fmt.fixed(number.lower, decimals)} to {fmt.fixed(number.upper, decimals)})"
    if number.of is not None and isinstance(number.estimate, int):
        text += f" of {fmt.fixed(number.of, 0)}"
    return text


def _whole(run: FinishedRun, number: Number) -> str:
    facts: list[tuple[str, str]] = [("Estimand", number.estimand), ("Value", value_in_words(number))]
    if isinstance(number, Estimate):
        exact = [
            repr(v) if v is not None else fmt.DASH for v in (number.estimate, number.lower, number.upper)
        ]
        facts.append(("In full", " / ".join(exact) + ("" if number.p is None else f", P {number.p!r}")))
        facts += [("Unit", number.unit)]
        facts += [("Reference", number.reference)] if number.reference else []
        facts.append(("Method", number.method))
        b = number.basis
        facts.append(
            (
                "Rests on",
                f"{fmt.count(b.n_persons)} persons, {fmt.count(b.n_rows)} rows, {fmt.count(b.n_events)} events, "
                f"{fmt.fixed(b.person_years, fmt.person_time(b.person_years))} person-years",
            )
        )
    else:
        facts += [("Unit", number.unit), ("Method", number.method)]
    facts += [("Warning", w) for w in number.warnings]
    facts.append(("Plan", f"SHA-256 {run.results.plan_sha256}"))
    inputs = run.manifest.get("inputs_sha256", {})
    facts += [("Table", f"{name}, SHA-256 {digest}") for name, digest in sorted(inputs.items())]
    facts.append(("From", f"{run.folder}, written by riskset {run.results.riskset}"))
    return "\n".join([number.id, *(f"  {name:<10}{text}" for name, text in facts)])
