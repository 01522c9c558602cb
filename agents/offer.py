"""What everybody in the market meets: products, posted offers, and the month."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.declaring import Field, dtype_of

MAX_CHANNELS = 256
"""Channels of all institutions of a market at most."""
US = 1
"""Row of the institution that a report asks about, in everything that has a row per institution; row 0 is nobody."""


EXPOSURES = ("own", "qualifying_revolving", "mortgage", "other_retail")
"""Classes of Basel's retail formula (CRE31.24), each with an asset correlation; `own` has a number of the product's."""
OWN_CORRELATION, QUALIFYING_REVOLVING, MORTGAGE, OTHER_RETAIL = range(len(EXPOSURES))


class ProductKind(NamedTuple):
    """What products of a kind do. Rules ask for this, never for the name of a kind."""

    lends: int = 0
    """1: its balance is owed to the institution."""
    draws: int = 0
    """1: it lends by a line, on which the customer draws at will."""
    amortises: int = 0
    """1: it lends an amount once, which is paid back over a term."""
    keeps_deposits: int = 0
    """1: its balance is kept with the institution."""
    exposure: int = OWN_CORRELATION
    """Its usual class in Basel's formula, index into EXPOSURES."""

    @property
    def sheet(self) -> str:
        """Where its balance counts in what an institution knows: revolving, loans, deposits, or nowhere."""
        if self.lends:
            return "revolving" if self.draws else "loans"
        return "deposits" if self.keeps_deposits else ""


KINDS: Mapping[str, ProductKind] = {
    "deposit": ProductKind(keeps_deposits=1),
    "instalment": ProductKind(lends=1, amortises=1, exposure=OTHER_RETAIL),
    "revolving": ProductKind(lends=1, draws=1, exposure=QUALIFYING_REVOLVING),
    "fee": ProductKind(),
}
"""All kinds of products, by the name that a market's settings give them."""


class Product:
    """One product of the market: data, the same for all institutions."""

    lends: Annotated[int, Field("0/1", "its balance is owed to the institution", "settings")]
    draws: Annotated[int, Field("0/1", "lends by a line, on which the customer draws at will", "settings")]
    amortises: Annotated[int, Field("0/1", "lends once, and is paid back over a term", "settings")]
    keeps_deposits: Annotated[int, Field("0/1", "its balance is kept with the institution", "settings")]
    exposure: Annotated[int, Field("", "class in Basel's formula, index into EXPOSURES", "settings")]
    basel_correlation: Annotated[float, Field("share", "asset correlation in it, of exposure 0", "settings")]
    amount: Annotated[float, Field("EUR", "typical size at median income", "settings")]
    shortest_months: Annotated[int, Field("months", "shortest usual term of an instalment product", "settings")]
    longest_months: Annotated[int, Field("months", "longest usual term", "settings")]
    loss_given_default: Annotated[float, Field("share", "of the balance, before recoveries", "settings")]
    interchange: Annotated[float, Field("share", "of what is spent with it", "settings")]
    use_fee_cents: Annotated[int, Field("cents", "earned in a month in which the customer is active", "settings")]


