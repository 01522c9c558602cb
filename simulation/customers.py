"""People read like a Mesa AgentSet, on both engines."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tenure.simulation.engines.engine import Engine
from tenure.simulation.market.people import (
    FIELDS,
    OfRow,
    PeopleHolder,
    PersonAgent,
    PersonRow,
    check_still_there,
    column,
    intervene,
)

Values = NDArray[np.generic] | list[object]
"""A field of some people: a column, or a list of what is no field."""
Key = Callable[[OfRow], object] | str
"""What people are sorted or grouped by: a function of a person, or the name of an attribute."""


class Shuffler(Protocol):
    """Python's generator of random numbers."""

    def shuffle(self, x: list[int]) -> None:
        """Bring a list into random order."""
        ...


class PopulatedModel(PeopleHolder, Protocol):
    """The model whose people they are."""

    random: Shuffler

    @property
    def engine(self) -> Engine:
        """By which they live."""
        ...


class Customers(Sequence[OfRow]):
    """People of a model in an order; what is read is how they are now.

    A person is a Mesa agent on the object engine and a `tenure.simulation.market.people.PersonRow` on the compiled
    one; both have the fields of `tenure.agents.person.Person` as attributes. Fields are read for all at once, which is
    quicker than one person after the other: ``customers.get("satisfaction").mean()``.

    Parameters
    ----------
    model : LifecycleModel
        Whose people.
    rows : array of int, optional
        Rows of ``model.people``; by default all.
    """

    def __init__(self, model: PopulatedModel, rows: NDArray[np.int64] | None = None) -> None:
        self.model, self.restored = model, model.restored
        self._rows = np.arange(len(model.people)) if rows is None else rows

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of ``model.people``, shape (people,)."""
        check_still_there(self.model, self.restored)
        return self._rows

    def __len__(self) -> int:
        """Return how many people."""
        return len(self._rows)

    def __repr__(self) -> str:
        """Return how many they are."""
        return f"<Customers: {len(self):,} people>"

    def __iter__(self) -> Iterator[OfRow]:
        """Iterate over the people."""
        return map(self._person, self.rows.tolist())

    def __contains__(self, person: object) -> bool:
        """Return whether this person is among them."""
        row = getattr(person, "row", None)
        return isinstance(row, int) and self._person(row) == person and bool((self.rows == row).any())

    @overload
    def __getitem__(self, item: int) -> OfRow: ...

    @overload
    def __getitem__(self, item: slice) -> list[OfRow]: ...

    def __getitem__(self, item: int | slice) -> OfRow | list[OfRow]:
        """Return a person, or a list of people."""
        found = self.rows[item].tolist()
        return list(map(self._person, found)) if isinstance(item, slice) else self._person(found)

    def _person(self, row: int) -> OfRow:
        agents = self.model.engine.agents
        return agents[row] if row < len(agents) else PersonRow(self.model, row)

    def _with(self, rows: Iterable[int], inplace: bool) -> Self:
        found = self if inplace else copy.copy(self)
        found._rows = np.fromiter(rows, np.int64)
        return found

    def select(
        self,
        filter_func: Callable[[OfRow], object] | ArrayLike | None = None,
        at_most: float = math.inf,
        inplace: bool = False,
        agent_type: type | None = None,
        *,
        provider: str = "",
    ) -> Self:
        """Return those who fit, in the same order.

        Parameters
        ----------
        filter_func : callable or array of bool, optional
            Called with a person, true for whom to keep; or one truth for each person, which is quicker:
            ``customers.select(customers.get("satisfaction") < 0)``.
        at_most : int or float
            How many, the first ones; a float of 1 or less is a share of these people. To draw some at random,
            `shuffle` before.
        inplace : bool
            Narrow these people down instead of returning others.
        agent_type : type, optional
            People are `PersonAgent` here, whatever the engine: another class that is none of its bases keeps nobody.
        provider : str
            Name of an institution: its customers alone; or "nobody".
        """
        if at_most <= 1.0 and isinstance(at_most, float):
            at_most = int(len(self) * at_most)
        fits = np.ones(len(self), np.bool_)
        if provider:
            fits &= self.model.people["provider"][self.rows] == self._index(provider)
        if agent_type is not None and not issubclass(PersonAgent, agent_type):
            fits[:] = False
        if filter_func is not None and not callable(filter_func):
            fits &= self._truths(filter_func)
        kept = self.rows[fits].tolist()
        if callable(filter_func):
            kept = (row for row in kept if filter_func(self._person(row)))
        return self._with(islice(kept, max(0, math.ceil(min(at_most, len(self))))), inplace)

    def _index(self, provider: str) -> int:
        if provider not in self.model.names:
            raise ValueError(f"no institution is called {provider!r}; there are {', '.join(self.model.names)}")
        return self.model.names.index(provider)

    def _truths(self, fits: ArrayLike) -> NDArray[np.bool_]:
        given = np.asarray(fits)
        if given.dtype != np.bool_ or given.shape != (len(self),):
            raise ValueError(f"select takes a function of a person, or an array of {len(self)} times true or false")
        return given

    def shuffle(self, inplace: bool = False) -> Self:
        """Return the same people in random order, by ``model.random``, which no rule and no policy draws from."""
        rows = self.rows.tolist()
        self.model.random.shuffle(rows)
        return self._with(rows, inplace)

    def sort(self, key: Key, ascending: bool = False, inplace: bool = False) -> Self:
        """Return the same people sorted by an attribute or a function of a person; the largest first, as Mesa does."""
        keys = self._keys(key)
        at = keys.__getitem__
        order = sorted(range(len(self)), key=at, reverse=not ascending)  # type: ignore[arg-type]  # the user's own keys
        return self._with(self.rows[order].tolist(), inplace)

    def _keys(self, key: Key) -> list[object]:
        """Return for each person what it is sorted or grouped by."""
        if callable(key):
            return [key(person) for person in self]
        return _plain(self.get(key))

    def get(
        self, attr_names: str | Sequence[str], handle_missing: str = "error", default_value: object = None
    ) -> Values:
        """Return a field of each person.

        Parameters
        ----------
        attr_names : str or sequence of str
            A field, or another attribute that the user gave to agents; several give a list for each person.
        handle_missing : {"error", "default"}
            What to do where a person has no such attribute.
        default_value : optional
            What stands for it then.

        Returns
        -------
        numpy.ndarray or list
            For one field a copy of its column, shape (people,) or (people, products); otherwise a list.
        """
        if handle_missing not in ("error", "default"):
            raise ValueError(f"handle_missing is 'error' or 'default', not {handle_missing!r}")
        if isinstance(attr_names, str):
            if attr_names in FIELDS:
                return column(self.model, attr_names)[self.rows]
            default = (default_value,) if handle_missing == "default" else ()
            return [getattr(person, attr_names, *default) for person in self]
        columns = [_plain(self.get(name, handle_missing, default_value)) for name in attr_names]
        return [[column[i] for column in columns] for i in range(len(self))]

    def agg(self, attribute: str, func: Callable[[Values], object] | Iterable[Callable[[Values], object]]) -> object:
        """Return a function of one attribute of all, or several functions of it as a list."""
        values = self.get(attribute)
        return func(values) if callable(func) else [one(values) for one in func]

    def groupby(self, by: Key, result_type: str = "agentset") -> "Groups":
        """Return people in groups by an attribute or a function of a person.

        Parameters
        ----------
        result_type : {"agentset", "list"}
            A group is `Customers`, or a list of people.
        """
        rows: dict[object, list[int]] = {}
        for key, row in zip(self._keys(by), self.rows.tolist(), strict=True):
            rows.setdefault(key, []).append(row)
        groups = {key: self._with(own, inplace=False) for key, own in rows.items()}
        return Groups({key: list(one) for key, one in groups.items()} if result_type == "list" else groups)

    def set(self, attr_name: str, value: object) -> Self:
        """Give an attribute of all people a value, between two months; it counts from the next month on.

        Fields of `tenure.simulation.market.people.SETTABLE` can be set, on both engines alike. The others are written
        by the rules alone. Any other name is an attribute of the user's own, which Mesa agents can hold and rows
        cannot.
        """
        if attr_name in FIELDS:
            intervene(self.model, self.rows, attr_name, value)
        else:
            for person in self:
                setattr(person, attr_name, value)
        return self

    def do(self, method: str | Callable[..., object], *args: object, **kwargs: object) -> Self:
        """Call a function with each person, or a method of each by name."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., object], *args: object, **kwargs: object) -> Self:
        """Do the same in random order."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., object], *args: object, **kwargs: object) -> list[object]:
        """Call a function with each person, or a method of each by name, and return what comes out."""
        if callable(method):
            return [method(person, *args, **kwargs) for person in self]
        return [getattr(person, method)(*args, **kwargs) for person in self]

    def to_list(self) -> list[OfRow]:
        """Return the people as a list."""
        return list(self)

    def add(self, agent: object) -> None:
        """Refuse: these are people of a market, chosen by `select`."""
        raise TypeError("people are born by the rules alone; to choose among them use model.customers.select(...)")

    def remove(self, agent: object) -> None:
        """Refuse: these are people of a market, chosen by `select`."""
        raise TypeError("to leave some people out use select(...), as in customers.select(lambda p: p is not one)")

    discard = remove


Group = Customers | list[OfRow]


class Groups:
    """People in groups; reads as Mesa's `GroupBy` does.

    Parameters
    ----------
    groups : dict
        Value -> `Customers`, or a list of people.
    """

    def __init__(self, groups: Mapping[object, Group]) -> None:
        self.groups = groups

    def __iter__(self) -> Iterator[tuple[object, Group]]:
        """Iterate over value and group."""
        return iter(self.groups.items())

    def __len__(self) -> int:
        """Return how many groups."""
        return len(self.groups)

    def map(self, method: str | Callable[..., object], *args: object, **kwargs: object) -> dict[object, object]:
        """Return value -> what a function of the group, or a method of it by name, returns."""
        if callable(method):
            return {key: method(group, *args, **kwargs) for key, group in self}
        return {key: getattr(group, method)(*args, **kwargs) for key, group in self}

    def do(self, method: str | Callable[..., object], *args: object, **kwargs: object) -> "Groups":
        """Call a function with each group, or a method of each by name."""
        self.map(method, *args, **kwargs)
        return self

    def count(self) -> dict[object, int]:
        """Return value -> how many people."""
        return {key: len(group) for key, group in self}

    def agg(self, attr_name: str, func: Callable[[Values], object]) -> dict[object, object]:
        """Return value -> a function of one attribute of its people."""
        return {
            key: group.agg(attr_name, func)
            if isinstance(group, Customers)
            else func([getattr(person, attr_name) for person in group])
            for key, group in self
        }


def _plain(values: Values) -> list[object]:
    """Return what `get` returned for a name as Python's own numbers, and tuples of them."""
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return list(map(tuple, plain)) if plain and isinstance(plain[0], list) else plain
