"""When one may look at replications before all of them are there, and what an interval must be for that.

Whoever looks again and again, and stops when what is seen pleases, is wrong more often than a single interval says:
intervals of 95%, looked at twelve times, leave out the truth in more than a fifth of experiments at some time. So
looks are planned: after 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150 replications and so on, without an end.
Each spends a part of the chance to be wrong, and no more than the whole is ever spent, whenever and why one stops.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, takewhile

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

STEPS = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
"""Replications of a look within a power of ten: each about a quarter more than the last."""
LOOKS_TO_HALF = 6
"""Looks within which half of what is left of the chance to be wrong is spent: four times as many replications."""
SPENT = 0.93
"""Of the chance to be wrong, by all looks together; the rest pays for a variance that is known from few replications
(measured, see `tests/test_sequential.py`)."""
LOOKED = (
    "These intervals allow for looking: they hold at all planned looks (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, "
    "120 ... replications) and for all arms at once, so that it does not matter when and why one stopped; each is as "
    "of the last look that the arm has reached. Other intervals of the report are for a fixed number of replications."
)
"""What is said below a table of such intervals."""
_POINTS = 201
"""Of the grid on which a density is integrated, by Simpson's rule."""
_WIDEST = 40.0
"""Standard errors that no interval is wider than."""


def looks() -> Iterator[int]:
    """Yield after how many replications one may look, without an end."""
    for power in count():
        yield from (step * 10**power for step in STEPS)


def looks_to(most: int) -> tuple[int, ...]:
    """Return the looks of at most so many replications.

    >>> looks_to(24)
    (10, 12, 15, 20)
    """
    return tuple(takewhile(lambda n: n <= most, looks()))


def last_look(replications: int) -> int:
    """Return the last look of at most so many replications, 0 if there is none."""
    return max(looks_to(replications), default=0)


def confidence_at(look: int, confidence: float = 0.95) -> float:
    """Return the confidence of a plain interval at a look, so that the intervals of all looks hold together.

    Parameters
    ----------
    look : int
        Replications; one of `looks`, else ValueError.
    confidence : float
        Of the intervals of all looks, from the first to the last that is ever taken; between 0 and 1, else ValueError.

    Notes
    -----
    A group-sequential design (Armitage, McPherson & Rowe 1969, JRSS A 132) with errors spent look by look (Lan & DeMets
    1983, Biometrika 70), `SPENT` times 1 - 2^(-j / `LOOKS_TO_HALF`) of them by look j: a plan that has no end, so that
    whoever asks for more precision later goes on with the same one. Critical values are those of a normal mean of
    known variance, taken over to Student's t by their significance (Pocock 1977, Biometrika 64).

    >>> round(confidence_at(10), 4), round(confidence_at(60), 4)
    (0.9949, 0.9945)
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence}; write 0.95 for 95%")
    some = looks_to(look)
    if not some or some[-1] != look:
        raise ValueError(f"nobody looks after {look} replications; looks are after {looks_text(max(look, 30))}")
    return 1.0 - _chances(1.0 - confidence, len(some))[-1]


def looks_text(most: int) -> str:
    """Write the looks up to a number of replications, and that there are more.

    >>> looks_text(20)
    '10, 12, 15, 20 ...'
    """
    return f"{', '.join(map(str, looks_to(most)))} ..."


@lru_cache(maxsize=64)
def _chances(wrong: float, number: int) -> tuple[float, ...]:
    """Return the chance that a plain interval of each of the first looks leaves out the truth, looked at alone."""
    from scipy.special import ndtr, ndtri

    times = looks_to(next(n for place, n in enumerate(looks(), 1) if place == number))
    spent = [SPENT * wrong * (1.0 - 2.0 ** (-place / LOOKS_TO_HALF)) for place in range(1, number + 1)]
    bound = float(-ndtri(spent[0] / 2.0))
    found, before = [float(2.0 * ndtr(-bound))], spent[0]
    points = np.linspace(-bound, bound, _POINTS)
    mass = _simpson(bound) * np.exp(-points * points / 2.0) / np.sqrt(2.0 * np.pi)
    for earlier, now, spend in zip(times, times[1:], spent[1:], strict=False):
        carried = np.sqrt(earlier / now)
        spread, means = np.sqrt(1.0 - carried * carried), carried * points
        low, high = 0.0, _WIDEST
        while high - low > 1e-9:
            bound = (low + high) / 2.0
            outside = float(mass @ (ndtr((-bound - means) / spread) + ndtr((means - bound) / spread)))
            low, high = (bound, high) if outside > spend - before else (low, bound)
        found, before = [*found, float(2.0 * ndtr(-bound))], spend
        points = np.linspace(-bound, bound, _POINTS)
        apart = (points[:, None] - means) / spread
        mass = _simpson(bound) * ((np.exp(-apart * apart / 2.0) / (np.sqrt(2.0 * np.pi) * spread)) @ mass)
    return tuple(found)


def _simpson(bound: float) -> FloatArray:
    """Return the weights of Simpson's rule from -`bound` to `bound`."""
    weights = np.full(_POINTS, 2.0)
    weights[1::2], weights[0], weights[-1] = 4.0, 1.0, 1.0
    return np.asarray(weights * (2.0 * bound / (_POINTS - 1) / 3.0), dtype=np.float64)
