"""Observers: who is told of a month that has been lived, and what they are told.

The model tells every observer the same facts, and knows none of them by name. Nothing in the facts can be written
to, so no observer changes the market. Arrays of people and signals are the model's own and show the next month once
it is lived: an observer copies what it keeps.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.policies.guard.guard import Allowed, Guards
from tenure.policies.parts import read_only, sealed
from tenure.policies.plan import Plan
from tenure.policies.treatments import Treatment
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.feedback import Learnt
from tenure.simulation.recording.ours import InChunks, find_ours, read_ours
from tenure.simulation.settings.market import MarketSettings

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Conduct:
    """What one institution believed, decided and did in a month."""

    index: int
    """Its row in what has a row per institution."""
    name: str
    view: InstitutionView
    """Its customers as it believed them to be when the month began."""
    at: Rows
    """Row among the people of everybody in view"""
    guards: Guards
    """What it forbade itself."""
    plan: Plan
    allowed: Allowed
    """What of the plan was done; `row` of a contact is the index into the view."""
    learnt: Learnt | None
    """What its channels were told this month, if anything."""

    @property
    def rows(self) -> Rows:
        """Row among the people of each contact."""
        rows: Rows = self.at[self.allowed.contacts["row"]]
        return rows


@dataclass(frozen=True, eq=False)
class MonthFacts:
    """What a month brought; before the first month, what was so when observing began.

    Attributes
    ----------
    month : int
    settings : MarketSettings
        Of the market, as they stood in this month.
    names : tuple of str
        Institutions; 0 is nobody.
    treatments : tuple of Treatment
    people, signals : structured arrays, shape (people,)
        dtype PERSON at the month's end, and dtype SIGNAL: the month that they lived.
    products, offers, channels, effects : structured arrays
        dtype PRODUCT, dtype OFFER with a row per institution, dtype CHANNEL with a row per channel, those of an
        institution side by side, dtype EFFECT with a row per treatment.
    counts : structured array of no dimension
        dtype COUNTS.
    postings : int array, shape (institutions, accounts)
        Cents; zeros before the first month.
    tally : int array, shape (channels,)
        Contacts by each channel; zeros before the first month.
    profits : int array, shape (people,)
        Cents that each person's month brought us: income, less costs and losses; zeros before the first month. What an
        institution pays as such, for a channel that is open, is nobody's.
    own_rows : int array, shape (our customers,)
        Rows of our customers at the month's end.
    own, left : structured array, shape (our customers,) and (those who left us,)
        dtype OURS: the month of our customers at its end, and of those who left us in it, in the order of their rows.
    truths : structured array, shape (our customers,)
        dtype TRUTH, of the same.
    conducts : tuple of Conduct
        One per institution, in order; none before the first month.
    appraise : callable
        Takes rows of people, returns what is true of them, dtype TRUTH; until the next month begins.
    value : callable
        Takes rows of people and what is true of them, returns what their further years are worth, dtype WORTH; until
        the next month begins.
    """

    month: int
    settings: MarketSettings
    names: tuple[str, ...]
    treatments: tuple[Treatment, ...]
    people: NDArray[np.void]
    signals: NDArray[np.void]
    products: NDArray[np.void]
    offers: NDArray[np.void]
    channels: NDArray[np.void]
    effects: NDArray[np.void]
    counts: NDArray[np.void]
    postings: NDArray[np.int64]
    tally: NDArray[np.int64]
    profits: NDArray[np.int64]
    own_rows: Rows
    own: NDArray[np.void]
    left: NDArray[np.void]
    truths: NDArray[np.void]
    conducts: tuple[Conduct, ...]
    appraise: Callable[[Rows], NDArray[np.void]]
    value: Callable[[Rows, NDArray[np.void]], NDArray[np.void]]

    @property
    def stages(self) -> NDArray[np.integer]:
        """True stage of our customers, shape (our customers,)."""
        stages: NDArray[np.integer] = self.own["stage"]
        return stages

    @property
    def us(self) -> str:
        """Name of our institution."""
        return self.names[US]

    @cached_property
    def ours(self) -> Conduct:
        """What we did."""
        return next(one for one in self.conducts if one.index == US)


class Observer(Protocol):
    """Whoever wants to know what months bring; put one into `model.observers`."""

    def month(self, facts: MonthFacts) -> None:
        """Take notice of a month that has been lived."""
        ...


class Collector(Protocol):
    """Whoever collects from a model, like Mesa's `DataCollector`."""

    def collect(self, model: object) -> None:
        """Collect."""
        ...


