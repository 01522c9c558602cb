"""What `tenure check` answers: every error of a file, or what running it takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from experiments import terminal
from experiments.config import Experiment, find_config, load_experiment, resolved
from experiments.estimating import estimate, shortage_notes, together
from experiments.own_policies import snapshot
from experiments.plugins import known_policies
from experiments.policy_trial import tried
from experiments.printable import printable
from experiments.problems import settings_problems
from experiments.reading import ConfigError, Place, Problem, read_with_extends
from experiments.workers import processors
from policies.policy import settings_of
from simulation.settings import MarketSettings


class Checked(NamedTuple):
    """The answer for one file: lines to print, the same as plain data, and whether something is wrong."""

    lines: list[str]
    data: dict[str, Any]
    faulty: bool = False


def check_file(name: str, sets: Sequence[str], plugins: Sequence[Path], workers: int, every_value: bool) -> Checked:
    """Check an experiment, a market (``*.market.yaml``) or a file of policies (``*.py``)."""
    found = _checked(name, sets, plugins, workers, every_value)
    return found._replace(lines=[printable(line) for line in found.lines])


def _checked(name: str, sets: Sequence[str], plugins: Sequence[Path], workers: int, every_value: bool) -> Checked:
    try:
        if name.endswith(".py"):
            return _policies(Path(name))
        if name.endswith(".market.yaml"):
            return _market(Path(name))
        return _experiment(name, load_experiment(name, sets, plugins), workers, every_value)
    except ConfigError as error:
        lines = [str(one) for one in error.problems]
        if len(lines) > 1:
            lines.append(f"{len(lines)} problems")
        return Checked(lines, {"file": name, "problems": [one._asdict() for one in error.problems]}, True)


def _experiment(name: str, experiment: Experiment, workers: int, every_value: bool) -> Checked:
    asked = _under_each(experiment)
    takes = together([estimate(one, workers or processors()) for one in asked])
    notes = [*_notes(experiment), *shortage_notes(takes, Path("results"))]
    lines = [experiment.settings.question, terminal.plan_line(experiment, takes, len(asked))]
    shipped = find_config(name)[1]
    lines += [f"the shipped example, {experiment.path}"] if shipped else []
    lines += [f"  note: {note}" for note in notes]
    plan = {**takes._asdict(), "circumstances": len(asked)}
    data: dict[str, Any] = {"file": name, "problems": [], "plan": plan, "notes": notes}
    if every_value:
        rows = list(resolved(experiment))
        width = min(max(len(key) for key, _, _ in rows), 50)
        lines += ["", *(f"{key:<{width}}  {value!s:<28}  {origin}" for key, value, origin in rows), ""]
        data["resolved"] = {key: {"value": value, "from": origin} for key, value, origin in rows}
    words = ["tenure", "run", name, *(word for one in experiment.plugins for word in ("--policies", str(one)))]
    words += [word for one in experiment.sets for word in ("--set", one)]
    lines.append(f"No errors.\nNext     {terminal.command_text(words)}")
    return Checked(lines, data)


def _under_each(experiment: Experiment) -> list[Experiment]:
    """Return the experiment under each of its circumstances, or alone if it has none.

    Raises
    ------
    ConfigError
        With what is wrong under any of them, at the place of the circumstances in the file.
    """
    found, problems = [], []
    for name, extra in experiment.settings.circumstances.items():
        try:
            sets = [*experiment.sets, *extra, "circumstances={}"]
            found.append(load_experiment(experiment.path, sets, experiment.plugins))
        except ConfigError as error:
            place = experiment.places.get(("circumstances", name)) or experiment.places[("circumstances",)]
            problems += [_under(name, place, one, extra) for one in error.problems]
    if problems:
        raise ConfigError(problems)
    return found or [experiment]


def _under(name: str, place: Place, one: Problem, extra: Sequence[str]) -> Problem:
    """Return a problem that circumstances bring, at their place where the file has no other."""
    keys = {setting.partition("=")[0].strip() for setting in extra}
    at = place if one.path.removeprefix("--set ") in keys else Place(*one[:3])
    return Problem(*at, f"under the circumstances '{name}': {one.message}", one.mend)


def _notes(experiment: Experiment) -> list[str]:
    settings, notes = experiment.settings, []
    if experiment.market.guards.budget_per_month == 0 and any(
        one.policy != "do_nothing" for one in experiment.arms.values()
    ):
        notes.append("budget_per_month is 0: everything that costs money will be refused")
    if len(experiment.arms) == 1:
        notes.append("there is one arm only: nothing to compare it with")
    if 1 < settings.replications < 10:
        notes.append(f"{settings.replications} replications give rough intervals: 10 or more are usual")
    if settings.replications == 1:
        notes.append("one replication gives no intervals: 10 or more are usual")
    return notes


def _market(path: Path) -> Checked:
    document = read_with_extends(path)
    try:
        market = MarketSettings.model_validate(document.data)
    except ValidationError as error:
        raise ConfigError(settings_problems(error, MarketSettings, document)) from None
    names = ", ".join(market.institutions())
    lines = [f"{path}: {market.people:,} people; {names}; products {', '.join(market.products)}", "No errors."]
    lines.append(f"Next     write 'market: {path.name}' in an experiment beside it")
    return Checked(lines, {"file": str(path), "problems": []})


def _policies(path: Path) -> Checked:
    known = known_policies([path])
    source = snapshot(path)
    trial = tried(source)
    lines, found = [], {}
    for name in sorted(trial.told):
        settings, (proposals, nanoseconds) = list(settings_of(known[name])), trial.told[name]
        found[name] = settings
        slow = " (those of the shelf: under 300)" if nanoseconds > 300.0 else ""
        told = f"{len(settings)} settings: {', '.join(settings) or 'none'}"
        took = f"{proposals:,} proposals, {nanoseconds:,.0f} ns a customer{slow}"
        lines.append(f"{path.name}   {name}   {told}   {took}")
    lines += [f"  note: {note}" for note in trial.notes]
    lines += [f"  depends on {one.path}" for one in source.modules[1:]]
    lines.append(f"No errors.\nNext     tenure run CONFIG --policies {path}")
    return Checked(lines, {"file": str(path), "problems": [], "policies": found})
