"""What `tenure check` answers: every error of a file, or what running it takes."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from glob import escape
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

from tenure.experiments.commands import terminal
from tenure.experiments.commands.holding import experiment_held, market_held
from tenure.experiments.config.advice.notes import note_lines, notes_under
from tenure.experiments.config.checks import institution_problems
from tenure.experiments.config.experiment import Experiment, find_config, in_order, load_experiment, resolved
from tenure.experiments.config.market_files import market_settings, read_market
from tenure.experiments.config.printable import printable
from tenure.experiments.config.reading import ConfigError, Document, Problem
from tenure.experiments.design.eras.told import era_lines
from tenure.experiments.design.estimating import estimate, runs_at_least, shortage_notes
from tenure.experiments.design.scenario_files import ENDING as SCENARIO
from tenure.experiments.design.scenario_files import scenario_of_file
from tenure.experiments.design.scenario_markets import scenario_over
from tenure.experiments.design.varied.told import states_in, varied_lines
from tenure.experiments.plugins.known import known_policies, own_parts
from tenure.experiments.plugins.own_parts import OwnParts
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.running.workers import processors
from tenure.experiments.shipped import MARKETS, policy_file
from tenure.policies.policy import settings_of
from tenure.simulation.settings.market import MarketSettings

SHELF_NS = 300.0
"""Nanoseconds for a customer and month under which the policies of the shelf decide."""
MILLION = 1_000_000


class Checked(NamedTuple):
    """The answer for one file: lines to print, the same as plain data, and whether something is wrong."""

    lines: list[str]
    data: dict[str, object]
    faulty: bool = False


class Wishes(NamedTuple):
    """What is asked beside whether a file is right.

    Attributes
    ----------
    every_value : bool
        Every value, and where it came from.
    pilot : bool
        Five replications, made now, which count when the experiment is run.
    out : Path or None
        Folder of the results, by default that of `tenure run`.
    json : bool
        Plain data alone; else what takes long shows its progress.
    """

    every_value: bool = False
    pilot: bool = False
    out: Path | None = None
    json: bool = False


_NONE = Wishes()
RECORD = "experiment.json"
"""The file that every folder of results holds (`tenure.experiments.store.record.ABOUT`)."""


def check_file(
    name: str, sets: Sequence[str], plugins: Sequence[Path], workers: int, wishes: Wishes = _NONE
) -> Checked:
    """Check an experiment, a market (``*.market.yaml``), a scenario (``*.scenario.yaml``) or policies (``*.py``)."""
    found = _checked(name, sets, plugins, workers, wishes)
    return found._replace(lines=[printable(line) for line in found.lines])


def _checked(name: str, sets: Sequence[str], plugins: Sequence[Path], workers: int, wishes: Wishes) -> Checked:
    json = wishes.json
    try:
        if wishes.pilot and name.endswith((".py", ".market.yaml", SCENARIO)):
            raise ValueError(f"{name}: --pilot is for an experiment. Leave it out, or name an experiment")
        if name.endswith(".py"):
            return _policies(Path(name))
        if name.endswith(".market.yaml"):
            return _market(Path(name), plugins, json)
        if name.endswith(SCENARIO):
            return _scenario(Path(name), plugins)
        return _experiment(name, load_experiment(name, sets, plugins), sets, workers, wishes)
    except ConfigError as error:
        lines = [str(one) for one in error.problems]
        if len(lines) > 1:
            lines.append(f"{len(lines)} problems")
        return Checked(lines, {"file": name, "problems": [one._asdict() for one in error.problems]}, True)


def _experiment(name: str, experiment: Experiment, sets: Sequence[str], workers: int, wishes: Wishes) -> Checked:
    experiment, told = experiment_held(experiment, quiet=wishes.json)
    takes = estimate(experiment, workers or processors())
    under = {one.name: experiment.under(one.name) for one in experiment.scenarios}
    notes = [*told, *notes_under(under), *shortage_notes(takes, Path("results"))]
    lines = [experiment.settings.question, terminal.plan_line(experiment, takes)]
    shipped = find_config(name)[1]
    lines += [f"the shipped example, {experiment.path}"] if shipped else []
    lines += varied_lines(experiment)
    lines += era_lines(experiment.eras, terminal.WIDEST)
    lines += note_lines(notes)
    plan: dict[str, object] = {**takes._asdict()}
    if experiment.uncertain:
        plan["uncertain"] = [one.recorded() for one in experiment.uncertain]
    plan["states"] = states_in(experiment) * experiment.settings.replications
    if experiment.scenarios[0].name:
        plan["scenarios"] = [one.name for one in experiment.scenarios]
    if experiment.eras:
        plan["eras"] = [one.recorded() for one in experiment.eras]
    least = runs_at_least(experiment)
    if least is not None:
        plan["runs_at_least"] = least
        lines += terminal.precision_lines(experiment, least, takes.runs)
    data: dict[str, object] = {"file": name, "problems": [], "plan": plan, "notes": notes}
    if wishes.pilot or _has_results(experiment, wishes.out):
        from tenure.experiments.commands.finding import findable, finding_json, finding_lines, pilot_made, stored

        made = pilot_made(experiment, wishes.out, workers, wishes.json) if wishes.pilot else None
        results = made or stored(experiment, wishes.out)
        finds = None if results is None else findable(experiment, results)
        lines += finding_lines(experiment, finds)
        data["detectable"] = finding_json(finds)
        if finds is not None and finds.runs is not None:
            plan["runs_expected"] = finds.runs
    if wishes.every_value:
        rows = list(resolved(experiment))
        width = min(max(len(key) for key, _, _ in rows), 50)
        lines += ["", *(f"{key:<{width}}  {value!s:<28}  {origin}" for key, value, origin in rows), ""]
        data["resolved"] = {key: {"value": value, "from": origin} for key, value, origin in rows}
    words = ["tenure", "run", name, *(word for one in experiment.plugins for word in ("--policies", str(one)))]
    words += [word for one in sets for word in ("--set", one)]
    words += [] if wishes.out is None else ["-o", str(wishes.out)]
    lines += ["No errors.", *terminal.next_lines([(terminal.command_text(words), "")])]
    return Checked(lines, data)


def _has_results(experiment: Experiment, out: Path | None) -> bool:
    """Return whether a folder may hold runs of an experiment: nothing is loaded to find out."""
    if out is not None:
        return (out / RECORD).is_file()
    return any(path.is_file() for path in Path("results").glob(f"{escape(experiment.name)}*/{RECORD}"))


def _market(path: Path, plugins: Sequence[Path], json: bool) -> Checked:
    document = read_market(path)
    problems: list[Problem] = []
    market = market_settings(document, problems)
    if market is not None:
        problems += institution_problems(document, market, known_policies(plugins))
    if problems or market is None:
        raise ConfigError(in_order(problems, document))
    market, told = market_held(market, quiet=json)
    names = ", ".join(market.institutions())
    lines = [f"{path}: {market.people:,} people; {names}; products {', '.join(market.products)}", *note_lines(told)]
    lines += ["No errors.", f"Next     write 'market: {path.name}' in an experiment beside it"]
    qualities = {name: one.quality for name, one in market.institutions().items()}
    return Checked(lines, {"file": str(path), "problems": [], "notes": told, "qualities": qualities})


def _scenario(path: Path, plugins: Sequence[Path]) -> Checked:
    """Check a scenario by laying it over the default market; what is wrong over another one is told there."""
    problems: list[Problem] = []
    text = scenario_of_file(path, problems)
    base = read_market(MARKETS / "default.market.yaml")
    market, known = market_settings(base, problems), known_policies(plugins)

    def check(document: Document, one: MarketSettings | None) -> list[Problem]:
        return [] if one is None else list(institution_problems(document, one, known))

    if market is not None:
        scenario_over(text, base, market, check, frozenset(), problems)
    if problems:
        raise ConfigError(in_order(problems, text.over))
    lines = [f"{path}: fits the default market", "No errors."]
    lines.append(f"Next     write 'scenarios: {{base: {{}}, {text.name}: {path.name}}}' in an experiment beside it")
    return Checked(lines, {"file": str(path), "problems": []})


_AFTER_RUNS = {"metrics": ["compare", "FOLDER"], "observers": ["observe", "FOLDER", "-o", "observed.csv"]}
"""Parts that runs are made without -> the command that uses them afterwards."""


def _policies(named: Path) -> Checked:
    from tenure.experiments.plugins.policy_trial import tried  # loads the model
    from tenure.experiments.verification.contract.tries import SLOW_NS

    path = policy_file(named)
    parts = own_parts([path])
    source = snapshot(path)
    trial = tried(source)
    lines, found = list[str](), {}
    for name in sorted(trial.told):
        found[name] = list(settings_of(parts.policies[name]))
        sees_truth = bool(getattr(parts.policies[name], "needs_truth", False))
        lines.append(f"{path.name}   {name}   {_counted(found[name])}")
        lines += _contract_lines(bool(trial.digests[name]), sees_truth, trial.told[name][1], SLOW_NS)
    for name, told in sorted(trial.parts.items()):
        lines += wrap(f"{path.name}   {name}   {told}", terminal.WIDEST, subsequent_indent="    ")
    lines += [f"  note: {note}" for note in trial.notes]
    lines += [f"  depends on {one.path}" for one in source.modules[1:]]
    after = [_AFTER_RUNS.get(kind) for kind in parts.names()]
    words = next((one for one in after if one and None not in after), ["run", _config_beside(path, parts)])
    command = terminal.command_text(["tenure", *words, "--policies", str(named)])
    lines += ["No errors.", *terminal.next_lines([(command, "")])]
    others = {kind: names for kind, names in parts.names().items() if kind != "policies"}
    data: dict[str, object] = {"file": str(path), "problems": [], "policies": found}
    return Checked(lines, data | ({"parts": others} if others else {}))


def _counted(settings: Sequence[str]) -> str:
    many = f"{len(settings)} setting{'' if len(settings) == 1 else 's'}"
    return f"{many}: {', '.join(settings)}" if settings else "no settings"


def _contract_lines(whole: bool, sees_truth: bool, nanoseconds: float, limit: float) -> Iterator[str]:
    """Yield what was tried of a policy that keeps the contract, and how long it takes."""
    view = (
        "no, it is shown the truth: an oracle" if sees_truth else "yes    (the truth shuffled behind it: same answer)"
    )
    for law, answer in (
        ("same answer twice", "yes"),
        ("sees only its view", view),
        ("leaves the view alone", "yes"),
        ("own customers only", "yes"),
    ):
        yield f"  {law:<27}  {answer if whole or sees_truth else 'so far as there was time'}"
    took, most, usual = (one * MILLION / 1e9 for one in (nanoseconds, limit, SHELF_NS))
    slow = f"; those of the shelf under {usual:.2f} s" if took > usual else ""
    yield f"  {f'time at {MILLION:,} people':<27}  {took:.2f} s a month, limit {most:.2f} s{slow}"


def _config_beside(path: Path, parts: OwnParts) -> str:
    """Return the name of an experiment beside a file that names one of its parts; CONFIG if there is none."""
    own = [name for names in parts.names().values() for name in names]
    for config in sorted(path.parent.glob("*.yaml")):
        with suppress(OSError, UnicodeDecodeError):
            text = config.read_text(encoding="utf-8")
            if "arms:" in text and any(name in text for name in own):
                return config.name
    return "CONFIG"
