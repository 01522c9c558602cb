"""The model from Python: its seed, its state, and scripts that run experiments however they are started."""

import ast
import doctest
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tenure.simulation.model
from tenure import agents
from tenure.experiments.config.reading import read_with_extends
from tenure.experiments.shipped import MARKETS
from tenure.policies.shelf.do_nothing import DoNothing
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from
from tests.markets import LIVELY, differences, lived, markets, small_market

ROOT = Path(agents.__file__).resolve().parent.parent
LARGEST = 2**32 - 1
TINY = small_market(people=3)
keys = st.integers(0, LARGEST) | st.sampled_from([0, 1, LARGEST])
generators = st.sampled_from([np.random.SeedSequence, np.random.default_rng, np.random.PCG64, lambda n: [n, 7]])


def test_the_example_of_the_docstring_runs() -> None:
    found = doctest.testmod(tenure.simulation.model)
    assert found.attempted >= 4 and found.failed == 0


# seeds


@settings(max_examples=60, deadline=None)
@given(keys, keys)
def test_a_seed_is_kept_and_gives_the_same_model_again(seed: int, replication: int) -> None:
    for given_seed in (seed, np.uint32(seed), np.int64(seed), np.array(seed)):
        model = LifecycleModel(TINY, seed=given_seed, replication=np.int64(replication))
        assert (model.seed, model.replication) == (seed, replication) and type(model.seed) is int
    again, by_rng = (
        LifecycleModel(TINY, model.seed, replication),
        LifecycleModel(TINY, rng=seed, replication=replication),
    )
    assert model.people.tobytes() == again.people.tobytes() == by_rng.people.tobytes()
    assert by_rng.seed == seed and by_rng.random.random() == again.random.random()


NO_SEEDS: list[Any] = [
    -1,
    2**32,
    2**63,
    2**200,
    True,
    False,
    np.True_,
    1.0,
    np.float64(3.0),
    "1",
    "",
    b"1",
    [1],
    (),
    {},
    np.array([1, 2]),
    np.int64(-1),
    np.uint64(2**64 - 1),
    int,
    float("nan"),
    1j,
]


@pytest.mark.parametrize("seed", NO_SEEDS, ids=repr)
def test_what_is_no_seed_is_refused_with_the_range(seed: Any) -> None:
    for name in ("seed", "replication"):
        with pytest.raises(ValueError, match=f"^{name} must be an integer from 0 to {LARGEST}, not "):
            LifecycleModel(TINY, **{"seed": 1, name: seed})
    with pytest.raises(ValueError, match=r"^replication must be an integer from 0 to"):
        LifecycleModel(TINY, seed=1, replication=None)  # type: ignore[arg-type]  # what a user may write


@pytest.mark.parametrize("rng", [True, np.False_, "7", 1.5, -1, [-1], int, {}], ids=repr)
def test_what_is_no_rng_is_refused_in_words(rng: Any) -> None:
    with pytest.raises(ValueError, match=r"^rng must be an integer of 0 or more, .* Generator, not "):
        LifecycleModel(TINY, rng=rng)


@settings(max_examples=40, deadline=None)
@given(st.integers(2**32, 2**128), generators, keys)
def test_a_seed_follows_from_rng_and_brings_the_model_back(large: int, make: Any, replication: int) -> None:
    for rng in (lambda: large, lambda: make(large), lambda: make(5)):
        one, other = (LifecycleModel(TINY, rng=rng(), replication=replication) for _ in range(2))
        again = LifecycleModel(TINY, seed=one.seed, replication=replication)
        assert one.seed == other.seed == again.seed and 0 <= one.seed <= LARGEST
        assert one.people.tobytes() == other.people.tobytes() == again.people.tobytes()
        assert one.random.random() == other.random.random() and one.rng.random() == other.rng.random()


def test_models_of_one_generator_differ() -> None:
    rng = np.random.default_rng(1)
    assert len({LifecycleModel(TINY, rng=rng).seed for _ in range(20)}) == 20


def test_without_a_seed_every_model_differs_also_in_other_processes() -> None:
    code = "from tests.test_python_interface import TINY, LifecycleModel; print(LifecycleModel(TINY).seed)"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    seeds = [int(out), *(LifecycleModel(TINY).seed for _ in range(200))]
    assert len({*seeds}) == 201 and all(0 <= seed <= LARGEST for seed in seeds)
    assert max(seeds) > 2**31 and min(seeds) < 2**31  # all 32 bits are used


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(keys, keys), min_size=2, max_size=8, unique=True))
def test_two_seeds_share_no_luck(pairs: list[tuple[int, int]]) -> None:
    drawn = [LifecycleModel(TINY, seed, replication).people["income"].tolist() for seed, replication in pairs]
    assert len({income for incomes in drawn for income in incomes}) == 3 * len(pairs)


