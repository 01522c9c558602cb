"""Configs as plain data with the place of every key and value, built from YAML text.

A config is plain data: mappings, lists, texts, numbers, true and false, by the rules of YAML 1.2 (``no`` is
a text, ``1e-3`` a number); a number keeps its text, and one that another reader takes for a different number
(``010``, ``0x10``) is refused. Tags, anchors, aliases and merge keys are refused before anything is built from
them, so a text can neither make code run nor grow when it is read.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, NoReturn

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from tenure.experiments.config.printable import printable_line
from tenure.policies.settings.written import Written

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
KeyPath = tuple[str | int, ...]

LONGEST_LINE = 10_000  # characters; the scanner's time grows with the square of a token
DEEPEST_NESTING = 20
MOST_NODES = 20_000
MOST_PROBLEMS = 50
LONGEST_MESSAGE = 600  # characters
_LONG_WORD = re.compile(r"[^\s'\"]{101,}")

_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_BOOLEANS = {word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]{1,40}|0x[0-9a-fA-F]{1,40}|0b[01]{1,40}")
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9].*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_MONTH = re.compile(r"0|-?[1-9][0-9]{0,2}")
"""A key that is a number: months from the start, in values with dates."""
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|[-+]?\.(?:nan|NaN|NAN)")


class Place(NamedTuple):
    """Where a key or value was written; line and column from 1, or 0 where there is no line."""

    path: str
    line: int
    column: int


class Problem(NamedTuple):
    """One fault: where, what, and how to mend it."""

    path: str
    line: int
    column: int
    message: str
    mend: str

    def __str__(self) -> str:
        """``file.yaml:14:7: message. mend``, on one line and harmless on a terminal."""
        where = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        return printable_line(f"{where}: {self.message}. {self.mend}")


class ConfigError(ValueError):
    """All the problems found in a config, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Document:
    """A config as plain data, and where each part of it was written.

    Attributes
    ----------
    path : Path
        The file asked for.
    data : dict
        Plain mappings, lists, texts, numbers, booleans and None.
    positions, key_positions : dict
        Path of keys and list indices -> place of the value, and of the key, each in its own file.
    files : tuple of Path
        Every file it was made from, the one asked for first.
    """

    path: Path
    data: dict[str, Value]
    positions: dict[KeyPath, Place]
    key_positions: dict[KeyPath, Place]
    files: tuple[Path, ...]

    def place(self, at: KeyPath, of_key: bool = False) -> Place:
        """Where the value (or the key) at a path was written, else its nearest known parent.

        Parts of the path that name nothing in the file are skipped, so the ``loc`` of a pydantic error
        can be given as it is. Without any known place it is the file.
        """
        known: KeyPath = ()
        for part in at:
            if (*known, part) in self.positions:
                known = (*known, part)
        if of_key and known in self.key_positions:
            return self.key_positions[known]
        return self.positions.get(known, Place(str(self.path), 0, 0))

    def problem(self, at: KeyPath, message: str, mend: str, of_key: bool = False) -> Problem:
        """A problem at the place of a value (or of a key); words that nobody reads to the end are cut in the middle."""
        return Problem(*self.place(at, of_key), cut(message), cut(mend))


def plain_value(value: object) -> Value:
    """Return what came out of a config as the plain data that it is; TypeError if it is none.

    >>> plain_value({"a": (1, "x"), "b": {"c": None}})
    {'a': [1, 'x'], 'b': {'c': None}}
    """
    if isinstance(value, dict):
        return {str(key): plain_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(one) for one in value]
    if value is None or isinstance(value, int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is no plain data")


def cut(text: str) -> str:
    """Return a text whose long words, and which itself, are cut in the middle.

    >>> cut("no policy is called " + "x" * 5000)
    'no policy is called xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxx'
    """
    text = _LONG_WORD.sub(lambda word: f"{word[0][:30]}…{word[0][-20:]}", text)
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE // 2]} … {text[-LONGEST_MESSAGE // 4 :]}"


def compose(text: str, path: Path) -> Document:
    """Build the document of a YAML text, or raise all problems found; the same text is parsed once.

    Raises
    ------
    ConfigError
        If the text is not valid YAML 1.2 or holds anything but plain data (see `reading.read_yaml`).
    """
    found = _parsed(text, str(path))
    return replace(found, path=path, data=deepcopy(found.data), files=(path,))


@lru_cache(maxsize=8)
def _parsed(text: str, name: str) -> Document:
    """Build the document of a text; whoever asks for it gets a copy of its data."""
    found = list(_line_problems(text, name))
    if found:
        raise ConfigError(found)
    builder = _Builder(name, YAML(typ="safe", pure=True).parse(text))
    try:
        data = builder.document()
    except _TooMuch:
        data = None
    except MarkedYAMLError as error:
        builder.problems.append(_syntax_problem(name, error))
    except ReaderError as error:
        before = text[: error.position]
        column = len(before) - before.rfind("\n")
        builder.add(
            Place(name, before.count("\n") + 1, column),
            "there is a control character",
            "Remove it; save the file as plain text.",
        )
    except (YAMLError, ValueError, OverflowError):
        builder.add(Place(name, 1, 1), "the file cannot be read as YAML", "Check its special characters.")
    if builder.problems:
        raise ConfigError(builder.problems[:MOST_PROBLEMS])
    if not isinstance(data, dict):
        what = "empty" if data is None else "not a mapping"
        mend = "Write keys and values, such as 'months: 60'."
        raise ConfigError([Problem(name, 1, 1, f"the file is {what}", mend)])
    return Document(Path(name), data, builder.positions, builder.key_positions, (Path(name),))


def _line_problems(text: str, name: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), start=1):
        indent = re.match(r" *\t", line)
        if indent is not None and line.strip():
            yield Problem(name, number, indent.end(), "there is a tab in the indentation", "Use spaces.")
        if len(line) > LONGEST_LINE:
            message = f"the line is longer than {LONGEST_LINE} characters"
            yield Problem(name, number, LONGEST_LINE, message, "Break it.")


