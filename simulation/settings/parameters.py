"""Every number that a market may hold, as it is declared: where it stands, its unit, range, default and source.

The declarations stand beside what they declare: those of rules in `agents`, of a market in `simulation`, of treatments
and policies in `policies`. Here they are gathered, for whoever lists, explains, dates or varies them.
"""

from functools import cache

from tenure.policies.settings.faults import KeyPath
from tenure.simulation.settings.declared import NAME as NAME
from tenure.simulation.settings.declared import Declared as Declared
from tenure.simulation.settings.declared import numbers_of
from tenure.simulation.settings.market import MarketSettings


@cache
def declared() -> tuple[Declared, ...]:
    """Return all numbers of a market, in the order of its sections; those of policies are listed beside policies."""
    return numbers_of(MarketSettings).all


def declared_at(at: KeyPath) -> Declared | None:
    """Return the declaration of the number at a place of a market, None where no number stands.

    >>> declared_at(("rivals", "megabank", "funding_cost")).unit
    'rate/year'
    """
    return numbers_of(MarketSettings).at(at)
