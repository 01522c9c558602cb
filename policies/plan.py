"""The plan: what an institution wants to do this month, in order of priority, with reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.policies.settings.suggest import did_you_mean

MOST_POINTS = 100.0
"""Points a year that a plan may take off a price, or put on it: as many as the highest rate of a market has."""
MOST_WEIGHT = 1e12
MOST_MONTHS, MOST_MONEY = 240, 1e5
"""For how long a price may be promised, and how much may be paid to who comes from another, EUR."""


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
        If a column is no plain array of numbers, customers are no indexes, a code stands for no name or reason, an
        amount is negative or infinite, or the arrays differ in length.
    """

    customer: NDArray[np.int64]
    treatment: NDArray[np.int64]
    amount: NDArray[np.float64]
    because: NDArray[np.int64]
    names: tuple[str, ...]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        for words in (self.names, self.reasons):
            if not isinstance(words, tuple | list) or not all(isinstance(word, str) for word in words):
                raise ValueError(f"treatments: names and reasons are tuples of words; got {words!r}")
        for what, column in (("customers", self.customer), ("codes", self.treatment), ("reasons", self.because)):
            _check_numbers(what, column, "iu")
        _check_numbers("amounts", self.amount, "iuf")
        lengths = {len(column) for column in (self.customer, self.treatment, self.amount, self.because)}
        if len(lengths) > 1:
            raise ValueError(f"treatments: customers, codes, amounts and reasons differ in length: {sorted(lengths)}")
        if not len(self.customer):
            return
        if self.customer.min() < 0:
            raise ValueError("treatments: a customer is an index into the view, from 0; got a negative one")
        for what, codes, words in (("a code", self.treatment, self.names), ("a reason", self.because, self.reasons)):
            low, high = int(codes.min()), int(codes.max())
            if low < 0 or high >= len(words):
                raise ValueError(f"treatments: {what} is an index into {tuple(words)}, from 0; got {low} to {high}")
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
        codes: ArrayLike,
        chosen: ArrayLike,
        amount: ArrayLike | None = None,
        because: str = "",
    ) -> "Treatments":
        """Propose to each chosen customer the treatment `names[code]`; else as `of`."""
        customer = _indexes("customers", chosen)
        amounts = np.full(customer.size, np.nan)
        if amount is not None:
            given = np.asarray(amount)
            if given.dtype.kind not in "iuf":
                raise ValueError(f"treatments: an amount is a number; got {given.dtype}")
            amounts[:] = given
            if bool(np.any(np.isnan(amounts))):
                raise ValueError("treatments: an amount is not a number (nan)")
        return cls(
            customer, _indexes("codes", codes), amounts, np.zeros(customer.size, np.int64), tuple(names), (because,)
        )

    @classmethod
    def joined(cls, parts: "Sequence[Treatments]", keep_all: bool = False) -> "Treatments":
        """Return several lists as one, in order; a customer met twice keeps the first treatment, or all of them."""
        if not parts:
            return cls.none()
        names = tuple(dict.fromkeys(name for part in parts for name in part.names))
        reasons = tuple(dict.fromkeys(reason for part in parts for reason in part.reasons))
        treatment = [_recoded(part.treatment, part.names, names) for part in parts]
        because = [_recoded(part.because, part.reasons, reasons) for part in parts]
        customer = np.concatenate([part.customer for part in parts])
        amount = np.concatenate([part.amount for part in parts])
        columns = (customer, np.concatenate(treatment), amount, np.concatenate(because))
        keep = np.ones(customer.size, np.bool_) if keep_all else first_of_each(customer)
        if not keep.all():
            columns = (columns[0][keep], columns[1][keep], columns[2][keep], columns[3][keep])
        return cls(*columns, names, reasons)


