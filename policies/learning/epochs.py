"""What learning policies share: customers are decided on once an epoch, by lot at first, and watched until it ends."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import OTHER_LINES, QUADRANTS
from tenure.agents.person import STAGES
from tenure.policies.needs import needed_most
from tenure.policies.ordering import order_by
from tenure.policies.outcomes import Outcomes
from tenure.policies.owed import lost_in_default_eur
from tenure.policies.view import InstitutionView

CELLS = len(STAGES) * len(QUADRANTS)
CELL_NAMES = tuple(f"{stage}/{quadrant}" for stage in STAGES for quadrant in QUADRANTS)
MAX_ARMS = 16
LEFT = CELLS
"""Where those who are no customers any more have gone."""
FEATURES = ("one", "leave", "default", "margin", "products", "tenure", "need", "care")
DEFAULT_SCALE, MARGIN_SCALE_EUR, PRODUCTS_SCALE, TENURE_SCALE_MONTHS = 5.0, 200.0, 3.0, 60.0
"""What default is multiplied by, and margin, products and tenure divided by, to be about -1..1; assumption."""
MOST_OF_A_FEATURE = 2.0
"""Scaled features are cut off here, so that a few large customers do not decide; assumption."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def cells_of(view: InstitutionView) -> Ints:
    """Return each customer's cell, stage x quadrant as believed, shape (customers,)."""
    return np.asarray(view.stage.astype(np.int64) * len(QUADRANTS) + view.quadrant)


def features_of(view: InstitutionView) -> Floats:
    """Return what a linear model of a customer's worth reads, each about within -1..1, shape (customers, FEATURES)."""
    _, most_needed = needed_most(view.needs(view.products), view.by_product("held", view.products))
    return np.stack(
        [
            np.ones(len(view)),
            view.leave_per_year,
            np.minimum(view.default_per_year * DEFAULT_SCALE, MOST_OF_A_FEATURE),
            np.clip(view.margin_per_year / MARGIN_SCALE_EUR, -MOST_OF_A_FEATURE, MOST_OF_A_FEATURE),
            np.minimum(view.products_held / PRODUCTS_SCALE, MOST_OF_A_FEATURE),
            np.minimum(view.tenure_months / TENURE_SCALE_MONTHS, MOST_OF_A_FEATURE),
            np.maximum(most_needed, 0.0),
            np.clip(view.field("care_mean"), -MOST_OF_A_FEATURE, MOST_OF_A_FEATURE),
        ],
        axis=1,
    )


def due(view: InstitutionView, epoch_months: int) -> NDArray[np.bool_]:
    """Return whose turn it is this month: each customer's once an epoch, shape (customers,)."""
    customers = view.scope <= OTHER_LINES
    return np.asarray(customers & ((view.person_id + view.month) % epoch_months == 0))


def worth_eur(view: InstitutionView, discount_per_year: float | None = None) -> Floats:
    """Return what each customer is believed to be worth from now on, EUR, shape (customers,).

    Margin less expected loss on what is owed, over the years expected, discounted, by default at the market's rate.
    What a default loses is what is owed in each product times its loss given default; the cost of capital is left out,
    as it is of the profit that a policy is told. A surrogate for the future that a trial is too short to see (Athey,
    Chetty, Imbens & Kang 2019).
    """
    yearly = view.margin_per_year - view.default_per_year * lost_in_default_eur(view)
    years = view.years_expected
    rate = view.discount_per_year if discount_per_year is None else discount_per_year
    annuity = (1.0 - np.exp(-rate * years)) / rate if rate > 0.0 else years
    return np.asarray(yearly * annuity)


class Seen(NamedTuple):
    """Customers whose epoch has ended; arrays of shape (customers,)."""

    arm: Ints
    """What was assigned, index into the policy's arms; 0 none."""
    propensity: Floats
    """Chance with which a lot assigned it, above 0 to 1; 0 where no lot did."""
    in_turn: NDArray[np.bool_]
    """Whether it was the customer's turn; else he had fallen behind."""
    allowed: NDArray[np.bool_]
    """What could have been done to whom, shape (customers, arms)."""
    cell: Ints
    end_cell: Ints
    """LEFT for those who are gone."""
    features: Floats
    profit_eur: Floats
    """Over the epoch, before the treatment's cost."""
    cost_eur: Floats
    """What treatments cost meanwhile."""
    value_eur: Floats
    """Profit, and what the customer was believed to be worth at the end less at the start; 0 for those who are gone."""
    drift_eur: Floats
    """What a customer came to be worth beside the others of his cell, more than at the start; moves do not tell it."""


