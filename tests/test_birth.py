"""Birth: what people are born with, against SciPy's formulas on the same luck, and laws of the first market."""

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special

from tenure import agents
from tenure.agents.chance import LEAVE_AT_BIRTH, NEEDS_AT_BIRTH, ORIGIN, TRAITS, address, draw4_each
from tenure.agents.declaring import parameters_of
from tenure.agents.month.birth import born, born_each
from tenure.agents.month.first import add_up_tenures, first_person
from tenure.agents.offer import KINDS, Product, products_of_kinds
from tenure.agents.person import PERSON, Person
from tenure.agents.rules.lifecycle import Lifecycle
from tenure.agents.rules.population import (
    Birth,
    Traits,
    attachment_at_birth,
    leave_at_birth,
    provider_at_opening,
    years_at_opening,
)
from tenure.simulation.engines.objects import as_object, as_row, as_world
from tenure.simulation.market.population import (
    BEFORE_ALL,
    BIRTH,
    TENURES,
    depths_at_opening,
    first_people,
    first_signals,
    newcomers,
)
from tenure.simulation.market.rows import life_events
from tenure.simulation.model import LifecycleModel
from tests.markets import first_difference, markets, small_market

ROOT = Path(agents.__file__).resolve().parent.parent
KEYS = st.integers(0, 2**32 - 1)


@st.composite
def births(draw: st.DrawFn) -> Birth:
    """What people may be born under: traits anywhere in their ranges, where these are not endless."""
    values: dict[str, Any] = {}
    for name, (kind, _, declared) in parameters_of(Traits).items():
        low, high = declared.low, min(declared.high, 1e6)
        values[name] = draw(st.integers(int(low), int(high)) if kind is int else st.floats(low, high))
    alpha, beta = draw(st.floats(0.05, 100.0)), draw(st.floats(0.01, 100.0))
    events = draw(st.tuples(st.floats(0.0, 5.0), st.floats(0.0, 5.0), st.floats(0.0, 1.0)))
    return Birth(draw(KEYS), draw(KEYS), alpha, beta, *events, Traits(**values))


kinds = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=8)


def cohort(birth: Birth, products: list[str], count: int, first_id: int = 1) -> NDArray[Any]:
    """Return people born under this, with ids one after the other."""
    people, rows = np.zeros(count, PERSON), np.zeros(1, BIRTH)
    rows[0] = birth
    born_each(people, first_id, products_of_kinds(products), rows)  # type: ignore[arg-type]  # rows, as rules read them
    return people


