"""Every number of a market has a range; outside it is refused, and within it no rule can fault, however extreme."""

import copy
import math
import random
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from typer.testing import CliRunner

from tenure.agents.chance import draw4
from tenure.agents.offer import OWN_CORRELATION
from tenure.agents.rules.capital import capital_share
from tenure.agents.rules.credit import Credit
from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.reading import ConfigError
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import market_from
from tenure.simulation.settings.parameters import declared_at
from tenure.simulation.values.units import Parser
from tests.folders import without_workers
from tests.markets import LIVELY

At = tuple[str | int, ...]
MARKET: dict[str, Any] = {
    "people": 200,
    "stands_for": 2000,
    "burn_in_months": 0,
    "products": {
        "loan": {"kind": "instalment", "apr": "9.9%", "amount": 7000},
        "card": {"kind": "revolving", "apr": "19%", "line": 3500},
        "savings": {"kind": "deposit", "rate": "1.5%", "balance": 6000},
        "account": {"kind": "fee", "fee_per_year": 30},
    },
    "us": {
        "share": "40%",
        "quality": 0,
        "apr": {"loan": "9%"},
        "rate": {"savings": "1%"},
        "servicing_per_month": {"loan": 1.9, "account": 1.0},
        "acquisition": {"mail": {"budget_per_month": 500}, "radio": {"contacts_per_person_per_month": 0.5}},
        "information": {"noise": 2.0, "believed_noise": 1.0},
        "feedback": {"every_months": 1, "wanted": {"low_risk_high_return": 0.5}},
        "existing_customers": ["open", "other_lines", "settled", "contacted", "browsing"],
        "policy": {"policy": "stage_rules"},
        "guards": {
            "capacity_per_month": {"loyalty_reward": 100},
            "structure": [
                {"quadrant": "low_risk_high_return", "share_of": "customers", "at_least": 0.1, "at_most": 0.9},
                {"quadrant": "high_risk_low_return", "sum_of": "balance", "at_least_eur": 10, "at_most_eur": 1e6},
            ],
        },
    },
    "rivals": {
        "big": {
            "share": "40%",
            "quality": 0,
            "acquisition": {"online": {"contacts_per_person_per_month": 0.4, "precision": 1}},
            "policy": {"policy": "optimal_structure", "epoch_months": 1, "trial_months": 1},
        },
        "small": {"share": "10%", "quality": 0, "policy": {"policy": "price_war"}},
    },
    "guards": {"budget_per_month": 500},
    "rules": LIVELY,
}
"""A market in which everything that can be set is set, and much happens within two months."""
POLICIES = ("do_nothing", "stage_rules", "price_match", "needs_led", "thompson", "roi_knapsack", "optimal_structure")


