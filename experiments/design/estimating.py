"""What running an experiment takes: time, disk and memory, from figures that real runs have measured here."""

import json
import math
import os
import platform
import shutil
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from tenure.agents.compiling import cache_folder, private_folder, sources_hash
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.varied.told import states_in
from tenure.experiments.running.workers import processors

PEOPLE_PER_MONTH = 3_000
"""A month costs as much as that many people more."""
COSTLIER = {
    "optimal_structure": 2.6,
    "oracle": 1.8,
    "roi_knapsack": 1.4,
    "thompson": 1.4,
    "uplift": 1.1,
    "stage_rules": 1.2,
}
"""Policies that learn or search -> their time, of that of a policy which only looks."""
OF_THEIR_OWN = 1.5
"""The same for a policy of a user's own."""
BEFORE = 0.67
"""The same for the months before month 0, which are not recorded."""
COMPILING_SECONDS = 17.0
"""Once, where the rules are not compiled yet."""
PROGRAM_SECONDS, FIRST_TASK_SECONDS = 2.0, 0.45
"""To load the command itself, once; more for the first thing that a worker does."""
REPORT_SECONDS, REPORT_SECONDS_PER_ARM = 0.6, 0.65
BYTES_PER_RUN, BYTES_PER_RUN_MONTH, BYTES_PER_PERSON_RUN = 15_000, 950, 12
BYTES_PER_PERSON = 230
"""Of a stored state."""
BYTES_OF_REPORT = 700_000
"""For each arm."""
MEMORY, MEMORY_PER_PERSON = 320_000_000, 5_500
"""Bytes of a process, and more for each person of the market."""
MOST_IN_FULL = 12
"""Scenarios, or levels of them, that a report tells in full."""
MOST_KEPT = 9
"""Measurements of a machine of which the median is taken."""
MOST_KEYS = 8
LEAST_SECONDS = 0.5
"""On a usual machine, of the people's months of a run that tells how fast a machine is; less is mostly loading."""
UNLIKELY = 8.0
"""Times faster or slower than a usual machine that no machine is."""
LARGEST_FILE = 100_000  # bytes
WORK_SECONDS = 0.010
"""Of a piece of work on a usual machine, see `_worked`."""
_MACHINE = f"{platform.node()} {platform.machine()}"


class Estimate(NamedTuple):
    """What running an experiment takes: runs, seconds, bytes of disk and of memory."""

    runs: int
    seconds: float
    disk: int
    memory: int = 0


class Speed(NamedTuple):
    """What a machine takes to start a worker, for a state or run however small, and for a person's month.

    All of the processor alone, so that what else the machine did meanwhile does not count.
    """

    start_seconds: float = 1.6
    fixed_seconds: float = 0.12
    seconds_per_person_month: float = 1.4e-6


class Timed(NamedTuple):
    """A state or run that was made, and how long it took; `policy` is empty for a state."""

    people: int
    months: int
    seconds: float
    policy: str = ""


def estimate(experiment: Experiment, workers: int, speed: Speed | None = None) -> Estimate:
    """Return roughly what running the whole experiment takes; nothing is run to find out.

    Parameters
    ----------
    experiment : Experiment
        What is to be run, in all its scenarios and at all its levels.
    workers : int
        Processes.
    speed : Speed, optional
        Of the machine; by default what is remembered of this one.
    """
    speed = speed or remembered()
    settings, people, times = experiment.settings, experiment.market.people, experiment.settings.replications
    scenarios, starts = len(experiment.scenarios), times * states_in(experiment)
    before = _seconds(people, experiment.market.burn_in_months + settings.warm_up_months, "", speed)
    at = [one.arms or experiment.arms for one in experiment.scenarios]
    each = [[_seconds(people, settings.months, one.policy, speed) for one in arms.values()] for arms in at]
    arms, runs = each[0], scenarios * len(each[0]) * times
    used = max(1, min(workers, runs + starts))
    at_once = min(used, processors())
    made = max((starts * before + times * sum(map(sum, each))) / at_once, before + max(map(max, each)))
    slower = speed.fixed_seconds / Speed().fixed_seconds
    begun = (speed.start_seconds + slower * FIRST_TASK_SECONDS) * used / at_once
    in_full = min(scenarios, MOST_IN_FULL)
    told = slower * in_full * (REPORT_SECONDS + REPORT_SECONDS_PER_ARM * len(arms))
    once = slower * (PROGRAM_SECONDS + (0.0 if _is_compiled() else COMPILING_SECONDS))
    run = BYTES_PER_RUN + settings.months * BYTES_PER_RUN_MONTH + people * BYTES_PER_PERSON_RUN
    disk = runs * run + starts * people * BYTES_PER_PERSON + in_full * len(arms) * BYTES_OF_REPORT
    return Estimate(runs, begun + made + told + once, disk, (1 + used) * MEMORY + used * people * MEMORY_PER_PERSON)


