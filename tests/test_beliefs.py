"""Beliefs: textbook posteriors, error that falls as the formula says, switches of information."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tenure.agents.belief import BELIEF, OPEN, SETTLED
from tenure.agents.declaring import MAX_PRODUCTS
from tenure.agents.month.observe import observe
from tenure.agents.offer import OFFER, US
from tenure.agents.rules.estimation import Learning, Splits
from tenure.agents.rules.rulebook import Rulebook, World
from tenure.agents.signal import SIGNAL
from tenure.agents.treatment import Effect
from tenure.experiments.verification.cases import rows
from tenure.policies.treatments import catalogue, effects_table
from tenure.simulation.engines.objects import as_object
from tenure.simulation.model import LifecycleModel
from tests.markets import LIVELY, first_difference, small_market

CATALOGUE = catalogue({"account": "fee", "savings": "deposit", "insurance": "fee"})
EFFECTS = [as_object(row, Effect) for row in effects_table(CATALOGUE)]
NUMBER = {treatment.name: number for number, treatment in enumerate(CATALOGUE)}
STILL = Learning(risk_drift=0.0, return_drift=0.0, care_drift=0.0, refusal=1.0, trace=1.0)


def record(dtype: np.dtype[Any], **values: Any) -> Any:
    """Return a plain object with the fields of a row, all 0 but the given ones."""
    made = as_object(np.zeros(1, dtype)[0], SimpleNamespace)
    vars(made).update(values)
    return made


def desk(**values: Any) -> Any:
    """Return our own row: we hear everything, and one standard error is one."""
    heard = dict.fromkeys(("hears_application", "hears_behaviour", "hears_responses", "sees_browsing"), 1)
    return record(OFFER, **{**heard, "score_noise": 1.0, "believed_noise": 1.0, "line": [1] * MAX_PRODUCTS, **values})


def products(number: int) -> list[int]:
    return [1] * number + [0] * (MAX_PRODUCTS - number)


def see(belief: Any, offer: Any, group: Learning, **signal: Any) -> Any:
    """Return the belief after one more month of our customer (unless the signal says otherwise)."""
    shown = {
        "person_id": 7,
        "before": US,
        "provider": US,
        "trace": -1,
        "held": products(1),
        "read": 1,
        "used": 1,
        **signal,
    }
    world, scope = World(), OPEN if shown["provider"] == US else SETTLED
    world.offers, world.effects, world.rules = [record(OFFER), offer], EFFECTS, Rulebook()._replace(learning=group)
    world.splits, world.fault = Splits(0.02, 300.0), np.zeros(3)
    observe(belief, record(SIGNAL, **shown), scope, US, world)
    assert not world.fault.any()
    return belief


def is_exactly(belief: Any, quantity: str, mean: float, precision: float) -> bool:
    """Return whether mean and precision of an estimate are these, but for rounding."""
    told = getattr(belief, f"{quantity}_mean"), getattr(belief, f"{quantity}_precision")
    small = 1e-12 * max(1.0, precision**-0.5)
    return bool(told == (pytest.approx(mean, rel=1e-12, abs=small), pytest.approx(precision, rel=1e-12)))


def posterior(mean: float, precision: float, readings: list[tuple[float, float]]) -> tuple[float, float]:
    """Return mean and precision of a normal quantity, from pairs of reading and precision (BDA3, section 2.5)."""
    total = precision + sum(p for _, p in readings)
    return (mean * precision + sum(y * p for y, p in readings)) / total, total


log_odds, eur, feelings = st.floats(-12, 5), st.floats(-500, 900), st.floats(-4, 4)
histories = st.lists(st.tuples(log_odds, eur, feelings), min_size=1, max_size=30)


@settings(max_examples=80)
@given(histories, st.integers(1, 3), log_odds, st.floats(0.1, 5), st.floats(0.3, 5))
def test_without_drift_beliefs_are_the_normal_posterior(
    history: list[tuple[float, float, float]], held: int, score: float, score_noise: float, noise: float
) -> None:
    belief, ours = record(BELIEF, person_id=-1), desk(score_noise=score_noise, believed_noise=noise)
    for month, (risk, margin, care) in enumerate(history):
        see(
            belief,
            ours,
            STILL,
            joined=int(month == 0),
            application_score=score,
            held=products(held),
            risk_reading=risk,
            margin_per_year=margin,
            care_reading=care,
        )
    readings = [(score, 1 / score_noise**2), *((y, 0.02 * held / noise**2) for y, _, _ in history)]
    assert is_exactly(belief, "risk", *posterior(STILL.class_risk, 1 / STILL.class_risk_sd**2, readings))
    readings = [(y, 1 / 120.0**2) for _, y, _ in history[1:]]  # in the month of joining there is no margin yet
    assert is_exactly(belief, "return", *posterior(60.0, 1 / 150.0**2, readings))
    assert is_exactly(belief, "care", *posterior(0.0, 1.0, [(y, 1 / (noise * 1.5) ** 2) for _, _, y in history]))


@settings(max_examples=80)
@given(st.lists(log_odds, min_size=1, max_size=30), st.floats(0, 2), st.integers(1, 3))
def test_with_drift_beliefs_are_the_kalman_filter_of_a_local_level(readings: list[float], q: float, held: int) -> None:
    belief, group = record(BELIEF, person_id=-1), STILL._replace(risk_drift=q)
    mean, variance, noise = STILL.class_risk, STILL.class_risk_sd**2, 1 / (0.02 * held)
    for reading in readings:
        see(belief, desk(hears_application=0), group, held=products(held), risk_reading=reading)
        gain = (variance + q) / (variance + q + noise)  # Durbin & Koopman 2012, section 2.2
        mean, variance = mean + gain * (reading - mean), (1 - gain) * (variance + q)
        assert is_exactly(belief, "risk", mean, 1 / variance)


def test_in_the_long_run_as_much_is_learnt_as_is_forgotten() -> None:
    """Steady state x = (q + sqrt(q^2 + 4 q h)) / 2 before a reading, x - q after it; q = 0.02, h = 50 (ibid., 2.11)."""
    belief = record(BELIEF, person_id=-1)
    for _ in range(1000):
        see(belief, desk(), STILL._replace(risk_drift=0.02))
    assert 1 / belief.risk_precision == pytest.approx((0.02 + 4.0004**0.5) / 2 - 0.02, rel=1e-9)


@given(st.integers(1, 40), st.floats(0, 1), st.booleans())
def test_what_is_not_read_ages(months: int, drift: float, stays: bool) -> None:
    group = STILL._replace(risk_drift=drift, return_drift=1e4 * drift)
    belief = see(record(BELIEF, person_id=-1), desk(), group, joined=1, application_score=-3.0, risk_reading=-4.0)
    risk, margin, need = 1 / belief.risk_precision, 1 / belief.return_precision, list(belief.need_yes)
    means = belief.risk_mean, belief.return_mean
    for _ in range(months):
        see(belief, desk(hears_behaviour=0), group, risk_reading=30.0, margin_per_year=9e3, provider=US if stays else 2)
    assert 1 / belief.risk_precision == pytest.approx(risk + months * drift)
    assert 1 / belief.return_precision == pytest.approx(margin + months * 1e4 * drift)
    assert (belief.risk_mean, belief.return_mean) == pytest.approx(means) and belief.need_yes == need
    assert belief.months_since_seen == (0 if stays else months) and belief.held[0] == int(stays)


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 20))
def test_needs_are_beta_binomial(answers: list[bool], traces: int) -> None:
    belief = see(record(BELIEF, person_id=-1), desk(), STILL, joined=1)
    for answer in answers:
        see(belief, desk(), STILL, treatment=NUMBER["cross_sell_savings"], taken=int(answer))
    for _ in range(traces):
        see(belief, desk(), STILL, trace=2)
    # Beta(1, 1) and successes, failures (Laplace's rule of succession); a trace counts as one success
    assert belief.need_yes[:3] == [1, 1 + sum(answers), 1 + traces]
    assert belief.need_no[:3] == [1, 1 + len(answers) - sum(answers), 1]


def test_a_score_without_error_is_the_truth_and_another_line_tells_its_share() -> None:
    sure = see(record(BELIEF, person_id=-1), desk(score_noise=0.0), STILL, joined=1, application_score=-1.7)
    assert sure.risk_mean == pytest.approx(-1.7, abs=1e-9) and sure.risk_precision > 1e11
    for share in (0.0, 0.25, 1.0):
        ours = desk(hears_application=0, line=[0, 1, 0] + [0] * (MAX_PRODUCTS - 3), other_lines=share)
        belief = see(record(BELIEF, person_id=-1), ours, STILL, held=products(3))
        assert belief.risk_precision == pytest.approx(1 / STILL.class_risk_sd**2 + 0.02 * (1 + 2 * share))


def test_what_the_former_provider_did_is_not_known() -> None:
    came = {"before": 2, "joined": 1, "application_score": -4.0}
    seen = [
        see(record(BELIEF, person_id=-1), desk(), STILL, **came, treatment=NUMBER[name])
        for name in ("none", "cross_sell_savings")
    ]
    assert seen[0] == seen[1]


ENDS = {
    "stays": {"treatment": NUMBER["loyalty_reward"]},
    "leaves": {"treatment": NUMBER["loyalty_reward"], "provider": 2},
    "is invited and stays away": {"before": 2, "provider": 2, "invited": 1 << US},
    "joins by invitation": {"before": 2, "joined": 1, "invited": 1 << US},
}


@pytest.mark.parametrize(
    "end",
    [
        "stays",
        "is invited and stays away",
        "leaves",
        "joins by invitation",
    ],
)
def test_a_contact_of_ours_is_remembered_however_the_month_ends(end: str) -> None:
    belief = see(record(BELIEF, person_id=-1), desk(), STILL, provider=US if "before" not in ENDS[end] else 2)
    see(belief, desk(), STILL, **ENDS[end])
    assert (belief.contact_history, belief.months_since_contact) == (1, 0)


# In a market -------------------------------------------------------------------------------------------------------

PRIOR = 1 / 1.15**2 + 1 / 0.8**2
"""Precision of risk after the application: the population, and the score."""
PER_PRODUCT = 0.2


def conjugate(**changes: Any) -> LifecycleModel:
    """Return a market in which everybody joins in month 0 and stays, products come with time, and risk stays as it is.

    Nothing that is lent, and needs unrelated to risk: what is held tells nothing of risk.
    """
    return LifecycleModel(
        rows.market(
            "quiet",
            {
                "people": 4000,
                "products": {
                    "account": {"kind": "fee", "fee_per_year": 12},
                    "insurance": {"kind": "fee"},
                    "savings": {"kind": "deposit", "rate": "1%", "balance": 6000},
                },
                "us.score_noise": 0.8,
                "traits.risk_mean": -5.0,
                "traits.risk_sd": 1.15,
                "rules.needs": {"episodes_per_year": 3.0, "take_on_own": 0.0, "event_sd": 0.0},
                "rules.learning": {
                    "class_risk": -5.0,
                    "class_risk_sd": 1.15,
                    "risk_drift": 0.0,
                    "risk_precision": PER_PRODUCT,
                },
                **changes,
            },
        ),
        seed=5,
    )


def errors(model: LifecycleModel) -> NDArray[np.float64]:
    """Return the error of our belief of everybody's risk."""
    files = model.us.files
    return np.asarray(files.beliefs["risk_mean"] - model.people["risk_trait"][files.at])


