"""What the text of a condition names of a market, before the market is known: its products and its segments."""

import re

from tenure.policies.schemes import SEGMENT

NO_YES = ("no", "yes")
PER_PRODUCT: dict[str, tuple[str, ...] | None] = {"holds_": NO_YES, "need_": None}
"""Beginning of the name of a field that every product has -> its words, None for a number."""
_PRODUCT_FIELD = re.compile(rf"\b(?:{'|'.join(PER_PRODUCT)})(\w+)")
_SEGMENT = re.compile(rf"\b{SEGMENT}\b")
_SEGMENT_WORDS = re.compile(rf"\b{SEGMENT}\s*(?:[=!]=\s*(\w+)|in\s*\[([^\]]*)\])")


def products_named(condition: str) -> tuple[str, ...]:
    """Return the products that a condition names by `holds_` or `need_`, each once.

    >>> products_named("holds_card == yes and need_loan > 40% and need_card > 10%")
    ('card', 'loan')
    """
    return tuple(dict.fromkeys(_PRODUCT_FIELD.findall(condition)))


def segments_named(condition: str) -> tuple[str, ...]:
    """Return the words that a condition compares `segment` with, each once.

    >>> segments_named("segment in [young, old] or segment != young")
    ('young', 'old')
    """
    words = " ".join(f"{one} {several}" for one, several in _SEGMENT_WORDS.findall(condition))
    return tuple(dict.fromkeys(words.replace(",", " ").split()))


def names_a_segment(condition: str) -> bool:
    """Return whether a condition speaks of segments, which only the market knows.

    >>> names_a_segment("segment == young"), names_a_segment("tenure_months > 6")
    (True, False)
    """
    return _SEGMENT.search(condition) is not None
