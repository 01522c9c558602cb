"""Values with dates: what they are from which month on, how they are written, and what may have none."""

import copy
import pickle
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.design.arms import laid_over
from tenure.policies.settings.faults import Fault, faults_of
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import MarketSettings, market_from
from tenure.simulation.settings.parameters import declared_at
from tenure.simulation.values.calendar import calendar_month
from tenure.simulation.values.schedule import Schedule, held_from, is_schedule, laid, month_from
from tests.markets import differences, small_market
from tests.test_numbers import MARKET, NUMBERS, At, ends, market_with

DATED = [at for at in NUMBERS if (one := declared_at(at)) is not None and one.read_when == "month"]
UNDATED = [at for at in NUMBERS if at not in DATED]
FUNDING: At = ("us", "funding_cost")
CONTACTS: At = ("guards", "contacts_at_most")


def with_value(at: At, value: Any) -> dict[str, Any]:
    """Return the market in which much is set, with a value, or one with dates, at a place."""
    return market_with({at: value})


@cache
def plain(at: At) -> Any:
    """Return the value at a place of that market."""
    here: Any = market_from(MARKET).model_dump(by_alias=True)
    for part in at:
        here = here[part]
    return here


def told(data: Mapping[str, Any]) -> list[Fault]:
    """Return what is wrong with a market; nothing with a right one."""
    try:
        market_from(data)
    except ValidationError as error:
        return [fault.below(one["loc"]) for one in error.errors() for fault in faults_of(one["ctx"]["error"])]
    return []


def value_at(market: MarketSettings, at: At) -> Any:
    here: Any = market.model_dump(by_alias=True)
    for part in at:
        here = here[part]
    return here


@settings(max_examples=60)
@given(st.sampled_from(DATED), st.integers(-60, 0), st.integers(-100, 2000))
def test_a_schedule_with_one_value_is_the_number(at: At, first: int, month: int) -> None:
    market = market_from(with_value(at, {first: plain(at)}))
    assert market.at(month) == market_from(with_value(at, plain(at)))
    assert market.changes == ()


@settings(max_examples=60)
@given(st.sampled_from(DATED), st.integers(1, 100), st.data())
def test_every_number_of_a_market_takes_steps_or_is_refused_by_name(at: At, month: int, data: st.DataObject) -> None:
    parser = NUMBERS[at]
    assert parser is not None
    later = data.draw(st.sampled_from(ends(at, parser)))
    dated, undated = with_value(at, {0: plain(at), month: later}), with_value(at, later)
    faults = told(dated)
    assert bool(faults) == bool(told(undated)), "refused if and only if the later value alone is"
    for fault in faults:
        assert fault.what.startswith(f"from {calendar_month('2027-01', month)} on, ")
        assert at in (fault.at, *fault.elsewhere), "the value that changes has a part in it"
    if not faults:
        market = market_from(dated)
        assert market.at(month - 1) == market_from(MARKET)
        assert market.at(month) == market_from(undated)


@pytest.mark.parametrize("at", UNDATED, ids=str)
def test_what_is_read_once_has_no_dates(at: At) -> None:
    faults = told(with_value(at, {0: plain(at), 12: plain(at)}))
    assert [fault.at for fault in faults] == [at]
    assert "cannot change by date" in faults[0].what and faults[0].mend == "write one number"


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), max_size=4), st.floats(0, 1), st.integers(-70, 200))
def test_steps_hold_until_the_next_and_lines_lie_between_their_ends(
    later: list[tuple[int, float]], first: float, month: int
) -> None:
    steps = {0: first, **dict(later)}
    market = market_from(with_value(FUNDING, steps))
    before = [value for begin, value in sorted(steps.items()) if begin <= max(month, 0)]
    assert value_at(market.at(month), FUNDING) == before[-1]
    line = market_from(with_value(FUNDING, {"line": steps}))
    assert min(steps.values()) <= value_at(line.at(month), FUNDING) <= max(steps.values())
    assert value_at(line.at(max(steps)), FUNDING) == steps[max(steps)]
    assert line.at(month) is line.at(month), "the same object as long as nothing changes"