_ROW = np.dtype(
    [
        ("person_id", np.int64),
        ("arm", np.int64),
        ("propensity", np.float64),
        ("allowed", np.int64),
        ("cell", np.int64),
        ("month", np.int64),
        ("stays", np.bool_),
        ("in_turn", np.bool_),
        ("behind", np.bool_),
        ("profit_eur", np.float64),
        ("cost_eur", np.float64),
        ("worth_eur", np.float64),
        ("features", np.float64, (len(FEATURES),)),
    ]
)


class Watched:
    """Customers who were decided on, and what they brought since: the memory of a policy that learns.

    Parameters
    ----------
    epoch_months : int
        From decision to judgement.
    discount_per_year : float, optional
        At which a customer's later worth is discounted; by default the market's rate.
    """

    def __init__(self, epoch_months: int, discount_per_year: float | None = None) -> None:
        self.epoch_months, self.discount_per_year = epoch_months, discount_per_year
        self.pending, self.rows = np.zeros(0, _ROW), np.zeros(0, _ROW)

    def fallen_behind(self, view: InstitutionView) -> NDArray[np.bool_]:
        """Return who owes a payment and has not been decided on since, or not for an epoch; shape (customers,)."""
        behind = np.asarray((view.scope <= OTHER_LINES) & (view.months_past_due > 0))
        some = np.flatnonzero(behind)
        behind[some] = ~np.isin(view.person_id[some], self.rows["person_id"][self.rows["behind"]])
        return behind

    def propose(
        self, view: InstitutionView, chosen: Ints, arm: Ints, propensity: Floats, allowed: NDArray[np.bool_]
    ) -> None:
        """Note whom this month's decision is about: indexes into the view, and for each what `Seen` tells."""
        self.pending = np.zeros(len(chosen), _ROW)
        self.pending["person_id"], self.pending["month"] = view.person_id[chosen], view.month
        self.pending["arm"], self.pending["propensity"] = arm, propensity
        self.pending["cell"], self.pending["features"] = cells_of(view)[chosen], features_of(view)[chosen]
        self.pending["stays"], self.pending["worth_eur"] = True, worth_eur(view, self.discount_per_year)[chosen]
        self.pending["in_turn"] = due(view, self.epoch_months)[chosen]
        self.pending["behind"] = view.months_past_due[chosen] > 0
        self.pending["allowed"] = allowed @ (1 << np.arange(allowed.shape[1]))

    def note(self, outcomes: Outcomes, arms: tuple[str, ...]) -> None:
        """Add a month. Who was assigned something that did not reach him is not watched: the money ended above him."""
        order = order_by(outcomes.person_id)
        ids = outcomes.person_id[order]
        if len(self.pending):
            at, found = _places(ids, self.pending["person_id"])
            code = np.array([outcomes.names.index(name) for name in arms])
            reached = outcomes.treatment[order][at] == code[self.pending["arm"]]
            self.rows = np.concatenate([self.rows, self.pending[found & reached]])
            self.pending = self.pending[:0]
        at, found = _places(ids, self.rows["person_id"])
        here = found & self.rows["stays"]
        for name in ("profit_eur", "cost_eur"):
            month = getattr(outcomes, name)[order]
            self.rows[name] += np.where(here, month[at] if len(ids) else 0.0, 0.0)
        self.rows["stays"] &= found & (outcomes.stays[order][at] if len(ids) else False)

    def ended(self, view: InstitutionView) -> Seen:
        """Return those whose epoch has ended, and forget them."""
        ripe = self.rows["month"] + self.epoch_months <= view.month
        rows, self.rows = self.rows[ripe], self.rows[~ripe]
        order = order_by(view.person_id)
        at, found = _places(view.person_id[order], rows["person_id"])
        here = found & rows["stays"]
        cell_now, worth_now = cells_of(view), worth_eur(view, self.discount_per_year)
        cells, worth = (np.append(one[order], 0)[np.where(here, at, -1)] for one in (cell_now, worth_now))
        usual = np.bincount(cell_now, worth_now, CELLS) / np.maximum(np.bincount(cell_now, minlength=CELLS), 1)
        beside = np.where(here, worth - usual[cells], 0.0) - (rows["worth_eur"] - usual[rows["cell"]])
        return Seen(
            rows["arm"],
            rows["propensity"],
            rows["in_turn"],
            (rows["allowed"][:, None] >> np.arange(MAX_ARMS) & 1) == 1,
            rows["cell"],
            np.where(here, cells, LEFT),
            rows["features"],
            rows["profit_eur"],
            rows["cost_eur"],
            rows["profit_eur"] + np.where(here, worth, 0.0) - rows["worth_eur"],
            beside,
        )

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the memory as arrays."""
        return {"pending": self.pending.copy(), "rows": self.rows.copy()}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the memory back."""
        self.pending, self.rows = state["pending"].astype(_ROW), state["rows"].astype(_ROW)


def _places(ids: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return where each wanted id is among ascending ids, and whether it is there at all."""
    if not len(ids):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    at = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return at, np.asarray(ids[at] == wanted)
