"""Read configs: files, the files they extend, and ``--set`` on the command line."""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import NoReturn

from tenure.experiments.config.documents import (
    DEEPEST_NESTING,
    ConfigError,
    Document,
    KeyPath,
    Place,
    Problem,
    Value,
    compose,
    cut,
    plain_scalar,
)
from tenure.experiments.config.printable import printable_line, shown
from tenure.policies.settings.suggest import did_you_mean
from tenure.simulation.values.schedule import is_schedule

__all__ = [
    "ConfigError",
    "Document",
    "KeyPath",
    "Place",
    "Problem",
    "Value",
    "apply_sets",
    "file_name_fault",
    "is_there",
    "overlay",
    "read_with_extends",
    "read_yaml",
    "suggest",
]

LARGEST_FILE = 1_000_000  # bytes
LONGEST_NAME = 255  # bytes, of a file; of a path 4,096
LONGEST_CHAIN = 10


def suggest(word: str, known: Collection[str]) -> str:
    """``Did you mean 'x'?``, or the list of the known names when none is close.

    >>> suggest("quadrnt", ["quadrant", "stage"])
    "Did you mean 'quadrant'?"
    """
    return did_you_mean(word, sorted(known)).strip() or "Nothing can stand here."


def read_yaml(path: Path | str) -> Document:
    """Read one YAML file as plain data.

    Raises
    ------
    ConfigError
        If the file is missing, is not a text of at most 1 MB, is not valid YAML 1.2, or holds anything but
        plain data: tags, anchors, aliases, merge keys, duplicate keys, keys that are not texts, infinite
        numbers, several documents, more than 20 levels or 20,000 values.
    """
    path = Path(path)
    return compose(_text_of(path), path)


def overlay(base: Document, over: Document) -> Document:
    """Lay one document over another: mappings merge at every depth, and anything else replaces.

    What is not written is inherited; an empty mapping empties what lies below it, and so does an empty list.
    Each place stays that of the file which the value came from. Neither document is changed.
    """
    data = deepcopy(base.data)
    replaced: set[KeyPath] = set()
    _merge(data, deepcopy(over.data), (), replaced)
    return Document(
        path=over.path,
        data=data,
        positions=_without(base.positions, replaced) | over.positions,
        key_positions=_without(base.key_positions, replaced) | over.key_positions,
        files=over.files + base.files,
    )


def read_with_extends(
    path: Path | str, shelves: Sequence[Path] = (), lay: Callable[[Document, Document], Document] = overlay
) -> Document:
    """Read a file and those it extends (``extends: other.yaml``), the nearer over the farther.

    Parameters
    ----------
    path : Path or str
        The file.
    shelves : sequence of Path
        Folders of shipped files, where a bare name (``extends: quickstart``) is looked up
        after the folder of the file itself.
    lay : callable
        Lays a file over the one that it extends.

    Returns
    -------
    Document
        Merged, without the key ``extends``.

    Raises
    ------
    ConfigError
        As `read_yaml`; or if a file extends itself, is not found, or more than 10 files are chained.
    """
    documents = [read_yaml(path)]
    while "extends" in documents[-1].data:
        last = documents[-1]
        name = last.data["extends"]
        if not isinstance(name, str) or not name.strip():
            _fail(last.problem(("extends",), "'extends' names no file", "Write 'extends: other.yaml'."))
        found = _find(last, name, shelves)
        files = [document.path for document in documents]
        if found.resolve() in [file.resolve() for file in files]:
            chain = " -> ".join(file.name for file in [*files, found])
            _fail(last.problem(("extends",), f"the file extends itself: {chain}", "Break the circle."))
        if len(documents) == LONGEST_CHAIN:
            message = f"more than {LONGEST_CHAIN} files extend each other"
            _fail(last.problem(("extends",), message, "Merge some of them."))
        documents.append(read_yaml(found))
    merged = reduce(lay, reversed(documents))
    merged.data.pop("extends", None)
    return merged


def apply_sets(document: Document, sets: Iterable[str]) -> Document:
    """Apply ``--set K=V`` in order; a later one wins.

    ``K`` is a path of keys with dots (``arms.book.reward``; a number picks from a list, a key that itself
    holds dots is found when it exists); what is missing on the way is created. ``V`` is a scalar as in
    YAML, or a list or mapping in brackets.

    Raises
    ------
    ConfigError
        With every one that cannot be read or has no place.
    """
    problems: list[Problem] = []
    for written in sets:
        try:
            document = _apply_set(document, written)
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return document


def _fail(problem: Problem) -> NoReturn:
    raise ConfigError([problem])


def file_name_fault(name: str) -> tuple[str, str] | None:
    """Return what is wrong with the name of a file, and how to mend it; None for one that a file could have."""
    if not name.strip() or printable_line(name) != name:
        return f"{shown(name)} cannot name a file", "Write a name without control characters."
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in name.split("/")]
    if max(sizes) > LONGEST_NAME or sum(sizes) + len(sizes) > 4096:
        most = f"a name of at most {LONGEST_NAME} bytes" if max(sizes) > LONGEST_NAME else "a shorter path"
        return f"the name of the file is too long: {shown(name)}", f"Write {most}."
    return None