def by_scipy(birth: Birth, products: list[str], ids: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return what people are born with, written once more for all of them at once, with SciPy's functions."""
    traits, key = birth.traits, (birth.seed, birth.replication, ids, 0)
    (a, b), c = (
        (draw4_each(*key, address(TRAITS, ordinal=i)) for i in (0, 1)),
        draw4_each(*key, address(LEAVE_AT_BIRTH)),
    )

    def tied(z: NDArray[Any], e: NDArray[Any], rho: float) -> NDArray[Any]:
        return np.asarray(rho * z + np.sqrt(1.0 - rho**2) * e)

    z_income = special.ndtri(a[0])
    attachment = np.clip(special.ndtri(1.0 - c[0]), -3.0, 3.0)
    z_risk = tied(z_income, tied(attachment, special.ndtri(a[1]), traits.attachment_risk), traits.risk_income)
    made = {
        "income": traits.income_median * np.exp(traits.income_sd * z_income),
        "risk_trait": traits.risk_mean + traits.risk_sd * z_risk,
        "risk_coming": birth.coming_sd * special.ndtri(c[2]),
        "risk_event": birth.event_sd * tied(special.ndtri(c[2]), special.ndtri(c[3]), birth.coming_event),
        "vulnerable": c[1] < traits.vulnerable,
        "price_sensitivity": traits.price_sensitivity * np.exp(traits.price_sensitivity_sd * special.ndtri(a[2])),
        "attachment": attachment,
        "inertia": traits.inertia_sd * tied(attachment, special.ndtri(a[3]), traits.attachment_inertia),
        "search_trait": special.ndtri(b[0]),
        "attention": np.full(len(ids), traits.attention),
        "age_years": traits.age_from + (traits.age_to - traits.age_from) * b[1],
        "group": np.floor(b[2] * traits.groups),
        "leave_per_year": np.clip(special.betaincinv(birth.leave_alpha, birth.leave_beta, c[0]), 1e-12, 1.0 - 1e-12),
    }
    ties = {"revolving": traits.card_need_risk, "instalment": traits.loan_need_risk, "deposit": 0.0}
    need = np.zeros((len(ids), 8))
    for k, kind in enumerate(products):
        u = draw4_each(*key, address(NEEDS_AT_BIRTH, ordinal=k // 4 * 4))[k % 4]
        need[:, k] = special.ndtr(tied(z_risk, special.ndtri(u), ties[kind])) if kind in ties else u
    return {**made, "need": need}


@settings(max_examples=60, deadline=None)
@given(births(), kinds, st.sampled_from([1, 2**32 * 1_000_007]))
@example(Birth(1, 0, 0.8, 2.7, 0.6, 0.4, 0.5, Traits()), sorted(KINDS) * 2, 1)
def test_people_are_born_as_scipy_s_formulas_say(birth: Birth, products: list[str], first_id: int) -> None:
    people = cohort(birth, products, 200, first_id)
    for name, expected in by_scipy(birth, products, people["id"]).items():
        least = 1e-9 * (1.0 + abs(birth.traits.risk_mean)) if name == "risk_trait" else 1e-12
        assert people[name] == pytest.approx(np.asarray(expected, np.float64), rel=1e-9, abs=least), name
    assert (people["episode_product"] == -1).all() and not people["provider"].any()
    assert ((people["need"] > 0.0) & (people["need"] <= 1.0))[:, : len(products)].all()


@settings(max_examples=40, deadline=None)
@given(births(), kinds, st.integers(0, 2**52), st.floats(0.0, 25.0))
def test_one_person_by_plain_python_has_the_bits_of_the_compiled_one(
    birth: Birth, products: list[str], id_: int, years: float
) -> None:
    """A newcomer; and, through the other parameter of leaving, somebody's customer for some years.

    What attachment says of such a customer is asked below.
    """
    untied = birth.traits._replace(attachment_risk=0.0, attachment_inertia=0.0)
    birth = birth if years == 0.0 else birth._replace(traits=untied)
    rows = products_of_kinds(products)
    person = as_object(np.zeros(1, PERSON)[0], Person)
    person.id = id_
    born(person, years, [as_object(row, Product) for row in rows], birth)
    row = np.zeros(1, PERSON)
    row[0] = as_row(person, PERSON)
    made = cohort(birth._replace(leave_beta=birth.leave_beta + years), products, 1, id_)
    if years > 0.0:
        row["attachment"] = made["attachment"]
    assert first_difference(row, made) == ""


@settings(max_examples=200, deadline=None)
@given(st.floats(1e-6, 1.0 - 1e-6), st.floats(0.01, 25.0), st.floats(0.3, 20.0), st.floats(0.1, 20.0))
def test_attachment_says_who_among_people_leaves_less(u: float, years: float, alpha: float, beta: float) -> None:
    """Above so many standard deviations are as many people as have the lower probability of leaving."""
    birth = Birth(1, 0, alpha, beta, 0.0, 0.0, 0.0, Traits())
    leaves = leave_at_birth(u, years, birth)
    assume(1e-11 < leaves < 1.0 - 1e-11)
    found = attachment_at_birth(u, years, leaves, birth)
    less = special.betainc(alpha, beta, leaves)
    assert special.ndtr(-found) == pytest.approx(np.clip(less, special.ndtr(-3.0), special.ndtr(3.0)), abs=1e-9)
    assert found >= attachment_at_birth(u, 0.0, leave_at_birth(u, 0.0, birth), birth) - 1e-9, "years select for it"


@settings(max_examples=10, deadline=None)
@given(markets(), st.integers(0, 99))
def test_one_first_person_by_plain_python_has_the_bits_of_everybody_s(config: dict[str, Any], seed: int) -> None:
    model = LifecycleModel(config, seed=seed)
    now, group = model.world.copy(), model.rules.lifecycle
    now["now"]["month"] = BEFORE_ALL
    world = as_world(now)
    events = life_events(model.rules)
    spread = (model.rules.needs.event_sd, events.coming_sd, events.correlation)
    birth = Birth(seed, 0, group.leave_alpha, group.leave_beta, *spread, model.settings.population())
    shares = np.cumsum([one.share for one in model.settings.institutions().values()])
    shares[-1] = 1.0 if shares[-1] > 1.0 - 1e-9 else shares[-1]
    tenures, depths = tenures_of(birth), depths_at_opening(model.world)
    for row in range(0, len(model.people), 5):
        person = as_object(np.zeros(1, PERSON)[0], Person)
        person.id = row + 1
        first_person(person, shares.tolist(), tenures.tolist(), depths, world.products, birth, world)
        made = np.zeros(1, PERSON)
        made[0] = as_row(person, PERSON)
        assert first_difference(made, model.people[row : row + 1]) == ""


def by(size: int) -> Callable[[int, Callable[[slice], None]], None]:
    """Return what works on so many rows at a time, the last ones first."""

    def in_chunks(rows: int, work: Callable[[slice], None]) -> None:
        for at in reversed(range(0, rows, size)):
            work(slice(at, min(at + size, rows)))

    return in_chunks


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_how_many_are_born_at_a_time_changes_nothing(size: int) -> None:
    model = LifecycleModel(small_market(people=60), seed=4)
    market = model.settings, model.rules, model.world, 4, 0
    people = first_people(*market, in_chunks=by(size))
    signals = first_signals(people, model.world, 4, 0, in_chunks=by(size))
    assert first_difference(people, model.people) == "" and first_difference(signals, model.signals) == ""


def test_a_larger_market_begins_with_the_same_people_and_more() -> None:
    few, many = (LifecycleModel(small_market(people=n), seed=4) for n in (60, 100))
    assert first_difference(few.people, many.people[:60]) == ""
    assert first_difference(few.signals, many.signals[:60]) == ""


def test_newcomers_are_the_same_people_whatever_was_posted() -> None:
    """Another rival's terms, and another provider for everybody, are nothing that one is born with."""
    usual, dear = (
        LifecycleModel(small_market(people=2000, world={"newcomers_per_year": 0.2}, us={"quality": q}), seed=4)
        for q in (0.0, 1.0)
    )
    cohorts = [newcomers(m.now, m.rules, m.products, 7, 4, 0) for m in (usual, dear)]
    assert len(cohorts[0]) == 33 or len(cohorts[0]) == 34
    assert first_difference(*cohorts) == ""
    assert len(set(cohorts[0]["id"].tolist())) == len(cohorts[0])


# The first book ------------------------------------------------------------------------------------------------


def tenures_of(birth: Birth) -> NDArray[np.float64]:
    rows, up_to = np.zeros(1, BIRTH), np.empty(TENURES)
    rows[0] = birth
    add_up_tenures(up_to, rows)  # type: ignore[arg-type]  # a row, as rules read it
    return up_to


@given(st.floats(0.0, 1.0, exclude_max=True))
def test_tenures_by_hand(u: float) -> None:
    """With alpha = beta = 1 a share of 1 / (1 + t) is left after t years, so tenures are 26^u - 1 but for the grid."""
    up_to = tenures_of(Birth(0, 0, 1.0, 1.0, 0.0, 0.0, 0.0, Traits()))
    years = years_at_opening(u, cast(Any, up_to))
    assert years == pytest.approx(26.0**u - 1.0, abs=2e-3)


@settings(deadline=None)
@given(st.floats(0.05, 100.0), st.floats(0.01, 100.0), st.floats(0.0, 1.0, exclude_max=True))
def test_tenures_are_those_of_a_steady_book(alpha: float, beta: float, u: float) -> None:
    grid = np.linspace(0.0, 25.0, TENURES)
    left = np.exp(special.betaln(alpha, beta + grid) - special.betaln(alpha, beta))
    up_to = np.concatenate([[0.0], np.cumsum((left[1:] + left[:-1]) / 2.0)])
    expected = np.interp(u, up_to / up_to[-1], grid)
    ours = years_at_opening(u, cast(Any, tenures_of(Birth(0, 0, alpha, beta, 0.0, 0.0, 0.0, Traits()))))
    # where hardly anybody is left, a rounding of u is a step of the grid
    assert ours == pytest.approx(expected, rel=1e-9, abs=1e-9) or left[int(expected / 0.05)] < 1e-4


@pytest.mark.parametrize(("u", "provider"), [(0.1, 1), (0.39, 1), (0.4, 2), (0.74, 2), (0.75, 0), (0.99, 0)])
def test_providers_by_hand(u: float, provider: int) -> None:
    assert provider_at_opening(u, [0.4, 0.75]) == provider


def test_who_is_loyal_to_whom_by_the_luck_of_the_origin() -> None:
    model = LifecycleModel(small_market(people=500), seed=8)
    u = draw4_each(8, 0, model.people["id"], 0, address(ORIGIN))
    provider = np.select([u[0] < 0.4, u[0] < 0.75], [1, 2], 0)
    assert np.array_equal(model.people["provider"], provider)
    assert np.array_equal(model.people["loyal_to"], np.where(u[2] < 0.15, provider, 0))


def test_birth_needs_no_scipy() -> None:
    """Its import takes longer than a small market."""
    made = (
        "import sys, numpy as np\n"
        "from tenure.agents.mathematics.quantiles import beta_quantile\n"
        "import tenure.simulation.market.population, tenure.agents.month.first\n"
        "assert 0.5 < beta_quantile(0.9, 1.0, 1.0)\n"
        "print([one for one in sys.modules if one.startswith('scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", made], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_those_long_with_a_provider_are_those_who_seldom_leave() -> None:
    """Beta(alpha, beta + years): its mean falls as alpha / (alpha + beta + years)."""
    alpha, beta = Lifecycle().leave_alpha, Lifecycle().leave_beta
    people = LifecycleModel(small_market(people=20_000), seed=2).people
    people, years = people[people["provider"] > 0], people["tenure_months"][people["provider"] > 0] / 12.0 + 1.0 / 24.0
    expected, found = alpha / (alpha + beta + years), people["leave_per_year"]
    for low, high in ((0.0, 2.0), (2.0, 8.0), (8.0, 25.0)):
        here = (years >= low) & (years < high)
        off = (found - expected)[here]
        assert abs(off.mean()) < 4.0 * off.std() / math.sqrt(here.sum()), (low, high)
