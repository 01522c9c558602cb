"""How names are made to fit: long ones are cut so that no two that differ look the same."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from rich.cells import cell_len

LEFT_OUT = "…"
_JOINER = "\u200d"


def told_apart(names: Iterable[str], width: int) -> dict[str, str]:
    """Return for each name a label of at most so many cells of a terminal; no two names have the same.

    A name that fits is its own label. Of longer ones the middle is left out, all at the same place if that tells them
    apart; else what each differs in is kept; those that nothing tells apart are numbered.

    Parameters
    ----------
    names : iterable of str
        Names to show beside each other; one that is named twice counts once.
    width : int
        Cells, of which a Chinese character takes two. Never fewer than `least_width`.

    >>> told_apart(["nothing", "retention_offer_segment_01", "retention_offer_segment_02"], 12)
    {'nothing': 'nothing', 'retention_offer_segment_01': 'retent…nt_01', 'retention_offer_segment_02': 'retent…nt_02'}
    """
    unique = list(dict.fromkeys(names))
    width = max(width, least_width(len(unique)))
    labels = {name: name for name in unique if cell_len(name) <= width}
    long = [name for name in unique if name not in labels]
    for cut in _same_cuts(long, width):
        if len({*labels, *cut}) == len(unique):
            return _in_order(unique, labels | dict(zip(long, cut, strict=True)))
    for name in long:
        label = _around_difference(name, long, width)
        if label not in labels.values():
            labels[name] = label
    number = 0
    for name in long:
        while name not in labels:
            number += 1
            end = f"{LEFT_OUT}#{number}"
            label = _head(clusters(name), width - cell_len(end)) + end
            if label not in labels.values():
                labels[name] = label
    return _in_order(unique, labels)


def listed(names: Sequence[str]) -> str:
    """Join names as a sentence does.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def least_width(count: int) -> int:
    """Return the cells in which so many names can be told apart, if need be by number alone."""
    return 2 + len(str(2 * count))


def _in_order(names: Sequence[str], labels: dict[str, str]) -> dict[str, str]:
    return {name: labels[name] for name in names}


def _same_cuts(names: Sequence[str], width: int) -> Iterator[list[str]]:
    """Yield labels that leave out the middle, of all names at the same place: about half way first."""
    parted = [clusters(name) for name in names]
    cells = width - cell_len(LEFT_OUT)
    for end in sorted(range(1, cells + 1), key=lambda end: abs(2 * end - cells + 1)):
        yield [_head(parts, cells - end) + LEFT_OUT + _tail(parts, end) for parts in parted]


def _around_difference(name: str, names: Sequence[str], width: int) -> str:
    """Return a label that keeps where a name first differs from the one that it shares the longest beginning with."""
    same = max((_shared(name, other) for other in names if other != name), default=0)
    parts = clusters(name)
    cells = width - 2 * cell_len(LEFT_OUT)
    starts = [0, *accumulate(len(part) for part in parts)]
    first = max(number for number, start in enumerate(starts) if start <= same)
    head, end = _head(parts[:first], cells // 3), _tail(parts[first:], cells // 3)
    middle = _head(parts[first : len(parts)], cells - cell_len(head) - cell_len(end))
    label = head + LEFT_OUT + middle + LEFT_OUT + end
    return label if cell_len(label) <= width else _head(clusters(label), width)


def _shared(one: str, other: str) -> int:
    """Return how many characters two names have in common at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def clusters(name: str) -> list[str]:
    """Part a name into letters, each with the marks and joiners that belong to it."""
    parts: list[str] = []
    for character in name:
        joins = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or (parts and parts[-1].endswith(_JOINER))
        if parts and joins:
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _head(parts: Sequence[str], cells: int) -> str:
    """Return as many of the first letters as fit."""
    taken = ""
    for part in parts:
        if cell_len(taken + part) > cells:
            break
        taken += part
    return taken


def _tail(parts: Sequence[str], cells: int) -> str:
    """Return as many of the last letters as fit."""
    taken = ""
    for part in reversed(parts):
        if cell_len(part + taken) > cells:
            break
        taken = part + taken
    return taken
