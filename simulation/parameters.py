"""Every number that a market may hold, as it is declared: where it stands, its unit, range, default and source.

The declarations stand beside what they declare: those of rules in `agents`, of a market in `simulation`, of treatments
and policies in `policies`. Here they are gathered, for whoever lists, explains, dates or varies them.
"""

from functools import cache

from policies.faults import KeyPath
from simulation.declared_numbers import NAME as NAME
from simulation.declared_numbers import Declared as Declared
from simulation.declared_numbers import numbers_of
from simulation.settings import MarketSettings


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
