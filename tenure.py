"""The one door: what users of Tenure import. Each name is loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.config import load_experiment
    from experiments.runner import run_experiment
    from policies.plan import Acquisition, OfferChange, Plan, Treatments
    from policies.policy import Policy
    from policies.view import InstitutionView
    from simulation.model import LifecycleModel
    from simulation.settings import MarketSettings

__all__ = [
    "Acquisition",
    "InstitutionView",
    "LifecycleModel",
    "MarketSettings",
    "OfferChange",
    "Plan",
    "Policy",
    "Treatments",
    "load_experiment",
    "run_experiment",
]
_HOMES = {
    "Acquisition": "policies.plan",
    "InstitutionView": "policies.view",
    "LifecycleModel": "simulation.model",
    "MarketSettings": "simulation.settings",
    "OfferChange": "policies.plan",
    "Plan": "policies.plan",
    "Policy": "policies.policy",
    "Treatments": "policies.plan",
    "load_experiment": "experiments.config",
    "run_experiment": "experiments.runner",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tenure' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
