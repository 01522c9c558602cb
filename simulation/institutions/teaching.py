"""What policies that learn are told of last month; and the view of an oracle, whose estimates are true."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import OTHER_LINES, QUADRANTS
from tenure.agents.compiling import rule
from tenure.agents.person import CHARGED_OFF
from tenure.policies.guard.guard import Allowed
from tenure.policies.outcomes import Outcomes
from tenure.policies.parts import read_only
from tenure.policies.policy import Learner, Policy
from tenure.policies.treatments import Treatment
from tenure.simulation.institutions.contacts import cost_cents, taken_contacts
from tenure.simulation.institutions.files import Files

KNOWN_FOR_SURE = 1e6
"""Evidence for a need of which an oracle is sure."""


def learner(policy: Policy) -> Learner | None:
    """Return the policy if it learns."""
    return policy if hasattr(policy, "learn") else None  # type: ignore[return-value]  # a learner has all three


def learnt_state(policy: Policy) -> dict[str, NDArray[np.generic]]:
    """Return what a policy has learnt, as arrays under names of their own; nothing of one that does not learn."""
    one = learner(policy)
    return {} if one is None else {f"policy.{key}": np.array(values) for key, values in one.state().items()}


def restore_learnt(policy: Policy, state: Mapping[str, NDArray[np.generic]]) -> None:
    """Take back what `learnt_state` gave."""
    learnt = {
        key.removeprefix("policy."): np.array(values) for key, values in state.items() if key.startswith("policy.")
    }
    one = learner(policy)
    if one is not None and learnt:
        one.restore(learnt)


def profit_eur(
    margin_per_year: NDArray[np.float64],
    charged_off: NDArray[np.bool_],
    owed_cents: NDArray[np.int64],
    products: NDArray[np.void],
) -> NDArray[np.float64]:
    """Return what an institution made of customers in a month, before treatment; see `month_profit_eur`.

    Parameters
    ----------
    margin_per_year, charged_off, owed_cents : array, shape (customers,)
        The month's margin, times twelve; whether charged off this month; what was owed a month ago.
    products : structured array
        Of the market.
    """
    loss = average_loss(products)
    return month_profit_eur(margin_per_year, charged_off, owed_cents, loss)  # type: ignore[arg-type, return-value]  # arrays


def average_loss(products: NDArray[np.void]) -> float:
    """Return the loss given default that products of credit have on average; 0 without any."""
    lends = products["lends"] == 1
    return float(products["loss_given_default"][lends].mean()) if lends.any() else 0.0


@rule
def month_profit_eur(margin_per_year: float, charged_off: bool, owed_cents: int, loss: float) -> float:
    """What is made of a customer in a month, before treatment: margin, less what default cost; of arrays, too.

    The loss of a charge-off is what was owed a month ago times the loss given default that the products have on
    average; the rest is recovered over years.
    """
    return margin_per_year / 12.0 - charged_off * (loss * owed_cents / 100.0)


def outcomes_of(
    allowed: Allowed,
    files: Files,
    signals: NDArray[np.void],
    me: int,
    treatments: Sequence[Treatment],
    world: np.void,
) -> Outcomes:
    """Return what became of those who were in an institution's view this month, as its books tell."""
    seen, owed = signals[files.at], files.records["credit_cents"][files.places]
    contacts = allowed.contacts
    treatment = np.zeros(len(seen), np.int64)
    treatment[contacts["row"]] = contacts["treatment"]
    ours = seen["before"] == me
    taken = taken_contacts(seen, treatment, me)
    cost = np.zeros(len(seen))
    cost[contacts["row"]] = cost_cents(contacts, taken[contacts["row"]], world["effects"])
    products, lost = world["products"][: world["product_count"]], seen["cause"] == CHARGED_OFF
    profit = profit_eur(seen["margin_per_year"], lost, owed, products) * ours
    ids = files.records["person_id"][files.places]
    names = tuple(one.name for one in treatments)
    months = (taken, seen["provider"] == me, profit, cost / 100.0)
    return Outcomes(read_only(ids), read_only(treatment), names, *map(read_only, months))


def truthful(
    people: NDArray[np.void], files: Files, truths: NDArray[np.void], rows: NDArray[np.int64]
) -> NDArray[np.void]:
    """Return an institution's records with the truth in place of estimates, for its customers.

    Parameters
    ----------
    truths : structured array, shape (customers,)
        dtype TRUTH, of the people at `rows`.
    rows : int array, shape (customers,)
        The institution's customers among the people, ascending.
    """
    records = files.records.copy()
    mine = np.isin(files.at, rows) & (files.scopes <= OTHER_LINES)
    at, places = np.searchsorted(rows, files.at[mine]), files.places[mine]
    one, true = people[files.at[mine]], truths[at]
    for name in ("default_per_year", "margin_per_year", "quadrant"):
        records[name][places] = true[name]
    records["risk_mean"][places], records["return_mean"][places] = true["risk"], true["margin_per_year"]
    records["care_mean"][places], records["stage"][places] = one["satisfaction"], one["stage"]
    records["need_yes"][places] = KNOWN_FOR_SURE * one["need"]
    records["need_no"][places] = KNOWN_FOR_SURE * (1.0 - one["need"])
    if int(records["quadrant"].max(initial=0)) >= len(QUADRANTS):
        raise ValueError(f"a true quadrant must be one of {len(QUADRANTS)}; got {int(records['quadrant'].max())}")
    return records


def outcomes_state(outcomes: Outcomes | None) -> dict[str, NDArray[np.generic]]:
    """Return what an institution that learns was told, as arrays of a state."""
    known = {} if outcomes is None else outcomes._asdict()
    return {f"outcomes.{field}": np.array(values) for field, values in known.items() if field != "names"}


def restored_outcomes(state: Mapping[str, NDArray[np.generic]], names: tuple[str, ...]) -> Outcomes | None:
    """Return the outcomes that a state holds, if it does; `names` are those of the treatments."""
    if "outcomes.person_id" not in state:
        return None
    parts = {field: read_only(state[f"outcomes.{field}"]) for field in Outcomes._fields if field != "names"}
    return Outcomes(names=names, **parts)
