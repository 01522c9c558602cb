"""Calibration: whether what happened is what was predicted, bin by bin of the predicted probability."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STANDARD_ERRORS = 4.0
"""A bin further off than this is called wrong: by chance at most 6 of 100,000 bins are; assumption."""


def standard_errors_off(people: Floats, predicted: Floats, happened: Floats) -> Floats:
    """Return by how many standard errors more happened than was predicted, bin by bin; below 0 if less.

    The standard error is the root of the sum of p (1 - p), taken at the bin's mean p: never too small, since p (1 - p)
    is concave, and hardly too large in a narrow bin. Where few events are expected they are not normal, so that
    (happened - predicted) / standard error would condemn a bin that expects a twentieth of an event at the first one;
    what is returned is the normal score of the binomial tail, which is the same where many are expected.

    Parameters
    ----------
    people, predicted, happened : array, shape (bins,)
        Counts, and sums over the people of a bin, as `tenure.simulation.recording.beliefs.quality.BeliefQuality.close`
        gives them. People are taken as independent.
    """
    from scipy import special  # what `scipy.stats` gives, without its half second of loading

    n, expected, y = (np.asarray(column, np.float64) for column in (people, predicted, happened))
    p = np.clip(expected / np.maximum(n, 1.0), 0.0, 1.0)
    at_least = np.where(y > 0.0, special.betainc(np.maximum(y, 1.0), n - y + 1.0, p), 1.0)
    at_most = np.where(y < n, special.betaincc(y + 1.0, np.maximum(n - y, 1.0), p), 1.0)
    more, less = np.maximum(-special.ndtri(at_least), 0.0), np.minimum(special.ndtri(at_most), 0.0)
    return np.where(y > expected, more, np.where(y < expected, less, 0.0))


def bins_off(
    people: Floats, predicted: Floats, happened: Floats, *, standard_errors: float = STANDARD_ERRORS
) -> NDArray[np.bool_]:
    """Return in which bins what happened is further than so many standard errors from what was predicted.

    Parameters
    ----------
    people, predicted, happened : array, shape (bins,)
        As of `standard_errors_off`.
    """
    return np.abs(standard_errors_off(people, predicted, happened)) > standard_errors
