"""Belief files: what one institution keeps of its customers, a row each, in the order of the people."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.belief import BELIEF


class Files(NamedTuple):
    """Beliefs of one institution and the rows of the people they are about (ascending)."""

    beliefs: NDArray[Any]
    at: NDArray[np.int64]


def no_files() -> Files:
    """Files of an institution that keeps none."""
    return Files(np.zeros(0, BELIEF), np.zeros(0, np.int64))


def files_for(files: Files, signals: NDArray[Any], institution: int) -> Files:
    """Return files of all present customers: kept for those who stayed, blank for those who joined.

    Whoever has no file yet is treated as joining, so that a file never starts from nothing.
    """
    at = np.flatnonzero(signals["provider"] == institution)
    place = np.full(len(signals), -1, np.int64)
    place[files.at] = np.arange(len(files.at))
    known = place[at]
    new = np.flatnonzero(known < 0)
    beliefs = files.beliefs[np.maximum(known, 0)] if len(files.at) else np.zeros(len(at), BELIEF)
    beliefs[new] = np.zeros(1, BELIEF)
    signals["joined"][at[new]] = 1
    return Files(beliefs, at)
