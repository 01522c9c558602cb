"""Migration between tags: who moved where, how long a cell keeps its people, and whether the past counts as well."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.mathematics.elementary import log_

Ints = NDArray[np.integer]


class Matched(NamedTuple):
    """Everybody who is there at one of two times, at least."""

    ids: Ints
    """Ascending."""
    at_before: Ints
    """Where those of the first time stand among the ids."""
    at_after: Ints
    """Where those of the second time stand among them."""

    @classmethod
    def of(cls, before: Ints, after: Ints) -> "Matched":
        """Match two lists of ids, each ascending and without repetition."""
        ids = np.union1d(before, after)
        return cls(ids, np.searchsorted(ids, before), np.searchsorted(ids, after))

    def tags(self, before: Ints, after: Ints) -> tuple[Ints, Ints]:
        """Return the tags before and after of everybody, from those of each time; -1 for none."""
        both = np.full((2, len(self.ids)), -1)
        both[0, self.at_before], both[1, self.at_after] = before, after
        return both[0], both[1]


def migration_matrix(
    before: Ints, after: Ints, cells: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return how many (or how much weight) moved from which cell to which, shape (cells + 1, cells + 1).

    The last row is who is new, the last column who is gone (tag -1).
    """
    origin, to = np.where(before < 0, cells, before), np.where(after < 0, cells, after)
    size = cells + 1
    return np.bincount(origin * size + to, weights, minlength=size * size).reshape(size, size).astype(np.float64)


class Mobility(NamedTuple):
    """Shares of those who are there at both ends of a period."""

    persistence: float
    upgrade: float
    downgrade: float


def rates(matrix: NDArray[np.float64], rank: Sequence[int]) -> Mobility:
    """Return who kept the cell, moved to a better and to a worse one; nan where nobody stayed at all.

    Parameters
    ----------
    matrix : array, shape (cells + 1, cells + 1)
        From `migration_matrix`.
    rank : sequence of int, length cells
        How good each cell is; a move between equals is neither up nor down.
    """
    stayed = matrix[:-1, :-1]
    people, worth = stayed.sum(), np.asarray(rank)
    if people == 0:
        return Mobility(np.nan, np.nan, np.nan)
    better = worth[None, :] > worth[:, None]
    kept, up, down = np.trace(stayed), stayed[better].sum(), stayed[better.T].sum()
    return Mobility(float(kept / people), float(up / people), float(down / people))


class OrderTest(NamedTuple):
    """Likelihood ratio test that the next cell depends on the present one alone."""

    statistic: float
    degrees_of_freedom: int

    @property
    def p_value(self) -> float:
        """Probability of such a statistic, or a larger one, if it does; 1 without a degree of freedom."""
        from scipy import stats

        return float(stats.chi2.sf(*self)) if self.degrees_of_freedom else 1.0


def order_test(counts: NDArray[np.float64]) -> OrderTest:
    """Test a chain of first order against one of second order (Anderson & Goodman 1957, Ann. Math. Stat. 28).

    Parameters
    ----------
    counts : array, shape (cells, cells, cells)
        People by cell at three times in a row. Empty rows and columns take no degree of freedom.
    """
    n_ij, n_jk, n_j = counts.sum(axis=2), counts.sum(axis=0), counts.sum(axis=(0, 2))
    there = np.nonzero(counts)
    i, j, k = there
    expected = n_ij[i, j] * (n_jk[j, k] / n_j[j])
    ratios = (counts[there] / expected).tolist()
    statistic = 2.0 * math.fsum(n * log_(ratio) for n, ratio in zip(counts[there].tolist(), ratios, strict=True))
    rows, columns = (n_ij > 0).sum(axis=0), (n_jk > 0).sum(axis=1)
    degrees = int((np.maximum(rows - 1, 0) * np.maximum(columns - 1, 0)).sum())
    return OrderTest(statistic, degrees)


def triples(first: Ints, second: Ints, third: Ints, cells: int) -> NDArray[np.float64]:
    """Return people by cell at three times, shape (cells, cells, cells); only those who are there at all three."""
    there = (first >= 0) & (second >= 0) & (third >= 0)
    code = (first[there] * cells + second[there]) * cells + third[there]
    return np.bincount(code, minlength=cells**3).reshape(cells, cells, cells).astype(np.float64)
