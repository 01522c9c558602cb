"""What a person's months were, told of what an observer saw of them: states, beliefs, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tenure.agents.belief import QUADRANTS
from tenure.agents.person import GONE, STAGES
from tenure.experiments.config.printable import shown
from tenure.experiments.design.eras.laid import Era
from tenure.experiments.design.point import Point
from tenure.experiments.life.events import filed, happened, held_names, treated
from tenure.experiments.life.following import Believed, Moment
from tenure.simulation.recording.observing import MonthFacts

START = -1
"""Month of the state before month 0."""


@dataclass(frozen=True)
class LifeMonth:
    """What was true of the person at a month's end, what we believed, and what had happened.

    Attributes
    ----------
    month : int
        From the start of the arm; -1 the state before it.
    provider, stage : str
        Main provider, and the true stage of the relationship with it.
    products : list of str
        Held with the provider.
    credit, deposits : float
        With the provider, in the life's currency.
    months_past_due : int
        Missed payments outstanding.
    default_per_year : float
        True probability of three missed payments within 12 months.
    margin_per_year : float
        What the provider earns a year, before credit loss.
    quadrant : str
        True, of the two numbers before.
    believed : Believed or None
        None where the person is not in our files.
    happened : list of str
        In the order of a month.
    because : dict
        Line of `happened` that is a treatment -> the reason its policy gave.
    in_files : list of str
        Lines of `happened` that tell what changed in our files, and nothing that is true of the person.
    """

    month: int
    provider: str
    stage: str
    products: list[str]
    credit: float
    deposits: float
    months_past_due: int
    default_per_year: float
    margin_per_year: float
    quadrant: str
    believed: Believed | None
    happened: list[str]
    because: dict[str, str]
    in_files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Life:
    """A person and their months under one arm, and in one scenario if there are any.

    Need is a level from 0 to 1 for each product.
    """

    person: int
    age_years: float
    income_per_month: float
    need: dict[str, float]
    arm: str
    replication: int
    months: list[LifeMonth]
    currency: str
    scenario: str = ""


def life_of(market: MonthFacts, person: int, moments: Sequence[Moment], point: Point) -> Life:
    """Tell what was seen of a person at a point of a design.

    Parameters
    ----------
    market : MonthFacts
        Of any month: who is in the market and what it offers.
    """
    first = moments[0].person
    need = dict(zip(market.settings.products, first["need"].tolist(), strict=False))
    months = [_month(market, before, now) for before, now in zip([None, *moments], moments, strict=False)]
    return Life(
        person,
        float(first["age_years"]),
        float(first["income"]),
        need,
        point.arm,
        point.replication,
        months,
        market.settings.currency,
        point.scenario,
    )


def in_eras(life: Life, eras: Sequence[Era]) -> Life:
    """Return a life with the beginning and the end of each era among what happened in its months."""
    months = []
    for one in life.months:
        begun = [f"era {shown(era.title)} begins" for era in eras if era.first == one.month]
        ended = [f"era {shown(era.title)} ends" for era in eras if era.last == one.month]
        months.append(replace(one, happened=[*begun, *one.happened, *ended]))
    return replace(life, months=months)


def _month(market: MonthFacts, before: Moment | None, now: Moment) -> LifeMonth:
    person, truth, provider = now.person, now.truth, now.person["provider"]
    brought, in_files = ([], []) if now.month == START else (happened(market, before, now), filed(before, now))
    lends, cents = market.products["lends"] == 1, person["balance_cents"][: len(market.products)]
    return LifeMonth(
        now.month,
        "gone" if provider == GONE else market.names[provider],
        STAGES[person["stage"]],
        held_names(market, person),
        int(cents[lends].sum()) / 100.0,
        int(cents[~lends].sum()) / 100.0,
        int(person["months_past_due"]),
        float(truth["default_per_year"]),
        float(truth["margin_per_year"]),
        QUADRANTS[truth["quadrant"]],
        now.believed,
        [*brought, *in_files],
        {treated(market, one, now.signal): one.because for one in now.sent if one.because},
        in_files,
    )
