"""Laboratory units: what one unit is worth in another, with the analyte's molar mass and valence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

from riskset.errors import UnitError


@dataclass(frozen=True)
class Analyte:
    """What is needed to move between mass, substance and charge: molar mass in g/mol, valence (0 = no ion)."""

    molar_mass: float
    valence: int = 0


# Molar masses in g/mol: elements from the IUPAC table of standard atomic weights (abridged), molecules summed
# from them. Phosphate is reported as phosphorus, urea as its two nitrogens. PTH: the conversion in clinical
# use is pg/mL x 0.106 = pmol/L (intact PTH, 84 amino acids, about 9.4 kDa), so its mass here is 1000 / 0.106.
# Haemoglobin: the monomer, as SI haemoglobin in mmol/L is reported.
_ANALYTES = {
    "magnesium": Analyte(24.305, 2),
    "calcium": Analyte(40.078, 2),
    "phosphate": Analyte(30.974),
    "sodium": Analyte(22.990, 1),
    "potassium": Analyte(39.098, 1),
    "chloride": Analyte(35.45, 1),
    "bicarbonate": Analyte(61.017, 1),
    "lithium": Analyte(6.94, 1),
    "creatinine": Analyte(113.12),
    "urea nitrogen": Analyte(28.014),
    "urea": Analyte(60.056),
    "uric acid": Analyte(168.11),
    "glucose": Analyte(180.156),
    "cholesterol": Analyte(386.65),
    "bilirubin": Analyte(584.66),
    "iron": Analyte(55.845),
    "lactate": Analyte(90.078, 1),
    "pth": Analyte(1000 / 0.106),
    "25-hydroxyvitamin d": Analyte(400.64),
    "haemoglobin": Analyte(16_114.5),
    "albumin": Analyte(66_437.0),
    "zinc": Analyte(65.38, 2),
    "copper": Analyte(63.546, 2),
    "aluminium": Analyte(26.982, 3),
    "cortisol": Analyte(362.466),
    "folate": Analyte(441.404),
}
_SYNONYMS = {
    "mg": "magnesium",
    "serum magnesium": "magnesium",
    "ca": "calcium",
    "corrected calcium": "calcium",
    "p": "phosphate",
    "phosphorus": "phosphate",
    "inorganic phosphate": "phosphate",
    "na": "sodium",
    "k": "potassium",
    "cl": "chloride",
    "hco3": "bicarbonate",
    "crea": "creatinine",
    "serum creatinine": "creatinine",
    "bun": "urea nitrogen",
    "hb": "haemoglobin",
    "hemoglobin": "haemoglobin",
    "intact pth": "pth",
    "parathyroid hormone": "pth",
    "alb": "albumin",
    "total cholesterol": "cholesterol",
    "hdl": "cholesterol",
    "ldl": "cholesterol",
}

# The registry holds what laboratories write and nothing else: no prefix turns a typing error into a unit.
_DEFINITIONS = (
    "g = [mass]",
    "L = [volume]",
    "mol = [substance]",
    "Eq = [charge]",
    "U = [enzyme_activity]",
    "IU = U",  # laboratories write either for the same enzyme or hormone
    "cell = [cells]",
    "hour = [time]",
    "kg = 1e3 * g",
    "mg = 1e-3 * g",
    "ug = 1e-6 * g",
    "ng = 1e-9 * g",
    "pg = 1e-12 * g",
    "dL = 1e-1 * L",
    "mL = 1e-3 * L",
    "uL = 1e-6 * L",
    "fL = 1e-15 * L",
    "mmol = 1e-3 * mol",
    "umol = 1e-6 * mol",
    "nmol = 1e-9 * mol",
    "pmol = 1e-12 * mol",
    "mEq = 1e-3 * Eq",
    "mU = 1e-3 * U",
    "mIU = 1e-3 * IU",
    "uIU = 1e-6 * IU",
    "m = [length]",
    "cm = 1e-2 * m",
    "mm = 1e-3 * m",
    "mmHg = [pressure]",
    "kPa = mmHg / 0.133322387415",  # the conventional millimetre of mercury, ISO 80000-4
    "mOsm = [osmoles]",
    "beat = [beats]",
    "percent = [share]",
    "min = hour / 60",
    "s = hour / 3600",
)
_PLAIN = (
    "kg g mg ug ng pg L dL mL uL fL mol mmol umol nmol pmol Eq mEq U mU IU mIU uIU cell percent hour min s"
)
_PLAIN += " cm mm mmHg kPa mOsm beat"  # blood pressure and body size come with the laboratory's values
_ATOMS = {atom.lower(): atom for atom in re.split(" ", _PLAIN)} | {
    "mcg": "ug",
    "liter": "L",
    "litre": "L",
    "h": "hour",
    "hr": "hour",
    "sec": "s",
    "uu": "uIU",
    "mosmol": "mOsm",
    "beats": "beat",
    "%": "percent",
    "cells": "cell",
    "10^3": "1e3 cell",
    "10^6": "1e6 cell",
    "10^9": "1e9 cell",
    "10^12": "1e12 cell",
    "k": "1e3 cell",
    "10*3": "1e3 cell",
    "10*6": "1e6 cell",
    "10*9": "1e9 cell",
    "10*12": "1e12 cell",
}
_WHOLE = {
    "mg%": "mg/dL",
    "kg/m2": "kg/m**2",
    "kg/m^2": "kg/m**2",
    "ml/min/1.73m2": "mL/min",
    "%": "percent",
    "bpm": "beat/min",
}
# A share without a unit of its own (pH, ratios) is written "1" or left to the plan as unit "ratio".
_DIMENSIONLESS = {"1", "ratio", "units", "ph"}
_SIGNS = str.maketrans({"μ": "u", "×": "x", "⁄": "/"})
_POWER = re.compile("(?:(?<=10)|(?<=１０))[⁰¹²³⁴-⁹]+")


def _spelling(unit: str) -> str | None:
    """Translate a unit as laboratories write it into the registry's spelling; None if it is not known."""
    # full-width letters, the signs of one character for mg or dl, and both micro signs are compatible forms
    text = unicodedata.normalize("NFKC", _POWER.sub(r"^\g<0>", unit)).translate(_SIGNS)
    text = re.sub(r"\s+", "", text)
    folded = text.lower()
    if folded in _DIMENSIONLESS:
        return "1"
    if folded in _WHOLE:
        return _WHOLE[folded]
    folded = re.sub(r"^x(?=10[\^*])", "", folded)
    parts = folded.split("/")
    if any(part not in _ATOMS for part in parts):
        return None
    return " / ".join(_ATOMS[part] for part in parts)