@given(st.integers(1, 600), st.floats(-0.2, 1), st.integers(-100, 700))
def test_a_line_between_equal_ends_is_constant(last: int, value: float, month: int) -> None:
    assert Schedule(FUNDING, (0, last), (value, value), line=True).value(month) == value


def test_a_line_moves_evenly() -> None:
    line = Schedule(FUNDING, (0, 24), (0.03, 0.05), line=True)
    assert [line.value(month) for month in (-5, 0, 6, 12, 24, 99)] == pytest.approx(
        [0.03, 0.03, 0.035, 0.04, 0.05, 0.05]
    )


@settings(max_examples=30)
@given(st.sampled_from(DATED), st.integers(1, 100), st.booleans())
def test_a_market_with_dates_is_written_out_and_read_again(at: At, month: int, line: bool) -> None:
    steps = {0: plain(at), month: plain(at)}
    parser = NUMBERS[at]
    assert parser is not None
    market = market_from(with_value(at, {"line": steps} if line and not parser.whole else steps))
    for mode in ("python", "json"):
        written = market.model_dump(mode=mode, by_alias=True)
        again = market_from(written)
        assert again == market and again.schedules == market.schedules != ()
        assert again.model_dump(mode=mode, by_alias=True) == written
    assert pickle.loads(pickle.dumps(market)) == market
    assert market != market_from(MARKET)


def test_dates_and_months_from_the_start_are_the_same() -> None:
    by_date = market_from(with_value(FUNDING, {"2027-01": "3%", "2028-07": "4%"}))
    assert by_date == market_from(with_value(FUNDING, {"0": 0.03, "18": 0.04}))
    later = {**with_value(FUNDING, {"2028-01": "3%", "2028-07": "4%"}), "start": "2028-01"}
    assert market_from(later).schedules[0].months == (0, 6)


@given(st.integers(1900 * 12, 2199 * 12), st.integers(-99, 99))
def test_a_month_is_the_one_of_its_date(start: int, month: int) -> None:
    assume(1900 * 12 <= start + month < 2201 * 12)
    first = f"{start // 12}-{start % 12 + 1:02}"
    assert month_from(first, calendar_month(first, month)) == month == month_from(first, str(month))


def test_a_list_is_dated_number_by_number() -> None:
    cure = [0.4, {0: "20%", 12: "30%"}, 0.1, 0.1, 0.05]
    market = market_from(market_with({("rules",): {"credit": {"cure": cure}}}))
    assert [market.at(month).rulebook().credit.cure[1] for month in (0, 11, 12)] == [0.2, 0.2, 0.3]


def test_what_a_rival_does_may_change_by_date() -> None:
    data = with_value(
        ("rivals", "small", "policy"), {0: "price_war", 24: {"policy": "uniform", "treatment": "price_cut"}}
    )
    market = market_from(data)
    assert [market.at(month).rivals["small"].policy.policy for month in (0, 23, 24)] == [
        "price_war",
        "price_war",
        "uniform",
    ]
    assert market_from(market.model_dump(mode="json", by_alias=True)) == market
    assert [now.rivals["small"].policy.policy for now in market.phases()] == ["price_war", "uniform"]


def test_a_policy_that_a_rival_takes_up_later_is_checked_before(tmp_path: Path) -> None:
    policy = "{0: do_nothing, 24: unifrom}"
    with pytest.raises(ConfigError, match="unifrom"):
        market_of(tmp_path, "3%", f"market.rivals.megabank.policy={policy}")


def test_limits_that_contradict_each_other_from_a_month_on_are_told_with_its_date(tmp_path: Path) -> None:
    cell = "{quadrant: %s, share_of: customers, at_least: %s}"
    fixed, rising = cell % ("low_risk_low_return", "50%"), cell % ("low_risk_high_return", "{0: 40%, 12: 70%}")
    with pytest.raises(ConfigError, match="from 2028-01 on, at least 70% cannot be met together with") as error:
        market_of(tmp_path, "3%", f"market.us.guards.structure=[{fixed}, {rising}]")
    assert len(error.value.problems) == 1


