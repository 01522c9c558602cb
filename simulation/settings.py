"""Settings of a market: what a user may write, with units, ranges and defaults; unknown keys are errors."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, create_model, field_validator, model_validator

from agents.declaring import parameters_of
from agents.rulebook import Rulebook
from agents.traits import Traits
from policies.faults import Fault, FaultyError, refuse, told
from policies.guards import Guards
from policies.schemes import SCHEMES, SEGMENT, Schemes
from policies.shelf.rules import PRODUCT_FIELD
from policies.treatments import Treatment, catalogue
from policies.view import view_condition
from simulation.institution_settings import Budget, InstitutionSettings, Settings, Utility
from simulation.market_faults import market_faults
from simulation.product_settings import ProductSettings
from simulation.units import (  # fmt: skip
    CalendarMonth,
    Currency,
    Parser,
    Share,
    parse_multiplier,
    whole,
    within,
)


def _parameter_type(kind: Any, default: Any, unit: str, low: float, high: float) -> Any:
    parse = Parser(unit, low, high, whole=isinstance(default, int))

    def read(value: object) -> Any:
        if isinstance(default, tuple):
            if not isinstance(value, (list, tuple)) or len(value) != len(default):
                what = f"a list of {len(default)} numbers is wanted, got {told(value)}"
                raise FaultyError(Fault(what, f"write one such as {list(default)}"))
            return tuple(float(parse(item)) for item in value)
        factor = parse_multiplier(value)
        if factor is not None and default == 0:
            what = f"{told(value)} multiplies the usual value, and that is 0"
            raise FaultyError(Fault(what, "write the value itself"))
        return parse(default * factor if factor is not None else value)

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


PerYear = Annotated[float, within("EUR/year", -1e9, 1e9)]
Recency = Annotated[float, within("months", 0, 999)]
Frequency = Annotated[float, within("products", 0, 1000)]
MOST_PEOPLE = 10_000_000


class RiskSplit(Settings):
    """Division of the risk axis."""

    measure: Literal["default_per_year"] = "default_per_year"
    """What the risk axis shows: the probability of default within twelve months."""
    split: Share = 0.02
    """Probability of default a year from which risk counts as high; assumption."""


class ReturnSplit(Settings):
    """Division of the return axis, EUR a year per customer, before credit loss and treatment."""

    measure: Literal["margin_per_year"] = "margin_per_year"
    """What the return axis shows: the margin a year, before credit loss and treatment."""
    split: PerYear = 300.0
    """Margin a year per customer from which return counts as high; assumption."""


class QuadrantSettings(Settings):
    """The plane of risk and return and its four quadrants."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    risk: RiskSplit = RiskSplit()
    """Where the plane is divided into low and high risk."""
    return_: ReturnSplit = Field(default=ReturnSplit(), alias="return")
    """Where the plane is divided into low and high return."""


def _condition(value: object) -> str:
    if not isinstance(value, str):
        mend = "write one such as default_per_year < 2%, or otherwise"
        raise FaultyError(Fault(f"a segment is a condition, got {told(value)}", mend))
    view_condition(value, tuple(dict.fromkeys(PRODUCT_FIELD.findall(value))))
    return value


Segments = dict[str, Annotated[str, BeforeValidator(_condition)]]


class SchemeSettings(Settings):
    """Where the schemes of classification divide; each in the order of its classes, so that all can be reached."""

    risk_grades: tuple[Share, Share, Share, Share] = (0.005, 0.02, 0.05, 0.15)
    """Probabilities of default a year that part the grades A, B, C, D and E; assumption."""
    return_bands: tuple[PerYear, PerYear, PerYear] = (0.0, 100.0, 300.0)
    """Margins a year that part the bands loss, low, middle and high; assumption."""
    value_tiers: tuple[PerYear, PerYear, PerYear] = (150.0, 600.0, 2000.0)
    """Margins over the years expected that part bronze, silver, gold and platinum; assumption."""
    rfm_recency_months: tuple[Recency, Recency] = (36.0, 12.0)
    """Months since a product was last taken that part the recencies 1, 2 and 3; assumption."""
    rfm_frequency: tuple[Frequency, Frequency] = (2.0, 4.0)
    """Numbers of products taken with us that part the frequencies 1, 2 and 3; assumption."""
    rfm_money: tuple[PerYear, PerYear] = (60.0, 300.0)
    """Margins a year that part the money values 1, 2 and 3; assumption."""

    @field_validator("*")
    @classmethod
    def _every_class_can_be_reached(cls, value: tuple[float, ...], info: Any) -> tuple[float, ...]:
        falls = info.field_name == "rfm_recency_months"
        if not all(b < a if falls else b > a for a, b in pairwise(value)):
            order = "falling: the fewer months, the better" if falls else "rising"
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers that are {order}")
        if info.field_name in ("risk_grades", "rfm_recency_months", "rfm_frequency") and min(value) <= 0:
            raise ValueError(f"{list(value)} leaves a class that nobody can reach: write numbers above 0")
        return value


