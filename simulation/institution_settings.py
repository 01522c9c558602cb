"""Settings of an institution: what it sells, how it finds customers, what it knows of whom."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from agents.market import MAX_CHANNELS
from simulation.guard_settings import HouseGuards, Quadrant
from simulation.units import Money, Months, Number, Rate, Share


class Settings(BaseModel):
    """Base of all settings: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)


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
    us: dict[str, Any] = {}
    """in an experiment's arm: what is different about us beside the policy, see `ARM_KEYS`"""

    @property
    def settings(self) -> dict[str, Any]:
        """What was given besides the name: the policy's own settings."""
        return dict(self.model_extra or {})


ARM_KEYS = (
    "acquisition", "information", "existing_customers", "settled_counts_for_months", "contact_counts_for_months",
    "browsing_counts_for_months", "business_line", "feedback", "guards", "acquisition_share", "budget_per_month",
)  # fmt: skip
"""What an arm may change about us: channels, what we hear, whom we may treat, what is fed back. From month 0 on."""


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
                    f"{name} is {value:g}, but it multiplies a standard error: write more than 0 and at most 1000, "
                    "such as 2 for twice as noisy"
                )
        return self


class FeedbackSettings(Settings):
    """What acquisition learns from existing customers: a lookalike score of those whom the structure lacks."""

    every_months: Months = 12
    """fitted anew so often; assumption"""
    wanted: dict[Quadrant, Share] = {"low_risk_high_return": 1.0}
    """wanted share of customers by quadrant; what falls furthest short is looked for"""
    tenure_months: Months = 6
    """customers younger than this are not yet judged; assumption"""
    strength: Number = 1.0
    """what one standard deviation of the score adds to a channel's targeting score; assumption"""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not 1 <= self.every_months <= 240:
            raise ValueError(f"every_months is {self.every_months}: write 1 to 240")
        if not self.wanted or sum(self.wanted.values()) > 1.0 + 1e-9:
            raise ValueError(
                f"wanted adds up to {sum(self.wanted.values()):.0%}: name one quadrant or more, at most 100% in all"
            )
        if not 0.0 <= self.strength <= 10.0:
            raise ValueError(f"strength is {self.strength}: write 0 to 10")
        return self


def _switch(value: object) -> object:
    if value in ("on", "yes"):
        return {}
    if value in ("off", "no"):
        return None
    if isinstance(value, bool):
        return {} if value else None
    return value


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
    feedback: Annotated[FeedbackSettings | None, BeforeValidator(_switch)] = None
    """off, on, or its settings"""
    budget_per_month: Money | None = None
    """for existing customers, in place of the market's or the experiment's"""
    acquisition_share: Share | None = None
    """of the one purse for treatments and channels that goes to new customers; as budgeted without it"""
    guards: HouseGuards = HouseGuards()
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
