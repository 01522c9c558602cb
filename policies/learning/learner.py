"""What the policies that learn have in common: a trial by lot, then what it taught, then always a little trial."""

from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter
from tenure.policies.conditions.decision_table import treatment_faults
from tenure.policies.learning.epochs import MAX_ARMS, Floats, Ints, Watched, due, features_of
from tenure.policies.learning.lessons import Lessons
from tenure.policies.ordering import order_by
from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import Plan, Treatments
from tenure.policies.policy import ONE_KIND_OF_MACHINE, State, check_settings
from tenure.policies.settings.faults import Fault
from tenure.policies.view import InstitutionView

NOTHING = "none"
LOT_FIRST = 1e6
"""Priority of what a lot decides, above that of any gain."""
LEAST_DISCOUNT = 1e-4
"""Least rate a year at which a policy discounts: at 0 the value of all months to come has no bound."""
_ONE_THREAD = 2048
"""Customers so few that no library divides a product of their features among threads, which would change its bits."""


class BestArms(NamedTuple):
    """What is best for some customers; arrays of shape (customers,)."""

    arm: Ints
    """Index into the policy's arms; 0 nothing."""
    priority: Floats
    """Who comes first if money is short: the greatest."""


class Decision(NamedTuple):
    """What is decided this month; arrays of shape (customers,)."""

    rows: Ints
    """Index into the view."""
    arm: Ints
    propensity: Floats
    """Chance with which the lot chose it; 0 where no lot did."""
    allowed: NDArray[np.bool_]
    """Shape (customers, arms)."""
    priority: Floats