def test_a_channel_may_be_called_as_a_part_of_a_schedule() -> None:
    assert not is_schedule({"line": {"budget_per_month": 3}}) and not is_schedule({"csv": {}, "mail": {}})
    assert is_schedule({"line": {"2027-1": 3, "4": 5}}) and is_schedule({"csv": "a.csv"})


@pytest.mark.parametrize(
    ("at", "value", "where", "what", "mend"),
    [
        (FUNDING, {"2028-01": "3%"}, FUNDING, "nothing says what holds from the start, 2027-01", "2027-01"),
        (FUNDING, {0: "3%", "2027-13": "4%"}, (*FUNDING, "2027-13"), "'2027-13' is not a month", "2027-01"),
        (FUNDING, {0: "3%", "2028": "4%"}, (*FUNDING, "2028"), "'2028' is not a month", "2028-01"),
        (FUNDING, {0: "3%", "2027-01": "4%"}, (*FUNDING, "2027-01"), "the month 2027-01 is written twice", "keep one"),
        (FUNDING, {0: "3%", 12: "140%"}, (*FUNDING, "12"), "140% is above 100%", "from -20% to 100%"),
        (FUNDING, {"line": {0: "3%", 12: None}}, (*FUNDING, "line", "12"), "nothing is not a number", "18.9%"),
        (FUNDING, {"loan": 3}, FUNDING, "a number is wanted, or values with dates", "{2027-01: 3%"),
        (FUNDING, {}, FUNDING, "a number is wanted, or values with dates", "{2027-01: 3%"),
        (FUNDING, {"csv": "a.csv", "column": "b"}, FUNDING, "a CSV file is read only where", "write its values out"),
        (CONTACTS, {"line": {0: 1, 9: 4}}, CONTACTS, "whole number", "steps"),
        (("us", "policy"), {"line": {0: "x", 9: "y"}}, ("us", "policy"), "no number", "steps"),
        (("rules", "credit", "cure"), {0: [1]}, ("rules", "credit", "cure"), "a list of 5 numbers", "a list such as"),
    ],
)
def test_what_is_wrong_with_a_schedule_is_told_with_its_place(
    at: At, value: Any, where: At, what: str, mend: str
) -> None:
    faults = told(with_value(at, value))
    assert [fault.at for fault in faults] == [where]
    assert what in faults[0].what and mend in faults[0].mend


def test_laws_between_settings_hold_at_every_change_and_name_its_date_once() -> None:
    cost: At = ("us", "acquisition", "mail", "cost_per_contact")
    faults = told(with_value(cost, {0: 1, 6: 0.001, 9: 0.002, 12: 1}))
    assert len(faults) == 1 and faults[0].at == cost
    assert faults[0].what == "from 2027-07 on, a channel with a budget needs a cost of a contact"


# What lives under it -----------------------------------------------------------------------------------------


def lived(config: Mapping[str, Any], months: int) -> LifecycleModel:
    model = LifecycleModel(market_from(config), seed=3, first_month=-1)
    for _ in range(months):
        model.step()
    return model


@pytest.mark.parametrize("seed", range(6))
def test_a_step_leaves_all_months_before_untouched_in_bits(seed: int) -> None:
    luck = np.random.default_rng(seed)
    at = DATED[luck.integers(len(DATED))]
    parser = NUMBERS[at]
    assert parser is not None
    later = next(one for one in ends(at, parser) if not told(with_value(at, {0: plain(at), 2: one})))
    dated, undated = lived(with_value(at, {0: plain(at), 2: later}), 3), lived(MARKET, 3)
    assert differences(dated, undated) == [], "months -1, 0 and 1"


def test_a_price_that_steps_is_posted_and_earned_from_its_month_on() -> None:
    base = small_market(people=300)
    card = base["products"]["card"]
    dated = LifecycleModel(
        market_from({**base, "products": {**base["products"], "card": {**card, "apr": {0: "19%", 2: "29%"}}}}), seed=1
    )
    undated = LifecycleModel(
        market_from({**base, "products": {**base["products"], "card": {**card, "apr": "19%"}}}), seed=1
    )
    column = list(base["products"]).index("card")
    for month in range(4):
        dated.step()
        undated.step()
        before, now = undated.offers["price"][1][column], dated.offers["price"][1][column]
        assert now == pytest.approx(before if month < 2 else before + 10.0)
        assert (differences(dated, undated) == []) is (month < 2)


