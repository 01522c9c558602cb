"""What is wrong with settings, as data: where it stands, what is wrong, and how to mend it."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from tenure.policies.settings.suggest import did_you_mean

KeyPath = tuple[str | int, ...]
"""Keys and list indices, from the outside in."""
LONGEST_SHOWN = 40
_QUOTED = re.compile(r"(?<![\w.])('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")(?!\w)")
_SENTENCE = re.compile(r"[.?] (?=[A-Z])")


class Fault(NamedTuple):
    """One thing that is wrong: what, how to mend it, and where it stands below what was checked."""

    what: str
    mend: str
    """A clause, such as ``write 12%``, or sentences, such as ``Did you mean 'card'?``."""
    at: KeyPath = ()
    of_key: bool = False
    """Whether the name at that place is wrong, not its value."""
    elsewhere: tuple[KeyPath, ...] = ()
    """Other places that have a part in it: of all of them the one that the user wrote himself is told."""

    def __str__(self) -> str:
        where = f"{path_text(self.at)}: " if self.at else ""
        return f"{where}{self.what}{'.' if self.mend[:1].isupper() else ':'} {self.mend}"

    def below(self, at: KeyPath) -> "Fault":
        """Return the same, seen from outside: below a place."""
        return self._replace(at=(*at, *self.at), elsewhere=tuple((*at, *one) for one in self.elsewhere))


class FaultyError(ValueError):
    """Settings in which something is wrong: all of it."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__(*faults)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


def refuse(faults: Iterable[Fault]) -> None:
    """Raise `FaultyError` if there are any."""
    found = tuple(faults)
    if found:
        raise FaultyError(*found)


def faults_of(error: ValueError) -> tuple[Fault, ...]:
    """Return what an error says is wrong: as data, or read from a text ``what is wrong: write this``.

    >>> faults_of(ValueError("'a: b' is not a number: write one such as 12%"))
    (Fault(what="'a: b' is not a number", mend='write one such as 12%', at=(), of_key=False, elsewhere=()),)
    >>> faults_of(ValueError("4.000 can be read in two ways. Write 4000 or 4.0"))[0].mend
    'Write 4000 or 4.0'
    """
    if isinstance(error, FaultyError):
        return error.faults
    text = " ".join(str(error).split())
    hidden = _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    sentence = _SENTENCE.search(hidden)
    cut = sentence.start() if sentence and hidden[sentence.start()] == "." else hidden.rfind(": ")
    if cut <= 0:
        return (Fault(text.rstrip("."), "write another value"),)
    return (Fault(text[:cut], text[cut + 2 :].rstrip(".")),)


def path_text(at: KeyPath) -> str:
    """Return a path of keys and indices as it is told.

    >>> path_text(("rules", 1, "when"))
    'rules[1].when'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")


def told(value: object) -> str:
    """Return a value as an error tells it: short, a text in quotes, in words of YAML.

    >>> told(None), told("a"), told([1, 2]), told({})
    ('nothing', "'a'", 'a list', 'a mapping')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, float):
        return f"{value:.12g}"
    text = repr(value)
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[:LONGEST_SHOWN]}...{text[0] if isinstance(value, str) else ''}"


def range_faults(name: str, value: float | None, low: float, high: float, unit: str = "") -> list[Fault]:
    """Return what is wrong with a number outside its range; nothing with one inside, or with None.

    Parameters
    ----------
    name : str
        The setting.
    value, low, high : float
    unit : str
        ``share``, told as percentages, or what the number counts.

    >>> str(range_faults("share", 2.0, 0.0, 1.0, "share")[0])
    'share: 200% is not between 0 and 100%. Did you mean 2%?'
    """
    if value is None or low <= value <= high:
        return []
    if unit == "share":
        shown, span = f"{100.0 * value:.6g}%", f"between {100.0 * low:.6g} and {100.0 * high:.6g}%"
    else:
        shown, span = f"{value:.12g}", f"between {low:.12g} and {high:.12g}{unit and ' '}{unit}"
    slip = unit == "share" and 1.0 < value <= 100.0 * high
    mend = f"Did you mean {value:.12g}%?" if slip else f"write a number {span}"
    return [Fault(f"{shown} is not {span}", mend, (name,))]


def word_faults(name: str, value: object, words: Collection[str]) -> list[Fault]:
    """Return what is wrong with a word that must be one of some.

    >>> str(word_faults("weigh", "valu", ("value", "risk"))[0])
    "weigh: 'valu' is none of value, risk. Did you mean 'value'?"
    """
    if value in words:
        return []
    near = did_you_mean(value, words).strip() if isinstance(value, str) else ""
    mend = near if "mean" in near else f"write one of them, such as {next(iter(words), 'none')}"
    return [Fault(f"{told(value)} is none of {', '.join(words)}", mend, (name,))]
