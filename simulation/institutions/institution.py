"""An institution: what one has and does, from month to month. A model holds several, and asks each the same."""

import copy
from collections.abc import Mapping
from typing import Protocol

import mesa
import numpy as np
from numpy.typing import NDArray

from tenure.agents.ledger import ACQUISITION_COST, TREATMENT, receive
from tenure.agents.offer import US
from tenure.policies.guard.guard import Allowed, Guards, guard
from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import Plan, PoachingOffer
from tenure.policies.policy import Policy, channel_precision, looks_for, needs_view
from tenure.policies.schemes import Schemes
from tenure.policies.shelf import SAME_AS_US, make_policy
from tenure.policies.treatments import Treatment
from tenure.policies.view import InstitutionView
from tenure.simulation.engines.engine import Engine, Totals, stop_on
from tenure.simulation.institutions.asking import Shown, plan_of, view_of
from tenure.simulation.institutions.channels import Channels, standing
from tenure.simulation.institutions.contacts import told_to_go
from tenure.simulation.institutions.feedback import (
    Learnt,
    channel_weights,
    learn_from_customers,
    market_sample,
    what_selection_cost,
)
from tenure.simulation.institutions.files import Files, scope_rule
from tenure.simulation.institutions.history import TagHistory
from tenure.simulation.institutions.news import sent_by
from tenure.simulation.institutions.poaching import Poaching, came_from_others, with_cut_told
from tenure.simulation.institutions.purse import Budgets, Purse, held_to
from tenure.simulation.institutions.tags import tags_of
from tenure.simulation.institutions.teaching import (
    learner,
    learnt_state,
    outcomes_of,
    outcomes_state,
    restore_learnt,
    restored_outcomes,
    truthful,
)
from tenure.simulation.market.ledger import book_eur
from tenure.simulation.recording.observing import Conduct, Observer
from tenure.simulation.settings.institution import FeedbackSettings, InstitutionSettings, PolicySettings
from tenure.simulation.settings.market import MarketSettings


class Market(Protocol):
    """What an institution reads of the market that it is in."""

    month: int
    now: MarketSettings
    names: tuple[str, ...]
    product_names: tuple[str, ...]
    tags_kept: tuple[str, ...]
    treatments: tuple[Treatment, ...]
    schemes: Schemes
    world: np.void
    people: NDArray[np.void]
    signals: NDArray[np.void]
    engine: Engine
    known: Mapping[str, type]
    observers: list[Observer]
    institutions: "tuple[Institution, ...]"

    @property
    def luck(self) -> tuple[int, int]:
        """Key of all luck."""
        ...

    @property
    def offers(self) -> NDArray[np.void]:
        """What all have posted, row 0 of nobody."""
        ...

    @property
    def channels(self) -> NDArray[np.void]:
        """Channels of all institutions."""
        ...

    @property
    def products(self) -> NDArray[np.void]:
        """The market's products."""
        ...

    @property
    def shown(self) -> Shown:
        """What everybody is shown this month."""
        ...

    @property
    def publishes(self) -> bool:
        """Whether what is published of institutions is kept."""
        ...

    def truths_at(self, rows: NDArray[np.int64]) -> NDArray[np.void]:
        """Return what is true of the people at these rows."""
        ...


