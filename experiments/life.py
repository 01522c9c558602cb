"""What a person's months were, told of what was seen of them: states, beliefs, and what happened in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.belief import NEWS, QUADRANTS, SCOPES
from agents.market import DEPOSIT, FEE, INSTALMENT, MAX_CHANNELS, REVOLVING
from agents.person import CAUSES, GONE, NO_EXIT, NOBODY, POACHED, STAGES
from experiments.metrics import in_currency
from simulation.model import US, LifecycleModel

START = -1
"""Month of the state before month 0."""
EXITS = {
    "ended": "ended by {}", "charged_off": "charged off by {}", "settled": "left {}: last product ran off, none taken",
    "own_reasons": "left {}: own reasons, gone for good",
}  # fmt: skip
"""Way out -> how a line tells it."""
TOLD_TAGS = ("quadrant", "segment")
"""Schemes whose changes a line tells; the others are columns, or bands of what a column shows."""


class Sent(NamedTuple):
    """A treatment that the guard let through to the person."""

    institution: int
    treatment: int
    amount: float
    because: str


class Seen(NamedTuple):
    """A month of the person as the model held it: at its end, and our record once we have heard of it."""

    month: int
    person: Any
    """one row of PERSON"""
    signal: Any
    """one row of SIGNAL"""
    truth: Any
    """one row of TRUTH"""
    sent: tuple[Sent, ...] = ()
    belief: Any = None
    """one row of BELIEF; None: not in our files"""
    tags: Mapping[str, str] = {}
    """Scheme -> tag in our files"""


@dataclass(frozen=True)
class Believed:
    """What we believed of the person: made of this month's signals when the next month begins, before we act."""

    scope: str
    stage: str
    quadrant: str
    default_per_year: float
    margin_per_year: float
    leave_per_year: float
    tags: dict[str, str]


@dataclass(frozen=True)
class Month:
    """What was true of the person at a month's end, what we believed, and what had happened.

    Attributes
    ----------
    month : int
        From the start of the arm; -1 the state before it.
    provider, stage : str
        Main provider, and the true stage of the relationship with it.
    products : list of str
        Held with the provider.
    credit, deposits : float
        With the provider, in the life's currency.
    months_past_due : int
        Missed payments outstanding.
    default_per_year : float
        True probability of three missed payments within 12 months.
    margin_per_year : float
        What the provider earns a year, before credit loss.
    quadrant : str
        True, of the two numbers before.
    believed : Believed or None
        None where the person is not in our files.
    happened : list of str
        In the order of a month.
    because : dict
        Line of `happened` that is a treatment -> the reason its policy gave.
    """

    month: int
    provider: str
    stage: str
    products: list[str]
    credit: float
    deposits: float
    months_past_due: int
    default_per_year: float
    margin_per_year: float
    quadrant: str
    believed: Believed | None
    happened: list[str]
    because: dict[str, str]


@dataclass(frozen=True)
class Life:
    """A person and their months under one arm; need is a level from 0 to 1 for each product."""

    person: int
    age_years: float
    income_per_month: float
    need: dict[str, float]
    arm: str
    replication: int
    months: list[Month]
    currency: str


def life_of(model: LifecycleModel, person: int, seen: Sequence[Seen], arm: str) -> Life:
    """Tell what was seen of a person in a market under an arm."""
    first = seen[0].person
    need = dict(zip(model.product_names, first["need"].tolist(), strict=False))
    told = [_month(model, before, now) for before, now in zip([None, *seen], seen, strict=False)]
    return Life(
        person, float(first["age_years"]), float(first["income"]), need, arm, model.replication, told,
        model.settings.currency,
    )  # fmt: skip


def _month(model: LifecycleModel, before: Seen | None, now: Seen) -> Month:
    person, truth, belief = now.person, now.truth, now.belief
    kinds, cents = model.products["kind"], person["balance_cents"][: len(model.products)]
    believed = None
    if belief is not None:
        believed = Believed(
            SCOPES[belief["scope"]], STAGES[belief["stage"]], QUADRANTS[belief["quadrant"]],
            float(belief["default_per_year"]), float(belief["margin_per_year"]), float(belief["leave_per_year"]),
            dict(now.tags),
        )  # fmt: skip
    happened = [] if now.month == START else _happened(model, before, now)
    return Month(
        now.month, "gone" if person["provider"] == GONE else model.names[person["provider"]], STAGES[person["stage"]],
        _names(model, person["held"]), int(cents[np.isin(kinds, (INSTALMENT, REVOLVING))].sum()) / 100.0,
        int(cents[np.isin(kinds, (DEPOSIT, FEE))].sum()) / 100.0, int(person["months_past_due"]),
        float(truth["default_per_year"]), float(truth["margin_per_year"]), QUADRANTS[truth["quadrant"]], believed,
        happened, {_treated(model, one, now.signal): one.because for one in now.sent if one.because},
    )  # fmt: skip