class Collecting:
    """Lets a collector, like Mesa's `DataCollector`, collect from a model after every month."""

    def __init__(self, collector: Collector, model: object) -> None:
        self.collector, self.model = collector, model

    def month(self, facts: MonthFacts) -> None:
        """Collect."""
        self.collector.collect(self.model)


class Observed(Protocol):
    """What facts are taken from: the market as it stands."""

    @property
    def now(self) -> MarketSettings:
        """As they stand this month."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Institutions; 0 is nobody."""
        ...

    @property
    def treatments(self) -> Iterable[Treatment]:
        """The catalogue."""
        ...

    @property
    def people(self) -> NDArray[np.void]:
        """Dtype PERSON."""
        ...

    @property
    def signals(self) -> NDArray[np.void]:
        """Dtype SIGNAL."""
        ...

    @property
    def products(self) -> NDArray[np.void]:
        """Dtype PRODUCT."""
        ...

    @property
    def offers(self) -> NDArray[np.void]:
        """Dtype OFFER."""
        ...

    @property
    def channels(self) -> NDArray[np.void]:
        """Dtype CHANNEL."""
        ...

    @property
    def effects(self) -> NDArray[np.void]:
        """Dtype EFFECT."""
        ...

    def truths_at(self, rows: Rows) -> NDArray[np.void]:
        """Return what is true of the people at these rows, dtype TRUTH."""
        ...

    def worth_at(self, rows: Rows, truths: NDArray[np.void]) -> NDArray[np.void]:
        """Return what further years of the people at these rows are worth, dtype WORTH."""
        ...


def facts_of(
    market: Observed,
    month: int,
    in_chunks: InChunks,
    counts: np.void,
    moved: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None = None,
    conducts: Iterable[Conduct] = (),
) -> MonthFacts:
    """Return a month's facts, which nobody can write to.

    Parameters
    ----------
    in_chunks : callable
        Does work over rows in chunks, as the engine does.
    counts : row of COUNTS
        Of this month.
    moved : tuple of int arrays, optional
        Postings, tally and profits; None before the first month.
    conducts : iterable of Conduct
        What institutions did; none before the first month.
    """
    names, (own, left) = market.names, find_ours(market.signals, in_chunks)
    nothing = np.zeros((len(names), 1), np.int64), np.zeros(len(market.channels), np.int64)
    postings, tally, profits = moved or (*nothing, np.zeros(len(market.people), np.int64))
    return MonthFacts(
        month,
        market.now,
        names,
        tuple(market.treatments),
        sealed(market.people),
        sealed(market.signals),
        sealed(market.products),
        sealed(market.offers),
        sealed(market.channels),
        sealed(market.effects),
        read_only(np.asarray(counts)),
        read_only(postings),
        read_only(tally),
        read_only(profits),
        read_only(own),
        sealed(read_ours(market.people, market.signals, own, in_chunks)),
        sealed(read_ours(market.people, market.signals, left, in_chunks)),
        sealed(market.truths_at(own)),
        tuple(map(_unwritable, conducts)),
        market.truths_at,
        market.worth_at,
    )


def _unwritable(one: Conduct) -> Conduct:
    """Return what an institution did, its contacts as a copy that nobody can write to."""
    allowed, offer = one.allowed, one.allowed.offer
    allowed = allowed._replace(
        contacts=read_only(allowed.contacts),
        served=read_only(allowed.served),
        offer=None if offer is None else read_only(offer),
    )
    return replace(one, allowed=allowed, at=read_only(one.at))
