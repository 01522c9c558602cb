"""One purse: what of an institution's money goes to channels and what to existing customers, as set or as moved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.market import MAX_CHANNELS
from policies.plan import Acquisition
from policies.suggest import did_you_mean
from simulation.channels import Channels
from simulation.settings import MarketSettings


class Purse:
    """The money of a month of every institution, real book; plans may move it between new and existing customers.

    Parameters
    ----------
    settings : MarketSettings
    channels : Channels
        Whose budgets follow what is moved.
    """

    def __init__(self, settings: MarketSettings, channels: Channels) -> None:
        self.settings, self.channels = settings, channels
        self.institutions = tuple(settings.institutions().values())
        self.as_set_eur = np.array([0.0, *(settings.guards_of(one).budget_per_month for one in self.institutions)])
        self.treatments_eur, self.as_set_cents = self.as_set_eur.copy(), channels.budget_cents.copy()
        self.moved = np.zeros(len(self.as_set_eur), np.bool_)

    def in_view(self, me: int) -> tuple[float, float]:
        """Return the whole purse and what of it goes to channels, EUR a month in the scale of the view."""
        channels = float(self.channels.budget_cents[me].sum()) / 100.0
        return float(self.treatments_eur[me]) / self.settings.people_each_stands_for + channels, channels

    def move(self, me: int, asked: Acquisition) -> None:
        """From next month on the purse is split, and the channels' part spread, as a plan asks."""
        total = float(self.channels.budget_cents[me].sum())
        if asked.share is not None:
            purse = self.settings.purse_of(self.institutions[me - 1])
            total = 100.0 * asked.share * purse / self.settings.people_each_stands_for
            self.treatments_eur[me] = (1.0 - asked.share) * purse
        self.channels.spend(me, total * self.shares(me, asked))
        self.moved[me] = True

    def shares(self, me: int, asked: Acquisition) -> NDArray[np.float64]:
        """Return what each channel would get of the channels' part; see `channel_shares`."""
        names, now = tuple(self.institutions[me - 1].acquisition), self.channels.budget_cents[me]
        return channel_shares(asked.weights, names, self.channels.budgeted[me], now)

    def as_set(self, me: int) -> None:
        """Split and spread the purse as the settings say."""
        if self.moved[me]:
            self.treatments_eur[me] = self.as_set_eur[me]
            self.channels.spend(me, self.as_set_cents[me])
            self.moved[me] = False

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what plans have moved."""
        return {"purse_moved": self.moved.copy(), "purse_treatments": self.treatments_eur.copy(),
                "purse_channels": self.channels.budget_cents.copy()}  # fmt: skip

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take back what plans had moved; the rest is as the settings say."""
        self.moved = state["purse_moved"].copy()
        self.treatments_eur = np.where(self.moved, state["purse_treatments"], self.as_set_eur)
        moved = np.where(self.moved[:, None], state["purse_channels"], self.as_set_cents)
        self.channels.budget_cents = np.where(self.channels.budgeted, moved, 0.0)


def channel_shares(
    weights: Mapping[str, float], names: tuple[str, ...], budgeted: NDArray[np.bool_], now_cents: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each channel gets of an institution's money for new customers, shape (MAX_CHANNELS,).

    Parameters
    ----------
    weights : mapping
        Channel -> weight; empty: as it is spread now, evenly where nothing is spent now.
    names : tuple of str
        The institution's channels.
    budgeted : bool array, shape (MAX_CHANNELS,)
        Which of them live on a budget.
    now_cents : array, shape (MAX_CHANNELS,)
        What each has now.

    Raises
    ------
    ValueError
        If a channel is unknown or has no budget, or all weights are 0.
    """
    known = [name for name, one in zip(names, budgeted.tolist(), strict=False) if one]
    for name in weights:
        if name not in known:
            raise ValueError(f"acquisition: no channel '{name}' has a budget.{did_you_mean(name, known)}")
    if weights and not sum(weights.values()) > 0.0:
        raise ValueError("acquisition: all weights are 0: give one channel a weight, or new customers a share of 0")
    own = np.zeros(MAX_CHANNELS)
    own[: len(names)] = [weights.get(name, 0.0) for name in names] if weights else now_cents[: len(names)]
    if not own.sum() > 0.0:
        own[budgeted] = 1.0
    return np.asarray(own / max(float(own.sum()), 1e-9))
