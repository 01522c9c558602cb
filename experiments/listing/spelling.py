"""Words that a user may write in several ways: `closing_value`, `Closing values`, `market.us.quality`, `us quality`."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
ANY = re.compile(r"<[^>]*>|\bNAME\b")
"""Where a spelling has any word: an arm's name, a product, a number."""
_WORD = re.compile(r"[^\W_]+")
_SIGN = re.compile(r"[^\w\s]")
_CURRENCY = re.compile(r"\b[A-Z]{3}\b")
_NUMBER, _ANYTHING = "qnumberq", "qanythingq"
"""Stand for `<number>` and for any other words while a spelling is made normal."""
_LITTLE = ("all", "at", "by", "do", "for", "from", "in", "is", "name", "not", "of", "on", "to", "when", "where", "with")
"""Words that mean something by themselves, and in a sentence nothing."""
_LONGEST = 8
"""Words of the longest phrase that is looked for in a sentence."""


def normal(text: str) -> str:
    """Return a text as its words in one spelling: case, separators and plural do not count.

    >>> normal("Closing_values"), normal("told to go"), normal("high-risk"), normal("±")
    ('closing value', 'told to go', 'high risk', '±')
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace("'s", "").replace("\u2019s", "")
    words = _WORD.findall(plain)
    return " ".join(map(_singular, words)) if words else " ".join(_SIGN.findall(plain))


def _singular(word: str) -> str:
    """Return a word without the ending of a plural.

    >>> [_singular(word) for word in ("losses", "switches", "policies", "gains", "loss", "us")]
    ['loss', 'switch', 'policy', 'gain', 'loss', 'us']
    """
    for ending, instead in (("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ies", "y")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


class _Pattern(NamedTuple, Generic[T]):
    """A spelling with any words in it, from one of its parts on."""

    found_by: re.Pattern[str]
    thing: T


class Index(Generic[T]):
    """Things by their spellings: whole, or from one of their parts on (`us.quality` of `market.us.quality`).

    Parameters
    ----------
    things : iterable of (spellings, thing)
        A spelling has parts with dots between them; `NAME` and `<anything>` stand for any words in a part.
    """

    def __init__(self, things: Iterable[tuple[Iterable[str], T]]) -> None:
        self.whole: dict[str, list[T]] = {}
        self.ends: dict[str, list[T]] = {}
        self.patterns: list[_Pattern[T]] = []
        self.spellings: dict[str, str] = {}
        for spellings, thing in things:
            for spelling in spellings:
                self._add(spelling, thing)

    def _add(self, spelling: str, thing: T) -> None:
        parts = _parts(spelling)
        for start in range(len(parts)):
            rest = parts[start:]
            if start and ANY.match(rest[0]):
                continue  # any word at all would be found by it
            key = " ".join(map(normal, rest))
            (self.ends if start else self.whole).setdefault(key, []).append(thing)
            if any(map(ANY.search, rest)):
                self.patterns.append(_Pattern(re.compile(r"\.".join(map(_pattern, rest))), thing))
            self.spellings.setdefault(key, ".".join(rest))

    def find(self, asked: str) -> list[T]:
        """Return all things that are called so, those with just this name first; none twice.

        What is declared in EUR is found in any currency: `back per GBP of treatment`.
        """
        declared = _CURRENCY.sub("EUR", asked) if " " in asked.strip() else asked
        return _once([*self._found(asked), *(self._found(declared) if declared != asked else ())])

    def _found(self, asked: str) -> list[T]:
        key = normal(asked)
        parts = ".".join(map(normal, _parts(asked)))
        some = [one.thing for one in self.patterns if one.found_by.fullmatch(parts)] if key else []
        return _once([*self.whole.get(key, []), *self.ends.get(key, []), *some])

    def in_text(self, text: str) -> list[T]:
        """Return what a sentence speaks of: the longest phrases that are spellings of something."""
        words, found, at = re.split(r"[\s/|,;:()]+", text), list[T](), 0
        while at < len(words):
            for length in range(min(_LONGEST, len(words) - at), 0, -1):
                phrase = " ".join(words[at : at + length])
                some = [] if phrase.casefold() in _LITTLE else self.find(phrase)
                if some:
                    found += some
                    at += length - 1
                    break
            at += 1
        return _once(found)

    def near(self, asked: str, cutoff: float = 0.75) -> list[str]:
        """Return up to five spellings that come near a word, or have it among their words."""
        key = normal(asked)
        having = sorted((one for one in self.spellings if key and f" {key} " in f" {one} "), key=len)
        close = get_close_matches(key, self.spellings, n=3, cutoff=cutoff)
        return _once(self.spellings[one] for one in [*having[:3], *close])[:4]


def _parts(spelling: str) -> list[str]:
    """Return the parts of a dotted name; a text with spaces is one part, its full stops are no dots."""
    return [spelling] if " " in spelling.strip() else [part for part in spelling.strip().split(".") if part]


def _pattern(part: str) -> str:
    r"""Return what finds a part in which any words may stand.

    >>> _pattern("holds_<product>"), _pattern("NAME"), _pattern("r<number>f<number>")
    ('hold [^.]+', '[^.]+', 'r\\d+f\\d+')
    """
    told = normal(ANY.sub(lambda any_word: _NUMBER if any_word[0] == "<number>" else _ANYTHING, part))
    return told.replace(_NUMBER, r"\d+").replace(_ANYTHING, "[^.]+")


def _once(things: Iterable[T]) -> list[T]:
    return list(_different(things))


def _different(things: Iterable[T]) -> Iterator[T]:
    seen: list[T] = []
    for one in things:
        if one not in seen:
            seen.append(one)
            yield one
