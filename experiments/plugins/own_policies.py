"""A policy file of a user's own, as it is at one moment: its source, what it imports, the data that it names.

What a run executes is exactly what its name covers: the sources are read once, hashed, sent to the workers, and
executed from memory, never from compiled files on the disk. They are loaded afresh for every run.
"""

import ast
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import random
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from tenure.experiments.config.reading import ConfigError, Problem
from tenure.experiments.plugins.untouched import OURS
from tenure.experiments.shipped import named_file

LARGEST_SOURCE = 5_000_000  # bytes of one module
_ROOT = Path(__file__).resolve().parents[2]


class SourceModule(NamedTuple):
    """One module of a policy: the name it is imported by, where it was, its bytes, and whether it is a package."""

    name: str
    path: str
    source: bytes
    package: bool


class PolicySource(NamedTuple):
    """A policy file and all that it needs beside the installed packages; plain data, sent to workers.

    Attributes
    ----------
    path : str
        The file that the user named, absolute.
    modules : tuple of SourceModule
        The file itself first, then what it imports from outside the installed packages, by name.
    inputs : tuple of (str, str)
        Path beside the file and SHA-256 of each file that its classes name in `inputs`.
    """

    path: str
    modules: tuple[SourceModule, ...]
    inputs: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of all of it, wherever it lies."""
        whole = hashlib.sha256()
        for number, one in enumerate(self.modules):
            name = f"{one.name} {'package' if one.package else 'module'}" if number else "main"
            whole.update(f"{name}\n{hashlib.sha256(one.source).hexdigest()}\n".encode())
        for name, checksum in self.inputs:
            whole.update(f"input {name}\n{checksum}\n".encode())
        return whole.hexdigest()

    @property
    def module_name(self) -> str:
        """What the file is called among the loaded modules."""
        return f"tenure_policy_{self.digest[:16]}"

    @property
    def input_paths(self) -> frozenset[Path]:
        """The files named in `inputs`."""
        return frozenset(Path(self.path).parent / name for name, _ in self.inputs)

    @property
    def paths(self) -> frozenset[str]:
        """Files whose code it runs."""
        return frozenset(one.path for one in self.modules)

    def changed_input(self) -> str:
        """Return the name of an input that is no longer what it was, empty if all are."""
        for name, checksum in self.inputs:
            try:
                if _file_hash(Path(self.path).parent / name) != checksum:
                    return name
            except OSError:
                return name
        return ""


def snapshot(path: Path) -> PolicySource:
    """Read a policy file, what it imports, and the hashes of its inputs; nothing is executed.

    Raises
    ------
    ConfigError
        If a file is missing or cannot be read as Python, a module has a name that is taken, or an input is not
        beside the file.
    """
    try:
        path = named_file(Path(path)).absolute()
    except LookupError as error:
        raise ConfigError([Problem(str(path), 0, 0, str(error.args[0]), "Install the package again.")]) from None
    if not path.is_file():
        mend = "Name a Python file, or what an installed package offers as tenure.parts."
        raise ConfigError([Problem(str(path), 0, 0, "no such file", mend)])
    if path.suffix != ".py":
        raise ConfigError([Problem(str(path), 0, 0, "this is no Python file", "Its name ends in .py.")])
    main = SourceModule("", str(path), _read(path), False)
    tree = _parsed(main)
    found: dict[str, SourceModule] = {}
    waiting = [(main, tree)]
    while waiting:
        module, tree_of = waiting.pop()
        for name, line, column in _imports(tree_of, module):
            for one in _found(name, path.parent, Problem(module.path, line, column, "", "")):
                if one.name not in found:
                    found[one.name] = one
                    waiting.append((one, _parsed(one)))
    inputs = tuple(sorted(_inputs(tree, path)))
    return PolicySource(str(path), (main, *(found[name] for name in sorted(found))), inputs)


@contextmanager
def loaded(sources: Sequence[PolicySource]) -> Iterator[dict[str, ModuleType]]:
    """Execute policy files afresh; give path -> module, and forget them and what they imported afterwards.

    Raises
    ------
    ConfigError
        If an input is no longer what it was.
    BaseException
        Whatever a file raises when it is executed.
    """
    finder = _Finder([module for source in sources for module in source.modules[1:]])
    mains = {source.module_name: source for source in sources}
    forget = [*mains, *finder.modules]
    for name in forget:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, finder)
    try:
        yield {source.path: _executed(name, source) for name, source in mains.items()}
    finally:
        sys.meta_path.remove(finder)
        for name in forget:
            sys.modules.pop(name, None)


def import_installed(sources: Sequence[PolicySource]) -> None:
    """Import what policy files take from installed packages, so that what these do when they begin is not the policy's.

    Some draw from a global generator or set a variable of the environment; the generators are left as they were.
    """
    luck, numpys = random.getstate(), np.random.get_state()
    for source in sources:
        own = {one.name for one in source.modules}
        for module in source.modules:
            for name, _, _ in _imports(_parsed(module), module):
                if name not in own and name.partition(".")[0] not in own:
                    with contextlib.suppress(Exception):  # what is not there fails where the policy asks for it
                        importlib.import_module(name)
    random.setstate(luck)
    np.random.set_state(numpys)


def _executed(name: str, source: PolicySource) -> ModuleType:
    changed = source.changed_input()
    if changed:
        what = f"its input {changed} has changed since this command began, or is gone"
        raise ConfigError([Problem(source.path, 0, 0, what, "Give the command again.")])
    loader = _Finder([source.modules[0]._replace(name=name)])
    spec = importlib.machinery.ModuleSpec(name, loader, origin=source.path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses with postponed annotations look for their module here
    loader.exec_module(module)
    return module


class _Finder(MetaPathFinder, Loader):
    """Finds and executes modules from memory; nothing compiled earlier is used, nothing compiled is kept."""

    def __init__(self, modules: Sequence[SourceModule]) -> None:
        self.modules = {one.name: one for one in modules}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module of the policy comes from; None for all others."""
        one = self.modules.get(fullname)
        if one is None:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=one.path, is_package=one.package)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Execute a module's source."""
        one = self.modules[module.__name__]
        module.__file__ = one.path
        exec(compile(one.source, one.path, "exec", dont_inherit=True), vars(module))

    def get_source(self, fullname: str) -> str:
        """Return a module's source, for tracebacks."""
        return self.modules[fullname].source.decode(errors="replace")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            source = file.read(LARGEST_SOURCE + 1)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise ConfigError([Problem(str(path), 0, 0, what, "Name a readable file.")]) from None
    if len(source) > LARGEST_SOURCE:
        raise ConfigError([Problem(str(path), 0, 0, "the file is larger than 5 MB", "Keep data in `inputs`.")])
    return source


