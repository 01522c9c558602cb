"""Rules run as written, or compiled: the two marks, and a cache that knows when any rule was edited.

Numba's disk cache looks at the file of the compiled entry point alone, so the cache's folder is named by a hash of all
rule sources. SVML is switched off because its exp and log differ from the C library's in the last bit.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
import numba
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])


def sources_hash() -> str:
    """Return 16 hex digits over the sources that compiled code is made from: `agents`, and the loops over it."""
    root = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    loops = [root.parent / "simulation" / name for name in ("compiled.py", "counting.py")]
    for path in [*sorted(root.glob("*.py")), *loops]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Return where compiled rules are kept: the user's cache folder, else the temporary one."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not os.access(base if base.exists() else base.parent, os.W_OK):
        base = Path(tempfile.gettempdir())
    return base / "tenure" / f"rules-{sources_hash()}"


vars(numba.config)["CACHE_DIR"] = str(cache_folder())


def rule(function: F) -> F:
    """Mark a scalar rule: plain Python as written, and callable from compiled code."""
    register_jitable(function)
    return function


def compiled(**options: Any) -> Callable[[F], F]:
    """Mark an entry point that is always compiled, released from the GIL, and cached on disk."""

    def mark(function: F) -> F:
        return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function))

    return mark
