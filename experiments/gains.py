"""Who gains and who is harmed: each starting customer under an arm beside the same person under the champion.

All of it rests on how the two worlds are coupled: luck has an address (person, month, decision), so whatever an arm
does not touch happens to a person as in the champion's world. Another coupling would give the same averages and other
pairs; who would have been whom in two real worlds nobody can know.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

HARM_FROM_EUR = 20.0
"""What a customer must pay more over the run to count as harmed, EUR (assumption: a sum that people notice)."""
PERSON_MEASURES = ("person/profit", "person/paid", "person/treatment", "person/months")
KEYS = ("quadrant", "stage", "group")
"""Of a customer at month 0: true quadrant and stage, audit group."""
COUNTED = (
    "people",
    "harmed",
    "gains",
    "pays_more",
    "pays_more_longer",
    "told_to_go",
    "charged_off",
    "pays_less",
    "spared",
)
"""Heads: in all; harmed; gaining; and why. `pays_more_longer` are those of `pays_more` who are with us longer than in
the champion's world; reasons overlap."""
MONEY = ("profit_champion", "profit", "treatment_champion", "treatment")
"""EUR over the whole run, summed over people: after treatment, and spent on it."""


class People(NamedTuple):
    """The starting customers of one run, in the order of their ids; arrays of shape (people,)."""

    ids: NDArray[Any]
    keys: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]
    """In the order of `KEYS`."""
    profit: NDArray[np.float64]
    paid: NDArray[np.float64]
    treatment: NDArray[np.float64]
    months: NDArray[np.float64]
    told_to_go: NDArray[np.bool_]
    charged_off: NDArray[np.bool_]


def people_of(rows: pa.Table) -> People:
    """Read a run's rows of single people (`simulation.recording_people`).

    Raises
    ------
    ValueError
        If some person lacks a row.
    """
    parts = []
    for measure in PERSON_MEASURES:
        part = rows.filter(pc.equal(rows["measure"], measure))
        ids = part["a"].to_numpy(zero_copy_only=False)
        order = np.argsort(ids, kind="stable")
        values = part["value"].to_numpy()[order]
        parts.append((ids[order], part["b"].to_numpy(zero_copy_only=False)[order], values))
    (ids, quadrant, profit), (_, stage, paid), (_, group, treatment), (_, fate, months) = parts
    if not all(np.array_equal(ids, other) for other, _, _ in parts[1:]):
        raise ValueError("the rows of single people are not whole: each needs " + ", ".join(PERSON_MEASURES))
    fates = fate.astype(np.str_)
    told, lost = np.char.find(fates, "told to go") >= 0, np.char.find(fates, "charged off") >= 0
    return People(ids, (quadrant, stage, group), profit, paid, treatment, months, told, lost)


