"""One life: what a person's months were, and what we believed of them, for `tenure explain --person`."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from agents.person import GONE
from experiments.config import Experiment
from experiments.life import Life, Seen, Sent, life_of
from experiments.own_classes import policies_afresh
from experiments.planning import plan_tasks
from experiments.reading import suggest
from experiments.work import Order, arm_model, state_before
from policies.guards import Allowed
from policies.plan import Plan
from simulation.build import product_rows, world_of_month
from simulation.model import US, LifecycleModel
from simulation.population import COHORT_OF_MONTH_0, newcomers


class WatchedModel(LifecycleModel):
    """A market in which one person's months are written down; nothing else differs."""

    person_id: int
    seen: list[Seen]
    plans: list[Plan]

    def watch(self, person: int) -> None:
        """From now on write down this person's months; the state now comes first, if the person is there."""
        self.person_id, self.seen = person, []
        world = world_of_month(
            self.month - 1, self.seed, self.replication, self.systematic, self.settings.world, self.rules,
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
            truth = self.truths_at(world, at)[0]
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
    return life_of(model, model.person_id, model.seen, arm)


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
