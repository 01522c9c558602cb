"""Channels: contact rates that meet a budget. The rate follows last month's contacts; what was not spent is kept."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.market import MAX_CHANNELS
from simulation.settings import MarketSettings

HIGHEST_RATE = 1000.0
"""Contacts per person and month at most: whoever can be reached is, and more money buys nothing."""


class Channels:
    """Rates of every institution's channels, and the money carried over.

    Parameters
    ----------
    settings : MarketSettings
        Budgets are of the real book; one simulated person stands for several.
    """

    def __init__(self, settings: MarketSettings, offers: NDArray[Any]) -> None:
        shape = (len(offers), MAX_CHANNELS)
        self.reachable = np.ones(len(offers))
        self.rate, self.budget_cents = np.zeros(shape), np.zeros(shape)
        self.cost_cents = offers["contact_cents"][:, :MAX_CHANNELS].astype(np.float64)
        self.carried_cents = np.zeros(shape)
        scale = settings.people_each_stands_for
        for j, one in enumerate(settings.institutions().values(), start=1):
            budgets = sum(channel.budget_per_month or 0.0 for channel in one.acquisition.values())
            share = one.acquisition_share
            factor = 1.0 if share is None or budgets == 0 else share * settings.purse_of(one) / budgets
            for c, channel in enumerate(one.acquisition.values()):
                if channel.budget_per_month is None:
                    self.rate[j, c] = channel.contacts_per_person_per_month or 0.0
                else:
                    self.budget_cents[j, c] = 100.0 * factor * channel.budget_per_month / scale
                    self.reachable[j] = max(1.0, settings.people * (1.0 - one.share))
                    self.rate[j, c] = min(
                        self.budget_cents[j, c] / self.cost_cents[j, c] / self.reachable[j], HIGHEST_RATE
                    )
        self.budgeted = self.budget_cents > 0.0

    def go_on(self, rate: NDArray[np.float64], carried_cents: NDArray[np.float64]) -> None:
        """Take over the rates that budgets had found, and the money kept; a channel that is new starts as set up."""
        found = self.budgeted & (rate > 0.0)
        self.rate = np.where(found, rate, self.rate)
        self.carried_cents = np.where(found, carried_cents, 0.0)

    def spend(self, me: int, budget_cents: NDArray[np.float64]) -> None:
        """From now on these are an institution's budgets, shape (MAX_CHANNELS,); a fixed rate stays what it is."""
        new = np.where(self.budgeted[me], budget_cents, 0.0)
        old, fresh = self.budget_cents[me], new / np.maximum(self.cost_cents[me], 1.0) / self.reachable[me]
        moved = np.where((old > 0.0) & (self.rate[me] > 0.0), self.rate[me] * new / np.maximum(old, 1e-9), fresh)
        self.rate[me] = np.where(self.budgeted[me], np.minimum(moved, HIGHEST_RATE), self.rate[me])
        self.budget_cents[me] = new

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
