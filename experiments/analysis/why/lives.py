"""Who was ever a customer in one run: what each brought, how the relationship ended, and what was sent to them when."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.simulation.recording.measures import LIFE_TREATED, LIFE_VALUE, PERSON_PROFIT, TAKEN

LIFE_MEASURES = (LIFE_VALUE.name, LIFE_TREATED.name, PERSON_PROFIT.name)
JOINED_LATER = "joined later"


class EverOurs(NamedTuple):
    """Everybody who was ever a customer in a run, in the order of their ids; arrays of shape (people,)."""

    ids: NDArray[np.int64]
    value_eur: NDArray[np.float64]
    """What they brought over the run and are expected to bring after it, discounted."""
    ends: NDArray[np.object_]
    """How the relationship last ended, or that it stands."""
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
    value, treated, starting = (rows.filter(pc.equal(rows["measure"], name)) for name in LIFE_MEASURES)
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
    return EverOurs(ids, value["value"].to_numpy()[order], _words(value)[order], quadrants, given)


def _ids(rows: pa.Table) -> NDArray[np.int64]:
    return np.asarray(pc.cast(rows["a"], pa.int64()).to_numpy())


def _words(rows: pa.Table) -> NDArray[np.object_]:
    return np.asarray(rows["b"].to_numpy(zero_copy_only=False), object)
