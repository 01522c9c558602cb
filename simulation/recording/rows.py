"""Rows of a recording: facts in the order in which they were found, of declared measures alone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.recording.measures import measure_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("measure", "month", "institution", "a", "b", "value")
Row = tuple[str, int, str, str, str, float]
"""Name of a measure, month, institution, a, b, value."""
Columns = tuple[NDArray[np.generic], ...]
"""Arrays of the same length, one for each of `COLUMNS`: texts as objects, months as int32, values as float64."""


class Rows:
    """Collects rows; a measure that is not declared in `tenure.simulation.recording.measures` is refused."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def take(self, rows: Iterable[Row]) -> None:
        """Add finished facts, in their order.

        Raises
        ------
        KeyError
            If a measure is not declared; none of these rows is added then.
        """
        some = list(rows)
        for measure in {row[0] for row in some} - self._known:
            measure_of(measure)
            self._known.add(measure)
        self._rows += some

    def columns(self) -> Columns:
        """Return all rows, column by column."""
        names, months, institutions, a, b, values = zip(*self._rows, strict=True) if self._rows else ((),) * 6
        texts = (np.array(column, object) for column in (names, institutions, a, b))
        return (next(texts), np.array(months, np.int32), *texts, np.array(values, np.float64))


def table_of(parts: Iterable[Columns]) -> "pd.DataFrame":
    """Return one table of these rows, in their order."""
    import pandas as pd

    columns = map(np.concatenate, zip(*parts, strict=True))
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
