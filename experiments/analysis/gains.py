"""Who gains and who is harmed: each starting customer under an arm beside the same person under the champion.

All of it rests on how the two worlds are coupled: luck has an address (person, month, decision), so whatever an arm
does not touch happens to a person as in the champion's world. Another coupling would give the same averages and other
pairs; who would have been whom in two real worlds nobody can know.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.experiments.analysis.metric import Metric

Words = NDArray[np.object_]
Column = Words | NDArray[np.float64]

HARM_FROM_EUR = 20.0
"""What a customer must be worse off by over the run to count as harmed, in units of the market's currency (assumption:
a sum that people notice)."""
PERSON_MEASURES = ("person/profit", "person/charged", "person/rewards", "person/treatment", "person/months")
KEYS = ("quadrant", "stage", "group")
"""Of a customer at month 0: true quadrant and stage, audit group."""
COUNTED = (
    "people",
    "harmed",
    "gains",
    "charged_more",
    "charged_more_longer",
    "fewer_rewards",
    "told_to_go",
    "charged_off",
    "charged_less",
    "more_rewards",
    "spared",
)
"""Heads: in all; harmed; gaining; and why. Who is worse off by money counts in `charged_more` (interest and fees) or in
`fewer_rewards`, whichever is the larger part; `charged_more_longer` are those of `charged_more` who are with us longer
than in the champion's world. Other reasons overlap."""
MONEY = ("profit_champion", "profit", "treatment_champion", "treatment")
"""EUR over the whole run, summed over people: after treatment, and spent on it."""


class People(NamedTuple):
    """The starting customers of one run, in the order of their ids; arrays of shape (people,)."""

    ids: Words
    keys: tuple[Words, Words, Words]
    """In the order of `KEYS`."""
    profit: NDArray[np.float64]
    charged: NDArray[np.float64]
    """Interest and fees."""
    rewards: NDArray[np.float64]
    treatment: NDArray[np.float64]
    months: NDArray[np.float64]
    told_to_go: NDArray[np.bool_]
    charged_off: NDArray[np.bool_]


def people_of(rows: pa.Table) -> People:
    """Read a run's rows of single people (`tenure.simulation.recording.people.starting`).

    Raises
    ------
    ValueError
        If some person lacks a row.
    """
    parts: list[tuple[pa.Array, pa.Array, NDArray[np.float64]]] = []
    unsorted: pa.Array = pa.array([], pa.string())
    order: pa.Array = pa.array([], pa.uint64())
    for measure in PERSON_MEASURES:
        part = rows.select(["measure", "a", "b", "value"]).filter(pc.equal(rows["measure"], measure))
        ids = part["a"].combine_chunks()
        if not ids.equals(unsorted):
            unsorted, order = ids, pc.sort_indices(ids)
        values = part["value"].to_numpy()[order.to_numpy()]
        parts.append((ids.take(order), part["b"].combine_chunks().take(order), values))
    (ids, quadrant, profit), (_, stage, charged), (_, _, rewards), (_, group, treatment), (_, fate, months) = parts
    if not all(ids.equals(other) for other, _, _ in parts[1:]):
        raise ValueError("the rows of single people are not whole: each needs " + ", ".join(PERSON_MEASURES))
    told, lost = (
        pc.match_substring(fate, words).to_numpy(zero_copy_only=False) for words in ("told to go", "charged off")
    )
    quadrant, stage, group = (one.to_numpy(zero_copy_only=False) for one in (quadrant, stage, group))
    keys = (quadrant, stage, group)
    return People(ids.to_numpy(zero_copy_only=False), keys, profit, charged, rewards, treatment, months, told, lost)


