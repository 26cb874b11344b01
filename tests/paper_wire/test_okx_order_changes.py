"""Orders on the paper OKX after they were placed: cancelled, amended, looked up."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.paper_wire.okx import SPOT, SWAP, Bench

D = Decimal
ORDER = "trade/order"
HOUR_MS = 3_600_000


@pytest.fixture
def okx() -> Bench:
    return Bench()


def state_of(okx: Bench, name: str, order_id: str) -> dict[str, str]:
    found: dict[str, str] = okx.get(ORDER, instId=name, ordId=order_id)[0]
    return found


class TestCancelling:
    def test_each_end_has_its_own_code(self, okx: Bench) -> None:
        filled = okx.order(SPOT, "sell", "0.1")
        resting = okx.order(SPOT, "buy", "0.1", ordType="limit", px="98000")
        cancel = {"instId": SPOT, "ordId": resting["ordId"]}
        assert okx.post("trade/cancel-order", cancel)[0]["ordId"] == resting["ordId"]
        assert okx.refused("POST", "trade/cancel-order", cancel) == (200, "51401")
        assert okx.refused("POST", "trade/cancel-order", cancel | {"ordId": filled["ordId"]}) == (200, "51402")
        assert okx.refused("POST", "trade/cancel-order", cancel | {"ordId": "1"}) == (200, "51400")
        assert okx.refused("POST", "trade/cancel-order", {"instId": SPOT}) == (200, "51003")

    def test_an_order_of_another_instrument_is_not_found(self, okx: Bench) -> None:
        resting = okx.order(SPOT, "buy", "0.1", ordType="limit", px="98000")
        assert okx.refused("POST", "trade/cancel-order", {"instId": SWAP, "ordId": resting["ordId"]}) == (200, "51400")
        assert state_of(okx, SPOT, resting["ordId"])["state"] == "live"

    def test_r22_an_unfilled_cancel_is_forgotten_after_two_hours(self, okx: Bench) -> None:
        resting = okx.order(SPOT, "buy", "0.1", ordType="limit", px="98000")
        filled = okx.order(SPOT, "sell", "0.1")
        okx.post("trade/cancel-order", {"instId": SPOT, "ordId": resting["ordId"]})
        query = {"instId": SPOT, "ordId": resting["ordId"]}
        okx.clock.now_ms += 2 * HOUR_MS
        assert len(okx.get("trade/orders-history", instType="SPOT")) == 2
        okx.clock.now_ms += 1
        assert okx.refused("GET", ORDER, query) == (200, "51603")
        assert [row["ordId"] for row in okx.get("trade/orders-history", instType="SPOT")] == [filled["ordId"]]
        assert state_of(okx, SPOT, filled["ordId"])["state"] == "filled"

    def test_the_dead_mans_switch(self, okx: Bench) -> None:
        okx.order(SPOT, "buy", "0.1", ordType="limit", px="98000")
        assert okx.refused("POST", "trade/cancel-all-after", {"timeOut": "5"}) == (400, "51000")
        okx.clock.now_ms += 1000
        answer = okx.post("trade/cancel-all-after", {"timeOut": "10"})[0]
        assert int(answer["triggerTime"]) == okx.clock.now_ms + 10_000
        okx.clock.now_ms += 9_000
        okx.post("trade/cancel-all-after", {"timeOut": "10"})
        okx.clock.now_ms += 9_999
        assert len(okx.get("trade/orders-pending")) == 1
        okx.clock.now_ms += 1
        assert okx.get("trade/orders-pending") == []

    def test_the_dead_mans_switch_is_switched_off(self, okx: Bench) -> None:
        okx.order(SPOT, "buy", "0.1", ordType="limit", px="98000")
        okx.post("trade/cancel-all-after", {"timeOut": "10"})
        okx.clock.now_ms += 1000
        assert okx.post("trade/cancel-all-after", {"timeOut": "0"})[0]["triggerTime"] == "0"
        okx.clock.now_ms += 60_000
        assert len(okx.get("trade/orders-pending")) == 1


class TestAmending:
    async def test_ccxt_edits_an_order_in_its_place(self, okx: Bench) -> None:
        async with okx.client() as client:
            made = await client.create_order("BTC/USDT", "limit", "buy", 1, 98_000, {"clientOrderId": "keep"})
            await client.edit_order(made["id"], "BTC/USDT", "limit", "buy", 2, 97_000)
            found = await client.fetch_order(made["id"], "BTC/USDT")
            assert (found["amount"], found["price"], found["clientOrderId"]) == (2, 97_000, "keep")
            assert (await client.fetch_balance())["USDT"]["used"] == 194_000

    def test_an_amended_order_may_fill(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "buy", "1", ordType="limit", px="98000")
        okx.post("trade/amend-order", {"instId": SPOT, "ordId": placed["ordId"], "newPx": "100001"})
        assert state_of(okx, SPOT, placed["ordId"])["state"] == "filled"

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({}, "51500"),
            ({"newSz": "0.000001"}, "51020"),
            ({"newSz": "1.123456789"}, "51121"),
            ({"newSz": "9"}, "51502"),
            ({"newPx": "120000"}, "51006"),
            ({"ordId": "1", "newSz": "2"}, "51503"),
        ],
    )
    def test_a_refused_change_changes_nothing(self, okx: Bench, change: dict[str, str], code: str) -> None:
        placed = okx.order(SPOT, "buy", "1", ordType="limit", px="98000")
        body = {"instId": SPOT, "ordId": placed["ordId"], **change}
        assert okx.refused("POST", "trade/amend-order", body) == (200, code)
        row = state_of(okx, SPOT, placed["ordId"])
        assert (row["state"], row["sz"], row["px"]) == ("live", "1", "98000")

    def test_a_post_only_order_is_not_moved_into_the_market(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "buy", "1", ordType="post_only", px="98000")
        body = {"instId": SPOT, "ordId": placed["ordId"], "newPx": "100001"}
        assert okx.refused("POST", "trade/amend-order", body) == (200, "51511")
        assert okx.refused("POST", "trade/amend-order", body | {"cxlOnFail": True}) == (200, "51511")
        assert state_of(okx, SPOT, placed["ordId"])["state"] == "canceled"

    def test_a_done_order_is_not_amended(self, okx: Bench) -> None:
        placed = okx.order(SPOT, "sell", "0.1")
        body = {"instId": SPOT, "ordId": placed["ordId"], "newSz": "0.2"}
        assert okx.refused("POST", "trade/amend-order", body) == (200, "51503")


class TestHistory:
    def test_pages_by_order_id(self, okx: Bench) -> None:
        ids = [okx.order(SPOT, "sell", "0.1")["ordId"] for _ in range(3)][::-1]
        shown = [row["ordId"] for row in okx.get("trade/orders-history", instType="SPOT", state="filled")]
        assert shown == ids
        for path in ("trade/orders-history", "trade/orders-history-archive"):
            assert [row["ordId"] for row in okx.get(path, instType="SPOT", after=ids[1])] == [ids[2]]
            assert [row["ordId"] for row in okx.get(path, instType="SPOT", before=ids[1])] == [ids[0]]
        assert okx.get("trade/orders-history", instType="SWAP") == []

    def test_old_orders_are_in_the_archive_only(self, okx: Bench) -> None:
        okx.order(SPOT, "sell", "0.1")
        okx.clock.now_ms += 8 * 24 * HOUR_MS
        assert okx.get("trade/orders-history", instType="SPOT") == []
        assert len(okx.get("trade/orders-history-archive", instType="SPOT")) == 1

    def test_fills(self, okx: Bench) -> None:
        placed = okx.order(SWAP, "sell", "3")
        okx.order(SWAP, "buy", "1")
        row = okx.get("trade/fills", instId=SWAP, ordId=placed["ordId"])[0]
        assert {name: row[name] for name in ("fillPx", "fillSz", "side", "execType", "fee", "feeCcy", "posSide")} == {
            "fillPx": "99999",
            "fillSz": "3",
            "side": "sell",
            "execType": "T",
            "fee": "-1.499985",
            "feeCcy": "USDT",
            "posSide": "net",
        }
        bills = okx.get("account/bills", type="2")
        assert [fill["billId"] for fill in okx.get("trade/fills")] == [bill["billId"] for bill in bills]
        assert okx.get("trade/fills-history", instType="SWAP", after=bills[0]["billId"]) == [row]
        okx.clock.now_ms += 4 * 24 * HOUR_MS
        assert okx.get("trade/fills") == []

    def test_a_maker_is_shown_as_one(self, okx: Bench) -> None:
        okx.order(SPOT, "buy", "1", ordType="limit", px="98000")
        okx.exchange.set_price("BTC", D(97_000))
        row = okx.get("trade/fills", instId=SPOT)[0]
        assert (row["execType"], row["fillPx"], row["feeRate"]) == ("M", "98000", "-0.0008")

    def test_a_liquidation_is_marked(self, okx: Bench) -> None:
        okx.order(SWAP, "sell", "300", tdMode="isolated")
        okx.exchange.set_price("BTC", D(140_000))
        assert okx.get("account/positions") == []
        row = okx.get("trade/orders-history", instType="SWAP")[0]
        assert (row["category"], row["side"], row["state"]) == ("full_liquidation", "buy", "filled")
        assert okx.get("account/bills", type="5")[0]["ccy"] == "USDT"

    def test_there_are_no_conditional_orders(self, okx: Bench) -> None:
        assert okx.get("trade/orders-algo-pending", ordType="conditional") == []
