"""Rules run as written, or compiled: the two marks, and a cache that knows when any rule was edited.

Numba's disk cache looks at the file of the compiled entry point alone, so the cache's folder is named by a hash of all
rule sources. It holds code that is run, so it lies where nobody else can write. Numba is loaded when the first entry
point is called: most commands call none.
"""

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Callable
from functools import cache, update_wrapper
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])
CACHE = "TENURE_CACHE"
"""Environment variable: the private folder to use, for the processes that this one starts."""


_APART: list[str] = []
"""What this process lives by beside the rules of `agents`, as a hash: one at most."""


def sources_hash() -> str:
    """Return 16 hex digits over the sources that compiled code is made from: `agents`, and the loops over it."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in [*sorted(root.rglob("*.py")), *sorted((root.parent / "simulation").rglob("*.py"))]:
        source = path.read_bytes()
        if root in path.parents or b"@compiled" in source:
            digest.update(path.relative_to(root.parent).as_posix().encode() + b"\0" + source)
    return digest.hexdigest()[:16]


def rules_folder_name() -> str:
    """Return the name of the folder of these sources, compiled here: Numba keeps code by the place of its source."""
    place = hashlib.sha256(str(Path(__file__).parent).encode()).hexdigest()
    return "-".join(["rules", sources_hash(), place[:8], *_APART])


@cache
def private_folder() -> Path:
    """Return a folder for caches, which nobody else can write or read.

    It is `tenure` in XDG_CACHE_HOME or ~/.cache; where that is a link, somebody else's or cannot be had, a fresh
    temporary one, removed when this process ends.
    """
    told, base = os.environ.get(CACHE), os.environ.get("XDG_CACHE_HOME")
    if told and _is_private(Path(told)):
        return Path(told)
    try:
        return _made_private((Path(base) if base else Path.home() / ".cache") / "tenure")
    except (OSError, RuntimeError):  # the latter without a home
        return _temporary()


@cache
def cache_folder() -> Path:
    """Return where compiled rules are kept."""
    name = rules_folder_name()
    try:
        return _made_private(private_folder() / name)
    except OSError:
        return _made_private(_temporary() / name)


@cache
def _temporary() -> Path:
    """Return a fresh private folder that lasts as long as this process, for those that it starts, too."""
    fresh, maker = Path(tempfile.mkdtemp(prefix="tenure-")), os.getpid()
    os.environ[CACHE] = str(fresh)

    def remove() -> None:
        if os.getpid() == maker:  # not in a fork
            shutil.rmtree(fresh, ignore_errors=True)

    atexit.register(remove)
    return fresh


def _made_private(folder: Path) -> Path:
    """Make a folder, or an old one of ours private again; OSError if it cannot be, or others may have written in it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if _is_ours(folder) and not _is_private(folder):
        folder.chmod(0o700)
        if not all(_is_ours(path, of_any_kind=True) for path in folder.rglob("*")):
            raise PermissionError(f"{folder}: somebody else has written here; delete it")
    if not _is_private(folder) or not os.access(folder, os.W_OK):
        raise PermissionError(f"{folder}: not a folder of ours alone; delete it, or set {CACHE} to one that is")
    return folder


def _is_private(folder: Path) -> bool:
    """Return whether this is a real folder of ours that nobody else can enter."""
    return _is_ours(folder) and (os.name == "nt" or not folder.lstat().st_mode & 0o077)


def _is_ours(path: Path, of_any_kind: bool = False) -> bool:
    """Return whether this is ours, and a real folder, if not anything will do."""
    try:
        found = path.lstat()
    except OSError:
        return False
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return ours and (stat.S_ISDIR(found.st_mode) or of_any_kind)


@cache
def load_numba() -> ModuleType:
    """Load Numba, with the cache in our folder."""
    import numba
    import numba.extending

    vars(numba.config)["CACHE_DIR"] = str(cache_folder())
    return numba


def lived_apart() -> str:
    """Return the hash of the other rules by which this process lives; empty if there are none."""
    return _APART[0] if _APART else ""


