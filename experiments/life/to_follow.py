"""People worth following: those whom an arm harms or benefits most, to be looked at month by month."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.experiments.analysis.gains import PERSON_MEASURES, People, common, people_of
from tenure.experiments.store.results import Results
from tenure.experiments.store.store import read_rows

EACH = 3
"""People named of a kind."""
_COLUMNS = ("measure", "a", "b", "value")


class Followed(NamedTuple):
    """A person to follow: under which arm, why, and by how much."""

    arm: str
    why: str
    person: int
    amount: float
    """In the market's currency: by how much more or less the person pays over the run than under the champion."""


def to_follow(results: Results, replication: int = 0) -> list[Followed]:
    """Return who is harmed and who gains most under each arm, beside the same people under the champion.

    Parameters
    ----------
    results : Results
        Of one scenario, with the runs of that replication.
    replication : int
        Whose people.

    Raises
    ------
    ValueError
        If there are several scenarios, the champion has no run of that replication, or people were not recorded.
    """
    if len(results.scenarios) > 1:
        one = results.scenarios[0]
        raise ValueError(f"people are followed within a scenario: give those of one, such as results.under('{one}')")
    names = {one.arm: name for name, one in results.known.items() if one.replication == replication}
    if results.champion not in names:
        raise ValueError(
            f"replication {replication} of '{results.champion}' is not in {results.folder}: "
            f"write one from 0 to {int(results.about['replications']) - 1}, or make its runs with 'tenure run'"
        )
    champion = people_of_run(results, names[results.champion])
    found: list[Followed] = []
    for arm in results.arms:
        if arm != results.champion and arm in names:
            found += _of_arm(arm, *common(champion, people_of_run(results, names[arm])))
    return found


def people_of_run(results: Results, name: str) -> People:
    """Return what became of those who were our customers when a run began."""
    rows = read_rows(results.folder, name, PERSON_MEASURES, _COLUMNS)
    if not rows.num_rows:
        raise ValueError(f"{results.folder}: people were not recorded; make the runs again")
    return people_of(rows)


def _of_arm(arm: str, champion: People, own: People) -> Iterator[Followed]:
    """Yield a few of each kind: what happened in one world only, and who pays most more or less where it did not."""
    dearer = (own.charged - own.rewards) - (champion.charged - champion.rewards)
    fates = {
        "told to go": own.told_to_go & ~champion.told_to_go,
        "charged off": own.charged_off & ~champion.charged_off,
        "spared being told to go": champion.told_to_go & ~own.told_to_go,
        "spared being charged off": champion.charged_off & ~own.charged_off,
    }
    same = ~np.any(list(fates.values()), axis=0)
    kinds: dict[str, tuple[NDArray[np.bool_], NDArray[np.float64]]] = {
        why: (who, np.abs(own.profit - champion.profit)) for why, who in fates.items()
    }
    kinds |= {"pays most more": (same & (dearer > 0.0), dearer), "pays most less": (same & (dearer < 0.0), -dearer)}
    for why, (who, size) in kinds.items():
        rows = np.flatnonzero(who)
        for row in rows[np.lexsort((own.ids[rows].astype(np.int64), -size[rows]))][:EACH]:
            yield Followed(arm, why, int(own.ids[row]), float(dearer[row]))


def follow_lines(results: Results, found: list[Followed], replication: int) -> Iterator[str]:
    """Yield a line for each kind of each arm."""
    beside = f"what they pay is beside the same people under '{results.champion}'"
    yield f"People to follow, replication {replication}; {beside}"
    if not found:
        yield "  nobody: no arm changes anything for anybody"
    for arm, why in dict.fromkeys((one.arm, one.why) for one in found):
        some = [one for one in found if (one.arm, one.why) == (arm, why)]
        people = ", ".join(f"{one.person} ({one.amount:+z,.0f} {results.currency})" for one in some)
        yield f"  {arm}: {why}: {people}"


def follow_json(found: list[Followed]) -> list[dict[str, object]]:
    """Return the same as plain data."""
    return [one._asdict() for one in found]
