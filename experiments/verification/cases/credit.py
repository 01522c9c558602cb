"""Known answers about credit: the delinquency chain, one-factor default, the Basel risk weight."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtr, ndtri

from tenure.agents.ledger import CREDIT_LOSS
from tenure.agents.offer import US
from tenure.agents.person import CHARGED_OFF
from tenure.experiments.verification.cases.rows import Row, compare, market, recorded, series
from tenure.simulation.engines.engine import dispatched
from tenure.simulation.model import LifecycleModel

CURE, ROLL = (0.42, 0.22, 0.12, 0.06, 0.04), (0.45, 0.70, 0.85, 0.92, 0.95)
MISS = 0.1


def delinquency_chain() -> NDArray[np.float64]:
    """Return the chain of missed payments 0 to 5 and charged off, from month end to month end."""
    p = np.zeros((7, 7))
    p[0, :2] = 1.0 - MISS, MISS
    for m, (cure, roll) in enumerate(zip(CURE, ROLL, strict=True), start=1):
        p[m, 0], p[m, m], p[m, m + 1] = cure, 1.0 - cure - roll, roll
    p[6, 6] = 1.0
    return p


def delinquency(people: int = 50_000, slow_people: int = 10_000, months: int = 600, seed: int = 1) -> list[Row]:
    """Shares by missed payments in months 1 to 36 (the worst of them is shown), and the months to charge-off."""
    model = LifecycleModel(market("delinquency", {"people": people}), seed=seed)
    chain, rows = delinquency_chain(), []
    expected = np.zeros((36, 7))
    simulated, lost = np.zeros((36, 7)), 0
    state = np.eye(7)[0]
    for month in range(36):
        model.step()
        s = model.signals
        lost += int((s["cause"] == CHARGED_OFF).sum())
        here = np.bincount(s["months_past_due"][s["provider"] == 1], minlength=6)
        counts = np.array([*here, lost], dtype=float)
        state = state @ chain
        expected[month], simulated[month] = state, counts / counts.sum()
    for bucket in range(7):
        name = "charged off" if bucket == 6 else f"{bucket} missed"
        every = [
            compare("delinquency", f"{name}, month {month} (worst of 36)", e, s, math.sqrt(e * (1.0 - e) / people))
            for month, (e, s) in enumerate(zip(expected[:, bucket], simulated[:, bucket], strict=True), start=1)
        ]
        rows.append(max(every, key=lambda one: abs(one.z)))
    fundamental = np.linalg.inv(np.eye(6) - chain[:6, :6])
    time = fundamental.sum(axis=1)
    variance = float(((2.0 * fundamental - np.eye(6)) @ time - time**2)[0])
    lived = _months_to_charge_off(slow_people, months, seed)
    error = math.sqrt(variance / len(lived))
    rows.append(compare("delinquency", "mean months to charge-off", float(time[0]), float(lived.mean()), error))
    return rows


def _months_to_charge_off(people: int, months: int, seed: int) -> NDArray[np.float64]:
    """The month of charge-off of each person."""
    model = LifecycleModel(market("delinquency", {"people": people}), seed=seed)
    lived = np.full(people, float(months))
    for month in range(1, months + 1):
        model.step()
        lived[model.signals["cause"] == CHARGED_OFF] = month
    return lived


def one_factor(people: int = 50_000, seed: int = 1) -> list[Row]:
    """Loss share given Z (Vasicek 2002): Phi((Phi^-1(PD) + sqrt(R) Z) / sqrt(1 - R)), PD 5%, R .15."""
    rows = []
    for z in range(-3, 4):
        model = LifecycleModel(market("one_factor", {"people": people}), seed=seed, replication=z + 3)
        model.systematic = float(z)
        record = recorded(model, 1)
        loss = -float(series(record, "ledger", a="credit_loss").sum())
        share = loss / float(series(record, "credit_balance_by_cell")[-1])
        e = float(_missing(z))
        rows.append(compare("one_factor", f"loss share, Z={z:+d}", e, share, math.sqrt(e * (1.0 - e) / people)))
    return rows


DEFAULT, TIED = 0.05, 0.15
"""Probability of default in the one period, and what ties it to the common factor."""
TAIL = 0.99
FACTORS = np.linspace(-8.0, 8.0, 1601)
"""Values of the common factor over which expected losses are integrated, evenly."""


def one_factor_losses(months: int = 20_000, people: int = 250, seed: int = 1) -> list[Row]:
    """Loss shares of as many independent months: mean, standard deviation and 99% quantile (Vasicek 2002).

    The same book lives every month anew, with a factor and luck of that month. What is expected of so many loans is
    integrated over the factor: given it, losses are binomial.
    """
    lived = loss_shares(months, people, seed)
    lost = np.arange(people + 1) / people
    chance = expected_losses(people)
    mean = float(chance @ lost)
    sd, fourth = math.sqrt(float(chance @ (lost - mean) ** 2)), float(chance @ (lost - mean) ** 4)
    up_to = np.cumsum(chance)
    quantile = float(lost[np.searchsorted(up_to, TAIL)])
    near = np.abs(lost - quantile) <= 0.1 * quantile
    density = float(chance[near].sum()) / (float(np.count_nonzero(near)) / people)
    limit = float(_missing(ndtri(TAIL)))
    beyond = float(chance[lost > limit].sum())
    back = float(np.corrcoef(lived[1:], lived[:-1])[0, 1])
    case = "one_factor_losses"
    return [
        compare(case, "mean loss share", mean, float(lived.mean()), sd / math.sqrt(months)),
        compare(
            case,
            "standard deviation",
            sd,
            float(lived.std()),
            math.sqrt((fourth - sd**4) / months) / (2.0 * sd),
        ),
        compare(
            case,
            "99% quantile",
            quantile,
            float(np.quantile(lived, TAIL)),
            math.sqrt(TAIL * (1.0 - TAIL) / months) / density,
        ),
        compare(
            case,
            f"months that lose more than {limit:.4f}, the 99% quantile of a boundless book",
            beyond,
            float((lived > limit).mean()),
            math.sqrt(beyond * (1.0 - beyond) / months),
        ),
        compare(case, "correlation with the month before", 0.0, back, 1.0 / math.sqrt(months)),
    ]


def loss_shares(months: int, people: int, seed: int) -> NDArray[np.float64]:
    """Return the loss share of a book in each of as many months that all begin alike, shape (months,)."""
    model = LifecycleModel(market("one_factor_losses", {"people": people}), seed=seed)
    book, nothing = model.people.copy(), dispatched((), people)
    owed, lost = float(book["balance_cents"].sum()), np.zeros(months)
    for month in range(months):
        model.people[:] = book
        model.month = month
        model.move_factor()
        model.date()
        totals = model.engine.live(model.people, model.signals, nothing, model.world)
        lost[month] = totals.ledger[US, CREDIT_LOSS]
    return lost / owed


def expected_losses(loans: int) -> NDArray[np.float64]:
    """Return the chance of each number of losses, shape (loans + 1,): binomial given the factor, which is normal."""
    weight = np.exp(-0.5 * FACTORS**2)
    up_to = bdtr(np.arange(loans + 1)[:, None], loans, _missing(FACTORS)[None, :])
    return np.asarray(np.diff(up_to, axis=0, prepend=0.0) @ (weight / weight.sum()))


def _missing(factor: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of default given the factor."""
    z = np.asarray(factor, np.float64)
    return np.asarray(ndtr((ndtri(DEFAULT) + math.sqrt(TIED) * z) / math.sqrt(1.0 - TIED)))


