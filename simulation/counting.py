"""One pass over the people that counts what the recording tells of a month."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.compiling import compiled
from agents.market import MAX_CHANNELS
from agents.person import CAUSES, STAGES
from agents.rulebook import MAX_INSTITUTIONS

TENURE_YEARS = (*(str(y) for y in range(10)), "10+")
PRODUCTS_HELD = ("1", "2", "3", "4+")
BUCKETS = ("0", "1", "2", "3", "4", "5+")
SOURCES = 3 + MAX_CHANNELS
"""How a joiner came: 1 looked around, 2 + channel, the last by invitation; 0 is not used."""
US = 1

COUNTS = np.dtype(
    [
        ("gone", np.int64),
        ("customers", np.int64, (MAX_INSTITUTIONS,)),
        ("credit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("deposit_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("by_tenure", np.int64, (MAX_INSTITUTIONS, len(TENURE_YEARS))),
        ("by_products", np.int64, (MAX_INSTITUTIONS, len(PRODUCTS_HELD))),
        ("past_due_cents", np.int64, (MAX_INSTITUTIONS, len(BUCKETS))),
        ("leavers", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(TENURE_YEARS))),
        ("leavers_by_products", np.int64, (MAX_INSTITUTIONS, len(CAUSES), len(PRODUCTS_HELD))),
        ("joiners", np.int64, (MAX_INSTITUTIONS, SOURCES)),
        ("stage_moves", np.int64, (len(STAGES), len(STAGES) + 1)),
    ],
    align=True,
)
"""Counts of one month, by institution where not said otherwise; the last stage moved to is gone."""


@compiled
def count_rows(people: Any, signals: Any, counts: Any) -> None:
    """Add everybody's month to the counts."""
    for i in range(signals.shape[0]):
        s = signals[i]
        j = s.provider
        if j < 0:
            counts.gone += 1
        else:
            counts.customers[j] += 1
        if j > 0:
            counts.credit_cents[j] += s.credit_cents
            counts.deposit_cents[j] += s.deposit_cents
            counts.past_due_cents[j, min(s.months_past_due, 5)] += s.credit_cents
            counts.by_tenure[j, min(s.tenure_months // 12, 10)] += 1
            held = 0
            for k in range(len(s.held)):
                held += s.held[k]
            counts.by_products[j, min(max(held, 1), 4) - 1] += 1
        if s.cause > 0:
            counts.leavers[s.before, s.cause, min(s.tenure_before // 12, 10)] += 1
            counts.leavers_by_products[s.before, s.cause, min(max(s.products_before, 1), 4) - 1] += 1
        if s.joined == 1:
            counts.joiners[j, s.source] += 1
        if s.before == US:
            counts.stage_moves[s.stage_before, people[i].stage if j == US else 4] += 1


def counted(people: NDArray[Any], signals: NDArray[Any]) -> NDArray[Any]:
    """Return the counts of the month that these signals show, one row of COUNTS."""
    counts = np.zeros(1, COUNTS)
    count_rows(people, signals, counts[0])
    row: NDArray[Any] = counts[0]
    return row


def taken_contacts(signals: NDArray[Any], contacts: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each of our contacts was taken: answered by a customer, or followed by joining on invitation.

    Parameters
    ----------
    signals, contacts : structured arrays, shape (contacts,)
        The month of each person contacted, and the contact.
    """
    came = (signals["joined"] == 1) & (signals["provider"] == US) & (signals["source"] == SOURCES - 1)
    answered = (signals["taken"] == 1) & (signals["treatment"] == contacts["treatment"])
    return np.asarray(np.where(signals["before"] == US, answered, came))


def cost_cents(contacts: NDArray[Any], taken: NDArray[np.bool_], effects: NDArray[Any]) -> NDArray[np.float64]:
    """Return what each contact cost: contact, and reward or welcome if taken."""
    sent = effects[contacts["treatment"]]
    return np.asarray(sent["contact_cents"] + np.floor(sent["reward_cents"] * contacts["amount"] + 0.5) * taken)


def paid_to_strangers(
    signals: NDArray[Any], contacts: NDArray[Any], taken: NDArray[np.bool_], effects: NDArray[Any]
) -> float:
    """Return EUR of our contacts with people who were not our customers, and of the welcomes that they took."""
    return float(cost_cents(contacts, taken, effects)[signals["before"] != US].sum()) / 100.0


def share_told_to_go(
    contacts: NDArray[Any], effects: NDArray[Any], provider: NDArray[np.int64], institutions: int
) -> NDArray[np.float64]:
    """Return the share of its customers whom each institution tells that it lends no more or ends, (institutions,)."""
    sent = effects[contacts["treatment"]]
    told = contacts["institution"][(sent["ends"] == 1) | (sent["stops_lending"] == 1)]
    if not len(told):
        return np.zeros(institutions)
    have = np.bincount(provider[provider > 0], minlength=institutions)
    return np.asarray(np.bincount(told, minlength=institutions) / np.maximum(have, 1))
