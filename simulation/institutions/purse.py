"""One purse: what of an institution's money goes to channels and what to existing customers, as set or as moved.

Settings are of the real book, and everything in the model is of the simulated one. Money and capacities pass from one
to the other here and nowhere else.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.policies.guard.guard import Guards
from tenure.policies.guard.rules import StructureLimit
from tenure.policies.plan import Acquisition
from tenure.policies.settings.suggest import did_you_mean
from tenure.simulation.institutions.channels import Channels
from tenure.simulation.settings.institution import InstitutionSettings
from tenure.simulation.settings.market import MarketSettings


class Budgets(NamedTuple):
    """An institution's money of a month as its settings say, of the simulated book."""

    whole_eur: float
    """For existing and for new customers together."""
    treatments_eur: float
    """For existing customers."""
    channels_cents: NDArray[np.float64]
    """For each channel, shape (channels,)."""
    open_cents: NDArray[np.float64]
    """What each channel costs in a month in which it is open, shape (channels,)."""

    @classmethod
    def of(cls, market: MarketSettings, one: InstitutionSettings) -> "Budgets":
        """Return what an institution of a market has."""
        scale = market.people_each_stands_for
        each = [channel.budget_per_month or 0.0 for channel in one.acquisition.values()]
        share, whole = one.acquisition_share, market.purse_of(one)
        factor = 1.0 if share is None or sum(each) == 0.0 else share * whole / sum(each)
        cents = np.array([100.0 * factor * budget / scale for budget in each], np.float64)
        kept_open = [100.0 * channel.cost_per_month / scale for channel in one.acquisition.values()]
        open_cents = np.floor(np.array(kept_open, np.float64) + 0.5)
        return cls(whole / scale, market.guards_of(one).budget_per_month / scale, cents, open_cents)


def held_to(market: MarketSettings, one: InstitutionSettings) -> Guards:
    """Return what an institution's plans are held to, its money, capacities, heads and sums of the simulated book."""
    scale, real = market.people_each_stands_for, market.guards_of(one)

    def smaller(limit: StructureLimit) -> StructureLimit:
        low, high = (None if real is None else real / scale for real in (limit.at_least, limit.at_most))
        return limit if limit.share else limit._replace(at_least=low, at_most=high)

    return real._replace(
        budget_per_month=real.budget_per_month / scale,
        capacity_per_month={word: many / scale for word, many in real.capacity_per_month.items()},
        structure=tuple(smaller(limit) for limit in real.structure),
    )


def real_book(market: MarketSettings, simulated: float) -> float:
    """Return heads or money of the simulated book as what they stand for in the real one."""
    return simulated * market.people_each_stands_for