@dataclass(frozen=True, eq=False)
class EpochLearner:
    """Decides on each customer once an epoch: by lot in the trial, then by what was learnt, a share still by lot.

    Who falls behind is decided on at once: when his turn comes he may be cured or lost. Keeping a share to the lot
    for ever costs a little money and keeps the policy able to notice that it is wrong.

    It solves systems of equations: its bits are promised for one kind of machine with one set of versions.
    """

    treatments: tuple[str, ...] = (
        "loyalty_reward",
        "service_upgrade",
        "price_cut",
        "needs_review",
        "early_help",
        "line_increase",
    )
    """What is tried: nothing that harms for good, such as a smaller line."""
    epoch_months: Annotated[int, Parameter("months", 1, 36, "assumption: effects show by then")] = 6
    """Months from one decision on a customer to the next."""
    trial_months: Annotated[int, Parameter("months", 0, 240, "assumption")] = 12
    """Months in which all is by lot."""
    trial_share: Annotated[float, Parameter("share", 0.0, 1.0, "assumption")] = 0.5
    """Share of those decided on in the trial who get a treatment by lot."""
    explore_share: Annotated[float, Parameter("share", 0.0, 1.0, "assumption")] = 0.1
    """Share of decisions still by lot after the trial."""
    arrears_trigger: bool = True
    """Whether who falls behind is decided on at once, not in turn alone; assumption."""
    effect_sd_eur: Annotated[float, Parameter("EUR", 0.01, 1e6, "assumption")] = 15.0
    """Standard deviation of effects before any is seen."""
    most_eur: Annotated[float, Parameter("EUR", 0.01, 1e6, "assumption")] = 500.0
    """Most gain or loss that one customer counts for."""
    discount_per_year: Annotated[
        float | None, Parameter("rate/year", LEAST_DISCOUNT, 1.0, "by default the market's rate")
    ] = None
    """Rate at which later value is discounted."""
    watched: Watched = field(init=False, repr=False)
    lessons: Lessons = field(init=False, repr=False)
    months: NDArray[np.int64] = field(init=False, repr=False)
    name = "learner"
    same_bits = ONE_KIND_OF_MACHINE

    def __post_init__(self) -> None:
        faults = [
            fault
            for index, treatment in enumerate(self.treatments)
            for fault in treatment_faults(("treatments", index), treatment, None)
        ]
        if not 1 <= len(self.treatments) < MAX_ARMS or len({*self.treatments, NOTHING}) <= len(self.treatments):
            what = "none, too many or twice the same of the treatments to be tried"
            mend = f"write 1 to {MAX_ARMS - 1} different treatments, without '{NOTHING}', which is always among them"
            faults.append(Fault(what, mend, ("treatments",)))
        check_settings(self, faults + self._own_faults())
        object.__setattr__(self, "watched", Watched(self.epoch_months, self.discount_per_year))
        object.__setattr__(self, "lessons", Lessons(len(self.arms), self.most_eur))
        object.__setattr__(self, "months", np.zeros(1, np.int64))

    def _own_faults(self) -> list[Fault]:
        """Return what is wrong with the settings that a policy has beside these."""
        return []

    @property
    def arms(self) -> tuple[str, ...]:
        """What can be done, nothing first."""
        return (NOTHING, *self.treatments)

    @property
    def in_trial(self) -> bool:
        """Whether all is still by lot."""
        return int(self.months[0]) <= self.trial_months

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        """Take in last month, and note on whom this month's decision will be."""
        self.months[0] += 1
        self.watched.note(outcomes, self.arms)
        self.lessons.add(self.watched.ended(view))
        self.think(view)
        made = self.decision(view)
        self.watched.propose(view.only(made.rows), np.arange(len(made.rows)), made.arm, made.propensity, made.allowed)

    def think(self, view: InstitutionView) -> None:
        """Draw conclusions from the lessons, if they are to be drawn this month; by default when they are asked for."""

    def net_effect(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> Floats:
        """Return what each arm adds to each customer's value, its cost paid, EUR; -inf where it is not allowed."""
        weights, cost = self.lessons.effect_of_features(self.effect_sd_eur).T, self.lessons.cost_eur
        effect = np.full(allowed.shape, -np.inf)
        for some, part in view.blocks(_ONE_THREAD):
            np.copyto(effect[some], features_of(part) @ weights - cost, where=allowed[some])
        return effect

    def best(self, view: InstitutionView, allowed: NDArray[np.bool_]) -> BestArms:
        """Return what is best for these customers, of what is allowed, shape (customers, arms)."""
        raise NotImplementedError  # each policy that learns has its own; this class is not on the shelf

    def decided_on(self, view: InstitutionView) -> NDArray[np.bool_]:
        """Return who is decided on this month, shape (customers,)."""
        turn = due(view, self.epoch_months)
        return turn | self.watched.fallen_behind(view) if self.arrears_trigger else turn

    def decision(self, view: InstitutionView) -> Decision:
        """Return what is decided this month; the same whenever asked."""
        rows = np.flatnonzero(self.decided_on(view))
        some = view.only(rows)
        allowed = np.stack([np.ones(len(rows), np.bool_), *(some.may(name) for name in self.treatments)], axis=1)
        lot, which = some.uniform(f"{self.name} lot"), some.uniform(f"{self.name} arm")
        by_lot = lot < (self.trial_share if self.in_trial else self.explore_share)
        nth, choices = np.cumsum(allowed, axis=1), allowed.sum(axis=1)
        drawn = (allowed & (nth == 1 + np.floor(which * choices)[:, None])).argmax(axis=1)
        arm, propensity = np.where(by_lot, drawn, 0), np.where(by_lot, 1.0 / choices, 0.0)
        priority = LOT_FIRST + lot  # the lot is served first: it is a small share, and money must not choose for it
        if self.in_trial:  # nothing is by lot, too
            propensity = self.trial_share / choices + np.where(arm == 0, 1.0 - self.trial_share, 0.0)
        elif len(rows):
            best = self.best(some, allowed)
            arm, priority = np.where(by_lot, arm, best.arm), np.where(by_lot, priority, best.priority)
        return Decision(rows, np.where(allowed[np.arange(len(rows)), arm], arm, 0), propensity, allowed, priority)

    def proposals(self, view: InstitutionView) -> Treatments:
        """Return what the lot or what was learnt says, the lot first, then by priority."""
        made = self.decision(view)
        parts = []
        for is_lot, because in ((True, "by lot, to learn"), (False, "best by what was learnt")):
            some = np.flatnonzero(((made.propensity > 0.0) == is_lot) & (made.arm > 0))
            some = some[order_by(-made.priority[some], view.person_id[made.rows[some]])]
            parts.append(Treatments.each(self.arms, made.arm[some], made.rows[some], because=because))
        return Treatments.joined(parts)

    def decide(self, view: InstitutionView) -> Plan | Treatments:
        """Return what to do this month."""
        return self.proposals(view)

    def state(self) -> State:
        """Return what was learnt."""
        parts: dict[str, State] = {
            "watched": self.watched.state(),
            "lessons": self.lessons.state(),
            "own": {"months": self.months.copy()},
        }
        return {f"{part}.{key}": value for part, values in parts.items() for key, value in values.items()}

    def restore(self, state: State) -> None:
        """Take back what was learnt."""
        for part, memory in (("watched", self.watched), ("lessons", self.lessons)):
            memory.restore(
                {key.removeprefix(f"{part}."): value for key, value in state.items() if key.startswith(part)}
            )
        self.months[:] = state["own.months"]

    def notes(self) -> dict[str, float]:
        """Return how much was learnt from, for reports."""
        watched = self.lessons.people[1].sum(axis=1)
        return {f"learnt_from/{name}": float(count) for name, count in zip(self.arms, watched, strict=True)}
