"""Margin moves, transfers by the client's own id, and what OKX forces upon a position, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal as D

import pytest

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.model import NewOrder, OrderKind, Side
from tests.paper_wire.okx import SWAP, Bench


def own_close(exchange: Exchange) -> object:
    order = NewOrder(
        listing_key=f"linear:{SWAP}", side=Side.BUY, kind=OrderKind.MARKET, quantity=D(100), reduce_only=True
    )
    return exchange.submit("paper", order)


@pytest.fixture
def okx() -> Bench:
    return Bench()


def test_r27_margin_that_was_added_is_among_the_bills(okx: Bench) -> None:
    okx.order(SWAP, "sell", "100", tdMode="isolated")
    for kind, amount in (("add", "500"), ("reduce", "200")):
        okx.clock.now_ms += 1000
        body = {"instId": SWAP, "posSide": "net", "type": kind, "amt": amount}
        okx.post("account/position/margin-balance", body)
    bills = okx.get("account/bills", type="6")
    told = [(row["subType"], row["balChg"], row["posBalChg"], row["ccy"], row["instId"]) for row in bills]
    assert told == [("161", "200", "-200", "USDT", SWAP), ("160", "-500", "500", "USDT", SWAP)]
    assert [int(row["ts"]) for row in bills] == [okx.clock.now_ms, okx.clock.now_ms - 1000]


def test_a_transfer_is_found_by_the_clients_own_id(okx: Bench) -> None:
    okx.exchange.deposit(okx.key, "funding", "USDT", D(1000))
    order = {"ccy": "USDT", "amt": "100", "from": "6", "to": "18"}
    sent = okx.post("asset/transfer", {**order, "clientId": "hmove1"})[0]
    okx.clock.now_ms += 1000
    okx.post("asset/transfer", {**order, "amt": "50"})
    for query in ({"clientId": "hmove1"}, {"transId": sent["transId"]}):
        (row,) = okx.get("asset/transfer-state", **query)
        assert {name: row[name] for name in ("transId", "clientId", "amt", "from", "to", "state")} == {
            "transId": sent["transId"],
            "clientId": "hmove1",
            "amt": "100",
            "from": "6",
            "to": "18",
            "state": "success",
        }
    assert okx.refused("GET", "asset/transfer-state", {"clientId": "hmove2"})[1] == "58129"
    assert [row["clientId"] for row in okx.get("asset/bills", type="131")] == ["", "hmove1"]


@pytest.mark.parametrize(
    ("force", "category", "bill_type", "sub_type"),
    [
        (lambda exchange: exchange.liquidate("paper", SWAP), "full_liquidation", "5", "106"),
        (lambda exchange: exchange.deleverage("paper", SWAP), "adl", "9", "127"),
        (lambda exchange: exchange.settle_market(SWAP), "delivery", "3", "113"),
        (own_close, "normal", "2", "1"),
    ],
    ids=["liquidation", "adl", "settlement", "own"],
)
def test_r25_orders_of_the_venue_itself_say_why(
    okx: Bench, force: Callable[[Exchange], object], category: str, bill_type: str, sub_type: str
) -> None:
    okx.order(SWAP, "sell", "100", tdMode="isolated")
    force(okx.exchange)
    placed = okx.get("trade/orders-history", instType="SWAP")[0]
    fill = okx.get("trade/fills", instId=SWAP)[0]
    bill = next(row for row in okx.get("account/bills", instType="SWAP") if row["tradeId"])
    assert placed["category"] == category
    assert (placed["clOrdId"], fill["clOrdId"], bill["clOrdId"]) == ("", "", "")
    assert (fill["subType"], fill["ordId"]) == (sub_type, placed["ordId"])
    assert (bill["type"], bill["subType"], bill["tradeId"]) == (bill_type, sub_type, fill["tradeId"])


@pytest.mark.parametrize(("side", "sub_type"), [("long", "104"), ("short", "105")])
def test_in_hedge_mode_a_liquidation_closes_a_side(okx: Bench, side: str, sub_type: str) -> None:
    okx.post("account/set-position-mode", {"posMode": "long_short_mode"})
    okx.order(SWAP, "buy" if side == "long" else "sell", "300", tdMode="isolated", posSide=side)
    okx.exchange.set_price("BTC", D(60_000) if side == "long" else D(140_000))
    assert okx.get("trade/fills", instId=SWAP)[0]["subType"] == sub_type


def test_r29_what_a_liquidation_takes_is_told_by_pnl(okx: Bench) -> None:
    before = okx.exchange.account(okx.key).balance("trading", "USDT").total
    okx.order(SWAP, "sell", "300", tdMode="isolated")
    okx.exchange.set_price("BTC", D(140_000))
    after = okx.exchange.account(okx.key).balance("trading", "USDT").total
    bills = okx.get("account/bills", ccy="USDT")
    assert sum((D(row["pnl"]) + D(row["fee"]) for row in bills), D(0)) == after - before
