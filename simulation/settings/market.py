"""Settings of a market: what a user may write, with units, ranges and defaults; unknown keys are errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
    model_validator,
)

from tenure.agents.declaring import Parameter
from tenure.agents.rules.population import Traits
from tenure.agents.rules.rulebook import Rulebook
from tenure.policies.guard.guard import Guards
from tenure.policies.schemes import SCHEMES, SEGMENT, Schemes
from tenure.policies.settings.faults import Fault, KeyPath, faults_of, refuse, told
from tenure.policies.treatments import Treatment, catalogue
from tenure.simulation.settings.base import Settings
from tenure.simulation.settings.classification import QuadrantSettings, SchemeSettings, Segments
from tenure.simulation.settings.dated import Calendar
from tenure.simulation.settings.declared import NAME, numbers_of
from tenure.simulation.settings.faults import market_faults
from tenure.simulation.settings.guards import GuardSettings
from tenure.simulation.settings.institution import CONVENIENCE, InstitutionSettings, PolicyChoice
from tenure.simulation.settings.products import ProductSettings
from tenure.simulation.settings.rules import GROUPS, RulesSettings, TraitsSettings
from tenure.simulation.settings.world import WorldSettings
from tenure.simulation.values.calendar import CalendarMonth, calendar_month, parse_calendar_month
from tenure.simulation.values.schedule import Schedule, changes, laid
from tenure.simulation.values.schedule_reading import Readers, number_read, schedules_in
from tenure.simulation.values.units import parse_currency

MOST_PEOPLE = 10_000_000


class MarketSettings(Settings):
    """A whole market: people, products, us and the rivals, behaviour."""

    currency: Annotated[str, BeforeValidator(parse_currency)] = "EUR"
    """The one currency, three letters such as EUR; all amounts are in it."""
    start: CalendarMonth = "2027-01"
    """Calendar month of month 0; dated rules begin and end by it; assumption."""
    people: Annotated[int, Parameter("people", 1, MOST_PEOPLE, "assumption")] = 20000
    """People simulated: more of them take longer and leave less to chance; assumption."""
    stands_for: Annotated[int, Parameter("people", 1, 1e10, "the user's own")] | None = None
    """Real people in the market: one simulated person stands for `stands_for` / `people` of them."""
    burn_in_months: Annotated[int, Parameter("months", 0, 1200, "assumption")] = 60
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
    compare_beliefs_every_months: Annotated[int, Parameter("months", 1, 1200, "assumption")] = 12
    """How often the recording compares beliefs with the truth; assumption."""
    guards: GuardSettings = GuardSettings()
    """Budget and contact rule that every institution keeps."""
    treatments: dict[str, dict[str, object]] = Field(default_factory=dict)
    """What is different about treatments of the catalogue, and treatments of one's own."""
    world: WorldSettings = WorldSettings()
    """The world around the market: times, switching cost, newcomers, discounting."""
    traits: TraitsSettings = Field(default_factory=TraitsSettings)  # type: ignore[valid-type]  # class made from declarations
    """Parameters of the population: what people are born with."""
    rules: RulesSettings = Field(default_factory=RulesSettings)
    """Parameters of behaviour, by family of rules."""

    _calendar: "Calendar[MarketSettings]" = PrivateAttr(default_factory=Calendar)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse(market_faults(self))
        return self

    @model_validator(mode="wrap")
    @classmethod
    def _with_dates(cls, data: object, plain: ModelWrapValidatorHandler[Self]) -> Self:
        """Read values with dates: the settings hold the first of each, and every change is checked as a whole."""
        schedules = _schedules_in(data) if isinstance(data, Mapping) else ()
        if not schedules:
            return plain(data)
        first = data
        for one in schedules:
            first = laid(first, one.at, one.values[0])
        market = plain(first)
        found: dict[tuple[str, KeyPath], Fault] = {}
        for month in changes(schedules):
            for fault in _faults_of_month(month, first, schedules, plain):
                what = f"from {calendar_month(market.start, month)} on, {fault.what}"
                found.setdefault((fault.what, fault.at), fault._replace(what=what))
        refuse(found.values())
        market._calendar = Calendar(schedules)
        return market

    @model_serializer(mode="wrap")
    def _with_written_dates(self, plain: SerializerFunctionWrapHandler) -> dict[str, object]:
        written: dict[str, object] = plain(self)
        for one in self.schedules:
            written = laid(written, one.at, one.written(self.start))
        return written

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """All values that change by date."""
        return self._calendar.schedules

    @property
    def changes(self) -> tuple[int, ...]:
        """Months, from the start, at which a value with dates is written, but for the first of each."""
        return changes(self.schedules)

    def catalogue(self) -> tuple[Treatment, ...]:
        """Return all treatments of this market; index 0 is `none`."""
        return catalogue({name: product.kind for name, product in self.products.items()}, self.treatments)

    def guards_of(self, one: InstitutionSettings) -> Guards:
        """Return what an institution's plans are held to."""
        own = one.guards
        common = self.guards.model_dump()
        if one.budget_per_month is not None:
            common["budget_per_month"] = one.budget_per_month
        if one.acquisition_share is not None:
            common["budget_per_month"] = (1.0 - one.acquisition_share) * self.purse_of(one)
        return Guards(
            **common,
            price_ceiling=100.0 * own.price_ceiling,
            capacity_per_month=own.capacity_per_month,
            rules=own.dated_rules(self.start),
            structure=tuple(limit.limit() for limit in own.structure),
        )

    def purse_of(self, one: InstitutionSettings) -> float:
        """Return the money of a month for existing and for new customers together, EUR of the real book."""
        channels = [channel.budget_per_month or 0.0 for channel in one.acquisition.values()]
        own = self.guards.budget_per_month if one.budget_per_month is None else one.budget_per_month
        return float(own + sum(channels))

    def at(self, month: int) -> "MarketSettings":
        """Return the settings that hold in a month, without dates; the same object as long as nothing changes."""
        return self._calendar.at(self, month, _without_dates) if self.schedules else self

    def phases(self) -> tuple["MarketSettings", ...]:
        """Return what holds at the start, and after each change of a value with dates."""
        return tuple(self.at(month) for month in (0, *(month for month in self.changes if month > 0)))

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

    def with_qualities(self, qualities: Mapping[str, float]) -> "MarketSettings":
        """Return the same market in which these institutions, by name, have these qualities."""

        def one(name: str, settings: InstitutionSettings) -> InstitutionSettings:
            return settings.model_copy(update={"quality": qualities[name]}) if name in qualities else settings

        rivals = {name: one(name, settings) for name, settings in self.rivals.items()}
        market = self.model_copy(update={"us": one(self.our_name, self.us), "rivals": rivals})
        market._calendar = Calendar(self.schedules)
        return market

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


