"""What a result depends on beside its config: the program's sources, the commit, the versions it was made with."""

import hashlib
import platform
import re
from functools import cache
from importlib import metadata
from pathlib import Path

import agents
import policies
import simulation

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@cache
def program_hash() -> str:
    """Return the SHA-256 (hex) of all that the simulator is made of: sources and shipped data of the three packages."""
    digest = hashlib.sha256()
    for package in (agents, policies, simulation):
        root = Path(str(package.__file__)).parent
        for path in sorted(one for kind in ("*.py", "*.yaml") for one in root.rglob(kind)):
            name = f"{root.name}/{path.relative_to(root).as_posix()}"
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
