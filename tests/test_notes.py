"""What is told before a run, by `check` and by `run`: no faults, but seldom what was meant; each once, with a mend."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.config.advice.notes import notes, notes_under, reaches
from tenure.experiments.config.advice.rules_apart import gives
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.design.arms import laid_over
from tenure.experiments.shipped import EXAMPLES
from tenure.policies.shelf import SHELF
from tenure.policies.treatments import CROSS_SELL, GENERAL_NAMES
from tenure.simulation.settings.institution import InstitutionSettings
from tests.folders import answer, no_report, no_workers, tenure

__all__ = ["no_report", "no_workers"]

PLAIN = """
question: Does a reward pay?
market: {extends: default, people: 200, burn_in_months: 2}
months: 2
warm_up_months: 1
budget_per_month: 4000
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
  book: quadrant_rules
champion: nothing
replications: 10
"""
numbers = itertools.count()


@pytest.fixture
def told(tmp_path: Path) -> Any:
    """Return the notes of the plain experiment with something else in the place of something."""

    def ask(*changes: tuple[str, str]) -> list[str]:
        text = PLAIN
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / f"{next(numbers)}.yaml"
        path.write_text(text, encoding="utf-8")
        return notes(load_experiment(path))

    return ask


def test_a_usual_experiment_has_no_notes(told: Any) -> None:
    assert told() == []
    assert notes(load_experiment("quickstart")) == []


def only(found: list[str], *parts: str) -> None:
    assert len(found) == 1, found
    for part in parts:
        assert part in found[0], (part, found[0])


@pytest.mark.parametrize(
    "channels", ["{}", "{mail: {budget_per_month: 0, cost_per_contact: 1}, online: {budget_per_month: 0}}"]
)
def test_channels_without_money_are_told_of_us_and_of_rivals(told: Any, channels: str) -> None:
    only(
        told(("people: 200", f"people: 200, us: {{acquisition: {channels}}}")),
        "'us' has no channel with money",
        "nobody is acquired by it",
        "us.acquisition",
    )
    rivals = f"people: 200, rivals: {{fintech: {{acquisition: {channels.split(', online')[0]}"
    closed = rivals + ("}}" if channels == "{}" else "}}}")
    found = told(("people: 200", closed.replace("mail", "online")))
    only(found, "'fintech' has no channel with money", "rivals.fintech.acquisition")


def test_an_arm_that_takes_the_money_from_channels_is_told(told: Any) -> None:
    empty = "loyalty_reward, us: {acquisition: {}}}"
    only(told(("loyalty_reward}", empty)), "'us' has no channel with money in arm 'uniform'")
    found = told(("loyalty_reward}", "loyalty_reward, us: {acquisition_share: 0}}"))
    assert any("no channel with money in arm 'uniform'" in note for note in found)


@given(st.lists(st.tuples(st.sampled_from(["budget", "rate"]), st.sampled_from([0.0, 0.5, 100.0])), max_size=3))
def test_whom_no_channel_serves_reaches_nobody(channels: list[tuple[str, float]]) -> None:
    keys = {"budget": "budget_per_month", "rate": "contacts_per_person_per_month"}
    made = {f"c{number}": {keys[kind]: many} for number, (kind, many) in enumerate(channels)}
    one = InstitutionSettings.model_validate({"share": 0.2, "acquisition": made})
    assert reaches(one) == any(many > 0 for _, many in channels)


def test_a_rival_that_gets_our_budget_by_silence_is_told(told: Any) -> None:
    rival = "people: 200, rivals: {megabank: {policy: propensity_retention"
    only(
        told(("people: 200", rival + "}}")),
        "'megabank' follows propensity_retention",
        "4,000 EUR a month",
        "rivals.megabank.budget_per_month is not written",
        "the experiment's budget_per_month",
    )
    assert told(("people: 200", rival + ", budget_per_month: 500}}")) == []
    assert told(("people: 200", rival.replace("propensity_retention", "do_nothing") + "}}")) == []
    dated = rival.replace("propensity_retention", "{2027-01: static, 2028-01: same_as_us}")
    only(told(("people: 200", dated + "}}")), "'megabank' follows same_as_us", "4,000 EUR a month")
    assert told(("people: 200", rival.replace("propensity_retention", "segmenter") + "}}")) == []
    war = told(
        ("people: 200", rival.replace("propensity_retention", "price_war") + "}}"), ("budget_per_month: 4000", "")
    )
    assert any("the market's guards.budget_per_month" in note and "nothing on lower prices" in note for note in war)


def test_all_that_a_rival_follows_without_money_of_its_own_is_told(told: Any) -> None:
    rival = "people: 200, rivals: {megabank: {policy: {2027-01: uniform, 2027-04: static, 2027-07: price_war}"
    only(
        told(("people: 200", rival + "}}")),
        "'megabank' follows uniform and later price_war",
        "4,000 EUR a month on treatments and lower prices",
    )
    later = rival + ", budget_per_month: {2027-01: 10, 2027-07: 20}}}"
    assert told(("people: 200", later)) == []


@pytest.mark.parametrize(("until", "tells"), [("2027-02", False), ("2027-03", True), ("end", False)])
def test_an_era_that_outlives_the_run_is_told(tmp_path: Path, until: str, tells: bool) -> None:
    path = tmp_path / "era.yaml"
    era = f"eras: [{{title: Easy, from: 2027-01, until: {until}, world: {{switching_cost: 1}}}}]\n"
    path.write_text(PLAIN + era, encoding="utf-8")
    found = notes_under({"": load_experiment(path)})
    if tells:
        only(found, "the era 'Easy' is to hold until 2027-03, but the run ends in 2027-02")
    else:
        assert found == []


def test_the_rival_is_told_in_the_market_s_currency(told: Any) -> None:
    found = told(("people: 200", "people: 200, currency: GBP, rivals: {megabank: {policy: uniform}}"))
    only(found, "4,000 GBP a month")


RULE = "us: {guards: {rules: {mine: {forbids: [marketing], when: 'deposits == 0', source: me}}}}"
LIMIT = "us: {guards: {structure: [{quadrant: low_risk_low_return, share_of: customers, at_least: 10%}]}}"


@pytest.mark.parametrize(("own", "words"), [(RULE, "the rule 'mine'"), (LIMIT, "the limit of structure 'floor of")])
def test_a_rule_that_one_arm_alone_has_is_told(told: Any, own: str, words: str) -> None:
    only(
        told(("loyalty_reward}", f"loyalty_reward, {own}}}")),
        f"arm 'uniform' is held to {words}",
        "arm 'book' is not",
        "Write it under 'guards'",
    )
    champion = told(("loyalty_reward}", f"loyalty_reward, {own}}}"), ("champion: nothing", "champion: uniform"))
    assert any("arm 'uniform', the champion, is held to" in note for note in champion)
    both = told(
        ("loyalty_reward}", f"loyalty_reward, {own}}}"), ("quadrant_rules", f"{{policy: quadrant_rules, {own}}}")
    )
    assert both == []  # every arm that does anything has it
    assert told(("nothing: do_nothing", f"nothing: {{policy: do_nothing, {own}}}")) == []  # it has nothing to refuse


def test_a_rule_that_one_arm_switched_off_is_told_of_the_others(told: Any) -> None:
    off = "loyalty_reward, us: {guards: {rules: {hardship: off}}}}"
    only(told(("loyalty_reward}", off)), "arm 'book' is held to the rule 'hardship'", "arm 'uniform' is not")


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("budget_per_month: 7000", "budget_per_month (EUR) is not the same in all arms"),
        ("guards: {price_ceiling: 20%}", "price_ceiling is not the same"),
        ("guards: {capacity_per_month: {all: 9}}", "capacity_per_month of all is not the same"),
    ],
)
def test_numbers_that_are_not_the_same_in_all_arms_are_told(told: Any, own: str, words: str) -> None:
    only(told(("loyalty_reward}", f"loyalty_reward, us: {{{own}}}}}")), words, "in arm 'uniform'", "in arm 'book'")


def test_a_budget_of_nothing_is_told(told: Any) -> None:
    only(told(("budget_per_month: 4000", "budget_per_month: 0")), "budget_per_month is 0: everything")
    found = told(("loyalty_reward}", "loyalty_reward, us: {budget_per_month: 0}}"))
    assert any("budget_per_month is 0 in arm 'uniform'" in note for note in found)


def test_a_treatment_that_the_champion_alone_gives_is_told(told: Any) -> None:
    table = (
        "{policy: rules, rules: [{when: months_past_due > 1, do: stop_lending}, {when: otherwise, do: loyalty_reward}]}"
    )
    change = ("nothing: do_nothing", f"nothing: {table}")
    rule = "the rule 'months_past_due > 1: stop_lending' that 'nothing' has: part of every difference"
    only(told(change), "2 of 3 arms ('uniform' and 'book') lack " + rule)
    only(told(change, ("book: quadrant_rules", f"book: {table}")), "the arm 'uniform' lacks " + rule)
    assert told(change, ("champion: nothing", "champion: uniform")) == []
    only(
        told(("nothing: do_nothing", "nothing: {policy: uniform, treatment: price_cut}")),
        "'nothing', the champion, alone",
    )


def test_what_policies_may_give_is_read_from_their_settings() -> None:
    def may(policy: str, **more: Any) -> frozenset[str] | None:
        return gives(policy, more)

    assert may("do_nothing") == may("price_war") == may("price_match") == frozenset()
    assert may("uniform", treatment="price_cut") == {"price_cut"}
    assert may("random_trial", treatments=["none", "needs_review"]) == {"needs_review"}
    assert may("a_policy_of_ones_own") is None
    known = {*GENERAL_NAMES, CROSS_SELL}
    assert may("imitator") is None  # whatever others do
    for name in SHELF:
        if name not in ("rules", "imitator"):
            found = may(name)
            assert found is not None and found <= known, name


def test_few_replications_and_a_single_arm_are_told(told: Any) -> None:
    only(told(("replications: 10", "replications: 3")), "3 replications give rough intervals")
    only(told(("replications: 10", "replications: 1")), "one replication gives no intervals")
    alone = told(("  uniform: {policy: uniform, treatment: loyalty_reward}\n  book: quadrant_rules\n", ""))
    only(alone, "there is one arm only")


def test_every_shipped_example_has_each_note_once() -> None:
    for path in sorted(EXAMPLES.glob("*.yaml")):
        found = notes_under({"": load_experiment(path)})
        assert len(set(found)) == len(found)
        assert notes_under({"a": load_experiment(path), "b": load_experiment(path)}) == found


@pytest.mark.usefixtures("no_workers", "no_report")
def test_check_and_run_tell_the_same_and_run_tells_it_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    text = PLAIN.replace("people: 200", "people: 200, us: {acquisition: {}}").replace(
        "replications: 10", "replications: 2"
    )
    path.write_text(text + "scenarios: {base: {}, late: {from: 1, world: {macro_mean: 1}}}\n", encoding="utf-8")
    wanted = answer("check", path)["items"][0]["notes"]
    assert len(wanted) == 2 and "no channel with money" in wanted[0]
    code, said = tenure("run", path, "-o", tmp_path / "out")
    assert code == 0, said
    assert max(map(len, said.splitlines())) <= 110 + len(str(tmp_path))
    for note in wanted:
        assert " ".join(said.split()).count(f"note: {note}") == 1
    assert answer("run", path, "-o", tmp_path / "out")["notes"] == wanted


plain = st.recursive(st.integers(0, 9), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6)
sections = st.dictionaries(st.sampled_from("abc"), plain)


@settings(max_examples=200)
@given(sections, sections)
def test_what_is_not_written_is_inherited_and_what_is_empty_empties(base: dict[str, Any], over: dict[str, Any]) -> None:
    both = laid_over(base, over)
    assert set(both) == {*base, *over}
    for key in both:
        if key not in over:
            assert both[key] == base[key]
        elif not isinstance(over[key], dict) or not over[key] or not isinstance(base.get(key), dict):
            assert both[key] == over[key]
        else:
            assert both[key] == laid_over(base[key], over[key])
