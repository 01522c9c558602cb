"""Whether a folder of results is what was written: every seal, every table, and some runs made again."""

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tenure.experiments.analysis.worked_out import METRICS_KEPT, PAIRS_KEPT, figures
from tenure.experiments.commands.folder_words import folder_command, next_lines
from tenure.experiments.commands.run import arms_without, full_command, where_config_is
from tenure.experiments.config.experiment import load_recorded
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.design.tasks import Order, Task
from tenure.experiments.plugins.own_policies import snapshot
from tenure.experiments.running.stages import lacking_in
from tenure.experiments.running.starts import start_path
from tenure.experiments.running.workers import HASH_SEED, JobStoppedError, Limits, ask_once
from tenure.experiments.store import store
from tenure.experiments.store.record import ABOUT, REPORT, recorded_points
from tenure.experiments.store.remarks import remarks
from tenure.experiments.store.results import Results, open_results
from tenure.experiments.store.sealing import HOST, DamagedError, clear_temporary, process_lives, seal_of
from tenure.experiments.store.unused import is_ours, refuse_links, set_aside
from tenure.experiments.store.verified import NOTES


class Audit(NamedTuple):
    """What an audit found.

    Attributes
    ----------
    verified : int
        Files whose every bit is as written.
    damaged : list of str
        What is wrong, a line for each file.
    missing : int
        Runs that are not there.
    same, differing : list of str
        Runs made again, [SCENARIO/]ARM/REPLICATION: bit by bit the same, and not.
    notes : list of str
        What else there is to say.
    hash : str
        Over all recorded values, see `Results.hash`.
    """

    verified: int
    damaged: list[str]
    missing: int
    same: list[str]
    differing: list[str]
    notes: list[str]
    hash: str


def audit_folder(folder: Path, rerun: int, policies: Sequence[Path], quiet: bool) -> Audit:
    """Verify all stored files of an experiment, and make some runs again.

    Parameters
    ----------
    folder : Path
        Of the experiment.
    rerun : int
        Runs to make again, drawn by their names; the same ones each time.
    policies : sequence of Path
        Files of the policies that they need; recorded sources are never executed.
    quiet : bool
        Whether no progress is shown.
    """
    results = open_results(folder)
    names = [*results.about["runs"]]
    damaged, verified = [], 0
    with _bar("verifying", len(names) + rerun, quiet) as advance:
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                what = store.damage(folder, name)
                damaged += [what] if what else []
                verified += what is None
            advance()
        found, whole = _others(results)
        found += _figures_that_differ(results)
        damaged += found
        notes = [one for one in remarks(results) if not one.startswith(("damaged", "not finished"))]
        same: list[str] = []
        differing: list[str] = []
        if rerun:
            notes += _made_again(results, rerun, policies, same, differing, advance)
    missing = sum(name not in results.damaged for name in lacking_in(results))
    return Audit(verified + whole, damaged, missing, same, differing, notes, results.hash)


def audit_lines(found: Audit, folder: Path) -> Iterator[str]:
    """Yield what an audit found."""
    yield f"{found.verified} files are what was written, to the bit."
    for one in found.damaged:
        yield f"  damaged: {one}"
    if found.missing:
        yield f"  {found.missing} runs are not there"
    for one in found.notes:
        yield f"  note: {one}"
    if found.same:
        yield f"Made again, with the same bits: {', '.join(found.same)}"
    for one in found.differing:
        yield f"  differs: {one}"
    yield f"Results  {found.hash}   over all recorded values"
    step = (folder_command("compare", folder), "the effects of every arm")
    if found.damaged or found.missing:
        step = (folder_command("run", folder), "makes again what is damaged or missing")
    yield from next_lines([step])


def tidy_folder(folder: Path) -> dict[str, int]:
    """Remove what no arm uses any more and what processes left that are gone; return how many files of each kind."""
    refuse_links(folder)
    results = open_results(folder)
    wanted = set(results.about["runs"])
    removed = {"runs that no arm uses any more": 0, "states that no run needs": 0, "files left by killed processes": 0}
    with contextlib.suppress(OSError):
        set_aside(folder, frozenset(wanted))
    for name in store.run_names(folder, store.UNUSED):
        if not is_ours(store.run_path(folder, name, store.UNUSED)):
            continue
        store.run_path(folder, name, store.UNUSED).unlink(missing_ok=True)
        removed["runs that no arm uses any more"] += 1
    with contextlib.suppress(OSError):
        (folder / store.UNUSED).rmdir()
    needed = {start_path(folder, name) for name in results.about["starts"]}
    for path in (folder / "starts").glob("*.zst"):
        if path not in needed and is_ours(path):
            path.unlink(missing_ok=True)
            removed["states that no run needs"] += 1
    before = len(list(folder.glob("**/.*.tmp")))
    for part in ("", "runs", "starts", "cache"):
        clear_temporary(folder / part)
    removed["files left by killed processes"] += before - len(list(folder.glob("**/.*.tmp")))
    for path in (folder / "claims").glob("*"):
        host, _, pid = path.name.partition("-")
        pid = pid.partition("-")[0]
        if host == HOST and pid.isdecimal() and not process_lives(int(pid)):
            path.unlink(missing_ok=True)
            removed["files left by killed processes"] += 1
    return removed


