"""What carries the difference between two arms: divisions add up, and each person's part is theirs to the cent."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from typer.testing import CliRunner

from tenure.agents.ledger import INTEREST
from tenure.agents.offer import US
from tenure.experiments.analysis.gains import People
from tenure.experiments.analysis.metrics import METRICS
from tenure.experiments.analysis.why.answer import why
from tenure.experiments.analysis.why.interesting import FIRST, interesting_lives
from tenure.experiments.analysis.why.lives import POACHED_BY, RIVAL_NOT_RECORDED, EverOurs, lives_of
from tenure.experiments.analysis.why.parts import (
    AFTER,
    DIVISIONS,
    ENDING,
    MONTH,
    NEVER_OURS,
    NO_TREATMENT,
    TREATMENT,
    YEAR,
    PairOfPeople,
    first_differences,
    pair_people,
)
from tenure.experiments.commands.app import app
from tenure.experiments.commands.why.answer import why_lines
from tenure.experiments.report.in_python.figure import report_figure
from tenure.experiments.store.results import Results, open_results
from tenure.experiments.store.store import read_run, without_keys, write_run
from tenure.simulation.model import LifecycleModel
from tenure.simulation.recording.observing import MonthFacts
from tests.folders import made_here
from tests.markets import LIVELY, small_market

TREATED = ["person", "month", "treatment", "amount"]


def table(*rows: tuple[int, int, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=TREATED)


class AddsUp:
    """Tells of months in which what people brought is not what was posted."""

    def __init__(self) -> None:
        self.months: list[tuple[int, int]] = []

    def month(self, facts: MonthFacts) -> None:
        self.months.append((int(facts.profits.sum()), -int(facts.postings[US, INTEREST:].sum())))


@pytest.mark.parametrize(("engine", "people", "months"), [("compiled", 400, 12), ("objects", 60, 4)])
def test_what_people_brought_is_what_was_posted_to_the_cent(engine: str, people: int, months: int) -> None:
    """But for what an institution pays as such; here no channel costs anything by the month."""
    model = LifecycleModel(small_market(people=people, rules=LIVELY), seed=2, engine=engine)
    adds_up = AddsUp()
    model.observers.append(adds_up)
    for _ in range(months):
        model.step()
    assert any(brought for brought, _ in adds_up.months)
    assert all(brought == posted for brought, posted in adds_up.months)


def test_what_a_channel_costs_by_the_month_is_nobodys() -> None:
    market = small_market(people=300, rules=LIVELY)
    market["us"]["acquisition"]["mail"]["cost_per_month"] = 70
    model = LifecycleModel(market, seed=2)
    adds_up = AddsUp()
    model.observers.append(adds_up)
    model.step()
    ((brought, posted),) = adds_up.months
    assert brought - posted == 7000


def test_both_engines_tell_the_same_of_every_person() -> None:
    tables = []
    for engine in ("compiled", "objects"):
        model = LifecycleModel(small_market(people=60, rules=LIVELY), seed=4, engine=engine)
        model.start_recording()
        for _ in range(3):
            model.step()
        rows = model.recording()
        tables.append(rows[rows["measure"].str.startswith("life/")].reset_index(drop=True))
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    assert len(tables[0])


def test_the_first_difference_is_the_arms_treatment_or_that_it_gave_none() -> None:
    champion = table((1, 0, "help", 1.0), (2, 3, "help", 1.0), (3, 1, "reward", 30.0), (5, 2, "help", 1.0))
    arm = table(
        (1, 0, "help", 1.0), (1, 4, "reward", 30.0), (3, 1, "reward", 50.0), (4, 0, "call", 1.0), (5, 2, "call", 1.0)
    )
    assert first_differences(champion, arm).to_dict() == {
        1: "reward",  # the same at first
        2: "without help",
        3: "reward",  # of another amount
        4: "call",
        5: "call",  # in place of another
    }


ROWS = st.lists(
    st.tuples(
        st.integers(1, 5), st.integers(0, 4), st.sampled_from(["help", "reward", "call"]), st.sampled_from([1.0, 2.0])
    ),
    unique_by=lambda row: row[:2],
    max_size=12,
)


@given(ROWS, ROWS)
@settings(max_examples=50, deadline=None)
def test_who_is_treated_alike_differs_in_nothing_and_everybody_else_once(
    champion: list[tuple[int, int, str, float]], arm: list[tuple[int, int, str, float]]
) -> None:
    found = first_differences(table(*champion), table(*arm))
    unlike = {row[0] for row in set(champion) ^ set(arm)}
    assert sorted(found.index) == sorted(unlike)
    for person, name in found.items():
        month = min(row[1] for row in set(champion) ^ set(arm) if row[0] == person)
        own = [row[2] for row in arm if row[:2] == (person, month) and row not in champion]
        assert name == own[0] if own else name.startswith("without ")


def test_people_of_one_world_alone_bring_nothing_in_the_other() -> None:
    def lives(ids: list[int], values: list[float], ends: list[str]) -> EverOurs:
        words = np.array(ends, object)
        return EverOurs(np.array(ids), np.array(values), words, np.full(len(ids), "low", object), table())

    found = pair_people(
        lives([1, 2], [10.0, 20.0], ["poached", "settled"]), lives([2, 3], [25.0, 7.0], ["ended", "poached"])
    )
    assert found.ids.tolist() == [1, 2, 3]
    assert found.difference_eur.tolist() == [-10.0, 5.0, 7.0]
    assert found.ends.tolist() == [NEVER_OURS, "ended", "poached"]
    assert set(found.treatments) == {NO_TREATMENT}


CONFIG = """
question: What carries it?
market: {extends: default, people: 1500, burn_in_months: 6}
months: 15
warm_up_months: 3
budget_per_month: 4000
arms:
  nothing: do_nothing
  reward: {policy: uniform, treatment: loyalty_reward}
  learns: {policy: thompson}
  desk: {policy: rules, rules: [{when: months_past_due >= 1, do: early_help}]}
