"""Written shares are lived: qualities that are not written are found, once for a market, and the same wherever."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

from tenure.experiments.commands.app import app
from tenure.experiments.config.experiment import load_experiment
from tenure.experiments.config.market_files import over_market, read_market
from tenure.experiments.design.held_shares import hold_shares
from tenure.experiments.design.planning import plan_tasks
from tenure.experiments.evidence.solve_shares import with_written
from tenure.experiments.shipped import MARKETS
from tenure.simulation.model import LifecycleModel, held_shares
from tenure.simulation.settings.market import MarketSettings, market_from
from tenure.simulation.shares import held
from tenure.simulation.shares.fitting import FARTHEST, Stage, fitted
from tenure.simulation.shares.held import HeldShares, Lived, told_lines, unwritten, with_held_shares
from tenure.simulation.shares.resting import resting
from tests.markets import CARD, LIVELY, SAVINGS

FEW = (Stage(200, 2),)
"""Enough to see what is asked of whom; nothing is held by so few."""
SMALL: dict[str, Any] = {
    "people": 40,
    "burn_in_months": 0,
    "products": {"card": CARD, "savings": SAVINGS},
    "us": {"share": "40%"},
    "rivals": {"bigbank": {"share": "35%"}},
    "rules": LIVELY,
}
QUICK = "extends: quickstart.yaml\nmarket: {people: 40}\n"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Look at few people only, and keep what is found in a folder of this test."""
    monkeypatch.setattr(held, "STAGES", FEW)
    monkeypatch.setattr(held, "private_folder", lambda: tmp_path)


def never(config: MarketSettings, seed: int) -> LifecycleModel:
    raise AssertionError("a market was lived")


def small(**changes: Any) -> dict[str, Any]:
    return {**SMALL, **changes}


# The numbers ---------------------------------------------------------------------------------------------------


