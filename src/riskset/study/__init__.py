"""Plan to run to results."""