def pair_off(champion: People, arm: People, harm_from: float = HARM_FROM_EUR) -> dict[str, Column]:
    """Count who gains and who is harmed by an arm, and add up the money, by what they were at month 0.

    Parameters
    ----------
    champion, arm : People
        The same people in two worlds; who is in one only is left out.
    harm_from : float
        Money, charges less rewards, by which one must be worse off to be harmed by it, or better off to gain.

    Returns
    -------
    dict of str to array
        Columns `KEYS`, `COUNTED` and `MONEY`; a row for each quadrant, stage and group that has people.

    Notes
    -----
    *Harmed*: told to go, or charged off, in the arm's world only; or worse off by at least `harm_from` there, unless
    spared being told to go or charged off. *Gains*: not harmed, and spared one of these, or better off by as much.
    What happened goes before what was paid: who is charged off pays no more interest and is no better off for it.
    A reward that is missing is no higher price: the two are counted apart. Who borrows or stays more is charged more:
    that is not told apart from a dearer price, except by `charged_more_longer`.
    """
    champion, arm = common(champion, arm)
    charges, rewards = arm.charged - champion.charged, arm.rewards - champion.rewards
    more, less = charges - rewards >= harm_from, rewards - charges >= harm_from
    told, lost = arm.told_to_go & ~champion.told_to_go, arm.charged_off & ~champion.charged_off
    spared = (champion.told_to_go & ~arm.told_to_go) | (champion.charged_off & ~arm.charged_off)
    more &= ~spared
    harmed = told | lost | more
    less &= ~harmed
    by_charges = np.abs(charges) >= np.abs(rewards)
    each = {
        "people": np.ones(len(more)),
        "harmed": harmed,
        "gains": ~harmed & (spared | less),
        "charged_more": more & by_charges,
        "charged_more_longer": more & by_charges & (arm.months > champion.months),
        "fewer_rewards": more & ~by_charges,
        "told_to_go": told,
        "charged_off": lost,
        "charged_less": less & by_charges,
        "more_rewards": less & ~by_charges,
        "spared": spared & ~harmed,
        "profit_champion": champion.profit,
        "profit": arm.profit,
        "treatment_champion": champion.treatment,
        "treatment": arm.treatment,
    }
    codes, words = zip(*(pd.factorize(key, sort=True) for key in champion.keys), strict=True)
    shape = tuple(len(one) for one in words)
    cell = np.ravel_multi_index(codes, shape) if len(more) else np.zeros(0, np.int64)
    full = np.flatnonzero(np.bincount(cell))
    at = np.unravel_index(full, shape) if len(more) else (full,) * len(KEYS)
    keys = {name: np.asarray(values, object)[places] for name, values, places in zip(KEYS, words, at, strict=True)}
    return keys | {name: np.bincount(cell, values)[full] for name, values in each.items()}


def common(champion: People, arm: People) -> tuple[People, People]:
    """Return the people who are in both worlds, in the same order."""
    if np.array_equal(champion.ids, arm.ids):
        return champion, arm
    both = np.intersect1d(champion.ids, arm.ids)
    return _only(champion, both), _only(arm, both)


def metrics_of_pairs(pairs: pd.DataFrame, metrics: Sequence[Metric]) -> pd.DataFrame:
    """Return those of some metrics that are worked out of pairs, by run: arm, replication, metric, value."""
    sums = pairs.groupby(["arm", "replication"], sort=False, observed=True)[[*COUNTED]].sum()
    rows = [
        (arm, replication, metric.name, metric.of_pairs(dict(zip(COUNTED, counts, strict=True))))
        for metric in metrics
        if metric.of_pairs is not None
        for (arm, replication), counts in zip(sums.index, sums.to_numpy(dtype=np.float64).tolist(), strict=True)
    ]
    return pd.DataFrame(rows, columns=["arm", "replication", "metric", "value"])


def shares(pairs: pd.DataFrame, arm: str, what: str, by: str = "") -> pd.DataFrame:
    """Return a share of an arm's people, a row per replication; a column per value of `by`, or ``all``.

    Parameters
    ----------
    pairs : DataFrame
        From `tenure.experiments.analysis.worked_out.figures`.
    arm : str
        Whose.
    what : str
        One of `COUNTED`.
    by : str
        One of `KEYS`; empty for all people together.
    """
    own = (pairs["arm"] == arm).to_numpy(dtype=bool)
    row, replications = pd.factorize(pairs["replication"].to_numpy()[own], sort=True)
    keys = pairs[by].to_numpy(dtype=object)[own] if by else np.zeros(len(row), np.int64)
    column, found = pd.factorize(keys, sort=True)
    columns = found.tolist() if by else ["all"]
    shape = len(replications), len(columns)
    cell = row * len(columns) + column
    count, people = (
        np.bincount(cell, pairs[name].to_numpy(dtype=float)[own], shape[0] * shape[1]).reshape(shape)
        for name in (what, "people")
    )
    share = np.divide(count, people, out=np.full(shape, np.nan), where=people > 0.0)
    return pd.DataFrame(share, pd.Index(replications, name="replication"), pd.Index(columns, name=by or "all"))


def _only(people: People, ids: Words) -> People:
    at = np.searchsorted(people.ids, ids)
    quadrant, stage, group = (key[at] for key in people.keys)
    rest = {name: getattr(people, name)[at] for name in People._fields if name not in ("ids", "keys")}
    return People(people.ids[at], (quadrant, stage, group), **rest)