def known_units() -> tuple[str, ...]:
    """Units that laboratories write most and that riskset knows.

    Returns
    -------
    tuple of str
        For messages; combinations of the same parts are known too.

    Examples
    --------
    >>> "mg/dL" in known_units()
    True
    """
    return (
        *(
            "mg/dL",
            "g/dL",
            "g/L",
            "mg/L",
            "ug/L",
            "ug/dL",
            "ng/mL",
            "ng/L",
            "pg/mL",
            "mol/L",
            "mmol/L",
            "umol/L",
            "nmol/L",
            "pmol/L",
        ),
        *(
            "mEq/L",
            "U/L",
            "IU/L",
            "mIU/L",
            "10^3/uL",
            "10^6/uL",
            "10^9/L",
            "10^12/L",
            "%",
            "fL",
            "pg",
            "kg",
            "kg/m2",
            "mL/min",
            "mmHg",
            "kPa",
            "cm",
        ),
    )


def known_analytes() -> tuple[str, ...]:
    """Analytes whose molar mass riskset knows.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "magnesium" in known_analytes()
    True
    """
    return tuple(_ANALYTES)


def _analyte(name: str) -> Analyte | None:
    folded = re.sub(r"[\s_]+", " ", name.strip().lower())
    return _ANALYTES.get(_SYNONYMS.get(folded, folded))


