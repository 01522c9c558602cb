"""Lives of a market month by month, and worlds that differ in one thing: what patterns are measured from."""

import copy
import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import ACCOUNTS, CASH, TREATMENT
from tenure.agents.person import CAUSES, NOBODY
from tenure.policies.guard.rules import shipped_rules
from tenure.policies.plan import Treatments
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import MarketSettings, market_from
from tenure.simulation.state import State

Figures = dict[str, float]
"""Name of a figure -> its value in one replication; not a number where the market never had what it is about."""
NOT_YET = -2
"""Provider of a person who has not come into the market."""
BY_CHOICE = ("own_reasons", "poached")
"""Ways out that a customer chooses, as far as the market knows them by these names."""
PROFIT = slice(CASH + 3, len(ACCOUNTS))
"""Lines of profit and loss among the accounts of an institution."""


def with_changes(settings: MarketSettings, changes: Mapping[str, object]) -> MarketSettings:
    """Return a market with settings changed by dotted path, such as ``rules.choice.reminder``."""
    if not changes:
        return settings
    data: dict[str, Any] = copy.deepcopy(settings.model_dump(by_alias=True, exclude_unset=True))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place = data
        for key in parents:
            if place.get(key) is None:
                place[key] = {}
            place = place[key]
        place[last] = value
    return market_from(data)


def unguarded(settings: MarketSettings) -> dict[str, object]:
    """Return the changes by which money, contact rules and dated rules stop nobody, as a randomised trial asks."""
    changes: dict[str, object] = {
        "guards.budget_per_month": 1e9,
        "guards.contacts_at_most": 32,
        "guards.contacts_in_months": 1,
    }
    for place in ("us", *(f"rivals.{name}" for name in settings.rivals)):
        changes[f"{place}.guards.rules"] = dict.fromkeys(shipped_rules(), "off")
    return changes


@dataclass(frozen=True)
class Sends:
    """Sends one treatment in some months, to everybody or to a share drawn by lot."""

    name = "sends"
    treatment: str
    months: tuple[int, ...]
    amount: float | None = None
    share: float = 1.0

    def decide(self, view: InstitutionView) -> Treatments:
        """Return the treatment for whom the lot chose, in a month of sending."""
        if view.month not in self.months:
            return Treatments.none()
        chosen = np.flatnonzero(view.uniform("sends") < self.share)
        return Treatments.of(self.treatment, chosen, self.amount)


