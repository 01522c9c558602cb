"""Points that a rule has not seen: which they are, and whether the rule does better there than the usual answer."""

import hashlib
from math import comb
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.experiments.analysis.statistics import clopper_pearson
from tenure.experiments.analysis.turning.points import BoolArray

HELD_OUT = 0.4
"""Share of draws that no rule learns from."""
_LARGEST = float(1 << 64)


class Check(NamedTuple):
    """How a rule does on points that it has not seen, and whose answers are told from chance.

    Attributes
    ----------
    points : int
        Of that kind.
    right, usual_right : int
        At how many of them the rule, and the answer that is the usual one, is right.
    said, turned, both : int
        At how many the rule says something else than the usual answer, something else is true, and both.
    """

    points: int
    right: int
    usual_right: int
    said: int
    turned: int
    both: int

    @property
    def accuracy(self) -> tuple[float, float]:
        """The 95% interval of the share of points at which the rule is right."""
        return share_interval(self.right, self.points)

    @property
    def beats(self) -> bool:
        """Whether the rule is right more often than the usual answer."""
        return self.right > self.usual_right

    @property
    def by_luck(self) -> float:
        """Probability that a rule which knows nothing meets at least so many of the points that turn.

        Fisher's exact test (1935), one-sided.
        """
        ways = sum(
            comb(self.turned, k) * comb(self.points - self.turned, self.said - k)
            for k in range(self.both, min(self.said, self.turned) + 1)
        )
        return ways / comb(self.points, self.said)

    @property
    def holds(self) -> bool:
        """Whether the rule beats the usual answer, and meets what turns beyond chance (one-sided, 2.5%)."""
        return self.beats and self.by_luck < 0.025


def held_out(units: npt.ArrayLike, names: npt.ArrayLike | None = None) -> BoolArray:
    """Return which rows are held out, all of the same unit together.

    Parameters
    ----------
    units : array of int, shape (rows,)
        Draws, or what else rows share.
    names : array, shape (units,), optional
        What each unit is known by, by default its number. A unit is held out by its name alone, whatever other units
        there are.
    """
    codes = np.asarray(units)
    found = {}
    for code in np.unique(codes).tolist():
        name = code if names is None else np.asarray(names)[code]
        digest = hashlib.sha256(f"held out:{name}".encode()).digest()
        found[code] = int.from_bytes(digest[:8], "big") / _LARGEST < HELD_OUT
    return np.array([found[code] for code in codes.tolist()], dtype=np.bool_)


def checked(said: npt.ArrayLike, usual: str, truth: npt.ArrayLike, counts: BoolArray) -> Check:
    """Compare a rule with the usual answer at the points that count."""
    true, rule = np.asarray(truth)[counts], np.asarray(said)[counts]
    other, turned = rule != usual, true != usual
    numbers = (rule == true, ~turned, other, turned, other & turned)
    return Check(len(true), *(int(one.sum()) for one in numbers))


def share_interval(happened: int, of: int) -> tuple[float, float]:
    """Return the exact 95% interval of a share; (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    low, high = clopper_pearson([happened], [of])
    return float(low[0]), float(high[0])
