"""Items of two reporting checklists for cohort studies, by their published numbers; what each asks, in our words.

STROBE: von Elm E, Altman DG, Egger M, et al. Lancet 2007;370:1453-7 (cohort studies).
RECORD: Benchimol EI, Smeeth L, Guttmann A, et al. PLoS Med 2015;12:e1001885.
"""

from __future__ import annotations

from typing import Final

STROBE: Final[tuple[tuple[str, str], ...]] = (
    ("1a", "Title or abstract says that it is a cohort study"),
    ("1b", "Abstract sums up fairly what was done and found"),
    ("2", "Background and reason for the study"),
    ("3", "Objectives and hypotheses set before"),
    ("4", "Design, told early"),
    ("5", "Setting, places, dates of recruitment and follow-up"),
    ("6a", "Who was eligible, from which sources, how followed"),
    ("6b", "Matching, where there is any"),
    ("7", "Outcomes, exposures, confounders and modifiers defined"),
    ("8", "Where each variable comes from and how it was measured"),
    ("9", "What was done against bias"),
    ("10", "How the number of persons came about"),
    ("11", "How quantitative variables were handled and grouped, and why"),
    ("12a", "Statistical methods and control of confounding"),
    ("12b", "Methods for subgroups and interactions"),
    ("12c", "How missing values were handled"),
    ("12d", "How loss to follow-up was handled"),
    ("12e", "Sensitivity analyses"),
    ("13a", "Numbers at each stage"),
    ("13b", "Reasons for leaving at each stage"),
    ("13c", "Flow diagram"),
    ("14a", "Characteristics of the persons, exposures and confounders"),
    ("14b", "How many lack a value of each variable"),
    ("14c", "Length of follow-up"),
    ("15", "Outcome events, or summaries over time"),
    ("16a", "Estimates with less and with full adjustment, with intervals, and for what they are adjusted"),
    ("16b", "Boundaries of categories"),
    ("16c", "Relative risks as absolute ones, where it helps"),
    ("17", "Other analyses: subgroups, interactions, sensitivity"),
    ("18", "Key results against the objectives"),
    ("19", "Limitations: bias and imprecision, and which way they act"),
    ("20", "Careful overall interpretation"),
    ("21", "Whether the results hold elsewhere"),
    ("22", "Funding and the part of the funders"),
)

RECORD: Final[tuple[tuple[str, str], ...]] = (
    ("1.1", "Title or abstract names the kind of data and the databases"),
    ("1.2", "Title or abstract names region and period"),
    ("1.3", "Title or abstract says whether databases were linked"),
    ("6.1", "Codes or rules by which persons were chosen"),
    ("6.2", "Whether these codes or rules were validated"),
    ("6.3", "Where databases were linked, a diagram of persons at each step"),
    ("7.1", "All codes and rules of exposures, outcomes, confounders and modifiers"),
    ("12.1", "What access the authors had to the database"),
    ("12.2", "How the data were cleaned"),
    ("12.3", "Linkage: level, methods and their quality"),
    ("13.1", "How the persons of the study were chosen from the database, step by step"),
    ("19.1", "What it means that the data were not collected for this question"),
    ("22.1", "Where protocol, raw data and programs can be had"),
)
