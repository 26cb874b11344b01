"""Streams in the daemon: a change is followed sooner than the interval, and nothing depends on them."""

from __future__ import annotations

import json
import os
import signal
import time
from decimal import Decimal as D

import pytest

from tests.e2e.harness import Home, eventually, settings_text
from tests.e2e.venues import verdict

INTERVAL_S = 30
SOON_S = INTERVAL_S / 2
"""A hint, two agreeing readings (R10) and an order take a second or two; the rest is the machine's."""


def slow(*, streams: bool, exchange: str = "binance", interval_s: int = INTERVAL_S) -> str:
    """Settings with a long interval, on any exchange."""
    text = settings_text(top={"interval_s": f'"{interval_s}"'})
    keys = f'exchange = "{exchange}"\nstreams = {json.dumps(streams)}'
    return text.replace('exchange = "binance"', keys)


def alive(home: Home) -> bool:
    return bool(home.logged("stream.alive"))


@pytest.mark.parametrize(
    ("exchange", "wallet", "symbol", "contracts"),
    [
        ("binance", "spot", "BTCUSDT", 1),
        ("okx", "trading", "BTC-USDT-SWAP", 100),
        ("kucoin", "trade", "XBTUSDTM", 1000),
    ],
)
def test_a_deposit_is_followed_long_before_the_interval(
    home: Home, exchange: str, wallet: str, symbol: str, contracts: int
) -> None:
    home.write(slow(streams=True, exchange=exchange))
    account = f"{exchange}/paper"
    bot = home.daemon("--live", "--json")
    eventually("1 BTC is hedged", lambda: home.paper.short(symbol, account) == contracts, within_s=2 * INTERVAL_S)
    eventually("the streams speak", lambda: alive(home))
    for held in (D("1.3"), D("1.6")):
        # Else the turn after the order before would see the deposit, whatever the streams say.
        eventually("nothing is left to do", lambda: verdict(home) == "balanced")
        began = time.monotonic()
        home.paper.deposit("0.3", wallet=wallet, account=account)
        eventually("it is followed", lambda: home.paper.short(symbol, account) == held * contracts, within_s=SOON_S)  # noqa: B023 - asked at once
        assert time.monotonic() - began < SOON_S
    assert home.stop(bot) == 0
    assert home.logged("stream.broken") == []


def test_without_streams_it_waits_for_the_interval_and_loses_nothing(home: Home) -> None:
    interval_s = 10
    home.write(slow(streams=False, interval_s=interval_s))
    bot = home.daemon("--live", "--json")
    eventually("1 BTC is hedged", lambda: home.paper.short() == 1, within_s=3 * interval_s)
    home.paper.deposit("0.5")
    eventually("it is followed", lambda: home.paper.short() == D("1.5"), within_s=3 * interval_s)
    assert not alive(home)
    assert home.stop(bot) == 0


def test_a_stop_is_prompt_while_streams_are_open_and_the_exchange_hangs(home: Home) -> None:
    home.write(slow(streams=True))
    bot = home.daemon("--live", "--json")
    eventually("the streams speak", lambda: alive(home))
    eventually("1 BTC is hedged", lambda: home.paper.short() == 1, within_s=2 * INTERVAL_S)
    os.kill(home.paper.process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert home.stop(bot) == 0
        assert time.monotonic() - began < 12
    finally:
        os.kill(home.paper.process.pid, signal.SIGCONT)
    log = (home.path / "log.jsonl").read_text()
    assert "never retrieved" not in log
    assert "Unclosed" not in log
