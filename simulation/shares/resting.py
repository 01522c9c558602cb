"""A market at rest: what shares are held in, and how they come out there month by month."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.settings.classification import QuadrantSettings
from tenure.simulation.settings.guards import GuardSettings, InstitutionGuards
from tenure.simulation.settings.institution import InstitutionSettings, PolicySettings
from tenure.simulation.settings.market import MarketSettings

SEED = 20_241_117
"""Key of the luck with which shares are looked for, whatever the seed of a run."""
FIRST_MONTH, LAST_MONTH = 24, 120
"""Months that are lived at least, and at most, before shares are looked at: else as many as burn-in has."""
WINDOW = 60
"""Months over which shares are to be those written, counted from the end of burn-in."""
MOST_FOR_ONE = 1000
"""Simulated people for a real one at most, as every market has it."""


class RestingMarket(Protocol):
    """A market that lives."""

    people: NDArray[np.void]

    def step(self) -> None:
        """One month."""
        ...


class Makes(Protocol):
    """Makes a market that lives."""

    def __call__(self, config: MarketSettings, seed: int) -> RestingMarket:
        """Return the market of these settings, with this key of its luck."""
        ...


def resting(market: MarketSettings) -> MarketSettings:
    """Return what a market's shares depend on: its terms when it opens, nobody treating, learning or bound by rules.

    The common factor stays at its mean. An institution without customers takes no part; numbers of people, seeds and
    all that is only recorded are left out.
    """
    now = market.at(-market.burn_in_months)
    split = any(one.acquisition_share is not None for one in now.institutions().values())
    plain = {
        "people": now.stands_for or now.people,
        "stands_for": now.stands_for or now.people,
        "burn_in_months": min(max(now.burn_in_months, FIRST_MONTH), LAST_MONTH),
        "start": MarketSettings.model_fields["start"].default,
        "currency": MarketSettings.model_fields["currency"].default,
        "us": _at_rest(now.us, split),
        "rivals": {name: _at_rest(one, split) for name, one in now.rivals.items() if one.share > 0.0},
        "quadrants": QuadrantSettings(),
        "schemes": MarketSettings.model_fields["schemes"].default,
        "segments": {},
        "tag_history": (),
        "compare_beliefs_every_months": MarketSettings.model_fields["compare_beliefs_every_months"].default,
        "treatments": {},
        "guards": now.guards if split else GuardSettings(),
        "world": now.world.model_copy(update={"macro_sd": 0.0}),
    }
    return now.model_copy(update=plain)


def _at_rest(one: InstitutionSettings, split: bool) -> InstitutionSettings:
    asleep: dict[str, object] = {
        "policy": PolicySettings(policy="do_nothing"),
        "guards": InstitutionGuards(),
        "feedback": None,
        "existing_customers": ("open",),
        "business_line": None,
    }
    if not split:
        asleep["budget_per_month"] = None
    if one.share == 0.0:  # only we can be without customers here
        asleep |= {"visible": False, "acquisition": {}}
    return one.model_copy(update=asleep)


def shares_lived(
    rest: MarketSettings, quality: Mapping[str, float], people: int, make_model: Makes
) -> NDArray[np.float64]:
    """Return the shares of all institutions, nobody's first, from the end of burn-in on: (months, institutions + 1)."""
    count = min(people, MOST_FOR_ONE * rest.people)
    model = make_model(rest.with_qualities(quality).model_copy(update={"people": count}), SEED)
    found, institutions = [], len(rest.institutions())
    for month in range(rest.burn_in_months + WINDOW + 1):
        if month > 0:
            model.step()
        if month >= rest.burn_in_months:
            here = model.people["provider"]
            counted = np.bincount(here[here >= 0], minlength=institutions + 1)
            found.append(counted / max(1, counted.sum()))
    return np.array(found)
