"""Others trade on the account of a coin-margined hedge, away from the price that was counted at last (R24, R25)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.guards import Campaign, observe_exposure, tripped
from bot.domain.orders import Side
from tests.core.coins import COINED, CONTRACT, CoinAccount

STEP = CONTRACT.quantity_step


def running(wallet: D, ratio: D, order_notional: D) -> CoinAccount:
    """Hedged, and its campaign goes on."""
    caps = replace(COINED.caps, order_notional=order_notional)
    account = CoinAccount(wallet=wallet, policy=replace(COINED, ratio=ratio, caps=caps))
    account.settle()
    account.turn()
    account.sent.clear()
    return account


def hedge_again(account: CoinAccount) -> None:
    """Until nothing was sent for longer than coins must stay away; nothing trips on the way."""
    quiet = 0
    while quiet < 16:
        quiet = 0 if account.turn().order is not None else quiet + 1
        assert account.campaign is not None
        assert tripped(account.campaign, STEP) is None


@settings(max_examples=60, deadline=None)
@given(
    wallet=st.integers(5, 200).map(lambda tenth: D(tenth) / 10),
    ratio=st.sampled_from([D("0.25"), D("0.5"), D(1)]),
    percent=st.integers(-15, 15),
    share=st.integers(1, 10),
    order_notional=st.sampled_from([D(50_000), D(10) ** 9]),
)
def test_r25_what_was_deleveraged_is_hedged_again_at_any_price(
    wallet: D, ratio: D, percent: int, share: int, order_notional: D
) -> None:
    account = running(wallet, ratio, order_notional)
    short = -account.contracts
    taken = (short * share / 10).to_integral_value()
    if not taken:
        return
    account.price *= 1 + D(percent) / 100
    account.others(Side.BUY, taken, account.price, adl=True)
    hedge_again(account)
    gap = account.turn().view.gap
    assert gap is not None
    assert abs(gap) * account.price <= max(account.value * ratio * D("0.005"), D(20)) + D(100)


@pytest.mark.parametrize("percent", ["-0.5", "0.5"])
def test_r25_what_somebody_sold_by_hand_is_bought_back_at_any_price(percent: str) -> None:
    account = running(D(30), D(1), D(10) ** 9)
    account.price *= 1 + D(percent) / 100
    account.others(Side.SELL, D(9_000), account.price, adl=False)
    hedge_again(account)
    assert account.sent


def test_r24_what_others_moved_is_counted_once_and_never_for_less() -> None:
    moved = Campaign(
        exposure=D(1), initial_gap_contracts=D(150), filled_contracts=D(100), mismatches=0, per_contract=None
    )

    def observed(gap: str, campaign: Campaign = moved) -> Campaign:
        return observe_exposure(campaign, D(1), D(gap), tolerance=D("0.001"), step=STEP, per_contract=D("0.001"))

    assert observed("60").initial_gap_contracts == 160
    assert observed("40").initial_gap_contracts == 150
    assert observed("90", observed("60")).initial_gap_contracts == 160
