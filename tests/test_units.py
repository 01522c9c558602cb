"""Numbers as users write them: what is accepted, and what an error tells them to write instead."""

import math
from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from simulation import units

PARSERS: list[Callable[[object], float]] = [
    units.parse_share,
    units.parse_rate,
    units.parse_money,
    units.parse_number,
    units.parse_count,
    units.parse_months,
]


@pytest.mark.parametrize(
    ("parse", "written", "meant"),
    [
        (units.parse_share, "12%", 0.12),
        (units.parse_share, " 12.5 % ", 0.125),
        (units.parse_share, "12.3%", 0.123),
        (units.parse_share, "1e1%", 0.1),
        (units.parse_share, "100%", 1.0),
        (units.parse_share, 1, 1.0),
        (units.parse_share, "0.3", 0.3),
        (units.parse_share, 0, 0.0),
        (units.parse_rate, "18.9%", 0.189),
        (units.parse_rate, -0.005, -0.005),
        (units.parse_rate, "-20%", -0.2),
        (units.parse_money, 90000, 90000.0),
        (units.parse_money, "1.90", 1.9),
        (units.parse_number, "-2.5", -2.5),
        (units.parse_number, 1e-3, 0.001),
        (units.parse_count, 1e3, 1000),
        (units.parse_months, "36", 36),
    ],
)
def test_accepts(parse: Callable[[object], float], written: object, meant: float) -> None:
    assert parse(written) == meant


@pytest.mark.parametrize(
    ("parse", "written", "mend"),
    [
        (units.parse_share, 70, "70 is above 1: did you mean 70%?"),
        (units.parse_share, "70", "did you mean 70%?"),
        (units.parse_share, 12.5, "did you mean 12.5%?"),
        (units.parse_share, 120, "between 0% and 100%"),
        (units.parse_share, "120%", "above 100%"),
        (units.parse_share, "-1%", "below 0%"),
        (units.parse_share, "12,5 %", "write 12.5%"),
        (units.parse_rate, 18.9, "did you mean 18.9%?"),
        (units.parse_rate, -5, "did you mean -5%?"),
        (units.parse_rate, "-21%", "below -20%"),
        (units.parse_rate, "101%", "above 100%"),
        (units.parse_money, "30 EUR", "write 30"),
        (units.parse_money, "€30", "write 30"),
        (units.parse_money, "$ 4.50", "write 4.50"),
        (units.parse_money, "90k", "not a number"),
        (units.parse_money, "5%", "write an amount"),
        (units.parse_money, "90,000", "write 90000"),
        (units.parse_money, "90_000", "write 90000"),
        (units.parse_money, -1, "negative"),
        (units.parse_money, 1e14, "smaller"),
        (units.parse_number, "5%", "write 0.05"),
        (units.parse_number, "abc", "not a number"),
        (units.parse_count, 2.5, "not whole"),
        (units.parse_count, -1, "negative"),
        (units.parse_count, 10**400, "finite"),
        (units.parse_months, "3 years", "write 36"),
        (units.parse_months, "1.5y", "write 18"),
        (units.parse_months, "24 months", "write 24"),
        (units.parse_months, "2027-01", "is a date"),
        (units.parse_months, 1.5, "not whole"),
    ],
)
def test_refuses_and_says_what_to_write(parse: Callable[[object], float], written: object, mend: str) -> None:
    with pytest.raises(ValueError) as error:
        parse(written)
    assert mend in str(error.value)


HOSTILE: list[object] = [
    True,
    False,
    None,
    math.nan,
    math.inf,
    -math.inf,
    "nan",
    "inf",
    "",
    " ",
    "%",
    "1e9999",
    "٣%",
    [],
]
HOSTILE += ["1" * 5000, {"a": 1}, b"1", "1 2", "0x10", "--1", "1%%", "1e400", 10**400, 1j]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_refuses_what_is_no_number(parse: Callable[[object], float], value: object) -> None:
    with pytest.raises(ValueError) as error:
        parse(value)
    assert len(str(error.value)) < 250


