"""What is published of all institutions, month by month: a record of prices, shares and campaigns for who reads it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.policies.parts import MarketNews, read_only

LONGEST = 24
"""Months that the record goes back, as far as a policy may look."""
_ARRAYS = ("prices", "shares", "sent", "amounts", "poaching")


class News:
    """The record of a market.

    Attributes
    ----------
    months : tuple of MarketNews
        The last one first, at most LONGEST; empty as long as nobody follows a policy that reads it.
    """

    def __init__(self) -> None:
        self.months: tuple[MarketNews, ...] = ()

    def add(
        self,
        month: int,
        prices: NDArray[np.float64],
        customers: NDArray[np.int64],
        sent: NDArray[np.float64],
        poaching: NDArray[np.float64],
    ) -> None:
        """Publish a month.

        Parameters
        ----------
        prices : array, shape (institutions, products)
            As posted; nan: not offered.
        customers : int array, shape (institutions,)
            As the month ended; the first are nobody's.
        sent : array, shape (institutions, 2, treatments)
            See `sent_by`.
        poaching : array, shape (institutions, 3)
            See `tenure.simulation.market.rows.poaching_offers`.
        """
        shares = customers / max(int(customers.sum()), 1)
        made = MarketNews(month, *map(read_only, (prices, shares, sent[:, 0], sent[:, 1], poaching)))
        self.months = (made, *self.months)[:LONGEST]

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the record as arrays; nothing where there is none."""
        if not self.months:
            return {}
        made: dict[str, NDArray[np.generic]] = {"news_month": np.array([one.month for one in self.months])}
        return made | {f"news_{name}": np.stack([getattr(one, name) for one in self.months]) for name in _ARRAYS}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take back the record that a state holds."""
        months = state.get("news_month", np.zeros(0, np.int64)).tolist()
        parts = [[read_only(state[f"news_{name}"][place]) for name in _ARRAYS] for place in range(len(months))]
        self.months = tuple(MarketNews(month, *arrays) for month, arrays in zip(months, parts, strict=True))


def sent_by(contacts: NDArray[np.void], treatments: int, customers: int) -> NDArray[np.float64]:
    """Return the share of customers who got each treatment, and its mean amount, shape (2, treatments).

    Parameters
    ----------
    contacts : structured array
        dtype CONTACT, of the month.
    treatments, customers : int
        How many the catalogue and the institution have.
    """
    count = np.bincount(contacts["treatment"], minlength=treatments)
    total = np.bincount(contacts["treatment"], contacts["amount"], treatments)
    return np.stack([np.minimum(count / max(customers, 1), 1.0), total / np.maximum(count, 1)])
