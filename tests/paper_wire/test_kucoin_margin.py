"""Margin of isolated positions and transfers between wallets: what paper KuCoin tells of them afterwards."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.paper_wire.kucoin import FUTURES_HOST, SPOT_HOST, Bench, Body

FUTURES = f"{FUTURES_HOST}/api/v1"
SYMBOL = "XBTUSDTM"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def position(bench: Bench) -> Body:
    return bench.data("GET", f"{FUTURES}/position", {"symbol": SYMBOL})


def open_short(bench: Bench) -> None:
    order = {"clientOid": "hb1", "symbol": SYMBOL, "side": "sell", "type": "market", "size": 100}
    bench.data("POST", f"{FUTURES}/orders", {**order, "leverage": 1, "marginMode": "ISOLATED"})


def test_r27_margin_that_was_added_is_told_by_the_position(bench: Bench) -> None:
    open_short(bench)
    before = position(bench)
    margin = {"symbol": SYMBOL, "margin": "500", "bizNo": "hmove1", "positionSide": "BOTH"}
    told = bench.data("POST", f"{FUTURES}/position/margin/deposit-margin", margin)
    after = position(bench)
    for name in ("posCross", "posMargin"):
        assert Decimal(str(after[name])) - Decimal(str(before[name])) == 500
        assert told[name] == after[name]
    ledger = bench.data("GET", f"{FUTURES}/transaction-history")["dataList"]
    assert {row["type"] for row in ledger} == {"RealisedPNL"}


def test_a_deposit_with_a_number_used_before_has_no_effect(bench: Bench) -> None:
    open_short(bench)
    margin = {"symbol": SYMBOL, "margin": "500", "bizNo": "hmove1"}
    refused = bench.refused("POST", f"{FUTURES}/position/margin/deposit-margin", {**margin, "margin": "50000000"})
    assert refused[0] == "300003"
    told = [bench.data("POST", f"{FUTURES}/position/margin/deposit-margin", margin) for _ in range(2)]
    assert told[0] == told[1]
    again = bench.data("POST", f"{FUTURES}/position/margin/deposit-margin", {**margin, "bizNo": "hmove2"})
    assert again["posCross"] == told[0]["posCross"] + 500


def test_a_transfer_is_in_both_ledgers_under_its_id(bench: Bench) -> None:
    bench.exchange.deposit("paper", "trade", "USDT", Decimal(1000))
    move = {"clientOid": "hmove1", "type": "INTERNAL", "currency": "USDT", "amount": "70"}
    url = f"{SPOT_HOST}/api/v3/accounts/universal-transfer"
    sent = bench.data("POST", url, {**move, "fromAccountType": "TRADE_HF", "toAccountType": "CONTRACT"})
    (row,) = bench.data("GET", f"{SPOT_HOST}/api/v1/hf/accounts/ledgers", {"bizType": "TRANSFER"})
    assert (row["direction"], row["amount"]) == ("out", "70")
    assert json.loads(row["context"]) == {"orderId": sent["orderId"]}
    (arrived,) = bench.data("GET", f"{FUTURES}/transaction-history", {"type": "TransferIn"})["dataList"]
    assert (arrived["amount"], arrived["currency"], arrived["status"]) == (70, "USDT", "Completed")
    assert arrived["time"] == row["createdAt"] == bench.clock()
