"""The museum's modules find each other: they are data, read by the tests and by docs/write_bad_tables.py."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
