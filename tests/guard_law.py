"""What the guard owes people, written a second time by hand: treatments, dated rules, conditions, measures.

Nothing here calls the guard or the view. It reads an institution's records field by field and a house's settings as
a user writes them, so that a fault of the guard's own reading cannot hide in the test of the guard.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Rows = NDArray[Any]
LENDS = ("instalment", "revolving")
OPEN, OTHER, SETTLED, CONTACTED, BROWSING = range(5)
SEGMENTS = {"young": "tenure_months < 12", "owing": "balance > 0"}


class Act(NamedTuple):
    """A treatment as the catalogue describes it, in what matters to a guard."""

    groups: tuple[str, ...]
    who: "Callable[[Facts], Rows]"
    contact: bool = True
    cost: float = 1.0
    """EUR for a contact."""
    reward: float = 0.0
    """EUR for one unit of the amount."""
    amount: float = 0.0
    """where a plan names none"""
    highest: float = 0.0
    """The largest amount worth trying; 0: takes no amount."""
    premium: float = 0.0
    cut: float = 0.0
    product: int = -1


class Facts:
    """One month of an institution's records, read field by field."""

    def __init__(self, records: Rows, places: Rows, kinds: tuple[str, ...], month: int) -> None:
        self.records, self.places, self.kinds, self.month = records, places, kinds, month
        self.read: dict[str, Rows] = {}

    def __len__(self) -> int:
        return len(self.places)

    def __getattr__(self, name: str) -> Rows:
        if name not in self.read:
            self.read[name] = self.records[name][self.places]
        return self.read[name]

    @property
    def debt_to_income(self) -> Rows:
        known = self.income > 0
        debt = self.credit_cents / 100.0 / np.where(known, 12.0 * self.income, 1.0)
        return np.where(known, np.minimum(debt, 5.0), 5.0)

    @property
    def line_to_income(self) -> Rows:
        known = self.income > 0
        return np.where(known, np.minimum(self.line_cents / 100.0 / np.where(known, 12.0 * self.income, 1.0), 5.0), 5.0)

    def customer(self) -> Rows:
        return self.scope <= OTHER

    def holds(self, k: int) -> Rows:
        return self.held[:, k] == 1

    def need(self, k: int) -> Rows:
        seen = self.need_yes[:, k] + self.need_no[:, k]
        return np.where(seen > 0, self.need_yes[:, k] / np.maximum(seen, 1e-300), 0.5)

    def owed_in(self, k: int) -> Rows:
        """EUR in one product; products of a kind share what the kind's sheet says."""
        kind = self.kinds[k]
        if kind == "fee":
            return np.zeros(len(self))
        sheet = {"deposit": self.deposit_cents, "revolving": self.revolving_cents}
        cents = sheet.get(kind, self.credit_cents - self.revolving_cents)
        alike = sum(self.holds(other).astype(int) for other, one in enumerate(self.kinds) if one == kind)
        return np.where(self.holds(k), cents / 100.0 / np.maximum(alike, 1), 0.0)

    def behind_in(self, k: int) -> Rows:
        """EUR that capital is held behind: of lines held, a tenth of what is not drawn as well, which they share."""
        if self.kinds[k] != "revolving":
            return self.owed_in(k)
        alike = sum(self.holds(other).astype(int) for other, one in enumerate(self.kinds) if one == "revolving")
        undrawn = np.maximum(0.0, self.line_cents - self.revolving_cents) / 100.0 / np.maximum(alike, 1)
        return self.owed_in(k) + np.where(self.holds(k), 0.1 * undrawn, 0.0)

    def measure(self, of: str, products: tuple[str, ...]) -> Rows:
        """What each counts for in a limit of structure."""
        owed, kept = self.credit_cents / 100.0, self.deposit_cents / 100.0
        if of == "customers":
            return (self.held.sum(axis=1) > 0).astype(float)
        if of == "capital":
            lends = [(k, kind) for k, kind in enumerate(self.kinds) if kind in LENDS]
            return sum((self.behind_in(k) * basel(self.default_per_year, kind) for k, kind in lends), 0.0 * owed)
        plain = {
            "balance": owed,
            "deposits": kept,
            "line": self.line_cents / 100.0,
            "net_funding": owed - kept,
            "credit_and_deposits": owed + kept,
        }
        return plain[of] if of in plain else self.owed_in(products.index(of))