class ExposureClass(NamedTuple):
    """A class of Basel's retail formula: risk weights, % of exposure, by probability of default within a year."""

    loss_given_default: float
    weights: Mapping[float, float]


RISK_WEIGHTS = {
    "qualifying_revolving": ExposureClass(0.85, {0.005: 18.97, 0.01: 32.53, 0.02: 54.63, 0.05: 103.41, 0.1: 158.47}),
    "mortgage": ExposureClass(0.25, {0.005: 19.49, 0.01: 31.33, 0.02: 48.85, 0.05: 82.35, 0.1: 113.56}),
    "other_retail": ExposureClass(0.45, {0.005: 32.36, 0.01: 45.77, 0.02: 57.99, 0.05: 66.42, 0.1: 75.54}),
}
"""Illustrative risk weights of Basel II (2006), annex 5, by class of exposure."""


def capital(people: int = 400, seed: int = 1) -> list[Row]:
    """Risk weights of retail exposures, 12.5 times the capital that the posted charge stands for.

    Three missed payments within twelve months need a miss in the first ten: PD = 1 - (1 - miss)^10. Capital costs
    100% a year; who already missed holds next to none, since that loss is certain.
    """
    rows = []
    for exposure, of_class in RISK_WEIGHTS.items():
        product: dict[str, str | float] = {"exposure": exposure, "loss_given_default": of_class.loss_given_default}
        for pd_year, percent in of_class.weights.items():
            miss = -math.expm1(math.log1p(-pd_year) / 10.0)
            risk = math.log(miss / (1.0 - miss))
            changes = {f"products.account.{name}": value for name, value in product.items()}
            changes |= {"people": people, "traits.risk_mean": risk, "rules.credit.average_risk": risk}
            model = LifecycleModel(market("capital", changes), seed=seed)
            record = recorded(model, 1)
            charge = -float(series(record, "ledger", a="capital_charge").sum())
            weight = 100.0 * 12.5 * 12.0 * charge / float(series(record, "past_due_balance", a="0")[0])
            what = f"risk weight %, {exposure.replace('_', ' ')}, PD {pd_year:.1%}"
            rows.append(compare("capital", what, percent, weight, 0.0, 0.005))
    return rows
