"""What there is of money, contacts and capacity in each month of an arm, of the real book, as the record tells."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from tenure.experiments.design.arms import laid_over
from tenure.policies.guard.rules import counted
from tenure.policies.treatments import Treatment

if TYPE_CHECKING:
    from tenure.policies.guard.guard import Guards
    from tenure.simulation.settings.market import MarketSettings


class Limited(NamedTuple):
    """What an institution has of what is limited, and which treatments take of it."""

    each_stands_for: float
    """Real people that one simulated person stands for: what is recorded is to be taken times this."""
    budget: tuple[float, ...]
    """Money for existing customers, month by month, of the real book."""
    capacity: Mapping[str, tuple[float, ...]]
    """Treatment, group, channel of contact or `all` -> how many a month, month by month, of the real book."""
    takes: Mapping[str, tuple[str, ...]]
    """Word of a capacity -> the treatments that take of it."""
    contacts: tuple[str, ...]
    """Treatments that count as a contact with a customer."""
    contacts_at_most: int
    contacts_in_months: int

    @property
    def contacts_per_month(self) -> float:
        """Contacts that one customer can have in a month, on average."""
        return self.contacts_at_most / self.contacts_in_months


def limited_in(market: Mapping[str, object], arm: Mapping[str, object], months: int) -> Limited:
    """Return what we have in each month of what is limited in an arm.

    Parameters
    ----------
    market, arm : mapping
        As a record has them; what the arm changes about us is laid over the market's own.
    months : int
        Of the run.

    Raises
    ------
    ValueError
        If the record has what no market can be.
    """
    from tenure.simulation.institutions.purse import real_book
    from tenure.simulation.settings.market import MarketSettings

    us = arm.get("us")
    found = MarketSettings.model_validate(laid_over(market, {"us": us} if isinstance(us, Mapping) and us else {}))
    held = [_guards(found, month) for month in range(months)]
    treatments, kinds = found.catalogue(), tuple(product.kind for product in found.products.values())
    words = dict.fromkeys(word for one in held for word in one.capacity_per_month)
    return Limited(
        real_book(found, 1.0),
        tuple(one.budget_per_month for one in held),
        {word: tuple(float(one.capacity_per_month.get(word, float("inf"))) for one in held) for word in words},
        {word: tuple(_names(word, treatments, kinds)) for word in words},
        tuple(one.name for one in treatments if one.contact > 0.0),
        held[0].contacts_at_most,
        held[0].contacts_in_months,
    )


def _guards(market: "MarketSettings", month: int) -> "Guards":
    now = market.at(month)
    return now.guards_of(now.us)


def _names(word: str, treatments: tuple[Treatment, ...], kinds: tuple[str, ...]) -> list[str]:
    takes = counted(word, treatments, kinds)
    return [one.name for one, takes_it in zip(treatments[1:], takes[1:], strict=True) if takes_it]
