"""What a result depends on beside its config: the program's sources, the commit, the versions it was made with."""

import hashlib
import platform
import re
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

from tenure import agents, experiments, policies, simulation

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


MAKE_A_RUN = ("arms.py", "market_factors.py", "own_classes.py", "own_policies.py", "starts.py", "work.py")
"""Files of `experiments` that a run is made by; no metric, table, report or command changes a run."""


@cache
def program_hash() -> str:
    """Return the SHA-256 (hex) of all that runs are made by: the simulator, and what of `experiments` makes runs."""
    roots = [Path(str(package.__file__)).parent for package in (agents, policies, simulation)]
    return sources_hash(roots, Path(str(experiments.__file__)).parent)


def sources_hash(simulator: Iterable[Path], runner: Path) -> str:
    """Return the SHA-256 (hex) of sources and shipped data.

    Parameters
    ----------
    simulator : iterable of Path
        Folders of which every source, and every YAML file, counts.
    runner : Path
        Folder of which the files `MAKE_A_RUN` alone count, wherever below it they lie.
    """
    digest = hashlib.sha256()
    counted = [(root, path) for root in simulator for kind in ("*.py", "*.yaml") for path in root.rglob(kind)]
    counted += [(runner, path) for name in MAKE_A_RUN for path in runner.rglob(name)]
    for name, path in sorted((f"{root.name}/{path.relative_to(root).as_posix()}", path) for root, path in counted):
        digest.update(f"{name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def version() -> str:
    """Return the version of the installed program, or that it is not installed."""
    try:
        return metadata.version("tenure")
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def environment() -> dict[str, str]:
    """Return the versions that a run depends on beside the sources."""
    names = ("mesa", "numpy", "scipy", "numba", "pandas", "pyarrow")
    return {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"} | {
        name: metadata.version(name) for name in names
    }


def commit_of(folder: Path) -> str:
    """Return the Git commit that a folder's work tree is at, empty if it is in none; Git itself is not needed."""
    for above in (folder.resolve(), *folder.resolve().parents):
        git = above / ".git"
        if git.is_file():  # a work tree beside the repository
            git = above / git.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        if git.is_dir():
            try:
                return _head(git)
            except OSError:
                return ""
    return ""


def _head(git: Path) -> str:
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if _COMMIT.fullmatch(head):
        return head
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    folders = [git, *([git / common.read_text(encoding="utf-8").strip()] if common.is_file() else [])]
    for folder in folders:
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
        packed = folder / "packed-refs"
        for line in packed.read_text(encoding="utf-8").splitlines() if packed.is_file() else ():
            commit, _, ref = line.partition(" ")
            if ref == name:
                return commit
    return ""
