"""Known answers about loyal and switching customers: a panel's transitions, and the estimates that it gives back."""

import math

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.experiments.config.documents import Value
from tenure.experiments.verification.cases.rows import Row, compare, market
from tenure.simulation.model import LifecycleModel

BRANDS = ("dannon", "hiland", "weight", "yoplait")
PANEL: NDArray[np.int64] = np.array([[822, 16, 19, 71], [17, 30, 6, 14], [18, 5, 473, 44], [65, 17, 41, 654]])
"""Purchases of yogurt by brand bought before, in rows, and by brand bought next: 100 households."""
LOYAL, SWITCHERS = np.array([0.8415, 0.3986, 0.8532, 0.6934]), np.array([0.2795, 0.0818, 0.1551, 0.4837])
"""Published estimates: a, the share of a brand's buyers who are loyal to it, and pi, what switchers choose."""
CHI_SQUARE = 9.18
"""Published misfit, on 5 degrees of freedom."""
STEPS, ENOUGH = 20_000, 1e-12
"""Steps of the estimation at most, and the largest change of a parameter at which it ends."""


def transitions(loyal: NDArray[np.float64], switchers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p_ij = a_i [i = j] + (1 - a_i) pi_j, the brands bought before in rows (Colombo & Morrison 1989)."""
    return np.asarray(np.diag(loyal) + (1.0 - loyal)[:, None] * switchers[None, :])


def estimated(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a and pi of maximum likelihood: expected loyal buyers, then shares of them, until nothing moves (EM)."""
    n, stayed = counts.sum(axis=1), np.diag(counts).astype(np.float64)
    loyal, switchers = np.full(len(counts), 0.5), counts.sum(axis=0) / counts.sum()
    for _ in range(STEPS):
        expected = stayed * loyal / (loyal + (1.0 - loyal) * switchers)
        chose = counts.sum(axis=0) - expected
        after = expected / n, chose / chose.sum()
        moved = max(float(np.abs(after[0] - loyal).max()), float(np.abs(after[1] - switchers).max()))
        loyal, switchers = after
        if moved < ENOUGH:
            break
    return loyal, switchers


def errors(
    loyal: NDArray[np.float64], switchers: NDArray[np.float64], n: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return standard errors of both estimates, from the information in so many purchases after each brand."""
    k = len(loyal)
    p, information = transitions(loyal, switchers), np.zeros((2 * k - 1, 2 * k - 1))
    for i in range(k):
        for j in range(k):
            slope = np.zeros(2 * k - 1)  # by a, and by all of pi but the last, which is the rest of them
            slope[i] = float(i == j) - switchers[j]
            slope[k:] = (1.0 - loyal[i]) * ((np.arange(k - 1) == j).astype(np.float64) - float(j == k - 1))
            information += n[i] / p[i, j] * np.outer(slope, slope)
    covariance = np.linalg.inv(information)
    last = covariance[k:, k:].sum()
    return np.sqrt(np.diag(covariance)[:k]), np.sqrt(np.append(np.diag(covariance)[k:], last))


def loyal_and_switching(people: int = 50_000, seed: int = 1) -> list[Row]:
    """Transitions of the market are the model's; the panel gives the published estimates, and our own counts ours back.

    Each brand's buyers live a market of their own, in which all begin with that brand and so many are loyal to it; the
    first purchase is counted, for later on shares are others.
    """
    case, wanted = "loyal_and_switching", transitions(LOYAL, SWITCHERS)
    counts = np.array([first_purchases(brand, people, seed) for brand in BRANDS])
    rows = [
        compare(
            case,
            f"{BRANDS[i]} to {BRANDS[j]}",
            float(wanted[i, j]),
            float(counts[i, j] / people),
            math.sqrt(wanted[i, j] * (1.0 - wanted[i, j]) / people),
        )
        for i in range(len(BRANDS))
        for j in range(len(BRANDS))
    ]
    a, pi = estimated(PANEL)
    last_digit = 0.00005
    for what, published, found in (("loyal", LOYAL, a), ("chosen by switchers", SWITCHERS, pi)):
        for j, brand in enumerate(BRANDS):
            rows.append(compare(case, f"panel: {what}, {brand}", float(published[j]), float(found[j]), 0.0, last_digit))
    expected = PANEL.sum(axis=1)[:, None] * transitions(a, pi)
    misfit = float(((PANEL - expected) ** 2 / expected).sum())
    rows.append(compare(case, "panel: chi-square on 5 degrees of freedom", CHI_SQUARE, misfit, 0.0, 0.005))
    estimates, spread = estimated(counts), errors(LOYAL, SWITCHERS, counts.sum(axis=1))
    for what, published, found, error in zip(
        ("loyal", "chosen by switchers"), (LOYAL, SWITCHERS), estimates, spread, strict=True
    ):
        for j, brand in enumerate(BRANDS):
            what_of = f"estimated: {what}, {brand}"
            rows.append(compare(case, what_of, float(published[j]), float(found[j]), float(error[j])))
    return rows


def first_purchases(brand: str, people: int, seed: int) -> NDArray[np.int64]:
    """Return how many of a brand's buyers bought each brand next, shape (brands,)."""
    place = BRANDS.index(brand)
    share = "us.share" if place == 0 else f"rivals.{brand}.share"
    changes: dict[str, Value] = {"people": people, "traits.loyal_share": float(LOYAL[place]), share: "100%"}
    model = LifecycleModel(market("loyal_and_switching", changes), seed=seed, replication=place)
    model.step()
    bought: NDArray[np.int64] = np.bincount(model.signals["provider"], minlength=US + len(BRANDS))[US:]
    return bought