def _convenience_of(value: object) -> float:
    """Return the convenience of one date: a number, or the one that a word stands for."""
    word = CONVENIENCE.get(value) if isinstance(value, str) else None
    return number_read(numbers_of(InstitutionSettings).at(("convenience",)), value if word is None else word)


_POLICY = "write its name, or its name and settings below 'policy'"


def _reader_of(valid: Callable[[object], object], wanted: str, mend: str) -> Callable[[object], object]:
    """Return what reads a value of one date, and says what is wanted where it is none."""

    def read(value: object) -> object:
        try:
            return valid(value)
        except ValidationError:
            raise ValueError(f"{wanted} is wanted, got {told(value)}: {mend}") from None

    return read


_DATED_BESIDE_NUMBERS: Readers = {
    (*of, key): reader
    for of in (("us",), ("rivals", NAME))
    for key, reader in (
        ("policy", _reader_of(TypeAdapter(PolicyChoice).validate_python, "a policy", _POLICY)),
        ("visible", _reader_of(TypeAdapter(bool).validate_python, "true or false", "write one of the two")),
        ("convenience", _convenience_of),
    )
}
"""What an institution does, whether people find it, and a number that has words."""


def _schedules_in(data: Mapping[str, object]) -> tuple[Schedule, ...]:
    """Return the values with dates of a market as it is written; none where its start cannot be read."""
    start = data.get("start", MarketSettings.model_fields["start"].default)
    try:
        start = parse_calendar_month(start)
    except ValueError:
        start = MarketSettings.model_fields["start"].default  # told by the start's own check
    return schedules_in(data, numbers_of(MarketSettings), _DATED_BESIDE_NUMBERS, start)


def _without_dates(market: MarketSettings) -> MarketSettings:
    plain = market.model_copy()
    plain._calendar = Calendar()
    return plain


def _faults_of_month(
    month: int, first: object, schedules: Sequence[Schedule], plain: ModelWrapValidatorHandler[MarketSettings]
) -> Iterator[Fault]:
    """Yield what is wrong in a market in a month; the values that change in it have a part in it."""
    now = first
    for one in schedules:
        now = laid(now, one.at, one.value(month))
    try:
        plain(now)
    except ValidationError as error:
        own = tuple(one.at for one in schedules if month in one.months)
        for found in error.errors(include_url=False):
            raised = found.get("ctx", {}).get("error", ValueError(f"{found['msg']}: write another value"))
            for fault in faults_of(raised):
                told = fault.below(found["loc"])
                yield told._replace(elsewhere=(*told.elsewhere, *own))


def market_from(data: Mapping[str, object]) -> MarketSettings:
    """Return validated settings of plain data; raises pydantic.ValidationError naming every fault."""
    return MarketSettings.model_validate(dict(data))


def market_of(config: "MarketSettings | Mapping[str, object]") -> MarketSettings:
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
