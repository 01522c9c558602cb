"""What others did to their customers, done to ours: to as many of a hundred, by lot, with the same mean amount."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.policies.ordering import order_by
from tenure.policies.parts import MarketNews
from tenure.policies.plan import Treatments
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.view import InstitutionView


def as_others_did(
    view: InstitutionView, seen: MarketNews, weights: NDArray[np.float64], names: Sequence[str], because: str
) -> Treatments:
    """Return some treatments for as large a share of our customers as institutions gave them to theirs.

    Whom they chose cannot be seen, so it is drawn by lot among those of ours who may have the treatment.

    Parameters
    ----------
    seen : MarketNews
        Of the month that is answered.
    weights : array, shape (institutions,)
        How much each institution counts.
    names : sequence of str
        Treatments, the most important first.
    """
    total = weights.sum()
    parts = []
    for name in names:
        if name not in view.treatments:
            raise ValueError(f"no treatment is called '{name}'.{did_you_mean(name, view.treatments)}")
        place = view.treatments.index(name)
        share = float((weights * seen.sent[:, place]).sum() / total) if total > 0.0 else 0.0
        many = int(share * len(view) + 0.5)
        if many:
            amount = float((weights * seen.sent[:, place] * seen.amounts[:, place]).sum() / (share * total))
            may = np.flatnonzero(view.may(name))
            chosen = may[order_by(view.only(may).uniform(f"as others {name}"))][:many]
            parts.append(Treatments.of(name, chosen, amount if amount > 0.0 else None, because))
    return Treatments.joined(parts)