champion: CHAMPION
replications: 2
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return made(tmp_path_factory.mktemp("why"), "nothing")


def made(folder: Path, champion: str) -> Results:
    config = folder / "small.yaml"
    config.write_text(CONFIG.replace("CHAMPION", champion))
    return made_here(config, folder / "results")


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_every_division_adds_up_to_the_difference_in_profit(results: Results, arm: str) -> None:
    found = why(results, arm)
    values = results.metrics()
    profit = values[values["metric"] == "profit_per_customer"].pivot(index="replication", columns="arm", values="value")
    assert METRICS["profit_per_customer"].unit == "EUR"
    assert found.total.mean == pytest.approx(float((profit[arm] - profit["nothing"]).mean()), abs=1e-9)
    assert set(found.divisions) == set(DIVISIONS)
    for parts in found.divisions.values():
        assert sum(one.mean for one in parts.values()) == pytest.approx(found.total.mean, abs=1e-9)


def poached(results: Results, arm: str) -> pd.DataFrame:
    """Return who was poached in the end under an arm, as recorded: value, replication and the last rival by name."""
    rows = results.rows()
    own = rows[rows["arm"] == arm]
    lives = own[(own["measure"] == "life/value") & (own["b"] == "poached")]
    left = own[own["measure"] == "life/left"].sort_values("month", kind="stable")
    last = left.groupby(["replication", "a"])["b"].last().str.removeprefix("poached: ")
    return lives.join(last.rename("rival"), on=["replication", "a"])


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_sums_over_rivals_are_those_who_were_poached(results: Results, arm: str) -> None:
    found = why(results, arm)
    rivals = {part.removeprefix(POACHED_BY) for part in found.divisions[ENDING] if part.startswith("poached")}
    assert rivals == {"megabank", "fintech"}
    start = results.rows()
    start = start[(start["measure"] == "customers") & (start["institution"] == "us") & (start["month"] == -1)]
    customers = start[start["arm"] == arm].set_index("replication")["value"]
    told = found.rivals_table().set_index(["arm", "rival"])
    for one in ("nothing", arm):
        taken = poached(results, one)
        assert set(taken["rival"]) == rivals
        for rival, own in taken.groupby("rival"):
            heads = own.groupby("replication").size().reindex(customers.index, fill_value=0)
            each = told.loc[(one, rival)]
            assert each["per_customer"] == pytest.approx(float((heads / customers).mean()))
            money = (own.groupby("replication")["value"].sum() / customers).mean()
            assert each["brought"] == pytest.approx(float(money / (heads / customers).mean()))