@pytest.mark.parametrize(("noise", "believed"), [(1.0, None), (3.0, None), (3.0, 1.0), (1.0, 3.0)])
def test_error_falls_with_tenure_and_products_as_the_formula_says(noise: float, believed: float | None) -> None:
    model = conjugate(**{"us.information": {"noise": noise, "believed_noise": believed}})
    told = noise if believed is None else believed
    read, spread = np.zeros(4000), []
    for month in range(25):
        read += (model.signals["held"] * (model.signals["provider"] == US)[:, None]).sum(axis=1)
        model.step()
        if month not in (1, 6, 24):
            continue
        beliefs, error = model.us.files.beliefs, errors(model)
        heard = PER_PRODUCT * read / told**2
        assert np.allclose(beliefs["risk_precision"], PRIOR + heard, rtol=1e-12)
        # the posterior weighs readings as if their error were the believed one
        squares = error**2 * (PRIOR + heard) ** 2 / (PRIOR + heard * (noise / told) ** 2)
        held = beliefs["held"].sum(axis=1)
        for group in (held > 0, *(held == number for number in (1, 2, 3))):
            if group.sum() >= 200:
                assert abs(squares[group].mean() - 1.0) < 4.0 * np.sqrt(2.0 / group.sum()), (month, group.sum())
        assert [int((held == number).sum()) >= 200 for number in (1, 2, 3)].count(True) >= (2 if month == 24 else 1)
        spread.append(float((error**2).mean()))
    squares = errors(model) ** 2 * model.us.files.beliefs["risk_precision"]
    confident = (squares.mean() - 1.0) / np.sqrt(2.0 / 4000)
    assert (confident > 20) == (noise > told) and (confident < -10) == (noise < told)
    if noise == told == 1.0:
        assert spread[2] < 0.5 * spread[1] < 0.5 * spread[0]


