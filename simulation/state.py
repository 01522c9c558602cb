"""The state of a model between two months: arrays by name, those of an institution with its name behind theirs.

Each owner gives and takes back its own part: the model people and times, an institution its files and its money.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

State = Mapping[str, NDArray[np.generic]]


def still_here(people: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return who can still matter, shape (people,): all but those who are gone and owe nothing."""
    return np.asarray((people["provider"] >= 0) | (people["owed_before_cents"] > 0))


def with_name(part: State, name: str) -> dict[str, NDArray[np.generic]]:
    """Return the part of an institution as it stands in the state of the model."""
    return {f"{key}:{name}": values for key, values in part.items()}


def part_of(state: State, name: str) -> dict[str, NDArray[np.generic]]:
    """Return what a state holds of the institution of this name.

    >>> part_of({"month": np.array(1), "rate:us": np.array(2), "rate:bigbank": np.array(3)}, "us")
    {'rate': array(2)}
    """
    return {key.removesuffix(f":{name}"): values for key, values in state.items() if key.endswith(f":{name}")}
