"""The card customers of Taiwan 2005 as a market of their own: simulated rolls and shares beside the data."""

import math

import numpy as np
from numpy.typing import NDArray

from tenure.agents.person import CHARGED_OFF
from tenure.experiments.config.market_files import read_market
from tenure.experiments.evidence.taiwan_chain import fold_one, status_transitions
from tenure.experiments.evidence.taiwan_data import load
from tenure.experiments.shipped import MARKETS
from tenure.experiments.verification.cases.rows import Row, compare
from tenure.simulation.model import LifecycleModel

CASE = "taiwan_2005"


def data_chain() -> NDArray[np.float64]:
    """Return monthly chances between not behind, 2, 3, 4 and charged off (fifth miss), shape (4, 5), from the counts.

    One past due counts as not behind.
    """
    counts = fold_one(status_transitions(load())).astype(float)[[0, 2, 3, 4]][:, [0, 2, 3, 4, 5]]
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def stationary(chain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return long-run shares when each charged-off account is replaced by one that is not behind a month later."""
    whole = np.vstack([chain, [1.0, 0.0, 0.0, 0.0, 0.0]])
    values, vectors = np.linalg.eig(whole.T)
    shares = np.real(vectors[:, np.argmin(np.abs(values - 1.0))])
    return np.asarray(shares / shares.sum())


def taiwan_2005(people: int = 50_000, months: int = 48, seed: int = 1) -> list[Row]:
    """Rolls and cures pooled over the second half, shares at the end, and charge-offs a year."""
    market = read_market(MARKETS / f"{CASE}.market.yaml").data
    model, chain = LifecycleModel({**market, "people": people}, seed=seed), data_chain()
    moves, lost = np.zeros((4, 5)), 0
    for month in range(months):
        before = model.people["months_past_due"].copy()
        ours = model.people["provider"] == 1
        model.step()
        gone = model.signals["cause"] == CHARGED_OFF
        after = np.where(gone, 4, model.people["months_past_due"])
        if month >= months // 2:
            np.add.at(moves, (before[ours], after[ours]), 1.0)
            lost += int(gone.sum())
    names = ("not behind", "2 behind", "3 behind", "4 behind", "5 behind")
    rows = []
    for i, j in zip(*np.nonzero(chain), strict=True):
        seen, p = max(moves[i].sum(), 1.0), float(chain[i, j])
        error = math.sqrt(p * (1.0 - p) / seen)
        rows.append(compare(CASE, f"{names[i]} to {names[j]}", p, float(moves[i, j] / seen), error))
    shares = stationary(chain)
    here = model.people["provider"] == 1
    for k in range(1, 4):
        p = float(shares[k])
        found = float((model.people["months_past_due"][here] == k).sum() / people)
        rows.append(compare(CASE, f"{names[k]}, share of accounts", p, found, math.sqrt(p * (1.0 - p) / people)))
    flow, pooled = float(shares[4]), people * (months - months // 2)
    rows.append(compare(CASE, "charged off a year", 12.0 * flow, 12.0 * lost / pooled, 12.0 * math.sqrt(flow / pooled)))
    return rows
