"""No guard is broken, whatever is planned: adversarial plans in generated markets, judged by rules written twice.

Markets come from a seeded NumPy generator (`tests.guard_worlds.world`), so that a number names a market for good.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
import pytest

import tenure.simulation.institutions.institution
from tenure.policies.guard.guard import Allowed, Guards, guard
from tenure.policies.plan import Plan
from tenure.policies.view import InstitutionView
from tests.guard_law import LAW
from tests.guard_worlds import OWN_RULES, judged, world

ALWAYS = ("not_eligible", "price_ceiling", "contacts", "already_treated", "capacity", "budget")
EVERY_RULE = {*ALWAYS, *LAW, *OWN_RULES, "limit 0", "limit 1", "limit 2"}
Let = Callable[[Guards], Guards]


def never_broken(worlds: list[tuple[int, int, int, float]]) -> Counter[str]:
    """Judge markets (number, people, months, proposals for each customer); return what was done in all."""
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(worlds))) as pool:
        verdicts = list(pool.map(judged, *zip(*worlds, strict=True)))
    refused, done = Counter[str](), Counter[str]()
    for (number, *_), (broken, by_rule, what) in zip(worlds, verdicts, strict=True):
        assert broken == [], f"market {number}"
        refused.update(by_rule)
        done.update(what)
    assert {rule for rule, count in refused.items() if count > 0} == EVERY_RULE, (
        "a rule that refused nothing is not tried"
    )
    assert done["proposals"] == done["contacts"] + sum(refused.values())
    print(dict(done), dict(refused.most_common()))
    return done


def test_no_guard_is_broken_and_every_refusal_has_its_rule() -> None:
    quiet = [(number, 1500, 8, 0.5) for number in range(20)]
    pressing = [(number, 400, 8, 4.0) for number in range(20, 24)]
    done = never_broken([*quiet, *pressing])
    assert done["person-months"] > 240_000 and done["contacts"] > 5_000


@pytest.mark.slow
def test_no_guard_is_broken_in_a_hundred_million_person_months() -> None:
    quiet = [(number, 150_000, 15, 0.25) for number in range(48)]
    pressing = [(number, 20_000, 24, 4.0) for number in range(48, 56)]
    done = never_broken([*quiet, *pressing])
    assert done["person-months"] > 100_000_000 and done["contacts"] > 1_000_000


# The judge itself ---------------------------------------------------------------------------------------------------


def open_to_all(config: dict[str, Any]) -> None:
    """Let the rule under test be what refuses: money, contacts and other limits are plenty."""
    config["traits"]["risk_mean"] = -3.0
    config["products"]["card"]["line"] = 14_000
    config["guards"] = {"budget_per_month": 1e9, "contacts_at_most": 2, "contacts_in_months": 3}
    dated = {name: {**rule, "source": "by hand"} for name, rule in OWN_RULES.items()}
    config["us"]["guards"] = {
        "price_ceiling": "24.9%",
        "rules": {**dict.fromkeys(LAW, "on"), **dated},
        "structure": [
            {"name": "limit 0", "where": "otherwise", "share_of": "customers", "at_least": 0.99},
            {"name": "limit 1", "where": "deposits == 0", "share_of": "balance", "at_most": 0.01},
        ],
    }


def short_of(budget: float, capacity: dict[str, int]) -> Callable[[dict[str, Any]], None]:
    """Return a change after which money or capacity is short."""

    def change(config: dict[str, Any]) -> None:
        open_to_all(config)
        config["us"]["guards"]["capacity_per_month"] = capacity
        config["guards"]["budget_per_month"] = budget

    return change


LEAKS: dict[str, Let] = {
    **{
        name: lambda rules, name=name: rules._replace(rules=tuple(one for one in rules.rules if one.name != name))
        for name in (*LAW, *OWN_RULES)
    },
    **{
        name: lambda rules, name=name: rules._replace(structure=tuple(x for x in rules.structure if x.name != name))
        for name in ("limit 0", "limit 1")
    },
    "price_ceiling": lambda rules: rules._replace(price_ceiling=1e6),
    "contacts": lambda rules: rules._replace(contacts_at_most=32),
    "capacity": lambda rules: rules._replace(capacity_per_month={}),
}
"""Rule -> a guard's rules without it."""


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], list[str]]]:
    """Return a way to live two markets under another guard than ours, and to hear what the judge says."""

    def live(other: Any, change: Callable[[dict[str, Any]], None] = open_to_all) -> list[str]:
        monkeypatch.setattr(tenure.simulation.institutions.institution, "guard", other)
        return [text for number in (4, 7) for text in judged(number, 1500, 6, 3.0, change)[0]]

    yield live


def test_the_judge_has_nothing_to_say_of_the_guard_in_these_markets(replace: Any) -> None:
    assert replace(guard) == []
    assert replace(guard, short_of(1e9, {"all": 5})) == replace(guard, short_of(2000.0, {})) == []


@pytest.mark.parametrize("rule", LEAKS)
def test_a_guard_that_lets_one_rule_through_is_found_out(rule: str, replace: Any) -> None:
    def leaky(plan: Plan, view: InstitutionView, treatments: Any, rules: Guards, *rest: Any) -> Allowed:
        return guard(plan, view, treatments, LEAKS[rule](rules), *rest)

    broken = replace(leaky, short_of(1e9, {"all": 5}) if rule == "capacity" else open_to_all)
    assert any(text.startswith(f"{rule}:") for text in broken)


def test_a_guard_that_spends_what_it_has_not_is_found_out(replace: Any) -> None:
    def rich(plan: Plan, view: InstitutionView, treatments: Any, rules: Guards, budget: float, *rest: Any) -> Allowed:
        return guard(plan, view, treatments, rules, 3.0 * budget, *rest)

    broken = replace(rich, short_of(2000.0, {}))
    assert any("cents are set aside" in text for text in broken) and any("of a purse of" in text for text in broken)


def test_a_guard_that_treats_whom_it_may_not_is_found_out(replace: Any) -> None:
    def careless(plan: Plan, view: InstitutionView, treatments: Any, *rest: Any) -> Allowed:
        return guard(
            plan, view, [one.__class__(**{**one.__dict__, "eligible": "otherwise"}) for one in treatments], *rest
        )

    assert any(text.startswith("not_eligible:") for text in replace(careless))


def test_a_guard_that_treats_somebody_twice_is_found_out(replace: Any) -> None:
    def twice(*given: Any) -> Allowed:
        allowed = guard(*given)
        again = np.repeat(np.arange(len(allowed.served)), 2)
        return allowed._replace(contacts=allowed.contacts[again], served=allowed.served[again])

    assert any(text.startswith("already_treated:") for text in replace(twice))


@pytest.mark.parametrize("fault", ["refuses one too many", "names another rule", "serves another"])
def test_a_guard_that_is_unjust_is_found_out(fault: str, replace: Any) -> None:
    def unjust(*given: Any) -> Allowed:
        allowed = guard(*given)
        if fault == "refuses one too many":
            return allowed._replace(contacts=allowed.contacts[:-1], served=allowed.served[:-1])
        if fault == "names another rule":
            other = {"contacts": "hardship", "hardship": "contacts"}
            return allowed._replace(refused={other.get(rule, rule): by for rule, by in allowed.refused.items()})
        return allowed._replace(served=allowed.served[::-1])

    assert any(text.startswith(("unjust:", "count:")) for text in replace(unjust))


def test_a_market_s_number_names_it_for_good() -> None:
    assert world(5, 100) == world(5, 100) != world(6, 100)
