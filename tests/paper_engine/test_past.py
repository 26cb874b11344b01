"""What the venues tell of the time before the world began."""

from __future__ import annotations

import itertools
from decimal import Decimal

from bot.paper.engine.exchange import Exchange
from bot.paper.engine.floor import FUNDING_INTERVAL_MS
from bot.paper.world import default_world
from tests.paper_engine.conftest import START_MS

D = Decimal


def test_thirty_days_of_funding_are_told_and_paid_to_nobody(exchange: Exchange) -> None:
    told = exchange.told_fundings("BTCUSDT")

    assert len(told) == 90
    times = [record.time_ms for record in told]
    assert times[-1] == exchange.next_funding_ms() - FUNDING_INTERVAL_MS <= START_MS
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {FUNDING_INTERVAL_MS}
    rates = [record.rate for record in told]
    assert min(rates) < 0 < max(rates)
    assert all(D("-0.00009") <= rate <= D("0.00021") for rate in rates)
    assert D("0.00003") < sum(rates, D(0)) / 90 < D("0.00009")
    assert exchange.funding_history("BTCUSDT") == []


def test_the_past_is_the_same_in_every_world_and_another_on_every_contract() -> None:
    one = default_world(lambda: START_MS).venues
    other = default_world(lambda: START_MS + 86_400_000).venues
    rates = {
        (name, symbol): tuple(record.rate for record in one[name].exchange.told_fundings(symbol))
        for name, symbol in (("binance", "BTCUSDT"), ("binance", "BTCUSD_PERP"), ("okx", "BTC-USDT-SWAP"))
    }
    assert len(set(rates.values())) == 3
    for (name, symbol), expected in rates.items():
        assert tuple(record.rate for record in other[name].exchange.told_fundings(symbol)) == expected


def test_what_settles_in_the_world_comes_after_its_past(exchange: Exchange) -> None:
    exchange.settle_funding("BTC", D("0.0005"))

    told = exchange.told_fundings("BTCUSDT")

    assert (len(told), told[-1].rate, told[-1].time_ms) == (91, D("0.0005"), START_MS)
