"""The law of names: what an arm or a circumstance may be called, in any script.

A name becomes a word of a command, a folder and a heading of the report, on every system. So it is one word or more
of letters, marks and digits, short, without anything invisible, and never the name of something else.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from experiments.documents import Document, Problem
from experiments.printable import code_point, shown

LONGEST = 40  # characters
MOST_BYTES = 160  # in UTF-8; file systems stop at 255
INSIDE = "_- ."
_JOINERS = "\u200c\u200d"
"""Persian and Hindi spell with them; between letters they join or part what is drawn."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category that show nothing."""
_NOT_SEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Joiners and marks that choose how a letter is drawn: no two names differ by them alone."""
_OF_WINDOWS = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))])
_OURS = frozenset(["runs", "starts", "unused", "cache", "claims", "experiment.json", "report.html"])


def name_fault(name: str) -> str | None:
    """Say what is wrong with a name, and how to mend it; None for a good one.

    >>> name_fault("हिन्दी 2"), name_fault("Straße-1"), name_fault("con.txt")
    (None, None, 'it is kept for a device on Windows. Call it something else.')
    """
    name = unicodedata.normalize("NFC", name)
    if not name:
        return "it is empty. Write a name."
    if len(name) > LONGEST or len(name.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        return f"it is longer than {LONGEST} characters or {MOST_BYTES} bytes. Shorten it."
    wrong = next((place for place in range(len(name)) if not _may_stand(name, place)), None)
    if wrong is not None:
        misplaced = " where no letters meet" if name[wrong] in _JOINERS else ""
        return f"it holds {_told(name[wrong])}{misplaced}. Use letters, digits, '_', '-', '.' and single blanks."
    if _kind(name[0]) not in ("L", "N"):
        return f"it begins with {_told(name[0])}. Begin with a letter or a digit."
    if name[-1] in " .":
        return f"it ends with {_told(name[-1])}. Leave that out."
    if "  " in name:
        return "it holds two blanks in a row. Write one."
    plain = folded(name)
    if plain.partition(".")[0].rstrip() in _OF_WINDOWS:
        return "it is kept for a device on Windows. Call it something else."
    if plain in _OURS:
        return "a folder of results holds something of that name. Call it something else."
    return None


def folded(name: str) -> str:
    r"""Return what a name is whatever its case and its spelling in code points: two names with the same are one.

    >>> folded("Café") == folded("CAFE\N{COMBINING ACUTE ACCENT}")
    True
    """
    seen = _NOT_SEEN.sub("", name)
    cased = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", seen).casefold()).casefold()
    return unicodedata.normalize("NFKC", cased)


def same_names(names: Iterable[str]) -> dict[str, str]:
    """Return each name that is an earlier one whatever the case -> that earlier one."""
    first: dict[str, str] = {}
    return {name: first[folded(name)] for name in names if first.setdefault(folded(name), name) != name}


def name_problems(document: Document, section: str, named: str) -> Iterator[Problem]:
    """Yield the keys of a section that break the law of names, and those that are one name with an earlier key.

    Parameters
    ----------
    document : Document
        The config.
    section : str
        A key of it, whose value is a mapping; anything else has no names.
    named : str
        What the keys name, such as "an arm".
    """
    entries = document.data.get(section)
    names = list(entries) if isinstance(entries, dict) else []
    for name in names:
        what, _, mend = (name_fault(name) or "").partition(". ")
        if what:
            yield document.problem((section, name), f"{shown(name)} cannot name {named}: {what}", mend, of_key=True)
    for name, first in same_names(names).items():
        place = document.place((section, first), of_key=True)
        where = f"{place.path}:{place.line}:{place.column}" if place.line else place.path
        message = f"{shown(name)} is the same name as {shown(first)} at {where}"
        yield document.problem((section, name), message, "Call one of them something else.", of_key=True)


def _may_stand(name: str, place: int) -> bool:
    """Whether a name may have the character that it has at a place."""
    character = name[place]
    before, here, after = (_kind(part) for part in (name[place - 1 : place], character, name[place + 1 : place + 2]))
    if character in _JOINERS:
        return before in ("L", "M") and after in ("L", "M")
    if here == "M":
        return before in ("L", "M", "N") or name[place - 1 : place] in tuple(_JOINERS)
    return character in INSIDE or (here in ("L", "N") and character not in _FILLERS)


def _kind(character: str) -> str:
    """Return L, M or N for a letter, mark or digit, else another capital; nothing for nothing."""
    return unicodedata.category(character)[0] if character else ""


def _told(character: str) -> str:
    return shown(character) if character.isprintable() and character.isascii() else code_point(character)
