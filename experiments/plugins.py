"""Policies of a user's own, from Python files that the user names on the command line."""

import importlib.util
import inspect
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from experiments.reading import ConfigError, Problem
from policies.shelf import SHELF


def known_policies(files: Sequence[Path] = ()) -> dict[str, type]:
    """Return name -> class of the shelf and of the policies in some Python files.

    Raises
    ------
    ConfigError
        If a file is missing, does not run, holds no policy, or takes a name of the shelf.
    """
    return {**SHELF, **{name: policy for path in files for name, policy in _policies_in(path.resolve()).items()}}


def policies_of(files: Sequence[Path]) -> frozenset[str]:
    """Return the names of the policies that come from files."""
    return frozenset(name for path in files for name in _policies_in(path.resolve()))


@cache
def _policies_in(path: Path) -> dict[str, type]:
    if not path.is_file():
        raise ConfigError([Problem(str(path), 0, 0, "no such file", "Name a Python file with a policy in it.")])
    spec = importlib.util.spec_from_file_location(f"tenure_policies_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError([Problem(str(path), 0, 0, "this is no Python file", "Its name ends in .py.")])
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        where = (str(path), error.lineno or 0, error.offset or 0)
        raise ConfigError([Problem(*where, f"Python cannot read this: {error.msg}", "Mend the line.")]) from None
    except Exception as error:
        what = f"the file fails when it is run: {type(error).__name__}: {error}"
        raise ConfigError([Problem(str(path), 0, 0, what, "Run it with python to see where.")]) from error
    found = {
        str(vars(policy)["name"]): policy
        for _, policy in inspect.getmembers(module, inspect.isclass)
        if policy.__module__ == module.__name__ and isinstance(vars(policy).get("name"), str)
        and callable(getattr(policy, "decide", None))
    }  # fmt: skip
    if not found:
        mend = "Write a class with a 'name' and a method 'decide(self, view)'."
        raise ConfigError([Problem(str(path), 0, 0, "there is no policy in this file", mend)])
    taken = sorted(set(found) & set(SHELF))
    if taken:
        message = f"the policy '{taken[0]}' has the name of one on the shelf"
        raise ConfigError([Problem(str(path), 0, 0, message, "Give it another name.")])
    return found
