"""Channels: as many as a market names, in any order; the luck of each goes by its name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.agents import chance
from tenure.agents.offer import MAX_CHANNELS
from tenure.simulation.market.rows import channel_names
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from
from tests.markets import first_difference, small_market

Channels = Mapping[str, Mapping[str, float]]
UNREAD = {"reach": {"read_share": 0.0, "rest_months": 3}}
"""Rules by which contacts arrive and nobody reads them, so that people live alike whoever wrote to them."""
WAYS = ("mail", "online", "radio", "flyers", "partners", "search", "feed")


def with_channels(ours: Channels, rival: Channels = {}, engine: str = "compiled", **changes: Any) -> LifecycleModel:  # noqa: B006  # read alone
    config = small_market(people=400, rules=UNREAD, **changes)
    config["us"]["acquisition"] = dict(ours)
    for one in config["rivals"].values():
        one["acquisition"] = dict(rival)
    return LifecycleModel(config, seed=8, engine=engine)


def contacts(model: LifecycleModel, months: int = 4) -> dict[tuple[str, str], list[int]]:
    """Return the contacts of each channel, month by month."""
    seen = []
    for _ in range(months):
        model.step()
        seen.append(model.totals.tally.tolist())
    return {name: [month[row] for month in seen] for row, name in enumerate(channel_names(model.settings))}


channel = st.fixed_dictionaries(
    {
        "contacts_per_person_per_month": st.sampled_from([0.0, 0.3, 1.2]),
        "cost_per_contact": st.just(1.25),
        "precision": st.sampled_from([0.0, 1.0]),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.sampled_from(WAYS), channel, min_size=1), st.randoms(), st.data())
def test_a_channels_contacts_are_its_own_whatever_others_there_are_and_in_whatever_order(
    channels: dict[str, dict[str, float]], shuffled: Any, data: st.DataObject
) -> None:
    kept = data.draw(st.sets(st.sampled_from(sorted(channels)), min_size=1))
    names = sorted(kept)
    shuffled.shuffle(names)
    all_of_them = contacts(with_channels(channels, {"mail": {"contacts_per_person_per_month": 0.5}}))
    some = contacts(with_channels({name: channels[name] for name in names}))
    assert list(some) == [("us", name) for name in names]
    assert all(some[name] == all_of_them[name] for name in some)


def test_channels_of_one_name_have_luck_of_their_own_at_each_institution() -> None:
    mail = {"mail": {"contacts_per_person_per_month": 0.5}}
    found = contacts(with_channels(mail, mail))
    assert len(found) > 1 and len({tuple(counts) for counts in found.values()}) == len(found)


def test_many_channels_of_an_institution_each_reach_as_many_as_they_are_to() -> None:
    """Twenty broadcasts of .1 contacts a month each: a Poisson number each, independent of the others."""
    few = {f"way {number}": {"contacts_per_person_per_month": 0.1} for number in range(20)}
    model = with_channels(few)
    strangers = int((model.people["provider"] != 1).sum())
    model.step()
    expected = 0.1 * strangers
    assert (np.abs(model.totals.tally - expected) <= 4.5 * np.sqrt(expected)).all()
    assert len(set(model.totals.tally.tolist())) > 1
    assert abs(model.totals.tally.sum() - 20 * expected) <= 4.0 * np.sqrt(20 * expected)


def test_either_of_two_channels_that_reach_the_same_person_is_the_one_that_tells_as_often() -> None:
    """Two broadcasts that reach everybody: who joins is put down to each of them alike, in whatever order they are."""
    twice = {name: {"contacts_per_person_per_month": 20.0} for name in ("mail", "radio")}
    joined = []
    for channels in (twice, dict(reversed(twice.items()))):
        config = small_market(people=8000, rules={"reach": {"read_share": 1.0}})
        config["us"] |= {"acquisition": channels, "quality": 8.0}
        model = LifecycleModel(config, seed=8)
        model.step()
        by_channel = model.totals.counts["joiners_by_channel"].tolist()
        joined.append(dict(zip(channels, by_channel, strict=False)))
    assert joined[0] == joined[1]
    many = sum(joined[0].values())
    assert many > 1000 and abs(joined[0]["mail"] - many / 2) <= 4.0 * np.sqrt(many / 4)


def test_a_channel_that_reaches_nobody_changes_nobodys_life() -> None:
    mail = {"mail": {"contacts_per_person_per_month": 0.5, "cost_per_contact": 1.0}}
    one, two = (
        with_channels(channels) for channels in (mail, {"never": {"contacts_per_person_per_month": 0.0}, **mail})
    )
    for _ in range(4):
        one.step()
        two.step()
    assert first_difference(one.people, two.people) == ""
    assert np.array_equal(one.totals.ledger, two.totals.ledger)


def test_both_engines_know_channels_alike() -> None:
    ways = {name: {"contacts_per_person_per_month": 0.4, "precision": n % 2} for n, name in enumerate(WAYS)}
    one, two = (with_channels(ways, ways, engine) for engine in ("compiled", "objects"))
    assert contacts(one, 2) == contacts(two, 2)
    assert first_difference(one.people, two.people) == ""


def test_what_channels_had_found_goes_with_their_names() -> None:
    ways = {name: {"budget_per_month": 100.0 + 50.0 * n, "cost_per_contact": 1.0} for n, name in enumerate(WAYS)}
    one = with_channels(ways)
    for _ in range(5):
        one.step()
    turned = with_channels(dict(reversed(ways.items())))
    turned.restore(one.state())
    assert dict(zip(turned.us.channels.names, turned.us.channels.rate, strict=True)) == dict(
        zip(one.us.channels.names, one.us.channels.rate, strict=True)
    )
    assert contacts(turned, 3) == dict(reversed(contacts(one, 3).items()))


def test_words_of_channels_are_within_the_place_of_institution_and_ordinal() -> None:
    words = {chance.channel_word(name, way) for name in ("us", "bank") for way in WAYS}
    assert len(words) == 2 * len(WAYS) and all(0 <= word < 1 << chance.KIND_SHIFT for word in words)
    assert chance.channel_word("us", "mail") == chance.channel_word("us", "mail")


def test_more_channels_than_can_be_told_apart_are_an_error() -> None:
    many = {f"way {number}": {"contacts_per_person_per_month": 0.1} for number in range(MAX_CHANNELS + 1)}
    config = small_market()
    config["us"]["acquisition"] = many
    with pytest.raises(ValidationError, match=f"at most {MAX_CHANNELS} channels in a market"):
        market_from(config)
