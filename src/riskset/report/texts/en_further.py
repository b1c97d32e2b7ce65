"""Every sentence and heading on further questions in English."""

from __future__ import annotations

FURTHER_QUESTIONS = "Further questions"
ONE_FURTHER_QUESTION = "The plan asks one further question of the same persons and outcomes: {}."
FURTHER_QUESTIONS_ARE = (
    "The plan asks further questions of the same persons and outcomes, {} with the main one: {}."
)
EACH_IS_ANSWERED = (
    " Each has a section of its own, made like those of the main question, on the rows complete for its own models. "
    "Characteristics, survival and sensitivity analyses are those of the main question."
)
WHOEVER_LOOKS_LONGER = (
    "The more tests of interaction a plan declares, the more likely one of them is to fall below 0.05 by chance alone. "
    "Holm's adjustment over all of them, those of the main question among them, keeps the chance of any false claim at 5%."
)
NONE_STANDS = "With it, none of the {} tests establishes that an association differs."
THESE_STAND = "With it, these of the {} tests establish that an association differs: {}."
ONE_STANDS = "With it, one of the {} tests establishes that an association differs: {}."
TESTS_OF_INTERACTION = "Tests of interaction of all questions, adjusted by Holm"
MAIN_QUESTION = "Main question"
BY = "{} by {}"
P_HOLM = "P (Holm)"
NOT_ADJUSTED = "P: of the test of interaction, not adjusted, as in the section of the question. {}."
MODELS_METHODS = "Methods"
THIS_QUESTION_IS_ONE = "This is one of {} questions of the plan; {} gives the P values of their tests of interaction adjusted for that."
THE_PLAN_ASKS_MORE = (
    "The plan also asks {}; {} adjusts the P values of the tests of interaction for all questions."
)
