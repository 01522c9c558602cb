"""The toy lifecycle as this program does things and in its peers: steps a second, and whether luck is shared.

Run it alone with ``python -m benchmarks.bench_peers``. mesa-frames needs a NumPy older than ours, so peers that are not
installed here are run by an interpreter of their own: `.peers/bin/python`, or the one that PEERS_PYTHON names.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import DECLINING, KEPT, MAKES, MOVES, Measured, Setting, SharedLuck, States, measured_of
from tenure.agents.chance import LIFE, RESPONSE, decision, draw4
from tenure.agents.compiling import compiled

ROOT = Path(__file__).resolve().parents[1]
INTERPRETER = "PEERS_PYTHON"
OURS = "Tenure: keyed luck, compiled loop"
HERE = ("NumPy", "Mesa")
"""Peers that this program needs anyway."""
AS_COLUMNS, AS_OBJECTS, STEPS = 100_000, 10_000, 20
FAR_OFF = 5.0
"""Standard deviations from the expected shares beyond which a peer lives another lifecycle."""
INSTALL = "make peers, which puts it into an environment of its own"
JOINS, GROWS, DECLINES, LEAVES = MOVES


@compiled
def live_toy(ids: NDArray[np.int64], states: States, first: int, steps: int, treats: bool) -> None:
    """Live some steps, each agent with luck that has an address."""
    for month in range(first, first + steps):
        for row in range(len(ids)):
            state = states[row]
            a, b, c, d = draw4(1, 0, ids[row], month, decision(LIFE, 0, 0))
            moves = (
                ((state == 0) & (a < JOINS))
                | ((state == 1) & (b < GROWS))
                | ((state == 2) & (c < DECLINES))
                | ((state == 3) & (d < LEAVES))
            )
            if treats and state == DECLINING and ids[row] % 2 == 0:
                stays, _, _, _ = draw4(1, 0, ids[row], month, decision(RESPONSE, 0, 0))
                moves = moves & (stays >= KEPT)
            states[row] = (state + moves) & 3


class KeyedLives:
    """Columns lived by a compiled loop, with luck by seed, person, month and decision, as in `tenure.agents.chance`."""

    def __init__(self, setting: Setting) -> None:
        self.id, self.treats, self.month = setting.ids(), setting.treats, 0
        self.state = np.zeros(len(self.id), np.int8)

    def live(self, steps: int) -> None:
        """Let everybody live some steps."""
        live_toy(self.id, self.state, self.month, steps, self.treats)
        self.month += steps

    def states(self) -> States:
        """Return everybody's state."""
        return self.state.copy()


def interpreter_of_peers() -> str:
    """Return the interpreter that has the peers; empty if there is none."""
    told, usual = os.environ.get(INTERPRETER, ""), ROOT / ".peers" / "bin" / "python"
    return told or (str(usual) if usual.is_file() else "")


def measured_apart(interpreter: str, name: str, people: int, steps: int) -> Measured | str:
    """Let an interpreter measure a peer on one thread; return what it found, or why there is nothing."""
    words = (interpreter, "-m", "benchmarks.peers", name, str(people), str(steps))
    settings = {"PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1", "STARSIM_INSTALL_FONTS": "0"}
    try:
        told = subprocess.run(words, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True)
    except OSError as fault:
        return f"{interpreter}: {fault.strerror}"
    if told.returncode:
        return (told.stderr.strip().splitlines() or ["it ended"])[-1]
    return Measured(*json.loads(told.stdout.strip().splitlines()[-1]))


def all_measured(
    columns: int = AS_COLUMNS, objects: int = AS_OBJECTS, steps: int = STEPS, among: Sequence[str] = tuple(MAKES)
) -> dict[str, Measured | str]:
    """Measure ours and those peers: simulator -> what was found, or why it was left out."""
    KeyedLives(Setting(1)).live(1)  # compiles
    found: dict[str, Measured | str] = {OURS: measured_of(KeyedLives, "", columns, steps)}
    interpreter = interpreter_of_peers()
    for name in among:
        with_it = sys.executable if name in HERE else interpreter
        people = objects if name == "Mesa" else columns
        found[name] = measured_apart(with_it, name, people, steps) if with_it else f"not installed; {INSTALL}"
    return found


def lines(found: dict[str, Measured | str]) -> list[str]:
    """Return the table, and what its figures mean."""
    table = [
        f"{'a toy lifecycle, four draws, one thread':<44}{'agent-steps/s':>14}{'times':>8}   "
        f"{'luck shared':<13}{'one agent fewer':>16}{'other policy':>14}"
    ]
    slowest = min(one.steps_per_second for one in found.values() if isinstance(one, Measured))
    for name, one in found.items():
        if isinstance(one, str):
            table.append(f"{name:<44}{one}")
            continue
        shared, named = SharedLuck(one.one_fewer, one.treated), f"{name} {one.version}".strip()
        table.append(
            f"{named:<44}{one.steps_per_second:>14,.0f}{one.steps_per_second / slowest:>8,.0f}   "
            f"{'yes' if min(shared) == 1.0 else 'no':<13}{shared.one_fewer:>16.0%}{shared.treated:>14.0%}"
            + (f"   another lifecycle: {one.off:.0f} sd off" if one.off > FAR_OFF else "")
        )
    return [
        *table,
        "Luck is shared if agents live exactly the same life, step by step, where another agent is not there, and",
        "where a policy treats others: the shares that do. A step of this toy is four draws and four comparisons, a",
        "month of the tables above is a whole rulebook: two units, which are not to be compared.",
    ]


if __name__ == "__main__":
    print("\n".join(lines(all_measured())))
