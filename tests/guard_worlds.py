"""Markets with all kinds of guards, made by a seeded generator, and a policy that tries to break every rule."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenure.agents.ledger import TREATMENT
from tenure.policies.plan import OfferChange, Plan, Treatments
from tenure.policies.shelf import SHELF
from tenure.policies.view import InstitutionView
from tenure.simulation.model import LifecycleModel
from tests.guard_judge import Judge
from tests.guard_law import OWN_TREATMENTS, SEGMENTS, Facts, Law, acts
from tests.markets import LIVELY, PRODUCTS, small_market

Luck = np.random.Generator
SCOPES = ["open", "other_lines", "settled", "contacted", "browsing"]
KINDS = {name: product["kind"] for name, product in PRODUCTS.items()}
ACTS = acts(KINDS)
WORDS = ("all", "marketing", "credit", "care", "winds_down", "dearer", "loyalty_reward", "end", "cross_sell_card")
WHERE = (
    "quadrant in [high_risk_low_return, high_risk_high_return]",
    "quadrant == low_risk_low_return",
    "otherwise",
    "segment == owing",
    "deposits == 0",
)
MEASURES = ("customers", "balance", "line", "deposits", "capital", "net_funding", "credit_and_deposits", "card")
OWN_RULES: dict[str, dict[str, Any]] = {
    "no_strangers_twice": {
        "forbids": ["marketing"],
        "when": "scope in [contacted, browsing] and months_since_contact < 6",
    },
    "young_are_not_ended": {"forbids": ["end", "let_go"], "when": "segment == young"},
    "no_second_charge": {"forbids": ["surcharge"], "when": "holds_card == yes and premium > 3"},
    "no_insurance_yet": {"forbids": ["cross_sell_fee"], "when": "not (tenure_months >= 6) and products_held <= 1"},
    "savers_first": {"forbids": ["care", "cross_sell_deposit"], "when": "need_savings < 40%"},
    "keep_who_may_go": {
        "forbids": ["line_decrease", "stop_lending"],
        "when": "leave_per_year > 10% and margin_per_year < 100",
    },
}


@dataclass(frozen=True)
class Adversary:
    """Proposes anything to anybody, several times, with amounts out of reason, and prices that nobody can pay."""

    name = "adversary"
    salt: int = 0
    share: float = 1.0  # proposals for each customer in view

    def decide(self, view: InstitutionView) -> Plan:
        """Return this month's mischief, which luck of its own decides, the same whenever asked."""
        luck = np.random.default_rng([self.salt, view.month, view.me])
        size = int(self.share * len(view))
        customer = luck.integers(0, max(len(view), 1), size)
        if luck.random() < 0.3:
            customer = np.sort(customer)  # the same customer several times in a row
        code = luck.integers(0, len(ACTS), size)
        if luck.random() < 0.2:
            code[:] = luck.integers(1, len(ACTS))  # one treatment for everybody
        elif luck.random() < 0.2:
            code = luck.choice([k for k, act in enumerate(ACTS.values()) if "winds_down" in act.groups], size)
        highest = np.array([act.highest for act in ACTS.values()])[code]
        amount = np.where(luck.random(size) < 0.3, 1.0, luck.random(size) ** 6) * highest
        amount[(highest == 0.0) | (luck.random(size) < 0.4)] = np.nan
        reason = luck.integers(0, 2, size)
        listed = Treatments(customer, code, amount, reason, tuple(ACTS), ("greed", "spite"))
        offer = OfferChange(luck.random(len(view.products)) * 4.0) if luck.random() < 0.4 else None
        return Plan(listed, offer=offer)


def world(number: int, people: int, share: float = 1.0) -> dict[str, Any]:
    """Return the market of this number; the same each time."""
    luck = np.random.default_rng([2027, number])
    stands_for = [None, people, int(2.5 * people), 40 * people][luck.integers(4)]
    scale = (stands_for or people) / people
    config = small_market(
        people=people,
        stands_for=stands_for,
        products=PRODUCTS,
        rules={**LIVELY, "relationship": {"opt_out": -3.0}},
        treatments=OWN_TREATMENTS,
        segments=SEGMENTS,
    )
    config["traits"] = {"risk_mean": float(luck.uniform(-6, -3)), "vulnerable": 0.1}
    config["tag_history"] = []
    config["guards"] = {
        "budget_per_month": float(luck.choice([0.0, 0.9, 0.02, 0.3, 2.0, 20.0, 1e5])) * people * scale + 0.37,
        "contacts_at_most": int(luck.choice([0, 1, 1, 2, 3, 6])),
        "contacts_in_months": int(luck.choice([1, 2, 3, 6, 12, 32])),
    }
    if luck.random() < 0.1:
        config["guards"]["budget_per_month"] = float(luck.choice([0.0, 0.01, 1.0]))
    for one in (config["us"], *config["rivals"].values()):
        one["guards"] = house(luck, people * scale)
        one["policy"] = {"policy": "adversary", "salt": int(luck.integers(1000)), "share": share}
        one["existing_customers"] = SCOPES if luck.random() < 0.7 else ["open", *luck.choice(SCOPES[1:], 1).tolist()]
        one["contact_counts_for_months"] = int(luck.integers(1, 7))
        one["settled_counts_for_months"] = int(luck.integers(1, 13))
        one["business_line"] = ["card", "savings"] if luck.random() < 0.5 else None
        one["servicing_per_month"] = {}
        if luck.random() < 0.5:
            one["apr"] = {"loan": "14.5%", "card": "22%"}
    config["products"]["card"]["line"] = int(luck.choice([3_500, 14_000]))  # half a year's income for many
    return config


