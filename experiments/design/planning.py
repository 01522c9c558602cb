"""The tasks of an experiment: which states and runs it has, what each is called, and what its name covers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.config.documents import Value, plain_value
from tenure.experiments.config.experiment import Experiment
from tenure.experiments.config.settings import ExperimentSettings
from tenure.experiments.design.hashing import canonical_json, run_name
from tenure.experiments.design.held_shares import hold_shares
from tenure.experiments.design.point import Over, Point
from tenure.experiments.design.points import Design, points_of
from tenure.experiments.design.scenario_markets import Ground, Scenario
from tenure.experiments.design.tasks import ArmPolicy, Order, Task
from tenure.experiments.design.varied.uncertain import before_month_0
from tenure.experiments.plugins.known import parts_of, sources_of
from tenure.experiments.plugins.own_policies import PolicySource
from tenure.experiments.plugins.own_rules import BEHAVIOUR, Behaviour
from tenure.experiments.store.provenance import commit_of, environment, program_hash, version
from tenure.experiments.store.record import config_of, own_policies_told
from tenure.simulation.settings.institution import PolicySettings

_UNASKED = ("precision", "choose")
"""Settings of which a record says nothing where they are not written."""


class Planned(NamedTuple):
    """What all tasks share, the states to live first, the runs interleaved across arms, and the folder's record."""

    order: Order
    starts: list[Task]
    runs: list[Task]
    about: dict[str, object]

    @property
    def config(self) -> dict[str, object]:
        """Return which config the folder is of."""
        found = self.about["config"]
        return found if isinstance(found, dict) else {}

    @property
    def own_files(self) -> list[dict[str, object]]:
        """Return what the record says of a user's own files."""
        found = self.about["own_policies"]
        return found if isinstance(found, list) else []


class _Covered(NamedTuple):
    """What runs depend on: the market of each scenario, that before month 0, and the user's own policy files."""

    settings: ExperimentSettings
    markets: Mapping[str, dict[str, Value]]
    before: Mapping[str, dict[str, Value]]
    own: tuple[PolicySource, ...]
    needs: Mapping[tuple[str, str], tuple[int, ...]]
    behaviour: Behaviour

    def start_of(self, point: Point) -> str:
        """Return the name of the state that a run goes on from: the same for all points that share it."""
        covered = {
            **self._shared(self.before[point.scenario], before_month_0(point.over, self.settings.champion)),
        }
        sources = _sources(self.own, self.needs[point.scenario, ""])
        return run_name(covered, "(start)", self.settings.seed, point.replication, sources)

    def run_of(self, point: Point, policy: PolicySettings) -> str:
        """Return the name of a run."""
        covered = {
            **self._shared(self.markets[point.scenario], point.over),
            "before": self.before[point.scenario],
            "scenario": point.scenario,
            "months": self.settings.months,
            "policy": policy.policy,
            "settings": policy.settings,
            "us": policy.us,
        }
        sources = _sources(self.own, self.needs[point.scenario, point.arm])
        return run_name(covered, point.arm, self.settings.seed, point.replication, sources)

    def _shared(self, market: Mapping[str, Value], over: Over) -> dict[str, object]:
        lived_by = {BEHAVIOUR: self.behaviour} if self.behaviour else {}
        return {"market": market, "warm_up_months": self.settings.warm_up_months, "over": over, **lived_by}


def plan_tasks(experiment: Experiment, folder: Path, engine: str = "compiled", design: Design = points_of) -> Planned:
    """Return the tasks of an experiment whose results go to a folder.

    Parameters
    ----------
    experiment : Experiment
        With its arms and scenarios; qualities that its market does not write are found first, see `held_shares`.
    folder : Path
        Of the results.
    engine : {"compiled", "objects"}
        The results do not depend on it.
    design : callable
        Makes the points of the experiment; by default every arm in every scenario, replication by replication.
    """
    experiment, _ = hold_shares(experiment)
    settings = experiment.settings
    covered = _covered(experiment)
    starts: dict[str, Task] = {}
    runs = []
    arms = {one.name: one.arms or experiment.arms for one in experiment.scenarios}
    for point in design(experiment):
        start = covered.start_of(point)
        over = before_month_0(point.over, settings.champion)
        starts.setdefault(start, Task(start, point._replace(arm="", over=over), ""))
        runs.append(Task(covered.run_of(point, arms[point.scenario][point.arm]), point, start))
    order = _order(experiment, covered, folder, engine)
    about = {
        **_about(experiment, covered, folder),
        "runs": {task.name: task.point.address() for task in runs},
        "starts": list(starts),
    }
    return Planned(order, list(starts.values()), runs, about)


