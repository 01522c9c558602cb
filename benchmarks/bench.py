"""What a month costs: compiled engine, object engine and plain NumPy, measured alternately in one run.

Run `python -m benchmarks.bench` (or `make bench`) on an otherwise idle machine; it takes some four minutes.
"""

import platform
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import mesa
import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks import bench_around, bench_elementary, bench_peers
from benchmarks.bench_around import Month, birth_ns, fixed_cost, median_month, memory_of, months_by_phase, promised
from benchmarks.bench_beliefs import keep_files, lines
from benchmarks.bench_elementary import elementary
from benchmarks.bench_peers import all_measured
from benchmarks.numpy_month import live_month
from benchmarks.numpy_people import Market, People, default_market, market_of, people_of
from tenure.agents.offer import US
from tenure.experiments.running.workers import processors
from tenure.simulation.engines.compiled import CompiledEngine
from tenure.simulation.engines.engine import Engine, dispatched
from tenure.simulation.engines.objects import ObjectEngine
from tenure.simulation.institutions.files import Files
from tenure.simulation.market.rows import set_month
from tenure.simulation.model import LifecycleModel

PEOPLE, PEOPLE_AS_OBJECTS, BURN_IN, REPETITIONS = 200_000, 1_500, 24, 15
BLOCK = 8_192
MONTHS = 13
"""Of a whole market; the first is not counted."""
TARGET_OBJECTS, TARGET_NUMPY = 30.0, 1.0


class Burnt(NamedTuple):
    """A market that has lived for a while, and its people repeated to the number wanted."""

    model: LifecycleModel
    world: np.void
    people: NDArray[np.void]
    signals: NDArray[np.void]


class Times(NamedTuple):
    """Seconds of one repetition; `observe` also says of how many customers."""

    one_thread: float
    two_threads: float
    objects: float
    objects_step: float
    whole: float
    blocks: float
    observe: float


def burnt_in() -> Burnt:
    """Return the default market after its burn-in; only those who are still there are repeated."""
    model = LifecycleModel(default_market(), seed=1)
    for _ in range(BURN_IN):
        model.step()
    here = np.flatnonzero(model.people["provider"] >= 0)
    at = np.resize(here, PEOPLE)
    people, signals = model.people[at], model.signals[at]
    people["id"] = np.arange(1, PEOPLE + 1)  # everybody has luck of their own
    world: np.void = model.world.copy()
    set_month(world, model.now, model.rules, model.month, model.luck, systematic=0.0)
    return Burnt(model, world, people, signals)


