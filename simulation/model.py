"""The model: a market of people and institutions, month by month, on Mesa."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import mesa
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.belief import SIGNAL, TRUTH
from agents.chance import MACRO, address, draw4
from agents.checks import CHECKED
from agents.formulas import normal_quantile
from agents.learning import Splits
from agents.market import KINDS, MAX_CHANNELS, TREATMENT
from agents.person import PERSON
from agents.treatment import CONTACT
from policies.guards import Allowed, Guards, guard
from policies.plan import Plan, as_plan
from policies.policy import Policy, needs_view
from policies.shelf import SHELF, make_policy
from policies.treatments import catalogue, effects_table
from policies.view import InstitutionView, PostedOffers
from simulation.build import institution_names, offer_rows, product_rows, world_of_month
from simulation.channels import Channels
from simulation.compiled import CompiledEngine, Totals
from simulation.counting import counted
from simulation.customers import Customers
from simulation.files import Files, scope_rule
from simulation.history import TagHistory
from simulation.ledger import balances_of, check_money, check_people
from simulation.objects import ObjectEngine
from simulation.population import extended, first_people, first_signals, newcomers
from simulation.recording import MonthFacts, Recorder, run_metrics
from simulation.settings import MarketSettings, market_from

US = 1
"""Index of the institution that a report asks about."""


class Phase(NamedTuple):
    """One phase of the month: what it does, reads and writes."""

    name: str
    does: str
    reads: str
    writes: str


MONTH = (
    Phase("open", "newcomers enter; the common factor moves; posted offers come into force", "market", "offers"),
    Phase("observe", "last month's signals become estimates and tags", "signals", "beliefs"),
    Phase("decide", "each policy makes a plan; all see the same posted offers", "view", "plans"),
    Phase(
        "guard",
        "eligibility, contact rule, budget: trimmed from the top, refusals counted",
        "plans",
        "contacts",
    ),
    Phase(
        "live",
        "each person: contacts, products, payments, choice, stage; money posted",
        "person",
        "person, signals",
    ),
    Phase("settle", "conservation asserted, books and channels rolled forward", "postings", "books"),
    Phase("record", "tidy rows of this month", "all", "recording"),
)


class RuleFault(RuntimeError):
    """A rule returned a number that is not finite or out of range."""


class InstitutionAgent(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """An institution in the model's agents: its name, its policy, and how many customers it has."""

    def __init__(self, model: "LifecycleModel", index: int, name: str, policy: Policy) -> None:
        super().__init__(model)
        self.index, self.name, self.policy = index, name, policy

    @property
    def customers(self) -> int:
        """Number of people whose main provider it is."""
        return int((self.model.people["provider"] == self.index).sum())