def logit(liking: NDArray[np.float64], moved: list[int], pace: float) -> Callable[..., NDArray[np.float64]]:
    """Return shares of people who choose by a logit, and of whom a part has chosen when they are counted."""

    def measure(numbers: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        own = liking.copy()
        own[moved] += numbers
        weights = np.exp(pace * own)
        return np.asarray(weights / weights.sum())

    return measure


@st.composite
def shares(draw: st.DrawFn) -> NDArray[np.float64]:
    weights = np.array(draw(st.lists(st.integers(1, 20), min_size=2, max_size=7)), float)
    return np.asarray(weights / weights.sum())


@given(wanted=shares(), seed=st.integers(0, 1000), pace=st.floats(0.5, 1.3))
def test_in_a_logit_every_share_is_met(wanted: NDArray[np.float64], seed: int, pace: float) -> None:
    """Known answer: ln(share / share of nobody) / pace - own liking, for it is a logit whose scale is 1 / pace."""
    liking = np.random.default_rng(seed).normal(0.0, 0.5, len(wanted))
    moved = list(range(1, len(wanted)))
    found = fitted(logit(liking, moved, pace), wanted, moved, [Stage(20_000, 15)], lambda made, most: None, {})
    errors = np.sqrt(wanted * (1.0 - wanted) / 20_000)
    assert (np.abs(found.shares - wanted) <= 1.5 * errors).all()
    known = np.log(wanted[1:] / wanted[0]) / pace - (liking[1:] - liking[0])
    assert np.allclose(found.numbers, known, atol=0.25)


@given(wanted=shares())
@example(wanted=np.array([1.0, 4.0, 18.0]) / 23.0)
def test_what_cannot_be_met_leaves_the_others_in_proportion(wanted: NDArray[np.float64]) -> None:
    """At least a quarter has nobody, whatever is offered: the rest is divided as written, by numbers of usual size."""
    wanted = np.concatenate([[0.05], 0.95 * wanted])
    moved = list(range(1, len(wanted)))

    def measure(numbers: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        chosen = logit(np.zeros(len(wanted)), moved, 0.8)(numbers, people)
        return np.asarray(np.concatenate([[0.25], np.zeros(len(moved))]) + 0.75 * chosen)

    found = fitted(measure, wanted, moved, [Stage(20_000, 20)], lambda made, most: None, {})
    some = found.shares[1:] / found.shares[1:].sum()
    assert np.abs(some - wanted[1:] / 0.95).max() < 0.01
    assert np.abs(found.numbers).max() < FARTHEST


def test_a_share_that_answers_nothing_ends_the_search() -> None:
    asked = []

    def measure(numbers: NDArray[np.float64], people: int) -> NDArray[np.float64]:
        asked.append(numbers)
        return np.array([0.5, 0.5])

    fitted(measure, np.array([0.2, 0.8]), [1], [Stage(5_000, 50)], lambda made, most: None, {})
    assert len(asked) < 10


# Which market is asked, and which is not -----------------------------------------------------------------------


def test_a_market_that_writes_its_qualities_is_not_lived() -> None:
    market = market_from(small(us={"share": 0.4, "quality": 0.2}, rivals={"bigbank": {"share": 0.3, "quality": -1}}))
    assert with_held_shares(market, never) == (market, None)
    for name in ("default", "online_lender", "taiwan_2005"):
        assert unwritten(market_from(read_market(MARKETS / f"{name}.market.yaml").data)) == ()
    for path in (MARKETS.parent / "known").glob("*.market.yaml"):
        assert unwritten(market_from(read_market(path).data)) == (), path


def test_who_has_no_customers_takes_no_part() -> None:
    nobody_has_any = market_from(small(us={"share": 0}, rivals={"bigbank": {"share": 0}}))
    market, found = with_held_shares(nobody_has_any, never)
    assert found is None and [one.quality for one in market.institutions().values()] == [0.0, 0.0]
    entrant = market_from(small(rivals={"bigbank": {"share": 0.35}, "newbank": {"share": 0, "quality": 20}}))
    assert list(resting(entrant).institutions()) == ["us", "bigbank"]
    assert resting(entrant) == resting(market_from(SMALL))


def told(**changes: Any) -> str:
    return resting(market_from(small(**changes))).model_dump_json()


POLICY = {"policy": "uniform", "treatment": "price_cut"}
SAME: dict[str, Mapping[str, Any]] = {
    "people, each of whom stands for fewer": {"people": 20, "stands_for": 40},
    "policies": {"us": {"share": 0.4, "policy": POLICY}, "rivals": {"bigbank": {"share": 0.35, "policy": "price_war"}}},
    "money for them": {"guards": {"budget_per_month": 900, "contacts_at_most": 7}},
    "feedback": {"us": {"share": 0.4, "feedback": "on"}},
    "times": {"world": {"macro_sd": 3}},
    "dates": {"start": "2031-05"},
    "what is recorded": {
        "compare_beliefs_every_months": 2,
        "segments": {"old": "tenure_months > 60"},
        "tag_history": [],
    },
}
OTHER: dict[str, Mapping[str, Any]] = {
    "share": {"us": {"share": 0.41}},
    "price": {"us": {"share": 0.4, "apr": {"card": "5%"}}},
    "a quality that is written": {"rivals": {"bigbank": {"share": 0.35, "quality": 1}}},
    "rules": {"rules": {}},
    "newcomers": {"world": {"newcomers_per_year": 0.5}},
    "a channel": {"us": {"share": 0.4, "acquisition": {"mail": {"contacts_per_person_per_month": 1}}}},
    "burn-in": {"burn_in_months": 80},
}


@pytest.mark.parametrize("what", SAME)
def test_what_a_run_does_is_no_part_of_it(what: str) -> None:
    assert told(**SAME[what]) == told()


def test_terms_that_change_later_on_are_no_part_of_it() -> None:
    later = {"share": 0.4, "apr": {"card": {0: "19%", 12: "5%"}}}
    assert told(us=later) == told(us={"share": 0.4, "apr": {"card": "19%"}})


@pytest.mark.parametrize("what", OTHER)
def test_what_people_find_when_the_market_opens_is_part_of_it(what: str) -> None:
    assert told(**OTHER[what]) != told()


def test_a_budget_is_that_of_the_real_book_however_many_live_it() -> None:
    mail = {"share": 0.4, "acquisition": {"mail": {"budget_per_month": 100}}}
    assert told(us=mail, people=200, stands_for=1000) == told(us=mail, people=50, stands_for=1000)
    assert told(us=mail, people=200) != told(us=mail, people=50)


# The same wherever ---------------------------------------------------------------------------------------------


def test_model_experiment_and_workers_have_the_same_qualities(few: None, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(QUICK.replace("people: 40", "people: 40, us: {share: 20%}"))
    experiment = load_experiment(path)
    assert set(unwritten(experiment.market)) == {"us", "megabank", "fintech"}
    complete, found = hold_shares(experiment)
    model = LifecycleModel(experiment.market, seed=5)
    direct = {name: one.quality for name, one in model.settings.institutions().items()}
    assert found is not None and direct == found.qualities and any(direct.values())
    planned = plan_tasks(experiment, tmp_path)
    assert market_from(planned.order.market) == complete.market
    assert planned.order.resolved[""]["us"]["quality"] == direct["us"]  # type: ignore[index,call-overload]  # plain data
    assert hold_shares(complete) == (complete, None)
    assert "quality" not in experiment.written["market"]["us"]  # type: ignore[index,call-overload,operator]  # plain data


def test_scenarios_have_the_qualities_of_their_market(few: None, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    newbank, other = "{always: true, rivals: {newbank: {share: 1%}}}", "{rivals: {fintech: {quality: 3}}}"
    text = QUICK.replace("people: 40", "people: 40, us: {share: 20%}")
    path.write_text(f"{text}scenarios: {{base: {{}}, crisis: crisis, late: {newbank}, other: {other}}}\n")
    complete, found = hold_shares(load_experiment(path))
    base, crisis, late, changed = (one.market for one in complete.scenarios)
    assert found is not None
    for market in (base, crisis, late):
        for name, quality in found.qualities.items():
            assert market.institutions()[name].quality == quality
    assert unwritten(late) == () and list(late.rivals) == ["megabank", "fintech", "newbank"]
    assert changed.rivals["fintech"].quality == 3.0 and changed.us.quality == found.qualities["us"]


def test_what_was_found_is_kept_and_a_damaged_file_is_not_believed(few: None, tmp_path: Path) -> None:
    market = market_from(SMALL)
    first = held_shares(market)
    (kept,) = (tmp_path / "shares").iterdir()
    assert with_held_shares(market, never) == first
    for wrong in ("", "{", "[]", '{"qualities": {"us": "x"}, "shares": []}', '{"shares": [[1]], "qualities": {}}'):
        kept.write_text(wrong)
        assert held_shares(market) == first
        assert json.loads(kept.read_text())["qualities"] == first[1].qualities  # type: ignore[union-attr]  # it was found


# Which qualities are inherited ---------------------------------------------------------------------------------

STATED: dict[str, tuple[str, Mapping[str, float | None]]] = {
    "nothing": ("{}", {"us": 0.5, "big": 0.1, "small": -0.2}),
    "a price": ("{us: {apr: {card: 5%}}}", {"us": 0.5, "big": 0.1, "small": -0.2}),
    "the same share": ("{us: {share: 25%}}", {"us": 0.5, "big": 0.1, "small": -0.2}),
    "a share": ("{us: {share: 40%}}", {"us": None, "big": None, "small": None}),
    "a share and a quality": ("{us: {share: 40%, quality: 2}}", {"us": 2.0, "big": 0.1, "small": -0.2}),
    "a share, and another's quality": (
        "{us: {share: 40%}, rivals: {big: {quality: 2}}}",
        {"us": None, "big": 2.0, "small": None},
    ),
    "no rivals": ("{rivals: {}}", {"us": None}),
    "another rival": ("{rivals: {new: {share: 5%}}}", {"us": None, "big": None, "small": None, "new": None}),
    "one without customers": ("{rivals: {new: {share: 0%}}}", {"us": 0.5, "big": 0.1, "small": -0.2, "new": None}),
    "one with a quality": (
        "{rivals: {new: {share: 5%, quality: 1}}}",
        {"us": 0.5, "big": 0.1, "small": -0.2, "new": 1},
    ),
}


@pytest.mark.parametrize("what", STATED)
def test_other_shares_do_not_inherit_qualities(what: str, tmp_path: Path) -> None:
    """In a market that extends another, in an experiment, and on the command line alike."""
    over, wanted = STATED[what]
    (tmp_path / "base.market.yaml").write_text(
        "products: {card: {kind: revolving, apr: 19%, line: 900}}\nus: {share: 0.25, quality: 0.5}\n"
        "rivals: {big: {share: 30%, quality: 0.1}, small: {share: 10%, quality: -0.2}}\n"
    )
    (tmp_path / "over.market.yaml").write_text(f"extends: base.market.yaml\n{over[1:-1]}\n" if over != "{}" else QUIET)
    (tmp_path / "one.yaml").write_text(f"{ASKED}market: {{extends: base.market.yaml, {over[1:-1]}}}\n")
    (tmp_path / "two.yaml").write_text(f"{ASKED}market: base.market.yaml\n")
    laid = [read_market(tmp_path / "over.market.yaml").data] if "}, " not in over else []
    markets = [market_from(one) for one in laid] + [load_experiment(tmp_path / "one.yaml").market]
    sets = [f"market.{key}={value}" for key, value in SETS.get(what, {}).items()]
    markets += [load_experiment(tmp_path / "two.yaml", sets).market] if sets else []
    for market in markets:
        assert {name: one.quality for name, one in market.institutions().items()} == wanted


QUIET = "extends: base.market.yaml\n"
ASKED = "question: Q?\nmonths: 1\narms: {nothing: do_nothing}\nchampion: nothing\n"
SETS = {
    "a share": {"us.share": "40%"},
    "a share and a quality": {"us.share": "40%", "us.quality": "2"},
    "no rivals": {"rivals": "{}"},
    "another rival": {"rivals.new.share": "5%"},
}


def test_a_place_that_is_given_up_is_told_no_more() -> None:
    base = read_market(MARKETS / "default.market.yaml")
    over = base.__class__(base.path, {"us": {"share": 0.4}}, {}, {}, (base.path,))
    laid = over_market(base, over)
    assert ("us", "quality") in base.positions and ("us", "quality") not in laid.positions
    assert ("us", "share") in laid.key_positions or ("us",) in laid.key_positions


# What is told --------------------------------------------------------------------------------------------------


def test_check_says_what_was_found_and_what_is_not_inherited(few: None, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(QUICK.replace("people: 40", "people: 40, us: {share: 40%}"))
    answer = CliRunner().invoke(app, ["check", str(path), "--json"])
    (data,) = json.loads(answer.stdout)["items"]
    notes = " ".join(data["notes"])
    assert "others than those of default.market.yaml" in notes and "found so that the written shares are lived" in notes
    _, found = hold_shares(load_experiment(path))
    assert found is not None
    for name, quality in found.qualities.items():
        assert f"{name} {quality:.2f}" in notes
    assert "nobody 1.5% written" in notes, "fewer than those who have just entered cannot be without a provider"


def test_what_cannot_be_held_is_told_with_what_comes_out() -> None:
    fine, missed = Lived("us", 0.6, 0.6, 0.61, True), Lived("nobody", 0.4, 0.45, 0.47, False)
    assert len(list(told_lines(HeldShares({"us": 0.5}, (Lived("nobody", 0.4, 0.4, 0.4, True), fine))))) == 1
    _, line = told_lines(HeldShares({"us": 0.5}, (missed, fine)))
    assert "nobody 40.0% written, 45.0% when burn-in ends and 47.0% five years later" in line and "us" not in line[:60]


def test_a_model_warns_where_no_quality_holds_the_shares(few: None) -> None:
    with pytest.warns(UserWarning, match="no quality holds these shares: nobody 0.0% written"):
        LifecycleModel(small(us={"share": "60%"}, rivals={"bigbank": {"share": "40%"}}), seed=0)


def test_found_qualities_are_written_where_the_old_ones_stood_or_below_the_shares(tmp_path: Path) -> None:
    path = tmp_path / "a.market.yaml"
    path.write_text(
        "products: {card: {kind: revolving, apr: 19%, line: 900}}\nus:\n  share: 20%   # ours\nrivals:\n"
        "  big: {share: 30%, quality: 0.1, visible: true}\n  small:\n    share: 5%\n    quality: -1  # liked by few\n"
    )
    wanted = {("us",): 0.75, ("rivals", "big"): -2.5, ("rivals", "small"): 3.0}
    text = with_written(path.read_text(), read_market(path), wanted)  # type: ignore[arg-type]  # paths of words
    path.write_text(text)
    data: Any = read_market(path).data
    assert [data["us"]["quality"], *(one["quality"] for one in data["rivals"].values())] == [0.75, -2.5, 3.0]
    assert "# ours" in text and "# liked by few" in text and "visible: true" in text


# As it is lived ------------------------------------------------------------------------------------------------

DEFAULT: Any = read_market(MARKETS / "default.market.yaml").data


def of_shares(us: float, *rivals: float) -> dict[str, Any]:
    """Return the default market with other shares; further rivals are like the last."""
    kinds = list(DEFAULT["rivals"].values())
    plain = [
        {key: value for key, value in {**kinds[min(i, 1)], "share": share}.items() if key != "quality"}
        for i, share in enumerate(rivals)
    ]
    ours = {key: value for key, value in {**DEFAULT["us"], "share": us}.items() if key != "quality"}
    return {**DEFAULT, "us": ours, "rivals": {f"rival_{i}": one for i, one in enumerate(plain)}}


def lived_from(market: MarketSettings, months: list[int], seed: int) -> Iterator[NDArray[np.float64]]:
    """Yield the shares of all, nobody first, in months after burn-in, the common factor at its mean."""
    steady = market.model_copy(update={"world": market.world.model_copy(update={"macro_sd": 0.0})})
    model = LifecycleModel(steady, seed=seed, first_month=-market.burn_in_months)
    while model.month <= max(months):
        if model.month in months:
            here = model.people["provider"]
            yield np.bincount(here[here >= 0], minlength=len(model.names)) / (here >= 0).sum()
        model.step()


@pytest.mark.slow
@pytest.mark.parametrize("written", [(0.8,), (0.17,) * 5, (0.05, 0.55, 0.30), (0.25, 0.42, 0.165)])
def test_written_shares_are_lived(written: tuple[float, ...]) -> None:
    """A monopoly, five equals, unequal ones: within four standard errors of two independent markets."""
    market, found = held_shares(market_from(of_shares(*written)))
    assert found is not None and found.missed == ()
    wanted = np.array([1.0 - sum(written), *written])
    errors = np.sqrt(2.0 * wanted * (1.0 - wanted) / market.people)
    for shares in lived_from(market, [0, 36], seed=11):
        assert (np.abs(shares - wanted) <= 4.0 * errors).all(), shares


@pytest.mark.slow
def test_nobody_without_a_provider_cannot_be_and_the_others_keep_their_proportions() -> None:
    market, found = held_shares(market_from(of_shares(0.05, 0.60, 0.35)))
    assert found is not None and found.missed[0].name == "nobody" and found.missed[0].written == 0.0
    for shares in lived_from(market, [0, 36], seed=11):
        some, wanted = shares[1:] / shares[1:].sum(), np.array([0.05, 0.60, 0.35])
        assert shares[0] > 0.02
        assert (np.abs(some - wanted) <= 5.0 * np.sqrt(2.0 * wanted * (1.0 - wanted) / market.people)).all(), some


@pytest.mark.slow
@pytest.mark.parametrize("name", ["default", "online_lender"])
def test_shipped_markets_live_the_shares_that_they_state(name: str) -> None:
    market = market_from(read_market(MARKETS / f"{name}.market.yaml").data)
    written = [one.share for one in market.institutions().values()]
    wanted = np.array([1.0 - sum(written), *written])
    for shares in lived_from(market, [0, 36], seed=12):
        assert (np.abs(shares - wanted) <= 4.0 * np.sqrt(2.0 * wanted * (1.0 - wanted) / market.people)).all(), shares
