"""The plan's question: an exposure in groups, what may modify it, and the models that put it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from riskset.study.plan_tables import Name, Section, Text

CUT_KEYS = ("below", "cuts", "quantiles")


class Groups(Section):
    """A measure in groups: two by one cut-point, several by several, or equal parts of the cohort."""

    below: float | None = None
    """Cut-point: the first group lies below it, the second at or above it."""
    cuts: Annotated[tuple[float, ...], Field(min_length=1, max_length=9)] | None = None
    """Several cut-points, rising: a value at a cut belongs to the group above it."""
    quantiles: Annotated[int, Field(ge=2, le=10)] | None = None
    """As many groups of equal size, by the values at index of the eligible persons: 3 for thirds."""
    labels: tuple[Text, ...] = ()
    """Names of the groups from the lowest to the highest; by default what the cut-points say."""
    reference: str = ""
    """The label that the others are compared with; the highest group by default."""

    @property
    def fixed_cuts(self) -> tuple[float, ...]:
        """Cut-points that the plan gives; none where the cohort gives them."""
        return self.cuts or (() if self.below is None else (self.below,))


class Curve(Section):
    """The exposure as a restricted cubic spline."""

    knots: Annotated[int, Field(ge=3, le=7)] = 4
    """Number of knots, 3 to 7."""
    reference: float | None = None
    """Value at which the hazard ratio is 1; the baseline median by default."""


class Exposure(Section):
    """The measure whose effect is asked for."""

    measure: Name
    """A key of [measures]."""
    groups: Groups
    """Its groups."""
    rationale: str = ""
    """Where the cut-point comes from; without it the report calls it exploratory."""
    curve: Curve = Curve()
    """Its spline curve."""


class Modifier(Section):
    """What may change the exposure's effect: a drug, a state after an event, a category fixed at index, or a measure in groups."""

    drug: Name | None = None
    """A key of [drugs]."""
    state: Name | None = None
    """A key of [states]: a diagnosis during follow-up."""
    baseline: Name | None = None
    """A key of [baseline] that is a category, or true or false."""
    measure: Name | None = None
    """A key of [measures], in groups as it changes."""
    groups: Groups | None = None
    """The groups of a measure, as in [exposure.groups]; they are the levels."""
    levels: Mapping[str, tuple[str, ...]] = {}
    """Names for its states, each state once, the reference first, e.g. { naive = ["never"], user = ["current"], past = ["former"] }. The states of a true or false value are yes and no. A measure has groups instead."""

    @property
    def name(self) -> str:
        """Key of what modifies, in the section of its kind."""
        return self.drug or self.state or self.baseline or self.measure or ""


class Model(Section):
    """One Cox model; exposure * modifier is always in it."""

    adjust: str = ""
    """Adjustment set as a formula, e.g. "age + sex + log(baseline(crp))"; empty for none."""
    primary: bool = False
    """The model that answers the question; exactly one is."""
    extra: Mapping[str, str] = {}
    """Terms added for one outcome alone, by outcome."""


class Further(Section):
    """A further question on the same cohort: what is left out is that of the main question."""

    exposure: Exposure | None = None
    """The measure whose effect is asked for, as in [exposure]."""
    modifier: Modifier | None = None
    """What may modify it, as in [modifier]."""
    models: Mapping[str, Model] | None = None
    """The models by name, as in [models]."""
    outcomes: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Keys of [outcomes]; all of them by default."""


class Analysis(Section):
    """How all models are fitted."""

    ties: Literal["efron", "breslow"] = "efron"
    """Events at the same time: Efron's or Breslow's approximation."""


def group_labels(cuts: Sequence[float], unit: str | None) -> tuple[str, ...]:
    """Name the groups between cut-points, from the lowest to the highest.

    Examples
    --------
    >>> group_labels([2.2, 2.6], "mg/dL")
    ('< 2.2 mg/dL', '2.2 to < 2.6 mg/dL', '>= 2.6 mg/dL')
    """
    text = [f"{cut:.9g}" for cut in cuts]
    after = f" {unit}" if unit else ""
    between = [f"{low} to < {high}{after}" for low, high in pairwise(text)]
    return (f"< {text[0]}{after}", *between, f">= {text[-1]}{after}")


def quantile_labels(n: int) -> tuple[str, ...]:
    """Name groups of equal size, whose limits the plan does not know.

    Examples
    --------
    >>> quantile_labels(3)
    ('Q1 (lowest)', 'Q2', 'Q3 (highest)')
    """
    return ("Q1 (lowest)", *(f"Q{k}" for k in range(2, n)), f"Q{n} (highest)")


def fill_groups(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plan in which the groups of the exposure, and of a measure that modifies, have names and a reference.

    Examples
    --------
    >>> raw = {"exposure": {"measure": "mg", "groups": {"below": 2.4}}, "measures": {"mg": {"unit": "mg/dL"}}}
    >>> fill_groups(raw)["exposure"]["groups"]
    {'below': 2.4, 'labels': ['< 2.4 mg/dL', '>= 2.4 mg/dL'], 'reference': '>= 2.4 mg/dL'}
    """
    filled = dict(raw)
    for name in ("exposure", "modifier"):
        section = _section(raw, name)
        groups = _section(section, "groups")
        if groups:
            measure = _section(_section(raw, "measures"), str(section.get("measure")))
            filled[name] = {**section, "groups": _named_groups(groups, measure.get("unit"))}
    modifier = _section(filled, "modifier")
    if "levels" not in modifier and (levels := _levels_of(_section(modifier, "groups"))):
        filled["modifier"] = {**modifier, "levels": levels}
    return filled


def _named_groups(groups: Mapping[str, Any], unit: Any) -> dict[str, Any]:
    filled = dict(groups)
    labels = groups.get("labels") or labels_of(groups, unit)
    if labels:
        filled["labels"] = labels
        if isinstance(labels, list) and "reference" not in groups:
            filled["reference"] = cast("list[Any]", labels)[-1]
    return filled


def _levels_of(groups: Mapping[str, Any]) -> dict[str, list[str]]:
    """Make each group of a measure a level of the modifier, the reference first."""
    labels = groups.get("labels")
    names = [n for n in cast("list[Any]", labels) if isinstance(n, str)] if isinstance(labels, list) else []
    return {n: [n] for n in sorted(names, key=lambda n: n != groups.get("reference"))}


def labels_of(groups: Mapping[str, Any], unit: Any) -> list[str]:
    """Name the groups of a plan as TOML gives it; none where its cut-points are not numbers."""
    n = groups.get("quantiles")
    if isinstance(n, int) and 2 <= n <= 10:
        return list(quantile_labels(n))
    below = groups.get("below")
    cuts: Any = groups.get("cuts", [] if below is None else [below])
    if not isinstance(cuts, list):
        return []
    given = cast("list[Any]", cuts)
    if not given or not all(isinstance(c, int | float) and not isinstance(c, bool) for c in given):
        return []
    return list(group_labels(given, unit if isinstance(unit, str) else None))


def _section(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
