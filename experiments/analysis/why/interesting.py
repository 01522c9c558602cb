"""Lives worth looking at: of whom an arm changes most, whom it changes as it mostly does, and who fared otherwise."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import CAUSES, CHARGED_OFF
from tenure.experiments.analysis.gains import People, common
from tenure.experiments.analysis.why.lives import POACHED_BY, RIVAL_NOT_RECORDED
from tenure.experiments.analysis.why.parts import NEVER_OURS, NO_TREATMENT, PairOfPeople

EACH = 2
"""People named of a kind."""
IN_ONE_WORLD = (RIVAL_NOT_RECORDED, CAUSES[CHARGED_OFF], NEVER_OURS)
"""Ways out, and never having been there, that are told where only one of the two worlds had them; before these, each
rival that took somebody over."""
FIRST = "first difference: "
"""Stands before the treatment in which the two worlds of a person differ first."""


class InterestingLife(NamedTuple):
    """A person whose two lives are worth a look, in one replication."""

    kind: str
    """Why: worth more or less to us, pays more or less, typical, an ending of one world, or a first difference."""
    person: int
    replication: int
    difference_eur: float
    """What the person brought in the arm's world, less that in the champion's."""
    treatment: str
    """In which the two worlds differ first."""
    ended: tuple[str, str]
    """How the relationship ended: champion, arm."""


def interesting_lives(
    people: PairOfPeople, champion: People, arm: People, replication: int
) -> Iterator[InterestingLife]:
    """Yield the lives of each kind, who differs most first.

    Parameters
    ----------
    people : PairOfPeople
        Everybody who was a customer in either world.
    champion, arm : People
        The customers at month 0, who tell what they paid.
    replication : int
        Whose people.
    """
    for kind, rows in _kinds(people, champion, arm):
        for row in rows[:EACH]:
            ends = str(people.champion_ends[row]), str(people.ends[row])
            told = int(people.ids[row]), replication, float(people.difference_eur[row])
            yield InterestingLife(kind, *told, str(people.treatments[row]), ends)


def _kinds(people: PairOfPeople, champion: People, arm: People) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Yield each kind and its people as rows, the one to look at first in front; kinds without anybody are left out."""
    worth = people.difference_eur
    kinds = [
        ("worth most more to us", _largest(worth, worth > 0.0)),
        ("worth most less to us", _largest(-worth, worth < 0.0)),
        *_who_pays(people, champion, arm),
        ("typical of whom it touches", _nearest_the_median(worth, worth != 0.0)),
    ]
    told = {end: end for end in _poached(people)} | {end: end.replace("_", " ") for end in IN_ONE_WORLD}
    for end, word in told.items():
        before, after = people.champion_ends == end, people.ends == end
        kinds += [
            (f"{word} in the arm's world alone", _largest(np.abs(worth), after & ~before)),
            (f"{word} in the champion's world alone", _largest(np.abs(worth), before & ~after)),
        ]
    names, heads = np.unique(people.treatments.astype(str), return_counts=True)
    for name in names[np.argsort(-heads, kind="stable")].tolist():
        if name != NO_TREATMENT:
            kinds.append((f"{FIRST}{name}", _nearest_the_median(worth, people.treatments == name)))
    return ((kind, rows) for kind, rows in kinds if len(rows))


def _poached(people: PairOfPeople) -> list[str]:
    """Return "poached by" and the rival, of every rival that took somebody over; the one that took most first."""
    ends, heads = np.unique(np.concatenate([people.ends, people.champion_ends]).astype(str), return_counts=True)
    return [end for end in ends[np.argsort(-heads, kind="stable")].tolist() if end.startswith(POACHED_BY)]


def _who_pays(people: PairOfPeople, champion: People, arm: People) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Yield who pays most more and most less, charges less rewards, of customers at month 0 with the same fate."""
    before, own = common(champion, arm)
    dearer = (own.charged - own.rewards) - (before.charged - before.rewards)
    same = (own.told_to_go == before.told_to_go) & (own.charged_off == before.charged_off)
    at = np.searchsorted(people.ids, own.ids.astype(np.int64))
    for kind, sign in (("harmed: pays most more", 1.0), ("gains: pays most less", -1.0)):
        yield kind, at[_largest(sign * dearer, same & (sign * dearer > 0.0))]


def _largest(size: NDArray[np.float64], who: NDArray[np.bool_]) -> NDArray[np.intp]:
    rows = np.flatnonzero(who)
    return rows[np.argsort(-size[rows], kind="stable")]


def _nearest_the_median(worth: NDArray[np.float64], who: NDArray[np.bool_]) -> NDArray[np.intp]:
    rows = np.flatnonzero(who)
    if not len(rows):
        return rows
    return rows[np.argsort(np.abs(worth[rows] - np.median(worth[rows])), kind="stable")]
