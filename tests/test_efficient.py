"""Who is painted efficient: never an arm that another one beats, on the averages or beyond chance."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from tenure.experiments.report.figures.frontier import BEST, RETURN, RISK, SPEND, efficient_beyond_chance, frontier
from tenure.experiments.report.recordings import Recordings

Table = dict[str, list[tuple[float, float]]]
"""Arm -> what it takes and gives in each replication."""


def recordings_from(arms: Table, oracles: tuple[str, ...] = ()) -> Recordings:
    rows = [
        {"arm": arm, "replication": r, "metric": metric, "value": float(value)}
        for arm, values in arms.items()
        for r, (takes, gives) in enumerate(values)
        for metric, value in ((RISK, takes), (SPEND, takes), (RETURN, gives))
    ]
    return Recordings(next(iter(arms)), tuple(arms), {}, pd.DataFrame(rows), oracles=oracles)


def tables(replications: int, repeated: bool = False) -> st.SearchStrategy[Table]:
    whole = st.integers(-6, 6).map(float)
    values = st.tuples(whole, whole)
    column = (
        values.map(lambda one: [one] * replications)
        if repeated
        else st.lists(values, min_size=replications, max_size=replications)
    )
    return st.dictionaries(st.sampled_from("abcdefg"), column, min_size=1)


@settings(max_examples=150, deadline=None)
@given(tables(3, repeated=True))
def test_where_nothing_varies_it_is_the_pareto_front(arms: Table) -> None:
    front = {
        arm
        for arm, [(takes, gives), *_] in arms.items()
        if not any(t <= takes and g >= gives and (t < takes or g > gives) for [(t, g), *_] in arms.values())
    }
    assert set(efficient_beyond_chance(recordings_from(arms), RISK)) == front


def surely_ahead(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> tuple[bool, bool]:
    """Whether one takes less than another, and gives more, by a paired t test at 5%."""
    found = []
    for part, sign in ((0, -1.0), (1, 1.0)):
        apart = [sign * (a[part] - b[part]) for a, b in zip(one, other, strict=True)]
        varies = len(set(apart)) > 1
        sure = ttest_rel(*zip(*((a, 0.0) for a in apart), strict=True)).pvalue < 0.05 if varies else True
        found.append(bool(sure and np.mean(apart) > 0))
    return found[0], found[1]


@settings(max_examples=150, deadline=None)
@given(tables(4))
def test_no_efficient_arm_is_beaten_on_averages_or_beyond_chance(arms: Table) -> None:
    best = efficient_beyond_chance(recordings_from(arms), RISK)
    means = {arm: np.mean(values, axis=0) for arm, values in arms.items()}
    for arm in best:
        for other, (takes, gives) in means.items():
            assert takes >= means[arm][0] or gives <= means[arm][1] or other == arm
            assert not (any(surely_ahead(arms[other], arms[arm])) and not any(surely_ahead(arms[arm], arms[other])))
    takes_least = [means[arm][0] for arm in best]
    assert takes_least == sorted(takes_least)


def test_a_loser_that_is_ahead_by_chance_alone_is_not_efficient() -> None:
    """It loses 30 in every world; that it swings 0.1 less on average is chance, as the sign turns."""
    arms: Table = {
        "nothing": [(10, 0), (11, 1), (12, 2), (13, 0)],
        "loser": [(9.5, -30), (11.4, -29), (11.3, -28), (13.4, -31)],
        "payer": [(12, 9), (13, 11), (14, 12), (15.5, 10)],
    }
    assert efficient_beyond_chance(recordings_from(arms), RISK) == ["nothing", "payer"]
    finding = frontier(recordings_from(arms)).finding
    assert finding.startswith(
        "Efficient in return against risk and in value against money: nothing (champion) and payer"
    )


def test_an_arm_that_earns_less_at_surely_less_risk_is_named_as_such() -> None:
    arms: Table = {"nothing": [(10, 0), (11, 1), (12, 2)], "calm": [(1, -30), (2, -29), (3, -28.5)]}
    drawing = frontier(recordings_from(arms))
    assert drawing.finding.startswith("Efficient in return against risk and in value against money: all 2 arms")
    assert "(calm earns less, for less risk or money)" in drawing.finding


def test_a_champion_that_leads_by_chance_alone_is_said_to() -> None:
    """The other swings less in every world, and loses less than chance may give."""
    arms: Table = {"nothing": [(10, 0), (11, 1), (12, 2)], "calm": [(9, -3), (10, 3), (11, 1)]}
    finding = frontier(recordings_from(arms)).finding
    assert finding == (
        "Efficient in return against risk and in value against money: calm; the champion earns most on average, but "
        "not beyond chance"
    )


@settings(max_examples=15, deadline=None)
@given(tables(3), st.sampled_from("abcdefg"))
def test_blue_dots_are_the_efficient_arms_and_never_who_sees_the_truth(arms: Table, oracle: str) -> None:
    oracles = (oracle,) if oracle in arms and len(arms) > 1 else ()
    recordings = recordings_from(arms, oracles)
    figure = frontier(recordings).figure
    for ax, takes in zip(figure.axes, (RISK, SPEND), strict=True):
        dots = [line for line in ax.get_lines() if line.get_marker() in ("o", "D")]
        blue = {arm for arm, dot in zip(arms, dots, strict=True) if dot.get_markerfacecolor() == BEST}
        assert blue == set(efficient_beyond_chance(recordings, takes)) and not blue & set(oracles)


@pytest.mark.parametrize("replications", [1, 2])
def test_without_knowing_chance_the_averages_are_all_there_is(replications: int) -> None:
    arms: Table = {"a": [(0.0, 0.0)] * replications, "b": [(1.0, 1.0)] * replications, "c": [(2.0, 1.0)] * replications}
    assert efficient_beyond_chance(recordings_from(arms), RISK) == ["a", "b"]
