"""What 30,000 Taiwanese credit-card customers say of use, payment and risk, April to September 2005.

    python -m experiments.taiwan            print the tables
    python -m experiments.taiwan --write    and rewrite experiments/data/taiwan_*.csv

Source of every figure: Yeh, I. C. (2009), *Default of Credit Card Clients*, UCI Machine Learning Repository,
https://doi.org/10.24432/C55S3H, CC BY 4.0. ``docs/taiwan.md`` says what carries over to the default market.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from experiments.sealing import write_whole

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDER = Path(__file__).parent / "data"
RAW = FOLDER / "credit_card_default.csv.gz"
SOURCE = (
    "Source: Yeh, I. C. (2009), Default of Credit Card Clients, UCI Machine Learning Repository, "
    "doi 10.24432/C55S3H, CC BY 4.0"
)
CUSTOMERS = 30_000

MONTHS = ("2005-04", "2005-05", "2005-06", "2005-07", "2005-08", "2005-09")
STATUS = tuple(f"status_{month}" for month in MONTHS)
BILL = tuple(f"bill_{month}" for month in MONTHS)
PAID = tuple(f"paid_{month}" for month in MONTHS)
# The repository counts its columns back from September; here they run forward from April.
NAMES = {
    "ID": "id",
    "X1": "limit",
    "X2": "sex",
    "X3": "education",
    "X4": "marital_status",
    "X5": "age",
    **{f"X{11 - i}": name for i, name in enumerate(STATUS)},
    **{f"X{17 - i}": name for i, name in enumerate(BILL)},
    **{f"X{23 - i}": name for i, name in enumerate(PAID)},
    "Y": "default",
}
"""The repository's column names, and ours."""

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


def load(path: Path = RAW) -> pd.DataFrame:
    """Read the raw file under readable names, months in the order of time.

    Returns
    -------
    DataFrame, shape (30000, 25)
        `id`, `limit` (NT$), `sex`, `education`, `marital_status`, `age` (years), `status_MONTH` (-2 no
        consumption, -1 paid in full, 0 revolving, 1.. payments missed), `bill_MONTH` and `paid_MONTH`
        (NT$), `default` (1: defaulted in October 2005).

    Raises
    ------
    ValueError
        If columns or rows are missing.
    """
    raw = pd.read_csv(path)
    missing = sorted(set(NAMES) - set(raw.columns))
    if missing or len(raw) != CUSTOMERS:
        raise ValueError(
            f"{path}: expected {CUSTOMERS} rows and the columns ID, X1 .. X23, Y; found {len(raw)} rows, "
            f"missing columns {missing or 'none'}. Restore the file: see experiments/data/README.md."
        )
    return raw.rename(columns=NAMES)[list(NAMES.values())]


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


def _flows(data: pd.DataFrame, worst: int) -> IntArray:
    """Count the moves of each customer over the five months, shape (customers, worst+1, worst+1)."""
    missed = np.clip(data[list(STATUS)].to_numpy(np.int64), 0, worst)
    flows = np.zeros((len(data), worst + 1, worst + 1), np.int64)
    for t in range(len(MONTHS) - 1):
        np.add.at(flows, (np.arange(len(data)), missed[:, t], missed[:, t + 1]), 1)
    return flows


def status_transitions(data: pd.DataFrame, worst: int = 5) -> IntArray:
    """Count moves between numbers of missed payments, one month on, five months pooled.

    Shape (worst+1, worst+1), from (row) to (column). The last bucket is "`worst` or more"; statuses under 0
    count as 0.
    """
    counts: IntArray = _flows(data, worst).sum(axis=0)
    return counts


def transition_table(data: pd.DataFrame) -> pd.DataFrame:
    """Give the 36 moves with counts, rates and standard errors.

    A customer gives five moves, so the errors are those of a ratio over customers, not binomial ones;
    a bucket that nobody was in has rates of 0.
    """
    flows = _flows(data, 5)
    counts = flows.sum(axis=0)
    leaving = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rates = counts / leaving
    stray = flows - rates * flows.sum(axis=2, keepdims=True)
    errors = np.sqrt((stray**2).sum(axis=0)) / leaving
    rows = [(i, j, counts[i, j], rates[i, j], errors[i, j]) for i in range(6) for j in range(6)]
    return pd.DataFrame(rows, columns=["from_status", "to_status", "count", "rate", "standard_error"])


