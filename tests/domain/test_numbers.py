"""Decimals: read strictly, rounded by name, printed plainly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.numbers import ceil_to, decimal_of, floor_to, plain

D = Decimal
values = st.decimals(-1_000_000, 1_000_000, places=8)
steps = st.sampled_from([D(text) for text in ("0.00000001", "0.001", "0.05", "0.3", "1", "2.5", "10", "1E+2")])


@pytest.mark.parametrize(
    ("raw", "expected"), [("1.50", "1.50"), (" 2 ", "2"), (3, "3"), (D("0.1"), "0.1"), ("-1E-8", "-0.00000001")]
)
def test_numbers_keep_their_digits(raw: object, expected: str) -> None:
    assert str(decimal_of(raw)) == str(D(expected))


@pytest.mark.parametrize("raw", [1.5, True, None, b"1", [], "", "x", "1,5", "nan", "Infinity", "-inf", D("nan")])
def test_anything_else_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match=r"number|finite"):
        decimal_of(raw)


@given(value=values, step=steps)
def test_rounding_stays_on_its_side_and_within_a_step(value: Decimal, step: Decimal) -> None:
    low, high = floor_to(value, step), ceil_to(value, step)
    assert low <= value <= high
    assert value - low < step
    assert high - value < step
    assert low % step == high % step == 0


@given(value=values, step=steps)
def test_rounding_twice_changes_nothing(value: Decimal, step: Decimal) -> None:
    assert floor_to(floor_to(value, step), step) == floor_to(value, step)
    assert ceil_to(ceil_to(value, step), step) == ceil_to(value, step)
    assert ceil_to(floor_to(value, step), step) == floor_to(value, step)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0E+3", "0"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("-2.00", "-2"),
        ("1E-8", "0.00000001"),
    ],
)
def test_numbers_are_printed_without_exponent_and_trailing_zeros(value: str, text: str) -> None:
    assert plain(D(value)) == text


@given(value=values)
def test_what_is_printed_reads_back_as_the_same_number(value: Decimal) -> None:
    assert decimal_of(plain(value)) == value
