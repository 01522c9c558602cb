"""Whom a panel follows: everybody has a place in a line drawn once, and a sample is the front of the line."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.chance import LASTING, PANEL, address, draw_each

Ids = NDArray[np.int64]


class Sample:
    """A sample of the people of a market, drawn by a key of their own: seed, replication and person.

    The places in the line depend on nothing that is lived, so all arms have the same people, a larger sample contains
    the smaller, and people who enter later are in it with the same probability as those who were there.

    Parameters
    ----------
    luck : tuple of int
        Seed and replication.
    there : int array
        Ids of everybody in the market when the panel begins.
    people : int
        How many of them to follow; all if there are no more.

    Raises
    ------
    ValueError
        If it is no positive number.
    """

    def __init__(self, luck: tuple[int, int], there: Ids, people: int) -> None:
        if people < 1:
            raise ValueError(f"panel: a sample has at least one person, not {people}. Write a number such as 1000")
        self._luck = luck
        places = self._places(there)
        self.last = float(np.partition(places, people - 1)[people - 1]) if people < len(there) else 1.0

    def has(self, ids: Ids) -> NDArray[np.bool_]:
        """Return who of these people is in the sample."""
        inside: NDArray[np.bool_] = self._places(ids) <= self.last
        return inside

    def _places(self, ids: Ids) -> NDArray[np.float64]:
        return draw_each(*self._luck, np.asarray(ids, np.int64), int(LASTING), address(PANEL))