class LifecycleModel(mesa.Model):  # type: ignore[misc]  # mesa has no type stubs
    """A market that lives; `step` is one month.

    Parameters
    ----------
    config : MarketSettings or mapping
        The market; a mapping is validated.
    seed, replication : int
        Key of all luck.
    engine : {"compiled", "objects"}
        Rows through compiled rules, or Mesa agents through the same rules as plain Python: the same bits.
    threads : int
        For the compiled engine; changes nothing but time.
    known : mapping of str to type, optional
        Policies by name; by default the shelf.
    first_month : int
        Number of the first month lived; negative for burn-in and warm-up, so that runs begin at month 0.
    rng : optional
        Passed to Mesa, for a user's own extensions; the model itself draws nothing from it.

    Raises
    ------
    pydantic.ValidationError
        If the configuration is faulty; every fault is named.
    """

    def __init__(
        self, config: MarketSettings | Mapping[str, Any], seed: int = 0, replication: int = 0,
        engine: str = "compiled", threads: int = 1, known: Mapping[str, type] | None = None, first_month: int = 0,
        rng: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(rng=rng)
        if engine not in ("compiled", "objects"):
            raise ValueError(f"engine is 'compiled' or 'objects', not {engine!r}")
        self.settings = config if isinstance(config, MarketSettings) else market_from(config)
        self.seed_key, self.replication = seed, replication
        self.rules = self.settings.rulebook()
        self.products, self.offers = product_rows(self.settings), offer_rows(self.settings)
        self.list_prices = self.offers["price"].copy()
        self.names, self.product_names = institution_names(self.settings), tuple(self.settings.products)
        kinds = {name: product.kind for name, product in self.settings.products.items()}
        self.treatments = catalogue(kinds)
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
        self.guards = Guards(**self.settings.guards.model_dump())
        self.month, self.systematic = first_month, 0.0
        self.people = first_people(self.settings, self.rules, self.offers, self.products, seed, replication)
        self.signals = first_signals(self.people, self.offers, self.products, seed, replication)
        self.schemes = self.settings.classification()
        self.tags_kept = tuple(name for name in self.settings.tag_history if name in self.schemes.words())
        self.files = [Files(len(self.tags_kept)) for _ in self.names]
        self.histories = [TagHistory(self.tags_kept) for _ in self.names]
        self.scope_rules = [scope_rule(one, self.product_names) for one in self.settings.institutions().values()]
        self.views: dict[int, InstitutionView] = {}
        self.released_eur = np.zeros(len(self.names))
        self.recorder: Recorder | None = None
        self.balances = self._balances()
        self._after = self.people["provider"].copy()

    @property
    def customers(self) -> Customers:
        """People, readable like a Mesa AgentSet on both engines."""
        return Customers(self.people, self.names)

    def set_policy(self, institution: str, policy: Policy) -> None:
        """From now on this institution follows this policy; prices return to its list until it posts others."""
        agent = next(one for one in self.institutions if one.name == institution)
        agent.policy = policy
        self.offers["price"][agent.index] = self.list_prices[agent.index]

    def step(self) -> None:
        """One month, in the order of `MONTH`."""
        world = self.open()
        self.observe()
        plans = self.decide()
        contacts, first, allowed = self.guard(plans)
        totals = self.live(world, contacts, first)
        self.settle(totals)
        self.record(world, totals, allowed)
        self.month += 1

    def open(self) -> Any:
        """Newcomers enter, the systematic factor moves, offers are in force."""
        cohort = newcomers(
            self.settings, self.rules, self.products["kind"], self.month, self.seed_key, self.replication
        )
        fresh = np.zeros(len(cohort), SIGNAL)
        fresh["person_id"] = cohort["id"]
        self.people, self.signals = extended(self.people, cohort), extended(self.signals, fresh)
        world = self.settings.world
        mean, persistence, sd = world.macro_mean, world.macro_persistence, world.macro_sd
        u = draw4(self.seed_key, self.replication, 0, self.month, address(MACRO))[0]
        shock = normal_quantile(u) * sd * (1.0 - persistence**2) ** 0.5
        self.systematic = mean + persistence * (self.systematic - mean) + shock
        self.offers["reach"][:, :MAX_CHANNELS] = self.channels.rate
        self.offers["watches"] = [0] + [int(self._keeps_files(one)) for one in self.institutions]
        return world_of_month(
            self.month, self.seed_key, self.replication, self.systematic, self.settings.world, self.rules,
            self.offers,
        )  # fmt: skip

    def _keeps_files(self, institution: InstitutionAgent) -> bool:
        return institution.index == US or needs_view(institution.policy)

    def observe(self) -> None:
        """Last month's signals become estimates and tags, institution by institution."""
        for one in self.institutions:
            if self._keeps_files(one):
                files, sees = self.files[one.index], int(self.offers["sees_browsing"][one.index])
                files.update(self.signals, one.index, sees, self.month, self.scope_rules[one.index - 1])
                fault = self.engine.observe(
                    files, self.signals, one.index, self.offers, self.effects, self.rules, self.splits
                )
                self._stop_on(fault)
        self._look()
        for one in self.institutions:
            if self._keeps_files(one):
                files, history, view = self.files[one.index], self.histories[one.index], self.views[one.index]
                for scheme, name in enumerate(self.tags_kept):
                    files.retag(scheme, view.column(name), history, self.month)

    def _look(self) -> None:
        """Each institution's view of its files and of the posted offers, the same for all."""
        n = len(self.products)
        prices = np.where(self.offers["sells"][:, :n] == 1, self.offers["price"][:, :n], np.nan)
        kinds = tuple(KINDS[int(kind)] for kind in self.products["kind"])
        posted = PostedOffers(self.names, self.product_names, kinds, prices)
        for one in self.institutions:
            self.views[one.index] = InstitutionView(
                self.files[one.index].records, posted, one.index, self.month, self.list_prices[one.index, :n],
                self.purse(one) / self.settings.people_each_stands_for, self.seed_key, self.replication,
                self.files[one.index].places, self.schemes,
            )  # fmt: skip

    def decide(self) -> list[Plan]:
        """Each policy makes a plan."""
        return [as_plan(one.policy.decide(self.views[one.index])) for one in self.institutions]

    def purse(self, institution: InstitutionAgent) -> float:
        """Money for treatments this month, EUR of the real book: the budget, and rewards kept back but not taken."""
        return self.guards.budget_per_month + float(self.released_eur[institution.index])

    def guard(self, plans: list[Plan]) -> tuple[NDArray[Any], NDArray[np.int64], list[Allowed]]:
        """Trim every plan; return contacts sorted by person, where each person's begin, and what was refused."""
        allowed = []
        contacts = [np.zeros(0, CONTACT)]
        for one, plan in zip(self.institutions, plans, strict=True):
            view = self.views[one.index]
            scale = self.settings.people_each_stands_for
            result = guard(plan, view, self.treatments, self.guards, self.purse(one), scale)
            self.released_eur[one.index] = result.spent_eur
            allowed.append(result)
            rows = result.contacts.copy()
            rows["row"] = self.files[one.index].at[rows["row"]] if len(rows) else rows["row"]
            contacts.append(rows)
            n = len(self.products)
            cut = np.zeros(n) if result.offer is None else result.offer
            self.offers["price"][one.index, :n] = self.list_prices[one.index, :n] - cut
        every = np.concatenate(contacts)
        every = every[np.argsort(every["row"], kind="stable")]
        first = np.zeros(len(self.people) + 1, np.int64)
        np.cumsum(np.bincount(every["row"], minlength=len(self.people)), out=first[1:])
        return every, first, allowed

    def live(self, world: Any, contacts: NDArray[Any], first: NDArray[np.int64]) -> Totals:
        """Everybody lives the month."""
        totals: Totals = self.engine.live(
            self.people,
            self.signals,
            contacts,
            first,
            world,
            self.offers,
            self.products,
            self.effects,
            self.rules,
        )
        self._stop_on(totals.fault)
        return totals

    def settle(self, totals: Totals) -> None:
        """Money to the cent, people to the one; channels follow their budgets."""
        closing = self._balances()
        check_money(self.balances, closing, totals.ledger, self.names, self.month)
        check_people(self.signals["before"], self.signals["provider"], self._after, len(self.names), self.month)
        self.balances, self._after = closing, self.signals["provider"].copy()
        self.channels.settle(totals.tally)
        paid_eur = totals.ledger[:, TREATMENT] / 100.0 * self.settings.people_each_stands_for
        self.released_eur = np.maximum(self.released_eur - paid_eur, 0.0)

    def _balances(self) -> NDArray[np.int64]:
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
        truths = np.zeros(len(own), TRUTH)
        fault = self.engine.appraise(
            self.people, own, truths, world, self.offers, self.products, self.effects, self.rules, self.splits
        )
        self._stop_on(fault)
        postings = np.zeros((len(self.names), 1), np.int64)
        counts = counted(self.people, self.signals)
        return MonthFacts(self.month, self.signals, counts, postings, own, truths, self.people["stage"][own])

    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything that the next month depends on, as arrays; people who are gone are left out."""
        here = self.people["provider"] >= 0
        made = {
            "month": np.array(self.month), "systematic": np.array(self.systematic), "people": self.people[here],
            "signals": self.signals[here], "rate": self.channels.rate, "carried": self.channels.carried_cents,
            "price": self.offers["price"], "released": self.released_eur,
        }  # fmt: skip
        for name, files in zip(self.names, self.files, strict=True):
            files.cover(len(here))
            made |= {f"{part}:{name}": values for part, values in files.kept(here).items()}
        return made

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state of a model of the same market; recording starts anew."""
        self.month, self.systematic = int(state["month"]), float(state["systematic"])
        # a file forgets that rows are aligned, and compiled rules would be compiled anew for such rows
        self.people, self.signals = state["people"].astype(PERSON), state["signals"].astype(SIGNAL)
        self.channels.rate, self.channels.carried_cents = state["rate"].copy(), state["carried"].copy()
        self.offers["price"] = state["price"]
        self.released_eur = state["released"].copy()
        parts = ("records", "at", "scopes", "register")
        files = [{part: state[f"{part}:{name}"] for part in parts} for name in self.names]
        self.files = [Files.of(one, len(self.tags_kept)) for one in files]
        self.histories = [TagHistory(self.tags_kept) for _ in self.names]
        self.balances, self._after = self._balances(), self.people["provider"].copy()
        self.recorder = None
        self.engine.forget()

    def record(self, world: Any, totals: Totals, allowed: list[Allowed]) -> None:
        """Tidy rows of this month, if a recording is on."""
        if self.recorder is None:
            return
        facts = self.appraised(world)._replace(postings=totals.ledger)
        self.recorder.cells(facts)
        self.recorder.stocks(facts)
        self.recorder.flows(facts)
        given_up = allowed[US - 1].given_up_eur / self.settings.people_each_stands_for
        self.recorder.treatments(facts, allowed[US - 1], self.treatments, totals.ledger, given_up)
        channels = {name: tuple(one.acquisition) for name, one in self.settings.institutions().items()}
        self.recorder.reached(facts, channels, totals.tally, self.offers["contact_cents"])
        if self.month % 12 == 11:
            self.recorder.mark_quadrants(facts)
        self._last_facts = facts

    def start_recording(self) -> None:
        """From now on every month leaves rows; the state now is month -1."""
        self.recorder = Recorder(self.names)
        world = world_of_month(
            self.month - 1, self.seed_key, self.replication, self.systematic, self.settings.world, self.rules,
            self.offers,
        )  # fmt: skip
        facts = self.appraised(world)._replace(month=self.month - 1)
        self.recorder.cells(facts)
        self.recorder.stocks(facts)
        self.recorder.mark_quadrants(facts)
        self.recorder.plane(facts)

    def recording(self) -> pd.DataFrame:
        """Return the rows so far, closing value and metrics included.

        Raises
        ------
        RuntimeError
            If `start_recording` was not called or no month has been lived since.
        """
        if self.recorder is None or not hasattr(self, "_last_facts"):
            raise RuntimeError("nothing is recorded: call start_recording() before the first step")
        facts, us = self._last_facts, self.names[US]
        self.recorder.plane(facts)
        self.recorder.add("closing_value", facts.month, us, "future_margin", "", facts.truths["future_margin"].sum())
        self.recorder.add("closing_value", facts.month, us, "expected_loss", "", -facts.truths["expected_loss"].sum())
        for name, value in run_metrics(self.recorder.table(), us).items():
            self.recorder.add("metric", facts.month, us, name, "", value)
        return self.recorder.table()
