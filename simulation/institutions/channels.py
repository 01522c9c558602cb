"""Channels: contact rates that meet a budget. The rate follows last month's contacts; what was not spent is kept."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.settings.institution import ChannelSettings

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
        self.cost_cents = _costs(settings)
        started = np.minimum(budget_cents / np.maximum(self.cost_cents, 1.0) / self.reachable, HIGHEST_RATE)
        self.rate = np.where(self.budgeted, started, _fixed_rates(settings))

    def change(self, settings: Mapping[str, ChannelSettings], budget_cents: NDArray[np.float64]) -> None:
        """From now on contacts cost, budgets are and fixed rates are what the settings of another month say."""
        cost = _costs(settings)
        self.rate = self.rate * np.where(self.budgeted, self.cost_cents / np.maximum(cost, 1.0), 1.0)
        self.cost_cents, self.budgeted = cost, self.budgeted | (budget_cents > 0.0)
        self.rate = np.where(self.budgeted, self.rate, _fixed_rates(settings))
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
        old, fresh = self.budget_cents, new / np.maximum(self.cost_cents, 1.0) / self.reachable
        moved = np.where((old > 0.0) & (self.rate > 0.0), self.rate * new / np.maximum(old, 1e-9), fresh)
        self.rate = np.where(self.budgeted, np.minimum(moved, HIGHEST_RATE), self.rate)
        self.budget_cents = new

    def settle(self, contacts: NDArray[np.int64]) -> None:
        """After a month: carry the difference over, and set rates so that next month's contacts cost its money."""
        spent = contacts * self.cost_cents
        self.carried_cents = np.where(
            self.budgeted,
            np.clip(self.carried_cents + self.budget_cents - spent, -self.budget_cents, self.budget_cents),
            0.0,
        )
        wanted = (self.budget_cents + 0.5 * self.carried_cents) / np.maximum(self.cost_cents, 1.0)
        factor = np.clip(wanted / np.maximum(contacts, 1), 0.5, 2.0)
        self.rate = np.where(self.budgeted, np.minimum(self.rate * factor, HIGHEST_RATE), self.rate)


def _costs(settings: Mapping[str, ChannelSettings]) -> NDArray[np.float64]:
    """Return the cents of one contact by each channel, shape (channels,)."""
    return np.array([math.floor(one.cost_per_contact * 100.0 + 0.5) for one in settings.values()], np.float64)


def _fixed_rates(settings: Mapping[str, ChannelSettings]) -> NDArray[np.float64]:
    """Return the contacts per person and month of channels that have no budget, shape (channels,)."""
    return np.array([one.contacts_per_person_per_month or 0.0 for one in settings.values()], np.float64)
