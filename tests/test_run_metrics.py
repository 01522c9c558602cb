"""A run's metrics, reckoned by hand for a book of ten customers over two months."""

import math

import pandas as pd
import pytest

from experiments.metrics import METRICS, OF_A_PAIR
from simulation.recording import run_metrics

GOOD, BAD = "low_risk_high_return", "high_risk_low_return"
ROWS = [
    ("customers_by_cell", -1, "maturity", GOOD, 4.0), ("customers_by_cell", -1, "growth", BAD, 6.0),
    ("customers_by_cell", 0, "maturity", GOOD, 5.0), ("customers_by_cell", 0, "growth", BAD, 6.0),
    ("customers_by_cell", 1, "maturity", GOOD, 6.0), ("customers_by_cell", 1, "growth", BAD, 6.0),
    ("credit_balance_by_cell", -1, "growth", BAD, 1000.0), ("credit_balance_by_cell", 0, "growth", BAD, 1100.0),
    ("credit_balance_by_cell", 1, "growth", BAD, 1400.0),
    ("new_customers_by_quadrant", 1, GOOD, "", 1.0), ("new_customers_by_quadrant", 1, BAD, "", 3.0),
    ("ledger", 0, "interest", "", 20.0), ("ledger", 0, "capital_charge", "", -2.0),
    ("ledger", 0, "acquisition", "", -6.0), ("ledger", 1, "interest", "", 30.0),
    ("ledger", 1, "capital_charge", "", -2.0), ("ledger", 1, "credit_loss", "", -9.0),
    ("ledger", 1, "recovery", "", 2.0),
    ("closing_value", 1, "future_margin", "", 100.0), ("closing_value", 1, "expected_loss", "", -10.0),
    ("leavers", 1, "poached", "", 1.0), ("joiners", 1, "", "", 3.0),
    ("treatments", 1, "loyalty_reward", "cost_eur", 4.0), ("treatments", 1, "price_cut", "given_up_eur", 1.0),
    ("treatments", 1, "", "invitations_eur", 3.0),
    ("tag_error", 1, "quadrant", "all", 0.25),
]  # fmt: skip
BY_HAND = {
    "profit_before_closing_per_customer": (12.0 + 21.0) / 10,
    "profit_per_customer": (12.0 + 21.0 + 90.0) / 10,
    "share_low_risk_high_return": 6 / 12,
    "attrition_per_year": 12 * 1 / (10 + 11),
    "loss_rate_per_year": 12 * (9.0 - 2.0) / (1000.0 + 1100.0),
    "treatment_spend_per_customer": 5.0 / 10,
    "acquisition_spend_per_customer": (6.0 + 3.0) / 10,
    "cost_per_new_customer": 9.0 / 3,
    "growth": 12 / 10 - 1,
    "new_share_low_risk_high_return": 1 / 4,
    "quadrant_error": 0.25,
    "swing_of_profit": 4.5 / 10,  # 12 and 21: 4.5 either side of their mean
    "swing_over_profit": 4.5 / 16.5,
    "swing_of_assets": 100.0 / 10,  # up by 100, then by 300
    "return_on_capital": (33.0 + 4.0) / 40.0,  # 4 EUR charged at 10% a year: 40 EUR of capital for a year
}


def table(rows: list[tuple[str, int, str, str, float]]) -> pd.DataFrame:
    own = pd.DataFrame(rows, columns=["measure", "month", "a", "b", "value"]).assign(institution="us")
    return pd.concat([own, own.assign(institution="a rival", value=7.0 * own["value"])])


def test_every_metric_of_a_run_is_as_reckoned_by_hand() -> None:
    assert run_metrics(table(ROWS), "us", 0.1) == pytest.approx(BY_HAND)
    assert set(BY_HAND) == set(METRICS) - OF_A_PAIR


def test_without_capital_there_is_no_return_on_it() -> None:
    found = run_metrics(table([row for row in ROWS if row[2] != "capital_charge"]), "us", 0.1)
    assert math.isnan(found["return_on_capital"])
