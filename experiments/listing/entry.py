"""One named thing that `tenure list` and `tenure explain` tell of."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One named thing: what it is in a line, and all that is known of it, label to text.

    Attributes
    ----------
    kind, name : str
        What it is, and its full name.
    line : str
        What it means, in one sentence.
    facts : dict
        Label -> text, in the order to show.
    also : tuple of str
        Other spellings, in the grammar of `tenure.experiments.listing.spelling.Index`.
    """

    kind: str
    name: str
    line: str
    facts: dict[str, str]
    also: tuple[str, ...] = ()
