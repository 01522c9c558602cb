"""Volatility: what a customer of each cell adds to the standard deviation of the whole book's monthly profit."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.policies.learning.epochs import CELLS, Floats, cells_of
from tenure.policies.outcomes import Outcomes
from tenure.policies.view import InstitutionView


class ProfitVolatility:
    """Month by month the profit of the customers of each cell, as the books tell it.

    What a cell adds to the standard deviation of the whole is the covariance of its profit with that of all, over that
    standard deviation; these parts add up to it (Euler's theorem; Tarasi et al. 2011, J. Marketing 75(3):1-17, for
    segments of customers).
    """

    def __init__(self) -> None:
        self.months = np.zeros(1)
        self.profit, self.together = np.zeros(CELLS), np.zeros((CELLS, CELLS))
        self.people = np.zeros(CELLS)
        self.last_ids, self.last_cells = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def add(self, view: InstitutionView, outcomes: Outcomes) -> None:
        """Take in the month that `outcomes` tells of; `view` is what is believed after it."""
        if len(outcomes.person_id) and len(self.last_ids) == len(outcomes.person_id):
            if np.array_equal(self.last_ids, outcomes.person_id):
                profit = np.bincount(self.last_cells, outcomes.profit_eur, minlength=CELLS)
                self.months += 1.0
                self.profit += profit
                self.together += np.outer(profit, profit)
                self.people += np.bincount(self.last_cells, minlength=CELLS)
        self.last_ids, self.last_cells = view.person_id.copy(), cells_of(view)

    def per_customer(self) -> Floats:
        """Return what one customer of each cell adds to the standard deviation of a month's profit, EUR, (CELLS,)."""
        n = float(self.months[0])
        if n < 2.0:
            return np.zeros(CELLS)
        covariance = (self.together - np.outer(self.profit, self.profit) / n) / (n - 1.0)
        whole = max(float(covariance.sum()), 1e-12)
        return np.asarray(covariance.sum(axis=1) / np.sqrt(whole) / np.maximum(self.people / n, 1.0))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the sums."""
        return {name: value.copy() for name, value in vars(self).items()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the sums back."""
        for name, value in state.items():
            setattr(self, name, value.copy())
