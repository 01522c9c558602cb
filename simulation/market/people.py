"""One person as users of the model see it: a row of its people, with the fields as attributes.

The rows are the one home of what is true of people, on both engines. The rules write them, month by month; whoever
steps in from outside, between two months, writes through `intervene`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import mesa
import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import fields_of
from tenure.agents.person import PERSON, Person
from tenure.agents.rules.population import MOST_ATTACHED

FIELDS = fields_of(Person)
LIMITS = {
    "0..1": (0.0, 1.0),
    "share": (0.0, 1.0),
    "1/year": (0.0, 1.0),
    "0/1": (0.0, 1.0),
    "years": (0.0, 150.0),
    "EUR/month": (1.0, 1e6),
    "EUR/year": (-1e7, 1e7),
    "contacts": (0.0, 1e4),
    "utility": (-50.0, 50.0),
    "utility/point": (-50.0, 50.0),
    "log-odds": (-50.0, 50.0),
    "points": (-50.0, 50.0),
    "sd": (-MOST_ATTACHED, MOST_ATTACHED),
    "": (-50.0, 50.0),
    "attention": (0.01, 1e4),
}
"""Name or unit of a field -> smallest and largest value that may be set from outside."""
SETTABLE = tuple(
    name
    for name, field in FIELDS.items()
    if PERSON[name].base.kind == "f" or (field.unit == "0/1" and PERSON[name].shape == ())
)
"""What may be set from outside: traits, feelings and flags. The rest are counts, codes and money, which the rules move
together, so that people and money are conserved."""


class PeopleHolder(Protocol):
    """Whose people they are."""

    people: NDArray[np.void]
    restored: int

    @property
    def names(self) -> tuple[str, ...]:
        """Institutions by row; the first is nobody."""
        ...

    @property
    def products(self) -> NDArray[np.void]:
        """The market's products."""
        ...


class LivesOne(Protocol):
    """What lets an agent live its month."""

    def live_one(self, agent: "PersonAgent") -> None:
        """Let it live."""
        ...


def limits(name: str) -> tuple[float, float]:
    """Return the smallest and largest value that a field may be given from outside."""
    return LIMITS.get(name) or LIMITS[FIELDS[name].unit]


def intervene(model: PeopleHolder, rows: NDArray[np.int64] | Sequence[int], name: str, value: object) -> None:
    """Set a field of the people at these rows; it counts from the next month on, on both engines alike.

    Parameters
    ----------
    value : float or sequence of float
        For a field per product: one value for all, or one for each product of the market.

    Raises
    ------
    AttributeError
        If the rules alone may write this field.
    ValueError
        If the value is no finite number in the field's range.
    """
    if name not in SETTABLE:
        raise AttributeError(
            f"'{name}' of a person is written by the rules alone, so that people and money are conserved; "
            f"these may be set: {', '.join(SETTABLE)}"
        )
    given, field, products = _numbers(value), PERSON[name], len(model.products)
    if given.shape not in ((), (products,)[: len(field.shape)]):
        each = f", or one for each of the {products} products" if field.shape else ""
        raise ValueError(f"'{name}' takes one number{each}, not {value!r}")
    low, high = limits(name)
    whole = field.base.kind == "f" or bool((given == np.floor(given)).all())
    if not ((given >= low) & (given <= high)).all() or not whole:
        allowed = f"a number from {low:g} to {high:g}" if field.base.kind == "f" else "0 or 1"
        raise ValueError(f"'{name}' must be {allowed} ({FIELDS[name].meaning}), not {value!r}")
    column(model, name)[rows] = given


def column(model: PeopleHolder, name: str) -> NDArray[np.generic]:
    """Return a field of all people, shape (people,) or (people, products of the market)."""
    values: NDArray[np.generic] = model.people[name]
    return values[:, : len(model.products)] if values.ndim > 1 else values


def _numbers(value: object) -> NDArray[np.float64]:
    """Return what was given as numbers; nan, which is in no range, for what is none."""
    try:
        given = np.asarray(value)
    except ValueError:  # lists of different lengths
        given = np.array(None)
    return given.astype(np.float64) if given.dtype.kind in "biuf" else np.full(given.shape, np.nan)


class OfRow:
    """What a person has on both engines: the fields of `tenure.agents.person.Person` as attributes.

    A field per product is a tuple, one number for each product of the market. Setting an attribute is `intervene`.
    """

    __slots__ = ()
    model: PeopleHolder
    row: int
    restored: int

    def __getattr__(self, name: str) -> Any:
        """Return a field of the person's row."""
        if name not in FIELDS:
            raise AttributeError(f"a person has no '{name}'; it has {', '.join(FIELDS)}")
        values = column(self.model, name)[self._place()].tolist()
        return tuple(values) if isinstance(values, list) else values

    def __setattr__(self, name: str, value: object) -> None:
        """Set a field of the person's row, or an attribute of the user's own."""
        if name in FIELDS:
            intervene(self.model, [self._place()], name, value)
        else:
            super().__setattr__(name, value)

    def __repr__(self) -> str:
        """Return who it is, and with whom."""
        if self.restored != self.model.restored:
            return f"<{type(self).__name__} of before a restore>"
        return f"<{type(self).__name__} {self.id} of {self.model.names[max(0, self.provider)]}>"

    def _place(self) -> int:
        check_still_there(self.model, self.restored)
        return self.row

    def remove(self) -> None:
        """Refuse: a person cannot be taken out of a market."""
        raise RuntimeError(
            "people leave the market by the rules alone, so that people and money are conserved; "
            "to look at some of them use model.customers.select(...)"
        )


def check_still_there(model: PeopleHolder, restored: int) -> None:
    """Refuse people got before `restore`: their rows are somebody else's now."""
    if restored != model.restored:
        raise RuntimeError("the model was restored since these people were asked for: ask model.customers anew")


class PersonRow(OfRow):
    """A person of the compiled engine: a light view of one row, equal to any other view of the same person."""

    __slots__ = ("model", "restored", "row")

    def __init__(self, model: PeopleHolder, row: int) -> None:
        self.model, self.row, self.restored = model, row, model.restored

    def __setattr__(self, name: str, value: object) -> None:
        """Set a field of the person's row."""
        if name not in FIELDS and name not in PersonRow.__slots__:
            raise AttributeError(
                f"a person of the compiled engine has the fields of a person alone and cannot hold '{name}'; "
                "use engine='objects', or an array of your own beside model.people"
            )
        super().__setattr__(name, value)

    def __eq__(self, other: object) -> bool:
        """Return whether it is the same person of the same model."""
        return isinstance(other, PersonRow) and self._key() == other._key()

    def __hash__(self) -> int:
        """Return a hash that is the same for the same person."""
        return hash(self._key())

    def _key(self) -> tuple[int, int, int]:
        return id(self.model), self.row, self.restored

    def step(self) -> None:
        """Refuse: people of the compiled engine live all at once."""
        raise RuntimeError("people live when the model does: call model.step()")


class PersonAgent(OfRow, mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
    """A person of the object engine as a Mesa agent; attributes that are no fields are the user's own."""

    def __init__(self, model: PeopleHolder, row: int, engine: LivesOne) -> None:
        super().__init__(model)
        self.row, self.restored, self.engine = row, model.restored, engine

    def step(self) -> None:
        """Live this month; the model calls it, once a month."""
        self.engine.live_one(self)

    def drop(self) -> None:
        """Leave the model's agents, as the rows are about to be others."""
        mesa.Agent.remove(self)
