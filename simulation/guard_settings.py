"""Settings of an institution's guard: dated rules, limits of structure, capacity and prices."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from policies.guard_rules import MEASURES, GuardRule, StructureLimit, shipped_rules, words_problems
from policies.guards import FIRST, LAST, THEN
from policies.shelf.rules import PRODUCT_FIELD
from policies.suggest import did_you_mean
from policies.view import view_condition
from simulation.units import Count, Money, Rate, Share, month_number

Quadrant = Literal["low_risk_low_return", "low_risk_high_return", "high_risk_low_return", "high_risk_high_return"]
ALWAYS = (*FIRST, *THEN, *LAST)
_SEGMENT = re.compile(r"\bsegment\b")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _switched(value: object) -> object:
    """Return a rule as a mapping where it was only switched."""
    if value in ("on", "yes", True):
        return {"on": True}
    if value in ("off", "no", False):
        return {"on": False}
    return value


def _switch(value: object) -> object:
    return {"yes": True, "on": True, "no": False, "off": False}.get(value, value) if isinstance(value, str) else value


def _month(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a month of the calendar: write one such as 2027-01")
    month_number(value)
    return value


def _condition(value: object) -> object:
    """Check a condition as far as it can be read without a market; its segments are left to the market."""
    if not isinstance(value, str):
        raise ValueError(f"a condition is wanted, such as 'months_past_due > 0'; got {value!r}")
    if not _SEGMENT.search(value):
        view_condition(value, tuple(dict.fromkeys(PRODUCT_FIELD.findall(value))))
    return value


Condition = Annotated[str, BeforeValidator(_condition)]
CalendarMonth = Annotated[str, BeforeValidator(_month)]


class RuleSettings(_Settings):
    """A dated rule; a name that is shipped takes over what is not written."""

    on: Annotated[bool, BeforeValidator(_switch)] = True
    forbids: tuple[str, ...] | None = None
    when: Condition | None = None
    source: str | None = None
    from_: Annotated[CalendarMonth | None, Field(alias="from")] = None
    until: CalendarMonth | None = None


class StructureSettings(_Settings):
    """A floor or a ceiling on a cell of customers: as a share, or in heads or EUR of the real book."""

    name: str | None = None
    quadrant: Quadrant | None = None
    where: Condition | None = None
    share_of: str | None = None
    at_least: Share | None = None
    at_most: Share | None = None
    sum_of: str | None = None
    at_least_eur: Money | None = None
    at_most_eur: Money | None = None
    stops: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        shares, sums = (self.at_least, self.at_most), (self.at_least_eur, self.at_most_eur)
        if (self.share_of is None) == (self.sum_of is None):
            raise ValueError("structure: give either share_of (with at_least or at_most, as shares) or sum_of (with "
                             "at_least_eur or at_most_eur)")  # fmt: skip
        wanted, other = (shares, sums) if self.share_of is not None else (sums, shares)
        if wanted == (None, None) or other != (None, None):
            words = "at_least or at_most, as shares" if self.share_of is not None else "at_least_eur or at_most_eur"
            raise ValueError(f"structure: with {'share_of' if self.share_of else 'sum_of'} write {words}")
        if self.quadrant is not None and self.where is not None:
            raise ValueError("structure: give quadrant or where, not both; a condition may name the quadrant")
        if self.share_of is not None and self.quadrant is None and self.where is None:
            raise ValueError("structure: a share needs its cell: write quadrant or where")
        low, high = wanted
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"structure: the floor {low:g} is above the ceiling {high:g}: lower one or raise the other"
            )
        return self

    def limit(self) -> StructureLimit:
        """Return the limit as the guard reads it."""
        cell = f"quadrant == {self.quadrant}" if self.quadrant else self.where or "otherwise"
        of = self.share_of or self.sum_of or ""
        side = "floor" if (self.at_least, self.at_least_eur) != (None, None) else "ceiling"
        name = self.name or f"{side} of {self.quadrant or self.where or 'all'} in {of}"
        if self.share_of is not None:
            return StructureLimit(name, cell, of, True, self.at_least, self.at_most, self.stops)
        return StructureLimit(name, cell, of, False, self.at_least_eur, self.at_most_eur, self.stops)


class HouseGuards(_Settings):
    """What an institution forbids itself, and what the law forbids it."""

    price_ceiling: Rate = 0.36
    capacity_per_month: dict[str, Count] = {}
    rules: dict[str, Annotated[RuleSettings, BeforeValidator(_switched)]] = {}
    structure: tuple[StructureSettings, ...] = ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        problems = []
        for name, rule in self.rules.items():
            if name in shipped_rules():
                continue
            missing = [key for key in ("forbids", "when", "source") if getattr(rule, key) is None]
            if missing:
                hint = did_you_mean(name, shipped_rules())
                problems.append(f"rules: '{name}' is not shipped, so it needs {', '.join(missing)}.{hint}")
            if name in ALWAYS:
                problems.append(f"rules: '{name}' is the name of a rule that always holds: rename yours")
        names = [one.limit().name for one in self.structure]
        for name in {one for one in names if names.count(one) > 1}:
            problems.append(f"structure: '{name}' is written twice: join the two, or give each a name")
        for name in {*names} & {*ALWAYS, *self.rules, *shipped_rules()}:
            problems.append(f"structure: '{name}' is the name of a rule: rename the limit")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def dated_rules(self, start: str) -> tuple[GuardRule, ...]:
        """Return the rules in their order, shipped ones first; months count from the market's start."""
        merged: dict[str, dict[str, Any]] = {name: dict(entry) for name, entry in shipped_rules().items()}
        for name, rule in self.rules.items():
            told = rule.model_dump(exclude_unset=True, by_alias=True)
            merged[name] = {**merged.get(name, {}), **told}
        begin = month_number(start)
        return tuple(
            GuardRule(
                name, tuple(one["forbids"]), one["when"], one["source"],
                month_number(one["from"]) - begin if one.get("from") else GuardRule._field_defaults["from_month"],
                month_number(one["until"]) - begin if one.get("until") else GuardRule._field_defaults["until_month"],
            )
            for name, one in merged.items() if _switch(one.get("on", True))
        )  # fmt: skip

    def market_problems(self, products: Mapping[str, str], segments: Sequence[str], names: Sequence[str]) -> list[str]:
        """Return what names a product, a segment or a treatment that the market has not."""
        found = []
        for rule in self.dated_rules("2027-01"):
            found += [f"rules: '{rule.name}': {text}" for text in words_problems(rule.forbids, names)]
            found += _unreadable(f"rules: '{rule.name}'", rule.when, products, segments)
        for limit in (one.limit() for one in self.structure):
            found += [f"structure: '{limit.name}': {text}" for text in words_problems(limit.stops, names)]
            found += _unreadable(f"structure: '{limit.name}'", limit.where, products, segments)
            known = (*MEASURES, *products)
            if limit.of not in known:
                found.append(f"structure: there is no '{limit.of}' to measure.{did_you_mean(limit.of, known)}")
        words = [word for word in self.capacity_per_month if word != "all"]
        return found + [f"capacity_per_month: {text}" for text in words_problems(words, names)]


def _unreadable(where: str, condition: str, products: Mapping[str, str], segments: Sequence[str]) -> list[str]:
    try:
        view_condition(condition, tuple(products), tuple(segments))
    except ValueError as error:
        return [f"{where}: {error}"]
    return []