def test_what_was_never_read_is_no_reading() -> None:
    model = conjugate(**{"us.share": "100%", "rules.learning.risk_precision": 1.0})
    model.step()
    squares = errors(model) ** 2 * model.us.files.beliefs["risk_precision"]
    assert abs(squares.mean() - 1.0) < 4.0 * np.sqrt(2.0 / 4000)


MONTHS = 15
CHANGES: dict[str, tuple[set[str], set[str]]] = {
    "application": ({"age_years", "income", "risk_mean", "risk_precision", "default_per_year"}, {"quadrant"}),
    "behaviour": (
        {f"{what}_{part}" for what in ("risk", "return", "care") for part in ("mean", "precision")}
        | {"default_per_year", "margin_per_year", "leave_per_year", "years_expected"},
        {"quadrant", "stage"},
    ),
    "responses": ({"need_yes", "need_no"}, set()),
    "browsing": ({"need_yes", "months_since_trace", "looked_for"}, {"came_looking"}),
}
"""Switch -> fields of a belief that must change when it is off, and those that may because they follow."""


def informed(**information: Any) -> LifecycleModel:
    """Return a lively market after some months; no decision or channel of ours depends on what we know."""
    policy = {"policy": "uniform", "treatment": "cross_sell_savings", "share": 0.5}
    config = small_market(people=400, rules=LIVELY, guards={"budget_per_month": 1e9})
    config["us"] |= {"policy": policy, "acquisition": {}, "information": information}
    model = LifecycleModel(config, seed=3)
    for _ in range(MONTHS):
        model.step()
    return model


