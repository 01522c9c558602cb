"""The history of tags: an append-only log of who changed from which tag to which, when and why."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tenure.agents.belief import NEWS

CHANGE = np.dtype(
    [
        ("person", np.int64),
        ("month", np.int16),
        ("scheme", np.int8),
        ("before", np.int8),
        ("after", np.int8),
        ("why", np.int8),
    ]
)
"""One change of a tag, 14 bytes; tag -1 is none: not in the files before, or no longer."""
SEALED = 65_536
"""Rows to a chunk; a full chunk is never written again."""


class TagHistory:
    """Changes of tags in the order in which they happened; no row is ever changed or removed.

    Parameters
    ----------
    schemes : tuple of str
        Names of the schemes; a row's `scheme` is an index into them.
    """

    def __init__(self, schemes: tuple[str, ...] = ()) -> None:
        self.schemes = schemes
        self._sealed: list[NDArray[np.void]] = []
        self._open = np.empty(min(1024, SEALED), CHANGE)
        self._used = 0
        self._month = -32768

    def __len__(self) -> int:
        """Return the number of changes."""
        return SEALED * len(self._sealed) + self._used

    @property
    def nbytes(self) -> int:
        """Bytes of all rows, capacity for more included."""
        return sum(part.nbytes for part in self._sealed) + self._open.nbytes

    def append(
        self, month: int, scheme: int, persons: NDArray[np.int64], before: ArrayLike, after: ArrayLike, why: ArrayLike
    ) -> None:
        """Write down a month's changes in one scheme.

        Parameters
        ----------
        persons : int array, shape (people,)
        before, after, why : int8 array of that shape, or one number for all
            Tags, and the index into NEWS. Who did not change leaves no row.

        Raises
        ------
        ValueError
            If the month lies before the last one written.
        """
        if month < self._month:
            raise ValueError(f"the history has reached month {self._month} and cannot go back to {month}")
        self._month = month
        rows = np.empty(len(persons), CHANGE)
        rows["person"], rows["month"], rows["scheme"] = persons, month, scheme
        rows["before"], rows["after"], rows["why"] = before, after, why
        changed = rows["before"] != rows["after"]
        rows = rows if changed.all() else rows[changed]
        while len(rows):
            capacity = min(SEALED - self._used, len(rows))
            self._grow(capacity)
            self._open[self._used : self._used + capacity] = rows[:capacity]
            self._used += capacity
            rows = rows[capacity:]
            if self._used == SEALED:
                self._open.flags.writeable = False
                self._sealed.append(self._open)
                self._open, self._used = np.empty(min(1024, SEALED), CHANGE), 0

    def _grow(self, more: int) -> None:
        if self._used + more > len(self._open):
            wider = np.empty(min(SEALED, max(2 * len(self._open), self._used + more)), CHANGE)
            wider[: self._used] = self._open[: self._used]
            self._open = wider

    def rows(self) -> NDArray[np.void]:
        """Return all changes in order, shape (changes,) of CHANGE, a read-only copy."""
        every = np.concatenate([*self._sealed, self._open[: self._used]])
        every.flags.writeable = False
        return every

    def tags_at(self, month: int, scheme: str) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Return who has a tag after this month's changes, ids ascending, and the tags; replayed from the log alone."""
        rows = self.rows()
        rows = rows[(rows["scheme"] == self.schemes.index(scheme)) & (rows["month"] <= month)]
        order = np.argsort(rows["person"], kind="stable")
        persons, after = rows["person"][order], rows["after"][order]
        last = np.flatnonzero(np.append(persons[1:] != persons[:-1], True)) if len(persons) else np.zeros(0, np.int64)
        some = last[after[last] >= 0]
        return persons[some], after[some]

    def of_person(self, person: int) -> NDArray[np.void]:
        """Return one person's changes in order."""
        rows = self.rows()
        own: NDArray[np.void] = rows[rows["person"] == person]
        return own

    def table(self, words: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
        """Return person, scheme, from, to, month and why in words; '' stands for no tag.

        Parameters
        ----------
        words : mapping
            Scheme -> its tags in the order of their codes.
        """
        rows = self.rows()
        told = pd.DataFrame({"person": rows["person"], "month": rows["month"], "why": np.array(NEWS)[rows["why"]]})
        told.insert(1, "scheme", np.array(self.schemes, np.str_)[rows["scheme"]])
        longest = np.array([[*words[name], *[""] * (128 - len(words[name]))] for name in self.schemes], np.str_)
        longest = longest.reshape(-1, 128)
        told.insert(2, "from", longest[rows["scheme"], rows["before"]])
        told.insert(3, "to", longest[rows["scheme"], rows["after"]])
        return told
