"""`multistate_cox`: hazards of several transitions between states, with effects and baselines apart or shared."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from riskset.cox import hypotheses
from riskset.cox.arrays import codes
from riskset.cox.causes import status_of
from riskset.cox.contrasts import normal_deviate
from riskset.cox.coxph import complete_rows
from riskset.cox.multistate_parts import Part, StackedRows, fit_parts
from riskset.cox.printing import coefficient_table, p_value
from riskset.cox.transitions import Moves, Transition, moves, named
from riskset.design import Design, build_design, parse_formula, to_polars
from riskset.design.evaluate import to_polars_expr
from riskset.errors import DesignError, RisksetWarning, counted
from riskset.linalg import quadratic_form

Floats = NDArray[np.float64]
WRONG = {
    "monotone likelihood": "the likelihood has no maximum, and coefficients run off",
    "not converged": "Newton's method did not converge; do not use the estimates",
}


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MultistateFit:
    """Proportional hazards of the transitions between states.

    Attributes
    ----------
    formula : str
    moves : Moves
        States and transitions of the rows.
    names : tuple of str
        Of the coefficients: ``age: well -> ill``, ``age`` where it is common, ``ill -> dead / well -> dead`` for the
        ratio of a shared baseline.
    params : float array (p,)
        Log hazard ratios.
    covariance, robust_covariance : float arrays (p, p)
        Inverse information; sandwich over persons.
    robust : bool
    loglik, loglik_null : float
    n_events : tuple of int
        By transition.
    n_at_risk : tuple of int
        Persons (rows, if none are named) ever at risk of each transition.
    n_rows : int
    ties : str
    parts : tuple of Part
        What was fitted together.
    designs : dict of Transition to Design
    """

    formula: str
    moves: Moves = field(repr=False)
    names: tuple[str, ...]
    params: Floats
    covariance: Floats
    robust_covariance: Floats
    robust: bool
    loglik: float
    loglik_null: float
    n_events: tuple[int, ...]
    n_at_risk: tuple[int, ...]
    n_rows: int
    ties: str
    parts: tuple[Part, ...] = field(repr=False)
    designs: dict[Transition, Design] = field(repr=False)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Transitions that happen, by their states."""
        return self.moves.transitions

    @property
    def message(self) -> str:
        """What the reader must know: parts whose likelihood has no maximum, coefficients not estimated; or ''."""
        said = [
            f"{'; '.join(map(str, p.transitions))}: {WRONG[p.matrix.status]}"
            for p in self.parts
            if p.matrix.status in WRONG
        ]
        missing = [n for n, b in zip(self.names, self.params, strict=True) if np.isnan(b)]
        if missing:
            said.append(
                f"constant, or a combination of other columns, and not estimated: {', '.join(missing)}"
            )
        return "; ".join(said)

    def cov_params(self, robust: bool | None = None) -> Floats:
        """Variance of the coefficients, shape (p, p)."""
        return self.robust_covariance if (self.robust if robust is None else robust) else self.covariance

    @property
    def std_error(self) -> Floats:
        """Standard errors, shape (p,); NaN at coefficients not estimated."""
        return np.where(np.isnan(self.params), np.nan, np.sqrt(np.diag(self.cov_params())))

    def confint(self, level: float = 0.95) -> Floats:
        """Wald limits of the log hazard ratios, shape (p, 2)."""
        z = normal_deviate(level)
        return self.params[:, None] + np.array([-z, z]) * self.std_error[:, None]

    def summary(self, level: float = 0.95) -> pl.DataFrame:
        """One row per coefficient: term, estimate, hazard_ratio, std_error, robust_se, z, p, lower, upper."""
        naive = np.where(np.isnan(self.params), np.nan, np.sqrt(np.diag(self.covariance)))
        se = self.std_error
        z = self.params / se
        limits = np.exp(self.confint(level))
        columns = {
            "estimate": self.params,
            "hazard_ratio": np.exp(self.params),
            "std_error": naive,
            "robust_se": se if self.robust else np.full(se.size, np.nan),
            "z": z,
            "p": 2 * ndtr(-np.abs(z)),
            "lower": limits[:, 0],
            "upper": limits[:, 1],
        }
        table = pl.DataFrame({"term": self.names} | columns, schema_overrides={"term": pl.String})
        return table.with_columns(pl.col(*columns).fill_nan(None))

    def wald(self, names: Sequence[str] | None = None) -> hypotheses.Test:
        """Test that the named coefficients, all by default, are zero."""
        chosen = range(len(self.names)) if names is None else [self.names.index(n) for n in names]
        places = np.array([j for j in chosen if not np.isnan(self.params[j])], dtype=np.int64)
        return hypotheses.Test.of(
            *quadratic_form(self.params[places], self.cov_params()[np.ix_(places, places)])
        )

    def __repr__(self) -> str:
        lines = [
            f"Multi-state Cox model: {self.formula}",
            f"{counted(self.n_rows, 'row')}; ties: {self.ties}",
        ]
        lines += [
            f"  {t}: {n:,} at risk, {counted(d, 'event')}"
            for t, n, d in zip(self.transitions, self.n_at_risk, self.n_events, strict=True)
        ]
        if self.names:
            test = self.wald()
            lines += ["", coefficient_table(self.summary(), robust=self.robust), ""]
            lines.append(f"Wald test {test.chi2:.2f} on {test.df:.4g} df, p {p_value(test.p)}")
        if self.message:
            lines.append(f"Note: {self.message}")
        return "\n".join(lines)