def basel(pd: Rows, kind: str, lgd: float = 0.85) -> Rows:
    """Basel's capital, share of what is owed: of lines as qualifying revolving, of loans as other retail (CRE31.24)."""
    pd = np.clip(pd, 0.0005, 0.9999)
    risky = (1.0 - np.exp(-35.0 * pd)) / (1.0 - np.exp(-35.0))
    correlation = 0.04 if kind == "revolving" else 0.03 * risky + 0.16 * (1.0 - risky)
    bad = (norm.ppf(pd) + correlation**0.5 * norm.ppf(0.999)) / (1.0 - correlation) ** 0.5
    return lgd * (norm.cdf(bad) - pd)


def _fine(f: Facts) -> Rows:
    return f.customer() & (f.months_past_due == 0) & (f.ending == 0)


def _courted(f: Facts) -> Rows:
    return _fine(f) & (f.let_go == 0)


def _going(f: Facts) -> Rows:
    return f.customer() & (f.ending == 0)


def _sold(k: int, credit: bool) -> Callable[[Facts], Rows]:
    def may(f: Facts) -> Rows:
        lends = (f.lending_stopped == 0) & (f.default_per_year < 0.12) if credit else True
        return _fine(f) & ~f.holds(k) & lends

    return may


def acts(products: dict[str, str]) -> dict[str, Act]:
    """Name -> treatment, in the catalogue's order; three of them are the market's own, see OWN_TREATMENTS."""
    made = {"none": Act((), lambda f: np.ones(len(f), bool), contact=False, cost=0.0)}
    for k, (name, kind) in enumerate(products.items()):
        groups = ("marketing", "credit") if kind in LENDS else ("marketing",)
        made[f"cross_sell_{name}"] = Act(groups, _sold(k, kind in LENDS), product=k)
    settled, stranger = (lambda f: f.scope == SETTLED), (lambda f: f.scope >= CONTACTED)
    return made | {
        "loyalty_reward": Act(("marketing",), _courted, reward=1.0, amount=30.0, highest=900.0),
        "service_upgrade": Act(("marketing",), _courted, reward=24.0, amount=1.0, highest=4.0),
        "price_cut": Act(
            ("marketing",), lambda f: _courted(f) & (f.credit_cents > 0), amount=1.0, highest=20.0, cut=1.0
        ),
        "plan_recommendation": Act(
            ("marketing",), lambda f: _courted(f) & (f.credit_cents > 0), amount=0.5, highest=20.0, cut=1.0
        ),
        "reprice": Act(("dearer",), lambda f: _going(f) & (f.credit_cents > 0), amount=2.0, highest=60.0, premium=1.0),
        "line_increase": Act(
            ("marketing", "credit", "larger_line"),
            lambda f: _fine(f) & (f.line_cents > 0) & (f.lending_stopped == 0),
        ),
        "line_decrease": Act(("winds_down",), lambda f: _going(f) & (f.line_cents > 0)),
        "early_help": Act(("care",), lambda f: _going(f) & (f.months_past_due > 0), cost=10.0, amount=1.0, highest=2.0),
        "needs_review": Act(("care",), _going, cost=5.0, amount=1.0),
        "reminder": Act(("marketing",), _fine),
        "let_go": Act(("winds_down",), lambda f: _going(f) & (f.let_go == 0), contact=False, cost=0.0),
        "stop_lending": Act(("winds_down",), lambda f: _going(f) & (f.credit_cents > 0) & (f.lending_stopped == 0)),
        "end": Act(("winds_down",), _going),
        "win_back": Act(("marketing",), settled, reward=1.0, amount=50.0, highest=900.0),
        "preferential_offer": Act(("marketing",), stranger, reward=1.0, amount=50.0, highest=900.0),
        "gift": Act(("marketing",), _courted, cost=0.37, reward=1.5, amount=10.0, highest=400.0),
        "surcharge": Act(
            ("dearer",),
            lambda f: _going(f) & (f.credit_cents > 0),
            contact=False,
            cost=0.0,
            amount=1.0,
            highest=9.0,
            premium=2.0,
        ),
        "visit": Act(("care",), lambda f: (f.scope <= SETTLED) & (f.vulnerable == 0), cost=24.995, amount=1.0),
    }


