"""Orders on the paper OKX: every kind, every refusal, lists, ids, deadlines."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from ccxt.base.errors import (
    BadRequest,
    BadSymbol,
    ContractUnavailable,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
)

from bot.paper.engine.model import DELISTED, SUSPENDED
from tests.paper_wire.okx import INVERSE, SPOT, SWAP, Bench, wanted

D = Decimal
ORDER = "trade/order"
BATCH = "trade/batch-orders"


@pytest.fixture
def okx() -> Bench:
    return Bench()


def state_of(okx: Bench, name: str, order_id: str) -> dict[str, str]:
    found: dict[str, str] = okx.get(ORDER, instId=name, ordId=order_id)[0]
    return found


class TestKinds:
    @pytest.mark.parametrize(
        ("name", "kind", "price", "state"),
        [
            (SPOT, "market", None, "filled"),
            (SPOT, "limit", "100001", "filled"),
            (SPOT, "limit", "99000", "live"),
            (SPOT, "post_only", "99000", "live"),
            (SPOT, "ioc", "100001", "filled"),
            (SPOT, "ioc", "99000", "canceled"),
            (SPOT, "fok", "100001", "filled"),
            (SPOT, "fok", "99000", "canceled"),
            (SWAP, "market", None, "filled"),
            (SWAP, "optimal_limit_ioc", None, "filled"),
            (SWAP, "limit", "99000", "live"),
            (INVERSE, "market", None, "filled"),
            (INVERSE, "fok", "100001", "filled"),
        ],
    )
    def test_each_kind_of_order(self, okx: Bench, name: str, kind: str, price: str | None, state: str) -> None:
        size = "0.5" if name == SPOT else "3"
        more = {"px": price} if price else {"tgtCcy": "base_ccy"} if name == SPOT else {}
        placed = okx.order(name, "buy", size, ordType=kind, **more)
        row = state_of(okx, name, placed["ordId"])
        assert (row["state"], row["ordType"], row["sz"]) == (state, kind, size)
        assert row["accFillSz"] == (size if state == "filled" else "0")
        assert (row["tradeId"] != "") is (state == "filled")

    def test_a_part_of_an_ioc_order_fills(self, okx: Bench) -> None:
        okx.exchange.deposit("paper", "trading", "USDT", D(10_000_000))
        placed = okx.order(SPOT, "buy", "7", ordType="ioc", px="100001")
        row = state_of(okx, SPOT, placed["ordId"])
        assert (row["state"], row["accFillSz"], row["cancelSource"]) == ("canceled", "6", "14")

    def test_a_fok_order_fills_whole_or_not(self, okx: Bench) -> None:
        okx.exchange.deposit("paper", "trading", "USDT", D(10_000_000))
        placed = okx.order(SPOT, "buy", "7", ordType="fok", px="100001")
        row = state_of(okx, SPOT, placed["ordId"])
        assert (row["state"], row["accFillSz"], row["cancelSource"]) == ("canceled", "0", "13")

    def test_a_post_only_order_that_would_take_is_accepted_and_cancelled(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "buy", "0.5", ordType="post_only", px="100001", clOrdId="maker1")
        row = okx.get(ORDER, instId=SPOT, clOrdId="maker1")[0]
        assert (row["ordId"], row["state"], row["accFillSz"], row["cancelSource"]) == (
            placed["ordId"],
            "canceled",
            "0",
            "31",
        )

    @pytest.mark.parametrize(
        ("side", "target", "size", "filled"),
        [
            ("buy", None, "50000.5", "0.5"),
            ("buy", "quote_ccy", "50000.5", "0.5"),
            ("buy", "base_ccy", "0.5", "0.5"),
            ("sell", None, "0.5", "0.5"),
            ("sell", "quote_ccy", "49999.5", "0.5"),
        ],
    )
    def test_a_spot_market_order_is_sized_in_either_coin(
        self, okx: Bench, side: str, target: str | None, size: str, filled: str
    ) -> None:
        placed = okx.order(SPOT, side, size, **({"tgtCcy": target} if target else {}))
        row = state_of(okx, SPOT, placed["ordId"])
        assert (row["accFillSz"], row["sz"]) == (filled, size)
        assert row["tgtCcy"] == (target or ("quote_ccy" if side == "buy" else "base_ccy"))

    def test_fees_are_in_what_was_received(self, okx: Bench) -> None:
        bought = okx.order(SPOT, "buy", "0.5", tgtCcy="base_ccy")
        sold = okx.order(SPOT, "sell", "0.5")
        swapped = okx.order(INVERSE, "sell", "30")
        rows = [state_of(okx, name, one["ordId"]) for name, one in ((SPOT, bought), (SPOT, sold), (INVERSE, swapped))]
        assert [(row["fee"], row["feeCcy"]) for row in rows] == [
            ("-0.0005", "BTC"),
            ("-49.9995", "USDT"),
            ("-0.000015", "BTC"),
        ]

    def test_ids_are_longer_than_a_float_holds(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "sell", "0.1")
        assert len(placed["ordId"]) == 19
        assert int(float(placed["ordId"])) != int(placed["ordId"])

    async def test_ccxt_places_each_kind_in_a_list_of_one(self, okx: Bench) -> None:
        # With Decimals ccxt loses the fees of trades.
        async with okx.client(number=float) as client:
            for symbol, size in (("BTC/USDT", "0.1"), ("BTC/USDT:USDT", "3"), ("BTC/USD:BTC", "3")):
                await client.create_order(symbol, "market", "sell", D(size))
                for params in ({}, {"postOnly": True}):
                    made = await client.create_order(symbol, "limit", "buy", D(size), D(98_000), params)
                    found = await client.fetch_order(made["id"], symbol)
                    assert (found["status"], found["price"], found["amount"]) == ("open", 98_000, float(size))
                    assert found["postOnly"] is (True if params else None)
                assert [order["id"] for order in await client.fetch_open_orders(symbol)] != []
                for made in await client.fetch_open_orders(symbol):
                    await client.cancel_order(made["id"], symbol)
                assert await client.fetch_open_orders(symbol) == []
                assert len(await client.fetch_canceled_orders(symbol)) == 2
                (closed,) = await client.fetch_closed_orders(symbol)
                (trade,) = await client.fetch_my_trades(symbol)
                assert trade["order"] == closed["id"]
                assert trade["fee"]["cost"] > 0
            bought = await client.create_market_buy_order_with_cost("BTC/USDT", 1000)
            assert (await client.fetch_order(bought["id"], "BTC/USDT"))["filled"] > 0


class TestReducing:
    def test_a_reduce_only_order_is_cut_to_the_position(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        placed = okx.order(SWAP, "buy", "5", reduceOnly=True)
        row = state_of(okx, SWAP, placed["ordId"])
        assert (row["accFillSz"], row["reduceOnly"], row["pnl"]) == ("3", "true", "-0.06")
        assert okx.get("account/positions") == []

    def test_long_short_mode_closes_by_side(self, okx: Bench) -> None:
        okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
        okx.order(SWAP, "sell", "3", posSide="short")
        # There the flag means nothing.
        okx.order(SWAP, "buy", "1", posSide="long", reduceOnly=True)
        assert okx.refused("POST", ORDER, wanted(SWAP, "buy", "4", posSide="short")) == (200, "51112")
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "4", posSide="long")) == (200, "51112")
        okx.order(SWAP, "buy", "3", posSide="short")
        assert okx.refused("POST", ORDER, wanted(SWAP, "buy", "1", posSide="short")) == (200, "51169")

    def test_closing_a_position(self, okx: Bench) -> None:
        body = {"instId": SWAP, "mgnMode": "cross"}
        assert okx.refused("POST", "trade/close-position", body) == (200, "51023")
        okx.order(SWAP, "sell", "3")
        assert okx.refused("POST", "trade/close-position", body | {"mgnMode": "isolated"}) == (200, "51023")
        answer = okx.post("trade/close-position", body | {"clOrdId": "close1"})
        assert answer == [{"clOrdId": "close1", "instId": SWAP, "posSide": "net", "tag": ""}]
        assert okx.get("account/positions") == []
        assert okx.get(ORDER, instId=SWAP, clOrdId="close1")[0]["state"] == "filled"

    def test_a_position_holds_one_margin_mode(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3", tdMode="cross")
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "3", tdMode="isolated")) == (200, "51000")


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (wanted("DOGE-USDT", "buy", "1"), "51001"),
            (wanted(SPOT, "buy", "1") | {"tdMode": "cross"}, "51000"),
            (wanted(SPOT, "buy", "1") | {"tdMode": ""}, "50014"),
            (wanted(SWAP, "buy", "1") | {"tdMode": "cash"}, "51000"),
            (wanted(SPOT, "both", "1"), "51000"),
            (wanted(SPOT, "buy", "1", ordType="iceberg"), "51000"),
            (wanted(SPOT, "buy", "1", ordType="optimal_limit_ioc"), "51000"),
            (wanted(SPOT, "buy", "1", ordType="limit"), "50014"),
            (wanted(SPOT, "buy", "-1"), "51000"),
            (wanted(SPOT, "buy", "0"), "51000"),
            (wanted(SPOT, "sell", "0.000001"), "51020"),
            (wanted(SPOT, "buy", "0.5"), "51020"),
            (wanted(SPOT, "sell", "0.123456789"), "51121"),
            (wanted(SWAP, "sell", "0.005"), "51020"),
            (wanted(SWAP, "sell", "1.005"), "51121"),
            (wanted(INVERSE, "sell", "1.5"), "51121"),
            (wanted(SWAP, "sell", "10001"), "51202"),
            (wanted(SWAP, "sell", "10001", ordType="limit", px="100000"), "51101"),
            (wanted(SPOT, "buy", "1000001"), "51201"),
            (wanted(SPOT, "buy", "1", ordType="limit", px="99000.05"), "51150"),
            (wanted(SPOT, "buy", "1", ordType="limit", px="105001"), "51006"),
            (wanted(SWAP, "sell", "1", ordType="limit", px="94999"), "51006"),
            (wanted(SPOT, "sell", "2"), "51008"),
            (wanted(SPOT, "buy", "500000"), "51008"),
            (wanted(SWAP, "sell", "2000"), "51008"),
            (wanted(INVERSE, "sell", "5000"), "51008"),
            (wanted(SPOT, "sell", "1", reduceOnly=True), "51205"),
            (wanted(SWAP, "sell", "1", reduceOnly=True), "51169"),
            (wanted(SWAP, "sell", "1", posSide="short"), "51000"),
            (wanted(SPOT, "buy", "1", clOrdId="a-dash"), "51000"),
            (wanted(SPOT, "buy", "1", clOrdId="x" * 33), "51000"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_refused_order_is_a_row_of_an_answer_with_http_200(
        self, okx: Bench, body: dict[str, object], code: str
    ) -> None:
        before = okx.get("account/balance")
        assert okx.refused("POST", ORDER, body) == (200, code)
        assert okx.refused("POST", BATCH, [body]) == (200, code)
        assert okx.get("account/balance") == before
        assert okx.get("trade/orders-pending") == []

    def test_a_far_bid_rests(self, okx: Bench) -> None:
        """Prices are bound against the taker's own folly only."""
        assert okx.order(SPOT, "buy", "1", ordType="limit", px="50000")["sCode"] == "0"
        assert okx.order(SWAP, "sell", "1", ordType="limit", px="150000")["sCode"] == "0"

    def test_a_reduce_only_order_in_the_positions_own_direction(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "3")
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "1", reduceOnly=True)) == (200, "51170")

    @pytest.mark.parametrize("side", [None, "net", "middle"])
    def test_long_short_mode_needs_a_side(self, okx: Bench, side: str | None) -> None:
        okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
        more = {"posSide": side} if side else {}
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "1", **more)) == (200, "51000")

    def test_too_large_for_the_leverage(self, okx: Bench) -> None:
        okx.exchange.deposit("paper", "trading", "USDT", D(100_000_000))
        okx.post("account/set-leverage", {"instId": SWAP, "lever": "125", "mgnMode": "cross"})
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "400")) == (200, "51004")

    def test_suspended_and_delisted(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "1")
        resting = okx.order(SWAP, "sell", "1", ordType="limit", px="101000")
        okx.exchange.set_status(f"linear:{SWAP}", SUSPENDED)
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "1")) == (200, "51022")
        okx.exchange.set_status(f"linear:{SWAP}", DELISTED)
        okx.exchange.set_status(f"spot:{SPOT}", DELISTED)
        assert okx.refused("POST", ORDER, wanted(SWAP, "sell", "1")) == (200, "51027")
        assert okx.refused("POST", ORDER, wanted(SPOT, "sell", "1")) == (200, "51001")
        # What is there can still be seen and taken back.
        assert okx.get("account/positions")[0]["pos"] == "-1"
        assert okx.post("trade/cancel-order", {"instId": SWAP, "ordId": resting["ordId"]})[0]["sCode"] == "0"

    async def test_ccxt_reads_them_as_what_they_are(self, okx: Bench) -> None:
        async with okx.client() as client:
            await client.load_markets()
            with pytest.raises(InsufficientFunds, match="51008"):
                await client.create_order("BTC/USDT", "market", "sell", 2)
            with pytest.raises(InvalidOrder, match="51006"):
                await client.create_order("BTC/USDT", "limit", "buy", 1, 120_000)
            with pytest.raises(InvalidOrder, match="51205"):
                await client.create_order("BTC/USDT", "market", "sell", 1, None, {"reduceOnly": True})
            with pytest.raises(ExchangeError, match="51169"):
                await client.create_order("BTC/USDT:USDT", "market", "sell", 1, None, {"reduceOnly": True})
            with pytest.raises(BadRequest, match="51000"):
                await client.create_order("BTC/USDT:USDT", "market", "sell", 1, None, {"hedged": True})
            with pytest.raises(OrderNotFound, match="51603"):
                await client.fetch_order("1", "BTC/USDT")
            with pytest.raises(OrderNotFound, match="51400"):
                await client.cancel_order("1", "BTC/USDT")
            with pytest.raises(BadSymbol, match="51001"):
                await client.publicGetMarketTicker({"instId": "DOGE-USDT"})
            okx.exchange.set_status(f"linear:{SWAP}", DELISTED)
            with pytest.raises(ContractUnavailable, match="51027"):
                await client.create_order("BTC/USDT:USDT", "market", "sell", 1)


