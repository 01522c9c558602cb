"""What a month brought a person, in words and in the order of a month."""

from collections.abc import Iterator

import numpy as np

from tenure.agents.offer import US
from tenure.agents.person import CAUSES, NO_EXIT, NOBODY, OWN_REASONS, POACHED
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND
from tenure.experiments.analysis.metric import in_currency
from tenure.experiments.life.following import Moment, Sent
from tenure.simulation.market.rows import channel_names
from tenure.simulation.recording.observing import MonthFacts

EXITS = {
    "ended": "ended by {}",
    "charged_off": "charged off by {}",
    "settled": "left {}: last product ran off, none taken",
    "involuntary": "left {}: died or moved away",
    "own_reasons": "left {}: own reasons, gone for good",
    "without": "left {}: own reasons, without provider",
}
"""Way out -> how a line tells it; `without`: for own reasons, but to stay in the market."""
TOLD_TAGS = ("quadrant", "segment")
"""Schemes whose changes a line tells; the others are columns, or bands of what a column shows."""


def happened(market: MonthFacts, before: Moment | None, now: Moment) -> list[str]:
    """Return what the month brought, in the order of a month; nothing of what we believe."""
    return list(_happened(market, before, now))


def filed(before: Moment | None, now: Moment) -> list[str]:
    """Return what the month changed in our files: whether and why we keep a record, and the tags."""
    return [] if before is None else list(_files(before, now))


def held_names(market: MonthFacts, person: np.void) -> list[str]:
    """Return the products that a person holds."""
    return [name for name, one in zip(market.settings.products, person["held"], strict=False) if one]


def treated(market: MonthFacts, sent: Sent, signal: np.void) -> str:
    """Tell a treatment and what became of it."""
    treatment = market.treatments[sent.treatment]
    unit = in_currency(treatment.amount_unit, market.settings.currency)
    amount = f" {sent.amount:g} {unit}" if unit else ""
    became = "" if not treatment.needs_yes else ", taken" if signal["taken"] else ", not taken"
    if sent.institution != signal["before"]:
        became = ", as an invitation"
    return f"{market.names[sent.institution]}: {treatment.name}{amount}{became}"


def _happened(market: MonthFacts, before: Moment | None, now: Moment) -> Iterator[str]:
    person, signal = now.person, now.signal
    if before is None:
        yield "entered the market"
    if person["episode_product"] >= 0 and (before is None or before.person["episode_product"] < 0):
        yield f"need for {tuple(market.settings.products)[person['episode_product']]} became acute"
    for one in now.sent:
        yield treated(market, one, signal)
    if before is not None and signal["cause"] == NO_EXIT and signal["joined"] == 0:
        yield from _accounts(market, before.person, person)
    yield from _providers(market, now)
    if before is not None:
        yield from _former_debt(market, before.person, person)


def _accounts(market: MonthFacts, before: np.void, person: np.void) -> Iterator[str]:
    """Tell products taken and run off, payments missed and made up for, while the provider stays."""
    for k, name in enumerate(market.settings.products):
        if person["held"][k] and (not before["held"][k] or person["months_left"][k] > before["months_left"][k]):
            yield f"took {name}"
        elif before["held"][k] and not person["held"][k]:
            yield f"{name} paid back"
    due, due_now = int(before["months_past_due"]), int(person["months_past_due"])
    if due_now > due:
        yield "missed a payment"
    elif due_now < due:
        yield "no longer past due" if due_now == 0 else "made up for a missed payment"


def _providers(market: MonthFacts, now: Moment) -> Iterator[str]:
    """Tell whom the person left, and whom they joined."""
    signal = now.signal
    from_ = market.names[max(NOBODY, int(signal["before"]))]
    if signal["cause"] not in (NO_EXIT, POACHED):
        stays = signal["cause"] == OWN_REASONS and signal["provider"] == NOBODY
        yield EXITS["without" if stays else CAUSES[signal["cause"]]].format(from_)
    if signal["joined"]:
        where = f"left {from_} for" if signal["cause"] == POACHED else "joined"
        opened = ", ".join(held_names(market, now.person))
        yield f"{where} {market.names[signal['provider']]}, {_how(market, signal)}, with {opened}"


def _how(market: MonthFacts, signal: np.void) -> str:
    """Tell how a joiner came."""
    source = int(signal["source"])
    if source == LOOKED_AROUND:
        return "having searched"
    if source == INVITED:
        return "invited"
    return f"reached by {channel_names(market.settings)[source - BY_CHANNEL][1]}"


def _former_debt(market: MonthFacts, before: np.void, person: np.void) -> Iterator[str]:
    """Tell what is owed to a former lender, when it begins and when it ends."""
    owed, owed_now = (int(one["owed_before_cents"]) for one in (before, person))
    if owed_now > owed:
        amount = f"{owed_now / 100:,.0f} {market.settings.currency}"
        yield f"still owes {amount} to {market.names[person['owed_before_to']]}"
    elif owed > 0 and owed_now == 0:
        yield "paid off what was owed to a former lender"


def _files(before: Moment, now: Moment) -> Iterator[str]:
    if now.believed is None:
        if before.believed is not None:
            yield "our file closed"
        return
    scope = now.believed.scope.replace("_", " ")
    if before.believed is None:
        if not (now.signal["joined"] and now.person["provider"] == US):
            yield f"our file opened: {scope}"
        return
    if now.believed.scope != before.believed.scope:
        yield f"in our files as: {scope}"
    for scheme in TOLD_TAGS:
        old, new = before.believed.tags.get(scheme, ""), now.believed.tags.get(scheme, "")
        if old != new:
            old, new = (tag.replace("_", " ") or "none" for tag in (old, new))
            yield f"our tag {scheme}: {old} -> {new} ({now.news})"
