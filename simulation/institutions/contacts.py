"""What became of contacts: who took them, what they cost, how many were told to go."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.signal import INVITED


def taken_contacts(months: NDArray[np.void], treatment: NDArray[np.int64], me: int) -> NDArray[np.bool_]:
    """Return whether treatments were taken: answered by a customer, or followed by joining on invitation.

    Parameters
    ----------
    months : structured array, shape (people,)
        dtype SIGNAL: the month of each person treated.
    treatment : int array, shape (people,)
        What each got from the institution `me`; 0 nothing.
    """
    came = (months["joined"] == 1) & (months["provider"] == me) & (months["source"] == INVITED)
    answered = (months["taken"] == 1) & (months["treatment"] == treatment)
    return np.asarray((treatment > 0) & np.where(months["before"] == me, answered, came))


def cost_cents(contacts: NDArray[np.void], taken: NDArray[np.bool_], effects: NDArray[np.void]) -> NDArray[np.float64]:
    """Return what each contact cost: contact, and reward or welcome if taken."""
    sent = contacts["treatment"]
    reward = np.floor(effects["reward_cents"][sent] * contacts["amount"] + 0.5)
    return np.asarray(effects["contact_cents"][sent] + reward * taken)


def told_to_go(contacts: NDArray[np.void], effects: NDArray[np.void]) -> int:
    """Return how many of these contacts tell a customer that the institution lends no more, or ends."""
    tells = (effects["ends"] == 1) | (effects["stops_lending"] == 1)
    return int(np.count_nonzero(tells[contacts["treatment"]]))
