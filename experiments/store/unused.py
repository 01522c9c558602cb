"""Runs that no arm uses any more, out of the way; and what in a folder of results is none of ours to move or remove."""

import contextlib
import errno
import os
from pathlib import Path

from tenure.experiments.store.sealing import MARK, DamagedError, read_plain
from tenure.experiments.store.store import LARGEST_RUN, RUNS, UNUSED, run_names, run_path

PARTS = (RUNS, UNUSED, "starts", "cache", "claims")
"""Folders within a folder of results."""


def refuse_links(folder: Path) -> None:
    """Raise OSError if a folder within a folder of results is a link.

    What lies behind a link is not the results' own: nothing is written, moved or removed there.
    """
    for part in PARTS:
        if (folder / part).is_symlink():
            what = "this folder of the results is a link: nothing is written or removed through it; put a folder there"
            raise OSError(errno.ELOOP, what, str(folder / part))


def is_ours(path: Path) -> bool:
    """Return whether tenure wrote a file of a folder of results, also if it is damaged since."""
    try:
        data = b"" if path.is_symlink() else read_plain(path, LARGEST_RUN)
        return MARK in data or b"tenure.record" in data
    except (OSError, DamagedError):
        return False


def set_aside(folder: Path, wanted: frozenset[str]) -> list[str]:
    """Move runs that are not wanted out of the way, and such as are back; return the names of those moved out.

    They wait in ``unused/`` until `tenure tidy` removes them, so that whoever reads all files in ``runs/`` as one
    table reads no run twice. Files that tenure did not write stay where they are.
    """
    moved = []
    for name in run_names(folder):
        if name not in wanted and is_ours(run_path(folder, name)):
            moved.append(name)
            target = run_path(folder, name, UNUSED)
            target.parent.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(run_path(folder, name), target)
    for name in run_names(folder, UNUSED):
        if name in wanted and not run_path(folder, name).exists():
            with contextlib.suppress(FileNotFoundError):
                os.replace(run_path(folder, name, UNUSED), run_path(folder, name))
    return moved
