"""A judge of the guard: keeps its own log of what reached people, and says which written rule a month broke.

It judges twice. *Broken*: of what was delivered, does anything break a rule, by the institution's records, by the
engine's truth and by the ledger? *Just*: served and refused as one who reads the list from the top would, asking
rule by rule?
"""

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.guard_law import CONDITIONS, LENDS, Facts, Law, Limit

Rows = NDArray[Any]
CLOSE = 1e-9


class Room:
    """What is left of something that all share: the first that does not fit shuts it for all below."""

    def __init__(self, why: int, left: float, takes: Rows) -> None:
        self.why, self.left, self.takes, self.shut = why, left, takes.tolist(), False  # below 0: not of it

    def turns_away(self, i: int) -> bool:
        """Whether proposal i stands before a shut door."""
        return self.shut and self.takes[i] >= 0.0

    def is_too_small(self, i: int) -> bool:
        """Whether proposal i is the first that does not fit."""
        self.shut = self.shut or self.takes[i] > self.left
        return self.shut


class Judge:
    """Of one institution."""

    def __init__(self, law: Law, me: int) -> None:
        self.law, self.me = law, me
        self.broken: list[str] = []
        self.refused: Counter[str] = Counter()
        self.proposals = self.contacts = 0
        self.log: list[Rows] = []  # rows of the people contacted, a month each
        self.kept_back = 0  # cents set aside for rewards that were not taken
        self.ever_spent = 0.0
        self.objected = np.zeros(0, bool)  # last said to us, as our customer
        self.fragile = np.zeros(0, bool)
        self.arrears = np.zeros(0, int)  # the last month in which a payment to us was outstanding
        self.had = np.zeros(0, np.int64)
        self.dearer: tuple[Rows, Rows, Rows] | None = None

    def says(self, month: int, rule: str, text: str) -> None:
        """Note a breach."""
        self.broken.append(f"{rule}: month {month}, institution {self.me}: {text}")

    # ---- what is asked of one person

    def unfit(self, f: Facts, customer: Rows, code: Rows, amount: Rows, recent: Rows) -> dict[str, Rows]:
        """Rule -> where it forbids this treatment of this customer, whatever else is done."""
        law = self.law
        found = {"not_eligible": np.zeros(len(code), bool)}
        for number, act in enumerate(law.acts.values()):
            at = np.flatnonzero(code == number)
            if len(at):
                found["not_eligible"][at] = ~act.who(f)[customer[at]]
        for rule in law.rules:
            if rule.first <= f.month <= rule.last:
                found[rule.name] = rule.forbids[code] & self.holds(f, rule.when)[customer]
            else:
                found[rule.name] = np.zeros(len(code), bool)
        lends = np.array([kind in LENDS for kind in law.kinds])
        dearest = np.where((f.held[:, : len(lends)] == 1) & lends, law.prices, 0.0).max(axis=1, initial=0.0)
        added = law.table["premium"][code] * amount
        dear = dearest[customer] + f.premium[customer] + added > law.ceiling
        found["price_ceiling"] = (law.table["premium"][code] > 0) & dear
        found["contacts"] = law.table["contact"][code] & (recent[customer] + 1 > law.at_most)
        return found

    def holds(self, f: Facts, when: str) -> Rows:
        """Where a condition holds, once a month."""
        if when not in f.read:
            f.read[when] = CONDITIONS[when](f)
        return f.read[when]

    def recently(self, people: int, months: int) -> Rows:
        """Our contacts with everybody in the last months."""
        rows = np.concatenate(
            [np.zeros(0, np.int64), *self.log[max(len(self.log) - months, 0) :]]
            if months > 0
            else [np.zeros(0, np.int64)]
        )
        return np.bincount(rows, minlength=people)

    def costs(self, f: Facts, customer: Rows, code: Rows, amount: Rows) -> Rows:
        """Cents set aside: contact, the whole reward, income given up for a year; each rounded up."""
        t = self.law.table
        contact, reward = np.rint(100 * t["cost"])[code], np.rint(100 * t["reward"])[code]
        year = t["cut"][code] * amount * f.credit_cents[customer] / 100.0
        return (contact + np.ceil(reward * amount - 1e-6) + np.ceil(np.maximum(year, 0) - 1e-6)).astype(np.int64)

    # ---- limits of structure

    def room(self, f: Facts, limit: Limit) -> tuple[Rows, Rows, float, bool]:
        """The cell, what each counts, how much may go before the floor, whether the ceiling is reached."""
        cell, counts = self.holds(f, limit.where), f.measure(limit.of, self.law.products)
        here, whole = float(counts[cell].sum()), float(counts.sum())
        unit, slack = (whole if limit.share else 1.0 / self.law.scale), CLOSE * (1.0 + float(np.abs(counts).sum()))
        may_go = np.inf if limit.low is None else here - limit.low * unit + slack
        empty = limit.high is not None and limit.high > 0 and limit.share and whole <= 0
        return cell, counts, may_go, limit.high is not None and not empty and here >= limit.high * unit - slack

    # ---- a month

    def month(self, f: Facts, rows: Rows, people: Rows, plan: Any, allowed: Any, sent: Rows, cut: Rows) -> None:
        """Judge what the guard made of a plan.

        Parameters
        ----------
        f, rows : Facts, int array
            The institution's records, and the rows of the people whose they are, ascending.
        people : structured array
            The truth.
        plan, allowed : Plan, Allowed
            What the policy asked for and what the guard answered.
        sent : structured array
            What is delivered to people, all rows of this institution.
        cut : array, shape (products,)
            Points that are posted below our list prices.
        """
        self.recalled(f, rows, people)
        recent = self.recently(len(people), self.law.in_months - 1)
        purse = int(np.floor(self.law.budget_cents + self.kept_back + 1e-6))
        self.just(f, rows, recent[rows], plan, allowed, purse)
        self.delivered(f, rows, people, sent, recent, purse, cut, plan)
        contact = self.law.table["contact"][sent["treatment"]]
        self.log.append(np.sort(sent["row"][contact]))
        self.contacts += len(sent)

    def recalled(self, f: Facts, rows: Rows, people: Rows) -> None:
        """Are the records what the truth and our memory say?"""
        more = len(people) - len(self.objected)
        self.objected, self.fragile, self.arrears = (
            np.concatenate([old, np.full(more, new)])
            for old, new in ((self.objected, False), (self.fragile, False), (self.arrears, -(10**6)))
        )
        mine, known = people["provider"] == self.me, np.union1d(rows, self.had)
        told = known[mine[known]]
        self.objected[told], self.fragile[told] = people["opted_out"][told] == 1, people["vulnerable"][told] == 1
        self.arrears[told[people["months_past_due"][told] > 0]] = f.month - 1
        self.had, ours = rows, mine[rows]
        since = np.minimum(f.month - 1 - self.arrears[rows], 999)
        if not np.array_equal(np.minimum(f.months_since_arrears, 999), since):
            self.says(f.month, "hardship", "the records do not say when a payment was last outstanding")
        for name in ("months_past_due", "premium", "ending", "let_go", "lending_stopped", "line_cents", "held"):
            if not np.array_equal(getattr(f, name)[ours], people[name][rows[ours]]):
                self.says(f.month, "records", f"{name} of our customers is not what is true")
        for name, kept in (("opted_out", self.objected), ("vulnerable", self.fragile)):
            wrong = np.flatnonzero((getattr(f, name) == 1) != kept[rows])
            if len(wrong):
                self.says(
                    f.month,
                    name,
                    f"the records of {len(wrong)} people do not say what they told us, "
                    f"in scopes {np.unique(f.scope[wrong]).tolist()}",
                )

    def just(self, f: Facts, rows: Rows, recent: Rows, plan: Any, allowed: Any, purse: int) -> None:
        """Read the list from the top, one proposal after the other, and ask rule by rule."""
        listed, law, why = plan.treatments, self.law, self.law.why()
        number = np.array([law.names.index(name) if name in law.names else 0 for name in listed.names], np.int64)
        code = number[listed.treatment]
        amount = np.where(np.isnan(listed.amount), law.table["amount"][code], listed.amount)
        verdict = np.full(len(code), -1)
        for name, bad in self.unfit(f, listed.customer, code, amount, recent).items():
            verdict[(verdict < 0) & bad & (code > 0)] = why.index(name)
        at = np.flatnonzero((verdict < 0) & (code > 0))
        cost = self.costs(f, listed.customer[at], code[at], amount[at])
        served = self.from_the_top(f, at, listed.customer[at], code[at], cost, purse, verdict)
        expected: dict[str, dict[str, int]] = {}
        for number_why, name in enumerate(why):
            counts = np.bincount(code[verdict == number_why], minlength=len(law.names))
            if counts.any():
                expected[name] = {law.names[c]: int(counts[c]) for c in np.flatnonzero(counts)}
        got = {
            rule: {name: n for name, n in by.items() if not name.startswith("offer_")}
            for rule, by in allowed.refused.items()
        }
        got = {rule: by for rule, by in got.items() if by}
        if served != allowed.served.tolist():
            odd = sorted(set(served) ^ set(allowed.served.tolist()))[:3]
            told = [(law.names[code[i]], why[verdict[i]] if verdict[i] >= 0 else "serve") for i in odd]
            self.says(f.month, "unjust", f"{len(allowed.served)} served, not {len(served)}; such as {told}")
        if got != expected:
            pairs = {(rule, name) for counts in (got, expected) for rule, by in counts.items() for name in by}
            odd = {
                pair: (got.get(pair[0], {}).get(pair[1], 0), expected.get(pair[0], {}).get(pair[1], 0))
                for pair in pairs
            }
            told = sorted(f"{rule}/{name} {a}, not {b}" for (rule, name), (a, b) in odd.items() if a != b)
            self.says(f.month, "unjust", f"refused {told[:6]}")
        asked = int((code > 0).sum())
        refused = sum(sum(by.values()) for by in got.values())
        if not asked == sum(allowed.proposed.values()) == refused + len(allowed.contacts):
            self.says(f.month, "count", f"{asked} asked, {len(allowed.contacts)} served, {refused} refused")
        self.proposals += asked
        for name, by in got.items():
            self.refused[name] += sum(by.values())

    def from_the_top(
        self, f: Facts, at: Rows, customer: Rows, code: Rows, cost: Rows, purse: int, verdict: Rows
    ) -> list[int]:
        """Serve what nothing forbids to the person, while structure, capacity and money last."""
        treated = self.law.why().index("already_treated")
        rooms = [*self.rooms(f, customer, code, treated), Room(len(self.law.why()) - 1, purse, cost)]
        done, served = bytearray(len(f)), []
        where, who = at.tolist(), customer.tolist()
        for i in range(len(where)):
            if done[who[i]]:
                verdict[where[i]] = treated
                continue
            refusing = next((room for room in rooms if room.turns_away(i)), None) or next(
                (room for room in rooms if room.takes[i] >= 0.0 and room.is_too_small(i)), None
            )
            if refusing is not None:
                verdict[where[i]] = refusing.why
                continue
            done[who[i]] = 1
            served.append(where[i])
            for room in rooms:
                room.left -= max(room.takes[i], 0.0)
        return served

    def rooms(self, f: Facts, customer: Rows, code: Rows, treated: int) -> "list[Room]":
        """What is shared by all: full cells, then floors, then capacity, in the order of asking."""
        full, floors, law = [], [], self.law
        for number, limit in enumerate(law.limits, start=treated + 1):
            cell, counts, may_go, reached = self.room(f, limit)
            inside = cell[customer]
            if reached:
                full.append(Room(number, -1.0, np.where(inside & limit.above[code], 0.0, -1.0)))
                full[-1].shut = True
            if limit.low is not None:
                weight = np.maximum(counts[customer], 0.0)
                floors.append(Room(number, may_go, np.where(inside & limit.below[code], weight, -1.0)))
        words = [
            Room(len(law.why()) - 2, int(many + 1e-9), np.where(touched[code], 1.0, -1.0))
            for many, touched in law.capacity.values()
        ]
        return [*full, *floors, *words]

    def delivered(
        self, f: Facts, rows: Rows, people: Rows, sent: Rows, recent: Rows, purse: int, cut: Rows, plan: Any
    ) -> None:
        """Of what reaches people: does anything break a rule?"""
        law, code = self.law, sent["treatment"]
        customer = np.minimum(np.searchsorted(rows, sent["row"]), max(len(rows) - 1, 0))
        if len(sent) and not np.array_equal(rows[customer], sent["row"]):
            self.says(f.month, "not_eligible", "somebody was treated who is in nobody's files")
            return
        for name, bad in self.unfit(f, customer, code, sent["amount"], recent[rows]).items():
            if bad.any():
                self.says(f.month, name, f"{int(bad.sum())} were treated whom it protects")
        courted = law.named("marketing")[code]
        if law.rules and law.rules[0].name == "opted_out" and law.rules[0].first <= f.month <= law.rules[0].last:
            if self.objected[sent["row"][courted & law.rules[0].forbids[code]]].any():
                self.says(f.month, "opted_out", "somebody who told us so got an offer")
        times = np.bincount(sent["row"], minlength=1)
        if times.max(initial=0) > 1:
            self.says(f.month, "already_treated", f"{int((times > 1).sum())} got more than one treatment")
        now = np.bincount(sent["row"][law.table["contact"][code]], minlength=len(people))
        if ((recent + now > law.at_most) & (now > 0)).any():
            self.says(f.month, "contacts", "somebody heard from us too often")
        for word, (many, touched) in law.capacity.items():
            if touched[code].sum() > many + 1e-9:
                self.says(f.month, "capacity", f"{int(touched[code].sum())} of {word}, not {many}")
        for limit in law.limits:
            cell, counts, may_go, full = self.room(f, limit)
            gone = np.unique(customer[cell[customer] & limit.below[code]])
            if len(gone) and (counts[gone].sum() > may_go or may_go < 0):
                self.says(f.month, limit.name, f"{len(gone)} of the cell were sent below its floor")
            if full and (cell[customer] & limit.above[code]).any():
                self.says(f.month, limit.name, "somebody of a full cell got more")
        self.money(f, people, customer, sent, purse, cut, plan)
        dear = law.table["premium"][code] > 0
        held = people["held"][sent["row"][dear]]
        after = people["premium"][sent["row"][dear]] + law.table["premium"][code[dear]] * sent["amount"][dear]
        self.dearer = (sent["row"][dear], held, after)

    def money(self, f: Facts, people: Rows, customer: Rows, sent: Rows, purse: int, cut: Rows, plan: Any) -> None:
        """What is set aside, and the income that the posted prices give up."""
        cost = self.costs(f, customer, sent["treatment"], sent["amount"])
        book = people["balance_cents"][people["provider"] == self.me].sum(axis=0)[: len(cut)]
        offer = float((cut / 1200.0 * book).sum())
        if cost.sum() + offer > purse + 1e-6 * (1.0 + offer):
            self.says(f.month, "budget", f"{int(cost.sum())} + {offer:.0f} cents are set aside of {purse}")
        wanted = np.zeros(len(cut)) if plan.offer is None else plan.offer.points(self.law.products)
        wanted[[kind == "fee" for kind in self.law.kinds]] = 0.0  # what has no balance has no rate
        whole = float((wanted / 1200.0 * book).sum())
        if (cut > wanted + CLOSE).any() or (
            whole <= purse - cost.sum() - 1.0 and not np.allclose(cut, wanted, rtol=1e-9, atol=1e-12)
        ):
            self.says(f.month, "unjust", f"posts {cut} below the list, asked for {wanted}, and it costs {whole:.0f}")
        year = self.law.table["cut"][sent["treatment"]] * sent["amount"] * f.credit_cents[customer] / 100.0
        self.given, self.purse, self.set_aside = float(year.sum()) + offer, purse, int(cost.sum())
        self.rewards = int(self.set_aside - np.ceil(year - 1e-6).sum())

    def settled(self, month: int, paid: int, people: Rows, prices: Rows) -> None:
        """What the ledger says was paid, and what people pay from now on."""
        if paid + self.given > self.purse + 1e-6 * (1.0 + self.given):
            self.says(month, "budget", f"paid {paid} and gave up {self.given:.0f} cents of a purse of {self.purse}")
        self.ever_spent += paid + self.given
        if self.ever_spent > self.law.budget_cents * len(self.log) * (1 + CLOSE) + 1e-3:
            self.says(month, "budget", f"{self.ever_spent:.0f} cents in {len(self.log)} months")
        self.kept_back = max(self.rewards - paid, 0)
        if self.dearer is None:
            return
        rows, held, after = self.dearer
        now = people[rows]
        same = (now["provider"] == self.me) & (now["premium"] == after) & (now["held"] == held).all(axis=1)
        lends = np.array([kind in LENDS for kind in self.law.kinds])
        owes = (now["held"][:, : len(lends)] == 1) & lends
        pays = np.where(owes, prices[: len(lends)] + (now["premium"] - now["price_cut"])[:, None], 0.0).max(
            axis=1, initial=0
        )
        if (pays[same] > self.law.ceiling + CLOSE).any():
            self.says(month, "price_ceiling", f"somebody pays {pays[same].max():.2f} points")
