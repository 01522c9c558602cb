"""Who was ever a customer in one run: what each brought, how and for whom they left, and what was sent to them when."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.agents.person import CAUSES, POACHED
from tenure.simulation.recording.measures import LIFE_LEFT, LIFE_TREATED, LIFE_VALUE, PERSON_PROFIT, TAKEN, TO

LIFE_MEASURES = (LIFE_VALUE.name, LIFE_TREATED.name, PERSON_PROFIT.name, LIFE_LEFT.name)
JOINED_LATER = "joined later"
POACHED_BY = "poached by "
"""Stands before the rival to whom a customer went."""
RIVAL_NOT_RECORDED = "poached, rival not recorded"
"""How a relationship ended in runs that keep no rivals."""


class EverOurs(NamedTuple):
    """Everybody who was ever a customer in a run, in the order of their ids; arrays of shape (people,)."""

    ids: NDArray[np.int64]
    value_eur: NDArray[np.float64]
    """What they brought over the run and are expected to bring after it, discounted."""
    ends: NDArray[np.object_]
    """How the relationship last ended, who was poached with the rival, or that it stands."""
    quadrants: NDArray[np.object_]
    """True one before the first month; `JOINED_LATER` of who was no customer then."""
    given: pd.DataFrame
    """What was sent to them: person, month, treatment, amount, taken."""


def lives_of(rows: pa.Table) -> EverOurs:
    """Read a run's rows of `LIFE_MEASURES`.

    Parameters
    ----------
    rows : pyarrow.Table
        With the columns measure, month, a, b and value.

    Raises
    ------
    ValueError
        If no such rows are there.
    """
    value, treated, starting, left = (rows.filter(pc.equal(rows["measure"], name)) for name in LIFE_MEASURES)
    if not value.num_rows:
        raise ValueError("what single people brought was not recorded: make the runs again")
    ids = _ids(value)
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    quadrants = np.full(len(ids), JOINED_LATER, object)
    quadrants[np.searchsorted(ids, _ids(starting))] = _words(starting)
    told = _words(treated).tolist()
    taken = np.array([one.endswith(TAKEN) for one in told], np.bool_)
    given = pd.DataFrame(
        {
            "person": _ids(treated),
            "month": treated["month"].to_numpy(),
            "treatment": np.array([one.removesuffix(TAKEN) for one in told], object),
            "amount": treated["value"].to_numpy(),
            "taken": taken,
        }
    )
    ends = _with_rivals(ids, _words(value)[order], left)
    return EverOurs(ids, value["value"].to_numpy()[order], ends, quadrants, given)


def _with_rivals(ids: NDArray[np.int64], ends: NDArray[np.object_], left: pa.Table) -> NDArray[np.object_]:
    """Return how relationships ended, with the rival to whom somebody was poached; of several ends the last counts."""
    last = dict(zip(_ids(left).tolist(), _words(left).tolist(), strict=True))  # month by month: later ones replace
    named = ends.copy()
    for place in np.flatnonzero(ends == CAUSES[POACHED]).tolist():
        _, found, rival = last.get(int(ids[place]), "").partition(TO)
        named[place] = POACHED_BY + rival if found else RIVAL_NOT_RECORDED
    return named


def _ids(rows: pa.Table) -> NDArray[np.int64]:
    return np.asarray(pc.cast(rows["a"], pa.int64()).to_numpy())


def _words(rows: pa.Table) -> NDArray[np.object_]:
    return np.asarray(rows["b"].to_numpy(zero_copy_only=False), object)
