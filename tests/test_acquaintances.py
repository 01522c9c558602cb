"""Word of mouth along people's links: who knows whom, and what is known of how news travels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import ValidationError

from tenure.agents.offer import US
from tenure.agents.person import GONE, NOBODY, PERSON
from tenure.experiments.verification.cases.diffusion import bass
from tenure.experiments.verification.cases.rows import market
from tenure.simulation.market.acquaintances import Links, Talk, circles_of, heard_along_links
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from
from tests.markets import LIVELY, by_id, first_difference, small_market

LUCK = (3, 0)
CERTAIN: dict[str, Any] = {
    "kind": "referral",
    "along": "links",
    "word_of_mouth": 1000.0,
    "word_of_mouth_satisfaction": 0.0,
}
"""Whoever knows a customer hears of us, and joins."""


def crowd(ids: NDArray[np.int64], customers: NDArray[np.bool_], satisfaction: float = 0.0) -> NDArray[np.void]:
    """Return people of whom some are our customers."""
    people = np.zeros(len(ids), PERSON)
    people["id"], people["provider"], people["satisfaction"] = ids, np.where(customers, US, NOBODY), satisfaction
    return people


def heard(people: NDArray[np.void], links: Links, force: float = 1.0, weight: float = 0.0) -> NDArray[np.float64]:
    """Return what everybody hears of us, shape (people,)."""
    return heard_along_links(people, [Talk(US, force, weight)], links, LUCK)[:, 0]


def known_by(ids: NDArray[np.int64], links: Links) -> NDArray[np.int64]:
    """Return how often each person (column) is among the acquaintances of each (row), shape (people, people)."""
    alone = [heard(crowd(ids, ids == one), links) for one in ids]
    return np.rint(np.stack(alone, axis=1) * (links.near + links.far)).astype(np.int64)


@given(
    st.sets(st.integers(1, 10**12), min_size=12, max_size=30),
    st.sampled_from([2, 4, 6]),
    st.sampled_from([0, 2, 4]),
)
def test_everybody_has_as_many_links_and_they_go_both_ways(ids: set[int], near: int, far: int) -> None:
    known = known_by(np.array(sorted(ids)), Links(near, far))
    assert (known == known.T).all() and (np.diag(known) == 0).all()
    assert (known.sum(axis=0) == near + far).all()


@given(st.permutations(range(20)))
def test_links_follow_from_who_is_there_not_from_the_order_of_rows(order: list[int]) -> None:
    ids, links = np.arange(100, 120), Links(4, 2)
    people = crowd(ids, ids % 3 == 0, satisfaction=0.7)
    mixed = heard(people[order], links, weight=0.5)
    assert (mixed == heard(people, links, weight=0.5)[order]).all()


def test_who_leaves_or_enters_moves_the_links_of_those_near_alone() -> None:
    ids, links = np.arange(1, 41), Links(4, 0)
    (circle,) = circles_of(ids, 1, LUCK)
    before, gone = known_by(ids, links), int(circle[7])
    left = np.delete(np.arange(40), gone)
    after = known_by(ids[left], links)
    moved = ids[left][(after != before[np.ix_(left, left)]).any(axis=1)]
    assert sorted(moved) == sorted(ids[circle[place]] for place in (5, 6, 8, 9))  # two on each side
    away = crowd(ids, ids > 20)
    away["provider"][gone] = GONE
    assert (heard(away, links)[left] == heard(away[left], links)).all() and heard(away, links)[gone] == 0.0


@pytest.mark.parametrize("people", [2, 3, 8, 9])
def test_where_everybody_knows_everybody_it_is_word_of_mouth_without_links_but_for_oneself(people: int) -> None:
    ids = np.arange(people)
    ours = ids < people // 2
    shares = (ours.sum() - ours) / (people - 1)
    assert heard(crowd(ids, ours, 0.4), Links(200, 0), 0.3, 0.5) == pytest.approx(0.3 * shares * 1.2)


def test_a_pair_spreads_to_that_pair_alone_and_one_alone_hears_nothing() -> None:
    assert heard(crowd(np.array([5]), np.array([True])), Links(10, 2)).tolist() == [0.0]
    pair = crowd(np.array([5, 9]), np.array([True, False]))
    assert heard(pair, Links(10, 0)).tolist() == [0.0, 1.0]


def spreading(links: int, far: int, people: int = 400) -> LifecycleModel:
    """Return a market of strangers, who join as soon as they hear of us; the first person is our customer."""
    config = market(
        "bass",
        {
            "people": people,
            "us.acquisition": {"friends": CERTAIN},
            "world.links": links,
            "world.far_links": far,
        },
    )
    model = LifecycleModel(config, seed=LUCK[0])
    model.people["provider"][0] = model.signals["provider"][0] = US
    model.people["held"][0, 0] = 1
    model.books.open(model.engine.count(model.people, model.signals))
    return model


def customers(model: LifecycleModel, months: int) -> list[int]:
    """Return how many customers we have month by month."""
    found = []
    for _ in range(months):
        model.step()
        found.append(int((model.people["provider"] == US).sum()))
    return found


def test_on_a_ring_word_goes_one_neighbour_a_month_on_each_side() -> None:
    model = spreading(links=2, far=0)
    assert customers(model, 10) == [1 + 2 * month for month in range(1, 11)]
    (circle,) = circles_of(model.people["id"], 1, LUCK)
    here = (model.people["provider"] == US)[circle]
    first = int(np.flatnonzero(circle == 0)[0])
    assert here[np.arange(first - 10, first + 11) % 400].all() and here.sum() == 21


def test_word_spreads_through_a_cluster_first_and_far_links_carry_it_away() -> None:
    """At first just those whom somebody knows; later far links bring more than those to friends of friends."""
    ring, small_world, anybody = (customers(spreading(12, far, people=20_000), 4) for far in (0, 2, 12))
    assert ring == [13, 25, 37, 49]
    assert small_world[0] == anybody[0] == 13
    assert ring[3] < small_world[3] < anybody[3]
    assert anybody[1] > 13 + 12 * 10  # of the 11 further friends of each of 12, next to none are the same


def test_with_many_links_to_anybody_it_is_the_model_of_bass() -> None:
    channel = {
        "kind": "referral",
        "along": "links",
        "contacts_per_person_per_month": 0.03,
        "word_of_mouth": 0.38,
        "word_of_mouth_satisfaction": 0.0,
    }
    links = {"us.acquisition": {"adoption": channel}, "world.links": 100, "world.far_links": 100}
    assert all(row.ok for row in bass(20_000, changes=links))
    few = {**links, "world.links": 4, "world.far_links": 0}
    assert any(not row.ok for row in bass(20_000, changes=few))  # whom one knows has heard it already


def on_a_circle(p: float, q: float, periods: int) -> list[float]:
    """Return the share who have adopted by each period where everybody knows a neighbour on each side, exactly.

    s[k] is the probability that k people who stand side by side have not adopted. In a period those inside stay so with
    probability 1 - p, and each at the end with 1 - p or 1 - p - q/2, as the next one on that side has not or has.
    """
    s, stays, told, adopted = np.ones(2 * periods + 4), 1.0 - p, 1.0 - p - q / 2.0, []
    for _ in range(periods):
        neither, one, both = s[2:], s[1:-1] - s[2:], s[:-2] - 2.0 * s[1:-1] + s[2:]
        ends = stays**2 * neither + 2.0 * stays * told * one + told**2 * both
        kept = stays ** np.maximum(np.arange(len(neither)) - 2.0, 0.0) * ends
        kept[0], kept[1] = 1.0, stays * neither[1] + 2.0 * told * one[1] + (1.0 - p - q) * both[1]
        s = np.concatenate([kept, np.zeros(2)])  # from the far end on wrong, and never read
        adopted.append(1.0 - float(s[1]))
    return adopted


def test_on_a_circle_adoption_is_what_follows_by_hand_and_slower_than_if_all_met() -> None:
    """No network spreads it faster than one in which everybody knows everybody (Fibich & Levin 2023)."""
    p, q, periods, people = 0.03, 0.38, 11, 40_000
    channel = {**CERTAIN, "contacts_per_person_per_month": p, "word_of_mouth": q}
    config = market(
        "bass", {"people": people, "us.acquisition": {"way": channel}, "world.links": 2, "world.far_links": 0}
    )
    model, mixed = LifecycleModel(config, seed=6), 0.0
    (circle,) = circles_of(model.people["id"], 1, model.luck)
    for exact in on_a_circle(p, q, periods):
        model.step()
        blocks = (model.people["provider"] == US)[circle].reshape(200, -1).mean(axis=1)  # side by side: they are alike
        assert abs(blocks.mean() - exact) <= 4.0 * blocks.std(ddof=1) / np.sqrt(200)
        mixed += (1.0 - mixed) * (p + q * mixed)
        assert exact <= mixed + 1e-12
    assert mixed - exact > 0.05


def lively(**changes: Any) -> dict[str, Any]:
    """Return a lively market in which we and a rival are talked about along links."""
    config = small_market(people=300, rules=LIVELY, **changes)
    friends = {"kind": "referral", "along": "links", "word_of_mouth": 2.0}
    config["us"]["acquisition"] = {"friends": friends, "post": {"contacts_per_person_per_month": 0.3}}
    for one in config["rivals"].values():
        one["acquisition"] = {"talk": {**friends, "word_of_mouth_satisfaction": 0.0, "cost_per_month": 20}}
    return config


def test_both_engines_and_any_number_of_threads_give_the_same_bits() -> None:
    one, two, three = (
        LifecycleModel(lively(), seed=4, engine=engine, threads=threads)
        for engine, threads in (("compiled", 1), ("objects", 1), ("compiled", 2))
    )
    for _ in range(4):
        for model in (one, two, three):
            model.step()
        for other in (two, three):
            assert first_difference(one.people, other.people) == ""
            assert (one.totals.ledger == other.totals.ledger).all()
    assert (one.totals.tally > 0).all()


def test_a_state_is_gone_on_from() -> None:
    whole, half = LifecycleModel(lively(), seed=4), LifecycleModel(lively(), seed=4)
    for _ in range(8):
        whole.step()
    for _ in range(4):
        half.step()
    rest = LifecycleModel(lively(), seed=4, state=half.state())
    for _ in range(4):
        rest.step()
    still = np.isin(whole.people["id"], rest.people["id"])
    assert first_difference(by_id(whole.people[still]), by_id(rest.people)) == ""


def test_some_people_more_move_those_alone_whom_word_of_mouth_reaches() -> None:
    """Two on each side know somebody else; month by month those whom these know may live otherwise, and nobody else."""
    config = lively(world={"switching_cost": 0.0, "links": 4, "far_links": 0})
    config["rules"] = {**LIVELY, "reach": {"read_share": 1.0}}
    whole, others = LifecycleModel(config, seed=11), LifecycleModel(config, seed=11)
    (circle,) = circles_of(whole.people["id"], 1, whole.luck)
    banned, months = circle[100:110], 10
    keep = np.setdiff1d(np.arange(300), banned)
    others.people, others.signals = others.people[keep], others.signals[keep]
    others.books.open(others.engine.count(others.people, others.signals))
    for _ in range(months):
        whole.step()
        others.step()
    same = ~np.isin(whole.people["id"], banned + 1)
    assert first_difference(by_id(whole.people[same]), by_id(others.people)) != ""
    away = np.minimum(np.abs(np.arange(300) - 105), 300 - np.abs(np.arange(300) - 105))
    aside = whole.people["id"][circle[away > 5 + 2 * months + 10]]  # 10: some on the way leave for good
    one, two = (by_id(rows[np.isin(rows["id"], aside)]) for rows in (whole.people, others.people))
    assert len(one) > 200 and first_difference(one, two) == ""


def test_links_that_nobody_tells_along_change_nothing() -> None:
    silent = {"contacts_per_person_per_month": 0.4, "cost_per_contact": 1.0}
    plain = small_market(people=300, rules=LIVELY)
    linked = small_market(people=300, rules=LIVELY, world={"links": 4, "far_links": 4})
    plain["us"]["acquisition"], linked["us"]["acquisition"] = {"way": silent}, {"way": {**silent, "along": "links"}}
    one, two = LifecycleModel(plain, seed=4), LifecycleModel(linked, seed=4)
    for _ in range(3):
        one.step()
        two.step()
    assert first_difference(one.people, two.people) == ""
    assert one.dispatch.heard.shape == (len(one.people), 0) and not two.dispatch.heard.any()


def test_what_a_channel_along_links_costs_is_what_the_books_say() -> None:
    model = LifecycleModel(lively(stands_for=300), seed=4)
    model.start_recording()
    for _ in range(3):
        model.step()
    rows = model.recording().query("measure == 'reach' and b == 'spend_eur' and a == 'talk'")
    booked = model.recording().query("measure == 'ledger' and a == 'acquisition'")
    for name in model.names[2:]:
        told = rows[rows["institution"] == name]["value"].sum()
        assert told >= 60.0 and told == pytest.approx(-booked[booked["institution"] == name]["value"].sum())


@pytest.mark.parametrize(
    ("world", "message"),
    [
        ({"links": 7}, "links go to both sides, so that there cannot be 7 of each person: write 6 or 8"),
        ({"far_links": 3}, "write 2 or 4"),
        ({"links": 4, "far_links": 6}, "6 of 4 links cannot be far ones: write 4 or less"),
        ({"links": 0}, "links"),
    ],
)
def test_links_that_cannot_be_are_told(world: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        market_from(small_market(world=world))


def test_word_that_goes_nowhere_is_told() -> None:
    config = small_market()
    config["us"]["acquisition"] = {"friends": {"kind": "referral", "along": "the wires"}}
    with pytest.raises(ValidationError, match="along"):
        market_from(config)
