"""What running an experiment takes: time, disk and memory, from figures that real runs have measured here."""

import json
import math
import os
import platform
import shutil
import statistics
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from agents.compiling import cache_folder, private_folder, sources_hash
from experiments.config import Experiment
from experiments.workers import processors

PEOPLE_PER_MONTH = 3_000
"""A month costs as much as that many people more."""
COSTLIER = {"optimal_structure": 3.0, "roi_knapsack": 1.8, "thompson": 1.7, "uplift": 1.5, "propensity_retention": 1.4}
"""Policies that learn or search -> their time, of that of a policy which only looks."""
OF_THEIR_OWN = 1.5
"""The same for a policy of a user's own."""
COMPILING_SECONDS = 15.0
"""Once, where the rules are not compiled yet."""
REPORT_SECONDS = 3.0
BYTES_PER_RUN, BYTES_PER_RUN_MONTH, BYTES_PER_PERSON_RUN = 15_000, 950, 7
BYTES_PER_PERSON = 230
"""Of a stored state."""
BYTES_OF_REPORT = 700_000
"""For each arm."""
MEMORY, MEMORY_PER_PERSON = 320_000_000, 5_500
"""Bytes of a process, and more for each person of the market."""
MOST_KEPT = 9
"""Measurements of a machine of which the median is taken."""
MOST_KEYS = 8
LEAST_SECONDS = 1.0
"""Of a run that tells how fast a machine is; most of a shorter one is loading, the first time in each worker."""
UNLIKELY = 8.0
"""Times faster or slower than a usual machine that no machine is."""
LARGEST_FILE = 100_000  # bytes


class Estimate(NamedTuple):
    """What running an experiment takes: runs, seconds, bytes of disk and of memory."""

    runs: int
    seconds: float
    disk: int
    memory: int = 0


class Speed(NamedTuple):
    """What a machine takes to start a worker, for a state or run however small, and for a person's month."""

    start_seconds: float = 3.0
    fixed_seconds: float = 0.12
    seconds_per_person_month: float = 1.4e-6


class Lived(NamedTuple):
    """A state or run that was made, and how long it took; `policy` is empty for a state."""

    people: int
    months: int
    seconds: float
    policy: str = ""


def estimate(experiment: Experiment, workers: int, circumstances: int = 1, speed: Speed | None = None) -> Estimate:
    """Return roughly what running the whole experiment takes; nothing is run to find out.

    Parameters
    ----------
    experiment : Experiment
        What is to be run.
    workers : int
        Processes.
    circumstances : int
        How often the question is asked, one after the other.
    speed : Speed, optional
        Of the machine; by default what is remembered of this one.
    """
    speed = speed or remembered()
    settings, people, times = experiment.settings, experiment.market.people, experiment.settings.replications
    before = _seconds(people, experiment.market.burn_in_months + settings.warm_up_months, "", speed)
    arms = [_seconds(people, settings.months, one.policy, speed) for one in experiment.arms.values()]
    runs = len(arms) * times
    used = max(1, min(workers, runs + times))
    at_once = min(used, processors())
    made = max(times * (before + sum(arms)) / at_once, before + max(arms))
    begun = speed.start_seconds * used / at_once
    seconds = circumstances * (begun + made + REPORT_SECONDS) + (0 if _is_compiled() else COMPILING_SECONDS)
    run = BYTES_PER_RUN + settings.months * BYTES_PER_RUN_MONTH + people * BYTES_PER_PERSON_RUN
    disk = circumstances * (runs * run + times * people * BYTES_PER_PERSON + len(arms) * BYTES_OF_REPORT)
    return Estimate(circumstances * runs, seconds, disk, (1 + used) * MEMORY + used * people * MEMORY_PER_PERSON)


def together(each: Sequence[Estimate]) -> Estimate:
    """Return what several experiments take, one after the other; the rules are compiled once."""
    saved = 0.0 if _is_compiled() else COMPILING_SECONDS * (len(each) - 1)
    runs, seconds, disk, memory = zip(*each, strict=True)
    return Estimate(sum(runs), sum(seconds) - saved, sum(disk), max(memory))


