"""The model: a market of people and institutions, month by month, on Mesa."""

import copy
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.belief import SIGNAL, TRUTH
from agents.chance import MACRO, address, draw4
from agents.checks import CHECKED
from agents.formulas import normal_quantile
from agents.learning import Splits
from agents.market import MAX_CHANNELS, TREATMENT
from agents.treatment import CONTACT
from policies.guards import Allowed, guard
from policies.outcomes import Outcomes
from policies.plan import Plan
from policies.policy import Policy, needs_view
from policies.shelf import SHELF, make_policy
from policies.treatments import effects_table
from policies.view import InstitutionView
from simulation.build import institution_names, offer_rows, product_rows, world_of_month
from simulation.channels import Channels
from simulation.compiled import CompiledEngine, Totals
from simulation.counting import counted, share_told_to_go
from simulation.customers import Customers
from simulation.feedback import feed_back
from simulation.files import Files, scope_rule
from simulation.history import TagHistory
from simulation.institution import InstitutionAgent, named
from simulation.ledger import balances_of, book_eur, check_money, check_people
from simulation.looking import view_of
from simulation.numbering import NumberedModel
from simulation.objects import ObjectEngine
from simulation.population import extended, first_people, first_signals, newcomers
from simulation.purse import Purse
from simulation.recording import MonthFacts, Recorder, note_treatments
from simulation.recording_beliefs import ARREARS, BeliefRecorder, truths_of
from simulation.recording_people import PeopleRecorder
from simulation.seeds import key_of, seed_and_rng
from simulation.settings import MarketSettings, market_of
from simulation.state import go_on_from, state_of
from simulation.taking import plan_of
from simulation.teaching import learner, outcomes_of

US = 1
"""Index of the institution that a report asks about."""


class RuleFault(RuntimeError):
    """A rule returned a number that is not finite or out of range."""


