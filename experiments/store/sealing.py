"""Files that are whole or not there, and that hold the SHA-256 of themselves, so that any changed bit is found.

A seal is an integrity check, not a signature: it tells damage, and a hand that did not know of it; whoever makes a
file anew seals it anew.
"""

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MARK = b"sha256 of this file with zeros here: "
"""What stands before the seal, in every kind of file."""
ZEROS = b"0" * 64
LARGEST_JSON = 256_000_000
"""Bytes of the largest record, 100,000 runs and their policies, with room to spare."""
_TEMPORARY = re.compile(r"\..+\.(?P<host>[0-9a-f]{12})-(?P<pid>\d+)-(?P<token>[0-9a-f]{12})\.[0-9a-f]{8}\.tmp")


class DamagedError(ValueError):
    """A stored file that is not what was written."""


def sealed(data: bytes) -> bytes:
    """Put the seal into data that hold `MARK` and 64 zeros behind it; the last such place counts."""
    start = _seal_start(data)
    if start is None or data[start : start + 64] != ZEROS:
        raise ValueError("there is no place for a seal in these data")
    return data[:start] + _digest(data, start) + data[start + 64 :]


def seal_of(data: bytes) -> str | None:
    """Return the seal of a file's bytes if it is right, None if a bit differs or there is none."""
    start = _seal_start(data)
    if start is None or _digest(data, start) != data[start : start + 64]:
        return None
    return data[start : start + 64].decode()


def json_sealed(value: Mapping[str, object]) -> bytes:
    """Return a mapping as readable JSON with a seal as its last entry; ValueError if JSON cannot hold it."""
    try:
        text = json.dumps({**value, "seal": (MARK + ZEROS).decode()}, indent=1, ensure_ascii=False, allow_nan=False)
        return sealed(text.encode())
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be stored as JSON: {error}; use text, finite numbers, lists and maps") from error


def json_unsealed(path: Path) -> dict[str, Any]:
    """Read a mapping that `json_sealed` wrote.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedError
        If it is not what was written, is larger than any such file, or cannot be read.
    """
    data = read_plain(path, LARGEST_JSON)
    if seal_of(data) is None:
        what = "not what was written (its seal differs)" if MARK in data else "has no seal: tenure did not write it so"
        raise DamagedError(f"{path}: {what}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path}: holds no JSON ({error})") from None
    if not isinstance(value, dict):
        raise DamagedError(f"{path}: holds no record")
    value.pop("seal", None)
    return value


def read_plain(path: Path, largest: int) -> bytes:
    """Read a file whole, if it is a file: a pipe or a device, which a folder may hold as well, could be endless.

    Raises
    ------
    FileNotFoundError, PermissionError
        As the system says.
    DamagedError
        If it is no file, is larger than any such file, or cannot be read.
    """
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):
            raise DamagedError(f"{path}: this is no file")
        if told.st_size > largest:
            raise DamagedError(f"{path}: larger than any file of its kind")
        return path.read_bytes()
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise DamagedError(f"{path}: cannot be read ({error.strerror or error})") from error


def write_whole(path: Path, data: bytes, root: Path | None = None) -> None:
    """Write under another name, make sure that it is on the disk, then give it its name.

    A link in the place of the file is replaced, never followed.

    Parameters
    ----------
    path : Path
        The file.
    data : bytes
        All of it.
    root : Path, optional
        The folder that nothing may leave: below it no folder on the way may be a link.

    Raises
    ------
    OSError
        If the disk is full or refuses, or a folder on the way is a link; nothing is left behind.
    """
    _refuse_links(path, root)
    temporary = path.with_name(temporary_name(path.name))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        for folder in (path.parent, path.parent.parent):
            _sync_folder(folder)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno,
                f"the disk is full: {path.name} needs {len(data):,} bytes and was not stored; make room and "
                "give the same command again, finished runs are kept",
                str(path.parent),
            ) from error
        raise


def write_new(path: Path, data: bytes) -> bool:
    """As `write_whole`, only if there is no such file yet; return whether it was written."""
    temporary = path.with_name(temporary_name(path.name))
    write_whole(temporary, data)
    try:
        os.link(temporary, path, follow_symlinks=False)
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without links: as good as it can be had there
        if path.exists():
            return False
        os.replace(temporary, path)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def temporary_name(name: str) -> str:
    """Return a name that no other process uses, on this machine or another, to write a file under first."""
    return f".{name}.{HOST}-{os.getpid()}-{TOKEN}.{secrets.token_hex(4)}.tmp"


def clear_temporary(folder: Path, pids: frozenset[int] = frozenset()) -> None:
    """Remove what this process and its workers, or processes of this machine that are gone, had begun to write.

    Files of other machines are left alone, however old they look: clocks of machines differ.

    Parameters
    ----------
    folder : Path
        Whose temporary files.
    pids : frozenset of int
        Processes known to be gone or to write no more.
    """
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if found is None or found["host"] != HOST:
            continue
        pid = int(found["pid"])
        if pid in pids or found["token"] == TOKEN or not process_lives(pid):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def process_lives(pid: int) -> bool:
    """Return whether there is a process of this number on this machine."""
    if os.name != "posix":
        return True  # asking would end it there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _host() -> str:
    """Return 12 hex digits for this machine since it was started, and this container of it."""
    parts = [socket.gethostname()]
    with contextlib.suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


HOST = _host()
TOKEN = secrets.token_hex(6)
"""Of this process."""


def _seal_start(data: bytes) -> int | None:
    at = data.rfind(MARK)
    return None if at < 0 else at + len(MARK)


def _digest(data: bytes, start: int) -> bytes:
    whole, view = hashlib.sha256(), memoryview(data)
    for part in (view[:start], ZEROS, view[start + 64 :]):
        whole.update(part)
    return whole.hexdigest().encode()


def _refuse_links(path: Path, root: Path | None) -> None:
    if root is None:
        return
    folder = path.parent
    while folder != root and root in folder.parents:
        if folder.is_symlink():
            raise OSError(
                errno.ELOOP, "this folder of the results is a link: nothing is written through it", str(folder)
            )
        folder = folder.parent


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # a folder cannot be opened there; the system keeps its own journal
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
