"""What an institution is shown when it decides: its files as a view, and what all have posted."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from agents.market import KINDS
from policies.guards import Means
from policies.view import InstitutionView
from policies.view_parts import PostedOffers
from simulation.files import Files
from simulation.institution import InstitutionAgent
from simulation.teaching import truthful

if TYPE_CHECKING:
    from simulation.model import LifecycleModel


def view_of(model: "LifecycleModel", one: InstitutionAgent, files: Files) -> InstitutionView:
    """Return an institution's view of its files and of the posted offers, which are the same for all."""
    n = len(model.products)
    prices = np.where(model.offers["sells"][:, :n] == 1, model.offers["price"][:, :n], np.nan)
    kinds = tuple(KINDS[int(kind)] for kind in model.products["kind"])
    posted = PostedOffers(model.names, model.product_names, kinds, prices)
    return InstitutionView(
        _records(model, one, files), posted, one.index, model.month, model.list_prices[one.index, :n],
        model.purse(one) / model.settings.people_each_stands_for, *model.luck, files.places, model.schemes,
        Means(model.treatments, model.guards[one.index - 1], *model.money.in_view(one.index)),
    )  # fmt: skip


def _records(model: "LifecycleModel", one: InstitutionAgent, files: Files) -> NDArray[Any]:
    """Return what it believes of everybody in its files; the truth, for a policy that is an oracle."""
    if not getattr(one.policy, "needs_truth", False):
        return files.records
    rows = np.flatnonzero(model.people["provider"] == one.index)
    return truthful(model.people, files, model.truths_at(model.world_at(model.month), rows), rows)