def test_the_cost_of_switching_is_a_mean_that_a_factor_multiplies() -> None:
    usual = load_experiment("quickstart.yaml").market.world.switching_cost
    cheaper = load_experiment("quickstart.yaml", ["market.world.switching_cost=x0.7"]).market
    assert usual == 3.0 and cheaper.world.switching_cost == pytest.approx(2.1)
    people = [LifecycleModel(small_market(world={"switching_cost": k}), seed=1).people["inertia"] for k in (0.0, 5.0)]
    assert np.array_equal(*people), "a person keeps the own deviation"
    assert abs(people[0].mean()) < 4 * 0.7 / np.sqrt(len(people[0]))


# As files write it -------------------------------------------------------------------------------------------

CONFIG = """\
question: Q?
months: 6
market:
  extends: default
  us:
    funding_cost: %s
arms: {nothing: do_nothing}
champion: nothing
"""
RATES = "month,funding_cost,other\n2027-01,3%,1\n2027-06,,2\n24,0.05,3\n"


def written(folder: Path, value: str, rates: str = RATES) -> Path:
    (folder / "rates.csv").write_text(rates, encoding="utf-8")
    path = folder / "dated.yaml"
    path.write_text(CONFIG % value, encoding="utf-8")
    return path


def market_of(folder: Path, value: str, *sets: str) -> MarketSettings:
    return load_experiment(written(folder, value), sets).market


def problems(folder: Path, value: str, rates: str = RATES) -> str:
    with pytest.raises(ConfigError) as error:
        load_experiment(written(folder, value, rates))
    return str(error.value)


def test_a_column_of_a_file_is_the_same_as_its_steps_written_out(tmp_path: Path) -> None:
    by_file = market_of(tmp_path, "{csv: rates.csv, column: funding_cost}")
    steps = market_of(tmp_path, "{2027-01: 3%, 24: 5%}")
    assert by_file == steps and by_file.schedules == (Schedule(FUNDING, (0, 24), (0.03, 0.05)),)
    assert by_file.model_dump(mode="json", by_alias=True) == steps.model_dump(mode="json", by_alias=True)


def test_what_is_recorded_needs_the_file_no_more(tmp_path: Path) -> None:
    experiment = load_experiment(written(tmp_path, "{csv: rates.csv, column: funding_cost}"))
    (tmp_path / "rates.csv").unlink()
    assert market_from(experiment.market_data).schedules == experiment.market.schedules


@pytest.mark.parametrize(
    ("value", "rates", "where", "what"),
    [
        ("{csv: rate.csv, column: funding_cost}", RATES, "dated.yaml:6:25", "rate.csv cannot be read: No such file"),
        ("{csv: rates.csv, column: fundin_cost}", RATES, "dated.yaml:6:44", "no column 'fundin_cost'. Did you mean"),
        ("{csv: rates.csv, column: other}", RATES, "rates.csv:3:1", "2 is above 1. Did you mean 2%"),
        ("{csv: rates.csv, column: other}", "date,other\n2027-01,1\n", "dated.yaml:6:25", "no column 'month'"),
        ("{csv: rates.csv, column: a}", "month,a\n2027-01,1%\n2027-01,2%\n", "dated.yaml:6:25", "in line 3"),
        ("{csv: rates.csv, column: a}", "month,a\n2027-01,\n", "dated.yaml:6:44", "'a' of rates.csv is empty"),
        ("{csv: rates.csv}", RATES, "dated.yaml:6:25", "a file and one of its columns are wanted"),
        ("{csv: rates.csv, column: a}", "month,a\nJanuary,1%\n", "dated.yaml:6:25", "line 2: 'January' is not a month"),
        ("{2027-01: 3%, 2028-01: 130%}", RATES, "dated.yaml:6:42", "130% is above 100%"),
        ("{2027-01: 3%, 2028-1: 4%}", RATES, "dated.yaml:6:33", "did you mean 2028-01"),
    ],
)
def test_a_fault_in_a_file_is_told_with_file_line_and_column(
    tmp_path: Path, value: str, rates: str, where: str, what: str
) -> None:
    said = problems(tmp_path, value, rates)
    assert where in said and what.lower() in said.lower(), said


