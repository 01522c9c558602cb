"""The recording: tidy long rows (measure, month, institution, a, b, value), made while the months go by."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from agents.belief import QUADRANTS
from agents.market import LINES, TREATMENT
from agents.person import CAUSES, GONE, STAGES
from policies.guards import Allowed
from policies.treatments import Treatment
from simulation.ledger import profit_cents

TENURE_YEARS = (*(str(y) for y in range(10)), "10+")
PRODUCTS_HELD = ("1", "2", "3", "4+")
BUCKETS = ("0", "1", "2", "3", "4", "5+")
COLUMNS = ("measure", "month", "institution", "a", "b", "value")
PLANE_SAMPLE = 800


class MonthFacts(NamedTuple):
    """What the recorder is told of a month that has been lived."""

    month: int
    signals: NDArray[Any]
    postings: NDArray[np.int64]
    own_rows: NDArray[np.int64]
    truths: NDArray[Any]
    stages: NDArray[np.int64]
    """true stage of our customers, as `truths`"""


class Recorder:
    """Collects rows; `us` is the institution a report asks about, index 1."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.rows: list[tuple[str, int, str, str, str, float]] = []
        self.marks: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
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
        s, n, month = facts.signals, len(self.names), facts.month
        customers = np.bincount(s["provider"] - GONE, minlength=n + 1)
        self.add("customers", month, "gone", "", "", customers[0])
        active = np.flatnonzero(s["provider"] > 0)
        who, owed = s["provider"][active], s["credit_cents"][active] / 100.0
        held = np.clip(s["held"].sum(axis=1)[active], 1, 4)
        tables = (
            ("customers_by_tenure", np.minimum(s["tenure_months"][active] // 12, 10), TENURE_YEARS, None),
            ("customers_by_products", held - 1, PRODUCTS_HELD, None),
            ("past_due_balance", np.minimum(s["months_past_due"][active], 5), BUCKETS, owed),
        )
        credit = np.bincount(who, owed, minlength=n)
        deposits = np.bincount(who, s["deposit_cents"][active] / 100.0, minlength=n)
        for j, name in enumerate(self.names):
            self.add("customers", month, name, "", "", customers[j + 1])
            if j > 0:
                self.add("credit_balance", month, name, "", "", credit[j])
                self.add("deposit_balance", month, name, "", "", deposits[j])
        for measure, code, labels, weight in tables:
            self._by_institution(measure, month, who, code, labels, weight)

    def _by_institution(
        self,
        measure: str,
        month: int,
        who: NDArray[Any],
        code: NDArray[Any],
        labels: tuple[str, ...],
        weight: Any,
    ) -> None:
        counts = np.bincount(who * len(labels) + code, weight, minlength=len(self.names) * len(labels))
        for i, value in enumerate(counts.tolist()):
            if i >= len(labels) and value:
                self.add(measure, month, self.names[i // len(labels)], labels[i % len(labels)], "", value)

    def flows(self, facts: MonthFacts) -> None:
        """Who joined and who left, why, after how long; moves between stages; the lines of profit and loss."""
        s, month = facts.signals, facts.month
        left = s[s["cause"] > 0]
        years, held = np.minimum(left["tenure_before"] // 12, 10), np.clip(left["products_before"], 1, 4) - 1
        for measure, code, labels in (
            ("leavers", years, TENURE_YEARS),
            ("leavers_by_products", held, PRODUCTS_HELD),
        ):
            key = (left["before"] * len(CAUSES) + left["cause"]) * len(labels) + code
            for i, count in zip(*np.unique(key, return_counts=True), strict=True):
                j, cause = divmod(int(i) // len(labels), len(CAUSES))
                self.add(measure, month, self.names[j], CAUSES[cause], labels[int(i) % len(labels)], count)
        joined = s[s["joined"] == 1]
        source = np.where(joined["source"] == 1, 0, 1)
        for i, count in zip(*np.unique(joined["provider"] * 2 + source, return_counts=True), strict=True):
            self.add("joiners", month, self.names[int(i) // 2], ("searched", "reached")[int(i) % 2], "", count)
        was_ours = s["before"] == 1
        stays = s["provider"][was_ours] == 1
        after = np.full(len(s), 4, np.int64)
        after[facts.own_rows] = facts.stages
        move = s["stage_before"][was_ours] * 5 + np.where(stays, after[was_ours], 4)
        for i, count in zip(*np.unique(move, return_counts=True), strict=True):
            to = (*STAGES, "gone")[int(i) % 5]
            self.add("stage_moves", month, self.names[1], STAGES[int(i) // 5], to, count)
        for j, lines in enumerate(profit_cents(facts.postings).tolist()):
            for line, cents in zip(LINES, lines, strict=True):
                if j > 0:
                    self.add("ledger", month, self.names[j], line, "", cents / 100.0)

    def mark_quadrants(self, facts: MonthFacts) -> None:
        """Every twelve months: from which quadrant to which our customers moved since the last mark."""
        ids, tags = facts.signals["person_id"][facts.own_rows], facts.truths["quadrant"]
        order = np.argsort(ids)
        ids, tags = ids[order], tags[order]
        if self.marks is not None:
            old_ids, old_tags = self.marks
            _, old_at, new_at = np.intersect1d(old_ids, ids, assume_unique=True, return_indices=True)
            moves = np.bincount(old_tags[old_at] * 4 + tags[new_at], minlength=16).reshape(4, 4)
            left = np.bincount(old_tags, minlength=4) - moves.sum(axis=1)
            new = np.bincount(tags, minlength=4) - moves.sum(axis=0)
            for f, origin in enumerate(QUADRANTS):
                for t, to in enumerate(QUADRANTS):
                    self.add("quadrant_moves", facts.month, self.names[1], origin, to, moves[f, t])
                self.add("quadrant_moves", facts.month, self.names[1], origin, "left", left[f])
                self.add("quadrant_moves", facts.month, self.names[1], "new", origin, new[f])
        self.marks = (ids, tags)

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
        catalogue: Sequence[Treatment],
        postings: NDArray[np.int64],
        given_up_eur: float,
    ) -> None:
        """What we proposed, what was refused and why, who was contacted, who took it, what it cost."""
        month, us, s = facts.month, self.names[1], facts.signals
        names = [one.name for one in catalogue]
        ours = s[(s["before"] == 1) & (s["treatment"] > 0)]
        for outcome, counts in (
            ("contacted", np.bincount(ours["treatment"], minlength=len(names))),
            ("taken", np.bincount(ours["treatment"], ours["taken"], minlength=len(names))),
        ):
            for name, count in zip(names, counts.tolist(), strict=True):
                if count:
                    self.add("treatments", month, us, name, outcome, count)
        for name, count in allowed.proposed.items():
            self.add("treatments", month, us, name, "proposed", count)
        for rule, by_treatment in allowed.refused.items():
            for name, count in by_treatment.items():
                self.add("treatments", month, us, name, f"refused:{rule}", count)
        self.add("treatments", month, us, "", "cost_eur", postings[1, TREATMENT] / 100.0)
        self.add("treatments", month, us, "", "given_up_eur", given_up_eur)

    def reached(
        self, month: int, channels: Mapping[str, Sequence[str]], contacts: NDArray[np.int64], cents: NDArray[Any],
        signals: NDArray[Any],
    ) -> None:  # fmt: skip
        """What each channel reached, cost and brought."""
        joined = signals[signals["joined"] == 1]
        for j, name in enumerate(self.names):
            for c, channel in enumerate(channels.get(name, ())):
                brought = int(((joined["provider"] == j) & (joined["source"] == 2 + c)).sum())
                self.add("reach", month, name, channel, "contacts", contacts[j, c])
                self.add("reach", month, name, channel, "spend_eur", contacts[j, c] * cents[j, c] / 100.0)
                self.add("reach", month, name, channel, "joined", brought)

    def table(self) -> pd.DataFrame:
        """Return all rows as a table."""
        table = pd.DataFrame(self.rows, columns=list(COLUMNS))
        return table.astype({"month": "int32", "value": "float64"})


def run_metrics(table: pd.DataFrame, us: str) -> dict[str, float]:
    """Return the run's metrics: level of one run, money per customer at the start (see `experiments.metrics`)."""
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
    return {
        "profit_per_customer": (profit + closing) / start,
        "profit_before_closing_per_customer": profit / start,
        "share_low_risk_high_return": float(cells.loc[last].get("low_risk_high_return", 0.0)) / end,
        "attrition_per_year": 12.0 * leavers / max(1.0, customers),
        "loss_rate_per_year": 12.0 * loss / max(1.0, owed),
        "treatment_spend_per_customer": paid / start,
    }
