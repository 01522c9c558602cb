"""Reach: who is contacted by which channel, and what is read."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter, rule
from tenure.agents.mathematics.elementary import exp_, log_, power_
from tenure.agents.mathematics.formulas import MOST_SHIFT, between
from tenure.agents.offer import Channel, Offer

MEDIAN_INCOME, SD_LOG_INCOME, MEAN_AGE, SD_AGE = 3300.0, 0.6, 45.0, 15.0
"""Only a scale on which income and age are told to a score: its weights make up for it."""
MOST_PART = 5.0
"""What a part of a targeting score counts for at most, up or down."""
MOST_INCOME = 1e9
"""EUR a month above which no income is told to a score."""
MOST_EXPECTED = 25
"""Contacts a month that one channel means for one person at most."""
MOST_RECEIVED = 4 * MOST_EXPECTED
"""Contacts a month of one channel that arrive at most, which is as good as never."""

Numbers = TypeVar("Numbers", float, NDArray[np.float64])
"""A number, or one of each of many people."""

LIST_PRIME, LIST_FACTOR = 2147483647, 48271
"""They scatter people over a list: squares of a prime's remainders, in an order that no list shares with another."""


class Reach(NamedTuple):
    """Parameters of contacts by institutions that are not the provider."""

    read_share: Annotated[float, Parameter("share", 0, 1, "response 1.1% of card mail, 1998 (American Banker)")] = 0.1
    """Probability that a contact by a channel is read, before contacts compete for attention."""
    score_unmet: Annotated[float, Parameter("1", -10, 10, "assumption: targeting seeks unserved need")] = 2.0
    """Weight in a channel's targeting score of the share of a person's needs that nobody serves and we could."""
    score_episode: Annotated[float, Parameter("1", -10, 10, "assumption: and those who look for it now")] = 1.0
    """Added to a channel's targeting score in a need episode, where the institution sees browsing."""
    score_risk: Annotated[float, Parameter("1/log-odds", -10, 10, "assumption: and shuns risk")] = 0.3
    """Taken off a channel's targeting score by each unit of log-odds of risk above the average."""
    rest_months: Annotated[int, Parameter("months", 0, 24, "assumption: a list is worked through in a quarter")] = 3
    """Months in which a channel that targets (precision above 0) contacts nobody twice; 0 lets it, as a broadcast."""
    read_invitation: Annotated[float, Parameter("share", 0, 1, "assumption: mail from a known sender")] = 0.4
    """Probability that an invitation by an institution that knows the person is read, before contacts compete."""


@rule
def unmet_share(need: Sequence[float], held: Sequence[int], sells: Sequence[int], products: int) -> float:
    """Share of a person's needs that an institution's products would serve and nothing held does, in [0, 1]."""
    unmet, total = 0.0, 0.0
    for k in range(products):
        total += need[k]
        if sells[k] == 1 and held[k] == 0:
            unmet += need[k]
    return unmet / total if total > 0.0 else 0.0


@rule
def targeting_score(unmet: float, in_episode: bool, risk_above_average: float, reach: Reach) -> float:
    """How well a person fits what a channel looks for; about 0 for an average customer of somebody else."""
    return between(
        reach.score_unmet * (unmet - 0.5)
        + (reach.score_episode if in_episode else 0.0)
        - reach.score_risk * risk_above_average,
        -MOST_PART,
        MOST_PART,
    )


@rule
def lookalike_score(income: float, age_years: float, looks_for_product: bool, offer: Offer) -> float:
    """What an institution's own score of the customers it wants adds, 0 without one.

    `tenure.policies.learning.lookalike` fits it.
    """
    w = offer.lookalike
    if w[0] == 0.0:
        return 0.0
    x = log_(between(income, 1.0, MOST_INCOME) / MEDIAN_INCOME) / SD_LOG_INCOME
    y = (age_years - MEAN_AGE) / SD_AGE
    acute = w[4] if looks_for_product and offer.sees_browsing == 1 else 0.0
    return between(w[1] + w[2] * x + w[3] * y + acute, -MOST_PART, MOST_PART)


