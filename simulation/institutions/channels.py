"""Channels: contact rates that meet a budget. The rate follows last month's contacts; what was not spent is kept."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import MAX_CHANNELS
from tenure.simulation.settings.institution import ChannelSettings

HIGHEST_RATE = 1000.0
"""Contacts per person and month at most: whoever can be reached is, and more money buys nothing."""


class Channels:
    """Rates of one institution's channels, and the money carried over; arrays of shape (MAX_CHANNELS,).

    Parameters
    ----------
    settings : mapping
        Channel -> its settings.
    budget_cents : array, shape (MAX_CHANNELS,)
        Of the simulated book; 0 for a channel with a fixed rate.
    reachable : float
        People who are not the institution's customers when the market begins: where rates start from.
    """

    def __init__(
        self, settings: Mapping[str, ChannelSettings], budget_cents: NDArray[np.float64], reachable: float
    ) -> None:
        self.names, self.reachable, self.budget_cents = tuple(settings), max(1.0, reachable), budget_cents
        self.carried_cents, self.budgeted = np.zeros(MAX_CHANNELS), budget_cents > 0.0
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

    def go_on(self, rate: NDArray[np.float64], carried_cents: NDArray[np.float64]) -> None:
        """Take over the rates that budgets had found, and the money kept; a channel that is new starts as set up."""
        found = self.budgeted & (rate > 0.0)
        self.rate = np.where(found, rate, self.rate)
        self.carried_cents = np.where(found, carried_cents, 0.0)

    def spend(self, budget_cents: NDArray[np.float64]) -> None:
        """From now on these are the budgets, shape (MAX_CHANNELS,); a fixed rate stays what it is."""
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
    """Return the cents of one contact by each channel, shape (MAX_CHANNELS,)."""
    return _by_channel([math.floor(one.cost_per_contact * 100.0 + 0.5) for one in settings.values()])


def _fixed_rates(settings: Mapping[str, ChannelSettings]) -> NDArray[np.float64]:
    """Return the contacts per person and month of channels that have no budget, shape (MAX_CHANNELS,)."""
    return _by_channel([one.contacts_per_person_per_month or 0.0 for one in settings.values()])


def _by_channel(values: Sequence[float]) -> NDArray[np.float64]:
    row = np.zeros(MAX_CHANNELS)
    row[: len(values)] = values
    return row
