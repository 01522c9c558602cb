"""What a trial teaches: effects of treatments by customer (ridge regression) and by cell (means and moves)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tenure.policies.learning.epochs import CELLS, FEATURES, Floats, Seen

K = len(FEATURES)
NEGLIGIBLE_WEIGHT = 1e-12
"""What nobody's weight is divided by instead of 0."""
STEADY = 1e-6
"""Of the mean square of features: added to each, so that a regression on features that move together is solved."""


class Lessons:
    """Sums over those whose epoch has ended, for each arm of those treated and of those who could have been.

    A treatment is compared with nothing among those to whom it was allowed, so that it is not credited with the
    good customers whom the rules leave over. Only what a lot has assigned counts for effects, and a customer counts
    by his inverse propensity (Horvitz & Thompson 1952): the fewer treatments are allowed, the likelier is each, and the
    treated must be like the others. What happens to a customer if nothing is done, arm 0, is told by those whose turn
    it was; who has fallen behind is no fair sample.

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
        self.weight_square = np.zeros((2, arms, CELLS))
        self.profit = np.zeros((2, arms, CELLS))
        self.profit_square = np.zeros((2, arms, CELLS))
        self.lasting = np.zeros((2, arms, CELLS))
        self.lasting_square = np.zeros((2, arms, CELLS))
        self.cost = np.zeros((2, arms, CELLS))
        self.value = np.zeros((2, arms, CELLS))
        self.value_square = np.zeros((2, arms, CELLS))
        self.allowed = np.zeros((arms, CELLS))

    def add(self, seen: Seen) -> None:
        """Take in what became of those whose epoch has ended."""
        gain = np.clip(seen.value_eur, -self.most_eur, self.most_eur)
        profit = np.clip(seen.profit_eur, -self.most_eur, self.most_eur)
        lasting = np.clip(seen.profit_eur + seen.drift_eur, -self.most_eur, self.most_eur)
        for arm in range(self.arms):
            could = (seen.propensity > 0.0) & seen.allowed[:, arm] & (seen.in_turn | (arm > 0))
            self.allowed[arm] += np.bincount(seen.cell[could], minlength=CELLS)
            for group, some in enumerate((could & (seen.arm == 0), could & (seen.arm == arm))):
                x, y, cell, counts = seen.features[some], gain[some], seen.cell[some], 1.0 / seen.propensity[some]
                self.gram[group, arm] += (x.T * counts) @ x
                self.moment[group, arm] += x.T @ (counts * y)
                self.square[group, arm] += float(counts @ y**2)
                self.cost[group, arm] += np.bincount(cell, counts * seen.cost_eur[some], minlength=CELLS)
                self.weight_square[group, arm] += np.bincount(cell, counts**2, minlength=CELLS)
                np.add.at(self.moves[group, arm], (cell, seen.end_cell[some]), counts)
                for sums, squares, money in (
                    (self.profit, self.profit_square, profit[some]),
                    (self.value, self.value_square, y),
                    (self.lasting, self.lasting_square, lasting[some]),
                ):
                    sums[group, arm] += np.bincount(cell, counts * money, minlength=CELLS)
                    squares[group, arm] += np.bincount(cell, counts * money**2, minlength=CELLS)

    @property
    def weight(self) -> Floats:
        """What the customers watched to the end count for, shape (2, arms, cells): not treated, treated."""
        return np.asarray(self.moves.sum(axis=3))

    @property
    def people(self) -> Floats:
        """To how many customers of one weight they are worth (Kish 1965), shape (2, arms, cells)."""
        return np.asarray(self.weight**2 / np.maximum(self.weight_square, NEGLIGIBLE_WEIGHT))

    def mean(self, sums: Floats) -> Floats:
        """Return sums by cell as means, shape (2, arms, cells); 0 where nobody was."""
        return np.asarray(sums / np.maximum(self.weight, NEGLIGIBLE_WEIGHT))

    @property
    def cost_eur(self) -> Floats:
        """What each arm cost a customer treated, EUR, shape (arms,), beyond what the others cost meanwhile."""
        plain, treated = self.cost.sum(axis=2) / np.maximum(self.weight.sum(axis=2), NEGLIGIBLE_WEIGHT)
        return np.asarray(np.maximum(treated - plain, 0.0) * (np.arange(self.arms) > 0))

    @property
    def share_allowed(self) -> Floats:
        """To what share of a cell's customers each arm is allowed at some time of an epoch, shape (arms, cells)."""
        return np.asarray(np.minimum(self.allowed / np.maximum(self.allowed[0], 1.0), 1.0))

    def effect_of_features(self, prior_sd_eur: float) -> Floats:
        """Return each arm's effect on value before its cost, as weights of the features, EUR, shape (arms, FEATURES).

        Two regressions, of those treated and of those not; their difference is drawn to 0 by a normal prior on each
        weight (ridge, Hoerl & Kennard 1970): what few have shown counts little.
        """
        weights = np.zeros((self.arms, K))
        to_people = self.weight.sum(axis=2) / np.maximum(self.weight_square.sum(axis=2), NEGLIGIBLE_WEIGHT)
        for arm in range(1, self.arms):
            scale = to_people[:, arm]
            (plain, treated), moment = self.gram[:, arm] * scale[:, None, None], self.moment[:, arm] * scale[:, None]
            square = self.square[0, arm] * scale[0]
            if treated[0, 0] < 2 or plain[0, 0] < K + 1:
                continue
            base = np.linalg.solve(plain + STEADY * np.eye(K) * max(1.0, np.trace(plain)), moment[0])
            rest = square - 2 * base @ moment[0] + base @ plain @ base
            noise = max(1.0, rest / max(1.0, plain[0, 0] - K))
            gap = moment[1] - treated @ base
            weights[arm] = np.linalg.solve(treated + np.eye(K) * noise / prior_sd_eur**2, gap)
        return weights

    def effect_by_cell(self, prior_sd_eur: float) -> tuple[Floats, Floats]:
        """Return each arm's effect on value before its cost by cell, and its standard deviation; EUR, (arms, cells)."""
        variance = self.noise_variance(self.value, self.value_square)
        return random_effects(*self.difference(self.value, variance), prior_sd_eur)

    def difference(self, sums: Floats, variance: float) -> tuple[Floats, Floats]:
        """Return the gain of the treated over the others, and its variance (inf: unknown); EUR, (arms, cells)."""
        n, mean = self.people, self.mean(sums)
        known = (n[0] > 0) & (n[1] > 0) & (np.arange(self.arms) > 0)[:, None]
        error = np.where(known, variance / np.maximum(n[1], 1.0) + variance / np.maximum(n[0], 1.0), np.inf)
        return np.where(known, mean[1] - mean[0], 0.0), error

    def noise_variance(self, sums: Floats, squares: Floats) -> float:
        """Return the variance within cells of those not treated, EUR^2."""
        n, weight = self.people[0, 0], self.weight[0, 0]
        within = squares[0, 0] - sums[0, 0] ** 2 / np.maximum(weight, NEGLIGIBLE_WEIGHT)
        free = max(1.0, n.sum() - (n > 0).sum()) / max(1.0, n.sum())
        return max(1.0, float(within.sum() / max(NEGLIGIBLE_WEIGHT, weight.sum()) / free))

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the sums."""
        return {name: value.copy() for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the sums back."""
        for name, value in state.items():
            setattr(self, name, value.copy())


