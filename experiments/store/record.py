"""What an experiment's folder holds: the record from which it can be repeated, read, and told apart from others."""

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tenure.experiments.config.documents import Value
from tenure.experiments.design.point import Point, point_at
from tenure.experiments.plugins.own_policies import PolicySource
from tenure.experiments.store.record_shape import About, ConfigRecord, is_about, misshapen
from tenure.experiments.store.sealing import (
    LARGEST_JSON,
    MARK,
    DamagedError,
    json_sealed,
    json_unsealed,
    read_plain,
    write_new,
    write_whole,
)
from tenure.experiments.store.store import FORMAT, LaterFormatError

ABOUT = "experiment.json"
COPY = Path("runs") / ABOUT
REPORT = "report.html"
MADE_BY = '<meta name="generator" content="tenure">'
"""In every report, so that no other page is taken for one."""
LARGEST_REPORT = 1_000_000_000
MOST_NAMED = 8
"""Experiments that an error names at most."""


class Read(NamedTuple):
    """A folder's record, and what is wrong with one of the two files that hold it."""

    about: About
    damage: str


class FolderTakenError(ValueError):
    """A folder that holds something else than the experiment that is to be run."""


class JustTakenError(FolderTakenError):
    """A folder that was free a moment ago."""


def read_about(folder: Path) -> Read:
    """Read the record of a folder, from its copy if it is damaged.

    Raises
    ------
    FileNotFoundError
        If the folder holds no experiment, or is the folder of runs in one.
    DamagedError
        If both files are damaged.
    LaterFormatError
        If a later version of the program wrote it.
    """
    if folder.name == COPY.parent.name and (folder.parent / ABOUT).is_file():
        raise FileNotFoundError(f"{folder}: is only a part of the experiment in {folder.parent}; name that folder")
    damages: list[str] = []
    found: About | None = None
    for path in (folder / ABOUT, folder / COPY):
        try:
            about = json_unsealed(path)
        except FileNotFoundError:
            damages.append(f"{path}: is missing")
        except DamagedError as error:
            damages.append(str(error))
        else:
            if not isinstance(about.get("format"), int) or about["format"] < FORMAT:
                raise DamagedError(f"{path}: written by an earlier version; make it again from its config")
            if about["format"] > FORMAT:
                raise LaterFormatError(f"{path}: written by a later version (format {about['format']}); update tenure")
            if is_about(about):
                found = found or about
            else:
                damages.append(f"{path}: {misshapen(about)} in it is not as tenure writes it")
    if found is not None:
        return Read(found, damages[0] if damages else "")
    if all(one.endswith("is missing") for one in damages):
        raise FileNotFoundError(f"{folder}: there is no experiment in this folder; {_where_else(folder)}")
    raise DamagedError(f"{damages[0]}; 'tenure run CONFIG -o {folder}' makes it again")


def _where_else(folder: Path) -> str:
    """Say which experiments lie one folder below, or how to make one."""
    inner = sorted(str(path.parent) for path in folder.glob(f"*/{ABOUT}"))
    if not inner:
        return "'tenure run CONFIG' makes one"
    if len(inner) == 1:
        return f"there is one in {inner[0]}"
    more = f" and {len(inner) - MOST_NAMED} more" if len(inner) > MOST_NAMED else ""
    return f"there are {len(inner)} below it, name one of them: {', '.join(inner[:MOST_NAMED])}{more}"


def recorded_points(about: About, without: Collection[str] = ()) -> Iterator[Point]:
    """Yield the points of a folder as its record has them, with what is laid over their markets; some arms aside."""
    for address in about["runs"].values():
        point = point_at(address)
        if point is not None and point.arm not in without:
            yield point


def write_about(folder: Path, about: Mapping[str, object]) -> None:
    """Write the record of a folder, and its copy; OSError if the disk refuses."""
    data = json_sealed({**about, "format": FORMAT})
    for path in (folder / COPY, folder / ABOUT):
        if not _same(path, data):
            write_whole(path, data, folder)


def claim_folder(folder: Path, about: Mapping[str, object]) -> bool:
    """Write the record of a folder that has none; return False if another process was quicker."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_new(folder / ABOUT, json_sealed({**about, "format": FORMAT}))


def config_of(path: Path, shipped: bool, folder: Path) -> dict[str, Value]:
    """Return how a record names its config: a shipped one by name, else where it is, seen from two sides."""
    if shipped:
        return {"name": path.name, "shipped": True}
    absolute = path.resolve()
    beside = ""
    with contextlib.suppress(ValueError):  # another drive
        beside = Path(os.path.relpath(absolute, folder.resolve())).as_posix()
    return {"name": path.name, "path": str(absolute), "beside": beside}


def is_of(config: Mapping[str, object], recorded: object) -> bool:
    """Return whether a record is of this config: the same file, or the same place seen from the folder."""
    if not isinstance(recorded, dict) or bool(config.get("shipped")) != bool(recorded.get("shipped")):
        return False
    if config.get("shipped"):
        return bool(config["name"] == recorded.get("name"))
    return bool(
        config["path"] == recorded.get("path") or (config["beside"] and config["beside"] == recorded.get("beside"))
    )


def config_path(about: About, folder: Path) -> Path | None:
    """Return where the config of a record is now, None if it cannot be found."""
    return place_of(about["config"], folder)


def place_of(recorded: ConfigRecord, folder: Path) -> Path | None:
    """Return where a file that a record names is now, None if it is a shipped one or cannot be found."""
    if recorded.get("shipped"):
        return None
    tried = [folder.resolve() / str(recorded.get("beside") or "?"), Path(str(recorded.get("path") or "?"))]
    return next((one.resolve() for one in tried if one.is_file()), None)


def own_policies_told(
    sources: Sequence[PolicySource], folder: Path, parts: Iterable[Mapping[str, list[str]]]
) -> list[dict[str, object]]:
    """Return what a record says of a user's own files: their hash, what is in them, and their text, for reading only.

    `parts` has for each of them kind -> names of what is in it.
    """
    told: list[dict[str, object]] = []
    for source, mine in zip(sources, parts, strict=True):
        others = {kind: names for kind, names in mine.items() if kind != "policies"}
        texts = {
            (module.name or Path(module.path).name): module.source.decode(errors="replace").splitlines()
            for module in source.modules
        }
        told.append(
            {
                **config_of(Path(source.path), False, folder),
                "sha256": source.digest,
                "policies": mine.get("policies", []),
                **({"parts": others} if others else {}),
                "inputs": dict(source.inputs),
                "source": texts,
            }
        )
    return told


def foreign_files(folder: Path) -> list[str]:
    """Return files of a folder without a record that a run would replace though tenure did not write them."""
    about = folder / ABOUT
    found = [ABOUT] if about.exists() or about.is_symlink() else []
    return [*found, REPORT] if is_foreign_report(folder) else found


def is_foreign_report(folder: Path) -> bool:
    """Return whether a folder holds a page under the report's name that tenure did not write, damaged or not."""
    report = folder / REPORT
    if not (report.exists() or report.is_symlink()):
        return False
    try:
        data = read_plain(report, LARGEST_REPORT)
        return MADE_BY.encode() not in data[:4000] and MARK not in data
    except (OSError, DamagedError):
        return True


def _same(path: Path, data: bytes) -> bool:
    try:
        return not path.is_symlink() and read_plain(path, LARGEST_JSON) == data
    except (OSError, DamagedError):
        return False
