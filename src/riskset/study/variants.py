"""Variants of a plan: the persons and the episodes of each, from the tables that were read once.

Persons are those of the plan, with their day 0, in every variant that does not change by name who is followed: how a
value is measured, carried or grouped is then all that differs, and what it leaves unknown is missing person-time.

What a variant does not change is not done again: tables are read anew only where their own keys change, persons are
chosen anew only where eligibility changes, and episodes are cut anew only where something before the models changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from riskset.errors import RisksetError
from riskset.study.assemble import Assembled, assemble, outcome_episodes
from riskset.study.eligible import Eligible, eligible
from riskset.study.formulas import baseline_measures, over_time
from riskset.study.grouping import cut_points, with_groups
from riskset.study.plan import StudyPlan
from riskset.study.plan_read import Variant, variants
from riskset.study.preflight import match_changed, raise_all
from riskset.study.reading import table_specs
from riskset.tables import Table, read_table

_BEFORE_MODELS = (
    "data",
    "tables",
    "analytes",
    "cohort",
    "baseline",
    "measures",
    "drugs",
    "states",
    "splits",
    "outcomes",
)
"""Sections on which persons and episodes rest."""
_WHO = ("data", "tables", "cohort", "baseline", "drugs", "outcomes")
"""Sections that say who is followed, where a variant may change them."""
_OF_THE_CLOCK = ("time_scale", "exclude_first")
"""Keys of [cohort] that do not."""


@dataclass(frozen=True)
class Built:
    """A plan with its persons and the episodes of each outcome.

    Parameters
    ----------
    study : Assembled
    frames : mapping
        Episodes by outcome, with the exposure's group and the modifier's level.
    """

    study: Assembled
    frames: Mapping[str, pl.DataFrame]

    @property
    def followed(self) -> pl.DataFrame:
        """Persons with an episode of some outcome: all others enter no risk set."""
        key = self.study.plan.data.id
        ids = pl.concat([rows[key].unique() for rows in self.frames.values()]).unique()
        return self.study.persons.filter(pl.col(key).is_in(ids.implode()))


@dataclass(frozen=True)
class Answer:
    """What became of one variant: its episodes, or why there are none; and whether it follows other persons."""

    variant: Variant
    built: Built | None
    refused: str | None = None
    others: bool = False


def built_variants(base: Built, progress: Callable[[str], None] | None = None) -> tuple[Answer, ...]:
    """Choose the persons and cut the episodes of every variant, without any estimate.

    Parameters
    ----------
    base : Built
        The plan itself.
    progress : callable, optional
        Told the label of each variant.

    Returns
    -------
    tuple of Answer
        In the plan's order. A variant that its tables cannot answer says why.
    """
    return answers_of(base, variants(base.study.plan), progress or _silent)


def answers_of(base: Built, asked: Iterable[Variant], progress: Callable[[str], None]) -> tuple[Answer, ...]:
    """Choose the persons and cut the episodes of given variants.

    Parameters
    ----------
    base : Built
        The plan itself.
    asked : iterable of Variant
    progress : callable
        Told the label of each variant.

    Returns
    -------
    tuple of Answer
        In the order asked for.
    """
    answers: list[Answer] = []
    for variant in asked:
        progress(f"sensitivity: {variant.override.label}")
        try:
            built = built_on(base, variant.plan)
            answers.append(Answer(variant, built, others=_who(built) != _who(base)))
        except RisksetError as refused:
            answers.append(Answer(variant, None, str(refused)))
    return tuple(answers)


def _who(built: Built) -> list[object]:
    return built.study.persons[built.study.plan.data.id].to_list()


def _silent(_label: str) -> None:
    """Say nothing."""


def built_on(base: Built, plan: StudyPlan) -> Built:
    """Choose the persons and cut the episodes of a plan, as far as they differ from those of another."""
    if _same_rows(base.study.plan, plan):
        persons = base.study.persons
        cuts = cut_points(plan, persons)
        study = replace(base.study, plan=plan, cuts=cuts, persons=with_groups(plan, persons, cuts))
        return Built(study, {name: with_groups(plan, rows, cuts) for name, rows in base.frames.items()})
    tables = _tables(base, plan)
    raise_all(match_changed(plan, base.study.plan, tables))
    study = assemble(plan, tables, members=_members(base, plan, tables), like=base.study.timeline)
    return Built(study, {name: outcome_episodes(study, name)[0].frame for name in base.frames})


def _members(base: Built, plan: StudyPlan, tables: Mapping[str, Table]) -> Eligible:
    """Choose the persons of a variant: the plan's own, unless it changes by name who is followed.

    A rule of eligibility that reads a measure, a drug or a state reads it as the plan defines it: who has a value
    before day 0 is no matter of how long a variant lets it stand. What [cohort] names itself, besides its rules, is
    taken as the variant has it.
    """
    first, named = base.study.plan, cohort_names(plan)
    judged = plan.model_copy(
        update={
            "tables": {n: t if n in named else first.tables.get(n, t) for n, t in plan.tables.items()},
            "drugs": {n: d if n in named else first.drugs.get(n, d) for n, d in plan.drugs.items()},
            "measures": first.measures,
            "states": first.states,
            "analytes": first.analytes,
            # how time is counted later chooses nobody
            "cohort": plan.cohort.model_copy(
                update={key: getattr(first.cohort, key) for key in _OF_THE_CLOCK}
            ),
        }
    )
    if all(getattr(judged, section) == getattr(first, section) for section in _WHO):
        return base.study.eligible
    return eligible(judged, {n: t if n in named else base.study.tables.get(n, t) for n, t in tables.items()})


def cohort_names(plan: StudyPlan) -> set[str]:
    """List the tables, drugs and outcomes that say who is followed, besides the rules of cohort.require.

    Parameters
    ----------
    plan : StudyPlan

    Returns
    -------
    set of str
        Keys of [tables], [drugs] and [outcomes]; with a drug or an outcome the table that it is read from.
    """
    cohort = plan.cohort
    before = (*cohort.washout, *cohort.history)
    drugs = {n for n in (cohort.index.drug, *(entry.drug for entry in before)) if n is not None}
    events = {entry.outcome for entry in before if entry.outcome is not None}
    tables = {cohort.from_, *cohort.join, cohort.index.table, *(entry.table for entry in before)}
    tables |= {plan.drugs[n].table for n in drugs} | {plan.outcomes[n].table for n in events}
    return drugs | events | {name for name in tables if name}


def _same_rows(first: StudyPlan, second: StudyPlan) -> bool:
    """Say whether two plans choose the same persons and cut the same episodes."""
    if second.wrong is not None or first.exposure.measure != second.exposure.measure:
        return False
    same = all(getattr(first, section) == getattr(second, section) for section in _BEFORE_MODELS)
    read = set(over_time(second)) == set(over_time(first))
    return same and read and set(baseline_measures(second)) <= set(baseline_measures(first))


def _tables(base: Built, plan: StudyPlan) -> Mapping[str, Table]:
    """Read again only the tables of which a key has changed."""
    first, tables = base.study.plan, base.study.tables
    same = first.data == plan.data
    if same and first.tables == plan.tables and first.cohort == plan.cohort and _dates(first) == _dates(plan):
        return tables
    before, after = table_specs(first), table_specs(plan)
    return {
        name: tables[name]
        if same and before.get(name) == spec
        else read_table(spec, plan.folder, clock=plan.data.clock, plausible_dates=plan.data.plausible_dates)
        for name, spec in after.items()
    }


def _dates(plan: StudyPlan) -> tuple[object, ...]:
    """List what besides the tables' own keys says which of their columns are dates."""
    since = tuple(sorted(str(value.since) for value in plan.baseline.values()))
    return (since, tuple((n, o.first_known) for n, o in plan.outcomes.items()))
