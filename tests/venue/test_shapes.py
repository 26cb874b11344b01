"""Ids of orders as the venues write them; an id that none would give says nothing (R8)."""

from __future__ import annotations

import pytest

from bot.venue.shapes import order_code_in, order_number_in


@pytest.mark.parametrize("code", ["300000000001000002", "5bd6e9286d99522a52e458de"])
def test_a_code_of_letters_and_digits_is_taken_as_it_stands(code: str) -> None:
    assert order_code_in({"id": code}, "id") == code


@pytest.mark.parametrize(
    "code", [None, "", "0", "000", "-300000000001000002", "3000000000010000.02", 300000000001000002]
)
def test_r8_what_is_no_code_is_refused(code: object) -> None:
    with pytest.raises(ValueError, match="id"):
        order_code_in({"id": code}, "id")


@pytest.mark.parametrize("number", [1700, "1700"])
def test_a_number_is_taken_as_text(number: object) -> None:
    assert order_number_in({"orderId": number}, "orderId") == "1700"


@pytest.mark.parametrize("number", [None, "", 0, -1700, "17.5", "abc"])
def test_r8_what_is_no_number_above_0_is_refused(number: object) -> None:
    with pytest.raises(ValueError, match="orderId"):
        order_number_in({"orderId": number}, "orderId")
