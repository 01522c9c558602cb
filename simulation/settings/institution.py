"""Settings of an institution: what it sells, how it finds customers, what it knows of whom."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tenure.agents.declaring import Parameter
from tenure.policies.plan import MOST_MONEY, MOST_MONTHS, MOST_POINTS
from tenure.policies.settings.faults import Fault, FaultyError, KeyPath, refuse, told
from tenure.policies.shelf import ALIASES
from tenure.simulation.settings.base import Settings
from tenure.simulation.settings.guards import InstitutionGuards, Quadrant
from tenure.simulation.values.units import LOWEST_RATE

OwnRate = Annotated[float, Parameter("rate/year", LOWEST_RATE, 1, "the user's own")]
Budget = Annotated[float, Parameter("EUR/month", 0, 1e12, "the user's own")]
Utility = Annotated[float, Parameter("utility", -20, 20, "neutral: 0 is neither liked nor disliked")]
Noise = Annotated[float, Parameter("1", 0.001, 1000, "by definition: 1 is as noisy as the readings are")]
Window = Annotated[int, Parameter("months", 0, 240, "assumption")]


class ChannelKind(NamedTuple):
    """A kind of channel: what is written of it unless a market writes otherwise."""

    line: str
    """Whom it reaches, how, and what it costs."""
    source: str
    """Where its numbers come from."""
    usual: Mapping[str, object]
    """Setting -> value."""


CHANNEL_KINDS: Mapping[str, ChannelKind] = {
    "broadcast": ChannelKind("everybody alike, or a list by precision; paid by contact", "neutral: nothing is set", {}),
    "search_and_comparison": ChannelKind(
        "who looks around or has an acute need finds it, among what others offer; paid by who joins",
        "a fee for each sale (ACCC 2014, CMA 2017: how comparison sites are paid); its size is an assumption",
        {"audience": "looking", "contacts_per_person_per_month": 2.0, "cost_per_contact": 0.0, "cost_per_joiner": 60.0},
    ),
    "recommendation": ChannelKind(
        "who is seen looking for a product, by browsing data; paid by contact",
        "assumption",
        {"audience": "in_need", "cost_per_contact": 0.5},
    ),
    "referral": ChannelKind(
        "whom customers tell, the more the more of them there are and the better they like it; paid by who joins",
        "25 EUR a new customer (Schmitt, Skiera & Van den Bulte 2011); 0.3 contacts, a tenth of them read, is an "
        "imitation of 0.38 a year (Sultan, Farley & Lehmann 1990); the rest is an assumption",
        {
            "contacts_per_person_per_month": 0.0,
            "word_of_mouth": 0.3,
            "word_of_mouth_satisfaction": 0.5,
            "once_a_month": True,
            "cost_per_contact": 0.0,
            "cost_per_joiner": 25.0,
        },
    ),
    "cross_line": ChannelKind(
        "customers of the group's other lines of business, whom it knows well; paid by contact",
        "assumption: a third of all people, told apart better than strangers, for the cost of a message",
        {"reachable": 0.33, "precision": 1.5, "cost_per_contact": 0.3},
    ),
    "branch": ChannelKind(
        "who passes by, whatever the person needs; paid by month",
        "assumption: two people in five live near one, and notice it twice a year",
        {"reachable": 0.4, "contacts_per_person_per_month": 0.17, "cost_per_contact": 0.0, "cost_per_month": 2000.0},
    ),
}
"""Kinds of channels; each is a channel like any other, with numbers of its own to begin with."""
_SPENDS = ("budget_per_month", "contacts_per_person_per_month")


class ChannelSettings(Settings):
    """One way in which an institution reaches people who are not its customers."""

    kind: Literal["broadcast", "search_and_comparison", "recommendation", "referral", "cross_line", "branch"] = (
        "broadcast"
    )
    """What is taken for whatever is not written here: see `tenure list channels`."""
    budget_per_month: Budget | None = None
    """Money a month of the real book; write this or `contacts_per_person_per_month`."""
    contacts_per_person_per_month: Annotated[float, Parameter("contacts", 0, 1000, "the user's own")] | None = None
    """A fixed rate of contacts to everybody it can find who is no customer, in place of a budget."""
    cost_per_contact: Annotated[float, Parameter("EUR", 0, 1e6, "assumption")] = 1.0
    """Cost of one contact by this channel; assumption."""
    cost_per_joiner: Annotated[float, Parameter("EUR", 0, 1e6, "neutral: nothing is paid")] = 0.0
    """Paid for each person who joins by this channel, such as a fee of a comparison site or a reward for a referral."""
    cost_per_month: Annotated[float, Parameter("EUR/month", 0, 1e12, "neutral: nothing is paid")] = 0.0
    """Cost of the real book, in a month in which it reaches out at all, whoever it reaches, as that of branches."""
    precision: Annotated[float, Parameter("1", 0, 3, "neutral: 0 finds nobody better than chance")] = 0.0
    """How well the channel finds those who fit: 0 reaches everybody alike, 3 is the best."""
    audience: Literal["everybody", "in_need", "looking"] = "everybody"
    """Whom it can find: everybody; who is seen to have an acute need; or who has one or looks around this month."""
    reachable: Annotated[float, Parameter("share", 0, 1, "neutral: everybody")] = 1.0
    """Share of all people who can be reached by it, the same people for good."""
    risk_selection: Annotated[float, Parameter("1/log-odds", -3, 3, "neutral: whom it finds is told by fit alone")] = (
        0.0
    )
    """Added to the logarithm of its contacts by each unit of log-odds of risk above the average: above 0, those whom
    it finds are worse risks than other people (Ausubel 1999 found so of those who answer card mail)."""
    once_a_month: bool = False
    """Whether it comes to a person once a month at most; its rate is the probability that it does."""
    word_of_mouth: Annotated[float, Parameter("contacts", 0, 1000, "neutral: nobody talks")] = 0.0
    """Contacts a month of one person if everybody were a customer and talked, added to its fixed rate by the share who
    are: q of Bass (1969)."""
    word_of_mouth_satisfaction: Annotated[float, Parameter("1", 0, 10, "neutral: all talk alike")] = 0.0
    """By how much of itself a unit of customers' mean satisfaction raises word of mouth."""
    along: Literal["everybody", "links"] = "everybody"
    """Who hears of it: everybody as much; or each person from those acquaintances who are customers, see `world.links`:
    the share and the mean satisfaction are then theirs."""

    @model_validator(mode="before")
    @classmethod
    def _of_its_kind(cls, written: object) -> object:
        """Lay what is written over what is usual of its kind; a budget takes the place of a usual rate."""
        kind = written.get("kind") if isinstance(written, Mapping) else None
        if not isinstance(kind, str) or kind not in CHANNEL_KINDS or not isinstance(written, Mapping):
            return written
        usual = CHANNEL_KINDS[kind].usual
        pays = any(written.get(one) is not None for one in _SPENDS)
        return {**{name: value for name, value in usual.items() if not (pays and name in _SPENDS)}, **written}

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.budget_per_month is None) == (self.contacts_per_person_per_month is None):
            what = "give either budget_per_month or contacts_per_person_per_month, a fixed rate"
            mend = "remove one of the two" if self.budget_per_month is not None else "add 'budget_per_month: 300'"
            raise FaultyError(Fault(what, mend))
        if self.budget_per_month is not None and self.word_of_mouth > 0.0:
            mend = "write contacts_per_person_per_month in its place, 0 if nobody else tells of it, or word_of_mouth: 0"
            raise FaultyError(Fault("what customers tell each other has no budget", mend, ("budget_per_month",)))
        if self.budget_per_month is not None and max(self.cost_per_contact, self.cost_per_joiner) < 0.01:
            what = "a channel with a budget needs a cost of a contact"
            raise FaultyError(Fault(what, "write 0.01 or more", ("cost_per_contact",)))
        return self


