"""The catalogue of treatments: what an institution can do to a customer, as data with sources (`treatments.yaml`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from tenure.agents.declaring import Parameter
from tenure.agents.offer import KINDS
from tenure.agents.rules.rulebook import MAX_TREATMENTS
from tenure.agents.treatment import EFFECT
from tenure.policies.settings.faults import Fault, refuse, told
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.settings.written import thousands_faults

NEUTRAL = "no effect"
GROUPS = ("marketing", "credit", "dearer", "care", "winds_down", "larger_line")
"""What kind of act a treatment is; a guard's rule may forbid a whole group."""
CROSS_SELL = "cross_sell"
BY_THE_USER = "set by the user"


@dataclass(frozen=True)
class Treatment:
    """One treatment: what it is, who may get it, what it does and what it costs.

    Effects act through what a person has (see `tenure.agents.treatment.Effect`). What a price cut gives up counts
    for its whole duration when granted, see `given_up`.
    """

    name: str
    meaning: str
    eligible: str
    """Condition on the view, in the language of rules."""
    answers: str = "nothing"
    """The need of the customer that it answers."""
    groups: tuple[str, ...] = ()
    amount_unit: str = ""
    """Unit of the amount; empty where the treatment has none."""
    contact_channel: str = ""
    """How the customer is contacted, such as outbound_call; empty where nobody is. A capacity may count by it."""
    product: int = -1
    source: Mapping[str, str] = field(default_factory=dict)
    """Number -> where it comes from, for every number that is not neutral."""

    amount: Annotated[float, Parameter("its own unit", 0.0, 1e6, NEUTRAL)] = 0.0
    """How much of the treatment a customer gets, unless a policy says otherwise."""
    needs_yes: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether it acts only if the customer takes it."""
    benefit: Annotated[float, Parameter("log-odds", -10.0, 10.0, NEUTRAL)] = 0.0
    """What the offer itself adds to acceptance."""
    satisfaction: Annotated[float, Parameter("per amount", -1.0, 1.0, NEUTRAL)] = 0.0
    """Added to satisfaction if taken; of a reward, as its EUR are felt (`rules.relationship.reward_bend`)."""
    switching_cost: Annotated[float, Parameter("utility per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    """Added to the cost of switching while it lasts; of a reward, as its EUR are felt."""
    price_cut: Annotated[float, Parameter("points per amount", 0.0, 10.0, NEUTRAL)] = 0.0
    """Taken off the price while it lasts."""
    premium: Annotated[float, Parameter("points per amount", 0.0, 10.0, NEUTRAL)] = 0.0
    """Added to the price of credit for good."""
    service: Annotated[float, Parameter("utility per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    """Added to the service that is delivered while it lasts."""
    relief: Annotated[float, Parameter("log-odds per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    """Taken off the log-odds of missing a payment, past due or not, until one is missed or it ends."""
    reages_after: Annotated[int, Parameter("payments", 0, 60, NEUTRAL)] = 0
    """Payments in a row under the plan after which debts count as current again; 0 is never."""
    line_factor: Annotated[float, Parameter("1", 0.0, 10.0, NEUTRAL)] = 1.0
    """Multiplies the revolving line."""
    prompts: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether it reminds the customer to use what is held."""
    reveals_needs: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether the customer tells which products are needed."""
    lets_go: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether nothing that runs off is renewed."""
    stops_lending: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether no new credit is given; what is owed runs off."""
    ends: Annotated[int, Parameter("0/1", 0, 1, NEUTRAL)] = 0
    """Whether there is no new business; the relationship is closed at zero balance."""
    lasts_months: Annotated[int, Parameter("months", 0, 120, NEUTRAL)] = 0
    """How long the temporary effects last."""
    contact: Annotated[float, Parameter("contacts", 0.0, 10.0, NEUTRAL)] = 0.0
    """Weight as a contact: it tires, and takes attention from other messages."""
    reminds: Annotated[float, Parameter("log-odds", 0.0, 5.0, NEUTRAL)] = 0.0
    """What the message adds to the log-odds of looking around and of leaving, at first; it fades in a few months."""
    contact_cost: Annotated[float, Parameter("EUR", 0.0, 1e4, NEUTRAL)] = 0.0
    """Cost of the contact."""
    welcome: Annotated[float, Parameter("utility per amount", 0.0, 5.0, NEUTRAL)] = 0.0
    """Added to the utility of our offer, as its EUR are felt; for those who are not customers."""
    reward: Annotated[float, Parameter("EUR per amount, paid if taken", 0.0, 1e4, NEUTRAL)] = 0.0
    """Paid if taken."""


NUMBERS: dict[str, Parameter] = {
    name: extra
    for name, hint in get_type_hints(Treatment, include_extras=True).items()
    for extra in getattr(hint, "__metadata__", ())
}
"""The numbers of a treatment that a config may set, with unit and allowed range."""
WORDS = ("meaning", "eligible", "answers", "amount_unit", "contact_channel")
WHOLE = tuple(one.name for one in fields(Treatment) if one.name in NUMBERS and isinstance(one.default, int))
Entry = Mapping[str, Any]
"""Keys of one treatment, as the catalogue or a market writes them."""


@cache
def shipped() -> Mapping[str, Entry]:
    """Return the catalogue as shipped, entry by entry."""
    text = files(__package__).joinpath("treatments.yaml").read_text(encoding="utf-8")
    read: Mapping[str, Entry] = YAML(typ="safe", pure=True).load(text)
    return read


_TEMPLATES = (CROSS_SELL, "cross_sell_of_credit")
GENERAL_NAMES = ("none", *(name for name in shipped() if name not in _TEMPLATES))
"""Treatments that every market has; beside them there is `cross_sell_<product>` for each product."""


def catalogue(products: Mapping[str, str], settings: Mapping[str, Entry] | None = None) -> tuple[Treatment, ...]:
    """Return all treatments of a market; index 0 is `none`.

    Parameters
    ----------
    products : mapping
        Product -> kind (deposit, instalment, revolving, fee), in the market's order.
    settings : mapping, optional
        Treatment -> what is different about it: a number (see NUMBERS) or a word. A name that the catalogue has
        not is a treatment of one's own, which says with `extends` from which one it starts.

    Raises
    ------
    FaultyError
        For an unknown treatment or number, a value that is no number, or one out of range; all at once, each at its
        place in a market.
    """
    faults = [
        Fault(f"'{name}' is not one plain word", "write one such as credit_card", ("products", name), of_key=True)
        for name in products
        if not name.isidentifier()
    ]
    sold = enumerate(products.items())
    entries = {f"{CROSS_SELL}_{name}": _of_product(index, name, kind) for index, (name, kind) in sold}
    entries |= {name: _whole(shipped()[name]) for name in GENERAL_NAMES[1:]}
    own = [name for name in settings or {} if name not in entries]
    for name, changes in (settings or {}).items():
        wrong = [fault.below(("treatments", name)) for fault in _faults(name, changes, entries, name in own)]
        faults += wrong
        if not wrong:
            start = entries[changes["extends"]] if name in own else entries[name]
            entries[name] = {**start, **{key: value for key, value in changes.items() if key != "extends"}}
    if len(entries) + 1 > MAX_TREATMENTS:
        what = f"at most {MAX_TREATMENTS - 1} treatments, not {len(entries)}"
        faults.append(Fault(what, "leave some out, or some products", ("treatments",)))
    refuse(faults)
    nothing = Treatment("none", "leave alone", eligible="otherwise")
    return (nothing, *(_made(name, entry) for name, entry in entries.items()))


def _whole(entry: Entry) -> Entry:
    """Return an entry with what it takes over from the one it extends."""
    base = _whole(shipped()[entry["extends"]]) if "extends" in entry else {}
    return {**base, **{key: value for key, value in entry.items() if key != "extends"}}


def _of_product(index: int, product: str, kind: str) -> Entry:
    """Return the offer of one product to those who do not hold it."""
    entry = _whole(shipped()["cross_sell_of_credit" if KINDS[kind].lends else CROSS_SELL])
    worded = {key: entry[key].replace("{product}", product) for key in ("meaning", "eligible")}
    return {**entry, **worded, "product": index}


def _made(name: str, entry: Entry) -> Treatment:
    """Return the treatment that an entry declares; a number stands alone or with its source."""
    numbers = {key: value for key, value in entry.items() if key in NUMBERS}
    told = {key: str(value[1]) if isinstance(value, list) else BY_THE_USER for key, value in numbers.items()}
    plain = {key: value[0] if isinstance(value, list) else value for key, value in numbers.items()}
    plain = {key: int(value) if key in WHOLE else float(value) for key, value in plain.items()}
    words = {key: entry[key] for key in WORDS if key in entry}
    groups = tuple(entry.get("groups", ()))
    return Treatment(name, product=entry.get("product", -1), groups=groups, source=told, **words, **plain)


def _faults(name: str, changes: object, entries: Mapping[str, Entry], own: bool) -> Iterator[Fault]:
    """Yield what is wrong with the settings of one treatment."""
    if not isinstance(changes, Mapping):
        what = f"the numbers that are different are wanted, got {told(changes)}"
        yield Fault(what, "write them such as {amount: 50}")
        return
    if name == "none" or not name.isidentifier():
        yield Fault("no treatment can have this name", "write a plain word, such as birthday_gift", of_key=True)
        return
    if own and "extends" not in changes:
        near = did_you_mean(name, entries).strip()
        mend = (
            f"{near} For one of your own add 'extends: loyalty_reward'."
            if "mean" in near
            else ("add 'extends: loyalty_reward', or another one from which it starts")
        )
        yield Fault(f"there is no treatment '{name}' to set", mend, of_key=True)
        return
    if own and not (isinstance(changes["extends"], str) and changes["extends"] in entries):
        given = changes["extends"]
        what = (
            f"no treatment is called {told(given)}"
            if isinstance(given, str)
            else (f"the name of a treatment is wanted, got {told(given)}")
        )
        near = did_you_mean(given if isinstance(given, str) else "", entries).strip()
        yield Fault(what, near, ("extends",))
    known = (*NUMBERS, *WORDS, "groups", *(("extends",) if own else ()))
    for key, value in changes.items():
        yield from (fault.below((key,)) for fault in _value_faults(str(key), value, known))


def _value_faults(key: str, value: object, known: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with one setting of a treatment."""
    if key not in known:
        yield Fault("a treatment has no such number", did_you_mean(key, known).strip(), of_key=True)
    elif key == "contact_channel" and not (isinstance(value, str) and value.isidentifier() and value not in GROUPS):
        what = f"a channel of contact is one plain word that is no group of treatments, got {told(value)}"
        yield Fault(what, "write one such as outbound_call, or one of your own")
    elif key in WORDS and not isinstance(value, str):
        example = "ending == no" if key == "eligible" else "'a small gift'"
        wanted = "a condition" if key == "eligible" else "words"
        yield Fault(f"{wanted} is wanted, got {told(value)}".replace("words is", "words are"), f"write {example}")
    elif key == "groups":
        if not isinstance(value, list | tuple):
            yield Fault(f"a list is wanted, got {told(value)}", f"write some of [{', '.join(GROUPS)}]")
            return
        for place, one in enumerate(value):
            if not isinstance(one, str) or one not in GROUPS:
                near = did_you_mean(one if isinstance(one, str) else "", GROUPS).strip()
                yield Fault(f"{told(one)} is no group of treatments", near, (place,))
    elif key in NUMBERS:
        unit, low, high, _ = NUMBERS[key]
        unit = unit.replace("EUR", "money") or "no unit"  # of whatever currency
        sourced = isinstance(value, list) and len(value) == 2 and isinstance(value[1], str)
        number = value[0] if sourced and isinstance(value, list) else value
        span = f"a {'whole ' if key in WHOLE else ''}number from {low:g} to {high:g}"
        if isinstance(number, bool) or not isinstance(number, int | float):
            what = f"a number is wanted ({unit}), got {told(number)}"
            yield Fault(what, f"write {span}, or [number, source]")
        elif not low <= number <= high or (key in WHOLE and not float(number).is_integer()):
            yield Fault(f"{number:.12g} is not {span} ({unit})", f"write {span}")
        else:
            yield from thousands_faults(number, low, high, whole=key in WHOLE, zeros_too=key == "amount")


def effects_table(treatments: Sequence[Treatment]) -> NDArray[np.void]:
    """Return the effects as rows for the month, in the order of the catalogue; money becomes cents.

    Returns
    -------
    structured array, shape (treatments,)
        dtype `tenure.agents.treatment.EFFECT`.
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
