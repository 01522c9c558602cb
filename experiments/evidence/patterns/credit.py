"""Patterns of borrowing: drawing before default, larger lines, loss by months on book, responders."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tenure.agents.offer import US
from tenure.agents.person import CAUSES, CHARGED_OFF, NOBODY
from tenure.experiments.evidence.patterns.lives import (
    Figures,
    Lives,
    Measure,
    Sends,
    Start,
    by_group,
    mean,
    of_base,
    quantile_groups,
    ratio,
)
from tenure.simulation.model import LifecycleModel

OPEN_AT_LEAST = 0.05
"""Share of a line that must be open a year before for the drawn share of it to be told."""
NINETY_DAYS = 3
"""Missed payments at 90 days past due."""


def drawn_before_charge_off(lives: Lives) -> Figures:
    """Return utilisation on the way to charge-off, and the share of the open line that is drawn on it.

    The share is pooled: what debts of those charged off grew by in the last twelve months (up to the last month end
    before), over what was open of their lines twelve months before; they were customers throughout and not past due
    at the beginning.
    """
    month, row = np.nonzero(lives["cause"] == CHARGED_OFF)
    drawn, line = lives["revolving"], lives["line"]
    found: Figures = {}
    for before in (24, 12, 1):
        some = month > before
        at, who = month[some] - before, row[some]
        has = (line[at, who] > 0) & (lives["tenure"][month[some] - 1, who] >= before - 1)
        found[f"utilisation_{before}_before"] = mean(drawn[at, who][has] / line[at, who][has])
    some = month > 12
    last, year, who = month[some] - 1, month[some] - 12, row[some]
    was_open = line[year, who] - drawn[year, who]
    has = (line[year, who] > 0) & (was_open > OPEN_AT_LEAST * line[year, who]) & (lives["past_due"][year, who] == 0)
    has &= lives["tenure"][last, who] >= 11
    grown = drawn[last, who][has] - drawn[year, who][has]
    found["drawn_share"] = ratio(grown.sum(), was_open[has].sum())
    late, had = lives["past_due"][1:], lives["past_due"][:-1]
    reached = (late == NINETY_DAYS) & (had < NINETY_DAYS) & (line[1:] > 0)
    found["utilisation_90_days"] = mean(drawn[1:][reached] / line[1:][reached])
    found["utilisation_rises"] = found["utilisation_1_before"] - found["utilisation_12_before"]
    return found | before_falling_behind(lives)


QUARTER = 3
"""Months between a look at utilisation and the next at arrears."""
THIRTY_DAYS = 2
"""Missed payments at which somebody is reported as past due: 30 days and more at a month's end."""


def before_falling_behind(lives: Lives) -> Figures:
    """Return the median utilisation a quarter before, of card customers who fall behind and of those who do not."""
    drawn, line, late = lives["revolving"], lives["line"], lives["past_due"]
    used = drawn[:-QUARTER] / np.maximum(line[:-QUARTER], 1.0)
    asked = (line[:-QUARTER] > 0) & (late[:-QUARTER] < THIRTY_DAYS) & (line[QUARTER:] > 0)
    behind = late[QUARTER:] >= THIRTY_DAYS
    return {
        "utilisation_quarter_before_behind": _median(used[asked & behind]),
        "utilisation_of_current": _median(used[asked & ~behind]),
    }


def _median(values: NDArray[np.float64]) -> float:
    return float(np.median(values)) if len(values) else float("nan")


RISE = 1.25
"""What a randomised line rise multiplies lines by: a quarter more, as `line_increase`."""
RISK_THIRDS = ("strongest", "middle", "weakest")
LINE_MONTHS = 36


