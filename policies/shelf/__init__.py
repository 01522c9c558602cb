"""The shelf: policies ready to use, by the name that a config gives."""

from collections.abc import Mapping

from tenure.policies.policy import Policy, SettingsError, build_policy
from tenure.policies.settings.faults import Fault
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.shelf.do_nothing import DoNothing
from tenure.policies.shelf.needs_led import NeedsLed
from tenure.policies.shelf.optimal_structure import OptimalStructure
from tenure.policies.shelf.oracle import Oracle
from tenure.policies.shelf.price_match import PriceMatch
from tenure.policies.shelf.price_war import PriceWar
from tenure.policies.shelf.propensity_retention import PropensityRetention
from tenure.policies.shelf.random_trial import RandomTrial
from tenure.policies.shelf.roi_knapsack import RoiKnapsack
from tenure.policies.shelf.rules import QuadrantRules, Rules, StageRules
from tenure.policies.shelf.thompson import Thompson
from tenure.policies.shelf.uniform import Uniform
from tenure.policies.shelf.uplift import Uplift

_ALL: tuple[type, ...] = (
    DoNothing,
    Uniform,
    RandomTrial,
    Rules,
    QuadrantRules,
    StageRules,
    PriceWar,
    PriceMatch,
    NeedsLed,
    PropensityRetention,
    Uplift,
    RoiKnapsack,
    OptimalStructure,
    Thompson,
    Oracle,
)
SHELF: dict[str, type] = {str(vars(policy)["name"]): policy for policy in _ALL}
"""Name -> class of every policy on the shelf."""
ALIASES: Mapping[str, str] = {"static": "do_nothing"}
"""Another word for a policy of the shelf -> its name; an institution that changes nothing is static."""


def make_policy(
    name: str, settings: Mapping[str, object] | None = None, known: Mapping[str, type] | None = None
) -> Policy:
    """Return a policy by name, with its settings.

    Parameters
    ----------
    name : str
        As in a config.
    settings : mapping, optional
        The fields of its class.
    known : mapping, optional
        Name -> class, such as the shelf and a user's own; by default the shelf.

    Raises
    ------
    SettingsError
        If no policy has the name, or a setting is unknown, missing or of the wrong kind.
    """
    shelf = SHELF if known is None else known
    name = ALIASES.get(name, name)
    if name not in shelf:
        own = "One of your own is found if its file is named: --policies FILE."
        mend = f"{did_you_mean(name, [*shelf, *ALIASES])} {own}".strip()
        raise SettingsError(name, [Fault(f"no policy is called '{name}'", mend, ("policy",))])
    return build_policy(shelf[name], settings or {})