_SYNTAX = {
    "'\\t'": ("there is a tab between the words", "Use spaces."),
    "cannot start any token": ("a text cannot begin with this character", "Put the text in quotes."),
    "mapping values are not": (
        "there is a second ': ' here",
        "Put a text that holds ': ' in quotes, or mend the indentation.",
    ),
    "alphabetic or numeric": ("a text cannot begin with '&', '*' or '!'", "Put the text in quotes."),
    "sequence entries are not": ("a list cannot begin here", "Begin it on a line of its own, or write it in brackets."),
    "mapping keys are not": ("a key cannot stand here", "Put a text that begins with '? ' in quotes."),
    "expected ':'": ("this is a key without a value", "Write ': ' and a value behind it, or mend the indentation."),
    "block end": ("this does not fit what stands before it", "Check the indentation and the quotes."),
    "escape": ("the backslash in this text stands for nothing", "Write two backslashes, or single quotes around it."),
    "follow up line": ("the lines of this text are indented unevenly", "Indent them alike."),
    "chomping or indentation": ("a text of several lines begins in a way that is not known", "Write '|' alone."),
    "node content": ("a value is wanted before this", "Write it, or remove what follows."),
    "document separator": ("a text in quotes holds a line of '---' or '...'", "Indent the line, or close the quote."),
    "'<document start>'": ("this stands behind the end of the file's contents", "Mend the indentation, or remove it."),
    "found unexpected ':'": ("a text in brackets holds a ':'", "Put the text in quotes."),
}
"""Part of what the parser says -> what is wrong, and how to mend it."""
_NOT_YAML = ("this cannot be read as YAML", "Check indentation, brackets and quotes just before.")


def _syntax_problem(name: str, error: MarkedYAMLError) -> Problem:
    said = " ".join(str(error.problem).split())
    mark = error.problem_mark or error.context_mark
    what, mend = next((words for part, words in _SYNTAX.items() if part in said), _NOT_YAML)
    if "end of stream" in said or "stream end" in said:
        mark = error.context_mark or mark
        kinds = {"quoted": "text in quotes", "flow": "bracket"}
        opened = next((kind for part, kind in kinds.items() if part in str(error.context)), "")
        closed = (f"this {opened} is never closed", "Add the closing bracket or quote.")
        what, mend = closed if opened else ("the file ends too early", _NOT_YAML[1])
    elif "expected ',' or" in said and error.context_mark is not None:
        opened = f"line {error.context_mark.line + 1}, column {error.context_mark.column + 1}"
        what, mend = f"the bracket opened in {opened} is not closed before this", "Close it, or write ','."
    return Problem(name, mark.line + 1, mark.column + 1, what, mend)


class _TooMuch(Exception):
    """The file is so large, deep or wrong that reading on makes no sense."""


