"""Settings of the products of a market, and what all their balances may add up to."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from tenure.agents.declaring import Parameter
from tenure.agents.offer import KINDS, ProductKind
from tenure.policies.settings.faults import Fault, FaultyError, refuse
from tenure.simulation.settings.base import Settings
from tenure.simulation.values.units import LOWEST_RATE

Rate = Annotated[float, Parameter("rate/year", LOWEST_RATE, 1, "the product's own: its kind needs it")]
Amount = Annotated[float, Parameter("EUR", 0, 1e9, "the product's own: its kind needs it")]
Term = Annotated[int, Parameter("months", 1, 480, "assumption")]


def _term(value: object) -> object:
    return [value, value] if isinstance(value, int | float | str) else value


def _needed(does: ProductKind) -> tuple[str, ...]:
    """Return the settings without which a product cannot do what its kind does."""
    if does.lends:
        return ("apr", "line" if does.draws else "amount")
    return ("rate", "balance") if does.keeps_deposits else ()


class ProductSettings(Settings):
    """A product of the market."""

    kind: Literal["deposit", "instalment", "revolving", "fee"]
    """One of deposit, instalment (a loan), revolving (a card or credit line) and fee (an account without balance)."""
    apr: Rate | None = None
    """Interest rate a year that borrowers pay; instalment and revolving products need it."""
    rate: Rate | None = None
    """Interest rate a year that savers get; deposits need it."""
    amount: Amount | None = None
    """Typical loan of an instalment product at median income."""
    line: Amount | None = None
    """Typical limit of a revolving product at median income."""
    balance: Amount | None = None
    """Typical balance of a deposit at median income."""
    term_months: Annotated[tuple[Term, Term], BeforeValidator(_term)] = (12, 60)
    """Shortest and longest term of an instalment product, or one term for all; assumption."""
    fee_per_year: Annotated[float, Parameter("EUR/year", 0, 1e6, "neutral: without a fee")] = 0.0
    """Fee a year that holders pay."""
    fee_per_use: Annotated[float, Parameter("EUR", 0, 1e5, "neutral: without a fee")] = 0.0
    """Earned in every month in which the holder uses it."""
    loss_given_default: Annotated[float, Parameter("share", 0, 1, "assumption: unsecured lending")] = 0.85
    """Share of a charged-off balance that is lost; the rest is recovered in time; assumption."""
    exposure: Literal["qualifying_revolving", "mortgage", "other_retail"] | None = None
    """Class in Basel's formula for the capital behind what is lent; without it that of its kind."""
    basel_correlation: Annotated[float, Parameter("share", 0, 0.9, "the product's own: else its class's")] | None = None
    """Asset correlation in Basel's formula, in place of that of a class."""
    interchange: Annotated[float, Parameter("share", 0, 1, "neutral: nothing is paid")] = 0.0
    """Share of what is spent with a card that merchants pay to its issuer."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        does = KINDS[self.kind]
        needed = _needed(does)
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            what = f"a product of kind {self.kind} needs {' and '.join(missing)}"
            raise FaultyError(Fault(what, f"add '{missing[0]}: ...'"))
        allowed = {*needed, "kind", "fee_per_year", "loss_given_default"}
        allowed |= {"exposure", "basel_correlation"} if does.lends else set()
        allowed |= {"term_months"} if does.amortises else set()
        allowed |= {"interchange"} if does.draws else set()
        allowed |= {"fee_per_use"} if does.draws or not needed else set()
        extra = sorted(
            name
            for name in self.model_fields_set - allowed
            if getattr(self, name) != type(self).model_fields[name].default  # a default says nothing, as in a dump
        )
        refuse(
            Fault(f"a product of kind {self.kind} has no {name}", "remove it", (name,), of_key=True) for name in extra
        )
        if self.term_months[0] > self.term_months[1]:
            what = f"the shortest term, {self.term_months[0]} months, is longer than the longest, {self.term_months[1]}"
            raise FaultyError(Fault(what, "write [shortest, longest], such as [12, 60]", ("term_months",)))
        return self

    @property
    def size(self) -> float:
        """Typical amount, line or balance at median income, EUR."""
        return self.amount or self.line or self.balance or 0.0

    @property
    def price_points(self) -> float:
        """Yearly price in points of the balance: the rate of a loan, minus that of a deposit."""
        return 100.0 * (self.apr if self.apr is not None else -(self.rate or 0.0))
