"""What customers are believed to owe in each product, and what it costs: expected loss, and Basel's capital."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tenure.agents.rules.capital import capital_of_each
from tenure.policies.view import InstitutionView


def owed_in_each(view: InstitutionView) -> Iterator[tuple[np.void, NDArray[np.float64]]]:
    """Yield each product that lends, as a row of PRODUCT, and what each customer owes in it, EUR."""
    for product, name in zip(view.market_terms.products, view.products, strict=True):
        if product["lends"]:
            yield product, view.balance_of(name)


def lost_in_default_eur(view: InstitutionView) -> NDArray[np.float64]:
    """Return what a default of each customer would lose, EUR, shape (customers,)."""
    lost = np.zeros(len(view))
    for product, owed in owed_in_each(view):
        lost += float(product["loss_given_default"]) * owed
    return lost


def capital_eur(view: InstitutionView) -> NDArray[np.float64]:
    """Return the capital that Basel's formula asks for behind what each customer owes, EUR, shape (customers,).

    By the rule with which the market charges for capital (`tenure.agents.rules.capital`), at the believed probability
    of default.
    """
    capital, share, pd = np.zeros(len(view)), np.zeros(len(view)), np.array(view.default_per_year)
    for product, behind in behind_in_each(view):
        capital_of_each(
            pd,
            float(product["loss_given_default"]),
            int(product["exposure"]),
            float(product["basel_correlation"]),
            view.market_terms.credit,
            share,
        )
        capital += behind * share
    return capital


def behind_in_each(view: InstitutionView) -> Iterator[tuple[np.void, NDArray[np.float64]]]:
    """Yield each product that lends, and what capital is held behind: what is owed, and a part of undrawn lines."""
    kinds = view.market_terms.products["draws"] == 1
    names = [name for name, draws in zip(view.products, kinds, strict=True) if draws]
    held = view.by_product("held", names) > 0 if names else np.zeros((0, len(view)), np.bool_)
    undrawn = np.maximum(view.line - view.field("revolving_cents") / 100.0, 0.0)
    each = view.market_terms.credit.undrawn_conversion * undrawn / np.maximum(held.sum(axis=0), 1)
    lines = iter(held)
    for product, owed in owed_in_each(view):
        yield product, owed + each * next(lines) if product["draws"] else owed
