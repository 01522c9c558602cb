"""From settings to what the rules read: products, offers, and the world, laid out once and brought up to date."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tenure.agents.chance import channel_word, institution_word
from tenure.agents.offer import AUDIENCES, CHANNEL, EXPOSURES, OFFER, OWN_CORRELATION, US, Now, products_of_kinds
from tenure.agents.rules.estimation import Splits
from tenure.agents.rules.rulebook import WORLD, Rulebook
from tenure.simulation.settings.institution import InstitutionSettings
from tenure.simulation.settings.market import MarketSettings


def product_rows(settings: MarketSettings) -> NDArray[np.void]:
    """Return the market's products, shape (products,) of PRODUCT."""
    rows = products_of_kinds([product.kind for product in settings.products.values()])
    for row, product in zip(rows, settings.products.values(), strict=True):
        if product.exposure is not None:
            row["exposure"] = EXPOSURES.index(product.exposure)
        if product.basel_correlation is not None:
            row["exposure"], row["basel_correlation"] = OWN_CORRELATION, product.basel_correlation
        row["amount"] = product.size
        row["shortest_months"], row["longest_months"] = product.term_months
        row["loss_given_default"], row["interchange"] = product.loss_given_default, product.interchange
        row["use_fee_cents"] = math.floor(product.fee_per_use * 100.0 + 0.5)
    return rows


def institution_names(settings: MarketSettings) -> tuple[str, ...]:
    """Return the names by index; 0 is nobody."""
    return ("nobody", *settings.institutions())


def offer_rows(settings: MarketSettings) -> NDArray[np.void]:
    """Return list offers, shape (institutions + 1,) of OFFER; row 0 is nobody.

    Raises
    ------
    ValueError
        If two institutions' names have the same address in luck.
    """
    rows = np.zeros(len(settings.institutions()) + 1, OFFER)
    for j, (name, one) in enumerate(settings.institutions().items(), start=1):
        _fill_offer(rows[j], name, one, settings)
        rows[j]["first_channel"] = rows[j - 1]["end_channel"]
        rows[j]["end_channel"] = rows[j]["first_channel"] + len(one.acquisition)
    if len(set(rows["word"].tolist())) != len(rows):
        raise ValueError("two institutions' names share one address in luck: rename one of them")
    return rows


def _fill_offer(row: np.void, name: str, one: InstitutionSettings, settings: MarketSettings) -> None:
    row["word"] = institution_word(name)
    for k, (label, product) in enumerate(settings.products.items()):
        row["sells"][k] = int(one.products is None or label in one.products)
        own = one.apr.get(label, product.apr) if product.rate is None else one.rate.get(label, product.rate)
        row["price"][k] = (100.0 if product.rate is None else -100.0) * (own or 0.0)
        row["fee_cents"][k] = math.floor(product.fee_per_year * 100.0 / 12.0 + 0.5)
        row["servicing_cents"][k] = math.floor(one.servicing_per_month.get(label, 0.0) * 100.0 + 0.5)
    row["quality"] = 0.0 if one.quality is None else one.quality
    row["service"], row["ease"] = one.service, one.convenience
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


def channel_names(settings: MarketSettings) -> tuple[tuple[str, str], ...]:
    """Return institution and name of each channel, by its row."""
    return tuple((name, channel) for name, one in settings.institutions().items() for channel in one.acquisition)


def channel_rows(settings: MarketSettings) -> NDArray[np.void]:
    """Return all channels, shape (channels,) of CHANNEL, those of an institution side by side; their rates are 0.

    Raises
    ------
    ValueError
        If two channels' names have the same address in luck.
    """
    names, institutions = channel_names(settings), settings.institutions()
    rows = np.zeros(len(names), CHANNEL)
    for row, (name, label) in zip(rows, names, strict=True):
        channel = institutions[name].acquisition[label]
        row["word"], row["precision"] = channel_word(name, label), channel.precision
        row["contact_cents"] = math.floor(channel.cost_per_contact * 100.0 + 0.5)
        row["joiner_cents"] = math.floor(channel.cost_per_joiner * 100.0 + 0.5)
        row["audience"], row["reachable"] = AUDIENCES.index(channel.audience), channel.reachable
        row["once"], row["risk_selection"] = int(channel.once_a_month), channel.risk_selection
    linked = [institutions[name].acquisition[label].along == "links" for name, label in names]
    rows["links"] = np.cumsum(linked) * linked
    if len(set(rows["word"].tolist())) != len(rows):
        raise ValueError("two channels' names share one address in luck: rename one of them")
    return rows