def seconds(work: Callable[[], object]) -> float:
    """Return how long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def engine_month(engine: Engine, burnt: Burnt) -> float:
    """Return the seconds in which an engine lives one month for copies of these people."""
    people, signals, nothing = burnt.people.copy(), burnt.signals.copy(), dispatched((), len(burnt.people))
    return seconds(lambda: engine.live(people, signals, nothing, burnt.world))


def objects_month(model: LifecycleModel, burnt: Burnt) -> float:
    """Return the seconds in which agents live one month, each from its row and back."""
    engine = model.engine
    assert isinstance(engine, ObjectEngine)
    engine.begin(model.people, model.signals, dispatched((), len(model.people)), burnt.world)
    return seconds(engine.everybody)


def numpy_month(p: People, offers: Market, burnt: Burnt, block: int, rng: np.random.Generator) -> float:
    """Return the seconds of a month of plain NumPy for copies of these people, block by block."""
    people = p.copy()
    parts = [people.part(slice(start, start + block)) for start in range(0, PEOPLE, block)]
    return seconds(lambda: [live_month(part, offers, burnt.model.rules, 0.0, rng) for part in parts])


def observing(burnt: Burnt) -> tuple[Callable[[], float], int]:
    """Return a call that times one month of `observe` for copies of all our customers, and how many they are."""
    model, engine = burnt.model, CompiledEngine()
    signals = np.resize(model.signals[model.signals["provider"] == US], PEOPLE // 4)
    signals["person_id"] = np.arange(len(signals))
    files = Files()

    def work() -> float:
        files.update(signals, US, 1, model.month, model.us.scope)
        return seconds(lambda: engine.observe(files, signals, US, burnt.world))

    return work, len(signals)


def measure(burnt: Burnt) -> tuple[list[Times], int]:
    """Return the times of alternated repetitions, and the customers observed; the first round is thrown away."""
    offers = market_of(burnt.world)
    arrays = people_of(burnt.people, burnt.model.offers, burnt.model.rules, 1, 0)
    small = LifecycleModel(default_market(people=PEOPLE_AS_OBJECTS), seed=1, engine="objects")
    few = slice(0, PEOPLE_AS_OBJECTS)
    observe, customers = observing(burnt)
    rng, rows = np.random.default_rng(1), []
    one, two = CompiledEngine(), CompiledEngine(threads=2)
    for _ in range(REPETITIONS + 1):
        small.people, small.signals = burnt.people[few].copy(), burnt.signals[few].copy()
        small.engine.forget()
        objects = objects_month(small, burnt)
        whole_model = LifecycleModel(default_market(people=PEOPLE_AS_OBJECTS), seed=1, engine="objects")
        whole_model.step()  # makes the agents
        step = seconds(whole_model.step) / len(whole_model.people) * PEOPLE_AS_OBJECTS
        rows.append(
            Times(
                engine_month(one, burnt),
                engine_month(two, burnt),
                objects,
                step,
                numpy_month(arrays, offers, burnt, PEOPLE, rng),
                numpy_month(arrays, offers, burnt, BLOCK, rng),
                observe(),
            )
        )
    return rows[1:], customers


def line(what: str, people: int, taken: float) -> str:
    """Return one line of the table."""
    return f"{what:<44}{people:>10,}{1e3 * taken:>12.2f}{1e9 * taken / people:>14,.0f}{people / taken:>20,.0f}"


def whole_months() -> tuple[list[Month], list[Month]]:
    """Return whole months of a large market on one thread, and of the same on two, lived turn by turn."""
    models = [LifecycleModel(default_market(people=PEOPLE), seed=2, threads=threads) for threads in (1, 2)]
    one, two = months_by_phase(models, MONTHS)
    return one[1:], two[1:]


def by_phase(what: str, months: list[Month]) -> str:
    """Return a line of what the phases take."""
    spent = median_month(months)
    return f"phases of the model's month, {what}, ms:\n  " + ", ".join(f"{k} {1e3 * v:.1f}" for k, v in spent.items())


def main() -> None:
    """Measure and print."""
    began = time.perf_counter()
    burnt = burnt_in()
    rows, customers = measure(burnt)
    t = Times(*(median(column) for column in zip(*rows, strict=True)))
    wholes = whole_months()
    one, two = ([sum(month.values()) for month in months] for months in wholes)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}, "
        f"Mesa {mesa.__version__}; {processors()} cores, {platform.machine()}, {bench_around.processor()}"
    )
    print(f"Default market, {BURN_IN} months old; medians of {REPETITIONS} alternated repetitions.\n")
    print(f"{'one month of':<44}{'people':>10}{'ms':>12}{'ns/person':>14}{'person-months/s':>20}")
    print(line("live, compiled, 1 thread", PEOPLE, t.one_thread))
    print(line("live, compiled, 2 threads", PEOPLE, t.two_threads))
    print(line("live, objects", PEOPLE_AS_OBJECTS, t.objects))
    print(line("whole month of the model (new), objects", PEOPLE_AS_OBJECTS, t.objects_step))
    print(line("plain NumPy, whole columns", PEOPLE, t.whole))
    print(line(f"plain NumPy, blocks of {BLOCK:,}", PEOPLE, t.blocks))
    print(line("observe, compiled, 1 thread", customers, t.observe))
    print(line("whole month of the model, compiled, 1 thread", PEOPLE, median(one)))
    print(line("whole month of the model, compiled, 2 threads", PEOPLE, median(two)))
    print()
    print("Ratios within a repetition, median over repetitions:")
    objects = median(PEOPLE / PEOPLE_AS_OBJECTS * r.objects / r.one_thread for r in rows)
    print(promised("compiled, 1 thread : objects (live)", objects, TARGET_OBJECTS, at_least=True))
    faster = median(min(r.whole, r.blocks) / r.one_thread for r in rows)
    print(promised("compiled, 1 thread : NumPy (the faster way)", faster, TARGET_NUMPY, at_least=True))
    print(f"{'compiled, 2 threads : 1 thread':<44}{median(r.one_thread / r.two_threads for r in rows):>10.3g}")
    both = median(alone / shared for alone, shared in zip(one, two, strict=True))
    print(promised("whole month, 2 threads : 1 thread", both, bench_around.TARGET_THREADS, at_least=True) + "\n")
    for what, months in zip(("1 thread", "2 threads"), wholes, strict=True):
        print(by_phase(what, months))
    print("\n" + "\n".join(bench_around.lines(birth_ns(), fixed_cost(), memory_of())))
    print("\n" + "\n".join(lines(keep_files())))
    print("\n" + "\n".join(bench_elementary.lines(elementary())))
    print("\n" + "\n".join(bench_peers.lines(all_measured())))
    print(f"\nmeasured in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
