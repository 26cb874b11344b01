"""Wallet and Earn endpoints through real ccxt."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from ccxt.base.errors import BaseError

from bot.paper.engine.exchange import Exchange

Binance: TypeAlias = Any
Wire: TypeAlias = Any
Clock: TypeAlias = Any
SAPI = "https://api.binance.com/sapi/v1"


async def test_transfers_and_their_history(spot: Binance, exchange: Exchange, clock: Clock) -> None:
    out = await spot.transfer("USDT", 10, "spot", "swap")
    assert exchange.account("paper").balance("usdm", "USDT").total == 200_010
    clock.now_ms += 1000
    await spot.transfer("USDT", 4, "spot", "swap")
    await spot.transfer("USDT", 1, "swap", "spot")
    rows = await spot.fetch_transfers("USDT")
    assert [row["amount"] for row in rows] == [10, 4]
    assert rows[0]["id"] == out["id"]
    assert rows[0]["status"] == "ok"
    since = await spot.sapi_get_asset_transfer({"type": "MAIN_UMFUTURE", "startTime": clock.now_ms})
    assert since["total"] == 1
    page = await spot.sapi_get_asset_transfer({"type": "MAIN_UMFUTURE", "current": 2, "size": 1})
    assert [row["amount"] for row in page["rows"]] == ["10.00000000"]
    income = await spot.fapiprivate_get_income({"incomeType": "TRANSFER"})
    assert [row["tranId"] for row in income][:1] == [int(out["id"])]


async def test_transfer_refusals(spot: Binance, wire: Wire) -> None:
    with pytest.raises(BaseError, match="-5013"):
        await spot.transfer("USDT", 10_000_000, "spot", "swap")
    transfer = {"asset": "USDT", "amount": "1"}
    assert wire.refused("POST", f"{SAPI}/asset/transfer", type="MAIN_MAIN", **transfer)[1] == -1130
    assert wire.refused("POST", f"{SAPI}/asset/transfer", type="MAIN_MOON", **transfer)[1] == -1130
    bad = {"asset": "USDT", "amount": "0.000000001"}
    assert wire.refused("POST", f"{SAPI}/asset/transfer", type="MAIN_UMFUTURE", **bad)[1] == -1100


async def test_nothing_is_distributed_on_paper(spot: Binance) -> None:
    assert await spot.sapi_get_asset_assetdividend({"limit": 500}) == {"rows": [], "total": 0}


async def test_key_restrictions(make_client: Callable[..., Binance]) -> None:
    plain = make_client()
    rights = await plain.sapi_get_account_apirestrictions()
    assert (rights["enableWithdrawals"], rights["enableFutures"], rights["enableReading"]) == (False, True, True)
    risky = make_client(apiKey="paper-withdraw")
    assert (await risky.sapi_get_account_apirestrictions())["enableWithdrawals"] is True


async def test_deposits_and_withdrawals(spot: Binance, exchange: Exchange) -> None:
    exchange.deposit("paper", "spot", "BTC", Decimal("0.5"))
    exchange.deposit("paper", "spot", "USDT", Decimal(3))
    exchange.deposit("paper", "spot", "BTC", Decimal("-0.2"))
    exchange.deposit("paper", "usdm", "USDT", Decimal(3))
    (deposit,) = await spot.fetch_deposits("BTC")
    assert (deposit["amount"], deposit["status"], deposit["currency"]) == (Decimal("0.5"), "ok", "BTC")
    assert len(await spot.fetch_deposits()) == 2
    (withdrawal,) = await spot.fetch_withdrawals("BTC")
    assert (withdrawal["amount"], withdrawal["status"]) == (Decimal("0.2"), "ok")
    assert withdrawal["timestamp"] == spot.milliseconds() // 1000 * 1000


async def test_wallet_assets(spot: Binance, exchange: Exchange) -> None:
    assets = {row["asset"]: row for row in await spot.sapiv3_post_asset_getuserasset({"needBtcValuation": "true"})}
    assert assets["BTC"]["free"] == "1.00000000"
    assert assets["USDT"]["btcValuation"] == "2.00000000"
    one = await spot.sapiv3_post_asset_getuserasset({"asset": "BNB"})
    assert [(row["asset"], row["btcValuation"]) for row in one] == [("BNB", "0")]
    exchange.deposit("paper", "funding", "XYZ", Decimal(1))
    (row,) = await spot.sapi_post_asset_get_funding_asset({"needBtcValuation": "true"})
    assert (row["asset"], row["btcValuation"]) == ("XYZ", "0.00000000")


async def test_flexible_earn(spot: Binance, exchange: Exchange) -> None:
    assert (await spot.sapi_get_simple_earn_flexible_position({"asset": "BTC"}))["rows"] == []
    products = await spot.sapi_get_simple_earn_flexible_list({"asset": "BTC"})
    product = products["rows"][0]["productId"]
    bought = await spot.sapi_post_simple_earn_flexible_subscribe({"productId": product, "amount": "0.4"})
    assert bought["success"] is True
    (row,) = (await spot.sapi_get_simple_earn_flexible_position({"asset": "BTC"}))["rows"]
    assert (row["asset"], row["totalAmount"]) == ("BTC", "0.40000000")
    await spot.sapi_post_simple_earn_flexible_redeem({"productId": product, "amount": "0.1"})
    await spot.sapi_post_simple_earn_flexible_redeem({"productId": product, "redeemAll": "true"})
    assert exchange.account("paper").balance("spot", "BTC").total == 1
    exchange.pay_reward("paper", "flexible", "USDT", Decimal(2))
    subscriptions = await spot.sapi_get_simple_earn_flexible_history_subscriptionrecord({"asset": "BTC"})
    assert [(r["purchaseId"], r["amount"]) for r in subscriptions["rows"]] == [(bought["purchaseId"], "0.40000000")]
    redemptions = await spot.sapi_get_simple_earn_flexible_history_redemptionrecord({"size": 1, "current": 2})
    assert ([r["amount"] for r in redemptions["rows"]], redemptions["total"]) == (["0.10000000"], 2)
    rewards = await spot.sapi_get_simple_earn_flexible_history_rewardsrecord({"type": "ALL"})
    assert [(r["asset"], r["rewards"]) for r in rewards["rows"]] == [("USDT", "2.00000000")]
    none = await spot.sapi_get_simple_earn_flexible_history_rewardsrecord({"type": "BONUS"})
    assert none == {"rows": [], "total": 0}


async def test_locked_earn(spot: Binance, exchange: Exchange, clock: Clock) -> None:
    project = (await spot.sapi_get_simple_earn_locked_list({"asset": "BNB"}))["rows"][0]["projectId"]
    bought = await spot.sapi_post_simple_earn_locked_subscribe({"projectId": project, "amount": "3"})
    clock.now_ms += 86_400_000
    (row,) = (await spot.sapi_get_simple_earn_locked_position({"asset": "BNB"}))["rows"]
    assert (row["amount"], row["accrualDays"], row["status"]) == ("3.00000000", "1", "HOLDING")
    assert str(row["positionId"]) == bought["positionId"]
    assert (await spot.sapi_get_simple_earn_locked_position({"positionId": 1}))["rows"] == []
    exchange.pay_reward("paper", "locked", "USDT", Decimal(100))
    rewards = (await spot.sapi_get_simple_earn_locked_history_rewardsrecord())["rows"]
    assert [(r["asset"], r["amount"]) for r in rewards] == [("USDT", "100")]
    whole = await spot.sapi_get_simple_earn_account()
    assert (whole["totalLockedInUSDT"], whole["totalFlexibleAmountInBTC"]) == ("1800.00000000", "0.00000000")
    await spot.sapi_post_simple_earn_locked_redeem({"positionId": bought["positionId"]})
    assert exchange.account("paper").balance("spot", "BNB").total == 3
    subscribed = await spot.sapi_get_simple_earn_locked_history_subscriptionrecord({"endTime": clock.now_ms})
    assert [r["amount"] for r in subscribed["rows"]] == ["3.00000000"]
    redeemed = await spot.sapi_get_simple_earn_locked_history_redemptionrecord({"startTime": clock.now_ms})
    assert [r["amount"] for r in redeemed["rows"]] == ["3.00000000"]
    with pytest.raises(BaseError, match="-6003"):
        await spot.sapi_post_simple_earn_locked_redeem({"positionId": bought["positionId"]})


async def test_earn_refusals(wire: Wire) -> None:
    subscribe = f"{SAPI}/simple-earn/flexible/subscribe"
    assert wire.refused("POST", subscribe, productId="BTC001", amount="2") == (400, -6018, "Asset not enough")
    assert wire.refused("POST", subscribe, productId="XYZ001", amount="2")[1] == -6003
    assert wire.refused("POST", subscribe, productId="BTC001", amount="0")[1] == -6005


async def test_eth_staking_is_empty(spot: Binance) -> None:
    assert (await spot.sapi_get_eth_staking_account())["holdingInETH"] == "0.00000000"


async def test_each_key_is_an_account_of_its_own(make_client: Callable[..., Binance]) -> None:
    first, second = make_client(apiKey="paper1"), make_client(apiKey="paper2")
    await first.create_order("BTC/USDT", "market", "sell", 1)
    assert (await first.fetch_balance())["BTC"]["total"] == 0
    assert (await second.fetch_balance())["BTC"]["total"] == 1
