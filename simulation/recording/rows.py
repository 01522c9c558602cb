"""Rows of a recording: facts in the order in which they were found, of declared measures alone."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tenure.simulation.recording.measures import measure_of

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("measure", "month", "institution", "a", "b", "value")
Row = tuple[str, int, str, str, str, float]
"""Name of a measure, month, institution, a, b, value."""


class Rows:
    """Collects rows; a measure that is not declared in `tenure.simulation.recording.measures` is refused."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def add(self, measure: str, month: int, institution: str, a: str, b: str, value: float) -> None:
        """Add one finished fact.

        Raises
        ------
        KeyError
            If no such measure is declared.
        """
        if measure not in self._known:
            measure_of(measure)
            self._known.add(measure)
        self._rows.append((measure, month, institution, a, b, float(value)))

    def take(self, rows: Iterable[Row]) -> None:
        """Add finished facts, in their order."""
        for row in rows:
            self.add(*row)

    def table(self) -> "pd.DataFrame":
        """Return all rows as a table."""
        import pandas as pd

        table = pd.DataFrame(self._rows, columns=list(COLUMNS))
        return table.astype({"month": "int32", "value": "float64"})