def _covered(experiment: Experiment) -> _Covered:
    own = sources_of(experiment.plugins)
    parts = [parts_of(source) for source in own]
    names = [frozenset(one.policies) for one in parts]
    by_rules = {place for place, one in enumerate(parts) if one.rules.keys() & experiment.behaviour.keys()}
    needs: dict[tuple[str, str], tuple[int, ...]] = {}
    for one in experiment.scenarios:
        arms = one.arms or experiment.arms
        before = [arms[experiment.settings.champion], *_of_rivals(one.before)]
        needs[one.name, ""] = _needed(names, before)
        for arm, policy in arms.items():
            needs[one.name, arm] = _needed(names, [*before, *_of_rivals(one), policy])
    needs = {key: tuple(sorted({*some, *by_rules})) for key, some in needs.items()}
    return _Covered(
        experiment.settings,
        {one.name: _resolved(one) for one in experiment.scenarios},
        {one.name: _resolved(one.before) for one in experiment.scenarios},
        own,
        needs,
        experiment.behaviour,
    )


def _of_rivals(one: Ground | Scenario) -> list[PolicySettings]:
    return [rival.policy for now in one.market.phases() for rival in now.rivals.values()]


def _resolved(one: Experiment | Ground | Scenario) -> dict[str, Value]:
    found: dict[str, Value] = one.market.model_dump(mode="json", by_alias=True)
    return found


def _order(experiment: Experiment, covered: _Covered, folder: Path, engine: str) -> Order:
    settings, market = experiment.settings, experiment.market
    record: dict[str, object] = {
        "experiment": _shared(settings),
        "config": experiment.path.name,
        "sets": [*experiment.sets],
        "of_config": {"config": config_of(experiment.path, experiment.shipped, folder)},
        **_program(),
    }
    return Order(
        folder=str(folder),
        market=experiment.market_data,
        scenarios={one.name: one.market_data for one in experiment.scenarios},
        before={one.name: one.before.market_data for one in experiment.scenarios},
        arms={
            one.name: {
                arm: ArmPolicy(own.policy, own.settings, own.us) for arm, own in (one.arms or experiment.arms).items()
            }
            for one in experiment.scenarios
        },
        champion=settings.champion,
        resolved=covered.markets,
        people=market.people,
        months=settings.months,
        warm_up_months=settings.warm_up_months,
        burn_in_months=market.burn_in_months,
        seed=settings.seed,
        engine=engine,
        own=covered.own,
        needs=covered.needs,
        behaviour=covered.behaviour,
        record=record,
    )


def _shared(settings: ExperimentSettings) -> dict[str, Value]:
    varied = {"uncertain", "replications_per_draw", "design"}
    told = {"replications_per_draw"} if settings.uncertain else set()
    left_out = {"market", "scenarios", "eras", "rule_tables", BEHAVIOUR} | (varied - told)
    found: dict[str, Value] = settings.model_dump(mode="json", exclude=left_out)
    return {key: value for key, value in found.items() if key not in _UNASKED or value is not None}


def _program() -> dict[str, Value]:
    return {"tenure": version(), "sources": program_hash(), "commit": commit_of(Path(__file__).parent)}


