"""Patterns of competition between institutions that differ in nothing but how many choose them."""

from collections.abc import Mapping

import numpy as np

from tenure.experiments.evidence.patterns.lives import Figures, Lives, Measure, Start, ratio
from tenure.simulation.settings.market import MarketSettings

QUALITIES: Mapping[str, tuple[float, float]] = {"large": (0.9, 0.41), "middle": (0.1, 0.26), "small": (-0.7, 0.15)}
"""Three institutions: quality, in which alone they differ, and share of people with which each begins."""
JEOPARDY_MONTHS = 36


def double_jeopardy(start: Start) -> Figures:
    """Return what the smallest of three institutions alike but for quality has less than the largest.

    The market burns in anew with them.
    """
    other = Start.burnt_in(alike(start.settings), start.seed, start.replication)
    return jeopardy_of(other.everybody(JEOPARDY_MONTHS))


def jeopardy_of(lives: Lives) -> Figures:
    """Return share, leaving by choice and products of the first and the third institution, and their ratios."""
    years, found = lives.months // 12, Figures()
    for name, institution in (("large", 1), ("small", 3)):
        left = customers = products = 0
        for year in range(years):
            month = 12 * year
            own = lives["provider"][month] == institution
            left += int((own & lives.leaving(month, 12)).sum())
            customers += int(own.sum())
            products += int(lives["products"][month][own].sum())
        found[f"share_{name}"] = ratio(customers, years * int(np.sum(lives["provider"][0] >= 0)))
        found[f"leaving_{name}"] = ratio(left, customers)
        found[f"products_{name}"] = ratio(products, customers)
    found["jeopardy_leaving"] = ratio(found["leaving_small"], found["leaving_large"])
    found["jeopardy_products"] = ratio(found["products_small"], found["products_large"])
    return found


def alike(settings: MarketSettings) -> MarketSettings:
    """Return a market of three institutions that are as we are in the given one, but for their quality."""
    first, *others = [
        settings.us.model_copy(update={"quality": quality, "share": share, "name": name})
        for name, (quality, share) in QUALITIES.items()
    ]
    rivals = {str(one.name): one.model_copy(update={"name": None}) for one in others}
    return settings.model_copy(update={"us": first, "rivals": rivals})


MEASURES: tuple[Measure, ...] = (double_jeopardy,)
"""All of this family."""
