"""What `tenure why --without` answers: the difference with a mechanism, or a rule of the arm, switched off."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.analysis.intervals import Average, average_text
from tenure.experiments.analysis.why.averaging import average_of
from tenure.experiments.analysis.why.switched import (
    METRIC,
    RULE,
    SwitchedOff,
    differences,
    mechanisms,
    rules_of,
    settings_off,
    switched_off,
    without_rule,
)
from tenure.experiments.commands import terminal
from tenure.experiments.commands.command_line import say, say_lines
from tenure.experiments.commands.folder_words import folder_command, next_lines, reading_bar
from tenure.experiments.commands.run import where_config_is
from tenure.experiments.config.documents import Value
from tenure.experiments.config.experiment import Experiment, load_recorded
from tenure.experiments.design.estimating import estimate
from tenure.experiments.running.runner import run_experiment
from tenure.experiments.running.workers import processors
from tenure.experiments.store.record import ABOUT, read_about
from tenure.experiments.store.record_shape import About
from tenure.experiments.store.results import Results, open_results

EVERYTHING = "all"
FOLDER = "why"
"""Below the folder of the results: the runs with something switched off."""


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
    wanted = {name: _meaning(name, written) for name in _names(asked.names, written)}
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
        out = asked.folder / FOLDER / asked.arm / name.replace(" ", "_")
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
        "without": [
            {**one._asdict(), "difference": one.difference._asdict(), "change": one.change._asdict()} for one in found
        ],
    }


def _names(names: Sequence[str], arm: Value) -> list[str]:
    rules = [f"{RULE}{place}" for place in range(1, len(rules_of(arm)) + 1)]
    each = ([*mechanisms(), *rules] if name == EVERYTHING else [name] for name in names)
    return list(dict.fromkeys(name for some in each for name in some))


def _meaning(name: str, arm: Value) -> str:
    if not name.startswith(RULE):
        settings_off(name, ())  # refuses one that there is not
        return mechanisms()[name].meaning
    number = _number(name)
    without_rule(arm, number)
    row = rules_of(arm)[number - 1]
    return f"{row.get('when')}: {row.get('do')}" if isinstance(row, dict) else str(row)


def _number(name: str) -> int:
    text = name.removeprefix(RULE).strip()
    if not text.isdecimal():
        raise ValueError(f"'{name}': write '{RULE}1' for the first rule of the arm's table")
    return int(text)


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
        kept[asked.arm] = without_rule(arms[asked.arm], _number(name))
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
    """Yield the table of what was switched off, the largest change first."""
    money = results.currency
    heads = [
        ["", "difference from", "", ""],
        ["switched off", f"'{results.champion}', {money}", f"change, {money}", ""],
    ]
    rows = [["nothing", _text(whole), "", ""]]
    for one in sorted(found, key=lambda one: -abs(one.change.mean)):
        sure = "" if one.change.beyond_chance else "within chance"
        rows.append([one.name, _text(one.difference), _text(one.change), sure])
    yield ""
    yield from terminal.table_lines(heads, rows)
    yield ""
    for one in found:
        yield from terminal.wrapped(f"{one.name}: {one.meaning}")
    yield from terminal.wrapped(
        "Each row is the same experiment with one thing switched off, in both arms where it is a mechanism, on the "
        "same people with the same luck; ± is chance over replications. They do not add up: mechanisms act on each "
        "other."
    )
    yield from next_lines([(folder_command("why", asked.folder, asked.arm), "what the difference is made of")])


def _text(one: Average) -> str:
    return average_text(one, 1, signed=True)
