"""Settings of a market: what a user may write, with units, ranges and defaults; unknown keys are errors."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, create_model, field_validator, model_validator

from agents.declaring import MAX_PRODUCTS, parameters_of
from agents.rulebook import MAX_INSTITUTIONS, Rulebook
from agents.traits import Traits
from policies.conditions import ConditionError
from policies.guards import Guards
from policies.schemes import SCHEMES, SEGMENT, Schemes
from policies.shelf.rules import PRODUCT_FIELD
from policies.treatments import Treatment, catalogue
from policies.view import unreachable_on_view, view_condition
from simulation.institution_settings import InstitutionSettings, Settings
from simulation.units import Count, Money, Months, Number, Rate, Share, parse_multiplier, parser_for


def _parameter_type(kind: Any, default: Any, unit: str, low: float, high: float) -> Any:
    parse = parser_for(unit, low, high)

    def read(value: object) -> Any:
        if isinstance(default, tuple):
            if not isinstance(value, (list, tuple)) or len(value) != len(default):
                raise ValueError(f"write a list of {len(default)} numbers, such as {list(default)}")
            return tuple(float(parse(item)) for item in value)
        factor = parse_multiplier(value)
        number = parse(default * factor if factor is not None else value)
        return int(number) if isinstance(default, int) else float(number)

    return Annotated[kind, BeforeValidator(read)]


def settings_of(group: type) -> type[Settings]:
    """Return the settings class of a NamedTuple of parameters: same names, defaults, units and ranges."""
    fields: dict[str, Any] = {
        name: (_parameter_type(kind, default, p.unit, p.low, p.high), Field(default, description=p.source))
        for name, (kind, default, p) in parameters_of(group).items()
    }
    made = create_model(group.__name__ + "Settings", __base__=Settings, __doc__=group.__doc__, **fields)
    return made


GROUPS: dict[str, type] = {name: type(value) for name, value in Rulebook()._asdict().items()}
GROUP_SETTINGS: dict[str, type[Settings]] = {name: settings_of(group) for name, group in GROUPS.items()}
globals().update({made.__name__: made for made in GROUP_SETTINGS.values()})  # found by name when sent to a worker
RulesSettings: type[Settings] = create_model(
    "RulesSettings",
    __base__=Settings,
    __doc__="Parameters of behaviour, by family of rules.",
    **{name: (made, Field(default_factory=made)) for name, made in GROUP_SETTINGS.items()},  # type: ignore[call-overload]  # fields made from declarations
)
TraitsSettings: type[Settings] = settings_of(Traits)


def _term(value: object) -> object:
    return [value, value] if isinstance(value, int) and not isinstance(value, bool) else value


class ProductSettings(Settings):
    """A product of the market."""

    kind: Literal["deposit", "instalment", "revolving", "fee"]
    apr: Rate | None = None
    rate: Rate | None = None
    amount: Money | None = None
    line: Money | None = None
    balance: Money | None = None
    term_months: Annotated[tuple[Months, Months], BeforeValidator(_term)] = (12, 60)
    fee_per_year: Money = 0.0
    fee_per_use: Money = 0.0
    """what a month of use brings"""
    loss_given_default: Share = 0.85
    interchange: Share = 0.0

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = {
            "deposit": ("rate", "balance"),
            "instalment": ("apr", "amount"),
            "revolving": ("apr", "line"),
        }
        missing = [name for name in needed.get(self.kind, ()) if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a product of kind {self.kind} needs {' and '.join(missing)}: add it")
        allowed = {*needed.get(self.kind, ()), "kind", "fee_per_year", "loss_given_default"}
        allowed |= {"term_months"} if self.kind == "instalment" else set()
        allowed |= {"interchange"} if self.kind == "revolving" else set()
        allowed |= {"fee_per_use"} if self.kind in ("revolving", "fee") else set()
        extra = sorted(self.model_fields_set - allowed)
        if extra:
            raise ValueError(f"a product of kind {self.kind} has no {' and no '.join(extra)}: remove it")
        if not 1 <= self.term_months[0] <= self.term_months[1] <= 480:
            raise ValueError("term_months: write one term, or [shortest, longest], from 1 to 480 months")
        return self

    @property
    def size(self) -> float:
        """Typical amount, line or balance at median income, EUR."""
        return self.amount or self.line or self.balance or 0.0

    @property
    def price_points(self) -> float:
        """Yearly price in points of the balance: the rate of a loan, minus that of a deposit."""
        return 100.0 * (self.apr if self.apr is not None else -(self.rate or 0.0))


class RiskSplit(Settings):
    """Division of the risk axis."""

    measure: Literal["default_per_year"] = "default_per_year"
    split: Share = 0.02


class ReturnSplit(Settings):
    """Division of the return axis, EUR a year per customer, before credit loss and treatment."""

    measure: Literal["margin_per_year"] = "margin_per_year"
    split: Number = 300.0


class QuadrantSettings(Settings):
    """The plane of risk and return and its four quadrants."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    risk: RiskSplit = RiskSplit()
    return_: ReturnSplit = Field(default=ReturnSplit(), alias="return")


