"""Texts of the report that stand apart from its logic, so that another language can stand beside them."""