@settings(max_examples=50)
@given(st.one_of(st.text(max_size=20), st.floats(), st.integers()))
def test_any_input_gives_a_number_in_range_or_a_value_error(value: object) -> None:
    for parse in PARSERS:
        try:
            number = parse(value)
        except ValueError:
            continue
        assert math.isfinite(number)
        assert parse(number) == number, "what was read can be read again"
    try:
        units.parse_multiplier(value)
    except ValueError:
        return


@settings(max_examples=50)
@given(st.decimals(min_value=0, max_value=100, places=3))
def test_a_percentage_is_exactly_its_fraction(percent: object) -> None:
    digits = f"{percent:0>7}"  # "012.345" -> ".012345" after the point
    whole, _, decimals = digits.partition(".")
    fraction = float(f"{whole[0]}.{whole[1:]}{decimals}")
    assert units.parse_share(f"{percent}%") == fraction


def test_multipliers() -> None:
    assert units.parse_multiplier("x0.7") == 0.7
    assert units.parse_multiplier("x 2") == 2.0
    for other in (0.7, "0.7", "70%", "xylophone", "fit", None, True, ""):
        assert units.parse_multiplier(other) is None


@pytest.mark.parametrize("written", ["x-1", "x70%", "0.7x", "x0,7", "x1e999", "x0.5 .. x1.5", "x1x2"])
def test_refuses_what_only_looks_like_a_multiplier(written: str) -> None:
    with pytest.raises(ValueError, match=r"such as x0\.7"):
        units.parse_multiplier(written)


def test_months_are_counted_from_the_start() -> None:
    assert units.parse_month("2027-01", "2027-01") == 0
    assert units.parse_month("2028-06", "2027-01") == 17
    assert units.parse_month("2028-01", "2027-12") == 1
    assert units.parse_month(24, "2027-01") == 24
    assert units.parse_month("24", "2027-01") == 24


@pytest.mark.parametrize("written", ["2026-12", "2027-13", "2027-00", "2027-1", "2027-01-01", "x", 2028, -1])
def test_refuses_what_is_no_month(written: object) -> None:
    with pytest.raises(ValueError):
        units.parse_month(written, "2027-01")


class Offer(BaseModel):
    """A small config with one field of each type."""

    share: units.Share = 0.0
    rate: units.Rate = 0.0
    money: units.Money = 0.0
    number: units.Number = 0.0
    count: units.Count = 0
    months: units.Months = 0
    hazard: Annotated[float, units.validator_for("share/month", 0.001, 0.5)] = 0.1


def test_types_read_configs() -> None:
    offer = Offer.model_validate({"share": "12%", "rate": "9.9%", "money": 9000, "months": 48, "hazard": "2%"})
    assert (offer.share, offer.rate, offer.money) == (0.12, 0.099, 9000)
    assert (offer.months, offer.hazard) == (48, 0.02)
    with pytest.raises(ValidationError, match="did you mean 70%") as error:
        Offer.model_validate({"share": 70, "count": 1.5, "months": True})
    assert error.value.error_count() == 3, "all errors at once"


@pytest.mark.parametrize(
    ("unit", "low", "high", "good", "bad", "told"),
    [
        ("share", 0, 0.5, "50%", "60%", "60% is outside 0% to 50% (share)"),
        ("share/year", 0.1, 1, 0.1, "9%", "(share/year)"),
        ("rate/year", -0.01, 0.5, "-1%", "-2%", "-2% is outside -1% to 50% (rate/year)"),
        ("EUR/month", 0, 100, 100, 101, "101 is outside 0 to 100 (EUR/month)"),
        ("EUR", -50, 50, -50, -51, "-51 is outside -50 to 50 (EUR)"),
        ("months", 1, 12, 12, 13, "13 is outside 1 to 12 (months)"),
        ("log-odds", -3, 3, -3, 3.5, "3.5 is outside -3 to 3 (log-odds)"),
        ("1", 0, 200, 150, 250, "(1)"),
    ],
)
def test_a_declared_unit_and_range_are_enforced(
    unit: str, low: float, high: float, good: object, bad: object, told: str
) -> None:
    parse = units.parser_for(unit, low, high)
    assert low <= parse(good) <= high
    with pytest.raises(ValueError) as error:
        parse(bad)
    assert told in str(error.value)
