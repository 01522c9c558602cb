"""The use of what is limited, arm beside arm: money, contacts and capacity; and the rules of the guard that acted."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.report.means import Limited
from tenure.experiments.report.recordings import Recordings
from tenure.experiments.report.sections.funnel import REFUSED
from tenure.experiments.report.sections.optimum import limits_of, notes_of
from tenure.experiments.report.sections.section import Section, Table, number_text
from tenure.experiments.report.sentences import words
from tenure.experiments.report.tables import average, average_of

BUDGET, CONTACTS, CAPACITY = "budget", "contacts", "capacity"
"""As the recording calls the rules that refuse for want of money, contacts or capacity."""
MONEY = ("cost_eur", "given_up_eur")
"""What the budget pays: contacts and rewards that were taken, and income given up."""
_POSTED = "offer_"
"""Begins the name of a posted price that was trimmed, which is no proposal to a customer."""
OFTEN = 0.1
"""Of the months, from which a limit is spoken of as one that binds: assumption."""
SHOWN_RULES = 8
"""Rules of an arm with a row of their own, those that refuse most."""


class Used(NamedTuple):
    """How much of one thing that is limited an arm used, of the real book."""

    what: str
    """`budget`, `contacts`, or the word of a capacity."""
    arm: str
    available: float
    """A month, on average over months and replications."""
    used: Average
    """A month."""
    share: Average
    """Used of what was available over the whole run, nan where nothing was."""
    bound: int
    """Months of all replications in which something was turned away for want of it."""
    months: int
    """Months of all replications."""
    refused: Average
    """Proposals turned away a month for want of it."""
    price: Average | None
    """What one unit more is worth to the arm's policy, if it says so."""


def uses(recordings: Recordings) -> list[Used]:
    """Return the use of what is limited, thing by thing, arm by arm."""
    rows = recordings.of("treatments")
    found: list[Used] = []
    for arm in recordings.arms:
        if arm in recordings.limited:
            found += _of_arm(recordings, arm, rows[rows["arm"] == arm], recordings.limited[arm])
    order = dict.fromkeys(one.what for one in found)
    return [one for what in order for one in found if one.what == what]


def _of_arm(recordings: Recordings, arm: str, rows: pd.DataFrame, limited: Limited) -> Iterator[Used]:
    grid = pd.MultiIndex.from_product(
        [sorted(rows["replication"].unique()), range(len(limited.budget))], names=["replication", "month"]
    )

    def monthly(some: pd.DataFrame) -> pd.DataFrame:
        """Return a row per replication, a column per month, of the real book."""
        sums = some.groupby(["replication", "month"])["value"].sum()
        return sums.reindex(grid).fillna(0.0).unstack("month") * limited.each_stands_for

    proposals = rows[~rows["a"].str.startswith(_POSTED)]
    contacted = rows[rows["b"] == "contacted"]
    refused = {rule: rows[rows["b"] == REFUSED + rule] for rule in (BUDGET, CONTACTS, CAPACITY)}
    spent = monthly(rows[rows["b"].isin(MONEY) & (rows["a"] == "")])
    there = np.array(limited.budget, np.float64)
    turned = monthly(proposals[proposals["b"] == REFUSED + BUDGET])
    yield _used(recordings, BUDGET, arm, spent, there, monthly(refused[BUDGET]) > 0, turned)
    customers = _customers(recordings, arm).reindex(spent.index) * limited.each_stands_for
    sent = monthly(contacted[contacted["a"].isin(limited.contacts)])
    can = customers.to_numpy()[:, None] * np.full(len(there), limited.contacts_per_month)
    turned = monthly(refused[CONTACTS])
    yield _used(recordings, CONTACTS, arm, sent, can, turned > 0, turned)
    for word, many in limited.capacity.items():
        done = monthly(contacted[contacted["a"].isin(limited.takes[word])])
        turned = monthly(refused[CAPACITY][refused[CAPACITY]["a"].isin(limited.takes[word])])
        whole = np.floor(np.array(many) / limited.each_stands_for + 1e-9) * limited.each_stands_for
        full = done.to_numpy() >= whole - 1e-6
        yield _used(recordings, word, arm, done, np.array(many), (turned > 0) & full, turned.where(full, 0.0))


def _customers(recordings: Recordings, arm: str) -> "pd.Series[float]":
    """Return our simulated customers by replication, the average over months."""
    book = recordings.of("customers_by_cell")
    own = book[(book["arm"] == arm) & (book["month"] >= 0)]
    by_month = own.groupby(["replication", "month"])["value"].sum()
    return by_month.groupby("replication").mean()


def _used(
    recordings: Recordings,
    what: str,
    arm: str,
    used: pd.DataFrame,
    available: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    bound: pd.DataFrame,
    refused: pd.DataFrame,
) -> Used:
    there = np.broadcast_to(available, used.shape).mean(axis=1)
    each = used.mean(axis=1)
    share = each / np.where(there > 0.0, there, np.nan)
    return Used(
        what,
        arm,
        float(there.mean()),
        _average(each),
        _average(share),
        int(bound.to_numpy().sum()),
        int(used.size),
        _average(refused.mean(axis=1)),
        _price(recordings, arm, what),
    )


def _average(values: "pd.Series[float]") -> Average:
    return average_of(average(values.to_frame("value")), "value")


