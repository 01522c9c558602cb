"""The recording: tidy long rows (measure, month, institution, a, b, value), made while the months go by."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.belief import QUADRANTS
from agents.market import LINES, TREATMENT
from agents.person import CAUSES, STAGES
from policies.guard_costs import costs
from policies.guard_rules import StructureLimit, standing
from policies.guards import Allowed
from policies.treatments import Treatment
from policies.view import InstitutionView
from simulation.counting import (  # fmt: skip
    BUCKETS,
    PRODUCTS_HELD,
    TENURE_YEARS,
    US,
    cost_cents,
    paid_to_strangers,
    taken_contacts,
)
from simulation.feedback import Learnt
from simulation.ledger import profit_cents

if TYPE_CHECKING:
    from simulation.model import LifecycleModel

COLUMNS = ("measure", "month", "institution", "a", "b", "value")
PLANE_SAMPLE = 800


class MonthFacts(NamedTuple):
    """What the recorder is told of a month that has been lived."""

    month: int
    signals: NDArray[Any]
    counts: NDArray[Any]
    """one row of COUNTS"""
    postings: NDArray[np.int64]
    own_rows: NDArray[np.int64]
    truths: NDArray[Any]
    stages: NDArray[np.int64]
    """true stage of our customers, as `truths`"""


class Recorder:
    """Collects rows; `us` is the institution a report asks about, index 1."""

    def __init__(self, names: tuple[str, ...], first_month: int = 0) -> None:
        self.names, self.first_month = names, first_month
        self.rows: list[tuple[str, int, str, str, str, float]] = []
        self.sums: dict[str, float] = {}

    def add(self, measure: str, month: int, institution: str, a: str, b: str, value: float) -> None:
        """One finished fact."""
        self.rows.append((measure, month, institution, a, b, float(value)))

    def cells(self, facts: MonthFacts) -> None:
        """Our customers and balances by stage and quadrant."""
        cell = facts.stages * 4 + facts.truths["quadrant"]
        s, own = facts.signals, facts.own_rows
        for measure, weight in (
            ("customers_by_cell", None),
            ("credit_balance_by_cell", s["credit_cents"][own] / 100.0),
            ("deposit_balance_by_cell", s["deposit_cents"][own] / 100.0),
        ):
            counts = np.bincount(cell, weight, minlength=16)
            for i, value in enumerate(counts.tolist()):
                self.add(measure, facts.month, self.names[1], STAGES[i // 4], QUADRANTS[i % 4], value)

    def stocks(self, facts: MonthFacts) -> None:
        """Customers, balances, tenure, products and past due of every institution at the month's end."""
        counts, month = facts.counts, facts.month
        self.add("customers", month, "gone", "", "", int(counts["gone"]))
        for j, name in enumerate(self.names):
            self.add("customers", month, name, "", "", counts["customers"][j])
            if j > 0:
                self.add("credit_balance", month, name, "", "", counts["credit_cents"][j] / 100.0)
                self.add("deposit_balance", month, name, "", "", counts["deposit_cents"][j] / 100.0)
        self._table("customers_by_tenure", month, counts["by_tenure"], TENURE_YEARS)
        self._table("customers_by_products", month, counts["by_products"], PRODUCTS_HELD)
        self._table("past_due_balance", month, counts["past_due_cents"] / 100.0, BUCKETS)

    def _table(self, measure: str, month: int, table: NDArray[Any], labels: Sequence[str]) -> None:
        """Rows of a table by institution and one label; what is zero leaves none."""
        for j, c in np.argwhere(table).tolist():
            self.add(measure, month, self.names[j], labels[c], "", table[j, c])

    def flows(self, facts: MonthFacts) -> None:
        """Who joined and who left, why, after how long; moves between stages; the lines of profit and loss."""
        counts, month = facts.counts, facts.month
        for measure, table, labels in (
            ("leavers", counts["leavers"], TENURE_YEARS),
            ("leavers_by_products", counts["leavers_by_products"], PRODUCTS_HELD),
        ):
            for j, cause, c in np.argwhere(table).tolist():
                self.add(measure, month, self.names[j], CAUSES[cause], labels[c], table[j, cause, c])
        came = counts["joiners"]
        joiners = np.stack([came[:, 1], came[:, 2:-1].sum(axis=1), came[:, -1]], axis=1)
        self._table("joiners", month, joiners, ("searched", "reached", "invited"))
        moves = counts["stage_moves"]
        for origin, to in np.argwhere(moves).tolist():
            self.add("stage_moves", month, self.names[1], STAGES[origin], (*STAGES, "gone")[to], moves[origin, to])
        for j, lines in enumerate(profit_cents(facts.postings).tolist()):
            for line, cents in zip(LINES, lines, strict=True):
                if j > 0:
                    self.add("ledger", month, self.names[j], line, "", cents / 100.0)

    def new_customers(self, facts: MonthFacts) -> None:
        """Our customers in their first twelve months, by quadrant."""
        new = facts.signals["tenure_months"][facts.own_rows] < 12
        counts = np.bincount(facts.truths["quadrant"][new], minlength=4)
        for name, value in zip(QUADRANTS, counts.tolist(), strict=True):
            self.add("new_customers_by_quadrant", facts.month, self.names[1], name, "", value)

    def plane(self, facts: MonthFacts) -> None:
        """A sample of our customers on the plane of risk and return."""
        step = max(1, len(facts.own_rows) // PLANE_SAMPLE)
        for i in range(0, len(facts.own_rows), step)[:PLANE_SAMPLE]:
            person = str(int(facts.signals["person_id"][facts.own_rows[i]]))
            truth = facts.truths[i]
            quadrant = QUADRANTS[int(truth["quadrant"])]
            self.add("plane_risk", facts.month, self.names[1], person, quadrant, truth["default_per_year"])
            self.add("plane_return", facts.month, self.names[1], person, quadrant, truth["margin_per_year"])

    def treatments(
        self,
        facts: MonthFacts,
        allowed: Allowed,
        taken: NDArray[np.bool_],
        catalogue: Sequence[Treatment],
        postings: NDArray[np.int64],
        given_up_eur: float,
    ) -> None:
        """What we proposed, what was refused and why, who was contacted, who took it, what it cost."""
        month, us = facts.month, self.names[1]
        sent = allowed.contacts["treatment"]
        for outcome, some in (("contacted", sent), ("taken", sent[taken])):
            for t, count in zip(*(found.tolist() for found in np.unique(some, return_counts=True)), strict=True):
                self.add("treatments", month, us, catalogue[t].name, outcome, count)
        for name, count in allowed.proposed.items():
            self.add("treatments", month, us, name, "proposed", count)
        for rule, by_treatment in allowed.refused.items():
            for name, count in by_treatment.items():
                self.add("treatments", month, us, name, f"refused:{rule}", count)
        for reason, count in allowed.because.items():
            self.add("reasons", month, us, reason, "", count)
        self.add("treatments", month, us, "", "cost_eur", postings[1, TREATMENT] / 100.0)
        self.add("treatments", month, us, "", "given_up_eur", given_up_eur)
        if allowed.offer is not None:
            self.add("treatments", month, us, "", "posted_cut_points", allowed.offer.sum())

    def treatment_money(
        self, month: int, sent: NDArray[np.int64], catalogue: Sequence[Treatment], **cents: NDArray[Any]
    ) -> None:
        """What each treatment cost, by kind of cost, if anything; cents of each contact, of the treatment in `sent`."""
        for t in np.unique(sent).tolist():
            for kind, some in cents.items():
                whole = float(some[sent == t].sum())
                if whole:
                    self.add("treatments", month, self.names[US], catalogue[t].name, kind, whole / 100.0)

    def structure(self, month: int, view: InstitutionView, limits: Sequence[StructureLimit], scale: float) -> None:
        """Where each limit of structure stands, as we believe our customers to be; or that it is a share of nothing."""
        for limit in limits:
            found = standing(limit, view, scale)
            told = {"nothing": 1.0} if found is None else found._asdict()
            for what, value in told.items():
                self.add("structure_limit", month, self.names[US], limit.name, what, value)

    def funnel(self, month: int, view: InstitutionView, allowed: Allowed, weight: NDArray[Any], taken: int) -> None:
        """From everybody in scope to those who took something, and those who got nothing; customers of one month."""
        contacted = int(np.sum(weight[allowed.contacts["treatment"]] > 0))
        able = np.zeros(len(view), np.bool_)
        for name in view.treatments[1:]:
            able |= view.may(name)
        steps = {
            "in scope": len(view), "eligible": int(able.sum()), "proposed": allowed.customers_proposed,
            "allowed": len(allowed.contacts), "contacted": contacted, "took it": taken,
            "got nothing": len(view) - len(allowed.contacts),
        }  # fmt: skip
        for step, people in steps.items():
            self.add("funnel", month, self.names[1], step, "", people)

    def learnt(self, month: int, institution: str, learnt: Learnt) -> None:
        """Whom an institution's channels are told to look for, and how well the score does that."""
        told = {} if learnt.score is None else {
            "customers": learnt.score.customers, "wanted_share": learnt.score.wanted_share,
            "auc_own_customers": learnt.score.auc_out_of_sample,
        }  # fmt: skip
        if learnt.cost is not None:
            told |= {"auc_market": learnt.cost.own_auc, "auc_market_all_seeing": learnt.cost.all_seeing_auc}
        for what, value in told.items():
            self.add("lookalike", month, institution, what, learnt.wanted, value)

    def reached(
        self, facts: MonthFacts, channels: Mapping[str, Sequence[str]], contacts: NDArray[np.int64], cents: NDArray[Any]
    ) -> None:
        """What each channel reached, cost and brought."""
        for j, name in enumerate(self.names):
            for c, channel in enumerate(channels.get(name, ())):
                self.add("reach", facts.month, name, channel, "contacts", contacts[j, c])
                self.add("reach", facts.month, name, channel, "spend_eur", contacts[j, c] * cents[j, c] / 100.0)
                self.add("reach", facts.month, name, channel, "joined", facts.counts["joiners"][j, 2 + c])

    def end(self, facts: MonthFacts, capital_cost: float, notes: Mapping[str, float]) -> None:
        """What can be told at the end alone: closing value, metrics, what the policy notes."""
        month, us, truths = facts.month, self.names[US], facts.truths
        self.plane(facts)
        self.add("closing_value", month, us, "future_margin", "", truths["future_margin"].sum())
        self.add("closing_value", month, us, "expected_loss", "", -truths["expected_loss"].sum())
        for name, value in run_metrics(self.table(), us, capital_cost).items():
            self.add("metric", month, us, name, "", value)
        for name, value in notes.items():
            self.add("policy_notes", month, us, name, "", value)

    def table(self) -> pd.DataFrame:
        """Return all rows as a table."""
        table = pd.DataFrame(self.rows, columns=list(COLUMNS))
        return table.astype({"month": "int32", "value": "float64"})


def note_treatments(
    model: "LifecycleModel", recorder: Recorder, facts: MonthFacts, allowed: Allowed
) -> NDArray[np.bool_]:
    """Record what we did this month and what of it was taken; return which of our contacts were taken."""
    contacts, month = allowed.contacts, facts.month
    seen = facts.signals[model.files[US].at[contacts["row"]]]
    taken = taken_contacts(seen, contacts)
    invited = paid_to_strangers(seen, contacts, taken, model.effects)
    recorder.add("treatments", month, recorder.names[US], "", "invitations_eur", invited)
    if month % model.beliefs_recorder.every_months == 0:
        recorder.funnel(month, model.views[US], allowed, model.effects["contact"], int(taken.sum()))
    scale, sent = model.settings.people_each_stands_for, contacts["treatment"]
    recorder.treatments(facts, allowed, taken, model.treatments, facts.postings, allowed.given_up_eur / scale)
    spent = cost_cents(contacts, taken, model.effects)
    _, forgone = costs(contacts["row"], sent, contacts["amount"], model.views[US], model.treatments)
    recorder.treatment_money(month, sent, model.treatments, spent=spent, forgone=forgone)
    recorder.structure(month - 1, model.views[US], model.guards[US - 1].structure, scale)
    return taken


def run_metrics(table: pd.DataFrame, us: str, capital_cost: float) -> dict[str, float]:
    """Return the run's metrics: level of one run, money per customer at the start (see `experiments.metrics`).

    `capital_cost` is what a EUR of capital is charged a year, EUR.
    """
    own = table[table["institution"] == us]
    by = {name: part for name, part in own.groupby("measure", sort=False)}
    cells = by["customers_by_cell"].groupby(["month", "b"])["value"].sum()
    first, *months = sorted(cells.index.get_level_values(0).unique())
    last = months[-1]
    start = max(1.0, float(cells.loc[first].sum()))
    ledger = by["ledger"].groupby("a")["value"].sum()
    closing = float(by["closing_value"]["value"].sum())
    customers = sum(float(cells.loc[m].sum()) for m in [first, *months[:-1]])
    credit = by["credit_balance_by_cell"].groupby("month")["value"].sum()
    owed = float(credit.loc[[first, *months[:-1]]].sum())
    leavers = float(by["leavers"]["value"].sum()) if "leavers" in by else 0.0
    loss = -float(ledger.get("credit_loss", 0.0)) - float(ledger.get("recovery", 0.0))
    spend = by.get("treatments")
    paid = float(spend[spend["b"].isin(["cost_eur", "given_up_eur"])]["value"].sum()) if spend is not None else 0.0
    profit = float(ledger.sum())
    end = max(1.0, float(cells.loc[last].sum()))
    invitations = float(spend[spend["b"] == "invitations_eur"]["value"].sum()) if spend is not None else 0.0
    acquisition = invitations - float(ledger.get("acquisition", 0.0))
    joined = float(by["joiners"]["value"].sum()) if "joiners" in by else 0.0
    new = by["new_customers_by_quadrant"]
    new = new[new["month"] >= min(first + 13, last)].groupby("a")["value"].sum()
    monthly = by["ledger"].groupby("month")["value"].sum()
    charge = -float(ledger.get("capital_charge", 0.0))
    errors = by.get("tag_error", ledger.to_frame().assign(a="", b="", value=0.0))
    wrong = errors[(errors["a"] == "quadrant") & (errors["b"] == "all")]["value"]
    return {
        "profit_per_customer": (profit + closing) / start,
        "profit_before_closing_per_customer": profit / start,
        "share_low_risk_high_return": float(cells.loc[last].get("low_risk_high_return", 0.0)) / end,
        "attrition_per_year": 12.0 * leavers / max(1.0, customers),
        "loss_rate_per_year": 12.0 * loss / max(1.0, owed),
        "treatment_spend_per_customer": paid / start,
        "acquisition_spend_per_customer": acquisition / start,
        "cost_per_new_customer": acquisition / joined if joined else float("nan"),
        "growth": end / start - 1.0,
        "new_share_low_risk_high_return": float(new["low_risk_high_return"] / max(1.0, new.sum())),
        "quadrant_error": float(wrong.mean()),
        "swing_of_profit": float(monthly.std(ddof=0) / start),
        "swing_over_profit": float(monthly.std(ddof=0) / monthly.mean()) if profit > 0.0 else float("nan"),
        "swing_of_assets": float(credit.sort_index().diff().std(ddof=0) / start),
        "return_on_capital": capital_cost * (profit + charge) / charge if charge else float("nan"),
    }
