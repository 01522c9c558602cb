"""A model that has a world: the terms of a market, as they hold in the month it is in."""

import math

import numpy as np
from numpy.typing import NDArray

from tenure.agents.chance import MACRO, address, draw4
from tenure.agents.mathematics.formulas import normal_quantile
from tenure.policies.parts import MarketTerms, read_only
from tenure.policies.treatments import effects_table
from tenure.simulation.institutions.asking import Shown, posted_offers
from tenure.simulation.institutions.news import News
from tenure.simulation.market.rows import institution_names, lay_out, new_world, set_month
from tenure.simulation.numbering import NumberedModel
from tenure.simulation.seeds import Generates
from tenure.simulation.settings.market import MarketSettings
from tenure.simulation.settings.world import WorldSettings


class WorldModel(NumberedModel):
    """Settings, and what follows from them alone in a month: rules, products, list prices, treatments, schemes.

    Attributes
    ----------
    settings, now : MarketSettings
        As written, with dates; and as they hold this month, without.
    since : int
        Month since which they hold.
    world : structured row
        dtype `tenure.agents.rules.rulebook.WORLD`, what an engine is given. It is made once and brought up to date
        every month; `offers`, `channels`, `products` and `effects` are parts of it.
    systematic : float
        The common factor of credit risk, standard deviations.
    """

    def __init__(self, settings: MarketSettings, luck: tuple[int, int], first_month: int, rng: Generates) -> None:
        super().__init__(rng=rng)
        self.seed, self.replication = luck
        self.settings, self.month, self.systematic = settings, first_month, 0.0
        self.names, self.product_names = institution_names(settings), tuple(settings.products)
        self.world, self.news = new_world(), News()
        self.hold(settings.at(first_month), first_month)
        self.tags_kept = tuple(name for name in settings.tag_history if name in self.schemes.words())

    @property
    def luck(self) -> tuple[int, int]:
        """Key of all luck: seed and replication."""
        return self.seed, self.replication

    @property
    def offers(self) -> NDArray[np.void]:
        """What everybody posts this month, by institution, row 0 of nobody."""
        rows: NDArray[np.void] = self.world["offers"][: len(self.names)]
        return rows

    @property
    def channels(self) -> NDArray[np.void]:
        """Ways in which institutions reach people, those of an institution side by side."""
        rows: NDArray[np.void] = self.world["channels"][: self.offers["end_channel"].max()]
        return rows

    @property
    def products(self) -> NDArray[np.void]:
        """The market's products."""
        rows: NDArray[np.void] = self.world["products"][: len(self.product_names)]
        return rows

    @property
    def effects(self) -> NDArray[np.void]:
        """What treatments do, by their number in the catalogue."""
        rows: NDArray[np.void] = self.world["effects"][: len(self.treatments)]
        return rows

    @property
    def shown(self) -> Shown:
        """What this month shows to every institution alike."""
        kinds = {name: product.kind for name, product in self.settings.products.items()}
        posted = posted_offers(self.names, kinds, self.offers)
        terms = MarketTerms(read_only(self.products), self.rules.credit, self.now.world.discount)
        hidden = self.offers["visible"] == 0
        hidden[0] = False  # nobody is no secret
        told = self.month, self.luck, posted, self.treatments, self.schemes, terms
        return Shown(*told, hidden, self.news.months)

    def hold(self, now: MarketSettings, since: int) -> None:
        """From this month on these settings hold: terms, list prices, effects, rules and schemes follow them."""
        self.now, self.since, self.rules = now, since, now.rulebook()
        self.treatments, self.schemes = now.catalogue(), now.classification()
        lay_out(self.world, now, self.rules, effects_table(self.treatments))
        self.date()

    def date(self) -> None:
        """Tell the world which month it is, and how the common factor stands."""
        set_month(self.world, self.now, self.rules, self.month, self.luck, self.systematic)

    def move_factor(self) -> None:
        """Let the common factor move by this month's luck."""
        self.systematic = next_systematic(self.systematic, self.now.world, self.luck, self.month)


def next_systematic(systematic: float, world: WorldSettings, luck: tuple[int, int], month: int) -> float:
    """Return the common factor of a month, an AR(1) of the settings' mean, persistence and standard deviation."""
    mean, persistence, sd = world.mean_of_factor, world.macro_persistence, world.macro_sd
    moves = math.sqrt(1.0 - persistence * persistence)
    shock = normal_quantile(draw4(*luck, 0, month, address(MACRO))[0]) * sd * moves
    return float(mean + persistence * (systematic - mean) + shock)
