"""Where the numbers of a market come from: written for it, as a source has them, or assumed."""

from collections.abc import Mapping
from typing import NamedTuple

from tenure.experiments.config.market_files import leaves
from tenure.simulation.settings.parameters import declared_at


class InputCounts(NamedTuple):
    """How many numbers of a market are of each kind."""

    written: int
    """Other than the default."""
    published: int
    """The default, whose source is named."""
    assumed: int
    """The default, an assumption."""


def input_counts(market: Mapping[str, object]) -> InputCounts:
    """Count the numbers of a market by where they come from.

    A number that is the default counts by the source of the default; any other was written for this market, whoever
    wrote it.
    """
    counts = dict.fromkeys(InputCounts._fields, 0)
    for at, value in leaves(market, ()):
        known = declared_at(at)
        if known is None or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if known.default is None or value != known.default:
            counts["written"] += 1
        else:
            counts["assumed" if "assumption" in known.source else "published"] += 1
    return InputCounts(**counts)
