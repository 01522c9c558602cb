"""The one door: what users of Tenure import. Each name is loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenure.agents.declaring import Parameter
    from tenure.experiments.analysis.why.answer import why
    from tenure.experiments.config.experiment import load_experiment
    from tenure.experiments.export.comparisons import comparison_frame
    from tenure.experiments.panel.living import panel_frame
    from tenure.experiments.plugins.marks import metric, observer, rule, switch
    from tenure.experiments.report.in_python.figure import report_figure
    from tenure.experiments.running.runner import run_experiment
    from tenure.experiments.store.results import open_results
    from tenure.policies.plan import Acquisition, OfferChange, Plan, PoachingOffer, Treatments
    from tenure.policies.policy import Policy
    from tenure.policies.view import InstitutionView
    from tenure.simulation.model import LifecycleModel
    from tenure.simulation.settings.market import MarketSettings

__all__ = [
    "Acquisition",
    "InstitutionView",
    "LifecycleModel",
    "MarketSettings",
    "OfferChange",
    "Parameter",
    "Plan",
    "PoachingOffer",
    "Policy",
    "Treatments",
    "comparison_frame",
    "load_experiment",
    "metric",
    "observer",
    "open_results",
    "panel_frame",
    "report_figure",
    "rule",
    "run_experiment",
    "switch",
    "why",
]
_HOMES = {
    "Acquisition": "tenure.policies.plan",
    "InstitutionView": "tenure.policies.view",
    "LifecycleModel": "tenure.simulation.model",
    "MarketSettings": "tenure.simulation.settings.market",
    "OfferChange": "tenure.policies.plan",
    "Parameter": "tenure.agents.declaring",
    "Plan": "tenure.policies.plan",
    "PoachingOffer": "tenure.policies.plan",
    "Policy": "tenure.policies.policy",
    "Treatments": "tenure.policies.plan",
    "comparison_frame": "tenure.experiments.export.comparisons",
    "load_experiment": "tenure.experiments.config.experiment",
    "metric": "tenure.experiments.plugins.marks",
    "observer": "tenure.experiments.plugins.marks",
    "open_results": "tenure.experiments.store.results",
    "panel_frame": "tenure.experiments.panel.living",
    "report_figure": "tenure.experiments.report.in_python.figure",
    "rule": "tenure.experiments.plugins.marks",
    "run_experiment": "tenure.experiments.running.runner",
    "switch": "tenure.experiments.plugins.marks",
    "why": "tenure.experiments.analysis.why.answer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tenure' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
