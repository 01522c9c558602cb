"""Tags of a month: what each scheme says of everybody in the files, read in one pass over the records."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.month.tags import Bounds, write_tags
from tenure.policies.schemes import SCHEMES

Columns = Callable[[str], NDArray[np.integer]]
InChunks = Callable[[int, Callable[[slice], None]], object]
"""Does work on so many rows, some of them at once, in any order."""


@compiled
def tag_rows(records: NDArray[np.void], places: NDArray[np.int64], codes: NDArray[np.int8], bounds: Bounds) -> None:
    """Write what each of SCHEMES says of the record at each place, shape (places, schemes)."""
    for i in range(places.shape[0]):
        write_tags(records[places[i]], codes[i], bounds)


def tags_of(
    names: Sequence[str],
    records: NDArray[np.void],
    places: NDArray[np.int64],
    bounds: Bounds,
    column: Columns,
    in_chunks: InChunks,
) -> NDArray[np.int8]:
    """Return the tag of each scheme for everybody in the files, shape (names, people in the files).

    Parameters
    ----------
    names : sequence of str
        Schemes; what is none of SCHEMES is read from the column of its name.
    records, places, bounds
        dtype BELIEF; where in them those in the files are; where the schemes divide.
    column : callable
        Name -> column of the view.
    in_chunks : callable
        Does work on rows.
    """
    every = np.empty((len(places), len(SCHEMES)), np.int8)

    def some(part: slice) -> None:
        tag_rows(records, places[part], every[part], bounds)

    in_chunks(len(places), some)
    known = list(SCHEMES)
    made = [every[:, known.index(name)] if name in SCHEMES else column(name).astype(np.int8) for name in names]
    return np.stack(made) if made else np.empty((0, len(places)), np.int8)
