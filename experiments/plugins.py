"""Policies of a user's own, from Python files that the user names on the command line."""

import ast
import importlib.util
import inspect
import traceback
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from experiments.reading import ConfigError, Problem
from policies.shelf import SHELF


def known_policies(files: Sequence[Path] = ()) -> dict[str, type]:
    """Return name -> class of the shelf and of the policies in some Python files.

    Raises
    ------
    ConfigError
        If a file is missing, does not run, holds no policy, or takes a name twice or one of the shelf.
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
        mend = "Mend the line, or the one before it."
        raise ConfigError([Problem(*where, f"Python cannot read this: {error.msg}", mend)]) from None
    except Exception as error:
        what = f"the file fails when it is run: {type(error).__name__}: {error}"
        lines = [one.lineno or 0 for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
        absent = isinstance(error, ModuleNotFoundError)
        mend = "Install it where tenure is installed, or do without it." if absent else "Mend the line."
        raise ConfigError([Problem(str(path), lines[-1] if lines else 0, 1, what, mend)]) from error
    deciding = [
        policy for _, policy in inspect.getmembers(module, inspect.isclass)
        if policy.__module__ == module.__name__ and callable(getattr(policy, "decide", None))
    ]  # fmt: skip
    problems = list(_misnamed(path, deciding))
    if problems:
        raise ConfigError(problems)
    return {str(vars(policy)["name"]): policy for policy in deciding if isinstance(vars(policy).get("name"), str)}


def _misnamed(path: Path, deciding: Sequence[type]) -> Iterator[Problem]:
    """Yield what is wrong with the names of the classes that decide."""
    owners: dict[str, str] = {}
    for policy in sorted(deciding, key=lambda one: _line_of(path, one)):
        name, where = vars(policy).get("name"), (str(path), _line_of(path, policy), 1)
        if not isinstance(name, str):
            continue
        if name in SHELF:
            yield Problem(*where, f"the policy '{name}' has the name of one on the shelf", "Give it another name.")
        if name in owners:
            what = f"the policies {owners[name]} and {policy.__name__} are both called '{name}'"
            yield Problem(*where, what, "Give one of them another name.")
        owners[name] = policy.__name__
    if not owners:
        what = "there is no policy in this file"
        mend = "Write a class with a 'name' and a method 'decide(self, view)'."
        if deciding:
            what = f"{deciding[0].__name__} decides, but has no name by which a config could call it"
            mend = f'Add a line to the class, such as: name = "{deciding[0].__name__.lower()}".'
        yield Problem(str(path), _line_of(path, deciding[0]) if deciding else 0, 1 if deciding else 0, what, mend)


def _line_of(path: Path, policy: type) -> int:
    """Return the line on which a class begins."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [one.lineno for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == policy.__name__]
    return lines[-1] if lines else 0
