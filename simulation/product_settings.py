"""Settings of the products of a market, and what all their balances may add up to."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from policies.faults import Fault, FaultyError, refuse
from simulation.institution_settings import Settings
from simulation.units import Rate, Share, whole, within

Amount = Annotated[float, within("EUR", 0, 1e9)]
Term = Annotated[int, whole("months", 1, 480)]


def _term(value: object) -> object:
    return [value, value] if isinstance(value, int | float | str) else value


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
    fee_per_year: Annotated[float, within("EUR/year", 0, 1e6)] = 0.0
    """Fee a year that holders pay."""
    fee_per_use: Annotated[float, within("EUR", 0, 1e5)] = 0.0
    """Earned in every month in which the holder uses it."""
    loss_given_default: Share = 0.85
    """Share of a charged-off balance that is lost; the rest is recovered in time; assumption."""
    interchange: Share = 0.0
    """Share of what is spent with a card that merchants pay to its issuer."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = {
            "deposit": ("rate", "balance"),
            "instalment": ("apr", "amount"),
            "revolving": ("apr", "line"),
        }
        missing = [name for name in needed.get(self.kind, ()) if getattr(self, name) is None]
        if missing:
            what = f"a product of kind {self.kind} needs {' and '.join(missing)}"
            raise FaultyError(Fault(what, f"add '{missing[0]}: ...'"))
        allowed = {*needed.get(self.kind, ()), "kind", "fee_per_year", "loss_given_default"}
        allowed |= {"term_months"} if self.kind == "instalment" else set()
        allowed |= {"interchange"} if self.kind == "revolving" else set()
        allowed |= {"fee_per_use"} if self.kind in ("revolving", "fee") else set()
        extra = sorted(
            name for name in self.model_fields_set - allowed
            if getattr(self, name) != type(self).model_fields[name].default  # a default says nothing, as in a dump
        )  # fmt: skip
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