@rule
def expected_contacts(rate: float, score: float, risk_above_average: float, channel: Channel) -> float:
    """Contacts a month that a channel means for a person, lambda exp(precision x score); precision 0 broadcasts.

    Whom it finds may be selected by risk beside that: those who answer are worse risks than those who do not.
    """
    if channel.precision == 0.0 and channel.risk_selection == 0.0:
        return rate
    fits = channel.precision * score + channel.risk_selection * risk_above_average
    return rate * exp_(between(fits, -MOST_SHIFT, MOST_SHIFT))


@rule
def works_list(precision: float, reach: Reach) -> bool:
    """Whether a channel works through a list of people, each at most once in some months, rather than broadcasts."""
    return precision > 0.0 and reach.rest_months > 0


@rule
def turn_on_list(person: int, month: int, place: int, reach: Reach) -> float:
    """How many months' contacts a list means for a person this month: all when it is the person's turn, else none.

    `place` is the list's own: where a person stands on one list says nothing of where on another, so two lists come to
    a person in the same months as often as chance has it.
    """
    mixed = (person + place) % LIST_PRIME * LIST_FACTOR % LIST_PRIME
    return float(reach.rest_months) if (mixed * mixed % LIST_PRIME + month) % reach.rest_months == 0 else 0.0


@rule
def rate_this_month(person: int, month: int, channel: Channel, heard: float, reach: Reach) -> float:
    """Contacts that a channel means this month for a person who fits neither well nor ill; 0 off a list's turn.

    To what it means for everybody comes what the person hears of it from acquaintances.
    """
    rate = channel.rate + heard
    if rate <= 0.0 or not works_list(channel.precision, reach):
        return rate
    return rate * turn_on_list(person, month, channel.word, reach)


@rule
def contacts_received(u: float, expected: float) -> int:
    """Contacts that arrive in a month: Poisson, by inverse distribution function, a small `u` for many.

    At least one arrives with probability 1 - exp(-expected), which is below `expected`: what reaches the same person
    twice is paid twice (Blattberg & Deighton 1996).
    """
    if u >= expected:
        return 0
    mean = between(expected, 0.0, MOST_EXPECTED)
    received, term = 0, exp_(-mean)
    more = 1.0 - term
    while u < more and received < MOST_RECEIVED:
        received += 1
        term *= mean / received
        more -= term
    return received


@rule
def contacts_of(u: float, expected: float, channel: Channel, reach: Reach) -> int:
    """Contacts by a channel that arrive in a month: Poisson; on a list one at most; once a month, with probability."""
    if channel.once == 1:
        return 1 if u < expected else 0
    arrived = contacts_received(u, expected)
    return min(arrived, 1) if works_list(channel.precision, reach) else arrived


@rule
def word_of_mouth(force: float, share: Numbers, satisfaction: Numbers, weight: float) -> Numbers:
    """Contacts a month of one person by customers who talk: q F, and more the more satisfied they are on average.

    `share` is that of customers among all people, or among those whom one knows. With a weight of 0 it is the imitation
    of Bass (1969).
    """
    more = 1.0 + weight * satisfaction
    return force * share * (0.5 * (more + abs(more)))  # nothing is told where it would be less than nothing


@rule
def reads_any(p: float, contacts: int) -> float:
    """Probability that at least one of the contacts of one sender is read."""
    return p if contacts == 1 else 1.0 - power_(1.0 - p, float(contacts))


@rule
def reads(attention: float, contacts_received: int, reach: Reach) -> float:
    """Probability that one contact is read and considered; clutter shares out attention."""
    return reach.read_share * attention / (attention + contacts_received)


@rule
def reads_invitation(attention: float, contacts_received: int, reach: Reach) -> float:
    """Probability that an invitation by somebody who knows one is read; the same clutter takes from it."""
    return reach.read_invitation * attention / (attention + contacts_received)
