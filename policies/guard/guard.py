"""The guard: serves a plan from the top of its list, within the rules, and counts every refusal."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Parameter
from tenure.agents.offer import KINDS
from tenure.agents.treatment import CONTACT
from tenure.policies.columns import view_condition
from tenure.policies.conditions.condition import Condition
from tenure.policies.guard.costs import cost_of_each_eur, costs, fit_offer
from tenure.policies.guard.limits import Quota, Refusals, from_the_top
from tenure.policies.guard.rules import GuardRule, StructureLimit, counted, forbidden, measured, slack
from tenure.policies.plan import MOST_POINTS, Plan, Treatments, first_of_each
from tenure.policies.settings.suggest import did_you_mean
from tenure.policies.treatments import NUMBERS, Treatment
from tenure.policies.view import InstitutionView

FIRST, THEN, LAST = ("not_eligible",), ("price_ceiling", "contacts", "already_treated"), ("capacity", "budget")
"""Why a proposal can be refused beside the dated rules, asked after FIRST, and limits of structure, after THEN: first
what concerns the customer alone, then what all customers share."""


_FEW = {"levels": 100.0, "plans": 100.0}
"""Unit -> the largest amount, where it is less than any number of the catalogue may be."""


class Guards(NamedTuple):
    """The rules that no plan may break."""

    budget_per_month: Annotated[float, Parameter("EUR/month", 0.0, 1e12, "the user's own, of the real book")] = 0.0
    contacts_at_most: Annotated[int, Parameter("contacts", 0, 32, "assumption: a usual rule among lenders")] = 2
    contacts_in_months: Annotated[int, Parameter("months", 1, 32, "assumption: a usual rule among lenders")] = 3
    price_ceiling: float = 36.0
    """Points a year; 10 U.S.C. 987 (Military Lending Act) has 36% all in, and many lenders keep to it elsewhere."""
    capacity_per_month: Mapping[str, float] = {}
    """Treatment, group, channel of contact or `all` -> how many a month."""
    rules: tuple[GuardRule, ...] = ()
    structure: tuple[StructureLimit, ...] = ()

    def why(self) -> tuple[str, ...]:
        """Return why a proposal can be refused, in the order of asking; the first that refuses is counted."""
        return (*FIRST, *(rule.name for rule in self.rules), *THEN, *(limit.name for limit in self.structure), *LAST)


class InstitutionMeans(NamedTuple):
    """What one institution could do: its catalogue and the rules that it keeps; the `means` of its view."""

    treatments: tuple[Treatment, ...]
    rules: Guards
    purse_eur: float = 0.0
    acquisition_eur: float = 0.0
    funding_points: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all treatments; the first is `none`."""
        return tuple(treatment.name for treatment in self.treatments)

    def allows(self, view: InstitutionView, treatment: str) -> NDArray[np.bool_]:
        """Return to whom the treatment may be done this month, shape (customers,); see `InstitutionView.may`."""
        one = self._called(treatment)
        allowed = view.where(_condition(one.eligible, view))
        for rule in self.rules.rules:
            in_force = rule.from_month <= view.month <= rule.until_month
            if in_force and forbidden(rule.forbids, (one,), view.kinds)[0]:
                allowed &= ~view.where(_condition(rule.when, view))
        if one.premium > 0:
            price = _dearest_price(view.field("held"), view) + view.premium + one.premium * one.amount
            allowed &= ~(price > self.rules.price_ceiling)
        if one.contact > 0:
            allowed &= _contacted(view, self.rules) + 1 <= self.rules.contacts_at_most
        return allowed

    def cost_eur(self, view: InstitutionView, treatment: str) -> NDArray[np.float64]:
        """Return what the budget sets aside for each customer, EUR, shape (customers,)."""
        return cost_of_each_eur(self._called(treatment), view)

    def _called(self, treatment: str) -> Treatment:
        """Return the treatment of a name."""
        if treatment not in self.names:
            raise ValueError(f"plan: no treatment is called '{treatment}'.{did_you_mean(treatment, self.names)}")
        return self.treatments[self.names.index(treatment)]