class Lives:
    """What was true of everybody, month by month.

    Parameters
    ----------
    columns : mapping
        Name -> shape (months + 1, people); row 0 is the state before the first month, row m after the m-th.
    postings : array, shape (months, institutions + 1, accounts)
        EUR, from the institutions' own view.
    contacts : array, shape (months, institutions + 1)
        Of all their channels.
    """

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        postings: NDArray[np.float64],
        contacts: NDArray[np.float64],
    ) -> None:
        self.columns, self.postings, self.contacts = columns, postings, contacts

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return a column."""
        return self.columns[name]

    @property
    def months(self) -> int:
        """Months lived."""
        return len(self.postings)

    def first(self, people: int) -> "Lives":
        """Return the lives of the first people alone: those who were there from the start, in every world alike."""
        columns = {name: column[:, :people] for name, column in self.columns.items()}
        return Lives(columns, self.postings, self.contacts)

    def profit(self, months: int | None = None, institution: int | None = None) -> float:
        """Return the profit of all institutions, or of one, in the first months, EUR."""
        part = (
            self.postings[:months, 1:, PROFIT] if institution is None else self.postings[:months, institution, PROFIT]
        )
        return float(part.sum())

    def spent_on_treatments(self, months: int) -> float:
        """Return what contacts and rewards cost all institutions in the first months, EUR."""
        return -float(self.postings[:months, 1:, TREATMENT].sum())

    def customers(self, month: int = 0) -> NDArray[np.bool_]:
        """Return who has a provider at the end of a month."""
        return np.asarray(self["provider"][month] > NOBODY)

    def leaving(self, first: int, months: int, causes: Sequence[str] = BY_CHOICE) -> NDArray[np.bool_]:
        """Return who, a customer after month `first`, leaves that provider in one of these ways within some months."""
        codes = [CAUSES.index(name) for name in causes if name in CAUSES]
        window = slice(first + 1, first + months + 1)
        there = self.customers(first)
        cause, before = self["cause"][window], self["before"][window]
        found = np.isin(cause, codes) & (before == self["provider"][first])
        # the first way out of this provider counts, however often somebody comes back
        gone: NDArray[np.int64] = np.cumsum(cause > 0, axis=0) - (cause > 0)
        return np.asarray(there & (found & (gone == 0)).any(axis=0))

    def stayed(self, first: int, months: int) -> NDArray[np.bool_]:
        """Return who, a customer after month `first`, is with that provider throughout some months."""
        window = self["provider"][first : first + months + 1]
        still = (window == window[0]).all(axis=0) & (window[0] > NOBODY)
        left = (self["cause"][first + 1 : first + months + 1] > 0).any(axis=0)
        return np.asarray(still & ~left)


def snapshot(model: LifecycleModel) -> dict[str, NDArray[Any]]:
    """Return the columns of one month's end, shape (people,); money in EUR."""
    people, signals = model.people, model.signals
    n = len(model.products)
    balances = people["balance_cents"][:, :n] / 100.0
    return {
        "provider": people["provider"].astype(np.int8),
        "satisfaction": people["satisfaction"].astype(np.float32),
        "products": people["held"][:, :n].sum(axis=1).astype(np.int8),
        "revolving": (balances @ (model.products["draws"] == 1)).astype(np.float32),
        "credit": (balances @ (model.products["lends"] == 1)).astype(np.float32),
        "line": (people["line_cents"] / 100.0).astype(np.float32),
        "past_due": people["months_past_due"].astype(np.int8),
        "idle": people["months_since_use"].astype(np.int16),
        "tenure": people["tenure_months"].astype(np.int16),
        "risk": (people["risk_trait"] + people["risk_event"]).astype(np.float32),
        "cause": signals["cause"].astype(np.int8),
        "before": signals["before"].astype(np.int8),
        "products_before": signals["products_before"].astype(np.int8),
        "treatment": signals["treatment"].astype(np.int16),
        "taken": signals["taken"].astype(np.int8),
        "joined": signals["joined"].astype(np.int8),
        "source": signals["source"].astype(np.int16),
        "margin": (signals["margin_per_year"] / 12.0).astype(np.float32),
    }


FLOWS = ("cause", "before", "products_before", "treatment", "taken", "joined", "source", "margin")
"""Columns that say what a month brought; in the state before the first month they say nothing."""


def live_on(model: LifecycleModel, months: int) -> Lives:
    """Let a model live some months and return its people's lives."""
    states = [snapshot(model)]
    for name in FLOWS:
        states[0][name] = np.zeros_like(states[0][name])
    postings, contacts = [], []
    for _ in range(months):
        model.step()
        states.append(snapshot(model))
        postings.append(-model.totals.ledger[: len(model.names)] / 100.0)
        contacts.append([0, *(model.totals.tally[one.channel_rows].sum() for one in model.institutions)])
    people = len(model.people)
    columns = {}
    for name in list(states[0]):
        column = np.full((months + 1, people), NOT_YET if name == "provider" else 0, states[0][name].dtype)
        for month, state in enumerate(states):
            part = state.pop(name)
            column[month, : len(part)] = part
        columns[name] = column
    return Lives(columns, np.array(postings), np.array(contacts, np.float64))


BASE_MONTHS = 72
"""Months of the world in which nothing is done."""


