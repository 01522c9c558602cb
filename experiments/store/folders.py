"""The folder of an experiment's results: which one, whose it is, and what becomes of what it held before."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tenure.experiments.config.experiment import Experiment
from tenure.experiments.design.planning import Planned, what_changed
from tenure.experiments.design.tasks import Task
from tenure.experiments.store import store
from tenure.experiments.store.record import (
    ABOUT,
    REPORT,
    FolderTakenError,
    JustTakenError,
    claim_folder,
    config_of,
    foreign_files,
    is_foreign_report,
    is_of,
    read_about,
    write_about,
)
from tenure.experiments.store.record_shape import About, OwnPoliciesRecord
from tenure.experiments.store.sealing import DamagedError
from tenure.experiments.store.unused import is_ours, set_aside
from tenure.experiments.store.verified import Runs

MOST_FOLDERS = 1000
"""Experiments of one name in one folder of results."""


def folder_of(experiment: Experiment, out: Path | str | None) -> tuple[Path, list[str]]:
    """Return where the results go, and what there is to say about it.

    Parameters
    ----------
    experiment : Experiment
        Whose results.
    out : path, optional
        The folder that was asked for; by default one below ``results``.

    Raises
    ------
    FolderTakenError
        If a folder that was asked for holds something else.
    """
    if out is not None:
        taken = _taken(Path(out), experiment)
        if taken:
            raise FolderTakenError(f"{out}: {taken}. Name another folder with -o, or move what is there away")
        return Path(out), []
    first = ""
    for number in range(1, MOST_FOLDERS):
        folder = Path("results") / (experiment.name if number == 1 else f"{experiment.name}-{number}")
        taken = _taken(folder, experiment)
        if not taken:
            return folder, [f"{first}: the results of this one are in {folder}"] if first else []
        first = first or f"{folder}: {taken}"
    raise FolderTakenError(f"{first}; name another folder with -o")


def _taken(folder: Path, experiment: Experiment) -> str:
    """Return what a folder holds that must not be replaced; empty if it is free, or this experiment's."""
    if folder.exists() and not folder.is_dir():
        return "this is a file, not a folder"
    recorded: object
    written: object = None
    try:
        about = read_about(folder).about
        recorded, written = about["config"], about["written"]
    except (FileNotFoundError, DamagedError):
        recorded = _config_in_runs(folder)
        if recorded is None:
            ours = any(is_ours(store.run_path(folder, name)) for name in store.run_names(folder))
            foreign = [one for one in foreign_files(folder) if not ours or one != ABOUT]
            # ours, and damaged to the last: what is asked for is made again
            return f"it holds {' and '.join(foreign)}, which tenure did not write" if foreign else ""
    if is_foreign_report(folder):
        return f"it holds {REPORT}, which tenure did not write"
    config = config_of(experiment.path, experiment.shipped, folder)
    if is_of(config, recorded) or written == experiment.written:
        return ""
    other = (
        recorded.get("beside") or recorded.get("path") or recorded.get("name") if isinstance(recorded, dict) else "?"
    )
    return f"it holds the results of another config, {other}"


def _config_in_runs(folder: Path) -> object:
    """Return the config that whole runs say they are of; None if there is no such run."""
    for name in store.run_names(folder):
        with suppress(ValueError, OSError):
            store.verified_run(folder, name)
            told = store.read_run(folder, name, []).metadata.get("of_config")
            return told.get("config") if isinstance(told, dict) else None
    return None


def write_record(planned: Planned, folder: Path, as_it_is: bool) -> tuple[list[str], dict[tuple[str, str], str]]:
    """Write the folder's record; return what there is to say, and scenario and arm -> what of them has changed since.

    Raises
    ------
    FolderTakenError
        If another process has taken the folder meanwhile, or the record must stay and is not of these runs.
    """
    about = planned.about
    try:
        try:
            before, damage = read_about(folder)
        except FileNotFoundError:
            if claim_folder(folder, about):
                write_about(folder, about)
                return [], {}
            before, damage = read_about(folder)
        if not is_of(planned.config, before["config"]) and before["written"] != about["written"]:
            raise JustTakenError(f"{folder}: another process has just taken this folder; give the command again")
    except DamagedError as error:
        write_about(folder, about)
        return [f"{error}: made again"], {}
    told = [f"{damage}: made again"] if damage else []
    if as_it_is:
        if {task.name for task in planned.runs} - set(before["runs"]):
            raise FolderTakenError(
                f"{folder}: the program has changed since these runs were made, so that all would be made again: "
                "give the files of all policies, too"
            )
        write_about(folder, before)
        return told, {}
    write_about(folder, {**about, "own_policies": [*planned.own_files, *_of_metrics(before, planned)]})
    return told, dict(what_changed(before, about))


def _of_metrics(before: About, planned: Planned) -> Iterator[OwnPoliciesRecord]:
    """Yield what the record says of files with metrics alone, which were not given now and are named still."""
    given = {one["name"] for one in planned.own_files}
    metrics = planned.about["metrics"]
    named = set(metrics) if isinstance(metrics, list) else set()
    for one in before["own_policies"]:
        parts = one.get("parts", {})
        alone = not one["policies"] and parts.keys() == {"metrics"}
        if alone and one["name"] not in given and named.intersection(parts["metrics"]):
            yield one


def told_of_edits(
    changed: Mapping[tuple[str, str], str], runs: Sequence[Task], missing: Sequence[Task]
) -> Iterator[str]:
    """Yield what an edit makes again, and why, the arms with the same reason together."""
    for why in dict.fromkeys(changed.values()):
        whose = [key for key, one in changed.items() if one == why]
        again, of = (sum((task.point.scenario, task.point.arm) in whose for task in some) for some in (missing, runs))
        who = _whose(whose)
        if again:
            kept = f", {of - again} are there already" if of > again else ""
            yield f"{why}: {again} runs of {who} are made again{kept}"
        else:
            yield f"{why}: runs of {who} that were made before are used again"


def _whose(keys: Sequence[tuple[str, str]]) -> str:
    """Name arms and the scenarios that they were run in."""
    scenarios = [one for one in dict.fromkeys(scenario for scenario, _ in keys) if one]
    arms = list(dict.fromkeys(arm for _, arm in keys))
    under = f" in the scenario{'s' if len(scenarios) > 1 else ''} {', '.join(scenarios)}" if scenarios else ""
    return f"arm{'s' if len(arms) > 1 else ''} {', '.join(arms)}{under}"


def clear_unused(folder: Path, planned: Planned) -> list[str]:
    """Move runs out of the way that no arm uses any more; return what to say of them."""
    wanted = frozenset(task.name for task in planned.runs)
    unused = set_aside(folder, wanted)
    for path in (folder / store.RUNS).glob("*.failed.json"):
        if path.name.removesuffix(".failed.json") not in wanted and is_ours(path):
            path.unlink(missing_ok=True)
    if not unused:
        return []
    return [
        f"{len(unused)} runs that no arm uses any more were moved to {folder / store.UNUSED}: 'tenure tidy "
        f"{folder}' removes them, and they come back into use if the experiment asks for them again"
    ]


def clear_damaged(folder: Path, there: Runs) -> list[str]:
    """Remove damaged runs, which are made again; return what to say. One that a later version wrote is left alone."""
    told = []
    for name, what in list(there.damaged.items()):
        if name in there.later:
            told.append(f"{what}; this run is left as it is")
            continue
        store.run_path(folder, name).unlink(missing_ok=True)
        del there.damaged[name]
        told.append(f"{what.removesuffix('; run it again')}: made again")
    return told