class Offer:
    """What one institution posts and how it works, in force this month."""

    word: Annotated[int, Field("", "its name as part of every decision's address", "settings")]
    sells: Annotated[list[int], Field("0/1", "product on offer", "settings")]
    price: Annotated[list[float], Field("points", "yearly cost of the balance; deposits: minus the rate", "policy")]
    price_above: Annotated[list[float], Field("points", "its price above the others' mean, by their shares", "market")]
    others_per_risk: Annotated[float, Field("points", "the others' mean price per unit of risk", "market")]
    quality: Annotated[float, Field("utility", "of its products", "settings")]
    ease: Annotated[float, Field("utility", "of joining it, to those who are elsewhere", "settings")]
    service: Annotated[float, Field("utility", "what customers experience, month by month", "settings")]
    fee_cents: Annotated[list[int], Field("cents/month", "fee of each product", "settings")]
    servicing_cents: Annotated[list[int], Field("cents/month", "cost of each product held", "settings")]
    funding: Annotated[float, Field("points", "yearly cost of money lent, value of money kept", "settings")]
    premium_per_risk: Annotated[float, Field("points", "price per unit of believed risk above average", "settings")]
    highest_risk: Annotated[float, Field("log-odds", "application score above which nobody is accepted", "settings")]
    score_noise: Annotated[float, Field("log-odds", "standard error of its application score", "settings")]
    ended_share: Annotated[float, Field("share", "of its customers, told last month to go", "market")]
    observes: Annotated[int, Field("0/1", "keeps beliefs, so behaviour is read", "policy")]
    hears_application: Annotated[int, Field("0/1", "keeps what applicants say, and scores it", "settings")]
    hears_behaviour: Annotated[int, Field("0/1", "reads behaviour, month by month", "settings")]
    hears_responses: Annotated[int, Field("0/1", "learns needs from offers taken and refused", "settings")]
    sees_browsing: Annotated[int, Field("0/1", "sees who looks for a product", "settings")]
    reading_noise: Annotated[float, Field("", "multiplies the standard error of its readings", "settings")]
    believed_noise: Annotated[float, Field("", "what it takes that factor to be", "settings")]
    line: Annotated[list[int], Field("0/1", "product of the business line whose desk this is", "settings")]
    other_lines: Annotated[float, Field("share", "worth of what another line knows, against own", "settings")]
    poaching_points: Annotated[float, Field("points", "off the price of credit, to who comes from another", "policy")]
    poaching_months: Annotated[int, Field("months", "for which that price holds", "policy")]
    poaching_cents: Annotated[int, Field("cents", "paid once to who comes from another", "policy")]
    lookalike: Annotated[list[float], Field("", "on, then the score's constant and weights", "feedback")]
    visible: Annotated[int, Field("0/1", "found by those who look around", "settings")]
    first_channel: Annotated[int, Field("channel", "the first of its channels, which stand side by side", "settings")]
    end_channel: Annotated[int, Field("channel", "behind the last of them", "settings")]


AUDIENCES = ("everybody", "in_need", "looking")
"""Whom a channel can find: everybody; who is in a need episode; who is in one, or looks around this month."""
EVERYBODY, _, LOOKING = range(len(AUDIENCES))


class Channel:
    """One way in which one institution reaches people who are not its customers, in force this month."""

    word: Annotated[int, Field("", "its name and its institution's, as part of every decision's address", "settings")]
    rate: Annotated[
        float, Field("1/month", "lambda: contacts that it means for a person who fits neither well nor ill", "market")
    ]
    precision: Annotated[float, Field("", "how well it finds those who fit; 0 broadcasts", "settings")]
    contact_cents: Annotated[int, Field("cents", "cost of one contact", "settings")]
    joiner_cents: Annotated[int, Field("cents", "paid for each person who joins by it", "settings")]
    month_cents: Annotated[int, Field("cents/month", "cost of keeping it open, 0 while it is closed", "purse")]
    audience: Annotated[int, Field("", "whom it can find, index into AUDIENCES", "settings")]
    reachable: Annotated[float, Field("share", "of people, the same for good, who can be reached by it", "settings")]
    once: Annotated[int, Field("0/1", "at most one contact a month, its rate being the probability", "settings")]
    risk_selection: Annotated[float, Field("1/log-odds", "added to log contacts by risk above average", "settings")]
    links: Annotated[
        int, Field("column", "from 1, where what people hear of it along links stands; 0 none", "settings")
    ]


PRODUCT, OFFER, CHANNEL = dtype_of(Product), dtype_of(Offer), dtype_of(Channel)


def products_of_kinds(kinds: Sequence[str]) -> NDArray[np.void]:
    """Return products that do what these kinds do, shape (kinds,) of PRODUCT; all their other numbers are 0."""
    rows = np.zeros(len(kinds), PRODUCT)
    for row, kind in zip(rows, kinds, strict=True):
        for name, value in KINDS[kind]._asdict().items():
            row[name] = value
    return rows


class Now(NamedTuple):
    """The month's address in luck and the state of the world."""

    seed: int
    replication: int
    month: int
    switching_cost: float
    """mean utility of staying merely because switching is a trouble"""
    systematic: float
    """the common factor Z of credit risk; bad is positive"""
    event_shock_sd: float
    """standard deviation of a month's change in risk by life events, log-odds"""
    best_service: float
    """the best service on offer, which people come to expect a little"""
    discount: float
    """yearly rate at which later money is discounted"""
