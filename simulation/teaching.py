"""What policies that learn are told of last month; and the view of an oracle, whose estimates are true."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.belief import OTHER_LINES, QUADRANTS
from agents.market import INSTALMENT, REVOLVING
from agents.person import CHARGED_OFF
from policies.guards import Allowed
from policies.outcomes import Outcomes
from policies.policy import Learner, Policy
from policies.view_parts import read_only
from simulation.counting import SOURCES, cost_cents
from simulation.files import Files

if TYPE_CHECKING:
    from simulation.model import LifecycleModel

KNOWN_FOR_SURE = 1e6
"""Evidence for a need of which an oracle is sure."""


def learner(policy: Policy) -> Learner | None:
    """Return the policy if it learns."""
    return policy if hasattr(policy, "learn") else None  # type: ignore[return-value]  # a learner has all three


def profit_eur(
    margin_per_year: NDArray[np.float64], charged_off: NDArray[np.bool_], owed_cents: NDArray[np.int64],
    products: NDArray[np.void],
) -> NDArray[np.float64]:  # fmt: skip
    """Return what an institution made of customers in a month, before treatment: margin, less what default cost.

    The loss of a charge-off is what was owed a month ago times the loss given default that the products have on
    average; the rest is recovered over years.

    Parameters
    ----------
    margin_per_year, charged_off, owed_cents : array, shape (customers,)
        The month's margin, times twelve; whether charged off this month; what was owed a month ago.
    products : structured array
        Of the market.
    """
    lends = np.isin(products["kind"], (INSTALMENT, REVOLVING))
    lost = float(products["loss_given_default"][lends].mean()) if lends.any() else 0.0
    profit: NDArray[np.float64] = margin_per_year / 12.0 - np.where(charged_off, lost * owed_cents / 100.0, 0.0)
    return profit


def outcomes_of(model: "LifecycleModel", me: int, allowed: Allowed) -> Outcomes:
    """Return what became of those who were in an institution's view this month, as its books tell."""
    files = model.files[me]
    seen, owed = model.signals[files.at], files.records["credit_cents"][files.places]
    contacts = allowed.contacts
    treatment = np.zeros(len(seen), np.int64)
    treatment[contacts["row"]] = contacts["treatment"]
    ours = seen["before"] == me
    came = (seen["joined"] == 1) & (seen["provider"] == me) & (seen["source"] == SOURCES - 1)
    taken = (treatment > 0) & np.where(ours, (seen["taken"] == 1) & (seen["treatment"] == treatment), came)
    cost = np.zeros(len(seen))
    cost[contacts["row"]] = cost_cents(contacts, taken[contacts["row"]], model.effects)
    profit = profit_eur(seen["margin_per_year"], seen["cause"] == CHARGED_OFF, owed, model.products) * ours
    ids = files.records["person_id"][files.places]
    names = tuple(one.name for one in model.treatments)
    months = (taken, seen["provider"] == me, profit, cost / 100.0)
    return Outcomes(read_only(ids), read_only(treatment), names, *map(read_only, months))


def truthful(people: NDArray[np.void], files: Files, truths: NDArray[Any], rows: NDArray[np.int64]) -> NDArray[np.void]:
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


def kept(outcomes: Mapping[int, Outcomes], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Return the outcomes of each institution that learns, as arrays of a state."""
    return {
        f"outcomes.{field}:{names[me]}": np.array(value)
        for me, one in outcomes.items() for field, value in one._asdict().items() if field != "names"
    }  # fmt: skip


def taken_back(state: Mapping[str, NDArray[Any]], names: tuple[str, ...], of: tuple[str, ...]) -> dict[int, Outcomes]:
    """Return the outcomes that a state holds, institution -> outcomes; `of` names the treatments."""
    found = {}
    for me, name in enumerate(names):
        if f"outcomes.person_id:{name}" in state:
            parts = {f: read_only(state[f"outcomes.{f}:{name}"]) for f in Outcomes._fields if f != "names"}
            found[me] = Outcomes(names=of, **parts)
    return found
