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
DAMPING = 1e-3
"""Keeps steps short along what shares do not answer."""
PULL = 2e-5
"""Weight of the square of the mean number beside the chi-square's distance: where raising all of them brings next to
nothing, they stay small."""
LONGEST_STEP = 1.5
"""Utility by which all numbers together, or one of them beside the others, move at most in a step."""
LEAST_RESPONSE, MOST_RESPONSE = 1e-3, 3.0
"""Between these, in parts of the first guess, lies how the odds of having nobody are taken to answer all numbers."""
FARTHEST = 10.0
"""Utility of a quality at most, either way: beyond it nothing is gained."""
GRID = 1000.0
"""Numbers are whole thousandths: the last bits of a logarithm, which machines have otherwise, decide nothing."""
CLOSE = 0.5
"""Standard errors of a share within which it counts as met."""
GAIN = 1.0
"""What a measurement takes off the chi-square at least, if it is not in vain."""
NO_BETTER = 3
"""Measurements in a row that bring nothing, after which what steps have shown is forgotten, and the next time no more
are made."""


class Stage(NamedTuple):
    """Measurements on so many people, at most so many of them."""

    people: int
    most: int


class Fitted(NamedTuple):
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
) -> Fitted:
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
    answers = _Answers(wanted, moved)
    made, most = 0, sum(stage.most for stage in stages)
    found = Fitted(numbers, wanted)
    for stage in stages:
        best, least, in_vain = numbers, np.inf, 0
        before: tuple[Floats, Floats] | None = None
        for _ in range(stage.most):
            shares = measure(numbers, stage.people)
            made += 1
            tell(made, most)
            misses = _misses(shares, wanted)
            if before is not None:
                answers.learn(numbers - before[0], misses - before[1])
            before = (numbers, misses)
            off = float(np.sum(misses**2) + PULL * numbers.sum() ** 2 / len(numbers))
            in_vain = 0 if off < least - GAIN / stage.people else in_vain + 1
            if off < least:
                best, least, found = numbers, off, Fitted(numbers, shares)
            if are_close(shares, wanted, stage.people, CLOSE).all() or in_vain >= 2 * NO_BETTER:
                break
            if in_vain == NO_BETTER:  # what steps have shown may mislead: the first guess, once more
                answers = _Answers(wanted, moved)
            base = numbers if off <= least else best
            step = answers.step(base, _misses(found.shares, wanted)) * 2.0 ** -(in_vain % NO_BETTER)
            numbers = np.asarray(np.clip(np.round((base + step) * GRID) / GRID, -FARTHEST, FARTHEST))
            if np.array_equal(numbers, base):
                break
        numbers = best
    tell(most, most)
    return found


def are_close(shares: Floats, wanted: Floats, people: int, errors: float) -> NDArray[np.bool_]:
    """Return of each share whether it lies within so many standard errors, among so many people, of what is wanted."""
    variance = np.maximum(wanted, LEAST_SHARE) * np.maximum(1.0 - wanted, LEAST_SHARE) / people
    return np.asarray(np.abs(shares - wanted) <= errors * np.sqrt(variance))


def _misses(shares: Floats, wanted: Floats) -> Floats:
    """Return how far shares are off, in units in which squares add up to a chi-square's distance.

    First the odds of having nobody, then each share of those who have somebody: where the odds cannot be as low as
    they are wanted, these can still be right.
    """
    there, asked = np.maximum(shares, LEAST_SHARE), np.maximum(wanted, LEAST_SHARE)
    odds = math.log(float(there[0] / there[1:].sum() / asked[0] * asked[1:].sum()))
    some = np.log(there[1:] / there[1:].sum() / asked[1:] * asked[1:].sum())
    return np.concatenate([[math.sqrt(float(asked[0] * asked[1:].sum())) * odds], np.sqrt(asked[1:]) * some])


class _Answers:
    """How misses answer the numbers: at first as in a logit of the shares wanted, then as steps have shown.

    The odds of having nobody answer the mean of all numbers alone: how shares are divided is never given up for them.
    """

    def __init__(self, wanted: Floats, moved: Sequence[int]) -> None:
        asked = np.maximum(wanted, LEAST_SHARE)
        among = asked[1:] / asked[1:].sum()
        places = [place - 1 for place in moved]
        self.some = RESPONSE * np.sqrt(asked[1:])[:, None] * (np.eye(len(among)) - among[None, :])[:, places]
        self.weights = among[places]
        self.guess = self.odds = RESPONSE * math.sqrt(float(asked[0] * asked[1:].sum()))

    def learn(self, step: Floats, change: Floats) -> None:
        """Take in what a step changed: of the shares by Broyden's update (1965), of the odds as a secant."""
        length, mean = float(step @ step), float(self.weights @ step)
        if length > 0.0:
            self.some = self.some + np.outer(change[1:] - self.some @ step, step) / length
        if abs(mean) > 0.5 * float(np.max(np.abs(step))) * float(self.weights.sum()):
            seen = -float(change[0]) / mean
            self.odds = min(max(seen, LEAST_RESPONSE * self.guess), MOST_RESPONSE * self.guess)

    def step(self, numbers: Floats, misses: Floats) -> Floats:
        """Return a damped Gauss-Newton step, of which neither the mean nor the rest is longer than it may be."""
        pull = math.sqrt(PULL / len(numbers))
        rows = np.concatenate([-self.odds * self.weights[None, :], self.some, np.full((1, len(numbers)), pull)])
        wrong = np.concatenate([misses, [pull * numbers.sum()]])
        whole = -np.linalg.solve(rows.T @ rows + DAMPING * np.eye(len(numbers)) * self._scale(), rows.T @ wrong)
        mean = float(self.weights @ whole / self.weights.sum())
        rest = whole - mean
        rest = rest * min(1.0, LONGEST_STEP / max(float(np.max(np.abs(rest))), 1e-9))
        return np.asarray(rest + min(max(mean, -LONGEST_STEP), LONGEST_STEP))

    def _scale(self) -> float:
        """Return what damping is a part of: how strongly shares answer at all."""
        return float(np.trace(self.some.T @ self.some) / len(self.weights) + self.odds**2)
