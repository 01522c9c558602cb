"""A policy's plan as the model takes it: its own copy, checked against view, catalogue and channels."""

from collections.abc import Sequence

from tenure.policies.guard.guard import by_catalogue
from tenure.policies.plan import OfferChange, Plan, as_plan
from tenure.policies.policy import Policy
from tenure.policies.treatments import Treatment
from tenure.policies.view import InstitutionView
from tenure.simulation.institutions.purse import Purse


class PlanError(ValueError):
    """A policy decided what cannot be done: whose policy, when, what, and how to mend it."""


def plan_of(name: str, policy: Policy, view: InstitutionView, treatments: Sequence[Treatment], purse: Purse) -> Plan:
    """Ask the policy of the institution of this name for the month's plan, and take it.

    Whatever the policy does later with what it returned, and however it made it, the plan stays as it was checked.

    Raises
    ------
    PlanError
        If it is no plan, or names a customer, treatment, product or channel that does not exist, or a number that is
        out of reason.
    """
    decided = policy.decide(view)
    try:
        plan = as_plan(decided)
        by_catalogue(plan.treatments, view, treatments)
        if plan.acquisition is not None:
            purse.shares(plan.acquisition)
        if plan.offer is None:
            return plan
        plan.offer.entering(view.products)
        changed = OfferChange(plan.offer.points(view.products), plan.offer.poaching, plan.offer.enters)
        return Plan(plan.treatments, plan.acquisition, changed)
    except (ValueError, TypeError, AttributeError) as error:
        called = getattr(policy, "name", type(policy).__name__)
        raise PlanError(f"policy '{called}' of {name}, month {view.month}: {error}") from error