class Institution(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """An institution in the model's agents: what it knows, decides, promises and has.

    Attributes
    ----------
    index : int
        Its row wherever there is a row for each institution; row 0 is nobody.
    name : str
    settings : InstitutionSettings
        Of the month.
    policy, given : Policy
        What it follows; and a copy of it as it was before it learnt anything.
    followed_since : int
        Month since which it follows it.
    files, history : Files, TagHistory
        Who is in scope and what is believed of them; how their tags have changed.
    guards : Guards
        What its plans are held to, in amounts of the simulated book.
    purse, channels : Purse, Channels
        Money of a month, and the part of it that looks for new customers.
    list_prices : array, shape (products,)
        Before what it posts off them, points.
    view, plan, allowed : InstitutionView, Plan, Allowed
        What it saw, wanted and was let do this month.
    outcomes : Outcomes or None
        What became of last month's view, as its books told; None before the first month, or if its policy does not
        learn.
    learnt : Learnt or None
        What its channels were told this month of whom to look for; None if nothing.
    share_told_to_go : float
        Of its customers, this month.
    poaching : Poaching
        What it promises to those who come from others.
    sent : array, shape (2, treatments)
        Of each treatment, the share of its customers who got it this month, and the mean amount.
    entered : bool array, shape (products,)
        What it has come to sell beside the products of its settings.
    """

    model: Market
    policy: Policy
    settings: InstitutionSettings
    guards: Guards
    view: InstitutionView
    allowed: Allowed

    def __init__(self, model: Market, index: int, name: str) -> None:
        super().__init__(model)
        self.index, self.name = index, name
        self.files, self.history = Files(len(model.tags_kept)), TagHistory(model.tags_kept)
        self.plan, self.cut = Plan(), np.zeros(len(model.product_names))
        self.outcomes: Outcomes | None = None
        self.learnt: Learnt | None = None
        self.share_told_to_go, self.poaching = 0.0, Poaching()
        own = model.now.institutions()[name]
        budgets = Budgets.of(model.now, own)
        self.channels = Channels(own.acquisition, budgets.channels_cents, model.now.people * (1.0 - own.share))
        self.purse = Purse(budgets, self.channels)
        followed = model.now.us.policy if own.policy.policy == SAME_AS_US else own.policy
        self.policy, self.followed_since = self._made(followed), model.month
        self.given = copy.deepcopy(self.policy)
        self.sent, self.entered = np.zeros((2, len(model.treatments))), np.zeros(len(self.cut), np.bool_)
        self._take(own)

    def _made(self, choice: PolicySettings) -> Policy:
        return make_policy(choice.policy, choice.settings, self.model.known)

    def _take(self, own: InstitutionSettings) -> None:
        """Follow these settings from now on."""
        now = self.model.now
        self.settings, self.guards = own, held_to(now, own)
        self.scope = scope_rule(own, self.model.product_names)
        self.list_prices = self.offer["price"][: len(self.cut)].copy()
        self.offer["sells"][: len(self.cut)] |= self.entered

    def change(self) -> None:
        """Take over what the market's settings of another month say of it; its list prices are laid out already."""
        own, old = self.model.now.institutions()[self.name], self.settings
        self._take(own)
        self.purse.change(Budgets.of(self.model.now, own), own)
        self.post(self.cut)
        if own.information.noise != old.information.noise:
            self._leave_unread()
        if own.policy != old.policy:
            same = own.policy.policy == SAME_AS_US
            self.follow(self.model.institutions[0].given if same else self._made(own.policy))

    def _leave_unread(self) -> None:
        """Make nothing of last month's behaviour: it was read with another noise than is believed in from now on."""
        signals = self.model.signals
        signals["read"][signals["provider"] == self.index] = 0

    @property
    def offer(self) -> np.void:
        """What it posts this month, its row of the world's offers."""
        row: np.void = self.model.offers[self.index]
        return row

    @property
    def channel_rows(self) -> slice:
        """Where its channels stand in what has a row for each channel of the market."""
        return slice(int(self.offer["first_channel"]), int(self.offer["end_channel"]))

    @property
    def customers(self) -> int:
        """Number of people whose main provider it is."""
        return int((self.model.people["provider"] == self.index).sum())

    @property
    def keeps_files(self) -> bool:
        """Whether it keeps beliefs: all do whose policy looks at its customers, and we."""
        return self.index == US or needs_view(self.policy)

    def remove(self) -> None:
        """Refuse: the market's institutions are set by its configuration."""
        raise RuntimeError(f"{self.name} cannot be taken out of a running market: make a model without it")

    def follow(self, policy: Policy) -> None:
        """From now on follow a copy of this policy; prices and the split of money are as set.

        Rivals whose policy is to be the same as ours follow it, too, if we do.
        """
        self.given, self.policy, self.outcomes = copy.deepcopy(policy), copy.deepcopy(policy), None
        self.followed_since = self.model.month
        self.post(np.zeros(len(self.cut)))
        self.purse.as_set()
        if self.index == US:
            for one in self.model.institutions[1:]:
                if one.settings.policy.policy == SAME_AS_US:
                    one.follow(policy)

    def post(self, cut: NDArray[np.float64]) -> None:
        """Take so many points off the list prices, shape (products,)."""
        self.cut = cut
        self.offer["price"][: len(cut)] = self.list_prices - cut

    def show_offer(self) -> None:
        """Bring the month's offer up to date with what only the institution knows."""
        rows = self.model.channels[self.channel_rows]
        said = standing(self.model.people, self.index) if self.channels.talked_about else None
        self.channels.show(rows, channel_precision(self.policy), said, self.purse.set.open_cents)
        self.offer["ended_share"], self.offer["observes"] = self.share_told_to_go, int(self.keeps_files)

    @property
    def feedback(self) -> FeedbackSettings | None:
        """Whether channels are told whom to look for, and how: as its policy says, or else as set."""
        wanted = looks_for(self.policy)
        return self.settings.feedback if wanted is None else FeedbackSettings.model_validate({"wanted": {wanted: 1.0}})

    def keep_channels_open(self, ledger: NDArray[np.int64]) -> None:
        """Pay into a month's postings what open channels cost whoever they reach."""
        cents = int(self.model.channels["month_cents"][self.channel_rows].sum())
        receive(ledger, self.index, ACQUISITION_COST, -cents)

    def observe(self) -> None:
        """Turn last month's signals into estimates, a view and tags; tell channels what was learnt of customers."""
        if self.keeps_files:
            self.read(self.files)
        self.view = self.look(self.files)
        if self.keeps_files:
            self.files.retag(self.tags(self.files, self.view), self.history, self.model.month)
        self._feed_back()

    def tags(self, files: Files, view: InstitutionView) -> NDArray[np.int8]:
        """Return the month's tags of everybody in such files, shape (schemes, people in the files)."""
        market = self.model
        bounds, in_chunks = market.schemes.bounds, market.engine.in_chunks
        return tags_of(market.tags_kept, self._records(files), files.places, bounds, view.column, in_chunks)

    def read(self, files: Files) -> None:
        """Bring files up to date with last month's signals."""
        market, sees = self.model, int(self.offer["sees_browsing"])
        files.update(market.signals, self.index, sees, market.month, self.scope, market.engine.in_chunks)
        stop_on(market.engine.observe(files, market.signals, self.index, market.world), market.month)

    def look(self, files: Files) -> InstitutionView:
        """Return the view of such files."""
        return view_of(self, files, self._records(files), self.model.shown)

    def believed_now(self) -> InstitutionView:
        """Return what it would believe of its customers if the next month began; nothing here is changed."""
        files = copy.deepcopy(self.files)
        self.read(files)
        return self.look(files)

    def conduct(self) -> Conduct:
        """Return what it believed, decided and did this month, as observers are told of it."""
        return Conduct(
            self.index, self.name, self.view, self.files.at, self.guards, self.plan, self.allowed, self.learnt
        )

    def _records(self, files: Files) -> NDArray[np.void]:
        """Return what it believes of everybody in its files; the truth, for a policy that is an oracle."""
        if not getattr(self.policy, "needs_truth", False):
            return files.records
        rows = np.flatnonzero(self.model.people["provider"] == self.index)
        return truthful(self.model.people, files, self.model.truths_at(rows), rows)

    def _feed_back(self) -> None:
        """Learn from customers whom channels are to look for, if it is the month for it."""
        market, feedback, self.learnt = self.model, self.feedback, None
        if feedback is None or market.month % feedback.every_months or not self.keeps_files:
            return
        at = (*market.luck, market.month, self.name)
        self.learnt = learn_from_customers(self.files, feedback, *at)
        self.offer["lookalike"] = channel_weights(self.learnt, feedback.strength)
        if market.observers:
            rows = market_sample(market.people)
            true = market.truths_at(rows)["quadrant"]
            self.learnt = what_selection_cost(self.learnt, market.people[rows], true, *at)

    def decide(self) -> None:
        """Make a plan; a policy that learns is first told what became of last month's."""
        names = tuple(one.name for one in self.model.treatments)
        policy = learner(self.policy)
        if policy is not None:
            policy.learn(self.view, self.outcomes or Outcomes.none(names))
        self.plan = plan_of(self.name, self.policy, self.view, self.model.treatments, self.purse)

    def guard(self) -> NDArray[np.void]:
        """Hold the plan to the rules, post its prices, set its money aside; return its contacts by row of person."""
        market, plan, n = self.model, self.plan, len(self.cut)
        book = None if plan.offer is None else book_eur(market.people, self.index, n)
        self.allowed = guard(plan, self.view, market.treatments, self.guards, self.purse.available_eur, book)
        self.purse.set_aside(self.allowed.spent_eur + self._poach(book))
        contacts = self.allowed.contacts.copy()
        if len(contacts):
            contacts["row"] = self.files.at[contacts["row"]]
        if market.publishes:
            self.sent = sent_by(self.allowed.contacts, len(market.treatments), self.customers)
        if plan.offer is not None and plan.offer.enters:
            self.entered |= plan.offer.entering(market.product_names)
            self.offer["sells"][:n] |= self.entered
        reaches = market.world["effects"]["contact"] > 0
        self.files.remember(contacts["row"][reaches[contacts["treatment"]]], market.month)
        self.post(np.zeros(n) if self.allowed.offer is None else self.allowed.offer)
        told = told_to_go(contacts, market.world["effects"])
        self.share_told_to_go = told / max(self.customers, 1) if told else 0.0
        return contacts

    def _poach(self, book: NDArray[np.float64] | None) -> float:
        """Promise what those get who come from others; return the EUR to keep back for it."""
        asked, usual = None if self.plan.offer is None else self.plan.offer.poaching, self.settings.poaching
        allowed, came = self.allowed, 0 if asked is None else self._came_from_others()
        left = self.purse.available_eur - allowed.spent_eur - allowed.given_up_eur
        lent = 0.0 if book is None else float(book[self.model.products["lends"] == 1].sum()) / max(self.customers, 1)
        as_set = PoachingOffer(usual.points, usual.months, usual.money)
        kept_back, is_cut = self.poaching.promise(self.offer, asked, as_set, left, came, lent)
        self.allowed = with_cut_told(allowed) if is_cut else allowed
        return kept_back

    def _came_from_others(self) -> int:
        return int(came_from_others(self.model.signals, self.index).sum())

    def settle(self, totals: Totals) -> None:
        """Roll money forward: channels follow their budgets, plans move them, what was taken is paid."""
        rows = self.channel_rows
        self.channels.settle(totals.tally[rows], totals.counts["joiners_by_channel"][rows])
        if self.plan.acquisition is not None:
            self.purse.move(self.plan.acquisition)
        came = self._came_from_others() if self.offer["poaching_cents"] else 0
        as_set = self.poaching.paid_as_set_cents(self.offer, came)
        self.purse.pay(float(totals.ledger[self.index, TREATMENT] - as_set) / 100.0)
        if learner(self.policy) is not None:
            market = self.model
            self.outcomes = outcomes_of(
                self.allowed, self.files, market.signals, self.index, market.treatments, market.world
            )

    def state(self, here: NDArray[np.bool_]) -> dict[str, NDArray[np.generic]]:
        """Return all that its next month depends on, of the people who are still here, as arrays."""
        self.files.cover(len(here))
        made: dict[str, NDArray[np.generic]] = {**self.files.kept(here), **self.purse.state()}
        made |= {"cut": self.cut.copy(), "told_to_go": np.array(self.share_told_to_go)}
        made |= {name: np.array(self.offer[name]) for name in ("lookalike", "reading_noise")}
        made |= {"followed_since": np.array(self.followed_since), "entered": self.entered.copy()}
        return made | learnt_state(self.policy) | outcomes_state(self.outcomes)

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from a state; the history of tags starts anew."""
        kept = self.model.tags_kept
        self.files, self.history = Files.of(state, len(kept)), TagHistory(kept)
        self.purse.restore(state)
        self.post(state["cut"].astype(np.float64))
        self.share_told_to_go = float(state["told_to_go"])
        self.offer["lookalike"] = state["lookalike"] if self.feedback is not None else 0.0
        self.followed_since, self.entered = int(state["followed_since"]), state["entered"].astype(np.bool_)
        self.offer["sells"][: len(self.cut)] |= self.entered
        if float(state["reading_noise"]) != self.offer["reading_noise"]:
            self._leave_unread()
        self.outcomes = restored_outcomes(state, tuple(one.name for one in self.model.treatments))
        restore_learnt(self.policy, state)
