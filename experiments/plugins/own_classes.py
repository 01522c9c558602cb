"""What a file of a user's own holds: executed afresh, found, named."""

import ast
import contextlib
import inspect
import traceback
from collections.abc import Iterator, Sequence
from types import ModuleType

from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.own_parts import OwnParts, misnamed, parts_in
from tenure.experiments.plugins.own_policies import PolicySource, loaded
from tenure.policies.shelf import ALIASES, SHELF


@contextlib.contextmanager
def policies_afresh(sources: Sequence[PolicySource]) -> Iterator[dict[str, type]]:
    """Give name -> class of the shelf and of policy files executed anew, and forget them afterwards.

    Raises
    ------
    ConfigError
        As `parts_afresh`.
    """
    with parts_afresh(sources) as each:
        yield {**SHELF, **{name: one for parts in each.values() for name, one in parts.policies.items()}}


@contextlib.contextmanager
def parts_afresh(sources: Sequence[PolicySource]) -> Iterator[dict[str, OwnParts]]:
    """Give path -> what is in it, of files executed anew, and forget them afterwards.

    Raises
    ------
    ConfigError
        If a file cannot be executed, holds nothing, or holds what has no name of its own.
    """
    with contextlib.ExitStack() as stack:
        try:
            modules = stack.enter_context(loaded(sources))
        except ConfigError:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not _own_lines(sources, error):
                raise
            raise ConfigError([_failure(sources, error)]) from error
        yield {source.path: found_in(source, modules[source.path]) for source in sources}


def found_in(source: PolicySource, module: ModuleType) -> OwnParts:
    """Return what an executed file holds.

    Raises
    ------
    ConfigError
        If it holds nothing, or takes a name twice or one that comes with the program.
    """
    deciding = [
        policy
        for _, policy in inspect.getmembers(module, inspect.isclass)
        if policy.__module__ == module.__name__ and callable(getattr(policy, "decide", None))
    ]
    named = {str(vars(policy)["name"]): policy for policy in deciding if isinstance(vars(policy).get("name"), str)}
    parts = parts_in(source, module, named)
    problems = [*_misnamed(source, deciding, bool(parts)), *misnamed(source, parts)]
    if problems:
        raise ConfigError(problems)
    return parts


def classes_of(source: PolicySource) -> dict[str, int]:
    """Return name -> line of `decide` of the policies that a file's text shows; nothing is executed."""
    found: dict[str, int] = {}
    for node in ast.walk(ast.parse(source.modules[0].source)):
        if isinstance(node, ast.ClassDef):
            named = [
                one.value.value
                for one in node.body
                if isinstance(one, ast.Assign) and _is_name(one) and isinstance(one.value, ast.Constant)
            ]
            decides = [one.lineno for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "decide"]
            found |= {str(name): (decides or [node.lineno])[0] for name in named}
    return found


def _is_name(node: ast.Assign) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "name" for one in node.targets)


def _own_lines(sources: Sequence[PolicySource], error: BaseException) -> list[tuple[str, int]]:
    """Return file and line of the frames of an error that lie in policy files, the last one last."""
    own = {path for source in sources for path in source.paths}
    return [(one.filename, one.lineno or 0) for one in traceback.extract_tb(error.__traceback__) if one.filename in own]


def _failure(sources: Sequence[PolicySource], error: BaseException) -> Problem:
    lines = _own_lines(sources, error)
    path, line = lines[-1] if lines else (sources[0].path, 0)
    if isinstance(error, SystemExit | KeyboardInterrupt | GeneratorExit):
        what, mend = f"the file ends the program when it is run ({type(error).__name__})", "Take that line out."
    else:
        what, mend = f"the file fails when it is run: {type(error).__name__}: {error}", "Mend the line."
    if isinstance(error, ModuleNotFoundError):
        mend = "Install it where tenure is installed, put it beside the policy, or do without it."
    if isinstance(error, SyntaxError):
        path, line = error.filename or path, error.lineno or line
        what = f"Python cannot read this: {error.msg}"
    return Problem(path, line, 1 if line else 0, what, mend)


def _misnamed(source: PolicySource, deciding: Sequence[type], holds_parts: bool) -> Iterator[Problem]:
    """Yield what is wrong with the names of the classes that decide, or that there is nothing in the file."""
    owners: dict[str, str] = {}
    for policy in sorted(deciding, key=lambda one: _line_of(source, one)):
        name, where = vars(policy).get("name"), (source.path, _line_of(source, policy), 1)
        if not isinstance(name, str):
            continue
        if name in (*SHELF, *ALIASES):
            yield Problem(*where, f"the policy '{name}' has the name of one on the shelf", "Give it another name.")
        if name in owners:
            what = f"the policies {owners[name]} and {policy.__name__} are both called '{name}'"
            yield Problem(*where, what, "Give one of them another name.")
        owners[name] = policy.__name__
    if not owners and (deciding or not holds_parts):
        what = "there is no policy in this file, nor another part"
        mend = "Write a class with a 'name' and a method 'decide(self, view)', or mark a function, as @tenure.metric."
        if deciding:
            what = f"{deciding[0].__name__} decides, but has no name by which a config could call it"
            mend = f'Add a line to the class, such as: name = "{deciding[0].__name__.lower()}".'
        line = _line_of(source, deciding[0]) if deciding else 0
        yield Problem(source.path, line, 1 if deciding else 0, what, mend)


def _line_of(source: PolicySource, policy: type) -> int:
    """Return the line on which a class begins."""
    tree = ast.parse(source.modules[0].source)
    lines = [one.lineno for one in ast.walk(tree) if isinstance(one, ast.ClassDef) and one.name == policy.__name__]
    return lines[-1] if lines else 0