def multistate_cox(
    formula: str,
    data: Any,
    *,
    id: str | None = None,
    censored: Any = None,
    state: str | None = None,
    effects: Mapping[Any, str] | None = None,
    common: Sequence[str] = (),
    baselines: Sequence[Sequence[Any]] = (),
    ties: Literal["breslow", "efron"] = "breslow",
    weights: str | None = None,
    robust: bool | None = None,
    missing: Literal["drop", "raise"] = "drop",
) -> MultistateFit:
    """Estimate log hazard ratios of all transitions between states, as R's multi-state ``coxph``.

    Parameters
    ----------
    formula : str
        ``"Surv(entry, exit, status) ~ ..."``: the status column holds the state reached at the end of a row, or
        censoring. The right side is that of every transition.
    data : frame-like
        Rows of a person follow each other.
    id : str, optional
        Column of persons, by which states are followed and the robust variance is summed.
    censored : value, optional
        Value of the status column that means no transition: by default 0, false, or the first level of a category.
    state : str, optional
        Column of the state in which a person begins; by default all begin in ``(start)``.
    effects : mapping of transition to formula, optional
        Right sides of transitions that have another one: ``{"(start) -> ill": "age + sex + dose"}``.
    common : sequence of str, optional
        Terms whose effect is the same on all transitions.
    baselines : sequence of sequences of transitions, optional
        Transitions whose baseline hazards are proportional to that of the first one.
    ties : {"breslow", "efron"}
        Breslow's, as R for several states.
    weights : str, optional
        Column of case weights.
    robust : bool, optional
        By default where ``id`` is named or weights are not whole.
    missing : {"drop", "raise"}
        Rows with a missing value in a variable of any transition.

    Returns
    -------
    MultistateFit

    Raises
    ------
    FitError
        If a transition that is named does not happen, or rows of a person overlap.

    References
    ----------
    Andersen, P. K. & Keiding, N. (2002). Multi-state models for event history analysis. Statistical Methods in
    Medical Research 11, 91-115.
    Putter, H., Fiocco, M. & Geskus, R. B. (2007). Tutorial in biostatistics: competing risks and multi-state models.
    Statistics in Medicine 26, 2389-2430.

    Examples
    --------
    >>> rows = {"id": [1, 1, 2, 3, 3, 4, 5], "a": [0, 2, 0, 0, 3, 0, 0], "b": [2, 5, 4, 3, 6, 7, 8],
    ...         "to": ["ill", "dead", "dead", "ill", "none", "none", "dead"], "x": [1, 1, 0, 1, 1, 1, 0]}
    >>> fit = multistate_cox("Surv(a, b, to) ~ 1", rows, id="id", censored="none")
    >>> [str(t) for t in fit.transitions], fit.n_events
    (['(start) -> dead', '(start) -> ill', 'ill -> dead'], (2, 2, 1))
    """
    status = status_of(formula, data, censored)
    surv = parse_formula(formula).surv
    if surv is None:  # which status_of has refused
        raise DesignError("the model needs a response", where="formula")
    own = {} if effects is None else dict(effects)
    variables = [v for f in (formula, *own.values()) for v in parse_formula(f).variables]
    columns = dict.fromkeys([*variables, *(c for c in (id, state, weights) if c is not None)])
    frame = complete_rows(to_polars(data, tuple(columns)), missing, id)
    times = frame.select(
        exit=to_polars_expr(surv.exit).cast(pl.Float64),
        entry=(pl.lit(None) if surv.entry is None else to_polars_expr(surv.entry)).cast(pl.Float64),
    )
    moved = moves(
        frame.with_columns(__exit__=times["exit"], __entry__=times["entry"]),
        status,
        id=id,
        exit="__exit__",
        entry=None if surv.entry is None else "__entry__",
        start=state,
    )
    changed = {named(moved.transitions, t): f for t, f in own.items()}
    order = to_polars_expr(surv.exit if surv.entry is None else surv.entry)
    designs = {
        t: build_design(parse_formula(changed.get(t, formula)), frame, order=order, person=id)
        for t in moved.transitions
    }
    weight = None if weights is None else frame[weights].cast(pl.Float64).to_numpy()
    if robust is None:
        robust = id is not None or (weight is not None and not np.array_equal(weight, np.floor(weight)))
    rows = StackedRows(
        frame=frame,
        entry=None if surv.entry is None else times["entry"].to_numpy(),
        exit=times["exit"].to_numpy(),
        weight=weight,
        person=np.arange(frame.height) if id is None else codes(frame[id].rank("dense").to_numpy()),
        moves=moved,
        designs=designs,
    )
    shared = [[named(moved.transitions, t) for t in group] for group in baselines]
    found = fit_parts(rows, tuple(common), shared, ties)
    fit = MultistateFit(
        formula=formula,
        moves=moved,
        names=found.names,
        params=found.params,
        covariance=found.covariance,
        robust_covariance=found.robust_covariance,
        robust=robust,
        loglik=sum(p.matrix.loglik for p in found.parts),
        loglik_null=sum(p.matrix.loglik_null for p in found.parts),
        n_events=tuple(int(moved.happens(t).sum()) for t in moved.transitions),
        n_at_risk=tuple(int(np.unique(rows.person[moved.at_risk(t)]).size) for t in moved.transitions),
        n_rows=frame.height,
        ties=ties,
        parts=found.parts,
        designs=designs,
    )
    if fit.message:
        warnings.warn(RisksetWarning(fit.message), stacklevel=2)
    return fit
