"""Which file plays which part: persons, measurements, prescriptions, events, and which column is what in it.

Every choice is a guess from names and kinds of columns, and the draft says so beside each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from riskset.errors import TableError
from riskset.study.draft_files import Column, RawFile

# words in the names of columns, most telling first
_ID = (
    r"^(patient|person|subject|participant|pat|pt|subj)[_ ]?(id|no|nr|num|number)?$",
    r"^(mrn|id|pid|case[_ ]?id)$",
    r"id$",
)
_INDEX = (
    "index",
    "inclusion",
    "enrol",
    "baseline",
    "cohort",
    "entry",
    "admit",
    "admission",
    "start",
    "diagnos",
    "visit",
)
_DAY_0 = ("index", "inclusion", "enrol", "entry")
_END = ("exit", "end_of", "last_", "lastc", "censor", "disch", "end", "follow")
_REASON = ("reason", "outcome", "vital", "^status", "(exit|end|final|last)_?status")
_DEATH = ("death", "died", "dod", "deceas")
_BIRTH = ("birth", "dob", "born")
_SEX = (r"^sex", r"^gender", r"^(fe)?male$")
_TIME = ("date", "time", "day", "when")
_VALUE = ("valuenum", "value", "result", "numeric", "measure", "conc", "level")
_UNIT = ("unit", "uom")
_ANALYTE = ("analyte", "item", "test", "param", "lab", "substance", "name", "code", "measure")
_DRUG = ("drug", "medic", "substance", "product", "generic", "atc", "agent", "name")
_START = ("start", "begin", "from", "first", "prescri", "dispens", "date")
_STOP = ("stop", "end", "until", "to$", "last")
_TYPE = ("type", "event", "outcome", "diagnos", "code", "category", "icd", "name")
_MOST_CODES = 5_000
"""Distinct texts beyond which a column holds free text or numbers of documents, not codes of analytes or drugs."""
_FEWEST_WIDE = 2
"""Numeric columns from which a table with a date and no code is taken for one measurement per column."""

_MOST_LEVELS = 5
"""Distinct numbers up to which a column holds levels or flags, not measurements."""


@dataclass(frozen=True)
class Lab:
    """A table of measurements: one value a row, or, without `analyte`, one measurement a column."""

    file: RawFile
    time: Column
    values: tuple[Column, ...]
    unit: Column | None = None
    analyte: Column | None = None


@dataclass(frozen=True)
class Prescriptions:
    """A table of prescriptions."""

    file: RawFile
    drug: Column
    start: Column
    stop: Column | None


@dataclass(frozen=True)
class Events:
    """A table of dated events; without `type`, each row is one."""

    file: RawFile
    time: Column
    type: Column | None


@dataclass(frozen=True)
class Roles:
    """The parts that the files play.

    Parameters
    ----------
    id : str
        Column of persons, in every table.
    cohort : RawFile
        Table whose rows say from when a person is followed.
    index : Column, optional
        Of the cohort's table; without one all times are numbers of days since day 0.
    join : tuple of RawFile
        Further tables with one row per person.
    """

    id: str
    cohort: RawFile
    index: Column | None
    one_row: bool
    join: tuple[RawFile, ...]
    end: Column | None
    reason: Column | None
    deaths: tuple[tuple[RawFile, Column], ...]
    birth: Column | None
    sex: Column | None
    labs: tuple[Lab, ...]
    prescriptions: tuple[Prescriptions, ...]
    events: tuple[Events, ...]
    unused: tuple[RawFile, ...] = field(default=())

    @property
    def stamps(self) -> bool:
        """Whether day 0 is known with its time of day."""
        return self.index is not None and self.index.stamps

    @property
    def people(self) -> tuple[RawFile, ...]:
        """Tables whose columns may describe persons at index."""
        return (self.cohort, *self.join)


def roles_of(files: Sequence[RawFile]) -> Roles:
    """Guess the parts of files.

    Parameters
    ----------
    files : sequence of RawFile

    Returns
    -------
    Roles

    Raises
    ------
    TableError
        Where no column names persons, or no table says from when they are followed.
    """
    id = _person_column(files)
    ours = [f for f in files if id in f.frame.columns]
    single = [f for f in ours if _one_row(f, id)]
    cohort, index = _cohort(ours, single, id)
    join = tuple(f for f in single if f is not cohort)
    rest = [f for f in ours if f is not cohort and f not in join]
    labs, prescriptions, events, unused = [], [], [], [f for f in files if f not in ours]
    for file in rest:
        if (drugs := _prescriptions(file, id)) is not None:
            prescriptions.append(drugs)
        elif (lab := _lab(file, id)) is not None:
            labs.append(lab)
        elif (dated := _events(file, id)) is not None:
            events.append(dated)
        else:
            unused.append(file)
    people = (cohort, *join)
    dates = [c for f in people for c in f.of_kind("date") if c is not index]
    mine = [c for c in cohort.of_kind("date") if c is not index]
    deaths = tuple((f, c) for f in people for c in [_best(f.of_kind("date"), _DEATH)] if c is not None)
    dead = [c for _, c in deaths]
    living = [c for c in mine if c not in dead]
    end = _best(living, _END) or next((c for c in living if c.days and len(living) == 1), None)
    codes = [c for c in cohort.of_kind("text") if c.n_distinct <= 20]
    codes += [c for c in cohort.of_kind("number") if c.n_distinct <= _MOST_LEVELS]
    return Roles(
        id=id,
        cohort=cohort,
        index=index,
        one_row=_one_row(cohort, id),
        join=join,
        end=end,
        reason=_best(codes, _REASON) if end is not None else None,
        deaths=deaths,
        birth=_best(dates, _BIRTH),
        sex=_best(
            [c for f in people for c in f.of_kind("text", "number", "flag") if c.n_distinct <= 4], _SEX
        ),
        labs=tuple(labs),
        prescriptions=tuple(prescriptions),
        events=tuple(events),
        unused=tuple(unused),
    )


def _best(columns: Iterable[Column], words: Sequence[str]) -> Column | None:
    """Choose the column whose name holds the most telling word; of several, the first."""
    held = list(columns)
    return next((c for word in words for c in held if c.named(word)), None)


def _person_column(files: Sequence[RawFile]) -> str:
    counts = Counter(name for f in files for name in f.frame.columns)
    for most in sorted(set(counts.values()), reverse=True):
        shared = [Column(n, "text", f.frame[n]) for f in files for n in f.frame.columns if counts[n] == most]
        best = _best(shared, _ID)
        if best is not None and (len(files) == 1 or most > 1):
            return best.name
    raise TableError(
        "no column of the same name in several files looks like the number of a person",
        where=", ".join(f.spec.source for f in files),
        remedy="Call it patient_id in every file, with the same spelling.",
    )


def _one_row(file: RawFile, id: str) -> bool:
    return not bool(file.ids(id).drop_nulls().is_duplicated().any())


def _cohort(ours: list[RawFile], single: list[RawFile], id: str) -> tuple[RawFile, Column | None]:
    """Find the table with the day from which persons are followed: tables with one row per person first."""
    if any(c.days for f in ours for c in f.columns) and single:
        persons = min(
            single, key=lambda f: _best(f.of_kind("date"), (*_END, "^fu")) is None
        )  # with an end, if any
        return persons, _best(persons.of_kind("date"), _DAY_0)
    for file in [*single, *[f for f in ours if f not in single and not _is_long(f, id)]]:
        dates = [c for c in file.of_kind("date") if not c.named(*_BIRTH, *_DEATH)]
        index = _best([c for c in dates if not c.named(*_END[:-2])], _INDEX)
        if index is None and file in single and len(dates) == 1:
            index = dates[0]
        if index is not None and index.missing < file.n_rows / 2:
            return file, index
    raise TableError(
        "no table has a date from which persons are followed",
        where=", ".join(f.spec.source for f in ours),
        remedy="Give the table of persons a column index_date (admission, first dialysis, diagnosis ...).",
    )


def _is_long(file: RawFile, id: str) -> bool:
    return _prescriptions(file, id) is not None or _lab(file, id) is not None


def _codes(file: RawFile, id: str) -> list[Column]:
    texts = [c for c in file.of_kind("text") if c.name != id and c.n_distinct <= _MOST_CODES]
    return [c for c in texts if not c.named(*_UNIT)]


def _prescriptions(file: RawFile, id: str) -> Prescriptions | None:
    dates = file.of_kind("date")
    drug = _best(_codes(file, id), _DRUG[:-1])
    start = _best(dates, _START)
    stop = _best([c for c in dates if c is not start], _STOP)
    if start is None or drug is None or (stop is None and not drug.named(*_DRUG[:2])):
        return None
    # of several columns that hold the name, the one without a code's extra words
    drug = next((c for c in _codes(file, id) if c.name.casefold() in {"drug", "medication"}), drug)
    return Prescriptions(file, drug, start, stop)


def _lab(file: RawFile, id: str) -> Lab | None:
    time = _best(file.of_kind("date"), _TIME)
    numbers = [c for c in file.of_kind("number") if c.name != id and not c.named(r"id$", "^row")]
    if time is None or not numbers:
        return None
    items = [
        c for c in file.of_kind("number") if c.named(r"item.?id$", "code$") and c.n_distinct <= _MOST_CODES
    ]
    analyte = _best([*_codes(file, id), *items], _ANALYTE)
    value = _best([c for c in numbers if c is not analyte], _VALUE)
    if analyte is not None and value is not None:
        units = [c for c in file.of_kind("text") if c.named(*_UNIT)]
        return Lab(file, time, (value,), units[0] if units else None, analyte)
    measured = [c for c in numbers if c.n_distinct > _MOST_LEVELS]
    if analyte is None and len(measured) >= _FEWEST_WIDE:
        return Lab(file, time, tuple(measured))
    return None


def _events(file: RawFile, id: str) -> Events | None:
    time = _best(file.of_kind("date"), _TIME) or next(iter(file.of_kind("date")), None)
    if time is None:
        return None
    codes = [c for c in _codes(file, id) if c.n_distinct <= 200]
    return Events(file, time, _best(codes, _TYPE))