class LifecycleModel(NumberedModel):
    """A market that lives; `step` is one month.

    Parameters
    ----------
    config : MarketSettings or mapping
        The market; a mapping is validated.
    seed, replication : int, optional
        Key of all luck, each from 0 to 2**32 - 1. Without a seed one is taken from `rng`, and without that drawn from
        the operating system; `seed` of the model is what to pass to get the same model again.
    engine : {"compiled", "objects"}
        Rows through compiled rules, or Mesa agents through the same rules as plain Python: the same bits.
    threads : int
        For the compiled engine; changes nothing but time.
    known : mapping of str to type, optional
        Policies by name; by default the shelf.
    first_month : int
        Number of the first month lived; negative for burn-in and warm-up, so that runs begin at month 0.
    rng : int, sequence of int, numpy.random.SeedSequence, BitGenerator or Generator, optional
        For Mesa's generators `random` and `rng`, which a user's own extensions draw from, never the model itself. By
        default they follow from seed and replication.

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
    ...           "us": {"share": "40%"}, "rivals": {"bigbank": {"share": "35%"}}}
    >>> model = LifecycleModel(market, seed=1)
    >>> model.step()
    >>> model.month, len(model.customers.select(provider="us")) > 0
    (1, True)
    """

    def __init__(
        self, config: MarketSettings | Mapping[str, Any], seed: int | None = None, replication: int = 0,
        engine: str = "compiled", threads: int = 1, known: Mapping[str, type] | None = None, first_month: int = 0,
        rng: Any = None,
    ) -> None:  # fmt: skip
        self.replication = key_of(replication, "replication")
        self.seed, rng = seed_and_rng(seed, rng, self.replication)
        super().__init__(rng=rng)
        if engine not in ("compiled", "objects"):
            raise ValueError(f"engine is 'compiled' or 'objects', not {engine!r}")
        self.settings = market_of(config)
        self.rules = self.settings.rulebook()
        self.products, self.offers = product_rows(self.settings), offer_rows(self.settings)
        self.list_prices = self.offers["price"].copy()
        self.names, self.product_names = institution_names(self.settings), tuple(self.settings.products)
        self.treatments = self.settings.catalogue()
        self.effects = effects_table(self.treatments)
        self.splits = Splits(self.settings.quadrants.risk.split, self.settings.quadrants.return_.split)
        self.channels = Channels(self.settings, self.offers)
        pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.engine: Any = CompiledEngine(pool) if engine == "compiled" else ObjectEngine(self)
        self.known = SHELF if known is None else known
        self.institutions = [
            InstitutionAgent(self, j, name, make_policy(one.policy.policy, one.policy.settings, self.known))
            for j, (name, one) in enumerate(self.settings.institutions().items(), start=1)
        ]
        self.told: dict[int, Outcomes] = {}
        self.plans: list[Plan] = []
        self.money = Purse(self.settings, self.channels)
        self.guards = [self.settings.guards_of(one) for one in self.settings.institutions().values()]
        self.month, self.systematic, self.restored = first_month, 0.0, 0
        self.people = first_people(self.settings, self.rules, self.offers, self.products, *self.luck)
        self.signals = first_signals(self.people, self.offers, self.products, *self.luck)
        self.schemes = self.settings.classification()
        self.tags_kept = tuple(name for name in self.settings.tag_history if name in self.schemes.words())
        self.files = [Files(len(self.tags_kept)) for _ in self.names]
        self.histories = [TagHistory(self.tags_kept) for _ in self.names]
        self.scope_rules = [scope_rule(one, self.product_names) for one in self.settings.institutions().values()]
        self.views: dict[int, InstitutionView] = {}
        self.released_eur, self.told_to_go = np.zeros(len(self.names)), np.zeros(len(self.names))
        self.recorder: Recorder | None = None
        self.balances = self.money_balances()
        self.after = self.people["provider"].copy()
        self.engine.meet(len(self.people))

    @property
    def luck(self) -> tuple[int, int]:
        """Key of all luck: seed and replication."""
        return self.seed, self.replication

    @property
    def customers(self) -> Customers:
        """All people, to be read and set like a Mesa AgentSet on both engines."""
        return Customers(self)

    def set_policy(self, institution: str, policy: Policy) -> None:
        """From now on this institution follows a copy of this policy; prices and the split of money are as set."""
        agent = named(self.institutions, institution)
        agent.policy = copy.deepcopy(policy)
        self.told.pop(agent.index, None)
        self.offers["price"][agent.index] = self.list_prices[agent.index]
        self.money.as_set(agent.index)

    def step(self) -> None:
        """One month, in the order of `simulation.phases.MONTH`."""
        world = self.open()
        self.observe()
        self.learn(world)
        plans = self.decide()
        contacts, first, allowed = self.guard(plans)
        totals = self.live(world, contacts, first)
        self.settle(totals)
        self.teach(allowed)
        self.record(world, totals, allowed)
        self.month += 1

    def open(self) -> Any:
        """Newcomers enter, the systematic factor moves, offers are in force."""
        cohort = newcomers(self.settings, self.rules, self.products["kind"], self.month, *self.luck)
        fresh = np.zeros(len(cohort), SIGNAL)
        fresh["person_id"], fresh["trace"] = cohort["id"], -1
        self.people, self.signals = extended(self.people, cohort), extended(self.signals, fresh)
        self.engine.meet(len(self.people))
        world = self.settings.world
        mean, persistence, sd = world.macro_mean, world.macro_persistence, world.macro_sd
        u = draw4(*self.luck, 0, self.month, address(MACRO))[0]
        shock = normal_quantile(u) * sd * (1.0 - persistence**2) ** 0.5
        self.systematic = mean + persistence * (self.systematic - mean) + shock
        self.offers["reach"][:, :MAX_CHANNELS] = self.channels.rate
        self.offers["ended_share"] = self.told_to_go
        self.offers["watches"] = [0] + [int(self.keeps_files(one)) for one in self.institutions]
        return self.world_at(self.month)

    def world_at(self, month: int) -> Any:
        """Return what a month brings to everybody."""
        return world_of_month(
            month, *self.luck, self.systematic, self.settings.world, self.rules, self.offers,
        )  # fmt: skip

    def keeps_files(self, institution: InstitutionAgent) -> bool:
        """Return whether an institution keeps beliefs: all do whose policy looks at its customers, and we."""
        return institution.index == US or needs_view(institution.policy)

    def observe(self) -> None:
        """Last month's signals become estimates and tags, institution by institution."""
        for one in self.institutions:
            if self.keeps_files(one):
                self._read(self.files[one.index], one.index)
        self._look()
        if self.recorder is not None and self.month % self.beliefs_recorder.every_months == 0:
            self.beliefs_recorder.mark(self.month, self.views[US], truths_of(self._last_facts, self.schemes))
        for one in self.institutions:
            if self.keeps_files(one):
                files, history, view = self.files[one.index], self.histories[one.index], self.views[one.index]
                for scheme, name in enumerate(self.tags_kept):
                    files.retag(scheme, view.column(name), history, self.month)

    def _read(self, files: Files, me: int) -> None:
        """Bring an institution's files up to date with last month's signals."""
        sees = int(self.offers["sees_browsing"][me])
        files.update(self.signals, me, sees, self.month, self.scope_rules[me - 1])
        self._stop_on(self.engine.observe(files, self.signals, me, self.offers, self.effects, self.rules, self.splits))

    def learn(self, world: Any) -> None:
        """Institutions that feed back what they know tell their channels whom to look for."""
        feed_back(self, world)

    def _look(self) -> None:
        """Each institution's view of its files and of the posted offers, the same for all."""
        for one in self.institutions:
            self.views[one.index] = self._view(one, self.files[one.index])

    def _view(self, one: InstitutionAgent, files: Files) -> InstitutionView:
        return view_of(self, one, files)

    def decide(self) -> list[Plan]:
        """Each policy makes a plan; one that learns is first told what became of last month's."""
        for one in self.institutions:
            policy = learner(one.policy)
            if policy is not None:
                nothing = Outcomes.none(tuple(treatment.name for treatment in self.treatments))
                policy.learn(self.views[one.index], self.told.get(one.index, nothing))
        self.plans = [plan_of(self, one) for one in self.institutions]
        return self.plans

    def purse(self, institution: InstitutionAgent) -> float:
        """Money for treatments this month, EUR of the real book: the budget, and rewards kept back but not taken."""
        return float(self.money.treatments_eur[institution.index] + self.released_eur[institution.index])

    def guard(self, plans: list[Plan]) -> tuple[NDArray[Any], NDArray[np.int64], list[Allowed]]:
        """Trim every plan; return contacts sorted by person, where each person's begin, and what was refused."""
        allowed = []
        contacts = [np.zeros(0, CONTACT)]
        for one, plan in zip(self.institutions, plans, strict=True):
            view = self.views[one.index]
            scale = self.settings.people_each_stands_for
            book = None if plan.offer is None else book_eur(self.people, one.index, len(self.products))
            result = guard(plan, view, self.treatments, self.guards[one.index - 1], self.purse(one), scale, book)
            self.released_eur[one.index] = result.spent_eur
            allowed.append(result)
            rows = result.contacts.copy()
            rows["row"] = self.files[one.index].at[rows["row"]] if len(rows) else rows["row"]
            self.files[one.index].remember(rows["row"][self.effects["contact"][rows["treatment"]] > 0], self.month)
            contacts.append(rows)
            n = len(self.products)
            cut = np.zeros(n) if result.offer is None else result.offer
            self.offers["price"][one.index, :n] = self.list_prices[one.index, :n] - cut
        every = np.concatenate(contacts)
        every = every[np.argsort(every["row"], kind="stable")]
        self.told_to_go = share_told_to_go(every, self.effects, self.people["provider"], len(self.names))
        first = np.zeros(len(self.people) + 1, np.int64)
        np.cumsum(np.bincount(every["row"], minlength=len(self.people)), out=first[1:])
        return every, first, allowed

    def live(self, world: Any, contacts: NDArray[Any], first: NDArray[np.int64]) -> Totals:
        """Everybody lives the month."""
        totals: Totals = self.engine.live(
            self.people, self.signals, contacts, first, world, self.offers, self.products, self.effects, self.rules
        )
        self._stop_on(totals.fault)
        return totals

    def teach(self, allowed: list[Allowed]) -> None:
        """Note what became of this month's view, for policies that learn."""
        for one in self.institutions:
            if learner(one.policy) is not None:
                self.told[one.index] = outcomes_of(self, one.index, allowed[one.index - 1])

    def settle(self, totals: Totals) -> None:
        """Money to the cent, people to the one; channels follow their budgets."""
        closing = self.money_balances()
        check_money(self.balances, closing, totals.ledger, self.names, self.month)
        check_people(self.signals["before"], self.signals["provider"], self.after, len(self.names), self.month)
        self.balances, self.after = closing, self.signals["provider"].copy()
        self.channels.settle(totals.tally)
        for one, plan in zip(self.institutions, self.plans, strict=True):
            if plan.acquisition is not None:
                self.money.move(one.index, plan.acquisition)
        paid_eur = totals.ledger[:, TREATMENT] / 100.0 * self.settings.people_each_stands_for
        self.released_eur = np.maximum(self.released_eur - paid_eur, 0.0)

    def money_balances(self) -> NDArray[np.int64]:
        """Balances of every institution, as the people's accounts add up, see `simulation.ledger`."""
        p, s = self.people, self.signals
        return balances_of(
            s["provider"], s["credit_cents"], s["deposit_cents"], p["owed_before_cents"], p["owed_before_to"],
            len(self.names),
        )  # fmt: skip

    def _stop_on(self, fault: NDArray[np.float64]) -> None:
        if fault[0]:
            rule, person, value = CHECKED[int(fault[0])], int(fault[1]), float(fault[2])
            raise RuleFault(f"rule '{rule}' returned {value} for person {person} in month {self.month}")

    def appraised(self, world: Any) -> MonthFacts:
        """What is true of our customers now."""
        own = np.flatnonzero(self.people["provider"] == US)
        truths = self.truths_at(world, own)
        postings = np.zeros((len(self.names), 1), np.int64)
        counts = counted(self.people, self.signals)
        return MonthFacts(self.month, self.signals, counts, postings, own, truths, self.people["stage"][own])

    def truths_at(self, world: Any, rows: NDArray[np.int64]) -> NDArray[Any]:
        """What is true of the customers at these rows."""
        truths = np.zeros(len(rows), TRUTH)
        fault = self.engine.appraise(
            self.people, rows, truths, world, self.offers, self.products, self.effects, self.rules, self.splits
        )
        self._stop_on(fault)
        return truths

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that the next month depends on, as arrays of the caller's own; see `simulation.state`."""
        return state_of(self)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state of a model of the same market; recording starts anew."""
        go_on_from(self, state)

    def record(self, world: Any, totals: Totals, allowed: list[Allowed]) -> None:
        """Tidy rows of this month, if a recording is on."""
        if self.recorder is None:
            return
        facts = self.appraised(world)._replace(postings=totals.ledger)
        self.recorder.cells(facts)
        self.recorder.stocks(facts)
        self.recorder.flows(facts)
        self.recorder.new_customers(facts)
        self.people_recorder.note(self, allowed[US - 1], note_treatments(self, self.recorder, facts, allowed[US - 1]))
        channels = {name: tuple(one.acquisition) for name, one in self.settings.institutions().items()}
        self.recorder.reached(facts, channels, totals.tally, self.offers["contact_cents"])
        s = self.signals
        ours, left = s["provider"] == US, (s["before"] == US) & (s["provider"] != US)
        self.beliefs_recorder.note(
            self.month, s["person_id"][ours & (s["months_past_due"] >= ARREARS)], s["person_id"][left]
        )
        self._last_facts = facts

    def start_recording(self) -> None:
        """From now on every month leaves rows; the state now is month -1."""
        self.recorder = Recorder(self.names, self.month)
        add, us = self.recorder.add, self.names[US]
        self.beliefs_recorder = BeliefRecorder(
            lambda m, month, a, b, value: add(m, month, us, a, b, value), self.settings.compare_beliefs_every_months
        )
        facts = self.appraised(self.world_at(self.month - 1))._replace(month=self.month - 1)
        self.recorder.cells(facts)
        self.recorder.stocks(facts)
        self.recorder.plane(facts)
        self.people_recorder = PeopleRecorder(self, facts.own_rows, facts.truths["quadrant"])
        self._last_facts = facts

    def recording(self) -> pd.DataFrame:
        """Return the rows so far, closing value and metrics included.

        Raises
        ------
        RuntimeError
            If `start_recording` was not called or no month has been lived since.
        """
        if self.recorder is None or self.month == self.recorder.first_month:
            raise RuntimeError("nothing is recorded: call start_recording() before the first step")
        facts, us = self._last_facts, self.names[US]
        before, beliefs = len(self.recorder.rows), copy.deepcopy(self.beliefs_recorder)
        limits, due = self.guards[US - 1].structure, self.month % beliefs.every_months == 0
        if limits or due:
            files = copy.deepcopy(self.files[US])
            self._read(files, US)
            view = self._view(self.institutions[US - 1], files)
            self.recorder.structure(facts.month, view, limits, self.settings.people_each_stands_for)
            if due:
                beliefs.mark(self.month, view, truths_of(facts, self.schemes))
        beliefs.finish(facts.month)
        notes: dict[str, float] = getattr(self.institutions[US - 1].policy, "notes", dict)()
        self.recorder.end(facts, self.rules.credit.capital_cost, notes)
        table = pd.concat([self.recorder.table(), self.people_recorder.table(facts.month, us)], ignore_index=True)
        del self.recorder.rows[before:]
        return table
