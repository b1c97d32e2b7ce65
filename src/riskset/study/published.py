"""Published figures beside the run's, and whether the printed ones agree with each other.

An abstract prints persons, events, rates and a mean observation time. Events over persons x time is a rate
too: where it does not round to the printed one, a figure is misprinted or two of them speak of different
times, and a reader should know before comparing anything with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from riskset.errors import counted
from riskset.study.ids import estimate_id
from riskset.study.results import Estimate, OutcomeRates, Printed
from riskset.study.results_values import exact

CONTRADICTION = "The printed figures do not fit each other"
"""How a sentence begins that finds printed figures at odds."""


@dataclass(frozen=True, slots=True)
class PrintedMargins:
    """What a publication says of its own cohort.

    Parameters
    ----------
    persons : int, optional
        Persons.
    events : mapping
        Events by outcome.
    rates : mapping
        Rates by outcome, in the unit of the run's rates; all printed to the same number of decimals.
    mean_follow_up : float, optional
        Mean observation in the person-time unit of the rates (years where they are per person-year).
    """

    persons: int | None = None
    events: Mapping[str, int] = field(default_factory=dict[str, int])
    rates: Mapping[str, float] = field(default_factory=dict[str, float])
    mean_follow_up: float | None = None

    @property
    def decimals(self) -> int:
        """Decimals of the printed rates: those of the longest, because 0.10 reads back as 0.1.

        Examples
        --------
        >>> PrintedMargins(rates={"cve": 0.09, "death": 0.10}).decimals
        2
        """
        return max((len(f"{rate!r}".partition(".")[2]) for rate in self.rates.values()), default=0)


def person_time_behind(events: int, rate: float, decimals: int) -> tuple[float, float]:
    """Give the smallest and largest person-time for which ``events`` per time rounds to the printed rate.

    Examples
    --------
    >>> low, high = person_time_behind(159, 0.10, 2)
    >>> round(low), round(high)
    (1514, 1674)
    """
    half = 0.5 * 10.0**-decimals
    return events / (rate + half), (events / (rate - half) if rate > half else float("inf"))


def compare(
    printed: PrintedMargins, rates: Sequence[OutcomeRates], *, persons: int, per: float, unit: str
) -> tuple[Printed, ...]:
    """Set printed margins beside the run's, each with a sentence on its agreement.

    Parameters
    ----------
    printed : PrintedMargins
        What the publication says.
    rates : sequence of OutcomeRates
        The run's rates, in the same unit.
    persons : int
        Persons included by the run.
    per : float
        Rates are events per this many person-units.
    unit : str
        The person-time unit: "years", "months", "weeks" or "days".

    Returns
    -------
    tuple of Printed
        The printed numbers, ``all/published/persons``, ``OUTCOME/published/events``, ``OUTCOME/published/rate``,
        and ``OUTCOME/published/implied_rate`` where the printed figures can be held against each other. The
        sentence on agreement stands in ``warnings``.
    """
    found = {item.outcome: item for item in rates}
    out: list[Printed] = []
    if printed.persons is not None:
        said = _gap(printed.persons, persons)
        out.append(
            _as_printed(
                estimate_id("all", "published", "persons"), "persons", "persons", float(printed.persons), said
            )
        )
    for name, events in printed.events.items():
        item = found[name]
        said = _gap(events, exact(item.total.basis.n_events))
        words = f"events: {item.label}"
        out.append(
            _as_printed(estimate_id(name, "published", "events"), words, "events", float(events), said)
        )
    for name, rate in printed.rates.items():
        item = found[name]
        said = _rounds_to(item.total, rate, printed.decimals)
        words = f"incidence rate: {item.label}"
        out.append(_as_printed(estimate_id(name, "published", "rate"), words, item.total.unit, rate, said))
    if printed.persons and printed.mean_follow_up:
        time = printed.persons * printed.mean_follow_up
        both = [found[name] for name in printed.rates if name in printed.events]
        out.extend(_implied(item, printed, time=time, per=per, unit=unit) for item in both)
    return tuple(out)


def _as_printed(name: str, words: str, unit: str, value: float, said: str) -> Printed:
    return Printed(
        id=name,
        estimand=f"{words}, as printed",
        unit=unit,
        estimate=value,
        method="as printed",
        warnings=(said,) if said else (),
    )


def _gap(printed: int, run: int) -> str:
    if run == printed:
        return f"The run has the printed {printed:,}."
    share = f" ({100 * (run - printed) / printed:+.1f}%)" if printed else ""
    return f"The run has {run:,}, {abs(run - printed):,} {'more' if run > printed else 'fewer'}{share}."


def _rounds_to(total: Estimate, rate: float, decimals: int) -> str:
    if total.estimate is None:
        return ""
    same = round(total.estimate, decimals) == round(rate, decimals)
    said = f"The run's {total.estimate:.{decimals + 1}f} {'rounds' if same else 'does not round'} to {rate:.{decimals}f}"
    if total.lower is not None and total.upper is not None:
        inside = total.lower <= rate <= total.upper
        said += f"; its confidence interval {'includes' if inside else 'excludes'} the printed rate"
    return f"{said}."


def _implied(item: OutcomeRates, printed: PrintedMargins, *, time: float, per: float, unit: str) -> Printed:
    events, rate, decimals = printed.events[item.outcome], printed.rates[item.outcome], printed.decimals
    implied = per * events / time
    # printing a rate per 100 moves its decimals by two
    low, high = person_time_behind(events, rate / per, decimals + max(len(f"{per:.0f}") - 1, 0))
    if low < time <= high:
        said = (
            f"The printed figures fit each other: {counted(events, 'event')} in {time:,.0f} person-{unit} are "
            f"{implied:.{decimals + 1}f}, printed as {rate:.{decimals}f}."
        )
    else:
        said = (
            f"{CONTRADICTION}: {counted(events, 'event')} in {time:,.0f} person-{unit} "
            f"(persons × mean observation) are {implied:.{decimals + 1}f}, but {rate:.{decimals}f} is printed, "
            f"which needs {low:,.0f} to {high:,.0f} person-{unit}. Either the mean observation speaks of another "
            "time than this outcome's follow-up, or a figure is misprinted."
        )
    return Printed(
        id=estimate_id(item.outcome, "published", "implied_rate"),
        estimand=f"incidence rate: {item.label}, from the printed events, persons and mean observation",
        unit=item.total.unit,
        estimate=implied,
        method="printed events / (printed persons × printed mean observation)",
        warnings=(said,),
    )
