"""A policy's own source: where in it a breach of the contract lies, and what the text alone shows."""

import ast
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType

from tenure import agents
from tenure.experiments.config.documents import Place
from tenure.experiments.config.reading import Problem
from tenure.policies.settings.suggest import did_you_mean

TENURE = Path(agents.__file__).resolve().parent.parent
PACKAGES = tuple(TENURE / name for name in ("agents", "policies", "simulation", "experiments", "tenure"))
INSTALLED = tuple(
    Path(one).resolve() for one in {sys.prefix, *(path for path in sysconfig.get_paths().values() if path)}
)
"""Where Python and its packages lie."""
FORBIDDEN = ("tenure.simulation", "tenure.experiments", "gc")
PRIVATE = ("_beliefs", "_places", "_key")
FOR_TRYING = ("records_of", "with_records")
"""What `tenure.policies.view` has for those who try policies."""


class Breach(Exception):
    """The policy breaks the contract.

    Parameters
    ----------
    what, mend : str
        What it does, and how to mend it.
    words : tuple of str
        Words of the source that point to the place.
    at : Place, optional
        The place itself.
    kind : str
        Breaches of one kind are told once for a place; by default what they say before a bracket.
    """

    def __init__(
        self, what: str, mend: str, words: tuple[str, ...] = (), at: Place | None = None, kind: str = ""
    ) -> None:
        super().__init__(what)
        self.what, self.mend, self.words, self.at, self.kind = what, mend, words, at, kind or what.partition(" (")[0]


class Source:
    """The file of a policy and those of its folder that it imports.

    Parameters
    ----------
    path : Path
        The policy's file.
    text : str
        What stands in it.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path, self.text, self.folder = path, text, path.absolute().parent.resolve()
        self.texts = {path: text, **_helpers(path.parent, text, {})}
        self.policy = ""
        """Name of the class, once it is known."""

    def owns(self, filename: str) -> bool:
        """Return whether code of this file is the user's: the policy's file, or another of its folder."""
        return _is_own(filename, self.path.resolve(), self.folder)

    def place(self, filename: str, line: int, column: int) -> Place:
        """Return a place in one of its files, named as the user named the policy's."""
        file = Path(filename).resolve()
        own = file == self.path.resolve()
        return Place(str(self.path if own else self.path.parent / file.relative_to(self.folder)), line, column)

    def of_error(self, error: BaseException) -> Place | None:
        """Return the last place in its files that an error went through."""
        last, step = None, error.__traceback__
        while step is not None:
            last, step = step if self.owns(step.tb_frame.f_code.co_filename) else last, step.tb_next
        if last is None:
            return None
        code = last.tb_frame.f_code
        return self.place(code.co_filename, last.tb_lineno, _column(code, last.tb_lasti))

    def on_the_stack(self, skip: tuple[str, ...] = ()) -> Place | None:
        """Return the innermost place in its files that runs now; None, too, if a file of `skip` runs within it."""
        frame = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            if self.owns(code.co_filename):
                return self.place(code.co_filename, frame.f_lineno, _column(code, frame.f_lasti))
            if any(word in code.co_filename for word in skip):
                return None
            frame = frame.f_back  # type: ignore[assignment]  # the outermost has none
        return None

    def of_words(self, words: tuple[str, ...]) -> Place:
        """Return where one of some words stands: in the class, else in its files, else where the class begins."""
        first, last = self._class()
        lines = self.text.splitlines()
        spans = [(self.path, lines, first, last), (self.path, lines, 1, len(lines))]
        spans += [(path, one.splitlines(), 1, one.count("\n") + 1) for path, one in self.texts.items()]
        for path, text, start, end in spans:
            for word in (one.strip() for one in words if one.strip()):
                for number, line in enumerate(text[start - 1 : end], start=start):
                    code = line.split("#")[0]
                    if word in code:
                        return Place(str(path), number, code.index(word) + 1)
        return Place(str(self.path), first, 1)

    def problem(self, breach: Breach) -> Problem:
        """Return a breach with its place."""
        return Problem(*(breach.at or self.of_words(breach.words)), breach.what, breach.mend)

    def _class(self) -> tuple[int, int]:
        """Return the first and the last line of the policy's class; the whole file if it cannot be found."""
        found = [one for one in ast.walk(_tree(self.text)) if isinstance(one, ast.ClassDef) and one.name == self.policy]
        return (found[-1].lineno, found[-1].end_lineno or found[-1].lineno) if found else (1, self.text.count("\n") + 1)

    def told_by_the_text(self) -> Iterator[Problem]:
        """Yield what the text alone shows: ways round the view."""
        round_it = "it reads round the view:"
        for path, text in self.texts.items():
            for node in ast.walk(_tree(text)):
                for name in _imported(node):
                    if any(f"{name}.".startswith(f"{one}.") for one in FORBIDDEN):
                        what = f"{round_it} it imports {name}, where the truth lives"
                        yield _at(path, node, what, "Use the view alone; all that a policy needs is in 'tenure'.")
                for name in _names_read(node):
                    why = f".{name} is private" if name in PRIVATE else f"{name} is for those who try policies"
                    what = f"{round_it} {why}"
                    yield _at(path, node, what, "Use the columns of the view: `tenure list view`.")


def _imported(node: ast.AST) -> list[str]:
    """Return what is imported from elsewhere, in full."""
    names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom) and not node.level:
        module = node.module or ""
        names = [f"{module}.{one.name}" for one in node.names] if module == "tenure" else [module]
    return names


def _names_read(node: ast.AST) -> list[str]:
    """Return what is read, or imported by name, of what policies may not read."""
    names = [node.attr] if isinstance(node, ast.Attribute) else []
    if isinstance(node, ast.ImportFrom):
        names = [one.name for one in node.names]
    return [name for name in names if name in (*PRIVATE, *FOR_TRYING)]


def _at(path: Path, node: ast.AST, what: str, mend: str) -> Problem:
    return Problem(str(path), getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, what, mend)


def _tree(text: str) -> ast.Module:
    """Return a text as Python reads it; nothing if it cannot."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def near_column(name: str, columns: list[str]) -> str:
    """Return how to mend a name that the view has not."""
    near = did_you_mean(name, columns)
    return f"{near.strip() if 'mean' in near else ''} `tenure list view` has every column.".strip()


@cache
def _is_own(filename: str, policy: Path, folder: Path) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(filename).resolve()
    if path == policy:
        return True
    return path.is_relative_to(folder) and not _is_of_the_program(path)


def _is_of_the_program(path: Path) -> bool:
    """Return whether a file is Tenure's, Python's or an installed package's, though it lie in the policy's folder."""
    return any(path.is_relative_to(one) for one in (*PACKAGES, *INSTALLED))


def _column(code: CodeType, instruction: int) -> int:
    """Return the column, from 1, of what an instruction does."""
    column = list(code.co_positions())[instruction // 2][2] if instruction >= 0 else None
    return 1 if column is None else column + 1


def _helpers(folder: Path, text: str, found: dict[Path, str]) -> dict[Path, str]:
    """Return the files of a folder that a text imports, and what they import, with their texts; never the program's."""
    for node in ast.walk(_tree(text)):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [".".join(filter(None, (node.module, one.name))) for one in node.names]
        for name in names:
            parts = name.split(".")
            tried = [folder.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
            for path in (file for one in tried for file in (one.with_suffix(".py"), one / "__init__.py")):
                if path not in found and path.is_file() and not _is_of_the_program(path.resolve()):
                    found[path] = path.read_text(encoding="utf-8", errors="replace")
                    _helpers(folder, found[path], found)
    return found
