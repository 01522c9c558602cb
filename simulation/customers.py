"""People read like a Mesa AgentSet, on both engines."""

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulation.people import FIELDS, PersonAgent, PersonRow, check_still_there, column, intervene

if TYPE_CHECKING:
    from simulation.model import LifecycleModel

Key = Callable[[Any], Any] | str
"""What people are sorted or grouped by: a function of a person, or the name of an attribute."""


class Customers(Sequence[Any]):
    """People of a model in an order; what is read is how they are now.

    A person is a Mesa agent on the object engine and a `simulation.people.PersonRow` on the compiled one; both have the
    fields of `agents.person.Person` as attributes. Fields are read for all at once, which is quicker than one person
    after the other: ``customers.get("satisfaction").mean()``.

    Parameters
    ----------
    model : LifecycleModel
        Whose people.
    rows : array of int, optional
        Rows of ``model.people``; by default all.
    """

    def __init__(self, model: "LifecycleModel", rows: NDArray[np.int64] | None = None) -> None:
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

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the people."""
        return map(self._person, self.rows.tolist())

    def __contains__(self, person: object) -> bool:
        """Return whether this person is among them."""
        row = getattr(person, "row", None)
        return isinstance(row, int) and self._person(row) == person and bool((self.rows == row).any())

    @overload
    def __getitem__(self, item: int) -> Any: ...

    @overload
    def __getitem__(self, item: slice) -> list[Any]: ...

    def __getitem__(self, item: int | slice) -> Any:
        """Return a person, or a list of people."""
        found = self.rows[item].tolist()
        return list(map(self._person, found)) if isinstance(item, slice) else self._person(found)

    def _person(self, row: int) -> Any:
        agents = self.model.engine.agents
        return agents[row] if row < len(agents) else PersonRow(self.model, row)

    def _with(self, rows: Iterable[int], inplace: bool) -> Self:
        found = self if inplace else copy.copy(self)
        found._rows = np.fromiter(rows, np.int64)
        return found

    def select(
        self, filter_func: Callable[[Any], Any] | ArrayLike | None = None, at_most: float = math.inf,
        inplace: bool = False, agent_type: type | None = None, *, provider: str = "",
    ) -> Self:  # fmt: skip
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
            fits &= self.get("provider") == self._index(provider)
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
        order = sorted(range(len(self)), key=keys.__getitem__, reverse=not ascending)
        return self._with(self.rows[order].tolist(), inplace)

    def _keys(self, key: Key) -> list[Any]:
        """Return for each person what it is sorted or grouped by."""
        if callable(key):
            return [key(person) for person in self]
        return _plain(self.get(key))

    def get(self, attr_names: str | Sequence[str], handle_missing: str = "error", default_value: Any = None) -> Any:
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

    def agg(self, attribute: str, func: Callable[[Any], Any] | Iterable[Callable[[Any], Any]]) -> Any:
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
        rows: dict[Any, list[int]] = {}
        for key, row in zip(self._keys(by), self.rows.tolist(), strict=True):
            rows.setdefault(key, []).append(row)
        groups = {key: self._with(own, inplace=False) for key, own in rows.items()}
        return Groups({key: list(one) for key, one in groups.items()} if result_type == "list" else groups)

    def set(self, attr_name: str, value: Any) -> Self:
        """Give an attribute of all people a value, between two months; it counts from the next month on.

        Fields of `simulation.people.SETTABLE` can be set, on both engines alike. The others are written by the rules
        alone. Any other name is an attribute of the user's own, which Mesa agents can hold and rows cannot.
        """
        if attr_name in FIELDS:
            intervene(self.model, self.rows, attr_name, value)
        else:
            for person in self:
                setattr(person, attr_name, value)
        return self

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Call a function with each person, or a method of each by name."""
        self.map(method, *args, **kwargs)
        return self

    def shuffle_do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> Self:
        """Do the same in random order."""
        self.shuffle().map(method, *args, **kwargs)
        return self

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Call a function with each person, or a method of each by name, and return what comes out."""
        if callable(method):
            return [method(person, *args, **kwargs) for person in self]
        return [getattr(person, method)(*args, **kwargs) for person in self]

    def to_list(self) -> list[Any]:
        """Return the people as a list."""
        return list(self)

    def add(self, agent: Any) -> None:
        """Refuse: these are people of a market, chosen by `select`."""
        raise TypeError("people are born by the rules alone; to choose among them use model.customers.select(...)")

    def remove(self, agent: Any) -> None:
        """Refuse: these are people of a market, chosen by `select`."""
        raise TypeError("to leave some people out use select(...), as in customers.select(lambda p: p is not one)")

    discard = remove


class Groups:
    """People in groups; reads as Mesa's `GroupBy` does.

    Parameters
    ----------
    groups : dict
        Value -> `Customers`, or a list of people.
    """

    def __init__(self, groups: dict[Any, Any]) -> None:
        self.groups = groups

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        """Iterate over value and group."""
        return iter(self.groups.items())

    def __len__(self) -> int:
        """Return how many groups."""
        return len(self.groups)

    def map(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> dict[Any, Any]:
        """Return value -> what a function of the group, or a method of it by name, returns."""
        if callable(method):
            return {key: method(group, *args, **kwargs) for key, group in self}
        return {key: getattr(group, method)(*args, **kwargs) for key, group in self}

    def do(self, method: str | Callable[..., Any], *args: Any, **kwargs: Any) -> "Groups":
        """Call a function with each group, or a method of each by name."""
        self.map(method, *args, **kwargs)
        return self

    def count(self) -> dict[Any, int]:
        """Return value -> how many people."""
        return self.map(len)

    def agg(self, attr_name: str, func: Callable[[Any], Any]) -> dict[Any, Any]:
        """Return value -> a function of one attribute of its people."""
        return {
            key: group.agg(attr_name, func)
            if isinstance(group, Customers)
            else func([getattr(person, attr_name) for person in group])
            for key, group in self
        }


def _plain(values: Any) -> list[Any]:
    """Return what `get` returned for a name as Python's own numbers, and tuples of them."""
    plain = values.tolist() if isinstance(values, np.ndarray) else values
    return list(map(tuple, plain)) if plain and isinstance(plain[0], list) else plain
