"""What the recording keeps of the book: customers, balances, money, who came and who left."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.agents.belief import QUADRANTS
from tenure.agents.compiling import compiled
from tenure.agents.ledger import LINES
from tenure.agents.person import CAUSES, STAGES
from tenure.agents.signal import BY_CHANNEL, INVITED, LOOKED_AROUND
from tenure.simulation.market.ledger import profit_cents
from tenure.simulation.market.rows import channel_names
from tenure.simulation.recording import measures
from tenure.simulation.recording.counting import BUCKETS, PRODUCTS_HELD, TENURE_YEARS
from tenure.simulation.recording.measure import Measure
from tenure.simulation.recording.observing import MonthFacts
from tenure.simulation.recording.rows import Row

PLANE_SAMPLE = 800
"""Customers, at most, on the plane of risk and return."""
CELLS = tuple((stage, quadrant) for stage in STAGES for quadrant in QUADRANTS)
CELL = np.dtype(
    [("customers", np.int64), ("new", np.int64), ("credit_eur", np.float64), ("deposit_eur", np.float64)], align=True
)
"""What lies in a cell of our book; `new` are customers in their first `NEW_MONTHS`."""
NEW_MONTHS = 12
"""Months of tenure in which a customer is new; assumption."""


def state_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give what is so at a month's end, of everybody and of our cells."""
    yield from _cells(facts)
    yield from _stocks(facts)


def flow_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give what moved in a month: who joined, who left and why, moves between stages, profit and loss."""
    counts, month = facts.counts, facts.month
    for measure, table, labels in (
        (measures.LEAVERS, counts["leavers"], TENURE_YEARS),
        (measures.LEAVERS_BY_PRODUCTS, counts["leavers_by_products"], PRODUCTS_HELD),
    ):
        for j, cause, c, people in _filled(table):
            yield measure.name, month, facts.names[j], CAUSES[cause], labels[c], people
    came = counts["joiners"]
    joiners = np.stack([came[:, source] for source in (LOOKED_AROUND, BY_CHANNEL, INVITED)], axis=1)
    yield from _table(facts, measures.JOINERS, joiners, measures.JOINERS.a.words)
    for origin, to, people in _filled(counts["stage_moves"]):
        yield measures.STAGE_MOVES.name, month, facts.us, STAGES[origin], (*STAGES, "gone")[to], people
    for j, lines in enumerate(profit_cents(facts.postings).tolist()):
        for line, cents in zip(LINES, lines, strict=True):
            if j > 0:
                yield measures.LEDGER.name, month, facts.names[j], line, "", cents / 100.0
    yield from _new_customers(facts)


def reach_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give what each channel reached, cost and brought."""
    channels, joined = facts.channels, facts.counts["joiners_by_channel"][: len(facts.channels)]
    cents = facts.tally * channels["contact_cents"] + joined * channels["joiner_cents"]
    cents += channels["month_cents"]
    told = zip(channel_names(facts.settings), facts.tally.tolist(), cents.tolist(), joined.tolist(), strict=True)
    for (name, channel), contacts, spent, came in told:
        for what, value in (("contacts", contacts), ("spend_eur", spent / 100.0), ("joined", came)):
            yield measures.REACH.name, facts.month, name, channel, what, value