def _price(recordings: Recordings, arm: str, what: str) -> Average | None:
    """Return what an arm's policy says that one unit more is worth."""
    if "policy_notes" not in recordings.rows or arm not in set(recordings.rows["policy_notes"]["arm"].unique()):
        return None
    notes = notes_of(recordings, arm)
    return _average(notes[f"price/{what}"].dropna()) if what in limits_of(notes) else None


class RuleActed(NamedTuple):
    """One rule of the guard that refused something in an arm."""

    arm: str
    rule: str
    refused: Average
    """Proposals a month, of the real book."""
    share: Average
    """Of the arm's proposals."""
    months: int
    """Months of all replications in which it refused something."""
    of: int
    mostly: str
    """The treatment that it refused most."""


def rules_that_acted(recordings: Recordings) -> list[RuleActed]:
    """Return what each rule of the guard refused, arm by arm, the one that refused most first."""
    rows, found = recordings.of("treatments"), []
    rows = rows[~rows["a"].str.startswith(_POSTED)]
    for arm in recordings.arms:
        own = rows[rows["arm"] == arm]
        limited = recordings.limited.get(arm)
        if limited is None or own.empty:
            continue
        months, runs = len(limited.budget), sorted(own["replication"].unique())
        proposed = own[own["b"] == "proposed"].groupby("replication")["value"].sum().reindex(runs).fillna(0.0)
        refusals = own[own["b"].str.startswith(REFUSED) & (own["value"] > 0)]
        acted = []
        for rule, some in refusals.groupby("b", observed=True):
            each = some.groupby("replication")["value"].sum().reindex(runs).fillna(0.0)
            by = some.groupby("a", observed=True)["value"].sum()
            acted.append(
                RuleActed(
                    arm,
                    str(rule).removeprefix(REFUSED),
                    _average(each * limited.each_stands_for / months),
                    _average((each / proposed.where(proposed > 0)).dropna()),
                    len(some[["replication", "month"]].drop_duplicates()),
                    months * len(runs),
                    str(by.idxmax()),
                )
            )
        found += sorted(acted, key=lambda one: -one.refused.mean)[:SHOWN_RULES]
    return found


def limited_section(recordings: Recordings) -> Section | None:
    """Return the section, None where nothing was recorded of what we did, or it is not known what there was."""
    if not recordings.limited or not {"treatments", "customers_by_cell"} <= set(recordings.rows):
        return None
    found, acted = uses(recordings), rules_that_acted(recordings)
    tables = [_use_table(found, recordings.currency), *([_rule_table(acted)] if acted else [])]
    note = (
        "Of the real book, a month, average over replications ± half a 95% interval. Budget: "
        f"{recordings.currency} for existing customers as set; used are contacts, rewards that were taken and income "
        "given up. Rewards are kept back in full until it is known who takes them, and what is left is there a month "
        "later: a budget may bind before all of it is used, and more than it may be used in the first month, out of "
        "what was kept back in the warm-up. A policy may move money between existing and new customers. Contacts: what "
        "all customers together may get by the contact rule; it binds person by person. Bound: something was turned "
        "away for want of it, or a posted price cut short; months of all replications. Turned away: for want of this, "
        "each proposal by the first rule that refuses it; one that takes of two capacities counts for each that is "
        "full. Worth of one more: as the arm's own policy says; - where it says nothing."
    )
    return Section("limited", "What is limited, and how much of it was used", tuple(_said(found)), tuple(tables), note)


def _use_table(found: list[Used], currency: str) -> Table:
    heads = (
        ("", "limited"),
        ("", "arm"),
        ("available", "a month"),
        ("used", "a month"),
        ("", "used, %"),
        ("months", "bound"),
        ("turned away", "a month"),
        ("one more", "is worth"),
    )
    rows = tuple(
        (
            words(one.what) + (f", {currency}" if one.what == BUDGET else ""),
            one.arm,
            f"{one.available:,.0f}" if np.isfinite(one.available) else "no limit",
            number_text(one.used, 0),
            "-" if np.isnan(one.share.mean) or not np.isfinite(one.available) else number_text(one.share.times(100), 1),
            f"{one.bound:,} of {one.months:,}",
            number_text(one.refused, 0),
            "-" if one.price is None else number_text(one.price, 2),
        )
        for one in found
    )
    return Table(heads, rows, "Used of what there was")


def _rule_table(acted: list[RuleActed]) -> Table:
    heads = (
        ("", "rule"),
        ("", "arm"),
        ("refused", "a month"),
        ("% of the", "arm's proposals"),
        ("months in which", "it refused"),
        ("", "mostly"),
    )
    rows = tuple(
        (
            words(one.rule),
            one.arm,
            number_text(one.refused, 0),
            number_text(one.share.times(100), 1),
            f"{one.months:,} of {one.of:,}",
            words(one.mostly),
        )
        for one in acted
    )
    return Table(heads, rows, "Rules of the guard that acted", long=len(rows) > 12)


def _said(found: list[Used]) -> Iterator[str]:
    """Say of each arm what bound it in more than a few months, or that nothing did."""
    free = []
    for arm in dict.fromkeys(one.arm for one in found):
        own = [one for one in found if one.arm == arm and one.months]
        often = [one for one in own if one.bound >= OFTEN * one.months]
        if not often:
            free.append(arm)
            continue
        parts = [f"{words(one.what)} in {one.bound / one.months:.0%} of the months" for one in often]
        yield f"Limits that bound {arm}: {', '.join(parts)}."
    if free:
        whom = "any arm" if len(free) == len({one.arm for one in found}) else f"these arms: {', '.join(free)}"
        yield f"No limit bound in {OFTEN:.0%} of the months or more in {whom}."