@dataclass
class _Builder:
    """Plain data from a stream of parser events, with every place and every problem."""

    name: str
    stream: Iterator[events.Event]
    problems: list[Problem] = field(default_factory=list)
    positions: dict[KeyPath, Place] = field(default_factory=dict)
    key_positions: dict[KeyPath, Place] = field(default_factory=dict)
    nodes: int = 0

    def add(self, place: Place, message: str, mend: str) -> None:
        self.problems.append(Problem(*place, cut(message), cut(mend)))
        if len(self.problems) > MOST_PROBLEMS:
            raise _TooMuch

    def stop(self, place: Place, message: str, mend: str) -> NoReturn:
        self.add(place, message, mend)
        raise _TooMuch

    def place(self, event: events.Event) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def document(self) -> Value:
        data: Value = None
        documents = 0
        for event in self.stream:
            if not isinstance(event, events.DocumentStartEvent):
                continue
            documents += 1
            if event.version or event.tags:
                self.add(self.place(event), "a directive ('%...') stands above", "Remove it.")
            if documents > 1:
                self.stop(self.place(event), "a second document starts here", "Write one file for each.")
            data = self.node(next(self.stream), ())
        return data

    def node(self, event: events.Event, at: KeyPath) -> Value:
        place = self.place(event)
        self.positions[at] = place
        self.nodes += 1
        if self.nodes > MOST_NODES:
            self.stop(place, f"there are more than {MOST_NODES} values", "Keep tables in CSV files.")
        if isinstance(event, events.AliasEvent):
            self.add(place, f"the alias '*{event.anchor}' is not allowed", "Write the value out.")
            return None
        if not isinstance(event, events.ScalarEvent | events.CollectionStartEvent):
            self.stop(place, "a value is missing", "Write one.")
        if event.anchor is not None:
            self.add(place, f"the anchor '&{event.anchor}' is not allowed", "Remove it.")
        if event.tag is not None:
            self.add(place, f"the tag {str(event.tag)[:60]!r} is not allowed", "Remove it; write plain data.")
        if isinstance(event, events.ScalarEvent):
            return self.scalar(event.value, place) if event.implicit[0] else self.checked(event.value, place)
        if len(at) >= DEEPEST_NESTING:
            self.stop(place, f"nested deeper than {DEEPEST_NESTING} levels", "Flatten it.")
        return self.sequence(at) if isinstance(event, events.SequenceStartEvent) else self.mapping(at)

    def sequence(self, at: KeyPath) -> list[Value]:
        items: list[Value] = []
        while not isinstance(event := next(self.stream), events.SequenceEndEvent):
            items.append(self.node(event, (*at, len(items))))
        return items

    def mapping(self, at: KeyPath) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        while not isinstance(event := next(self.stream), events.MappingEndEvent):
            place = self.place(event)
            key = self.key(event, at, place)
            first = self.key_positions.get((*at, key))
            if first is not None:
                message = f"the key {key!r} is given twice, first at line {first.line}, column {first.column}"
                self.add(place, message, "Keep one.")
            self.key_positions[*at, key] = first or place
            entries[key] = self.node(next(self.stream), (*at, key))
        return entries

    def key(self, event: events.Event, at: KeyPath, place: Place) -> str:
        """Give the text of a key; one that is refused gets a text of its own, so that reading goes on."""
        before = len(self.problems)
        value = self.node(event, (*at, f"key at {place.line}:{place.column}"))
        plain = isinstance(event, events.ScalarEvent) and event.implicit[0]
        if plain and value == "<<":
            self.add(place, "the merge key '<<' is not allowed", "Write the values out.")
        elif isinstance(value, str) and value:
            del self.positions[*at, f"key at {place.line}:{place.column}"]
            return value
        elif isinstance(event, events.ScalarEvent) and plain and _MONTH.fullmatch(event.value):
            del self.positions[*at, f"key at {place.line}:{place.column}"]
            return str(event.value)
        elif len(self.problems) == before:
            shown = repr(event.value[:60]) if isinstance(event, events.ScalarEvent) else "in brackets"
            self.add(place, f"the key {shown} is not a text", "Put it in quotes, or name it in words.")
        return f"key at {place.line}:{place.column}"

    def scalar(self, text: str, place: Place) -> Value:
        value = _resolve(text)
        if isinstance(value, int | float) and not isinstance(value, bool):
            longer = _LEADING_ZERO.fullmatch(text)
            if longer is not None:
                mend = f"Write {longer[1]}{longer[2][:40]}, or put a text in quotes."
                self.add(place, f"{text[:40]!r} has a leading zero", mend)
            elif not math.isfinite(value):
                self.add(place, f"{text[:40]!r} is not a finite number", "Write a number of ordinary size.")
            elif value == 0 and text.lower().partition("e")[0].strip("+-0."):
                self.add(place, f"{text[:40]!r} is too small to be told from 0", "Write 0.")
        elif _OTHER_BASE.fullmatch(text):
            mend = f"Write {int(text, 0)}, or put a text in quotes."
            self.add(place, f"{text[:40]!r} is not a decimal number", mend)
        return self.checked(value, place) if isinstance(value, str) else value

    def checked(self, text: str, place: Place) -> str:
        """Give a text in its composed spelling (NFC), so that 'é' is one text however it was typed."""
        if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
            self.add(place, "the text holds a control character", "Remove it.")
        return unicodedata.normalize("NFC", text)


def plain_scalar(text: str, place: Place) -> Value:
    """The value of an unquoted text, by the rules of YAML 1.2.

    Raises
    ------
    ConfigError
        If it is an infinite number or holds control characters.

    >>> plain_scalar("1e-3", Place("here", 0, 0))
    0.001
    """
    builder = _Builder(place.path, iter(()))
    value = builder.scalar(text, place)
    if builder.problems:
        raise ConfigError(builder.problems)
    return value


def _resolve(text: str) -> Value:
    """The value of a plain scalar (YAML 1.2 core schema); an integer beyond 64 bits is infinite."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        number = int(text) if len(text) <= 40 else 2**63
        return number if abs(number) < 2**63 else math.inf
    if _FLOAT.fullmatch(text):
        return Written(float(text), text)
    return math.nan if _NOT_FINITE.fullmatch(text) else text
