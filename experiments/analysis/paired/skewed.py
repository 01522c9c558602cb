"""Intervals for means of few and skewed values: Student's, longer where the tail may be longer than it looks."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SUPPORTED = 0.6
"""Skewness of a sample over the root of its size beyond which a table marks the interval: 1.9 at ten replications,
which few normal samples reach. How often a table marks which differences stands in docs/coverage.md."""
FURTHEST = 2.0
"""Times Student's reach that an interval goes to a side at most. Hall's transformation is so flat where t is large and
the sample very skewed that undoing it goes up to four times as far, which widens intervals much and lets them cover
little more (decision 056)."""


def mean_intervals(rows: npt.ArrayLike, critical: float) -> tuple[FloatArray, FloatArray]:
    """Return the lower and the upper end of the interval for the mean of each column.

    Parameters
    ----------
    rows : array, shape (n, ...)
        Replications along the first axis.
    critical : float
        How many standard errors Student's interval reaches to either side: the critical value of t, or of the largest
        of several t statistics where intervals are to hold together.

    Returns
    -------
    low, high : array, shape of one row
        nan with fewer than two rows.

    Notes
    -----
    On each side the further of two ends: of Student's interval, and of the interval by the cubic transformation of t
    that takes out the skewness (Hall 1992, J. R. Statist. Soc. B 54:221-228), with quantiles of t and the unbiased
    third moment (Willink 2005, Commun. Statist. Theory Methods 34:753-766), held to `FURTHEST`. Student's is right for
    symmetric values and fails on the side of a long tail, where the other holds; the other alone is a little short for
    heavy symmetric tails. No random number is drawn. What it covers is measured: ``tenure verify coverage``.

    >>> low, high = mean_intervals([0.0, 0.0, 1.0, 5.0], 3.18)
    >>> round(float(low), 2), round(float(high), 2)
    (-2.29, 9.07)
    """
    values = np.asarray(rows, dtype=np.float64)
    n = values.shape[0]
    if n < 2:
        nothing = np.full(values.shape[1:], np.nan)
        return nothing, nothing.copy()
    mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(n)
    bend = skewness(values) / (6.0 * np.sqrt(n))
    below, above = (np.clip(_untransformed(one, bend), critical, FURTHEST * critical) for one in (critical, -critical))
    return np.asarray(mean - error * below, np.float64), np.asarray(mean + error * above, np.float64)


def skewness(rows: npt.ArrayLike) -> FloatArray:
    """Return the skewness of each column: third central moment, unbiased, over the cubed standard deviation.

    Of fewer than three rows, and where nothing varies but rounding, it is 0.

    >>> float(skewness([1.0, 2.0, 3.0])), round(float(skewness([0.0, 0.0, 3.0])), 4)
    (0.0, 1.7321)
    """
    values = np.asarray(rows, dtype=np.float64)
    n = values.shape[0]
    if n < 3:
        return np.zeros(values.shape[1:])
    apart = values - values.mean(axis=0)
    spread = values.std(axis=0, ddof=1)
    varies = spread > 1e-12 * np.abs(values).max(axis=0)
    scaled = np.divide(apart, spread, out=np.zeros_like(apart), where=np.broadcast_to(varies, apart.shape))
    return np.asarray((scaled * scaled * scaled).sum(axis=0) * n / ((n - 1) * (n - 2)), np.float64)


def too_skewed(rows: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return of each column whether it is skewed beyond what so few replications support: see `SUPPORTED`."""
    values = np.asarray(rows, dtype=np.float64)
    return np.asarray(np.abs(skewness(values)) > SUPPORTED * np.sqrt(max(values.shape[0], 1)), np.bool_)


def _untransformed(t: float, bend: FloatArray) -> FloatArray:
    """Undo Hall's transformation: how many standard errors from the mean, without its sign, its value is `t`."""
    bends = np.abs(bend) > 1e-9
    safe = np.where(bends, bend, 1.0)
    undone = np.where(bends, (np.cbrt(1.0 + 6.0 * safe * (t - safe)) - 1.0) / (2.0 * safe), t)
    return np.asarray(np.copysign(1.0, t) * undone, np.float64)
