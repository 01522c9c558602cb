"""Acquaintances: a small world of links between people, worked out anew every month and kept by nobody.

Everybody stands at a place on a circle, drawn for good by keyed luck, and knows those who stand nearest on both sides;
on further circles, where all stand in another order, one knows the neighbour on each side alone. So links go both ways,
everybody has as many, and who enters or leaves moves the links of those who stand near and of nobody else. A circle of
neighbours with links across it is the small world of Watts & Strogatz (1998), with links added and none cut as in
Newman & Watts (1999).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents import chance
from tenure.agents.person import NOBODY
from tenure.agents.rules.reach import word_of_mouth


class Links(NamedTuple):
    """How many people everybody knows; both numbers are even, as links go to both sides."""

    near: int
    """Those who stand nearest on the first circle."""
    far: int
    """Those who stand next to one on further circles: anybody in the market."""


class Talk(NamedTuple):
    """What customers of an institution tell their acquaintances, by one of its channels."""

    institution: int
    force: float
    """Contacts a month of somebody whose acquaintances are all customers; 0 where nobody talks."""
    weight: float
    """By how much of itself a unit of their mean satisfaction raises that."""


def heard_along_links(
    people: NDArray[np.void], talks: Sequence[Talk], links: Links, luck: tuple[int, int]
) -> NDArray[np.float64]:
    """Return what everybody hears this month from acquaintances who are customers as it begins.

    Somebody of whose acquaintances a share f are customers, with a mean satisfaction s, hears q f (1 + w s): where
    everybody knows everybody that is the word of mouth without links, but for oneself.

    Parameters
    ----------
    people : structured array
        dtype PERSON, as the month begins; who has left the market for good knows nobody.
    talks : sequence of Talk
        Who tells; where nobody does nothing is worked out.
    luck : (int, int)
        Seed and replication.

    Returns
    -------
    array, shape (people, talks)
        Contacts a month.
    """
    heard = np.zeros((len(people), len(talks)))
    if not any(talk.force > 0.0 for talk in talks):
        return heard
    here = np.flatnonzero(people["provider"] >= NOBODY)
    circles = circles_of(people["id"][here], 1 + links.far // 2, luck)
    provider, satisfaction = people["provider"][here], people["satisfaction"][here]
    known = _met(circles, links, np.ones(len(here)))
    for me in dict.fromkeys(talk.institution for talk in talks):
        ours = (provider == me).astype(np.float64)
        told = _met(circles, links, ours)
        share = told / np.maximum(known, 1.0)
        content = _met(circles, links, ours * satisfaction) / np.maximum(told, 1.0)
        for column, talk in enumerate(talks):
            if talk.institution == me:
                heard[here, column] = word_of_mouth(talk.force, share, content, talk.weight)
    return heard


def circles_of(ids: NDArray[np.int64], count: int, luck: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Return the people in the order in which they stand on each circle; an order of the ids alone, not of the rows.

    Parameters
    ----------
    ids : int array, shape (people,)
        Of the people who are there.
    count : int
        How many circles.

    Returns
    -------
    list of int array, each of shape (people,)
        Rows of `ids`.
    """
    place = [
        chance.draw_each(*luck, ids, int(chance.LASTING), chance.address(chance.CIRCLE, "", c)) for c in range(count)
    ]
    return [np.lexsort((ids, one)) for one in place]


def _met(circles: Sequence[NDArray[np.int64]], links: Links, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of a value over the acquaintances of each person, shape (people,), always added in one order.

    Who would be met from both sides of a small circle counts once.
    """
    total = np.zeros(len(values))
    for place, circle in enumerate(circles):
        reach, around = (1 if place else links.near // 2), values[circle]
        sums = np.zeros(len(values))
        for step in range(1, min(reach, len(values) // 2) + 1):
            sums += np.roll(around, step)
            if 2 * step != len(values):
                sums += np.roll(around, -step)
        total[circle] += sums
    return total
