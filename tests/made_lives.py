"""Lives written by hand, for measures whose answer is known."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import ACCOUNTS
from tenure.experiments.evidence.bands import shipped
from tenure.experiments.evidence.patterns.lives import Lives, Start

COLUMNS: dict[str, type[np.generic]] = {
    "provider": np.int8,
    "satisfaction": np.float32,
    "products": np.int8,
    "revolving": np.float32,
    "credit": np.float32,
    "line": np.float32,
    "past_due": np.int8,
    "idle": np.int16,
    "tenure": np.int16,
    "risk": np.float32,
    "cause": np.int8,
    "before": np.int8,
    "products_before": np.int8,
    "treatment": np.int16,
    "taken": np.int8,
    "joined": np.int8,
    "source": np.int8,
    "margin": np.float32,
}


def made_lives(months: int, people: int, **columns: Any) -> Lives:
    """Return lives of customers of institution 1 with one product; a column may be a number, a row, or the whole."""
    usual: Mapping[str, Any] = {
        "provider": 1,
        "before": 1,
        "products": 1,
        "products_before": 1,
        "tenure": np.arange(months + 1)[:, None],
    }
    given = {**usual, **columns}
    made = {
        name: np.array(np.broadcast_to(np.asarray(given.get(name, 0)), (months + 1, people)), kind)
        for name, kind in COLUMNS.items()
    }
    postings = np.zeros((months, 3, len(ACCOUNTS)))
    return Lives(made, postings, np.zeros((months, 3)))


def at(months: int, people: int, entries: Mapping[tuple[int, int], float]) -> NDArray[np.float64]:
    """Return a column that is 0 but for some (month, person)."""
    column = np.zeros((months + 1, people))
    for place, value in entries.items():
        column[place] = value
    return column


def with_base(lives: Lives) -> Start:
    """Return a start whose world without anything done is written by hand."""
    start = Start(shipped("default", 100), 1, 0, {"people": np.zeros(lives["provider"].shape[1])})
    start.__dict__["base"] = lives
    return start