# states


def overwritten(state: dict[str, Any]) -> None:
    """Write into all that a state holds, however deep."""
    for values in state.values():
        values.setflags(write=True)
        for name in values.dtype.names or ():
            values[name] = 77
        if not values.dtype.names:
            values[...] = np.full((), 77).astype(values.dtype) if values.dtype.kind != "U" else "x"


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(0, 3), st.sampled_from(["compiled", "objects"]), st.data())
def test_what_is_written_into_a_state_is_nobody_elses(config: Any, after: int, engine: str, data: Any) -> None:
    model, twin = (lived(config, after, engine=engine) for _ in range(2))
    state = model.state()
    assert {"people", "signals", "month", "kept_back:us", "rate:us", "cut:us"} <= state.keys()
    key = data.draw(st.sampled_from(sorted(state)) | st.none())
    overwritten(state if key is None else {key: state[key]})
    whole = model.state()
    resumed, other = (LifecycleModel(config, seed=0, engine=engine) for _ in range(2))
    resumed.restore(whole)
    other.restore(twin.state())
    overwritten(whole)
    for one, another in ((model, twin), (resumed, other)):
        for _ in range(2):
            one.step()
            another.step()
        assert differences(one, another) == []


# processors


def test_processors_are_counted_in_one_place() -> None:
    """Elsewhere than in `processors`, what counts them would count those that this process may not use."""
    counting = {"cpu_count", "process_cpu_count", "sched_getaffinity", "cpu_affinity"}
    found = set()
    for folder in ("agents", "policies", "simulation", "experiments", "benchmarks", "tenure"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            named = {getattr(n, "attr", getattr(n, "name", "")) for n in ast.walk(ast.parse(path.read_text()))}
            if named & counting:
                found.add(str(path.relative_to(ROOT)))
    assert found == {"experiments/running/workers.py"}


# scripts


EXPERIMENT = """question: Does a reward pay?
market: {extends: default, people: 60, burn_in_months: 2}
months: 2
warm_up_months: 1
budget_per_month: 4000
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 2
"""
SCRIPT = """
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.running.runner import run_experiment
results = run_experiment(load_experiment("small.yaml"), "results", workers=2)
print(len(results.names), "runs,", len(results.failed), "failed,", len(results.comparisons()) > 0)
"""
IN_A_THREAD = f"""
import threading
thread = threading.Thread(target=exec, args=({SCRIPT!r}, {{"__name__": "__main__"}}))
thread.start()
thread.join()
"""
LIKE_A_NOTEBOOK = f"""
import sys, types
cell = types.ModuleType("__main__")  # a main module without a file, as in a notebook
sys.modules["__main__"] = cell
exec(compile({SCRIPT!r}, "<cell 1>", "exec"), vars(cell))
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["file", "pipe", "command", "thread", "notebook"])
def test_a_script_without_a_main_guard_runs_its_experiment(how: str, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(EXPERIMENT)
    script = {"thread": IN_A_THREAD, "notebook": LIKE_A_NOTEBOOK}.get(how, SCRIPT)
    (tmp_path / "unguarded.py").write_text(script)
    arguments = {"pipe": ["-"], "command": ["-c", script], "notebook": ["-c", script]}.get(how, ["unguarded.py"])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        input=script if how == "pipe" else "",
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "4 runs, 0 failed, True"


def test_a_model_lives_in_a_thread_with_threads_of_its_own() -> None:
    code = """
import threading
from tests.test_python_interface import CROWD, LifecycleModel
def live():
    model = LifecycleModel(CROWD, seed=1, threads=2)
    model.step()
    print(model.month)
thread = threading.Thread(target=live)
thread.start()
thread.join()
"""
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out == "1\n"


CROWD = small_market(people=4100, rules=LIVELY)


def test_an_institution_that_is_not_there_is_told_with_those_that_are() -> None:
    model = LifecycleModel(small_market(), seed=1)
    with pytest.raises(ValueError, match=r"no institution 'bigbnak' in this market\. Did you mean 'bigbank'\?"):
        model.set_policy("bigbnak", DoNothing())


@pytest.mark.parametrize("name", ["default", "online_lender", "taiwan_2005"])
@pytest.mark.parametrize("how", [{}, {"mode": "json"}, {"exclude_none": True}, {"exclude_unset": True}])
def test_the_settings_of_a_market_can_be_written_out_and_read_back(name: str, how: dict[str, Any]) -> None:
    market = market_from(read_with_extends(MARKETS / f"{name}.market.yaml", [MARKETS]).data)
    assert market_from(market.model_dump(by_alias=True, **how)) == market
