"""`hedgebot replay` through the real command: its result, its progress, and the files that it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal as D
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli.main import build_app
from bot.domain.errors import ConfigFault
from bot.domain.instrument import ContractKind
from bot.report.history import BAR_MS
from tests.replay.bars import START_MS, climb, csv_of, history

TERMS = ["spot", "perp", "funding", "execution", "reward", "fees", "residual", "net"]
REAL = os.environ.get("REPLAY_HISTORY", "")
"""A history file of months; the check of it runs only where one is named."""


def replay(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "replay", *words], capture_output=True, text=True, timeout=3_000, check=False
    )


def refusal(path: Path, *words: str) -> str:
    """Why the command refuses to begin."""
    with pytest.raises(ConfigFault) as refused:
        get_command(build_app()).main(["replay", "--history", str(path), *words], standalone_mode=False)
    return refused.value.message


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    closes = climb("1.6", 6)
    hedges = [history(closes, kind=kind) for kind in ContractKind]
    path.write_text(csv_of(*hedges), encoding="utf-8")
    return path


@pytest.mark.parametrize("hedge", ["linear", "inverse"])
def test_the_result_is_json_and_progress_is_on_stderr(table: Path, hedge: str) -> None:
    done = replay("--history", str(table), "--hedge", hedge, "--zone", "UTC", "--coins", "2", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told) == [
        *("history", "exchange", "hedge", "bars", "from_ms", "to_ms", "liquidations", "ladder", "worth", "coins"),
        "hedges",
    ]
    assert (told["exchange"], told["hedge"], told["bars"]) == ("binance", hedge, 6)
    assert (told["from_ms"], told["to_ms"]) == (START_MS, START_MS + 6 * BAR_MS)
    assert told["liquidations"] == 0
    assert told["ladder"] == {"top-up": int(hedge == "linear"), "reduction": 0, "failed": 0}
    assert told["coins"]["start"] == "2"
    (one,) = told["hedges"]
    assert list(one["pnl"]) == TERMS
    assert one["pnl"]["residual"] == "0"
    assert one["orders"]["unknown"] == one["orders"]["rejected"] == 0
    assert len(one["stages"]) == 1, "one for the month"
    assert "6/6" in done.stderr


def test_without_json_it_is_a_table(table: Path) -> None:
    done = replay("--history", str(table), "--zone", "UTC", "--no-ladder", "--coins", "1")
    assert done.returncode == 0, done.stderr
    for word in ("6 bars of binance, linear short", "2023-01", "funding", "residual", "liquidated 0 times"):
        assert word in done.stdout


def test_a_liquidation_is_exit_code_3(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(csv_of(history(["20000"] * 3, highs=[None, "41000", None])), encoding="utf-8")
    done = replay("--history", str(path), "--zone", "UTC", "--no-ladder", "--json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["liquidations"] == 1


def test_a_file_with_a_hole_is_exit_code_2(table: Path) -> None:
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([*lines[:4], *lines[7:]]), encoding="utf-8")
    done = replay("--history", str(table), "--zone", "UTC")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{table}, line 5: time: 16.00 hours after the bar before it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--exchange", "okx"), "line 2: no bar of BTC/USDT on okx"),
        (("--asset", "ETH"), "no bar of ETH/USDT on binance"),
        (("--zone", "Mars/Olympus"), "--zone Mars/Olympus: there is no such time zone"),
        (("--coins", "0"), "--coins 0: expected a number above 0 to 1000"),
        (("--band", "wide"), "--band wide: expected a number above 0 to 0.5"),
        (("--reserve", "-1"), "--reserve -1: expected a number from 0 to 100"),
    ],
)
def test_what_is_refused_before_anything_is_played(table: Path, words: tuple[str, ...], reason: str) -> None:
    assert reason in refusal(table, *words)


def test_what_is_no_history_file(tmp_path: Path) -> None:
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    assert f"{binary}: expected text in UTF-8" in refusal(binary)
    assert "none.csv: No such file" in refusal(tmp_path / "none.csv")
    assert "Is a directory" in refusal(tmp_path)


@pytest.mark.skipif(not REAL, reason="REPLAY_HISTORY names no history file")
@pytest.mark.parametrize("exchange", ["binance", "okx"])
@pytest.mark.parametrize("words", [("--hedge", "inverse"), ("--hedge", "linear"), ("--reserve", "0")])
def test_months_of_real_prices(exchange: str, words: tuple[str, ...]) -> None:
    done = replay("--history", REAL, "--exchange", exchange, "--json", *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (one,) = told["hedges"]
    assert told["liquidations"] == 0
    assert one["pnl"]["residual"] == "0"
    assert D(one["effectiveness"]) >= D("0.9995")
    if "inverse" in words:
        assert 20 <= one["orders"]["sent"] <= 35
