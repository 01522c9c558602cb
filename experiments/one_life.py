"""One life: what a person's months were, and what we believed of them, for `tenure explain --person`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from agents.belief import NEWS, QUADRANTS, SCOPES
from agents.market import DEPOSIT, FEE, INSTALMENT, MAX_CHANNELS, REVOLVING
from agents.person import CAUSES, GONE, NO_EXIT, NOBODY, POACHED, STAGES
from experiments.config import Experiment
from experiments.own_classes import policies_afresh
from experiments.planning import plan_tasks
from experiments.reading import suggest
from experiments.work import Order, arm_model, state_before
from policies.guards import Allowed
from policies.plan import Plan
from simulation.build import product_rows, world_of_month
from simulation.model import US, LifecycleModel
from simulation.population import COHORT_OF_MONTH_0, newcomers

START = -1
"""Month of the state before month 0."""
EXITS = {
    "ended": "ended by {}", "charged_off": "charged off by {}", "settled": "left {}: last product ran off, none taken",
    "own_reasons": "left {}: own reasons, gone for good",
}  # fmt: skip
"""Way out -> how a line tells it."""
TOLD_TAGS = ("quadrant", "segment")
"""Schemes whose changes a line tells; the others are columns, or bands of what a column shows."""


class Sent(NamedTuple):
    """A treatment that the guard let through to the person."""

    institution: int
    treatment: int
    amount: float
    because: str


class Seen(NamedTuple):
    """A month of the person as the model held it: at its end, and our record once we have heard of it."""

    month: int
    person: Any
    """one row of PERSON"""
    signal: Any
    """one row of SIGNAL"""
    truth: Any
    """one row of TRUTH"""
    sent: tuple[Sent, ...] = ()
    belief: Any = None
    """one row of BELIEF; None: not in our files"""
    tags: Mapping[str, str] = {}
    """Scheme -> tag in our files"""


@dataclass(frozen=True)
class Believed:
    """What we believed of the person: made of this month's signals when the next month begins, before we act."""

    scope: str
    stage: str
    quadrant: str
    default_per_year: float
    margin_per_year: float
    leave_per_year: float
    tags: dict[str, str]


@dataclass(frozen=True)
class Month:
    """What was true of the person at a month's end, what we believed, and what had happened.

    Attributes
    ----------
    month : int
        From the start of the arm; -1 the state before it.
    provider, stage : str
        Main provider, and the true stage of the relationship with it.
    products : list of str
        Held with the provider.
    credit, deposits : float
        EUR with the provider.
    months_past_due : int
        Missed payments outstanding.
    default_per_year : float
        True probability of three missed payments within 12 months.
    margin_per_year : float
        EUR a year that the provider earns, before credit loss.
    quadrant : str
        True, of the two numbers before.
    believed : Believed or None
        None where the person is not in our files.
    happened : list of str
        In the order of a month.
    because : dict
        Line of `happened` that is a treatment -> the reason its policy gave.
    """

    month: int
    provider: str
    stage: str
    products: list[str]
    credit: float
    deposits: float
    months_past_due: int
    default_per_year: float
    margin_per_year: float
    quadrant: str
    believed: Believed | None
    happened: list[str]
    because: dict[str, str]


@dataclass(frozen=True)
class Life:
    """A person and their months under one arm; need is a level from 0 to 1 for each product."""

    person: int
    age_years: float
    income_per_month: float
    need: dict[str, float]
    arm: str
    replication: int
    months: list[Month]


class WatchedModel(LifecycleModel):
    """A market in which one person's months are written down; nothing else differs."""

    person_id: int
    seen: list[Seen]
    plans: list[Plan]

    def watch(self, person: int) -> None:
        """From now on write down this person's months; the state now comes first, if the person is there."""
        self.person_id, self.seen = person, []
        world = world_of_month(
            self.month - 1, self.seed_key, self.replication, self.systematic, self.settings.world, self.rules,
            self.offers,
        )  # fmt: skip
        self._note(self.month - 1, world, ())

    def hear(self) -> None:
        """Put our record beside the month that it was made of."""
        at = np.flatnonzero(self.people["id"] == self.person_id)
        if not self.seen or not len(at):
            return
        files = self.files[US]
        place = int(files.place_of[at[0]])
        belief = files.records[place].copy() if place >= 0 else None
        words = self.schemes.words()
        codes = zip(self.tags_kept, files.tags[:, place].tolist() if place >= 0 else (), strict=False)
        tags = {name: words[name][code] for name, code in codes if code >= 0}
        self.seen[-1] = self.seen[-1]._replace(belief=belief, tags=tags)

    def decide(self) -> list[Plan]:
        """Each policy makes a plan, after what was believed is written down."""
        self.hear()
        self.plans = super().decide()
        return self.plans

    def record(self, world: Any, totals: Any, allowed: list[Allowed]) -> None:
        """Write the person's month down."""
        super().record(world, totals, allowed)
        self._note(self.month, world, allowed)

    def _note(self, month: int, world: Any, allowed: Sequence[Allowed]) -> None:
        at = np.flatnonzero(self.people["id"] == self.person_id)
        if len(at):
            row = int(at[0])
            truth = self._truths(world, at)[0]
            person, signal = self.people[row].copy(), self.signals[row].copy()
            self.seen.append(Seen(month, person, signal, truth, tuple(self._sent(row, allowed))))

    def _sent(self, row: int, allowed: Sequence[Allowed]) -> list[Sent]:
        sent = []
        for one, result in zip(self.institutions, allowed, strict=False):
            listed = self.plans[one.index - 1].treatments
            rows = self.files[one.index].at[result.contacts["row"]] if len(result.contacts) else np.zeros(0)
            for hit in np.flatnonzero(rows == row).tolist():
                because = listed.reasons[int(listed.because[result.served[hit]])]
                contact = result.contacts[hit]
                sent.append(Sent(one.index, int(contact["treatment"]), float(contact["amount"]), because))
        return sent


