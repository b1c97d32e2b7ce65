"""Tests that disjoint groups of persons share their hazard ratios: each by itself, and all together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.effects import Interaction, Ratio, heterogeneity
from riskset.errors import FitError
from riskset.study.ids import estimate_id
from riskset.study.models import Question, basis_of
from riskset.study.results_subgroups import SubgroupLevel
from riskset.study.results_values import Basis, Estimate, exact
from riskset.study.wording import listing

METHOD = "Cochran's Q over disjoint groups, weights 1 / SE² on the log scale"
JOINT_METHOD = "Wald test over disjoint groups, all contrasts together"


@dataclass(frozen=True)
class Fitted:
    """The primary model in one group, with what the tests over groups need."""

    fit: CoxFit
    found: Interaction


@dataclass(frozen=True)
class GroupTests:
    """Tests of one outcome over the groups of one analysis.

    Parameters
    ----------
    question : Question
    label : str
        Of the analysis.
    model : str
        What stands for the model in their names.
    levels : tuple of SubgroupLevel
    fits : dict
        By group, where there is a fit.
    """

    question: Question
    label: str
    model: str
    levels: tuple[SubgroupLevel, ...]
    fits: dict[str, Fitted]

    def single(self, what: str, ratios: Callable[[Interaction], tuple[Ratio, ...]]) -> tuple[Estimate, ...]:
        """Test each ratio by itself."""
        known = {
            label: {(r.exposure, r.modifier): r for r in ratios(f.found)} for label, f in self.fits.items()
        }
        names = dict.fromkeys(n for one in known.values() for n in one)
        out: list[Estimate] = []
        for name in names:
            mine = {k: one[name] for k, one in known.items() if name in one and _defined(one[name])}
            words = self._words(what, f" ({name[0]}, {name[1]})")
            found = None
            if len(mine) > 1:
                logs = [_log(r) for r in mine.values()]
                found = heterogeneity(logs, std_errors=[r.std_error or math.nan for r in mine.values()])
            identity = self._id(f"heterogeneity_of_{what}", *map(str, name))
            numbers = None if found is None else (found.chi2, found.df, found.p)
            out.append(self._estimate(identity, words, numbers, METHOD, list(mine)))
        return tuple(out)

    def joint(self, what: str, ratios: Callable[[Interaction], tuple[Ratio, ...]]) -> Estimate | None:
        """Test all ratios together; a group that lacks one counts with its others."""
        if not self.fits or len(ratios(next(iter(self.fits.values())).found)) < 2:
            return None
        logs: list[list[float]] = []
        V: list[NDArray[np.float64]] = []
        for f in self.fits.values():
            known = ratios(f.found)
            logs.append([_log(r) for r in known])
            vectors = np.array([r.vector for r in known])
            V.append(vectors @ f.fit.cov_params() @ vectors.T)
        numbers, used = None, list(self.fits)
        try:
            found = heterogeneity(logs, covariances=V)
            numbers = (found.chi2, found.df, found.p)
        except FitError:  # nothing in common, or a robust variance of fewer persons than contrasts
            used = []
        words = self._words(what, ", all levels together")
        return self._estimate(
            self._id(f"joint_heterogeneity_of_{what}"),
            words,
            numbers,
            JOINT_METHOD,
            used,
            self._lacking(ratios),
        )

    def _lacking(self, ratios: Callable[[Interaction], tuple[Ratio, ...]]) -> list[str]:
        """Name what groups have no estimate of."""
        gaps = {k: [r for r in ratios(f.found) if not _defined(r)] for k, f in self.fits.items()}
        return [
            f"{k} ({listing(dict.fromkeys(f'{r.exposure}, {r.modifier}' for r in lost))})"
            for k, lost in gaps.items()
            if lost
        ]

    def _words(self, what: str, more: str) -> str:
        cells = self.question.cells
        ratio = "hazard ratio" if what == "hr" else "ratio of hazard ratios"
        return (
            f"test that the {ratio} of {cells.exposure_label} for {self.question.label} is the same in all "
            f"subgroups{more}"
        )

    def _id(self, estimand: str, *levels: str) -> str:
        return estimate_id(self.question.outcome, self.model, estimand, *levels)

    def _estimate(
        self,
        identity: str,
        words: str,
        numbers: tuple[float, float, float] | None,
        method: str,
        used: list[str],
        lacking: Sequence[str] = (),
    ) -> Estimate:
        away = [level.label for level in self.levels if level.label not in used] + list(lacking)
        said: list[str] = []
        if numbers is None:
            said.append(f"{self.label}: fewer than two groups have an estimate.")
        elif away:
            said.append(f"{self.label}: without {listing(away)}, where there is no estimate.")
        return Estimate(
            id=identity,
            estimand=words,
            unit="chi-square" if numbers is None else f"chi-square on {numbers[1]:.0f} df",
            estimate=None if numbers is None else numbers[0],
            p=None if numbers is None else numbers[2],
            method=method,
            basis=self._basis(used),
            warnings=tuple(said),
        )

    def _basis(self, used: list[str]) -> Basis:
        bases = [basis_of(self.fits[k].fit) for k in used]
        return Basis(
            n_persons=sum(exact(b.n_persons) for b in bases),
            n_rows=sum(exact(b.n_rows) for b in bases),
            n_events=sum(exact(b.n_events) for b in bases),
            person_years=sum(b.person_years or 0.0 for b in bases),
        )


def _defined(r: Ratio) -> bool:
    return (
        r.log_estimate is not None
        and r.std_error is not None
        and math.isfinite(r.std_error)
        and r.std_error > 0
    )


def _log(r: Ratio) -> float:
    return r.log_estimate if r.log_estimate is not None and _defined(r) else math.nan