def plane_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give a sample of our customers on the plane of risk and return."""
    step = max(1, len(facts.own) // PLANE_SAMPLE)
    sample, truths = (rows[::step][:PLANE_SAMPLE] for rows in (facts.own, facts.truths))
    fields = (truths[name].tolist() for name in ("quadrant", "default_per_year", "margin_per_year"))
    for person, quadrant, risk, margin in zip(sample["person_id"].tolist(), *fields, strict=True):
        key = (str(person), QUADRANTS[quadrant])
        yield (measures.PLANE_RISK.name, facts.month, facts.us, *key, risk)
        yield (measures.PLANE_RETURN.name, facts.month, facts.us, *key, margin)


def closing_rows(facts: MonthFacts) -> Iterator[Row]:
    """Give what our customers are worth beyond the last month; what they cost is negative."""
    worth = facts.value(facts.own_rows, facts.truths)
    for what, sign in (("future_margin", 1.0), ("expected_loss", -1.0), ("future_capital_cost", -1.0)):
        yield measures.CLOSING_VALUE.name, facts.month, facts.us, what, "", sign * worth[what].sum()


@compiled
def cell_rows(own: NDArray[np.void], truths: NDArray[np.void], cells: NDArray[np.void]) -> None:
    """Add our customers and their balances to their cells, one after the other: of cents as EUR the order counts."""
    for i in range(own.shape[0]):
        one, cell = own[i], cells[own[i].stage, truths[i].quadrant]
        cell.customers += 1
        cell.credit_eur += one.credit_cents / 100.0
        cell.deposit_eur += one.deposit_cents / 100.0
        if one.tenure_months < NEW_MONTHS:
            cell.new += 1


def cells_of(facts: MonthFacts) -> NDArray[np.void]:
    """Return what lies in each cell of our book, dtype CELL, shape (stages, quadrants)."""
    cells = np.zeros((len(STAGES), len(QUADRANTS)), CELL)
    cell_rows(facts.own, facts.truths, cells)
    return cells


def _cells(facts: MonthFacts) -> Iterator[Row]:
    """Our customers and balances by stage and quadrant."""
    month, us, cells = facts.month, facts.us, cells_of(facts)
    for measure, name in (
        (measures.CUSTOMERS_BY_CELL, "customers"),
        (measures.CREDIT_BALANCE_BY_CELL, "credit_eur"),
        (measures.DEPOSIT_BALANCE_BY_CELL, "deposit_eur"),
    ):
        values = cells[name].ravel().tolist()
        yield from ((measure.name, month, us, *words, value) for words, value in zip(CELLS, values, strict=True))


def _stocks(facts: MonthFacts) -> Iterator[Row]:
    """Customers, balances, tenure, products and past due of every institution."""
    counts, month, names = facts.counts, facts.month, facts.names
    yield measures.CUSTOMERS.name, month, "gone", "", "", int(counts["gone"])
    heads, credit, deposits = (counts[name].tolist() for name in ("customers", "credit_cents", "deposit_cents"))
    for j, name in enumerate(names):
        yield measures.CUSTOMERS.name, month, name, "", "", heads[j]
        if j > 0:
            yield measures.CREDIT_BALANCE.name, month, name, "", "", credit[j] / 100.0
            yield measures.DEPOSIT_BALANCE.name, month, name, "", "", deposits[j] / 100.0
    yield from _table(facts, measures.CUSTOMERS_BY_TENURE, counts["by_tenure"], TENURE_YEARS)
    yield from _table(facts, measures.CUSTOMERS_BY_PRODUCTS, counts["by_products"], PRODUCTS_HELD)
    yield from _table(facts, measures.PAST_DUE_BALANCE, counts["past_due_cents"] / 100.0, BUCKETS)


def _filled(table: NDArray[np.integer] | NDArray[np.floating]) -> Iterator[tuple[Any, ...]]:
    """Give the place and the value of what is not zero, in the order of the table."""
    places = np.nonzero(table)
    return zip(*(place.tolist() for place in places), table[places].tolist(), strict=True)


def _table(
    facts: MonthFacts, measure: Measure, table: NDArray[np.integer] | NDArray[np.floating], labels: Sequence[str]
) -> Iterator[Row]:
    """Rows of a table by institution and one label; what is zero leaves none."""
    month, names, measured = facts.month, facts.names, measure.name
    return ((measured, month, names[j], labels[c], "", value) for j, c, value in _filled(table))


def _new_customers(facts: MonthFacts) -> Iterator[Row]:
    """Our customers in their first twelve months, by quadrant."""
    for name, value in zip(QUADRANTS, cells_of(facts)["new"].sum(axis=0).tolist(), strict=True):
        yield measures.NEW_CUSTOMERS_BY_QUADRANT.name, facts.month, facts.us, name, "", value
