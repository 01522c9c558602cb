"""What a policy answered, in a form that can be compared; and whether a plan is one that a market can take."""

from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.experiments.verification.contract.source import Breach
from tenure.policies.guard.guard import InstitutionMeans, guard
from tenure.policies.plan import Plan, Treatments, as_plan
from tenure.policies.treatments import CROSS_SELL, catalogue
from tenure.policies.view import InstitutionView

PROPOSAL = np.dtype([("customer", np.int64), ("what", np.int64), ("amount", np.float64), ("because", np.int64)])
"""A proposal with the customer's person_id, and treatment and reason by their names."""
CLOSE = 1e-9
"""Relative difference of two sums of the same numbers in another order that is none."""


class Answer(NamedTuple):
    """What a policy decided, as it was when it was given."""

    given: Plan | Treatments
    """The object itself, which the policy may go on changing."""
    plan: Plan
    rows: NDArray[np.void]
    """dtype PROPOSAL, in the order of the plan."""
    offer: tuple[float, ...]
    """Points off each price, and, if it says so, what those get who come from another institution."""
    channels: tuple[tuple[str, float], ...]

    @property
    def columns(self) -> bytes:
        """What stands in the object itself now."""
        if isinstance(self.given, Treatments):
            listed, offer, acquisition = self.given, None, None
        else:
            listed, offer, acquisition = self.given.treatments, self.given.offer, self.given.acquisition
        spread = [offer and (offer.price_cut_points, offer.poaching), acquisition and acquisition.weights]
        return repr([*(np.asarray(one).tolist() for one in vars(listed).values()), *spread]).encode()

    @property
    def key(self) -> bytes:
        """All of it as bytes: the same if and only if the same was decided in the same order."""
        return self.rows.tobytes() + repr((self.offer, self.channels)).encode()

    def alike(self, other: "Answer") -> bool:
        """Return whether the same people get the same, in whatever order, and everybody the same offer."""
        one, two = (np.sort(each.rows[["customer", "what", "amount"]]) for each in (self, other))
        return (
            len(one) == len(two)
            and bool(np.array_equal(one[["customer", "what"]], two[["customer", "what"]]))
            and _close(one["amount"], two["amount"])
            and _close(self.offer, other.offer)
            and [name for name, _ in self.channels] == [name for name, _ in other.channels]
            and _close([share for _, share in self.channels], [share for _, share in other.channels])
        )


def _close(one: ArrayLike, other: ArrayLike) -> bool:
    return np.shape(one) == np.shape(other) and bool(np.allclose(one, other, CLOSE, CLOSE, equal_nan=True))


def answer_of(given: Plan | Treatments, view: InstitutionView) -> Answer:
    """Return what `decide` gave as an answer.

    Raises
    ------
    Breach
        If it treats others' customers, or has codes, reasons, treatments, products or weights that do not exist.
    """
    plan = as_plan(given)
    listed, n = plan.treatments, len(view)
    strangers = listed.customer[listed.customer >= n]
    if len(strangers):
        raise Breach(
            f"it treats customer {int(strangers[0])} of a view of {n}: others' customers are not its own",
            "A customer is an index into the view, from 0: not a person_id.",
            ("person_id", "return", "def decide"),
        )
    known = {treatment.name for treatment in catalogue(dict(zip(view.products, view.kinds, strict=True)))}
    unknown = [name for name in listed.names if name not in {*known, "none", CROSS_SELL}]
    if unknown:
        mend = f"Known are {', '.join(sorted(known))}."
        raise Breach(f"there is no treatment '{unknown[0]}'", mend, (str(unknown[0]),))
    _codes("treatment", listed.treatment, len(listed.names))
    _codes("reason", listed.because, len(listed.reasons))
    rows = np.zeros(len(listed), PROPOSAL)
    amount = np.asarray(listed.amount, np.float64)
    rows["customer"], rows["amount"] = view.person_id[listed.customer], np.where(np.isnan(amount), np.nan, amount + 0.0)
    for field, words, codes in (("what", listed.names, listed.treatment), ("because", listed.reasons, listed.because)):
        named = np.array([crc32(str(word).encode()) for word in words] or [0])
        rows[field] = named[codes] if len(listed) else 0
    return Answer(given, plan, rows, _offer(plan, view), _channels(plan))


def _codes(what: str, codes: NDArray[np.int64], count: int) -> None:
    wrong = "" if codes.dtype.kind in "iu" else f"codes of dtype {codes.dtype}"
    if not wrong and len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < count:
        out = codes[(codes < 0) | (codes >= count)]
        wrong = f"the code {int(out[0])}" if count else "codes without names"
    if wrong:
        raise Breach(
            f"its plan has {wrong} for a {what}: there {'is' if count == 1 else 'are'} {count}, from 0",
            "Leave out whom nothing is proposed to, and count from 0: Treatments.each(names, codes[some], some).",
            ("Treatments.each", ".each", "Treatments(", "return"),
        )


def _offer(plan: Plan, view: InstitutionView) -> tuple[float, ...]:
    if plan.offer is None:
        return ()
    poaching = plan.offer.poaching
    others = () if poaching is None else (poaching.points, float(poaching.months), poaching.money)
    try:
        return (*(plan.offer.points(view.products) + 0.0).tolist(), *others)
    except ValueError as error:
        mend = "Name products of the market, view.products, with 0 or more points each."
        raise Breach(str(error), mend, ("OfferChange", "offer", "return")) from None


def _channels(plan: Plan) -> tuple[tuple[str, float], ...]:
    if plan.acquisition is None:
        return ()
    weights = {str(name): float(weight) for name, weight in plan.acquisition.weights.items()}
    wrong = [name for name, weight in weights.items() if not 0.0 <= weight < np.inf]
    if wrong:
        raise Breach(
            f"acquisition: the weight of '{wrong[0]}' is {weights[wrong[0]]}",
            "A weight is 0 or more, and finite.",
            ("Acquisition", "weights", "return"),
        )
    share = plan.acquisition.share
    return (*sorted(weights.items()), ("", -1.0 if share is None else float(share)))


def taken(plan: Plan, view: InstitutionView) -> None:
    """Let the guard serve a plan as a market would.

    Raises
    ------
    Breach
        With what the guard says, if it refuses the plan as a whole.
    """
    means = view.means
    if not isinstance(means, InstitutionMeans):
        raise TypeError("a view of a market has its institution's means")
    try:
        guard(plan, view, means.treatments, means.rules, 1e6)
    except (ValueError, TypeError, IndexError, LookupError) as error:
        mend = "`tenure list treatments` has each treatment and the amounts it takes."
        raise Breach(f"the guard cannot serve its plan: {error}", mend, ("amount", "return")) from None
