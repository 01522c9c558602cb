"""The toy lifecycle that simulators are compared by is the same in all of them, and so is what sharing luck means."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import bench_peers
from benchmarks.bench_peers import FAR_OFF, INTERPRETER, KeyedLives, all_measured, interpreter_of_peers, measured_apart
from benchmarks.peers import (
    DECLINING,
    MAKES,
    Lives,
    Measured,
    NumpyLives,
    Setting,
    exact_shares,
    farthest_share,
    luck_shared,
    mesa_lives,
    moved,
)

HERE: dict[str, Callable[[Setting], Lives]] = {"ours": KeyedLives, "NumPy": NumpyLives, "Mesa": mesa_lives}


def test_expected_shares_by_hand() -> None:
    assert exact_shares(0).tolist() == [1.0, 0.0, 0.0, 0.0]
    assert exact_shares(1) == pytest.approx([0.95, 0.05, 0.0, 0.0])
    assert exact_shares(2) == pytest.approx([0.95 * 0.95, 0.95 * 0.05 + 0.05 * 0.9, 0.05 * 0.1, 0.0])
    # in a circle nobody waits in vain: shares are as the expected stays, 20, 10, 25 and 5 steps
    assert exact_shares(2_000) == pytest.approx([20 / 60, 10 / 60, 25 / 60, 5 / 60])


def test_moves_by_hand() -> None:
    """Each state looks at its own luck; one that is kept does not leave; from declining one goes outside."""
    state = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3], np.int8)
    luck = np.full((4, 9), 0.99)
    luck[[0, 1, 2, 3, 3], [0, 2, 4, 6, 8]] = 0.001
    kept = np.array([False] * 8 + [True])
    assert moved(state, luck, None).tolist() == [1, 0, 2, 1, 3, 2, 0, 3, 0]
    assert moved(state, luck, kept).tolist() == [1, 0, 2, 1, 3, 2, 0, 3, 3]


@pytest.mark.parametrize("name", HERE)
def test_everybody_lives_the_same_lifecycle(name: str) -> None:
    people = 4_000 if name == "Mesa" else 200_000
    lives = HERE[name](Setting(people))
    for steps in (1, 9, 30):
        lives.live(steps)
    assert farthest_share(lives.states(), 40) < FAR_OFF


def test_another_lifecycle_is_found_out() -> None:
    lives = KeyedLives(Setting(200_000))
    lives.live(40)
    assert farthest_share(lives.states(), 30) > FAR_OFF


@pytest.mark.parametrize("name", HERE)
def test_a_policy_keeps_those_it_writes_to(name: str) -> None:
    """More of them are declining, of the others as many as before."""
    people = 4_000 if name == "Mesa" else 100_000
    plain, treated = HERE[name](Setting(people)), HERE[name](Setting(people, treats=True))
    for lives in (plain, treated):
        lives.live(80)
    before, after = (lives.states() == DECLINING for lives in (plain, treated))
    assert after[0::2].mean() > 1.3 * before[0::2].mean()
    assert after[1::2].mean() == pytest.approx(before[1::2].mean(), rel=0.25)


@given(people=st.integers(2, 400), steps=st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_luck_with_an_address_is_shared(people: int, steps: int) -> None:
    assert luck_shared(KeyedLives, people, steps) == (1.0, 1.0)


@pytest.mark.parametrize("name", ["NumPy", "Mesa"])
def test_luck_of_one_generator_is_not(name: str) -> None:
    shared = luck_shared(HERE[name], 1_000, 60)
    assert max(shared) < 0.5 and shared.one_fewer > 0.0, "who comes before the missing one draws as before"


def test_one_fewer_is_nobody_else() -> None:
    ours = KeyedLives(Setting(50, without=7))
    ours.live(30)
    everybody = KeyedLives(Setting(50))
    everybody.live(30)
    assert np.delete(everybody.states(), 7).tolist() == ours.states().tolist()


@pytest.mark.parametrize("name", [name for name in MAKES if name not in bench_peers.HERE])
def test_a_peer_in_its_own_environment_lives_the_same_lifecycle(name: str) -> None:
    interpreter = interpreter_of_peers()
    if not interpreter:
        pytest.skip("other simulators are not installed: make peers")
    found = measured_apart(interpreter, name, 20_000, 6)
    assert isinstance(found, Measured), found
    assert found.off < FAR_OFF and found.steps_per_second > 0.0
    assert (min(found.one_fewer, found.treated) == 1.0) == (name == "Starsim")


def test_a_peer_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What to do about it, or what its interpreter says."""
    monkeypatch.setattr(bench_peers, "ROOT", tmp_path)
    monkeypatch.delenv(INTERPRETER, raising=False)
    found = all_measured(columns=200, objects=50, steps=2, among=("Starsim",))
    assert "make peers" in str(found["Starsim"])
    assert any("make peers" in line for line in bench_peers.lines(found))
    monkeypatch.undo()
    assert "No such file" in str(measured_apart(str(tmp_path / "none"), "Starsim", 10, 1))
    assert "mesa-frames" in str(measured_apart(sys.executable, "mesa-frames", 10, 1))