class LifeEvents(NamedTuple):
    """Life events in the long run: the shock of a month, and what is coming beside what has come."""

    shock_sd: float
    """standard deviation of a month's shock that keeps the changing part of risk at its stationary spread, log-odds"""
    coming_sd: float
    """standard deviation between people of the risk that is coming, log-odds"""
    correlation: float
    """between the risk that is coming and the changing part of risk"""


def life_events(rules: Rulebook) -> LifeEvents:
    """Return the stationary state of `risk_event_next` and `risk_coming_next`."""
    group = rules.needs
    kept, come, foreseen = group.event_persistence, 1.0 / group.coming_months, group.event_coming
    waits = 1.0 - come
    coming = foreseen * foreseen / (1.0 - waits * waits)
    both = (come * waits * coming + foreseen * (1.0 - foreseen)) / (1.0 - kept * waits)
    event = come * come * coming + 2.0 * kept * come * both + (1.0 - foreseen) * (1.0 - foreseen)
    shock_sd = group.event_sd * math.sqrt(1.0 - kept * kept) / math.sqrt(event)
    if coming == 0.0:
        return LifeEvents(shock_sd, 0.0, 0.0)
    correlation = both / math.sqrt(coming * event / (1.0 - kept * kept))
    return LifeEvents(shock_sd, shock_sd * math.sqrt(coming), correlation)


POACHING = ("poaching_points", "poaching_months", "poaching_cents")
"""Of an offer, what those get who come from another institution: promised each month, by plan or by settings."""
NOT_OF_SETTINGS = (
    *("rate", "month_cents", "ended_share", "observes", "lookalike", "price_above", "others_per_risk"),
    *POACHING,
)
"""Of an offer or a channel, what its institution or the market writes: never laid out anew."""


def poaching_offers(offers: NDArray[np.void]) -> NDArray[np.float64]:
    """Return what each promises to those who come from another, shape (institutions, 3): points, months of it, EUR."""
    points = offers["poaching_points"]
    months = np.where(points > 0.0, offers["poaching_months"], 0)
    return np.stack([points, months, offers["poaching_cents"] / 100.0], axis=1)


def new_world() -> np.void:
    """Return a world in which nothing is set, one row of WORLD."""
    world: np.void = np.zeros(1, WORLD)[0]
    return world


def lay_out(world: np.void, settings: MarketSettings, rules: Rulebook, effects: NDArray[np.void]) -> None:
    """Write into a world what settings say of products, offers at list prices, effects and rules."""
    products, offers, channels = product_rows(settings), offer_rows(settings), channel_rows(settings)
    world["institutions"], world["product_count"] = len(offers), len(products)
    world["products"][: len(products)], world["effects"][: len(effects)] = products, effects
    for table, rows in (("offers", offers), ("channels", channels)):
        for name in rows.dtype.names or ():
            if name not in NOT_OF_SETTINGS:
                world[table][name][: len(rows)] = rows[name]
    world["rules"] = rules
    world["splits"] = Splits(settings.quadrants.risk.split, settings.quadrants.return_.split)


def set_month(
    world: np.void, settings: MarketSettings, rules: Rulebook, month: int, luck: tuple[int, int], systematic: float
) -> None:
    """Write into a world which month it is: its address in luck and the state of the common factor."""
    offers = world["offers"][: world["institutions"]]
    seen = offers["service"][offers["visible"] == 1]
    world["now"] = Now(
        seed=luck[0],
        replication=luck[1],
        month=month,
        switching_cost=float(settings.world.switching_cost),
        systematic=float(systematic),
        event_shock_sd=life_events(rules).shock_sd,
        best_service=float(seen.max(initial=-np.inf)),
        discount=float(settings.world.discount),
    )


def compare_prices(offers: NDArray[np.void], customers: NDArray[np.int64]) -> None:
    """Write into offers how dear each is beside the others that people can find, which count by their customers.

    Of a product that no such other sells, and of risk where there is no such other, one's own price is the measure.
    """
    rows = offers[US:]
    weight = np.where(rows["visible"] == 1, customers[US:], 0).astype(np.float64)[:, None]
    rows["price_above"] = rows["price"] - _mean_of_others(rows["price"], weight * rows["sells"])
    rows["others_per_risk"] = _mean_of_others(rows["premium_per_risk"][:, None], weight)[:, 0]


def _mean_of_others(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean of all other rows, for each row and column; the row's own value if none has weight."""
    others = weights * (1.0 - np.eye(len(values)))[:, :, None]
    total = others.sum(axis=1)  # not a product of matrices: that would have other bits on other processors
    return np.where(total > 0.0, (others * values).sum(axis=1) / np.where(total > 0.0, total, 1.0), values)