def line_rise(start: Start) -> Figures:
    """Return, by third of true risk, what a larger line changes against the same world without it.

    Of card customers who are not past due a third at a time gets a quarter more, with no message: borrowing twelve
    months later over the extra line, change of the share past due by 90 days or charged off within 24 months, and
    profit of 36 months, all costs and capital included, over the extra line.
    """
    base, found = start.twin, Figures()
    grown_of_all, extra_of_all = 0.0, 0.0
    card = (base["line"][0] > 0) & base.customers(0) & (base["past_due"][0] == 0)
    third = np.full(len(card), -1, np.int64)
    third[card] = quantile_groups(base["risk"][0][card], len(RISK_THIRDS))
    for number, name in enumerate(RISK_THIRDS):
        rows = np.flatnonzero(third == number)
        other = start.lives(LINE_MONTHS, touch=larger_lines(rows, RISE))
        extra = (other["line"][0] - base["line"][0])[rows].sum()
        both = base.stayed(0, 12)[rows] & other.stayed(0, 12)[rows]
        grown = (other["revolving"][12] - base["revolving"][12])[rows][both].sum()
        extra_there = (other["line"][12] - base["line"][12])[rows][both].sum()
        found[f"borrowed_{name}"] = ratio(grown, extra_there)
        grown_of_all, extra_of_all = grown_of_all + float(grown), extra_of_all + float(extra_there)
        found[f"default_change_{name}"] = float(defaults(other, 24)[rows].mean() - defaults(base, 24)[rows].mean())
        found[f"line_profit_{name}"] = ratio(other.profit(LINE_MONTHS) - base.profit(LINE_MONTHS), extra)
    found["borrowed_of_all"] = ratio(grown_of_all, extra_of_all)
    found["borrowed_weakest_less_strongest"] = found["borrowed_weakest"] - found["borrowed_strongest"]
    return found


def larger_lines(rows: NDArray[np.int64], factor: float) -> Callable[[LifecycleModel], None]:
    """Return what gives the people at these rows a line larger by a factor."""

    def touch(model: LifecycleModel) -> None:
        lines = model.people["line_cents"]
        lines[rows] = np.floor(lines[rows] * factor).astype(lines.dtype)

    return touch


def defaults(lives: Lives, months: int) -> NDArray[np.bool_]:
    """Return who is 90 days past due or charged off within the first months."""
    late = (lives["past_due"][1 : months + 1] >= NINETY_DAYS).any(axis=0)
    return np.asarray(late | (lives["cause"][1 : months + 1] == CHARGED_OFF).any(axis=0))


VINTAGE = 6
"""Months of tenure that are taken together."""
OLDEST = 72


