"""Rules: a decision table, first match wins; and the textbook's table for the four quadrants."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from policies.conditions import ConditionError
from policies.faults import Fault, KeyPath, told
from policies.needs import needed_most_by
from policies.ordering import order_by
from policies.plan import Treatments
from policies.policy import SettingsError
from policies.schemes import SEGMENT
from policies.suggest import did_you_mean
from policies.treatments import CROSS_SELL, GENERAL_NAMES, shipped
from policies.view import PER_PRODUCT, InstitutionView, view_condition
from policies.written import thousands_faults

SETTING = "setting"
"""In the shipped table: what to do is a setting of the policy."""
_KEYS = ("when", "do", "amount")
_EXAMPLE = "{when: months_past_due == 0, do: loyalty_reward}"
_SEGMENT_WORDS = re.compile(rf"\b{SEGMENT}\s*(?:[=!]=\s*(\w+)|in\s*\[([^\]]*)\])")
PRODUCT_FIELD = re.compile(rf"\b(?:{'|'.join(PER_PRODUCT)})(\w+)")
MOST_AMOUNT = 1e6
"""Of a treatment, in its unit; the same as in the catalogue."""


class Rule(NamedTuple):
    """One row of a decision table."""

    when: str
    do: str
    amount: float | None


def treatment_faults(at: KeyPath, treatment: Any, amount: Any, pick: bool = False) -> list[Fault]:
    """Return what is wrong with a treatment and its amount, as far as that can be told without a market.

    A market may have treatments of its own, so names are left to `market_faults`. `pick` allows `cross_sell`,
    which leaves the choice of the product to the policy.
    """
    if not isinstance(treatment, str) or not treatment.isidentifier():
        mend = f"write one such as {GENERAL_NAMES[1]}; `tenure list treatments` has all"
        return [Fault(f"the name of a treatment is wanted, got {told(treatment)}", mend, at)]
    if treatment == CROSS_SELL and not pick:
        return [Fault(f"'{CROSS_SELL}' leaves the product open", f"write {CROSS_SELL}_<product>", at)]
    if amount is None:
        return []
    where: KeyPath = (*at[:-1], "amount")
    entry = shipped().get(treatment, {"extends": ""} if treatment not in GENERAL_NAMES else {})
    unit = entry.get("amount_unit", "its own unit" if "extends" in entry else "")
    if treatment == CROSS_SELL or treatment.startswith(f"{CROSS_SELL}_") or not unit:
        return [Fault(f"'{treatment}' takes no amount", "remove it", where)]
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= MOST_AMOUNT:
        what = f"a number from 0 to {MOST_AMOUNT:g} is wanted ({unit}), got {told(amount)}"
        return [Fault(what, "write one such as 30, or leave it out for the catalogue's", where)]
    return [fault.below(where) for fault in thousands_faults(amount, 0.0, MOST_AMOUNT)]


def _products_named(when: str) -> tuple[str, ...]:
    """Return the products that a condition names by `holds_` or `need_`."""
    return tuple(dict.fromkeys(PRODUCT_FIELD.findall(when)))


def _segments_named(when: str) -> tuple[str, ...]:
    """Return the words that a condition compares `segment` with, and may."""
    words = " ".join(f"{one} {several}" for one, several in _SEGMENT_WORDS.findall(when))
    return tuple(dict.fromkeys(words.replace(",", " ").split()))


def read_rules(rows: Sequence[Any], policy: str) -> tuple[Rule, ...]:
    """Return the rows of a decision table, checked.

    Parameters
    ----------
    rows : sequence of mappings
        Each with `when`, `do` and perhaps `amount`.
    policy : str
        Its name, for the message.

    Raises
    ------
    SettingsError
        All that is wrong, each with its place such as ``rules[1].when``. Names of products and segments are
        left to `market_faults`, once a market is known.
    """
    faults: list[Fault] = []
    table = []
    for index, row in enumerate(rows):
        at: KeyPath = ("rules", index)
        if not isinstance(row, Mapping):
            faults.append(Fault(f"a rule is {{when: ..., do: ...}}, got {told(row)}", f"write {_EXAMPLE}", at))
            continue
        faults += [
            Fault(f"a rule has no '{key}'", did_you_mean(str(key), _KEYS).strip(), (*at, str(key)), True)
            for key in row if key not in _KEYS
        ]  # fmt: skip
        faults += [
            Fault(f"a rule needs '{key}'", f"add '{key}: {example}'", at)
            for key, example in (("when", "months_past_due == 0"), ("do", "loyalty_reward")) if key not in row
        ]  # fmt: skip
        when, do, amount = row.get("when", "otherwise"), row.get("do", "none"), row.get("amount")
        if not isinstance(when, str):
            wanted = f"a condition is wanted, got {told(when)}"
            faults.append(Fault(wanted, "write one such as months_past_due == 0", (*at, "when")))
            when = "otherwise"
        try:
            view_condition(when, _products_named(when), _segments_named(when))
        except ConditionError as error:
            faults += [one.below((*at, "when")) for one in error.faults]
        faults += treatment_faults((*at, "do"), do, amount, pick=True)
        table.append(Rule(when, do, amount))
    if not rows:
        faults.append(Fault("at least one rule is wanted", f"write - {_EXAMPLE}", ("rules",)))
    if faults:
        raise SettingsError(policy, faults)
    return tuple(table)


def market_faults(
    table: Sequence[Rule], products: Sequence[str], segments: Sequence[str], treatments: Sequence[str]
) -> list[Fault]:
    """Return what names a product, a segment or a treatment that the market has not, with its place."""
    faults = []
    for index, rule in enumerate(table):
        at: KeyPath = ("rules", index)
        if rule.do not in (*treatments, CROSS_SELL):
            near = did_you_mean(rule.do, treatments).strip()
            faults.append(Fault(f"no treatment is called '{rule.do}'", near, (*at, "do")))
        for word in _segments_named(rule.when):
            if word not in segments:
                known = did_you_mean(word, segments) if segments else " Declare them below 'segments' of the market."
                faults.append(Fault(f"the market has no segment '{word}'", known.strip(), (*at, "when")))
        for product in _products_named(rule.when):
            if product not in products:
                near = did_you_mean(product, products).strip()
                faults.append(Fault(f"the market has no product '{product}'", near, (*at, "when")))
    return faults


def decide_by_rules(table: Sequence[Rule], view: InstitutionView) -> Treatments:
    """Return each customer's treatment by the first rule that fits; by rule, then highest margin first.

    A customer whose rule says `none`, or `cross_sell` with nothing left to sell, is left alone.
    """
    free, to_sell = np.ones(len(view), np.bool_), np.zeros(len(view), np.bool_)
    fitting = []
    for number, rule in enumerate(table, start=1):
        fits = free & view.where(view_condition(rule.when, view.products, view.schemes.segment_names))
        free &= ~fits
        if rule.do != "none" and fits.any():
            fitting.append((rule, np.flatnonzero(fits), f"rule {number}: {rule.when}"))
        if rule.do == CROSS_SELL:
            to_sell |= fits
    ours = np.flatnonzero(~np.isnan(view.list_prices))
    product, need = needed_most_by(view, [view.products[index] for index in ours], to_sell)
    offers = tuple(f"{CROSS_SELL}_{name}" for name in view.products)
    parts = []
    for rule, chosen, because in fitting:
        if rule.do == CROSS_SELL:
            sold = _best_first(view, chosen[need[chosen] >= 0.0])
            parts.append(Treatments.each(offers, ours[product[sold]], sold, because=because))
        else:
            parts.append(Treatments.of(rule.do, _best_first(view, chosen), amount=rule.amount, because=because))
    return Treatments.joined(parts)


def _best_first(view: InstitutionView, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the customers by believed margin, the highest first."""
    return chosen[order_by(-view.margin_per_year[chosen])]