def _others(results: Results) -> tuple[list[str], int]:
    """Return what is wrong with the files beside the runs, and how many are whole."""
    folder = results.folder
    damaged = [results.damage] if results.damage else []
    whole = 2 - len(damaged)
    sealed = [folder / REPORT, folder / NOTES, folder / METRICS_KEPT, folder / PAIRS_KEPT]
    sealed += sorted((folder / "starts").glob("*.npy.zst"))
    for path in sealed:
        if not path.is_file():
            continue
        if seal_of(path.read_bytes()) is None:
            damaged.append(f"{path}: not what was written (its seal differs)")
        else:
            whole += 1
    for one in store.failures(folder).values():
        damaged += [str(one["error"])] if one.get("damaged") else []
    return damaged, whole


def _figures_that_differ(results: Results) -> list[str]:
    """Work metrics and pairs out again; return which of those that are kept are not what the runs give."""
    paths = (results.folder / METRICS_KEPT, results.folder / PAIRS_KEPT)
    wrong: dict[Path, str] = {}
    for one in map(results.under, results.scenarios):
        try:
            kept = figures(one.folder, one.champion, one.known, others=one.others)
            afresh = figures(one.folder, one.champion, one.known, afresh=True)
        except DamagedError as error:
            return [str(error)]
        wrong |= {
            path: f"{path}: not what the runs give; remove it"
            for path, has, other in zip(paths, kept, afresh, strict=True)
            if not has.astype(object).equals(other.astype(object))
        }
    return list(wrong.values())


def _made_again(
    results: Results,
    rerun: int,
    policies: Sequence[Path],
    same: list[str],
    differing: list[str],
    advance: Callable[[], object],
) -> Iterator[str]:
    """Make some runs again from nothing but their record; yield what there is to say."""
    about, folder = results.about, results.folder
    recorded = about["own_policies"]
    digests = {snapshot(path).digest for path in policies}
    missing = [one for one in recorded if one["sha256"] not in digests]
    without = arms_without(about, missing)
    if without:
        command = full_command(folder, recorded).replace("tenure run", f"tenure audit --rerun {rerun}", 1)
        yield f"arm {', '.join(without)} is not made again: its policy is a user's own. With its file: {command}"
    if len(without) == len(about["arms"]):
        return
    shipped = bool(about["config"].get("shipped"))
    path = where_config_is(about, folder, shipped)
    experiment = load_recorded(
        about["written"], folder / ABOUT, [], policies, without, path, list(about["sets"]), shipped
    )
    with tempfile.TemporaryDirectory(prefix="tenure-audit-") as nowhere:
        planned = plan_tasks(experiment, Path(nowhere), design=lambda _: recorded_points(about, without))
        tasks = [_of(results, task) for task in planned.runs if task.point.arm not in without]
        chosen = sorted((task for task in tasks if task is not None), key=_drawn)[:rerun]
        for task in chosen:
            told = _rebuilt(planned.order, task, results)
            (differing if told else same).append(f"{task.point.label}{told}")
            advance()


def _of(results: Results, task: Task) -> Task | None:
    """Return a task under the name that its run has in the folder; None if it is not there."""
    for name, one in results.known.items():
        if one.point == task.point:
            return task._replace(name=name)
    return None


def _drawn(task: Task) -> bytes:
    return hashlib.sha256(task.name.encode()).digest()


def _rebuilt(order: Order, task: Task, results: Results) -> str:
    """Make a run again, state before month 0 included; return what differs, empty if nothing does."""
    try:
        limits = Limits().over(1)
        again: str = ask_once(
            "tenure.experiments.running.work:lived_again",
            (order, task),
            "tenure.experiments.running.work",
            limits,
            HASH_SEED,
        )
    except JobStoppedError as error:
        return f": {error.what}"
    if again == results.known[task.name].checksum:
        return ""
    return ": other values" if len(again) == 64 else f": {again}"


@contextlib.contextmanager
def _bar(what: str, total: int, quiet: bool) -> Iterator[Callable[[], object]]:
    """Show progress on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(36), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=quiet, transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda: bars.advance(task)
