"""What each rival took over from us in two arms: how many customers, and what they had brought."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tenure.experiments.analysis.why.lives import POACHED_BY, RIVAL_NOT_RECORDED, EverOurs

UNKNOWN = "not recorded"
"""In the place of a rival in runs that keep none."""

Taken = Mapping[str, tuple[float, float]]
"""Rival -> customers of one run whose relationship ended there last, per customer at the start, and what they brought
together, likewise."""


class TakenOver(NamedTuple):
    """What one rival took over in the two arms, averages over replications."""

    rival: str
    per_customer: tuple[float, float]
    """Customers whose relationship last ended with going there, per customer at the start: champion, arm."""
    brought_eur: tuple[float, float]
    """What such a customer had brought us over the run, discounted; nan where there is none."""


def taken_by(lives: EverOurs, customers: float) -> Taken:
    """Return what each rival took over in one run of so many customers at the start."""
    ends, place = np.unique(lives.ends.astype(str), return_inverse=True)
    heads, money = np.bincount(place), np.bincount(place, lives.value_eur)
    return {
        UNKNOWN if end == RIVAL_NOT_RECORDED else end.removeprefix(POACHED_BY): (many / customers, eur / customers)
        for end, many, eur in zip(ends.tolist(), heads.tolist(), money.tolist(), strict=True)
        if end == RIVAL_NOT_RECORDED or end.startswith(POACHED_BY)
    }


def taken_over(pairs: Sequence[tuple[Taken, Taken]]) -> tuple[TakenOver, ...]:
    """Return what each rival took over on average, the one that took most first.

    Parameters
    ----------
    pairs : sequence of tuple
        What was taken in each replication under the champion, and under the arm.
    """
    names = sorted({rival for pair in pairs for taken in pair for rival in taken})
    found = []
    for rival in names:
        means = np.array([[taken.get(rival, (0.0, 0.0)) for taken in pair] for pair in pairs]).mean(axis=0)
        heads, money = means[:, 0].tolist(), means[:, 1].tolist()
        each = [eur / many if many else float("nan") for many, eur in zip(heads, money, strict=True)]
        found.append(TakenOver(rival, (heads[0], heads[1]), (each[0], each[1])))
    return tuple(sorted(found, key=lambda one: -sum(one.per_customer)))