@dataclass(frozen=True)
class Rules:
    """A decision table of one's own: the first rule that fits a customer says what to do.

    Within the plan the order of the rules is the order of priority, and within a rule the believed margin.
    """

    name = "rules"
    rules: tuple[Mapping[str, Any], ...]  # rows {when: condition, do: treatment, amount: in its unit}
    table: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "table", read_rules(self.rules, self.name))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by the first rule that fits."""
        return decide_by_rules(self.table, view)


@cache
def shipped_table(policy: str) -> tuple[Mapping[str, Any], ...]:
    """Return the rows of a table as shipped in `<policy>.yaml`."""
    text = files(__package__).joinpath(f"{policy}.yaml").read_text(encoding="utf-8")
    return tuple(YAML(typ="safe", pure=True).load(text)["rules"])


@dataclass(frozen=True)
class QuadrantRules:
    """The textbook's treatment of the four quadrants, shipped as a table of rules.

    The book names no treatment for high risk with high return, so that one is a setting. For other changes
    copy the table into an arm of the policy `rules`.
    """

    name = "quadrant_rules"
    high_risk_high_return: str = "none"  # what this quadrant gets: a treatment, or cross_sell
    amount: float | None = None  # how much of that treatment, in its unit; by default the catalogue's
    table: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        faults = treatment_faults(("high_risk_high_return",), self.high_risk_high_return, self.amount, pick=True)
        if faults:
            raise SettingsError(self.name, faults)
        setting = {"do": self.high_risk_high_return, "amount": self.amount}
        rows = [{**row, **setting} if row["do"] == SETTING else row for row in shipped_table(self.name)]
        object.__setattr__(self, "table", read_rules(rows, self.name))

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by quadrant."""
        return decide_by_rules(self.table, view)


@dataclass(frozen=True)
class StageRules:
    """Care by stage of the lifecycle, shipped as a table of rules: reach maturity soon, lengthen it, part in time.

    For changes copy the table into an arm of the policy `rules`.
    """

    name = "stage_rules"

    def decide(self, view: InstitutionView) -> Treatments:
        """Return each customer's treatment by stage."""
        return decide_by_rules(read_rules(shipped_table(self.name), self.name), view)