@dataclass(frozen=True)
class Start:
    """A burnt-in market from which several worlds go on, with the same luck."""

    settings: MarketSettings
    seed: int
    replication: int
    state: State

    @classmethod
    def burnt_in(cls, settings: MarketSettings, seed: int, replication: int) -> "Start":
        """Return the market of this key after its burn-in."""
        model = LifecycleModel(settings, seed, replication, first_month=-settings.burn_in_months)
        for _ in range(settings.burn_in_months):
            model.step()
        return cls(settings, seed, replication, model.state())

    @cached_property
    def base(self) -> Lives:
        """The world in which nothing is done."""
        return self.everybody(BASE_MONTHS)

    @cached_property
    def twin(self) -> Lives:
        """The same, of those alone who are there from the start: who can be compared with other worlds."""
        return self.base.first(self.people)

    @property
    def people(self) -> int:
        """People who are there from the start."""
        return len(self.state["people"])

    def model(self, changes: Mapping[str, object] | None = None) -> LifecycleModel:
        """Return a model that goes on from here, with settings changed by dotted path."""
        settings = with_changes(self.settings, changes or {})
        return LifecycleModel(settings, self.seed, self.replication, state=self.state)

    def lives(
        self,
        months: int,
        sends: Sends | None = None,
        changes: Mapping[str, object] | None = None,
        touch: Callable[[LifecycleModel], None] | None = None,
        only_us: bool = False,
    ) -> Lives:
        """Return the lives of a world, of those who are there from the start.

        Parameters
        ----------
        sends : Sends, optional
            Every institution follows it, or with `only_us` we alone; no guard stops it.
        changes : mapping, optional
            Settings by dotted path.
        touch : callable
            What is done to the model before its first month.
        """
        changed = dict(changes or {})
        if sends is not None:
            changed = unguarded(self.settings) | changed
        model = self.model(changed)
        if sends is not None:
            for one in model.institutions[:1] if only_us else model.institutions:
                one.follow(sends)
        if touch is not None:
            touch(model)
        lived = live_on(model, months)
        del model
        gc.collect()  # a model refers to itself in circles, and a dozen of them would stay in memory
        return lived.first(self.people)

    def everybody(self, months: int, changes: Mapping[str, object] | None = None) -> Lives:
        """Return the lives of a world with other settings, newcomers too."""
        lived = live_on(self.model(changes), months)
        gc.collect()  # as above
        return lived

    def catalogue(self) -> dict[str, Any]:
        """Return the market's treatments by name."""
        return {one.name: one for one in self.settings.catalogue()}


Measure = Callable[[Start], Figures]
"""Measures some figures of one replication."""


def of_base(measure: Callable[[Lives], Figures]) -> Measure:
    """Return what measures the world in which nothing is done."""

    def measured(start: Start) -> Figures:
        return measure(start.base)

    measured.__name__ = measure.__name__
    return measured


def by_group(values: NDArray[Any], group: NDArray[np.int64], groups: int) -> NDArray[np.float64]:
    """Return the mean of values in each group, shape (groups,); nan for an empty one.

    >>> by_group(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), 2).tolist()
    [2.0, 5.0]
    """
    heads = np.bincount(group, minlength=groups)
    sums = np.bincount(group, np.asarray(values, np.float64), minlength=groups)
    return np.asarray(np.divide(sums, heads, out=np.full(groups, np.nan), where=heads > 0))


def quantile_groups(values: NDArray[Any], groups: int) -> NDArray[np.int64]:
    """Return for each value its group of equal size, 0 the lowest.

    >>> quantile_groups(np.array([3.0, 1.0, 2.0, 9.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    rank = np.empty(len(values), np.int64)
    rank[np.argsort(values, kind="stable")] = np.arange(len(values))
    return np.asarray(rank * groups // max(len(values), 1))


def ratio(part: float, whole: float) -> float:
    """Return one number over another; nan where there is no whole.

    >>> ratio(1.0, 4.0), ratio(1.0, 0.0)
    (0.25, nan)
    """
    return float(part) / float(whole) if whole else float("nan")


def mean(values: NDArray[Any]) -> float:
    """Return the mean; nan of nothing.

    >>> mean(np.array([1.0, 3.0])), mean(np.array([]))
    (2.0, nan)
    """
    return float(np.mean(values)) if len(values) else float("nan")


def log_odds(p: float) -> float:
    """Return the log-odds of a share; nan at 0 and 1."""
    return float(np.log(p / (1.0 - p))) if 0.0 < p < 1.0 else float("nan")
