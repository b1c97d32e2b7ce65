"""The Cox model: fit, variance, tests, profile likelihood."""
