"""Whether code that is not ours left the process as it was: our modules, NumPy, luck, and the process itself.

A run's bits depend on its address alone only if no run changes what the next one finds. A policy of a user's own is
Python and may change anything; so what it could reach is compared before and after.
"""

import builtins
import hashlib
import os
import random
import sys
import threading
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import NamedTuple

import numpy as np

OURS = ("tenure",)
"""Top-level names of the program itself."""
_LIBRARIES = ("numpy", "math", "random", "builtins", "scipy.special", "scipy.stats", "pandas")
"""Modules that rules, policies and recorders call by attribute."""
_LOADS_POLICIES = "tenure.experiments.plugins.own_policies"
"""Its finder is put in and taken out around a policy: not the policy's doing."""
_LARGEST_ARRAY = 1_000_000  # bytes of an array in a module whose content is compared


class Fingerprint(NamedTuple):
    """What was found at one moment; hold it to compare with `changes`."""

    attributes: dict[str, dict[str, object]]
    """Module, or class in a module -> name -> object; the objects are kept, so that no address is used again."""
    contents: dict[str, object]
    """Function, container or array -> what it holds."""
    threads: frozenset[int]
    """Those that run, but for the pools that libraries keep."""
    process: dict[str, object]
    """Luck, error state, environment and the like, each under the words it is told in."""


def fingerprint() -> Fingerprint:
    """Return what our modules, NumPy and this process look like now."""
    attributes: dict[str, dict[str, object]] = {}
    contents: dict[str, object] = {}
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and (name.partition(".")[0] in OURS or name in _LIBRARIES):
            attributes[name] = _plain(vars(module))
            if name.partition(".")[0] in OURS:
                _note_contents(name, vars(module), attributes, contents)
    threads = frozenset(id(one) for one in threading.enumerate() if _counts(one))
    return Fingerprint(attributes, contents, threads, _process())


def changes(before: Fingerprint) -> list[str]:
    """Return what differs from a fingerprint taken earlier in this process, a phrase each; empty if nothing does.

    What was added to a module because another part of the program was imported meanwhile does not count.
    """
    now = fingerprint()
    found = list(_changed_attributes(before, now))
    found += [
        f"{name} was changed"
        for name, held in before.contents.items()
        if name in now.contents and not _alike(held, now.contents[name])
    ]
    found += [words for words, value in before.process.items() if not _alike(value, now.process[words])]
    if now.threads - before.threads:
        found.append("a thread was left running")
    return found


def _changed_attributes(before: Fingerprint, now: Fingerprint) -> Iterator[str]:
    for where, had in before.attributes.items():
        has = now.attributes.get(where)
        if has is None:
            yield f"{where} was removed"
            continue
        for name in had.keys() | has.keys():
            if name in had and name in has:
                if had[name] is not has[name]:
                    yield f"{where}.{name} was replaced"
            elif name in had:
                yield f"{where}.{name} was removed"
            elif not isinstance(has[name], ModuleType):
                yield f"{where}.{name} was added"


def _note_contents(
    where: str, names: dict[str, object], attributes: dict[str, dict[str, object]], contents: dict[str, object]
) -> None:
    """Note what functions, classes, containers and arrays of one of our modules hold."""
    for name, value in list(names.items()):
        full = f"{where}.{name}"
        if name.startswith("__"):
            continue
        if isinstance(value, FunctionType):
            contents[full] = (value.__code__, value.__defaults__, value.__kwdefaults__)
        elif isinstance(value, type) and value.__module__ == where:
            attributes[full] = _plain(vars(value))
            for inner, method in list(vars(value).items()):
                if isinstance(method, FunctionType):
                    contents[f"{full}.{inner}"] = (method.__code__, method.__defaults__, method.__kwdefaults__)
        elif isinstance(value, dict):
            contents[full] = tuple(x for item in value.items() for x in item)
        elif isinstance(value, list | set | frozenset):
            contents[full] = tuple(value)
        elif isinstance(value, np.ndarray) and value.nbytes <= _LARGEST_ARRAY:
            contents[full] = value.tobytes()


def _plain(names: Mapping[str, object]) -> dict[str, object]:
    """Return a module's or class's names without those that Python itself writes."""
    return {name: value for name, value in list(names.items()) if not name.startswith(("__", "_abc_"))}


def _process() -> dict[str, object]:
    algorithm, keys, *rest = np.random.get_state()
    return {
        "NumPy's global generator was used": (algorithm, hashlib.sha256(np.asarray(keys).tobytes()).digest(), *rest),
        "NumPy's error state was changed": (tuple(sorted(np.geterr().items())), np.geterrcall()),
        "Python's global generator was used": hash(random.getstate()),
        "the environment was changed": tuple(sorted(os.environ.items())),
        "the folder of the process was changed": _cwd(),
        "sys.path was changed": tuple(sys.path),
        "what imports modules was changed": tuple(
            id(one) for one in sys.meta_path if type(one).__module__ != _LOADS_POLICIES
        ),
        "sys.stdout or sys.stderr was replaced": (id(sys.stdout), id(sys.stderr)),
        "a trace or profile was set": (id(sys.gettrace()), id(sys.getprofile())),
        "the recursion limit was changed": sys.getrecursionlimit(),
        "a hook of Python was changed": (id(sys.excepthook), id(sys.displayhook), id(builtins.__import__)),
    }


def _counts(thread: threading.Thread) -> bool:
    """Return whether a thread would be told of: not those of the pools that libraries keep."""
    return not thread.name.startswith(("ThreadPoolExecutor", "Thread-arrow", "tenure"))


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _alike(one: object, other: object) -> bool:
    """Return whether two notes are the same: by value for plain data, by identity for objects."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_alike(a, b) for a, b in zip(one, other, strict=True))
    if one is other:
        return True
    plain = (str, bytes, int, float, bool, frozenset, type(None))
    return isinstance(one, plain) and type(one) is type(other) and bool(one == other)
