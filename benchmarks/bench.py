"""What a month costs: compiled engine, object engine and plain NumPy, measured alternately in one run.

Run `python -m benchmarks.bench` (or `make bench`) on an otherwise idle machine; it takes some two minutes.
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

from benchmarks.bench_beliefs import keep_files, lines
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
from tenure.simulation.phases import MONTH, Phase, one_month

PEOPLE, PEOPLE_AS_OBJECTS, BURN_IN, REPETITIONS = 200_000, 1_500, 24, 15
BLOCK = 8_192
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


def whole_month(model: LifecycleModel, months: int = 13) -> dict[str, float]:
    """Return median seconds of each phase of the model's own month with one thread, recording on, but for the first."""
    model.start_recording()
    spent: dict[str, list[float]] = {phase.name: [] for phase in MONTH}

    def timed(phase: Phase, work: Callable[[], None]) -> None:
        spent[phase.name].append(seconds(work))

    for _ in range(months):
        one_month(model, timed)
    return {name: median(values[1:]) for name, values in spent.items()}


def line(what: str, people: int, taken: float) -> str:
    """Return one line of the table."""
    return f"{what:<44}{people:>10,}{1e3 * taken:>12.2f}{1e9 * taken / people:>14,.0f}{people / taken:>20,.0f}"


def verdict(what: str, ratio: float, target: float) -> str:
    """Return a ratio beside its target."""
    met = "met" if ratio >= target else "MISSED"
    return f"{what:<44}{ratio:>10.2f}   target: at least {target:g}: {met}"


def main() -> None:
    """Measure and print."""
    began = time.perf_counter()
    burnt = burnt_in()
    rows, customers = measure(burnt)
    t = Times(*(median(column) for column in zip(*rows, strict=True)))
    phases = whole_month(burnt.model)
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}, "
        f"Mesa {mesa.__version__}; {processors()} cores, {platform.machine()}"
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
    print(line("whole month of the model, compiled, 1 thread", len(burnt.model.people), sum(phases.values())))
    print()
    print("Ratios within a repetition, median over repetitions:")
    objects = median(PEOPLE / PEOPLE_AS_OBJECTS * r.objects / r.one_thread for r in rows)
    print(verdict("compiled, 1 thread : objects (live)", objects, TARGET_OBJECTS))
    faster = median(min(r.whole, r.blocks) / r.one_thread for r in rows)
    print(verdict("compiled, 1 thread : NumPy (the faster way)", faster, TARGET_NUMPY))
    print(f"{'compiled, 2 threads : 1 thread':<44}{median(r.one_thread / r.two_threads for r in rows):>10.2f}\n")
    print("phases of the compiled model's month, ms:\n  " + ", ".join(f"{k} {1e3 * v:.1f}" for k, v in phases.items()))
    print("\n" + "\n".join(lines(keep_files())))
    print(f"\nmeasured in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
