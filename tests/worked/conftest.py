"""Small text tables for the worked cases: read, written, and without padding."""

from collections.abc import Callable

import polars as pl
import pytest
from text_tables import cells, frame, shown, unpadded


@pytest.fixture
def table() -> Callable[[str], pl.DataFrame]:
    """Read a text table; a dash is a missing value, numbers are numbers, anything else is text."""
    return frame


@pytest.fixture
def show() -> Callable[[pl.DataFrame], str]:
    """Write a frame as such a text table, without padding."""
    return lambda result: unpadded(shown(result))


@pytest.fixture
def squeeze() -> Callable[[str], str]:
    """Take the padding out of an expected table."""
    return lambda text: unpadded(cells(text))
