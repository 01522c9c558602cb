"""What pairing is worth: how many times as many unpaired runs would know a difference as well, and how sure that is."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class PairingWorth(NamedTuple):
    """A variance reduction with its 95% interval.

    `factor` is (VarA + VarB) / Var(B - A): how many times as many unpaired runs would know the difference as well.
    `low` and `high` are nan with fewer than three pairs and infinite where the difference never varies.
    """

    factor: float
    low: float
    high: float


def worth_of_pairing(champion: npt.ArrayLike, arm: npt.ArrayLike, confidence: float = 0.95) -> PairingWorth:
    """Return the variance reduction of paired values, with its interval.

    Parameters
    ----------
    champion, arm : array, shape (n,)
        One finite value per replication, the same replication at the same place.
    confidence : float
        Between 0 and 1.

    Notes
    -----
    With sum S = A + B and difference D = B - A the factor is (1 + VarS / VarD) / 2, and for the ratio of the variances
    of two correlated normal variables an exact interval is known (Pitman 1939, Biometrika 31:9-12). Heavy tails make it
    too short, as all intervals of variances.

    >>> worth_of_pairing([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])
    PairingWorth(factor=inf, low=inf, high=inf)
    """
    from scipy.special import stdtrit

    a, b = np.asarray(champion, np.float64), np.asarray(arm, np.float64)
    n = a.size
    if n < 2:
        return PairingWorth(math.nan, math.nan, math.nan)
    total, difference = a + b, b - a
    of_sum, of_difference = float(total.var(ddof=1)), float(difference.var(ddof=1))
    if of_difference <= 0.0:
        least = math.inf if float(a.var(ddof=1)) > 0.0 else 1.0
        return PairingWorth(least, least, least)
    ratio = of_sum / of_difference
    factor = float(a.var(ddof=1) + b.var(ddof=1)) / of_difference
    if n < 3:
        return PairingWorth(factor, math.nan, math.nan)
    t = float(stdtrit(n - 2, 0.5 + confidence / 2.0))
    both = float(np.cov(total, difference, ddof=1)[0, 1])
    shared = (both / of_sum) * (both / of_difference) if of_sum > 0.0 else 0.0  # their product may be too small
    middle = 1.0 + 2.0 * max(1.0 - shared, 0.0) * t * t / (n - 2)
    reach = math.sqrt(max(middle * middle - 1.0, 0.0))
    return PairingWorth(factor, (1.0 + ratio / (middle + reach)) / 2.0, (1.0 + ratio * (middle + reach)) / 2.0)
