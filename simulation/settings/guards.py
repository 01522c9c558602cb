"""Settings of an institution's guard: dated rules, limits of structure, capacity and prices."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tenure.agents.declaring import Parameter, parameters_of
from tenure.policies.columns import view_condition
from tenure.policies.conditions.condition import ConditionError
from tenure.policies.conditions.names import names_a_segment, products_named
from tenure.policies.guard.guard import FIRST, LAST, THEN, Guards
from tenure.policies.guard.rules import (
    MEASURES,
    GuardRule,
    StructureLimit,
    capacity_faults,
    shipped_rules,
    told_measure,
    words_faults,
)
from tenure.policies.settings.faults import Fault, FaultyError, KeyPath, refuse, told, word_faults
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.treatments import Treatment
from tenure.simulation.settings.base import Settings
from tenure.simulation.values.calendar import CalendarMonth, month_number
from tenure.simulation.values.units import LOWEST_RATE

Quadrant = Literal["low_risk_low_return", "low_risk_high_return", "high_risk_low_return", "high_risk_high_return"]
ALWAYS = (*FIRST, *THEN, *LAST)

EARLIER_WORDS: Mapping[str, str] = {
    "never": "Rules are switched by name: rules: {opted_out: on, vulnerable: on}, which is how both stand unless one "
    "is switched off.",
    "quiet_months_after": "Quiet months stand in a rule's condition: rules: {hardship: {when: months_past_due > 0 or "
    "months_since_arrears < 6}}. Nobody complains in the simulation.",
    "line_increase": "Rules are switched by name: rules: {ability_to_pay: on}, which is how it stands unless it is "
    "switched off.",
}
"""Word of an earlier sketch of the guards -> the words that say the same now."""


def _switched(value: object) -> object:
    """Return a rule as a mapping where it was only switched."""
    if value in ("on", "yes", True):
        return {"on": True}
    if value in ("off", "no", False):
        return {"on": False}
    return value


def _switch(value: object) -> object:
    return {"yes": True, "on": True, "no": False, "off": False}.get(value, value) if isinstance(value, str) else value


def _condition(value: object) -> object:
    """Check a condition as far as it can be read without a market; its segments are left to the market."""
    if not isinstance(value, str):
        raise FaultyError(Fault(f"a condition is wanted, got {told(value)}", "write one such as months_past_due > 0"))
    if not names_a_segment(value):
        view_condition(value, products_named(value))
    return value


Condition = Annotated[str, BeforeValidator(_condition)]
ShareLimit = Annotated[float, Parameter("share", 0, 1, "the user's own")]
SumLimit = Annotated[float, Parameter("EUR", 0, 1e15, "the user's own")]


class RuleSettings(Settings):
    """A dated rule; a name that is shipped takes over what is not written."""

    on: Annotated[bool, BeforeValidator(_switch)] = True
    """Whether the rule is in force."""
    forbids: tuple[str, ...] | None = None
    """Treatments, or groups of them, that it refuses."""
    when: Condition | None = None
    """Condition on a customer under which it refuses them."""
    source: str | None = None
    """The law or the custom that it comes from."""
    from_: Annotated[CalendarMonth | None, Field(alias="from")] = None
    """First calendar month in force; without it from the beginning."""
    until: CalendarMonth | None = None
    """Last calendar month in force; without it for ever."""

    def dated(self, name: str, start: str) -> GuardRule:
        """Return the rule as the guard reads it; months count from the market's start."""
        first, last = (
            None if month is None else month_number(month) - month_number(start) for month in (self.from_, self.until)
        )
        defaults = GuardRule._field_defaults
        return GuardRule(
            name,
            self.forbids or (),
            self.when or "",
            self.source or "",
            defaults["from_month"] if first is None else first,
            defaults["until_month"] if last is None else last,
        )


@cache
def _shipped_settings() -> dict[str, RuleSettings]:
    """Return the rules as shipped."""
    return {name: RuleSettings.model_validate(entry) for name, entry in shipped_rules().items()}


