"""What is left to do of an inverse hedge is counted anew when the price moves (R24)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.guards import Campaign, after_accounting, observe_exposure
from tests.core.instruments import INVERSE

EXPOSURE = D(1)


def campaign(initial: str = "100", filled: str = "0", per_contract: str | None = "0.001") -> Campaign:
    return Campaign(
        exposure=EXPOSURE,
        initial_gap_contracts=D(initial),
        filled_contracts=D(filled),
        mismatches=1,
        per_contract=None if per_contract is None else D(per_contract),
    )


def observed(running: Campaign, per_contract: str | None, gap: str = "0") -> Campaign:
    """The exposure is as it was."""
    return observe_exposure(
        running,
        EXPOSURE,
        D(gap),
        tolerance=D("0.001"),
        step=INVERSE.quantity_step,
        per_contract=None if per_contract is None else D(per_contract),
    )


@pytest.mark.parametrize(
    ("initial", "filled", "after"),
    [
        ("100", "0", "200"),
        ("100", "40", "160"),
        # One contract is left, which becomes two; of none nothing becomes more.
        ("100", "99", "101"),
        ("100", "99.5", "100.5"),
        ("100", "100", "100"),
        # More was done than there was to do, within a step: that is not undone by the price.
        ("100", "100.5", "100"),
    ],
)
def test_r24_contracts_that_close_half_as_much_are_twice_the_work_that_is_left(
    initial: str, filled: str, after: str
) -> None:
    again = observed(campaign(initial, filled), "0.0005")
    assert again == campaign(after, filled, "0.0005")
    assert observed(again, "0.0005") == again, "but once"


@pytest.mark.parametrize(
    ("gap", "after"), [("0", "100"), ("60", "100"), ("-60", "100"), ("60.5", "100.5"), ("-61", "101")]
)
def test_r24_without_a_price_the_gap_says_what_is_left_and_never_less_than_was_known(gap: str, after: str) -> None:
    """As of a journal that did not keep it, or after others traded at a price of their own."""
    assert observed(campaign("100", "40", None), "0.0005", gap) == campaign(after, "40", "0.0005")
    assert observed(campaign("100", "40", None), None, gap) == campaign("100", "40", None)
    assert observed(campaign("100", "40"), None, gap) == campaign("100", "40")


def test_r25_what_others_moved_leaves_no_price_that_the_rest_was_counted_at() -> None:
    def accounted(own: str, position: str) -> Campaign:
        return after_accounting(campaign(), D(own), D(position), INVERSE.quantity_step)

    assert accounted("-40", "-40") == replace(campaign("100", "40"), mismatches=0)
    assert accounted("0", "30") == campaign("130", "0", None)
    assert accounted("-40", "-10") == replace(campaign("130", "40", None), mismatches=2)


@given(st.lists(st.sampled_from(["0.0005", "0.001", "0.002", "0.004"]), min_size=1))
def test_r24_a_price_that_returns_leaves_the_work_as_it_was(path: list[str]) -> None:
    running = campaign("100", "20")
    for per_contract in path:
        running = observed(running, per_contract)
        left = running.initial_gap_contracts - running.filled_contracts
        assert left * D(per_contract) == D("0.08"), "the coins are the same"
    assert observed(running, "0.001") == campaign("100", "20")


def test_r24_a_new_campaign_is_counted_at_the_price_of_its_beginning() -> None:
    """So that the next one changes what is left of it."""
    for running in (None, replace(campaign(), exposure=D(2))):
        begun = observe_exposure(
            running, EXPOSURE, D(50), D("0.001"), step=INVERSE.quantity_step, per_contract=D("0.001")
        )
        assert begun == replace(campaign("50"), mismatches=0 if running is None else 1)
        assert observed(begun, "0.0005", gap="7") == replace(
            begun, initial_gap_contracts=D(100), per_contract=D("0.0005")
        )