def _parsed(module: SourceModule) -> ast.Module:
    try:
        return ast.parse(module.source)
    except SyntaxError as error:
        where = (module.path, error.lineno or 0, error.offset or 0)
        what = f"Python cannot read this: {error.msg}"
        raise ConfigError([Problem(*where, what, "Mend the line, or the one before it.")]) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError([Problem(module.path, 0, 0, f"Python cannot read this: {error}", "Mend the file.")]) from None


def _imports(tree: ast.Module, module: SourceModule) -> Iterator[tuple[str, int, int]]:
    """Yield full names of what a module may import, those of names taken from a package too, and where."""
    package = module.name if module.package else module.name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1] if package else []
                base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)] if base else []
        elif isinstance(node, ast.Call) and _imports_by_call(node):
            names = [str(node.args[0].value)]  # type: ignore[attr-defined]  # a constant, see there
        else:
            continue
        for name in names:
            yield name, node.lineno, node.col_offset + 1


def _imports_by_call(node: ast.Call) -> bool:
    """Return whether this is import_module("x") or __import__("x")."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0] if node.args else None
    return (
        called in ("import_module", "__import__") and isinstance(first, ast.Constant) and isinstance(first.value, str)
    )


def _found(name: str, folder: Path, where: Problem) -> Iterator[SourceModule]:
    """Yield the module of a full name and the packages it lies in, if they are not installed."""
    top = name.partition(".")[0]
    beside = _in_folder(top, folder)
    if beside is not None and (top in OURS or _is_taken(top)):
        raise ConfigError(
            [
                where._replace(
                    message=f"'{top}' is imported, and {beside.name} beside the policy has the name of "
                    + ("a part of tenure" if top in OURS else "a module that Python or an installed package has"),
                    mend=f"Give {beside.name} another name.",
                )
            ]
        )
    if beside is None:
        if top in OURS or top in sys.stdlib_module_names:
            return
        folder_of_top = _outside(top)
        if folder_of_top is None:
            return
        folder = folder_of_top
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        at = _in_folder(parts[length - 1], folder)
        if at is None:
            return  # a name within the module
        full = ".".join(parts[:length])
        if at.is_file():
            yield SourceModule(full, str(at), _read(at), False)
            return
        begins = at / "__init__.py"
        yield SourceModule(
            full, str(begins if begins.is_file() else at), _read(begins) if begins.is_file() else b"", True
        )
        folder = at


def _in_folder(part: str, folder: Path) -> Path | None:
    """Return a package or module of this name in a folder: a package with a beginning, a file, a bare folder."""
    package, file = folder / part, folder / f"{part}.py"
    if (package / "__init__.py").is_file():
        return package
    if file.is_file():
        return file
    return package if package.is_dir() and any(package.glob("*.py")) else None


def _is_taken(top: str) -> bool:
    """Return whether Python or an installed package has a module of this name that is in use already."""
    if top in sys.builtin_module_names or top in sys.stdlib_module_names:
        return True
    there = sys.modules.get(top)
    file = getattr(there, "__file__", None) if there is not None else None
    return file is not None and _is_installed(Path(file))


def _outside(top: str) -> Path | None:
    """Return the folder of a module on Python's path that is no installed package; None if it is one, or unknown."""
    try:
        spec = importlib.machinery.PathFinder.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    places = [Path(one) for one in spec.submodule_search_locations or ()] or (
        [Path(spec.origin)] if spec.origin else []
    )
    if not places or any(_is_installed(one) for one in places) or places[0].suffix not in ("", ".py"):
        return None
    return places[0].parent


