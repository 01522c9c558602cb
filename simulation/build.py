"""From settings to what the rules read: products, offers, the world of a month."""

import math
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from agents.market import KINDS, OFFER, PRODUCT, Month
from agents.rulebook import Rulebook
from simulation.institution_settings import InstitutionSettings
from simulation.settings import MarketSettings, WorldSettings


def product_rows(settings: MarketSettings) -> NDArray[Any]:
    """Return the market's products, shape (products,) of PRODUCT."""
    rows = np.zeros(len(settings.products), PRODUCT)
    for row, product in zip(rows, settings.products.values(), strict=True):
        row["kind"] = KINDS.index(product.kind)
        row["amount"] = product.size
        row["shortest_months"], row["longest_months"] = product.term_months
        row["loss_given_default"], row["interchange"] = product.loss_given_default, product.interchange
        row["use_fee_cents"] = math.floor(product.fee_per_use * 100.0 + 0.5)
    return rows


def institution_names(settings: MarketSettings) -> tuple[str, ...]:
    """Return the names by index; 0 is nobody."""
    return ("nobody", *settings.institutions())


def offer_rows(settings: MarketSettings) -> NDArray[Any]:
    """Return list offers, shape (institutions + 1,) of OFFER; row 0 is nobody.

    Raises
    ------
    ValueError
        If two institutions' names have the same address in luck.
    """
    rows = np.zeros(len(settings.institutions()) + 1, OFFER)
    for j, (name, one) in enumerate(settings.institutions().items(), start=1):
        _fill_offer(rows[j], name, one, settings)
    if len(set(rows["word"].tolist())) != len(rows):
        raise ValueError("two institutions' names share one address in luck: rename one of them")
    return rows


def _fill_offer(row: Any, name: str, one: InstitutionSettings, settings: MarketSettings) -> None:
    row["word"] = (crc32(name.encode()) & 0xFFFF) << 9
    for k, (label, product) in enumerate(settings.products.items()):
        row["sells"][k] = int(one.products is None or label in one.products)
        own = one.apr.get(label, product.apr) if product.rate is None else one.rate.get(label, product.rate)
        row["price"][k] = (100.0 if product.rate is None else -100.0) * (own or 0.0)
        row["fee_cents"][k] = math.floor(product.fee_per_year * 100.0 / 12.0 + 0.5)
        row["servicing_cents"][k] = math.floor(one.servicing_per_month.get(label, 0.0) * 100.0 + 0.5)
    row["quality"], row["service"], row["ease"] = one.quality, one.service, one.convenience
    row["funding"] = 100.0 * one.funding_cost
    row["premium_per_risk"], row["highest_risk"] = one.premium_per_risk, one.highest_risk
    row["score_noise"], row["visible"] = one.score_noise, int(one.visible)
    heard = one.information
    row["hears_application"], row["hears_behaviour"] = int(heard.application), int(heard.behaviour)
    row["hears_responses"], row["sees_browsing"] = int(heard.responses), int(heard.browsing)
    row["reading_noise"], row["other_lines"] = heard.noise, heard.other_lines
    row["believed_noise"] = heard.noise if heard.believed_noise is None else heard.believed_noise
    for k, label in enumerate(settings.products):
        row["line"][k] = int(one.business_line is None or label in one.business_line)
    for c, channel in enumerate(one.acquisition.values()):
        row["precision"][c] = channel.precision
        row["contact_cents"][c] = math.floor(channel.cost_per_contact * 100.0 + 0.5)
        row["spends"] = 1


def event_shock_sd(rules: Rulebook) -> float:
    """Standard deviation of a month's shock that keeps the changing part of risk at its stationary spread."""
    return rules.needs.event_sd * math.sqrt(1.0 - rules.needs.event_persistence**2)


def world_of_month(
    month: int, seed: int, replication: int, systematic: float, world: WorldSettings, rules: Rulebook,
    offers: NDArray[Any],
) -> Month:  # fmt: skip
    """Return the month's address in luck and state of the world."""
    seen = offers["service"][offers["visible"] == 1]
    return Month(
        seed=seed,
        replication=replication,
        month=month,
        friction=float(world.switching_cost),
        systematic=float(systematic),
        event_shock_sd=event_shock_sd(rules),
        best_service=float(seen.max(initial=-np.inf)),
        discount=float(world.discount),
    )