def two_or_more(data: pd.DataFrame) -> pd.DataFrame:
    """Give moves between "not past due, or one month" and "two or more", for each month and pooled.

    One month past due is almost never recorded before September, so this is the roll that can be estimated.

    Per step: accounts under two missed, how many of them have two or more next month, that `roll` rate;
    accounts at two or more, how many are under two next month, that `cure` rate. Standard errors are
    binomial; those of the pooled row are too small, as a customer counts up to five times.
    """
    behind = data[list(STATUS)].to_numpy() >= 2
    rows = []
    for name, steps in [(MONTHS[t], [t]) for t in range(5)] + [("pooled", list(range(5)))]:
        before, after = behind[:, steps].ravel(), behind[:, [t + 1 for t in steps]].ravel()
        row: list[str | int | float] = [name]
        for start in (False, True):
            n, moved = int((before == start).sum()), int(((before == start) & (after != start)).sum())
            rate = moved / n if n else float("nan")
            row += [n, moved, rate, float(np.sqrt(rate * (1 - rate) / n)) if n else float("nan")]
        rows.append(row)
    ends = ["under_two", "rolled", "roll", "roll_se", "two_or_more", "cured", "cure", "cure_se"]
    return pd.DataFrame(rows, columns=["month", *ends])


def fold_one(counts: IntArray) -> IntArray:
    """Count one month past due as not past due, shape unchanged: bucket 1 is left empty.

    Status 1 is almost never recorded before September, and nobody is seen to leave it (34 of 34 stay): taken
    as it stands, the table would draw every customer of a long simulation into it.
    """
    folded = np.array(counts, np.int64)
    folded[0] += folded[1]
    folded[1] = 0
    folded[:, 0] += folded[:, 1]
    folded[:, 1] = 0
    return folded


def transition_rates(*, one_as_current: bool = False) -> FloatArray:
    """Monthly moves between missed-payment buckets 0, 1, .. 5+, from the shipped table.

    Shape (6, 6), from (row) to (column); rows add up to 1. `one_as_current` folds bucket 1 into 0,
    as a simulation needs (see `fold_one`); row 1 is then a copy of row 0, for an account that is put there.
    """
    table = pd.read_csv(FOLDER / "taiwan_transitions.csv", comment="#")
    counts = np.zeros((6, 6), np.int64)
    counts[table["from_status"].to_numpy(), table["to_status"].to_numpy()] = table["count"].to_numpy()
    if one_as_current:
        counts = fold_one(counts)
        counts[1] = counts[0]
    rates: FloatArray = counts / counts.sum(axis=1, keepdims=True)
    return rates


def stationary_shares(rates: FloatArray) -> FloatArray:
    """Long-run share of accounts per bucket under a transition matrix (n, n) with one recurrent class."""
    n = len(rates)
    system = np.vstack((rates.T - np.eye(n), np.ones(n)))
    shares: FloatArray = np.linalg.lstsq(system, np.append(np.zeros(n), 1.0), rcond=None)[0]
    return shares


def implied_charge_off(counts: IntArray) -> tuple[float, float]:
    """Long run if the last bucket is charge-off and a new account, not past due, replaces each one lost.

    `counts` come from `status_transitions`: with ``worst=5`` the fifth missed payment is the charge-off, with
    ``worst=6`` the sixth. Bucket 1 is folded into 0. Gives the share of accounts two or more payments behind,
    and the charge-offs of twelve months as a share of accounts.
    """
    live = fold_one(counts)[:-1].astype(float)
    live[1] = live[0]
    rates = live / live.sum(axis=1, keepdims=True)
    lost = rates[:, -1].copy()
    chain = rates[:, :-1].copy()
    chain[:, 0] += lost
    shares = stationary_shares(chain)
    return float(shares[2:].sum()), float(12.0 * shares @ lost)


def implied(data: pd.DataFrame) -> pd.DataFrame:
    """Figures that the pooled moves imply in the long run: `figure`, `value` (a share)."""
    closed = stationary_shares(transition_rates(one_as_current=True))
    at_five, at_six = (implied_charge_off(status_transitions(data, worst)) for worst in (5, 6))
    rows = [
        ("two_or_more_without_charge_off", float(closed[2:].sum())),
        ("two_or_more_charge_off_at_5", at_five[0]),
        ("two_or_more_charge_off_at_6", at_six[0]),
        ("charged_off_per_year_at_5", at_five[1]),
        ("charged_off_per_year_at_6", at_six[1]),
        ("two_or_more_observed", float((data[list(STATUS)].to_numpy() >= 2).mean())),
    ]
    return pd.DataFrame(rows, columns=["figure", "value"])


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
        write_whole(path, f"# {SOURCE}; estimated by experiments/taiwan.py\n{text}".encode())
        paths.append(path)
    return paths


def main(arguments: list[str] | None = None) -> None:
    """Print the tables; with ``--write``, rewrite the files beside the raw data."""
    parser = argparse.ArgumentParser(prog="python -m experiments.taiwan", description=main.__doc__)
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
