"""Tests of equal curves: the log-rank family, with strata, trend and delayed entry, and Gray's test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtrc

from riskset.curves.causes import has_causes, read_causes
from riskset.curves.kaplan_meier import groups_change
from riskset.curves.rows import Rows, cells_of, listed, named_in, read_rows, require_groups
from riskset.curves.stays import Stays, stays_of, weights_of
from riskset.errors import DesignError, EpisodeError
from riskset.kernel.gray import gray
from riskset.kernel.logrank import logrank as sums_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroupTest:
    """A test that curves are equal in all groups.

    Attributes
    ----------
    method : str
        Name of the test, with its weights.
    statistic, p_value : float
        Chi-square and its upper tail; NaN where the groups never were at risk together.
    df : int
        Degrees of freedom.
    groups : polars.DataFrame
        The grouping columns, n, observed and expected (weighted by S^rho; score for Gray's test).
    """

    method: str
    statistic: float
    df: int
    p_value: float
    groups: pl.DataFrame

    def __repr__(self) -> str:
        return f"{self.method}: chi-square {self.statistic:.2f} on {self.df} df, P = {self.p_value:.2g}\n{self.groups}"


def logrank(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    strata: str | Sequence[str] | None = None,
    rho: float = 0.0,
    trend: bool | Sequence[float] = False,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    censor_competing: bool = False,
) -> GroupTest:
    """Test that the hazard of an event is the same in all groups.

    With competing events this compares cause-specific hazards, not risks, and must be asked for as such.

    Parameters
    ----------
    data, outcome, id, entry, exit
        As in :func:`kaplan_meier`; delayed entry is allowed.
    by : str or sequence of str
        Grouping columns. Groups that change over time give the test of Mantel and Byar.
    strata : str or sequence of str, optional
        Columns within whose combinations the groups are compared.
    rho : float
        Weight of each event time, S(t-) to this power: 0 log-rank, 1 Peto & Peto's Wilcoxon.
    trend : bool or sequence of float
        Test on 1 degree of freedom against a trend over the groups, in the order of their levels (scores 1, 2,
        ..., or those given).
    censor_competing : bool
        Whether events that compete may be taken as censoring.

    Returns
    -------
    GroupTest

    Raises
    ------
    DesignError
        There is one group only, or the outcome has competing events.

    References
    ----------
    Mantel 1966; Harrington & Fleming 1982; Tarone 1975 (trend); Mantel & Byar 1974.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import logrank
    >>> rows = pl.DataFrame({"month": [1, 2, 3, 4, 5, 6], "death": [1, 1, 1, 1, 0, 1], "arm": list("aabbab")})
    >>> test = logrank(rows, "Surv(month, death)", "arm")
    >>> test.df, round(test.statistic, 3)
    (1, 0.297)
    """
    if has_causes(data, outcome) and not censor_competing:
        raise DesignError(
            "the log-rank test of one of several causes compares hazards, not risks",
            where="outcome",
            remedy="Use gray_test for the risks, or say censor_competing=True with the 0/1 column of the event.",
        )
    start, stop, event = named_in(outcome, entry, exit)
    columns, within = listed(by), listed(strata)
    rows = read_rows(data, event=event, id=id, entry=start, exit=stop, also=[*columns, *within])
    levels, cell, stays, stratum = _grouped(rows, columns, within, rows.event.astype(np.intp))
    k = levels.height
    observed, expected, covariance = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for s in np.unique(stratum):
        part = stays.of(stratum == s)
        sums = sums_of(part.entry, part.exit, part.ends > 0, part.cell, k, rho)
        observed += sums.observed
        expected += sums.expected
        covariance += sums.covariance
    scores = None if trend is False else np.arange(1.0, k + 1) if trend is True else np.asarray(trend, float)
    if scores is not None and scores.shape != (k,):
        raise DesignError("a trend needs one score for each group", where="trend")
    name = "Mantel-Byar test" if groups_change(stays) else "log-rank test"
    name += (f", weights S^{rho:g}" if rho else "") + (", trend" if scores is not None else "")
    name += f", stratified by {', '.join(within)}" if within else ""
    table = levels.with_columns(
        n=pl.Series(np.bincount(cell, minlength=k)),
        observed=pl.Series(observed),
        expected=pl.Series(expected),
    )
    difference = observed - expected
    if scores is not None:
        variance = float(scores @ covariance @ scores)
        statistic = float(scores @ difference) ** 2 / variance if variance > 0 else float("nan")
        return GroupTest(name, statistic, 1, float(chdtrc(1, statistic)), table)
    used = np.flatnonzero(expected > 0)
    return _test(name, difference, covariance, used, table)


def gray_test(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    cause: str | None = None,
    strata: str | Sequence[str] | None = None,
    rho: float = 0.0,
    censored: str | int | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
) -> GroupTest:
    """Test that the cumulative incidence of a cause is the same in all groups, other causes competing.

    Parameters
    ----------
    data, outcome, censored, id, entry, exit
        As in :func:`aalen_johansen`; everybody must be at risk from the beginning.
    by : str or sequence of str
        Grouping columns, fixed for each person.
    cause : str, optional
        The cause whose incidence is compared; the first by default.
    strata : str or sequence of str, optional
        Columns within whose combinations the groups are compared.
    rho : float
        Weight of each time: (1 - incidence in all groups together) to this power.

    Returns
    -------
    GroupTest
        As R's ``cmprsk::cuminc`` (``Tests``).

    Raises
    ------
    DesignError
        There is one group only, or no such cause.
    EpisodeError
        People enter late or change groups, for which the test is not defined.

    References
    ----------
    Gray 1988.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import gray_test
    >>> rows = pl.DataFrame({"month": [1, 2, 3, 4, 5, 6], "cause": [1, 1, 2, 1, 0, 2], "arm": list("aabbab")})
    >>> gray_test(rows, "Surv(month, cause)", "arm").df
    1
    """
    columns, within = listed(by), listed(strata)
    found = read_causes(
        data,
        outcome,
        censored=censored,
        id=id,
        entry=entry,
        exit=exit,
        also=[*columns, *within],
        time_unit=None,
    )
    names = found.names
    if cause is not None and cause not in names:
        raise DesignError(
            f"there is no cause {cause!r}", where="cause", remedy=f"Causes: {', '.join(names)}."
        )
    number = 1 if cause is None else 1 + names.index(cause)
    levels, _, stays, stratum = _grouped(found.rows, columns, within, found.codes)
    if groups_change(stays):
        raise EpisodeError(
            "Gray's test is for groups that do not change",
            where=", ".join(columns),
            remedy="Use the group at entry, or at a landmark.",
        )
    late = np.isfinite(stays.entry) & (stays.entry > stays.entry.min())
    if late.any() or bool((stays.person[1:] == stays.person[:-1]).any()):
        raise EpisodeError(
            "Gray's test is for people who are at risk from the beginning on",
            n_rows=int(late.sum()),
            remedy="Compare hazards with logrank(censor_competing=True), or start at a landmark.",
        )
    k = levels.height
    score, covariance, n = np.zeros(k), np.zeros((k, k)), np.bincount(stays.cell, minlength=k)
    for s in np.unique(stratum):
        part = stays.of(stratum == s)
        u, v = gray(part.exit, part.ends, part.cell, k, number, rho)
        score += u
        covariance += v
    name = f"Gray's test of {names[number - 1]}" + (f", weights (1 - F)^{rho:g}" if rho else "")
    name += f", stratified by {', '.join(within)}" if within else ""
    events = np.bincount(stays.cell, weights=stays.ends == number, minlength=k)
    table = levels.with_columns(n=pl.Series(n), observed=pl.Series(events), score=pl.Series(score))
    return _test(name, score, covariance, np.flatnonzero(n > 0), table)


def _grouped(
    rows: Rows, columns: list[str], within: list[str], ends: NDArray[np.intp]
) -> tuple[pl.DataFrame, NDArray[np.intp], Stays, NDArray[np.intp]]:
    """Join rows within groups and strata; return levels, the group of each stay, the stays and their strata."""
    if not columns:
        raise DesignError("a test needs groups", where="by", remedy="Give by='...'.")
    levels, cell = cells_of(rows.frame, columns)
    require_groups(levels, rows.frame, columns)
    if levels.height < 2:
        raise DesignError("a test needs two groups or more", where=", ".join(columns))
    strata, number = cells_of(rows.frame, within)
    require_groups(strata, rows.frame, within)
    both = cell + levels.height * number
    stays = stays_of(rows, both, weights_of(rows, None), ends)
    group, stratum = stays.cell % levels.height, stays.cell // levels.height
    stays = Stays(stays.person, group, stays.entry, stays.exit, stays.ends, stays.state, stays.weight)
    return levels, group, stays, stratum


def _test(
    name: str, difference: Floats, covariance: Floats, used: NDArray[np.intp], table: pl.DataFrame
) -> GroupTest:
    """Quadratic form of all groups but one."""
    kept = used[:-1]
    df = kept.size
    if df == 0 or np.linalg.matrix_rank(covariance[np.ix_(kept, kept)]) < df:
        return GroupTest(name, float("nan"), df, float("nan"), table)
    statistic = float(difference[kept] @ np.linalg.solve(covariance[np.ix_(kept, kept)], difference[kept]))
    return GroupTest(name, statistic, df, float(chdtrc(df, statistic)), table)
