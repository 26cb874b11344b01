"""KuCoin's accounts: wallets, ledgers, transfers, deposits and withdrawals, Earn, and what a key may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from ccxt.base.errors import InsufficientFunds, OrderNotFound

from tests.paper_wire.kucoin import BTC, FUTURES_HOST, SPOT_HOST, Bench, Client

V1 = f"{SPOT_HOST}/api/v1"
EARN = f"{V1}/earn"
DAY_MS = 86_400_000


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def spot(bench: Bench) -> AsyncIterator[Client]:
    async with bench.client() as client:
        yield client


def holdings(bench: Bench, **params: object) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = bench.data("GET", f"{EARN}/hold-assets", params)["items"]
    return rows


def products(bench: Bench, kind: str, asset: str) -> str:
    (row,) = bench.data("GET", f"{EARN}/{kind}/products", {"currency": asset})
    return str(row["id"])


def test_r5_no_coin_is_shown_under_two_names(bench: Bench) -> None:
    bench.exchange.deposit("paper", "main", "BTC", Decimal("0.25"))
    rows = bench.data("GET", f"{V1}/accounts", {"currency": "BTC"})
    assert [(row["type"], row["balance"]) for row in rows] == [("main", "0.25"), ("trade_hf", "1")]
    assert bench.data("GET", f"{V1}/accounts", {"type": "trade"}) == []
    assert bench.data("GET", f"{V1}/accounts", {"type": "trade_uta"}) == []
    one = bench.data("GET", f"{V1}/accounts/{rows[0]['id']}")
    assert one == {"currency": "BTC", "balance": "0.25", "available": "0.25", "holds": "0"}
    old = Bench(hf=False)
    assert {row["type"] for row in old.data("GET", f"{V1}/accounts")} == {"trade"}


async def test_balances_and_what_orders_hold(spot: Client, bench: Bench) -> None:
    await spot.create_order(BTC, "limit", "buy", 0.1, 90_000)
    usdt = (await spot.fetch_balance())["USDT"]
    assert usdt["total"] == 200_000
    assert 9_000 <= usdt["used"] <= 9_009
    movable = bench.data("GET", f"{V1}/accounts/transferable", {"currency": "USDT", "type": "TRADE_HF"})
    assert Decimal(movable["transferable"]) == Decimal(200_000) - Decimal(str(usdt["used"]))


async def test_transfers_between_all_wallets(spot: Client, bench: Bench) -> None:
    await spot.transfer("USDT", 100, "spot", "swap")
    await spot.transfer("USDT", 50, "spot", "main")
    await spot.transfer("USDT", 20, "main", "hf")
    async with bench.client("kucoinfutures") as futures:
        await futures.transfer("USDT", 10, "swap", "spot")
        await futures.transfer("USDT", 5, "spot", "swap")
        assert (await futures.fetch_balance())["USDT"]["total"] == 200_095
    account = bench.exchange.account("paper")
    amounts = {wallet: account.balance(wallet, "USDT").total for wallet in ("main", "trade", "futures")}
    assert amounts == {"main": 30, "trade": 199_875, "futures": 200_095}
    with pytest.raises(InsufficientFunds, match="260100"):
        await spot.transfer("USDT", 31, "main", "swap")
    listed = await spot.fetch_transfers("USDT")
    assert {(row["amount"], row["fromAccount"], row["toAccount"]) for row in listed} == {
        (50, None, "main"),
        (20, "main", None),
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"toAccountType": "TRADE"}, "400100"),
        ({"toAccountType": "POOL"}, "400100"),
        ({"type": "PARENT_TO_SUB"}, "400100"),
        ({"amount": "0"}, "400100"),
        ({"amount": "0.000000001"}, "400100"),
        ({"amount": "900000"}, "260100"),
        ({"clientOid": ""}, "400100"),
    ],
)
def test_transfers_that_are_refused(bench: Bench, changes: dict[str, str], code: str) -> None:
    order = {
        "clientOid": "t1",
        "type": "INTERNAL",
        "currency": "USDT",
        "amount": "10",
        "fromAccountType": "TRADE",
        "toAccountType": "CONTRACT",
    }
    url = f"{SPOT_HOST}/api/v3/accounts/universal-transfer"
    assert bench.refused("POST", url, {**order, **changes})[0] == code
    assert bench.exchange.account("paper").transfers == ()


async def test_r29_the_trading_ledger_explains_every_change(spot: Client, bench: Bench) -> None:
    await spot.create_order(BTC, "market", "buy", 0.1)
    await spot.create_order(BTC, "market", "sell", 0.3)
    await spot.transfer("USDT", 100, "spot", "main")
    rows = bench.data("GET", f"{V1}/hf/accounts/ledgers", {"currency": "USDT,BTC"})
    for asset, start in (("USDT", 200_000), ("BTC", 1)):
        mine = [row for row in rows if row["currency"] == asset]
        change = sum(Decimal(row["amount"]) * (1 if row["direction"] == "in" else -1) for row in mine)
        total = bench.exchange.account("paper").balance("trade", asset).total
        assert start + change == total
        assert Decimal(mine[0]["balance"]) == total
    sold = next(row for row in rows if row["currency"] == "USDT" and row["direction"] == "in")
    assert sold["bizType"] == "TRADE_EXCHANGE"
    assert Decimal(sold["fee"]) == Decimal("29.9997")
    assert len(bench.data("GET", f"{V1}/hf/accounts/ledgers", {"bizType": "TRANSFER"})) == 1
    older = bench.data("GET", f"{V1}/hf/accounts/ledgers", {"currency": "USDT", "lastId": rows[0]["id"]})
    assert rows[0] not in older
    assert len(older) == 2
    assert [entry["type"] for entry in await spot.fetch_ledger("USDT", None, 1)] == ["transfer"]


def test_the_main_ledger_is_paged(bench: Bench) -> None:
    for amount in (1, 2, 3):
        bench.clock.now_ms += 1000
        bench.exchange.deposit("paper", "main", "BTC", Decimal(amount))
    page = bench.data("GET", f"{V1}/accounts/ledgers", {"pageSize": 2})
    assert (page["totalNum"], page["totalPage"], page["items"][0]["amount"]) == (3, 2, "3")
    assert [
        row["amount"] for row in bench.data("GET", f"{V1}/accounts/ledgers", {"currentPage": 2, "pageSize": 2})["items"]
    ] == ["1"]
    late = bench.data("GET", f"{V1}/accounts/ledgers", {"startAt": bench.clock.now_ms, "direction": "in"})
    assert late["totalNum"] == 1
    assert bench.data("GET", f"{V1}/accounts/ledgers", {"direction": "out"})["totalNum"] == 0


def test_r11_a_withdrawal_on_its_way_is_told(bench: Bench) -> None:
    bench.exchange.deposit("paper", "main", "BTC", Decimal(2))
    bench.exchange.withdraw("paper", "main", "BTC", Decimal("0.5"), pending_s=60)
    (row,) = bench.data("GET", f"{V1}/withdrawals", {"currency": "BTC"})["items"]
    assert (row["status"], row["amount"]) == ("PROCESSING", "0.5")
    bench.clock.now_ms += 60_000
    bench.exchange.advance()
    (row,) = bench.data("GET", f"{V1}/withdrawals", {"status": "SUCCESS"})["items"]
    assert row["updatedAt"] == bench.clock.now_ms
    assert bench.data("GET", f"{V1}/withdrawals", {"status": "PROCESSING"})["items"] == []


async def test_deposits_and_addresses(spot: Client, bench: Bench) -> None:
    bench.exchange.deposit("paper", "main", "BTC", Decimal(2))
    (deposit,) = await spot.fetch_deposits("BTC")
    assert (deposit["amount"], deposit["status"]) == (2, "ok")
    assert (await spot.fetch_withdrawals()) == []
    assert (await spot.fetch_deposit_address("BTC"))["address"].startswith("0x")


def test_savings_can_be_taken_back_at_once(bench: Bench) -> None:
    product = products(bench, "saving", "BTC")
    order = bench.data("POST", f"{EARN}/orders", {"productId": product, "amount": "0.4", "accountType": "TRADE"})
    (row,) = holdings(bench, currency="BTC")
    assert (row["productCategory"], row["holdAmount"], row["redeemingAmount"]) == ("DEMAND", "0.4", "0")
    assert bench.exchange.account("paper").balance("trade", "BTC").total == Decimal("0.6")
    preview = bench.data("GET", f"{EARN}/redeem-preview", {"orderId": order["orderId"]})
    assert (preview["redeemAmount"], preview["redeemPeriod"]) == ("0.4", 0)
    redeem = {"orderId": order["orderId"], "amount": "0.1", "fromAccountType": "TRADE"}
    assert bench.data("DELETE", f"{EARN}/orders", redeem)["status"] == "SUCCEED"
    (row,) = holdings(bench)
    assert (row["holdAmount"], row["redeemedAmount"], row["status"]) == ("0.3", "0.1", "LOCKED")
    assert bench.exchange.account("paper").balance("trade", "BTC").total == Decimal("0.7")


@pytest.mark.parametrize(("kind", "category"), [("staking", "STAKING"), ("promotion", "ACTIVITY")])
def test_r11_a_redemption_with_a_notice_stays_visible(bench: Bench, kind: str, category: str) -> None:
    """What is being redeemed is part of what is held until it has been delivered."""
    bench.exchange.deposit("paper", "main", "ETH", Decimal(5))
    product = products(bench, kind, "ETH")
    bench.data("POST", f"{EARN}/orders", {"productId": product, "amount": "5", "accountType": "MAIN"})
    gone = bench.data("DELETE", f"{EARN}/orders", {"orderId": product, "amount": "5"})
    assert (gone["status"], gone["deliverTime"]) == ("PENDING", bench.clock.now_ms + 2 * DAY_MS)
    (row,) = holdings(bench)
    assert (row["productCategory"], row["status"]) == (category, "REDEEMING")
    assert (row["holdAmount"], row["redeemingAmount"], str(row["redeemPeriod"])) == ("5", "5", "2")
    assert bench.exchange.account("paper").balance("main", "ETH").total == 0
    bench.clock.now_ms += 2 * DAY_MS
    bench.exchange.advance()
    assert holdings(bench) == []
    assert bench.exchange.account("paper").balance("main", "ETH").total == 5


def test_earn_refuses_what_is_not_there(bench: Bench) -> None:
    assert holdings(bench) == []
    order = {"productId": products(bench, "saving", "BTC"), "amount": "2", "accountType": "TRADE"}
    assert bench.refused("POST", f"{EARN}/orders", order) == ("130105", "Insufficient balance.")
    assert bench.refused("POST", f"{EARN}/orders", {**order, "productId": "1"})[0] == "400100"
    assert bench.refused("DELETE", f"{EARN}/orders", {"orderId": "2000", "amount": "1"})[0] == "130103"
    assert bench.refused("GET", f"{EARN}/redeem-preview", {"orderId": "2000"})[0] == "130103"
    assert bench.refused("GET", f"{EARN}/hold-assets", {"pageSize": 5})[0] == "400100"


async def test_earn_through_ccxt(spot: Client, bench: Bench) -> None:
    bench.exchange.earn_subscribe("paper", "flexible", "BNB", Decimal(2), wallet="trade")
    answer = await spot.earn_get_earn_hold_assets({"currency": "BNB"})
    assert answer["data"]["items"][0]["holdAmount"] == "2"
    with pytest.raises(OrderNotFound):
        await spot.earn_delete_earn_orders({"orderId": "2000", "amount": "1"})


def test_what_a_key_may_do(bench: Bench) -> None:
    told = bench.data("GET", f"{V1}/user/api-key")
    assert told["permission"].split(",") == ["General", "Spot", "Futures", "Earn", "InnerTransfer"]
    assert told["ipWhitelist"]
    bench.key = "paper-withdraw"
    assert "Transfer" in bench.data("GET", f"{V1}/user/api-key")["permission"].split(",")
    assert bench.data("GET", f"{SPOT_HOST}/api/v2/user-info")["level"] == 0
    assert bench.data("GET", f"{SPOT_HOST}/api/ua/v1/account/mode") == {"selfAccountMode": "CLASSIC"}
    assert bench.data("GET", f"{V1}/base-fee")["takerFeeRate"] == "0.001"


def test_each_key_has_an_account_of_its_own(bench: Bench) -> None:
    bench.exchange.deposit("paper", "main", "BTC", Decimal(2))
    bench.key = "paper2"
    assert bench.data("GET", f"{V1}/accounts", {"type": "main"}) == []
    assert bench.data("GET", f"{FUTURES_HOST}/api/v1/positions") == []
