"""What no run can satisfy is told by `check`, with place and mend; what some run can satisfy is never refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.agents.belief import QUADRANTS
from tenure.experiments.commands.checking import check_file
from tenure.experiments.config.advice.impossible import Bound, conflicts
from tenure.experiments.config.advice.odd_notes import odd_notes
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.market_files import market_settings
from tenure.experiments.config.reading import ConfigError, read_with_extends
from tenure.experiments.shipped import EXAMPLES, MARKETS
from tenure.policies.columns import FIELDS, condition_fields
from tenure.policies.conditions.language import parse_condition
from tenure.policies.conditions.levels import LIMITS, limits, never_true, unreachable_on_view
from tenure.simulation.model import LifecycleModel
from tenure.simulation.settings.market import MarketSettings
from tests.markets import small_market

DEFAULT = market_settings(read_with_extends(MARKETS / "default.market.yaml"), [])
CONFIG = """question: Does it pay?
market: {extends: default, people: 300}
months: 24
budget_per_month: 4000
arms:
  nothing: do_nothing
  other: OTHER
champion: nothing
guards:
  structure: STRUCTURE
"""
LOW, HIGH = "low_risk_low_return", "high_risk_high_return"
BOTH = f"quadrant in [{LOW}, {HIGH}]"


def told(folder: Path, other: str = "do_nothing", structure: str = "[]", more: str = "", *sets: str) -> list[str]:
    """Return what is wrong, each as line, column and text."""
    path = folder / "asked.yaml"
    path.write_text(CONFIG.replace("OTHER", other).replace("STRUCTURE", structure) + more, encoding="utf-8")
    try:
        load_experiment(path, sets)
    except ConfigError as error:
        return [str(one).removeprefix(f"{path}:") for one in error.problems]
    return []


def limit(cell: str, side: str, value: str, of: str = "balance") -> str:
    key = "quadrant" if cell in QUADRANTS else "where"
    share = "share_of" if "eur" not in side else "sum_of"
    return f"{{name: '{side} {cell} {of}', {key}: '{cell}', {share}: {of}, {side}: {value}}}"


@pytest.mark.parametrize(
    ("limits_", "words"),
    [
        ([(LOW, "at_least", "60%"), (HIGH, "at_least", "60%")], "they add up to 120%. Lower a floor."),
        ([(LOW, "at_least", "50%"), (HIGH, "at_least", "50%")], ""),
        ([(one, "at_most", "10%") for one in QUADRANTS], "they add up to 40%. Raise a ceiling."),
        ([(one, "at_most", "25%") for one in QUADRANTS], ""),
        ([(one, "at_most", "0%") for one in QUADRANTS[1:]], ""),
        ([(LOW, "at_least", "50%"), (LOW, "at_most", "40%")], "Lower a floor, or raise a ceiling."),
        ([(LOW, "at_least", "40%"), (LOW, "at_most", "40%")], ""),
        # a cell within another
        ([("balance > 100", "at_least", "50%"), ("balance > 10", "at_most", "40%")], "cannot be met together"),
        ([("balance > 10", "at_least", "50%"), ("balance > 100", "at_most", "40%")], ""),
        ([(f"quadrant == {LOW} and stage == growth", "at_least", "50%"), (LOW, "at_most", "40%")], "be met together"),
        ([(f"quadrant == {LOW} or stage == growth", "at_least", "50%"), (LOW, "at_most", "40%")], ""),
        # three that contradict, no two of which do
        ([(BOTH, "at_least", "70%"), (LOW, "at_most", "30%"), (HIGH, "at_most", "30%")], "(at least 70%) and '"),
        ([("segment == rich", "at_least", "60%"), ("segment == poor", "at_least", "60%")], "add up to 120%"),
        # two measures have nothing to do with each other, nor have a share and a sum
        ([(LOW, "at_least", "60%"), (HIGH, "at_least", "60%", "customers")], ""),
        ([(LOW, "at_least", "60%"), (HIGH, "at_least_eur", "60")], ""),
        ([(LOW, "at_least", "60%", "net_funding"), (HIGH, "at_least", "60%", "net_funding")], ""),
        # of all there is
        ([("otherwise", "at_most", "90%")], "everybody is in its cell"),
        ([("otherwise", "at_least", "100%")], ""),
        ([("balance > 10", "at_least_eur", "500"), ("balance > 5", "at_most_eur", "400")], "cannot be met together"),
        ([("balance > 10", "at_least_eur", "500"), ("balance > 5", "at_most_eur", "600")], ""),
        ([("otherwise", "at_least_eur", "30000", "customers")], "the market has 20,000 people"),
        ([("otherwise", "at_least_eur", "20000", "customers")], ""),
        ([(LOW, "at_least_eur", "15e3", "customers"), (HIGH, "at_least_eur", "15e3", "customers")], "be met together"),
    ],
)
def test_structures_that_contradict_each_other(tmp_path: Path, limits_: list[tuple[str, ...]], words: str) -> None:
    structure = f"[{', '.join(limit(*one) for one in limits_)}]"
    segments = ("market.segments={rich: income > 4000, poor: otherwise}",)
    found = told(tmp_path, "do_nothing", structure, "", *segments)
    assert len(found) == bool(words) and all(one.startswith("10:") and words in one for one in found), found


def test_the_place_is_the_bound_and_every_conflict_is_told(tmp_path: Path) -> None:
    pairs = [
        (LOW, "at_least", "60%"),
        (HIGH, "at_least", "61%"),
        ("line > 0", "at_least", "30%", "line"),
        ("line > 0", "at_most", "20%", "line"),
    ]
    entries = [limit(*one) for one in pairs]
    first, second = told(tmp_path, "do_nothing", f"[{', '.join(entries)}]")
    column = len("  structure: [") + len(entries[0]) + 2 + entries[1].index("61%") + 1
    assert first.startswith(f"10:{column}: guards.structure[1].at_least: at least 61% cannot be met together with ")
    assert "guards.structure[3].at_most: at most 20%" in second


CELLS = st.sets(st.sampled_from(QUADRANTS), min_size=1, max_size=3)
BOUNDS = st.lists(st.tuples(CELLS, st.booleans(), st.integers(0, 100)), min_size=1, max_size=6)


def as_bounds(drawn: list[tuple[set[str], bool, int]]) -> list[Bound]:
    return [
        Bound(
            ("structure", place), f"b{place}", f"quadrant in [{', '.join(sorted(cell))}]", "balance", floor, value / 100
        )
        for place, (cell, floor, value) in enumerate(drawn)
    ]


def met(bounds: list[Bound], mix: np.ndarray) -> np.ndarray:
    """Which mixes of quadrants, shape (mixes, 4), meet all bounds."""
    fine = np.ones(len(mix), np.bool_)
    for one in bounds:
        share = mix[:, [name in one.cell for name in QUADRANTS]].sum(axis=1)
        fine &= share >= one.value - 1e-9 if one.floor else share <= one.value + 1e-9
    return fine


def settings() -> MarketSettings:
    assert DEFAULT is not None
    return DEFAULT


@given(st.lists(st.integers(0, 20), min_size=4, max_size=4).filter(any), BOUNDS)
def test_what_one_mix_meets_is_never_refused(parts: list[int], drawn: list[tuple[set[str], bool, int]]) -> None:
    mix = np.array(parts) / sum(parts)
    bounds = []
    for one in as_bounds(drawn):
        share = float(mix[[name in one.cell for name in QUADRANTS]].sum())
        bounds.append(one._replace(value=min(one.value, share) if one.floor else max(one.value, share)))
    assert met(bounds, mix[None]).all()
    assert list(conflicts(bounds, settings(), np.inf)) == []


@given(BOUNDS, st.integers(0, 2**32 - 1))
def test_what_is_refused_no_mix_meets_and_without_one_of_the_named_some_does(
    drawn: list[tuple[set[str], bool, int]], seed: int
) -> None:
    bounds = as_bounds(drawn)
    found = list(conflicts(bounds, settings(), np.inf))
    luck = np.random.default_rng(seed)
    mixes = np.concatenate([luck.dirichlet(np.full(4, weight), 3_000) for weight in (0.1, 1.0)] + [np.eye(4)])
    if found:
        assert not met(bounds, mixes).any()
        last = {fault.at for fault in found}
        assert last <= {one.at for one in bounds}
        rest = [one for one in bounds if one.at not in last]
        assert not rest or len(found) == 5 or list(conflicts(rest, settings(), np.inf)) == []


@given(st.lists(st.integers(0, 100), min_size=2, max_size=4))
def test_floors_of_quadrants_conflict_just_where_they_add_up_to_more_than_all(floors: list[int]) -> None:
    drawn = [({name}, True, value) for name, value in zip(QUADRANTS, floors, strict=False)]
    assert bool(list(conflicts(as_bounds(drawn), settings(), np.inf))) == (sum(floors) > 100)


@pytest.mark.parametrize(
    ("own", "structure", "words"),
    [
        (f"floors: {{{LOW}: 60%, {HIGH}: 60%}}", "[]", f"floors.{HIGH}: at least 60%"),
        (f"floors: {{{LOW}: 60%}}, ceilings: {{{LOW}: 50%}}", "[]", f"ceilings.{LOW}: at most 50%"),
        (f"floors: {{{LOW}: 50%, {HIGH}: 50%}}", "[]", ""),
        (f"floors: {{{LOW}: 60%}}, of: balance", f"[{limit(HIGH, 'at_least', '60%')}]", f"floors.{LOW}: at least 60%"),
        (f"floors: {{{LOW}: 60%}}, of: customers", f"[{limit(HIGH, 'at_least', '60%', 'customers')}]", f"floors.{LOW}"),
        (f"floors: {{{LOW}: 60%}}, of: customers", f"[{limit(HIGH, 'at_least', '60%')}]", ""),
        (f"floors: {{{LOW}: 30%}}, of: balance", f"[{limit(HIGH, 'at_least', '60%')}]", ""),
    ],
)
def test_a_policy_s_own_floors_and_those_of_the_guard(tmp_path: Path, own: str, structure: str, words: str) -> None:
    found = told(tmp_path, f"{{policy: optimal_structure, {own}}}", structure)
    assert len(found) == bool(words) and all(one.startswith("7:") and words in one for one in found), found


def test_an_arm_is_held_to_its_own_guards(tmp_path: Path) -> None:
    other = (
        f"{{policy: optimal_structure, of: balance, floors: {{{LOW}: 60%}}, "
        f"us: {{guards: {{structure: [{limit(HIGH, 'at_least', '60%')}]}}}}}}"
    )
    (one,) = told(tmp_path, other)
    assert one.startswith("7:") and f"floors.{LOW}: at least 60% cannot be met together with" in one


@pytest.mark.parametrize("policy", ["uplift", "optimal_structure", "roi_knapsack", "thompson", "oracle"])
def test_who_learns_by_lot_needs_people_outside_and_inside_the_lot(tmp_path: Path, policy: str) -> None:
    (one,) = told(tmp_path, f"{{policy: {policy}, trial_share: 100%, explore_share: 100%}}")
    assert one.startswith("7:") and "no control group" in one and "Write less than 100%" in one
    assert told(tmp_path, f"{{policy: {policy}, trial_share: 100%, explore_share: 10%}}") == []
    found = told(tmp_path, f"{{policy: {policy}, trial_share: 0%, explore_share: 0%}}")
    assert told(tmp_path, "{policy: random_trial, share: 100%}") == []
    assert "nobody is left" in told(tmp_path, "{policy: random_trial, share: 100%, treatments: [price_cut]}")[0]
    assert len(found) == (policy != "thompson") and all("nothing to learn from" in one for one in found)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["otherwise", "balance > 3"], {1: "rule 1 takes all its cases. Put it before, or remove it."}),
        (["balance > 3", "otherwise"], {}),
        (["balance > 3", "balance > 5"], {1: "rule 1 takes all its cases"}),
        (["balance > 5", "balance > 3"], {}),
        (["balance < 2", "balance >= 2", "stage == growth"], {2: "rules 1 and 2 take all its cases"}),
        (["balance > 3 and balance < 2"], {0: "it contradicts itself"}),
        (["default_per_year > 150%"], {0: "no customer ever has default_per_year > 150%"}),
        (["balance > 3 or months_past_due > 12"], {0: "months_past_due is a whole number, 0 to 6"}),
        (["months_past_due >= 6"], {}),
        (["months_past_due == 2.5"], {0: "no customer ever has months_past_due == 2.5"}),
        (["products_held > 4"], {0: "products_held is a whole number, 0 to 4"}),
        (["debt_to_income > 120%"], {}),
        (["debt_to_income > 510%"], {0: "debt_to_income is 0% to 500%"}),
        (["utilisation > 120%"], {}),
        (["need_loan > 99%", "need_card < 0%"], {1: "no customer ever has need_card < 0%"}),
        (["margin_per_year < -1000"], {}),
        (["months_since_contact > 1000"], {0: "0 to 999"}),
        (["segment == rich", "segment == other", "otherwise"], {}),  # of none of the segments
        (["segment == rich", "segment in [rich]"], {1: "rule 1 takes all"}),
    ],
)
def test_rules_nobody_can_reach(tmp_path: Path, rules: list[str], words: dict[int, str]) -> None:
    rows = "".join(f"      - {{when: '{one}', do: early_help}}\n" for one in rules)
    segments = "market.segments={rich: income > 4000, other: income > 1000}"
    found = told(tmp_path, f"\n    policy: rules\n    rules:\n{rows.rstrip()}", "[]", "", segments)
    assert len(found) == len(words), found
    for (index, text), one in zip(words.items(), found, strict=True):
        assert one.startswith(f"{10 + index}:16: rules[{index}].when: ") and text in one


def test_guard_rules_and_cells_that_nobody_meets(tmp_path: Path) -> None:
    more = (
        "  rules:\n"
        "    one: {forbids: [credit], when: balance < 0, source: x}\n"
        "    two: {forbids: [credit], when: stage == growth and stage == decline, source: x}\n"
        "    three: {forbids: [credit], when: balance > 0, source: x, from: 2028-02, until: 2028-01}\n"
        "    hardship: {until: 2030-01, from: 2030-02, on: off}\n"
    )
    found = told(tmp_path, "do_nothing", f"[{limit('default_per_year > 100%', 'at_most', '10%')}]", more)
    assert [one.partition(":")[0] for one in found] == ["10", "12", "13", "14"]
    for one, words in zip(
        found, ("default_per_year > 100%", "balance < 0", "contradicts itself", "2028-01, is before"), strict=True
    ):
        assert words in one


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("market.us.service=x0.7", "multiplies the market's own value, but that is 0. Write the value itself."),
        ("market.us.budget_per_month=x0.7", "but the market has no number there"),
        ("market.us.apr.loan=x0.7", "but the market has no number there"),
        ("market.world.macro_mean=x2", "that is 0"),
        ("market.rules.choice.search=x0.7", ""),
        ("market.us.share=x0", ""),
        ("market.us.sharre=x2", "Did you mean 'share'?"),
    ],
)
def test_a_factor_needs_something_to_multiply(tmp_path: Path, setting: str, words: str) -> None:
    found = told(tmp_path, "do_nothing", "[]", "", setting)
    assert len(found) == bool(words) and all(words in one and one.startswith("--set market.") for one in found)


def test_what_customers_have_lies_within_the_limits() -> None:
    config = small_market(
        people=400, us={"policy": "uniform", "existing_customers": ["open", "other_lines", "settled"]}
    )
    model = LifecycleModel(config, seed=3)
    products = tuple(model.settings.products)
    rules = model.settings.rules
    within = limits(products, rules.credit.charge_off_at)  # type: ignore[attr-defined]  # class made from declarations
    seen = 0
    for _ in range(40):
        model.step()
        for view in [one.view for one in model.institutions]:
            if view is None or not len(view):
                continue
            for name in (*FIELDS, *(f"need_{one}" for one in products)):
                column = view.column(name)
                assert not np.isnan(column).any(), name
                if name in within:
                    low, high = within[name]
                    assert low <= column.min() and column.max() <= high, (name, column.min(), column.max())
                    seen += len(column)
    assert seen > 10_000 and set(LIMITS) <= set(FIELDS)


@given(st.sampled_from(sorted(LIMITS)), st.sampled_from(("<", "<=", ">", ">=")), st.floats(-3, 1200))
def test_a_comparison_is_never_true_just_where_no_value_of_the_range_makes_it_so(
    name: str, op: str, value: float
) -> None:
    products = ("loan", "card")
    constant = round(value, 1)
    condition = parse_condition(f"{name} {op} {constant}", condition_fields(products))
    low, high = LIMITS[name]
    true = {"<": low < constant, "<=": low <= constant, ">": high > constant, ">=": high >= constant}[op]
    assert bool(list(never_true(condition, products, (), limits(products)))) == (not true)
    assert bool(unreachable_on_view([condition], products)) == (not true)


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    (tmp_path / "north.market.yaml").write_text("extends: default.market.yaml\npeople: 200\n", encoding="utf-8")
    path = tmp_path / "odd.yaml"
    path.write_text(
        "question: Q?\nmarket: {extends: north, burn_in_months: 3}\nmonths: 6\nchampion: nothing\narms:\n"
        "  nothing: do_nothing\n  same: static\n  learns: uplift\n  more: {policy: uplift, trial_months: 3}\n"
        "guards: {rules: {past: {forbids: [credit], when: balance > 0, source: x, until: 2020-03},\n"
        "  later: {forbids: [credit], when: balance > 0, source: x, from: 2028-01}}}\n"
        "scenarios: {base: {}, crisis: crisis}\n",
        encoding="utf-8",
    )
    experiment = load_experiment(path, ["market.extends=online_lender"])
    notes = odd_notes({one.name: experiment.under(one.name) for one in experiment.scenarios})
    for words in (
        "the arms 'nothing' and 'same' are the same policy",
        "arm 'learns': its trial of 12 months",
        "past: the rule ended before the start (2020-03)",
        "later: the rule begins after the end of the run (2028-01)",
        "market.extends takes online_lender instead of north.market.yaml",
    ):
        assert sum(words in note for note in notes) == 1, (words, notes)
    assert len(notes) == 5
    checked = check_file(str(path), ["market.extends=online_lender"], [], 1)
    assert not checked.faulty and set(notes) <= set(checked.data["notes"])


@pytest.mark.parametrize(
    "path", sorted([*EXAMPLES.glob("*.yaml"), *MARKETS.glob("*.yaml")]), ids=lambda path: path.stem
)
def test_what_is_shipped_is_possible(path: Path) -> None:
    assert not check_file(str(path), [], [], 1).faulty


@pytest.mark.parametrize("kinds", [("revolving", "revolving"), ("deposit", "revolving", "instalment", "revolving")])
def test_a_person_has_one_line_so_one_product_is_drawn_at_will(kinds: tuple[str, ...]) -> None:
    sizes = {"revolving": {"apr": "18%", "line": 3000}, "deposit": {"rate": "1%", "balance": 100}}
    other = {"apr": "9%", "amount": 1000, "term_months": 12}
    products = {f"product{k}": {"kind": kind, **sizes.get(kind, other)} for k, kind in enumerate(kinds)}
    market = {**small_market(), "products": products}
    last = f"product{len(kinds) - 1}"
    with pytest.raises(ValidationError, match=f"{last}.kind: {last} is drawn at will, as product[01] is"):
        MarketSettings.model_validate(market)
    del products[last]
    MarketSettings.model_validate(market)
