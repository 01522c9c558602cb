"""What the recording keeps of the market: posted prices, who goes from whom to whom, and how long customers stay."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.agents.offer import US
from tenure.agents.person import CAUSES, DECLINE, GONE
from tenure.agents.rules.rulebook import MAX_INSTITUTIONS
from tenure.simulation.market.rows import poaching_offers
from tenure.simulation.recording.measures import (
    CYCLE,
    DECLINED,
    FLOWS,
    JOINED,
    LEFT,
    LEFT_DECLINED,
    POACHING_OFFER,
    POACHING_PARTS,
    POSTED_PRICE,
    STILL,
    STILL_DECLINED,
    WON_BACK,
)
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.rows import Row

NOT_JOINED = -1
"""In the place of a month: who has not joined us since the recording began, or is not with us."""
MONTHS_OF_A_YEAR = 12
GONE_FOR_GOOD = "gone"
"""Name of no institution, for people who have left the market."""


def price_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give what every institution posts for every product that it sells, and to those who come from another."""
    products = tuple(facts.settings.products)
    for j, name in enumerate(facts.names[1:], start=1):
        sells, prices = facts.offers["sells"][j].tolist(), facts.offers["price"][j].tolist()
        for k, product in enumerate(products):
            if sells[k]:
                yield POSTED_PRICE.name, facts.month, name, product, "", prices[k]
    for name, offer in zip(facts.names, poaching_offers(facts.offers).tolist(), strict=True):
        for part, value in zip(POACHING_PARTS, offer, strict=True):
            if value > 0.0:
                yield POACHING_OFFER.name, facts.month, name, part, "", value


class MarketRecorder:
    """Follows who comes to us and goes from us, as far as it takes to tell flows by quadrant and lives by cohort.

    A person is a row of the model's people, and keeps it as long as a recording lasts: newcomers are put behind.
    """

    def __init__(self, start: MonthFacts) -> None:
        self.rows, self.quadrants = start.own_rows, start.truths["quadrant"].copy()
        self.first_month = start.month + 1
        self.joined = np.full(len(start.people), NOT_JOINED, np.int64)  # months from the first one recorded
        self.declined = np.zeros(len(start.people), np.bool_)
        self.was_ours = np.zeros(len(start.people), np.bool_)
        self.events: Counter[tuple[int, int, str]] = Counter()

    def note(self, facts: MonthFacts) -> Iterator[Row]:
        """Take notice of a month that has been lived, and give its rows."""
        self._grow(len(facts.people))
        yield from price_rows(facts)
        yield from self._flows(facts)
        self._leave(facts)
        self._stay(facts)
        self.rows, self.quadrants = facts.own_rows, facts.truths["quadrant"].copy()

    def cycle_rows(self, month: int, us: str) -> Iterator[Row]:
        """Give the cohorts as they stand at the end of this month; more months may follow."""
        events = self.events.copy()
        here = np.flatnonzero(self.joined >= 0)
        joined, declined = self.joined[here], self.declined[here]
        for some, word in ((~declined, STILL), (declined, STILL_DECLINED)):
            events.update(_keys(joined[some], month - self.first_month, word))
        for (year, months, word), people in sorted(events.items()):
            yield CYCLE.name, month, us, f"{year}/{months}", word, people

    def _grow(self, people: int) -> None:
        more = people - len(self.joined)
        if more > 0:
            self.joined = np.concatenate([self.joined, np.full(more, NOT_JOINED, np.int64)])
            self.declined = np.concatenate([self.declined, np.zeros(more, np.bool_)])
            self.was_ours = np.concatenate([self.was_ours, np.zeros(more, np.bool_)])

    def _flows(self, facts: MonthFacts) -> Iterator[Row]:
        """People who changed their provider; those who come to us or go from us by quadrant."""
        names, month = facts.names, facts.month
        to_names = {**dict(enumerate(names)), GONE: GONE_FOR_GOOD, MAX_INSTITUTIONS: GONE_FOR_GOOD}
        came, quadrant = facts.own["before"] != US, facts.truths["quadrant"]
        back = came & self.was_ours[facts.own["row"]]
        left_as = self.quadrants[np.searchsorted(self.rows, facts.left["row"])]
        flows = facts.counts["flows"]
        for j, to in zip(*(place.tolist() for place in np.nonzero(flows)), strict=True):
            if US not in (j, to):
                yield FLOWS.name, month, names[j], to_names[to], "", int(flows[j, to])
        for (j, q), people in _pairs(facts.own["before"][came], quadrant[came]):
            yield FLOWS.name, month, to_names[j], facts.us, QUADRANTS[q], people
        for (to, q), people in _pairs(facts.left["provider"], left_as):
            yield FLOWS.name, month, facts.us, to_names[to], QUADRANTS[q], people
        for (j, q), people in _pairs(facts.own["before"][back], quadrant[back]):
            yield WON_BACK.name, month, facts.us, to_names[j], QUADRANTS[q], people

    def _leave(self, facts: MonthFacts) -> None:
        """Those who left us: how long they were with us, and whether they had declined before."""
        rows, causes, now = facts.left["row"], facts.left["cause"], facts.month - self.first_month
        self.was_ours[rows] = True
        joined, declined = self.joined[rows], self.declined[rows]
        for cause in np.unique(causes).tolist():
            for form, some in ((LEFT, ~declined), (LEFT_DECLINED, declined)):
                known = some & (causes == cause) & (joined >= 0)
                self.events.update(_keys(joined[known], now, form.format(cause=CAUSES[cause])))
        self.joined[rows], self.declined[rows] = NOT_JOINED, False

    def _stay(self, facts: MonthFacts) -> None:
        """Those who joined us this month, and those who decline for the first time."""
        rows, now = facts.own["row"], facts.month - self.first_month
        came = rows[facts.own["before"] != US]
        self.joined[came] = now
        self.events.update(_keys(self.joined[came], now, JOINED))
        declining = rows[(facts.own["stage"] == DECLINE) & (self.joined[rows] >= 0) & ~self.declined[rows]]
        self.declined[declining] = True
        self.events.update(_keys(self.joined[declining], now, DECLINED))


def _keys(joined: NDArray[np.int64], now: int, word: str) -> list[tuple[int, int, str]]:
    """Return year of joining, months since and what happened, of people who joined in these months."""
    return [(1 + one // MONTHS_OF_A_YEAR, now - one, word) for one in joined.tolist()]


def _pairs(first: NDArray[np.integer], second: NDArray[np.integer]) -> list[tuple[tuple[int, int], int]]:
    """Return how often each pair of values occurs, in their order."""
    return sorted(Counter(zip(first.tolist(), second.tolist(), strict=True)).items())
