"""Eligibility, index date, end of follow-up, attrition ledger."""