_HELD_TO = parameters_of(Guards)


class GuardSettings(Settings):
    """Money and contacts, the same for everybody; money is of the real book."""

    budget_per_month: Budget = 0.0
    """Money a month for existing customers; plans are served from the top until it is spent."""
    contacts_at_most: Annotated[int, whole(*_HELD_TO["contacts_at_most"][2][:3])] = 2
    """Contacts that a customer gets at most within `contacts_in_months`; assumption: a usual house rule."""
    contacts_in_months: Annotated[int, whole(*_HELD_TO["contacts_in_months"][2][:3])] = 3
    """Months within which contacts are counted; assumption: a usual house rule."""


class WorldSettings(Settings):
    """The world around the market."""

    macro_mean: Annotated[float, within("standard deviations", -10, 10)] = 0.0
    """Mean of the common factor behind missed payments, in standard deviations; above 0 times are bad."""
    macro_persistence: Share = 0.95
    """Share of the common factor's distance from its mean that is left a month later; assumption."""
    macro_sd: Annotated[float, within("standard deviations", 0, 10)] = 1.0
    """Standard deviation of the common factor over time; 0: times never change; 1 by definition."""
    switching_cost: Utility = 0.0
    """Utility that switching costs everybody, beside each person's own inertia."""
    newcomers_per_year: Share = 0.062
    """People who enter the market in a year, as a share of all; assumption: as many as leave it."""
    discount: Annotated[float, within("rate/year", 0, 1)] = 0.10
    """Rate a year at which later money is discounted; assumption."""


class MarketSettings(Settings):
    """A whole market: people, products, us and the rivals, behaviour."""

    currency: Currency = "EUR"
    """The one currency, three letters such as EUR; all amounts are in it."""
    start: CalendarMonth = "2027-01"
    """Calendar month of month 0; dated rules begin and end by it; assumption."""
    people: Annotated[int, whole("people", 1, MOST_PEOPLE)] = 20000
    """People simulated: more of them take longer and leave less to chance; assumption."""
    stands_for: Annotated[int, whole("people", 1, 1e10)] | None = None
    """Real people in the market: one simulated person stands for `stands_for` / `people` of them."""
    burn_in_months: Annotated[int, whole("months", 0, 1200)] = 60
    """Months simulated first with nobody treated, until the market has settled; assumption."""
    products: dict[str, ProductSettings]
    """The products of the market, by name: from 1 to 8."""
    us: InstitutionSettings
    """The institution whose policies are compared."""
    rivals: dict[str, InstitutionSettings] = Field(default_factory=dict)
    """The other institutions, by name, each with the settings of `us`; {} is a market without rivals."""
    quadrants: QuadrantSettings = QuadrantSettings()
    """Where the plane of risk and return is divided into four quadrants."""
    schemes: SchemeSettings = SchemeSettings()
    """Where the other schemes of classification are divided."""
    segments: Segments = Field(default_factory=dict)
    """Segments of our own: name and condition; a person belongs to the first that fits."""
    tag_history: tuple[str, ...] = (*SCHEMES, SEGMENT)
    """Schemes whose tags are recorded whenever they change; by default all."""
    compare_beliefs_every_months: Annotated[int, whole("months", 1, 1200)] = 12
    """How often the recording compares beliefs with the truth; assumption."""
    guards: GuardSettings = GuardSettings()
    """Budget and contact rule that every institution keeps."""
    treatments: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What is different about treatments of the catalogue, and treatments of one's own."""
    world: WorldSettings = WorldSettings()
    """The world around the market: times, switching cost, newcomers, discounting."""
    traits: TraitsSettings = Field(default_factory=TraitsSettings)  # type: ignore[valid-type]  # class made from declarations
    """Parameters of the population: what people are born with."""
    rules: RulesSettings = Field(default_factory=RulesSettings)  # type: ignore[valid-type]  # class made from declarations
    """Parameters of behaviour, by family of rules."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse(market_faults(self))
        return self

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


def market_of(config: "MarketSettings | Mapping[str, Any]") -> MarketSettings:
    """Return a market's settings, validated if they are plain data.

    Raises
    ------
    TypeError
        If it is neither; Mesa's `batch_run` passes on the parts of a market that does not stand in a list.
    """
    if isinstance(config, MarketSettings):
        return config
    if isinstance(config, Mapping):
        return market_from(config)
    raise TypeError(
        f"config is a market's settings or a mapping of them, not {config!r}; among the parameters of batch_run it "
        'stands in a list: {"config": [market]}'
    )
