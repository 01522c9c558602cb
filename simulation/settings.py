"""Settings of a market: what a user may write, with units, ranges and defaults; unknown keys are errors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from agents.declaring import MAX_PRODUCTS, parameters_of
from agents.market import MAX_CHANNELS
from agents.rulebook import MAX_INSTITUTIONS, Rulebook
from agents.traits import Traits
from simulation.units import Count, Money, Months, Number, Rate, Share, parse_multiplier, parser_for


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)


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


class ChannelSettings(Settings):
    """One way in which an institution reaches people who are not its customers."""

    budget_per_month: Money | None = None
    contacts_per_person_per_month: Number | None = None
    cost_per_contact: Money = 1.0
    precision: Number = 0.0

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.budget_per_month is None) == (self.contacts_per_person_per_month is None):
            raise ValueError("give either budget_per_month or contacts_per_person_per_month (a fixed rate), not both")
        if self.cost_per_contact <= 0 and self.budget_per_month is not None:
            raise ValueError("a channel with a budget needs a cost_per_contact above 0")
        if not 0.0 <= self.precision <= 3.0:
            raise ValueError("precision is from 0 (everybody alike) to 3 (those who fit best)")
        return self


class PolicySettings(BaseModel):
    """A policy by name, and its own settings, which the policy checks."""

    model_config = ConfigDict(extra="allow", frozen=True)
    policy: str

    @property
    def settings(self) -> dict[str, Any]:
        """What was given besides the name."""
        return dict(self.model_extra or {})


def _policy(value: object) -> object:
    return {"policy": value} if isinstance(value, str) else value


PolicyChoice = Annotated[PolicySettings, BeforeValidator(_policy)]
CONVENIENCE = {"low": -0.5, "normal": 0.0, "high": 0.5}


def _convenience(value: object) -> object:
    if isinstance(value, str) and value in CONVENIENCE:
        return CONVENIENCE[value]
    if isinstance(value, str):
        raise ValueError("convenience is low, normal or high (or a number in utility)")
    return value


class InformationSettings(Settings):
    """What an institution gets to know of people, and how well."""

    application: bool = True
    """keeps what applicants say, and scores it"""
    behaviour: bool = True
    """reads behaviour month by month, by product held"""
    responses: bool = True
    """learns needs from offers taken and refused"""
    browsing: bool = True
    """sees who looks for a product now; assumption: such data can be bought by anybody"""
    other_lines: Share = 0.5
    """worth of what another business line knows, against own; assumption: half gets through"""
    noise: Number = 1.0
    """multiplies the standard error of readings of behaviour"""
    believed_noise: Number | None = None
    """what the institution takes that factor to be; by default it knows"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in ("noise", "believed_noise"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1000.0:
                raise ValueError(
                    f"{name} multiplies a standard error: above 0, at most 1000, such as 2 for twice as noisy"
                )
        return self


Scope = Literal["open", "other_lines", "settled", "contacted", "browsing"]


class InstitutionSettings(Settings):
    """An institution: what it sells, at what price, how good it is, how it finds customers."""

    name: str | None = None
    share: Share
    products: tuple[str, ...] | None = None
    apr: dict[str, Rate] = {}
    rate: dict[str, Rate] = {}
    quality: Number = 0.0
    service: Number = 0.0
    convenience: Annotated[Number, BeforeValidator(_convenience)] = 0.0
    funding_cost: Rate = 0.035
    servicing_per_month: dict[str, Money] = {}
    premium_per_risk: Number = 3.0
    highest_risk: Number = -2.8
    score_noise: Number = 0.8
    visible: bool = True
    acquisition: dict[str, ChannelSettings] = {}
    policy: PolicyChoice = PolicySettings(policy="do_nothing")
    information: InformationSettings = InformationSettings()
    business_line: tuple[str, ...] | None = None
    existing_customers: tuple[Scope, ...] = ("open", "other_lines")
    settled_counts_for_months: Months = 24
    contact_counts_for_months: Months = 12
    browsing_counts_for_months: Months = 1

    @model_validator(mode="after")
    def _scope_has_people(self) -> Self:
        nobody = "nobody would be in scope: "
        if not self.existing_customers:
            raise ValueError(f"existing_customers: {nobody}write at least [open]")
        windows = {"settled": self.settled_counts_for_months, "contacted": self.contact_counts_for_months,
                   "browsing": self.browsing_counts_for_months}  # fmt: skip
        keys = {"settled": "settled_counts_for_months", "contacted": "contact_counts_for_months",
                "browsing": "browsing_counts_for_months"}  # fmt: skip
        for scope, months in windows.items():
            if scope in self.existing_customers and not 1 <= months <= 240:
                raise ValueError(f"{keys[scope]} is {months}: {nobody}write 1 to 240 months, or take '{scope}' out of "
                                 "existing_customers")  # fmt: skip
        if "browsing" in self.existing_customers and not self.information.browsing:
            raise ValueError(f"existing_customers has 'browsing', but information.browsing is off: {nobody}"
                             "switch it on, or take 'browsing' out")  # fmt: skip
        if self.business_line is not None and not self.business_line:
            raise ValueError("business_line: name at least one product, or leave it out for all")
        if self.existing_customers == ("other_lines",) and self.business_line is None:
            raise ValueError(f"existing_customers has 'other_lines' alone, but the business line is all products: "
                             f"{nobody}name the line's products in business_line")  # fmt: skip
        return self

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if len(self.acquisition) > MAX_CHANNELS:
            raise ValueError(f"at most {MAX_CHANNELS} channels: join some")
        if self.score_noise < 0:
            raise ValueError("score_noise is a standard error: 0 or more, in log-odds")
        return self


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


class GuardSettings(Settings):
    """Rules that no plan may break; money is of the real book."""

    budget_per_month: Money = 0.0
    contacts_at_most: Count = 2
    contacts_in_months: Months = 3


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
    rivals: dict[str, InstitutionSettings] = {}
    quadrants: QuadrantSettings = QuadrantSettings()
    guards: GuardSettings = GuardSettings()
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
        if self.people < 1:
            problems.append("people: at least 1")
        total = sum(one.share for one in self.institutions().values())
        if total > 1.0 + 1e-9:
            problems.append(f"the shares of us and the rivals add up to {total:.0%}: at most 100%, the rest has nobody")
        if self.our_name in self.rivals:
            problems.append(f"a rival has our own name '{self.our_name}': rename one")
        for reserved in {"nobody", "gone"} & set(self.institutions()):
            problems.append(f"no institution may be called '{reserved}': rename it")
        for name, one in self.institutions().items():
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