def _about(experiment: Experiment, covered: _Covered, folder: Path) -> dict[str, object]:
    """Return the record of a folder but for its runs."""
    settings = experiment.settings
    parts = [parts_of(source).names() for source in covered.own]
    return {
        **_shared(settings),
        **_program(),
        "arms": _arms_told(experiment.arms),
        "metrics": [*settings.metrics.names],
        **({"matters_from": {**settings.metrics.matters_from}} if settings.metrics.matters_from else {}),
        "market": _resolved(experiment),
        "scenarios": {
            one.name: {"market": covered.markets[one.name], "always": one.always, **_level_told(one)}
            for one in experiment.scenarios
            if one.name
        },
        **({"uncertain": [one.recorded() for one in experiment.uncertain]} if experiment.uncertain else {}),
        **({"eras": [one.recorded() for one in experiment.eras]} if experiment.eras else {}),
        **({BEHAVIOUR: experiment.behaviour} if experiment.behaviour else {}),
        "oracles": [*experiment.oracles],
        "environment": {**environment()},
        "config": config_of(experiment.path, experiment.shipped, folder),
        "sets": [*experiment.sets],
        "config_commit": "" if experiment.shipped else commit_of(experiment.path.parent),
        "written": experiment.written,
        "own_policies": [*own_policies_told(covered.own, folder, parts)],
        "depends": {
            f"{scenario.name}/{arm}": {**_depends(covered, scenario.name, arm, one)}
            for scenario in experiment.scenarios
            for arm, one in (scenario.arms or experiment.arms).items()
        },
    }


def _arms_told(arms: Mapping[str, PolicySettings]) -> dict[str, Value]:
    told = {
        arm: {"policy": one.policy, **one.settings, **({"us": one.us} if one.us else {})} for arm, one in arms.items()
    }
    return {arm: plain_value(one) for arm, one in told.items()}


def _level_told(one: Scenario) -> dict[str, Value]:
    """Return what a record says of the level that a scenario is at; nothing where there is no design."""
    if not one.factors:
        return {}
    told: dict[str, Value] = {
        "base": one.base,
        "level": one.level,
        "factors": [[name, value] for name, value in one.factors],
    }
    return told | ({} if one.arms is None else {"arms": _arms_told(one.arms)})


def what_changed(before: Mapping[str, object], now: Mapping[str, object]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield scenario and arm, and a reason, where runs are not those of an earlier record of the folder."""
    had, has = before.get("depends"), now["depends"]
    if not isinstance(had, dict) or not isinstance(has, dict):
        return
    for key, depends in has.items():
        old = had.get(key)
        if isinstance(old, dict) and isinstance(depends, dict) and old != depends:
            changed = [words for words in {**old, **depends} if old.get(words) != depends.get(words)]
            scenario, _, arm = key.rpartition("/")
            yield (scenario, arm), f"{', '.join(changed) or 'something it depends on'} changed"


def _depends(covered: _Covered, scenario: str, arm: str, policy: PolicySettings) -> dict[str, str]:
    """Return what an arm's runs in a scenario depend on, in words, with a hash of each."""
    settings, market, before = covered.settings, covered.markets[scenario], covered.before[scenario]
    parts: dict[str, object] = {
        **({"what is uncertain": covered.settings.uncertain} if covered.settings.uncertain else {}),
        "the program": program_hash(),
        "the seed": settings.seed,
        "months": settings.months,
        "warm_up_months": settings.warm_up_months,
        "the policy's settings": [policy.policy, policy.settings],
        "what the arm changes of us": policy.us,
    }
    parts |= {f"{BEHAVIOUR}.{name}": numbers for name, numbers in covered.behaviour.items()}
    parts |= {f"market.{key}": value for key, value in market.items()}
    parts |= {f"market.{key} before month 0": value for key, value in before.items() if value != market.get(key)}
    parts |= {Path(covered.own[index].path).name: covered.own[index].digest for index in covered.needs[scenario, arm]}
    return {
        words: canonical_json(value) if len(canonical_json(value)) < 80 else run_name({"": value}, "", 0, 0, "")
        for words, value in parts.items()
    }


def _needed(names: Sequence[frozenset[str]], used: Sequence[PolicySettings]) -> tuple[int, ...]:
    """Return which files hold one of the policies used."""
    called = {one.policy for one in used}
    return tuple(index for index, own in enumerate(names) if own & called)


def _sources(own: Sequence[PolicySource], needs: Sequence[int]) -> str:
    """Return the hash of all sources that a result depends on; a user's file only where one of its policies is used."""
    return " ".join([program_hash(), *(own[index].digest for index in needs)])