def random_effects(difference: Floats, error: Floats, prior_sd_eur: float) -> tuple[Floats, Floats]:
    """Return effects by cell, each drawn to the mean of its arm, and their standard deviations; shape (arms, cells).

    Cells of one arm are like studies of one treatment (DerSimonian & Laird 1986): the spread between them that
    chance does not explain says how far each cell's own figure is trusted. The arm's mean is drawn to 0 by a normal
    prior. The arm without treatment, whose error is infinite everywhere, has effect 0.

    Parameters
    ----------
    difference, error : array, shape (arms, cells)
        EUR and EUR^2; an infinite error is a cell that shows nothing.
    prior_sd_eur : float
        Standard deviation of the prior of an arm's mean.
    """
    weight = 1.0 / error
    total = weight.sum(axis=1)
    mean = (weight * difference).sum(axis=1) / np.maximum(total, NEGLIGIBLE_WEIGHT)
    cells = (weight > 0).sum(axis=1)
    excess = (weight * (difference - mean[:, None]) ** 2).sum(axis=1) - (cells - 1)
    spread = total - (weight**2).sum(axis=1) / np.maximum(total, NEGLIGIBLE_WEIGHT)
    between = np.where(spread > 0, np.maximum(excess, 0.0) / np.maximum(spread, NEGLIGIBLE_WEIGHT), 0.0)
    of_mean = 1.0 / np.maximum(total, NEGLIGIBLE_WEIGHT)
    trust_mean = prior_sd_eur**2 / (prior_sd_eur**2 + of_mean)
    centre = (trust_mean * mean)[:, None]
    trust = np.where(weight > 0, between[:, None] / (between[:, None] + np.where(weight > 0, error, 1.0)), 0.0)
    effect = centre + trust * (difference - centre)
    variance = (1.0 - trust) * between[:, None] + (1.0 - trust) ** 2 * (trust_mean * of_mean)[:, None]
    treated = np.arange(len(total)) > 0
    return effect * treated[:, None], np.sqrt(variance) * treated[:, None]