def live_one_life(
    experiment: Experiment, person: int, arm: str = "", replication: int = 0, months: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Life:  # fmt: skip
    """Live an arm as a run does, and return one person's months.

    Parameters
    ----------
    person : int
        Id: 1 to the number of people, or a newcomer's.
    arm : str
        By default the champion.
    months : int
        Of the arm; 0: as many as the experiment has. A life that leaves the market ends sooner.
    progress : callable
        Told months lived, those before month 0 included, and months to live.

    Raises
    ------
    ValueError
        If there is no such arm or person, or the person had left the market before month 0.
    """
    arm, months = arm or experiment.settings.champion, months or experiment.settings.months
    if arm not in experiment.arms:
        raise ValueError(f"there is no arm '{arm}'. {suggest(arm, experiment.arms)}")
    order = plan_tasks(experiment, Path()).order
    before = order.burn_in_months + order.warm_up_months
    _must_be_born(experiment, person, replication, -before, months)
    done = 0

    def lived(month: int = 0) -> None:
        nonlocal done
        done += 1
        progress(done, before + months)

    with policies_afresh(order.own) as known:
        return _lived_life(order, known, person, arm, replication, months, lived)


def _lived_life(
    order: Order, known: Mapping[str, type], person: int, arm: str, replication: int, months: int,
    lived: Callable[[int], None],
) -> Life:  # fmt: skip
    state = state_before(order, replication, known, lived)
    _must_be_there(person, state["people"]["id"])
    model = cast(WatchedModel, arm_model(order, arm, replication, state, known, WatchedModel))
    model.watch(person)
    for month in range(months):
        model.step()
        lived(month)
        if model.seen and model.seen[-1].person["provider"] == GONE:
            break
    model.open()
    model.observe()
    model.hear()
    return _life(model, arm)


def _must_be_born(experiment: Experiment, person: int, replication: int, first: int, months: int) -> None:
    """Refuse an id that nobody has in these months; known before anything is lived."""
    market, cohort = experiment.market, (person >> 32) - COHORT_OF_MONTH_0

    def entering(month: int) -> NDArray[np.int64]:
        rules, kinds = market.rulebook(), product_rows(market)["kind"]
        ids: NDArray[np.int64] = newcomers(market, rules, kinds, month, experiment.settings.seed, replication)["id"]
        return ids

    if 1 <= person <= market.people or (first <= cohort < months and person in entering(cohort)):
        return
    text = f"there is no person {person}. Persons 1 to {market.people} live when the market begins"
    month = next((one for one in range(months) if len(entering(one))), None)
    if month is not None:
        ids = entering(month)
        text += f"; later ones enter month by month: {ids[0]} to {ids[-1]} in month {month}"
    raise ValueError(text)


def _must_be_there(person: int, ids: NDArray[np.int64]) -> None:
    """Refuse who was born before month 0 and is no longer in the market then."""
    early = (person >> 32) - COHORT_OF_MONTH_0 < 0
    if early and person not in ids:
        after = ids[ids > person]
        raise ValueError(
            f"person {person} left the market before month 0. "
            f"Try one who is still there: --person {int(after.min() if len(after) else ids.min())}"
        )


def _life(model: WatchedModel, arm: str) -> Life:
    """Tell what was seen."""
    first = model.seen[0].person
    need = dict(zip(model.product_names, first["need"].tolist(), strict=False))
    told = [_month(model, before, now) for before, now in zip([None, *model.seen], model.seen, strict=False)]
    return Life(
        model.person_id, float(first["age_years"]), float(first["income"]), need, arm, model.replication, told
    )  # fmt: skip


def _month(model: WatchedModel, before: Seen | None, now: Seen) -> Month:
    person, truth, belief = now.person, now.truth, now.belief
    kinds, cents = model.products["kind"], person["balance_cents"][: len(model.products)]
    believed = None
    if belief is not None:
        believed = Believed(
            SCOPES[belief["scope"]], STAGES[belief["stage"]], QUADRANTS[belief["quadrant"]],
            float(belief["default_per_year"]), float(belief["margin_per_year"]), float(belief["leave_per_year"]),
            dict(now.tags),
        )  # fmt: skip
    happened = [] if now.month == START else _happened(model, before, now)
    return Month(
        now.month, "gone" if person["provider"] == GONE else model.names[person["provider"]], STAGES[person["stage"]],
        _names(model, person["held"]), int(cents[np.isin(kinds, (INSTALMENT, REVOLVING))].sum()) / 100.0,
        int(cents[np.isin(kinds, (DEPOSIT, FEE))].sum()) / 100.0, int(person["months_past_due"]),
        float(truth["default_per_year"]), float(truth["margin_per_year"]), QUADRANTS[truth["quadrant"]], believed,
        happened, {_treated(model, one, now.signal): one.because for one in now.sent if one.because},
    )  # fmt: skip


def _names(model: WatchedModel, held: NDArray[Any]) -> list[str]:
    return [name for name, one in zip(model.product_names, held, strict=False) if one]


def _happened(model: WatchedModel, before: Seen | None, now: Seen) -> list[str]:
    """Return what the month brought, in the order of a month."""
    person, signal, told = now.person, now.signal, []
    if before is None:
        told.append("entered the market")
    if person["episode_product"] >= 0 and (before is None or before.person["episode_product"] < 0):
        told.append(f"need for {model.product_names[person['episode_product']]} became acute")
    told += [_treated(model, one, signal) for one in now.sent]
    if before is not None and signal["cause"] == NO_EXIT and signal["joined"] == 0:
        told += _accounts(model, before.person, person)
    from_ = model.names[max(NOBODY, int(signal["before"]))]
    if signal["cause"] not in (NO_EXIT, POACHED):
        told.append(EXITS[CAUSES[signal["cause"]]].format(from_))
    if signal["joined"]:
        where = f"left {from_} for" if signal["cause"] == POACHED else "joined"
        opened = ", ".join(_names(model, person["held"]))
        told.append(f"{where} {model.names[signal['provider']]}, {_how(model, signal)}, with {opened}")
    if before is not None:
        owed, owed_now = (int(one["owed_before_cents"]) for one in (before.person, person))
        if owed_now > owed:
            told.append(f"still owes {owed_now / 100:,.0f} EUR to {model.names[person['owed_before_to']]}")
        elif owed > 0 and owed_now == 0:
            told.append("paid off what was owed to a former lender")
        told += _files(before, now)
    return told


def _treated(model: WatchedModel, sent: Sent, signal: Any) -> str:
    """Tell a treatment and what became of it."""
    treatment = model.treatments[sent.treatment]
    amount = f" {sent.amount:g} {treatment.amount_unit}" if treatment.amount_unit else ""
    became = "" if not treatment.needs_yes else ", taken" if signal["taken"] else ", not taken"
    if sent.institution != signal["before"]:
        became = ", as an invitation"
    return f"{model.names[sent.institution]}: {treatment.name}{amount}{became}"


def _accounts(model: WatchedModel, before: Any, person: Any) -> list[str]:
    """Tell products taken and run off, payments missed and made up for, while the provider stays."""
    told = []
    for k, name in enumerate(model.product_names):
        if person["held"][k] and (not before["held"][k] or person["months_left"][k] > before["months_left"][k]):
            told.append(f"took {name}")
        elif before["held"][k] and not person["held"][k]:
            told.append(f"{name} paid back")
    due, due_now = int(before["months_past_due"]), int(person["months_past_due"])
    if due_now > due:
        told.append("missed a payment")
    elif due_now < due:
        told.append("no longer past due" if due_now == 0 else "made up for a missed payment")
    return told


def _how(model: WatchedModel, signal: Any) -> str:
    """Tell how a joiner came; `source` is 1 looked around, 2 + channel, the last by invitation."""
    source = int(signal["source"])
    if source == 1:
        return "having searched"
    if source == 2 + MAX_CHANNELS:
        return "invited"
    name = model.names[signal["provider"]]
    return f"reached by {tuple(model.settings.institutions()[name].acquisition)[source - 2]}"


def _files(before: Seen, now: Seen) -> list[str]:
    """Tell what changed in our files: why we keep a record, and the tags."""
    if now.belief is None:
        return ["our file closed"] if before.belief is not None else []
    scope = SCOPES[now.belief["scope"]]
    if before.belief is None:
        return (
            []
            if now.signal["joined"] and now.person["provider"] == US
            else [f"our file opened: {scope.replace('_', ' ')}"]
        )
    told = []
    if now.belief["scope"] != before.belief["scope"]:
        told.append(f"in our files as: {scope.replace('_', ' ')}")
    for scheme in TOLD_TAGS:
        old, new = before.tags.get(scheme, ""), now.tags.get(scheme, "")
        if old != new:
            why = NEWS[now.belief["news"]]
            old, new = (tag.replace("_", " ") or "none" for tag in (old, new))
            told.append(f"our tag {scheme}: {old} -> {new} ({why})")
    return told
