"""What is published of markets like the shipped ones: each fact a range of one figure, with its source."""

from typing import NamedTuple

ANY = float("inf")


class Fact(NamedTuple):
    """A published range of one figure in one case; a range of everything is information only."""

    case: str
    figure: str
    fact: str
    low: float
    high: float
    source: str
    measured: str


HAMMER, HARLAND, FEDERAL = "R.K. Hammer 2013; Mercator 2018", "Harland Clarke 2017 (vendor)", "Federal Reserve data"
FACTS = (
    Fact(
        "default",
        "attrition_per_year",
        "attrition, all ways out",
        0.12,
        0.15,
        HAMMER,
        "leavers of twelve months over customers",
    ),
    Fact("default", "first_year", "attrition in year 1", 0.18, 0.26, HARLAND, "the same among the first twelve months"),
    Fact(
        "default",
        "later_year_rise",
        "largest rise from one year of tenure to the next",
        -ANY,
        0.02,
        HARLAND,
        "largest of the ten differences, per replication",
    ),
    Fact("default", "ten_years", "attrition after 10 years", 0.04, 0.08, HARLAND, "the same from year 11 on"),
    Fact("default", "one_product", "attrition with one product", 0.14, 0.20, HARLAND, "by products held before"),
    Fact("default", "four_products", "attrition with four or more", 0.04, 0.08, HARLAND, "by products held before"),
    Fact(
        "default",
        "charge_off_share",
        "charge-off among all exits",
        0.15,
        0.30,
        "follows from the rows on charge-off and attrition",
        "leavers by cause",
    ),
    Fact(
        "default",
        "charge_off",
        "charge-off, of balances a year",
        0.035,
        0.045,
        FEDERAL,
        "gross, before recoveries, over mean balances",
    ),
    Fact("default", "thirty_plus", "balances 30+ days past due", 0.02, 0.03, FEDERAL, "two or more missed"),
    Fact("crisis", "charge_off", "crisis: charge-off, of balances a year", 0.07, 0.10, FEDERAL, "as above"),
    Fact("crisis", "thirty_plus", "crisis: balances 30+ days past due", 0.038, 0.07, FEDERAL, "as above"),
    *(
        Fact(
            "steady",
            f"change_{name}",
            f"steady: customers of {name} in 60 months",
            -0.05,
            0.05,
            "by design",
            "customers after 60 months over those after burn-in, common factor off",
        )
        for name in ("us", "megabank", "fintech")
    ),
    Fact(
        "default",
        "looked",
        "looked around at least once in a year",
        -ANY,
        ANY,
        "CMA 2015: 16%",
        "from the chances of the last twelve months, customers throughout",
    ),
    Fact(
        "default",
        "attrition_poached",
        "went to another institution in a year",
        -ANY,
        ANY,
        "CMA 2015: 3%",
        "leavers 'poached' over customers",
    ),
    Fact(
        "default",
        "long_standing",
        "customers of 10 years and more",
        -ANY,
        ANY,
        "CMA 2015: 57%",
        "at the last month; people enter and leave this market all the time",
    ),
    *(
        Fact(
            "default",
            f"quadrant_{name}",
            f"quadrant {name.replace('_', ' ')}",
            -ANY,
            ANY,
            "none",
            "our customers at the last month",
        )
        for name in ("low_risk_low_return", "low_risk_high_return", "high_risk_low_return", "high_risk_high_return")
    ),
)
"""Every fact about the shipped markets, in the order of the page."""