class StructureSettings(Settings):
    """A floor or a ceiling on a cell of customers: as a share, or in heads or EUR of the real book."""

    name: str | None = None
    """What tables and refusals call the limit; by default made of its cell and measure."""
    quadrant: Quadrant | None = None
    """The cell of customers, as a quadrant; write this or `where`."""
    where: Condition | None = None
    """The cell of customers, as a condition."""
    share_of: str | None = None
    """What the limits are shares of: customers, balance (credit), line, deposits, capital, or a product."""
    at_least: ShareLimit | None = None
    """Floor, as a share: below it nobody of the cell is told to go or gets less."""
    at_most: ShareLimit | None = None
    """Ceiling, as a share: from it on nobody of the cell gets more."""
    sum_of: str | None = None
    """What is summed over the cell, in place of a share: the same measures, in heads or money."""
    at_least_eur: SumLimit | None = None
    """Floor of the sum, in heads or in the market's currency, of the real book."""
    at_most_eur: SumLimit | None = None
    """Ceiling of the sum, in heads or in the market's currency, of the real book."""
    stops: tuple[str, ...] = ()
    """Treatments or groups refused to the cell, in place of those that wind down, or that sell and lend."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        shares, sums = (self.at_least, self.at_most), (self.at_least_eur, self.at_most_eur)
        if (self.share_of is None) == (self.sum_of is None):
            what = "a limit is either of a share or of a sum"
            raise FaultyError(
                Fault(what, "write share_of with at_least or at_most, or sum_of with at_least_eur or at_most_eur")
            )
        is_share = self.share_of is not None
        of, (wanted, other) = ("share_of", (shares, sums)) if is_share else ("sum_of", (sums, shares))
        keys = ("at_least", "at_most") if is_share else ("at_least_eur", "at_most_eur")
        faults = []
        if wanted == (None, None) or other != (None, None):
            more = ", as shares, and no other limit" if is_share else " and no other limit"
            faults.append(Fault(f"what is written does not limit {of}", f"write {' or '.join(keys)}{more}", (of,)))
        if self.quadrant is not None and self.where is not None:
            what = "the cell is written twice, as quadrant and as where"
            faults.append(Fault(what, "remove one of the two; a condition may name the quadrant", ("where",)))
        if is_share and self.quadrant is None and self.where is None:
            faults.append(Fault("a share needs its cell", "add quadrant or where", ("share_of",)))
        low, high = wanted
        if low is not None and high is not None and low > high:
            shown = [f"{100.0 * one:.6g}%" if is_share else f"{one:.12g}" for one in (low, high)]
            what = f"the floor {shown[0]} is above the ceiling {shown[1]}"
            faults.append(Fault(what, "lower one or raise the other", (keys[0],)))
        refuse(faults)
        return self

    def limit(self) -> StructureLimit:
        """Return the limit as the guard reads it."""
        cell = f"quadrant == {self.quadrant}" if self.quadrant else self.where or "otherwise"
        of = self.share_of or self.sum_of or ""
        side = "floor" if (self.at_least, self.at_least_eur) != (None, None) else "ceiling"
        name = self.name or f"{side} of {self.quadrant or self.where or 'all'} in {told_measure(of)}"
        if self.share_of is not None:
            return StructureLimit(name, cell, of, True, self.at_least, self.at_most, self.stops)
        return StructureLimit(name, cell, of, False, self.at_least_eur, self.at_most_eur, self.stops)


MOST_LIMITS = 50
"""Limits of structure of one institution at most."""


_HELD_TO, _USUAL = parameters_of(Guards), Guards()


class GuardSettings(Settings):
    """Money and contacts, the same for everybody; money is of the real book."""

    budget_per_month: Annotated[float, _HELD_TO["budget_per_month"][2]] = _USUAL.budget_per_month
    """Money a month for existing customers; plans are served from the top until it is spent."""
    contacts_at_most: Annotated[int, _HELD_TO["contacts_at_most"][2]] = _USUAL.contacts_at_most
    """Contacts that a customer gets at most within `contacts_in_months`."""
    contacts_in_months: Annotated[int, _HELD_TO["contacts_in_months"][2]] = _USUAL.contacts_in_months
    """Months within which contacts are counted."""


class InstitutionGuards(Settings):
    """What an institution forbids itself, and what the law forbids it."""

    price_ceiling: Annotated[float, Parameter("rate/year", LOWEST_RATE, 1, "10 U.S.C. 987: 36%")] = 0.36
    """Highest price of credit a year; 10 U.S.C. 987 (Military Lending Act) has 36% all in."""
    capacity_per_month: dict[str, Annotated[int, Parameter("a month", 0, 1e9, "the user's own")]] = Field(default={})
    """How many of a treatment, a group, a channel of contact (`outbound_call`) or `all` can be done in a month, of the
    real book."""
    rules: dict[str, Annotated[RuleSettings, BeforeValidator(_switched)]] = Field(default={})
    """Rules of the guard, by name: switched on or off, changed, or one's own."""
    structure: tuple[StructureSettings, ...] = ()
    """Floors and ceilings on the structure of customers or of assets."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        refuse([*self._rule_faults(), *self._limit_faults()])
        return self

    def _rule_faults(self) -> Iterator[Fault]:
        for name, rule in self.rules.items():
            start, end = (
                getattr(rule, key) or shipped_rules().get(name, {}).get(word)
                for key, word in (("from_", "from"), ("until", "until"))
            )
            if rule.on and start and end and month_number(end) < month_number(start):
                what = f"the rule is never in force: its last month, {end}, is before its first, {start}"
                yield Fault(what, f"write {start} or later, or switch it off", ("rules", name, "until"))
            if name in ALWAYS:
                what = f"'{name}' is the name of a rule that always holds"
                yield Fault(what, "rename yours", ("rules", name), of_key=True)
            elif name not in shipped_rules():
                missing = [key for key in ("forbids", "when", "source") if getattr(rule, key) is None]
                near = did_you_mean(name, shipped_rules())
                mend = near.strip() if "mean" in near else f"add '{missing[0]}: ...'" if missing else ""
                if missing:
                    what = f"no rule '{name}' is shipped, so one of your own needs {', '.join(missing)}"
                    yield Fault(what, mend, ("rules", name), of_key=True)

    def _limit_faults(self) -> Iterator[Fault]:
        names = [one.limit().name for one in self.structure]
        if len(names) > MOST_LIMITS:
            yield Fault(
                f"at most {MOST_LIMITS} limits can be held together, not {len(names)}", "leave some out", ("structure",)
            )
        for place, name in enumerate(names):
            at: KeyPath = ("structure", place)
            if name in names[:place]:
                yield Fault(f"'{name}' is written twice", "join the two, or give each a name", at)
            if name in (*ALWAYS, *self.rules, *shipped_rules()):
                yield Fault(f"'{name}' is the name of a rule", "rename the limit", (*at, "name"))

    def dated_rules(self, start: str) -> tuple[GuardRule, ...]:
        """Return the rules in their order, shipped ones first; months count from the market's start."""
        merged = dict(_shipped_settings())
        for name, rule in self.rules.items():
            own = rule.model_dump(exclude_unset=True, exclude_none=True)
            merged[name] = merged[name].model_copy(update=own) if name in merged else rule
        return tuple(one.dated(name, start) for name, one in merged.items() if one.on)

    def market_faults(
        self, products: Sequence[str], segments: Sequence[str], treatments: Sequence[Treatment]
    ) -> Iterator[Fault]:
        """Yield what names a product, a segment or a treatment that the market has not."""
        names = [one.name for one in treatments]
        for rule in self.dated_rules("2027-01"):
            at: KeyPath = ("rules", rule.name)
            yield from words_faults(rule.forbids, names, (*at, "forbids"))
            yield from _unreadable((*at, "when"), rule.when, products, segments)
        for place, one in enumerate(self.structure):
            limit, at = one.limit(), ("structure", place)
            yield from words_faults(limit.stops, names, (*at, "stops"))
            yield from _unreadable((*at, "where"), limit.where, products, segments)
            of = (*at, "share_of" if limit.share else "sum_of")
            yield from (fault._replace(at=of) for fault in word_faults("", limit.of, (*MEASURES, *products)))
        for word in self.capacity_per_month:
            for fault in capacity_faults(word, treatments):
                yield fault._replace(at=("capacity_per_month", word), of_key=True)


def _unreadable(at: KeyPath, condition: str, products: Sequence[str], segments: Sequence[str]) -> Iterator[Fault]:
    try:
        view_condition(condition, tuple(products), tuple(segments))
    except ConditionError as error:
        yield from (fault.below(at) for fault in error.faults)
