"""Odd and faulty configs: whatever is written, `check` answers in its own words, soon, and what it accepts runs."""

import resource
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tenure.experiments.commands.checking import check_file
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.running.work import arm_model, state_before
from tests.odd_configs import MARKET_TRY, Odd, odd_configs, sources, unchanged

SMALL = ("months=2", "warm_up_months=1", "replications=1", "market.people=200", "market.burn_in_months=1")
"""Two months of 200 people."""
SECONDS, MEGABYTES = 2.0, 100
"""What a config may take at most above the same command on the unchanged one."""
OF_LIBRARIES = (
    "pydantic",
    "validation error",
    "value error",
    "input should",
    "traceback",
    "<class",
    "errors.pydantic",
    "ruamel",
    "nonetype",
    "keyerror",
    "object has no attribute",
    "_enum",
    "unhashable",
)


class Checked(NamedTuple):
    """What was said of a config, and what that took."""

    problems: list[dict[str, Any]]
    seconds: float
    megabytes: float


def files_of(odd: Odd, folder: Path) -> list[Path]:
    """Write an odd config, and an experiment that asks for it if it is a market; return what is to be checked."""
    if not odd.is_market:
        (folder / "odd.yaml").write_text(odd.text, encoding="utf-8")
        return [folder / "odd.yaml"]
    (folder / "odd.market.yaml").write_text(odd.text, encoding="utf-8")
    (folder / "try.yaml").write_text(MARKET_TRY, encoding="utf-8")
    return [folder / "odd.market.yaml", folder / "try.yaml"]


def checked(path: Path) -> Checked:
    """Return what `tenure check` says of a file."""
    before, began = megabytes_at_most(from_now=True), time.process_time()
    problems = check_file(str(path), [], [], 1).data["problems"]
    return Checked(problems, time.process_time() - began, megabytes_at_most() - before)


def megabytes_at_most(from_now: bool = False) -> float:
    """Return the most memory that this process had, since the start, or since the last call with `from_now`."""
    with suppress(OSError):
        if from_now:
            Path("/proc/self/clear_refs").write_text("5")
        most = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM:"))
        return int(most.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def wrong_with_words(problem: dict[str, Any], files: set[str]) -> str:
    """Return what is wrong with the words or the place of a problem; empty if nothing is."""
    told, mend = str(problem["message"]), str(problem["mend"])
    if problem["path"] not in files or problem["line"] < 1 or problem["column"] < 1:
        return "it has no place in the file"
    if not mend.strip(" .") or "another value" in mend.lower():
        return "it has no mend of its own"
    if len(told) + len(mend) > 900 or any(word in f"{told} {mend}".lower() for word in OF_LIBRARIES):
        return "it is too long, or in the words of a library"
    return ""


def faults_when_run(path: Path) -> Iterator[str]:
    """Yield what goes wrong where an accepted experiment is run in all its scenarios."""
    try:
        experiment = load_experiment(path, SMALL)
    except ConfigError as error:
        small = {one.partition("=")[0] for one in SMALL}
        cut = "after the run"  # an era of the months that are left out here
        yield from (
            str(one)
            for one in error.problems
            if one.path.removeprefix("--set ") not in small and cut not in one.message
        )
        return
    planned = plan_tasks(experiment, path.parent / "out")
    for start in planned.starts:
        state = state_before(planned.order, start.point)
        for task in planned.runs:
            if task.start != start.name or task.point.replication:
                continue
            try:
                model = arm_model(planned.order, task.point, state)
                model.start_recording()
                for _ in range(planned.order.months):
                    model.step()
                model.recording()
            except Exception as error:
                yield f"{task.point.words}: {type(error).__name__}: {error}"


def wrong_with(odd: Odd, folder: Path, usual: dict[str, float]) -> Iterator[str]:
    """Yield all that is wrong with how a config is checked and run."""
    paths = files_of(odd, folder)
    accepted = True
    for path in paths:
        said = checked(path)
        accepted = accepted and not said.problems
        if said.seconds > usual.get(path.name, 0.0) + SECONDS or said.megabytes > MEGABYTES:
            yield f"{path.name} took {said.seconds:.1f} s and {said.megabytes:.0f} MB"
        for problem in said.problems:
            wrong = wrong_with_words(problem, {str(one) for one in paths})
            if wrong:
                yield f"{wrong}: {problem}"
    if accepted:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            yield from faults_when_run(paths[-1])


def judged(each: int, folder: Path) -> tuple[int, int]:
    """Check and run so many odd configs of each source; return how many there were, and how many were accepted."""
    usual: dict[str, float] = {}
    for source in sources():
        for path in files_of(unchanged(source), folder):
            usual[path.name] = max(usual.get(path.name, 0.0), checked(path).seconds)
    count = 0
    for odd in odd_configs(each):
        try:
            found = list(wrong_with(odd, folder, usual))
        except Exception as error:
            raise AssertionError(f"{odd.source}: {odd.accident}\n\n{odd.text}") from error
        assert not found, "\n".join([f"{odd.source}: {odd.accident}", *found, "", odd.text])
        count += 1
    return count, len(usual)


@pytest.mark.parametrize("source", sources(), ids=lambda one: one.name)
def test_written_by_the_same_hand_a_shipped_config_is_accepted(source: Path, tmp_path: Path) -> None:
    """Else the odd ones would be faulty in their spelling alone."""
    for path in files_of(unchanged(source), tmp_path):
        assert checked(path).problems == []


def test_the_same_odd_configs_every_time_and_from_all_sources() -> None:
    first, again = list(odd_configs(3)), list(odd_configs(3))
    assert first == again and {one.source for one in first} == {one.name for one in sources()}
    assert len({one.text for one in first}) > 0.9 * len(first)


def test_a_few_odd_configs(tmp_path: Path) -> None:
    assert judged(1, tmp_path)[0] == len(sources())


@pytest.mark.slow
def test_hundreds_of_odd_configs(tmp_path: Path) -> None:
    count, _ = judged(40, tmp_path)
    assert count >= 500
