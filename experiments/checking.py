"""What `tenure check` answers: every error of a file, or what running it takes."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from experiments import terminal
from experiments.config import Experiment, find_config, load_experiment, resolved
from experiments.plugins import known_policies, policies_of
from experiments.problems import settings_problems
from experiments.reading import ConfigError, read_with_extends
from experiments.runner import estimate
from policies.policy import settings_of
from simulation.settings import MarketSettings


class Checked(NamedTuple):
    """The answer for one file: lines to print, the same as plain data, and whether something is wrong."""

    lines: list[str]
    data: dict[str, Any]
    faulty: bool = False


def check_file(name: str, sets: Sequence[str], plugins: Sequence[Path], workers: int, every_value: bool) -> Checked:
    """Check an experiment, a market (``*.market.yaml``) or a file of policies (``*.py``)."""
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
    takes = estimate(experiment, workers or os.cpu_count() or 1)
    lines = [experiment.settings.question, terminal.plan_line(experiment, takes)]
    shipped = find_config(name)[1]
    lines += [f"the shipped example, {experiment.path}"] if shipped else []
    lines += [f"  note: {note}" for note in _notes(experiment)]
    data: dict[str, Any] = {"file": name, "problems": [], "plan": takes._asdict(), "notes": _notes(experiment)}
    if every_value:
        rows = list(resolved(experiment))
        width = min(max(len(key) for key, _, _ in rows), 50)
        lines += ["", *(f"{key:<{width}}  {value!s:<28}  {origin}" for key, value, origin in rows), ""]
        data["resolved"] = {key: {"value": value, "from": origin} for key, value, origin in rows}
    words = ["tenure", "run", name, *(word for one in experiment.plugins for word in ("--policies", str(one)))]
    words += [word for one in experiment.sets for word in ("--set", one)]
    lines.append(f"No errors.\nNext     {terminal.command_text(words)}")
    return Checked(lines, data)


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
    from experiments.contract import check_policy

    known = known_policies([path])
    lines, found, problems = [], {}, []
    for name in sorted(policies_of([path])):
        settings = list(settings_of(known[name]))
        verdict = check_policy(path, known[name])
        problems += verdict.problems
        found[name] = settings
        slow = " (those of the shelf: under 300)" if verdict.ns_per_customer > 300.0 else ""
        told = f"{len(settings)} settings: {', '.join(settings) or 'none'}"
        took = f"{verdict.proposals:,} proposals, {verdict.ns_per_customer:,.0f} ns a customer{slow}"
        lines.append(f"{path.name}   {name}   {told}   {took}")
    if problems:
        raise ConfigError(problems)
    lines.append(f"No errors.\nNext     tenure run CONFIG --policies {path}")
    return Checked(lines, {"file": str(path), "problems": [], "policies": found})