def _is_installed(path: Path) -> bool:
    roots = {Path(one).resolve() for one in sysconfig.get_paths().values()}
    roots |= {Path(sys.prefix).resolve() / "lib", Path(sys.base_prefix).resolve() / "lib"}
    roots |= {_ROOT / one for one in ("agents", "policies", "simulation", "experiments", "tenure")}
    resolved = path.resolve()
    return any(root in resolved.parents or root == resolved for root in roots)


def _inputs(tree: ast.Module, path: Path) -> Iterator[tuple[str, str]]:
    """Yield name and hash of the files that classes name in `inputs`."""
    for cls in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        for node in cls.body:
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if not any(isinstance(one, ast.Name) and one.id == "inputs" for one in targets):
                continue
            for name in _texts(node, path):
                here = Problem(str(path), node.lineno, node.col_offset + 1, "", "")
                plain = Path(name)
                if plain.is_absolute() or ".." in plain.parts or not name.strip():
                    raise ConfigError(
                        [
                            here._replace(
                                message=f"inputs: '{name}' does not lie beside the policy",
                                mend="Put the file beside it, and write its name.",
                            )
                        ]
                    )
                try:
                    yield plain.as_posix(), _file_hash(path.parent / plain)
                except OSError as error:
                    raise ConfigError(
                        [
                            here._replace(
                                message=f"inputs: {name} cannot be read: {error.strerror or error}",
                                mend=f"Put it into {path.parent}, or take it out of inputs.",
                            )
                        ]
                    ) from None


def _texts(node: ast.Assign | ast.AnnAssign, path: Path) -> tuple[str, ...]:
    """Return the texts of a tuple, list or single text that is written out."""
    try:
        value = ast.literal_eval(node.value) if node.value is not None else ()
    except ValueError:
        value = None
    names = (value,) if isinstance(value, str) else value
    if not isinstance(names, tuple | list) or not all(isinstance(one, str) for one in names):
        what = "inputs: the names of the files that the policy reads, written out, are wanted"
        raise ConfigError(
            [Problem(str(path), node.lineno, node.col_offset + 1, what, 'Write inputs = ("reward.csv",).')]
        )
    return tuple(names)


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