def _indexes(what: str, given: ArrayLike) -> NDArray[np.int64]:
    """Return whole numbers as a column of indexes."""
    values = np.asarray(given)
    if values.dtype == np.bool_:
        raise ValueError(f"treatments: {what} are indexes, not a mask: use numpy.flatnonzero(mask)")
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"treatments: {what} are whole numbers, indexes from 0; got {values.dtype}")
    return values.astype(np.int64).reshape(-1)


def _check_numbers(what: str, column: object, kinds: str) -> None:
    """Refuse what is no plain array of one dimension, of numbers of some NumPy kinds."""
    plain = type(column) is np.ndarray and column.ndim == 1 and (not len(column) or column.dtype.kind in kinds)
    if not plain:
        got = f"{column.dtype} of shape {column.shape}" if isinstance(column, np.ndarray) else type(column).__name__
        number = "numbers" if "f" in kinds else "whole numbers"
        raise ValueError(f"treatments: {what} are {number} in a plain NumPy array of one dimension; got {got}")


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
        if self.share is not None and not (_is_number(self.share) and 0.0 <= self.share <= 1.0):
            raise ValueError(f"acquisition: a share of the purse lies between 0 and 1, got {self.share!r}")
        if not isinstance(self.weights, Mapping):
            raise ValueError(f"acquisition: weights are a mapping of channel to weight; got {self.weights!r}")
        wrong = {
            channel: weight
            for channel, weight in self.weights.items()
            if not (_is_number(weight) and 0 <= weight <= MOST_WEIGHT)
        }
        if wrong:
            raise ValueError(
                f"acquisition: a channel's weight must be 0 or more and finite, at most {MOST_WEIGHT:g}; got {wrong}"
            )


def _is_number(value: object) -> bool:
    """Return whether a value is one real number; yes and no are none."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


@dataclass(frozen=True)
class PoachingOffer:
    """What those get who come to us from another institution, and nobody else.

    Parameters
    ----------
    points : float
        Points a year off the price of their credit.
    months : int
        For how many months they have that price.
    money : float
        EUR paid to each of them once.
    """

    points: float = 0.0
    months: int = 12
    money: float = 0.0

    def __post_init__(self) -> None:
        for name, value, low, most in (
            ("points", self.points, 0, MOST_POINTS),
            ("months", self.months, 1, MOST_MONTHS),
            ("money", self.money, 0, MOST_MONEY),
        ):
            if not (_is_number(value) and low <= value <= most):
                raise ValueError(
                    f"offer: {name} of a poaching offer are a number from {low} to {most:g}; got {value!r}"
                )
        if self.months != int(self.months):
            raise ValueError(f"offer: months of a poaching offer are a whole number; got {self.months!r}")


@dataclass(frozen=True, eq=False)
class OfferChange:
    """The prices to post next month, as points off our list prices; a deposit's cut raises its rate.

    Parameters
    ----------
    price_cut_points : mapping or array, shape (products,)
        Product -> points, 0 or more; products not named stay at list price.
    poaching : PoachingOffer, optional
        What those get who come from another institution. None leaves it as our settings say.
    enters : tuple of str
        Products that we do not sell yet and sell from now on, at list price; they stay on offer.
    """

    price_cut_points: Mapping[str, float] | NDArray[np.float64] = field(default_factory=dict)
    poaching: PoachingOffer | None = None
    enters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.poaching, PoachingOffer | None):
            raise ValueError(f"offer: poaching is a PoachingOffer or None; got {type(self.poaching).__name__}")

    def entering(self, products: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return which products enter the offer, shape (products,); ValueError if one is unknown."""
        for name in self.enters:
            if name not in products:
                raise ValueError(f"offer: no product '{name}'.{did_you_mean(str(name), products)}")
        return np.array([name in self.enters for name in products], np.bool_)

    def points(self, products: tuple[str, ...]) -> NDArray[np.float64]:
        """Return the cut for each product, points, shape (products,).

        Raises
        ------
        ValueError
            If a product is unknown, or a cut is no number from 0 to MOST_POINTS.
        """
        given = self.price_cut_points
        if isinstance(given, Mapping):
            for name in given:
                if name not in products:
                    raise ValueError(f"offer: no product '{name}'.{did_you_mean(str(name), products)}")
            wrong = {name: cut for name, cut in given.items() if not _is_number(cut)}
            if wrong:
                raise ValueError(f"offer: a price cut is a number of points; got {wrong}")
            cuts = np.array([given.get(name, 0.0) for name in products], np.float64)
        else:
            if np.asarray(given).dtype.kind not in "iuf":
                raise ValueError(f"offer: price cuts are numbers of points; got {np.asarray(given).dtype}")
            cuts = np.array(given, np.float64)
        if cuts.shape != (len(products),):
            raise ValueError(f"offer: one cut for each product, shape ({len(products)},); got {cuts.shape}")
        if not bool(np.all((cuts >= 0) & (cuts <= MOST_POINTS))):
            raise ValueError(
                f"offer: a price cut is 0 or more points off the list price, at most {MOST_POINTS:g}; "
                f"got {cuts.tolist()}"
            )
        return cuts