OWN_TREATMENTS: dict[str, Any] = {
    "gift": {"extends": "loyalty_reward", "contact_cost": 0.37, "reward": 1.5, "amount": 10},
    "surcharge": {"extends": "reprice", "contact": 0, "contact_cost": 0, "premium": 2, "amount": 1},
    "visit": {
        "extends": "needs_review",
        "contact_cost": 24.995,
        "eligible": "scope in [open, other_lines, settled] and vulnerable == no",
    },
}

CONDITIONS: dict[str, Callable[[Facts], Rows]] = {
    "opted_out == yes": lambda f: f.opted_out == 1,
    "vulnerable == yes": lambda f: f.vulnerable == 1,
    "months_past_due > 0 or months_since_arrears < 3": lambda f: (f.months_past_due > 0) | (f.months_since_arrears < 3),
    "debt_to_income > 50% or default_per_year >= 15%": lambda f: (
        (f.debt_to_income > 0.5) | (f.default_per_year >= 0.15)
    ),
    "line_to_income > 40%": lambda f: f.line_to_income > 0.4,
    "balance == 0 and line == 0": lambda f: (f.credit_cents == 0) & (f.line_cents == 0),
    "deposits == 0": lambda f: f.deposit_cents == 0,
    "otherwise": lambda f: np.ones(len(f), bool),
    "scope == settled": lambda f: f.scope == SETTLED,
    "scope in [contacted, browsing] and months_since_contact < 6": lambda f: (
        (f.scope >= CONTACTED) & (f.months_since_contact < 6)
    ),
    "not (tenure_months >= 6) and products_held <= 1": lambda f: (f.tenure_months < 6) & (f.held.sum(axis=1) <= 1),
    "quadrant in [high_risk_low_return, high_risk_high_return]": lambda f: f.quadrant >= 2,
    "quadrant == low_risk_low_return": lambda f: f.quadrant == 0,
    "segment == young": lambda f: f.tenure_months < 12,
    "segment == owing": lambda f: (f.tenure_months >= 12) & (f.credit_cents > 0),
    "leave_per_year > 10% and margin_per_year < 100": lambda f: (f.leave_per_year > 0.1) & (f.margin_per_year < 100.0),
    "holds_card == yes and premium > 3": lambda f: f.holds(1) & (f.premium > 3.0),
    "need_savings < 40%": lambda f: f.need(2) < 0.4,
}
"""Condition as it is written in a house's rules -> where it holds, by hand."""

LAW = {
    "opted_out": (("marketing",), "opted_out == yes", True),
    "vulnerable": (("credit", "dearer"), "vulnerable == yes", True),
    "hardship": (("marketing", "dearer"), "months_past_due > 0 or months_since_arrears < 3", True),
    "ability_to_pay": (("credit",), "debt_to_income > 50% or default_per_year >= 15%", True),
    "full_line": (("larger_line",), "line_to_income > 40%", True),
    "deposit_to_loan": (("credit",), "balance == 0 and line == 0", False),
    "loan_to_deposit": (("cross_sell_deposit",), "deposits == 0", False),
}
"""The rules as shipped: what is forbidden, to whom, and whether without being switched on."""


class Dated(NamedTuple):
    """A rule of a house: treatments by number, and the months in force."""

    name: str
    forbids: Rows
    when: str
    first: float
    last: float