@pytest.mark.parametrize("switch", CHANGES)
def test_a_switch_of_information_changes_what_it_should_and_nothing_else(switch: str) -> None:
    everything, less = informed(), informed(**{switch: False})
    assert first_difference(everything.people, less.people) == ""
    a, b = everything.us.files.beliefs, less.us.files.beliefs
    changed = {name for name in BELIEF.names or () if not np.array_equal(a[name], b[name])}
    must, may = CHANGES[switch]
    assert must <= changed <= must | may, (must - changed, changed - must - may)
    group, stayed = less.rules.learning, b["tenure_months"] >= MONTHS
    assert stayed.sum() > 50
    if switch == "application":
        assert not b["age_years"].any() and not b["income"].any() and (a["income"] > 0).all()
        assert (b["risk_precision"] < a["risk_precision"]).all()
    elif switch == "behaviour":
        for name, prior, drift, months in (
            ("risk", 1 / (1 / STILL.class_risk_sd**2 + 1 / 0.8**2), group.risk_drift, MONTHS),
            ("return", 150.0**2, group.return_drift, MONTHS - 1),  # the first month is that of joining
            ("care", 1.0, group.care_drift, MONTHS),
        ):
            assert np.allclose(1 / b[f"{name}_precision"][stayed], prior + months * drift)
        assert np.allclose(b["return_mean"], group.class_return) and not b["care_mean"].any()
    elif switch == "responses":
        assert (b["need_no"] == group.need_no).all()
    else:
        assert (b["months_since_trace"] == 999).all() and (b["looked_for"] == -1).all()


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.floats(-0.4, 0.4), st.floats(0, 1))
def test_the_trend_is_what_the_weight_of_the_past_makes_of_it(before: int, now: int, past: float, kept: float) -> None:
    """What is declared is what is read: kept x past + (1 - kept) x growth, of at most a half a month."""
    group = STILL._replace(trend_kept=kept)
    belief = record(BELIEF, person_id=7, credit_cents=before, trend=past)
    told = see(belief, desk(), group, credit_cents=now)
    growth = min(max((now - before) / (before + 100_00), -0.5), 0.5)
    assert told.trend == pytest.approx(kept * past + (1.0 - kept) * growth, abs=1e-12)


def test_a_market_reads_the_declared_weight_of_the_past() -> None:
    trends = []
    for kept in (0.0, 0.85, 1.0):
        model = LifecycleModel(small_market(people=200, rules={"learning": {"trend_kept": kept}}), seed=1)
        for _ in range(4):
            model.step()
        trends.append(np.abs(model.us.files.beliefs["trend"]))
    assert not trends[2].any() and trends[0].mean() > 2.0 * trends[1].mean() > 0.0
