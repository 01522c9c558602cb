"""The plan: what an institution wants to do this month, in order of priority, with reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from policies.suggest import did_you_mean


@dataclass(frozen=True, eq=False)
class Treatments:
    """Proposed treatments, most important first; parallel arrays of shape (proposals,).

    Parameters
    ----------
    customer : int array
        Index into the view.
    treatment, because : int array
        Index into `names` and `reasons`.
    amount : float array
        In the treatment's own unit; nan stands for the catalogue's amount.
    names, reasons : tuple of str
        The treatments and the reasons that occur.

    Raises
    ------
    ValueError
        If customers are no indexes, an amount is negative or infinite, or the arrays differ in length.
    """

    customer: NDArray[np.int64]
    treatment: NDArray[np.int64]
    amount: NDArray[np.float64]
    because: NDArray[np.int64]
    names: tuple[str, ...]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in (self.customer, self.treatment, self.amount, self.because)}
        if len(lengths) > 1:
            raise ValueError(f"treatments: customers, codes, amounts and reasons differ in length: {sorted(lengths)}")
        if bool(np.any(self.customer < 0)):
            raise ValueError("treatments: a customer is an index into the view, from 0; got a negative one")
        if bool(np.any((self.amount < 0) | np.isinf(self.amount))):
            raise ValueError("treatments: an amount must be 0 or more and finite, or None for the catalogue's own")

    def __len__(self) -> int:
        """Return the number of proposals."""
        return len(self.customer)

    @classmethod
    def none(cls) -> "Treatments":
        """Return no proposals."""
        return cls.of("none", np.empty(0, np.int64))

    @classmethod
    def of(cls, treatment: str, chosen: ArrayLike, amount: ArrayLike | None = None, because: str = "") -> "Treatments":
        """Propose one treatment to chosen customers, the first of them first.

        Parameters
        ----------
        treatment : str
            Its name in the catalogue.
        chosen : int array
            Indexes into the view.
        amount : float or array, shape (chosen,), optional
            In the treatment's unit; None takes the catalogue's.
        because : str
            The reason, for reports.
        """
        return cls.each((treatment,), np.zeros(np.size(chosen), np.int64), chosen, amount, because)

    @classmethod
    def each(
        cls,
        names: tuple[str, ...],
        codes: NDArray[np.int64],
        chosen: ArrayLike,
        amount: ArrayLike | None = None,
        because: str = "",
    ) -> "Treatments":
        """Propose to each chosen customer the treatment `names[code]`; else as `of`."""
        customer = np.asarray(chosen)
        if customer.dtype == np.bool_:
            raise ValueError("treatments: customers are indexes, not a mask: use numpy.flatnonzero(mask)")
        if customer.size and not np.issubdtype(customer.dtype, np.integer):
            raise ValueError(f"treatments: customers are whole numbers, indexes into the view; got {customer.dtype}")
        amounts = np.full(customer.size, np.nan)
        if amount is not None:
            amounts[:] = amount
            if bool(np.any(np.isnan(amounts))):
                raise ValueError("treatments: an amount is not a number (nan)")
        reason = np.zeros(customer.size, np.int64)
        return cls(customer.astype(np.int64).reshape(-1), codes, amounts, reason, names, (because,))

    @classmethod
    def joined(cls, parts: "Sequence[Treatments]") -> "Treatments":
        """Return several lists as one, in order; a customer met twice keeps the first treatment."""
        if not parts:
            return cls.none()
        names = tuple(dict.fromkeys(name for part in parts for name in part.names))
        reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
        treatment = [_recoded(part.treatment, part.names, names) for part in parts]
        because = [_recoded(part.because, part.reasons, reasons) for part in parts]
        customer = np.concatenate([part.customer for part in parts])
        amount = np.concatenate([part.amount for part in parts])
        columns = (customer, np.concatenate(treatment), amount, np.concatenate(because))
        keep = first_of_each(customer)
        if not keep.all():
            columns = (columns[0][keep], columns[1][keep], columns[2][keep], columns[3][keep])
        return cls(*columns, names, reasons)


def _recoded(codes: NDArray[np.int64], old: tuple[str, ...], new: tuple[str, ...]) -> NDArray[np.int64]:
    """Return codes into `old` as codes into `new`."""
    if new[: len(old)] == old:
        return codes
    return np.array([new.index(word) for word in old], np.int64)[codes]


def first_of_each(customer: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return True where a customer index appears for the first time, shape as given.

    >>> first_of_each(np.array([2, 0, 2])).tolist()
    [True, True, False]
    """
    if not customer.size:
        return np.zeros(0, np.bool_)
    highest = int(customer.max())
    met = np.zeros(highest + 1, np.bool_)
    met[customer] = True
    if np.count_nonzero(met) == customer.size:  # nobody twice, as in most plans
        return np.ones(customer.size, np.bool_)
    position = np.arange(customer.size)
    first = np.empty(highest + 1, np.int64)
    first[customer[::-1]] = position[::-1]  # the last write stands: the earliest position
    earliest: NDArray[np.bool_] = first[customer] == position
    return earliest


@dataclass(frozen=True)
class Acquisition:
    """How the money for new customers is spread, and how much of the one purse it is; from next month on.

    Parameters
    ----------
    weights : mapping
        Channel that has a budget -> weight, 0 or more; shares of the sum. None leaves them as they are.
    share : float, optional
        Of the purse for new and existing customers together that goes to new ones, 0 to 1. None leaves it as it is.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    share: float | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0.0 <= self.share <= 1.0:
            raise ValueError(f"acquisition: a share of the purse lies between 0 and 1, got {self.share}")
        wrong = {channel: weight for channel, weight in self.weights.items() if not 0 <= weight < np.inf}
        if wrong:
            raise ValueError(f"acquisition: a channel's weight must be 0 or more and finite; got {wrong}")


@dataclass(frozen=True, eq=False)
class OfferChange:
    """The prices to post next month, as points off our list prices; a deposit's cut raises its rate.

    Parameters
    ----------
    price_cut_points : mapping or array, shape (products,)
        Product -> points, 0 or more; products not named stay at list price.
    """

    price_cut_points: Mapping[str, float] | NDArray[np.float64] = field(default_factory=dict)

    def points(self, products: tuple[str, ...]) -> NDArray[np.float64]:
        """Return the cut for each product, points, shape (products,).

        Raises
        ------
        ValueError
            If a product is unknown, or a cut negative or not finite.
        """
        given = self.price_cut_points
        if isinstance(given, Mapping):
            for name in given:
                if name not in products:
                    raise ValueError(f"offer: no product '{name}'.{did_you_mean(name, products)}")
            cuts = np.array([given.get(name, 0.0) for name in products], np.float64)
        else:
            cuts = np.array(given, np.float64)
        if cuts.shape != (len(products),):
            raise ValueError(f"offer: one cut for each product, shape ({len(products)},); got {cuts.shape}")
        if not bool(np.all((cuts >= 0) & np.isfinite(cuts))):
            raise ValueError(f"offer: a price cut is 0 or more points off the list price; got {cuts.tolist()}")
        return cuts


@dataclass(frozen=True)
class Plan:
    """What a policy decides for one month."""

    treatments: Treatments = field(default_factory=Treatments.none)
    acquisition: Acquisition | None = None
    offer: OfferChange | None = None


def as_plan(decided: Any) -> Plan:
    """Return what `decide` gave back as a plan; treatments alone are a plan.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(decided, Plan):
        return decided
    if isinstance(decided, Treatments):
        return Plan(decided)
    raise TypeError(f"decide must return a Plan or Treatments; got {type(decided).__name__}")
