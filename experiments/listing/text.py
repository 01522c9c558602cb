"""How `tenure list` and `tenure explain` write entries on a terminal: 110 columns, the same on a pipe."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from tenure.agents.declaring import Parameter
from tenure.experiments.listing.entry import Entry
from tenure.simulation.values.units import LARGEST_COUNT

WIDEST = 110
NAMES = 36
"""Columns for names in a list; a longer name has a line of its own."""
LABELS = 22
"""Columns for labels of facts."""
FEW_KINDS = 3
"""Kinds of entries that a list may mix without headings."""
_OF_A_NUMBER = ("default", "unit", "range", "source")
SHOWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("parameter", "setting", "setting of a policy", "number of a treatment"), _OF_A_NUMBER),
    "measure of a recording": ("unit",),
    "option of a command": ("of",),
}
"""Kind of entries -> the facts that a list shows of them."""
MOST_IN_FULL = 4
"""Meanings of one word that are told with all their facts."""


_UNITS = {
    "share": "a share",
    "rate/year": "a rate a year",
    "1": "a number",
    "0/1": "0 or 1",
    "log": "a logarithm",
    "1/month": "per month",
    "1/year": "per year",
    "count": "a count",
    "a month": "how many a month",
}


def unit_text(unit: str) -> str:
    """Write a unit as declared for a reader.

    >>> [unit_text(unit) for unit in ("share/month", "EUR", "EUR/year", "log-odds", "")]
    ['a share a month', "in the market's currency", "in the market's currency, a year", 'log-odds', '']
    """
    first, slash, per = unit.partition("/")
    if unit.startswith("EUR"):
        return "in the market's currency" + (f", a {per}" if slash else unit.removeprefix("EUR"))
    return _UNITS.get(unit) or (f"a share a {per}" if first == "share" and slash else unit)


def number_facts(declared: Parameter) -> dict[str, str]:
    """Return label and text of what a number is declared to be: its unit, range and source.

    >>> number_facts(Parameter("share", 0.0, 1.0, "assumption"))
    {'unit': 'a share', 'range': '0% to 100%', 'source': 'assumption'}
    """
    low, high = (default_text(bound, declared.unit) for bound in (declared.low, declared.high))
    bounds = f"{low} to {high}" if declared.high < LARGEST_COUNT else f"{low} or more"
    return {"unit": unit_text(declared.unit) or "a number", "range": bounds, "source": declared.source}


def default_text(value: object, unit: str = "") -> str:
    """Write a value as a user would, in the unit of its declaration.

    >>> default_text(0.5, "share"), default_text((1, 2)), default_text({"a": True}), default_text(None)
    ('50%', '[1, 2]', '{a: yes}', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return f"[{', '.join(default_text(item, unit) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {default_text(item, unit)}' for key, item in value.items())}}}"
    if isinstance(value, int | float):
        return f"{100.0 * value:.12g}%" if unit.startswith(("share", "rate")) else f"{value:.15g}"
    return str(value)


def sentence(text: str) -> str:
    """Write a meaning as a sentence.

    >>> sentence("what it is")
    'What it is.'
    """
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def without_empty(facts: Mapping[str, str]) -> dict[str, str]:
    """Return the facts of which there is something to tell."""
    return {label: text for label, text in facts.items() if text}


def list_lines(found: Sequence[Entry]) -> Iterator[str]:
    """Yield each entry's name and what it means; many kinds each below a heading."""
    width = min(max((len(one.name) for one in found), default=0), NAMES)
    headed, before = len({one.kind for one in found}) > FEW_KINDS, ""
    for one in found:
        if headed and one.kind != before:
            yield from ["", f"{one.kind}:"] if before else [f"{one.kind}:"]
            before = one.kind
        shown = "; ".join(one.facts[label] for label in SHOWN.get(one.kind, ()) if label in one.facts)
        yield from _columns(one.name, f"{one.line} [{shown}]" if shown else one.line, width + 2)


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
