"""The columns of a view: each declared once, with words, unit and meaning, for policies and for conditions."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS, SCOPES, Belief
from tenure.agents.declaring import fields_of
from tenure.agents.person import STAGES
from tenure.policies.conditions.condition import Condition
from tenure.policies.conditions.language import parse_condition
from tenure.policies.conditions.names import NO_YES, PER_PRODUCT
from tenure.policies.parts import Values, read_only
from tenure.policies.schemes import RETURN_BANDS, RFM, RISK_GRADES, SEGMENT, TIERS, Schemes

MOST_OVER_INCOME = 5.0
"""Years of income that debts count as at most, and where no income is known."""


class ViewField(NamedTuple):
    """What one column of the view means, for rules and for `tenure list view`."""

    words: tuple[str, ...] | None
    """Words that a condition may use, in the order of their codes; None for numbers."""
    unit: str
    meaning: str


class Column:
    """A column of the view: declared once, made when first read, contiguous and read-only.

    Without `make` it is the field of `Belief` of the same name, whose unit and meaning it takes over.
    """

    def __init__(
        self,
        make: "Callable[[CustomerColumns], Values] | None" = None,
        unit: str = "",
        meaning: str = "",
        words: tuple[str, ...] | None = None,
    ) -> None:
        self.make, self.field = make, ViewField(words, unit, meaning)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.make is None:
            declared = fields_of(Belief)[name]
            self.field = self.field._replace(unit=declared.unit, meaning=declared.meaning)

    @overload
    def __get__(self, view: None, owner: type) -> "Column": ...
    @overload
    def __get__(self, view: "CustomerColumns", owner: type) -> Values: ...
    def __get__(self, view: "CustomerColumns | None", owner: type) -> "Column | Values":
        if view is None:
            return self
        values = view.field(self.name) if self.make is None else self.make(view)
        made = view.__dict__[self.name] = read_only(values)  # found there from now on, before this descriptor
        return made


class CustomerColumns:
    """The columns of a view, made of the fields of the beliefs behind it; every one has shape (customers,)."""

    schemes: Schemes

    @property
    def products(self) -> tuple[str, ...]:
        """Names of the market's products."""
        raise NotImplementedError  # the view itself has them

    def by_product(self, name: str, products: Sequence[str]) -> Values:
        """Return a field that has a value for each product, for some of them, shape (products, customers)."""
        raise NotImplementedError  # the view itself has them

    def field(self, name: str) -> Values:
        """Return a field of the beliefs, of all in view."""
        raise NotImplementedError  # the view itself has them; columns alone are none

    person_id = Column()
    tenure_months = Column()
    products_held = Column(lambda v: v.by_product("held", v.products).sum(axis=0), "products", "held with us")
    months_past_due = Column()
    months_since_arrears = Column()
    balance = Column(lambda v: v.field("credit_cents") / 100.0, "EUR", "owed to us in all credit products")
    deposits = Column(lambda v: v.field("deposit_cents") / 100.0, "EUR", "kept with us in all deposit products")
    line = Column(lambda v: v.field("line_cents") / 100.0, "EUR", "limit of revolving credit, drawn or not")
    utilisation = Column(
        lambda v: v.field("revolving_cents") / np.maximum(v.field("line_cents"), 1) * (v.line > 0),
        "share",
        "revolving balance over the line; 0 without a line",
    )
    default_per_year = Column()
    margin_per_year = Column()
    leave_per_year = Column()
    years_expected = Column()
    months_since_contact = Column()
    quadrant = Column(lambda v: v.field("quadrant"), "", "believed risk x return", QUADRANTS)
    stage = Column(lambda v: v.field("stage"), "", "inferred stage of the lifecycle", STAGES)
    premium = Column()
    income = Column()
    debt_to_income = Column(
        lambda v: _over_income(v.balance, v.income), "share", "credit balance over a year's income; 500% where unknown"
    )
    line_to_income = Column(
        lambda v: _over_income(v.line, v.income), "share", "revolving line over a year's income; 500% where unknown"
    )
    opted_out = Column(lambda v: v.field("opted_out"), "", "wants no more offers from us", NO_YES)
    vulnerable = Column(lambda v: v.field("vulnerable"), "", "in need of special care", NO_YES)
    let_go = Column(lambda v: v.field("let_go"), "", "we renew nothing that runs off", NO_YES)
    lending_stopped = Column(lambda v: v.field("lending_stopped"), "", "we give no new credit", NO_YES)
    ending = Column(lambda v: v.field("ending"), "", "we are ending the relationship", NO_YES)
    scope = Column(lambda v: v.field("scope"), "", "why this person is in our files", SCOPES)
    months_since_seen = Column()
    months_since_use = Column()
    months_since_purchase = Column()
    purchases = Column()
    risk_grade = Column(lambda v: v.schemes.risk_grade(v.default_per_year), "", "believed risk", RISK_GRADES)
    return_band = Column(lambda v: v.schemes.return_band(v.margin_per_year), "", "believed return", RETURN_BANDS)
    value_tier = Column(
        lambda v: v.schemes.value_tier(v.margin_per_year, v.years_expected), "", "tier of expected value", TIERS
    )
    rfm = Column(
        lambda v: v.schemes.rfm(v.months_since_purchase, v.purchases, v.margin_per_year),
        "",
        "recency, frequency and money value, 1 to 3 each",
        RFM,
    )
    by_channel = Column(lambda v: v.field("by_channel"), "", "one of our channels brought the customer", NO_YES)
    months_since_trace = Column()


FIELDS: dict[str, ViewField] = {
    name: column.field for name, column in vars(CustomerColumns).items() if isinstance(column, Column)
}
"""Every column of the view that a condition may name, with words, unit and meaning."""


SHARES = frozenset(name for name, field in FIELDS.items() if field.unit == "share")
"""Columns in which a bare number above 1 is a slip for a percentage."""


COUNTS = frozenset(
    name for name, field in FIELDS.items() if field.words is None and field.unit in ("months", "products", "payments")
)
"""Columns of whole numbers from 0."""


def condition_fields(products: Sequence[str] = (), segments: tuple[str, ...] = ()) -> dict[str, tuple[str, ...] | None]:
    """Return name -> words (None for numbers) of all fields of a condition, those of products and segments too."""
    per_product = {prefix + product: words for product in products for prefix, words in PER_PRODUCT.items()}
    own = {SEGMENT: segments} if segments else {}
    return {name: field.words for name, field in FIELDS.items()} | per_product | own


@lru_cache(maxsize=64)
def condition_words(products: tuple[str, ...] = (), segments: tuple[str, ...] = ()) -> Mapping[str, tuple[str, ...]]:
    """Return name -> words in the order of their codes, of the fields that have words."""
    return {name: words for name, words in condition_fields(products, segments).items() if words is not None}


def _over_income(eur: NDArray[np.float64], income: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return EUR over a year's income, at most 5, and 5 where no income is known; shape as given."""
    return np.where(income > 0, np.minimum(eur / np.maximum(12.0 * income, 1e-9), MOST_OVER_INCOME), MOST_OVER_INCOME)


@lru_cache(maxsize=1024)
def view_condition(text: str, products: tuple[str, ...], segments: tuple[str, ...] = ()) -> Condition:
    """Return a condition on the view, read and checked against its columns.

    Raises
    ------
    tenure.policies.conditions.condition.ConditionError
        Saying at which character, and how to mend it.
    """
    shares = SHARES | {f"need_{product}" for product in products}
    return parse_condition(text, condition_fields(products, segments), shares)
