"""Numbers as users write them: what is accepted, and what an error tells them to write instead."""

import copy
import math
import pickle
from collections.abc import Callable
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tenure.agents.declaring import Parameter
from tenure.policies.settings.written import Written
from tenure.simulation.settings.base import Settings
from tenure.simulation.values import calendar, units

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
        (units.parse_share, 120, "120 is above 100%: write a share from 0% to 100%"),
        (units.parse_share, "120%", "above 100%"),
        (units.parse_share, "-1%", "is negative: write a share from 0% to 100%"),
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
        (units.parse_money, "1,00,000", "write 100000"),
        (units.parse_money, "4'000", "write 4000"),
        (units.parse_money, "4’000", "write 4000"),
        (units.parse_money, "4 000", "write 4000"),
        (units.parse_money, "4\u202f000", "write 4000"),
        (units.parse_money, "1.234.567", "write 1234567"),
        (units.parse_money, "1.234,50", "write 1234.50"),
        (units.parse_money, "1,5", "write 1.5"),
        (units.parse_money, "EUR 4,000", "write 4000"),
        (units.parse_money, "４０００", "not written in plain digits: write 4000"),
        (units.parse_count, "٣", "write 3"),
        (units.parse_number, "−5", "write -5"),
        (units.parse_money, "0x10", "not a decimal number: write 16"),
        (units.parse_count, "0o17", "not a decimal number: write 15"),
        (units.parse_count, "010", "has a leading zero: write 10"),
        (units.parse_share, "05%", "write 5%"),
        (units.parse_money, "1e-400", "too small to be told from 0: write 0"),
        (units.parse_count, "1.0000000000000000001", "not whole"),
        (units.parse_money, "12:30", "not a number"),
        (units.parse_money, "90_000", "write 90000"),
        (units.parse_money, -1, "negative"),
        (units.parse_money, 1e14, "is above 10000000000000: write an amount from 0 to 10000000000000"),
        (units.parse_count, 2**53 + 1, "is above"),
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


def test_a_month_of_the_calendar_is_read() -> None:
    assert calendar.parse_calendar_month("2027-01") == "2027-01"
    assert calendar.month_number("2028-06") - calendar.month_number("2027-01") == 17


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (2027, "2027-01"),
        ("2027", "2027-01"),
        ("2027-1", "2027-01"),
        ("2027/03", "2027-03"),
        (2027.03, "2027-03"),
        ("2027-03-31", "2027-03"),
        ("2027-03-31 12:00:00", "2027-03"),
        ("2027-03-31T12:00:00Z", "2027-03"),
    ],
)
def test_another_spelling_of_a_month_is_answered_by_the_month(written: object, meant: str) -> None:
    with pytest.raises(ValueError, match=rf"is not a month: did you mean {meant}\?$"):
        calendar.parse_calendar_month(written)


@pytest.mark.parametrize(
    "written", ["2027-13", "2027-00", "1066-10", "9999-01", "x", "", None, True, 24, -1, [], "x" * 99]
)
def test_refuses_what_is_no_month(written: object) -> None:
    with pytest.raises(ValueError, match=r"write (one|a month) such as 2027-01$"):
        calendar.parse_calendar_month(written)


class Terms(Settings):
    """A small config with one field of each type."""

    share: Annotated[float, Parameter("share", 0, 1, "assumption")] = 0.0
    rate: Annotated[float, Parameter("rate/year", -0.2, 1, "assumption")] = 0.0
    money: Annotated[float, Parameter("EUR", 0, 1e9, "assumption")] = 0.0
    number: Annotated[float, Parameter("points", -1e3, 1e3, "assumption")] = 0.0
    count: Annotated[int, Parameter("1", 0, 1e15, "assumption")] = 0
    months: Annotated[int, Parameter("months", 0, 1e15, "assumption")] = 0
    hazard: Annotated[float, Parameter("share/month", 0.001, 0.5, "assumption")] = 0.1


def test_types_read_configs() -> None:
    offer = Terms.model_validate({"share": "12%", "rate": "9.9%", "money": 9000, "months": 48, "hazard": "2%"})
    assert (offer.share, offer.rate, offer.money) == (0.12, 0.099, 9000)
    assert (offer.months, offer.hazard) == (48, 0.02)
    with pytest.raises(ValidationError, match="did you mean 70%") as error:
        Terms.model_validate({"share": 70, "count": 1.5, "months": True})
    assert error.value.error_count() == 3, "all errors at once"