def numbers_in(value: Any, at: At = ()) -> Iterator[At]:
    """Yield the path of every number below some plain settings."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from numbers_in(below, (*at, key))
    elif isinstance(value, list | tuple):
        for place, below in enumerate(value):
            yield from numbers_in(below, (*at, place))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield at


def numbers() -> dict[At, Parser | None]:
    """Return path -> parser of every number of the market, None where one is not declared."""
    found = numbers_in(
        market_from(MARKET).model_dump(by_alias=True, exclude={"us": {"policy"}, "rivals": {"big": {"policy"}}})
    )
    return {at: None if (one := declared_at(at)) is None else one.parser for at in found}


NUMBERS = numbers()


def written(number: float, parser: Parser) -> int | float | str:
    """Return a number as a user may write it: a share above 1 needs its percent sign."""
    if parser.unit.startswith("share") and abs(number) > 1:
        return f"{100 * number}%"
    return int(number) if parser.whole else float(number)


def market_with(changes: Mapping[At, Any]) -> dict[str, Any]:
    """Return the market as plain data with some numbers changed; a list is written out whole."""
    data = copy.deepcopy(MARKET)
    plain = market_from(MARKET).model_dump(by_alias=True)
    for at, value in changes.items():
        here: Any = data
        default: Any = plain
        for key in at[:-1]:
            default = default[key]
            if isinstance(here, dict) and not isinstance(here.get(key), dict | list):
                here[key] = list(default) if isinstance(default, tuple) else {}
            here = here[key]
        here[at[-1]] = value
    return data


def refused(changes: Mapping[At, Any]) -> str:
    """Return why a market with these numbers is refused; empty if it is accepted."""
    try:
        market_from(market_with(changes))
    except ValidationError as error:
        return str(error)
    return ""


def fault_of(changes: Mapping[At, Any], months: int = 2, policy: str | dict[str, Any] | None = None) -> str:
    """Return what goes wrong in two months of an accepted market; empty if nothing does, not even a warning."""
    data = market_with(changes)
    if policy is not None:
        data["us"]["policy"] = policy
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            model = LifecycleModel(market_from(data), seed=1)
            model.start_recording()
            for _ in range(months):
                model.step()
            table = model.recording()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
    odd = table[~table["value"].astype(float).map(math.isfinite)]
    return "" if odd.empty else f"not finite: {odd.head(3).to_dict('records')}"


def ends(at: At, parser: Parser) -> list[Any]:
    """Return the low end, the high end and 0 where it is in the range."""
    if at == ("people",):
        return [1, 2, 3, 2000]
    between = [0] if parser.low < 0 < parser.high else []
    return [written(one, parser) for one in (parser.low, *between, parser.high)]


def test_every_number_has_a_unit_and_a_range() -> None:
    assert len(NUMBERS) > 300 and ("rules", "credit", "cure", 4) in NUMBERS and ("us", "service") in NUMBERS
    bare = [at for at, parser in NUMBERS.items() if parser is None]
    assert not bare, "numbers without a range"
    assert all(math.isfinite(one.low) and one.low < one.high < math.inf for one in NUMBERS.values() if one)


def test_just_outside_its_range_a_number_is_refused_with_the_range() -> None:
    for at, parser in NUMBERS.items():
        assert parser is not None
        step = 1.0 if parser.whole else 1e-6
        for outside in (parser.low - step * max(1.0, abs(parser.low)), parser.high + step * max(1.0, abs(parser.high))):
            told = refused({at: written(outside, parser)})
            assert "write a" in told or "did you mean" in told or "write log-odds" in told or "write points" in told, at


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("us.service", 100, "100 is above 20. Write a utility from -20 to 20."),
        ("us.quality", 1e6, "1000000 is above 20. Write a utility from -20 to 20."),
        ("us.convenience", 1e13, "10000000000000 is above 20. Write a utility from -20 to 20."),
        ("us.premium_per_risk", 1e9, "1000000000 is above 50. Write points from 0 to 50."),
        ("us.premium_per_risk", -1, "-1 is negative. Write points from 0 to 50."),
        ("us.servicing_per_month.loan", 1e9, "is above 100000. Write an amount a month from 0 to 100000."),
        ("products.card.line", 1e10, "is above 1000000000. Write an amount from 0 to 1000000000."),
        ("world.switching_cost", -1e9, "is negative. Write a utility from 0 to 40."),
        ("world.discount", "-5%", "-5% is negative. Write a rate a year from 0% to 100%."),
        ("traits.groups", 2.5, "2.5 is not whole. Write 2."),
        ("rules.credit.charge_off_at", 4.5, "is not whole. Write 4."),
        ("people", 0, "0 is below 1. Write a whole number from 1 to 10000000 (people)."),
        ("people", "4.500", "4.500 looks like thousands. Write 4500."),
        ("us.acquisition.mail.cost_per_contact", 0.001, "0.01 or more"),
        ("stands_for", 1, "20 or more"),
        ("start", 2027, "Did you mean 2027-01?"),
    ],
)
def test_what_no_market_has_is_refused_in_words(setting: str, value: object, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_experiment("quickstart.yaml", [f"market.{setting}={value}"])
    assert told in str(error.value), str(error.value)
    assert f"--set market.{setting}: " in str(error.value)


@pytest.mark.parametrize("seed", [-1, 2**32, 4294967297, 8589934593, 1.5, "1.000"])
def test_seeds_that_would_share_luck_are_refused(seed: object) -> None:
    with pytest.raises(ConfigError, match=r"--set seed: seed: ") as error:
        load_experiment("quickstart.yaml", [f"seed={seed}"])
    assert "from 0 to 4294967295" in str(error.value) or not isinstance(seed, int)
    assert load_experiment("quickstart.yaml", ["seed=4294967295"]).settings.seed == 4294967295


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 99_999), st.integers(-60, 1200))
def test_two_accepted_seeds_share_no_luck(one: int, other: int, replication: int, month: int) -> None:
    if one != other:
        assert draw4(one, replication, 1, month, 7) != draw4(other, replication, 1, month, 7)


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 0.9))
def test_the_capital_for_a_loan_is_a_share_of_it(pd: float, loss: float, correlation: float) -> None:
    assert 0.0 <= capital_share(pd, loss, OWN_CORRELATION, correlation, Credit()) <= 1.0


def test_sums_that_nobody_can_count_are_refused() -> None:
    rich: dict[At, Any] = {("products", "savings", "balance"): 1e9, ("traits", "income_median"): 1e6}
    assert not refused({("products", "savings", "balance"): 1e9})
    assert "more than can be counted" in refused(rich)


def test_a_market_that_nobody_joins_runs_to_a_table_and_a_report(tmp_path: Path) -> None:
    """The cost of a new customer has no value where there is none: it is left empty."""
    sets = [
        "market.people=100",
        "market.burn_in_months=0",
        "warm_up_months=0",
        "months=2",
        "replications=2",
        "market.us.quality=-20",
        "metrics=[cost_per_new_customer, profit_per_customer]",
    ]
    words = [word for one in sets for word in ("--set", one)]
    with without_workers():
        told = CliRunner().invoke(app, ["run", "quickstart", "-o", str(tmp_path / "out"), "--workers", "1", *words])
    assert told.exit_code == 0, told.output
    assert (tmp_path / "out" / "report.html").is_file() and "nan" not in told.output.lower().split()


def some_extremes(seed: int, count: int) -> dict[At, Any]:
    """Return numbers at ends of their ranges, drawn at random, of which no two contradict each other."""
    luck = random.Random(seed)
    chosen: dict[At, Any] = {}
    for at in luck.sample([one for one in NUMBERS if one != ("people",)], count):
        parser = NUMBERS[at]
        assert parser is not None
        value = luck.choice(ends(at, parser))
        if not refused({**chosen, at: value}):
            chosen[at] = value
    return chosen


@pytest.mark.parametrize("seed", range(6))
def test_extremes_together_fault_no_rule(seed: int) -> None:
    changes = some_extremes(seed, 12)
    assert not fault_of(changes, policy=POLICIES[seed % len(POLICIES)]), changes


@pytest.mark.slow
def test_no_rule_faults_at_either_end_of_any_range() -> None:
    """Alone, each of more than 300 numbers; an end that its neighbours forbid (such as of rising grades) is refused."""
    never = []
    for at, parser in NUMBERS.items():
        assert parser is not None
        accepted = [value for value in ends(at, parser) if not refused({at: value})]
        never += [] if accepted else [at]
        for value in accepted:
            assert not fault_of({at: value}), (at, value)
    others = {"schemes", "products", "us", "rivals"}
    assert len(never) < 40 and {at[0] for at in never} <= others, never


@pytest.mark.slow
@pytest.mark.parametrize("count", [4, 12, 40, 120, len(NUMBERS) - 1])
def test_no_rule_faults_in_any_combination_of_ends(count: int) -> None:
    for seed in range(1000, 1060):
        changes = some_extremes(seed, count)
        assert not fault_of(changes, policy=POLICIES[seed % len(POLICIES)]), (seed, changes)


@pytest.mark.slow
def test_nothing_adds_up_to_a_fault_in_five_years() -> None:
    for seed in range(2000, 2010):
        changes = some_extremes(seed, 100)
        assert not fault_of(changes, months=60), (seed, changes)
