"""Panels: the same people everywhere, truth beside belief of the same moment, and no run that notices."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import load_experiment, panel_frame
from tenure.agents.belief import Belief
from tenure.agents.declaring import fields_of
from tenure.agents.person import Person
from tenure.agents.signal import Signal
from tenure.experiments.life.one_life import live_one_life
from tenure.experiments.panel.columns import LEFT_OUT
from tenure.experiments.panel.observer import PanelObserver
from tenure.experiments.panel.sample import Sample
from tenure.experiments.store.results import Results
from tenure.simulation.model import LifecycleModel
from tests.folders import make, serially, tenure
from tests.markets import small_market

CONFIG = """
question: Does a reward pay?
market: {extends: default, people: 400, burn_in_months: 2, currency: GBP}
months: 4
warm_up_months: 2
budget_per_month: 4000
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
replications: 2
"""
PEOPLE = 120


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("panel") / "reward.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def results(config: Path) -> Iterator[Results]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tenure.experiments.running.runner.run_batch", serially)
        yield make(config.parent / "results", config)


@pytest.fixture(scope="module")
def panel(config: Path) -> pd.DataFrame:
    return panel_frame(load_experiment(config), people=PEOPLE)


# Who is in it ---------------------------------------------------------------------------------------------------------

ids = st.lists(st.integers(1, 2**60), min_size=1, max_size=60, unique=True)


@given(ids, st.integers(1, 80), st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_a_larger_sample_contains_the_smaller(people: list[int], size: int, more: int, seed: int) -> None:
    there = np.array(people, np.int64)
    small, large = (Sample((seed, 3), there, n).has(there) for n in (size, size + more))
    assert small.sum() == min(size, len(people)) and not (small & ~large).any()


@given(ids, st.integers(1, 30), st.randoms())
def test_whoever_else_is_asked_for_changes_nobody_s_place(people: list[int], size: int, luck: object) -> None:
    there = np.array(people, np.int64)
    sample = Sample((7, 0), there, size)
    assert np.array_equal(sample.has(there[::-1])[::-1], sample.has(there))
    assert all(bool(sample.has(there[k : k + 1])[0]) == one for k, one in enumerate(sample.has(there)))


def test_newcomers_are_followed_at_the_same_rate() -> None:
    there, later = np.arange(1, 20_001), np.arange(10**9, 10**9 + 20_000)
    share = Sample((1, 0), there, 5_000).has(later).mean()
    assert abs(share - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20_000 * 2)


def test_all_arms_have_the_same_people_in_all_months(panel: pd.DataFrame) -> None:
    whom = panel.groupby(["arm", "month"])["person"].agg(frozenset).unstack("arm")
    assert (whom["nothing"] == whom["uniform"]).all() and [*whom.index] == [-1, 0, 1, 2, 3]
    assert len(whom["nothing"][-1]) == PEOPLE
    for before, now in zip(whom["nothing"][:-1], whom["nothing"][1:], strict=True):
        assert before <= now, "nobody who leaves is lost"
    assert not panel.duplicated(["arm", "person", "month"]).any()


def test_before_anything_is_done_arms_do_not_differ(panel: pd.DataFrame) -> None:
    start = panel[panel["month"] == -1]
    each = [some.drop(columns="arm").reset_index(drop=True) for _, some in start.groupby("arm")]
    pd.testing.assert_frame_equal(*each)


def test_leavers_stay_in_it_to_the_end(config: Path) -> None:
    rows = panel_frame(load_experiment(config, ["months=12"]), arms=["nothing"], people=400)
    gone = rows[rows["truth_provider"] == "gone"]
    first = gone.groupby("person")["month"].min()
    assert len(first) > 3
    for person, month in first.items():
        after = rows[(rows["person"] == person) & (rows["month"] >= month)]
        assert (after["truth_provider"] == "gone").all() and after["month"].max() == 11
        assert after["truth_quadrant"].isna().all() and after["truth_stage"].isna().all()
    assert rows["entered"].sum() > 0
    entered = rows[rows["entered"].astype(bool)]
    assert (entered["month"] >= 0).all() and not entered["person"].duplicated().any()


# What stands in it ----------------------------------------------------------------------------------------------------


def test_truth_and_belief_are_those_of_a_life_told_month_by_month(config: Path, panel: pd.DataFrame) -> None:
    experiment = load_experiment(config)
    own = panel[(panel["arm"] == "uniform") & (panel["truth_provider"] == "us")]
    for person in own["person"].unique()[:3].tolist():
        life = live_one_life(experiment, int(person), "uniform")
        rows = panel[(panel["arm"] == "uniform") & (panel["person"] == person)].set_index("month")
        for month in life.months:
            row = rows.loc[month.month]
            assert row["truth_provider"] == month.provider
            if month.provider not in ("nobody", "gone"):
                assert row["truth_default_per_year"] == month.default_per_year
                assert row["truth_quadrant"] == month.quadrant and row["truth_stage"] == month.stage
            if month.believed is None:
                assert pd.isna(row["belief_quadrant"])
            else:
                assert row["belief_default_per_year"] == month.believed.default_per_year
                assert row["belief_quadrant"] == month.believed.quadrant
                assert row["belief_scope"] == month.believed.scope
            assert ("missed a payment" in month.happened) == bool(row["missed_payment"])
            assert any("loyalty_reward" in one for one in month.happened) == (row["did_treatment"] == "loyalty_reward")


def test_we_believe_what_the_accounts_say(panel: pd.DataFrame) -> None:
    """Balances are seen; risk is estimated."""
    ours = panel[(panel["truth_provider"] == "us") & (panel["belief_scope"] == "open")]
    assert len(ours) > 100
    assert np.array_equal(ours["belief_credit"].to_numpy(float), ours["signal_credit"].to_numpy(float))
    owed = ours[[one for one in panel if one in ("truth_balance_loan", "truth_balance_card")]].sum(axis=1)
    assert np.allclose(owed, ours["belief_credit"].astype(float), atol=0.005)
    owes = ours[ours["belief_credit"].astype(float) > 0]
    assert (owes["belief_default_per_year"] != owes["truth_default_per_year"]).mean() > 0.9


def test_who_is_with_a_rival_and_in_no_file_of_ours_is_not_believed_anything(panel: pd.DataFrame) -> None:
    strangers = panel[panel["belief_scope"].isna()]
    believed = [one for one in panel if one.startswith("belief_")]
    assert len(strangers) > 100 and strangers[believed].isna().all(axis=None)


def test_treatments_are_those_recorded(config: Path, results: Results) -> None:
    experiment = load_experiment(config)
    rows = panel_frame(experiment, arms=["uniform"], people=10_000)
    recorded = results.rows(["treatments", "customers"])
    run = recorded[(recorded["arm"] == "uniform") & (recorded["replication"] == 0)]
    treated = run[(run["measure"] == "treatments") & (run["a"] == "loyalty_reward")].groupby("b")["value"].sum()
    assert (rows["did_treatment"] == "loyalty_reward").sum() == treated["contacted"]
    assert rows["did_taken"].sum() == treated["taken"]
    assert rows["did_cost"].sum() == pytest.approx(treated["spent"])
    customers = run[(run["measure"] == "customers") & (run["institution"] == "us")].set_index("month")["value"]
    own = rows[rows["truth_provider"] == "us"].groupby("month").size()
    assert own.to_dict() == customers.to_dict()


def test_every_declared_field_is_a_column_or_left_out_for_a_reason() -> None:
    model = LifecycleModel(small_market(), seed=1)
    columns = {one.name for one in PanelObserver(model.facts(), model.luck, 10).columns()}
    for record, prefix in ((Person, "truth_"), (Signal, "signal_"), (Belief, "belief_")):
        for name in fields_of(record).keys() - LEFT_OUT[record].keys():
            label = f"{prefix}{name.removesuffix('_cents')}"
            assert any(one == label or one.startswith(f"{label}_") for one in columns), label
        assert LEFT_OUT[record].keys() <= fields_of(record).keys()
    assert not any("age" in one.split("_") for one in columns if one.startswith("belief_")), "protected"


# Who notices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["compiled", "objects"])
def test_a_run_has_the_same_bits_whoever_is_followed(engine: str) -> None:
    market = small_market(people=60)
    states = []
    for people in (0, 20):
        model = LifecycleModel(market, seed=5, engine=engine)
        if people:
            model.observers.append(PanelObserver(model.facts(), model.luck, people))
        for _ in range(3):
            model.step()
        states.append({name: repr(values.tolist()) for name, values in model.state().items()})
    assert states[0] == states[1]


def test_both_engines_give_the_same_panel() -> None:
    frames = []
    for engine in ("compiled", "objects"):
        model = LifecycleModel(small_market(people=60), seed=5, engine=engine)
        panel = PanelObserver(model.facts(), model.luck, 20)
        model.observers.append(panel)
        for _ in range(3):
            model.step()
        panel.finish(model.us.believed_now())
        frames.append(panel.take())
    pd.testing.assert_frame_equal(*frames)


# The command ----------------------------------------------------------------------------------------------------------


def test_a_panel_of_a_folder_is_of_the_very_runs_that_are_stored(results: Results, tmp_path: Path) -> None:
    out = tmp_path / "panel.parquet"
    code, said = tenure("panel", results.folder, "-o", out, "--people", PEOPLE)
    assert code == 0 and "came out again, bit by bit" in said and "no institution has" in " ".join(said.split())
    stored = pq.read_table(out)
    assert b"no institution has" in stored.schema.metadata[b"tenure.note"]
    assert stored.schema.field("truth_line").metadata[b"unit"] == b"GBP"
    told = pd.read_csv(tmp_path / "panel.dictionary.csv", keep_default_na=False)
    assert "no institution has" in told.iloc[0]["meaning"]
    assert [*told.iloc[1:]["name"]] == stored.column_names and (told["meaning"] != "").all()
    assert not told["unit"].str.contains("EUR|cents").any()


def test_folder_and_config_give_the_same_panel_in_every_format(config: Path, results: Results, tmp_path: Path) -> None:
    given: list[pd.DataFrame] = []
    for source, name in ((results.folder, "a.csv"), (config, "b.csv")):
        assert tenure("panel", source, "-o", tmp_path / name, "--people", "30", "--arm", "uniform")[0] == 0
        given.append(pd.read_csv(tmp_path / name, low_memory=False))
    pd.testing.assert_frame_equal(*given)
    assert len(given[0]["arm"].unique()) == 1


def test_what_cannot_be_followed_is_said(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "panel.parquet"
    for words, told in (
        (("--arm", "unifrm"), "no arm 'unifrm'"),
        (("--replication", "2"), "write 0 to 1"),
        (("--scenario", "crisis"), "no scenario 'crisis'"),
    ):
        code, said = tenure("panel", config, "-o", out, *words)
        assert code == 2 and told in said
    code, said = tenure("panel", config, "-o", tmp_path / "panel.txt")
    assert code == 2 and ".parquet, .csv, .xlsx" in said
    out.write_text("mine")
    code, said = tenure("panel", config, "-o", out)
    assert code == 2 and "no panel" in said and out.read_text() == "mine"


def test_the_answer_as_json(config: Path, tmp_path: Path) -> None:
    out = tmp_path / "panel.csv"
    code, said = tenure("panel", config, "-o", out, "--people", "10", "--arm", "nothing", "--json")
    told = json.loads(said)
    assert code == 0 and told["rows"] >= 50 and told["arms"] == ["nothing"] and told["panel"] == str(out)
