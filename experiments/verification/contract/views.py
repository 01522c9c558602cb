"""What a policy is shown when its contract is tried: the months of small markets, and the same months changed."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np

from tenure.experiments.config.market_files import read_market
from tenure.experiments.shipped import MARKETS
from tenure.policies.outcomes import Outcomes
from tenure.policies.plan import Treatments
from tenure.policies.policy import State
from tenure.policies.view import InstitutionView, records_of, with_records
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from

PEOPLE = 2000
BUDGET_PER_MONTH = 4000.0
"""EUR that a trial's institutions may spend on treatments, of the market as it is with all its people."""
FIRST, LAST, FAR = -2, 26, 59
"""Months lived: from two of warm-up on; and a month shown with the customers of the last."""


class ShownMonth(NamedTuple):
    """A month as a policy meets it."""

    when: str
    view: InstitutionView
    told: Outcomes
    """What became of the month before."""

    def again(self) -> InstitutionView:
        """Return the view as nobody has looked at it yet."""
        return self.view.only(slice(None))


class Story(NamedTuple):
    """A market that was lived, kept so that truth can be changed behind its views, and our months in it."""

    model: LifecycleModel
    months: tuple[ShownMonth, ...]
    needs_truth: bool
    """Whether the views are those of an oracle."""

    @property
    def some(self) -> tuple[ShownMonth, ...]:
        """A few months, early and late."""
        return tuple(one for one in self.months if one.view.month in (0, 8, LAST))


class _Teller:
    """Treats a tenth of the customers by luck, keeps every month it sees, and lets a policy be told of it later."""

    name = "teller"
    needs_news = True

    def __init__(self, needs_truth: bool) -> None:
        self.needs_truth = needs_truth
        self.months: list[ShownMonth] = []

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        order = np.arange(len(view))[::-1]  # behind a view the records lie in another order than its customers
        copy = with_records(view, records_of(view)[::-1].copy(), order)
        self.months.append(ShownMonth(f"month {view.month}", copy, outcomes))

    def decide(self, view: InstitutionView) -> Treatments:
        names = view.treatments[1:]
        chosen = np.flatnonzero(view.uniform("whom") < 0.1)
        return Treatments.each(names, (view.uniform("what") * len(names)).astype(np.int64)[chosen], chosen)

    def state(self) -> State:
        return {}


@cache
def story(market: str, seed: int, last: int = LAST, needs_truth: bool = False) -> Story:
    """Live a shipped market of some hundred customers of ours, and return what we saw of it month by month."""
    model = small_market(market, seed)
    model.set_policy(model.us.name, _Teller(needs_truth))
    while model.month <= last:
        model.step()
    teller = model.us.policy
    if not isinstance(teller, _Teller):
        raise TypeError("the market has another policy than it was given")
    return Story(model, tuple(teller.months), needs_truth)


def small_market(market: str, seed: int, people: int = PEOPLE, first_month: int = FIRST) -> LifecycleModel:
    """Return a shipped market with few people, in which there is money to treat customers."""
    data = read_market(MARKETS / f"{market}.market.yaml").data
    guards = {"budget_per_month": BUDGET_PER_MONTH}
    return LifecycleModel(market_from({**data, "people": people, "guards": guards}), seed=seed, first_month=first_month)


def odd_months(of: Story) -> Iterator[ShownMonth]:
    """Yield what is rare: nobody in view, one customer in view, a month years ahead."""
    base, last = of.some[1], of.months[-1]
    for count, words in ((0, "nobody in view"), (1, "one customer in view")):
        few = base.view.only(np.arange(min(count, len(base.view))))
        yield ShownMonth(f"{base.when}, {words}", few, Outcomes.none(base.view.treatments))
    view = last.view
    order = np.arange(len(view))[::-1]
    far = with_records(view, records_of(view)[::-1].copy(), order, FAR)
    yield ShownMonth(f"month {FAR}", far, last.told)