def runs_at_least(experiment: Experiment) -> int | None:
    """Return the fewest runs of an experiment that asks for a precision; None where it asks for something else."""
    precision = experiment.settings.precision
    return None if precision is None else len(experiment.scenarios) * len(experiment.arms) * precision.at_least


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
    """Return the speed of this machine: the median of what runs took; before the first, from a piece of work here."""
    usual, own = Speed(), _stored().get(_key(), {})
    rates, starts = _numbers(own, "rates", usual.seconds_per_person_month), _numbers(own, "starts", usual.start_seconds)
    slower = statistics.median(rates) / usual.seconds_per_person_month if rates else _slower_here()
    start = statistics.median(starts) if starts else slower * usual.start_seconds
    return Speed(start, slower * usual.fixed_seconds, slower * usual.seconds_per_person_month)


def remember(lived: Sequence[Timed], start_seconds: float | None = None) -> None:
    """Remember how long states and runs took on this machine; what was too small to tell is left out.

    Parameters
    ----------
    lived : sequence of Timed
        What was made, with the seconds of the processor that it took.
    start_seconds : float, optional
        Of the processor, until the first worker was ready.
    """
    usual = Speed()
    works = [(_person_months(one.people, one.months, one.policy), one.seconds) for one in lived]
    enough = LEAST_SECONDS / usual.seconds_per_person_month
    rates = [(seconds - usual.fixed_seconds) / work for work, seconds in works if work >= enough]
    measured = {"rates": [statistics.median(rates)] if len(rates) >= 3 else [], "starts": [start_seconds or math.nan]}
    _keep(_key(), {"rates": usual.seconds_per_person_month, "starts": usual.start_seconds}, measured)


def _slower_here() -> float:
    """Return how much slower this machine is than a usual one, measured once by a piece of work and remembered."""
    key = f"work {_MACHINE}"
    known = _numbers(_stored().get(key), "work", WORK_SECONDS)
    if not known:
        known = [min(_worked() for _ in range(3))]
        _keep(key, {"work": WORK_SECONDS}, {"work": known})
    return min(max(known[-1] / WORK_SECONDS, 1.0 / UNLIKELY), UNLIKELY)


def _worked() -> float:
    """Return the seconds of the processor that a piece of work takes, of the kind that a month is."""
    began = time.process_time()
    for _ in range(50):
        values = [math.exp(-0.5 * (k % 97)) for k in range(1_500)]
        values.sort()
        dict(zip(range(1_500), values, strict=True))
    return time.process_time() - began


def _keep(key: str, usual: dict[str, float], measured: dict[str, list[float]]) -> None:
    """Add measurements to those that are remembered under a key."""
    stored = _stored()
    own = stored.pop(key, {})
    kept = {
        name: [*_numbers(own, name, known), *_numbers(measured, name, known)][-MOST_KEPT:]
        for name, known in usual.items()
    }
    entries = [*stored.items(), (key, kept)][-MOST_KEYS:]
    path = _path()
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):  # then the next estimate is a usual one
        fresh.write_text(json.dumps(dict(entries), indent=1), encoding="utf-8")
        fresh.replace(path)


def _seconds(people: int, months: int, policy: str, speed: Speed) -> float:
    return speed.fixed_seconds + _person_months(people, months, policy) * speed.seconds_per_person_month


def _person_months(people: int, months: int, policy: str) -> float:
    """Return how many months of a person under a plain policy cost as much."""
    from tenure.policies.shelf import SHELF

    plain = BEFORE if not policy else 1.0 if policy in SHELF else OF_THEIR_OWN
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
    return f"3 {_MACHINE} {sources_hash()}"


def _stored() -> dict[str, object]:
    """Return what the file holds, machine by machine; nothing where it is damaged."""
    with suppress(OSError, ValueError, RecursionError):
        if _path().stat().st_size <= LARGEST_FILE:
            data = json.loads(_path().read_text(encoding="utf-8"))
            return data if isinstance(data, dict) else {}
    return {}


def _numbers(measured: object, name: str, usual: float) -> list[float]:
    """Return the measurements of a name that could be true: within a factor `UNLIKELY` of a usual machine."""
    found = measured.get(name) if isinstance(measured, dict) else None
    likely = [one for one in found if isinstance(one, float | int)] if isinstance(found, list) else []
    return [float(one) for one in likely if usual / UNLIKELY < one < usual * UNLIKELY]
