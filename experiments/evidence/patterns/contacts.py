"""Patterns of contacts and amounts: what messages and money bring with customers."""

import numpy as np

from tenure.agents.offer import US
from tenure.experiments.evidence.patterns.lives import Figures, Measure, Sends, Start, ratio

AMOUNTS = (1.0, 10.0, 30.0, 100.0, 300.0)
"""EUR of a reward for staying."""
PER_YEAR = (0, 1, 2, 4, 6, 12)
"""Messages a year."""


def reminding_treatment(start: Start) -> str:
    """Return the treatment that reminds most, if treatments say so; else a talk about needs, as any message does."""
    named = {name: float(getattr(one, "reminds", 0.0)) for name, one in start.catalogue().items()}
    most = max(named, key=lambda name: named[name])
    return most if named[most] > 0.0 else "needs_review"


def nudge(start: Start) -> Figures:
    """Return leaving, all ways out, within three months of a message that reminds, over leaving without it."""
    base = start.twin
    other = start.lives(3, Sends(reminding_treatment(start), (0,)))
    got = other["treatment"][1] > 0
    there = base.customers(0) & got
    ways = ("own_reasons", "involuntary", "poached", "settled")
    with_it, without = (float(one.leaving(0, 3, ways)[there].mean()) for one in (other, base))
    return {"nudge_without": without, "nudge_with": with_it, "nudge_factor": ratio(with_it, without)}


def messages_and_satisfaction(start: Start) -> Figures:
    """Return what twelve messages in a year take from satisfaction, in standard deviations of it, and what is left.

    The message asks nothing and offers nothing (`reminder`); those who stay in both worlds are compared.
    """
    base = start.twin
    other = start.lives(24, Sends("reminder", tuple(range(12))))
    both = base.stayed(0, 12) & other.stayed(0, 12)
    sd = float(base["satisfaction"][0][base.customers(0)].std())
    lost = float((base["satisfaction"][12] - other["satisfaction"][12])[both].mean())
    both &= base.stayed(0, 24) & other.stayed(0, 24)
    left = float((base["satisfaction"][24] - other["satisfaction"][24])[both].mean())
    return {"twelve_messages": lost / sd, "twelve_messages_a_year_later": left / sd, "satisfaction_sd": sd}


def take_up(start: Start) -> Figures:
    """Return the share who take a reward by its amount, and what EUR buy it less with every step."""
    shares, found = [], Figures()
    for amount in AMOUNTS:
        other = start.lives(1, Sends("loyalty_reward", (0,), amount))
        got = other["treatment"][1] > 0
        shares.append(float(other["taken"][1][got].mean()))
        found[f"take_up_{amount:g}"] = shares[-1]
    steps = np.diff(shares) / np.diff(AMOUNTS)
    found["take_up_smallest_step"] = float(steps.min())
    found["take_up_largest_bend"] = float(np.diff(steps).max())
    return found


def saves(start: Start) -> Figures:
    """Return, by the amount of a reward, how many more customers are there after twelve months, and what was spent."""
    base, found = start.twin, Figures()
    for amount in AMOUNTS:
        other = start.lives(12, Sends("loyalty_reward", (0,), amount))
        found[f"saved_{amount:g}"] = float(other.stayed(0, 12).sum()) - float(base.stayed(0, 12).sum())
        found[f"spent_{amount:g}"] = other.spent_on_treatments(12)
    return found


def cheapest_save(means: Figures) -> Figures:
    """Return, of figures averaged over replications, what a customer saved costs by amount, and the cheapest amount."""
    found = {}
    for amount in AMOUNTS:
        saved, spent = means[f"saved_{amount:g}"], means[f"spent_{amount:g}"]
        found[f"cost_per_save_{amount:g}"] = spent / saved if saved > 0 else float("inf")
    costs = list(found.values())
    best = int(np.argmin(costs))
    return found | {"cheapest_amount": AMOUNTS[best], "cheapest_is_inside": float(0 < best < len(AMOUNTS) - 1)}


def profit_by_contacts(start: Start) -> Figures:
    """Return our profit of five years per customer by messages a year, less that of none, EUR.

    The message offers the product that most lack, to those who lack it: useful, and one more of the same.
    """
    found = Figures()
    useful = f"cross_sell_{least_held(start)}"
    customers = float((start.base["provider"][0] == US).sum())
    nothing = start.base.profit(60, US)
    for many in PER_YEAR[1:]:
        months = tuple(m for m in range(60) if (m + 1) * many // 12 > m * many // 12)
        other = start.lives(60, Sends(useful, months), only_us=True)
        found[f"profit_{many}_contacts"] = (other.profit(60, US) - nothing) / customers
    return found


def best_contacts(means: Figures) -> Figures:
    """Return, of figures averaged over replications, how many messages a year earn most."""
    best = int(np.argmax([0.0, *(means[f"profit_{many}_contacts"] for many in PER_YEAR[1:])]))
    return {"best_contacts": float(PER_YEAR[best]), "best_contacts_is_inside": float(0 < best < len(PER_YEAR) - 1)}


ENDED_SHARE = 0.02
"""Share of customers told to go in a month, by lot."""


def others_ended(start: Start) -> Figures:
    """Return what half a year of parting from customers by lot does to the satisfaction of the others, in sds of it."""
    base = start.twin
    other = start.lives(6, Sends("end", tuple(range(6)), share=ENDED_SHARE))
    both = base.stayed(0, 6) & other.stayed(0, 6) & ~(other["treatment"][1:] > 0).any(axis=0)
    sd = float(base["satisfaction"][0][base.customers(0)].std())
    return {"others_ended": float((other["satisfaction"][6] - base["satisfaction"][6])[both].mean()) / sd}


def least_held(start: Start) -> str:
    """Return the product, of those that no lender has to grant, that fewest customers hold."""
    names = list(start.settings.products)
    free = [k for k, one in enumerate(start.settings.products.values()) if one.kind in ("fee", "deposit")]
    people = start.model().people
    held = people["held"][people["provider"] > 0].mean(axis=0)
    return names[min(free, key=lambda k: held[k])]


MEASURES: tuple[Measure, ...] = (
    nudge,
    messages_and_satisfaction,
    take_up,
    saves,
    profit_by_contacts,
    others_ended,
)
"""All of this family."""