class TestLists:
    def test_some_succeed(self, okx: Bench) -> None:
        orders = [wanted(SPOT, "sell", "0.1", clOrdId="a"), wanted(SPOT, "sell", "9", clOrdId="b")]
        body = json.loads(okx.send("POST", BATCH, orders).body)
        assert (body["code"], [row["sCode"] for row in body["data"]]) == ("2", ["0", "51008"])
        assert [(row["clOrdId"], row["ordId"] != "") for row in body["data"]] == [("a", True), ("b", False)]

    def test_none_succeeds(self, okx: Bench) -> None:
        body = json.loads(okx.send("POST", BATCH, [wanted(SPOT, "sell", "9")] * 2).body)
        assert (body["code"], body["msg"]) == ("1", "All operations failed")
        assert {"inTime", "outTime"} <= body.keys()

    def test_at_most_twenty(self, okx: Bench) -> None:
        assert okx.refused("POST", BATCH, [wanted(SPOT, "sell", "0.01")] * 21) == (200, "51111")
        okx.post(BATCH, [wanted(SPOT, "sell", "0.01")] * 20)

    async def test_ccxt_places_and_cancels_several(self, okx: Bench) -> None:
        async with okx.client() as client:
            order = {"symbol": "BTC/USDT", "type": "limit", "side": "buy", "amount": 0.1, "price": 98_000}
            made = await client.create_orders([order, order])
            assert len(await client.fetch_open_orders()) == 2
            await client.cancel_orders([one["id"] for one in made], "BTC/USDT")
            assert await client.fetch_open_orders() == []


