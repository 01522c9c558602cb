"""The catalogue of treatments: what an institution can do to a customer, as data with sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, get_type_hints

import numpy as np
from numpy.typing import NDArray

from agents.declaring import Parameter
from agents.treatment import EFFECT
from policies.suggest import did_you_mean

CREDIT_KINDS = ("instalment", "revolving")
NEUTRAL = "no effect"


@dataclass(frozen=True)
class Treatment:
    """One treatment: what it is, who may get it, what it does and what it costs.

    Effects act through what a person has (see `agents.treatment.Effect`). What a price cut gives up counts
    for its whole duration when granted, see `given_up`.
    """

    name: str
    meaning: str
    eligible: str
    """Condition on the view, in the language of rules."""
    amount_unit: str = ""
    """Unit of the amount; empty where the treatment has none."""
    product: int = -1
    needs_yes: int = 0
    ends: int = 0
    source: Mapping[str, str] = field(default_factory=dict)
    """Number -> where it comes from, for every number that is not neutral."""

    amount: Annotated[float, Parameter("its own unit", 0.0, 1e6, NEUTRAL)] = 0.0
    benefit: Annotated[float, Parameter("log-odds", -10.0, 10.0, NEUTRAL)] = 0.0
    satisfaction: Annotated[float, Parameter("per amount", -1.0, 1.0, NEUTRAL)] = 0.0
    switching_cost: Annotated[float, Parameter("utility per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    price_cut: Annotated[float, Parameter("points per amount", 0.0, 10.0, NEUTRAL)] = 0.0
    line_factor: Annotated[float, Parameter("", 0.0, 10.0, NEUTRAL)] = 1.0
    lasts_months: Annotated[int, Parameter("months", 0, 120, NEUTRAL)] = 0
    contact: Annotated[float, Parameter("contacts", 0.0, 10.0, NEUTRAL)] = 0.0
    contact_cost: Annotated[float, Parameter("EUR", 0.0, 1e4, NEUTRAL)] = 0.0
    welcome: Annotated[float, Parameter("utility per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    reward: Annotated[float, Parameter("EUR per amount, paid if taken", 0.0, 1e4, NEUTRAL)] = 0.0


NUMBERS: dict[str, Parameter] = {
    name: extra
    for name, hint in get_type_hints(Treatment, include_extras=True).items()
    for extra in getattr(hint, "__metadata__", ())
}
"""The numbers of a treatment that a config may set, with unit and allowed range."""

_CONTACT: dict[str, Any] = {"contact": 1.0, "contact_cost": 1.0}
_CONTACT_SOURCE = {
    "contact": "definition: one message counts as one contact",
    "contact_cost": "assumption: about one EUR for each contact",
}
_HOUSE = "assumption: a usual rule of the house"
_CUSTOMERS = "scope in [open, other_lines]"
_WELCOME: dict[str, Any] = {"amount_unit": "EUR", "amount": 50.0, "welcome": 0.5 / 30.0, "reward": 1.0, **_CONTACT}
_WELCOME_SOURCE = _CONTACT_SOURCE | {
    "amount": "assumption",
    "welcome": "assumption: an EUR draws as much as it binds, see loyalty_reward",
    "reward": "definition: the amount is what is paid to who joins",
}

_FOR_ALL = (
    Treatment(
        "loyalty_reward",
        "money for staying: pleases, and binds for a year",
        eligible=f"{_CUSTOMERS} and months_past_due == 0 and ending == no",
        amount_unit="EUR",
        needs_yes=1,
        amount=30.0,
        benefit=1.0,
        satisfaction=0.01,
        switching_cost=0.5 / 30.0,
        lasts_months=12,
        reward=1.0,
        source=_CONTACT_SOURCE
        | {
            "eligible": _HOUSE,
            "amount": "assumption",
            "benefit": "assumption: an offer of money is taken more readily than an offer to buy",
            "satisfaction": "assumption: 30 EUR please as much as a clearly better service for a month",
            "switching_cost": "assumption: 30 EUR bind as much as one further product",
            "lasts_months": "assumption: one year, the usual term of a loyalty scheme",
            "reward": "definition: the amount is what is paid",
        },
        **_CONTACT,
    ),
    Treatment(
        "price_cut",
        "points off the price of what is owed, for a year",
        eligible=f"{_CUSTOMERS} and balance > 0 and months_past_due == 0 and ending == no",
        amount_unit="points",
        amount=1.0,
        price_cut=1.0,
        lasts_months=12,
        source=_CONTACT_SOURCE
        | {
            "eligible": _HOUSE,
            "amount": "assumption",
            "price_cut": "definition: the amount is the points taken off",
            "lasts_months": "assumption: one year",
        },
        **_CONTACT,
    ),
    Treatment(
        "line_increase",
        "a quarter more revolving line",
        eligible=f"{_CUSTOMERS} and line > 0 and months_past_due == 0 and ending == no",
        line_factor=1.25,
        source=_CONTACT_SOURCE | {"eligible": _HOUSE, "line_factor": "assumption"},
        **_CONTACT,
    ),
    Treatment(
        "line_decrease",
        "a smaller revolving line, 0.7 of what it was",
        eligible=f"{_CUSTOMERS} and line > 0 and ending == no",
        line_factor=0.7,
        source=_CONTACT_SOURCE | {"eligible": _HOUSE, "line_factor": "assumption"},
        **_CONTACT,
    ),
    Treatment(
        "end",
        "no new business; closed when nothing is owed any more",
        eligible=f"{_CUSTOMERS} and ending == no",
        ends=1,
        source=_CONTACT_SOURCE | {"eligible": "definition: a relationship ends once"},
        **_CONTACT,
    ),
    Treatment(
        "win_back",
        "money for coming back, to one who was a customer",
        eligible="scope == settled",
        source=_WELCOME_SOURCE | {"eligible": "definition: a customer of the past"},
        **_WELCOME,
    ),
    Treatment(
        "preferential_offer",
        "money for joining, to one who was in contact or is seen looking for a product",
        eligible="scope in [contacted, browsing]",
        source=_WELCOME_SOURCE | {"eligible": "definition: no customer yet, and no stranger"},
        **_WELCOME,
    ),
)

GENERAL_NAMES = ("none", *(treatment.name for treatment in _FOR_ALL))
"""Treatments that every market has; beside them there is `cross_sell_<product>` for each product."""
CROSS_SELL = "cross_sell"
WITH_AMOUNT = {treatment.name: treatment.amount_unit for treatment in _FOR_ALL if treatment.amount_unit}
"""Treatments that take an amount -> its unit."""


def _cross_sell(index: int, product: str, kind: str) -> Treatment:
    """Return the offer of one product to those who do not hold it."""
    sound = f"{_CUSTOMERS} and holds_{product} == no and months_past_due == 0 and ending == no"
    return Treatment(
        f"{CROSS_SELL}_{product}",
        f"offer of {product} to those who do not hold it",
        eligible=f"{sound} and default_per_year < 12%" if kind in CREDIT_KINDS else sound,
        product=index,
        needs_yes=1,
        source=_CONTACT_SOURCE | {"eligible": f"{_HOUSE}; credit up to 12% believed default, assumption"},
        **_CONTACT,
    )


def catalogue(
    products: Mapping[str, str], settings: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Treatment, ...]:
    """Return all treatments of a market; index 0 is `none`.

    Parameters
    ----------
    products : mapping
        Product -> kind (deposit, instalment, revolving, fee), in the market's order.
    settings : mapping, optional
        Treatment -> number (see NUMBERS) or `eligible` -> value, in place of the catalogue's own.

    Raises
    ------
    ValueError
        For an unknown treatment or number, a value that is no number, or one out of range; all at once.
    """
    cross_sell = [_cross_sell(index, name, kind) for index, (name, kind) in enumerate(products.items())]
    nothing = Treatment("none", "leave alone", eligible="otherwise")
    every = {treatment.name: treatment for treatment in (nothing, *cross_sell, *_FOR_ALL)}
    problems = [
        f"products: '{name}' must be a plain word, such as 'credit_card'"
        for name in products
        if not name.isidentifier()
    ]
    for name, changes in (settings or {}).items():
        if name not in every or name == "none":
            problems.append(f"treatments: no treatment '{name}' to set.{did_you_mean(name, list(every)[1:])}")
            continue
        wrong = [text for key, value in changes.items() if (text := _problem(name, key, value))]
        problems += wrong
        if not wrong:
            told = {**every[name].source, **dict.fromkeys(changes, "set by the user")}
            every[name] = replace(every[name], source=told, **changes)
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(every.values())


def _problem(treatment: str, key: str, value: Any) -> str:
    """Return what is wrong with one setting of a treatment, or nothing."""
    where = f"treatments.{treatment}.{key}"
    if key == "eligible":
        return "" if isinstance(value, str) else f"{where}: a condition such as 'ending == no'; got {value!r}"
    if key not in NUMBERS:
        return f"{where}: a treatment has no such number.{did_you_mean(key, [*NUMBERS, 'eligible'])}"
    unit, low, high, _ = NUMBERS[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{where}: a number is wanted ({unit or 'no unit'}); got {value!r}"
    if key == "lasts_months" and value != int(value):
        return f"{where}: whole months are wanted; got {value!r}"
    return "" if low <= value <= high else f"{where}: must lie in {low:g} .. {high:g} {unit}; got {value!r}"


def effects_table(treatments: Sequence[Treatment]) -> NDArray[np.void]:
    """Return the effects as rows for the month, in the order of the catalogue; money becomes cents.

    Returns
    -------
    structured array, shape (treatments,)
        dtype `agents.treatment.EFFECT`.
    """
    table = np.zeros(len(treatments), EFFECT)
    for row, treatment in zip(table, treatments, strict=True):
        for name in EFFECT.names or ():
            if not name.endswith("_cents"):
                row[name] = getattr(treatment, name)
        row["contact_cents"] = round(100 * treatment.contact_cost)
        row["reward_cents"] = round(100 * treatment.reward)
    return table


def given_up(treatment: Treatment, amount: NDArray[np.float64], balance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the income given up over the whole duration, EUR: points off x credit balance x years.

    Parameters
    ----------
    treatment : Treatment
        Its `price_cut` is in points for one unit of amount.
    amount, balance : array, shape (customers,)
        In the treatment's unit; credit balance in EUR.
    """
    points = treatment.price_cut * amount
    return points / 100.0 * balance * (treatment.lasts_months / 12.0)
