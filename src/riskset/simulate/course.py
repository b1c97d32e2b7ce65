"""The course of each person: pieces between recorded changes, hazards on each, events, inpatient labs, exit.

Everybody carries an own clock: one pass of the loop moves each person from the present piece to the next, so
the number of passes is that of the pieces of the busiest person, whatever the number of persons. Pieces are
(now, next], and a value of day m is in force on (m, ...]: what is drawn on the day of an event cannot explain
it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskset.simulate.drugs import InUse
from riskset.simulate.hazards import ALBUMIN, CRP, MG, at_index, changing
from riskset.simulate.people import FAR, Bools, Floats, Ints, People
from riskset.simulate.truth import DAYS_PER_YEAR, LOW_MG, MG_CENTRE, Truth
from riskset.simulate.visits import VISITS_BEFORE, Visits

DEATH, CVE, FRACTURE = 0, 1, 2  # as in OUTCOMES

DROP_AFTER_EVENT = 0.10  # g/dL of albumin, once after a CVE and once after a fracture
ILLNESS_DAYS = 30
# What an acute admission does to the recorded values; for CRP on the log scale.
ACUTE_ALBUMIN, ACUTE_LN_CRP = -0.20, 1.5
ASKED_FOR = np.array([[0.90], [0.90], [0.75]])  # share of inpatient panels with albumin, CRP, magnesium
MOST_PANELS = 4
DEATH_DAY_PANEL = 0.4  # share of deaths with blood drawn on the day of death
CRP_RANGE = (0.01, 40.0)
SIGNIFICANT_DIGITS = 9  # kept by the analysis after averaging


@dataclass(frozen=True)
class EventRows:
    """Events, one entry per row; `kind` is CVE or FRACTURE."""

    person: Ints
    day: Ints
    kind: Ints


@dataclass(frozen=True)
class Panels:
    """Inpatient panels, one entry per panel; `values` is (3, panels), nan where not asked for."""

    person: Ints
    day: Ints
    values: Floats


@dataclass(frozen=True)
class Course:
    """What happened: day and reason of exit, events, recorded values of the visits, inpatient panels.

    Attributes
    ----------
    exit_day : int array of shape (persons,)
    died, left : bool arrays of shape (persons,)
        `left`: transplant, transfer or loss. Neither: seen until the records close.
    events : EventRows
    albumin, mg : float arrays of shape (persons, visits)
        Recorded to 0.1 g/dL and 0.1 mg/dL.
    inpatient : bool array of shape (persons, visits)
        The visit fell into a stay.
    panels : Panels
    """

    exit_day: Ints
    died: Bools
    left: Bools
    events: EventRows
    albumin: Floats
    mg: Floats
    inpatient: Bools
    panels: Panels


def round_significant(x: Floats) -> Floats:
    """Round to 9 significant digits, as the analysis does after averaging: a mean of 2.4s is not below 2.4."""
    exponent = np.floor(np.log10(np.where(x == 0, 1.0, np.abs(x))))
    scale = 10.0 ** (SIGNIFICANT_DIGITS - 1 - exponent)
    return np.rint(x * scale) / scale


def crp_recorded(ln_crp: Floats) -> Floats:
    """CRP as reported, mg/dL to two decimals, within the range of the assay."""
    lowest, highest = CRP_RANGE
    return np.minimum(np.maximum(np.round(np.exp(ln_crp), 2), lowest), highest)


def follow(people: People, visits: Visits, in_use: InUse, truth: Truth, rng: np.random.Generator) -> Course:
    """Run everybody from index to death, loss or the close of the records.

    Notes
    -----
    On a piece of length L years each outcome occurs with probability 1 - exp(-h L), on a day uniform in the
    piece; the piece ends at the first of them, and what was drawn for later days is drawn anew. CVEs and
    fractures recur at the same hazard; the truth speaks of the first. While a person is away and a value has
    expired for the analysis, the last record goes on to count here (the analysis has no such rows).
    """
    walk = _Walk(people, visits, in_use, truth, rng)
    everybody = np.arange(people.size)
    for _ in range(VISITS_BEFORE):
        walk.measure(everybody, visiting=np.ones(people.size, dtype=bool))
    active = everybody
    while len(active):
        active = walk.step(active)
    return walk.course()


class _Walk:
    """Where everybody stands. The arrays change in place; nothing of it leaves `follow`."""

    def __init__(
        self, people: People, visits: Visits, in_use: InUse, truth: Truth, rng: np.random.Generator
    ) -> None:
        n, n_visits = visits.day.shape
        self.people, self.visits, self.in_use, self.truth, self.rng = people, visits, in_use, truth, rng
        self.fixed = np.stack([at_index(people, h) for h in truth.hazards()])
        self.cap = np.minimum(people.loss_day, people.close_day)
        self.now = np.zeros(n, dtype=np.int64)
        self.next_visit = np.zeros(n, dtype=np.int64)
        self.had = np.zeros((3, n), dtype=bool)
        self.stay_end = np.full(n, -FAR, dtype=np.int64)
        self.next_panel = np.full(n, FAR, dtype=np.int64)
        self.panels_left = np.zeros(n, dtype=np.int64)
        self.ill_until = np.full(n, -FAR, dtype=np.int64)
        self.next_illness = self.wait_for_illness(np.zeros(n, dtype=np.int64))
        # Before the first record the hazards would use the person's level; nobody eligible is without one.
        self.values = np.stack([people.albumin, np.exp(people.ln_crp), np.full(n, MG_CENTRE)])
        self.exit_day = self.cap.copy()
        self.albumin, self.mg = np.full((n, n_visits), np.nan), np.full((n, n_visits), np.nan)
        self.inpatient = np.zeros((n, n_visits), dtype=bool)
        self.events: list[EventRows] = []
        self.panels: list[Panels] = []

    def step(self, i: Ints) -> Ints:
        """Move persons `i` to the end of their present piece; return those who go on."""
        visit_day = self.visit_day(i)
        until = np.minimum.reduce(
            [visit_day, self.next_panel[i], self.drug_change(i), self.illness_change(i), self.cap[i]]
        )
        event_day = self.draw_events(i, until - self.now[i])
        reached = np.minimum(event_day.min(axis=0), until)
        self.now[i] = reached
        happens = event_day == reached

        self.record_events(i, happens)
        self.begin_illness(i[self.next_illness[i] == reached])
        self.measure(i, visiting=visit_day == reached)
        return i[(reached < self.cap[i]) & ~happens[DEATH]]

    def visit_day(self, i: Ints) -> Ints:
        k = self.next_visit[i]
        n_visits = self.visits.day.shape[1]
        return np.where(k < n_visits, self.visits.day[i, np.minimum(k, n_visits - 1)], FAR)

    def drug_change(self, i: Ints) -> Ints:
        days = np.concatenate([self.in_use.after[i], self.in_use.until[i]], axis=1)
        return np.where(days > self.now[i, None], days, FAR).min(axis=1)

    def illness_change(self, i: Ints) -> Ints:
        return np.where(self.ill_until[i] > self.now[i], self.ill_until[i], self.next_illness[i])

    def wait_for_illness(self, since: Ints) -> Ints:
        if not self.truth.illness_per_year:
            return np.full(len(since), FAR, dtype=np.int64)
        waiting = self.rng.exponential(DAYS_PER_YEAR / self.truth.illness_per_year, len(since))
        return since + np.ceil(waiting).astype(np.int64)

    def draw_events(self, i: Ints, length: Ints) -> Ints:
        """Return the day of each outcome within the next `length` days, (3, persons), FAR where it fails."""
        now = self.now[i]
        user = InUse(self.in_use.after[i], self.in_use.until[i]).at(now[:, None] + 1)[:, 0]
        values, had = self.values[:, i], self.had[:, i]
        log_h = np.stack([changing(h, values, user, had) for h in self.truth.hazards()]) + self.fixed[:, i]
        log_h += self.truth.illness_hazard * (self.ill_until[i] > now)
        occurs = self.rng.random(log_h.shape) < -np.expm1(-np.exp(log_h) * length / DAYS_PER_YEAR)
        day = now + 1 + np.floor(self.rng.random(log_h.shape) * length).astype(np.int64)
        return np.where(occurs, day, FAR)

    def record_events(self, i: Ints, happens: Bools) -> None:
        for kind in (CVE, FRACTURE):
            who = i[happens[kind]]
            self.events.append(EventRows(who, self.now[who], np.full(len(who), kind)))
            self.had[kind, who] = True
        admitted = i[happens[CVE] | happens[FRACTURE]]
        self.next_panel[admitted] = self.now[admitted]
        self.panels_left[admitted] = self.rng.integers(0, MOST_PANELS + 1, len(admitted))
        self.stay_end[admitted] = self.now[admitted] + self.rng.integers(5, 30, len(admitted))

        dead = i[happens[DEATH]]
        self.had[DEATH, dead] = True
        self.exit_day[dead] = self.now[dead]
        bled = dead[self.rng.random(len(dead)) < DEATH_DAY_PANEL]
        self.next_panel[bled] = self.now[bled]
        self.panels_left[bled] = np.maximum(self.panels_left[bled], 1)

    def begin_illness(self, who: Ints) -> None:
        if not len(who):
            return
        self.ill_until[who] = self.now[who] + ILLNESS_DAYS
        self.next_illness[who] = self.wait_for_illness(self.ill_until[who])
        self.next_panel[who] = self.now[who]
        self.panels_left[who] = 2 * MOST_PANELS
        self.stay_end[who] = self.ill_until[who]

    def measure(self, i: Ints, visiting: Bools) -> None:
        """Record the visits and panels of the day; the mean of each analyte comes into force."""
        # Results of one day: first and, for magnesium, second of the visit; one of the ward.
        results = np.full((3, 3, len(i)), np.nan)
        results[:2][:, :, visiting] = self.visit(i[visiting])
        due = self.next_panel[i] == self.now[i]
        drawn = due & (self.panels_left[i] > 0)
        results[2][:, drawn] = self.panel(i[drawn])
        self.panels_left[i[drawn]] -= 1
        asked = i[due]
        again = self.now[asked] + self.rng.integers(2, 6, len(asked))
        self.next_panel[asked] = np.where(self.panels_left[asked] > 0, again, FAR)

        count = np.isfinite(results).sum(axis=0)
        mean = np.nansum(results, axis=0) / np.maximum(count, 1)
        self.values[:, i] = np.where(count > 0, round_significant(mean), self.values[:, i])

    def visit(self, who: Ints) -> Floats:
        """Record the next visit of each; return (first and second result, analytes, persons)."""
        visits, j = self.visits, self.next_visit[who]
        drop = -DROP_AFTER_EVENT * (self.had[CVE, who].astype(np.float64) + self.had[FRACTURE, who])
        drop += self.truth.albumin_after_low_mg * (self.values[MG, who] < LOW_MG)
        albumin = np.round(visits.albumin[who, j] + drop, 1)
        mg = np.round(visits.mg[who, j] + 0.25 * drop, 1)
        self.albumin[who, j], self.mg[who, j] = albumin, mg
        self.inpatient[who, j] = visits.day[who, j] <= self.stay_end[who]
        self.next_visit[who] += 1

        results = np.full((2, 3, len(who)), np.nan)
        results[0, ALBUMIN] = np.where(visits.albumin_taken[who, j], albumin, np.nan)
        results[0, CRP] = np.where(visits.crp_taken[who, j], crp_recorded(visits.ln_crp[who, j]), np.nan)
        results[0, MG] = np.where(visits.mg_taken[who, j], mg, np.nan)
        results[1, MG] = np.round(results[0, MG] + visits.mg_second[who, j], 1)
        return results

    def panel(self, who: Ints) -> Floats:
        """Record an inpatient panel about the levels of the last visit; return (analytes, persons)."""
        visits, rng, size = self.visits, self.rng, len(who)
        j = np.maximum(self.next_visit[who] - 1, 0)
        albumin = visits.albumin[who, j] + ACUTE_ALBUMIN + rng.normal(0.0, 0.10, size)
        ln_crp = visits.ln_crp[who, j] + ACUTE_LN_CRP + rng.normal(0.0, 0.60, size)
        mg = visits.mg[who, j] + rng.normal(0.0, 0.15, size)
        values = np.stack([np.maximum(np.round(albumin, 1), 1.0), crp_recorded(ln_crp), np.round(mg, 1)])
        values = np.where(rng.random((3, size)) < ASKED_FOR, values, np.nan)
        self.panels.append(Panels(who, self.now[who], values))
        return values

    def course(self) -> Course:
        """Return what has happened to everybody."""
        died = self.had[DEATH]
        return Course(
            exit_day=self.exit_day,
            died=died,
            left=~died & (self.people.loss_day <= self.people.close_day),
            events=EventRows(
                np.concatenate([e.person for e in self.events]),
                np.concatenate([e.day for e in self.events]),
                np.concatenate([e.kind for e in self.events]),
            ),
            albumin=self.albumin,
            mg=self.mg,
            inpatient=self.inpatient,
            panels=Panels(
                np.concatenate([p.person for p in self.panels]),
                np.concatenate([p.day for p in self.panels]),
                np.concatenate([p.values for p in self.panels], axis=1),
            ),
        )
