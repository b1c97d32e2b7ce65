"""Spells of use, and the prescriptions that record them.

A spell is drawn first; prescriptions are then laid along it, overlapping, touching, one day long or with gaps.
No gap inside a spell is longer than the grace period, so the state that the analysis reconstructs from the
records, (start, last stop + grace], is the state by which the hazards are drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from riskset.simulate.people import FAR, Bools, Floats, Ints, People
from riskset.simulate.truth import DAYS_PER_YEAR, GRACE_DAYS, Truth

BEYOND_CLOSE_DAYS = 60  # prescriptions may be written to run past the close of the records


@dataclass(frozen=True)
class Spells:
    """Spells of use of one drug class, one entry per spell: `person`, first day, last day covered."""

    person: Ints
    start: Ints
    stop: Ints


@dataclass(frozen=True)
class InUse:
    """Use in force on (after, until] of each spell, arrays of shape (persons, spells), in days.

    Empty places hold a day that never comes.
    """

    after: Ints
    until: Ints

    def at(self, day: Ints) -> Bools:
        """Whether use is in force on `day`, an array of shape (persons, k)."""
        found = np.zeros(day.shape, dtype=bool)
        for k in range(self.after.shape[1]):
            found |= (self.after[:, k, None] < day) & (day <= self.until[:, k, None])
        return found


@dataclass(frozen=True)
class Prescriptions:
    """Recorded prescriptions, one entry per row; `code` points into `PRODUCTS`."""

    person: Ints
    start: Ints
    stop: Ints
    code: Ints
    dose: Floats


@dataclass(frozen=True)
class Product:
    """A drug with its share within the class, the date it came to market and the usual doses."""

    drug: str
    share: float
    doses: tuple[float, ...]
    unit: str
    since: date = date(2000, 1, 1)


CLASSES: dict[str, tuple[Product, ...]] = {
    "calcimimetic": (
        Product("cinacalcet", 0.35, (12.5, 25.0, 50.0, 75.0), "mg"),
        Product("etelcalcetide", 0.30, (2.5, 5.0, 7.5, 10.0), "mg", date(2017, 2, 1)),
        Product("evocalcet", 0.25, (1.0, 2.0, 4.0, 6.0), "mg", date(2018, 5, 1)),
        Product("upacicalcet", 0.10, (25.0, 50.0, 100.0, 200.0), "ug", date(2021, 8, 1)),
    ),
    "ppi": (
        Product("lansoprazole", 0.35, (15.0, 30.0), "mg"),
        Product("esomeprazole", 0.20, (10.0, 20.0), "mg", date(2011, 9, 1)),
        Product("rabeprazole", 0.15, (5.0, 10.0), "mg"),
        Product("omeprazole", 0.10, (10.0, 20.0), "mg"),
        Product("vonoprazan", 0.20, (10.0, 20.0), "mg", date(2015, 2, 1)),
    ),
    "steroid": (
        Product("prednisolone", 0.85, (2.5, 5.0, 10.0), "mg"),
        Product("methylprednisolone", 0.15, (2.0, 4.0), "mg"),
    ),
    "vdra": (
        Product("maxacalcitol", 0.50, (2.5, 5.0, 10.0), "ug"),
        Product("calcitriol", 0.25, (0.25, 0.5), "ug"),
        Product("alfacalcidol", 0.25, (0.25, 0.5), "ug"),
    ),
    "binder": (
        Product("lanthanum carbonate", 0.35, (500.0, 750.0, 1500.0), "mg"),
        Product("calcium carbonate", 0.30, (1000.0, 1500.0, 3000.0), "mg"),
        Product("ferric citrate", 0.15, (500.0, 750.0, 1500.0), "mg"),
        Product("sevelamer", 0.10, (1500.0, 2250.0, 3000.0), "mg"),
        Product("sucroferric oxyhydroxide", 0.10, (500.0, 750.0), "mg"),
    ),
    "esa": (
        Product("darbepoetin alfa", 0.55, (10.0, 20.0, 30.0, 40.0, 60.0), "ug"),
        Product("epoetin beta pegol", 0.30, (25.0, 50.0, 75.0, 100.0), "ug"),
        Product("epoetin alfa", 0.15, (750.0, 1500.0, 3000.0), "IU"),
    ),
    "warfarin": (Product("warfarin", 1.0, (1.0, 2.0, 3.0), "mg"),),
}

PRODUCTS: tuple[Product, ...] = tuple(p for products in CLASSES.values() for p in products)

# Share of patients on it at index, starts and stops per year. PPI and steroid stay as they are at index: the
# truth knows them as properties of the person.
OTHERS: dict[str, tuple[float, float, float]] = {
    "vdra": (0.73, 0.30, 0.11),
    "binder": (0.82, 0.30, 0.07),
    "esa": (0.83, 0.40, 0.08),
    "warfarin": (0.08, 0.01, 0.10),
}

# How a prescription runs on into the next (shares): overlap, same day, next day, gap within the grace period.
OVERLAP, SAME_DAY, NEXT_DAY = 0.12, 0.10, 0.60
ONE_DAY = 0.06
USUAL_LENGTHS = np.array([28, 56, 84, 91, 182])


def draw_spells(
    people: People, uses: Bools, start_per_year: float, stop_per_year: float, rng: np.random.Generator
) -> Spells:
    """Alternate use and non-use at constant rates from index until the records close.

    `uses` says who is in current use at index. Rates of zero keep everybody as they are. A stop is the last
    day covered; the next spell begins only after the grace period has run out, so the rate of starting counts
    from the day on which the state changes.
    """
    n = people.size
    horizon = people.close_day + BEYOND_CLOSE_DAYS
    found: list[Spells] = []

    def waiting(rate: float) -> Ints:
        draw = rng.exponential(1.0, n)
        return (
            np.minimum(np.ceil(draw * DAYS_PER_YEAR / rate), FAR).astype(np.int64)
            if rate
            else np.full(n, FAR)
        )

    # Users at index began on average 18 months before, but not before dialysis.
    back = np.minimum(1 + np.floor(rng.exponential(540.0, n)).astype(np.int64), people.vintage_days)
    start = np.where(uses, -back, waiting(start_per_year))
    while bool((start < people.close_day).any()):
        # Memoryless: for those in use at index the time to the stop counts from index.
        stop = np.minimum(np.maximum(start, 0) + waiting(stop_per_year), horizon)
        on = np.flatnonzero(start < people.close_day)
        found.append(Spells(on, start[on], stop[on]))
        start = np.minimum(stop + GRACE_DAYS + waiting(start_per_year), FAR)
    return join(*found)


def past_spells(people: People, rng: np.random.Generator) -> Spells:
    """Calcimimetic use that ended before index and outside the grace period: former users from day 0."""
    who = np.flatnonzero(people.past_calcimimetic)
    on_dialysis = people.vintage_days[who]
    stop = -rng.integers(GRACE_DAYS + 10, np.minimum(on_dialysis - 20, 900))
    return Spells(who, np.maximum(stop - rng.integers(20, 700, len(who)), -on_dialysis), stop)


def join(*spells: Spells) -> Spells:
    """All spells in one."""
    none = np.empty(0, dtype=np.int64)
    return Spells(
        np.concatenate([none, *(s.person for s in spells)]),
        np.concatenate([none, *(s.start for s in spells)]),
        np.concatenate([none, *(s.stop for s in spells)]),
    )


def reconstruct(spells: Spells, n: int) -> InUse:
    """Return the state that the analysis finds in the records: (start, max(stop, start + 1) + grace]."""
    order = np.lexsort((spells.start, spells.person))
    person = spells.person[order]
    first = np.searchsorted(person, person, side="left")
    place = np.arange(len(person)) - first
    width = int(place.max(initial=0)) + 1
    after = np.full((n, width), FAR, dtype=np.int64)
    until = np.full((n, width), FAR, dtype=np.int64)
    start = spells.start[order]
    after[person, place] = start
    until[person, place] = np.maximum(spells.stop[order], start + 1) + GRACE_DAYS
    return InUse(after, until)


def prescribe(spells: Spells, drug_class: str, index: Ints, rng: np.random.Generator) -> Prescriptions:
    """Lay prescriptions along spells, none with a gap longer than the grace period to the next.

    Lengths are those of repeat prescriptions (4 weeks to half a year), 6% cover one day; the product changes
    now and then, to one that is on the market by that day.
    """
    products = CLASSES[drug_class]
    base = PRODUCTS.index(products[0])
    share = np.cumsum([p.share for p in products])
    since = np.array([(p.since - date(1970, 1, 1)).days for p in products])
    n_doses = np.array([len(p.doses) for p in products])
    doses = np.array([p.doses + (np.nan,) * (max(n_doses) - len(p.doses)) for p in products])

    person, pos, end = spells.person, spells.start.copy(), spells.stop
    product = np.full(len(person), -1)
    dose = np.zeros(len(person))
    rows = [Prescriptions(person[:0], pos[:0], end[:0], product[:0], dose[:0])]
    while len(person):
        m = len(person)
        length = np.where(rng.random(m) < ONE_DAY, 1, rng.choice(USUAL_LENGTHS, m))
        stop = np.minimum(pos + length - 1, end)
        how = rng.random(m)
        step = np.select(
            [how < OVERLAP, how < OVERLAP + SAME_DAY, how < OVERLAP + SAME_DAY + NEXT_DAY],
            [-rng.integers(1, 8, m), np.zeros(m, dtype=np.int64), np.ones(m, dtype=np.int64)],
            rng.integers(2, GRACE_DAYS + 1, m),
        )
        following = np.maximum(stop + step, pos + 1)
        last = following > end
        stop = np.where(last, end, stop)

        change = (product < 0) | (rng.random(m) < 0.04)
        drawn = np.searchsorted(share, rng.random(m) * share[-1], side="right").clip(max=len(products) - 1)
        drawn = np.where(since[drawn] <= index[person] + pos, drawn, 0)  # the first of a class is the oldest
        product = np.where(change, drawn, product)
        titrate = change | (rng.random(m) < 0.15)
        new_dose = doses[product, (rng.random(m) * n_doses[product]).astype(np.int64)]
        dose = np.where(titrate, new_dose, dose)

        rows.append(Prescriptions(person, pos, stop, base + product, dose))
        go = ~last
        person, pos, end, product, dose = person[go], following[go], end[go], product[go], dose[go]
    return gather(rows)


def gather(written: Sequence[Prescriptions]) -> Prescriptions:
    """All prescriptions in one."""
    return Prescriptions(
        np.concatenate([w.person for w in written]),
        np.concatenate([w.start for w in written]),
        np.concatenate([w.stop for w in written]),
        np.concatenate([w.code for w in written]),
        np.concatenate([w.dose for w in written]),
    )


def calcimimetic_spells(people: People, truth: Truth, rng: np.random.Generator) -> Spells:
    """Spells of calcimimetic use, those that ended before index among them."""
    later = draw_spells(people, people.calcimimetic, truth.start_per_year, truth.stop_per_year, rng)
    return join(past_spells(people, rng), later)


def other_prescriptions(people: People, rng: np.random.Generator) -> list[Prescriptions]:
    """Prescriptions of everything but calcimimetics."""
    written = [
        prescribe(draw_spells(people, uses, 0.0, 0.0, rng), name, people.index, rng)
        for name, uses in (("ppi", people.ppi), ("steroid", people.steroid))
    ]
    for name, (share, start, stop) in OTHERS.items():
        uses = rng.random(people.size) < share
        written.append(prescribe(draw_spells(people, uses, start, stop, rng), name, people.index, rng))
    return written