class Purse:
    """The money of one institution, month by month, EUR of the simulated book; plans may move it.

    Parameters
    ----------
    budgets : Budgets
        As set.
    channels : Channels
        Whose budgets follow what is moved.
    """

    def __init__(self, budgets: Budgets, channels: Channels) -> None:
        self.set, self.channels = budgets, channels
        self.treatments_eur, self.kept_back_eur, self.moved = budgets.treatments_eur, 0.0, False
        self.owed_eur = 0.0

    @property
    def available_eur(self) -> float:
        """Money for treatments this month: the budget, and rewards of last month kept back but not taken.

        If more came to a poaching offer than money was kept back for, that is paid out of it first.
        """
        return max(self.treatments_eur + self.kept_back_eur - self.owed_eur, 0.0)

    @property
    def acquisition_eur(self) -> float:
        """What goes to channels in a month."""
        return float(self.channels.budget_cents.sum()) / 100.0

    @property
    def whole_eur(self) -> float:
        """What goes to existing and to new customers in a month together."""
        return self.treatments_eur + self.acquisition_eur

    def set_aside(self, spent_eur: float) -> None:
        """Keep back what this month's treatments cost if every reward is taken; pay what is owed of last month."""
        self.owed_eur = max(self.owed_eur - self.treatments_eur - self.kept_back_eur, 0.0)
        self.kept_back_eur = spent_eur

    def pay(self, paid_eur: float) -> None:
        """Pay what was taken; what is left of the money kept back is there next month, what is missing is owed."""
        self.owed_eur += max(paid_eur - self.kept_back_eur, 0.0)
        self.kept_back_eur = max(self.kept_back_eur - paid_eur, 0.0)

    def move(self, asked: Acquisition) -> None:
        """From next month on the purse is split, and the channels' part spread, as a plan asks."""
        total = float(self.channels.budget_cents.sum())
        if asked.share is not None:
            total = 100.0 * asked.share * self.set.whole_eur
            self.treatments_eur = (1.0 - asked.share) * self.set.whole_eur
        self.channels.spend(total * self.shares(asked))
        self.moved = True

    def shares(self, asked: Acquisition) -> NDArray[np.float64]:
        """Return what each channel would get of the channels' part; see `channel_shares`."""
        one = self.channels
        return channel_shares(asked.weights, one.names, one.budgeted, one.budget_cents)

    def as_set(self) -> None:
        """Split and spread the purse as the settings say."""
        if self.moved:
            self.treatments_eur, self.moved = self.set.treatments_eur, False
            self.channels.spend(self.set.channels_cents)

    def change(self, budgets: Budgets, settings: InstitutionSettings) -> None:
        """From now on there is this money; what a plan has moved stays where it is, in proportion."""
        grown = budgets.whole_eur / self.set.whole_eur if self.moved and self.set.whole_eur > 0.0 else 1.0
        cents = self.channels.budget_cents * grown if self.moved else budgets.channels_cents
        self.treatments_eur = self.treatments_eur * grown if self.moved else budgets.treatments_eur
        self.set = budgets
        self.channels.change(settings.acquisition, cents)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return what plans have moved, what is kept back, and the rates that budgets have found."""
        return {
            "purse_moved": np.array(self.moved),
            "purse_treatments": np.array(self.treatments_eur),
            "channels": np.array(self.channels.names, np.str_),
            "purse_channels": self.channels.budget_cents.copy(),
            "kept_back": np.array(self.kept_back_eur),
            "owed": np.array(self.owed_eur),
            "rate": self.channels.rate.copy(),
            "carried": self.channels.carried_cents.copy(),
        }

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take back what plans had moved and rates had become; the rest is as the settings say."""
        self.moved, self.kept_back_eur = bool(state["purse_moved"]), float(state["kept_back"])
        self.owed_eur = float(state["owed"])
        self.treatments_eur = float(state["purse_treatments"]) if self.moved else self.set.treatments_eur
        names = state["channels"].tolist()
        moved, rate, carried = (
            dict(zip(names, state[key].tolist(), strict=True)) for key in ("purse_channels", "rate", "carried")
        )
        kept = self.channels.by_name(moved) if self.moved else self.set.channels_cents
        self.channels.budget_cents = np.where(self.channels.budgeted, kept, 0.0)
        self.channels.go_on(rate, carried)


def channel_shares(
    weights: Mapping[str, float], names: tuple[str, ...], budgeted: NDArray[np.bool_], now_cents: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what each channel gets of an institution's money for new customers, shape (channels,).

    Parameters
    ----------
    weights : mapping
        Channel -> weight; empty: as it is spread now, evenly where nothing is spent now.
    names : tuple of str
        The institution's channels.
    budgeted : bool array, shape (channels,)
        Which of them live on a budget.
    now_cents : array, shape (channels,)
        What each has now.

    Raises
    ------
    ValueError
        If a channel is unknown or has no budget, or all weights are 0.
    """
    known = [name for name, one in zip(names, budgeted.tolist(), strict=True) if one]
    for name in weights:
        if name not in known:
            raise ValueError(f"acquisition: no channel '{name}' has a budget.{did_you_mean(name, known)}")
    if weights and not sum(weights.values()) > 0.0:
        raise ValueError("acquisition: all weights are 0: give one channel a weight, or new customers a share of 0")
    own = np.array([weights.get(name, 0.0) for name in names] if weights else now_cents, np.float64)
    if not own.sum() > 0.0:
        own[budgeted] = 1.0
    return np.asarray(own / max(float(own.sum()), 1e-9))
