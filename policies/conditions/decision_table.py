"""A decision table: rows of a condition and what to do, of which the first that fits a customer counts."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter
from tenure.policies.columns import view_condition
from tenure.policies.conditions.condition import ConditionError
from tenure.policies.conditions.names import products_named, segments_named
from tenure.policies.needs import needed_most
from tenure.policies.ordering import order_by
from tenure.policies.plan import Treatments
from tenure.policies.policy import SettingsError
from tenure.policies.settings.faults import Fault, KeyPath, told
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.settings.written import thousands_faults
from tenure.policies.treatments import CROSS_SELL, GENERAL_NAMES, NUMBERS, shipped
from tenure.policies.view import InstitutionView

_KEYS = ("when", "do", "amount")
_EXAMPLE = "{when: months_past_due == 0, do: loyalty_reward}"
AMOUNT = Parameter("its own unit", 0.0, NUMBERS["amount"].high, "by default the catalogue's")
Amount = Annotated[float, AMOUNT]
"""How much of a treatment, in its unit; as in the catalogue."""
Row = Mapping[str, object]
"""A row of a decision table as it is written: `when`, `do` and perhaps `amount`."""


class Rule(NamedTuple):
    """One row of a decision table."""

    when: str
    do: str
    amount: float | None


def treatment_faults(at: KeyPath, treatment: object, amount: object, pick: bool = False) -> list[Fault]:
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
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= AMOUNT.high:
        what = f"a number from 0 to {AMOUNT.high:g} is wanted ({unit}), got {told(amount)}"
        return [Fault(what, "write one such as 30, or leave it out for the catalogue's", where)]
    return [fault.below(where) for fault in thousands_faults(amount, 0.0, AMOUNT.high)]


def read_rules(rows: Sequence[object], policy: str, place: KeyPath = ("rules",)) -> tuple[Rule, ...]:
    """Return the rows of a decision table, checked.

    Parameters
    ----------
    rows : sequence of mappings
        Each with `when`, `do` and perhaps `amount`.
    policy : str
        Its name, for the message.
    place : tuple
        Where the table stands among the settings, for the message.

    Raises
    ------
    SettingsError
        All that is wrong, each with its place such as ``rules[1].when``. Names of products and segments are
        left to `market_faults`, once a market is known.
    """
    faults: list[Fault] = []
    table = []
    for index, row in enumerate(rows):
        at: KeyPath = (*place, index)
        if not isinstance(row, Mapping):
            faults.append(Fault(f"a rule is {{when: ..., do: ...}}, got {told(row)}", f"write {_EXAMPLE}", at))
            continue
        faults += [
            Fault(f"a rule has no '{key}'", did_you_mean(str(key), _KEYS).strip(), (*at, str(key)), True)
            for key in row
            if key not in _KEYS
        ]
        faults += [
            Fault(f"a rule needs '{key}'", f"add '{key}: {example}'", at)
            for key, example in (("when", "months_past_due == 0"), ("do", "loyalty_reward"))
            if key not in row
        ]
        when, do, amount = row.get("when", "otherwise"), row.get("do", "none"), row.get("amount")
        if not isinstance(when, str):
            wanted = f"a condition is wanted, got {told(when)}"
            faults.append(Fault(wanted, "write one such as months_past_due == 0", (*at, "when")))
            when = "otherwise"
        try:
            view_condition(when, products_named(when), segments_named(when))
        except ConditionError as error:
            faults += [one.below((*at, "when")) for one in error.faults]
        faults += treatment_faults((*at, "do"), do, amount, pick=True)
        table.append(Rule(when, do, amount))
    if not rows:
        faults.append(Fault("at least one rule is wanted", f"write - {_EXAMPLE}", place))
    if faults:
        raise SettingsError(policy, faults)
    return tuple(table)


def market_faults(
    table: Sequence[Rule],
    products: Sequence[str],
    segments: Sequence[str],
    treatments: Sequence[str],
    place: KeyPath = ("rules",),
) -> list[Fault]:
    """Return what names a product, a segment or a treatment that the market has not, with its place."""
    faults = []
    for index, rule in enumerate(table):
        at: KeyPath = (*place, index)
        if rule.do not in (*treatments, CROSS_SELL):
            near = did_you_mean(rule.do, treatments).strip()
            faults.append(Fault(f"no treatment is called '{rule.do}'", near, (*at, "do")))
        for word in segments_named(rule.when):
            if word not in segments:
                known = did_you_mean(word, segments) if segments else " Declare them below 'segments' of the market."
                faults.append(Fault(f"the market has no segment '{word}'", known.strip(), (*at, "when")))
        for product in products_named(rule.when):
            if product not in products:
                near = did_you_mean(product, products).strip()
                faults.append(Fault(f"the market has no product '{product}'", near, (*at, "when")))
    return faults


def who_fits(table: Sequence[Rule], view: InstitutionView) -> NDArray[np.int64]:
    """Return which rule is the first that fits each customer, its index; -1 none, shape (customers,)."""
    first = np.full(len(view), -1, np.int64)
    for index, rule in enumerate(table):
        fits = (first < 0) & view.where(view_condition(rule.when, view.products, view.schemes.segment_names))
        first[fits] = index
    return first


def decide_by_rules(
    table: Sequence[Rule], view: InstitutionView, first: NDArray[np.int64] | None = None, called: Sequence[str] = ()
) -> Treatments:
    """Return each customer's treatment by the first rule that fits; by rule, then highest margin first.

    A customer whose rule says `none`, or `cross_sell` with nothing left to sell, is left alone.

    Parameters
    ----------
    table : sequence of Rule
    view : InstitutionView
    first : array, shape (customers,), optional
        As `who_fits` gives it, where that is known.
    called : sequence of str
        What each rule is called in reasons; by default by its number.
    """
    first = who_fits(table, view) if first is None else first
    by_need = [index for index, rule in enumerate(table) if rule.do == CROSS_SELL]
    ours = np.flatnonzero(~np.isnan(view.list_prices))
    product, need = needed_most_by(view, [view.products[index] for index in ours], np.isin(first, by_need))
    offers = tuple(f"{CROSS_SELL}_{name}" for name in view.products)
    parts = []
    for index, rule in enumerate(table):
        chosen = np.flatnonzero(first == index)
        if rule.do == "none" or not len(chosen):
            continue
        because = f"{called[index] if called else f'rule {index + 1}'}: {rule.when}"
        if rule.do == CROSS_SELL:
            sold = _best_first(view, chosen[need[chosen] >= 0.0])
            parts.append(Treatments.each(offers, ours[product[sold]], sold, because=because))
        else:
            parts.append(Treatments.of(rule.do, _best_first(view, chosen), amount=rule.amount, because=because))
    return Treatments.joined(parts)


def needed_most_by(
    view: InstitutionView, products: list[str], asked: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return `needed_most` of those asked about, shape (customers,); what stands for the others means nothing.

    It goes block by block and reads nothing of the others, unless a block has few of them.
    """
    best, most = np.zeros(len(view), np.int64), np.full(len(view), -1.0)
    for some, part in view.blocks() if products else ():
        rows = np.flatnonzero(asked[some])
        if 3 * len(rows) > len(part):  # reading on is then faster than picking out
            best[some], most[some] = needed_most(part.needs(products), part.by_product("held", products))
        elif len(rows):
            few = part.only(rows)
            best[some][rows], most[some][rows] = needed_most(few.needs(products), few.by_product("held", products))
    return best, most


def _best_first(view: InstitutionView, chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the customers by believed margin, the highest first."""
    return chosen[order_by(-view.margin_per_year[chosen])]