class Allowed(NamedTuple):
    """What the guard let through, and what it refused. Money is EUR, of the customers in view."""

    contacts: NDArray[np.void]
    """dtype CONTACT, in the order of the plan; `row` is the index into the view."""
    served: NDArray[np.int64]
    """Position in the plan's treatments of each contact, to look up its reason."""
    proposed: dict[str, int]
    """Treatment -> proposals."""
    refused: dict[str, dict[str, int]]
    """Rule -> treatment -> refusals; a trimmed price counts once, as ``offer_<product>``."""
    because: dict[str, int]
    """Reason of the plan -> how many were served for it."""
    customers_proposed: int
    """Customers to whom the plan proposed anything."""
    spent_eur: float
    """Contacts, and the rewards as if all were taken."""
    given_up_eur: float
    """Income given up: by treatments for their whole duration, by the offer for one month."""
    offer: NDArray[np.float64] | None
    """Points off our list prices that may be posted, shape (products,); None: no change asked for."""


def guard(
    plan: Plan,
    view: InstitutionView,
    treatments: Sequence[Treatment],
    rules: Guards,
    budget_eur: float,
    book_eur: NDArray[np.float64] | None = None,
) -> Allowed:
    """Trim a plan from the top of its list: eligibility, rules, price, contacts, structure, capacity, budget.

    A proposal costs its contact, its reward in full (it may be taken) and the income that its price cut
    gives up. The list is served until the first proposal that the money left does not cover; **nothing below
    it is served**, even if cheaper, so that a dear favourite is not passed over for many cheap others. What
    the treatments leave pays for the offer: its cuts, costing cut x own balances / 12 a month, are shortened
    in proportion until they fit.

    Parameters
    ----------
    plan : Plan
        What the policy decided.
    view : InstitutionView
        What it decided on.
    treatments : sequence of Treatment
        The catalogue; its order gives the treatment numbers of the contacts.
    rules : Guards
        All rules; the month's budget is `budget_eur`.
    budget_eur : float
        Money left this month; infinite for no limit.
    book_eur : array, shape (products,), optional
        Own balances whose price an offer cuts, EUR, of all customers; those in view without it.

    Returns
    -------
    Allowed

    Raises
    ------
    ValueError
        If the plan names a treatment that does not exist, a customer out of view, or an amount that is too
        large or where the treatment has none.
    """
    if np.isnan(budget_eur):
        raise ValueError("guard: the budget must be a number; got nan")
    limit = _cents(budget_eur)
    done = _trimmed(plan.treatments, view, treatments, rules, limit) if len(plan.treatments) else _NOTHING
    left = limit - int((done.spent + done.forgone).sum())
    offer, offer_cents, trimmed = fit_offer(plan.offer, view, left, book_eur)
    refused = dict(done.refused)
    for product in trimmed:
        refused["budget"] = refused.get("budget", {}) | {f"offer_{product}": 1}
    return Allowed(
        done.contacts,
        done.served,
        dict(done.proposed),
        refused,
        dict(done.because),
        done.customers_proposed,
        float(done.spent.sum()) / 100.0,
        (float(done.forgone.sum()) + offer_cents) / 100.0,
        offer,
    )


class _Trimmed(NamedTuple):
    """What is left of a list of proposals; its money, in cents, by proposal that is served."""

    contacts: NDArray[np.void]
    served: NDArray[np.int64]
    proposed: Mapping[str, int]
    refused: Mapping[str, dict[str, int]]
    because: Mapping[str, int]
    customers_proposed: int
    spent: NDArray[np.int64]
    forgone: NDArray[np.int64]


_NO_NUMBERS = np.zeros(0, np.int64)
_NOTHING = _Trimmed(np.zeros(0, CONTACT), _NO_NUMBERS, {}, {}, {}, 0, _NO_NUMBERS, _NO_NUMBERS)


