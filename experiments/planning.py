"""The tasks of an experiment: which states and runs it has, what each is called, and what its name covers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.config import Experiment
from experiments.hashing import canonical_json, run_name
from experiments.own_policies import PolicySource
from experiments.plugins import policies_of, sources_of
from experiments.provenance import commit_of, environment, program_hash, version
from experiments.record import config_of, own_policies_told
from experiments.work import Order, Task
from simulation.institution_settings import PolicySettings


class Planned(NamedTuple):
    """What all tasks share, the states to live first, the runs interleaved across arms, and the folder's record."""

    order: Order
    starts: list[Task]
    runs: list[Task]
    about: dict[str, Any]


def plan_tasks(experiment: Experiment, folder: Path, engine: str = "compiled") -> Planned:
    """Return the tasks of an experiment whose results go to a folder."""
    settings, market = experiment.settings, experiment.market
    resolved = market.model_dump(mode="json", by_alias=True)
    champion = experiment.arms[settings.champion]
    rivals = [one.policy for one in market.rivals.values()]
    own = sources_of(experiment.plugins)
    names = [policies_of(source) for source in own]
    needs = {arm: _needed(names, [one, champion, *rivals]) for arm, one in experiment.arms.items()}
    needs[""] = _needed(names, [champion, *rivals])
    before = {"market": resolved, "warm_up_months": settings.warm_up_months}
    starts, runs = [], []
    for replication in range(settings.replications):
        start = run_name(before, "(start)", settings.seed, replication, _sources(own, needs[""]))
        starts.append(Task(start, "", replication, ""))
        for arm, policy in experiment.arms.items():
            covered = {**before, "months": settings.months, "policy": policy.policy, "settings": policy.settings,
                       "us": policy.us}  # fmt: skip
            name = run_name(covered, arm, settings.seed, replication, _sources(own, needs[arm]))
            runs.append(Task(name, arm, replication, start))
    shared = settings.model_dump(mode="json", exclude={"market"})
    program = {"tenure": version(), "sources": program_hash(), "commit": commit_of(Path(__file__).parent)}
    record = {"experiment": shared, "market": resolved, "config": experiment.path.name, "sets": list(experiment.sets),
              "of_config": {"config": config_of(experiment.path, experiment.shipped, folder)}, **program}  # fmt: skip
    order = Order(
        folder=str(folder), market=experiment.market_data,
        policies={arm: (one.policy, one.settings) for arm, one in experiment.arms.items()},
        us={arm: one.us for arm, one in experiment.arms.items()}, months=settings.months,
        warm_up_months=settings.warm_up_months, burn_in_months=market.burn_in_months, seed=settings.seed,
        engine=engine, own=own, needs=needs, record=record,
    )  # fmt: skip
    about = {
        **shared, **program,
        "arms": {arm: {"policy": one.policy, **one.settings, **({"us": one.us} if one.us else {})}
                 for arm, one in experiment.arms.items()},
        "market": resolved, "oracles": list(experiment.oracles),
        "runs": {task.name: [task.arm, task.replication] for task in runs},
        "environment": environment(), "starts": [task.name for task in starts],
        "config": config_of(experiment.path, experiment.shipped, folder), "sets": list(experiment.sets),
        "config_commit": "" if experiment.shipped else commit_of(experiment.path.parent),
        "written": experiment.written, "own_policies": own_policies_told(own, folder, [sorted(one) for one in names]),
        "depends": {arm: _depends(settings, resolved, one, own, needs[arm])
                    for arm, one in experiment.arms.items()},
    }  # fmt: skip
    return Planned(order, starts, runs, about)


def what_changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield arm and reason for each arm whose runs are not those of an earlier record of the folder."""
    had, has = before.get("depends"), now["depends"]
    if not isinstance(had, dict):
        return
    for arm, depends in has.items():
        old = had.get(arm)
        if isinstance(old, dict) and old != depends:
            changed = [words for words in {**old, **depends} if old.get(words) != depends.get(words)]
            yield arm, f"{', '.join(changed)} changed" if changed else "something it depends on changed"


def _depends(
    settings: Any, market: Mapping[str, Any], policy: PolicySettings, own: Sequence[PolicySource],
    needs: Sequence[int],
) -> dict[str, str]:  # fmt: skip
    """Return what an arm's runs depend on, in words, with a hash of each."""
    parts: dict[str, Any] = {
        "the program": program_hash(), "the seed": settings.seed, "months": settings.months,
        "warm_up_months": settings.warm_up_months, "the policy's settings": [policy.policy, policy.settings],
        "what the arm changes of us": policy.us,
    }  # fmt: skip
    for key, value in market.items():
        parts[f"market.{key}"] = value
    for index in needs:
        parts[Path(own[index].path).name] = own[index].digest
    return {words: canonical_json(value) if len(canonical_json(value)) < 80 else
            run_name({"": value}, "", 0, 0, "") for words, value in parts.items()}  # fmt: skip


def _needed(names: Sequence[frozenset[str]], used: Sequence[PolicySettings]) -> tuple[int, ...]:
    """Return which files hold one of the policies used."""
    called = {one.policy for one in used}
    return tuple(index for index, own in enumerate(names) if own & called)


def _sources(own: Sequence[PolicySource], needs: Sequence[int]) -> str:
    """Return the hash of all sources that a result depends on; a user's file only where one of its policies is used."""
    return " ".join([program_hash(), *(own[index].digest for index in needs)])
