"""The largest of several t statistics that share their replications: what intervals for many arms at once rest on."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def largest_t_quantile(correlation: FloatArray, df: int, confidence: float, draws: int, seed: int) -> float:
    """Return the quantile of the largest |t| among k that share a Wishart matrix.

    Parameters
    ----------
    correlation : array, shape (k, k)
        Of the k.
    df : int
        Degrees of freedom, k or more.
    confidence : float
        Between 0 and 1.
    draws, seed : int
        Random draws behind it, and their seed.

    Notes
    -----
    Normal means over the diagonal of a Wishart matrix, by Bartlett's decomposition.
    """
    normal, bartlett = _normal_and_wishart(correlation.shape[0], df, draws, seed)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    variances = np.square(root @ bartlett).sum(axis=2) / df
    return float(np.quantile((np.abs(normal @ root.T) / np.sqrt(variances)).max(axis=1), confidence))


@lru_cache(maxsize=1)  # every metric of an experiment asks for the same
def _normal_and_wishart(k: int, df: int, draws: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Draw k independent normal numbers, and the triangle of their Wishart matrix: (draws, k), (draws, k, k)."""
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((draws, k))
    bartlett = np.tril(rng.standard_normal((draws, k, k)), -1)
    for i in range(k):
        bartlett[:, i, i] = np.sqrt(rng.chisquare(df - i, draws))
    for drawn in (normal, bartlett):
        drawn.flags.writeable = False
    return normal, bartlett
