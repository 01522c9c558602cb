"""The model is a Mesa model: its people are agents on the object engine, and Mesa's tools work on it."""

import random
import warnings
from typing import Any

import mesa
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.simulation.customers import Customers
from tenure.simulation.engines.engine import RuleFault
from tenure.simulation.market.people import FIELDS, PersonAgent
from tenure.simulation.model import LifecycleModel
from tests.batch_models import Collecting, WithSeed
from tests.markets import LIVELY, differences, lived, markets, small_market

LIVELY_MARKET = small_market(people=80, rules=LIVELY, us={"policy": "uniform"}, world={"newcomers_per_year": 0.5})


def ids(people: Any) -> list[int]:
    """Return who they are, in their order."""
    return [person.id for person in people]


# people as agents


def of_rows(model: LifecycleModel) -> list[int]:
    """Return the ids of a model's people as its agents have them, after checking that Mesa's views agree."""
    people = model.agents_by_type[PersonAgent]
    assert set(people) == {agent for agent in model.agents if isinstance(agent, PersonAgent)}
    assert len(model.agents) == len(people) + len(model.institutions)
    return ids(people)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(0, 2**32 - 1))
def test_agents_are_there_before_the_first_month_and_in_step_with_rows(config: Any, seed: int) -> None:
    model = LifecycleModel(config, seed=seed, engine="objects")
    assert of_rows(model) == model.people["id"].tolist() and len(model.people) == config["people"]
    for _ in range(3):
        model.step()
        assert of_rows(model) == model.people["id"].tolist()
        person = model.customers[-1]
        for name in FIELDS:
            value = model.people[name][-1].tolist()
            mine = getattr(person, name)
            assert mine == (tuple(value[: len(model.products)]) if isinstance(value, list) else value)
    model.restore(model.state())
    assert of_rows(model) == model.people["id"].tolist()


class AnyOrder(LifecycleModel):
    """Lets people live in an order of the test's own."""

    def in_order(self, how: str) -> "AnyOrder":
        """From now on people step so."""
        everybody = {
            "shuffle_do": lambda: self.agents.shuffle_do("step"),
            "backwards": lambda: self.customers.sort("id").do("step"),
            "by satisfaction": lambda: self.customers.sort("satisfaction").do(lambda person: person.step()),
            "shuffled set": lambda: self.agents_by_type[PersonAgent].shuffle(inplace=True).do("step"),
        }
        self.engine.everybody = everybody[how]
        return self


ORDERS = ["shuffle_do", "backwards", "by satisfaction", "shuffled set"]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(markets(), st.integers(0, 2**32 - 1), st.sampled_from(ORDERS))
def test_whatever_the_order_in_which_agents_step_the_bits_are_the_same(config: Any, seed: int, how: str) -> None:
    rows = lived(config, 0, seed=seed)
    agents = AnyOrder(config, seed=seed, engine="objects").in_order(how)
    agents.start_recording()
    for _ in range(4):
        rows.step()
        agents.step()
        assert differences(rows, agents) == []
    assert rows.recording().equals(agents.recording())


def test_contacts_find_their_person_in_any_order() -> None:
    """A market in which many are treated: with contacts found by a running number, most would miss theirs."""
    for how in ORDERS:
        rows = lived(LIVELY_MARKET, 5, seed=4)
        agents = AnyOrder(LIVELY_MARKET, seed=4, engine="objects").in_order(how)
        for _ in range(5):
            agents.step()
        assert differences(rows, agents) == [] and (rows.signals["treatment"] > 0).sum() > 10


def test_of_several_faults_the_first_person_is_told_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.agents.month.live.lifecycle.leaves_stage", lambda *a: 2.0)
    told = set()
    for how in ORDERS:
        model = AnyOrder(LIVELY_MARKET, seed=4, engine="objects").in_order(how)
        with pytest.raises(RuleFault, match=r"rule 'leaves_stage' returned 2\.0 for person") as fault:
            model.step()
        told.add(str(fault.value))
    assert len(told) == 1


def test_a_step_outside_a_month_or_twice_in_it_is_refused() -> None:
    model = LifecycleModel(LIVELY_MARKET, seed=1, engine="objects")
    for _ in range(2):
        before = model.people.copy()
        for by_hand in (
            lambda: model.customers[0].step(),
            lambda: model.agents.shuffle_do("step"),
            lambda: model.agents_by_type[PersonAgent].do("step"),
        ):
            with pytest.raises(RuntimeError, match=r"people live when the model does: call model.step\(\)"):
                by_hand()
        assert model.people.tobytes() == before.tobytes()
        model.step()
    everybody = model.engine.everybody
    model.engine.everybody = lambda: (everybody(), everybody())
    with pytest.raises(RuntimeError, match=r"person \d+ has lived month 2 already"):
        model.step()
    with pytest.raises(RuntimeError, match=r"call model.step\(\)"):
        LifecycleModel(LIVELY_MARKET, seed=1).customers.do("step")