def _trimmed(
    listed: Treatments, view: InstitutionView, treatments: Sequence[Treatment], rules: Guards, limit: int
) -> _Trimmed:
    """Return what rules, structure, capacities and so many cents leave of the proposals."""
    number, amount = by_catalogue(listed, view, treatments)
    refusal = Refusals(number, rules.why())
    refusal.add("not_eligible", _ineligible(listed, number, view, treatments))
    for rule in rules.rules:
        if rule.from_month <= view.month <= rule.until_month:
            refusal.add(rule.name, _forbidden(rule, listed, number, view, treatments))
    refusal.add("price_ceiling", _too_dear(listed, number, amount, view, treatments, rules.price_ceiling))
    refusal.add("contacts", _too_often(listed, number, view, treatments, rules))
    full = [_in_a_full_cell(one, listed, number, view, treatments) for one in rules.structure]
    stopped = np.any(full, axis=0) if full else np.zeros(len(listed), np.bool_)
    asked = np.flatnonzero(refusal.free & ~stopped)
    spent, forgone = np.zeros((2, len(listed)), np.int64)
    spent[asked], forgone[asked] = costs(listed.customer[asked], number[asked], amount[asked], view, treatments)
    purse = Quota("budget", limit, (spent + forgone).astype(np.float64))
    quotas = [*_quotas(rules, listed, number, view, treatments), purse]
    served, exceeded = from_the_top(listed.customer, refusal.free & ~stopped, quotas)
    refusal.serve(served, listed.customer)
    for one, stops in zip(rules.structure, full, strict=True):
        refusal.add(one.name, stops)
    for quota, refused_by_it in zip(quotas, exceeded, strict=True):
        refusal.add(quota.reason, refused_by_it)
    contacts = np.zeros(len(served), CONTACT)
    contacts["row"], contacts["institution"] = listed.customer[served], view.me
    contacts["treatment"], contacts["amount"] = number[served], amount[served]
    proposed, refused = refusal.counts(treatments)
    reasons = np.bincount(listed.because[served], minlength=len(listed.reasons))
    because = {reason: int(count) for reason, count in zip(listed.reasons, reasons, strict=True) if count}
    customers = int(np.count_nonzero(first_of_each(listed.customer[number > 0])))
    return _Trimmed(contacts, served, proposed, refused, because, customers, spent[served], forgone[served])


def _cents(eur: float) -> int:
    """Return money in whole cents, less a part of one; without a limit as much as an int64 sum safely reaches."""
    return int(np.floor(np.clip(eur * 100.0 + 1e-6, 0.0, 2.0**60)))


