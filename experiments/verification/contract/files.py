"""What a policy opens beside what it is shown: files, connections, programs; heard from Python's audit events."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from tenure.experiments.verification.contract.source import INSTALLED, PACKAGES, Breach, Source

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
_OF_THE_SYSTEM = tuple(map(Path, ("/proc", "/sys", "/dev", "/etc", "/usr/share")))
_READS_SOURCES = ("importlib", "linecache.py", "tokenize.py", "zipimport", "numba")
"""Files of those who open files for Python's own sake."""
_OTHER = {
    "socket.connect": "it opens a connection",
    "socket.getaddrinfo": "it asks the network",
    "subprocess.Popen": "it starts another program",
    "os.system": "it starts another program",
    "os.exec": "it starts another program",
    "os.posix_spawn": "it starts another program",
    "os.fork": "it starts another process",
    "os.listdir": "it looks what is in a folder",
    "os.scandir": "it looks what is in a folder",
    "os.remove": "it changes files",
    "os.rename": "it changes files",
    "os.mkdir": "it changes files",
    "os.rmdir": "it changes files",
}
"""Event -> what it is called in a message."""
_ON_FILES = ("open", "sqlite3.connect", "os.listdir", "os.scandir")
_hearers: list[Callable[[str, tuple[object, ...]], None]] = []


@contextmanager
def hearing(source: Source, inputs: frozenset[Path], note: Callable[[Breach], None]) -> Iterator[None]:
    """Note what code of a policy's files opens meanwhile, except its `inputs`, Python's own files and sources."""
    _install()
    allowed = frozenset(one.resolve() for one in inputs) | {source.path.resolve()}

    def hear(event: str, given: tuple[object, ...]) -> None:
        at = source.on_the_stack(_READS_SOURCES)
        if at is None or (event in _ON_FILES and _is_pythons_own(given[0])):
            return
        if event in _OTHER:
            mend = "Leave it out: a policy decides from its view, its settings and its inputs alone."
            note(Breach(_OTHER[event], mend, at=at))
            return
        breach = _of_file(source, given[0], allowed, event == "open" and _writes(given))
        if breach is not None:
            breach.at = at
            note(breach)

    _hearers.append(hear)
    try:
        yield
    finally:
        _hearers.remove(hear)


@cache
def _install() -> None:
    sys.addaudithook(_heard)


def _heard(event: str, given: tuple[object, ...]) -> None:
    """Tell an event to who is hearing; nobody hears what is done for that."""
    if not _hearers or not (event in _OTHER or event in _ON_FILES):
        return
    hearers = _hearers[:]
    del _hearers[:]
    try:
        for hear in hearers:
            hear(event, given)
    finally:
        _hearers[:] = hearers


def _writes(given: tuple[object, ...]) -> bool:
    mode, flags = given[1], given[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & _WRITING)


def _of_file(source: Source, named: object, allowed: frozenset[Path], writes: bool) -> Breach | None:
    """Return what is wrong with opening a file; None if it may be opened."""
    given = _path_of(named)
    path = given.resolve()
    inside = path.is_relative_to(source.folder)
    name = path.relative_to(source.folder).as_posix() if inside else str(given)
    if writes:
        return Breach(f"it writes {name}: a policy only decides, and many runs go on side by side", "Leave it out.")
    if path in allowed or "__pycache__" in path.parts:
        return None
    unknown = "no result would tell what stood in it"
    if inside:
        what = f"it opens {name}, which is not among its inputs: {unknown}"
        return Breach(what, f'Add a line to the class: inputs = ("{name}",).')
    if not given.is_absolute() and (source.folder / given).exists():
        what = f"it opens {name} in whatever folder tenure is called"
        return Breach(what, f'Open the one beside the policy: Path(__file__).parent / "{name}".')
    mend = f'Put it beside the policy, and add a line to the class: inputs = ("{given.name}",).'
    return Breach(f"it opens {name} outside its folder: {unknown}", mend)


def _path_of(named: object) -> Path:
    """Return the path that an event tells; where it names none, the folder in which the program is."""
    return Path(os.fsdecode(named)) if isinstance(named, str | bytes | os.PathLike) and named else Path()


def _is_pythons_own(named: object) -> bool:
    """Return whether a file is the system's, Python's or a package's, or none, or was open already."""
    if named == ":memory:" or (named is not None and not isinstance(named, str | bytes | os.PathLike)):
        return True
    path = _path_of(named).resolve()
    return any(path.is_relative_to(one) for one in (*_OF_THE_SYSTEM, *PACKAGES, *INSTALLED))
