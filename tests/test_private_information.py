"""What is coming is felt before anybody sees it: the law of its spread, and who looks, joins, takes and draws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.agents.rules.choice import Choice, looks_around, utility
from tenure.agents.rules.credit import Credit, target_utilisation
from tenure.agents.rules.needs import Needs, habit_of_looking, minds_price, risk_coming_next, risk_event_next
from tenure.agents.rules.rulebook import Rulebook
from tenure.experiments.evidence.bands import shipped
from tenure.simulation.market.rows import life_events
from tenure.simulation.model import LifecycleModel

COMING, SHARES, MONTHS = st.floats(-10.0, 10.0), st.floats(0.0, 1.0), st.floats(1.0, 60.0)


@settings(max_examples=30, deadline=None)
@given(SHARES, MONTHS, st.floats(0.0, 0.99), st.floats(0.01, 3.0))
def test_a_month_leaves_the_spread_of_risk_and_of_what_is_coming_as_it_was(
    share: float, months: float, kept: float, spread: float
) -> None:
    """One step of the covariance matrix, by hand: the stationary state is its fixed point, of the spread asked for."""
    group = Needs(event_coming=share, coming_months=months, event_persistence=kept, event_sd=spread)
    events = life_events(Rulebook(needs=group))
    move = np.array([[kept, 1.0 / months], [0.0, 1.0 - 1.0 / months]])
    shock = events.shock_sd * np.array([1.0 - share, share])
    both = events.correlation * spread * events.coming_sd
    state = np.array([[spread**2, both], [both, events.coming_sd**2]])
    assert move @ state @ move.T + np.outer(shock, shock) == pytest.approx(state, rel=1e-9, abs=1e-12)
    assert -1.0 <= events.correlation <= 1.0 + 1e-12


@given(COMING, COMING, SHARES, MONTHS)
def test_the_rules_of_a_month_are_the_matrix_that_the_law_takes(
    event: float, coming: float, share: float, months: float
) -> None:
    group = Needs(event_coming=share, coming_months=months)
    assert risk_coming_next(coming, 0.7, 0.3, group) == pytest.approx(coming * (1.0 - 1.0 / months) + share * 0.21)
    expected = 0.97 * event + coming / months + (1.0 - share) * 0.21
    assert risk_event_next(event, coming, 0.7, 0.3, group) == pytest.approx(expected, abs=1e-12)


@given(COMING, COMING, st.floats(0.0, 2.0))
def test_without_a_share_foreseen_risk_is_the_plain_process_to_the_bit(event: float, z: float, sd: float) -> None:
    none = Needs(event_coming=0.0, event_sd=sd)
    events = life_events(Rulebook(needs=none))
    assert (events.coming_sd, events.correlation) == (0.0, 0.0)
    assert events.shock_sd == sd * math.sqrt(1.0 - none.event_persistence * none.event_persistence)
    assert risk_coming_next(0.0, z, events.shock_sd, none) == 0.0
    assert risk_event_next(event, 0.0, z, events.shock_sd, none) == none.event_persistence * event + events.shock_sd * z


@given(COMING, st.floats(0.0, 5.0), st.floats(-4.0, 4.0), st.floats(0.0, 1.0))
def test_who_has_trouble_coming_looks_more_minds_price_less_and_draws_more(
    coming: float, more: float, trait: float, need: float
) -> None:
    def looks(x: float, group: Needs) -> float:
        return looks_around(habit_of_looking(trait, x, group), 0.0, False, False, False, False, 0.0, Choice())

    group, off = Needs(), Needs(search_coming=0.0, price_coming=0.0, draw_coming=0.0)
    assert looks(coming + more, group) >= looks(coming, group) and looks(coming, off) == looks(0.0, off)
    assert 0.0 <= minds_price(0.07, coming + more, group) <= minds_price(0.07, coming, group) <= 0.07
    assert minds_price(0.07, coming, off) == 0.07
    drawn = [target_utilisation(need, 0.0, group.draw_coming * x, 19.0, Credit()) for x in (coming, coming + more)]
    assert drawn[1] >= drawn[0]


def test_the_people_of_a_market_begin_and_stay_with_the_spread_asked_for() -> None:
    model = LifecycleModel(shipped("steady", 20_000), seed=3)
    events, sd = life_events(model.rules), model.rules.needs.event_sd
    for _ in range(2):
        event, coming = model.people["risk_event"], model.people["risk_coming"]
        n = len(event)
        assert event.std() == pytest.approx(sd, rel=5.0 / math.sqrt(n))
        assert coming.std() == pytest.approx(events.coming_sd, rel=5.0 / math.sqrt(n))
        assert np.corrcoef(event, coming)[0, 1] == pytest.approx(events.correlation, abs=5.0 / math.sqrt(n))
        for _ in range(12):
            model.step()


def joiners() -> tuple[list[float], list[float]]:
    """Return what is coming, at equal score, to those who came for credit: on their own, and by a contact."""
    model = LifecycleModel(shipped("steady", 20_000), seed=4)
    found = []
    for _ in range(18):
        people = model.people
        score = people["risk_trait"] + people["risk_event"]
        slope, start = np.polyfit(score, people["risk_coming"], 1)
        hidden = dict(zip(people["id"].tolist(), (people["risk_coming"] - start - slope * score).tolist(), strict=True))
        model.step()
        signals = model.signals
        borrows = signals["credit_cents"] + signals["line_cents"] > 0
        joined = signals[(signals["joined"] == 1) & borrows]
        found += [(hidden.get(int(one["person_id"]), 0.0), int(one["source"])) for one in joined]
    return [x for x, source in found if source == 1], [x for x, source in found if source > 1]


def test_who_comes_is_worse_than_the_score_says_by_mail_and_by_looking_around() -> None:
    """Ausubel (1999): responders are worse at equal score. Of the hidden part nobody's mean is above 0 but theirs."""
    looked, contacted = joiners()
    for hidden in (looked, contacted):
        assert len(hidden) > 200
        assert np.mean(hidden) > 3.0 * np.std(hidden) / math.sqrt(len(hidden))


@given(st.floats(0.5, 3.0), st.floats(0.5, 10.0))
def test_the_dearer_the_offer_the_worse_those_who_still_want_it(spread: float, dearer: float) -> None:
    """A dearer price takes more from the utility of those to whom nothing is coming (Agarwal et al. 2010)."""
    group, choice = Needs(), Choice()

    def worth(coming: float, price: float) -> float:
        return utility(0.0, 0.5, price, 0.0, minds_price(0.07, coming, group), choice)

    lost_by_those_in_trouble = worth(spread, 10.0) - worth(spread, 10.0 + dearer)
    assert lost_by_those_in_trouble < worth(0.0, 10.0) - worth(0.0, 10.0 + dearer)
