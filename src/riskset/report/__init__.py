"""Results to tables, figures and one page."""