def _by_its_name(value: object) -> object:
    return ALIASES.get(value, value) if isinstance(value, str) else value


class PolicySettings(BaseModel):
    """A policy by name, and its own settings, which the policy checks."""

    model_config = ConfigDict(extra="allow", frozen=True)
    policy: Annotated[str, BeforeValidator(_by_its_name)]
    """Name of a policy: of the shelf, or of one's own."""
    us: dict[str, object] = Field(default={})
    """In an experiment's arm: what is different about us beside the policy, one of `ARM_KEYS`."""

    @property
    def settings(self) -> dict[str, object]:
        """What was given besides the name: the policy's own settings."""
        return dict(self.model_extra or {})


ARM_KEYS = (
    "acquisition",
    "information",
    "existing_customers",
    "settled_counts_for_months",
    "contact_counts_for_months",
    "browsing_counts_for_months",
    "business_line",
    "feedback",
    "guards",
    "acquisition_share",
    "budget_per_month",
    "poaching",
)
"""What an arm may change about us: channels, what we hear, whom we may treat and poach, what is fed back. From month 0
on."""


def _policy(value: object) -> object:
    return {"policy": value} if isinstance(value, str) else value


PolicyChoice = Annotated[PolicySettings, BeforeValidator(_policy)]
CONVENIENCE = {"low": -0.5, "normal": 0.0, "high": 0.5}


