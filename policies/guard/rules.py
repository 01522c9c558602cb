"""Rules of the guard as data: what is forbidden to whom and when, and limits of structure; with their sources."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from tenure.policies.columns import view_condition
from tenure.policies.owed import capital_eur
from tenure.policies.settings.faults import Fault, KeyPath
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.treatments import CROSS_SELL, GROUPS, Entry, Treatment
from tenure.policies.view import InstitutionView

MEASURES: Mapping[str, str] = {
    "customers": "customers",
    "balance": "credit balances",
    "line": "credit lines",
    "deposits": "deposits",
    "credit_and_deposits": "credit balances and deposits",
    "capital": "capital",
    "net_funding": "credit balances less deposits",
}
"""What a limit may measure, beside the balance in one product: heads or EUR, and how it is told. Capital is Basel's
for the believed risk."""


EVERYTHING = "all"
"""Word of a capacity that counts every treatment."""


class GuardRule(NamedTuple):
    """Forbids some treatments to the customers for whom a condition holds, in some months."""

    name: str
    forbids: tuple[str, ...]
    """Treatments, or groups of them; `cross_sell_deposit` stands for all deposits."""
    when: str
    source: str
    from_month: int = -(10**6)
    until_month: int = 10**6
    """The last month in force."""


class StructureLimit(NamedTuple):
    """A floor or a ceiling of the structure of customers or of assets.

    Below its floor nobody of the cell is told to go or gets less; at its ceiling nobody of the cell gets more.
    """

    name: str
    where: str
    """Condition: the cell."""
    of: str
    """One of MEASURES, or a product for its balance."""
    share: bool
    """Whether the limits are shares of the same measure of all customers, or heads and EUR."""
    at_least: float | None = None
    at_most: float | None = None
    stops: tuple[str, ...] = ()
    """Treatments or groups refused to the cell; by default what winds down (floor), what sells or lends (ceiling)."""


@cache
def shipped_rules() -> Mapping[str, Entry]:
    """Return the rules as shipped, name -> entry."""
    text = files(__package__).joinpath("guard_rules.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Entry] = YAML(typ="safe", pure=True).load(text)
    return read


def forbidden(words: Sequence[str], treatments: Sequence[Treatment], kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Return which treatments some words name, by name or by group, shape (treatments,)."""
    return np.array(
        [one.name in words or bool({*one.groups} & {*words}) or _sells(one, kinds) in words for one in treatments]
    )


def counted(word: str, treatments: Sequence[Treatment], kinds: Sequence[str]) -> NDArray[np.bool_]:
    """Return which treatments use up a capacity, shape (treatments,): `all`, some by name or group, or by channel.

    A channel of contact counts what is a contact: `outbound_call` all treatments for which customers are called.
    """
    if word == EVERYTHING:
        return np.ones(len(treatments), np.bool_)
    called = [one.contact > 0.0 and one.contact_channel == word for one in treatments]
    return np.array(called, np.bool_) | forbidden((word,), treatments, kinds)


def capacity_faults(word: str, treatments: Sequence[Treatment]) -> Iterator[Fault]:
    """Yield what is wrong with the word under which a capacity is written."""
    channels = dict.fromkeys(one.contact_channel for one in treatments if one.contact > 0.0 and one.contact_channel)
    names = (*(one.name for one in treatments), f"{CROSS_SELL}_deposit", f"{CROSS_SELL}_fee")
    if word not in (EVERYTHING, *GROUPS, *names, *channels):
        known = (EVERYTHING, *channels, *GROUPS, *names)
        yield Fault(f"no treatment, group or channel of contact is called '{word}'", did_you_mean(word, known).strip())


def _sells(treatment: Treatment, kinds: Sequence[str]) -> str:
    return f"{CROSS_SELL}_{kinds[treatment.product]}" if treatment.product >= 0 else ""


def words_faults(words: Sequence[str], names: Sequence[str], at: KeyPath) -> Iterator[Fault]:
    """Yield what is wrong with the words of `forbids` or `stops`, which stand in a list at a place."""
    known = (*GROUPS, *names, f"{CROSS_SELL}_deposit", f"{CROSS_SELL}_fee")
    for place, word in enumerate(words):
        if word not in known:
            what = f"no treatment and no group is called '{word}'"
            yield Fault(what, did_you_mean(word, known).strip(), (*at, place))


def measured(of: str, view: InstitutionView) -> NDArray[np.float64]:
    """Return what each customer counts for in a limit: 1, or EUR, shape (customers,)."""
    if of == "customers":
        return (view.products_held > 0).astype(np.float64)
    if of == "capital":
        return capital_eur(view)
    if of == "credit_and_deposits":
        return np.asarray(view.balance + view.deposits)
    if of == "net_funding":
        return np.asarray(view.balance - view.deposits)
    own: NDArray[np.float64] = view.column(of) if of in MEASURES else view.balance_of(of)
    return own


def told_measure(of: str) -> str:
    """Say what a limit is of, so that nobody takes what customers owe for what they keep.

    >>> told_measure("balance"), told_measure("card")
    ('credit balances', 'balances of card')
    """
    return MEASURES.get(of, f"balances of {of}")


class Standing(NamedTuple):
    """Where a limit stands: the share of its cell, or its heads or EUR; and whether it is met."""

    value: float
    met: bool


def standing(limit: StructureLimit, view: InstitutionView) -> Standing | None:
    """Return where a limit stands; None for a share of nothing."""
    _, here, whole, unit, rounding = _summed(limit, view)
    if limit.share and whole <= 0.0:
        return None
    low, high = limit.at_least, limit.at_most
    short = low is not None and here < low * unit - rounding
    over = high is not None and here > high * unit + rounding
    return Standing(here / unit, not (short or over))


def slack(limit: StructureLimit, view: InstitutionView) -> tuple[NDArray[np.bool_], float, bool]:
    """Return who is in the cell, how much may go before its floor, and whether its ceiling is reached.

    Returns
    -------
    cell : array, shape (customers,)
    may_go : float
        In the measure, of the customers in view; infinite without a floor.
    full : bool
    """
    cell, here, whole, unit, rounding = _summed(limit, view)
    may_go = np.inf if limit.at_least is None else here - limit.at_least * unit + rounding
    if limit.at_most is None or (limit.share and whole <= 0.0 < limit.at_most):  # of nothing there is no share
        return cell, may_go, False
    return cell, may_go, here >= limit.at_most * unit - rounding


def _summed(limit: StructureLimit, view: InstitutionView) -> tuple[NDArray[np.bool_], float, float, float, float]:
    """Return who is in the cell, its sum, that of all, what 1 in a limit stands for, and a rounding of the sums."""
    cell = view.where(view_condition(limit.where, view.products, view.schemes.segment_names))
    counts = measured(limit.of, view)
    here, whole = float(counts[cell].sum()), float(counts.sum())
    rounding = 1e-9 * (1.0 + float(np.abs(counts).sum()))
    return cell, here, whole, whole if limit.share else 1.0, rounding
