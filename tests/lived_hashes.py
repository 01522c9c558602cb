"""Hashes of a small market's months, on either engine; as a program, for a process that takes itself for another."""

import hashlib
import json
import sys
from collections.abc import Iterable
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from tenure.simulation.engines import chunks
from tenure.simulation.model import LifecycleModel
from tests.markets import INSURANCE, LIVELY, PRODUCTS, small_market

MONTHS = 14
FEW = 50
"""People to a chunk, so that two threads have something to share."""
POLICIES = ("uniform", "quadrant_rules", "needs_led", "propensity_retention", "price_match", "random_trial")
"""Of the shelf, those that solve no systems of equations; in one market, each with an institution."""


def market() -> dict[str, Any]:
    """Return a market of all kinds of products, in which each policy drives an institution."""
    us, *others = POLICIES
    share = 0.9 / len(POLICIES)
    reach = {"mail": {"contacts_per_person_per_month": 0.5, "cost_per_contact": 1.0, "precision": 1}}
    own = {"share": share, "quality": 0, "acquisition": reach, "premium_per_risk": 2.0, "score_noise": 0.3}
    return small_market(
        people=160,
        compare_beliefs_every_months=2,
        products={**PRODUCTS, "insurance": INSURANCE},
        rules={**LIVELY, "credit": {"correlation": 0.1}},
        traits={"risk_mean": -3.0},
        us={**own, "policy": us, "existing_customers": ["open", "settled", "contacted"]},
        rivals={name: {**own, "policy": name} for name in others},
        guards={"budget_per_month": 1e6, "contacts_at_most": 30},
        world={"newcomers_per_year": 0.5, "macro_sd": 1.0},
    )


def sha(parts: Iterable[bytes]) -> str:
    """Return a hash of bytes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def values_of(array: NDArray[np.generic]) -> bytes:
    """Return the values of an array as bytes, without what lies between the fields of its records."""
    return repr(array.tolist()).encode() if array.dtype.names else array.tobytes()


def hashes(engine: str, threads: int) -> dict[str, str]:
    """Return what is hashed -> its hash: the first people, each month's, their beliefs, and all that is recorded."""
    with mock.patch.object(chunks, "CHUNK", FEW):
        return _hashes(LifecycleModel(market(), seed=5, engine=engine, threads=threads))


def _hashes(model: LifecycleModel) -> dict[str, str]:
    found = {"birth": sha([model.people.tobytes()])}
    model.start_recording()
    for month in range(MONTHS):
        model.step()
        beliefs = [one.files.beliefs.tobytes() for one in model.institutions]
        found[f"people, month {month}"] = sha([model.people.tobytes(), model.signals.tobytes()])
        found[f"beliefs, month {month}"] = sha(beliefs)
    found["state"] = sha(values_of(part) for _, part in sorted(model.state().items()))
    recording = model.recording()
    for measure, rows in recording.groupby("measure", sort=True):
        found[f"recorded {measure}"] = sha([rows["value"].to_numpy(np.float64).tobytes()])
    found["recording"] = sha([recording.to_csv(float_format=float.hex).encode()])
    return found


if __name__ == "__main__":
    print(json.dumps([hashes(engine, int(threads)) for engine, threads in (one.split(",") for one in sys.argv[1:])]))