def test_factors_multiply_what_the_market_has_then(tmp_path: Path) -> None:
    default = load_experiment("quickstart.yaml").market.us.funding_cost
    market = market_of(tmp_path, "{0: x1, 12: x0.5}")
    assert [market.at(month).us.funding_cost for month in (0, 12)] == pytest.approx([default, default / 2])
    base = tmp_path / "base.yaml"
    base.write_text(CONFIG % "{0: 4%, 12: 6%}", encoding="utf-8")
    scalar = load_experiment(base, ["market.us.funding_cost={0: 4%, 12: 6%}"]).market
    assert [scalar.at(month).us.funding_cost for month in (0, 12)] == [0.04, 0.06]


def test_factors_multiply_dates_of_the_market_itself(tmp_path: Path) -> None:
    own = tmp_path / "bank.market.yaml"
    own.write_text("extends: default.market.yaml\nus:\n  funding_cost: {0: 4%, 12: 6%}\n", encoding="utf-8")
    config = tmp_path / "dated.yaml"
    config.write_text((CONFIG % "x0.5").replace("extends: default", "extends: bank.market.yaml"), encoding="utf-8")
    market = load_experiment(config).market
    assert [market.at(month).us.funding_cost for month in (0, 11, 12)] == [0.02, 0.02, 0.03]
    config.write_text(
        (CONFIG % "{0: x1, 6: x2}").replace("extends: default", "extends: bank.market.yaml"), encoding="utf-8"
    )
    market = load_experiment(config).market
    assert [market.at(month).us.funding_cost for month in (0, 6, 12)] == [0.04, 0.08, 0.12]
    config.write_text(
        (CONFIG % "{line: {0: x1, 6: x2}}").replace("extends: default", "extends: bank.market.yaml"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="a line cannot be multiplied"):
        load_experiment(config)


def test_dates_laid_over_dates_replace_them(tmp_path: Path) -> None:
    market = market_of(tmp_path, "{2027-01: 3%, 2028-07: 4%}", "market.us.funding_cost={0: 2%}")
    assert market.schedules == (Schedule(FUNDING, (0,), (0.02,)),)
    assert laid_over({"a": {"0": 1, "12": 2}}, {"a": {"6": 3}}) == {"a": {"6": 3}}
    assert laid_over({"a": {"x": 1}}, {"a": {"y": 3}}) == {"a": {"x": 1, "y": 3}}


STEPS = st.dictionaries(st.integers(-5, 30), st.integers(1, 9), max_size=4).map(lambda some: {-6: 1, **some})


@given(STEPS, st.integers(-3, 25), st.none() | st.integers(0, 12), st.integers(-10, 50))
def test_what_is_laid_over_steps_holds_in_its_months_alone(
    steps: dict[int, int], first: int, length: int | None, month: int
) -> None:
    last = None if length is None else first + length
    made = held_from(steps, 99, first, last, "2027-01")
    assert is_schedule(made)
    months = sorted((month_from("2027-01", key), value) for key, value in made.items())
    held = Schedule(FUNDING, tuple(one for one, _ in months), tuple(value for _, value in months))
    own = Schedule(FUNDING, tuple(sorted(steps)), tuple(steps[one] for one in sorted(steps)))
    inside = first <= month and (last is None or month <= last)
    assert held.value(month) == (99 if inside else own.value(month))


def test_plain_data_is_not_changed() -> None:
    data = with_value(FUNDING, {0: 0.03, 12: 0.04})
    before = copy.deepcopy(data)
    market_from(data).at(12)
    assert data == before
    assert laid(data, ("us", "nothing"), 1) == data
