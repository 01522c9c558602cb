"""Which assumption moves an answer: Sobol' indices by an expansion in orthonormal polynomials of whatever was varied.

For draws and designs as they are: pick-and-freeze designs, which other estimators need, change one input at a time and
would spend most of the runs on pairs of points.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

DEGREES = ((1, 0), (2, 0), (1, 2), (2, 2), (3, 0), (3, 3), (4, 4), (5, 0), (6, 4), (6, 6))
"""Tried: largest degree of one input alone, and of two together (0: no interactions)."""
ROWS_PER_TERM = 2.5
"""An expansion with fewer rows than that for each of its terms follows luck."""
SKEWED = 1.0
"""An input that is always positive and skewed to the right by more than that has its logarithm taken."""
RESAMPLES = 200
MOST_LEVERAGE = 0.999
SINGULAR = 1e-10
"""A column that is a mixture of the others but for so little of its length cannot be told from them."""
LEAST_EXPLAINED = 0.05
"""Of the variance that an expansion must foresee of rows left out, to say anything of what moves the answer."""


class Indices(NamedTuple):
    """How much of what moves an answer is due to one input.

    `first` alone, `total` with all its interactions: shares of the variance that is due to inputs, luck left out; `low`
    and `high` are the ends of the 95% interval of `total`, `first_low` and `first_high` of `first`.
    """

    path: str
    first: float
    first_low: float
    first_high: float
    total: float
    low: float
    high: float


class Leaning(NamedTuple):
    """What an answer leans on.

    Attributes
    ----------
    inputs : tuple of Indices
        That which moves it most first; empty where the expansion foresees next to nothing.
    foreseen : float
        Share of the variance of rows left out, one by one, that the expansion foresees; the rest is luck and whatever
        is not smooth.
    rows : int
        How many it was fitted to.
    """

    inputs: tuple[Indices, ...]
    foreseen: float
    rows: int


class _Terms(NamedTuple):
    """An expansion: its terms, a column each, and which inputs each is of."""

    columns: FloatArray
    of: tuple[tuple[int, ...], ...]


class FittedExpansion(NamedTuple):
    """An expansion fitted to rows: what it leaves of each, so many terms, and the share that it foresees."""

    residuals: FloatArray
    terms: int
    foreseen: float
    degrees: tuple[int, int]


def leaning(inputs: "pd.DataFrame", answer: npt.ArrayLike, units: npt.ArrayLike, seed: int = 0) -> Leaning:
    """Return Sobol' first-order and total indices of given rows, with intervals.

    Parameters
    ----------
    inputs : DataFrame, shape (rows, inputs)
        Independent of each other, numbers or words.
    answer : array, shape (rows,)
        What they move, luck included.
    units : array of int, shape (rows,)
        Rows of the same unit (a draw) are resampled together.
    seed : int
        Of the resamples; the same seed gives the same intervals.

    Notes
    -----
    A polynomial chaos expansion by least squares, whose squared coefficients are the parts of the variance (Sudret
    2008, Reliability Engineering & System Safety 93:964-979), on polynomials that are orthonormal over the rows
    themselves. Degrees are those that foresee best the rows left out. What luck adds to a squared coefficient, its
    sampling variance, is taken off. Intervals resample units with replacement (percentiles); the resampled
    coefficients carry that addition twice.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # many small matrices: threads would wait for each other
        return _leaning(inputs, np.asarray(answer, dtype=np.float64), np.asarray(units), seed)


def _leaning(inputs: "pd.DataFrame", y: FloatArray, units: npt.NDArray[np.int64], seed: int) -> Leaning:
    fitted = fit(inputs, y)
    if fitted is None or not fitted.foreseen >= LEAST_EXPLAINED:
        return Leaning((), 0.0 if fitted is None else max(fitted.foreseen, 0.0), len(y))
    variance = float(fitted.residuals @ fitted.residuals) / max(len(y) - fitted.terms, 1)
    first, total = _parts(_terms(inputs, fitted.degrees), y, variance, len(inputs.columns))
    groups = [np.flatnonzero(codes) for codes in _membership(units)]
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])
        terms = _terms(inputs.iloc[rows], fitted.degrees)
        if terms.columns.shape[1] == fitted.terms:  # else a resample lacks a value that the expansion needs
            drawn.append(_parts(terms, y[rows], 2.0 * variance, len(inputs.columns)))
    drawn = [one for one in drawn if np.isfinite(one).all()]
    if not drawn:
        return Leaning((), fitted.foreseen, len(y))
    ends = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    found = [
        Indices(
            str(path),
            float(first[k]),
            float(min(ends[0, 0, k], first[k])),
            float(max(ends[1, 0, k], first[k])),
            float(total[k]),
            float(min(ends[0, 1, k], total[k])),
            float(max(ends[1, 1, k], total[k])),
        )
        for k, path in enumerate(inputs.columns)
    ]
    return Leaning(tuple(sorted(found, key=lambda one: -one.total)), fitted.foreseen, len(y))