def _condition(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a segment is a condition, such as 'default_per_year < 2%', or 'otherwise'")
    view_condition(value, tuple(dict.fromkeys(PRODUCT_FIELD.findall(value))))
    return value


Segments = dict[str, Annotated[str, BeforeValidator(_condition)]]


class SchemeSettings(Settings):
    """Where the schemes of classification divide; each in the order of its classes, so that all can be reached."""

    risk_grades: tuple[Share, Share, Share, Share] = (0.005, 0.02, 0.05, 0.15)
    return_bands: tuple[Number, Number, Number] = (0.0, 100.0, 300.0)
    value_tiers: tuple[Number, Number, Number] = (150.0, 600.0, 2000.0)
    rfm_recency_months: tuple[Number, Number] = (36.0, 12.0)
    rfm_frequency: tuple[Number, Number] = (2.0, 4.0)
    rfm_money: tuple[Number, Number] = (60.0, 300.0)

    @field_validator("*")
    @classmethod
    def _every_class_can_be_reached(cls, value: tuple[float, ...], info: Any) -> tuple[float, ...]:
        falls = info.field_name == "rfm_recency_months"
        if not all(b < a if falls else b > a for a, b in pairwise(value)):
            order = "falling: the fewer months, the better" if falls else "rising"
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers that are {order}")
        if info.field_name in ("risk_grades", "rfm_recency_months", "rfm_frequency") and min(value) <= 0:
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers above 0")
        if falls and max(value) > 999:
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: months are counted to 999 at most")
        return value


class GuardSettings(Settings):
    """Money and contacts, the same for everybody; money is of the real book."""

    budget_per_month: Money = 0.0
    contacts_at_most: Count = 2
    contacts_in_months: Months = 3

    @field_validator("contacts_in_months")
    @classmethod
    def _is_remembered(cls, value: int) -> int:
        low, high = (int(getattr(parameters_of(Guards)["contacts_in_months"][2], side)) for side in ("low", "high"))
        if not low <= value <= high:
            raise ValueError(f"contacts are counted in {low} to {high} months; got {value}")
        return value


class WorldSettings(Settings):
    """The world around the market."""

    macro_mean: Number = 0.0
    macro_persistence: Share = 0.95
    macro_sd: Number = 1.0
    switching_cost: Number = 0.0
    newcomers_per_year: Share = 0.062
    discount: Rate = 0.10


class MarketSettings(Settings):
    """A whole market: people, products, us and the rivals, behaviour."""

    currency: str = "EUR"
    start: str = "2027-01"
    people: Count = 20000
    stands_for: Count | None = None
    burn_in_months: Months = 60
    products: dict[str, ProductSettings]
    us: InstitutionSettings
    rivals: dict[str, InstitutionSettings] = Field(default_factory=dict)
    quadrants: QuadrantSettings = QuadrantSettings()
    schemes: SchemeSettings = SchemeSettings()
    segments: Segments = Field(default_factory=dict)
    tag_history: tuple[str, ...] = (*SCHEMES, SEGMENT)
    compare_beliefs_every_months: Months = 12
    guards: GuardSettings = GuardSettings()
    treatments: dict[str, dict[str, Any]] = Field(default_factory=dict)
    world: WorldSettings = WorldSettings()
    traits: TraitsSettings = Field(default_factory=TraitsSettings)  # type: ignore[valid-type]  # class made from declarations
    rules: RulesSettings = Field(default_factory=RulesSettings)  # type: ignore[valid-type]  # class made from declarations

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        if not 1 <= len(self.products) <= MAX_PRODUCTS:
            problems.append(f"products: from 1 to {MAX_PRODUCTS}, not {len(self.products)}")
        if len(self.rivals) > MAX_INSTITUTIONS - 2:
            problems.append(f"rivals: at most {MAX_INSTITUTIONS - 2}, not {len(self.rivals)}: join some")
        if self.compare_beliefs_every_months < 1:
            problems.append("compare_beliefs_every_months: at least 1 month")
        if self.people < 1:
            problems.append("people: at least 1")
        total = sum(one.share for one in self.institutions().values())
        if total > 1.0 + 1e-9:
            problems.append(f"the shares of us and the rivals add up to {total:.0%}: at most 100%, the rest has nobody")
        if self.our_name in self.rivals:
            problems.append(f"a rival has our own name '{self.our_name}': rename one")
        problems += self._tag_problems()
        problems += self._treatment_problems()
        for reserved in {"nobody", "gone"} & set(self.institutions()):
            problems.append(f"no institution may be called '{reserved}': rename it")
        for name, one in self.institutions().items():
            if one.existing_customers == ("other_lines",) and {*(one.business_line or ())} >= set(self.products):
                empty = f"{name} counts customers of other lines alone, but its business_line has every product"
                problems.append(f"{empty}: nobody is in scope, leave a product out")
            mentioned = {
                *(one.products or ()),
                *one.apr,
                *one.rate,
                *one.servicing_per_month,
                *(one.business_line or ()),
            }
            for product in sorted(mentioned - set(self.products)):
                problems.append(f"{name} mentions the product '{product}', which the market has not: "
                                f"known are {', '.join(self.products)}")  # fmt: skip
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _tag_problems(self) -> Iterator[str]:
        known = (*SCHEMES, SEGMENT)
        for name in self.tag_history:
            if name not in known:
                yield f"tag_history: there is no scheme '{name}'. Known are {', '.join(known)}"
        for name in self.segments:
            if not name.isidentifier() or name in ("and", "or", "not", "in", "otherwise"):
                yield f"segments: '{name}' cannot name a segment: use letters, digits and '_'"
        names, products = list(self.segments), tuple(self.products)
        try:
            conditions = [view_condition(one, products) for one in self.segments.values()]
        except ConditionError as error:
            yield f"segments: {error}"
            return
        for index, takers in unreachable_on_view(conditions, products).items():
            name, before = names[index], " and ".join(f"'{names[taker]}'" for taker in takers)
            why = (
                f"{before} before it takes all its cases: put it first" if before else "it contradicts itself: mend it"
            )
            yield f"segments: nobody can reach '{name}' ({self.segments[name]}): {why}"

    def _treatment_problems(self) -> Iterator[str]:
        try:
            names = [one.name for one in self.catalogue()]
        except ValueError as error:
            yield from str(error).splitlines()
            return
        kinds = {name: product.kind for name, product in self.products.items()}
        for name, one in self.institutions().items():
            for text in one.guards.market_problems(kinds, tuple(self.segments), names):
                yield f"{text} (of {name})"

    def catalogue(self) -> tuple[Treatment, ...]:
        """Return all treatments of this market; index 0 is `none`."""
        return catalogue({name: product.kind for name, product in self.products.items()}, self.treatments)

    def guards_of(self, one: InstitutionSettings) -> Guards:
        """Return what an institution's plans are held to."""
        house = one.guards
        common = self.guards.model_dump()
        if one.budget_per_month is not None:
            common["budget_per_month"] = one.budget_per_month
        if one.acquisition_share is not None:
            common["budget_per_month"] = (1.0 - one.acquisition_share) * self.purse_of(one)
        return Guards(
            **common, price_ceiling=100.0 * house.price_ceiling, capacity_per_month=house.capacity_per_month,
            rules=house.dated_rules(self.start), structure=tuple(limit.limit() for limit in house.structure),
        )  # fmt: skip

    def purse_of(self, one: InstitutionSettings) -> float:
        """Return the money of a month for existing and for new customers together, EUR of the real book."""
        channels = [channel.budget_per_month or 0.0 for channel in one.acquisition.values()]
        own = self.guards.budget_per_month if one.budget_per_month is None else one.budget_per_month
        return float(own + sum(channels))

    def classification(self) -> Schemes:
        """Return the schemes as the view reads them."""
        return Schemes(**self.schemes.model_dump(), segments=tuple(self.segments.items()))

    @property
    def our_name(self) -> str:
        """The name of the institution a report asks about."""
        return self.us.name or "us"

    def institutions(self) -> dict[str, InstitutionSettings]:
        """Return name -> settings of all institutions, ours first."""
        return {self.our_name: self.us, **self.rivals}

    def rulebook(self) -> Rulebook:
        """Return the parameters as the rules read them."""
        return Rulebook(**{name: group(**getattr(self.rules, name).model_dump()) for name, group in GROUPS.items()})

    def population(self) -> Traits:
        """Return the parameters of the population."""
        return Traits(**self.traits.model_dump())  # type: ignore[attr-defined]  # class made from declarations

    @property
    def people_each_stands_for(self) -> float:
        """Real people that one simulated person stands for."""
        return (self.stands_for or self.people) / self.people


def market_from(data: Mapping[str, Any]) -> MarketSettings:
    """Return validated settings of plain data; raises pydantic.ValidationError naming every fault."""
    return MarketSettings.model_validate(dict(data))
