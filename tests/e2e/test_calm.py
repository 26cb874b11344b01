"""The real command and a stablecoin hedge, over real sockets: seen, told, obeyed, interrupted, and bad input."""

from __future__ import annotations

import json
import signal
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import venues
from tests.e2e.harness import Home, eventually, throughout

CONFIG = Path(__file__).resolve().parents[2] / "config/stablecoin.toml"
TEXT = """\
interval_s = 1

[journal]
path = "journal.db"

[venues.main]
exchange    = "binance"
environment = "paper"

[[hedges]]
name    = "calm"
kind    = "stablecoin"
asset   = "BTC"
venue   = "main"
basket  = {USDC = "0.5", USDT = "0.5"}
signals = {price = {exit = "90000", back = "95000"}}
for_s   = 2
look_s  = 1
slice_notional  = 50000
proof_grace_s   = "1"
proof_spacing_s = "0.5"
"""


@pytest.fixture
def one(home: Home) -> Home:
    home.write(TEXT)
    return home


def told(home: Home, *words: str) -> Any:  # noqa: ANN401
    done = home.command(*words, "--journal", str(home.journal), "--yes", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def hedge(home: Home) -> Any:  # noqa: ANN401
    """As `status` shows it; None while there is no journal yet, or no decision in it."""
    return venues.hedge(home) or None


def stands(home: Home, state: str) -> bool:
    """In that state, with nothing left to do."""
    found = hedge(home)
    return found is not None and (found["state"], found["verdict"]) == (state, "hold")


def spot(home: Home, asset: str) -> D:
    return D(home.paper.account()["wallets"]["spot"].get(asset, "0"))


def test_a_dry_run_tells_its_signals_in_us_dollars_and_sends_nothing(one: Home) -> None:
    done = one.run_once()
    assert done.returncode == 0, done.stderr
    (seen,) = json.loads(done.stdout)["hedges"]
    assert (seen["name"], seen["kind"], seen["verdict"], seen["state"]) == ("calm", "stablecoin", "hold", "in")
    (signalled,) = seen["signals"]
    # One look at BTC has nothing to confirm its price by: its stablecoins go by the same index, and no bars are read.
    assert (signalled["kind"], signalled["value"], signalled["on"]) == ("price", None, False)
    assert "is in doubt: nothing confirms it" in signalled["text"]
    assert {peg["asset"]: peg["peg"] for peg in seen["pegs"]} == {"USDC": "sound", "USDT": "sound"}
    assert (seen["free"], seen["owned"], seen["orders"]) == ("1", {}, [])
    one.paper.post("/price", asset="USDT", price="0.95")
    (seen,) = json.loads(one.run_once().stdout)["hedges"]
    assert seen["price_usd"] is None, "told as in doubt, whatever a stablecoin does"
    assert not one.paper.orders()


def test_out_by_a_signal_and_back_by_hand(one: Home) -> None:
    process = one.daemon("--live")
    eventually("it looks", lambda: stands(one, "in"))
    one.paper.post("/price", asset="BTC", price="89000")
    eventually("it is out", lambda: stands(one, "out"))
    assert spot(one, "BTC") < D("0.0001")
    crossing = hedge(one)["crossing"]
    assert (crossing["kind"], crossing["cause"], crossing["state"], crossing["coins"]) == (
        "exit",
        "signal",
        "done",
        "1",
    )
    assert abs(D(crossing["average"]) / 89_000 - 1) < D("0.0001")
    sent = len(one.paper.orders())
    throughout("it stays out", lambda: len(one.paper.orders()) == sent, for_s=3)
    said = told(one, "enter", "calm", "--reason", "calm again")
    assert (said["told"], said["new"], said["running"]) == ("enter", True, True)
    assert told(one, "enter", "calm")["new"] is False
    eventually("it is back", lambda: stands(one, "in") and hedge(one)["crossing"]["kind"] == "enter")
    assert spot(one, "BTC") > D("0.997")
    assert spot(one, "USDT") > 200_000, "other money is not spent"
    assert one.stop(process) == 0
    (shown,) = one.status()["hedges"]
    assert (shown["name"], shown["state"], shown["crossing"]["kind"]) == ("calm", "in", "enter")
    assert one.command("status", "--journal", str(one.journal)).returncode == 0


def test_a_bot_that_is_killed_on_its_way_out_ends_it_after_its_restart(one: Home) -> None:
    process = one.daemon("--live")
    eventually("it looks", lambda: stands(one, "in"))
    one.paper.fault("/api/v3/order", "delay", method="POST", delay_s=20)
    assert told(one, "exit", "calm")["new"] is True
    eventually("an order has filled", lambda: len(one.paper.orders()) == 1)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    one.paper.post("/clear-faults")
    process = one.daemon("--live")
    eventually("it is out", lambda: stands(one, "out"))
    assert sum(D(order["filled"]) for order in one.paper.orders()) == 1
    assert one.stop(process) == 0


def test_a_pause_is_obeyed_and_a_check_names_what_it_needs(one: Home) -> None:
    done = one.command("check", "--config", str(one.config), *one.paper.options(), "--json")
    assert done.returncode == 0, done.stderr
    lines = {line["name"]: line["verdict"] for line in json.loads(done.stdout)["checks"]}
    wanted = ("calm: markets", "calm: BTC in USD", "calm: USDC in USD", "calm: USDT in USD", "calm: coins")
    assert {lines[name] for name in wanted} == {"pass"}
    process = one.daemon("--live")
    eventually("it looks", lambda: stands(one, "in"))
    assert one.command("pause", "calm", "--journal", str(one.journal)).returncode == 0
    one.paper.post("/price", asset="BTC", price="80000")
    eventually("it is paused", lambda: hedge(one)["verdict"] == "paused")
    throughout("nothing is sent", lambda: not one.paper.orders(), for_s=4)
    assert one.stop(process) == 0


@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        (('USDC = "0.5"', 'FDUSD = "0.5"'), 3, ("hedges.calm.basket.FDUSD", "BTC/FDUSD")),
        (('USDC = "0.5"', 'ETH = "0.5"'), 2, ("hedges[0].basket.ETH", "no US dollar stablecoin")),
        (('USDC = "0.5"', 'USDC = "0.4"'), 2, ("hedges[0].basket", "sum to 0.9")),
        (('back = "95000"', 'back = "85000"'), 2, ("hedges[0].signals.price.back", "wrong order")),
    ],
)
def test_bad_input_is_told_in_one_message_by_a_start_a_dry_run_and_a_check(
    home: Home, change: tuple[str, str], code: int, says: tuple[str, ...]
) -> None:
    home.write(TEXT.replace(*change))
    check = ("check", "--config", str(home.config), *home.paper.options())
    for done in (home.run_once("--live"), home.run_once(), home.command(*check)):
        assert done.returncode == code, done.stderr
        assert [word for word in says if word not in done.stderr] == [], done.stderr
    assert not home.paper.orders()


def test_exit_of_a_hedge_that_is_none(one: Home) -> None:
    assert one.run_once("--live").returncode == 0
    done = one.command("exit", "other", "--journal", str(one.journal), "--yes")
    assert done.returncode == 3
    assert "no stablecoin hedge other" in done.stderr


def test_the_file_that_ships_runs_on_an_embedded_exchange(tmp_path: Path) -> None:
    home = Home(path=tmp_path, paper=None)  # type: ignore[arg-type] # it brings its own
    done = home.command("run", "--config", str(CONFIG), "--once", "--json")
    assert done.returncode == 0, done.stderr
    (seen,) = json.loads(done.stdout)["hedges"]
    assert seen["verdict"] == "hold"
    assert seen["signals"][0]["kind"] == "drawdown"
