"""People read like a Mesa AgentSet, on both engines."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Customers:
    """A set of people; columns are the fields of `agents.person.Person`.

    Parameters
    ----------
    rows : structured array
        The people.
    names : tuple of str
        Institutions by index.
    """

    def __init__(self, rows: NDArray[Any], names: tuple[str, ...]) -> None:
        self.rows, self.names = rows, names

    def __len__(self) -> int:
        """Return how many people."""
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the rows."""
        return iter(self.rows)

    def select(
        self, keep: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None, provider: str = ""
    ) -> "Customers":
        """Return those for whom `keep(rows)` holds, or whose provider has this name."""
        rows = self.rows
        if provider:
            rows = rows[rows["provider"] == self.names.index(provider)]
        return Customers(rows if keep is None else rows[keep(rows)], self.names)

    def get(self, *fields: str) -> Any:
        """Return a copy of one column, or a list of them."""
        columns = [self.rows[field].copy() for field in fields]
        return columns[0] if len(columns) == 1 else columns

    def agg(self, field: str, function: Callable[[NDArray[Any]], Any]) -> Any:
        """Return `function` of a column."""
        return function(self.rows[field])

    def groupby(self, field: str) -> dict[Any, "Customers"]:
        """Return value -> people who have it."""
        return {v.item(): Customers(self.rows[self.rows[field] == v], self.names) for v in np.unique(self.rows[field])}
