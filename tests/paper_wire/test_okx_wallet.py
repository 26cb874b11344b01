"""The funding account and Earn on the paper OKX."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.paper_wire.okx import Bench, row_of

D = Decimal
DAY_MS = 86_400_000


@pytest.fixture
def okx() -> Bench:
    bench = Bench()
    for coin, amount in (("BTC", "2"), ("ETH", "5"), ("USDT", "1000")):
        bench.exchange.deposit("paper", "funding", coin, D(amount))
    return bench


def funding(okx: Bench) -> dict[str, str]:
    return {row["ccy"]: row["bal"] for row in okx.get("asset/balances")}


class TestTransfers:
    async def test_ccxt_moves_money_both_ways(self, okx: Bench) -> None:
        async with okx.client() as client:
            made = await client.transfer("USDT", D(300), "funding", "trading")
            assert (await client.fetch_balance())["USDT"]["total"] == 400_300
            assert (await client.fetch_transfer(made["id"]))["status"] == "ok"
            await client.transfer("BTC", D("0.5"), "trading", "funding")
            balances = await client.fetch_balance({"type": "funding"})
            assert balances["total"] == {"BTC": D("2.5"), "ETH": 5, "USDT": 700}
            moved = await client.fetch_transfers()
        assert {(row["currency"], row["fromAccount"], row["toAccount"]) for row in moved} == {
            ("USDT", "funding", "trading"),
            ("BTC", "trading", "funding"),
        }

    @pytest.mark.parametrize(
        ("change", "refused"),
        [
            ({"amt": "1001"}, (200, "58350")),
            ({"amt": "0"}, (200, "51000")),
            ({"to": "6"}, (200, "58123")),
            ({"to": "7"}, (400, "51000")),
            ({"ccy": "DOGE"}, (400, "51000")),
            ({"type": "1"}, (400, "51000")),
            ({"amt": ""}, (400, "50014")),
        ],
    )
    def test_refused(self, okx: Bench, change: dict[str, str], refused: tuple[int, str]) -> None:
        body = {"ccy": "USDT", "amt": "10", "from": "6", "to": "18", "type": "0", **change}
        before = funding(okx)
        assert okx.refused("POST", "asset/transfer", body) == refused
        assert funding(okx) == before

    def test_an_unknown_transfer(self, okx: Bench) -> None:
        assert okx.refused("GET", "asset/transfer-state", {"transId": "77"}) == (200, "58129")

    def test_bills_add_up(self, okx: Bench) -> None:
        okx.post("asset/transfer", {"ccy": "USDT", "amt": "10", "from": "6", "to": "18"})
        okx.post("finance/savings/purchase-redempt", {"ccy": "USDT", "amt": "50", "side": "purchase", "rate": "0.01"})
        rows = okx.get("asset/bills", ccy="USDT")
        assert sum((D(row["balChg"]) for row in rows), D(0)) == D(funding(okx)["USDT"]) == 940
        assert {row["type"] for row in rows} == {"1", "131", "75"}


class TestCash:
    async def test_ccxt_reads_what_came_and_went(self, okx: Bench) -> None:
        okx.exchange.withdraw("paper", "funding", "BTC", D("0.5"))
        async with okx.client() as client:
            assert [(row["amount"], row["status"]) for row in await client.fetch_deposits("BTC")] == [(2, "ok")]
            assert [(row["amount"], row["status"]) for row in await client.fetch_withdrawals("BTC")] == [
                (D("0.5"), "ok")
            ]
            assert (await client.fetch_deposit_address("BTC"))["currency"] == "BTC"

    def test_r11_what_is_on_its_way_says_so(self, okx: Bench) -> None:
        okx.exchange.withdraw("paper", "funding", "BTC", D("0.5"), pending_s=600)
        okx.exchange.deposit("paper", "funding", "ETH", D(1), pending_s=600)
        assert funding(okx) == {"BTC": "1.5", "ETH": "5", "USDT": "1000"}
        assert okx.get("asset/withdrawal-history", ccy="BTC")[0]["state"] == "1"
        assert row_of(okx.get("asset/deposit-history", ccy="ETH"), amt="1")["state"] == "0"
        okx.clock.now_ms += 600_000
        assert okx.get("asset/withdrawal-history", ccy="BTC")[0]["state"] == "2"
        assert len(okx.get("asset/deposit-history", ccy="ETH", state="2")) == 2
        assert funding(okx)["ETH"] == "6"

    def test_simulated_trading_has_neither(self, okx: Bench) -> None:
        for path in ("asset/currencies", "asset/deposit-history", "asset/withdrawal-history"):
            body = okx.send("GET", path, headers={"x-simulated-trading": "1"}).body
            assert b'"50038"' in body

    def test_the_worth_of_everything(self, okx: Bench) -> None:
        row = okx.get("asset/asset-valuation", ccy="USDT")[0]
        assert D(row["details"]["funding"]) == 221_000
        assert D(row["totalBal"]) == sum((D(value) for value in row["details"].values()), D(0))


class TestSavings:
    def test_in_and_out_at_once(self, okx: Bench) -> None:
        body = {"ccy": "BTC", "amt": "1.5", "side": "purchase", "rate": "0.01"}
        okx.post("finance/savings/purchase-redempt", body)
        row = okx.get("finance/savings/balance", ccy="BTC")[0]
        assert (row["amt"], row["pendingAmt"], row["redemptAmt"]) == ("1.5", "0", "0")
        assert funding(okx)["BTC"] == "0.5"
        okx.post("finance/savings/purchase-redempt", {"ccy": "BTC", "amt": "1.5", "side": "redempt"})
        assert okx.get("finance/savings/balance") == []
        assert funding(okx)["BTC"] == "2"
        assert okx.get("finance/savings/lending-history")[0]["amt"] == "1.5"

    @pytest.mark.parametrize(
        ("change", "refused"),
        [
            ({"amt": "3"}, (200, "51736")),
            ({"ccy": "DOGE"}, (200, "58003")),
            ({"side": "redempt"}, (200, "51736")),
            ({"rate": ""}, (400, "50014")),
            ({"side": "give"}, (400, "51000")),
        ],
    )
    def test_refused(self, okx: Bench, change: dict[str, str], refused: tuple[int, str]) -> None:
        body = {"ccy": "BTC", "amt": "1", "side": "purchase", "rate": "0.01", **change}
        assert okx.refused("POST", "finance/savings/purchase-redempt", body) == refused


class TestOnChain:
    def test_r11_a_redemption_under_notice_is_an_order_of_its_own(self, okx: Bench) -> None:
        offer = okx.get("finance/staking-defi/offers", ccy="BTC")[0]
        body = {"productId": offer["productId"], "investData": [{"ccy": "BTC", "amt": "2"}]}
        bought = okx.post("finance/staking-defi/purchase", body)[0]
        assert "BTC" not in funding(okx)
        okx.exchange.earn_redeem("paper", "locked", "BTC", D("0.5"))
        rows = okx.get("finance/staking-defi/orders-active", ccy="BTC")
        assert {(row["state"], row["investData"][0]["amt"]) for row in rows} == {("1", "1.5"), ("2", "0.5")}
        leaving = row_of(rows, state="2")
        assert int(leaving["estSettlementTime"]) == okx.clock.now_ms + 2 * DAY_MS
        okx.post("finance/staking-defi/redeem", {"ordId": bought["ordId"], "protocolType": "defi"})
        assert {row["state"] for row in okx.get("finance/staking-defi/orders-active")} == {"2"}
        assert "BTC" not in funding(okx)
        okx.clock.now_ms += 2 * DAY_MS
        assert okx.get("finance/staking-defi/orders-active") == []
        assert funding(okx)["BTC"] == "2"
        assert {row["state"] for row in okx.get("finance/staking-defi/orders-history")} == {"3"}

    def test_refused(self, okx: Bench) -> None:
        body = {"productId": "999", "investData": [{"ccy": "BTC", "amt": "1"}]}
        assert okx.refused("POST", "finance/staking-defi/purchase", body) == (400, "51000")
        redeem = {"ordId": "1", "protocolType": "defi"}
        assert okx.refused("POST", "finance/staking-defi/redeem", redeem) == (200, "51720")


class TestStaking:
    def test_r11_the_balance_holds_what_is_redeemed_and_the_wallet_does_not(self, okx: Bench) -> None:
        okx.post("finance/staking-defi/eth/purchase", {"amt": "4"})
        assert okx.get("finance/staking-defi/eth/balance")[0]["amt"] == "4"
        assert (funding(okx)["ETH"], funding(okx)["BETH"]) == ("1", "4")
        okx.post("finance/staking-defi/eth/redeem", {"amt": "3"})
        row = okx.get("finance/staking-defi/eth/balance")[0]
        assert (row["amt"], row["ccy"]) == ("4", "BETH")
        assert (funding(okx)["ETH"], funding(okx)["BETH"]) == ("1", "1")
        pending = okx.get("finance/staking-defi/eth/purchase-redeem-history", status="pending")
        assert [(one["type"], one["redeemingAmt"]) for one in pending] == [("redeem", "3")]
        okx.clock.now_ms += 2 * DAY_MS
        assert okx.get("finance/staking-defi/eth/balance")[0]["amt"] == "1"
        assert (funding(okx)["ETH"], funding(okx)["BETH"]) == ("4", "1")
        history = okx.get("finance/staking-defi/eth/purchase-redeem-history")
        assert {(one["type"], one["status"]) for one in history} == {("redeem", "success"), ("purchase", "success")}

    def test_nothing_staked_is_an_empty_list(self, okx: Bench) -> None:
        assert okx.get("finance/staking-defi/eth/balance") == []
        assert okx.get("finance/staking-defi/sol/balance") == []

    def test_refused(self, okx: Bench) -> None:
        assert okx.refused("POST", "finance/staking-defi/eth/purchase", {"amt": "6"}) == (200, "51736")
        assert okx.refused("POST", "finance/staking-defi/eth/redeem", {"amt": "1"}) == (200, "51736")

    def test_products_of_one_coin_are_kept_apart(self, okx: Bench) -> None:
        okx.post("finance/staking-defi/eth/purchase", {"amt": "1"})
        okx.exchange.earn_subscribe("paper", "locked", "ETH", D(2))
        okx.post("finance/savings/purchase-redempt", {"ccy": "ETH", "amt": "0.5", "side": "purchase", "rate": "0.01"})
        assert okx.get("finance/savings/balance")[0]["amt"] == "0.5"
        assert okx.get("finance/staking-defi/orders-active")[0]["investData"][0]["amt"] == "2"
        assert okx.get("finance/staking-defi/eth/balance")[0]["amt"] == "1"
