"""No number leaves a rule unchecked: what is not finite or out of range stops the run in that month."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import rule

CHECKED = (
    "",
    "risk_event_next",
    "risk_coming_next",
    "targeting_score",
    "expected_contacts",
    "reads",
    "takes_offer",
    "takes_by_oneself",
    "target_utilisation",
    "line_that_counts",
    "misses_payment",
    "defaults_within_year",
    "capital_share",
    "depth_next",
    "satisfaction_next",
    "expectation_next",
    "fatigue_next",
    "looks_around",
    "utility",
    "leaves_for_own_reasons",
    "renews",
    "leaves_stage",
    "believed_leaving",
    "mean_updated",
    "precision_aged",
    "opts_out",
    "uses",
    "reminded_next",
)
(
    _,
    RISK_EVENT,
    RISK_COMING,
    SCORE,
    CONTACTS,
    READS,
    TAKES,
    TAKES_SELF,
    UTILISATION,
    LINE,
    MISS,
    DEFAULT,
    CAPITAL,
    DEPTH,
    SATISFACTION,
    EXPECTATION,
    FATIGUE,
    LOOKS,
    UTILITY,
    LEAVES,
    RENEWS,
    LEAVES_STAGE,
    BELIEVED_LEAVING,
    MEAN,
    PRECISION,
    OPTS_OUT,
    USES,
    REMINDED,
) = range(len(CHECKED))


FAR = 1e12
"""What no utility, log-odds or reading of them reaches, however extreme the numbers of a market; infinities do."""
MOST_MONEY = 1e17
"""What no amount of a person's month reaches, in units of the currency."""
MOST_RISK = 50.0
"""Log-odds that the changing part of a person's risk, or what is coming of it, never passes, up or down."""
MOST_SCORE = 10.0
"""What no targeting score passes, up or down: two parts, each within half of it."""
MOST_EXPECTED_CONTACTS = 1e12
"""Contacts a month that no channel means for one person."""
MOST_FATIGUE = 1e6
"""Contacts whose weight no fatigue reaches."""
MOST_REMINDED = 50.0
"""Log-odds to which no message reminds anybody."""
MOST_PRECISION = 1e15
"""What the precision of no estimate reaches."""


@rule
def checked(x: float, low: float, high: float, which: int, person: int, fault: NDArray[np.float64]) -> float:
    """Pass x on if it lies in [low, high]; else note the first such fault and pass on `low`.

    Parameters
    ----------
    which : int
        The rule that returned x, an index into CHECKED.
    fault : ndarray, shape (3,)
        Rule, person and value of the first fault of this chunk; rule 0 means none.
    """
    if x >= low and x <= high:
        return x
    if fault[0] == 0.0:
        fault[0], fault[1], fault[2] = which, person, x
    return low
