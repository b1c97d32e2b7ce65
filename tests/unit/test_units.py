"""Durations and laboratory units: the factors of the clinical literature, and refusals."""

import pytest

from riskset.errors import UnitError
from riskset.units import known_units, lab_factor, parse_duration, person_time_divisor


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("90 days", 90.0),
        ("1 day", 1.0),
        ("6 hours", 0.25),
        ("5 years", 1826.25),
        ("1 month", 30.4375),
        ("2 weeks", 14.0),
        ("0 days", 0.0),
        ("1.5 Years", 547.875),
        (30, 30.0),
    ],
)
def test_durations_are_not_rounded(text, days):
    assert parse_duration(text) == days


@pytest.mark.parametrize(
    "text", ["3 yeers", "ninety days", "90", "", "-5 days", "5 days 3 hours", -1, float("nan"), True]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(UnitError):
        parse_duration(text)


def test_misspelt_unit_of_time_names_its_neighbour():
    with pytest.raises(UnitError, match="Did you mean years"):
        parse_duration("3 yeers", where="max_followup")


def test_person_time():
    assert [person_time_divisor(u) for u in ("days", "months", "years")] == [1.0, 30.4375, 365.25]


# Conversion factors as clinical tables print them (SI conversion of the American Medical Association's manual
# of style, to the digits given there), except PTH, which is the convention of its own assays.
@pytest.mark.parametrize(
    ("unit", "to", "analyte", "factor", "digits"),
    [
        ("mg/dL", "mmol/L", "magnesium", 0.4114, 4),
        ("mg/dL", "mEq/L", "magnesium", 0.823, 3),
        ("mEq/L", "mmol/L", "magnesium", 0.5, 9),
        ("mg/dL", "mmol/L", "calcium", 0.2495, 4),
        ("mg/dL", "mmol/L", "phosphate", 0.3229, 4),
        ("g/dL", "g/L", "albumin", 10, 9),
        ("mg/dL", "mg/L", "crp", 10, 9),
        ("mg/dL", "umol/L", "creatinine", 88.4, 1),
        ("mg/dL", "mmol/L", "urea nitrogen", 0.357, 3),
        ("pg/mL", "pmol/L", "pth", 0.106, 9),
        ("pg/mL", "ng/L", "pth", 1, 9),
        ("mg/dL", "mmol/L", "glucose", 0.0555, 4),
        ("mEq/L", "mmol/L", "sodium", 1, 9),
        ("10^3/uL", "10^9/L", None, 1, 9),
    ],
)
def test_factors_of_the_literature(unit, to, analyte, factor, digits):
    assert round(lab_factor(unit, to, analyte), digits) == factor
    assert lab_factor(unit, to, analyte) * lab_factor(to, unit, analyte) == pytest.approx(
        1, rel=1e-11
    )  # 12 digits kept


@pytest.mark.parametrize(
    "spelling", ["mg/dL", "mg/dl", "MG/DL", " mg / dL ", "mg%", "ｍｇ／ｄＬ", "ＭＧ／ＤＬ", "㎎/㎗", "mg⁄dL"]
)
def test_spellings_of_one_unit(spelling):
    assert lab_factor(spelling, "mg/dL") == 1


@pytest.mark.parametrize("spelling", ["10^3/uL", "10³/µL", "×10³/μL", "10*3/ul", "１０³／μＬ"])
def test_powers_of_ten(spelling):
    assert lab_factor(spelling, "10^9/L") == 1


def test_kilograms_by_square_metre():
    assert lab_factor("kg/m²", "kg/m2") == 1


def test_both_micro_signs():
    assert lab_factor("\u00b5mol/L", "umol/L") == lab_factor("\u03bcmol/L", "umol/L") == 1


@pytest.mark.parametrize("unit", known_units())
def test_every_unit_that_is_named_is_known(unit):
    assert lab_factor(unit, unit) == 1


@pytest.mark.parametrize(
    ("unit", "to", "analyte", "message"),
    [
        ("mg/dK", "mg/dL", None, "Did you mean mg/dL"),
        ("mg/dL", "mmol/l/h/h/x", None, "not a known"),
        ("mg/dL", "U/L", "alp", "molar mass of 'alp' is not known"),
        ("mg/dL", "mmol/L", None, "no analyte is named"),
        ("mg/dL", "mmol/L", "magnesum", "Did you mean magnesium"),
        ("mEq/L", "mg/dL", "creatinine", "no valence"),
        ("g/L", "fL", None, "needs the analyte"),
        ("%", "fL", None, "different things"),
    ],
)
def test_refusals(unit, to, analyte, message):
    with pytest.raises(UnitError, match=message):
        lab_factor(unit, to, analyte)
