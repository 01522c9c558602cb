"""Feedback to acquisition: from time to time an institution learns whom to look for from the customers it has."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import OTHER_LINES, QUADRANTS
from tenure.agents.chance import POLICY, address, draw4_each
from tenure.agents.declaring import MAX_PRODUCTS
from tenure.policies.learning.lookalike import (
    Lookalike,
    SelectionCost,
    features,
    fit_lookalike,
    lacking,
    selection_cost,
)
from tenure.simulation.institutions.files import Files
from tenure.simulation.settings.institution import FeedbackSettings

HELD_OUT = 0.3
"""Share of customers that judge the score and do not teach it; assumption."""
MARKET_SAMPLE = 4000
"""People of the whole market, at most, on whom the cost of selection is measured."""


class Learnt(NamedTuple):
    """What one fit gave: the quadrant looked for, the score if there was enough to learn from, and its price."""

    wanted: str
    score: Lookalike | None
    cost: SelectionCost | None


def held_out(seed: int, replication: int, month: int, name: str, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return who judges this month's score, by keyed luck, shape (people,)."""
    luck = draw4_each(seed, replication, ids, month, address(POLICY, name, 511))[0]
    return np.asarray(luck < HELD_OUT)


def learn_from_customers(
    files: Files, settings: FeedbackSettings, seed: int, replication: int, month: int, name: str
) -> Learnt:
    """Fit the score on what the institution knows of its customers: at application, and what it believes now."""
    customers = files.places[files.scopes <= OTHER_LINES]
    records = files.records[customers]
    judged = records[(records["tenure_months"] >= settings.tenure_months) & (records["income"] > 0)]
    wanted = lacking(records["quadrant"], settings.wanted, QUADRANTS)
    x = features(judged["income"], judged["age_years"], judged["came_looking"] == 1)
    out = held_out(seed, replication, month, name, judged["person_id"])
    return Learnt(wanted, fit_lookalike(x, judged["quadrant"] == QUADRANTS.index(wanted), out), None)


def market_sample(people: NDArray[np.void]) -> NDArray[np.int64]:
    """Return rows of customers of any institution, evenly spread, shape (at most MARKET_SAMPLE,)."""
    rows = np.flatnonzero(people["provider"] > 0)
    return rows[:: max(1, -(-len(rows) // MARKET_SAMPLE))]


def what_selection_cost(
    learnt: Learnt,
    people: NDArray[np.void],
    true_quadrants: NDArray[np.int64],
    seed: int,
    replication: int,
    month: int,
    name: str,
) -> Learnt:
    """Return what was learnt with its price, known to the recording alone: it only saw those it acquired.

    Parameters
    ----------
    people, true_quadrants : array, shape (people,)
        A sample of the market's customers, and their true quadrants.
    """
    if learnt.score is None:
        return learnt
    x = features(people["income"], people["age_years"], people["episode_months"] > 0)
    out = held_out(seed, replication, month, name, people["id"])
    return learnt._replace(cost=selection_cost(learnt.score, x, true_quadrants == QUADRANTS.index(learnt.wanted), out))


def channel_weights(learnt: Learnt, strength: float) -> NDArray[np.float64]:
    """Return the row `lookalike` of the offer, shape (MAX_PRODUCTS,); zeros where nothing was learnt."""
    row = np.zeros(MAX_PRODUCTS)
    if learnt.score is not None:
        told = np.array(learnt.score.for_channels())
        row[: len(told)] = told
        row[1 : len(told)] *= strength
    return row
