"""Configs: what is read, what is refused and where, and what `--set` and `extends` do."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.experiments.analysis.metrics import STANDARD_METRICS
from tenure.experiments.commands.checking import check_file
from tenure.experiments.config.experiment import (
    Experiment,
    find_config,
    load_experiment,
    load_recorded,
    resolved,
)
from tenure.experiments.config.reading import ConfigError
from tenure.experiments.shipped import MARKETS

FAULTY = sorted((Path(__file__).parent / "faulty").glob("*.yaml"))
SMALL = """
question: Does a reward pay?
market: {extends: default, people: 300}
months: 6
budget_per_month: 100
arms:
  nothing: do_nothing
  uniform: {policy: uniform, treatment: loyalty_reward}
champion: nothing
"""


def written(folder: Path, text: str, name: str = "small.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def expectations(path: Path) -> list[tuple[str, str]]:
    """Place and phrase of every `# expect:` line at the top of a faulty file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]
    return [(one.partition(" ")[0], one.partition(" ")[2]) for one in expected]


def test_the_corpus_is_large_enough() -> None:
    assert len(FAULTY) >= 40


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_every_fault_has_its_place_and_a_mend(path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_experiment(path)
    told = [str(problem) for problem in refused.value.problems]
    for place, phrase in expectations(path):
        assert any(f"{path}:{place}: " in line and phrase.lower() in line.lower() for line in told), told
    assert all(len(problem.mend) > 3 for problem in refused.value.problems)
    assert all(Path(problem.path).is_file() and problem.line >= 1 for problem in refused.value.problems)


def test_one_fault_hides_no_other() -> None:
    path = next(one for one in FAULTY if one.stem == "all_at_once")
    with pytest.raises(ConfigError) as refused:
        load_experiment(path)
    assert [f"{one.line}:{one.column}" for one in refused.value.problems] == [at for at, _ in expectations(path)]


def test_a_missing_file_is_named_with_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path, SMALL, "retention.yaml")
    with pytest.raises(ConfigError, match=r"no such file.*Did you mean 'retention.yaml'"):
        load_experiment(tmp_path / "retenton.yaml")


def test_defaults_make_it_short() -> None:
    one = load_experiment("quickstart.yaml")
    assert (one.settings.seed, one.settings.warm_up_months, one.settings.metrics.names) == (1, 24, STANDARD_METRICS)
    assert one.name == "quickstart" and list(one.arms) == ["nothing", "uniform", "book", "match"]
    lines = find_config("quickstart.yaml")[0].read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip() and not line.startswith("#")]) <= 15


def test_the_budget_holds_for_everybody_and_we_start_as_the_champion(tmp_path: Path) -> None:
    one = load_experiment(written(tmp_path, SMALL + "guards: {contacts: {at_most: 1, in_months: 6}}\n"))
    guards = one.market.guards
    assert (guards.budget_per_month, guards.contacts_at_most, guards.contacts_in_months) == (100.0, 1, 6)
    assert one.market.us.policy.policy == "do_nothing"


def test_a_file_beside_the_experiment_is_a_market(tmp_path: Path) -> None:
    text = (MARKETS / "default.market.yaml").read_text(encoding="utf-8").replace("people: 20000", "people: 77")
    written(tmp_path, text, "north.market.yaml")
    for name in ("north", "north.market.yaml"):
        changed = SMALL.replace("{extends: default, people: 300}", name)
        assert load_experiment(written(tmp_path, changed)).market.people == 77


def test_an_extended_experiment_keeps_what_is_not_overridden(tmp_path: Path) -> None:
    written(tmp_path, SMALL, "base.yaml")
    child = written(tmp_path, "extends: base.yaml\nmonths: 9\nmarket: {people: 400}\n", "child.yaml")
    one = load_experiment(child)
    assert (one.settings.months, one.market.people, one.settings.budget_per_month) == (9, 400, 100.0)


def test_the_market_of_an_extended_experiment_stays(tmp_path: Path) -> None:
    text = (MARKETS / "default.market.yaml").read_text(encoding="utf-8").replace("people: 20000", "people: 77")
    written(tmp_path, text, "north.market.yaml")
    written(tmp_path, SMALL.replace("{extends: default, people: 300}", "north"), "base.yaml")
    one = load_experiment(written(tmp_path, "extends: base.yaml\nmarket: {currency: GBP}\n", "child.yaml"))
    assert (one.market.people, one.market.currency) == (77, "GBP")


def test_set_reaches_the_market_even_where_it_is_a_name() -> None:
    one = load_experiment("quickstart.yaml", ["market.people=2000", "months=12", "arms.uniform.amount=10"])
    assert (one.market.people, one.settings.months) == (2000, 12)
    assert one.arms["uniform"].settings["amount"] == 10


def test_set_is_named_as_the_place_of_its_faults() -> None:
    with pytest.raises(ConfigError, match=r"--set market.people.*negative"):
        load_experiment("quickstart.yaml", ["market.people=-2"])


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 40).map(lambda n: n / 10))
def test_a_multiplier_multiplies_the_markets_own_value(factor: float) -> None:
    plain = load_experiment("quickstart.yaml").market
    name = "market.world.macro_sd"
    changed = load_experiment("quickstart.yaml", [f"{name}=x{factor}", f"market.rules.choice.noise=x{factor}"]).market
    assert changed.world.macro_sd == plain.world.macro_sd * factor
    assert changed.rules.choice.noise == plain.rules.choice.noise * factor  # type: ignore[attr-defined]  # class made from declarations


