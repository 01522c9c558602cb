"""A metric of one's own: what a customer pays, worked out of runs that are there already."""

from tenure import metric


@metric(unit="EUR", better="higher", matters_from=0.5, whose="own book, per customer at month 0")
def interest_per_customer(run) -> float:
    """Interest and fees per customer at the start, not discounted."""
    start = run.stock("customers_by_cell")[0]
    return run.total("ledger", a=("interest", "fees")) / max(1.0, start)


@metric(unit="%", better="lower", matters_from=0.001, of="pairs")
def share_charged_more(people) -> float:
    """Share of the customers at month 0 who pay more than in the champion's world."""
    return people["charged_more"] / people["people"]
