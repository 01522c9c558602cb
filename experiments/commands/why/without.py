"""What `tenure why --without` answers: the difference with a mechanism, or a rule of the arm, switched off."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.analysis.intervals import Average
from tenure.experiments.analysis.why.averaging import average_of
from tenure.experiments.analysis.why.switched import (
    EVERYTHING,
    METRIC,
    RULE,
    SwitchedOff,
    differences,
    folder_without,
    meaning_of,
    names_of,
    rule_number,
    settings_off,
    switched_off,
    without_rule,
)
from tenure.experiments.commands import terminal
from tenure.experiments.commands.command_line import say, say_lines
from tenure.experiments.commands.folder_words import folder_command, next_lines, reading_bar
from tenure.experiments.commands.run import where_config_is
from tenure.experiments.commands.why.answer import switched_off_json, switched_off_lines
from tenure.experiments.config.documents import Value
from tenure.experiments.config.experiment import Experiment, load_recorded
from tenure.experiments.design.estimating import estimate
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.workers import processors
from tenure.experiments.store.record import ABOUT, read_about
from tenure.experiments.store.record_shape import About
from tenure.experiments.store.results import Results, open_results


class ToSwitchOff(NamedTuple):
    """Of which results, what is to be switched off, and how it is run."""

    folder: Path
    arm: str
    scenario: str
    names: tuple[str, ...]
    policies: tuple[Path, ...]
    workers: int


def without_asked(asked: ToSwitchOff, quiet: bool) -> dict[str, object]:
    """Make the runs that are missing, one experiment for each thing switched off, and print what changes.

    Raises
    ------
    ValueError
        If there is no such mechanism, rule, arm or scenario.
    """
    with reading_bar(quiet) as tell:
        results = open_results(asked.folder, progress=tell)
    results = results.under(asked.scenario or results.scenarios[0])
    if asked.arm not in results.arms or asked.arm == results.champion:
        others = ", ".join(one for one in results.arms if one != results.champion)
        raise ValueError(f"why: name an arm beside the champion, one of: {others}")
    about = read_about(asked.folder).about
    written = _arms(about, asked.folder)[asked.arm]
    wanted = {name: meaning_of(name, written) for name in _names(asked.names, written)}
    made = {name: _experiment(asked, about, name) for name in wanted}
    workers = asked.workers or processors()
    if not quiet:
        seconds = sum(estimate(one, workers).seconds for one in made.values())
        runs = sum(estimate(one, workers).runs for one in made.values())
        say(str(about["question"]))
        takes = terminal.seconds_text(seconds)
        say(f"{len(made)} switched off one at a time: {runs} runs, {takes} if none is there yet")
    whole, found = differences(results, asked.arm), []
    screen = terminal.console()
    for name, experiment in made.items():
        out = folder_without(asked.folder, asked.arm, name)
        with terminal.RunBars(screen) as bars:
            own = run_experiment(experiment, out, workers, progress=(lambda event: None) if quiet else bars)
        own = own.under(asked.scenario or own.scenarios[0])
        found.append(switched_off(name, wanted[name], whole, differences(own, asked.arm)))
    if not quiet:
        say_lines(_lines(asked, results, average_of(whole), found))
    return {
        "folder": str(asked.folder),
        "arm": asked.arm,
        "metric": METRIC,
        "whole": average_of(whole)._asdict(),
        "without": [switched_off_json(one) for one in found],
    }


def _names(names: Sequence[str], arm: Value) -> list[str]:
    each = (names_of(arm) if name == EVERYTHING else [name] for name in names)
    return list(dict.fromkeys(name for some in each for name in some))


def _arms(about: About, folder: Path) -> dict[str, Value]:
    arms = about["written"]["arms"]
    if not isinstance(arms, dict):
        raise ValueError(f"{folder}: its record writes no arms; make the runs again")
    return arms


def _experiment(asked: ToSwitchOff, about: About, name: str) -> Experiment:
    """Return the recorded experiment with the champion and the arm alone, and something switched off."""
    arms = _arms(about, asked.folder)
    kept: dict[str, Value] = {one: arms[one] for one in (about["champion"], asked.arm)}
    sets: list[str] = []
    if name.startswith(RULE):
        kept[asked.arm] = without_rule(arms[asked.arm], rule_number(name))
    else:
        sets = settings_off(name, list(about["market"]["rivals"]))
    shipped = bool(about["config"].get("shipped"))
    return load_recorded(
        {**about["written"], "arms": kept},
        asked.folder / ABOUT,
        sets,
        asked.policies,
        (),
        where_config_is(about, asked.folder, shipped),
        [*about["sets"], *sets],
        shipped,
    )


def _lines(asked: ToSwitchOff, results: Results, whole: Average, found: Sequence[SwitchedOff]) -> Iterator[str]:
    """Yield the table of what was switched off, and what each of it is."""
    yield ""
    yield from switched_off_lines(found, whole, results.champion, results.currency)
    yield ""
    for one in found:
        yield from terminal.wrapped(f"{one.name}: {one.meaning}")
    yield from terminal.wrapped(
        "Each row is the same experiment with one thing switched off, in both arms where it is a mechanism, on the "
        "same people with the same luck; ± is chance over replications. They do not add up: mechanisms act on each "
        "other."
    )
    yield from next_lines([(folder_command("why", asked.folder, asked.arm), "what the difference is made of")])