def loss_by_months_on_book(lives: Lives) -> Figures:
    """Return when loss is highest, months on book, and how much lower it is a year before and in later years.

    Loss is what is owed by those charged off over what all owe, a year, by months with the provider.
    """
    owed, tenure = lives["credit"][:-1], lives["tenure"][:-1]
    there = lives["provider"][:-1] > NOBODY
    lost = np.where(lives["cause"][1:] == CHARGED_OFF, owed, 0.0)
    bin_of = np.minimum(tenure // VINTAGE, OLDEST // VINTAGE)
    bins = OLDEST // VINTAGE + 1
    losses = np.bincount(bin_of[there], lost[there], minlength=bins)
    debts = np.bincount(bin_of[there], owed[there], minlength=bins)
    rate = 12.0 * np.divide(losses, debts, out=np.zeros(bins), where=debts > 0)
    smooth = np.convolve(rate[:-1], np.ones(3) / 3.0, mode="valid")  # of 18 months; the first is centred on bin 1
    peak = int(np.argmax(smooth)) + 1
    found = {f"loss_at_{VINTAGE * one}": float(rate[one]) for one in range(bins)}
    hump = rate[18 // VINTAGE : 30 // VINTAGE].mean()
    found["loss_peak_month"] = VINTAGE * (peak + 0.5)
    found["loss_hump_over_first_year"] = ratio(float(hump), float(rate[: 12 // VINTAGE].mean()))
    found["loss_hump_over_later"] = ratio(float(hump), float(rate[42 // VINTAGE : OLDEST // VINTAGE].mean()))
    return found


SCORE_ERROR = 0.8
"""Standard error of a score of an application, log-odds, as institutions have it."""


def responders(start: Start) -> Figures:
    """Return how much worse those who take a card are than those who do not, at the same score.

    Worse is the true log-odds of missing a payment a year later, in the world where nobody was asked; the score is
    today's true log-odds with the standard error of a scorecard. Regressed on score and response.
    """
    card = _revolving_product(start)
    if not card or f"cross_sell_{card}" not in start.catalogue():
        return {"responders_usual": float("nan"), "response_usual": float("nan")}
    base = start.twin
    score = base["risk"][0] + _score_errors(start, start.people)
    other = start.lives(1, Sends(f"cross_sell_{card}", (0,)))
    asked = np.flatnonzero(other["treatment"][1] > 0)
    took = other["taken"][1][asked] == 1
    return {
        "responders_usual": at_equal_score(base["risk"][12][asked], score[asked], took),
        "response_usual": float(took.mean()) if len(took) else float("nan"),
    }


GOOD_OFFER, BAD_OFFER = -4.0, 8.0
"""Points on our prices of credit."""


def worse_offers(start: Start) -> Figures:
    """Return how much worse those are who join us while our credit is dear, than while it is cheap, at the same score.

    Who joins within two years, in two worlds of the same luck; worse, and the score, as with responders.
    """
    score, later, dear = [], [], []
    for points in (GOOD_OFFER, BAD_OFFER):
        world = start.everybody(36, dearer(start, points))
        luck = _score_errors(start, len(world["risk"][0]))
        month, row = np.nonzero((world["joined"][:25] == 1) & (world["provider"][:25] == US))
        here = world["provider"][month + 12, row] >= NOBODY
        month, row = month[here], row[here]
        score.append(world["risk"][month, row] + luck[row])
        later.append(world["risk"][month + 12, row])
        dear.append(np.full(len(row), points == BAD_OFFER))
    worse = at_equal_score(np.concatenate(later), np.concatenate(score), np.concatenate(dear))
    return {"responders_worse_by_offer": worse, "joined_good_over_bad": ratio(len(later[0]), len(later[1]))}


def _score_errors(start: Start, people: int) -> NDArray[np.float64]:
    """Return the errors of people's scores: luck of a measure, not of the market, the same in all its worlds."""
    luck = np.random.default_rng([start.seed, start.replication])
    return np.asarray(SCORE_ERROR * luck.standard_normal(people))


def at_equal_score(later: NDArray[np.float64], score: NDArray[np.float64], took: NDArray[np.bool_]) -> float:
    """Return how much larger `later` is for who took something, at an equal score: a regression's coefficient."""
    if not took.any() or took.all():
        return float("nan")
    design = np.column_stack([np.ones(len(score)), score, took])
    return float(np.linalg.lstsq(design, later.astype(np.float64), rcond=None)[0][2])


def _revolving_product(start: Start) -> str:
    """Return the name of the market's first revolving product, '' without one."""
    return next((name for name, product in start.settings.products.items() if product.kind == "revolving"), "")


def dearer(start: Start, points: float) -> dict[str, object]:
    """Return the changes by which we ask so many points more for every kind of credit."""
    own = start.settings.us.apr
    rates = {name: own.get(name, one.apr) for name, one in start.settings.products.items() if one.rate is None}
    return {"us.apr": {name: max(0.0, rate + points / 100.0) for name, rate in rates.items() if rate is not None}}


def charge_off_by_products(lives: Lives) -> Figures:
    """Return charge-offs a year of borrowers by products held the month before, and four or more over one."""
    borrows = (lives["credit"][:-1] > 0) & (lives["provider"][:-1] > NOBODY)
    held = np.minimum(lives["products"][:-1], 4)[borrows]
    lost = (lives["cause"][1:] == CAUSES.index("charged_off"))[borrows]
    rates = 12.0 * by_group(lost, held.astype(np.int64), 5)
    found = {f"charge_off_{k}_products": float(rates[k]) for k in range(1, 5)}
    return found | {"charge_off_four_over_one": ratio(float(rates[4]), float(rates[1]))}


PRICE_RISE = 0.10
"""Part by which an institution raises the rate of its card."""
PRICE_MONTHS = 48


def rate_elasticity(start: Start) -> Figures:
    """Return how our customers' card debts answer our own rate in four years, rivals' unchanged: an elasticity.

    And its part that is not customers who went or did not come: debts by customer with a card.
    """
    card = _revolving_product(start)
    if not card:
        return {"own_rate_elasticity": float("nan"), "own_rate_elasticity_within": float("nan")}
    own = start.settings.us.apr
    rate = (own.get(card, start.settings.products[card].apr) or 0.0) * (1.0 + PRICE_RISE)
    logs = []
    for one in (start.everybody(PRICE_MONTHS, {"us.apr": {**own, card: rate}}), start.base):
        ours = (one["provider"][PRICE_MONTHS] == US) & (one["line"][PRICE_MONTHS] > 0)
        debts = float(one["revolving"][PRICE_MONTHS][ours].sum())
        logs.append((np.log(debts), np.log(debts / ours.sum())))
    (dear, dear_each), (usual, usual_each) = logs
    whole, within = (float(one / np.log(1.0 + PRICE_RISE)) for one in (dear - usual, dear_each - usual_each))
    return {"own_rate_elasticity": whole, "own_rate_elasticity_within": within}


MEASURES: tuple[Measure, ...] = (
    of_base(drawn_before_charge_off),
    of_base(loss_by_months_on_book),
    of_base(charge_off_by_products),
    line_rise,
    responders,
    worse_offers,
    rate_elasticity,
)
"""All of this family."""
