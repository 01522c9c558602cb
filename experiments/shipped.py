"""Where what ships with the program lies."""

from pathlib import Path

_EXPERIMENTS = Path(__file__).resolve().parent
EXAMPLES = _EXPERIMENTS / "examples"
"""Folder of the shipped experiments."""
MARKETS = _EXPERIMENTS / "markets"
"""Folder of the shipped markets."""
SCENARIOS = _EXPERIMENTS / "scenarios"
"""Folder of the shipped scenarios."""
ERAS = _EXPERIMENTS / "eras"
"""Folder of the shipped eras."""
KNOWN = _EXPERIMENTS / "known"
"""Folder of the markets of the known answers."""
DATA = _EXPERIMENTS / "data"
"""Folder of published data."""