def live_apart(by: str) -> None:
    """From now on this process lives by other rules, too, whose compiled code is kept apart under this hash.

    Raises
    ------
    RuntimeError
        If it lives by others already, or something has been compiled.
    """
    if _APART or _RULES.given_out:
        raise RuntimeError("this process lives by other rules already: give it to a fresh one")
    _APART.append(by)
    cache_folder.cache_clear()
    if load_numba.cache_info().currsize:
        vars(load_numba().config)["CACHE_DIR"] = str(cache_folder())


def stand_in(original: Callable[..., object], other: Callable[..., object]) -> None:
    """Put another rule in the place of one, in every module that has it; nothing may have been compiled yet."""
    if not _APART:
        raise RuntimeError("compiled code of other rules is kept apart: call live_apart first")
    in_plain_python(original, other)


def in_plain_python(original: Callable[..., object], other: Callable[..., object]) -> None:
    """Put another rule in the place of one for code that is not compiled; the other way round it is put back."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == __name__.partition(".")[0]:
            for key in [key for key, one in list(vars(module).items()) if one is original]:
                setattr(module, key, other)


def compiled_alone(function: Callable[..., object]) -> Callable[..., object]:
    """Return a rule compiled by itself, kept nowhere."""
    with _RULES.lock:
        _RULES.register()
        made: Callable[..., object] = load_numba().njit(error_model="numpy")(function)
    return made


class _Rules:
    """Rules that were marked, until Numba is there to be told of them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[..., object], Callable[..., object]]] = []
        self.lock = threading.RLock()
        self.given_out = False
        """Whether an entry point was compiled, or read from the disk, in this process."""

    def add(self, function: Callable[..., object], inside: Callable[..., object]) -> None:
        with self.lock:
            self.waiting.append((function, inside))

    def register(self) -> None:
        """Make the rules marked so far callable from compiled code, where their lines stand in those that call them."""
        while self.waiting:
            function, inside = self.waiting.pop()
            inlined = load_numba().extending.overload(function, jit_options={"forceinline": True}, strict=False)
            inlined(_always(inside))


def _always(function: Callable[..., object]) -> Callable[..., Callable[..., object]]:
    """Return what tells Numba that this is the function, whatever the types of its arguments."""

    def whatever(*arguments: object) -> Callable[..., object]:
        return function

    return whatever


_RULES = _Rules()


class Dispatcher(Protocol):
    """What Numba makes of a function: it compiles for the types that it is called with."""

    @property
    def _numba_type_(self) -> object:
        """What Numba takes it for."""
        ...

    def __call__(self, *arguments: object) -> object:
        """Run it."""
        ...


class EntryPoint:
    """A function that is always compiled, when it is first called or met in compiled code."""

    def __init__(self, function: Callable[..., object]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._dispatcher: Dispatcher | None = None

    @property
    def _numba_type_(self) -> object:
        """What Numba takes it for where compiled code calls it."""
        return self.dispatcher._numba_type_

    @property
    def dispatcher(self) -> Dispatcher:
        """Numba's own function."""
        if self._dispatcher is None:
            with _RULES.lock:
                _RULES.register()
                _RULES.given_out = True
                made = load_numba().njit(cache=True, nogil=True, error_model="numpy")(self._function)
                self._dispatcher = self._dispatcher or made
        return self._dispatcher

    def __call__(self, *arguments: object) -> object:
        """Run it on these arguments."""
        return (self._dispatcher or self.dispatcher)(*arguments)


def rule(function: F) -> F:
    """Mark a scalar rule: plain Python as written, and callable from compiled code, where it is always inlined."""
    _RULES.add(function, function)
    return function


def in_bits(function: F) -> F:
    """Mark a function of a machine's words, for compiled code alone, where it is always inlined."""
    _RULES.add(function, function)
    return function


def when_compiled(other: Callable[..., object]) -> Callable[[F], F]:
    """Mark a rule in whose place compiled code has another function, which gives the same bits."""

    def marked(function: F) -> F:
        _RULES.add(function, other)
        return function

    return marked


def compiled(function: F) -> F:
    """Mark an entry point that is always compiled, released from the GIL, and cached on disk."""
    return cast(F, EntryPoint(function))
