"""What no market can be: what is wrong between its parts, each of which is right by itself."""

import math
from collections.abc import Iterator
from typing import Protocol

from tenure.agents.declaring import MAX_PRODUCTS
from tenure.agents.offer import KINDS, MAX_CHANNELS
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import MAX_INSTITUTIONS, Rulebook
from tenure.policies.columns import view_condition
from tenure.policies.conditions.condition import Condition, ConditionError
from tenure.policies.conditions.levels import unreachable_on_view
from tenure.policies.schemes import SCHEMES, SEGMENT
from tenure.policies.settings.faults import Fault, FaultyError
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.treatments import Treatment
from tenure.simulation.settings.institution import InstitutionSettings
from tenure.simulation.settings.products import ProductSettings

MOST_TO_ONE = 1000
"""Simulated people to one real person at most."""
LARGEST_BOOK = 1e14
"""Units of the currency; in cents, with interest added for years, still far within an int64."""
RESERVED = ("nobody", "gone")
"""What no institution may be called."""


class MarketParts(Protocol):
    """What is asked of a market's settings."""

    people: int
    stands_for: int | None
    products: dict[str, ProductSettings]
    us: InstitutionSettings
    rivals: dict[str, InstitutionSettings]
    segments: dict[str, str]
    tag_history: tuple[str, ...]
    treatments: dict[str, dict[str, object]]

    @property
    def our_name(self) -> str:
        """The name of the institution a report asks about."""
        ...

    def institutions(self) -> dict[str, InstitutionSettings]:
        """Return name -> settings of all institutions, ours first."""
        ...

    def catalogue(self) -> tuple[Treatment, ...]:
        """Return all treatments of this market."""
        ...

    def population(self) -> Traits:
        """Return the parameters of the population."""
        ...

    def rulebook(self) -> Rulebook:
        """Return the parameters as the rules read them."""
        ...


def market_faults(market: MarketParts) -> Iterator[Fault]:
    """Yield all that is wrong between the parts of a market."""
    yield from _size_faults(market)
    if not market.products:
        return
    yield from _name_faults(market)
    yield from _share_faults(market)
    yield from _product_faults(market)
    yield from _tag_faults(market)
    yield from _treatment_faults(market)


def _size_faults(market: MarketParts) -> Iterator[Fault]:
    if not 1 <= len(market.products) <= MAX_PRODUCTS:
        yield Fault(
            f"a market has from 1 to {MAX_PRODUCTS} products, not {len(market.products)}",
            "leave some out" if market.products else "add one, such as loan",
            ("products",),
        )
    if len(market.rivals) > MAX_INSTITUTIONS - 2:
        yield Fault(f"at most {MAX_INSTITUTIONS - 2} rivals, not {len(market.rivals)}", "join some", ("rivals",))
    many = {name: len(one.acquisition) for name, one in market.institutions().items()}
    if sum(many.values()) > MAX_CHANNELS:
        most = max(many, key=lambda name: many[name])
        at = ("us", "acquisition") if most == market.our_name else ("rivals", most, "acquisition")
        yield Fault(f"at most {MAX_CHANNELS} channels in a market, not {sum(many.values())}", "join some", at)
    if market.stands_for is not None and market.stands_for * MOST_TO_ONE < market.people:
        what = f"each of {market.people} people would stand for less than 1/{MOST_TO_ONE} of a real one"
        yield Fault(what, f"write {-(-market.people // MOST_TO_ONE)} or more, or fewer people", ("stands_for",))
    if _largest_book(market) > LARGEST_BOOK:
        what = f"with incomes and {market.people} people like these balances reach more than can be counted"
        yield Fault(what, "write smaller amounts, incomes or people", ("products",))


def _largest_book(market: MarketParts) -> float:
    """Return what all balances can add up to at most, in units of the currency."""
    traits, accounts = market.population(), market.rulebook().accounts
    incomes = traits.income_median / accounts.income_median * math.exp(traits.income_sd**2 / 2.0)
    loan = accounts.size_most * (1.0 + accounts.loan_least) * accounts.lent_most
    factor = max(loan, accounts.deposit * incomes)
    return float(market.people * factor * sum(one.size for one in market.products.values()))