def _convenience(value: object) -> object:
    if isinstance(value, str) and value in CONVENIENCE:
        return CONVENIENCE[value]
    if isinstance(value, str):
        mend = "write low, normal or high, or a number in utility"
        raise FaultyError(Fault(f"{told(value)} is no convenience", mend))
    return value


class PoachingSettings(Settings):
    """What an institution offers to those who come to it from another, and not to its own customers."""

    points: Annotated[float, Parameter("points", 0, MOST_POINTS, "neutral: 0 offers no other price")] = 0.0
    """Points a year off the price of their credit, for as many months."""
    months: Annotated[int, Parameter("months", 1, MOST_MONTHS, "assumption: a year, as other price cuts last")] = 12
    """Months for which they have that price."""
    money: Annotated[float, Parameter("EUR", 0, MOST_MONEY, "neutral: 0 pays nothing")] = 0.0
    """Money paid to each of them once, when they come."""


class InformationSettings(Settings):
    """What an institution gets to know of people, and how well."""

    application: bool = True
    """Whether it keeps what applicants say, and scores it."""
    behaviour: bool = True
    """Whether it reads behaviour month by month, product by product."""
    responses: bool = True
    """Whether it learns needs from offers taken and refused."""
    browsing: bool = True
    """Whether it sees who looks for a product; assumption: anybody can buy such data."""
    other_lines: Annotated[float, Parameter("share", 0, 1, "assumption: half gets through")] = 0.5
    """Worth of what another business line knows, against own knowledge; assumption: half gets through."""
    noise: Noise = 1.0
    """Multiplies the standard error of its readings of behaviour: 2 is twice as noisy; 1 by definition."""
    believed_noise: Noise | None = None
    """What it takes that factor to be; by default it knows it."""


