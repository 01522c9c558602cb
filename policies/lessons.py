"""What a trial teaches: effects of treatments by customer (ridge regression) and by cell (means and moves)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.epochs import CELLS, FEATURES, Floats, Seen

K = len(FEATURES)


class Lessons:
    """Sums over those whose epoch has ended, for each arm of those treated and of those who could have been.

    A treatment is compared with nothing among those to whom it was allowed, so that it is not credited with the
    good customers whom the rules leave over. Only what a lot has assigned counts for effects.

    Parameters
    ----------
    arms : int
        The first is nothing.
    most_eur : float
        A customer's gain or loss of value counts at most this much: a few large debts would drown what treatments do.
    """

    def __init__(self, arms: int, most_eur: float) -> None:
        self.arms, self.most_eur = arms, most_eur
        self.gram = np.zeros((2, arms, K, K))
        self.moment = np.zeros((2, arms, K))
        self.square = np.zeros((2, arms))
        self.moves = np.zeros((2, arms, CELLS, CELLS + 1))
        self.profit = np.zeros((2, arms, CELLS))
        self.profit_square = np.zeros((2, arms, CELLS))
        self.cost = np.zeros((2, arms, CELLS))
        self.value = np.zeros((2, arms, CELLS))
        self.value_square = np.zeros((2, arms, CELLS))
        self.allowed = np.zeros((arms, CELLS))

    def add(self, seen: Seen) -> None:
        """Take in what became of those whose epoch has ended."""
        gain = np.clip(seen.value_eur, -self.most_eur, self.most_eur)
        profit = np.clip(seen.profit_eur, -self.most_eur, self.most_eur)
        for arm in range(self.arms):
            could = seen.by_lot & seen.allowed[:, arm]
            self.allowed[arm] += np.bincount(seen.cell[seen.by_lot & seen.allowed[:, arm]], minlength=CELLS)
            for group, some in enumerate((could & (seen.arm == 0), could & (seen.arm == arm))):
                x, y, cell = seen.features[some], gain[some], seen.cell[some]
                self.gram[group, arm] += x.T @ x
                self.moment[group, arm] += x.T @ y
                self.square[group, arm] += float(y @ y)
                self.cost[group, arm] += np.bincount(cell, seen.cost_eur[some], minlength=CELLS)
                np.add.at(self.moves[group, arm], (cell, seen.end_cell[some]), 1.0)
                for sums, squares, money in (
                    (self.profit, self.profit_square, profit[some]), (self.value, self.value_square, y),
                ):  # fmt: skip
                    sums[group, arm] += np.bincount(cell, money, minlength=CELLS)
                    squares[group, arm] += np.bincount(cell, money**2, minlength=CELLS)

    @property
    def people(self) -> Floats:
        """Customers watched to the end, shape (2, arms, cells): not treated, treated."""
        return np.asarray(self.moves.sum(axis=3))

    @property
    def cost_eur(self) -> Floats:
        """What each arm cost a customer treated, EUR, shape (arms,); contacts and rewards taken."""
        n = self.people[1].sum(axis=1)
        return np.asarray(self.cost[1].sum(axis=1) / np.maximum(n, 1.0) * (np.arange(self.arms) > 0))

    def effect_of_features(self, prior_sd_eur: float) -> Floats:
        """Return each arm's effect on value before its cost, as weights of the features, EUR, shape (arms, FEATURES).

        Two regressions, of those treated and of those not; their difference is drawn to 0 by a normal prior on each
        weight (ridge, Hoerl & Kennard 1970): what few have shown counts little.
        """
        weights = np.zeros((self.arms, K))
        for arm in range(1, self.arms):
            plain, treated = self.gram[:, arm]
            if treated[0, 0] < 2 or plain[0, 0] < K + 1:
                continue
            base = np.linalg.solve(plain + 1e-6 * np.eye(K) * max(1.0, np.trace(plain)), self.moment[0, arm])
            rest = self.square[0, arm] - 2 * base @ self.moment[0, arm] + base @ plain @ base
            noise = max(1.0, rest / max(1.0, plain[0, 0] - K))
            gap = self.moment[1, arm] - treated @ base
            weights[arm] = np.linalg.solve(treated + np.eye(K) * noise / prior_sd_eur**2, gap)
        return weights

    def effect_by_cell(self, prior_sd_eur: float) -> tuple[Floats, Floats]:
        """Return each arm's effect on value before its cost by cell, and its standard deviation; EUR, (arms, cells).

        The posterior of a normal prior around 0; the noise is that of all cells together.
        """
        n = self.people
        mean = self.value / np.maximum(n, 1.0)
        variance = self.noise_variance(self.value, self.value_square)
        error = variance / np.maximum(n[1], 0.5) + variance / np.maximum(n[0], 0.5)
        trust = prior_sd_eur**2 / (prior_sd_eur**2 + error)
        effect = np.where((n[0] > 0) & (n[1] > 0), trust * (mean[1] - mean[0]), 0.0)
        effect[0] = 0.0
        return effect, np.sqrt(trust * error)

    def noise_variance(self, sums: Floats, squares: Floats) -> float:
        """Return the variance within cells of those not treated, EUR^2."""
        n = self.people[0, 0]
        within = squares[0, 0] - np.where(n > 0, sums[0, 0] ** 2 / np.maximum(n, 1.0), 0.0)
        return max(1.0, float(within.sum() / max(1.0, n.sum() - (n > 0).sum())))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the sums."""
        return {name: value.copy() for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take the sums back."""
        for name, value in state.items():
            setattr(self, name, value.copy())