def _unknown(unit: str, where: str | None) -> UnitError:
    near = get_close_matches(unit, known_units(), n=3, cutoff=0.5)
    if not near:
        folded = {u.lower(): u for u in known_units()}
        near = [folded[u] for u in get_close_matches(unit.lower(), list(folded), n=3, cutoff=0.5)]
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known_units())}."
    return UnitError(f"'{unit}' is not a known laboratory unit", where=where, remedy=hint)


@cache
def _registry() -> Any:
    # Loaded on the first real conversion: a study whose units agree never pays for it.
    library = import_module("pint")
    registry = library.UnitRegistry(None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    return registry


def lab_factor(
    unit: str, to: str, analyte: str | Analyte | None = None, *, where: str | None = None
) -> float:
    """Give the worth of one `unit` of an analyte in `to`: multiply values in `unit` by it.

    Parameters
    ----------
    unit, to : str
        Units as laboratories write them; case, spaces, full-width letters and the form of the micro sign do not matter.
    analyte : str or Analyte, optional
        Needed where mass, substance and charge meet (mg/dL, mmol/L, mEq/L): its name, or its molar mass and valence.
    where : str, optional
        The plan key or argument, for the message.

    Returns
    -------
    float

    Raises
    ------
    UnitError
        If a unit is unknown, the two are of different kinds, or the analyte's molar mass or valence is needed
        and not known.

    Examples
    --------
    >>> round(lab_factor("mg/dL", "mmol/L", analyte="magnesium"), 4)
    0.4114
    >>> lab_factor("mEq/L", "mg/dL", analyte="magnesium")
    1.21525
    >>> lab_factor("g/dL", "g/L")
    10.0
    >>> round(lab_factor("ug/mL", "umol/L", Analyte(350.4)), 6)
    2.853881
    """
    return _lab_factor(unit, to, analyte, where)


@cache
def _lab_factor(unit: str, to: str, analyte: str | Analyte | None, where: str | None) -> float:
    source, target = _spelling(unit), _spelling(to)
    if source is None:
        raise _unknown(unit, where)
    if target is None:
        raise _unknown(to, where)
    if source == target:
        return 1.0
    registry = _registry()
    a, b = registry.Quantity(source), registry.Quantity(target)
    if a.dimensionality != b.dimensionality:
        a, b = _in_moles(a, unit, to, analyte, where), _in_moles(b, unit, to, analyte, where)
    if a.dimensionality != b.dimensionality:
        raise UnitError(
            f"'{unit}' and '{to}' measure different things",
            where=where,
            remedy="Correct the unit in the plan or in the table.",
        )
    # 12 digits: prefixes are powers of ten that binary floating point does not hold exactly, molar masses have 6
    return float(f"{a.to_base_units().magnitude / b.to_base_units().magnitude:.12g}")


def _in_moles(quantity: Any, unit: str, to: str, analyte: str | Analyte | None, where: str | None) -> Any:
    """Express a mass or a charge of the analyte as an amount of substance; leave anything else alone."""
    registry = _registry()
    kinds = quantity.dimensionality
    if "[mass]" not in kinds and "[charge]" not in kinds:
        return quantity
    known = _analyte(analyte) if isinstance(analyte, str) else analyte
    if known is None:
        near = (
            []
            if not isinstance(analyte, str)
            else get_close_matches(analyte.lower(), [*_ANALYTES, *_SYNONYMS], n=3, cutoff=0.5)
        )
        said = "no analyte is named" if analyte is None else f"the molar mass of '{analyte}' is not known"
        hint = (
            f"Did you mean {' or '.join(near)}?"
            if near
            else f"Name the analyte; known: {', '.join(_ANALYTES)}."
        )
        raise UnitError(
            f"'{unit}' to '{to}' needs the analyte's molar mass and {said}", where=where, remedy=hint
        )
    if "[mass]" in kinds:
        return quantity / registry.Quantity(known.molar_mass, "g/mol")
    if known.valence == 0:
        raise UnitError(
            f"'{analyte if isinstance(analyte, str) else 'the analyte'}' has no valence: '{unit}' to '{to}' is undefined",
            where=where,
            remedy="Correct the unit.",
        )
    return quantity / registry.Quantity(known.valence, "Eq/mol")