def _name_faults(market: MarketParts) -> Iterator[Fault]:
    if market.our_name in market.rivals:
        at = ("us", "name") if market.us.name else ("rivals", market.our_name)
        yield Fault(f"a rival has our own name '{market.our_name}'", "rename one", at, of_key=not market.us.name)
    if market.us.name in RESERVED:
        yield Fault(f"no institution may be called '{market.us.name}'", "rename it", ("us", "name"))
    for name in RESERVED:
        if name in market.rivals:
            yield Fault(f"no institution may be called '{name}'", "rename it", ("rivals", name), of_key=True)


def _share_faults(market: MarketParts) -> Iterator[Fault]:
    total = sum(one.share for one in market.institutions().values())
    if total > 1.0 + 1e-9:
        what = f"the shares of us and the rivals add up to {100.0 * total:.6g}%"
        rivals = tuple(("rivals", name, "share") for name in market.rivals)
        mend = "write shares of at most 100% in all; who belongs to nobody is the rest"
        yield Fault(what, mend, ("us", "share"), elsewhere=rivals)


def _product_faults(market: MarketParts) -> Iterator[Fault]:
    known = tuple(market.products)
    drawing = [name for name, product in market.products.items() if KINDS[product.kind].draws]
    for name in drawing[1:]:
        what = f"{name} is drawn at will, as {drawing[0]} is, and a person has one line"
        yield Fault(what, "leave one of them out", ("products", name, "kind"))
    for name, one in market.institutions().items():
        at = ("us",) if one is market.us else ("rivals", name)
        if one.existing_customers == ("other_lines",) and {*(one.business_line or ())} >= set(known):
            what = f"{name} counts customers of other lines alone, but its business_line has every product"
            yield Fault(
                f"{what}: nobody is in scope",
                "leave a product out",
                (*at, "business_line"),
                elsewhere=((*at, "existing_customers"),),
            )
        for key in ("products", "apr", "rate", "servicing_per_month", "business_line"):
            mentioned = getattr(one, key) or ()
            for place, product in enumerate(mentioned):
                if product not in known:
                    what = f"{name} mentions the product '{product}', which the market has not"
                    last = product if isinstance(mentioned, dict) else place
                    yield Fault(what, did_you_mean(product, known).strip(), (*at, key, last))


def _tag_faults(market: MarketParts) -> Iterator[Fault]:
    known = (*SCHEMES, SEGMENT)
    for place, name in enumerate(market.tag_history):
        if name not in known:
            yield Fault(f"there is no scheme '{name}'", did_you_mean(name, known).strip(), ("tag_history", place))
    names: list[str] = []
    conditions: list[Condition] = []
    for name, text in market.segments.items():
        if not name.isidentifier() or name in ("and", "or", "not", "in", "otherwise"):
            yield Fault(
                f"'{name}' cannot name a segment", "use letters, digits and '_'", ("segments", name), of_key=True
            )
        try:
            conditions.append(view_condition(text, tuple(market.products)))
            names.append(name)
        except ConditionError as error:
            yield from (fault.below(("segments", name)) for fault in error.faults)
    for index, takers in unreachable_on_view(conditions, tuple(market.products)).items():
        before = " and ".join(f"'{names[taker]}'" for taker in takers)
        why = f"{before} before it takes all its cases" if before else "it contradicts itself"
        what = f"nobody can reach '{names[index]}' ({conditions[index].text}): {why}"
        yield Fault(what, "put it first" if before else "mend it", ("segments", names[index]))


def _treatment_faults(market: MarketParts) -> Iterator[Fault]:
    try:
        treatments = market.catalogue()
    except FaultyError as error:
        yield from error.faults
        return
    for name, changes in market.treatments.items():
        if isinstance(changes.get("eligible"), str):
            try:
                view_condition(changes["eligible"], tuple(market.products), tuple(market.segments))
            except ConditionError as error:
                yield from (fault.below(("treatments", name, "eligible")) for fault in error.faults)
    for name, one in market.institutions().items():
        at = ("us", "guards") if one is market.us else ("rivals", name, "guards")
        for fault in one.guards.market_faults(tuple(market.products), tuple(market.segments), treatments):
            yield fault.below(at)
