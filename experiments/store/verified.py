"""Which run files were found whole before, so that they need not be read again while they are the same files.

A file counts as the same while its size, its time and its number on the disk are; one in a hundred is read again all
the same. The notes lie in the folder's cache, sealed; without them everything is read.
"""

import contextlib
import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.design.point import Over, Point, over_told
from tenure.experiments.running.workers import processors
from tenure.experiments.store.provenance import environment
from tenure.experiments.store.sealing import DamagedError, json_sealed, json_unsealed, write_whole
from tenure.experiments.store.store import FORMAT, LaterFormatError, run_path, verified_run, whole_number

NOTES = Path("cache") / "verified.json"
READ_AGAIN = 0.01
"""Share of the known files that are read again though nothing shows that they changed."""


_LARGE = 100_000  # bytes of a file from which hashing, which several threads can do at once, takes longest


class Known(NamedTuple):
    """A run file that was found whole."""

    size: int
    time_ns: int
    number: int
    seal: str
    arm: str
    replication: int
    checksum: str
    environment: str
    """Versions that it was made with, as one text."""
    scenario: str = ""
    over: Over = ()

    @property
    def point(self) -> Point:
        """What the run says that it is."""
        return Point(self.scenario, self.arm, self.replication, self.over)


class Runs:
    """The run files of a folder.

    Attributes
    ----------
    known : dict of str to Known
        Those found whole.
    damaged : dict of str to str
        Run to what is wrong with its file.
    later : set of str
        Those of them that a later version of the program wrote.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.changed = folder, False
        self.known: dict[str, Known] = {}
        self.damaged: dict[str, str] = {}
        self.later: set[str] = set()
        with contextlib.suppress(OSError, DamagedError, LookupError, AttributeError, TypeError, ValueError):
            notes = json_unsealed(folder / NOTES)
            if notes["format"] == FORMAT:
                environments = notes["environments"]
                read = {
                    name: Known._make([*one[:-3], environments[one[-3]], one[-2], over_told(one[-1])])
                    for name, one in notes["runs"].items()
                }
                if all(_is_sound(one) for one in read.values()):
                    self.known = read

    def look(self, names: Iterable[str], all_anew: bool = False, progress: Callable[[], None] = lambda: None) -> None:
        """Bring what is known of some runs up to date; what is missing is forgotten.

        Parameters
        ----------
        names : iterable of str
            Runs.
        all_anew : bool
            Whether every seal is verified, also of files that look the same.
        progress : callable
            Told of each file that was read.
        """
        chance = random.Random()
        wanted, size = [], 0
        for name in names:
            before = self.known.get(name)
            try:
                found = _stamp(run_path(self.folder, name))
            except OSError:
                self.changed |= self.known.pop(name, None) is not None
                self.damaged.pop(name, None)
                continue
            if all_anew or before is None or before[:3] != found or chance.random() < READ_AGAIN:
                wanted.append(name)
                size += found[0]
        threads = processors() if size > _LARGE * len(wanted) else 1
        pieces = [wanted[at : at + 50] for at in range(0, len(wanted), 50)]
        with ThreadPoolExecutor(threads) as pool:
            read = (
                one for piece in pool.map(lambda some: [self._read(name) for name in some], pieces) for one in piece
            )
            for name, one in zip(wanted, read, strict=True):
                self.damaged.pop(name, None)
                if isinstance(one, Known):
                    self.changed |= self.known.get(name) != one
                    self.known[name] = one
                else:
                    self.changed |= self.known.pop(name, None) is not None
                    if one:
                        self.damaged[name] = one
                progress()

    def save(self) -> None:
        """Write the notes, if anything is new; a folder that cannot be written is left as it is."""
        if not self.changed:
            return
        environments = sorted({one.environment for one in self.known.values()})
        places = {one: place for place, one in enumerate(environments)}
        rows = {
            name: [*one[:-3], places[one.environment], one.scenario, [*map(list, one.over)]]
            for name, one in self.known.items()
        }
        with contextlib.suppress(OSError):
            data = json_sealed({"format": FORMAT, "environments": environments, "runs": rows})
            write_whole(self.folder / NOTES, data, self.folder)
            self.changed = False

    def _read(self, name: str) -> Known | str:
        path = run_path(self.folder, name)
        try:
            stamp = _stamp(path)
            seal, own = verified_run(self.folder, name)
            return Known(
                *stamp,
                seal,
                str(own["arm"]),
                whole_number(own["replication"]),
                str(own["checksum"]),
                environment_text(own["environment"]),
                str(own.get("scenario", "")),
                over_told(own.get("over", [])),
            )
        except FileNotFoundError:
            return ""
        except LaterFormatError as error:
            self.later.add(name)
            return str(error)
        except DamagedError as error:
            return str(error)
        except (OSError, LookupError, TypeError, ValueError) as error:
            return f"{path}: cannot be read ({error})"


def environment_text(versions: object = None) -> str:
    """Return versions as one text, by default those of this process; TypeError if they are no mapping."""
    told = environment() if versions is None else versions
    if not isinstance(told, dict):
        raise TypeError("versions are a mapping")
    return ", ".join(f"{name} {told[name]}" for name in sorted(told))


def _is_sound(one: Known) -> bool:
    """Return whether every part of a note is of its kind."""
    whole = (one.size, one.time_ns, one.number, one.replication)
    words = (one.seal, one.scenario, one.arm, one.checksum, one.environment)
    return all(isinstance(part, int) for part in whole) and all(isinstance(part, str) for part in words)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino
