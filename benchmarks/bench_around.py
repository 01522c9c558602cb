"""What stands around the month: being born, the whole month on one thread and two, memory, what every run costs anyway.

Run it alone with ``python -m benchmarks.bench_around``.
"""

import gc
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

from benchmarks.numpy_people import default_market
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.running.work import perform
from tenure.simulation.model import LifecycleModel
from tenure.simulation.phases import MONTH, Phase, one_month

FEW, BORN, MANY = 2_000, 100_000, 2_000_000
"""People of a market that only warms up, of one whose birth is timed, and of one whose memory is looked at."""
REPETITIONS = 3
TARGET_BIRTH, TARGET_FIXED, TARGET_MEMORY, TARGET_THREADS = 1_500.0, 0.080, 1.5, 1.6
TARGET_INSTITUTIONS = 2.0

Month = dict[str, float]
"""Phase -> seconds on the clock."""


def processor() -> str:
    """Return the processor's name as the system tells it, and as the compiler does."""
    import llvmlite.binding  # type: ignore[import-untyped]  # has no types

    named, listed = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                named = line.partition(":")[2].strip()
                break
    return f"{named} ({llvmlite.binding.get_host_cpu_name()})"


def month_by_phase(model: LifecycleModel) -> Month:
    """Let a model live one month; return the seconds of each phase."""
    spent = {}

    def timed(phase: Phase, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        work()
        spent[phase.name] = time.perf_counter() - began

    one_month(model, timed)
    return spent


def months_by_phase(models: Sequence[LifecycleModel], months: int) -> list[list[Month]]:
    """Let models live months, turn by turn and with recording on; return the months of each."""
    for model in models:
        model.start_recording()
    lived: list[list[Month]] = [[] for _ in models]
    for _ in range(months):
        for model, own in zip(models, lived, strict=True):
            own.append(month_by_phase(model))
    return lived


def median_month(months: Sequence[Month]) -> Month:
    """Return the median of each phase."""
    return {phase.name: median(month[phase.name] for month in months) for phase in MONTH}


def birth_ns(people: int = BORN, few: int = FEW, repetitions: int = REPETITIONS) -> float:
    """Return the processor's nanoseconds for one person more in a new model."""
    taken = []
    for seed in range(repetitions):
        spent = []
        for count in (few, people):
            began = time.thread_time_ns()
            LifecycleModel(default_market(people=count), seed=seed)
            spent.append(time.thread_time_ns() - began)
        taken.append((spent[1] - spent[0]) / (people - few))
    return median(taken)


def crowd(institutions: int, people: int, contacts: float = 0.44) -> LifecycleModel:
    """Return a market of so many alike, who between them contact each stranger as often, by two channels each."""
    rate = contacts / (2 * institutions)
    ways = {
        name: {"contacts_per_person_per_month": rate, "cost_per_contact": 1.0, "precision": precision}
        for name, precision in (("mail", 0.0), ("online", 1.0))
    }
    one = {"share": 0.95 / institutions, "quality": 0.0, "acquisition": ways}
    rivals = {f"rival {number}": one for number in range(1, institutions)}
    return LifecycleModel({**default_market(people=people), "us": one, "rivals": rivals}, seed=1)


def institutions_ratio(people: int = BORN, months: int = 12, many: int = 10, few: int = 3) -> float:
    """Return what a month among many institutions takes against one among few, processor time, month by month."""
    models, ratios = [crowd(count, people) for count in (many, few)], []
    for month in range(months + 1):
        spent = []
        for model in models:
            began = time.thread_time_ns()
            model.step()
            spent.append(time.thread_time_ns() - began)
        ratios += [spent[0] / spent[1]] if month else []  # the first loads the rules
    return median(ratios)


class Fixed(NamedTuple):
    """Processor's seconds of a run in a warm worker."""

    anyway: float
    """but for its months"""
    month: float


def fixed_cost(months: int = 13, sets: Sequence[str] = ()) -> Fixed:
    """Return what a run of the quickstart takes in a process that has made runs before, as workers do.

    Runs of one month and of several are made; what months cost is taken from the difference.
    """
    taken = {}
    for length in (1, months):
        fewer = (f"months={length}", "warm_up_months=2", "replications=2", *sets)
        with tempfile.TemporaryDirectory() as folder:
            for part in ("runs", "starts"):
                (Path(folder) / part).mkdir()
            planned = plan_tasks(load_experiment("quickstart.yaml", fewer), Path(folder))
            done = [perform(planned.order, task, lambda phase: None) for task in (*planned.starts, *planned.runs)]
        assert not any(one.error for one in done), done
        taken[length] = median(one.cpu_seconds for one in done[len(planned.starts) + 1 :])
    month = (taken[months] - taken[1]) / (months - 1)
    return Fixed(taken[1] - month, month)


class Memory(NamedTuple):
    """Bytes of a model, beyond what the program itself takes."""

    kept: int
    """once it stands still"""
    peak: int

    def __str__(self) -> str:
        return f"{self.peak / 1e9:.2f} GB at most, {self.kept / 1e9:.2f} kept: {self.peak / self.kept:.2f} times"


def memory_of(people: int = MANY, months: int = 3) -> dict[str, Memory]:
    """Let a process of its own make a model and live months with recording on; return what it took until then."""
    words = (sys.executable, "-m", "benchmarks.bench_around", str(people), str(months))
    root = Path(__file__).resolve().parents[1]
    told = subprocess.run(words, cwd=root, check=True, capture_output=True, text=True).stdout
    return {when: Memory(*both) for when, both in json.loads(told.splitlines()[-1]).items()}


def own_memory(people: int, months: int) -> dict[str, Memory]:
    """Return what a model takes in this process: after its birth, and after months with recording on."""
    process = psutil.Process()
    warm = LifecycleModel(default_market(people=FEW), seed=1)
    months_by_phase([warm], 2)
    gc.collect()
    before = process.memory_info().rss
    model = LifecycleModel(default_market(people=people), seed=1)
    gc.collect()
    found = {"birth": Memory(process.memory_info().rss - before, _most() - before)}
    months_by_phase([model], months)
    gc.collect()
    found[f"{months} months"] = Memory(process.memory_info().rss - before, _most() - before)
    return found


def _most() -> int:
    """Return the most bytes that this process ever held."""
    status = Path("/proc/self/status")
    if status.is_file():  # what getrusage tells counts the process that started this one, too
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return 1024 * int(line.split()[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def promised(what: str, found: float, target: float, unit: str = "", at_least: bool = False) -> str:
    """Return a figure beside what is promised."""
    met = "kept" if (found >= target if at_least else found < target) else "MISSED"
    return f"{what:<44}{found:>10,.4g} {unit:<10}{met}: {'at least' if at_least else 'under'} {target:,g}"


def lines(birth: float, fixed: Fixed, memory: dict[str, Memory]) -> list[str]:
    """Return what was found, line by line."""
    return [
        promised("birth, by person, one thread", birth, TARGET_BIRTH, "ns"),
        promised("a run in a warm worker, but for its months", 1e3 * fixed.anyway, 1e3 * TARGET_FIXED, "ms")
        + f"; a month of it {1e3 * fixed.month:.1f} ms",
        *(
            promised(f"memory until {when}, most over kept", one.peak / one.kept, TARGET_MEMORY) + f"; {one}"
            for when, one in memory.items()
        ),
    ]


def main() -> None:
    """Measure and print."""
    print(processor())
    print("\n".join(lines(birth_ns(), fixed_cost(), memory_of())))
    print(promised("a month among 10 institutions, among 3", institutions_ratio(), TARGET_INSTITUTIONS, "times"))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(own_memory(int(sys.argv[1]), int(sys.argv[2]))))
    else:
        main()
