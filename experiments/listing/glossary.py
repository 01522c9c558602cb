"""Words of configs, tables and reports that no declaration explains, from `glossary.toml`."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from tenure.experiments.listing.entry import Entry

FILE = Path(__file__).with_name("glossary.toml")


def words() -> Iterator[Entry]:
    """Yield every word of the glossary, by kind."""
    for kind, found in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        for name, (meaning, *also) in found.items():
            yield Entry(kind, name, meaning, {"also": "; ".join(also)} if also else {}, tuple(also))
