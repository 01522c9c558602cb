"""A policy's plan as the model takes it: its own copy, checked against view, catalogue and channels."""

from typing import TYPE_CHECKING

from policies.guards import by_catalogue
from policies.plan import OfferChange, Plan, as_plan
from simulation.institution import InstitutionAgent

if TYPE_CHECKING:
    from simulation.model import LifecycleModel


class PlanError(ValueError):
    """A policy decided what cannot be done: whose policy, when, what, and how to mend it."""


def plan_of(model: "LifecycleModel", one: InstitutionAgent) -> Plan:
    """Ask an institution's policy for this month's plan, and take it.

    Whatever the policy does later with what it returned, and however it made it, the plan stays as it was checked.

    Raises
    ------
    PlanError
        If it is no plan, or names a customer, treatment, product or channel that does not exist, or a number that is
        out of reason.
    """
    view = model.views[one.index]
    decided = one.policy.decide(view)
    try:
        plan = as_plan(decided)
        by_catalogue(plan.treatments, view, model.treatments)
        if plan.acquisition is not None:
            model.money.shares(one.index, plan.acquisition)
        if plan.offer is None:
            return plan
        return Plan(plan.treatments, plan.acquisition, OfferChange(plan.offer.points(view.products)))
    except (ValueError, TypeError, AttributeError) as error:
        policy = getattr(one.policy, "name", type(one.policy).__name__)
        raise PlanError(f"policy '{policy}' of {one.name}, month {model.month}: {error}") from error