def house(luck: Luck, people: float) -> dict[str, Any]:
    """Return guards of an institution in a market of so many real people."""
    made: dict[str, Any] = {"price_ceiling": str(luck.choice(["18%", "24.9%", "36%", "60%"])), "rules": {}}
    chosen = luck.choice(WORDS, int(luck.integers(0, 4)), replace=False).tolist()
    made["capacity_per_month"] = {word: int(luck.choice([0, 1e-3, 1e-2, 0.1]) * people) for word in chosen}
    for name in (
        "opted_out",
        "vulnerable",
        "hardship",
        "ability_to_pay",
        "full_line",
        "deposit_to_loan",
        "loan_to_deposit",
    ):
        made["rules"].update({name: told} if (told := _switched(luck)) else {})
    for name in luck.choice(sorted(OWN_RULES), int(luck.integers(0, 4)), replace=False).tolist():
        made["rules"][name] = {**OWN_RULES[name], "source": "by hand", **_dates(luck)}
    made["structure"] = [_limit(luck, f"limit {k}", people) for k in range(int(luck.choice([0, 1, 2, 3, 3])))]
    return made


def _switched(luck: Luck) -> Any:
    """Return how a shipped rule is set: not at all, on, off, or for some months."""
    return [None, "on", "on", "off", {"on": True, **_dates(luck)}][luck.integers(5)]


def _dates(luck: Luck) -> dict[str, str]:
    """Return from when and until when, within a run of two years."""
    dates = {"from": f"2027-{luck.integers(1, 7):02}", "until": f"2027-{luck.integers(7, 13):02}"}
    return {key: value for key, value in dates.items() if luck.random() < 0.4}


def _limit(luck: Luck, name: str, people: float) -> dict[str, Any]:
    """Return a floor, a ceiling, or both, with its own list of what it stops or without."""
    of = str(luck.choice(MEASURES))
    low, high = np.sort(luck.choice([0.0, 0.02, 0.1, 0.25, 0.5, 0.9, 1.0], 2)).tolist()
    made: dict[str, Any] = {"name": name, "where": str(luck.choice(WHERE))}
    if luck.random() < 0.3:
        made["stops"] = luck.choice(WORDS[1:], 2, replace=False).tolist()
    share = luck.random() < 0.6
    eur = people * (0.3 if of == "customers" else 900.0)
    made["share_of" if share else "sum_of"] = of
    sides = {"at_least": low, "at_most": high}
    for side in [["at_least"], ["at_most"], ["at_least", "at_most"]][luck.integers(3)]:
        made[side if share else f"{side}_eur"] = sides[side] if share else sides[side] * eur
    return made


class WatchedModel(LifecycleModel):
    """A market whose guards are judged month by month by judges of their own."""

    def __init__(self, config: dict[str, Any], seed: int = 0) -> None:
        super().__init__(config, seed=seed, known={**SHELF, "adversary": Adversary})
        ones = (config["us"], *config["rivals"].values())
        self.judges = [Judge(Law(config, one), me) for me, one in enumerate(ones, start=1)]
        self.lived = 0

    def guard(self) -> None:
        """Trim the plans, and have them judged."""
        super().guard()
        every = self.dispatch.contacts
        for judge, one in zip(self.judges, self.institutions, strict=True):
            files = one.files
            facts = Facts(files.records, files.places, judge.law.kinds, self.month)
            sent = every[every["institution"] == judge.me]
            cut = one.list_prices - one.offer["price"][: len(self.products)]
            judge.month(facts, files.at, self.people, one.plan, one.allowed, sent, cut)
        self.lived += int((self.people["provider"] >= 0).sum())

    def settle(self) -> None:
        """Close the books, and have the ledger judged."""
        super().settle()
        for judge in self.judges:
            judge.settled(
                self.month, int(self.totals.ledger[judge.me, TREATMENT]), self.people, self.offers["price"][judge.me]
            )


def judged(
    number: int, people: int, months: int, share: float = 1.0, change: Callable[[dict[str, Any]], None] | None = None
) -> tuple[list[str], Counter[str], Counter[str]]:
    """Live a market; return what was broken, refusals by rule, and person-months, proposals and contacts."""
    config = world(number, people, share)
    if change is not None:
        change(config)
    model = WatchedModel(config, seed=number)
    for _ in range(months):
        model.step()
    refused: Counter[str] = Counter()
    done = Counter({"person-months": model.lived})
    for judge in model.judges:
        refused.update(judge.refused)
        done.update({"proposals": judge.proposals, "contacts": judge.contacts})
    return [text for judge in model.judges for text in judge.broken], refused, done
