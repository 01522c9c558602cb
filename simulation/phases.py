"""The phases of a month, in order, as data that `tenure explain` tells."""

from typing import NamedTuple


class Phase(NamedTuple):
    """One phase of the month: what it does, reads and writes."""

    name: str
    does: str
    reads: str
    writes: str


MONTH = (
    Phase("open", "newcomers enter; the common factor moves; posted offers come into force", "market", "offers"),
    Phase(
        "observe",
        "last month's signals become estimates and tags; from time to time acquisition learns from them",
        "signals",
        "beliefs, offers",
    ),
    Phase("decide", "each policy makes a plan; all see the same posted offers", "view", "plans"),
    Phase(
        "guard",
        "eligibility, contact rule, budget: trimmed from the top, refusals counted",
        "plans",
        "contacts",
    ),
    Phase(
        "live",
        "each person: contacts, products, payments, choice, stage; money posted",
        "person",
        "person, signals",
    ),
    Phase("settle", "conservation asserted, books and channels rolled forward", "postings", "books"),
    Phase("record", "tidy rows of this month", "all", "recording"),
)
