"""Coins on their way, as Binance's own records show them: redemptions, deposits, withdrawals; and staking tokens."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from bot.paper.engine.exchange import Exchange
from tests.paper_wire.conftest import Binance, Clock, Wire

SAPI = "https://api.binance.com/sapi"
EARN = f"{SAPI}/v1/simple-earn"
DAY_MS = 86_400_000


def test_r11_a_locked_redemption_is_pending_until_its_delivery(wire: Wire, exchange: Exchange, clock: Clock) -> None:
    exchange.earn_subscribe("paper", "locked", "BNB", D(3))
    exchange.earn_redeem("paper", "locked", "BNB", D(2), notice_s=2 * 86_400)
    (record,) = wire.get(f"{EARN}/locked/history/redemptionRecord")["rows"]
    assert (record["status"], record["isComplete"], record["amount"]) == ("CREATED", False, "2.00000000")
    assert record["deliverDate"] == str(clock.now_ms + 2 * DAY_MS)
    (position,) = wire.get(f"{EARN}/locked/position")["rows"]
    # The amount contains what is being redeemed until it is delivered.
    assert (position["amount"], position["redeemingAmt"], position["redeemAmountEarly"]) == (
        "3.00000000",
        "2",
        "1.00000000",
    )
    clock.now_ms += 2 * DAY_MS
    exchange.advance()
    (record,) = wire.get(f"{EARN}/locked/history/redemptionRecord")["rows"]
    assert (record["status"], record["isComplete"]) == ("PAID", True)
    (position,) = wire.get(f"{EARN}/locked/position")["rows"]
    assert (position["amount"], position["redeemingAmt"]) == ("1.00000000", "0")
    balances = {row["asset"]: row["free"] for row in wire.get("https://api.binance.com/api/v3/account")["balances"]}
    assert balances["BNB"] == "2.00000000"


def test_a_flexible_redemption_may_be_pending_and_names_its_account(
    wire: Wire, exchange: Exchange, clock: Clock
) -> None:
    exchange.earn_subscribe("paper", "flexible", "BTC", D("0.5"))
    redeemed = {"productId": "BTC001", "amount": "0.2", "destAccount": "FUND"}
    assert wire.send("POST", f"{EARN}/flexible/redeem", redeemed).status == 200
    exchange.earn_redeem("paper", "flexible", "BTC", D("0.1"), notice_s=3600)
    newest, oldest = wire.get(f"{EARN}/flexible/history/redemptionRecord")["rows"]
    assert (newest["status"], newest["destAccount"]) == ("CREATED", "SPOT")
    assert (oldest["status"], oldest["destAccount"], oldest["projectId"]) == ("PAID", "FUNDING", "BTC001")
    wrong = {"productId": "BTC001", "amount": "0.1", "destAccount": "MOON"}
    assert wire.refused("POST", f"{EARN}/flexible/redeem", **wrong)[1] == -1130


def test_a_subscription_may_come_from_the_funding_account(wire: Wire, exchange: Exchange) -> None:
    exchange.transfer("paper", "spot", "funding", "BTC", D("0.5"))
    subscribed = {"productId": "BTC001", "amount": "0.5", "sourceAccount": "FUND"}
    assert wire.send("POST", f"{EARN}/flexible/subscribe", subscribed).status == 200
    (record,) = wire.get(f"{EARN}/flexible/history/subscriptionRecord")["rows"]
    assert record["sourceAccount"] == "FUNDING"
    assert exchange.account("paper").balance("funding", "BTC").total == 0


async def test_r11_a_deposit_on_its_way(spot: Binance, wire: Wire, exchange: Exchange, clock: Clock) -> None:
    exchange.deposit("paper", "spot", "BTC", D("0.5"), pending_s=600)
    (row,) = wire.get(f"{SAPI}/v1/capital/deposit/hisrec", status=0)
    assert (row["status"], row["completeTime"], row["confirmTimes"]) == (0, 0, "1/6")
    assert [record["status"] for record in await spot.fetch_deposits("BTC")] == ["pending"]
    clock.now_ms += 600_000
    exchange.advance()
    assert [record["status"] for record in await spot.fetch_deposits("BTC")] == ["ok"]
    assert wire.get(f"{SAPI}/v1/capital/deposit/hisrec", status=0) == []


async def test_r11_a_withdrawal_on_its_way(spot: Binance, wire: Wire, exchange: Exchange, clock: Clock) -> None:
    exchange.withdraw("paper", "spot", "BTC", D("0.5"), pending_s=600)
    (row,) = wire.get(f"{SAPI}/v1/capital/withdraw/history")
    assert (row["status"], row["txId"], "completeTime" in row) == (4, "", False)
    assert [record["status"] for record in await spot.fetch_withdrawals("BTC")] == ["pending"]
    clock.now_ms += 600_000
    exchange.advance()
    (row,) = wire.get(f"{SAPI}/v1/capital/withdraw/history", status=6)
    assert row["completeTime"] > row["applyTime"]


@pytest.mark.parametrize("version", [1, 2])
def test_staking_accounts_show_the_tokens_of_the_wallet(wire: Wire, exchange: Exchange, version: int) -> None:
    exchange.deposit("paper", "spot", "WBETH", D(2))
    eth = wire.get(f"{SAPI}/v{version}/eth-staking/account")
    assert (eth["holdingInETH"], eth["holdings"]["wbethAmount"]) == ("2.00000000", "2.00000000")
    assert wire.get(f"{SAPI}/v1/sol-staking/account")["bnsolAmount"] == "0.00000000"
    for coin in ("eth", "sol"):
        history = wire.get(f"{SAPI}/v1/{coin}-staking/{coin}/history/redemptionHistory")
        assert history == {"rows": [], "total": 0}


def test_nobody_borrows(wire: Wire) -> None:
    assert wire.get(f"{SAPI}/v1/margin/interestHistory") == {"rows": [], "total": 0}