def is_there(path: Path) -> bool:
    """Whether there is a file of this name that can be looked at, however odd the name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _text_of(path: Path) -> str:
    fault = file_name_fault(str(path))
    if fault is not None:
        _fail(Problem(shown(str(path)), 0, 0, *fault))
    try:
        if path.is_dir():
            _fail(Problem(str(path), 0, 0, "this is a folder, not a file", "Name a YAML file in it."))
        if path.exists() and not path.is_file():
            _fail(Problem(str(path), 0, 0, "this is not an ordinary file", "Name a YAML file."))
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        _fail(Problem(str(path), 0, 0, "no such file", _names_near(path.name, [path.parent])))
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        _fail(Problem(str(path), 0, 0, f"the file cannot be read: {reason}", "Name a readable file."))
    if len(content) > LARGEST_FILE:
        _fail(Problem(str(path), 0, 0, "the file is larger than 1 MB", "Keep tables in CSV files."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        _fail(Problem(str(path), line, column, "this is not UTF-8 text", "Save the file as UTF-8."))
    return text


def _names_near(name: str, folders: Iterable[Path]) -> str:
    folders = list(folders)
    names = {file.name for folder in folders if is_there(folder) for file in folder.glob("*.yaml")}
    if names:
        return suggest(name, names)
    return f"There is no YAML file in {' or '.join(str(folder) for folder in folders)}."


def _find(document: Document, name: str, shelves: Sequence[Path]) -> Path:
    """The file that a document extends: beside it first, then a bare name on the shelves."""
    fault = file_name_fault(name)
    if fault is not None:
        _fail(document.problem(("extends",), *fault))
    here = document.path.parent
    folders = [here, *shelves] if Path(name).name == name else [here]
    kind = "".join(document.path.suffixes[-2:])  # what a market's file extends is one, such as default.market.yaml
    found = [
        folder / full_name
        for folder in folders
        for full_name in (name, f"{name}.yaml", f"{name}{kind}")
        if is_there(folder / full_name) and (folder / full_name).is_file()
    ]
    others = [file for file in found if file.resolve() != document.path.resolve()]
    if not found:
        near = _names_near(Path(name).name, [(here / name).parent, *folders[1:]])
        _fail(document.problem(("extends",), f"there is no file {name!r} to extend", near))
    return (others or found)[0]


def _merge(base: dict[str, Value], over: dict[str, Value], at: KeyPath, replaced: set[KeyPath]) -> None:
    for key, value in over.items():
        under = base.get(key)
        dated = is_schedule(under) or is_schedule(value)
        if isinstance(under, dict) and isinstance(value, dict) and value and not dated:
            _merge(under, value, (*at, key), replaced)
        else:
            base[key] = value
            replaced.add((*at, key))


def _without(places: dict[KeyPath, Place], replaced: set[KeyPath]) -> dict[KeyPath, Place]:
    """The places that do not lie at or under a replaced path."""
    return {
        at: place
        for at, place in places.items()
        if not any(at[:length] in replaced for length in range(1, len(at) + 1))
    }


def _apply_set(document: Document, written: str) -> Document:
    path, equals, text = written.partition("=")
    path = unicodedata.normalize("NFC", path.strip())
    place = Place(f"--set {cut(printable_line(path))}", 0, 0)
    parts = path.split(".")
    if printable_line(path) != path or not equals or not text.strip() or not all(parts):
        _fail(Problem(*place, "this is not KEY=VALUE", "Write it like 'months=36'."))
    if len(parts) > DEEPEST_NESTING:
        _fail(Problem(*place, f"nested deeper than {DEEPEST_NESTING} levels", "Shorten the path."))
    value = _set_value(text.strip(), place)
    data = deepcopy(document.data)
    at = _put(data, parts, value, (), place)
    positions = _without(document.positions, {at})
    key_positions = _without(document.key_positions, {at})
    for length in range(1, len(at) + 1):
        positions.setdefault(at[:length], place)
        key_positions.setdefault(at[:length], place)
    return replace(document, data=data, positions=positions, key_positions=key_positions)


def _set_value(text: str, place: Place) -> Value:
    """A value on the command line: brackets and quotes as in YAML, anything else one plain scalar."""
    try:
        if text[0] in "[{'\"":
            return compose(f"value: {text}", Path(place.path)).data["value"]
        return plain_scalar(text, place)
    except ConfigError as error:
        raise ConfigError(problem._replace(line=0, column=0) for problem in error.problems) from None


def _put(node: Value, parts: list[str], value: Value, at: KeyPath, place: Place) -> KeyPath:
    """Put a value at a path below `at`, changing `node`; give the path as keys and list indices."""
    key: str | int
    if isinstance(node, dict):
        known = [n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in node]
        length = known[0] if known else 1
        key = ".".join(parts[:length])
        rest = parts[length:]
        if rest and node.get(key) is None:
            node[key] = {}
        if rest:
            return _put(node[key], rest, value, (*at, key), place)
        node[key] = value
        return (*at, key)
    shown = ".".join(map(str, at))
    if not isinstance(node, list):
        _fail(Problem(*place, f"{shown!r} is a single value", f"Write '--set {shown}=...'."))
    if not (parts[0].isascii() and parts[0].isdecimal() and int(parts[0][:9]) < len(node)):
        mend = f"Its places are 0 to {len(node) - 1}." if node else "Set the whole list."
        _fail(Problem(*place, f"the list {shown!r} has no place {parts[0]!r}", mend))
    key = int(parts[0][:9])
    if parts[1:]:
        return _put(node[key], parts[1:], value, (*at, key), place)
    node[key] = value
    return (*at, key)
