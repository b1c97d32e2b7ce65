"""Durations, person-time and laboratory units.

Nothing is guessed: a unit that is not known is refused with its nearest neighbours, and a value says nothing
about its unit. The units library is loaded only when two spellings differ.

Examples
--------
>>> from riskset.units import lab_factor, parse_duration, person_time_divisor
>>> parse_duration("5 years"), parse_duration("6 hours"), person_time_divisor("years")
(1826.25, 0.25, 365.25)
>>> round(lab_factor("mmol/L", "mg/dL", analyte="magnesium"), 4)
2.4305
"""

from riskset.units.durations import DAYS_PER_MONTH as DAYS_PER_MONTH
from riskset.units.durations import DAYS_PER_YEAR as DAYS_PER_YEAR
from riskset.units.durations import parse_duration as parse_duration
from riskset.units.durations import person_time_divisor as person_time_divisor
from riskset.units.laboratory import Analyte as Analyte
from riskset.units.laboratory import known_analytes as known_analytes
from riskset.units.laboratory import known_units as known_units
from riskset.units.laboratory import lab_factor as lab_factor
