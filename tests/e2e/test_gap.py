"""The real command between two exchanges, over real sockets: seen, refused, used, interrupted."""

from __future__ import annotations

import json
import signal
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import venues
from tests.e2e.harness import Home, eventually

CONFIG = Path(__file__).resolve().parents[2] / "config/cross-exchange.toml"
ACCOUNTS = {"kucoin/paper": "trade", "okx/paper": "trading"}
TEXT = """\
[journal]
path = "journal.db"

[venues.kucoin]
exchange    = "kucoin"
environment = "paper"

[venues.okx]
exchange    = "okx"
environment = "paper"

[[hedges]]
name     = "gap"
kind     = "cross-exchange"
asset    = "BTC"
venues   = [{venue = "kucoin"}, {venue = "okx"}]
min_edge = "0.05 %"
caps     = {order_notional = "150000", notional_per_hour = "1000000"}
proof_grace_s   = "1"
proof_spacing_s = "0.5"
"""


@pytest.fixture
def two(home: Home) -> Home:
    """The reference gap: 100,000 asked on KuCoin, 100,200 bid on OKX, one coin to sell there."""
    home.write(TEXT)
    for account, wallet in ACCOUNTS.items():
        home.paper.deposit("200000", "USDT", wallet, account)
    home.paper.post("/price", asset="BTC", price="99999", venue="kucoin")
    home.paper.post("/price", asset="BTC", price="100201.1", venue="okx")
    return home


def fees(home: Home, rate: str) -> None:
    for venue in ("kucoin", "okx"):
        home.paper.post("/fee", venue=venue, rate=rate)


def coins(home: Home) -> D:
    """On both venues, where spot is traded."""
    held = (home.paper.account(account)["wallets"][wallet] for account, wallet in ACCOUNTS.items())
    return sum((D(wallet.get("BTC", "0")) for wallet in held), D(0))


def opportunity(hedge: Any) -> Any:  # noqa: ANN401
    return next(way for way in hedge["opportunities"] if (way["buy"], way["sell"]) == ("kucoin", "okx"))


def orders(home: Home) -> int:
    return sum(len(home.paper.orders(account)) for account in ACCOUNTS)


def test_a_dry_run_tells_the_gap_with_gross_fees_and_net_and_sends_nothing(two: Home) -> None:
    fees(two, "0.001")
    done = two.run_once()
    assert done.returncode == 0, done.stderr
    (hedge,) = json.loads(done.stdout)["hedges"]
    assert (hedge["name"], hedge["kind"], hedge["verdict"]) == ("gap", "cross-exchange", "no-edge")
    way = opportunity(hedge)
    assert (way["quantity"], way["gross"], way["buy_fee"], way["sell_fee"]) == ("1", "200", "100", "100.2")
    assert (way["net"], way["code"]) == ("-0.2", "edge.too-small")
    assert "-0.20 USDT" in way["reason"]
    fees(two, "0.0002")
    two.paper.fault("/api/v5/market/books", "http-503", venue="okx")  # one look that sees nothing decides nothing
    done = two.run_once()
    (hedge,) = json.loads(done.stdout)["hedges"]
    assert hedge["verdict"] == "act", hedge["reason"]
    assert [(order["venue"], order["side"], order["quantity"]) for order in hedge["orders"]] == [
        ("kucoin", "buy", "1"),
        ("okx", "sell", "1"),
    ]
    assert opportunity(hedge)["net"] == "159.96"
    assert orders(two) == 0


def test_it_acts_once_and_status_tells_what_it_earned(two: Home) -> None:
    fees(two, "0.0002")
    before = coins(two)
    done = two.run_once("--live")
    assert done.returncode == 0, done.stderr
    (hedge,) = json.loads(done.stdout)["hedges"]
    assert (hedge["trade"]["state"], hedge["trade"]["result"]) == ("even", "159.96")
    assert coins(two) == before
    assert orders(two) == 2
    (shown,) = two.status()["hedges"]
    assert (shown["kind"], shown["trade"]["result"]) == ("cross-exchange", "159.96")
    assert two.command("status", "--journal", str(two.journal)).returncode == 0
    refused = two.command("unwind", "gap", "--journal", str(two.journal), "--yes")
    assert refused.returncode == 3
    assert "holds no short" in refused.stderr


def test_a_bot_that_is_killed_between_two_answers_is_even_after_its_restart(two: Home) -> None:
    fees(two, "0.0002")
    before = coins(two)
    two.paper.fault("/api/v5/trade/order", "delay", method="POST", delay_s=20, venue="okx")
    process = two.daemon("--live")
    eventually("the buy has filled", lambda: len(two.paper.orders("kucoin/paper")) == 1)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    two.paper.post("/clear-faults")
    two.paper.post("/price", asset="BTC", price="100000")
    process = two.daemon("--live")

    def even() -> bool:
        trade = venues.hedge(two).get("trade")
        return trade is not None and trade["state"] in {"even", "dust"}

    eventually("both venues are even", even)
    assert abs(coins(two) - before) <= D("0.00000001")
    assert two.stop(process) == 0


def test_a_pause_is_obeyed(two: Home) -> None:
    fees(two, "0.001")
    process = two.daemon("--live")
    eventually("it has decided", lambda: venues.verdict(two))
    assert two.command("pause", "gap", "--journal", str(two.journal)).returncode == 0
    eventually("it is paused", lambda: venues.verdict(two) == "paused")
    assert two.command("resume", "--journal", str(two.journal), "--yes").returncode == 0
    eventually("it goes on", lambda: venues.verdict(two) == "no-edge")
    assert two.stop(process) == 0
    assert orders(two) == 0


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (('{venue = "okx"}', '{venue = "okx", symbol = "BTC/TRY"}'), 3, ("hedges.gap.venues[1].symbol", "BTC/TRY")),
        (('{venue = "okx"}', '{venue = "kucoin"}'), 2, ("hedges[0].venues[1].venue", "twice")),
        (('"0.05 %"', '"0.05"'), 2, ("hedges[0].min_edge", '"0.1 %" or "10 bp"')),
    ],
)
def test_bad_input_is_told_in_one_message(
    home: Home, change: tuple[str, str], code: int, says: tuple[str, ...]
) -> None:
    home.write(TEXT.replace(*change))
    done = home.run_once("--live")
    assert done.returncode == code, done.stderr
    assert [word for word in says if word not in done.stderr] == [], done.stderr
    assert orders(home) == 0


def test_a_fee_that_is_not_told_is_never_taken_for_nothing(two: Home) -> None:
    two.paper.fault("/api/v5/account/trade-fee", "html-200", count=1000, venue="okx")
    done = two.run_once("--live")
    assert done.returncode in {3, 5}, done.stdout
    assert "fee" in done.stderr
    assert orders(two) == 0


def test_the_file_that_ships_runs_on_an_embedded_exchange(tmp_path: Path) -> None:
    home = Home(path=tmp_path, paper=None)  # type: ignore[arg-type] # it brings its own
    done = home.command("run", "--config", str(CONFIG), "--once", "--json")
    assert done.returncode == 0, done.stderr
    (hedge,) = json.loads(done.stdout)["hedges"]
    assert hedge["verdict"] == "no-edge"
    assert {row["venue"] for row in hedge["balances"]} == {"kucoin", "okx"}
