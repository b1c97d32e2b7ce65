"""Risk sets: event-time index, moments, ties, Gram matrix, product limit. Arrays only."""
