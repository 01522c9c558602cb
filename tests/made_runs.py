"""Small runs made up row by row, and stored as real ones are."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from tenure.experiments.store.store import write_run
from tenure.experiments.store.verified import Known, Runs
from tenure.simulation.settings.market import MarketSettings
from tests.markets import small_market

Row = tuple[str, int, str, str, float]
"""Measure, month, a, b and value."""
GOOD, BAD = "low_risk_high_return", "high_risk_low_return"
BOOK: tuple[Row, ...] = (
    ("customers_by_cell", -1, "maturity", GOOD, 4.0),
    ("customers_by_cell", -1, "growth", BAD, 6.0),
    ("customers_by_cell", 0, "maturity", GOOD, 5.0),
    ("customers_by_cell", 0, "growth", BAD, 6.0),
    ("customers_by_cell", 1, "maturity", GOOD, 6.0),
    ("customers_by_cell", 1, "growth", BAD, 6.0),
    ("credit_balance_by_cell", -1, "growth", BAD, 1000.0),
    ("credit_balance_by_cell", 0, "growth", BAD, 1100.0),
    ("credit_balance_by_cell", 1, "growth", BAD, 1400.0),
    ("new_customers_by_quadrant", 1, GOOD, "", 1.0),
    ("new_customers_by_quadrant", 1, BAD, "", 3.0),
    ("ledger", 0, "interest", "", 20.0),
    ("ledger", 0, "capital_charge", "", -2.0),
    ("ledger", 0, "acquisition", "", -6.0),
    ("ledger", 1, "interest", "", 30.0),
    ("ledger", 1, "capital_charge", "", -2.0),
    ("ledger", 1, "credit_loss", "", -9.0),
    ("ledger", 1, "recovery", "", 2.0),
    ("closing_value", 1, "future_margin", "", 105.0),
    ("closing_value", 1, "expected_loss", "", -10.0),
    ("closing_value", 1, "future_capital_cost", "", -5.0),
    ("leavers", 1, "poached", "", 1.0),
    ("joiners", 1, "", "", 3.0),
    ("treatments", 0, "loyalty_reward", "cost_eur", 4.0),
    ("treatments", 1, "price_cut", "given_up_eur", 1.0),
    ("treatments", 1, "", "invitations_eur", 3.0),
    ("tag_error", 1, "quadrant", "all", 0.25),
    ("cycle", 1, "1/0", "joined", 4.0),
    ("cycle", 1, "1/2", "left: poached", 1.0),
    ("cycle", 1, "1/14", "with us", 3.0),
    ("cycle", 1, "2/0", "joined", 2.0),
    ("cycle", 1, "2/3", "declined", 1.0),
    ("cycle", 1, "2/13", "with us, declined", 1.0),
    ("cycle", 1, "2/13", "with us", 1.0),
)
"""A book of ten customers over two months: ledger 12 and 21 EUR, closing value 90 EUR."""


def long(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as a recording holds them: ours, and seven times as much of a rival."""
    own = pd.DataFrame(rows, columns=["measure", "month", "a", "b", "value"])
    own.insert(2, "institution", "us")
    theirs = own[own["measure"] != "customers_by_cell"]
    return pd.concat([own, theirs.assign(institution="a rival", value=7.0 * theirs["value"])], ignore_index=True)


def person(name: str, profit: float = 0.0, charged: float = 0.0, quadrant: str = GOOD, fate: str = "") -> list[Row]:
    """Return the rows of one customer of the first month."""
    return [
        ("person/charged", 1, name, "growth", charged),
        ("person/months", 1, name, fate, 2.0),
        ("person/profit", 1, name, quadrant, profit),
        ("person/rewards", 1, name, "", 0.0),
        ("person/treatment", 1, name, "0", 0.0),
    ]


def store_runs(folder: Path, runs: Mapping[tuple[str, int], Sequence[Row]]) -> dict[str, Known]:
    """Store runs, each under arm and replication, and return what is known of them."""
    names = {address: f"run{number}" for number, address in enumerate(runs)}
    for (arm, replication), rows in runs.items():
        record = {"market": _market(), "arm": arm, "replication": replication, "environment": {"python": "3"}}
        table = long(rows)
        people = table["measure"].str.startswith("person/")
        whole = pd.concat([table[~people], table[people & (table["institution"] == "us")]], ignore_index=True)
        write_run(folder, names[arm, replication], whole, record)
    found = Runs(folder)
    found.look(names.values())
    return {name: found.known[name] for name in names.values()}


@cache
def _market() -> dict[str, object]:
    """Return a small market that discounts, and charges capital, at 10% a year."""
    market: dict[str, object] = MarketSettings.model_validate(small_market()).model_dump(mode="json", by_alias=True)
    return market
