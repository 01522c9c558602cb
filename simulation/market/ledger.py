"""The books: what every month must leave in order, to the cent and to the person."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import ACCOUNTS, CASH, DEPOSITS, LOANS


class ConservationError(RuntimeError):
    """Money or people were lost or made: a bug in the rules, never a matter of settings."""


def balances_of(
    providers: NDArray[np.int64],
    credit: NDArray[np.int64],
    deposit: NDArray[np.int64],
    owed_before: NDArray[np.int64],
    owed_before_to: NDArray[np.int64],
    institutions: int,
) -> NDArray[np.int64]:
    """Return loans and deposits of each institution, cents, shape (institutions, 2), added up from the people."""
    out = np.zeros((institutions, 2), np.int64)
    own = np.flatnonzero(providers > 0)
    np.add.at(out[:, 0], providers[own], credit[own])
    np.add.at(out[:, 1], providers[own], deposit[own])
    old = owed_before > 0
    np.add.at(out[:, 0], owed_before_to[old], owed_before[old])
    return out


def book_eur(people: NDArray[np.void], me: int, products: int) -> NDArray[np.float64]:
    """Return one institution's balances in each product, EUR, whoever is in its files, shape (products,)."""
    own = people["balance_cents"][people["provider"] == me]
    return np.asarray(own[:, :products].sum(axis=0) / 100.0)


def check_money(
    opening: NDArray[np.int64],
    closing: NDArray[np.int64],
    postings: NDArray[np.int64],
    names: tuple[str, ...],
    month: int,
) -> None:
    """Opening + postings = closing for loans and deposits, and every posting has two sides.

    Raises
    ------
    ConservationError
        Naming institution, account, month and the cents that are missing.
    """
    loans = opening[:, 0] + postings[:, LOANS] - closing[:, 0]
    deposits = opening[:, 1] - postings[:, DEPOSITS] - closing[:, 1]
    for account, missing in (("loans", loans), ("deposits", deposits)):
        for j in np.flatnonzero(missing[1:]) + 1:
            raise ConservationError(f"month {month}: {names[j]} {account} are off by {int(missing[j])} cents")
    if postings.sum(axis=1).any() or postings.sum(axis=0).any():
        raise ConservationError(f"month {month}: postings do not have two sides: {postings.sum(axis=1).tolist()}")


def check_people(
    before: NDArray[np.int64],
    after: NDArray[np.int64],
    last_after: NDArray[np.int64],
    institutions: int,
    month: int,
) -> None:
    """Everybody who was somewhere is somewhere: nobody is lost, made, or with an institution that does not exist."""
    if len(after) and (after.min() < -1 or after.max() >= institutions):
        raise ConservationError(f"month {month}: a person's provider is out of range")
    if not np.array_equal(before[: len(last_after)], last_after) or before[len(last_after) :].any():
        raise ConservationError(f"month {month}: people changed provider between two months")


def profit_cents(postings: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each institution's lines of profit and loss, cents from its own view, shape (institutions, lines)."""
    return np.asarray(-postings[:, len(ACCOUNTS) - len(ACCOUNTS[CASH + 3 :]) :])


class Books:
    """Balances of every institution and who banks where, carried from one month to the next and checked.

    Parameters
    ----------
    names : tuple of str
        Institutions by row; the first is nobody.
    """

    def __init__(self, names: tuple[str, ...], people: NDArray[np.void], signals: NDArray[np.void]) -> None:
        self.names = names
        self.open(people, signals)

    def open(self, people: NDArray[np.void], signals: NDArray[np.void]) -> None:
        """Take what people owe and keep as it is now."""
        self.balances, self.providers = self.balances_of(people, signals), people["provider"].copy()

    def close(
        self, people: NDArray[np.void], signals: NDArray[np.void], postings: NDArray[np.int64], month: int
    ) -> None:
        """Check a month's money to the cent and its people to the one, and go on from there."""
        closing = self.balances_of(people, signals)
        check_money(self.balances, closing, postings, self.names, month)
        check_people(signals["before"], signals["provider"], self.providers, len(self.names), month)
        self.balances, self.providers = closing, signals["provider"].copy()

    def balances_of(self, people: NDArray[np.void], signals: NDArray[np.void]) -> NDArray[np.int64]:
        """Return loans and deposits of each institution, cents, as the people's accounts add up."""
        return balances_of(
            signals["provider"],
            signals["credit_cents"],
            signals["deposit_cents"],
            people["owed_before_cents"],
            people["owed_before_to"],
            len(self.names),
        )