@pytest.mark.parametrize(
    ("unit", "low", "high", "good", "bad", "told"),
    [
        ("share", 0, 0.5, "50%", "60%", "60% is above 50%: write a share from 0% to 50%"),
        ("share/year", 0.1, 1, 0.1, "9%", "9% is below 10%: write a share a year from 10% to 100%"),
        ("rate/year", -0.01, 0.5, "-1%", "-2%", "-2% is below -1%: write a rate a year from -1% to 50%"),
        ("EUR/month", 0, 100, 100, 101, "101 is above 100: write an amount a month from 0 to 100"),
        ("EUR", -50, 50, -50, -51, "-51 is below -50: write an amount from -50 to 50"),
        ("months", 1, 12, 12, 13, "13 is above 12: write a number of months from 1 to 12"),
        ("utility", -20, 20, -20, 100, "100 is above 20: write a utility from -20 to 20"),
        ("log-odds", -3, 3, -3, 3.5, "3.5 is above 3: write log-odds from -3 to 3"),
        ("contacts", 0, 9, 9, -1, "-1 is negative: write a number from 0 to 9 (contacts)"),
        ("1", 0, 200, 150, 250, "250 is above 200: write a number from 0 to 200"),
    ],
)
def test_a_declared_unit_and_range_are_enforced(
    unit: str, low: float, high: float, good: object, bad: object, told: str
) -> None:
    parse = units.Parser(unit, low, high)
    assert low <= parse(good) <= high
    with pytest.raises(ValueError) as error:
        parse(bad)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("unit", "high", "written", "mend"),
    [
        ("EUR", 1e9, "4.000", "is 4.000 four thousand or four? Write 4000 or 4"),
        ("EUR", 1e9, "-21.000", "is -21.000 minus twenty-one thousand or minus twenty-one? Write -21000 or -21"),
        ("EUR", 1e9, "115.000", "is 115.000 one hundred fifteen thousand or one hundred fifteen? Write 115000 or 115"),
        ("EUR", 1e9, "12.500", "is 12.500 12500 or 12.5? Write 12500 or 12.5"),
        ("EUR", 1e9, "1.125", "Write 1125 or 1.1250"),
        ("EUR", 1e3, "4.000", "looks like thousands: write 4"),
        ("count", 1e9, "4.000", "is 4.000 four thousand or four? Write 4000 or 4"),
        ("count", 1e9, "4.500", "looks like thousands: write 4500"),
        ("months", 1200, "36.000", "looks like thousands: write 36"),
        ("1", 1e9, "2.000", "is 2.000 two thousand or two? Write 2000 or 2"),
        ("EUR", 1e9, "4.000 EUR", "Write 4000 or 4"),
    ],
)
@pytest.mark.parametrize("as_written", [str, lambda text: Written(float(text), text)], ids=["text", "yaml"])
def test_what_can_be_read_in_two_ways_is_not_read(
    unit: str, high: float, written: str, mend: str, as_written: Callable[[str], object]
) -> None:
    value = as_written(written) if "EUR" not in written else written
    with pytest.raises(ValueError) as error:
        units.Parser(unit, -high, high, whole=unit in ("count", "months"))(value)
    assert str(error.value).endswith(mend)


@pytest.mark.parametrize(
    ("unit", "low", "high", "written"),
    [
        ("share", 0, 1, "0.125"),
        ("share", 0, 1, "1.000"),
        ("rate/year", -0.2, 1, "0.045"),
        ("log-odds", -40, 40, "-2.800"),
        ("log-odds", -40, 40, "1.125"),
        ("log-odds", -40, 40, "-2.000"),
        ("EUR", 0, 1000, "1.125"),
        ("EUR", 0, 1e9, "0.125"),
        ("EUR", 0, 1e9, "4.00"),
        ("EUR", 0, 1e9, "4.0000"),
        ("EUR", 0, 1e9, "4000.000"),
        ("EUR", 0, 1e9, "1.1250"),
    ],
)
def test_what_can_be_read_in_one_way_is_read(unit: str, low: float, high: float, written: str) -> None:
    parse = units.Parser(unit, low, high)
    assert parse(written) == parse(Written(float(written), written)) == float(written)


@settings(max_examples=200)
@given(
    st.integers(-999_999, 999_999), st.sampled_from(["{:,}", "{:_}", "{}"]), st.sampled_from([",", ".", "'", " ", "_"])
)
def test_money_is_read_as_it_was_meant_or_refused(amount: int, how: str, separator: str) -> None:
    """Whoever groups thousands, with whatever sign, is never taken to mean another number."""
    written = how.format(amount).replace(",", separator).replace("_", separator)
    try:
        assert units.parse_money(written, low=-1e6) == amount
    except ValueError as error:
        assert str(amount) in str(error), "the mend names what was meant"


def test_a_number_keeps_its_text_when_it_is_copied() -> None:
    for again in (copy.deepcopy(Written(4.0, "4.000")), pickle.loads(pickle.dumps(Written(4.0, "4.000")))):
        assert (again, again.text) == (4.0, "4.000")
