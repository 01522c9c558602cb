"""The view: all that a policy may know of its own customers and of the market."""

from collections.abc import Iterator, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF
from tenure.agents.chance import POLICY, address, draw_each
from tenure.agents.declaring import MAX_PRODUCTS
from tenure.agents.offer import KINDS
from tenure.policies.columns import FIELDS, CustomerColumns, condition_fields, condition_words, view_condition
from tenure.policies.conditions.condition import Condition
from tenure.policies.needs import believed_need
from tenure.policies.parts import MarketNews, MarketTerms, Means, PostedOffers, Values, read_only, sealed
from tenure.policies.schemes import SEGMENT, STANDARD_SCHEMES, Schemes, first_that_fits
from tenure.policies.settings.suggest import did_you_mean

PROTECTED = ("age_years",)
"""What the law forbids to treat people by, though an application tells it."""


class InstitutionView(CustomerColumns):
    """One institution's customers as it believes them to be, and the public market; cannot be written.

    Holds beliefs only: no truth, no protected attribute. Every column has shape (customers,).

    Parameters
    ----------
    beliefs : structured array
        dtype `tenure.agents.belief.BELIEF`, one row per person in scope.
    posted : PostedOffers
        All posted offers of the month.
    me : int
        Own index into `posted.institutions`.
    month : int
        Months since the start; negative while warming up.
    list_prices : array, shape (products,)
        Own prices in points before anything that a policy takes off; nan: not offered.
    budget : float
        EUR left this month for these customers; the real book's budget divided by the people that one
        customer stands for.
    seed, replication : int
        The key of all luck.
    places : int array, shape (customers,), optional
        Where in `beliefs` each customer's row is; all rows in their order without it.
    schemes : Schemes
        Where tiers divide, and our own segments.
    means : Means, optional
        What we could do; without it `may` and `cost_eur` cannot be asked.
    terms : MarketTerms, optional
        What holds in the whole market; without it `loss_given_default` and `discount_per_year` cannot be asked.
    news : tuple of MarketNews
        What was published of months that are over; see `published`.
    followed_since : int
        The month in which our institution began to follow its policy.

    Raises
    ------
    ValueError
        If the beliefs are no belief rows, or the prices do not fit institutions and products.
    """

    posted: PostedOffers
    me: int
    month: int
    list_prices: NDArray[np.float64]
    budget: float
    means: Means["InstitutionView"] | None
    terms: MarketTerms | None
    news: tuple[MarketNews, ...]
    followed_since: int
    _beliefs: NDArray[np.void]
    _places: NDArray[np.int64] | None
    _key: tuple[int, int]

    def __init__(
        self,
        beliefs: NDArray[np.void],
        posted: PostedOffers,
        me: int,
        month: int,
        list_prices: NDArray[np.float64],
        budget: float,
        seed: int,
        replication: int,
        places: NDArray[np.int64] | None = None,
        schemes: Schemes = STANDARD_SCHEMES,
        means: Means["InstitutionView"] | None = None,
        terms: MarketTerms | None = None,
        news: tuple[MarketNews, ...] = (),
        followed_since: int = 0,
    ) -> None:
        if beliefs.dtype != BELIEF:
            raise ValueError("a view is made of belief rows: give an array of dtype tenure.agents.belief.BELIEF")
        institutions, products = len(posted.institutions), len(posted.products)
        shape = (institutions, products)
        if posted.prices.shape != shape or len(posted.kinds) != products or list_prices.shape != (products,):
            raise ValueError(f"prices {posted.prices.shape} must have shape (institutions, products) {shape}")
        if products > MAX_PRODUCTS or not 0 <= me < institutions:
            raise ValueError(f"at most {MAX_PRODUCTS} products, `me` below {institutions}; got {products}, {me}")
        self.__dict__.update(
            posted=posted._replace(prices=read_only(posted.prices)),
            me=me,
            month=month,
            list_prices=read_only(list_prices),
            budget=budget,
            _beliefs=sealed(beliefs),
            _key=(seed, replication),
            schemes=schemes,
            means=means,
            terms=terms,
            news=news,
            followed_since=followed_since,
            _places=None if places is None else read_only(places),
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"the view cannot be written: '{name}'")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"the view cannot be written: '{name}'")

    def __len__(self) -> int:
        """Return the number of customers in view."""
        return len(self._beliefs) if self._places is None else len(self._places)

    def only(self, rows: NDArray[np.int64] | slice) -> "InstitutionView":
        """Return the view of some customers alone, in the order of these indexes; their luck is the same."""
        beliefs, places = self._beliefs, self._places
        if places is not None:
            places = places[rows]
        elif isinstance(rows, slice):
            beliefs = beliefs[rows]
        else:
            places = rows
        return InstitutionView(
            beliefs,
            self.posted,
            self.me,
            self.month,
            self.list_prices,
            self.budget,
            *self._key,
            places,
            self.schemes,
            self.means,
            self.terms,
            self.news,
            self.followed_since,
        )

    def blocks(self, at_once: int = 16_384) -> Iterator[tuple[slice, "InstitutionView"]]:
        """Return all customers in turn, some thousands at once: where they stand in this view, and the view of them.

        Whoever reads many fields of each customer fetches him from memory once in this way, not once for each field.
        The default is so few that what is read of them stays in the processor's cache.
        """
        for start in range(0, len(self), at_once):
            some = slice(start, start + at_once)
            yield some, self.only(some)

    def field(self, name: str) -> Values:
        """Return a copy of a field of `tenure.agents.belief.Belief`, of all in view; protected ones are refused."""
        if name in PROTECTED:
            raise LookupError(f"'{name}' is a protected attribute: no policy may treat people by it")
        values: Values = self._beliefs[name]
        return values.copy() if self._places is None else values[self._places]

    def by_product(self, name: str, products: Sequence[str]) -> Values:
        """Return a field that has a value for each product, for some of them, shape (products, customers)."""
        columns = [self._beliefs[name][:, self._index(product)] for product in products]
        return np.stack(columns if self._places is None else [column[self._places] for column in columns])

    @property
    def institutions(self) -> tuple[str, ...]:
        """Names of all institutions, in the order of `prices`."""
        return self.posted.institutions

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the market's products, in the order of `prices`."""
        return self.posted.products

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each product: deposit, instalment, revolving or fee."""
        return self.posted.kinds

    @property
    def prices(self) -> NDArray[np.float64]:
        """Posted yearly prices in points, shape (institutions, products); nan: not offered."""
        return self.posted.prices

    def holds(self, product: str) -> NDArray[np.bool_]:
        """Return for each customer whether the product is held with us."""
        return np.asarray(self.by_product("held", (product,))[0] > 0)

    def need(self, product: str) -> NDArray[np.float64]:
        """Return the believed need for a product, 0..1; one half where nothing was ever seen."""
        one: NDArray[np.float64] = self.needs((product,))[0]
        return one

    def needs(self, products: Sequence[str]) -> NDArray[np.float64]:
        """Return the believed need for each of some products, as `need`, shape (products, customers)."""
        return believed_need(self.by_product("need_yes", products), self.by_product("need_no", products))

    def balance_of(self, product: str) -> NDArray[np.float64]:
        """Return the balance in one product, EUR; exact while a customer holds one product of each kind.

        The sheet knows balances by kind; several products of one kind are taken to share it equally.
        """
        sheet = KINDS[self.kinds[self._index(product)]].sheet
        if not sheet:
            return np.zeros(len(self))
        cents = {
            "deposits": self.field("deposit_cents"),
            "revolving": self.field("revolving_cents"),
            "loans": self.field("credit_cents") - self.field("revolving_cents"),
        }[sheet]
        alike = [index for index, kind in enumerate(self.kinds) if KINDS[kind].sheet == sheet]
        held = self.by_product("held", [self.products[index] for index in alike]) > 0
        sharing = np.maximum(held.sum(axis=0), 1)
        return np.where(held[alike.index(self._index(product))], cents / 100.0 / sharing, 0.0)

    def contacts_within(self, months: int) -> NDArray[np.int64]:
        """Return how often each customer was contacted in the last `months` months lived (history: 32)."""
        mask = np.int64((1 << min(max(months, 0), 63)) - 1)
        counts: NDArray[np.int64] = np.bitwise_count(self.field("contact_history") & mask).astype(np.int64)
        return counts

    @property
    def purse(self) -> float:
        """EUR of this month for new and for existing customers together, in the scale of `budget`."""
        return self._own_means().purse_eur

    @property
    def acquisition_budget(self) -> float:
        """EUR of this month that go to channels, in the scale of `budget`."""
        return self._own_means().acquisition_eur

    @property
    def treatments(self) -> tuple[str, ...]:
        """Names of all that we could do; the first is `none`."""
        return self._own_means().names

    def may(self, treatment: str) -> NDArray[np.bool_]:
        """Return to whom a treatment may be done: eligibility, dated rules, price ceiling and contact rule.

        Budget, capacity and limits of structure depend on what else is done; the guard asks them of the whole plan.
        """
        return self._own_means().allows(self, treatment)

    def cost_eur(self, treatment: str) -> NDArray[np.float64]:
        """Return what the budget sets aside if each customer got a treatment, its amount the catalogue's, EUR."""
        return self._own_means().cost_eur(self, treatment)

    @property
    def funding_points(self) -> float:
        """What money lent costs us, and money deposited saves us, points a year."""
        return self._own_means().funding_points

    @property
    def months_followed(self) -> int:
        """Months for which our institution has followed its policy; 0 in burn-in and warm-up, which do not count."""
        return max(self.month - max(self.followed_since, 0), 0)

    def published(self, months_ago: int) -> MarketNews | None:
        """Return what was published of the month so many months ago, 1 for the last one; None where nothing was kept.

        It is kept for a policy that says `needs_news`, from the month in which somebody follows one.
        """
        return next((one for one in self.news if one.month == self.month - months_ago), None)

    def _own_means(self) -> "Means[InstitutionView]":
        if self.means is None:
            raise LookupError("this view knows no catalogue: give InstitutionView the means of its institution")
        return self.means

    @property
    def market_terms(self) -> MarketTerms:
        """What holds in the whole market: terms of products, parameters of credit, the rate of discount."""
        if self.terms is None:
            raise LookupError("this view knows no market: give InstitutionView the terms of one")
        return self.terms

    @property
    def discount_per_year(self) -> float:
        """Rate a year at which the market discounts later money, a share."""
        return self.market_terms.discount_per_year

    @property
    def loss_given_default(self) -> NDArray[np.float64]:
        """Share of a charged-off balance that is lost, shape (products,)."""
        lost: NDArray[np.float64] = self.market_terms.products["loss_given_default"]
        return lost

    def uniform(self, decision: str) -> NDArray[np.float64]:
        """Return one uniform in (0, 1) for each customer, the same whatever else was drawn.

        Its address is the person, the month, our name and the name of the decision; another decision's name
        gives other luck (except for one pair of names in 512).
        """
        word = address(POLICY, self.institutions[self.me], crc32(decision.encode()) & 0x1FF)
        return draw_each(*self._key, self.person_id, self.month, word)

    def column(self, name: str) -> Values:
        """Return a column by its name in conditions: one of FIELDS, `holds_<product>`, `need_<product>`."""
        if name in FIELDS:
            column: Values = getattr(self, name)
            return column
        if name == SEGMENT and self.schemes.segments:
            return self.segment
        if name.startswith("holds_"):
            return self.holds(name.removeprefix("holds_")).astype(np.int64)
        if name.startswith("need_"):
            return self.need(name.removeprefix("need_"))
        raise LookupError(f"the view has no column '{name}'.{did_you_mean(name, condition_fields(self.products))}")

    @property
    def segment(self) -> NDArray[np.int64]:
        """Index of the first of our segments that fits each person; -1 where none does."""
        if "_segment" not in self.__dict__:
            conditions = [view_condition(condition, self.products) for _, condition in self.schemes.segments]
            codes = first_that_fits([self.where(one) for one in conditions], len(self))
            self.__dict__["_segment"] = read_only(codes)
        made: NDArray[np.int64] = self.__dict__["_segment"]
        return made

    def where(self, condition: Condition, rows: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """Return where a condition holds: for all customers, or for the given rows, in their order."""
        words = condition_words(self.products, self.schemes.segment_names)
        if rows is None:
            return condition.evaluate(self.column, words, len(self))
        if not len(rows):
            return np.zeros(0, np.bool_)
        return condition.evaluate(lambda name: self.column(name)[rows], words, len(rows))

    def _index(self, product: str) -> int:
        if product not in self.products:
            raise LookupError(f"the market has no product '{product}'.{did_you_mean(product, self.products)}")
        return self.products.index(product)


def records_of(view: InstitutionView) -> NDArray[np.void]:
    """Return a copy of the records behind a view, in the order of its customers: for those who try policies."""
    return view._beliefs.copy() if view._places is None else view._beliefs[view._places]


def with_records(
    view: InstitutionView,
    records: NDArray[np.void],
    places: NDArray[np.int64] | None = None,
    month: int | None = None,
) -> InstitutionView:
    """Return the view with other records, and perhaps in another month; all else is the same."""
    at = view.month if month is None else month
    return InstitutionView(
        records,
        view.posted,
        view.me,
        at,
        view.list_prices,
        view.budget,
        *view._key,
        places,
        view.schemes,
        view.means,
        view.terms,
        view.news,
        view.followed_since,
    )