class Limit(NamedTuple):
    """A floor or ceiling of structure, and the treatments that each stops."""

    name: str
    where: str
    of: str
    share: bool
    low: float | None
    high: float | None
    below: Rows
    above: Rows


def named(words: tuple[str, ...], known: dict[str, Act], kinds: tuple[str, ...]) -> Rows:
    """Which treatments some words mean: by name, by group, or as the sale of a kind of product."""
    return np.array(
        [
            name in words
            or any(group in words for group in act.groups)
            or (act.product >= 0 and f"cross_sell_{kinds[act.product]}" in words)
            for name, act in known.items()
        ]
    )


def month_of(text: str | None, otherwise: float) -> float:
    """Months since January 2027, when every market here begins."""
    return otherwise if text is None else 12 * (int(text[:4]) - 2027) + int(text[5:]) - 1


class Law:
    """What one house must keep, read from its settings as a user writes them."""

    def __init__(self, config: dict[str, Any], one: dict[str, Any]) -> None:
        products = {name: product["kind"] for name, product in config["products"].items()}
        self.products, self.kinds = tuple(products), tuple(products.values())
        self.acts = acts(products)
        self.names = tuple(self.acts)
        people = config["people"]
        self.scale = (config.get("stands_for") or people) / people
        common, house = config["guards"], one.get("guards", {})
        self.budget_cents = 100.0 * common["budget_per_month"] / self.scale
        self.at_most, self.in_months = common["contacts_at_most"], common["contacts_in_months"]
        self.ceiling = float(house.get("price_ceiling", "36%").rstrip("%"))
        own = one.get("apr", {})
        self.prices = np.array(
            [float(own.get(name, config["products"][name].get("apr", "0%")).rstrip("%")) for name in products]
        )
        self.capacity = {
            word: (many / self.scale, np.ones(len(self.acts), bool) if word == "all" else self.named(word))
            for word, many in house.get("capacity_per_month", {}).items()
        }
        self.rules = self._dated(house.get("rules", {}))
        self.limits = [self._limit(limit) for limit in house.get("structure", ())]
        self.table = {
            key: np.array([getattr(act, key) for act in self.acts.values()])
            for key in ("contact", "cost", "reward", "amount", "premium", "cut", "highest")
        }

    def named(self, *words: str) -> Rows:
        return named(words, self.acts, self.kinds)

    def why(self) -> tuple[str, ...]:
        """The names under which a refusal may be counted, in the order of asking."""
        first = ("not_eligible", *(rule.name for rule in self.rules), "price_ceiling", "contacts", "already_treated")
        return (*first, *(limit.name for limit in self.limits), "capacity", "budget")

    def _dated(self, told: dict[str, Any]) -> list[Dated]:
        found = []
        for name in (*LAW, *(name for name in told if name not in LAW)):
            said = told.get(name, {})
            said = {"on": said == "on"} if isinstance(said, str) else said
            forbids, when, shipped_on = LAW.get(name, ((), "", True))
            if said.get("on", shipped_on if isinstance(said.get("on", shipped_on), bool) else True):
                words = tuple(said.get("forbids", forbids))
                months = (month_of(said.get("from"), -1e9), month_of(said.get("until"), 1e9))
                found.append(Dated(name, self.named(*words), said.get("when", when), *months))
        return found

    def _limit(self, told: dict[str, Any]) -> Limit:
        of, share = told.get("share_of") or told["sum_of"], "share_of" in told
        low, high = (
            (told.get("at_least"), told.get("at_most"))
            if share
            else (told.get("at_least_eur"), told.get("at_most_eur"))
        )
        stops = tuple(told.get("stops", ()))
        more = ("marketing", "credit") if of == "customers" else ("credit",)
        return Limit(
            told["name"],
            told["where"],
            of,
            share,
            low,
            high,
            self.named(*(stops or ("winds_down",))),
            self.named(*(stops or more)),
        )
