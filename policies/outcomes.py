"""What became of the customers whom a policy saw last month, as the institution's own books tell."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Outcomes(NamedTuple):
    """One month of the customers in last month's view, in its order; arrays of shape (customers,)."""

    person_id: NDArray[np.int64]
    treatment: NDArray[np.int64]
    """What reached the customer, index into `names`; 0 none."""
    names: tuple[str, ...]
    taken: NDArray[np.bool_]
    stays: NDArray[np.bool_]
    """Still our customer, or become one."""
    profit_eur: NDArray[np.float64]
    """The month's margin, less what was lost to default; before what the treatment cost."""
    cost_eur: NDArray[np.float64]
    """Contact, and reward if taken."""

    @classmethod
    def none(cls, names: tuple[str, ...]) -> "Outcomes":
        """Return what nobody saw, before the first month."""
        empty = np.zeros(0)
        return cls(empty.astype(int), empty.astype(int), names, empty.astype(bool), empty.astype(bool), empty, empty)
