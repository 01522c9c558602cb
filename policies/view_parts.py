"""What a view is made of: columns declared once, the public market, and what the institution could do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from agents.belief import Belief
from agents.declaring import fields_of

if TYPE_CHECKING:
    from policies.view import InstitutionView


class ViewField(NamedTuple):
    """What one column of the view means, for rules and for `tenure list view`."""

    words: tuple[str, ...] | None
    """Words that a condition may use, in the order of their codes; None for numbers."""
    unit: str
    meaning: str


class House(Protocol):
    """What an institution knows of its own means: what it could do to whom, and at what cost."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all treatments; the first is `none`."""
        ...

    @property
    def purse_eur(self) -> float:
        """Money of a month for new and existing customers together, EUR, as the view's budget."""
        ...

    @property
    def acquisition_eur(self) -> float:
        """What of it goes to channels this month."""
        ...

    def allows(self, view: "InstitutionView", treatment: str) -> NDArray[np.bool_]:
        """Return to whom the treatment may be done this month, shape (customers,)."""
        ...

    def cost_eur(self, view: "InstitutionView", treatment: str) -> NDArray[np.float64]:
        """Return what the budget sets aside for it, EUR, shape (customers,)."""
        ...


class PostedOffers(NamedTuple):
    """The public market this month: what anybody could look up."""

    institutions: tuple[str, ...]
    products: tuple[str, ...]
    kinds: tuple[str, ...]
    """Kind of each product: deposit, instalment, revolving or fee."""
    prices: NDArray[np.float64]
    """Yearly points, shape (institutions, products); a deposit's is minus its rate; nan: not offered."""


class Column:
    """A column of the view: declared once, made when first read, contiguous and read-only.

    Without `make` it is the field of `Belief` of the same name, whose unit and meaning it takes over.
    """

    def __init__(
        self,
        make: "Callable[[InstitutionView], NDArray[Any]] | None" = None,
        unit: str = "",
        meaning: str = "",
        words: tuple[str, ...] | None = None,
    ) -> None:
        self.make, self.field = make, ViewField(words, unit, meaning)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.make is None:
            declared = fields_of(Belief)[name]
            self.field = self.field._replace(unit=declared.unit, meaning=declared.meaning)

    @overload
    def __get__(self, view: None, owner: type) -> "Column": ...
    @overload
    def __get__(self, view: "InstitutionView", owner: type) -> NDArray[Any]: ...
    def __get__(self, view: "InstitutionView | None", owner: type) -> "Column | NDArray[Any]":
        if view is None:
            return self
        values = view.field(self.name) if self.make is None else self.make(view)
        made = view.__dict__[self.name] = read_only(values)  # found there from now on, before this descriptor
        return made


def read_only(values: NDArray[Any]) -> NDArray[Any]:
    """Return a contiguous copy that nobody can write, or make writeable: its base is bytes."""
    return np.ndarray(values.shape, values.dtype, values.tobytes())


def sealed(values: NDArray[np.void]) -> NDArray[np.void]:
    """Return rows that nobody can write by, or make writeable, and that follow what the owner writes; no copy."""
    rows = np.ascontiguousarray(values)
    return np.frombuffer(rows.view(np.uint8).data.toreadonly(), rows.dtype)
