"""How `tenure list` and `tenure explain` write entries on a terminal: 110 columns, the same on a pipe."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from experiments.entry import Entry

WIDEST = 110
NAMES = 36
"""Columns for names in a list; a longer name has a line of its own."""
LABELS = 22
"""Columns for labels of facts."""
FEW_KINDS = 3
"""Kinds of entries that a list may mix without headings."""
WITH_DEFAULTS = ("parameter", "setting")
"""Kinds whose defaults are listed."""
MOST_IN_FULL = 4
"""Meanings of one word that are told with all their facts."""


_UNITS = {
    "share": "a share", "rate/year": "a rate a year", "1": "a number", "0/1": "0 or 1", "log": "a logarithm",
    "1/month": "per month", "1/year": "per year", "count": "a count", "a month": "how many a month",
}  # fmt: skip


def unit_text(unit: str) -> str:
    """Write a unit as declared for a reader.

    >>> [unit_text(unit) for unit in ("share/month", "EUR", "EUR/year", "log-odds", "")]
    ['a share a month', "in the market's currency", "in the market's currency, a year", 'log-odds', '']
    """
    first, slash, per = unit.partition("/")
    if unit.startswith("EUR"):
        return "in the market's currency" + (f", a {per}" if slash else unit.removeprefix("EUR"))
    return _UNITS.get(unit) or (f"a share a {per}" if first == "share" and slash else unit)


def list_lines(found: Sequence[Entry]) -> Iterator[str]:
    """Yield each entry's name and what it means; many kinds each below a heading."""
    width = min(max((len(one.name) for one in found), default=0), NAMES)
    headed, before = len({one.kind for one in found}) > FEW_KINDS, ""
    for one in found:
        if headed and one.kind != before:
            yield from ["", f"{one.kind}:"] if before else [f"{one.kind}:"]
            before = one.kind
        facts = one.facts if one.kind in WITH_DEFAULTS else {}
        told = "; ".join(filter(None, (facts.get("default"), facts.get("unit"), facts.get("source"))))
        yield from _columns(one.name, f"{one.line} [{told}]" if told else one.line, width + 2)


def entry_lines(found: Sequence[Entry], asked: str = "", as_text: bool = False) -> Iterator[str]:
    """Yield what is known of each entry; of a word with many meanings, each meaning in a line or two.

    Parameters
    ----------
    found : sequence of Entry
    asked : str
        The word that they were found by; empty where a list was wanted.
    as_text : bool
        Whether it is no word, but a text that speaks of them.
    """
    if asked and (as_text or len(found) > 1):
        yield f"'{asked}' is no name; it speaks of:" if as_text else f"'{asked}' has {len(found)} meanings:"
        yield ""
    for one in found:
        yield f"{one.name}  ({one.kind})"
        yield from wrap(one.line, WIDEST, initial_indent="  ", subsequent_indent="  ")
        if len(found) <= MOST_IN_FULL or not asked:
            for label, text in one.facts.items():
                yield from _fact(label, text)
        yield ""
    if asked and len(found) > MOST_IN_FULL:
        yield "Of one of them `tenure explain` tells more: give its whole name."


def _fact(label: str, text: str) -> Iterator[str]:
    if "\n" in text:
        yield f"  {label}"
        yield from (f"    {line}" for line in text.splitlines())
        return
    yield from (f"  {line}" for line in _columns(label, text, LABELS, WIDEST - 2))


def _columns(name: str, text: str, width: int, widest: int = WIDEST) -> Iterator[str]:
    """Yield a name and a text beside it, or below it where the name is long."""
    if len(name) + 2 > width:
        yield name
        name = ""
    lines = wrap(text, widest - width, break_on_hyphens=False, break_long_words=False) or [""]
    for number, line in enumerate(lines):
        yield f"{name if number == 0 else '':<{width}}{line}".rstrip()
