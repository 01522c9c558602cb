"""Channels: contact rates that meet a budget. The rate follows last month's contacts; what was not spent is kept."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import NOBODY
from tenure.agents.rules.reach import word_of_mouth
from tenure.simulation.market.acquaintances import Talk
from tenure.simulation.settings.institution import ChannelSettings

USUAL_RESPONSE = 0.01
"""Joiners a contact from which the rate of a channel that is paid by joiners starts: 1.1% of card mail in 1998."""
HIGHEST_RATE = 1000.0
"""Contacts per person and month at most: whoever can be reached is, and more money buys nothing."""


class Channels:
    """Rates of one institution's channels, and the money carried over; arrays of shape (channels,).

    Parameters
    ----------
    settings : mapping
        Channel -> its settings.
    budget_cents : array, shape (channels,)
        Of the simulated book; 0 for a channel with a fixed rate.
    reachable : float
        People who are not the institution's customers when the market begins: where rates start from.
    """

    def __init__(
        self, settings: Mapping[str, ChannelSettings], budget_cents: NDArray[np.float64], reachable: float
    ) -> None:
        self.names, self.reachable, self.budget_cents = tuple(settings), max(1.0, reachable), budget_cents
        self.carried_cents, self.budgeted = np.zeros(len(self.names)), budget_cents > 0.0
        self._follow(settings)
        started = np.minimum(budget_cents / np.maximum(self.usual_cents, 1.0) / self.reachable, HIGHEST_RATE)
        self.rate = np.where(self.budgeted, started, _each(settings, "contacts_per_person_per_month"))

    def _follow(self, settings: Mapping[str, ChannelSettings]) -> None:
        """From now on these are the costs, in cents, and the force of word of mouth."""
        self.cost_cents = np.floor(_each(settings, "cost_per_contact") * 100.0 + 0.5)
        self.joiner_cents = np.floor(_each(settings, "cost_per_joiner") * 100.0 + 0.5)
        self.precision = _each(settings, "precision")
        self.usual_cents = self.cost_cents + USUAL_RESPONSE * self.joiner_cents
        self.talk = tuple((one.word_of_mouth, one.word_of_mouth_satisfaction) for one in settings.values())
        self.along_links = np.array([one.along == "links" for one in settings.values()], np.bool_)

    @property
    def talked_about(self) -> bool:
        """Whether customers' word of mouth is one of the channels."""
        return any(force > 0.0 for force, _ in self.talk)

    def show(
        self,
        rows: NDArray[np.void],
        precision: float | None,
        said: tuple[float, float] | None,
        open_cents: NDArray[np.float64],
    ) -> None:
        """Write the month's rates, precision and cost into the market's rows of these channels, dtype CHANNEL.

        Parameters
        ----------
        precision : float or None
            The policy's own, in place of what is set.
        said : (float, float) or None
            Customers as a share of all people, and how satisfied they are on average, where word of mouth counts.
        open_cents : array, shape (channels,)
            What each costs in a month in which it is open.
        """
        talk = [0.0 if said is None else word_of_mouth(force, *said, weight) for force, weight in self.talk]
        rows["rate"] = self.rate if said is None else self.rate + np.where(self.along_links, 0.0, talk)
        rows["precision"] = self.precision if precision is None else precision
        rows["month_cents"] = np.where(self.rate + np.array(talk) > 0.0, open_cents, 0.0)

    def talks(self, me: int) -> list[Talk]:
        """Return what is told along links of the institution at row `me`, channel by channel that goes along them."""
        linked = zip(self.talk, self.along_links.tolist(), strict=True)
        return [Talk(me, force, weight) for (force, weight), along_links in linked if along_links]

    def change(self, settings: Mapping[str, ChannelSettings], budget_cents: NDArray[np.float64]) -> None:
        """From now on contacts cost, budgets are and fixed rates are what the settings of another month say."""
        before = self.usual_cents
        self._follow(settings)
        self.rate = self.rate * np.where(self.budgeted, before / np.maximum(self.usual_cents, 1.0), 1.0)
        self.budgeted = self.budgeted | (budget_cents > 0.0)
        self.rate = np.where(self.budgeted, self.rate, _each(settings, "contacts_per_person_per_month"))
        if not np.array_equal(budget_cents, self.budget_cents):
            self.spend(budget_cents)

    def go_on(self, rate: Mapping[str, float], carried_cents: Mapping[str, float]) -> None:
        """Take over the rates that budgets had found, and the money kept; a channel that is new starts as set up."""
        before = self.by_name(rate)
        found = self.budgeted & (before > 0.0)
        self.rate = np.where(found, before, self.rate)
        self.carried_cents = np.where(found, self.by_name(carried_cents), 0.0)

    def by_name(self, values: Mapping[str, float]) -> NDArray[np.float64]:
        """Return a number for each channel, 0 where there is none of its name, shape (channels,)."""
        return np.array([values.get(name, 0.0) for name in self.names], np.float64)

    def spend(self, budget_cents: NDArray[np.float64]) -> None:
        """From now on these are the budgets, shape (channels,); a fixed rate stays what it is."""
        new = np.where(self.budgeted, budget_cents, 0.0)
        old, fresh = self.budget_cents, new / np.maximum(self.usual_cents, 1.0) / self.reachable
        moved = np.where((old > 0.0) & (self.rate > 0.0), self.rate * new / np.maximum(old, 1e-9), fresh)
        self.rate = np.where(self.budgeted, np.minimum(moved, HIGHEST_RATE), self.rate)
        self.budget_cents = new

    def settle(self, contacts: NDArray[np.int64], joiners: NDArray[np.int64]) -> None:
        """After a month: carry the difference over, and set rates so that next month's contacts cost its money."""
        spent = contacts * self.cost_cents + joiners * self.joiner_cents
        self.carried_cents = np.where(
            self.budgeted,
            np.clip(self.carried_cents + self.budget_cents - spent, -self.budget_cents, self.budget_cents),
            0.0,
        )
        wanted = (self.budget_cents + 0.5 * self.carried_cents) / np.maximum(self.cost_cents, 1.0)
        factor = wanted / np.maximum(contacts, 1)
        paid_by_joiners = (self.budget_cents + 0.5 * self.carried_cents) / np.maximum(spent, 1.0)
        factor = np.clip(np.where(self.joiner_cents > 0.0, paid_by_joiners, factor), 0.5, 2.0)
        self.rate = np.where(self.budgeted, np.minimum(self.rate * factor, HIGHEST_RATE), self.rate)


def standing(people: NDArray[np.void], me: int) -> tuple[float, float]:
    """Return an institution's share of the people who are there, and the mean satisfaction of its customers."""
    provider = people["provider"]
    satisfaction = people["satisfaction"][provider == me]
    share = len(satisfaction) / max(int(np.count_nonzero(provider >= NOBODY)), 1)
    return share, float(satisfaction.sum()) / max(len(satisfaction), 1)


def _each(settings: Mapping[str, ChannelSettings], name: str) -> NDArray[np.float64]:
    """Return a number of each channel, 0 where none is written, shape (channels,)."""
    return np.array([getattr(one, name) or 0.0 for one in settings.values()], np.float64)
