"""What a policy is shown when its contract is tried: the months of small markets, and the same months changed."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.market_files import MARKETS
from experiments.reading import read_with_extends
from policies.outcomes import Outcomes
from policies.plan import Treatments
from policies.view import InstitutionView
from simulation.model import US, LifecycleModel
from simulation.settings import market_from

PEOPLE = 2000
FIRST, LAST, FAR = -2, 26, 59
"""Months lived: from two of warm-up on; and a month shown with the customers of the last."""


class Month(NamedTuple):
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
    months: tuple[Month, ...]
    needs_truth: bool
    """Whether the views are those of an oracle."""

    @property
    def some(self) -> tuple[Month, ...]:
        """A few months, early and late."""
        return tuple(one for one in self.months if one.view.month in (0, 8, LAST))


class _Teller:
    """Treats a tenth of the customers by luck, keeps every month it sees, and lets a policy be told of it later."""

    name = "teller"

    def __init__(self, needs_truth: bool) -> None:
        self.needs_truth = needs_truth
        self.months: list[Month] = []

    def learn(self, view: InstitutionView, outcomes: Outcomes) -> None:
        copy = with_files(view, np.array(view._beliefs), places=True)
        self.months.append(Month(f"month {view.month}", copy, outcomes))

    def decide(self, view: InstitutionView) -> Treatments:
        names = view.treatments[1:]
        chosen = np.flatnonzero(view.uniform("whom") < 0.1)
        return Treatments.each(names, (view.uniform("what") * len(names)).astype(np.int64)[chosen], chosen)

    def state(self) -> Mapping[str, NDArray[Any]]:
        return {}


@cache
def story(market: str, seed: int, last: int = LAST, needs_truth: bool = False) -> Story:
    """Live a shipped market of some hundred customers of ours, and return what we saw of it month by month."""
    model = small_market(market, seed)
    model.set_policy(model.names[US], _Teller(needs_truth))
    while model.month <= last:
        model.step()
    teller: Any = model.institutions[US - 1].policy
    return Story(model, tuple(teller.months), needs_truth)


def small_market(market: str, seed: int, people: int = PEOPLE, first_month: int = FIRST) -> LifecycleModel:
    """Return a shipped market with few people."""
    data = read_with_extends(MARKETS / f"{market}.market.yaml").data
    return LifecycleModel(market_from({**data, "people": people}), seed=seed, first_month=first_month)


def odd_months(of: Story) -> Iterator[Month]:
    """Yield what is rare: nobody in view, one customer in view, a month years ahead."""
    base, last = of.some[1], of.months[-1]
    for count, words in ((0, "nobody in view"), (1, "one customer in view")):
        few = base.view.only(np.arange(min(count, len(base.view))))
        yield Month(f"{base.when}, {words}", few, Outcomes.none(base.view.treatments))
    view = last.view
    far = InstitutionView(
        view._beliefs, view.posted, view.me, FAR, view.list_prices, view.budget, *view._key, view._places,
        view.schemes, view.house,
    )  # fmt: skip
    yield Month(f"month {FAR}", far, last.told)


def files(view: InstitutionView) -> NDArray[np.void]:
    """Return a copy of the records in view, in the order of the customers."""
    rows: NDArray[np.void] = np.array(view._beliefs)
    return rows if view._places is None else rows[view._places]


def with_files(view: InstitutionView, rows: NDArray[np.void], places: bool = False) -> InstitutionView:
    """Return the same month with other records; of the customers alone, or with the `places` of the view."""
    return InstitutionView(
        rows, view.posted, view.me, view.month, view.list_prices, view.budget, *view._key,
        view._places if places else None, view.schemes, view.house,
    )  # fmt: skip
