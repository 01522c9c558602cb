"""The model: a market of people and institutions, month by month, on Mesa."""

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.agents.person import PERSON
from tenure.agents.signal import SIGNAL
from tenure.agents.truth import TRUTH, WORTH
from tenure.policies.policy import Policy, needs_news
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.shelf import SHELF
from tenure.simulation.customers import Customers
from tenure.simulation.engines.compiled import CompiledEngine
from tenure.simulation.engines.engine import NOT_ASKED, Engine, dispatched, stop_on
from tenure.simulation.engines.objects import MesaModel, ObjectEngine
from tenure.simulation.institutions.institution import Institution
from tenure.simulation.market.acquaintances import Links, heard_along_links
from tenure.simulation.market.growing import copied, extended
from tenure.simulation.market.ledger import Books, balances_of
from tenure.simulation.market.population import first_people, first_signals, newcomers
from tenure.simulation.market.rows import compare_prices, poaching_offers
from tenure.simulation.phases import one_month
from tenure.simulation.recording.observing import MonthFacts, Observer, facts_of
from tenure.simulation.recording.recorder import begin_recording, recorded
from tenure.simulation.seeds import Generates, key_of, seed_and_rng
from tenure.simulation.settings.market import MarketSettings, market_of
from tenure.simulation.shares.fitting import Tell
from tenure.simulation.shares.held import HeldShares, told_lines, with_held_shares
from tenure.simulation.state import State, part_of, still_here, with_name
from tenure.simulation.world_model import WorldModel

if TYPE_CHECKING:
    import pandas as pd