def shortage_notes(takes: Estimate, beside: Path) -> list[str]:
    """Say where the disk or the memory of this machine will not do; nothing where it is unknown.

    Parameters
    ----------
    takes : Estimate
        Of the experiment.
    beside : Path
        The folder of results, or one that it will lie in.
    """
    free = next((_free_disk(folder) for folder in (beside, *beside.absolute().parents) if folder.is_dir()), None)
    notes = []
    for what, wanted, there, mend in (
        ("disk", takes.disk, free, "Free some, or ask for fewer people or replications"),
        ("memory", takes.memory, psutil.virtual_memory().available, "Use fewer --workers, or ask for fewer people"),
    ):
        if there is not None and wanted > there:
            text = f"it takes about {wanted / 1e9:.1f} GB of {what}, and {there / 1e9:.1f} GB are free. {mend}"
            notes.append(text)
    return notes


def remembered() -> Speed:
    """Return the speed of this machine: the median of what was measured, or of a usual one."""
    usual, own = Speed(), _stored().get(_key(), {})
    rates, starts = _numbers(own, "rates", usual.seconds_per_person_month), _numbers(own, "starts", usual.start_seconds)
    rate = statistics.median(rates) if rates else usual.seconds_per_person_month
    start = statistics.median(starts) if starts else usual.start_seconds
    return Speed(start, usual.fixed_seconds * rate / usual.seconds_per_person_month, rate)


def remember(lived: Sequence[Lived], start_seconds: float | None = None) -> None:
    """Remember how long states and runs took on this machine; what was too small to tell is left out.

    Parameters
    ----------
    lived : sequence of Lived
        What was made, all that were made at once or after each other.
    start_seconds : float, optional
        From the start of the workers until the first was ready.
    """
    usual = Speed()
    rates = [
        (one.seconds - usual.fixed_seconds) / _person_months(one.people, one.months, one.policy)
        for one in lived
        if one.seconds > LEAST_SECONDS and one.months > 0
    ]
    measured = {"rates": [statistics.median(rates)] if len(rates) >= 3 else [], "starts": [start_seconds or math.nan]}
    stored = _stored()
    own = stored.pop(_key(), {})
    kept = {
        name: [*_numbers(own, name, known), *_numbers(measured, name, known)][-MOST_KEPT:]
        for name, known in (("rates", usual.seconds_per_person_month), ("starts", usual.start_seconds))
    }
    entries = [*stored.items(), (_key(), kept)][-MOST_KEYS:]
    path = _path()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):  # then the next estimate is a usual one
        fresh.write_text(json.dumps(dict(entries), indent=1), encoding="utf-8")
        fresh.replace(path)


def _seconds(people: int, months: int, policy: str, speed: Speed) -> float:
    return speed.fixed_seconds + _person_months(people, months, policy) * speed.seconds_per_person_month


def _person_months(people: int, months: int, policy: str) -> float:
    """Return how many months of a person under a plain policy cost as much."""
    from policies.shelf import SHELF

    plain = 1.0 if not policy or policy in SHELF else OF_THEIR_OWN
    return months * (people + PEOPLE_PER_MONTH) * COSTLIER.get(policy, plain)


def _is_compiled() -> bool:
    return next(cache_folder().rglob("*.nbc"), None) is not None


def _free_disk(folder: Path) -> int | None:
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return None


def _path() -> Path:
    return private_folder() / "speed.json"


def _key() -> str:
    return f"2 {platform.node()} {processors()} {sources_hash()}"


def _stored() -> dict[str, Any]:
    """Return what the file holds, machine by machine; nothing where it is damaged."""
    with suppress(OSError, ValueError, RecursionError):
        if _path().stat().st_size <= LARGEST_FILE:
            data = json.loads(_path().read_text(encoding="utf-8"))
            return data if isinstance(data, dict) else {}
    return {}


def _numbers(measured: Any, name: str, usual: float) -> list[float]:
    """Return the measurements of a name that could be true: within a factor `UNLIKELY` of a usual machine."""
    found = measured.get(name) if isinstance(measured, dict) else None
    likely = [one for one in found if isinstance(one, float | int)] if isinstance(found, list) else []
    return [float(one) for one in likely if usual / UNLIKELY < one < usual * UNLIKELY]