class TestClientIds:
    async def test_an_order_is_found_by_either_id(self, okx: Bench) -> None:
        async with okx.client() as client:
            params = {"clientOrderId": "hb1"}
            made = await client.create_order("BTC/USDT", "limit", "buy", 1, 98_000, params)
            found = await client.fetch_order("", "BTC/USDT", params)
            assert (found["id"], found["clientOrderId"]) == (made["id"], "hb1")
            await client.cancel_order("", "BTC/USDT", params)
            assert (await client.fetch_order(made["id"], "BTC/USDT"))["status"] == "canceled"

    @pytest.mark.parametrize("kind", ["limit", "market", "post_only"])
    def test_r19_an_id_is_never_accepted_again(self, okx: Bench, kind: str) -> None:
        price = {"limit": {"px": "98000"}, "market": {}, "post_only": {"px": "100001"}}[kind]
        placed = okx.order(SPOT, "buy", "1000" if kind == "market" else "0.1", ordType=kind, clOrdId="once", **price)
        if kind == "limit":
            okx.post("trade/cancel-order", {"instId": SPOT, "ordId": placed["ordId"]})
        for name in (SPOT, SWAP):
            assert okx.refused("POST", ORDER, wanted(name, "sell", "0.1", clOrdId="once")) == (200, "51016")

    def test_a_refused_order_leaves_its_id_free(self, okx: Bench) -> None:
        assert okx.refused("POST", ORDER, wanted(SPOT, "sell", "9", clOrdId="again")) == (200, "51008")
        assert okx.order(SPOT, "sell", "0.1", clOrdId="again")["clOrdId"] == "again"

    def test_an_order_without_one_shows_none(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "sell", "0.1")
        assert (placed["clOrdId"], state_of(okx, SPOT, placed["ordId"])["clOrdId"]) == ("", "")


class TestDeadlines:
    @pytest.mark.parametrize(("left_ms", "code"), [(1, "0"), (0, "50037"), (-1, "50036")])
    def test_r21_what_comes_too_late_has_no_effect(self, okx: Bench, left_ms: int, code: str) -> None:
        headers = {"expTime": str(okx.clock.now_ms + left_ms)}
        response = okx.send("POST", BATCH, [wanted(SPOT, "sell", "0.1", clOrdId="late")], headers=headers)
        assert (response.status, json.loads(response.body)["code"]) == (200, code)
        if code != "0":
            assert okx.refused("GET", ORDER, {"instId": SPOT, "clOrdId": "late"}) == (200, "51603")

    def test_a_deadline_that_is_no_time(self, okx: Bench) -> None:
        response = okx.send("POST", ORDER, wanted(SPOT, "sell", "0.1"), headers={"expTime": "soon"})
        assert (response.status, json.loads(response.body)["code"]) == (400, "51000")

    def test_reading_has_none(self, okx: Bench) -> None:
        assert okx.send("GET", "account/balance", headers={"expTime": "1"}).status == 200