class LifecycleModel(WorldModel):
    """A market that lives; `step` is one month.

    Parameters
    ----------
    config : MarketSettings or mapping
        The market; a mapping is validated. Where it writes no quality of an institution, one is found first with which
        the written shares are lived, once for a market on this machine: some ten seconds, see `held_shares`.
    seed, replication : int, optional
        Key of all luck, each from 0 to 2**32 - 1. Without a seed one is taken from `rng`, and without that drawn from
        the operating system; `seed` of the model is what to pass to get the same model again.
    engine : {"compiled", "objects"} or callable
        Rows through compiled rules, or Mesa agents through the same rules as plain Python: the same bits. A callable
        is given the model and returns an engine of one's own, see `tenure.simulation.engines.engine`.
    threads : int
        For the compiled engine; changes nothing but time.
    known : mapping of str to type, optional
        Policies by name; by default the shelf.
    first_month : int
        Number of the first month lived; negative for burn-in and warm-up, so that runs begin at month 0.
    rng : int, sequence of int, numpy.random.SeedSequence, BitGenerator or Generator, optional
        For Mesa's generators `random` and `rng`, which a user's own extensions draw from, never the model itself. By
        default they follow from seed and replication.
    state : mapping of str to array, optional
        What `state` gave of a model of the same market: go on from there, as `restore` does, and draw no first people.

    Raises
    ------
    pydantic.ValidationError
        If the configuration is faulty; every fault is named.
    ValueError
        If seed, replication or engine is none.

    Notes
    -----
    What is true of people lies in the rows of `people`, on both engines. Between two months `customers` reads and sets
    it, with limits; whoever writes `people` directly is not checked.

    Examples
    --------
    >>> market = {"people": 200, "products": {"card": {"kind": "revolving", "apr": "19%", "line": 3500}},
    ...           "us": {"share": "40%", "quality": 0}, "rivals": {"bigbank": {"share": "35%", "quality": 0.3}}}
    >>> model = LifecycleModel(market, seed=1)
    >>> model.step()
    >>> model.month, len(model.customers.select(provider="us")) > 0
    (1, True)
    """

    def __init__(
        self,
        config: MarketSettings | Mapping[str, object],
        seed: int | None = None,
        replication: int = 0,
        engine: str | Callable[[MesaModel], Engine] = "compiled",
        threads: int = 1,
        known: Mapping[str, type] | None = None,
        first_month: int = 0,
        rng: Generates = None,
        state: State | None = None,
    ) -> None:
        replication = key_of(replication, "replication")
        seed, rng = seed_and_rng(seed, rng, replication)
        super().__init__(settled(config), (seed, replication), first_month, rng)
        if not callable(engine) and engine not in ("compiled", "objects"):
            raise ValueError(f"engine is 'compiled' or 'objects', not {engine!r}")
        self.known, self.restored = SHELF if known is None else known, 0
        own = engine if callable(engine) else ObjectEngine
        self.engine: Engine = CompiledEngine(threads) if engine == "compiled" else own(self)
        self.institutions = tuple(Institution(self, j, name) for j, name in enumerate(self.names[1:], start=US))
        self.observers: list[Observer] = []
        self.books = Books(self.names)
        if state is not None:
            self.restore(state)
        else:
            in_chunks = self.engine.in_chunks
            self.people = first_people(self.settings, self.rules, self.world, *self.luck, in_chunks)
            self.signals = first_signals(self.people, self.world, *self.luck, in_chunks)
            self._seat()
        self.dispatch = dispatched((), len(self.people))

    def _seat(self) -> None:
        """Take in people who are there already, and what they owe and keep."""
        self.books.open(self.engine.count(self.people, self.signals))
        compare_prices(self.offers, self.books.customers)
        self.engine.meet(len(self.people))

    @property
    def customers(self) -> Customers:
        """All people, to be read and set like a Mesa AgentSet on both engines."""
        return Customers(self)

    @property
    def us(self) -> Institution:
        """The institution that a report asks about."""
        return self.institutions[0]

    def institution(self, name: str) -> Institution:
        """Return the institution of a name; ValueError, with the names there are, if none has it."""
        found = next((one for one in self.institutions if one.name == name), None)
        if found is None:
            raise ValueError(f"there is no institution '{name}' in this market.{did_you_mean(name, self.names[1:])}")
        return found

    def set_policy(self, institution: str, policy: Policy) -> None:
        """From now on this institution follows a copy of this policy; prices and the split of money are as set."""
        self.institution(institution).follow(policy)

    def step(self) -> None:
        """One month: the phases of `tenure.simulation.phases.MONTH`, one after the other."""
        one_month(self)

    def open(self) -> None:
        """Newcomers enter, the common factor moves, the month's terms and offers hold."""
        self._turn(self.month)
        cohort = newcomers(self.now, self.rules, self.products, self.month, *self.luck)
        fresh = np.zeros(len(cohort), SIGNAL)
        fresh["person_id"], fresh["trace"] = cohort["id"], -1
        self.people, self.signals = extended(self.people, cohort), extended(self.signals, fresh)
        self.engine.meet(len(self.people))
        self.move_factor()
        for one in self.institutions:
            one.show_offer()
        self.date()

    def _turn(self, month: int) -> None:
        """Let the settings of a month hold, if they are others than those that do."""
        now = self.settings.at(month)
        if now is not self.now:
            self.hold(now, month)
            for one in self.institutions:
                one.change()

    def observe(self) -> None:
        """Last month's signals become estimates, views and tags; acquisition learns from them."""
        for one in self.institutions:
            one.observe()

    def decide(self) -> None:
        """Each policy makes a plan; all see the same posted offers."""
        for one in self.institutions:
            one.decide()

    def guard(self) -> None:
        """Every plan is trimmed to the rules and to the money; what is left is posted and sent."""
        talks = [talk for one in self.institutions for talk in one.channels.talks(one.index)]
        world = self.now.world
        links = Links(near=world.links - world.far_links, far=world.far_links)
        heard = heard_along_links(self.people, talks, links, self.luck)
        self.dispatch = dispatched([one.guard() for one in self.institutions], len(self.people), heard)

    def live(self) -> None:
        """Everybody lives the month, and knows what all have posted by now."""
        compare_prices(self.offers, self.books.customers)
        self.profits = np.zeros(len(self.people), np.int64) if self.observers else NOT_ASKED
        self.totals = self.engine.live(self.people, self.signals, self.dispatch, self.world, self.profits)
        stop_on(self.totals.fault, self.month)
        for one in self.institutions:
            one.keep_channels_open(self.totals.ledger)

    def settle(self) -> None:
        """Money to the cent, people to the one; purses and channels go on, and who learns notes what became of it."""
        self.books.close(self.totals.counts, self.totals.ledger, self.month)
        compare_prices(self.offers, self.books.customers)
        for one in self.institutions:
            one.settle(self.totals)
        if self.publishes:
            sent = np.stack([np.zeros((2, len(self.treatments))), *(one.sent for one in self.institutions)])
            posted, poaching = self.shown.posted.prices, poaching_offers(self.offers)
            self.news.add(self.month, posted, self.books.customers, sent, poaching)

    @property
    def publishes(self) -> bool:
        """Whether what is published of institutions is kept: somebody follows a policy that reads it."""
        return any(needs_news(one.policy) for one in self.institutions)

    def money_balances(self) -> NDArray[np.int64]:
        """Return balances of every institution, as the people's accounts add up, see `simulation.market.ledger`."""
        return balances_of(self.engine.count(self.people, self.signals), len(self.names))

    def truths_at(self, rows: NDArray[np.int64]) -> NDArray[np.void]:
        """Return what is true of the people at these rows, all customers of somebody."""
        truths = np.zeros(len(rows), TRUTH)
        stop_on(self.engine.appraise(self.people, rows, truths, self.world), self.month)
        return truths

    def worth_at(self, rows: NDArray[np.int64], truths: NDArray[np.void]) -> NDArray[np.void]:
        """Return what further years of the people at these rows are worth; `truths` as `truths_at` gives them."""
        worths = np.zeros(len(rows), WORTH)
        stop_on(self.engine.value(self.people, rows, truths, worths, self.world), self.month)
        return worths

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return all that the next month depends on; who is gone and owes nothing is left out.

        The arrays are the caller's own: model and state share no memory, here and when a state is taken back.
        """
        here = still_here(self.people)
        made: dict[str, NDArray[np.generic]] = {
            "month": np.array(self.month),
            "since": np.array(self.since),
            "systematic": np.array(self.systematic),
            "people": self.people.compress(here),
            "signals": self.signals.compress(here),
        }
        for one in self.institutions:
            made |= with_name(one.state(here), one.name)
        return made | self.news.state()

    def restore(self, state: State) -> None:
        """Go on from a state of a model of the same market; recording starts anew."""
        self._turn(int(state["since"]))
        self.month, self.systematic = int(state["month"]), float(state["systematic"])
        # rows of our own dtype: a file forgets that they are aligned, and rules would be compiled anew for such rows
        self.people, self.signals = copied(state["people"], PERSON), copied(state["signals"], SIGNAL)
        self.date()
        for one in self.institutions:
            one.restore(part_of(state, one.name))
        self.news.restore(state)
        self.observers.clear()
        self.restored += 1
        self.engine.forget()
        self._seat()

    def record(self) -> None:
        """Observers are told what the month brought."""
        if self.observers:
            conducts, moved = (
                [one.conduct() for one in self.institutions],
                (self.totals.ledger, self.totals.tally, self.profits),
            )
            facts = facts_of(self, self.month, self.engine.in_chunks, self.totals.counts, moved, conducts)
            for observer in self.observers:
                observer.month(facts)

    def facts(self) -> MonthFacts:
        """Return what is so before the next month begins, as observers are told of it."""
        counts = self.engine.count(self.people, self.signals)
        return facts_of(self, self.month - 1, self.engine.in_chunks, counts)

    def start_recording(self) -> None:
        """From now on every month leaves rows; the state now is month -1."""
        begin_recording(self.observers, self.facts())

    def recording(self) -> "pd.DataFrame":
        """Return the rows so far, closing value included.

        Raises
        ------
        RuntimeError
            If `start_recording` was not called or no month has been lived since.
        """
        return recorded(self.observers, self.us.believed_now, self.us.policy)


def settled(config: MarketSettings | Mapping[str, object]) -> MarketSettings:
    """Return a market whose qualities are all written: found, where they were not, so that its shares are lived.

    Where no quality can hold them, a warning says what comes out.
    """
    market, found = held_shares(market_of(config))
    if found is not None and found.missed:
        warnings.warn(" ".join(told_lines(found)), stacklevel=3)
    return market


def held_shares(
    market: MarketSettings, tell: Tell = lambda made, most: None
) -> tuple[MarketSettings, HeldShares | None]:
    """Return a market whose qualities are all written, and how those that were not were found, if any had to be.

    See `tenure.simulation.shares.held.with_held_shares`, which is given this model.
    """
    return with_held_shares(market, LifecycleModel, tell)
