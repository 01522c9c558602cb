"""What a million customers' beliefs and history of tags take: bytes after five years, nanoseconds a month."""

import time
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.numpy_people import default_market
from tenure.agents.offer import US
from tenure.simulation.institutions.files import Files
from tenure.simulation.institutions.history import TagHistory
from tenure.simulation.model import LifecycleModel

CUSTOMERS, MONTHS, BURN_IN = 1_000_000, 60, 24
TARGET_GIGABYTES, TARGET_NS = 1.5, 300.0


class Kept(NamedTuple):
    """What the files and their history took."""

    customers: int
    """at the end"""
    files_bytes: int
    history_bytes: int
    changes: int
    observe_ns: list[float]
    """of finding who is in scope and observing them, by person in scope, month by month"""
    retag_ns: list[float]
    """of making all tags and writing down what changed"""


def keep_files(customers: int = CUSTOMERS, months: int = MONTHS, people: int = 20_000) -> Kept:
    """Live a small market, and have files kept on many copies of everybody who ever is our customer.

    Copies differ in their id alone, so that each has beliefs, tags and changes of its own.
    """
    model = LifecycleModel(default_market(people=people), seed=1)
    for _ in range(BURN_IN):
        model.step()
    copies = max(1, customers // int((model.people["provider"] == US).sum()))
    files, history = Files(len(model.tags_kept)), TagHistory(model.tags_kept)
    known = np.zeros(0, np.int64)
    observe_ns, retag_ns = [], []
    for _ in range(months):
        model.step()
        known = _and_new(known, model)
        signals = np.repeat(model.signals[known], copies)
        signals["person_id"] = signals["person_id"] * copies + np.tile(np.arange(copies), len(known))
        began = time.perf_counter_ns()
        files.update(signals, US, 1, model.month, model.us.scope)
        fault = model.engine.observe(files, signals, US, model.world)
        observed = time.perf_counter_ns()
        assert not fault.any()
        view = model.us.look(files)
        files.retag(model.us.tags(files, view), history, model.month)
        observe_ns.append((observed - began) / len(files.at))
        retag_ns.append((time.perf_counter_ns() - observed) / len(files.at))
    return Kept(len(files.at), files.nbytes, history.nbytes, len(history), observe_ns, retag_ns)


def _and_new(known: NDArray[np.int64], model: LifecycleModel) -> NDArray[np.int64]:
    """Return the rows of all who ever were our customers, those of before first and in their order."""
    ours = np.flatnonzero((model.signals["provider"] == US) | (model.signals["before"] == US))
    return np.concatenate([known, np.setdiff1d(ours, known)])


def lines(kept: Kept) -> list[str]:
    """Return what was found, line by line, each figure beside what is promised."""
    total = (kept.files_bytes + kept.history_bytes) / 1e9
    changes = kept.changes / kept.customers / len(kept.observe_ns) * 12.0
    # the first months open all files and write all first tags
    observe, retag = (median(values[len(values) // 10 :]) for values in (kept.observe_ns, kept.retag_ns))
    return [
        f"{kept.customers:,} customers' beliefs and tags of {len(kept.observe_ns)} months: {total:.2f} GB "
        f"({'kept' if total < TARGET_GIGABYTES else 'MISSED'}: under {TARGET_GIGABYTES} GB), of these "
        f"{kept.files_bytes / 1e9:.2f} files and {kept.history_bytes / 1e9:.2f} history of {kept.changes:,} changes "
        f"({changes:.1f} a customer and year)",
        f"observing, by person in scope and month, one thread: {observe:.0f} ns median, {min(kept.observe_ns):.0f} to "
        f"{max(kept.observe_ns):.0f} ({'kept' if observe < TARGET_NS else 'MISSED'}: under {TARGET_NS:.0f} ns); "
        f"making and comparing all tags {retag:.0f} ns",
    ]


if __name__ == "__main__":
    print("\n".join(lines(keep_files())))
