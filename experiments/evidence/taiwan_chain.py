"""How many payments Taiwanese card customers have missed, from month to month: moves, and what they lead to."""

import numpy as np
import pandas as pd

from tenure.experiments.evidence.taiwan_data import FOLDER, MONTHS, STATUS, FloatArray, IntArray


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
