"""The law of names: what an arm or a scenario may be called, in any script.

A name becomes a word of a command, a folder and a heading of the report, on every system. So it is one word or more
of letters, marks and digits, short, without anything invisible, and never the name of something else.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from tenure.experiments.config.documents import Document, KeyPath, Problem
from tenure.experiments.config.printable import code_point, shown

LONGEST = 40  # characters
MOST_BYTES = 160  # in UTF-8; file systems stop at 255
INSIDE = "_- ."
_JOINERS = "\u200c\u200d"
"""Persian and Hindi spell with them; between letters they join or part what is drawn."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters by their category that show nothing."""
_NOT_SEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Joiners and marks that choose how a letter is drawn: no two names differ by them alone."""
_DRAWN_AS = str.maketrans(
    {
        letter: latin
        for others, like in (
            ("аеорсухѕіјһԁԛԝѵӏАВЕКМНОРСТУХЅІЈԚԜѴӀ", "aeopcyxsijhdqwvlABEKMHOPCTYXSIJQWVl"),  # Cyrillic
            ("αορνιΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aopviABEZHIKMNOPTYX"),  # Greek
            ("օսհո", "ouhn"),  # Armenian
            ("ꓐꓑꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓦꓧꓪꓫꓬꓮꓰꓲꓳꓴ", "BPDTGKJCZFMNLSRVHWXYAEIOU"),  # Lisu
            ("ᎠᎡᎢᎥᎪᎫᎬᎳᎷᎻᏃᏚᏙᏞᏟᏢᏦᏴ", "DRTiAJEWMHZSVLCPKB"),  # Cherokee
            ("ɑɡıǀ", "agil"),  # Latin letters of alphabets other than the English
            ("一口工力卜二八夕へり", "ーロエカトニハタヘリ"),  # Chinese and hiragana, as katakana
        )
        for letter, latin in zip(others, like, strict=True)
    }
)
"""Letters that one cannot tell from those of another script: a choice of the confusables of Unicode (UTS 39)."""
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


def looks(name: str) -> str:
    r"""Return what a name looks like, letters of other scripts taken for the Latin ones that are drawn the same.

    >>> looks("B\N{CYRILLIC SMALL LETTER A}nk") == looks("bank")
    True
    """
    return folded(unicodedata.normalize("NFKD", _NOT_SEEN.sub("", name)).translate(_DRAWN_AS))


def same_names(names: Iterable[str]) -> dict[str, str]:
    """Return each name that is an earlier one whatever the case, or looks like one -> that earlier one."""
    first: dict[tuple[str, str], str] = {}
    found = {}
    for name in names:
        keys = (("is", folded(name)), ("looks", looks(name)))
        earlier = next((first[key] for key in keys if key in first), name)
        if earlier != name:
            found[name] = earlier
        for key in keys:
            first.setdefault(key, earlier)
    return found


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
    yield from _alike(document, {name: (section, name) for name in names})


def market_name_problems(document: Document) -> Iterator[Problem]:
    """Yield the names of a market that are one with, or look like, an earlier one of the same kind."""
    for section in ("rivals", "products", "segments", "treatments"):
        entries = document.data.get(section)
        at: dict[str, KeyPath] = {name: (section, name) for name in entries} if isinstance(entries, dict) else {}
        us = document.data.get("us")
        ours = us.get("name") if section == "rivals" and isinstance(us, dict) else None
        if isinstance(ours, str) and ours not in at:
            at = {ours: ("us", "name"), **at}
        yield from _alike(document, at)


def _alike(document: Document, at: Mapping[str, KeyPath]) -> Iterator[Problem]:
    """Yield names that are one with, or look like, an earlier one; each with the place of it."""
    for name, first in same_names(at).items():
        place = document.place(at[first], of_key=at[first][-1] == first)
        where = f"{place.path}:{place.line}:{place.column}" if place.line else place.path
        message = _likeness(name, first, where)
        yield document.problem(at[name], message, "Call one of them something else.", of_key=True)


def _likeness(name: str, first: str, where: str) -> str:
    """Say how a name is an earlier one: by what it is, or by what is seen of it."""
    if folded(name) == folded(first):
        return f"{shown(name)} is the same name as {shown(first)} at {where}"
    parted = [set(unicodedata.normalize("NFKD", one)) for one in (name, first)]
    other = [one for one in sorted(parted[0] ^ parted[1]) + sorted(parted[0]) if ord(one) in _DRAWN_AS]
    return f"{shown(name)} looks like {shown(first)} at {where}: they differ by {code_point(other[0])} alone"


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