def fit(inputs: "pd.DataFrame", y: FloatArray) -> FittedExpansion | None:
    """Fit the expansion that foresees rows left out best; None where there are too few rows, or nothing varies."""
    best: FittedExpansion | None = None
    if not len(inputs.columns) or not float(np.ptp(y)) > 0.0:
        return None
    points = len(inputs.drop_duplicates())
    for degrees in DEGREES:
        terms = _terms(inputs, degrees).columns
        if terms.shape[1] > min(points, len(y) / ROWS_PER_TERM):
            continue
        q, _ = np.linalg.qr(terms)
        residuals = y - q @ (q.T @ y)
        leverage = np.minimum(np.square(q).sum(axis=1), MOST_LEVERAGE)
        foreseen = 1.0 - float(np.mean(np.square(residuals / (1.0 - leverage))) / y.var())
        if best is None or foreseen > best.foreseen + 1e-9:
            best = FittedExpansion(residuals, terms.shape[1], foreseen, degrees)
    return best


def _membership(units: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.bool_]]:
    return (units == unit for unit in np.unique(units))


def _terms(inputs: "pd.DataFrame", degrees: tuple[int, int]) -> _Terms:
    """Return the columns of an expansion, the constant first."""
    alone, together = degrees
    bases = [_orthonormal(inputs[path], alone) for path in inputs.columns]
    columns, of = [np.ones(len(inputs))], [tuple[int, ...]()]
    for k, (base, _) in enumerate(bases):
        columns += list(base.T)
        of += [(k,)] * base.shape[1]
    for i, j in combinations(range(len(bases)), 2):
        (first, orders), (second, others) = bases[i], bases[j]
        for a, order in enumerate(orders):
            for b, other in enumerate(others):
                if order + other <= together:
                    columns.append(first[:, a] * second[:, b])
                    of.append((i, j))
    return _Terms(np.column_stack(columns), tuple(of))


def _orthonormal(column: "pd.Series", degree: int) -> tuple[FloatArray, Sequence[int]]:
    """Return functions of one input, orthonormal over its rows, and the degree of each; contrasts of words have 1."""
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(column):
        found = pd.get_dummies(column, drop_first=True).to_numpy(np.float64)
        raw, orders = np.column_stack([np.ones(len(column)), found]), [1] * found.shape[1]
    else:
        x = column.to_numpy(np.float64)
        if x.min() > 0.0 and _skewness(x) > SKEWED:
            x = np.log(x)
        z = (x - x.mean()) / (x.std() or 1.0)
        orders = list(range(1, min(degree, len(np.unique(x)) - 1) + 1))
        raw = np.vander(z, len(orders) + 1, increasing=True)
    q, r = np.linalg.qr(raw)
    signs = np.where(np.diag(r) < 0.0, -1.0, 1.0)
    return np.asarray((q * signs * np.sqrt(len(column)))[:, 1:], dtype=np.float64), orders


def _skewness(x: FloatArray) -> float:
    z = (x - x.mean()) / (x.std() or 1.0)
    return float(np.mean(z**3))


def _parts(terms: _Terms, y: FloatArray, variance: float, inputs: int) -> tuple[FloatArray, FloatArray]:
    """Return the first-order and the total share of each input, of the variance due to inputs; nan if not solvable."""
    q, r = np.linalg.qr(terms.columns)
    if np.abs(np.diag(r)).min() < SINGULAR * np.abs(np.diag(r)).max():
        return np.full(inputs, np.nan), np.full(inputs, np.nan)
    inverse = np.linalg.inv(r)
    squares = np.square(inverse @ (q.T @ y)) - variance * np.square(inverse).sum(axis=1)
    alone = np.array([[of == (k,) for of in terms.of] for k in range(inputs)], dtype=np.float64)
    within = np.array([[k in of for of in terms.of] for k in range(inputs)], dtype=np.float64)
    whole = max(float(squares[1:].sum()), 1e-300)
    first, total = np.maximum(alone @ squares, 0.0) / whole, np.maximum(within @ squares, 0.0) / whole
    return np.minimum(first, 1.0), np.minimum(total, 1.0)
