"""The two-sided ledger of every institution: its accounts, and how money is booked."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import rule

# accounts of an institution: three of balance, then the lines of profit and loss
CASH, LOANS, DEPOSITS = 0, 1, 2
INTEREST, FEES, DEPOSIT_MARGIN, FUNDING, SERVICING, TREATMENT, ACQUISITION_COST = 3, 4, 5, 6, 7, 8, 9
CREDIT_LOSS, RECOVERY, CAPITAL_CHARGE = 10, 11, 12
ACCOUNTS = (
    "cash",
    "loans",
    "deposits",
    "interest",
    "fees",
    "deposit_margin",
    "funding",
    "servicing",
    "treatment",
    "acquisition",
    "credit_loss",
    "recovery",
    "capital_charge",
)
LINES = ACCOUNTS[INTEREST:]


@rule
def receive(ledger: NDArray[np.int64], institution: int, account: int, amount_cents: int) -> None:
    """The institution is paid from outside: two sides of its books, and the outside world's cash."""
    ledger[institution, CASH] += amount_cents
    ledger[institution, account] -= amount_cents
    ledger[0, CASH] -= amount_cents
    ledger[0, account] += amount_cents


@rule
def earned(ledger: NDArray[np.int64], institution: int) -> int:
    """Return the profit booked so far, cents: what cash, loans and deposits together have grown by."""
    grown: int = ledger[institution, CASH] + ledger[institution, LOANS] + ledger[institution, DEPOSITS]
    return grown


@rule
def book(ledger: NDArray[np.int64], institution: int, to: int, source: int, amount_cents: int) -> None:
    """No cash moves: `to` is debited, `source` credited, and the other way round with the outside world."""
    ledger[institution, to] += amount_cents
    ledger[institution, source] -= amount_cents
    ledger[0, to] -= amount_cents
    ledger[0, source] += amount_cents
