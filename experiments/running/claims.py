"""Who works on what, so that several processes in one folder share the work.

A claim is a hint: one that is lost means that a run is made twice, with the same bits; it never keeps anybody
waiting for long. Each process writes one file with the names it works on and a number that it counts up; another
takes the claims for good while it sees the number move, by its own watch. Clocks of machines are not compared.
"""

import contextlib
import json
import os
import time
from pathlib import Path

from tenure.experiments.store.sealing import HOST, TOKEN, process_lives

BEAT_SECONDS = 2.0
SILENCE_SECONDS = 20.0
"""How long a process on another machine may be silent before its claims count no more."""
_LOOK_SECONDS = 0.5


def at_work(folder: Path) -> frozenset[str]:
    """Return what living processes of this machine say they work on in an experiment's folder; nothing is written."""
    names = set[str]()
    for path in _plain(folder / "claims"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            host, pid, claimed = _told(path.read_text(encoding="utf-8"))
            names |= set(claimed) if host == HOST and process_lives(pid) else set()
    return frozenset(names)


def _told(text: str) -> tuple[str, int, list[str]]:
    """Return the machine, the process and the names of a claim; some error if it is none."""
    told = json.loads(text)
    return str(told["host"]), int(told["pid"]), [str(one) for one in told["names"]]


def _plain(folder: Path) -> list[Path]:
    if folder.is_symlink():
        return []
    return [path for path in folder.glob("*.json") if path.is_file() and not path.is_symlink()]


class Claims:
    """The claims of this process, and those of others.

    Parameters
    ----------
    folder : Path
        The experiment's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "claims"
        self.path = self.folder / f"{HOST}-{os.getpid()}-{TOKEN}.json"
        self.mine: set[str] = set()
        self.count, self.beaten, self.looked = 0, 0.0, -1e9
        self.seen: dict[Path, tuple[str, float]] = {}
        self.theirs: frozenset[str] = frozenset()

    def take(self, name: str) -> None:
        """Say that this process works on something."""
        self.mine.add(name)
        self._write()

    def release(self, name: str) -> None:
        """Say that it does no more."""
        self.mine.discard(name)

    def beat(self) -> None:
        """Show others that this process lives; to be called often."""
        if self.mine and time.monotonic() - self.beaten > BEAT_SECONDS:
            self._write()

    def others(self) -> frozenset[str]:
        """Return what other living processes work on."""
        now = time.monotonic()
        if now - self.looked < _LOOK_SECONDS:
            return self.theirs
        self.looked, names = now, set()
        for path in self._files():
            try:
                text = path.read_text(encoding="utf-8")
                host, pid, claimed = _told(text)
            except (OSError, ValueError, KeyError, TypeError):
                continue  # damaged, or gone meanwhile: a claim may be lost
            if host == HOST and not process_lives(pid):
                with contextlib.suppress(OSError):
                    path.unlink()
                continue
            before = self.seen.get(path)
            if before is None or before[0] != text:
                self.seen[path] = before = (text, now)
            if now - before[1] <= SILENCE_SECONDS:
                names |= set(claimed)
        self.theirs = frozenset(names)
        return self.theirs

    def close(self) -> None:
        """Give up all claims."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        self._clear_dead()
        with contextlib.suppress(OSError):
            self.folder.rmdir()  # only if nobody else has a claim

    def _files(self) -> list[Path]:
        return [path for path in _plain(self.folder) if path != self.path]

    def _clear_dead(self) -> None:
        """Remove what processes of this machine left that are gone."""
        for path in () if self.folder.is_symlink() else self.folder.glob(f"{HOST}-*"):
            pid = path.name.split("-")[1]
            if pid.isdecimal() and not process_lives(int(pid)):
                with contextlib.suppress(OSError):
                    path.unlink()

    def _write(self) -> None:
        self.count, self.beaten = self.count + 1, time.monotonic()
        told = {"host": HOST, "pid": os.getpid(), "count": self.count, "names": sorted(self.mine)}
        with contextlib.suppress(OSError):
            if self.folder.is_symlink():
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(".new")
            temporary.write_text(json.dumps(told), encoding="utf-8")
            os.replace(temporary, self.path)
