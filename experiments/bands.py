"""The bands that the default market must lie in: published facts beside what came out of the running market."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from simulation.model import LifecycleModel
from simulation.settings import MarketSettings

MONTHS = 120


class Band(NamedTuple):
    """One fact: its published range and what the market gave."""

    fact: str
    low: float
    high: float
    value: float
    source: str

    @property
    def inside(self) -> bool:
        """Whether the value lies in the range."""
        return bool(self.low <= self.value <= self.high)


def lived(settings: MarketSettings, seed: int, replication: int, months: int = MONTHS) -> pd.DataFrame:
    """Return the recording of a market after its burn-in, every institution following its configured policy."""
    model = LifecycleModel(settings, seed, replication, first_month=-settings.burn_in_months)
    for _ in range(settings.burn_in_months):
        model.step()
    model.start_recording()
    for _ in range(months):
        model.step()
    return model.recording()


def _all_institutions(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    part = table[(table["measure"] == measure) & ~table["institution"].isin(["nobody", "gone"])]
    return part[part["month"] >= 0]


def _rate_per_year(table: pd.DataFrame, leavers: str, stock: str, by: str) -> pd.Series:
    left = _all_institutions(table, leavers).groupby("b" if by else "measure")["value"].sum()
    there = _all_institutions(table, stock).groupby("a" if by else "measure")["value"].sum()
    if not by:
        return pd.Series({"all": 12.0 * left.sum() / there.sum()})
    return (12.0 * left / there).fillna(0.0)


def market_figures(table: pd.DataFrame) -> dict[str, float]:
    """Return the figures of all institutions together that bands are about, from one recording."""
    by_tenure = _rate_per_year(table, "leavers", "customers_by_tenure", "tenure")
    by_products = _rate_per_year(table, "leavers_by_products", "customers_by_products", "products")
    years = [float(by_tenure.get(str(year), 0.0)) for year in range(10)]
    left = _all_institutions(table, "leavers")
    causes = left.groupby("a")["value"].sum()
    ledger = _all_institutions(table, "ledger").groupby("a")["value"].sum()
    credit = _all_institutions(table, "credit_balance")["value"].sum() / 12.0
    late = _all_institutions(table, "past_due_balance").groupby("a")["value"].sum()
    figures = {
        "attrition_per_year": float(12.0 * left["value"].sum() / _all_institutions(table, "customers")["value"].sum()),
        "first_year": years[0],
        "later_year_rise": float(max(np.diff(years), default=0.0)),
        "ten_years": float(by_tenure.get("10+", 0.0)),
        "one_product": float(by_products.get("1", 0.0)),
        "four_products": float(by_products.get("4+", by_products.get("3", 0.0))),
        "charge_off_share": float(causes.get("charged_off", 0.0) / causes.sum()),
        "charge_off": float(-ledger.get("credit_loss", 0.0) / max(credit, 1.0)),
        "thirty_plus": float(late.reindex(["2", "3", "4", "5+"]).fillna(0.0).sum() / late.sum()),
    }
    for cause, count in causes.items():
        figures[f"attrition_{cause}"] = float(12.0 * count / _all_institutions(table, "customers")["value"].sum())
    return figures