@dataclass(frozen=True)
class Plan:
    """What a policy decides for one month."""

    treatments: Treatments = field(default_factory=Treatments.none)
    acquisition: Acquisition | None = None
    offer: OfferChange | None = None


def as_plan(decided: object) -> Plan:
    """Return what `decide` gave back as a plan of our own, which nobody else can change; treatments alone are a plan.

    However the parts came about, they are checked as their constructors would.

    Raises
    ------
    TypeError
        If it is neither, or a part of it is not what its name says.
    ValueError
        See `Treatments` and `Acquisition`.
    """
    if isinstance(decided, Treatments):
        decided = Plan(decided)
    if not isinstance(decided, Plan):
        raise TypeError(f"decide must return a Plan or Treatments; got {type(decided).__name__}")
    listed, acquisition, offer = decided.treatments, decided.acquisition, decided.offer
    for part, kind in ((listed, Treatments), (acquisition, Acquisition | None), (offer, OfferChange | None)):
        if not isinstance(part, kind):
            raise TypeError(f"a plan has Treatments, Acquisition and OfferChange; got {type(part).__name__}")
    return Plan(
        _own(listed),
        None if acquisition is None else Acquisition(_copied(acquisition.weights), acquisition.share),
        None if offer is None else _own_offer(offer),
    )


def _own(listed: Treatments) -> Treatments:
    """Return a copy of proposals, checked anew."""
    parts = {"customer": np.int64, "treatment": np.int64, "amount": np.float64, "because": np.int64}
    columns = []
    for name, dtype in parts.items():
        column = getattr(listed, name)
        _check_numbers(name, column, "iuf" if name == "amount" else "iu")
        columns.append(column.astype(dtype))
    words = (tuple(one) if isinstance(one, list) else one for one in (listed.names, listed.reasons))
    return Treatments(*columns, *words)


def _copied(given: Mapping[str, float]) -> Mapping[str, float]:
    """Return a mapping of our own; what is none is left to the constructor, which refuses it."""
    return dict(given) if isinstance(given, Mapping) else given


def _copied_cuts(given: Mapping[str, float] | NDArray[np.float64]) -> Mapping[str, float] | NDArray[np.float64]:
    """Return price cuts of our own, a mapping or an array."""
    return dict(given) if isinstance(given, Mapping) else np.array(given)


def _own_offer(given: OfferChange) -> OfferChange:
    """Return a change of the offer of our own, checked anew."""
    return OfferChange(_copied_cuts(given.price_cut_points), _copied_poaching(given.poaching), tuple(given.enters))


def _copied_poaching(given: PoachingOffer | None) -> PoachingOffer | None:
    """Return a poaching offer of our own, checked anew."""
    return PoachingOffer(given.points, given.months, given.money) if isinstance(given, PoachingOffer) else given