def by_catalogue(
    listed: Treatments, view: InstitutionView, treatments: Sequence[Treatment]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the catalogue's number of each proposal, and its amount, the catalogue's where the plan gives none.

    Raises
    ------
    ValueError
        If a treatment does not exist, a customer is not in view, or an amount is too large or where there is none.
    """
    names = [treatment.name for treatment in treatments]
    used = np.bincount(listed.treatment, minlength=len(listed.names))
    for name, count in zip(listed.names, used.tolist(), strict=True):
        if count and name not in names:
            raise ValueError(f"plan: no treatment is called '{name}'.{did_you_mean(name, names)}")
    if len(listed) and int(listed.customer.max()) >= len(view):
        raise ValueError(f"plan: customer {int(listed.customer.max())} is not in view; there are {len(view)}")
    codes = np.array([names.index(name) if name in names else 0 for name in listed.names], np.int64)
    for code in np.flatnonzero(np.bincount(listed.treatment[listed.amount > 0], minlength=len(codes))).tolist():
        one = treatments[codes[code]]
        if not one.amount_unit:
            raise ValueError(f"plan: '{one.name}' takes no amount; leave it out")
        highest, most = float(np.nanmax(listed.amount[listed.treatment == code])), _most(one)
        if highest > most:
            raise ValueError(f"plan: an amount of '{one.name}' is at most {most:g} {one.amount_unit}; got {highest:g}")
    number = codes[listed.treatment]
    own = np.array([treatment.amount for treatment in treatments])
    return number, np.where(np.isnan(listed.amount), own[number], listed.amount)


def _most(treatment: Treatment) -> float:
    """Return the largest amount that a plan may give, in the treatment's unit; never less than the catalogue's."""
    points = max(treatment.price_cut, treatment.premium)
    many = _FEW.get(treatment.amount_unit, NUMBERS["amount"].high)
    return max(treatment.amount, min(many, MOST_POINTS / points if points > 0 else np.inf))


def _forbidden(
    rule: GuardRule,
    listed: Treatments,
    number: NDArray[np.int64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
) -> NDArray[np.bool_]:
    """Return where a rule forbids the treatment to the customer."""
    refused = forbidden(rule.forbids, treatments, view.kinds)[number]
    at = np.flatnonzero(refused)
    refused[at] = view.where(_condition(rule.when, view), listed.customer[at])
    return refused


def _in_a_full_cell(
    limit: StructureLimit,
    listed: Treatments,
    number: NDArray[np.int64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
) -> NDArray[np.bool_]:
    """Return where a treatment would give more to the cell of a ceiling that is reached."""
    cell, _, full = slack(limit, view)
    if not full:
        return np.zeros(len(listed), np.bool_)
    stops = limit.stops or (("credit",) if limit.of != "customers" else ("marketing", "credit"))
    return np.asarray(cell[listed.customer] & forbidden(stops, treatments, view.kinds)[number])


def _quotas(
    rules: Guards,
    listed: Treatments,
    number: NDArray[np.int64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
) -> list[Quota]:
    """Return what may go above each floor, and each capacity, with what a proposal takes of it."""
    quotas = []
    for limit in rules.structure:
        if limit.at_least is not None:
            cell, may_go, _ = slack(limit, view)
            touched = cell[listed.customer] & forbidden(limit.stops or ("winds_down",), treatments, view.kinds)[number]
            counts = np.maximum(measured(limit.of, view), 0.0)[
                listed.customer
            ]  # who counts below 0 cannot harm a floor
            quotas.append(Quota(limit.name, may_go, np.where(touched, counts, -1.0)))
    for word, many in rules.capacity_per_month.items():
        named = counted(word, treatments, view.kinds)
        quotas.append(Quota("capacity", int(many + 1e-9), np.where(named[number], 1.0, -1.0)))
    return quotas


def _too_dear(
    listed: Treatments,
    number: NDArray[np.int64],
    amount: NDArray[np.float64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
    ceiling: float,
) -> NDArray[np.bool_]:
    """Return where a dearer price would pass the ceiling on some product that the customer owes."""
    refused = np.zeros(len(listed), np.bool_)
    premium = np.array([treatment.premium for treatment in treatments])
    at = np.flatnonzero(premium[number] > 0)
    if len(at):
        dearest = _dearest_price(view.field("held")[listed.customer[at]], view)
        refused[at] = dearest + view.premium[listed.customer[at]] + premium[number[at]] * amount[at] > ceiling
    return refused


def _ineligible(
    listed: Treatments, number: NDArray[np.int64], view: InstitutionView, treatments: Sequence[Treatment]
) -> NDArray[np.bool_]:
    """Return where the treatment's own condition does not hold for the customer."""
    refused = np.zeros(len(listed), np.bool_)
    for code in np.flatnonzero(np.bincount(number)).tolist():
        at = np.flatnonzero(number == code)
        refused[at] = ~view.where(_condition(treatments[code].eligible, view), listed.customer[at])
    return refused


def _too_often(
    listed: Treatments,
    number: NDArray[np.int64],
    view: InstitutionView,
    treatments: Sequence[Treatment],
    rules: Guards,
) -> NDArray[np.bool_]:
    """Return where one more contact, this month's, breaks the contact rule; what is no contact never does."""
    refused = np.zeros(len(listed), np.bool_)
    is_contact = np.array([treatment.contact > 0 for treatment in treatments])
    at = np.flatnonzero(is_contact[number])
    if len(at):
        refused[at] = _contacted(view, rules)[listed.customer[at]] + 1 > rules.contacts_at_most
    return refused


def _condition(text: str, view: InstitutionView) -> Condition:
    """Return a condition on this market's view."""
    return view_condition(text, view.products, view.schemes.segment_names)


def _contacted(view: InstitutionView, rules: Guards) -> NDArray[np.int64]:
    """Return how often each customer was contacted in the months that the contact rule looks back."""
    return view.contacts_within(rules.contacts_in_months - 1)


def _dearest_price(held: NDArray[np.int64], view: InstitutionView) -> NDArray[np.float64]:
    """Return the highest list price of credit that customers pay, shape (customers,), by what each holds."""
    lends = np.array([KINDS[kind].lends == 1 for kind in view.kinds])
    owed = (held[:, : len(view.products)] > 0) & lends
    prices: NDArray[np.float64] = np.where(owed, np.nan_to_num(view.list_prices), 0.0).max(axis=1)
    return prices