class FeedbackSettings(Settings):
    """What acquisition learns from existing customers: a lookalike score of those whom the structure lacks."""

    every_months: Annotated[int, Parameter("months", 1, 240, "assumption")] = 12
    """How often the score is fitted anew; assumption."""
    wanted: dict[Quadrant, Annotated[float, Parameter("share", 0, 1, "assumption")]] = Field(
        default={"low_risk_high_return": 1.0}
    )
    """Shares of customers wanted, by quadrant; channels look for what is shortest; assumption."""
    tenure_months: Window = 6
    """Tenure from which a customer can be judged and teaches the score; assumption."""
    strength: Annotated[float, Parameter("1", 0, 10, "assumption")] = 1.0
    """What one standard deviation of the score adds to a channel's targeting score; assumption."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.wanted or sum(self.wanted.values()) > 1.0 + 1e-9:
            what = f"wanted adds up to {100.0 * sum(self.wanted.values()):.6g}%"
            raise FaultyError(Fault(what, "name one quadrant or more, at most 100% in all", ("wanted",)))
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
    """What tables and reports call it; rivals are called by their key."""
    share: Annotated[float, Parameter("share", 0, 1, "the user's own")]
    """Share of the people whose main provider it is when the market begins."""
    products: tuple[str, ...] | None = None
    """Products of the market that it sells; by default all."""
    apr: dict[str, OwnRate] = Field(default={})
    """Its own rates of lending a year, by product, in place of the market's."""
    rate: dict[str, OwnRate] = Field(default={})
    """Its own rates of deposit a year, by product, in place of the market's."""
    quality: Utility | None = None
    """Utility of its offer to everybody beyond price and products: brand, branches, app; not written, it is found so
    that the market opens with the shares written and keeps them while rivals rest, see `tenure check`."""
    service: Utility = 0.0
    """Utility of what customers experience in a month; what exceeds their expectation satisfies them."""
    convenience: Annotated[Utility, BeforeValidator(_convenience)] = 0.0
    """Utility of joining it for those who are elsewhere: low -0.5, normal 0, high 0.5; assumption."""
    funding_cost: Annotated[float, Parameter("rate/year", LOWEST_RATE, 1, "assumption")] = 0.035
    """Rate a year that money lent costs it, and that money deposited saves it; assumption."""
    servicing_per_month: dict[str, Annotated[float, Parameter("EUR/month", 0, 1e5, "the user's own")]] = Field(
        default={}
    )
    """Cost a month of each product held, by product."""
    premium_per_risk: Annotated[float, Parameter("points", 0, 50, "assumption")] = 3.0
    """Points a year on the price of credit per unit of log-odds of risk above average; assumption."""
    highest_risk: Annotated[float, Parameter("log-odds", -40, 40, "assumption")] = -4.2
    """Score of an application, log-odds of missing a payment, above which it lends nothing; assumption."""
    score_noise: Annotated[float, Parameter("log-odds", 0, 40, "assumption")] = 0.8
    """Standard error of the score of an application, log-odds; assumption."""
    poaching: PoachingSettings = PoachingSettings()
    """What it offers to those who come to it from another institution, beside what everybody is offered."""
    visible: bool = True
    """Whether people who look around find it."""
    acquisition: dict[str, ChannelSettings] = Field(default={})
    """Channels by which it reaches people who are not its customers, by name, as many as one likes."""
    policy: PolicyChoice = PolicySettings(policy="do_nothing")
    """What it does for its customers; of ours, an experiment's arms each have their own."""
    information: InformationSettings = InformationSettings()
    """What it gets to know of people, and how well."""
    feedback: Annotated[FeedbackSettings | None, BeforeValidator(_switch)] = None
    """Whether channels are told which customers we lack: off, on, or how."""
    budget_per_month: Budget | None = None
    """Money a month for existing customers, in place of the market's or the experiment's."""
    acquisition_share: Annotated[float, Parameter("share", 0, 1, "the user's own")] | None = None
    """Share of the one purse, treatments and channels, for new customers; else each has its own budget."""
    guards: InstitutionGuards = InstitutionGuards()
    """What it forbids itself, and what the law forbids it."""
    business_line: tuple[str, ...] | None = None
    """Products of the line of business that decides; by default all."""
    existing_customers: tuple[Scope, ...] = ("open", "other_lines")
    """Whom it may treat: any of open, other_lines, settled, contacted, browsing."""
    settled_counts_for_months: Window = 24
    """How long somebody who has left counts as settled; assumption."""
    contact_counts_for_months: Window = 12
    """How long somebody who was in contact counts as contacted; assumption."""
    browsing_counts_for_months: Window = 1
    """How long somebody seen looking for a product counts as browsing; assumption."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        keys = {
            "settled": "settled_counts_for_months",
            "contacted": "contact_counts_for_months",
            "browsing": "browsing_counts_for_months",
        }
        own: KeyPath = ("existing_customers",)
        faults = [
            Fault(
                f"with {getattr(self, keys[scope])} months nobody would be in scope as '{scope}'",
                f"write 1 to 240 months, or take '{scope}' out of existing_customers",
                (keys[scope],),
            )
            for scope in keys
            if scope in self.existing_customers and getattr(self, keys[scope]) < 1
        ]
        if not self.existing_customers:
            faults.append(Fault("nobody would be in scope", "write at least [open]", own))
        if "browsing" in self.existing_customers and not self.information.browsing:
            what = "nobody would be in scope as 'browsing', for information.browsing is off"
            at = ("information", "browsing")
            faults.append(Fault(what, "switch it on, or take 'browsing' out", at, elsewhere=(own,)))
        for name, channel in self.acquisition.items():
            if channel.audience == "in_need" and not self.information.browsing:
                what = f"channel '{name}' would find nobody: it looks for who is browsing, which nobody sees here"
                mend = "switch information.browsing on, or write another audience of the channel"
                faults.append(Fault(what, mend, ("information", "browsing"), elsewhere=(("acquisition", name),)))
        if self.business_line is not None and not self.business_line:
            what = "a line of business without products has nothing to decide"
            faults.append(Fault(what, "name one, or leave this out for all", ("business_line",)))
        if self.existing_customers == ("other_lines",) and self.business_line is None:
            what = "nobody would be in scope: 'other_lines' stands alone, and the business line is all products"
            faults.append(Fault(what, "name the line's products in business_line", own))
        refuse(faults)
        return self
