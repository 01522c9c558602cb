"""All parameters of behaviour, one group beside each family of rules."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import MAX_PRODUCTS
from tenure.agents.ledger import ACCOUNTS
from tenure.agents.offer import CHANNEL, MAX_CHANNELS, OFFER, PRODUCT, Channel, Now, Offer, Product
from tenure.agents.rules.accounts import Accounts
from tenure.agents.rules.choice import Choice
from tenure.agents.rules.credit import Credit
from tenure.agents.rules.estimation import Learning, Splits
from tenure.agents.rules.lifecycle import Lifecycle
from tenure.agents.rules.needs import Needs
from tenure.agents.rules.population import Opening
from tenure.agents.rules.reach import Reach
from tenure.agents.rules.relationship import Relationship
from tenure.agents.rules.usage import Activity
from tenure.agents.treatment import EFFECT, Effect


class Rulebook(NamedTuple):
    """The parameters of every rule; what a market's `rules:` section sets."""

    needs: Needs = Needs()
    reach: Reach = Reach()
    choice: Choice = Choice()
    relationship: Relationship = Relationship()
    credit: Credit = Credit()
    accounts: Accounts = Accounts()
    lifecycle: Lifecycle = Lifecycle()
    learning: Learning = Learning()
    activity: Activity = Activity()
    opening: Opening = Opening()


MAX_INSTITUTIONS = 12
"""Institutions in one market at most, nobody included."""
MAX_TREATMENTS = 32
"""Treatments in one catalogue at most, none included."""


class World:
    """What a person's month meets: the month, the market, the rules, and where postings and counts go.

    Compiled, it is one row that rules read by pointer (`WORLD`); in the object engine an object. `splits` divides the
    plane of risk and return. Per institution (index 0 is nobody): `offers`, the work space `utilities`, `considered`,
    `contacted`, `messages`, `invitation` (utility), `welcome_cents` and `ledger` (by account, cents). Per channel:
    `channels`, of all institutions, and `tally` (contacts).
    """

    now: Now
    institutions: int
    product_count: int
    offers: Sequence[Offer]
    channels: Sequence[Channel]
    products: Sequence[Product]
    effects: Sequence[Effect]
    rules: Rulebook
    splits: Splits
    utilities: list[float]
    considered: list[int]
    contacted: list[int]
    messages: list[int]
    invitation: list[float]
    welcome_cents: list[int]
    ledger: NDArray[np.int64]
    tally: NDArray[np.int64]
    fault: NDArray[np.float64]


class Parameters(Protocol):
    """A NamedTuple of numbers, of tuples of numbers, or of other such groups."""

    @property
    def _fields(self) -> tuple[str, ...]: ...
    def __iter__(self) -> Iterator[object]: ...


Column = tuple[str, type | np.dtype[np.void], tuple[int, ...]]


def dtype_like(group: Parameters) -> np.dtype[np.void]:
    """Return the structured row that holds nested parameters, so that compiled rules read them by pointer."""

    def column(name: str, value: object) -> Column:
        if hasattr(value, "_fields"):
            return name, dtype_like(cast(Parameters, value)), ()
        if isinstance(value, tuple):
            return name, np.float64, (len(value),)
        return name, np.int64 if isinstance(value, int) else np.float64, ()

    return np.dtype([column(name, value) for name, value in zip(group._fields, group, strict=True)], align=True)


WORLD = np.dtype(
    [
        ("now", dtype_like(Now(0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0))),
        ("institutions", np.int64),
        ("product_count", np.int64),
        ("offers", OFFER, (MAX_INSTITUTIONS,)),
        ("channels", CHANNEL, (MAX_CHANNELS,)),
        ("products", PRODUCT, (MAX_PRODUCTS,)),
        ("effects", EFFECT, (MAX_TREATMENTS,)),
        ("rules", dtype_like(Rulebook())),
        ("splits", dtype_like(Splits(0.0, 0.0))),
        ("utilities", np.float64, (MAX_INSTITUTIONS,)),
        ("considered", np.int64, (MAX_INSTITUTIONS,)),
        ("contacted", np.int64, (MAX_INSTITUTIONS,)),
        ("messages", np.int64, (MAX_INSTITUTIONS,)),
        ("invitation", np.float64, (MAX_INSTITUTIONS,)),
        ("welcome_cents", np.int64, (MAX_INSTITUTIONS,)),
        ("ledger", np.int64, (MAX_INSTITUTIONS, len(ACCOUNTS))),
        ("tally", np.int64, (MAX_CHANNELS,)),
        ("fault", np.float64, (3,)),
    ],
    align=True,
)
