"""Numbers of treatments and of policies: whatever end of their ranges is accepted, no rule faults."""

import random
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from tenure.policies.policy import SettingsError, settings_of
from tenure.policies.shelf import SHELF, make_policy
from tenure.policies.treatments import GENERAL_NAMES, NUMBERS, WHOLE
from tests.test_numbers import fault_of, refused

TREATMENTS = (*GENERAL_NAMES[1:], "cross_sell_loan", "cross_sell_card")
SOME = (0, 1, 2, 12, 1000, 10**6, 10**9, -1, 0.5, 1e-9)
"""Numbers to try as settings of policies, most of which a policy refuses."""


def given_to_all(treatment: str, numbers: dict[str, Any], months: int = 2) -> str:
    """Return what goes wrong if everybody gets a treatment with these numbers, for any money; empty if nothing does."""
    changes: dict[tuple[str | int, ...], Any] = {
        ("treatments",): {treatment: numbers},
        ("guards", "budget_per_month"): 1e12,
        ("guards", "contacts_at_most"): 32,
        ("guards", "contacts_in_months"): 1,
        ("us", "guards"): {},
    }
    assert not refused(changes)
    return fault_of(changes, months, {"policy": "uniform", "treatment": treatment})


def end_of(name: str, luck: random.Random) -> float:
    """Return one end of the range of a treatment's number."""
    end = luck.choice([NUMBERS[name].low, NUMBERS[name].high])
    return int(end) if name in WHOLE else end


def settings_to_try() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every policy of the shelf with each of its numbers and switches set, as far as it accepts them."""
    for name, policy in SHELF.items():
        for setting, (kind, _) in settings_of(policy).items():
            kinds = {*(get_args(kind) or (kind,))}
            values = (True, False) if bool in kinds else SOME if float in kinds else SOME[:8] if int in kinds else ()
            for value in values:
                try:
                    make_policy(name, {setting: value})
                except SettingsError:
                    continue
                yield name, {setting: value}


@pytest.mark.parametrize("seed", range(4))
def test_extreme_numbers_of_a_treatment_fault_no_rule(seed: int) -> None:
    luck = random.Random(seed)
    treatment, names = luck.choice(TREATMENTS), luck.sample(sorted(NUMBERS), 8)
    numbers = {name: end_of(name, luck) for name in names}
    assert not given_to_all(treatment, numbers), (treatment, numbers)


@pytest.mark.slow
def test_no_numbers_of_a_treatment_fault_a_rule_alone_or_together() -> None:
    for place, name in enumerate(NUMBERS):
        for end in (NUMBERS[name].low, NUMBERS[name].high):
            number = {name: int(end) if name in WHOLE else end}
            assert not given_to_all(TREATMENTS[place % len(TREATMENTS)], number), number
    for seed in range(100, 160):
        luck = random.Random(seed)
        treatment, names = luck.choice(TREATMENTS), luck.sample(sorted(NUMBERS), luck.choice([3, 10, len(NUMBERS)]))
        numbers = {name: end_of(name, luck) for name in names}
        assert not given_to_all(treatment, numbers, months=12), (treatment, numbers)


@pytest.mark.slow
def test_no_number_that_a_policy_accepts_faults_a_rule() -> None:
    tried = list(settings_to_try())
    assert len(tried) > 150
    for name, setting in tried:
        assert not fault_of({}, 4, {"policy": name, **setting}), (name, setting)
