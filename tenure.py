"""The one door: what users of Tenure import."""

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
