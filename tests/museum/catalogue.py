"""The rooms of the museum, in the order of the way of the data."""

from __future__ import annotations

from collections.abc import Mapping

from courses import COURSES, UNITS
from exhibit import Exhibit
from fields import DATES, IDS, NUMBERS
from text_files import ENCODINGS, SHAPE
from workbooks import STORES, WORKBOOKS

ROOMS: Mapping[str, tuple[Exhibit, ...]] = {
    "Encodings and bytes": ENCODINGS,
    "Separators, quotation marks and headers": SHAPE,
    "Workbooks": WORKBOOKS,
    "Parquet and databases": STORES,
    "Ids and filters": IDS,
    "Dates": DATES,
    "Numbers": NUMBERS,
    "Units": UNITS,
    "Courses of patients": COURSES,
}
