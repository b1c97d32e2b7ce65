"""Names for the numbers of survival curves at the ticks of their figures."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Counted, SurvivalCurve


def survival_id(curve: SurvivalCurve, what: str, group: str, tick: float) -> str:
    """Name survival or a number at risk at a tick, in years."""
    by = () if curve.grouping is None else (curve.grouping,)
    return estimate_id(curve.outcome, "survival", what, *by, group, f"{tick:.6g}")


def counted_survival(curve: SurvivalCurve) -> Iterator[Counted]:
    """Name survival at the ticks, and who is at risk, has had the event or was censored before."""
    for g in curve.groups:
        for k, tick in enumerate(g.ticks_years):
            when = f"{tick:.6g} years, {g.label}"
            if k < len(g.at_risk):
                yield Counted(
                    id=survival_id(curve, "at_risk", g.label, tick),
                    estimand=f"at risk after {when}",
                    unit="persons",
                    estimate=g.at_risk[k],
                )
            for what, words, values in (
                ("events", "events", g.events),
                ("censored", "censored", g.censored),
            ):
                if k < len(values):
                    yield Counted(
                        id=survival_id(curve, what, g.label, tick),
                        estimand=f"{words} before {when}",
                        unit="persons",
                        estimate=values[k],
                    )
            steps = [j for j, t in enumerate(g.time_years) if t <= tick]
            if steps:
                j = steps[-1]
                yield Counted(
                    id=survival_id(curve, "survival", g.label, tick),
                    estimand=f"survival ({curve.label}) after {when}",
                    unit="probability",
                    estimate=g.survival[j],
                    lower=g.lower[j],
                    upper=g.upper[j],
                    method="Kaplan-Meier, 95% limits on the log-log scale",
                )
