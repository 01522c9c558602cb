"""Both engines, any number of threads and any cache give the same bits."""

import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure import agents
from tenure.agents.chance import draw4_compiled
from tenure.agents.month.birth import born_each
from tenure.agents.month.first import add_up_depths, add_up_tenures, apply_each, first_each
from tenure.simulation.engines.compiled import appraise_rows, live_rows, observe_rows, value_rows
from tenure.simulation.institutions.files import scope_rows
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.book import cell_rows
from tenure.simulation.recording.counting import count_rows
from tenure.simulation.recording.ours import find_rows, read_rows
from tenure.simulation.recording.people.starting import add_up_rows
from tests.markets import LIVELY, differences, lived, markets, small_market

ROOT = Path(agents.__file__).resolve().parent.parent


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(3, 8), st.integers(0, 2**32 - 1), st.integers(0, 9))
def test_both_engines_give_the_same_bits(config: dict[str, Any], months: int, seed: int, replication: int) -> None:
    rows = lived(config, 0, seed=seed, replication=replication)
    agents_ = lived(config, 0, seed=seed, replication=replication, engine="objects")
    for month in range(months):
        rows.step()
        agents_.step()
        assert differences(rows, agents_) == [], f"month {month}"
    assert rows.recording().equals(agents_.recording())


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(1, 4))
def test_a_restored_state_goes_on_with_the_same_bits_on_both_engines(config: dict[str, Any], after: int) -> None:
    whole, halves = lived(config, after + 3), lived(config, after)
    other = LifecycleModel(config, seed=0, engine="objects")
    resumed = LifecycleModel(config, seed=0)
    resumed.restore(halves.state())
    other.restore(halves.state())
    for _ in range(3):
        resumed.step()
        other.step()
    assert differences(resumed, other) == []
    stayed = whole.people["provider"] >= 0
    here = resumed.people["provider"] >= 0
    assert whole.people[stayed].tobytes() == resumed.people[here].tobytes()
    assert whole.books.balances.tobytes() == resumed.books.balances.tobytes()


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_a_model_made_of_a_state_is_one_restored_to_it_and_draws_nobody(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_market(rules=LIVELY, us={"policy": "uniform"})
    state = lived(config, 3).state()
    restored = LifecycleModel(config, seed=0, engine=engine)
    restored.restore(state)
    for draws in ("first_people", "first_signals"):
        monkeypatch.setattr(f"tenure.simulation.model.{draws}", None)
    made = LifecycleModel(config, seed=0, engine=engine, state=state)
    assert len(made.agents) == len(restored.agents) and made.month == restored.month == 3
    assert not np.shares_memory(made.people, state["people"])
    for model in (made, restored):
        model.start_recording()
    for _ in range(3):
        made.step()
        restored.step()
    assert differences(made, restored) == [] and made.recording().equals(restored.recording())


def test_threads_change_nothing() -> None:
    config = small_market(people=3 * 4096 - 7, rules=LIVELY, us={"policy": "uniform"})
    one, two = (lived(config, 3, seed=4, threads=threads) for threads in (1, 2))
    assert len(one.people) > 2 * 4096
    assert differences(one, two) == []
    assert one.recording().equals(two.recording())


def test_every_entry_point_is_compiled_once() -> None:
    """In a process of its own: other tests let compiled code read what it may not write."""
    code = "from tests.test_same_bits import compile_all; compile_all()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


def compile_all() -> None:
    """Live, restore and record markets of every kind, and see that each entry point was compiled once."""
    one_product = {"savings": {"kind": "deposit", "rate": 0, "balance": 6000}}
    for config in (
        small_market(),
        small_market(
            rivals={},
            us={"policy": "uniform", "acquisition": {"mail": {"contacts_per_person_per_month": 1, "precision": 1}}},
        ),
        small_market(
            products=one_product,
            world={"switching_cost": 1, "discount": 0},
            rules={"credit": {"correlation": 0}, "needs": {"event_sd": 0}},
            us={
                "score_noise": 0,
                "quality": 1,
                "highest_risk": 0,
                "existing_customers": ["open", "settled", "contacted", "browsing"],
            },
        ),
    ):
        model = lived(config, 2, seed=0, replication=1)
        stored = io.BytesIO()
        np.savez(stored, allow_pickle=False, **model.state())
        stored.seek(0)
        with np.load(stored) as state:
            model.restore(state)
        rows = (model.people, model.signals, *(one.files.records for one in model.institutions))
        assert all(one.dtype.isalignedstruct for one in rows)  # else whoever restores first compiles anew
        model.start_recording()
        model.step()
        model.recording()
    births: tuple[Any, ...] = (born_each, first_each, add_up_tenures, add_up_depths, apply_each)
    entries: tuple[Any, ...] = (live_rows, observe_rows, appraise_rows, count_rows, scope_rows, draw4_compiled, *births)
    recordings: tuple[Any, ...] = (value_rows, find_rows, read_rows, cell_rows, add_up_rows)
    for entry in (*entries, *recordings):
        assert len(entry.dispatcher.signatures) == 1, f"{entry.__name__}: {entry.dispatcher.signatures}"


APPRAISE = """
from tenure.agents.month.birth import born_each
from tenure.agents.month.first import add_up_depths, add_up_tenures, apply_each, first_each
from tenure.simulation.engines.compiled import appraise_rows
from tenure.simulation.model import LifecycleModel
from tests.markets import small_market
model = LifecycleModel(small_market(), seed=1)
print(model.facts().truths["default_per_year"].sum(), sum(appraise_rows.dispatcher.stats.cache_hits.values()))
"""


def appraised(folder: Path) -> tuple[float, int]:
    """Return the sum of true default probabilities and how often the cache was hit, in a process of its own."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", APPRAISE], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    total, hits = done.stdout.split()
    return float(total), int(hits)


def test_an_edited_rule_takes_effect_in_spite_of_the_cache(tmp_path: Path) -> None:
    left_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tenure", tmp_path / "tenure", ignore=left_out)  # with what its links lead to
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "markets.py", tmp_path / "tests")
    (tmp_path / "cache").mkdir()
    before, _ = appraised(tmp_path)
    again, hits = appraised(tmp_path)
    assert again == before and hits > 0, "the second process must use the cache of the first"
    path = tmp_path / "tenure" / "agents" / "rules" / "credit.py"
    text = path.read_text()
    rule = "def misses_payment("
    assert rule in text
    tail = text[text.index(rule) :]
    edited = tail.replace("return p\n", "return 0.0\n", 1).replace(
        "return normal_probability(", "return 0.5 * normal_probability("
    )
    assert edited != tail
    path.write_text(text.replace(tail, edited))
    after, hits = appraised(tmp_path)
    assert hits == 0 and 0.0 < after < before
