"""A stablecoin hedge over made-up months: what it does at each close, with its reasons, and no saw-tooth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal as D
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

from bot.app.exit_replay import FEE, ExitReplayed, replay_exits
from bot.cli.main import build_app
from bot.domain.errors import ConfigFault
from bot.domain.exits import (
    CrossingKind,
    ExitCaps,
    ExitPolicy,
    ReenterPolicy,
    SignalKind,
    SignalRule,
)
from bot.domain.ids import Asset, HedgeName, VenueName
from bot.report.history import BAR_MS
from tests.replay.bars import START_MS, csv_of, history

DAY_S = 86_400
REAL = os.environ.get("REPLAY_HISTORY", "")
"""A history file of months; the check of it runs only where one is named."""
POLICY = ExitPolicy(
    name=HedgeName("calm"),
    asset=Asset("BTC"),
    venue=VenueName("main"),
    basket={Asset("USDT"): D("0.5"), Asset("USDC"): D("0.5")},
    caps=ExitCaps(order_notional=D(250_000), notional_per_hour=D(1_000_000), orders_per_minute=20),
    signals=(SignalRule(kind=SignalKind.DRAWDOWN, exit=D("0.15"), back=D("0.10"), window_ms=10 * DAY_S * 1000),),
    for_s=D(3_600),
    reenter=ReenterPolicy(cooldown_s=D(3 * DAY_S), for_s=D(DAY_S)),
)
CALM = ["20000"] * 30
FALL = ["19000", "18000", "16900", "16900"]
SETTINGS = """
[journal]
path = "{path}"
[venues.main]
exchange = "binance"
environment = "paper"
[[hedges]]
name = "calm"
kind = "stablecoin"
asset = "BTC"
venue = "main"
basket = {{USDT = "0.5", USDC = "0.5"}}
for_s = 3600
[hedges.signals.drawdown]
exit = "0.15"
back = "0.10"
window_s = 864000
[hedges.reenter]
cooldown_s = 259200
for_s = 86400
"""


def played(closes: list[str], policy: ExitPolicy = POLICY, coins: str = "2") -> ExitReplayed:
    return replay_exits(policy, history(closes), D(coins), lambda _: None)


def kinds(told: ExitReplayed) -> list[str]:
    return [record.crossing.kind.value for record in told.crossings]


def test_out_when_it_stood_at_two_closes_and_back_after_calm_and_cooldown() -> None:
    told = played([*CALM, *FALL, *["16500"] * 40])
    assert kinds(told) == ["exit", "enter"]
    out, back = told.crossings
    # The fourth bar of the fall is the second below 17,000; it ends eight hours after it began.
    assert out.crossing.created_ms == START_MS + 34 * BAR_MS
    assert out.crossing.reason.startswith("the price 16900 USD is 15.5 % below 20000, its peak of 10 days")
    assert (out.coins_done, out.average) == (D(2), D("16899.99"))
    # The peak leaves the window after ten days, and calm is to last one.
    assert back.crossing.created_ms == START_MS + (30 + 30 + 1 + 3 + 1) * BAR_MS
    assert told.coins < 2 * D("16899.99") / D("16500.01")
    assert told.apart_ms == back.crossing.created_ms - out.updated_ms
    assert told.round_trips == 1


def test_the_fees_and_the_worth_add_up() -> None:
    told = played([*CALM, *FALL, "17000"])
    assert told.fees == 2 * D("16899.99") * FEE
    assert told.quote == told.worth_end == 2 * D("16899.99") * (1 - FEE)
    assert (told.worth_start, told.held_end, told.coins) == (D(40_000), D(34_000), D(0))
    assert told.held_fall == (D(20_000) - D(16_900)) / D(20_000)
    assert told.fall > told.held_fall, "the fee on top"


def test_one_close_alone_does_nothing() -> None:
    assert kinds(played([*CALM, "16900", *CALM])) == []
    assert kinds(played([*CALM, "9000", *CALM])) == []


def test_by_hand_alone_it_stays_out() -> None:
    told = played([*CALM, *FALL, *CALM, *CALM], replace(POLICY, reenter=None))
    assert kinds(told) == ["exit"]
    assert (told.apart_ms, told.round_trips) == (None, 0)


NOISE = st.lists(st.integers(-12, 12), min_size=60, max_size=200)


@settings(max_examples=15, deadline=None)
@given(moves=NOISE)
def test_whatever_the_prices_do_it_does_not_saw(moves: list[int]) -> None:
    price, closes = D(20_000), []
    for move in moves:
        price = max(price * (100 + move) / 100, D(100)).quantize(D("0.01"))
        closes.append(str(price))
    told = played(closes)
    assert told.round_trips <= POLICY.max_round_trips
    assert told.apart_ms is None or told.apart_ms >= 3 * DAY_S * 1000
    ways = kinds(told)
    assert all(one != other for one, other in pairwise(ways))
    assert all(record.crossing.kind is not CrossingKind.SWAP for record in told.crossings)


# The command


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "calm.toml"
    path.write_text(SETTINGS.format(path=tmp_path / "j.db"), encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text(csv_of(history([*CALM, *FALL, *["16500"] * 40])), encoding="utf-8")
    return path


def replay(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    get_command(build_app()).main(["replay", "--zone", "UTC", "--coins", "2", *words], standalone_mode=False)
    return capsys.readouterr().out


def test_the_result_is_json(table: Path, config: Path) -> None:
    words = ["--history", str(table), "--config", str(config), "--zone", "UTC", "--coins", "2", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "bot", "replay", *words], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["kind"], told["hedge"], told["bars"], told["round_trips_a_week"]) == ("stablecoin", "calm", 74, 1)
    out, back = told["crossings"]
    assert (out["kind"], out["cause"], out["coins"], out["average"]) == ("exit", "signal", "2.00000", "16899.99")
    assert back["reason"].startswith("calm: the price 16500 USD is")
    assert told["worth"]["held"] == "33000"
    assert "74/74" in done.stderr


def test_without_json_it_is_a_table(table: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = replay(capsys, "--history", str(table), "--config", str(config))
    for word in ("74 bars of binance, hedge calm", "exit done", "enter done", "15.5 %", "held instead 33,000.00"):
        assert word in told
    table.write_text(csv_of(history(CALM)), encoding="utf-8")
    assert "0 crossings" in replay(capsys, "--history", str(table), "--config", str(config))
    assert "never back by itself" in replay(capsys, "--history", str(table), "--config", str(config))


def test_it_takes_one_stablecoin_hedge_of_the_coin(table: Path, config: Path) -> None:
    def refusal(*words: str) -> str:
        with pytest.raises(ConfigFault) as refused:
            get_command(build_app()).main(["replay", "--history", str(table), *words], standalone_mode=False)
        return refused.value.message

    assert "is of BTC, --asset is ETH" in refusal("--config", str(config), "--asset", "ETH")
    shipped = Path(__file__).parents[2] / "config" / "demo.toml"
    assert "0 hedges of kind" in refusal("--config", str(shipped))


@pytest.mark.skipif(not REAL, reason="no history file is named")
def test_real_months_show_no_saw_tooth(capsys: pytest.CaptureFixture[str], config: Path) -> None:
    get_command(build_app()).main(
        ["replay", "--history", REAL, "--config", str(config), "--json"], standalone_mode=False
    )
    told = json.loads(capsys.readouterr().out)
    assert told["crossings"]
    assert told["round_trips_a_week"] <= 1
    assert told["apart_ms"] >= 3 * DAY_S * 1000
