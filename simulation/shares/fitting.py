"""Numbers by which measured shares come to be those that are wanted: damped Newton steps, a Jacobian that learns.

Every measurement lives the same people with the same luck, so that what differs between two of them is what was
changed. The first steps are made on few people, and the last ones, which begin where those ended, on all.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Measure = Callable[[Floats, int], Floats]
"""Takes the numbers and how many people to live with them; returns the shares of all, nobody's first."""
Tell = Callable[[int, int], None]
"""Takes how many measurements have been made, and how many may be made at most."""

LEAST_SHARE = 0.002
"""A smaller share is taken for this one: nothing else is divided by."""
RESPONSE = 0.7
"""How far the logarithm of a share follows its quality within the months that are lived; corrected step by step."""
DAMPING = 3e-4
"""Keeps steps short along what shares do not answer."""
PULL = 1e-4
"""Weight of the squares of the numbers beside the chi-square's distance: what brings next to nothing stays small."""
LONGEST_STEP = 1.5
"""Utility by which a number moves at most in a step."""
FARTHEST = 10.0
"""Utility of a quality at most, either way: beyond it nothing is gained."""
GRID = 1000.0
"""Numbers are whole thousandths: the last bits of a logarithm, which machines have otherwise, decide nothing."""
CLOSE = 0.5
"""Standard errors of a share within which it counts as met."""
NO_BETTER = 3
"""Measurements in a row that bring nothing, after which no more are made."""


class Stage(NamedTuple):
    """Measurements on so many people, at most so many of them."""

    people: int
    most: int


class Found(NamedTuple):
    """Numbers, and the shares that they gave on the most people."""

    numbers: Floats
    shares: Floats


def fitted(
    measure: Measure,
    wanted: Floats,
    moved: Sequence[int],
    stages: Sequence[Stage],
    tell: Tell,
    fixed: Mapping[int, float],
) -> Found:
    """Return the numbers, one for each moved share, with which the shares come as near as they can to those wanted.

    Parameters
    ----------
    measure : callable
        See `Measure`.
    wanted : array
        The share of each, that of nobody first; they add up to 1.
    moved : sequence of int
        Places in `wanted` of the shares whose numbers are looked for.
    stages : sequence of Stage
        On how many people, in order.
    tell : callable
        See `Tell`.
    fixed : mapping
        Place to number of those that are not looked for, to start beside.
    """
    numbers = np.full(len(moved), round(float(np.mean([*fixed.values()])) if fixed else 0.0, 3))
    jacobian = _first_guess(wanted, moved)
    made, most = 0, sum(stage.most for stage in stages)
    found = Found(numbers, wanted)
    for stage in stages:
        best, least, in_vain = numbers, np.inf, 0
        before: tuple[Floats, Floats] | None = None
        for _ in range(stage.most):
            shares = measure(numbers, stage.people)
            made += 1
            tell(made, most)
            misses = _misses(shares, wanted, numbers)
            if before is not None:
                jacobian = _learnt(jacobian, numbers - before[0], misses - before[1])
            before = (numbers, misses)
            off = float(np.sum(misses**2))
            in_vain = 0 if off < 0.9 * least else in_vain + 1
            if off < least:
                best, least, found = numbers, off, Found(numbers, shares)
            if are_close(shares, wanted, stage.people, CLOSE).all() or in_vain >= NO_BETTER:
                break
            base = numbers if off <= least else best
            of_base = misses if off <= least else _misses(found.shares, wanted, best)
            numbers = _stepped(base, of_base, jacobian, shorter=2.0**-in_vain)
            if np.array_equal(numbers, base):
                break
        numbers = best
    tell(most, most)
    return found


def are_close(shares: Floats, wanted: Floats, people: int, errors: float) -> NDArray[np.bool_]:
    """Return of each share whether it lies within so many standard errors, among so many people, of what is wanted."""
    variance = np.maximum(wanted, LEAST_SHARE) * np.maximum(1.0 - wanted, LEAST_SHARE) / people
    return np.asarray(np.abs(shares - wanted) <= errors * np.sqrt(variance))


def _misses(shares: Floats, wanted: Floats, numbers: Floats) -> Floats:
    """Return how far shares are off, in units in which squares add up to a chi-square's distance; then the numbers.

    First the odds of having nobody, then each share of those who have somebody: where the odds cannot be as low as
    they are wanted, these can still be right.
    """
    there, asked = np.maximum(shares, LEAST_SHARE), np.maximum(wanted, LEAST_SHARE)
    odds = math.log(float(there[0] / there[1:].sum() / asked[0] * asked[1:].sum()))
    some = np.log(there[1:] / there[1:].sum() / asked[1:] * asked[1:].sum())
    first = math.sqrt(float(asked[0] * asked[1:].sum())) * odds
    return np.concatenate([[first], np.sqrt(asked[1:]) * some, math.sqrt(PULL) * numbers])


def _first_guess(wanted: Floats, moved: Sequence[int]) -> Floats:
    """Return how misses answer the numbers in a logit of shares, shape (shares + moved, moved)."""
    asked = np.maximum(wanted, LEAST_SHARE)
    among = asked / asked[1:].sum()
    answers = np.sqrt(asked)[:, None] * (np.eye(len(wanted)) - among[None, :])
    answers[0] = -math.sqrt(float(asked[0] * asked[1:].sum())) * among
    return np.concatenate([RESPONSE * answers[:, list(moved)], math.sqrt(PULL) * np.eye(len(moved))])


def _learnt(jacobian: Floats, step: Floats, change: Floats) -> Floats:
    """Return the Jacobian that explains what a step changed, and is otherwise the old one (Broyden 1965)."""
    length = float(step @ step)
    if length == 0.0:
        return jacobian
    return np.asarray(jacobian + np.outer(change - jacobian @ step, step) / length)


def _stepped(numbers: Floats, misses: Floats, jacobian: Floats, shorter: float) -> Floats:
    """Return the numbers after a damped Gauss-Newton step, on the grid and within their range."""
    normal = jacobian.T @ jacobian + DAMPING * np.eye(len(numbers))
    step = -np.linalg.solve(normal, jacobian.T @ misses)
    step *= shorter * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(step))), 1e-9))
    return np.asarray(np.clip(np.round((numbers + step) * GRID) / GRID, -FARTHEST, FARTHEST))
