"""Eras: the same as numbers with dates by hand, in any order, for their months alone; and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.experiments.config.documents import ConfigError
from tenure.experiments.config.experiment import Experiment, load_experiment
from tenure.experiments.design.eras.texts import shipped_eras
from tenure.experiments.design.planning import plan_tasks
from tenure.simulation.settings.market import market_from
from tenure.simulation.values.calendar import calendar_month
from tests.folders import tenure
from tests.markets import small_market
from tests.scenarios import SMALL

START = "2027-01"
LONG = SMALL.replace("months: 3\n", "months: 48\n", 1)
LINES = len(LONG.splitlines()) + 2
"""Line of the first era."""


OK = "{title: War, from: 12, until: 23, world: {switching_cost: 1}}"


def loaded(folder: Path, eras: list[str], *sets: str, extra: str = "") -> Experiment:
    text = LONG + "eras:\n" + "".join(f"  - {one}\n" for one in eras) if eras else LONG
    (folder / "small.yaml").write_text(text + extra, encoding="utf-8")
    return load_experiment(folder / "small.yaml", sets)


def refused(folder: Path, *eras: str, sets: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(folder, [*eras], *sets)
    return [str(one).removeprefix(f"{folder / 'small.yaml'}:") for one in error.value.problems]


def names(experiment: Experiment, folder: Path) -> list[str]:
    return [one.name for one in plan_tasks(experiment, folder).runs]


def date(month: int) -> str:
    return calendar_month(START, month)


spans = st.lists(st.integers(0, 47), min_size=4, max_size=4, unique=True).map(sorted)
"""First and last months of two eras, one after the other."""


# What an era is


@given(spans, st.sampled_from(["x0.5", "2.25", "0"]), st.sampled_from(["x2", "1", "{2028-01: 4, 2026-01: 3.5}"]))
@settings(max_examples=20, deadline=None)
def test_eras_are_numbers_with_dates_written_by_hand(
    tmp_path_factory: pytest.TempPathFactory, months: list[int], first: str, second: str
) -> None:
    folder = tmp_path_factory.mktemp("eras")
    a, b, c, d = months
    by_hand = {"x0.5": "1.5", "2.25": "2.25", "0": "0", "x2": "6", "1": "1"}
    if second.startswith("{"):
        held = [(c, "3.5"), (max(c, 12), "4")] if c <= 12 <= d else [(c, "3.5" if d < 12 else "4")]
    else:
        held = [(c, by_hand[second])]
    steps = {-1 if a == 0 else 0: "3", a: by_hand[first], b + 1: "3"} | dict(held) | {d + 1: "3"}
    policies = {-1 if a == 0 else 0: "static", a: "{policy: price_war, undercut_points: 1}", b + 1: "static"}
    war = "rivals: {megabank: {policy: {policy: price_war, undercut_points: 1}}}"
    eras = [
        f"{{title: A, from: {date(a)}, until: {date(b)}, world: {{switching_cost: {first}}}, {war}}}",
        f"{{title: B, from: {c}, until: {d}, world: {{switching_cost: {second}}}}}",
    ]
    as_eras = loaded(folder, eras)
    hand = loaded(
        folder,
        [],
        f"market.world.switching_cost={{{', '.join(f'{date(m)}: {v}' for m, v in steps.items())}}}",
        f"market.rivals.megabank.policy={{{', '.join(f'{date(m)}: {v}' for m, v in policies.items())}}}",
    )
    for month in (-80, -1, *range(49)):
        assert as_eras.market.at(month) == hand.market.at(month)
    kept = first != "x1" and all(one.changes for one in as_eras.eras)
    if kept and not second.startswith("{"):
        assert names(as_eras, folder) == names(hand, folder)


@given(spans, st.permutations(range(3)))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_list_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, months: list[int], order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("order")
    a, b, c, _ = months
    eras = [
        f"{{title: A, from: {a}, world: {{switching_cost: 2}}, preset: price_war}}",
        f"{{title: B, from: {b}, world: {{switching_cost: 1}}}}",
        f"{{title: C, from: {c}, preset: internet}}",
    ]
    one, other = loaded(folder, eras), loaded(folder, [eras[place] for place in order])
    assert one.market == other.market and names(one, folder) == names(other, folder)
    assert one.eras == other.eras


@given(st.integers(0, 40), st.integers(0, 12), st.sampled_from(["3", "{2027-06: 2.5, 2026-01: 3, 2029-01: 2}"]))
@settings(max_examples=20, deadline=None)
def test_after_its_last_month_what_held_before_holds_again(
    tmp_path_factory: pytest.TempPathFactory, first: int, length: int, own: str
) -> None:
    folder = tmp_path_factory.mktemp("restored")
    market = (f"market.world.switching_cost={own}", "market.rivals.fintech.policy=price_match")
    preset = (
        f"{{title: War, from: {first}, until: {first + length}, preset: price_war, world: {{switching_cost: x0.5}}}}"
    )
    plain, war = loaded(folder, [], *market).market, loaded(folder, [preset], *market).market
    for month in (-30, -1, *range(60)):
        now, usual = war.at(month), plain.at(month)
        if first <= month <= first + length:
            assert now.world.switching_cost == 0.5 * usual.world.switching_cost
            assert {one.policy.policy for one in now.rivals.values()} == {"price_war"}
        else:
            assert now == usual


@pytest.mark.parametrize(
    "idle",
    [
        "world: {switching_cost: 3}",
        "world: {switching_cost: x1}",
        "world: {switching_cost: {0: 3, 2029-01: 3}}",
        "rivals: {megabank: {policy: static}}",
        "rivals: {megabank: {policy: {policy: do_nothing}, visible: true}}",
        "each_rival: {acquisition: {no_such_channel: {precision: 2}}}",
        "rules: {choice: {search: x1}, reach: {read_share: 10%}}",
    ],
)
def test_an_era_that_changes_nothing_changes_no_name_of_a_run_and_says_so(tmp_path: Path, idle: str) -> None:
    plain, with_era = loaded(tmp_path, []), loaded(tmp_path, [f"{{title: Idle, from: 5, {idle}}}"])
    assert with_era.market == plain.market and names(with_era, tmp_path) == names(plain, tmp_path)
    code, said = tenure("check", tmp_path / "small.yaml")
    assert code == 0 and "era 'Idle', from 2027-06 on:\n  it changes nothing" in said


def test_an_era_ends_where_the_next_begins_at_its_last_month_or_goes_on(tmp_path: Path) -> None:
    eras = [
        "{title: First, from: 2027-03, world: {switching_cost: 2}}",
        "{title: Short, from: 2028-01, until: 2028-02, world: {switching_cost: 1}}",
        "{title: Beside, from: 2028-01, until: end, world: {newcomers_per_year: 9%}}",
        "{title: Last, from: 2029-01, world: {switching_cost: 0}}",
    ]
    experiment = loaded(tmp_path, eras)
    assert [(one.title, one.first, one.last) for one in experiment.eras] == [
        ("First", 2, 11),
        ("Short", 12, 13),
        ("Beside", 12, None),
        ("Last", 24, None),
    ]
    costs = [experiment.market.at(month).world.switching_cost for month in (0, 2, 11, 12, 13, 14, 23, 24, 99)]
    assert costs == [3, 2, 2, 1, 1, 3, 3, 0, 0]
    assert experiment.market.at(99).world.newcomers_per_year == 0.09


def test_an_era_may_begin_after_another_by_its_title(tmp_path: Path) -> None:
    eras = [
        "{title: Then, follows: War, world: {switching_cost: 1}}",
        "{title: War, from: 6, until: 11, preset: price_war}",
        "{title: Same, follows: Then, from: 30, world: {switching_cost: 0}}",
    ]
    assert [(one.title, one.first, one.last) for one in loaded(tmp_path, eras).eras] == [
        ("War", 6, 11),
        ("Then", 12, 29),
        ("Same", 30, None),
    ]


def test_scenarios_are_laid_over_eras(tmp_path: Path) -> None:
    era = "{title: Easy, from: 12, until: 23, world: {switching_cost: 1}}"
    more = "scenarios: {base: {}, hard: {from: 18, to: 30, world: {switching_cost: 2, macro_mean: 1}}}\n"
    base, hard = loaded(tmp_path, [era], extra=more).scenarios
    lived = [[one.market.at(month).world.switching_cost for month in (11, 12, 18, 24, 30, 31)] for one in (base, hard)]
    assert lived == [[3, 1, 1, 3, 3, 3], [3, 1, 2, 2, 2, 3]]


def test_lists_of_numbers_have_eras_number_by_number(tmp_path: Path) -> None:
    plain = loaded(tmp_path, []).market.rules.credit.cure
    wanted = [0.5, *plain[1:]]
    era = f"{{title: Cured, from: 12, until: 23, rules: {{credit: {{cure: {[*wanted]}}}}}}}"
    experiment = loaded(tmp_path, [era])
    lived = [experiment.market.at(month).rules.credit.cure for month in (11, 12, 23, 24)]
    assert lived == [plain, tuple(wanted), tuple(wanted), plain]
    assert "rules.credit.cure [" in experiment.eras[0].changes[0]


def test_an_era_can_be_moved_on_the_command_line(tmp_path: Path) -> None:
    (era,) = loaded(tmp_path, [OK], "eras.0.from=2028-07").eras
    assert (era.first, era.last) == (18, 23)
    assert loaded(tmp_path, [OK], "eras=[]").market == loaded(tmp_path, []).market


# What ships


@pytest.mark.parametrize("market", ["default", "online_lender", "taiwan_2005"])
@pytest.mark.parametrize("name", shipped_eras())
def test_what_ships_fits_every_market(tmp_path: Path, name: str, market: str) -> None:
    experiment = loaded(tmp_path, [f"{{from: 12, until: 23, preset: {name}}}"], f"market={market}")
    (era,) = experiment.eras
    plain = loaded(tmp_path, [], f"market={market}").market
    assert era.title == name.replace("_", " ").capitalize()
    assert bool(era.changes) == (experiment.market != plain)
    assert era.changes or not plain.rivals or name == "segmentation"
    assert all(experiment.market.at(month) == plain.at(month) for month in (0, 11, 24))


def test_a_preset_is_of_all_rivals_or_of_those_named_and_what_is_written_beside_it_counts(tmp_path: Path) -> None:
    def fighting(*eras: str) -> list[str]:
        rivals = loaded(tmp_path, [*eras]).market.at(12).rivals
        return [f"{name} {one.policy.policy}" for name, one in rivals.items() if one.policy.policy != "do_nothing"]

    assert fighting("{from: 12, preset: price_war}") == ["megabank price_war", "fintech price_war"]
    assert fighting("{from: 12, preset: price_war, by: fintech}") == ["fintech price_war"]
    assert fighting("{from: 12, preset: price_war, by: [megabank]}") == ["megabank price_war"]
    own = "rivals: {fintech: {policy: price_match}}"
    assert fighting(f"{{from: 12, preset: price_war, {own}}}") == ["megabank price_war", "fintech price_match"]


def test_every_number_of_what_ships_has_a_source_or_is_called_an_assumption() -> None:
    assert len(shipped_eras()) >= 4
    assert all("assumption" in told.lower() for told in shipped_eras().values())


# What is refused


@pytest.mark.parametrize(
    ("era", "told"),
    [
        ("{from: 12, world: {switching_cost: 1}}", "the era has no title. Add one, such as 'title: Price war'."),
        ("{title: '', from: 12}", "the title of an era is a text"),
        (f"{{title: {'long ' * 10}, from: 12}}", "does not fit on one line of 40 characters"),
        ("{title: A}", "the era 'A' has no beginning"),
        ("{title: A, from: soon}", "the era 'A': from: 'soon' is not a month"),
        (
            "{title: A, from: 12, until: 2028}",
            "until: 2028 would be months from the start. Write a date such as 2027-01",
        ),
        ("{title: A, from: 2026-12}", "begins in 2026-12, before the run, 2027-01"),
        ("{title: A, from: 2031-01}", "begins in 2031-01, after the run, which ends in 2030-12"),
        ("{title: A, from: 12, until: 11}", "ends in 2027-12, before it begins in 2028-01"),
        ("{title: A, follows: B}", "the era 'A' follows no other era"),
        ("{title: A, follows: [A]}", "the era 'A' follows no other era"),
        ("{title: A, from: {2028-01: 3}}", "the era 'A': from: "),
        ("{title: A, from: 1, until: [2]}", "the era 'A': until: "),
        ("{title: A, from: 1, preset: {price_war: 1}}", "there is no era "),
        ("{title: [A], from: 1}", "the title of an era is a text"),
        ("{title: A, from: 1, each_rival: {acquisition: 5}, by: fintech}", "rivals.fintech.acquisition"),
        ("{title: A, from: 1, world: {switching_cost: {}}}", "world.switching_cost"),
        ("{title: A, from: 1, preset: price_wra}", "there is no era 'price_wra' to take. Did you mean 'price_war'?"),
        (
            "{title: A, from: 1, preset: price_war, by: fintec}",
            "'fintec' is no rival of this market. Did you mean 'fin",
        ),
        ("{title: A, from: 1, by: fintech}", "says by whom, and not what they do"),
        ("{title: A, from: 1, by: 5, preset: price_war}", "by: rivals are wanted"),
        ("{title: A, from: 1, each_rival: 5}", "each_rival is no mapping"),
        ("{title: A, from: 1, rivals: {megabnak: {policy: price_war}}}", "'megabnak' is no rival of this market. Did"),
        ("{title: A, from: 1, rivals: {megabank: {policy: price_wra}}}", "in the era 'A': policy: no policy is called"),
        ("{title: A, from: 1, rivals: {megabank: {share: 5%}}}", "rivals.megabank.share cannot change by date, for it"),
        ("{title: A, from: 1, world: {switching_cost: 99}}", "world.switching_cost.2027-02: 99 is above 40"),
        ("{title: A, from: 1, world: {switching: 1}}", "in the era 'A': world.switching: there is no such setting"),
        ("{title: A, from: 1, wrold: {switching_cost: 1}}", "the era 'A' cannot change 'wrold'. Did you mean 'world'?"),
        ("{title: A, from: 1, people: 9}", "the era 'A' cannot change 'people'. An era may set world, rivals"),
        (
            "{title: A, from: 1, us: {information: {noise: 2}}}",
            "the era 'A' cannot change 'us.information'. An era may",
        ),
        ("{title: A, from: 1, us: {acquisition: {mial: {precision: 1}}}}", "we have no channel 'mial'. Did you mean"),
        (
            "{title: A, from: 1, rivals: {fintech: {budget_per_month: 5}}}",
            "has no value of its own here, for before and",
        ),
        ("{title: A, from: 1, rules: {choice: {search: 0}}, rivals: 5}", "the era 'A' cannot change 'rivals'"),
        (
            "{title: A, from: 1, rivals: {fintech: {policy: {policy: {a: 1}}}}}",
            "a policy is wanted, got a mapping. Wri",
        ),
        (
            "{title: A, from: 1, rivals: {fintech: {visible: 5}}}",
            "true or false is wanted, got 5. Write one of the two",
        ),
        ("5", "eras: an era is a mapping"),
    ],
)
def test_what_cannot_be_is_told_once_at_its_line(tmp_path: Path, era: str, told: str) -> None:
    (one,) = refused(tmp_path, era)
    assert told in one and one.startswith(f"{LINES}:"), one


@pytest.mark.parametrize(
    ("era", "told"),
    [
        ("{title: War, from: 30, world: {newcomers_per_year: 9%}}", "the title 'War' is that of an earlier era at "),
        ("{title: war, from: 30, world: {newcomers_per_year: 9%}}", "the title 'war' is that of an earlier era at "),
        (
            "{title: B, from: 20, world: {switching_cost: 2}}",
            f"the era 'B' changes world.switching_cost, as 'War' does (2028-01 to 2028-12, line {LINES})",
        ),
        (
            "{title: B, follows: War, from: 26, preset: price_war}",
            "follows the era 'War', which ends in 2028-12, but 2 months lie between them. Write 'from: 2029-01'",
        ),
        ("{title: B, follows: War, from: 25, preset: price_war}", "1 month lies between them"),
        ("{title: B, follows: War, from: 23, preset: price_war}", "they overlap by 1 month"),
        ("{title: B, follows: Warr, preset: price_war}", "follows no other era of the experiment. Did you mean 'War'?"),
    ],
)
def test_what_does_not_go_together_is_told_at_the_line_of_the_later(tmp_path: Path, era: str, told: str) -> None:
    (one,) = refused(tmp_path, OK, era)
    assert told in one and one.startswith(f"{LINES + 1}:"), one


def test_one_that_goes_on_cannot_be_followed_without_a_date(tmp_path: Path) -> None:
    (one,) = refused(
        tmp_path, "{title: A, from: 1, world: {switching_cost: 1}}", "{title: B, follows: A, preset: internet}"
    )
    assert "the era 'B' follows the era 'A', of which nothing says when it ends. Write 'until' there" in one


def test_all_that_is_wrong_is_told_at_once_with_the_faults_of_the_rest(tmp_path: Path) -> None:
    eras = ["{from: 1}", "{title: A, from: 2026-01}", "{title: B, from: 5, rivals: {nobank: {visible: false}}}"]
    told = refused(tmp_path, *eras, sets=("champion=nothnig", "market.world.macro_sd=-1"))
    assert len(told) == 5 and [one.partition(":")[0] for one in told[:3]] == [str(LINES + n) for n in range(3)]


@pytest.mark.parametrize(("written", "told"), [("5", "a list is wanted"), ("{a: {}}", "a list is wanted")])
def test_the_form_of_the_list(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "small.yaml").write_text(f"{LONG}eras: {written}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=told):
        load_experiment(tmp_path / "small.yaml")


def test_as_many_as_figures_can_tell_apart(tmp_path: Path) -> None:
    (one,) = refused(tmp_path, *(f"{{title: T{n}, from: {n}, world: {{switching_cost: 1}}}}" for n in range(25)))
    assert "eras: 25 are more than the 24" in one


def test_the_words_of_convenience_may_have_dates() -> None:
    rivals = {"a": {"share": 0.2, "convenience": {"2027-01": "normal", "2028-01": "high", "2029-01": -0.25}}}
    market = market_from(small_market(rivals=rivals))
    assert [market.at(month).rivals["a"].convenience for month in (0, 12, 24)] == [0.0, 0.5, -0.25]
    with pytest.raises(ValidationError, match=r"'hihg' is not a number"):
        market_from(small_market(rivals={"a": {"share": 0.2, "convenience": {"2027-01": "hihg"}}}))