def pair_off(champion: People, arm: People, harm_from: float = HARM_FROM_EUR) -> pd.DataFrame:
    """Count who gains and who is harmed by an arm, and add up the money, by what they were at month 0.

    Parameters
    ----------
    champion, arm : People
        The same people in two worlds; who is in one only is left out.
    harm_from : float
        EUR that must be paid more to be harmed by it, or less to gain.

    Returns
    -------
    DataFrame
        A row for each quadrant, stage and group that has people, columns `KEYS`, `COUNTED` and `MONEY`.

    Notes
    -----
    *Harmed*: told to go, or charged off, in the arm's world only; or pays at least `harm_from` more there, unless
    spared being told to go or charged off. *Gains*: not harmed, and spared one of these, or pays that much less.
    What happened goes before what was paid: who is charged off pays no more interest and is no better off for it.
    Who borrows or stays more pays more: that is not told apart from a dearer price, except by `pays_more_longer`.
    """
    if not np.array_equal(champion.ids, arm.ids):
        both = np.intersect1d(champion.ids, arm.ids)
        champion, arm = _only(champion, both), _only(arm, both)
    more, less = arm.paid - champion.paid >= harm_from, champion.paid - arm.paid >= harm_from
    told, lost = arm.told_to_go & ~champion.told_to_go, arm.charged_off & ~champion.charged_off
    spared = (champion.told_to_go & ~arm.told_to_go) | (champion.charged_off & ~arm.charged_off)
    harmed = told | lost | (more & ~spared)
    columns = {
        **dict(zip(KEYS, champion.keys, strict=True)),
        "people": np.ones(len(more)), "harmed": harmed, "gains": ~harmed & (spared | less),
        "pays_more": more & ~spared, "pays_more_longer": more & ~spared & (arm.months > champion.months),
        "told_to_go": told, "charged_off": lost, "pays_less": less & ~harmed, "spared": spared & ~harmed,
        "profit_champion": champion.profit, "profit": arm.profit,
        "treatment_champion": champion.treatment, "treatment": arm.treatment,
    }  # fmt: skip
    table = pd.DataFrame(columns).astype(dict.fromkeys(COUNTED, "float64"))
    return table.groupby(list(KEYS), sort=True, as_index=False).sum()


def all_pairs(
    runs: Mapping[str, tuple[str, int]],
    champion: str,
    read: Callable[[str], pa.Table],
    harm_from: float = HARM_FROM_EUR,
) -> pd.DataFrame:
    """Pair every run with the champion's of the same replication, the champion's with itself.

    Parameters
    ----------
    runs : mapping
        Run to its arm and replication.
    champion : str
        The arm that the others are compared with.
    read : callable
        Gives a run's rows of `PERSON_MEASURES`; empty if they were not recorded.
    harm_from : float
        See `pair_off`.

    Returns
    -------
    DataFrame
        Columns arm, replication and those of `pair_off`; no row where there is no pair.
    """
    made = []
    bases = {replication: name for name, (arm, replication) in runs.items() if arm == champion}
    for replication, base in bases.items():
        rows = read(base)
        if not rows.num_rows:
            continue
        people = people_of(rows)
        for name, (arm, other) in runs.items():
            if other != replication:
                continue
            mine = people if name == base else people_of(read(name))
            made.append(pair_off(people, mine, harm_from).assign(arm=arm, replication=replication))
    columns = ["arm", "replication", *KEYS, *COUNTED, *MONEY]
    return pd.concat(made, ignore_index=True)[columns] if made else pd.DataFrame(columns=columns)


def harmed_metric(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the metric share_harmed by run: arm, replication, metric, value; the champion's is 0."""
    sums = pairs.groupby(["arm", "replication"], sort=False)[["harmed", "people"]].sum()
    shares = (sums["harmed"] / sums["people"]).rename("value").reset_index()
    return shares.assign(metric="share_harmed")[["arm", "replication", "metric", "value"]]


def shares(pairs: pd.DataFrame, arm: str, what: str, by: str = "") -> pd.DataFrame:
    """Return a share of an arm's people, a row per replication; a column per value of `by`, or ``all``.

    Parameters
    ----------
    pairs : DataFrame
        From `all_pairs`.
    arm : str
        Whose.
    what : str
        One of `COUNTED`.
    by : str
        One of `KEYS`; empty for all people together.
    """
    own = pairs[pairs["arm"] == arm]
    own = own.assign(all="all") if not by else own
    sums = own.groupby(["replication", by or "all"])[[what, "people"]].sum()
    table: pd.DataFrame = (sums[what] / sums["people"]).unstack()
    return table


def _only(people: People, ids: NDArray[Any]) -> People:
    at = np.searchsorted(people.ids, ids)
    quadrant, stage, group = (key[at] for key in people.keys)
    numbers = (people.profit[at], people.paid[at], people.treatment[at], people.months[at])
    return People(people.ids[at], (quadrant, stage, group), *numbers, people.told_to_go[at], people.charged_off[at])
