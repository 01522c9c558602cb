"""What a view is made of beside its columns: the public market, and what the institution could do."""

from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tenure.agents.rules.credit import Credit

Viewed = TypeVar("Viewed", contravariant=True)
"""The view that is asked about."""
Values = NDArray[Any]
"""Numbers of a column, int64 or float64 as it is declared; or rows of a record."""


class Means(Protocol[Viewed]):
    """What an institution could do to whom, and at what cost."""

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

    @property
    def funding_points(self) -> float:
        """What money lent costs the institution, and money deposited saves it, points a year."""
        ...

    def allows(self, view: Viewed, treatment: str) -> NDArray[np.bool_]:
        """Return to whom the treatment may be done this month, shape (customers,)."""
        ...

    def cost_eur(self, view: Viewed, treatment: str) -> NDArray[np.float64]:
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


class MarketNews(NamedTuple):
    """What was published of a month that is over; anybody could look it up, or buy it from a panel of households.

    Of an institution that people cannot find nothing is published: no prices, and zeros.
    """

    month: int
    prices: NDArray[np.float64]
    """As posted in it, points, shape (institutions, products); nan: not offered."""
    shares: NDArray[np.float64]
    """Of all people, by main provider as it ended, shape (institutions,); the first is nobody's."""
    sent: NDArray[np.float64]
    """Share of its customers who got each treatment in it, shape (institutions, treatments)."""
    amounts: NDArray[np.float64]
    """Mean amount of each treatment that was sent, in its unit, shape (institutions, treatments); 0 where none was."""
    poaching: NDArray[np.float64]
    """What each promised to those who came from another: points off the price of their credit, months for which they
    have it, and EUR paid once, shape (institutions, 3); 0 where nothing."""


class MarketTerms(NamedTuple):
    """What holds in the whole market this month, whoever serves the customer."""

    products: NDArray[np.void]
    """dtype `tenure.agents.offer.PRODUCT`, shape (products,): the loss given default of each, and its other terms."""
    credit: Credit
    """Parameters of credit, such as those of Basel's formula."""
    discount_per_year: float
    """Rate at which later money is discounted, a share a year."""


def read_only(values: Values) -> Values:
    """Return a contiguous copy that nobody can write, or make writeable: its base is bytes."""
    return np.ndarray(values.shape, values.dtype, values.tobytes())


def sealed(values: NDArray[np.void]) -> NDArray[np.void]:
    """Return rows that nobody can write by, or make writeable, and that follow what the owner writes; no copy."""
    rows = np.ascontiguousarray(values)
    return np.frombuffer(rows.view(np.uint8).data.toreadonly(), rows.dtype)
