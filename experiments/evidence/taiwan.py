"""What 30,000 Taiwanese credit-card customers say of use, payment and risk, April to September 2005.

    python -m tenure.experiments.evidence.taiwan            print the tables
    python -m tenure.experiments.evidence.taiwan --write    and rewrite experiments/data/taiwan_*.csv

Source of every figure: Yeh, I. C. (2009), *Default of Credit Card Clients*, UCI Machine Learning Repository,
https://doi.org/10.24432/C55S3H, CC BY 4.0. ``docs/taiwan.md`` says what carries over to the default market.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from tenure.experiments.evidence.taiwan_chain import implied, transition_table, two_or_more
from tenure.experiments.evidence.taiwan_data import BILL, FOLDER, MONTHS, PAID, SOURCE, STATUS, FloatArray, load
from tenure.experiments.store.sealing import write_whole

BANDS: dict[str, tuple[int, ...]] = {
    "limit": (0, 30_000, 50_000, 100_000, 150_000, 200_000, 300_000, 500_000, 1_000_000),
    "age": (20, 24, 29, 34, 39, 49, 59, 79),
}
"""Upper ends, inclusive, of the bands of each column; the first number is the excluded lower end."""

REFERENCE_LIMIT, REFERENCE_AGE = 140_000.0, 35.0
"""Where the intercept of `log_odds_of_default` stands: the median limit (NT$), about the mean age (years)."""


class LogOdds(NamedTuple):
    """A logistic regression: one coefficient and one standard error per term, in log-odds."""

    terms: tuple[str, ...]
    estimate: FloatArray
    standard_error: FloatArray


def utilisation(data: pd.DataFrame) -> FloatArray:
    """Bill over credit limit, shape (customers, 6 months); below 0 if overpaid, above 1 if over the limit."""
    share: FloatArray = data[list(BILL)].to_numpy(float) / data[["limit"]].to_numpy(float)
    return share


def band_of(data: pd.DataFrame, column: str) -> "pd.Series":
    """Band, an ordered category labelled by its ends, in which each customer's `limit` or `age` falls.

    Raises
    ------
    ValueError
        If there are no bands for `column`, or a value lies outside them.
    """
    if column not in BANDS:
        raise ValueError(f"no bands for column {column!r}; there are bands for {', '.join(BANDS)}")
    edges = BANDS[column]
    labels = [f"{low + 1}-{high}" for low, high in pairwise(edges)]
    bands = pd.cut(data[column], list(edges), labels=labels)
    if bands.isna().any():
        raise ValueError(f"column {column!r} has values outside {edges[0] + 1}..{edges[-1]}; widen BANDS")
    return bands


def _spread(groups: "dict[str, FloatArray]", first: str) -> pd.DataFrame:
    """Return one row per group: count, mean, its standard error, standard deviation, five quantiles."""
    rows = []
    for name, x in groups.items():
        sd = float(x.std(ddof=1)) if len(x) > 1 else np.nan
        mean = x.mean() if len(x) else np.nan
        quantiles = np.quantile(x, [0.1, 0.25, 0.5, 0.75, 0.9]) if len(x) else [np.nan] * 5
        rows.append((name, len(x), mean, sd / np.sqrt(max(len(x), 1)), sd, *quantiles))
    columns = [first, "count", "mean", "standard_error", "sd", "q10", "q25", "q50", "q75", "q90"]
    return pd.DataFrame(rows, columns=columns)


def utilisation_by_limit(data: pd.DataFrame) -> pd.DataFrame:
    """Utilisation in September 2005 (a share, uncapped) by band of credit limit (NT$), and for all."""
    september, bands = utilisation(data)[:, -1], band_of(data, "limit")
    groups = {str(band): september[(bands == band).to_numpy()] for band in bands.cat.categories}
    return _spread({**groups, "all": september}, "limit")


def utilisation_by_month(data: pd.DataFrame) -> pd.DataFrame:
    """Utilisation (a share, uncapped) month by month, over the one limit that the file records."""
    share = utilisation(data)
    return _spread({month: share[:, t] for t, month in enumerate(MONTHS)}, "month")


def payment_ratio(data: pd.DataFrame) -> pd.DataFrame:
    """Paid in a month over the bill of the month before, capped at 1, by what became of that bill.

    Bills of April to August above zero, five per customer at most; the status is that of the bill's month:
    98% of the bills with status -1 were paid in full in the month after, .3% of those with status 0.

    Returns
    -------
    DataFrame
        Rows: all, those of which less than all was paid, by status. Standard errors are by bill, not by
        customer: too small.
    """
    bills = data[list(BILL)].to_numpy(float)[:, :-1]
    paid = data[list(PAID)].to_numpy(float)[:, 1:]
    status = data[list(STATUS)].to_numpy()[:, :-1]
    owed = bills > 0
    ratio, of = np.minimum(paid[owed] / bills[owed], 1.0), status[owed]
    members = {
        "all": np.ones(len(ratio), bool),
        "less_than_all": ratio < 1.0,
        "no_consumption": of == -2,
        "paid_in_full": of == -1,
        "revolving": of == 0,
        "past_due": of >= 1,
    }
    groups = {name: ratio[mask] for name, mask in members.items()}
    table = _spread(groups, "bills")
    table["share_in_full"] = [float((x >= 1.0).mean()) if len(x) else None for x in groups.values()]
    table["share_nothing"] = [float((x == 0.0).mean()) if len(x) else None for x in groups.values()]
    return table


def risk_by(data: pd.DataFrame, column: str) -> pd.DataFrame:
    """Default rate in October 2005 by band of `limit` (NT$) or `age` (years).

    Returns
    -------
    DataFrame
        Per band and for all: customers, defaults, rate (a share) and its binomial standard error.
    """
    bands = band_of(data, column)
    rows = []
    for band in [*bands.cat.categories, "all"]:
        y = data["default"].to_numpy()[np.ones(len(data), bool) if band == "all" else (bands == band).to_numpy()]
        rate = float(y.mean()) if len(y) else float("nan")
        error = float(np.sqrt(rate * (1 - rate) / len(y))) if len(y) else float("nan")
        rows.append((band, len(y), int(y.sum()), rate, error))
    return pd.DataFrame(rows, columns=[column, "customers", "defaults", "rate", "standard_error"])


def log_odds_of_default(data: pd.DataFrame, *, steps: int = 50) -> LogOdds:
    """Regress default, in log-odds, on log limit and age, by iteratively reweighted least squares.

    Terms: intercept (at NT$ 140,000 and 35 years), per unit of log limit, per 10 years of age.
    Standard errors from the information matrix.

    Raises
    ------
    ValueError
        If it has not converged after `steps`: someone's limit or age separates the defaults.
    """
    y = data["default"].to_numpy(float)
    x = np.column_stack(
        (
            np.ones(len(data)),
            np.log(data["limit"].to_numpy(float) / REFERENCE_LIMIT),
            (data["age"].to_numpy(float) - REFERENCE_AGE) / 10.0,
        )
    )
    beta = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-(x @ beta)))
        information = x.T @ (x * (p * (1.0 - p))[:, None])
        move = np.linalg.solve(information, x.T @ (y - p))
        beta = beta + move
        if np.abs(move).max() < 1e-10:
            errors = np.sqrt(np.diag(np.linalg.inv(information)))
            return LogOdds(("intercept", "log_limit", "age_10_years"), beta, errors)
    raise ValueError(f"the regression did not converge in {steps} steps; is `default` separated by limit or age?")


def tables(data: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """All estimated tables by the name of their file, ``taiwan_NAME.csv``."""
    fit = log_odds_of_default(data)
    return {
        "utilisation_by_limit": utilisation_by_limit(data),
        "utilisation_by_month": utilisation_by_month(data),
        "payment_ratio": payment_ratio(data),
        "risk_by_limit": risk_by(data, "limit"),
        "risk_by_age": risk_by(data, "age"),
        "log_odds_of_default": pd.DataFrame(fit._asdict()),
        "transitions": transition_table(data),
        "two_or_more": two_or_more(data),
    }


def write(made: dict[str, pd.DataFrame], folder: Path = FOLDER) -> list[Path]:
    """Write each table as ``taiwan_NAME.csv``, the source in its first line; returns the paths."""
    paths = []
    for name, table in made.items():
        path = folder / f"taiwan_{name}.csv"
        text = table.to_csv(index=False, float_format="%.6f", lineterminator="\n")
        write_whole(path, f"# {SOURCE}; estimated by experiments/evidence/taiwan.py\n{text}".encode())
        paths.append(path)
    return paths


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; with ``--write``, rewrite the files beside the raw data."""
    parser = argparse.ArgumentParser(prog="python -m tenure.experiments.evidence.taiwan", description=main.__doc__)
    parser.add_argument("--write", action="store_true", help=f"rewrite {FOLDER.name}/taiwan_*.csv")
    options = parser.parse_args(arguments)
    data = load()
    made = tables(data)
    if options.write:
        for path in write(made):
            print(f"wrote {path}")
    for name, table in {**made, "implied": implied(data)}.items():
        print(f"\n{name}\n{table.to_string(index=False, float_format=lambda x: f'{x:.4f}')}")


if __name__ == "__main__":
    main()
