"""The columns of a panel, made of what the records of a person, a month and a belief declare of their fields."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, NEVER, NEWS, QUADRANTS, SCOPES, Belief
from tenure.agents.declaring import Field, fields_of
from tenure.agents.person import CAUSES, GONE, PERSON, STAGES, Person
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND, SIGNAL, Signal
from tenure.agents.truth import TRUTH, Truth
from tenure.experiments.export.column import Kind, TableColumn

Values = NDArray[Any]  # floats, whole numbers, or texts as objects
Read = Callable[[Values], Values]
"""From the stored values of a field to those of a column."""

TRUE, SEEN, BELIEVED = "truth_", "signal_", "belief_"
"""How columns begin that hold the truth, what the month showed the provider, and what we believed."""
STORED: Mapping[type, tuple[np.dtype[np.void], str]] = {
    Person: (PERSON, TRUE),
    Truth: (TRUTH, TRUE),
    Signal: (SIGNAL, SEEN),
    Belief: (BELIEF, BELIEVED),
}
"""Record -> how it is stored, and how its columns begin."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "stage": STAGES,
    "quadrant": QUADRANTS,
    "scope": SCOPES,
    "news": NEWS,
    "cause": CAUSES,
}
"""Field that is an index -> what it is an index into."""
LEFT_OUT: Mapping[type, Mapping[str, str]] = {
    Person: {"id": "is the column person", "margin_per_year": "is told of the truth of a customer"},
    Signal: {
        "person_id": "is the column person",
        "provider": "is the same as truth_provider",
        "stage_before": "is the truth",
        "told_needs": "bits; belief_need has what was made of them",
    },
    Belief: {
        "person_id": "is the column person",
        "age_years": "protected: no view has it",
        "contact_history": "bits; belief_months_since_contact and belief_contacts_12_months tell of it",
        "need_yes": "counts; belief_need is what they come to",
        "need_no": "counts; belief_need is what they come to",
    },
}
"""Record -> field that no column is made of -> why."""


PROVIDERS = ("provider", "before")
"""Fields of an institution that say `nobody` where there is none; others are missing then."""
_NONE = re.compile(r"(?:-1|0)(?: to)? none(?: seen)?")


class MarketNames(NamedTuple):
    """What numbers of a market stand for: institutions (0 is nobody), products, treatments and channels by row."""

    institutions: tuple[str, ...]
    products: tuple[str, ...]
    treatments: tuple[str, ...]
    channels: tuple[str, ...]


class Reading(NamedTuple):
    """A column, and how it is read from a field of a record."""

    column: TableColumn
    field: str
    read: Read


def readings_of(record: type, names: MarketNames) -> Iterator[Reading]:
    """Yield the columns of a record, in the order of its fields; of a field by product one for each product."""
    dtype, prefix = STORED[record]
    for name, field in fields_of(record).items():
        if name in LEFT_OUT.get(record, {}):
            continue
        whole = not np.issubdtype(dtype[name].base, np.floating)
        kind, unit, meaning, read = _told(name, field, whole, names)
        label = f"{prefix}{name.removesuffix('_cents')}"
        if not dtype[name].shape:
            words = tuple(word for word in WORDS.get(name, ()) if word)
            yield Reading(TableColumn(label, kind, unit, meaning, words), name, read)
            continue
        for k, product in enumerate(names.products):
            own = TableColumn(f"{label}_{product}", kind, unit, f"{meaning}: {product}")
            yield Reading(own, name, _of_product(k, read))


def _of_product(k: int, read: Read) -> Read:
    return lambda values: read(values[:, k])


def _told(name: str, field: Field, whole: bool, names: MarketNames) -> tuple[Kind, str, str, Read]:
    """Return kind, unit, meaning and way of reading of a field."""
    unit, meaning = field.unit, _NONE.sub("missing: none", field.meaning)
    if name.endswith("_cents"):
        return "number", "EUR", meaning, lambda values: values / 100.0
    if name in WORDS:
        return "text", "", meaning.partition(", index into")[0], _words_at(WORDS[name])
    if name == "source":
        return "text", "", "how a joiner came: searched, invited, or through which channel", _sources(names)
    by_unit: dict[str, tuple[str, ...]] = {"product": names.products, "treatment": ("", *names.treatments[1:])}
    if unit == "institution":
        nobody = "nobody" if name in PROVIDERS else None
        told = meaning.replace("0 nobody, -1 gone for good", "or nobody, or gone for good")
        return "text", "", told, _institutions(names, nobody)
    if unit in by_unit:
        return "text", "", meaning, _words_at(by_unit[unit])
    if unit == "bits":
        return "text", "", meaning.replace("bit j: ", "names of institutions: "), _institutions_in(names)
    if unit == "0/1":
        return "yes/no", "", meaning, lambda values: values == 1
    if whole and f"{NEVER} never" in meaning:
        told = meaning.replace(f"{NEVER} never", "missing: never, or longer ago than is counted")
        return "number", unit, told, lambda values: np.where(values == NEVER, np.nan, values)
    return "whole" if whole else "number", unit, meaning, lambda values: values


def _words_at(words: Sequence[str]) -> Read:
    """Return how to read an index into words; what is none of them, or the empty word, is missing."""
    known = np.array([*(word or None for word in words), None], object)
    last = len(words)
    return lambda values: known[np.where((values >= 0) & (values < last), values, last).astype(np.int64)]


def _institutions(names: MarketNames, nobody: str | None) -> Read:
    known = np.array([nobody, *names.institutions[1:], "gone"], object)
    return lambda values: known[np.where(values == GONE, len(known) - 1, values).astype(np.int64)]


def _institutions_in(names: MarketNames) -> Read:
    """Return how to read bits of institutions: their names, joined."""

    def read(values: Values) -> Values:
        each = [
            ", ".join(name for j, name in enumerate(names.institutions) if int(bits) >> j & 1)
            for bits in values.tolist()
        ]
        return np.array([one or None for one in each], object)

    return read


def _sources(names: MarketNames) -> Read:
    by = {LOOKED_AROUND: "searched", INVITED: "invited"}
    by |= {BY_CHANNEL + row: name for row, name in enumerate(names.channels)}
    return lambda values: np.array([by.get(one) for one in values.astype(np.int64).tolist()], object)