def test_a_month_that_somebody_did_not_live_is_refused() -> None:
    model = LifecycleModel(LIVELY_MARKET, seed=1, engine="objects")
    people = model.agents_by_type[PersonAgent]
    model.engine.everybody = lambda: people.select(at_most=77).do("step")
    with pytest.raises(RuntimeError, match=r"\d+ of \d+ people did not live month 0: step every agent"):
        model.step()


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_nobody_is_taken_out_of_a_market(engine: str) -> None:
    model, twin = (lived(LIVELY_MARKET, 2, seed=3, engine=engine) for _ in range(2))
    for person in (model.customers[0], model.customers[-1]):
        with pytest.raises(RuntimeError, match=r"people leave the market by the rules alone.*select"):
            person.remove()
    with pytest.raises(RuntimeError, match="us cannot be taken out of a running market"):
        model.us.remove()
    with pytest.raises(RuntimeError, match=r"cannot be taken out|by the rules alone"):
        model.remove_all_agents()
    model.step()
    twin.step()
    assert differences(model, twin) == [] and len(model.agents) == len(twin.agents)


# Mesa's tools


def run_batch(model: type, parameters: dict[str, Any], **how: Any) -> list[dict[str, Any]]:
    """Run Mesa's batch runner, quietly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # later versions prefer rng= to iterations=
        return list(
            mesa.batch_run(
                model,
                {"config": [small_market(rules=LIVELY)], **parameters},
                display_progress=False,
                max_steps=3,
                **how,
            )
        )


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", [Collecting, WithSeed])
def test_batch_runs_differ_and_can_be_made_again(model: type, processes: int) -> None:
    """Each iteration has its own seed, which the model keeps: with the seeds of a batch the same batch comes out."""
    first = run_batch(model, {}, iterations=3, number_processes=processes)
    seeds = [row["seed"] for row in sorted(first, key=lambda row: row["iteration"])]
    assert len({*seeds}) == len({row["satisfaction"] for row in first}) == 3
    made = {row["seed"]: (row["ours"], row["satisfaction"]) for row in first}
    if "rng" in mesa.batch_run.__annotations__:
        again = run_batch(model, {}, rng=seeds, number_processes=processes)
    else:
        again = run_batch(model, {"seed": seeds}, number_processes=processes)
        by_rng = run_batch(model, {"rng": seeds})
        assert {row["seed"]: (row["ours"], row["satisfaction"]) for row in by_rng} == made
    assert {row["seed"]: (row["ours"], row["satisfaction"]) for row in again} == made


def test_replications_of_one_seed_differ_and_are_the_same_again() -> None:
    both = [run_batch(Collecting, {"seed": 5, "replication": [0, 1, 2]}) for _ in range(2)]
    if "rng" in mesa.batch_run.__annotations__:
        pytest.skip("this version of Mesa gives the seeds itself, by rng=")
    found = [[(row["replication"], row["satisfaction"]) for row in rows] for rows in both]
    assert found[0] == found[1] and len({one for _, one in found[0]}) == 3


def test_a_market_that_stands_in_no_list_is_told() -> None:
    with pytest.raises(TypeError, match=r"among the parameters of batch_run it stands in a list"):
        mesa.batch_run(Collecting, {"config": small_market()}, display_progress=False)


def test_collectors_see_models_and_people() -> None:
    models = [Collecting(LIVELY_MARKET, seed=5, engine=engine) for engine in ("compiled", "objects")]
    for model in models:
        model.run_model()
    frames = [model.datacollector.get_model_vars_dataframe() for model in models]
    assert frames[0].equals(frames[1]) and len(frames[0]) == 4
    people = models[1].datacollector.get_agenttype_vars_dataframe(PersonAgent)
    for step in range(4):
        assert people.loc[step]["mood"].sum() == pytest.approx(frames[1]["satisfaction"][step])
    assert (
        len(people.loc[0]) == 80 and people.loc[3]["mood"].tolist() == models[0].customers.get("satisfaction").tolist()
    )


def test_users_own_agents_live_beside_the_people() -> None:
    class Visitor(mesa.Agent):  # type: ignore[misc]  # mesa has no type stubs
        """An agent of a user's own, who draws by Mesa's generators."""

    for engine in ("compiled", "objects"):
        model, plain_model = (LifecycleModel(LIVELY_MARKET, seed=6, engine=engine) for _ in range(2))
        visitors = [Visitor(model) for _ in range(3)]
        for _ in range(2):
            visitors[0].random.random()
            visitors[1].rng.random()
            model.step()
            plain_model.step()
        visitors[2].remove()
        assert differences(model, plain_model) == [] and len(model.agents_by_type[Visitor]) == 2
        assert set(visitors[:2]) < set(model.agents)


def test_mesas_generators_follow_from_seed_and_replication() -> None:
    def drawn(**given: Any) -> tuple[float, float]:
        model = LifecycleModel(small_market(people=2), **given)
        return model.random.random(), float(model.rng.random())

    assert drawn(seed=5) == drawn(seed=5, replication=0) == drawn(rng=5)
    assert len({drawn(seed=5), drawn(seed=6), drawn(seed=5, replication=1)}) == 3
    assert drawn(seed=1, rng=np.random.default_rng(8))[1] != drawn(seed=1)[1]
    own = np.random.default_rng(8)
    assert LifecycleModel(small_market(people=2), seed=1, rng=own).rng is own
    model = LifecycleModel(small_market(people=2), seed=5)
    first = model.random.random()
    model.reset_randomizer()
    assert model.random.random() == first
    assert isinstance(model.random, random.Random) and isinstance(model.customers, Customers)
