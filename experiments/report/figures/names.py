"""How arms are named in figures: cut to fit, in fonts that have their letters, else by a stand-in with a key."""

import logging
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

import matplotlib
from matplotlib import font_manager
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

from tenure.experiments.report.labels import listed, told_apart

BASE = "DejaVu Sans"
"""Comes with matplotlib."""
NO_LETTERS = "Last Resort"
"""Comes with matplotlib, too: it has a box for every character of every script, and no letters."""
MOST_CELLS = 24
"""Of a name in a figure."""
SHAPES = matplotlib.__version_info__ >= (3, 11)
"""Whether letters are joined and turned as Arabic, Hebrew or Hindi are written: earlier ones set them side by side."""


class Names(NamedTuple):
    """How some names are written in figures."""

    labels: Mapping[str, str]
    """Name -> what figures write; no two are the same."""
    stand_ins: Mapping[str, str]
    """Name that no font of this machine can draw -> its label."""
    fonts: tuple[str, ...]
    """Families, to be asked in this order."""


@cache
def names_in_figures(names: tuple[str, ...], what: str = "arm") -> Names:
    """Return how names of arms, or of what else, are written in figures here; two that differ are never alike."""
    fonts, letters = _fonts_for(frozenset("".join(names)))
    without = [name for name in names if not _can_be_drawn(name, letters)]
    free = (word for number in range(1, 2 * len(names) + 1) if (word := f"{what} {number}") not in names)
    stand_ins = dict(zip(without, free, strict=False))
    cut = told_apart([stand_ins.get(name, name) for name in names], MOST_CELLS)
    return Names({name: cut[stand_ins.get(name, name)] for name in names}, stand_ins, fonts)


def key_of(names: Names, shown: str) -> str:
    """Say which name each stand-in in a text is for; nothing if there is none."""
    words = " ".join(shown.split())
    key = [f"{label} is {name}" for name, label in names.stand_ins.items() if re.search(rf"\b{label}\b", words)]
    return f"No font on this machine draws these names: {listed(key)}." if key else ""


def undrawn_notes(arms: Sequence[str]) -> Iterator[str]:
    """Yield a line on the arms that figures write a stand-in for, and how to have them drawn; nothing if none has."""
    found = names_in_figures(tuple(arms)).stand_ins
    if found:
        pairs = listed([f"{label} for {name}" for name, label in found.items()])
        yield (
            f"note: no font on this machine has the letters of some names. Figures write {pairs}; install a font that "
            "has them, and write the report again"
        )


def in_drawable_letters(text: str, names: Names) -> str:
    """Return a sentence with stand-ins for the names that no font can draw."""
    for name in sorted(names.stand_ins, key=len, reverse=True):
        text = text.replace(name, names.stand_ins[name])
    return text


def is_plain(text: str) -> bool:
    """Return whether the usual font draws all letters of a text."""
    return _can_be_drawn(text, _letters(BASE))


def _can_be_drawn(name: str, letters: frozenset[str]) -> bool:
    return letters.issuperset(name) and (SHAPES or not any(map(_is_shaped, unicodedata.normalize("NFC", name))))


def _is_shaped(character: str) -> bool:
    """Whether a letter is written otherwise than beside the one before it, or from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL", "AN") or unicodedata.category(character)[0] == "M"


def _fonts_for(characters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return families that have the characters as far as there are any, the usual one first, and what they have."""
    fonts, letters = [BASE], characters & _letters(BASE)
    if letters != characters:
        others = sorted({font.name for font in fontManager.ttflist if not font.name.startswith(NO_LETTERS)})
        having = {font: characters & _letters(font) for font in others}
        while gain := max((len(found - letters) for found in having.values()), default=0):
            best = next(font for font in others if len(having[font] - letters) == gain)
            fonts.append(best)
            letters |= having[best]
    return tuple(fonts), letters


@cache
def _letters(family: str) -> frozenset[str]:
    """Return the characters that a family has both plain and bold."""
    both = []
    with no_word_of_fonts():
        for weight in ("normal", "bold"):
            font = findfont(FontProperties(family=[family], weight=weight), fallback_to_default=False)
            try:
                both.append(frozenset(map(chr, get_font(font).get_charmap())))
            except (OSError, RuntimeError):  # a file that is damaged, or no font
                return frozenset()
    return both[0] & both[1]


@contextmanager
def drawn_in(fonts: Sequence[str]) -> Iterator[None]:
    """Within it, what is written is measured and drawn in some families, each letter in the first that has it."""
    with no_word_of_fonts(), matplotlib.rc_context({"font.family": list(fonts)}):
        yield


@contextmanager
def no_word_of_fonts() -> Iterator[None]:
    """Within it matplotlib does not tell that a family has no bold letters and those of another weight are taken."""
    logger = logging.getLogger(font_manager.__name__)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