def test_runs_that_keep_no_rivals_say_so_and_add_up_to_the_same(results: Results, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(results.folder, older)
    for name in results.names:
        stored = read_run(older, name)
        table = without_keys(stored.table).to_pandas()
        write_run(older, name, table[table["measure"] != "life/left"], stored.metadata)
    named, unnamed = why(results, "reward"), why(open_results(older), "reward")
    parts = named.divisions[ENDING]
    together = sum(one.mean for part, one in parts.items() if part.startswith(POACHED_BY))
    assert unnamed.divisions[ENDING][RIVAL_NOT_RECORDED].mean == pytest.approx(together, abs=1e-9)
    assert unnamed.divisions[ENDING].keys() - parts.keys() == {RIVAL_NOT_RECORDED}
    assert set(unnamed.rivals_table()["rival"]) == {"not recorded"}
    counted = named.rivals_table().groupby("arm")["per_customer"].sum()
    assert unnamed.rivals_table().set_index("arm")["per_customer"].to_dict() == pytest.approx(counted.to_dict())
    assert any("rival not recorded" in line for line in why_lines(unnamed, results))


def test_of_several_ends_of_one_person_the_last_counts() -> None:
    """1 was poached twice, 2 was poached and is back, 3 came back and left without a rival, 4 left once."""
    rows = [
        *(("life/value", 9, str(who), end, 1.0) for who, end in enumerate(("poached", "ours at the end"), 1)),
        *(("life/value", 9, str(who), end, 1.0) for who, end in enumerate(("settled", "poached"), 3)),
        ("life/left", 2, "1", "poached: fintech", 1.0),
        ("life/left", 2, "2", "poached: fintech", 1.0),
        ("life/left", 3, "3", "poached: megabank", 1.0),
        ("life/left", 5, "1", "poached: megabank: the large one", 1.0),
        ("life/left", 6, "3", "settled: nobody", 1.0),
        ("life/left", 6, "4", "poached: fintech", 1.0),
    ]
    names = ("measure", "month", "a", "b", "value")
    lives = lives_of(pa.table(dict(zip(names, zip(*rows, strict=True), strict=True))))
    assert lives.ids.tolist() == [1, 2, 3, 4]
    named = ["poached by megabank: the large one", "ours at the end", "settled", "poached by fintech"]
    assert lives.ends.tolist() == named


def test_each_rival_that_took_somebody_over_in_one_world_alone_has_a_line() -> None:
    ends = np.array(["poached by a", "poached by a", "poached by b", "settled", "poached by b"], object)
    others = np.array(["settled", "poached by a", "poached by a", "poached by b", "ours at the end"], object)
    word = np.full(5, "call", object)
    people = PairOfPeople(np.arange(1, 6), np.array([-1.0, -2.0, -3.0, -4.0, -5.0]), word, ends, word, others)
    found = [one for one in interesting_lives(people, NOBODY, NOBODY, 0) if one.kind.startswith("poached")]
    assert [(one.kind, one.person) for one in found] == [
        ("poached by a in the arm's world alone", 1),
        ("poached by a in the champion's world alone", 3),
        ("poached by b in the arm's world alone", 5),
        ("poached by b in the arm's world alone", 3),
        ("poached by b in the champion's world alone", 4),
    ]


def test_an_arm_that_treats_nobody_otherwise_differs_in_nothing(results: Results) -> None:
    found = why(results, "desk")
    told = found.divisions[TREATMENT]
    assert told["early_help"].mean != 0.0
    assert not found.is_a_trap
    assert not any(line.endswith("-") for line in why_lines(found, results)), "a part is never broken"


def test_what_only_the_champion_does_is_warned_of_in_the_first_screen(tmp_path: Path) -> None:
    """The difference of an arm that does nothing from one whose only rule is early help is that rule."""
    results = made(tmp_path, "desk")
    found = why(results, "nothing")
    assert found.is_a_trap
    assert list(found.of_the_champion_alone) == ["early_help"]
    lines = list(why_lines(found, results))
    assert any("without early help" in line for line in lines)
    assert any("Careful" in line for line in lines[:40])


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_months_add_up_to_their_years(results: Results, arm: str) -> None:
    by = why(results, arm).divisions
    assert list(by[MONTH]) == [*(f"month {k}" for k in range(15)), AFTER]
    for year, months in ((1, range(12)), (2, range(12, 15))):
        together = sum(by[MONTH][f"month {k}"].mean for k in months)
        assert by[YEAR][f"year {year}"].mean == pytest.approx(together, abs=1e-9)
    assert by[MONTH][AFTER] == by[YEAR][AFTER]


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_tables_in_python_say_what_the_answer_does(results: Results, arm: str) -> None:
    found = why(results, arm)
    parts, treated, lives = found.parts(), found.given_table(), found.lives()
    assert parts.groupby("division")["mean"].sum().to_numpy() == pytest.approx(found.total.mean, abs=1e-9)
    assert set(parts["unit"]) == {"EUR per customer"}
    assert len(parts) == sum(map(len, found.divisions.values()))
    assert treated["arm"].tolist() == ["nothing", arm] * len(found.given)
    assert (treated.loc[treated["arm"] == "nothing", "per_customer"] == 0.0).all()  # it treats nobody
    assert [str(one) for one in lives.dtypes[["person", "replication", "difference"]]] == ["int64", "int64", "float64"]
    for table in (parts, treated, lives):
        assert table.attrs == {"arm": arm, "champion": "nothing", "scenario": ""}


@pytest.mark.parametrize("arm", ["reward", "learns", "desk"])
def test_lives_worth_a_look_are_what_their_kind_says(results: Results, arm: str) -> None:
    lives = why(results, arm).lives()
    assert set(lives["replication"]) == {0}
    more, less = (lives[lives["kind"] == f"worth most {word} to us"]["difference"] for word in ("more", "less"))
    assert more.is_monotonic_decreasing and (more > 0.0).all() and (more.max() == lives["difference"].max())
    assert less.is_monotonic_increasing and (less < 0.0).all() and (less.min() == lives["difference"].min())
    for one in lives.itertuples():
        if one.kind.endswith("alone"):
            end, _, world = one.kind.replace("charged off", "charged_off").partition(" in ")
            ended = one.ended_arm, one.ended_champion
            assert [end == told for told in ended] == ["the arm" in world, "the champion" in world]
        elif one.kind.startswith(FIRST):
            assert one.treatment == one.kind.removeprefix(FIRST)


NONE = np.zeros(0)
NOBODY = People(NONE.astype(object), (NONE.astype(object),) * 3, *[NONE] * 5, NONE > 0, NONE > 0)


def test_who_is_typical_differs_by_the_median_of_those_who_differ() -> None:
    worth = np.array([0.0, 0.0, 0.0, 2.0, 3.0, 50.0])
    word = np.full(6, "settled", object)
    people = PairOfPeople(np.arange(1, 7), worth, word, word, np.full(6, "call", object), word)
    found = list(interesting_lives(people, NOBODY, NOBODY, replication=4))
    typical = next(one for one in found if one.kind.startswith("typical"))
    assert (typical.person, typical.difference_eur, typical.replication) == (5, 3.0, 4)


@pytest.mark.parametrize("by", ["month", "treatment"])
def test_one_division_is_told_whole_where_it_is_asked_for(results: Results, by: str) -> None:
    out = CliRunner().invoke(app, ["why", str(results.folder), "reward", "--by", by])
    assert out.exit_code == 0 and "together" in out.stdout
    rows = len(why(results, "reward").divisions[by])
    assert sum("EUR" not in line and bool(line.strip()) for line in out.stdout.splitlines()) >= rows
    wrong = CliRunner().invoke(app, ["why", str(results.folder), "reward", "--by", "moth"])
    assert wrong.exit_code == 2 and "month" in wrong.output
    both = CliRunner().invoke(app, ["why", str(results.folder), "reward", "--by", by, "--person", "3"])
    assert both.exit_code == 2 and "--by and --person" in both.output


def test_a_figure_of_the_report_is_one_call_away(results: Results) -> None:
    figure = report_figure(results, "profit_and_loss")
    assert isinstance(figure, Figure) and figure.axes
    with pytest.raises(ValueError, match="there are effects"):
        report_figure(results, "profits")


@pytest.mark.parametrize("arm", ["nothing", "absent"])
def test_the_champion_and_unknown_arms_are_refused(results: Results, arm: str) -> None:
    with pytest.raises(ValueError, match="Name one of: reward, learns, desk"):
        why(results, arm)
