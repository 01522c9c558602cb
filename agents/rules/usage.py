"""Activity: who has not used the relationship for long, seldom does so again, unless reminded."""

from typing import Annotated, NamedTuple

from tenure.agents.declaring import Parameter, rule

LONGEST_IDLE = 6
"""Months since the last use that the table of use tells apart."""


class Activity(NamedTuple):
    """Parameters of use, month by month."""

    use: Annotated[
        tuple[float, float, float, float, float, float],
        Parameter("share/month", 0, 1, "by months since use, 1..5 and more; assumption: two thirds are active"),
    ] = (0.98, 0.6, 0.35, 0.22, 0.14, 0.1)
    """Probability of using the relationship in a month, by months since the last use: 1, 2, 3, 4, 5, and 6 or more."""
    unprompted: Annotated[float, Parameter("share", 0, 1, "of these chances without a reminder; assumption")] = 0.9
    """Multiplies the probability of use in a month without a reminder."""
    spent: Annotated[float, Parameter("share", 0, 1, "of income x depth x need in a month of use; assumption")] = 0.38
    """Spending with a card in a month of use, as a share of income x share of wallet x need."""
    idle_reading: Annotated[
        float, Parameter("share", 0, 1, "what a month without use tells, against one with; assumption")
    ] = 0.5
    """What a month without use tells of a customer, as a share of what a month with use tells."""


@rule
def uses(months_since_use: int, prompted: bool, activity: Activity) -> float:
    """Probability of using the relationship this month: a table by recency (Pfeifer & Carraway 2000)."""
    p = activity.use[min(max(months_since_use, 1), LONGEST_IDLE) - 1]
    return p if prompted else p * activity.unprompted


@rule
def told_by(used: int, activity: Activity) -> float:
    """What a month's behaviour tells of a customer, against a month of use."""
    return 1.0 if used == 1 else activity.idle_reading
