"""Two checkouts side by side: what birth, the whole month and its phases cost in each, on one thread and on two.

``python -m benchmarks.side_by_side OTHER_CHECKOUT`` lets processes of this checkout and of the other take turns, each
of which lives a market of its own, and prints medians, and ratios of this to the other within a turn. Processor time,
of all threads together, says what the work costs on a machine that does something else, too; time on the clock, which
alone shows what a second thread is good for, needs a machine that is otherwise idle.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[1]
PEOPLE, MONTHS, TURNS = 100_000, 10, 5
FEW = 1_000
"""People of a market that loads the rules, and whose birth is what any market's costs."""
SETTLED = 2
"""Months that are not counted: arrays grow, and code is loaded."""
Found = dict[str, float]
"""What was measured -> nanoseconds a person."""


def measured_here(people: int, months: int) -> Found:
    """Measure the checkout that this process runs: it imports nothing but what any checkout has had for long."""
    from tenure.experiments.config.reading import read_with_extends
    from tenure.experiments.shipped import MARKETS
    from tenure.simulation.model import LifecycleModel
    from tenure.simulation.phases import Phase, one_month

    market = read_with_extends(MARKETS / "default.market.yaml").data

    def born(count: int, threads: int) -> tuple[LifecycleModel, int]:
        began = time.process_time_ns()
        return LifecycleModel({**market, "people": count}, seed=1, threads=threads), time.process_time_ns() - began

    one_month(born(FEW, 1)[0])  # loads, or compiles, the rules
    less = born(FEW, 1)[1]
    found: Found = {}
    for threads in (1, 2):
        model, spent = born(people, threads)
        if threads == 1:
            found["birth, processor"] = (spent - less) / (people - FEW)
        model.start_recording()
        clocks: dict[str, list[int]] = {}
        processors: dict[str, list[int]] = {}

        def timed(
            phase: Phase,
            work: Callable[[], None],
            clocks: dict[str, list[int]] = clocks,
            processors: dict[str, list[int]] = processors,
        ) -> None:
            began, worked = time.perf_counter_ns(), time.process_time_ns()
            work()
            processors.setdefault(phase.name, []).append(time.process_time_ns() - worked)
            clocks.setdefault(phase.name, []).append(time.perf_counter_ns() - began)

        for _ in range(months + SETTLED):
            one_month(model, timed)
        named = f"{threads} thread{'s' * (threads > 1)}, "
        for kind, spent_in in (("processor", processors), ("clock", clocks)):
            by_month = [sum(month) for month in zip(*spent_in.values(), strict=True)]
            found["whole month, " + named + kind] = median(by_month[SETTLED:]) / people
        for phase, spent_by_month in processors.items():
            found[f"  {phase}, {named}processor"] = median(spent_by_month[SETTLED:]) / people
    return found


def measured_in(checkout: Path, people: int, months: int) -> Found:
    """Let a process of a checkout measure it."""
    words = (sys.executable, "-P", str(Path(__file__).resolve()), "--here", str(people), str(months))
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    told = subprocess.run(words, cwd=checkout, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: Found = json.loads(told.splitlines()[-1])
    return found


def lines(turns: Sequence[tuple[Found, Found]]) -> list[str]:
    """Return medians of both, and the median of the ratios within a turn."""
    table = [f"{'ns a person':<44}{'other':>12}{'this':>12}{'this : other':>14}"]
    for what in turns[0][0]:
        other, this = (median(turn[at][what] for turn in turns) for at in (1, 0))
        ratio = median(ours[what] / theirs[what] if theirs[what] else float("nan") for ours, theirs in turns)
        table.append(f"{what:<44}{other:>12.1f}{this:>12.1f}{ratio:>14.2f}")
    gained = [
        median(turn[at]["whole month, 1 thread, clock"] / turn[at]["whole month, 2 threads, clock"] for turn in turns)
        for at in (1, 0)
    ]
    return [*table, f"{'two threads are faster than one, times':<44}{gained[0]:>12.2f}{gained[1]:>12.2f}"]


def main(words: Sequence[str] | None = None) -> None:
    """Take turns, and print."""
    given = argparse.ArgumentParser(description="What a month costs in this checkout, and in another.")
    given.add_argument("other", type=Path, help="folder of the other checkout")
    given.add_argument("--people", type=int, default=PEOPLE)
    given.add_argument("--months", type=int, default=MONTHS)
    given.add_argument("--turns", type=int, default=TURNS)
    told = given.parse_args(words)
    other = told.other.resolve()
    for checkout in (HERE, other):
        measured_in(checkout, 2 * FEW, 1)  # compiles its rules
    turns = []
    for turn in range(told.turns):
        order = (HERE, other) if turn % 2 == 0 else (other, HERE)
        found = {checkout: measured_in(checkout, told.people, told.months) for checkout in order}
        turns.append((found[HERE], found[other]))
        print(f"turn {turn + 1} of {told.turns}", file=sys.stderr, flush=True)
    print("\n".join(lines(turns)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(measured_here(int(sys.argv[2]), int(sys.argv[3]))))
    else:
        main()
