"""Measures, drug states and events become (entry, exit] episodes, with an audit."""
