"""The books: what every month must leave in order, to the cent and to the person."""

import numpy as np
from numpy.typing import NDArray

from tenure.agents.compiling import compiled
from tenure.agents.ledger import ACCOUNTS, CASH, DEPOSITS, LOANS


class ConservationError(RuntimeError):
    """Money or people were lost or made: a bug in the rules, never a matter of settings."""


def balances_of(counts: np.void, institutions: int) -> NDArray[np.int64]:
    """Return loans and deposits of each institution, cents, shape (institutions, 2), of a month's COUNTS."""
    loans = counts["credit_cents"] + counts["owed_before_cents"]
    return np.stack([loans, counts["deposit_cents"]], axis=1)[:institutions]


def book_eur(people: NDArray[np.void], me: int, products: int) -> NDArray[np.float64]:
    """Return one institution's balances in each product, EUR, whoever is in its files, shape (products,)."""
    cents = np.zeros(products, np.int64)
    add_balances(people, me, cents)
    return np.asarray(cents / 100.0)


@compiled
def add_balances(people: NDArray[np.void], me: int, cents: NDArray[np.int64]) -> None:
    """Add the balances of one institution's customers, cents, to those of each product."""
    for i in range(people.shape[0]):
        if people[i].provider == me:
            for k in range(cents.shape[0]):
                cents[k] += people[i].balance_cents[k]


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


def check_people(counts: np.void, people_before: int, institutions: int, month: int) -> None:
    """Everybody who was somewhere is somewhere: nobody is lost, made, or with an institution that does not exist.

    Raises
    ------
    ConservationError
        Naming the month.
    """
    if counts["astray"] or counts["customers"][institutions:].any():
        raise ConservationError(f"month {month}: a person's provider is out of range")
    if counts["moved"]:
        raise ConservationError(f"month {month}: {counts['moved']} people changed provider between two months")
    if people_in(counts) < people_before:
        raise ConservationError(f"month {month}: {people_before - people_in(counts)} people are missing")


def people_in(counts: np.void) -> int:
    """Return how many people were counted, wherever they are."""
    return int(counts["customers"].sum() + counts["gone"] + counts["astray"])


def profit_cents(postings: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each institution's lines of profit and loss, cents from its own view, shape (institutions, lines)."""
    return np.asarray(-postings[:, len(ACCOUNTS) - len(ACCOUNTS[CASH + 3 :]) :])


class Books:
    """Balances and customers of every institution and the number of people, carried on and checked every month.

    Parameters
    ----------
    names : tuple of str
        Institutions by row; the first is nobody.
    """

    balances: NDArray[np.int64]
    customers: NDArray[np.int64]
    people: int

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def open(self, counts: np.void) -> None:
        """Take what people owe and keep as it was counted now."""
        self.balances, self.people = balances_of(counts, len(self.names)), people_in(counts)
        self.customers = counts["customers"][: len(self.names)].copy()

    def close(self, counts: np.void, postings: NDArray[np.int64], month: int) -> None:
        """Check a month's money to the cent and its people to the one, and go on from there."""
        check_money(self.balances, balances_of(counts, len(self.names)), postings, self.names, month)
        check_people(counts, self.people, len(self.names), month)
        self.open(counts)