def _names(model: LifecycleModel, held: NDArray[Any]) -> list[str]:
    return [name for name, one in zip(model.product_names, held, strict=False) if one]


def _happened(model: LifecycleModel, before: Seen | None, now: Seen) -> list[str]:
    """Return what the month brought, in the order of a month."""
    person, signal, told = now.person, now.signal, []
    if before is None:
        told.append("entered the market")
    if person["episode_product"] >= 0 and (before is None or before.person["episode_product"] < 0):
        told.append(f"need for {model.product_names[person['episode_product']]} became acute")
    told += [_treated(model, one, signal) for one in now.sent]
    if before is not None and signal["cause"] == NO_EXIT and signal["joined"] == 0:
        told += _accounts(model, before.person, person)
    from_ = model.names[max(NOBODY, int(signal["before"]))]
    if signal["cause"] not in (NO_EXIT, POACHED):
        told.append(EXITS[CAUSES[signal["cause"]]].format(from_))
    if signal["joined"]:
        where = f"left {from_} for" if signal["cause"] == POACHED else "joined"
        opened = ", ".join(_names(model, person["held"]))
        told.append(f"{where} {model.names[signal['provider']]}, {_how(model, signal)}, with {opened}")
    if before is not None:
        owed, owed_now = (int(one["owed_before_cents"]) for one in (before.person, person))
        if owed_now > owed:
            amount = f"{owed_now / 100:,.0f} {model.settings.currency}"
            told.append(f"still owes {amount} to {model.names[person['owed_before_to']]}")
        elif owed > 0 and owed_now == 0:
            told.append("paid off what was owed to a former lender")
        told += _files(before, now)
    return told


def _treated(model: LifecycleModel, sent: Sent, signal: Any) -> str:
    """Tell a treatment and what became of it."""
    treatment = model.treatments[sent.treatment]
    unit = in_currency(treatment.amount_unit, model.settings.currency)
    amount = f" {sent.amount:g} {unit}" if unit else ""
    became = "" if not treatment.needs_yes else ", taken" if signal["taken"] else ", not taken"
    if sent.institution != signal["before"]:
        became = ", as an invitation"
    return f"{model.names[sent.institution]}: {treatment.name}{amount}{became}"


def _accounts(model: LifecycleModel, before: Any, person: Any) -> list[str]:
    """Tell products taken and run off, payments missed and made up for, while the provider stays."""
    told = []
    for k, name in enumerate(model.product_names):
        if person["held"][k] and (not before["held"][k] or person["months_left"][k] > before["months_left"][k]):
            told.append(f"took {name}")
        elif before["held"][k] and not person["held"][k]:
            told.append(f"{name} paid back")
    due, due_now = int(before["months_past_due"]), int(person["months_past_due"])
    if due_now > due:
        told.append("missed a payment")
    elif due_now < due:
        told.append("no longer past due" if due_now == 0 else "made up for a missed payment")
    return told


def _how(model: LifecycleModel, signal: Any) -> str:
    """Tell how a joiner came; `source` is 1 looked around, 2 + channel, the last by invitation."""
    source = int(signal["source"])
    if source == 1:
        return "having searched"
    if source == 2 + MAX_CHANNELS:
        return "invited"
    name = model.names[signal["provider"]]
    return f"reached by {tuple(model.settings.institutions()[name].acquisition)[source - 2]}"


def _files(before: Seen, now: Seen) -> list[str]:
    """Tell what changed in our files: why we keep a record, and the tags."""
    if now.belief is None:
        return ["our file closed"] if before.belief is not None else []
    scope = SCOPES[now.belief["scope"]]
    if before.belief is None:
        return (
            []
            if now.signal["joined"] and now.person["provider"] == US
            else [f"our file opened: {scope.replace('_', ' ')}"]
        )
    told = []
    if now.belief["scope"] != before.belief["scope"]:
        told.append(f"in our files as: {scope.replace('_', ' ')}")
    for scheme in TOLD_TAGS:
        old, new = before.tags.get(scheme, ""), now.tags.get(scheme, "")
        if old != new:
            why = NEWS[now.belief["news"]]
            old, new = (tag.replace("_", " ") or "none" for tag in (old, new))
            told.append(f"our tag {scheme}: {old} -> {new} ({why})")
    return told