def test_a_multiplier_of_one_changes_nothing() -> None:
    names = ["people", "us.share", "products.card.apr", "rules.choice.search"]
    changed = load_experiment("quickstart.yaml", [f"market.{name}=x1" for name in names])
    assert changed.market == load_experiment("quickstart.yaml").market


def test_every_value_says_where_it_came_from(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    rows = {name: (value, origin) for name, value, origin in resolved(load_experiment(path, ["seed=5"]))}
    assert rows["seed"] == (5, "--set seed")
    assert rows["months"] == (6, f"{path}:4")
    assert rows["market.people"] == (300, f"{path}:3")
    assert rows["market.guards.budget_per_month"] == (100.0, f"{path}:5")
    assert rows["market.us.share"][1].startswith(str(MARKETS / "default.market.yaml"))
    assert rows["warm_up_months"] == (24, "default")


def test_a_policy_file_is_read_and_its_faults_are_told(tmp_path: Path) -> None:
    plugin = tmp_path / "mine.py"
    plugin.write_text(
        "from dataclasses import dataclass\nfrom tenure.policies.plan import Treatments\n\n\n@dataclass(frozen=True)\n"
        "class Mine:\n    name = 'mine'\n    reward: float = 3.0\n\n    def decide(self, view):\n"
        "        return Treatments.none()\n"
    )
    text = SMALL.replace("do_nothing", "{policy: mine, reward: 4}")
    assert load_experiment(written(tmp_path, text), plugins=[plugin]).arms["nothing"].settings == {"reward": 4}
    with pytest.raises(ConfigError, match="no policy is called 'mine'"):
        load_experiment(written(tmp_path, text))
    plugin = tmp_path / "broken.py"
    plugin.write_text("def f(:\n")
    with pytest.raises(ConfigError, match=r"broken.py:1:"):
        load_experiment(written(tmp_path, text), plugins=[plugin])


def refused(folder: Path, text: str, *sets: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_experiment(written(folder, text), sets)
    return [str(one).removeprefix(f"{folder / 'small.yaml'}:") for one in error.value.problems]


@pytest.mark.parametrize("arm", ["हिन्दी", "العربية", "می\u200cخواهم", "Tiếng Việt", "中文", "v1.2 b", "e\u0301"])
def test_an_arm_and_a_scenario_have_a_name_in_any_script(tmp_path: Path, arm: str) -> None:
    text = (
        SMALL.replace("nothing:", f'"{arm}":').replace(": nothing", f': "{arm}"')
        + f'scenarios: {{"{arm}": {{}}, other: crisis}}\n'
    )
    name = unicodedata.normalize("NFC", arm)
    for written_as in (text, unicodedata.normalize("NFD", text)):
        one = load_experiment(written(tmp_path, written_as))
        assert (next(iter(one.arms)), one.settings.champion) == (name, name)
        assert [(it.name, it.market.world.macro_mean) for it in one.scenarios] == [(name, 0.0), ("other", 1.8)]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_set_finds_a_name_however_it_is_written(tmp_path: Path, form: str) -> None:
    text = unicodedata.normalize("NFD", SMALL.replace("uniform:", "été:"))
    sets = [unicodedata.normalize(form, one) for one in ("arms.été.amount=10", "champion=été")]
    one = load_experiment(written(tmp_path, text), sets)
    assert one.arms["été"].settings["amount"] == 10 and one.settings.champion == "été"


def test_bad_names_of_arms_come_all_at_once(tmp_path: Path) -> None:
    text = SMALL.replace(
        "  nothing: do_nothing\n", '  nothing: do_nothing\n  " ": do_nothing\n  "a\\u202eb": do_nothing\n'
    )
    first, second = refused(tmp_path, text)
    assert first.startswith("8:3: ' ' cannot name an arm: it begins with ' '")
    assert second.startswith(r"9:3: 'a\u202eb' cannot name an arm: it holds U+202E RIGHT-TO-LEFT OVERRIDE. Use letters")


@pytest.mark.parametrize(("first", "second"), [("book", "BOOK"), ("Straße", "STRASSE"), ("ﬁne", "fine")])
def test_names_that_differ_by_case_only_are_one(tmp_path: Path, first: str, second: str) -> None:
    arms = f"  {first}: do_nothing\n  {second}: do_nothing\n"
    told = refused(tmp_path, SMALL.replace("  nothing:", f"{arms}  nothing:"))
    at = f"{tmp_path / 'small.yaml'}:7:3"
    assert told == [f"8:3: '{second}' is the same name as '{first}' at {at}. Call one of them something else."]
    told = refused(tmp_path, SMALL + f"scenarios:\n  {first}: {{}}\n  {second}: {{}}\n")
    assert len(told) == 1 and told[0].startswith(f"12:3: '{second}' is the same name as '{first}' at ")


def test_a_name_written_in_two_ways_is_a_key_given_twice(tmp_path: Path) -> None:
    told = refused(tmp_path, SMALL.replace("  nothing:", "  é: do_nothing\n  e\u0301: do_nothing\n  nothing:"))
    assert told == ["8:3: the key 'é' is given twice, first at line 7, column 3. Keep one."]


@pytest.mark.parametrize("key", ["extends", "market", "market.extends"])
def test_a_name_too_long_for_a_file_is_told_shortened(tmp_path: Path, key: str) -> None:
    long = "x" * 5000
    text = {
        "extends": f"extends: {long}\n{SMALL[1:]}",
        "market": SMALL.replace("{extends: default, people: 300}", long),
        "market.extends": SMALL.replace("default", long),
    }[key]
    for told in (refused(tmp_path, text), refused(tmp_path, SMALL, f"market.extends={long}")):
        assert len(told) == 1 and "the name of the file is too long: 'xxx" in told[0]
        assert len(told[0]) < 300 and (told[0][0].isdecimal() or told[0].startswith("--set"))


def test_a_config_of_an_impossible_name_is_told_in_words() -> None:
    for name in ("x" * 5000, "a\0b", "\x1b[2J", "/".join(["x" * 200] * 30)):
        with pytest.raises(ConfigError) as error:
            load_experiment(name)
        assert str(error.value).isprintable() and len(str(error.value)) < 400


OWN = "extends: default.market.yaml\npeople: 77\nus: {name: Northbank, share: 12%}\n"


@pytest.mark.parametrize("key", ["market.extends", "market"])
def test_another_market_lies_below_what_the_experiment_writes(tmp_path: Path, key: str) -> None:
    text = SMALL.replace("people: 300", "people: 300, us: {name: Ours}, rules: {choice: {search: x2}}")
    path = written(tmp_path, text)
    plain, other = load_experiment(path), load_experiment(path, [f"{key}=online_lender"])
    assert (other.market.people, other.market.our_name) == (300, "Ours")
    assert list(plain.market.products) != list(other.market.products) == ["cash_loan", "credit_line"]
    assert (plain.remarks, other.remarks) == ((), ())


def test_a_market_of_ones_own_that_is_given_up_is_told(tmp_path: Path) -> None:
    written(tmp_path, OWN, "north.market.yaml")
    path = written(tmp_path, SMALL.replace("{extends: default, people: 300}", "{extends: north, burn_in_months: 5}"))
    own, other = load_experiment(path), load_experiment(path, ["market.extends=online_lender"])
    assert (own.market.people, own.market.our_name, own.remarks) == (77, "Northbank", ())
    assert (other.market.people, other.market.our_name, other.market.burn_in_months) == (20000, "us", 5)
    assert len(other.remarks) == 1 and "online_lender instead of north.market.yaml" in other.remarks[0]
    assert load_experiment(path, ["market.extends=north.market.yaml"]).remarks == ()


def test_a_folder_of_results_keeps_its_market() -> None:
    one = load_experiment("quickstart.yaml")

    def again(*sets: str) -> Experiment:
        return load_recorded(one.written, Path("experiment.json"), sets, [], [], one.path, sets, True)

    with pytest.raises(ConfigError, match="recorded as a whole"):
        again("market.extends=online_lender")
    assert again("months=3").market == one.market and again("months=3").settings.months == 3


def test_who_changes_nothing_is_static(tmp_path: Path) -> None:
    text = SMALL.replace("people: 300", "people: 300, rivals: {megabank: {policy: static}}")
    one = load_experiment(written(tmp_path, text.replace("do_nothing", "{policy: static}")))
    plain = load_experiment(written(tmp_path, SMALL))
    assert one.arms == plain.arms and one.market == plain.market


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ("rivals: {megabank: {policy: pricewar}}", "3:29: policy: no policy is called 'pricewar'. Did you mean"),
        ("us: {policy: {policy: uniform, treatment: gift}}", "this market has no treatment 'gift'"),
        ("us: {policy: {policy: rules, rules: [{when: holds_boat == yes, do: end}]}}", "no product 'boat'"),
        ("us: {guards: {structure: [{quadrant: low_risk_low_return, share_of: boats, at_least: 1%}]}}", "'boats' is"),
        ("us: {service: 100}", "3:15: us.service: 100 is above 20"),
        ("rivals: {megabank: {policy: static}}", ""),
    ],
)
def test_a_market_is_checked_for_all_that_an_experiment_would(tmp_path: Path, changes: str, words: str) -> None:
    path = written(tmp_path, f"extends: default.market.yaml\npeople: 300\n{changes}\n", "own.market.yaml")
    checked = check_file(str(path), [], [], 1)
    assert checked.faulty == bool(words)
    problems = [f"{one['line']}:{one['column']}: {one['message']}. {one['mend']}" for one in checked.data["problems"]]
    assert len(problems) == bool(words) and all(words in one for one in problems), problems
    found = refused(tmp_path, SMALL.replace("{extends: default, people: 300}", "own")) if words else []
    assert len(found) == bool(words) and all(words in one for one in found)
